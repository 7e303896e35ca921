# SPDX-License-Identifier: Apache-2.0
"""The labs with routing protocols: FRR's ospfd and eigrpd, unmodified, across TunnelN. A look
at the wire between the routers says that nothing of it passes in clear."""
import re
import shutil
import tempfile
import time
import pathlib

import pytest

from conftest import ROOT
from peers.netns import need, until
from test_router import capture, clear_lines, lab, lost

TO = {'R1': '10.2.2.0/24', 'R2': '10.1.1.0/24'}


@pytest.fixture
def copy():
    """A lab of this repository, with changes: copy('gre-ospf', ('mode transport', 'mode tunnel'))."""
    need('vtysh', 'tcpdump')
    folder = pathlib.Path(tempfile.mkdtemp(prefix='culvert-routing-'))

    def make(name, *changes):
        shutil.copy(ROOT / 'labs' / 'frr.sh', folder)
        shutil.copytree(ROOT / 'labs' / name, folder / name)
        for file in (folder / name).glob('R?.cfg'):
            text = file.read_text()
            for old, new in changes:
                assert old in text, f'{file} has no {old}'
                text = text.replace(old, new)
            file.write_text(text)
        return folder / name
    try:
        yield make
    finally:
        shutil.rmtree(folder)


def vty(it, node, command):
    return it.host(node, it.folder.parent / 'frr.sh', 'show', command, check=False)


def full(it, node):
    return re.search(r' Full/- ', vty(it, node, 'show ip ospf neighbor'))


def route(it, node, proto):
    """In the kernel, where packets are: by the tunnel, and by that protocol."""
    found = it.host(node, 'ip', 'route', 'show', TO[node])  # eigrpd may leave a dead next hop beside the new one
    if f'proto {proto} ' not in found or not re.search(r'via 172\.16\.0\.\d dev Tunnel0 ', found):
        return False
    code = {'ospf': r'O +\S+ \[110/20\]', 'eigrp': r'D +\S+ \[90/20\]'}[proto]  # and that is what the router shows
    return re.search(rf'^{code} via 172\.16\.0\.\d, Tunnel0$', it.cli(node, 'show ip route'), re.M)


def both(it, what, seconds, *more):
    for node in ('R1', 'R2'):
        try:
            until(lambda: what(it, node, *more), seconds, f'{what.__name__} on {node}')
        except AssertionError as e:
            log = it.host(node, 'sh', '-c', 'tail -n 20 /tmp/culvert-frr-$(stat -Lc %i /proc/self/ns/net)/*.log')
            raise AssertionError(f'{e}\n' + it.host(node, 'ip', 'route') + vty(it, node, 'show ip route') +
                                 vty(it, node, 'show ip eigrp topology') + log) from e


def crosses(it):
    assert lost(it.host('H1', 'ping', '-c', '3', '-i', '0.2', '-W', '5', '10.2.2.10')) == 0
    # as large as the tunnel's ip mtu, and not to be cut
    mtu = re.search(r'MTU (\d+) bytes', it.cli('R1', 'show interfaces Tunnel0'))[1]
    assert lost(it.host('H1', 'ping', '-c', '2', '-i', '0.2', '-M', 'do', '-s', str(int(mtu) - 28), '10.2.2.10')) == 0


def fulls(it, node):
    """How often an adjacency became full, by eigrpd's log: 8.4 lists no neighbour behind a device that was once
    without carrier, as Tunnel0 is while there is no way out."""
    return int(it.host(node, 'sh', '-c', "grep -c 'adjacency became full' "
                       '/tmp/culvert-frr-$(stat -Lc %i /proc/self/ns/net)/eigrpd.log'))


def pulled_and_put_back(it, proto, up, seconds):
    before = {n: fulls(it, n) for n in ('R1', 'R2')} if proto == 'eigrp' else {}
    it.host('ISP', 'ip', 'link', 'set', 'eth1', 'down')
    both(it, lambda it, node: not up(it, node), seconds)
    if proto == 'ospf':  # eigrpd of FRR 8.4 leaves its route in the kernel when the neighbour times out
        both(it, lambda it, node: not route(it, node, proto), 10)
    # there is no way round the tunnel, and none in clear
    assert lost(it.host('H1', 'ping', '-c', '2', '-i', '0.2', '-W', '1', '10.2.2.10', check=False)) == 100
    it.host('ISP', 'ip', 'link', 'set', 'eth1', 'up')
    both(it, (lambda it, node: fulls(it, node) > before[node]) if before else up, 40)
    both(it, route, 20, proto)


