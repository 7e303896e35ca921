# SPDX-License-Identifier: Apache-2.0
"""What test_ike_dpd.py proves, where IOS's shortest times are minutes."""
import time

import pytest

from ikecore import FAR, NEAR, PEER, US
from peers.netns import until
from peers.strongswan import child, connection
from test_ike_dpd import ESP, PEER2, SUITE, gone, no_pairs, reaches, start, world  # noqa: F401 (a fixture)

pytestmark = pytest.mark.no_way('the IKE core on a socket of its own: no forwarder')


def test_a_pair_that_nobody_uses_is_deleted_at_both_ends(world):  # noqa: F811
    peer, router = start(world, 'crypto isakmp keepalive 10 2', ' set security-association idle-time 60\n')
    mark = peer.mark()
    time.sleep(50)
    assert peer.children() and 'INFORMATIONAL' not in peer.since(mark)
    until(lambda: not peer.children(), 25, 'the end of the idle pair at charon')
    assert 'received DELETE for ESP CHILD_SA' in peer.since(mark)
    assert no_pairs(router) and not gone(router)
    reaches(world)  # the next packet makes another


def test_the_default_peer_comes_back(world):  # noqa: F811
    world.them.addr('wan', f'{PEER2}/24')
    conns = {name: connection(at, US, SUITE, {f't{name}': child(FAR, NEAR, ESP)}) for name, at in
             (('a', PEER), ('b', PEER2))}
    lines = f'crypto isakmp keepalive 10 2 periodic\ncrypto isakmp key secretkey address {PEER2}'
    _, router = start(world, lines, f' set peer {PEER2}\n set peer {PEER} default\n', conns)
    assert f'Current peer: {PEER}\n' in router.cli('show crypto map')
    world.them.run('nft', 'add table ip cut; add chain ip cut in { type filter hook input priority 0; }; '
                          f'add rule ip cut in ip daddr {PEER} drop')
    until(lambda: f'Peer {PEER} answered none' in router.log(), 40, 'the discovery')
    reaches(world)
    assert f'Current peer: {PEER2}\n' in router.cli('show crypto map')
    world.them.run('nft', 'delete table ip cut')
    router.cli('clear crypto sa')
    reaches(world)
    assert f'Current peer: {PEER2}\n' in router.cli('show crypto map')  # so soon it is left alone
    time.sleep(62)
    router.cli('clear crypto sa')
    reaches(world)
    assert f'Current peer: {PEER}\n' in router.cli('show crypto map')
