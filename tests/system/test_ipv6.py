# SPDX-License-Identifier: Apache-2.0
"""IPv6 as payload, in crypto ACLs and outside: whole routers, pings, and a capture of the wire.
Beside them strongSwan with its ESP in user space."""
import contextlib
import os
import re
import signal
import socket
import threading
import time

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import GRE

from peers.netns import Net, need, run, until
from peers.strongswan import Charon, child, connection
from router import Router

NEAR, FAR = '2001:db8:12::1', '2001:db8:12::2'
NEAR4, FAR4 = '192.0.2.1', '192.0.2.2'
NEAR_LAN, FAR_LAN = '2001:db8:1::/64', '2001:db8:2::/64'

BASE = '''hostname R{n}
ipv6 unicast-routing
crypto isakmp policy 10
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
crypto isakmp key secretkey address ipv6 {you}/128
crypto isakmp key secretkey address {you4}
crypto ipsec transform-set TS {transforms}
 mode {esp}
'''

MAP = '''ipv6 access-list CRYPT
 permit ipv6 {mine} {yours}
crypto map ipv6 M 10 ipsec-isakmp
 match address CRYPT
 set peer {you}
 set transform-set TS
interface FastEthernet0/1
 ipv6 address {me}/64
 ipv6 crypto map M
interface FastEthernet0/0
 ipv6 address {lan}1/64
ipv6 route {yours} {you}
'''

TUNNEL = '''crypto ipsec profile PROT
 set transform-set TS
interface FastEthernet0/1
 ip address {me4} 255.255.255.0
 ipv6 address {me}/64
interface Tunnel0
 {inner}
 tunnel source {source}
 tunnel destination {destination}
 tunnel mode {mode}
 {protection}
'''


def words(n, esp='tunnel', transforms='esp-aes 256 esp-sha256-hmac'):
    you, you4 = (FAR, FAR4) if n == 1 else (NEAR, NEAR4)
    return BASE.format(n=n, you=you, you4=you4, esp=esp, transforms=transforms)


def map_words(n, **more):
    me, you, mine, yours = (NEAR, FAR, NEAR_LAN, FAR_LAN) if n == 1 else (FAR, NEAR, FAR_LAN, NEAR_LAN)
    return words(n, **more) + MAP.format(me=me, you=you, mine=mine, yours=yours, lan=mine.split('/')[0])


def tunnel_words(n, mode, outer, inner=6, protected=True, **more):
    ends = (NEAR, FAR, NEAR4, FAR4) if n == 1 else (FAR, NEAR, FAR4, NEAR4)
    source, destination = ends[:2] if outer == 6 else ends[2:]
    address = f'ipv6 address 2001:db8:172::{n}/64' if inner == 6 else f'ip address 172.16.0.{n} 255.255.255.252'
    return words(n, **more) + TUNNEL.format(
        me=ends[0], me4=ends[2], source=source, destination=destination, mode=mode, inner=address,
        protection='tunnel protection ipsec profile PROT' if protected else '')


class World:
    def __init__(self):
        need('tcpdump', 'ping')
        self.net = Net()
        self.a, self.b = self.net.ns('a'), self.net.ns('b')
        self.hosts = self.net.ns('h1'), self.net.ns('h2')
        for ns in (self.a, self.b, *self.hosts):
            for where in ('all', 'default'):
                ns.sysctl(f'net.ipv6.conf.{where}.disable_ipv6', 0)
                ns.sysctl(f'net.ipv6.conf.{where}.accept_dad', 0)
        self.net.link(self.a, 'wan', None, self.b, 'wan', None)
        for ns, host, lan in ((self.a, self.hosts[0], '2001:db8:1::'), (self.b, self.hosts[1], '2001:db8:2::')):
            self.net.link(ns, 'lan', None, host, 'eth0', None)
            host.ip('-6', 'addr', 'add', f'{lan}10/64', 'dev', 'eth0', 'nodad')
            host.ip('-6', 'route', 'add', 'default', 'via', f'{lan}1')
        self.routers = []

    def close(self):
        for r in self.routers:
            if r.proc.poll() is None:
                with contextlib.suppress(Exception):
                    r.stop()
        self.net.close()

    def router(self, ns, text):
        self.routers.append(Router(ns, text, args=('--interface', 'FastEthernet0/0=lan')))
        return self.routers[-1]

    def watch(self, what='not (ip6 proto 50 or ip6 proto 51 or ip proto 50 or arp or udp port 500 or udp port 4500 '
                         'or (icmp6 and ip6[40] >= 130) or ip6 dst ff02::16 '
                         'or (icmp6 and ip6[40] = 4 and ip6[54] = 50) or (icmp[0] = 3 and icmp[17] = 50))'):
        """What passes the wire and is neither protected, IKE nor the neighbours' business; nor what a kernel
        says that has no router any more: a parameter problem (4), protocol unreachable (3), that quote ESP (50)."""
        file, log = self.net.dir / 'clear.pcap', self.net.dir / 'tcpdump.log'
        p = self.a.popen('tcpdump', '-n', '-U', '--immediate-mode', '-i', 'wan', '-w', file, what, log=log)
        until(lambda: 'listening' in log.read_text(), 10)

        def stop():
            time.sleep(0.5)
            p.terminate()
            p.wait(timeout=10)
            return run('tcpdump', '-n', '-r', file).stdout.splitlines()
        return stop


