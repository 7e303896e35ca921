# SPDX-License-Identifier: Apache-2.0
"""Routes that other programs have put into the kernel, as `show ip route` and its kin show them, and a hundred thousand of
them while somebody else asks, too."""
import json
import re
import subprocess

import pytest

from conftest import built
from peers.netns import Net
from router import Router, config
from test_show_parsers import parse

US, PEER = '192.0.2.1', '192.0.2.2'

pytestmark = pytest.mark.no_way('control alone: no packet passes')

# As FRR and others write them: its metric is 20 for all.
ROUTES = f'''
10.2.0.0/16 via {PEER} proto ospf metric 20
10.3.1.0/24 via {PEER} proto eigrp metric 20
10.3.2.0/24 proto bgp metric 20 nexthop via {PEER} nexthop via 192.0.2.9
10.4.0.0/16 via {PEER} proto rip metric 20
10.5.0.0/16 via {PEER} proto isis metric 20
10.6.0.0/16 via {PEER} proto static
10.7.0.0/16 via {PEER}
10.8.0.0/16 via {PEER} proto bird
blackhole 10.9.0.0/16 proto ospf metric 20
198.51.100.0/24 dev wan proto zebra
0.0.0.0/0 via {PEER} proto dhcp metric 100
10.10.0.0/16 via {PEER} proto ospf table 77
10.6.0.0/16 via {PEER} proto ospf metric 30
'''
ROUTES6 = '''
2001:db8:2::/48 via 2001:db8::2 proto ospf metric 20
2001:db8:3::/48 via 2001:db8::2 proto bgp metric 20
blackhole 2001:db8:4::/48 proto static
2001:db8:5::/48 via 2001:db8::2
'''


@pytest.fixture(scope='module')
def router():
    net = Net()
    us, peer = net.ns('us'), net.ns('peer')
    try:
        net.link(us, 'wan', f'{US}/24', peer, 'wan', f'{PEER}/24')
        us.enable_v6()
        text = config('aes256-sha1-modp1024', US, PEER, ['ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255'])
        it = Router(us, text + ' ipv6 address 2001:DB8::1/64\nip route 10.11.0.0 255.255.0.0 Null0\n')
        for line in ROUTES.split('\n')[1:-1]:
            what = line.split()
            us.ip('route', 'add', *what)
        for line in ROUTES6.split('\n')[1:-1]:
            us.ip('-6', 'route', 'add', *line.split())
        yield it
    finally:
        net.close()


def told(router, command):
    return json.loads(router.cli(f'{command} | json'))['routes']


def test_who_put_a_route_there_has_a_letter(router):
    text = router.cli('show ip route')
    lines = text.splitlines()
    for line in (f'O        10.2.0.0/16 [110/20] via {PEER}, FastEthernet0/1', f'D        10.3.1.0/24 [90/20] via {PEER}, FastEthernet0/1',
                 f'B        10.3.2.0/24 [20/20] via {PEER}, FastEthernet0/1', f'R        10.4.0.0/16 [120/20] via {PEER}, FastEthernet0/1',
                 f'i        10.5.0.0/16 [115/20] via {PEER}, FastEthernet0/1', f'S        10.6.0.0/16 [1/0] via {PEER}, FastEthernet0/1',
                 f'K        10.7.0.0/16 [0/0] via {PEER}, FastEthernet0/1', f'K        10.8.0.0/16 [0/0] via {PEER}, FastEthernet0/1',
                 'O        10.9.0.0/16 is directly connected, Null0', 'S        10.11.0.0/16 is directly connected, Null0',
                 'K     198.51.100.0/24 is directly connected, FastEthernet0/1',
                 f'S*    0.0.0.0/0 [254/100] via {PEER}, FastEthernet0/1'):
        assert lines.count(line) == 1, (line, text)
    # the other way stands below the first one, under its bracket
    first = lines.index(f'B        10.3.2.0/24 [20/20] via {PEER}, FastEthernet0/1')
    assert lines[first + 1] == ' ' * lines[first].index('[') + '[20/20] via 192.0.2.9, FastEthernet0/1'
    assert 'K - put there by another program of this host' in text
    assert f'Gateway of last resort is {PEER} to network 0.0.0.0' in text
    assert '10.10.0.0' not in text, 'of another table'
    assert text.count('10.6.0.0') == 1, 'what is worse is not in use'
    assert text.count('192.0.2.0/24 is directly connected') == 1 and 'variably subnetted, 10 subnets, 2 masks' in text


