# SPDX-License-Identifier: Apache-2.0
"""Runs cells of interop.py: one router and one strongSwan stay up, each cell changes their configurations.

A Bench is one path. run(cell) is 'pass', or the reason: who refused, and his log line.
"""
import os
import re
import socket
import struct
import time

from ikecore import NEAR, FAR, PEER, US
from interop import GROUPS
from peers.netns import Net, run
from peers.strongswan import PLUGINS, Charon, conf_text
from peers.uml import Guest, GuestCharon
from peers.vici import Vici
from router import CIPHERS, Router, config
from test_ike_rsa import OUR_DN, PEER_DN, Authority, give

OUR_HOST, PEER_HOST = '10.1.0.1', '10.2.0.1'
SWAN_HASH = {'sha': 'sha1'}
PINGS = 2
LAN = 'ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255'
REFUSALS = re.compile(r'no acceptable|NO_PROPOSAL|not supported|no matching|failed|refus|unable|invalid|no .* found', re.I)
HOLD = 1.5  # seconds in which the router does not try again after a failure
OTHERS = 'Informational mode', 'NOT_IPSEC', 'IKMP_LIFETIME'  # lines of ours that are no refusal
VICI_PORT, CONTROL = 4502, '192.0.2.3'
# how strongSwan spells what was agreed
INTEGRITY = {'md5': 'HMAC_MD5_96', 'sha': 'HMAC_SHA1_96', 'sha256': 'HMAC_SHA2_256_128',
             'sha384': 'HMAC_SHA2_384_192', 'sha512': 'HMAC_SHA2_512_256'}
SHOWN_GROUP = {n: 'MODP_2048_256' if n == 24 else name.upper().replace('MODP', 'MODP_').replace('ECP', 'ECP_')
               for n, name in GROUPS.items()}
OPTIONS = {'i_dont_care_about_security_and_use_aggressive_mode_psk': 'yes'}


class Pinger:
    """ICMP echo by hand: no process for each packet."""

    def __init__(self, ns, source, to):
        self.sock = ns.socket(socket.SOCK_RAW, socket.IPPROTO_ICMP, (source, 0))
        self.to, self.id, self.seq = to, os.getpid() & 0xffff, 0

    def one(self, seconds):
        """Whether the answer came in time."""
        self.seq = (self.seq + 1) & 0xffff
        body = struct.pack('>HH', self.id, self.seq) + b'culvert interoperability'
        sums = sum(struct.unpack(f'>{len(body) // 2}H', body)) + 0x0800
        sums = (sums >> 16) + (sums & 0xffff)
        self.sock.sendto(struct.pack('>BBH', 8, 0, ~(sums + (sums >> 16)) & 0xffff) + body, (self.to, 0))
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                got, (who, _) = self.sock.recvfrom(2048)
            except TimeoutError:
                return False
            if who == self.to and got[20] == 0 and got[24:28] == struct.pack('>HH', self.id, self.seq):
                return True
        return False


class LocalPeer:
    """strongSwan with ESP of its own in a namespace."""

    def __init__(self, net):
        self.ns = net.ns('peer')

    def wire(self, net, us):
        net.link(us, 'wan', f'{US}/24', self.ns, 'wan', f'{PEER}/24')
        self.ns.addr('lo', f'{PEER_HOST}/32')
        self.ns.route(NEAR, US)

    def start(self):
        self.charon = Charon(self.ns, 'libipsec', retransmit={'timeout': 0.3}, options=OPTIONS).start()
        return Vici(str(self.charon.dir / 'vici'))

    def log(self):
        return self.charon.logfile

    def close(self):
        pass


class GuestSwan(GuestCharon):
    """Its control protocol by TCP, its log in the shared folder."""

    def __init__(self, guest):
        self.guest = guest
        plugins = PLUGINS.format(kernel='').replace('updown', '')
        conf = {'charon': {'load': plugins, 'install_routes': 'no', 'retransmit_timeout': 0.5, **OPTIONS,
                           'filelog': {'f': {'path': '/share/charon.log', 'default': 1, 'ike': 2, 'cfg': 2,
                                             'flush_line': 'yes'}},
                           'plugins': {'vici': {'socket': f'tcp://0.0.0.0:{VICI_PORT}'}}}}
        self.put('/etc/strongswan.conf', conf_text(conf))
        self.guest.run('''setsid /usr/sbin/charon-systemd >/tmp/charon.out 2>&1 & echo $! > /run/charon.own
            for i in $(seq 400); do grep -q ':1196 ' /proc/net/tcp && break; sleep 0.05; done''')


