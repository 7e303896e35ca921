# SPDX-License-Identifier: Apache-2.0
"""The ways in and out of UDP 4500, each forced: two routers with a NAT between them, over both families, and
strongSwan. Datagrams of every length arrive in order and as they were sent, TCP as well, while IKE
renews the SAs on the same socket."""
import os
import random
import re
import signal
import socket
import struct
import time

import pytest

from peers.netns import Net, need, run, until
from peers.tshark import Capture, rows
from router import Router, config
from test_ike_nat import exchange, hidden  # noqa: F401 (a fixture)
from ways import ports_word

pytestmark = pytest.mark.chooses('ports', reason='it forces each, and looks at what is said of it')

# what CULVERT_PORTS says, and what the log says then
WAYS = {'': ('UDP_SEGMENT', 'UDP_GRO'), 'no-segment no-gro': ('sendmmsg', 'recvmmsg'), 'no-segment': ('sendmmsg', 'UDP_GRO'),
        'no-gro': ('UDP_SEGMENT', 'recvmmsg')}
SUITE = 'aes128-sha1-modp1024'
LONG = [1372, 1400, 3000]
SIX = """ipv6 unicast-routing
crypto isakmp policy 10
 encr aes
 hash sha
 authentication pre-share
 group 2
crypto isakmp key secretkey address ipv6 {peer}/128
crypto ipsec transform-set TS esp-aes esp-sha-hmac
ipv6 access-list CRYPT
 permit ipv6 {near} {far}
crypto map ipv6 M 10 ipsec-isakmp
 set peer {peer}
 set transform-set TS
 match address CRYPT
interface FastEthernet0/1
 ipv6 address {local}/64
 ipv6 crypto map M
"""


def with_the_tuns(way):
    """What a run of all ways has forced of the TUNs (ways.py) stays."""
    return way + (' no-offload' if ports_word('no-offload') else '')


class Routers:
    """near - us - [NAT] - them - far; near and far are addresses of their routers' loopback devices."""

    def __init__(self, six, ways):
        need('nft', 'tcpdump')
        self.net, self.six = Net(), six
        self.us, nat, self.them = (self.net.ns(x) for x in ('us', 'nat', 'them'))
        try:
            net = 'fd00:{}::{}' if six else '172.16.{}.{}'
            ends = [net.format(*x) for x in ((1, 2), (1, 1), (2, 1), (2, 2))]
            self.near, self.far = ('fd01::1', 'fd02::1') if six else ('10.1.0.1', '10.2.0.1')
            size = 64 if six else 24
            for ns in (self.us, nat, self.them) if six else ():
                ns.enable_v6()
            self.net.link(self.us, 'wan', f'{ends[0]}/{size}', nat, 'in', f'{ends[1]}/{size}')
            self.net.link(nat, 'out', f'{ends[2]}/{size}', self.them, 'wan', f'{ends[3]}/{size}')
            nat.sysctl('net.ipv6.conf.all.forwarding' if six else 'net.ipv4.ip_forward', 1)
            text = 'table %s t { chain c { type nat hook postrouting priority 100; oifname "out" masquerade; }; }'
            done = run(*nat.argv('nft', '-f', '-'), input=text % ('ip6' if six else 'ip'), ok=False)
            if done.returncode:
                pytest.skip(f'no NAT in this kernel: {done.stderr.strip()}')
            self.us.addr('lo', f'{self.near}/{128 if six else 32}')
            self.them.addr('lo', f'{self.far}/{128 if six else 32}')
            self.us.route('default', ends[1])
            self.them.route('fd01::/64' if six else '10.1.0.0/24', ends[2])
            # its peer is who the NAT says, and the NAT's address is the peer that begins nothing
            self.routers = [self.router(self.them, ends[3], ends[2], self.far, self.near, ways[1]),
                            self.router(self.us, ends[0], ends[3], self.near, self.far, ways[0])]
            self.capture = Capture(self.us, 'wan')
        except BaseException:
            self.close()
            raise

    def router(self, ns, local, peer, near, far, way):
        before = os.environ.get('CULVERT_PORTS', '')
        os.environ['CULVERT_PORTS'] = with_the_tuns(way)
        try:
            if self.six:
                text = SIX.format(local=local, peer=peer, near=near[:-1] + '/64', far=far[:-1] + '/64')
            else:
                nets = [f'{a[:-1]}0 0.0.0.255' for a in (near, far)]
                text = config(SUITE, local, peer, [f'ip {nets[0]} {nets[1]}']).replace(
                    ' set transform-set TS', ' set transform-set TS\n set security-association lifetime kilobytes 4608')
            return Router(ns, text)
        finally:
            os.environ['CULVERT_PORTS'] = before

    def log(self):
        return ''.join(r.log() for r in self.routers)

    def close(self):
        self.net.close()