@pytest.fixture
def world():
    w = World()
    try:
        yield w
    finally:
        w.close()


def pings(ns, to, count=5, wait=5, interval=0.1):
    return ns.ping(to, count, wait=wait, interval=interval).result()


def reaches(ns, to, seconds=20):
    until(lambda: not pings(ns, to, 1, wait=1).lost, seconds, f'{to} from {ns.label}')


def large(ns, to, size):
    """In fragments of the sender, once each end was told how large they may be (RFC 8200 5: no router cuts)."""
    def ping(count, wait):
        return ns.run('ping', '-n', '-c', count, '-i', '0.1', '-W', wait, '-s', size, to, ok=False).stdout
    until(lambda: ' 0% packet loss' in ping(1, 0.3), 10, 'a large packet')
    assert ' 0% packet loss' in ping(2, 5)


SETS = ['esp-aes 256 esp-sha256-hmac', 'esp-3des esp-md5-hmac', 'esp-gcm 128', 'ah-sha-hmac',
        'ah-sha256-hmac esp-aes esp-sha-hmac']


slow = pytest.mark.slow


@pytest.mark.parametrize('transforms', [SETS[0], *(pytest.param(s, marks=slow) for s in SETS[1:-1]), SETS[-1]])
def test_a_crypto_map_protects_ipv6(world, transforms):
    stop = world.watch()
    a = world.router(world.a, map_words(1, transforms=transforms))
    b = world.router(world.b, map_words(2, transforms=transforms))
    reaches(world.hosts[0], '2001:db8:2::10')
    got = pings(world.hosts[0], '2001:db8:2::10')
    assert got.sent == 5 and not got.lost, a.log() + b.log()
    large(world.hosts[0], '2001:db8:2::10', 4000)
    shown = a.cli('show crypto ipsec sa')
    assert re.search(r'#pkts encaps: \d+, ', shown) and NEAR.upper() in shown.upper(), shown
    sa = a.cli('show crypto isakmp sa')
    assert 'IPv6 Crypto ISAKMP SA' in sa and 'QM_IDLE' in sa.split('IPv6 Crypto')[1], sa
    assert FAR.upper() in sa, sa
    assert stop() == []


def sends(a, b, to, size=200000):
    """TCP from one namespace to the other; how much arrived."""
    with b.socket(socket.SOCK_STREAM, family=socket.AF_INET6, bind=(to, 7)) as wait, \
            a.socket(socket.SOCK_STREAM, family=socket.AF_INET6) as out:
        wait.listen()
        wait.settimeout(10)
        out.settimeout(10)
        out.connect((to, 7))
        into = wait.accept()[0]
        into.settimeout(10)
        feed = threading.Thread(target=lambda: (out.sendall(bytes(size)), out.shutdown(socket.SHUT_WR)))
        feed.start()
        with into:
            got = sum(iter(lambda: len(into.recv(65536)), 0))
        feed.join()
    return got


def test_hosts_protected_in_transport_mode(world):
    """ESP between the routers themselves: the header stays, the payload goes."""
    text = []
    for n, me, you in ((1, NEAR, FAR), (2, FAR, NEAR)):
        old = 'permit ipv6 {} {}'.format(*((NEAR_LAN, FAR_LAN) if n == 1 else (FAR_LAN, NEAR_LAN)))
        text.append(map_words(n, esp='transport').replace(old, f'permit ipv6 host {me} host {you}'))
    stop = world.watch()
    a, b = world.router(world.a, text[0]), world.router(world.b, text[1])
    reaches(world.a, FAR)
    got = pings(world.a, FAR)
    assert not got.lost, a.log() + b.log()
    large(world.a, FAR, 1440)
    assert sends(world.a, world.b, FAR) == 200000
    assert 'in use settings ={Transport' in a.cli('show crypto ipsec sa')
    assert stop() == []


