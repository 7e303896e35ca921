# SPDX-License-Identifier: Apache-2.0
"""IPv6 outside against a Linux kernel of its own (user-mode Linux): ESP, AH and bundles with typed keys
in tunnel and transport mode, with extension headers, strongSwan's IKEv1 with the kernel's SAs, and its GRE, sit,
ip6tnl and vti devices."""
import itertools
import re

import pytest

from peers.netns import Net, until
from peers.strongswan import child, conf_text, connection
from peers.tshark import Capture, rows
from peers.uml import Guest, GuestCharon
from router import Router
from test_ah_linux import Set, counts, packets_of

US, PEER, US4, PEER4 = '2001:db8:12::1', '2001:db8:12::2', '192.0.2.1', '192.0.2.2'
NEAR, FAR = '2001:db8:1::1', '2001:db8:2::10'
NEAR_LAN, FAR_LAN = '2001:db8:1::/64', '2001:db8:2::/64'
SETS = ['esp-3des esp-sha-hmac', 'esp-aes 256 esp-sha256-hmac', 'ah-sha-hmac', 'ah-sha256-hmac', 'ah-sha512-hmac',
        'ah-sha-hmac esp-3des esp-sha-hmac', 'ah-sha256-hmac esp-aes esp-sha-hmac', 'esp-null esp-md5-hmac']
IN_EVERY_CHECK = {('ah-sha256-hmac esp-aes esp-sha-hmac', 'tunnel'), ('ah-sha256-hmac', 'transport')}


class Wire:
    def __init__(self):
        self.net = Net()
        try:
            self.ns = self.net.ns('wire')
            self.ns.ip('link', 'add', 'br0', 'type', 'bridge')
            self.ns.ip('link', 'set', 'br0', 'up')
            self.guest = Guest(self.ns, f'{PEER4}/24')
            self.ns.ip('link', 'set', 'tap0', 'master', 'br0')
            self.guest.run(f'''for m in ipv6 xfrm6_tunnel esp6 ah6 ip6_gre sit ip6_tunnel; do modprobe $m || exit 1; done
                for w in all default eth0; do
                    echo 0 > /proc/sys/net/ipv6/conf/$w/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/$w/disable_ipv6
                done
                echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
                ip -6 addr add {PEER}/64 dev eth0 nodad; ip -6 addr add {FAR}/128 dev lo
                ip -6 route add {NEAR_LAN} via {US} src {FAR}''')
        except BaseException:
            self.close()
            raise
        self.ports = itertools.count(1)

    def router_ns(self, net, script=''):
        ns = net.ns('router')
        for where in ('all', 'default'):
            ns.sysctl(f'net.ipv6.conf.{where}.disable_ipv6', 0)
            ns.sysctl(f'net.ipv6.conf.{where}.accept_dad', 0)
        port = f'p{next(self.ports)}'
        net.link(ns, 'wan', None, self.ns, port, None)
        self.ns.ip('link', 'set', port, 'master', 'br0')
        # the guest's driver takes no unfinished checksums, nor does a raw socket: GRE's would be one
        ns.run('ethtool', '-K', 'wan', 'tx', 'off')
        self.ns.run('ethtool', '-K', port, 'tx', 'off')
        ns.ip('-6', 'addr', 'add', f'{NEAR}/128', 'dev', 'lo')
        self.guest.run('ip neigh flush all\n' + script)
        return ns, port

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