class LinuxPeer:
    """strongSwan in the Linux guest; the guest's kernel does ESP."""

    def __init__(self, net):
        self.ns = net.ns('wire')
        self.ns.ip('link', 'add', 'br0', 'type', 'bridge')
        self.ns.ip('link', 'set', 'br0', 'up')
        self.ns.addr('br0', f'{CONTROL}/24')
        self.guest = Guest(self.ns, f'{PEER}/24')
        self.ns.ip('link', 'set', 'tap0', 'master', 'br0')

    def wire(self, net, us):
        net.link(us, 'wan', f'{US}/24', self.ns, 'p1', None)
        self.ns.ip('link', 'set', 'p1', 'master', 'br0')
        us.run('ethtool', '-K', 'wan', 'tx', 'off')  # the guest's driver takes no unfinished checksums
        self.ns.run('ethtool', '-K', 'br0', 'tx', 'off')

    def start(self):
        self.guest.run(f'''ip addr add {PEER_HOST}/32 dev lo; ip route replace {NEAR} via {US} src {PEER_HOST}
            echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6''', ok=False)  # a kernel without IPv6 needs none of it
        self.guest.load_ciphers()
        GuestSwan(self.guest)
        return Vici((PEER, VICI_PORT), self.ns.socket(socket.SOCK_STREAM))

    def log(self):
        return self.guest.dir / 'charon.log'

    def close(self):
        self.guest.stop()


