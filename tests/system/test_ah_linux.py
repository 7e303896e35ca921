# SPDX-License-Identifier: Apache-2.0
"""AH, AH with ESP, and typed keys against a Linux kernel of its own (user-mode Linux): what its xfrm states take
and send, in tunnel and in transport mode. The twin of a bundle is an ESP template of the mode and an AH transport
template around it."""
import itertools
import re

import pytest

from peers.netns import Net, until
from peers.strongswan import child, conf_text, connection
from peers.tshark import Capture, rows
from peers.uml import Guest, GuestCharon
from router import Router

US, PEER = '192.0.2.1', '192.0.2.2'
NEAR, FAR = '10.1.1.1', '10.2.2.10'
# our word, the kernel's, bytes of key, bits of ICV
MACS = {'md5': ('md5', 16, 96), 'sha': ('sha1', 20, 96), 'sha256': ('sha256', 32, 128), 'sha384': ('sha384', 48, 192),
        'sha512': ('sha512', 64, 256)}
CIPHERS = {'3des': ('des3_ede', 24), 'des': ('des', 8), 'aes': ('aes', 16), 'aes 256': ('aes', 32),
           'null': ('cipher_null', 0)}
SETS = ['ah-sha-hmac', 'ah-md5-hmac', 'ah-sha256-hmac', 'ah-sha512-hmac', 'esp-3des esp-sha-hmac',
        'esp-aes 256 esp-sha256-hmac', 'ah-sha-hmac esp-3des', 'ah-sha-hmac esp-3des esp-sha-hmac',
        'ah-sha256-hmac esp-aes esp-sha-hmac', 'ah-md5-hmac esp-null esp-sha-hmac']
QUICK = {'ah-sha256-hmac', 'ah-sha-hmac esp-3des esp-sha-hmac'}


def secret(n, start):
    return ''.join(f'{(start + 11 * i) & 0xff:02x}' for i in range(n))


class Set:
    """A transform set, its keys and SPIs; d 0 is towards the guest."""

    def __init__(self, words, mode):
        self.words, self.mode = words, mode
        self.ah = (m := re.search(r'ah-(\w+)-hmac', words)) and MACS[m[1]]
        self.auth = (m := re.search(r'esp-(md5|sha\d*)-hmac', words)) and MACS[m[1]]
        self.cipher = (m := re.search(r'esp-(3des|des|aes(?: 256)?|null)', words)) and CIPHERS[m[1]]

    def ios(self):
        lines = [f'crypto ipsec transform-set TS {self.words}', f' mode {self.mode}']
        keys = []
        for d, word in enumerate(('outbound', 'inbound')):
            if self.ah:
                keys.append(f' set session-key {word} ah {1000 + d} {secret(self.ah[1], 1 + d)}')
            if self.cipher:
                n = self.cipher[1] or 1
                auth = f' authenticator {secret(self.auth[1], 5 + d)}' if self.auth else ''
                keys.append(f' set session-key {word} esp {2000 + d} cipher {secret(n, 9 + d)}{auth}')
        return lines, keys

    def linux(self):
        """The states and policies of the guest."""
        out = ['ip xfrm state flush', 'ip xfrm policy flush']
        for d, (src, dst) in enumerate(((US, PEER), (PEER, US))):
            if self.cipher:
                name, n = self.cipher
                alg = f"enc '{name if name == 'cipher_null' else f'cbc({name})'}' " + (f'0x{secret(n, 9 + d)}' if n else "''")
                alg = f"enc 'ecb(cipher_null)' ''" if name == 'cipher_null' else alg
                if self.auth:
                    alg += f" auth-trunc 'hmac({self.auth[0]})' 0x{secret(self.auth[1], 5 + d)} {self.auth[2]}"
                out.append(f'ip xfrm state add src {src} dst {dst} proto esp spi {2000 + d} reqid 1 mode {self.mode} {alg}')
            if self.ah:
                mode = 'transport' if self.cipher else self.mode
                out.append(f"ip xfrm state add src {src} dst {dst} proto ah spi {1000 + d} reqid 2 mode {mode} flag align4 "
                           f"auth-trunc 'hmac({self.ah[0]})' 0x{secret(self.ah[1], 1 + d)} {self.ah[2]}")
        near, far = ('10.1.1.0/24', '10.2.2.0/24') if self.mode == 'tunnel' else (f'{US}/32', f'{PEER}/32')
        for direction, src, dst, a, b in (('out', far, near, PEER, US), ('in', near, far, US, PEER)):
            tmpl = ''
            if self.cipher:
                tmpl += f' tmpl src {a} dst {b} proto esp reqid 1 mode {self.mode}'
            if self.ah:
                tmpl += f' tmpl src {a} dst {b} proto ah reqid 2 mode ' + ('transport' if self.cipher else self.mode)
            out.append(f'ip xfrm policy add src {src} dst {dst} dir {direction}{tmpl}')
        return '\n'.join(out)