def test_text_and_json_have_the_same(router):
    text = router.cli('show ip route')
    rows = parse('ip_route', text)
    assert [(r['protocol'], r['network'], r['nexthop_ip']) for r in rows] == \
        [(t['code'], t['network'], t['next_hop'] or '') for t in told(router, 'show ip route')]
    hops = [t for t in told(router, 'show ip route') if t['network'] == '10.3.2.0']
    assert [(t['next_hop'], t['distance'], t['metric'], t['interface']) for t in hops] == \
        [(PEER, 20, 20, 'FastEthernet0/1'), ('192.0.2.9', 20, 20, 'FastEthernet0/1')]


@pytest.mark.parametrize('command, code', [
    ('show ip route ospf', 'O'), ('show ip route ospf 1', 'O'), ('show ip route eigrp', 'D'), ('show ip route bgp', 'B'),
    ('show ip route rip', 'R'), ('show ip route isis', 'i'), ('show ip route static', 'S'), ('show ip route connected', '[CL]'),
    ('show ipv6 route connected', '[CL]'), ('show ipv6 route static', 'S'), ('show ipv6 route rip', 'R'),
    ('show ipv6 route bgp', 'B'), ('show ipv6 route bgp 7', 'B'), ('show ipv6 route eigrp', 'D'), ('show ipv6 route eigrp 7', 'D'),
    ('show ipv6 route ospf', 'O'), ('show ipv6 route ospf 7', 'O'), ('show ipv6 route isis', 'I1')])
def test_one_protocol_alone(router, command, code):
    text, rows = router.cli(command), told(router, command)
    assert all(re.fullmatch(code, r['code']) for r in rows)
    assert 'K - put there' not in text
    if command.startswith('show ip '):
        assert rows and [t['network'] for t in rows] == [r['network'] for r in parse('ip_route', text)]
    else:
        assert len(rows) == len(re.findall(r'^     via ', text, re.M))
        assert bool(rows) == (code not in ('R', 'D', 'I1'))


def test_routes_within_and_around(router):
    text = router.cli('show ip route 10.3.0.0 255.255.0.0 longer-prefixes')
    assert '10.3.1.0/24' in text or '10.3.1.0 [' in text
    assert '10.2.0.0' not in text and [t['network'] for t in told(router, 'show ip route 10.3.0.0 255.255.0.0 longer-prefixes')] == \
        ['10.3.1.0', '10.3.2.0', '10.3.2.0']
    text = router.cli('show ip route 10.2.3.4')
    assert 'Routing entry for 10.2.0.0/16\n  Known via "ospf", distance 110, metric 20\n' in text
    assert f'* {PEER}, via FastEthernet0/1\n' in text
    assert router.cli('show ip route 10.3.2.1').count('traffic share count is 1') == 2
    assert router.cli('show ip route 10.99.0.1') == '% Subnet not in table\n'


def test_a_line_for_each_source(router):
    text = router.cli('show ip route summary')
    for source, networks, subnets in (('ospf', 0, 2), ('eigrp', 0, 1), ('bgp', 0, 1), ('rip', 0, 1), ('isis', 0, 1),
                                      ('kernel', 1, 2), ('static', 1, 2)):
        assert re.search(rf'^{source} +{networks} +{subnets} +0 ', text, re.M), (source, text)
    rows = {s['source']: s for s in json.loads(router.cli('show ip route summary | json'))['sources']}
    assert rows['ospf']['subnets'] == 2 and rows['kernel']['networks'] == 1