class Bench:
    def __init__(self, path):
        self.path, self.net, self.rest = path, Net(), 0
        self.transport, self.ah = path.endswith('transport'), '-ah' in path
        self.peer = None
        try:
            self.us = self.net.ns('us')
            self.peer = LocalPeer(self.net) if path == 'strongswan-udp' else LinuxPeer(self.net)
            self.peer.wire(self.net, self.us)
            self.us.addr('lo', f'{OUR_HOST}/32')
            self.vici = self.peer.start()
            acl = f'ip host {US} host {PEER}' if self.transport else LAN
            extra = f'ip route 10.2.0.0 255.255.255.0 {PEER}'
            self.router = Router(self.us, 'hostname r1\n' + config(
                'aes128-sha1-modp1024', US, PEER, [acl], mode=self.mode(), extra=extra) +
                'no crypto isakmp aggressive-mode disable\n')
            self.certificates()
            self.vici.request('load-shared', id='k', type='IKE', data='secretkey', owners=[US, PEER])
            self.pinger = Pinger(self.us, *((US, PEER) if self.transport else (OUR_HOST, PEER_HOST)))
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.peer:
            self.peer.close()
        self.net.close()

    def mode(self):
        return 'transport' if self.transport else 'tunnel'

    def certificates(self):
        ca = Authority(self.net.dir)
        give(self.router, ca, *ca.issue('r1', OUR_DN, '--san', US))
        key, cert = ca.issue('peer', PEER_DN, '--san', PEER)
        self.cert = cert.read_bytes()
        for answer in (self.vici.request('load-cert', type='X509', flag='CA', data=ca.cert.read_bytes()),
                       self.vici.request('load-key', type='rsa', data=key.read_bytes())):
            assert answer['success'] == 'yes', answer

    def versions(self):
        v = self.vici.request('version')
        found = {'strongSwan': v['version']}
        if isinstance(self.peer, LinuxPeer):
            found['Linux kernel'] = self.peer.guest.run('uname -r').strip()
        return found

    # ---- one cell

    def run(self, cell):
        time.sleep(max(0, self.rest - time.monotonic()))
        got = self.once(cell)
        if got != 'pass':
            self.rest = time.monotonic() + HOLD
        return got

    def once(self, cell):
        with open(self.peer.log(), 'rb') as log:
            log.seek(0, 2)
            ours = len(self.router.log())
            self.ask_router(cell)
            answer = self.ask_peer(cell)
            if answer.get('success') != 'yes':
                return f'refused by the peer\'s configuration: {answer.get("errmsg")}'
            verdict = None
            if cell.role == 'responder':
                up = self.vici.request('initiate', child='t', ike='t', timeout='6000', loglevel='-1')
                verdict = None if up.get('success') == 'yes' else up.get('errmsg', 'not established')
            verdict = verdict or self.packets(cell)
            theirs = log.read().decode(errors='replace')
            if not verdict:
                mode = 'AGGRESSIVE' if cell.auth.endswith('aggressive') else 'ID_PROT'
                return 'pass' if f' {mode} ' in theirs else f'failed: phase 1 was not {mode}'
            return self.why(verdict, theirs, self.router.log()[ours:])

    def ask_router(self, c):
        auth = 'rsa-sig' if c.auth.startswith('rsa') else 'pre-share'
        terms = f'ah-{c.hash}-hmac' if self.ah else f'esp-{CIPHERS[c.cipher]} esp-{c.hash}-hmac'
        peer = f'crypto isakmp peer address {PEER}'
        begin = c.auth.endswith('aggressive') and c.role == 'initiator'
        lines = ['clear crypto isakmp', 'clear crypto sa', 'conf t', 'crypto isakmp policy 10',
                 f'encr {CIPHERS[c.cipher]}', f'hash {c.hash}', f'authentication {auth}', f'group {c.group}', 'exit',
                 *([peer, f'set aggressive-mode client-endpoint ipv4-address {US}', 'exit'] if begin else [f'no {peer}']),
                 f'crypto ipsec transform-set TS {terms}', f'mode {self.mode()}',
                 'exit', 'crypto map M 10 ipsec-isakmp',
                 f'set pfs group{c.group}' if c.pfs == 'group' else 'no set pfs', 'end']
        said = self.router.cli(' ; '.join(lines))
        assert '% Invalid' not in said, said

    def ask_peer(self, c):
        self.vici.request('terminate', ike='t', force='yes', timeout='-1')
        suite = f'{c.cipher}-{SWAN_HASH.get(c.hash, c.hash)}'
        group = GROUPS[c.group]
        terms = SWAN_HASH.get(c.hash, c.hash) if self.ah else suite
        ts = (f'{PEER}/32', f'{US}/32') if self.transport else (FAR, NEAR)
        own, other = {'auth': 'psk', 'id': PEER}, {'auth': 'psk', 'id': US}
        if c.auth.startswith('rsa'):
            own, other = {'auth': 'pubkey', 'id': PEER, 'certs': [self.cert]}, {'auth': 'pubkey', 'id': US}
        conn = {'version': '1', 'local_addrs': [PEER], 'remote_addrs': [US], 'proposals': [f'{suite}-{group}'],
                'aggressive': 'yes' if c.auth.endswith('aggressive') else 'no', 'keyingtries': '1',
                'rekey_time': '4h', 'encap': 'yes' if c.path.endswith('udp') else 'no', 'unique': 'replace',
                'local': own, 'remote': other,
                'children': {'t': {'local_ts': [ts[0]], 'remote_ts': [ts[1]], 'mode': self.mode(),
                                   'ah_proposals' if self.ah else 'esp_proposals':
                                   [terms + (f'-{group}' if c.pfs == 'group' else '')]}}}
        return self.vici.request('load-conn', t=conn)

    def packets(self, c):
        """None if the peer has counted what we sent and got back, else what is wrong."""
        answered, sent, end = 0, 0, time.monotonic() + (8 if c.role == 'initiator' else 3)
        while answered < PINGS:  # the peer may have its SAs, or the half of them, later than our packet
            sent += 1
            if self.pinger.one(0.5):
                answered += 1
            elif time.monotonic() > end or self.last_failure():
                return f'{answered} of {PINGS} pings answered'
        sas = [sa for _, sa in self.vici.sas() if sa['state'] == 'ESTABLISHED']
        kids = [k for sa in sas for k in sa['child-sas'].values() if k['state'] == 'INSTALLED']
        if (len(sas), len(kids)) != (1, 1):
            return f'the peer lists {len(sas)} ISAKMP SAs and {len(kids)} SA pairs'
        wrong = [w for w in (self.not_agreed(c, sas[0], kids[0]), self.not_counted(kids[0], sent)) if w]
        return wrong[0] if wrong else None

    def not_agreed(self, c, sa, k):
        """The peer's SAs have the values of the cell, and the side that it says began."""
        cipher = ('AES_CBC', c.cipher[3:]) if c.cipher.startswith('aes') else (f'{c.cipher.upper()}_CBC', None)
        group, integrity = SHOWN_GROUP[c.group], INTEGRITY[c.hash]
        pair = (None, None, integrity) if self.ah else (*cipher, integrity)
        for what, it, want, dh in (('ISAKMP SA', sa, (*cipher, integrity), group),
                                   ('SA pair', k, pair, group if c.pfs == 'group' else None)):
            got = (it.get('encr-alg'), it.get('encr-keysize'), it.get('integ-alg'))
            if got != want or it.get('dh-group') != dh:
                return f'the peer shows an {what} of {got} {it.get("dh-group")}'
        if (sa.get('initiator') == 'yes') != (c.role == 'responder'):
            return 'the other side began'
        if k['protocol'] != ('AH' if self.ah else 'ESP'):
            return f'the peer shows {k["protocol"]}'
        if (k['mode'].lower(), k.get('encap') == 'yes') != (self.mode(), c.path.endswith('udp')):
            return f'the peer shows {k["mode"]} mode, encapsulated: {k.get("encap")}'
        return None

    @staticmethod
    def not_counted(k, sent):
        """What was answered he counted in both directions; and perhaps one that he answered too late or not at all."""
        in_, out = int(k['packets-in']), int(k['packets-out'])
        if PINGS <= out <= in_ <= sent and min(int(k['bytes-in']), int(k['bytes-out'])) > 0:
            return None
        return f'the peer counted {in_} packets in and {out} out; {PINGS} of {sent} were answered'

    def last_failure(self):
        """Why there is nothing now: what stands there of an earlier cell does not count while one is under way."""
        shown = self.router.cli('show crypto session')
        found = re.search(r'Last failure: (.*)', shown)
        return found.group(1).strip() if found and re.search(r'Session status: DOWN\s*$', shown, re.M) else None

    def why(self, verdict, theirs, ours):
        """We refused if our log says that we worked on a message of his and not that he told us to stop."""
        for line in ours.splitlines():
            if '%CRYPTO' in line and not any(w in line for w in OTHERS):
                return f'refused by us: `%{plain(line.partition("%")[2])}`'
        for line in theirs.splitlines():
            text = re.sub(r'^.*?\[([A-Z]{3})\] (<[^>]*> )?', r'[\1] ', line)
            if REFUSALS.search(text) and 'received' not in text and 'generating' not in text:
                return f'refused by the peer: `{plain(text)}`'
        failure = self.last_failure()
        return f'refused by us: {failure}' if failure else f'failed: {verdict}'