def linux(set_):
    """The states and policies of the guest, as test_ah_linux has them, between these ends."""
    text = set_.linux()
    for a, b in ((f'{US4}/32', f'{US}/128'), (f'{PEER4}/32', f'{PEER}/128'), ('10.1.1.0/24', NEAR_LAN), ('10.2.2.0/24', FAR_LAN),
                 (US4, US), (PEER4, PEER)):
        text = re.sub(rf'(?<![\w.]){re.escape(a)}(?![\w./])', b, text)
    if set_.mode == 'transport':  # the neighbours' business is not protected
        text = re.sub(r'(policy add src \S+ dst \S+)', r'\1 proto 58 type 128', text) + '\n' + \
            re.sub(r'.*policy add (src \S+ dst \S+)', r'ip xfrm policy add \1 proto 58 type 129',
                   '\n'.join(x for x in text.splitlines() if 'policy add' in x))
    text = text.replace(' flag align4', '')  # IPv6 aligns to eight
    return "ip -batch - <<'END'\n" + re.sub('^ip ', '', text, flags=re.M) + '\nEND'


def manual(set_, protocol='icmp'):
    lines, keys = set_.ios()
    return '\n'.join(['hostname R1', 'ipv6 unicast-routing', *lines, 'ipv6 access-list VPN',
                      f' permit ipv6 {NEAR_LAN} {FAR_LAN}' if set_.mode == 'tunnel' else
                      f' permit {protocol} host {US} host {PEER}',
                      'crypto map ipv6 CM 10 ipsec-manual', ' match address VPN', f' set peer {PEER}', *keys,
                      ' set transform-set TS', 'interface FastEthernet0/1', f' ip address {US4} 255.255.255.0',
                      f' ipv6 address {US}/64', ' ipv6 crypto map CM', f'ipv6 route {FAR_LAN} {PEER}']) + '\n'


@pytest.mark.parametrize('words,mode', [
    pytest.param(words, mode, marks=() if (words, mode) in IN_EVERY_CHECK else pytest.mark.slow)
    for words in SETS for mode in ('tunnel', 'transport')])
def test_a_kernel_with_the_same_keys_answers(wire, words, mode):
    set_ = Set(words, mode)
    near, far = (NEAR, FAR) if mode == 'tunnel' else (US, PEER)
    net = Net()
    try:
        ns, port = wire.router_ns(net, linux(set_))
        capture = Capture(wire.ns, port, f'v6-{port}')
        router = Router(ns, manual(set_))
        try:
            until(lambda: not ns.ping(far, 1, source=near, wait=1).result().lost, 10, 'the first answer')
            got = ns.ping(far, 4, source=near, interval=0.2).result()
            assert (got.sent, got.lost) == (4, []), got.out
            # larger than the path: "packet too big" says to the first what fits
            size = '3000' if mode == 'tunnel' else '1200'
            ns.run('ping', '-c', '1', '-W', '0.5', '-s', size, '-I', near, far, ok=False)
            wire.guest.run(f'ping -6 -c 1 -W 0.5 -s {size} -I {far} {near}', ok=False)
            big = ns.run('ping', '-c', '2', '-i', '0.2', '-W', '2', '-s', size, '-I', near, far, ok=False)
            assert ' 0% packet loss' in big.stdout, big.stdout
            back = wire.guest.run(f'ping -6 -c 3 -i 0.2 -W 2 -s {size} -I {far} {near}', ok=False)
            assert ' 0% packet loss' in back, back
            c = counts(router)
            assert c['encaps'] == c['digest'] >= 9 and c['decaps'] == c['verify'] >= 9, c
            for proto, on, spi in (('ah', set_.ah, 1000), ('esp', set_.cipher, 2000)):
                have = packets_of(wire.guest, proto)
                assert sorted(have) == ([spi, spi + 1] if on else [])
                assert all(n >= 9 for n in have.values())
            # that is, but for the neighbours' business, all that went either way
            seen = {r[0].split(',')[0] for r in rows(capture.stop(), ['ipv6.nxt', 'icmpv6.type', 'ipv6.fragment'],
                                                     'ipv6 && !icmpv6.type >= 130') if not r[2]}
            assert seen <= {'51'} if set_.ah else seen <= {'50'}, seen
            if mode == 'transport':  # larger than the path: the kernel here would cut its answer before we have it
                wire.guest.run(f'ping -6 -c 2 -i 0.2 -W 0.5 -s 3000 -I {far} {near}', ok=False)
                assert counts(router)['decaps'] == c['decaps'] + 2
        finally:
            print(router.cli('show crypto ipsec sa detail') + router.log())
            router.stop()
    finally:
        wire.guest.run('ip xfrm state flush; ip xfrm policy flush')
        net.close()


