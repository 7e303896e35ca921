# SPDX-License-Identifier: Apache-2.0
"""What a router says about a packet that came by a protected tunnel: by the way that its table has to the sender,
which is the tunnel's unless somebody configured another one. tcpdump on the wire between the routers."""
import pytest

from peers.netns import until
from test_ipv6_tunnels import TUNNEL, field  # noqa: F401


def said(f, to, *args):
    return f.h[1].run('ping', '-n', '-c', 1, '-W', 4, *args, to, ok=False).stdout


@pytest.mark.parametrize('mode', ['gre ip', pytest.param('ipsec ipv4', marks=pytest.mark.slow)])
def test_errors_go_back_by_the_tunnel(field, mode):  # noqa: F811
    f = field(TUNNEL, mode=mode, outer='192.0.2.')
    f.reach(4)
    f.r[2].ip('link', 'set', 'lan', 'mtu', 1300)
    assert 'Time to live exceeded' in said(f, '10.2.0.2', '-t', 2)
    assert 'Destination Host Unreachable' in said(f, '10.2.0.77')
    assert 'mtu = 1300' in said(f, '10.2.0.2', '-s', 1340, '-M', 'do')
    if 'gre' in mode:
        f.reach(6)
        assert 'Hop limit' in said(f, '2001:db8:2::2', '-t', 2)
        assert 'Address unreachable' in said(f, '2001:db8:2::77')
        assert 'mtu=1300' in said(f, '2001:db8:2::2', '-s', 1340, '-M', 'do')
    assert not f.clear()
    # the tunnel is gone, and its route's twin holds what would have gone back by it
    f.router[2].cli('enable; configure terminal; interface Tunnel0; shutdown; end')
    assert not said(f, '10.2.0.2', '-t', 2).count('exceeded')
    assert not f.clear()


@pytest.mark.slow
def test_the_table_decides_where_errors_go_as_it_does_of_answers(field):  # noqa: F811
    """As an IOS router: what a tunnel protects is what is routed into it."""
    f = field(TUNNEL, mode='gre ip', outer='192.0.2.')
    f.reach(4)
    assert not f.clear()
    f.router[2].cli('enable; configure terminal; no ip route 10.1.0.0 255.255.255.0 Tunnel0; '
                    'ip route 10.1.0.0 255.255.255.0 192.0.2.1; end')
    until(lambda: ' 0% packet loss' in said(f, '10.2.0.2'), 10, 'an answer by the other way')
    assert 'Time to live exceeded' in said(f, '10.2.0.2', '-t', 2)
    seen = f.clear()
    assert any('ICMP echo reply' in x for x in seen) and any('time exceeded' in x for x in seen), seen
    assert not any('ICMP echo request' in x for x in seen), seen
