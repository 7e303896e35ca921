# SPDX-License-Identifier: Apache-2.0
"""Routers that negotiate over IPv6 and carry: crypto maps of every kind, tunnels of every mode with protection, and
strongSwan on the other side. Nothing is in clear on the wire."""
import pytest

from ikecore import FAR6, NEAR6, PEER, PEER6, US, US6, World
from peers.netns import until
from peers.tshark import rows
from router import Router

slow = pytest.mark.slow
ECHO = 'icmpv6.type == 128 || icmpv6.type == 129 || icmp.type == 8 || icmp.type == 0'

COMMON = """ipv6 unicast-routing
crypto isakmp policy 10
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
crypto isakmp key secretkey address ipv6 2001:db8::/64
crypto isakmp key secretkey address 192.0.2.0 255.255.255.0
crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac
 mode {mode}
"""
INTERFACE = """interface FastEthernet0/1
 ip address {us4} 255.255.255.0
 ipv6 address {us}/64
"""
STATIC = """ipv6 access-list CRYPT
 permit ipv6 {near} {far}
crypto map ipv6 M 10 ipsec-isakmp
 set peer {peer}
 set transform-set TS
{more} match address CRYPT
"""
DYNAMIC = """crypto dynamic-map D 10
 set transform-set TS
crypto map ipv6 M 10 ipsec-isakmp dynamic D
"""
TUNNEL = """crypto ipsec profile P
 set transform-set TS
interface Tunnel0
 ip address 10.99.0.{n} 255.255.255.0
 ipv6 address 2001:db8:ffff::{n}/64
 tunnel source {source}
 tunnel destination {destination}
 tunnel mode {tunnel}
 tunnel protection ipsec profile P
"""
OURS = {'n': 1, 'us': US6, 'peer': PEER6, 'us4': US, 'peer4': PEER, 'near': NEAR6, 'far': FAR6}
THEIRS = {'n': 2, 'us': PEER6, 'peer': US6, 'us4': PEER, 'peer4': US, 'near': FAR6, 'far': NEAR6}


@pytest.fixture
def world():
    w = World(v6=True)
    w.them.route(NEAR6, US6)
    try:
        yield w
    finally:
        w.close()


def routers(world, ours, theirs, mode='tunnel', **words):
    return [Router(ns, (COMMON + text).format(mode=mode, more=words.get('more', ''), tunnel=words.get('tunnel'),
                                              source=side[words.get('ends', 'us')],
                                              destination=side[words.get('ends', 'us').replace('us', 'peer')], **side))
            for ns, text, side in ((world.us, ours, OURS), (world.them, theirs, THEIRS))]


def reaches(ns, to, source=None):
    """The first packets may be lost while it is negotiated."""
    until(lambda: not ns.ping(to, 1, source=source, wait=1).result().lost, 20, f'a ping of {to}')
    got = ns.ping(to, 5, source=source).result()
    assert got.sent == 5 and not got.lost, got.out


def protected(world):
    pcap = world.capture.stop()
    assert rows(pcap, ['frame.number'], ECHO) == []
    assert len(rows(pcap, ['frame.number'], 'esp')) >= 10


@pytest.mark.parametrize('hub,more', [pytest.param(STATIC, '', id='static', marks=slow),
                                      pytest.param(DYNAMIC, '', id='dynamic'),
                                      pytest.param(STATIC, ' set security-association level per-host\n', id='per-host',
                                                   marks=slow)])
def test_crypto_maps_of_ipv6(world, hub, more):
    applied = INTERFACE + ' ipv6 crypto map M\n'
    us, hub = routers(world, STATIC + applied, hub + applied, more=more)
    reaches(world.us, '2001:db8:2::1', '2001:db8:1::1')
    assert ' state: QM_IDLE ' in us.cli('show crypto isakmp sa')
    hub.cli('clear crypto sa')
    reaches(world.us, '2001:db8:2::1', '2001:db8:1::1')
    reaches(world.them, '2001:db8:1::1', '2001:db8:2::1')
    protected(world)
    for r in (us, hub):
        r.stop()


@pytest.mark.parametrize('tunnel,ends,inner,mode', [
    pytest.param('gre ipv6', 'us', '46', 'transport', id='gre6-transport'),
    pytest.param('gre ipv6', 'us', '46', 'tunnel', id='gre6-tunnel', marks=slow),
    pytest.param('gre ip', 'us4', '46', 'transport', id='gre4', marks=slow),
    pytest.param('ipsec ipv6', 'us', '6', 'tunnel', id='vti6', marks=slow),
    pytest.param('ipsec ipv4 v6-overlay', 'us4', '6', 'tunnel', id='vti4-v6', marks=slow),
    pytest.param('ipsec ipv6 v4-overlay', 'us', '4', 'tunnel', id='vti6-v4', marks=slow)])
def test_protected_tunnels(world, tunnel, ends, inner, mode):
    us, them = routers(world, INTERFACE + TUNNEL, INTERFACE + TUNNEL, mode, tunnel=tunnel, ends=ends)
    for family, to in (('4', '10.99.0.2'), ('6', '2001:db8:ffff::2')):
        if family in inner:
            reaches(world.us, to)
    protected(world)
    for r in (us, them):
        r.stop()


@pytest.mark.parametrize('role', [pytest.param('initiator', marks=slow), 'responder'])
def test_strongswan_carries_over_ipv6(world, role):
    """kernel-libipsec: ESP in UDP 4500."""
    peer = world.swan('aes256-sha256-modp2048', 'aes256-sha256', 'libipsec', FAR6, NEAR6)
    router = Router(world.us, (COMMON + STATIC + INTERFACE).format(mode='tunnel', more='', **OURS) + ' ipv6 crypto map M\n')
    if role == 'responder':
        peer.initiate('t')
    reaches(world.us, '2001:db8:2::1', '2001:db8:1::1')
    one, = peer.children()
    assert int(one['packets-in']) >= 5 and int(one['packets-out']) >= 5
    protected(world)
    router.stop()