def numbered(ns_from, source, ns_to, to, count, dice):
    """Datagrams of any length to some ports of one host, a burst at a time: what arrives at each port is what
    was sent there, in its order. Those that may be in fragments have a port for each length: the kernel spreads what
    is whole over the queues of a TUN by ports, and what is not without them."""
    family = socket.AF_INET6 if ':' in to else socket.AF_INET
    ears = [ns_to.socket(socket.SOCK_DGRAM, bind=(to, 7000 + i), family=family) for i in range(2 + len(LONG))]
    mouth = ns_from.socket(socket.SOCK_DGRAM, bind=(source, 0), family=family)
    sizes = [4, 60, 512, 1000, 1200]
    if family == socket.AF_INET:  # what is too long may be cut, so that none is lost for its sender to learn from
        mouth.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER
        sizes += LONG
    try:
        for ear in ears:
            ear.settimeout(10)
            ear.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
        n, size = 0, 1000
        while n < count:
            burst = []
            for _ in range(dice.randint(1, 60)):
                if dice.random() < 0.1:
                    size = dice.choice(sizes)
                burst.append((2 + LONG.index(size) if size in LONG else n % 7 == 0, struct.pack('!I', n) + dice.randbytes(size)))
                n += 1
            for port, data in burst:
                mouth.sendto(data, (to, 7000 + port))
            for port, data in burst:
                got = ears[port].recv(65536)
                assert got == data, f'datagram {data[:4].hex()}: {got[:4].hex()}, {len(got)} bytes for {len(data)}'
    finally:
        for s in (*ears, mouth):
            s.close()


def dropped(router):
    return set(re.findall(r'^  (\S.*?)  +\d+$', router.cli('show crypto drops'), re.M))


@pytest.fixture
def routers():
    made = []

    def make(*args):
        made.append(Routers(*args))
        return made[-1]
    yield make
    for w in made:
        w.close()


@pytest.mark.parametrize('six,ours,theirs', [
    pytest.param(False, '', '', id='v4-fast'), pytest.param(False, 'no-segment no-gro', '', id='v4-slow-to-fast', marks=pytest.mark.slow),
    pytest.param(False, 'no-gro', 'no-segment', id='v4-crossed', marks=pytest.mark.slow),
    pytest.param(False, 'no-segment no-gro', 'no-segment no-gro', id='v4-slow', marks=pytest.mark.slow),
    pytest.param(True, '', '', id='v6-fast'),
    pytest.param(True, 'no-segment no-gro', 'no-segment no-gro', id='v6-slow', marks=pytest.mark.slow)])