class Wire:
    def __init__(self):
        self.net = Net()
        try:
            self.ns = self.net.ns('wire')
            self.ns.ip('link', 'add', 'br0', 'type', 'bridge')
            self.ns.ip('link', 'set', 'br0', 'up')
            self.guest = Guest(self.ns, f'{PEER}/24')
            self.ns.ip('link', 'set', 'tap0', 'master', 'br0')
            self.guest.run(f'ip addr add {FAR}/32 dev lo; ip route add 10.1.1.0/24 via {US} src {FAR}')
        except BaseException:
            self.close()
            raise
        self.ports = itertools.count(1)

    def close(self):
        if hasattr(self, 'guest'):
            self.guest.stop()
        self.net.close()


@pytest.fixture(scope='module')
def wire():
    w = Wire()
    try:
        yield w
    finally:
        w.close()


def ios(set_, permits):
    lines, keys = set_.ios()
    return '\n'.join(['hostname R1', *lines, 'ip access-list extended VPN', f' permit {permits}',
                      'crypto map CM 10 ipsec-manual', f' set peer {PEER}', *keys, ' set transform-set TS',
                      ' match address VPN', 'interface FastEthernet0/1', f' ip address {US} 255.255.255.0', ' crypto map CM',
                      f'ip route 10.2.0.0 255.255.0.0 {PEER}']) + '\n'


def counts(router):
    out = router.cli('show crypto ipsec sa')
    return {w: int(re.search(rf'#pkts {w}: (\d+)', out)[1]) for w in ('encaps', 'encrypt', 'digest', 'decaps', 'decrypt', 'verify')}


def packets_of(guest, proto):
    """Packets of each state of the protocol, by SPI."""
    out = guest.run('ip -s xfrm state')
    return {int(m[1], 16): int(m[2]) for m in re.finditer(
        rf'proto {proto} spi 0x(\w+).*?lifetime current:\s+\d+\(bytes\), (\d+)\(packets\)', out, re.S)}