# An echo request behind the extension headers that a kernel puts there itself; the options are one that is mutable and
# one that is not (RFC 4302 section 3.3.3.1.2.2). Says what answers came.
EXTENDED = r'''
import socket, struct, sys
near, far, which = sys.argv[1:]
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.bind((near, 0)); s.settimeout(1)
mutable, fixed = bytes([0x3e, 4, 1, 2, 3, 4]), bytes([0x1e, 2, 5, 6])
options = lambda body: bytes([0, (2 + len(body) + 7) // 8 - 1]) + body + (
    b'' if not (n := -(2 + len(body)) % 8) else b'\0' if n == 1 else bytes([1, n - 2]) + bytes(n - 2))
for word in which.split('+'):
    if word == 'hop':
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_HOPOPTS, options(mutable + fixed))
    if word == 'dst':
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, options(fixed + mutable + fixed))
    if word == 'class':
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, 0x2e << 2)
for seq in range(3):
    s.sendto(struct.pack('!BBHHH', 128, 0, 0, 77, seq) + bytes(range(seq, seq + 101)), (far, 0))
    while True:
        got = s.recv(2000)
        if got[0] == 129 and got[4:8] == struct.pack('!HH', 77, seq):
            break
    assert got[8:] == bytes(range(seq, seq + 101))
    print('answer', seq)
'''


@pytest.mark.slow
@pytest.mark.parametrize('headers', ['hop', 'dst', 'hop+dst+class'])
@pytest.mark.parametrize('words,mode', [('ah-sha256-hmac', 'transport'), ('ah-sha512-hmac esp-aes esp-sha-hmac', 'transport'),
                                        ('esp-3des esp-sha-hmac', 'transport'), ('ah-sha-hmac', 'tunnel')])
def test_extension_headers_arrive_as_the_kernel_wants_them(wire, words, mode, headers):
    set_ = Set(words, mode)
    near, far = (NEAR, FAR) if mode == 'tunnel' else (US, PEER)
    net = Net()
    try:
        ns, port = wire.router_ns(net, linux(set_))
        router = Router(ns, manual(set_))
        try:
            until(lambda: not ns.ping(far, 1, source=near, wait=1).result().lost, 10, 'the first answer')
            capture = Capture(wire.ns, port, f'ext-{port}')
            before = counts(router)
            done = ns.run('python3', '-c', EXTENDED, near, far, headers, ok=False)
            assert done.stdout.split() == 'answer 0 answer 1 answer 2'.split(), done.stdout + done.stderr
            assert counts(router)['encaps'] == before['encaps'] + 3
            # where they stand: hop-by-hop before, destination options in what is protected (RFC 4302 3.1.1)
            sent = {r[0] for r in rows(capture.stop(), ['ipv6.nxt', 'ipv6.src'], 'ipv6 && !icmpv6.type >= 130')
                    if r[1].split(',')[0] == US}
            first = '51' if set_.ah else '50'
            assert {x.split(',')[0] for x in sent} == {'0' if 'hop' in headers and mode == 'transport' else first}, sent
        finally:
            print(router.cli('show crypto ipsec sa detail') + router.log() + wire.guest.run('cat /proc/net/xfrm_stat'))
            router.stop()
    finally:
        wire.guest.run('ip xfrm state flush; ip xfrm policy flush')
        net.close()


IKE = 'aes256-sha256-modp2048'