def ospf(it, mode, pull=True):
    with capture(it, 'ISP', 'eth1') as wire:
        both(it, full, 30)
        both(it, route, 30, 'ospf')
        crosses(it)
        if pull:
            pulled_and_put_back(it, 'ospf', full, 15)
            crosses(it)
    assert len(wire) > 20 and clear_lines(wire) == []
    assert f'in use settings ={{{mode.capitalize()}, }}' in it.cli('R1', 'show crypto ipsec sa')
    tunnel = vty(it, 'R1', 'show ip ospf interface Tunnel0')
    assert 'Network Type POINTOPOINT' in tunnel and 'MTU 14' in tunnel, tunnel


def test_ospf_by_tunnel_protection(copy):
    with lab([], copy('gre-ospf')) as it:
        ospf(it, 'transport', pull=False)
        shown = it.cli('R1', 'show crypto ipsec sa interface Tunnel0')
        assert int(re.search(r'pkts decaps: (\d+)', shown)[1]) > 10, shown


@pytest.mark.slow
@pytest.mark.parametrize('mode,changes', [
    ('transport', []),
    ('tunnel', [('mode transport', 'mode tunnel')]),
    ('tunnel', [('mode transport', 'mode tunnel'),
                (' tunnel protection', ' tunnel mode ipsec ipv4\n tunnel protection')]),
], ids=['gre-transport', 'gre-tunnel', 'vti'])
def test_ospf_survives_a_link_that_was_pulled(copy, mode, changes):
    with lab([], copy('gre-ospf', *changes)) as it:
        ospf(it, mode)


def neighbour(it, node):
    return re.search(r'^\d+ +172\.16\.0\.\d ', vty(it, node, 'show ip eigrp neighbor'), re.M)


@pytest.mark.slow
@pytest.mark.parametrize('mode', ['tunnel', 'transport'])
def test_eigrp_by_a_crypto_map(copy, mode):
    with lab([], copy('gre-eigrp', ('mode tunnel', f'mode {mode}'))) as it:
        with capture(it, 'ISP', 'eth1') as wire:
            both(it, neighbour, 40)
            both(it, route, 40, 'eigrp')
            crosses(it)
            pulled_and_put_back(it, 'eigrp', neighbour, 40)
            crosses(it)
        assert len(wire) > 20 and clear_lines(wire) == []
        assert f'in use settings ={{{mode.capitalize()}, }}' in it.cli('R1', 'show crypto ipsec sa')


@pytest.mark.slow
def test_ospf_by_a_crypto_map(copy):
    """The lab with tunnel protection, in the words of a crypto map on the interface."""
    folder = copy('gre-ospf')
    for me, you, file in (('192.0.2.2', '198.51.100.2', 'R1.cfg'), ('198.51.100.2', '192.0.2.2', 'R2.cfg')):
        text = (folder / file).read_text()
        text = text.replace(' tunnel protection ipsec profile GRE\n', '')
        text = re.sub(r'crypto ipsec profile GRE\n set transform-set AES\n',
                      f'ip access-list extended GRE\n permit gre host {me} host {you}\n'
                      f'crypto map M 10 ipsec-isakmp\n set peer {you}\n set transform-set AES\n match address GRE\n', text)
        (folder / file).write_text(text.replace(f' ip address {me} 255.255.255.252\n',
                                                f' ip address {me} 255.255.255.252\n crypto map M\n'))
    with lab([], folder) as it:
        ospf(it, 'transport')


@pytest.mark.slow
def test_a_crypto_map_alone_carries_no_multicast(copy):
    with lab([], copy('crypto-map-no-multicast')) as it:
        with capture(it, 'ISP', 'eth1') as wire:
            time.sleep(8)
            assert lost(it.host('H1', 'ping', '-c', '3', '-i', '0.2', '-W', '5', '10.2.2.10')) == 0
        # the LAN's pings in ESP; of OSPF nothing, neither in clear nor to a neighbour
        assert any('ESP(' in x for x in wire) and not any('OSPF' in x for x in wire), wire
        for node in ('R1', 'R2'):
            assert 'Neighbor Count is 0' in vty(it, node, 'show ip ospf interface fa0-1')
            assert not full(it, node)
