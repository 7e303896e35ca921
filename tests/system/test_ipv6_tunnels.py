# SPDX-License-Identifier: Apache-2.0
"""Two routers over IPv6, by their configurations alone: crypto maps of both families on one interface,
and every tunnel mode that has IPv6 inside or outside. tcpdump on the wire between them sees whether
anything passed in clear."""
import os
import signal
import time

import pytest

from layout import compare
from peers.netns import Net, until
from router import Router

COMMON = '''hostname R{n}
ipv6 unicast-routing
crypto isakmp policy 10
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
crypto isakmp key a-long-random-secret-1 address ipv6 2001:db8::{o}/128
crypto isakmp key a-long-random-secret-2 address 192.0.2.{o}
crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac
 mode tunnel
crypto ipsec profile IP
 set transform-set TS
interface FastEthernet0/0
 ip address 10.{n}.0.1 255.255.255.0
 ipv6 address 2001:db8:{n}::1/64
interface FastEthernet0/1
 ip address 192.0.2.{n} 255.255.255.0
 ipv6 address 2001:db8::{n}/64
'''
MAPS = COMMON + ''' crypto map CM
 ipv6 crypto map CM6
access-list 101 permit ip 10.{n}.0.0 0.0.0.255 10.{o}.0.0 0.0.0.255
ipv6 access-list V6
 permit ipv6 2001:db8:{n}::/64 2001:db8:{o}::/64
crypto map CM 10 ipsec-isakmp
 set peer 192.0.2.{o}
 set transform-set TS
 match address 101
crypto map ipv6 CM6 10 ipsec-isakmp
 set peer 2001:db8::{o}
 set transform-set TS
 match address V6
ip route 10.{o}.0.0 255.255.255.0 192.0.2.{o}
ipv6 route 2001:db8:{o}::/64 2001:db8::{o}
'''
TUNNEL = COMMON + '''interface Tunnel0
 ip address 172.16.0.{n} 255.255.255.0
 ipv6 address 2001:db8:ffff::{n}/64
 tunnel source FastEthernet0/1
 tunnel destination {outer}{o}
 tunnel mode {mode}
 tunnel protection ipsec profile IP
ip route 10.{o}.0.0 255.255.255.0 Tunnel0
ipv6 route 2001:db8:{o}::/64 Tunnel0
'''
MODES = [  # mode, ends, what it carries
    ('gre ip', 4, (4, 6)), ('gre ipv6', 6, (4, 6)), ('ipv6', 6, (4, 6)), ('ipv6ip', 4, (6,)),
    ('ipsec ipv6', 6, (6,)), ('ipsec ipv4 v6-overlay', 4, (6,)), ('ipsec ipv6 v4-overlay', 6, (4,)),
]


class Field:
    def __init__(self, text, **more):
        self.net = Net()
        self.r = {n: self.net.ns(f'r{n}') for n in (1, 2)}
        self.h = {n: self.net.ns(f'h{n}') for n in (1, 2)}
        self.net.link(self.r[1], 'wan', '192.0.2.1/24', self.r[2], 'wan', '192.0.2.2/24')
        for n in (1, 2):
            self.net.link(self.r[n], 'lan', f'10.{n}.0.1/24', self.h[n], 'eth0', f'10.{n}.0.2/24')
            self.h[n].route('default', f'10.{n}.0.1')
            self.h[n].sysctl('net.ipv6.conf.eth0.disable_ipv6', 0)
            self.h[n].ip('addr', 'add', f'2001:db8:{n}::2/64', 'dev', 'eth0', 'nodad')
            self.h[n].ip('-6', 'route', 'add', 'default', 'via', f'2001:db8:{n}::1')
        self.wire = self.net.dir / 'wire'
        self.tap = self.r[2].popen('tcpdump', '-lnni', 'wan', log=self.wire)
        until(lambda: 'listening' in self.wire.read_text(), 5, 'tcpdump')
        self.router = {n: Router(self.r[n], text.format(n=n, o=3 - n, **more),
                                 args=['--interface', 'FastEthernet0/0=lan']) for n in (1, 2)}

    def reach(self, family, seconds=20):
        to = '2001:db8:2::2' if family == 6 else '10.2.0.2'
        until(lambda: ' 0% packet loss' in self.h[1].run('ping', f'-{family}', '-n', '-c', 1, '-W', 1, to,
                                                         ok=False).stdout, seconds, f'an answer of IPv{family}')

    def lost(self, family):
        to = '2001:db8:2::2' if family == 6 else '10.2.0.2'
        return ' 100% packet loss' in self.h[1].run('ping', f'-{family}', '-n', '-c', 2, '-i', '0.2', '-W', 1, to,
                                                    ok=False).stdout

    def clear(self):
        """What was seen on the wire and is neither IKE, ESP nor of neighbours."""
        time.sleep(0.3)
        known = ('isakmp', 'ESP(spi', 'ARP', 'neighbor', 'router', 'multicast listener', 'listening', 'verbose', 'udp port 500 unreachable')
        return [x for x in self.wire.read_text().splitlines() if not any(k in x for k in known)]


@pytest.fixture
def field():
    made = []

    def make(text, **more):
        made.append(Field(text, **more))
        return made[-1]
    yield make
    for f in made:
        f.net.close()


def test_both_families_of_an_interface_are_protected_and_stay_so(field):
    f = field(MAPS)
    f.reach(6)
    f.reach(4)
    sas = f.router[1].cli('show crypto isakmp sa')
    for command, layout in (('map', 'map'), ('ipsec sa', 'ipsec-sa'), ('isakmp sa', 'isakmp-sa'), ('mtu', 'mtu')):
        compare(f.router[1], f'show crypto {command}', layout)
    assert ' dst: 2001:DB8::2\n src: 2001:DB8::1\n state: QM_IDLE ' in sas
    assert '192.0.2.2       192.0.2.1       QM_IDLE ' in sas
    os.kill(f.router[1].pids()[2], signal.SIGKILL)  # control: the SAs go on
    f.reach(6)
    os.kill(f.router[1].pids()[1], signal.SIGKILL)  # the forwarder: they are negotiated anew
    f.reach(6)
    f.reach(4)
    assert not f.clear()


@pytest.mark.slow
@pytest.mark.parametrize('mode, ends, carries', MODES, ids=[m[0] for m in MODES])
def test_tunnels_carry_what_their_mode_says(field, mode, ends, carries):
    f = field(TUNNEL, mode=mode, outer='2001:db8::' if ends == 6 else '192.0.2.')
    for family in carries:
        f.reach(family)
    for family in {4, 6} - set(carries):
        assert f.lost(family)
    assert not f.clear()