def negotiated(words):
    return '\n'.join(['hostname R1', 'ipv6 unicast-routing', 'crypto isakmp policy 10', ' encr aes 256', ' hash sha256',
                      ' authentication pre-share', ' group 14', f'crypto isakmp key secretkey address ipv6 {PEER}/128',
                      f'crypto ipsec transform-set TS {words}', 'ipv6 access-list VPN',
                      f' permit ipv6 {NEAR_LAN} {FAR_LAN}',
                      'crypto map ipv6 CM 10 ipsec-isakmp', ' match address VPN', f' set peer {PEER}',
                      ' set transform-set TS', 'interface FastEthernet0/1', f' ip address {US4} 255.255.255.0',
                      f' ipv6 address {US}/64', ' ipv6 crypto map CM', f'ipv6 route {FAR_LAN} {PEER}']) + '\n'


@pytest.fixture(scope='module')
def charon(wire):
    return GuestCharon(wire.guest).start('')


@pytest.mark.slow
@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('words,theirs', [('esp-aes 256 esp-sha256-hmac', 'aes256-sha256'),
                                          ('esp-3des esp-sha-hmac', '3des-sha1'), ('esp-gcm 128', 'aes128gcm16'),
                                          ('ah-sha256-hmac', 'ah:sha256')])
def test_strongswan_and_the_kernel(wire, charon, words, theirs, role):
    net = Net()
    try:
        ns, port = wire.router_ns(net)
        charon.reset()
        kid = child(FAR_LAN, NEAR_LAN, theirs)
        if theirs.startswith('ah:'):
            del kid['esp_proposals']
            kid['ah_proposals'] = theirs[3:]
        charon.load(conf_text({'connections': {'t': connection(PEER, US, IKE, {'t1': kid})},
                               'secrets': {'ike-1': {'secret': 'secretkey'}}}))
        capture = Capture(wire.ns, port, f'v6ike-{port}')
        router = Router(ns, negotiated(words))
        try:
            if role == 'responder':
                until(lambda: 'successfully' in charon.ctl('--initiate', '--child', 't1', '--timeout', 5, ok=False), 20)
            until(lambda: not ns.ping(FAR, 1, source=NEAR, wait=1).result().lost, 20, 'the first answer')
            got = ns.ping(FAR, 4, source=NEAR, interval=0.2).result()
            assert (got.sent, got.lost) == (4, []), got.out
            c, = charon.children()
            assert int(c['packets-in']) >= 5 and int(c['packets-out']) >= 5
            # but for the neighbours' business, and for "port closed" of the kernel here before the router was there
            sent = {r[1].split(',')[0] for r in rows(capture.stop(), ['ipv6.src', 'ipv6.nxt', 'icmpv6.type'], 'ipv6')
                    if r[0].split(',')[0] in (US, NEAR) and r[2] not in ('1', '133', '135', '136', '143')}
            assert sent == {'51' if theirs.startswith('ah:') else '50', '17'}, sent
        finally:
            print(router.cli('show crypto ipsec sa') + router.log() + charon.log()[-4000:])
            router.stop()
    finally:
        net.close()


# our mode, the kernel's device, the outer and the inner family
DEVICES = [('gre ipv6', f'ip link add g1 type ip6gre local {PEER} remote {US} ttl 64', 6, 6),
           ('gre ipv6', f'ip link add g1 type ip6gre local {PEER} remote {US} ttl 64', 6, 4),
           ('gre ipv6\n tunnel key 77\n tunnel checksum\n tunnel sequence-datagrams',
            f'ip link add g1 type ip6gre local {PEER} remote {US} ttl 64 key 77 csum seq', 6, 6),
           ('gre ip', f'ip link add g1 type gre local {PEER4} remote {US4} ttl 64', 4, 6),
           ('ipv6ip', f'ip link add g1 type sit local {PEER4} remote {US4} ttl 64', 4, 6),
           ('ipv6', f'ip link add g1 type ip6tnl mode any local {PEER} remote {US} encaplimit none', 6, 6),
           ('ipv6', f'ip link add g1 type ip6tnl mode any local {PEER} remote {US} encaplimit 4', 6, 4)]