def plain(text):
    """Without what differs from run to run."""
    text = re.sub(r'\[\d+\]|\b[0-9a-f]{8,}\b|#\d+|\{\d+\}', '*', text.strip())
    return re.sub(r'\s+', ' ', text)[:230]


class Scan:
    """ike-scan against a router; each transform alone."""
    ENC = {'des': '1', '3des': '5', 'aes128': '7/128', 'aes192': '7/192', 'aes256': '7/256'}
    HASH = {'md5': 1, 'sha': 2, 'sha256': 4, 'sha384': 5, 'sha512': 6}

    def __init__(self):
        self.net = Net()
        self.us, self.them = self.net.ns('us'), self.net.ns('scan')
        self.net.link(self.us, 'wan', f'{US}/24', self.them, 'wan', f'{PEER}/24')
        self.router = Router(self.us, config('aes128-sha1-modp1024', US, PEER, [LAN]))

    def close(self):
        self.net.close()

    def versions(self):
        return {'ike-scan': re.search(r'ike-scan ([\d.]+)', (done := run('ike-scan', '-V')).stdout + done.stderr).group(1)}

    def run(self, cipher, hash_, group):
        self.router.cli(' ; '.join(['clear crypto isakmp', 'conf t', 'crypto isakmp policy 10',
                                    f'encr {CIPHERS[cipher]}', f'hash {hash_}', f'group {group}', 'end']))
        out = self.them.run('ike-scan', '-M', '--sport=0', '-r', 2, '-t', 700,
                            f'--trans={self.ENC[cipher]},{self.HASH[hash_]},1,{group}', US, ok=False).stdout
        sa = re.search(r'Main Mode Handshake returned.*?SA=\(([^)]*)\)', out, re.S)
        return 'pass' if sa and self.shown(cipher, hash_, group) <= set(sa.group(1).split()) else 'refused'

    @staticmethod
    def shown(cipher, hash_, group):
        """What ike-scan prints of our answer."""
        enc = {'des': 'Enc=DES', '3des': 'Enc=3DES'}.get(cipher, 'Enc=AES')
        bits = {f'KeyLength={cipher[3:]}'} if cipher.startswith('aes') else set()
        return {enc, 'Hash=' + {'md5': 'MD5', 'sha': 'SHA1'}.get(hash_, f'SHA2-{hash_[3:]}')} | bits