@pytest.mark.parametrize('mode,outer,inner,esp', [
    ('gre ipv6', 6, 6, 'transport'), ('ipsec ipv6', 6, 6, 'tunnel'), ('ipsec ipv4 v6-overlay', 4, 6, 'tunnel'),
    ('ipsec ipv6 v4-overlay', 6, 4, 'tunnel'), ('ipv6', 6, 6, 'transport'),
    *(pytest.param(*case, marks=slow) for case in (
        ('gre ipv6', 6, 4, 'tunnel'), ('gre ip', 4, 6, 'transport'), ('ipv6', 6, 4, 'tunnel'),
        ('ipv6ip', 4, 6, 'transport'), ('ipv6ip', 4, 6, 'tunnel')))])
def test_a_protected_tunnel(world, mode, outer, inner, esp):
    stop = world.watch()
    a = world.router(world.a, tunnel_words(1, mode, outer, inner, esp=esp))
    b = world.router(world.b, tunnel_words(2, mode, outer, inner, esp=esp))
    to = '2001:db8:172::2' if inner == 6 else '172.16.0.2'
    reaches(world.a, to)
    got = pings(world.a, to)
    assert not got.lost, a.log() + b.log()
    large(world.a, to, 3000)
    assert 'Tunnel0 is up, line protocol is up' in a.cli('show interfaces Tunnel0')
    assert stop() == []