@pytest.mark.parametrize('mode', ['tunnel', 'transport'])
@pytest.mark.parametrize('words', [w if w in QUICK else pytest.param(w, marks=pytest.mark.slow) for w in SETS])
def test_a_kernel_with_the_same_keys_answers(wire, words, mode):
    set_ = Set(words, mode)
    permits = 'ip 10.1.1.0 0.0.0.255 10.2.2.0 0.0.0.255' if mode == 'tunnel' else f'ip host {US} host {PEER}'
    near, far = (NEAR, FAR) if mode == 'tunnel' else (US, PEER)
    net = Net()
    try:
        ns = net.ns('router')
        port = f'p{next(wire.ports)}'
        net.link(ns, 'wan', f'{US}/24', wire.ns, port, None)
        wire.ns.ip('link', 'set', port, 'master', 'br0')
        ns.run('ethtool', '-K', 'wan', 'tx', 'off')  # the guest's driver takes no unfinished checksums
        ns.ip('addr', 'add', f'{NEAR}/32', 'dev', 'lo')
        wire.guest.run('ip neigh flush all\n' + set_.linux())
        capture = Capture(wire.ns, port, f'ah-{port}')
        router = Router(ns, ios(set_, permits))
        try:
            got = ns.ping(far, 4, source=near).result()
            assert (got.sent, got.lost) == (4, []), got.out
            # larger than the path: cut before or after, put together by either side. Transport mode is for whole
            # packets, and the kernel here cuts its own before the router has them
            size = '3000' if mode == 'tunnel' else '1300'
            big = ns.run('ping', '-c', '2', '-i', '0.2', '-W', '2', '-s', size, '-I', near, far, ok=False)
            assert ' 0% packet loss' in big.stdout, big.stdout
            back = wire.guest.run(f'ping -c 3 -i 0.2 -W 2 -s {size} -I {far} {near}', ok=False)
            assert ' 0% packet loss' in back, back
            c = counts(router)
            assert c['encaps'] == c['digest'] >= 9 and c['decaps'] == c['verify'] >= 9, c
            assert (c['encrypt'], c['decrypt']) == ((c['encaps'], c['decaps']) if set_.cipher else (0, 0)), c
            for proto, on, spi in (('ah', set_.ah, 1000), ('esp', set_.cipher, 2000)):
                have = packets_of(wire.guest, proto)
                assert sorted(have) == ([spi, spi + 1] if on else [])
                assert all(n >= 9 for n in have.values())
            shown = router.cli('show crypto ipsec sa')
            for proto, on in (('ah', set_.ah), ('esp', set_.cipher)):
                block = re.search(rf'inbound {proto} sas:\n(.*?)     inbound', shown, re.S)[1]
                assert ('spi:' in block) == bool(on), shown
            assert 'no sa timing' in shown and 'replay detection support: N' in shown
            file = capture.stop()
            seen = {int(p) for p in capture_protocols(file)}
            assert seen <= {51} if set_.ah else seen <= {50}, seen
        finally:
            print(router.cli('show crypto ipsec sa detail') + router.log())
            router.stop()
    finally:
        net.close()


def capture_protocols(file):
    """The outer protocols of what is no ARP; later fragments have that of the first."""
    return [r[0].split(',')[0] for r in rows(file, ['ip.proto'], 'ip')]


IKE = 'aes128-sha1-modp1024'
IKE_LINES = ['crypto isakmp policy 10', ' encr aes', ' hash sha', ' authentication pre-share', ' group 2',
             f'crypto isakmp key secretkey address {PEER}']
# our set, strongSwan's words
NEGOTIATED = [('ah-md5-hmac', 'md5'), ('ah-sha-hmac', 'sha1'), ('ah-sha256-hmac', 'sha256'), ('ah-sha384-hmac', 'sha384'),
              ('ah-sha512-hmac', 'sha512')]

IN_EVERY_CHECK = {('sha256', 'tunnel', 'initiator'), ('sha1', 'transport', 'responder')}


def ike_ios(sets, permits, mode, pfs):
    lines = ['hostname R1', *IKE_LINES]
    for i, words in enumerate(sets):
        lines += [f'crypto ipsec transform-set TS{i} {words}', f' mode {mode}']
    return '\n'.join([*lines, 'ip access-list extended VPN', f' permit {permits}', 'crypto map CM 10 ipsec-isakmp',
                      f' set peer {PEER}', ' set transform-set ' + ' '.join(f'TS{i}' for i in range(len(sets))),
                      *([' set pfs group2'] if pfs else []), ' match address VPN', 'interface FastEthernet0/1',
                      f' ip address {US} 255.255.255.0', ' crypto map CM',
                      f'ip route 10.2.0.0 255.255.0.0 {PEER}']) + '\n'


@pytest.fixture(scope='module')
def charon(wire):
    return GuestCharon(wire.guest).start('')