def test_what_is_sent_arrives_in_order_and_intact(routers, six, ours, theirs):
    w = routers(six, (ours, theirs))
    until(lambda: not w.us.ping(w.far, 1, source=w.near, wait=1).result().lost, 20, 'a first ping')
    for r, way in zip(w.routers, (theirs, ours)):
        out, in_ = WAYS[way]
        name = 'UDP 4500 over IPv6' if six else 'UDP 4500'
        assert f'%CULVERT-6-PORT: {name}: sends by {out}' in r.log(), r.log()
        assert f', receives by {in_}' in r.log(), r.log()
    dice = random.Random(4500)
    numbered(w.us, w.near, w.them, w.far, 1500, dice)
    numbered(w.them, w.far, w.us, w.near, 1500, dice)
    assert [dropped(r) for r in w.routers] == [set(), set()]
    if not six:  # renewed by volume: IKE comes between
        for port in range(7777, 7781):
            exchange(socket.SOCK_STREAM, w.them, w.far, w.us, w.near, port=port, size=1 << 20)
        assert len(w.routers[1].cli('show crypto ipsec sa | include spi').split('current outbound')) > 1
    pcap = w.capture.stop()
    longest = max(int(n) for n, in rows(pcap, ['frame.len'], f'udp.srcport == 4500 && {"ipv6" if six else "ip"}.src == '
                                        f'{"fd00:1::2" if six else "172.16.1.2"}'))
    assert (longest > 1514) == ('no-segment' not in ours)
    if not six:
        quick = rows(pcap, ['isakmp.messageid'], 'isakmp.exchangetype == 32')
        assert len({m for m, in quick}) > 1, w.log()
    for r in w.routers:  # TCP may have had to learn what fits, and be faster than IKE
        assert dropped(r) <= {'too big, DF set', 'SA expired', 'unknown SPI', 'no SA: queue full, or waited too long'}


@pytest.mark.parametrize('way', ['', pytest.param('no-segment no-gro', marks=pytest.mark.slow)])
def test_strongswan_answers_by_udp_encapsulation(hidden, way, monkeypatch):  # noqa: F811
    monkeypatch.setenv('CULVERT_PORTS', with_the_tuns(way))
    w = hidden('us')
    peer, router = w.charon(), w.router()
    got = w.us.ping('10.2.0.1', 3, source='10.1.0.1').result()
    assert got.sent == 3 and not got.lost, router.log() + peer.log()
    exchange(socket.SOCK_STREAM, w.them, '10.2.0.1', w.us, '10.1.0.1', size=1 << 20)
    exchange(socket.SOCK_DGRAM, w.them, '10.2.0.1', w.us, '10.1.0.1', port=7778)
    peer.rekey(child='t')
    time.sleep(0.2)
    exchange(socket.SOCK_STREAM, w.us, '10.1.0.1', w.them, '10.2.0.1', port=7779)
    assert dropped(router) <= {'too big, DF set'}


# ---- raw ESP ----

class Wired:
    """Two routers on one wire, whose ESP comes by a ring or by the raw socket."""

    def __init__(self, six=False, ways=('', ''), extra=('', ''), size=1500):
        need('nft', 'tcpdump')
        self.net, self.six = Net(), six
        self.us, self.them = (self.net.ns(x) for x in ('us', 'them'))
        try:
            self.ends = ('fd00::1', 'fd00::2') if six else ('192.0.2.1', '192.0.2.2')
            self.near, self.far = ('fd01::1', 'fd02::1') if six else ('10.1.0.1', '10.2.0.1')
            for ns in (self.us, self.them) if six else ():
                ns.enable_v6()
            bits = 64 if six else 24
            self.net.link(self.us, 'wan', f'{self.ends[0]}/{bits}', self.them, 'wan', f'{self.ends[1]}/{bits}')
            for ns, me, other, far in ((self.us, self.near, self.ends[1], self.far),
                                       (self.them, self.far, self.ends[0], self.near)):
                ns.addr('lo', f'{me}/{128 if six else 32}')
                ns.route(far[:-1] + ('/64' if six else '0/24'), other)
                ns.ip('link', 'set', 'wan', 'mtu', size)
            self.routers = [Routers.router(self, self.them, self.ends[1], self.ends[0], self.far, self.near, ways[1]),
                            Routers.router(self, self.us, self.ends[0], self.ends[1], self.near, self.far, ways[0])]
            for r, text in zip(self.routers, reversed(extra)):
                if text:
                    r.cli('; '.join(['configure terminal', *text.splitlines(), 'end']))
        except BaseException:
            self.close()
            raise

    log = Routers.log
    close = Routers.close

    def up(self):
        until(lambda: not self.us.ping(self.far, 1, source=self.near, wait=1).result().lost, 20, 'a first ping')