def in_pieces(ns, proto, data):
    """From FAR to NEAR, cut before it is steered into the SA, as other routers do over IPv6."""
    data, ident = bytes(data), time.monotonic_ns() & 0xffffffff
    with ns.socket(socket.SOCK_RAW, socket.IPPROTO_RAW, family=socket.AF_INET6) as s:
        for at, more in ((0, 1), (800, 0)):
            part = data[at:at + 800] if more else data[at:]
            s.sendto(bytes(IPv6(src=FAR, dst=NEAR, nh=44) /
                           IPv6ExtHdrFragment(nh=proto, m=more, offset=at // 8, id=ident) / part), (NEAR, 0))


@pytest.mark.parametrize('mode', ['gre ipv6', pytest.param('ipv6', marks=slow)])
def test_a_tunnels_own_list_is_about_what_it_carries(world, mode):
    """Not about its header, fragments of which come out of the SA by the same device."""
    acl = 'ipv6 access-list IN\n permit icmp any any\n'
    a = world.router(world.a, acl + tunnel_words(1, mode, 6).replace(
        'interface Tunnel0\n', 'interface Tunnel0\n ipv6 traffic-filter IN in\n'))
    world.router(world.b, map_words(2).replace(f'ipv6 {FAR_LAN} {NEAR_LAN}',
                                               f'{"47" if "gre" in mode else "ipv6"} host {FAR} host {NEAR}'))
    proto = 47 if 'gre' in mode else 41
    echo = IPv6(src='2001:db8:172::2', dst='2001:db8:172::1') / ICMPv6EchoRequest(id=7, data=bytes(1192))
    data = bytes(GRE(proto=0x86dd) / echo if proto == 47 else echo)

    def answered():
        with world.b.socket(socket.SOCK_RAW, proto, bind=(FAR, 0), family=socket.AF_INET6) as s:
            s.settimeout(1)
            in_pieces(world.b, proto, data)
            with contextlib.suppress(TimeoutError):
                while True:
                    got = s.recv(2048)[4 if proto == 47 else 0:]
                    if ICMPv6EchoReply in IPv6(got):
                        return True
        return False
    until(answered, 20, 'a packet in pieces')
    # the list judges what it is about
    a.cli('enable; configure terminal; ipv6 access-list IN; no permit icmp any any; permit udp any any; end')
    until(lambda: not answered(), 10)


@pytest.mark.parametrize('mode,outer,inner', [
    ('gre ipv6', 6, 6), ('ipv6', 6, 4), ('ipv6ip', 4, 6), pytest.param('gre ipv6', 6, 4, marks=slow),
    pytest.param('ipv6', 6, 6, marks=slow), pytest.param('gre ip', 4, 6, marks=slow)])
def test_a_tunnel_in_clear(world, mode, outer, inner):
    """Both ends are ours here."""
    a = world.router(world.a, tunnel_words(1, mode, outer, inner, protected=False))
    world.router(world.b, tunnel_words(2, mode, outer, inner, protected=False))
    to = '2001:db8:172::2' if inner == 6 else '172.16.0.2'
    reaches(world.a, to)
    assert not pings(world.a, to).lost, a.log()


def test_nothing_leaves_in_clear_whatever_dies(world):
    stop = world.watch()
    a, b = world.router(world.a, map_words(1)), world.router(world.b, map_words(2))
    reaches(world.hosts[0], '2001:db8:2::10')
    flood = world.hosts[0].popen('ping', '-n', '-i', '0.005', '2001:db8:2::10', log=world.net.dir / 'flood')
    _, forwarder, control = a.pids()
    os.kill(forwarder, signal.SIGKILL)
    reaches(world.hosts[0], '2001:db8:2::10', 30)
    os.kill(control, signal.SIGKILL)
    until(lambda: control not in a.pids() and 'FastEthernet' in a.cli('show ip interface brief'), 20)
    reaches(world.hosts[0], '2001:db8:2::10', 30)
    a.cli('clear crypto sa')
    reaches(world.hosts[0], '2001:db8:2::10', 30)
    b.kill()
    time.sleep(1)
    world.routers.remove(b)
    a.kill()
    time.sleep(0.5)
    flood.terminate()
    flood.wait(timeout=10)
    assert stop() == []


@pytest.mark.parametrize('mode,outer,inner,esp', [
    ('gre ipv6', 6, 6, 'transport'), pytest.param('ipsec ipv6', 6, 6, 'tunnel', marks=slow),
    pytest.param('ipv6ip', 4, 6, 'transport', marks=slow), pytest.param('ipv6', 6, 4, 'transport', marks=slow),
    pytest.param('ipsec ipv4 v6-overlay', 4, 6, 'tunnel', marks=slow)])
def test_a_protected_tunnel_stays_closed_whatever_dies(world, mode, outer, inner, esp):
    stop = world.watch()
    a = world.router(world.a, tunnel_words(1, mode, outer, inner, esp=esp))
    b = world.router(world.b, tunnel_words(2, mode, outer, inner, esp=esp))
    to = '2001:db8:172::2' if inner == 6 else '172.16.0.2'
    reaches(world.a, to)
    flood = world.a.popen('ping', '-n', '-i', '0.005', to, log=world.net.dir / 'flood')
    for which in (1, 2):
        pid = a.pids()[which]
        os.kill(pid, signal.SIGKILL)
        until(lambda: pid not in a.pids() and len(a.pids()) == 3, 20, 'a new process')
        reaches(world.a, to, 30)
    b.kill()
    time.sleep(0.5)
    a.kill()
    time.sleep(0.5)
    flood.terminate()
    flood.wait(timeout=10)
    assert stop() == []


def test_cleartext_that_should_be_protected_is_dropped(world):
    a = world.router(world.a, map_words(1))
    for lan in ('all', 'default'):
        world.b.sysctl(f'net.ipv6.conf.{lan}.forwarding', 1)
    world.b.ip('-6', 'addr', 'add', f'{FAR}/64', 'dev', 'wan', 'nodad')
    world.b.ip('-6', 'addr', 'add', '2001:db8:2::1/64', 'dev', 'lan', 'nodad')
    world.b.ip('-6', 'route', 'add', NEAR_LAN, 'via', NEAR)
    assert len(pings(world.hosts[1], '2001:db8:1::10', 3, wait=1).lost) == 3
    until(lambda: 'RECVD_PKT_NOT_IPSEC' in a.log(), 10, 'the log')


@pytest.mark.parametrize('start', ['us', 'peer'])
def test_strongswan_over_ipv6(world, start):
    """ESP in UDP 4500 over IPv6: kernel-libipsec speaks nothing else."""
    world.b.ip('-6', 'addr', 'add', f'{FAR}/64', 'dev', 'wan', 'nodad')
    world.b.ip('-6', 'addr', 'add', '2001:db8:2::1/64', 'dev', 'lan', 'nodad')
    for where in ('all', 'default'):
        world.b.sysctl(f'net.ipv6.conf.{where}.forwarding', 1)
    with Charon(world.b) as peer:
        peer.load({'c': connection(FAR, NEAR, 'aes256-sha256-modp2048',
                                   {'t': child(FAR_LAN, NEAR_LAN, 'aes256-sha256')})})
        a = world.router(world.a, map_words(1))
        if start == 'peer':
            until(lambda: peer.initiate('t', ok=False).returncode == 0, 20, 'the negotiation')
        reaches(world.hosts[0], '2001:db8:2::10')
        got = pings(world.hosts[0], '2001:db8:2::10')
        assert got.sent == 5 and not got.lost, a.log() + peer.log()
        one, = peer.children()
        assert int(one['packets-in']) >= 6 and int(one['packets-out']) >= 6
