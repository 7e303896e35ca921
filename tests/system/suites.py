# SPDX-License-Identifier: Apache-2.0
"""Transform sets as one types them, negotiated with strongSwan and judged by its counters.

A Set is one transform set and what strongSwan calls it; SetBench runs it as a Bench of interop_run runs a cell.
"""
import collections

from ikecore import FAR, NEAR, PEER, US
from interop_run import INTEGRITY, Bench

# role: who begins. words: behind `crypto ipsec transform-set TS`; esp: strongSwan's proposal; shown: what it lists of
# the SA: cipher, bits and integrity, None where it has none
Set = collections.namedtuple('Set', 'role words esp shown')
AUTH = 'psk-main'
PHASE_1 = 'aes256-sha1-modp2048'
BITS = (128, 192, 256)
HASHES = ('md5', 'sha', 'sha256', 'sha384', 'sha512')
SWAN_HASH = {'sha': 'sha1'}


def _combined(word, swan, shown):
    return [(f'esp-{word} {n}', f'aes{n}{swan}', (shown, str(n), None)) for n in BITS]


def _hashed(word, swan, cipher, bits):
    return [(f'esp-{word} esp-{h}-hmac', f'{swan}-{SWAN_HASH.get(h, h)}', (cipher, bits, INTEGRITY[h])) for h in HASHES]


GCM = _combined('gcm', 'gcm16', 'AES_GCM_16')
GMAC = _combined('gmac', 'gmac', 'NULL_AES_GMAC')
NULL = _hashed('null', 'null', 'NULL', None)
AES = [s for n in BITS for s in _hashed(f'aes {n}', f'aes{n}', 'AES_CBC', str(n))[3:]]


def sets(*kinds):
    return [Set(role, *s) for kind in kinds for s in kind for role in ('initiator', 'responder')]


def name(s):
    return f'{s.words.replace(" ", "_")}-{s.role}'


class SetBench(Bench):
    def once(self, s):
        # what once() asks of a cell beside the role
        return super().once(Cell(*s, self.path, AUTH))

    def ask_router(self, s):
        lines = ['clear crypto isakmp', 'clear crypto sa', 'conf t', 'crypto isakmp policy 10', 'encr aes 256', 'hash sha',
                 'group 14', 'exit', f'crypto ipsec transform-set TS {s.words}', f'mode {self.mode()}', 'end']
        said = self.router.cli(' ; '.join(lines))
        assert '% Invalid' not in said, said
        kept = self.router.cli('show running-config | include transform-set TS').strip()
        assert kept.splitlines()[0].strip() == f'crypto ipsec transform-set TS {s.words}'.replace(' 128', ''), kept

    def ask_peer(self, s):
        self.vici.request('terminate', ike='t', force='yes', timeout='-1')
        ts = (f'{PEER}/32', f'{US}/32') if self.transport else (FAR, NEAR)
        conn = {'version': '1', 'local_addrs': [PEER], 'remote_addrs': [US], 'proposals': [PHASE_1], 'keyingtries': '1',
                'encap': 'yes' if self.path.endswith('udp') else 'no', 'unique': 'replace',
                'local': {'auth': 'psk', 'id': PEER}, 'remote': {'auth': 'psk', 'id': US},
                'children': {'t': {'local_ts': [ts[0]], 'remote_ts': [ts[1]], 'mode': self.mode(),
                                   'esp_proposals': [s.esp]}}}
        return self.vici.request('load-conn', t=conn)

    def not_agreed(self, s, sa, k):
        got = (k.get('encr-alg'), k.get('encr-keysize'), k.get('integ-alg'))
        if got != s.shown:
            return f'the peer shows an SA pair of {got}'
        if (sa.get('initiator') == 'yes') != (s.role == 'responder'):
            return 'the other side began'
        if (k['mode'].lower(), k.get('encap') == 'yes') != (self.mode(), self.path.endswith('udp')):
            return f'the peer shows {k["mode"]} mode, encapsulated: {k.get("encap")}'
        return None


Cell = collections.namedtuple('Cell', [*Set._fields, 'path', 'auth'])