@pytest.mark.parametrize('mode,device,outer,inner', [
    pytest.param(*d, id=f"{re.search('type (.*?) local', d[1])[1]}-{d[2]}{d[3]}{'-options' if 'csum' in d[1] else ''}",
                 marks=() if 'csum' in d[1] or (d[0], d[3]) == ('ipv6', 4) else pytest.mark.slow) for d in DEVICES])
def test_the_kernels_own_tunnels(wire, mode, device, outer, inner):
    net = Net()
    try:
        near, far = ('2001:db8:172::1', '2001:db8:172::2') if inner == 6 else ('172.16.9.1', '172.16.9.2')
        ns, _ = wire.router_ns(net, f'''ip link del g1 2>/dev/null; {device} && ip link set g1 mtu 1400 up
            echo 0 > /proc/sys/net/ipv6/conf/g1/accept_dad
            ip addr add {far}/{64 if inner == 6 else 30} dev g1{' nodad' if inner == 6 else ''}''')
        address = f'ipv6 address {near}/64' if inner == 6 else f'ip address {near} 255.255.255.252'
        router = Router(ns, f'''ipv6 unicast-routing
interface FastEthernet0/1
 ip address {US4} 255.255.255.0
 ipv6 address {US}/64
interface Tunnel0
 {address}
 tunnel source {US if outer == 6 else US4}
 tunnel destination {PEER if outer == 6 else PEER4}
 tunnel mode {mode}
''')
        try:
            until(lambda: not ns.ping(far, 1, wait=1).result().lost, 10, 'the first answer')
            got = ns.ping(far, 4, interval=0.2).result()
            assert not got.lost, got.out
            back = wire.guest.run(f'ping -c 3 -i 0.2 -W 2 -s 1300 {near}', ok=False)
            assert ' 0% packet loss' in back, back
        finally:
            print(router.cli('show interfaces Tunnel0') + router.log())
            router.stop()
    finally:
        wire.guest.run('ip link del g1')
        net.close()


# Its GRE device writes a Tunnel Encapsulation Limit in destination options (RFC 2473 section 5.1), which stand before or
# behind AH and ESP as it likes.
@pytest.mark.slow
@pytest.mark.parametrize('mode', ['transport', 'tunnel'])
@pytest.mark.parametrize('words', ['ah-sha256-hmac', 'esp-aes 256 esp-sha256-hmac', 'ah-sha-hmac esp-3des esp-sha-hmac'])
def test_gre_of_the_kernel_under_a_crypto_map(wire, words, mode):
    set_ = Set(words, mode)
    near, far = '2001:db8:172::1', '2001:db8:172::2'
    protected = '\n'.join(x.replace(NEAR_LAN, f'{US}/128 ').replace(FAR_LAN, f'{PEER}/128 ').replace(' dir', ' proto gre dir')
                          for x in linux(set_).replace('proto 58 type 128', '').split('\n') if 'type 129' not in x)
    net = Net()
    try:
        ns, port = wire.router_ns(net, f'''ip link del g1 2>/dev/null
            ip link add g1 type ip6gre local {PEER} remote {US} ttl 64 encaplimit 4 && ip link set g1 mtu 1280 up
            echo 0 > /proc/sys/net/ipv6/conf/g1/accept_dad; ip addr add {far}/64 dev g1 nodad
''' + protected)
        capture = Capture(wire.ns, port, f'gre-{port}')
        text = manual(set_, 47).replace(f'permit ipv6 {NEAR_LAN} {FAR_LAN}', f'permit 47 host {US} host {PEER}')
        router = Router(ns, text + f'''
interface Tunnel0
 ipv6 address {near}/64
 tunnel source {US}
 tunnel destination {PEER}
 tunnel mode gre ipv6
''')
        try:
            until(lambda: not ns.ping(far, 1, wait=1).result().lost, 10, 'the first answer')
            assert not ns.ping(far, 4, interval=0.2).result().lost
            for size in (1232, 2000):  # the first of the larger ones says to the kernel here what fits into the map's SA
                wire.guest.run(f'ping -c 1 -W 0.5 -s {size} {near}', ok=False)
                back = wire.guest.run(f'ping -c 3 -i 0.2 -W 2 -s {size} {near}', ok=False)
                assert ' 0% packet loss' in back, back
            file = capture.stop()
            # of a packet that is cut behind encryption only the last piece is shown as what it is
            assert rows(file, ['ipv6.nxt'], 'ipv6 && !ah && !esp && !ipv6.fraghdr.nxt in {50, 51} && !icmpv6.type >= 130') == []
            options = rows(file, ['ipv6.nxt'], f'ipv6.src == {PEER} && ipv6.nxt == 60')  # which can be seen
            assert bool(options) == (mode == 'transport' or 'esp' not in words)
        finally:
            print(router.cli('show crypto ipsec sa detail') + router.log() + wire.guest.run('cat /proc/net/xfrm_stat'))
            router.stop()
    finally:
        wire.guest.run('ip link del g1; ip xfrm state flush; ip xfrm policy flush')
        net.close()


