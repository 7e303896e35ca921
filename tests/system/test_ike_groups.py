# SPDX-License-Identifier: Apache-2.0
"""Every Diffie-Hellman group of `group` and `set pfs`, in both phases, agreed with strongSwan."""
import pytest

from ikecore import GROUPS, LAN, World, agree
from peers.tshark import MAIN_MODE, rows

pytestmark = pytest.mark.no_way('the IKE core on a socket of its own: no forwarder')

# bytes of a public value: a curve's is x and y (RFC 5903 section 7)
KE_LEN = {'modp1536': 192, 'modp2048': 256, 'ecp256': 64, 'ecp384': 96, 'ecp521': 132, 'modp2048s256': 256}


@pytest.fixture
def world():
    w = World()
    try:
        yield w
    finally:
        w.close()


@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('name', KE_LEN)
def test_group_in_both_phases(world, name, role):
    peer = world.swan(f'aes256-sha256-{name}', f'aes128-sha1-{name}')
    core = world.core(f'aes256-sha256-{name}', f'{LAN} set=aes128+sha1 pfs={GROUPS[name]}')
    if role == 'initiator':
        core.cmd('acquire 1')
    else:
        peer.initiate('t')
    agree(core, peer)
    theirs, = peer.sas()
    c, = peer.children()
    shown = {'ecp256': 'ECP_256', 'ecp384': 'ECP_384', 'ecp521': 'ECP_521',
             'modp2048s256': 'MODP_2048_256'}.get(name, name.upper().replace('MODP', 'MODP_'))
    assert (theirs['dh-group'], c['dh-group']) == (shown, shown)
    sizes = rows(world.capture.stop(), ['isakmp.key_exchange.data'],
                 f'isakmp.exchangetype == {MAIN_MODE} && isakmp.key_exchange.data')
    assert [len(d.replace(':', '')) // 2 for (d,) in sizes] == [KE_LEN[name]] * 2
