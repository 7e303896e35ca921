# SPDX-License-Identifier: Apache-2.0
"""A whole Culvert router against strongSwan's user-space ESP: SAs, pings, rekeying.
kernel-libipsec speaks ESP in UDP 4500 only, as if behind NAT (RFC 3947, 3948)."""
import re
import time

import pytest

from ikecore import World, US, PEER
from peers.strongswan import child, connection
from peers.netns import until
from peers.tshark import rows
from router import Router, config

NEAR, FAR = '10.1.0.0/24', '10.2.0.0/24'
LAN = 'ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255'
SUITES = ['3des-sha1-modp1024', 'aes256-sha1-modp1024', 'aes128-sha256-modp2048', 'des-md5-modp768']


@pytest.fixture
def world():
    w = World()
    w.us.addr('lo', '10.1.0.1/32')
    try:
        yield w
    finally:
        w.close()


def start(world, suite, pfs=False, permits=(LAN,), children=None, conn=None, **cfg):
    esp = '-'.join(suite.split('-')[:2]) + (f"-{suite.split('-')[2]}" if pfs else '')
    children = children or {'t': child(FAR, NEAR, esp)}
    peer = world.charon({'c': connection(PEER, US, suite, children, **(conn or {}))})
    router = Router(world.us, config(suite, US, PEER, permits, pfs=pfs, **cfg))
    return peer, router


def ping(world, count=5, **kw):
    return world.us.ping('10.2.0.1', count, source='10.1.0.1', **kw)


@pytest.mark.parametrize('pfs', [False, True], ids=['nopfs', 'pfs'])
@pytest.mark.parametrize('suite', SUITES)
def test_first_ping_is_not_lost_and_both_list_the_pair(world, suite, pfs):
    peer, router = start(world, suite, pfs)
    got = ping(world).result()
    assert got.sent == 5 and not got.lost, router.log() + peer.log()
    assert re.search(r'QM_IDLE\s+1001 ACTIVE', router.cli('show crypto isakmp sa'))
    one, = peer.children()
    assert int(one['packets-in']) == 5 and int(one['packets-out']) == 5
    assert '#pkts encaps: 5' in router.cli('show crypto ipsec sa')


@pytest.mark.parametrize('suite', SUITES)
def test_peer_starts_and_packets_cross(world, suite):
    peer, router = start(world, suite)
    peer.initiate('t')
    got = ping(world).result()
    assert got.sent == 5 and not got.lost, router.log() + peer.log()


def test_each_permit_line_has_a_pair_of_its_own(world):
    nets = ['10.2.0', '10.3.0']
    children = {f't{i}': child(f'{n}.0/24', NEAR, '3des-sha1') for i, n in enumerate(nets)}
    permits = [f'ip 10.1.0.0 0.0.0.255 {n}.0 0.0.0.255' for n in nets]
    world.us.route('10.3.0.0/24', PEER)
    peer, router = start(world, SUITES[0], permits=permits, children=children)
    for n in nets:
        got = world.us.ping(f'{n}.1', 3, source='10.1.0.1').result()
        assert got.sent == 3 and not got.lost, router.log()
    assert sorted(c['remote-ts'] == [NEAR] and c['local-ts'][0] for c in peer.children()) == \
        [f'{n}.0/24' for n in nets]
    assert 'IPsec SA total: 4, active: 4' in router.cli('show crypto ipsec sa count')


def test_rekey_of_both_phases_loses_no_packet(world):
    peer, router = start(world, SUITES[1], seconds=120)
    assert not ping(world, 2).result().lost
    stream = ping(world, 100000, interval=0.02)
    for _ in range(3):
        before = {c['spi-in'] for c in peer.children()}
        peer.rekey(child='t')
        until(lambda: {c['spi-in'] for c in peer.children()} - before, 10, 'a new child')
        time.sleep(0.5)
        peer.rekey(ike='c', ok=False)
        time.sleep(0.5)
    got = stream.stop()
    assert got.sent > 20 and not got.lost, (got.lost, router.log())


def test_wrong_key_is_named(world):
    peer = world.charon({'c': connection(PEER, US, SUITES[1], {'t': child(FAR, NEAR, 'aes256-sha1')})})
    peer.load({'c': connection(PEER, US, SUITES[1], {'t': child(FAR, NEAR, 'aes256-sha1')})}, psk='other')
    router = Router(world.us, config(SUITES[1], US, PEER, [LAN]))
    ping(world, 2, wait=1).result()
    assert 'MM_KEY_EXCH' in router.cli('show crypto isakmp sa')


def test_mismatched_policy_is_refused_with_a_reason(world):
    peer, router = start(world, SUITES[0])
    peer.load({'c': connection(PEER, US, 'aes128-sha256-modp2048', {'t': child(FAR, NEAR, '3des-sha1')})})
    ping(world, 2, wait=1).result()
    until(lambda: 'NO_PROPOSAL_CHOSEN' in router.cli('show crypto session'), 10, 'the reason')


def test_nothing_but_ike_and_esp_in_udp_is_on_the_wire(world):
    peer, router = start(world, SUITES[0])
    ping(world, 3).result()
    router.stop()
    pcap = world.capture.stop()
    seen = rows(pcap, ['ip.proto', 'udp.dstport'], 'ip')
    assert seen and {tuple(r) for r in seen} <= {('17', '500'), ('17', '4500')}