@pytest.mark.parametrize('ours,theirs,mode,role,pfs', [
    pytest.param(*names, mode, role, role == 'responder', id=f'{names[0]}-{mode}-{role}',
                 marks=() if (names[1], mode, role) in IN_EVERY_CHECK else pytest.mark.slow)
    for names in NEGOTIATED for mode in ('tunnel', 'transport') for role in ('initiator', 'responder')])
def test_strongswan_negotiates_ah_in_ikev1(wire, charon, ours, theirs, mode, role, pfs):
    """Its kernel carries it. We offer a bundle and ESP first, which it has not."""
    permits = 'ip 10.1.1.0 0.0.0.255 10.2.2.0 0.0.0.255' if mode == 'tunnel' else f'ip host {US} host {PEER}'
    near, far = (NEAR, FAR) if mode == 'tunnel' else (US, PEER)
    ts = ('10.2.2.0/24', '10.1.1.0/24') if mode == 'tunnel' else (f'{PEER}/32', f'{US}/32')
    net = Net()
    try:
        ns = net.ns('router')
        port = f'p{next(wire.ports)}'
        net.link(ns, 'wan', f'{US}/24', wire.ns, port, None)
        wire.ns.ip('link', 'set', port, 'master', 'br0')
        ns.run('ethtool', '-K', 'wan', 'tx', 'off')
        ns.ip('addr', 'add', f'{NEAR}/32', 'dev', 'lo')
        charon.reset()
        wire.guest.run('ip neigh flush all')
        kid = child(*ts, '', mode=mode)
        del kid['esp_proposals']
        kid['ah_proposals'] = theirs + ('-modp1024' if pfs else '')
        charon.load(conf_text({'connections': {'t': connection(PEER, US, IKE, {'t1': kid})},
                               'secrets': {'ike-1': {'secret': 'secretkey'}}}))
        capture = Capture(wire.ns, port, f'ike-{port}')
        sets = ['ah-sha-hmac esp-3des', 'esp-3des esp-sha-hmac', ours] if role == 'initiator' else [ours]
        router = Router(ns, ike_ios(sets, permits, mode, pfs))
        try:
            if role == 'responder':
                charon.ctl('--initiate', '--child', 't1', '--timeout', 10)
            # the peer installs its SAs after our third message, and its kernel loads what they need at the first
            until(lambda: not ns.ping(far, 1, source=near, wait=1).result().lost, 20, 'the first answer')
            got = ns.ping(far, 4, source=near).result()
            assert (got.sent, got.lost) == (4, []), got.out
            back = wire.guest.run(f'ping -c 3 -i 0.2 -W 2 -I {far} {near}', ok=False)
            assert ' 0% packet loss' in back, back
            c, = charon.children()
            assert c['mode'] == mode.upper() and c['protocol'] == 'AH' and ('dh-group' in c) == pfs
            shown = router.cli('show crypto ipsec sa')
            found = {way: re.search(rf'{way} ah sas:\n\s+spi: 0x(\w+)', shown)[1].lower().zfill(8)
                     for way in ('inbound', 'outbound')}
            assert found == {'inbound': c['spi-out'].zfill(8), 'outbound': c['spi-in'].zfill(8)}
            assert f'transform: {ours} ,' in shown
            c, = charon.children()
            assert int(c['packets-in']) >= 5 and int(c['packets-out']) >= 5
            charon.ctl('--terminate', '--child', 't1')
            until(lambda: 'ah sas:\n\n' in router.cli('show crypto ipsec sa'), what='the end of the SAs')
            # what we sent: the guest answers in clear, or with "protocol unreachable", what comes before its kernel
            # has policies or AH; and before the router was there, the kernel here said that UDP 500 is closed
            sent = {r[1].split(',')[0] for r in rows(capture.stop(), ['ip.src', 'ip.proto'], 'ip && !(icmp.type == 3)')
                    if r[0].split(',')[0] == US}
            assert sent == {'51', '17'}, sent
        finally:
            print(router.cli('show crypto ipsec sa') + router.log() + charon.log()[-4000:])
            router.stop()
    finally:
        net.close()