@pytest.fixture
def wired():
    made = []

    def make(*args, **kw):
        made.append(Wired(*args, **kw))
        return made[-1]
    yield make
    for w in made:
        w.close()


def frames(ns):
    """What is kept from the stack in this namespace for a ring; None: there is none."""
    while True:
        got = ns.run('nft', 'list', 'table', 'netdev', 'culvert_ring', ok=False)
        if not got.returncode:
            return got.stdout
        if 'No such file' in got.stderr:  # and not that it has changed meanwhile
            return None


def counted(ns, field):
    """IP packets that this kernel has taken from a process so far (OutTransmits), say."""
    head, body = [line.split() for line in ns.run('cat', '/proc/net/snmp').stdout.splitlines() if line.startswith('Ip:')]
    return int(body[head.index(field)])


def esp_by_the_stack(ns):
    """Packets of ESP that this kernel's stack has handed up, and that it has sent, since it was asked first."""
    # by its name and family the router's own, and not that of somebody who looks; here no interface has an MSS
    if ns.run('nft', 'list', 'table', 'ip', 'culvert_mss', ok=False).returncode:
        chains = ''.join(f'chain {hook} {{ type filter hook {hook} priority 0; meta l4proto esp counter; }}; '
                         for hook in ('input', 'output'))
        ns.run('nft', '-f', '-', input=''.join(f'table {f} culvert_mss {{ {chains}}}\n' for f in ('ip', 'ip6')))
    four, six = (re.findall(r'packets (\d+)', ns.run('nft', 'list', 'table', f, 'culvert_mss').stdout) for f in ('ip', 'ip6'))
    return [int(a) + int(b) for a, b in zip(four, six)]


@pytest.mark.parametrize('six,ours,theirs', [
    pytest.param(False, '', '', id='v4-ring'), pytest.param(False, 'no-ring', '', id='v4-mixed', marks=pytest.mark.slow),
    pytest.param(False, 'no-ring', 'no-ring', id='v4-socket', marks=pytest.mark.slow),
    pytest.param(True, '', '', id='v6-ring'), pytest.param(True, 'no-ring', 'no-ring', id='v6-socket', marks=pytest.mark.slow)])
def test_raw_esp_arrives_in_order_and_intact(wired, six, ours, theirs):
    w = wired(six, (ours, theirs))
    w.up()
    for ns, r, way in ((w.them, w.routers[0], theirs), (w.us, w.routers[1], ours)):
        said = 'raw socket (CULVERT_PORTS says no-ring)' if way else \
            'received by a ring of packets, sent to the next hop past the stack'
        assert f'%CULVERT-6-PORT: ESP by wan: {said}' in r.log(), r.log()
        assert (frames(ns) is None) == bool(way), r.log()
    dice = random.Random(50)
    time.sleep(1.1)  # the next hop is known by now
    assert esp_by_the_stack(w.them) == esp_by_the_stack(w.us) == [0, 0]
    numbered(w.us, w.near, w.them, w.far, 1500, dice)
    for n, way in ((esp_by_the_stack(w.them)[0], theirs), (esp_by_the_stack(w.us)[1], ours)):
        assert n >= 1500 if way else n < 100, (n, way)
    numbered(w.them, w.far, w.us, w.near, 1500, dice)
    assert [dropped(r) for r in w.routers] == [set(), set()]
    if not six:
        for port in range(7777, 7781):
            exchange(socket.SOCK_STREAM, w.them, w.far, w.us, w.near, port=port, size=1 << 20)
    for r in w.routers:
        assert dropped(r) <= {'too big, DF set', 'SA expired', 'unknown SPI', 'no SA: queue full, or waited too long'}
        r.stop()
    assert frames(w.us) is frames(w.them) is None