def test_ipv6(router):
    text = router.cli('show ipv6 route')
    for entry in ('O   2001:DB8:2::/48 [110/20]\n     via 2001:DB8::2, FastEthernet0/1\n',
                  'B   2001:DB8:3::/48 [20/20]\n     via 2001:DB8::2, FastEthernet0/1\n',
                  'S   2001:DB8:4::/48 [1/1024]\n     via Null0, directly connected\n',
                  'K   2001:DB8:5::/48 [0/1024]\n     via 2001:DB8::2, FastEthernet0/1\n'):
        assert text.count(entry) == 1, (entry, text)
    assert text.count('C   2001:DB8::/64 [0/0]\n') == 1 and 'FE80::/' not in text
    entries = re.findall(r'^\w+ +[0-9A-F:]+/\d+ ', text, re.M)
    assert int(re.search(r'default - (\d+) entries', text)[1]) == len(entries)
    assert router.cli('show ipv6 route ospf').count(' [') == 1


def test_tech_support_has_them(router):
    assert f'O        10.2.0.0/16 [110/20] via {PEER}, FastEthernet0/1' in router.cli('show tech-support')


def test_a_route_that_goes_is_gone(router):
    router.ns.ip('route', 'add', '10.12.0.0/16', 'via', PEER, 'proto', 'ospf')
    assert 'O        10.12.0.0/16' in router.cli('show ip route')
    router.ns.ip('route', 'del', '10.12.0.0/16')
    assert '10.12.0.0' not in router.cli('show ip route')


def test_hops_that_a_route_only_has_the_number_of(router):
    """FRR's routes have nexthop objects; a kernel that need not please older programs says only their number."""
    ns = router.ns
    for what in (f'id 5 via {PEER} dev wan', 'id 6 via 192.0.2.9 dev wan', 'id 7 group 5/6', 'id 8 via 2001:db8::2 dev wan'):
        ns.ip('nexthop', 'add', *what.split())
    try:
        for i, nhid in ((1, 5), (2, 7), (3, 8)):
            ns.ip('route', 'add', f'10.20.{i}.0/24', 'nhid', str(nhid), 'proto', 'bgp', 'metric', '20')
        ns.ip('-6', 'route', 'add', '2001:db8:20::/48', 'nhid', '8', 'proto', 'bgp', 'metric', '20')
        said = []
        for mode in ('1', '0'):
            ns.run('sysctl', '-qw', f'net.ipv4.nexthop_compat_mode={mode}')
            said.append([(t['network'], t['next_hop'], t['interface']) for c in ('show ip route bgp', 'show ipv6 route bgp')
                         for t in told(router, c) if '20' in t['network'].split('.' if '.' in t['network'] else ':')[1:3]])
        assert said[0] == said[1] and [(net, hop) for net, hop, _ in said[1]] == [
            ('10.20.1.0', PEER), ('10.20.2.0', PEER), ('10.20.2.0', '192.0.2.9'), ('10.20.3.0', '2001:DB8::2'),
            ('2001:DB8:20::', '2001:DB8::2')]
        assert {name for _, _, name in said[1]} == {'FastEthernet0/1'}
    finally:
        ns.run('sysctl', '-qw', 'net.ipv4.nexthop_compat_mode=1')
        ns.ip('nexthop', 'flush')


MANY = 40000


def test_many_hold_nobody_up(router):
    """Somebody reads a long table: another's short commands are answered in the middle of it."""
    routes = '\n'.join(f'route add 100.{64 + i // 65536}.{i // 256 % 256}.{i % 256}/32 via {PEER} proto bgp metric 20'
                       for i in range(MANY))
    router.ns.run('ip', '-batch', '-', input=routes)
    try:
        shell = [str(built('culvert')), 'shell', '--socket', str(router.sock), '-c']
        table = subprocess.Popen(shell + ['show ip route bgp'], stdout=subprocess.PIPE, text=True)
        read = 0
        answers = 0
        for line in table.stdout:
            read += line.startswith('B ')
            if read in (1, MANY // 2) and 'Version' in router.cli('show version'):
                answers += 1
        assert table.wait(timeout=60) == 0
        assert read == MANY + 1 and answers >= 2
        networks = [t['network'] for t in told(router, 'show ip route bgp')]
        assert len(networks) == MANY + 2 and len(set(networks)) == MANY + 1
        assert re.search(rf'^bgp +0 +{MANY + 1} ', router.cli('show ip route summary'), re.M)
        # in one go, into a file, there is only a part, and that is said
        assert 'The rest is left out' in router.cli('show tech-support')
    finally:
        router.ns.run('ip', 'route', 'flush', 'proto', 'bgp', 'root', '100.64.0.0/10')