# our mode, the kernel's device, the outer and the inner family
VTIS = [('ipsec ipv6', f'ip link add g1 type vti6 local {PEER} remote {US} key 42', PEER, US, '::/0'),
        ('ipsec ipv4 v6-overlay', f'ip link add g1 type vti local {PEER4} remote {US4} key 42', PEER4, US4, '::/0')]


@pytest.mark.slow
@pytest.mark.parametrize('mode,device,peer,us,ts', VTIS, ids=[v[0].replace(' ', '-') for v in VTIS])
def test_a_virtual_tunnel_interface_and_the_kernels(wire, charon, mode, device, peer, us, ts):
    near, far = '2001:db8:172::1', '2001:db8:172::2'
    net = Net()
    try:
        ns, port = wire.router_ns(net, f'''modprobe ip6_vti; modprobe ip_vti; ip link del g1 2>/dev/null
            {device} && ip link set g1 mtu 1400 up
            sysctl -qw net.ipv4.conf.g1.disable_policy=1; echo 0 > /proc/sys/net/ipv6/conf/g1/accept_dad
            ip addr add {far}/64 dev g1 nodad''')
        charon.reset()
        charon.load(conf_text({'connections': {'t': connection(peer, us, IKE, {'t1': child(
            ts, ts, 'aes256-sha256', mark_in='42', mark_out='42')})}, 'secrets': {'ike-1': {'secret': 'secretkey'}}}))
        router = Router(ns, f'''ipv6 unicast-routing
crypto isakmp policy 10
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
crypto isakmp key secretkey address {'ipv6 ' + peer + '/128' if ':' in peer else peer}
crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac
crypto ipsec profile PROT
 set transform-set TS
interface FastEthernet0/1
 ip address {US4} 255.255.255.0
 ipv6 address {US}/64
interface Tunnel0
 ipv6 address {near}/64
 tunnel source {us}
 tunnel destination {peer}
 tunnel mode {mode}
 tunnel protection ipsec profile PROT
''')
        try:
            until(lambda: not ns.ping(far, 1, wait=1).result().lost, 20, 'the first answer')
            assert not ns.ping(far, 4, interval=0.2).result().lost
            back = wire.guest.run(f'ping -c 3 -i 0.2 -W 2 -s 3000 {near}', ok=False)
            assert ' 0% packet loss' in back, back
            c, = charon.children()
            assert int(c['packets-in']) >= 5 and int(c['packets-out']) >= 5
        finally:
            print(router.cli('show crypto ipsec sa; show interfaces Tunnel0') + router.log() + charon.log()[-3000:]
                  + wire.guest.run('cat /proc/net/xfrm_stat; ip -s link show g1'))
            router.stop()
    finally:
        wire.guest.run('ip link del g1', ok=False)
        net.close()