def test_a_ring_goes_when_fragments_come_and_takes_nothing_of_others(wired):
    """The kernel puts fragments together, and of two queues nobody knows the order: behind a replay window all come by
    the socket. What is for another address has never come by the ring."""
    w = wired(extra=('crypto ipsec fragmentation after-encryption', ''))
    w.up()
    w.them.addr('lo', '192.0.2.200/32')
    w.us.route('192.0.2.200/32', w.ends[1])
    foreign = w.us.socket(socket.SOCK_RAW, 50)
    for _ in range(3):
        foreign.sendto(struct.pack('!II', 0x12345678, 1) + bytes(40), ('192.0.2.200', 0))
    foreign.close()
    until(lambda: re.search('unknown SPI +3', w.routers[0].cli('show crypto drops')), 5, 'what came by the socket')
    time.sleep(1)
    assert frames(w.them)
    # 1456 bytes are one packet in clear and two as ESP
    assert not w.us.run('ping', '-c', 3, '-i', 0.2, '-s', 1456, '-M', 'dont', '-I', w.near, w.far).returncode
    until(lambda: 'ESP by wan: raw socket (its peers' in w.routers[0].log(), 5, 'the end of the ring')
    assert frames(w.them) is None and frames(w.us)
    # what they send goes on past the stack
    assert 'ESP by wan: received by the raw socket, sent to the next hop past the stack' in w.routers[0].log()
    before = esp_by_the_stack(w.them)
    assert not w.us.ping(w.far, 10, 0.05, source=w.near).result().lost
    after = esp_by_the_stack(w.them)
    assert after[0] >= before[0] + 10 and after[1] == before[1]
    numbered(w.us, w.near, w.them, w.far, 1000, random.Random(51))
    assert dropped(w.routers[0]) == {'unknown SPI'}


def test_a_ring_goes_where_somebody_looks_at_what_comes_in(wired):
    """An access list on the interface, and a chain of somebody else's: what they refuse does not come in."""
    w = wired()
    w.up()
    ours, router = w.us, w.routers[1]
    assert frames(ours)
    router.cli('configure terminal; ip access-list extended IN; deny esp any any; permit ip any any; '
               'interface FastEthernet0/1; ip access-group IN in; end')
    until(lambda: frames(ours) is None, 5, 'the end of the ring')
    until(lambda: 'ESP by wan: raw socket (an access list looks at what comes in there)' in router.log(), 5, 'the reason')
    assert w.us.ping(w.far, 3, source=w.near, wait=1).result().seen == set()
    router.cli('configure terminal; interface FastEthernet0/1; no ip access-group IN in; end')
    until(lambda: frames(ours), 5, 'the ring')
    w.up()
    ours.run('nft', '-f', '-', input='table inet mine { chain in { type filter hook input priority 0; ip protocol esp drop; }; }')
    until(lambda: frames(ours) is None, 5, 'the end of the ring')
    until(lambda: 'ESP by wan: raw socket (chain in of table mine)' in router.log(), 5, 'the reason')
    assert w.us.ping(w.far, 3, source=w.near, wait=1).result().seen == set()
    ours.run('nft', 'delete', 'table', 'inet', 'mine')
    until(lambda: frames(ours), 5, 'the ring')
    w.up()
    # what keeps its packets from the stack nobody else takes away
    ours.run('nft', 'flush', 'ruleset')
    assert frames(ours)
    time.sleep(0.5)
    w.up()
    assert frames(ours)


def past_the_stack(w):
    """Of ten echo requests, each of which the stack counts once in clear."""
    before = counted(w.us, 'OutTransmits')
    got = w.us.ping(w.far, 10, 0.01, source=w.near).result()
    assert not got.lost, got.out
    more = counted(w.us, 'OutTransmits') - before
    assert 10 <= more < 24, more
    return past_the_stack(w) if 14 <= more < 20 else more < 14  # it changed amid them


@pytest.mark.slow
def test_esp_goes_by_the_stack_where_rules_choose_the_way(wired):
    """They may look at more than the destination."""
    w = wired()
    w.up()
    until(lambda: past_the_stack(w), 5, 'the way past the stack')
    w.us.ip('rule', 'add', 'from', '198.51.100.77', 'lookup', '77')
    time.sleep(3.6)
    assert not past_the_stack(w)
    w.us.ip('rule', 'del', 'from', '198.51.100.77', 'lookup', '77')
    until(lambda: past_the_stack(w), 5, 'the way past the stack')


def test_esp_goes_by_the_stack_where_the_next_hop_is_not_known_or_somebody_looks(wired):
    w = wired()
    w.up()
    time.sleep(1.1)
    us, router = w.us, w.routers[1]

    def silent():
        return us.ping(w.far, 2, 0.1, source=w.near, wait=1).result().seen == set()
    until(lambda: past_the_stack(w), 5, 'the way past the stack')
    # another address of the peer's device is noticed as the kernel notices it, and what it is told at once
    mac = re.search(r'lladdr (\S+)', us.ip('neigh', 'show', w.ends[1])).group(1)
    us.ip('neigh', 'replace', w.ends[1], 'lladdr', '02:00:00:00:00:77', 'dev', 'wan', 'nud', 'permanent')
    until(silent, 6, 'silence')
    us.ip('neigh', 'replace', w.ends[1], 'lladdr', mac, 'dev', 'wan', 'nud', 'stale')
    until(lambda: not silent(), 6, 'an answer')
    until(lambda: past_the_stack(w), 5, 'the way past the stack again')
    # what control has told ends when it does not tell it again
    control = router.pids()[2]
    os.kill(control, signal.SIGSTOP)
    time.sleep(3.6)
    assert not past_the_stack(w)
    os.kill(control, signal.SIGCONT)
    until(lambda: past_the_stack(w), 5, 'the way past the stack')
    # a list on the way out, and a chain of somebody else's
    router.cli('configure terminal; ip access-list extended OUT; deny esp any any; permit ip any any; '
               'interface FastEthernet0/1; ip access-group OUT out; end')
    until(lambda: 'sent by the raw socket (an access list looks at what leaves there)' in router.log(), 5, 'the reason')
    assert silent()
    router.cli('configure terminal; interface FastEthernet0/1; no ip access-group OUT out; end')
    until(lambda: past_the_stack(w), 5, 'the way past the stack')
    us.run('nft', '-f', '-', input='table inet mine { chain out { type filter hook output priority 0; ip protocol esp drop; }; }')
    until(lambda: 'sent by the raw socket (chain out of table mine)' in router.log(), 5, 'the reason')
    assert silent()
    assert dropped(w.routers[0]) == set()


def test_a_ring_outlives_neither_control_nor_the_forwarder(wired):
    w = wired()
    w.up()
    for which in (1, 2):  # the forwarder, then control
        os.kill(w.routers[1].pids()[which], 9)
        time.sleep(0.5)
        w.up()
        assert frames(w.us)
        numbered(w.them, w.far, w.us, w.near, 300, random.Random(52))
        assert not {'replayed'} & dropped(w.routers[1]), w.log()
    # a longer packet than a frame holds may come: no ring
    for ns in (w.us, w.them):
        ns.ip('link', 'set', 'wan', 'mtu', 4000)
    until(lambda: frames(w.us) is None, 5, 'the end of the ring')
    until(lambda: 'ESP by wan: raw socket (its packets may be longer than a frame)' in w.routers[1].log(), 5, 'the reason')
    w.up()


def test_nothing_of_a_ring_is_left_when_everything_is_killed(wired):
    """ESP of whoever comes behind us is not kept from him."""
    w = wired()
    w.up()
    until(lambda: frames(w.us), 5, 'the ring')
    w.routers[1].kill()
    until(lambda: frames(w.us) is None, 5, 'the end of what belongs to a ring')
    ear = w.us.socket(socket.SOCK_RAW, 50)
    ear.settimeout(5)
    mouth = w.them.socket(socket.SOCK_RAW, 50)
    mouth.sendto(struct.pack('!II', 0x12345678, 1) + bytes(40), (w.ends[0], 0))
    assert ear.recv(2048)[20:24] == b'\x12\x34\x56\x78'
    for s in (ear, mouth):
        s.close()
