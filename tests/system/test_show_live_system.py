# SPDX-License-Identifier: Apache-2.0
"""Show commands about interfaces, lists, routes and the system on a router that carries traffic: what other people's
templates read in the text is what `| json` says, with a row for each interface, line and route."""
import re
import time

import pytest

from test_show_live import live  # noqa: F401 (a fixture)
from test_show_parsers import parse

pytestmark = pytest.mark.no_way('show commands: the packets are few, and pass like any')

ADDRESSES = {'Tunnel1': ('172.16.0.1', 30), 'FastEthernet0/1': ('192.0.2.1', 24)}


@pytest.fixture(scope='module')
def steady(live):  # noqa: F811
    """With lists that have counted, and nothing that counts meanwhile."""
    live.cli('configure terminal; access-list 7 deny host 10.8.8.8; access-list 7 permit any; ip access-list extended IN; '
             'deny tcp any any eq telnet log; permit ip any any; exit; interface FastEthernet0/1; ip access-group IN in; '
             'ip access-group IN out; end')
    live.ping('-c', '2', '-W', '1', '192.0.2.2')
    time.sleep(0.5)
    return live


def test_interfaces(steady):
    rows = {r['interface']: r for r in parse('interfaces', steady.cli('show interfaces'))}
    told = {r['interface']: r for r in steady.json('show interfaces')['interfaces']}
    assert set(rows) == set(told) and set(ADDRESSES) <= set(rows)
    for name, r in rows.items():
        t = told[name]
        assert (r['link_status'], r['protocol_status']) == (t['status'], t['line_protocol'])
        assert (r['ip_address'], r['prefix_length']) == ((t['address'], str(t['prefix_length'])) if t['address'] else ('', ''))
        assert int(r['mtu']) == t['mtu'] and r['bandwidth'] == f'{t["bandwidth_kbps"]} Kbit'
        assert r['delay'] == f'{t["delay_usec"]} usec'
        assert r['mac_address'] == (t['mac_address'] or '') and r['description'] == (t['description'] or '')
    for name, (address, length) in ADDRESSES.items():
        assert (told[name]['address'], told[name]['prefix_length']) == (address, length)
    one = steady.json('show interfaces Tunnel1')['interfaces']
    assert [i['interface'] for i in one] == ['Tunnel1']
    assert one[0]['tunnel']['transport'] == 'GRE/IP' and one[0]['tunnel']['destination'] == '192.0.2.2'
    text = steady.cli('show interfaces Tunnel1')
    assert f'{one[0]["in_packets"]} packets input' in text and f'{one[0]["out_packets"]} packets output' in text
    assert one[0]['in_packets'] > 0


def test_descriptions_and_addresses(steady):
    brief = {r['interface']: r for r in parse('ip_interface_brief', steady.cli('show ip interface brief'))}
    told = {r['interface']: r for r in steady.json('show ip interface brief')['interfaces']}
    assert set(brief) == set(told)
    for name, r in brief.items():
        assert r['ip_address'] == (told[name]['address'] or 'unassigned')
        assert (r['status'], r['proto']) == (told[name]['status'], told[name]['line_protocol'])
    whole = {r['interface']: r for r in parse('ip_interface', steady.cli('show ip interface'))}
    for name, t in told.items():
        assert (whole[name]['link_status'], whole[name]['protocol_status']) == (t['status'], t['line_protocol'])
        if t['address']:
            assert whole[name]['ip_address'] == [t['address']] and whole[name]['prefix_length'] == [str(t['prefix_length'])]
    assert told['FastEthernet0/1']['access_list_in'] == 'IN'
    lines = parse('interfaces_description', steady.cli('show interfaces description'))
    assert len(lines) == len(steady.json('show interfaces description')['interfaces'])


def test_access_lists(steady):
    rows = parse('ip_access-lists', steady.cli('show ip access-lists'))
    told = steady.json('show ip access-lists')['access_lists']
    assert {a['name'] for a in told} >= {'7', 'IN', 'LANS', 'NOBODY'}
    lines = [(a['name'], str(e['sequence']), e['action']) for a in told for e in a['entries']]
    assert [(r['acl_name'], r['line_num'], r['action']) for r in rows if r['line_num']] == lines
    text = steady.cli('show access-lists IN')
    entry, = [e for a in steady.json('show access-lists IN')['access_lists'] for e in a['entries'] if e['sequence'] == 20]
    assert entry['matches'] >= 2 and re.search(r'20 permit ip any any \((\d+) matches\)', text)
    assert entry['matches_what'] == 'ip any any'
    lans, = [a for a in told if a['name'] == 'LANS']
    assert lans['entries'][0]['matches'] > 0


def test_routes(steady):
    rows = parse('ip_route', steady.cli('show ip route'))
    told = steady.json('show ip route')['routes']
    assert {(r['network'], r['prefix_length'], r['protocol']) for r in rows} == {(t['network'], str(t['prefix_length']), t['code']) for t in told}
    static = {(r['network'], r['prefix_length'], r['nexthop_ip']) for r in rows if r['protocol'] == 'S'}
    assert static == {('10.2.1.0', '24', '192.0.2.2'), ('10.9.9.0', '24', '192.0.2.99')}
    assert static == {(t['network'], str(t['prefix_length']), t['next_hop']) for t in told if t['code'] == 'S'}
    one = steady.json('show ip route 10.2.1.7')['routes']
    assert [(t['network'], t['next_hop']) for t in one] == [('10.2.1.0', '192.0.2.2')]


def test_the_system(steady):
    row, = parse('version', steady.cli('show version'))
    told = steady.json('show version')
    assert (row['hostname'], row['version']) == (told['hostname'], told['version']) == ('R1', told['version'])
    clock, = parse('clock', steady.cli('show clock').lstrip('*'))
    now = steady.json('show clock')
    assert clock['timezone'] == now['zone'] and abs(now['time_at'] - time.time()) < 5
    users = steady.json('show users')['users']
    assert set(steady.cli('show users').splitlines()) <= set(steady.cli('show users all').splitlines())
    assert len(users) == 1 and users[0]['this_session'] and users[0]['line'].startswith('vty')
    assert steady.json('show privilege') == {'privilege_level': 15}
    steady.cli('debug crypto isakmp')
    assert steady.json('show debugging')['isakmp'] and 'Crypto ISAKMP debugging is on' in steady.cli('show debugging')
    steady.cli('undebug all')
    assert not steady.json('show debugging')['isakmp']


def test_what_is_wrong_is_the_same(steady):
    told = steady.json('show crypto check')
    text = steady.cli('show crypto check')
    assert f'{told["errors"]} errors, {told["warnings"]} warnings' in text and told['warnings'] > 0
    assert all(m['text'] in text for m in told['messages'])
    assert {g['object']: g['grade'] for g in told['grades']}['crypto isakmp policy 20'] == 'F'


def test_neighbours(steady):
    steady.cli('ping 192.0.2.98 repeat 1 timeout 1')  # nobody is there
    text = steady.cli('show arp')
    rows = parse('arp', text)
    assert parse('ip_arp', steady.cli('show ip arp'))
    told = steady.json('show arp')['arp']
    assert [(r['address'], r['hardware_address']) for r in rows] == [(t['address'], t['mac_address'] or 'Incomplete') for t in told]
    by_address = {t['address']: t for t in told}
    own, peer = by_address['192.0.2.1'], by_address['192.0.2.2']
    assert own['age_sec'] is None and peer['age_sec'] < 600 and peer['mac_address'] != own['mac_address']
    assert {t['interface'] for t in told} == {'FastEthernet0/1'}
    mac, = [i['mac_address'] for i in steady.json('show interfaces FastEthernet0/1')['interfaces']]
    assert own['mac_address'] == mac
    assert by_address['192.0.2.98']['mac_address'] is None
    assert [t['address'] for t in steady.json('show ip arp 192.0.2.2')['arp']] == ['192.0.2.2']
    assert steady.json('show arp Tunnel1')['arp'] == []
    # NAPALM's
    assert 'Incomplete' not in steady.cli('show arp | exclude Incomplete')


def test_summaries(steady):
    rows = parse('ip_route_summary', steady.cli('show ip route summary'))
    told = {t['source']: t for t in steady.json('show ip route summary')['sources']}
    for r in rows[:-1]:
        assert (int(r['networks']), int(r['subnets'])) == (told[r['route_source']]['networks'], told[r['route_source']]['subnets'])
    routes = steady.json('show ip route')['routes']
    assert sum(int(rows[-1][k]) for k in ('networks', 'subnets')) == len(routes)
    assert {t['code'] for t in steady.json('show ip route static')['routes']} == {'S'}
    assert {t['code'] for t in steady.json('show ip route connected')['routes']} == {'C', 'L'}
    names = re.findall(r'^[* ] (\S+) +\d', steady.cli('show interfaces summary'), re.M)
    assert names == [i['interface'] for i in steady.json('show interfaces')['interfaces']]
    assert 'Internet address is 192.0.2.1/24' in steady.cli('show protocols FastEthernet0/1')


def test_static_routes_and_which_are_in_force(steady):
    steady.cli('configure terminal; ip route 10.2.1.0 255.255.255.0 192.0.2.77 200; end')
    rows = re.findall(r'^M +(\S+)? *\[(\d+)/0\] via (\S+) \[([AN])\]', steady.cli('show ip static route'), re.M)
    assert rows == [('10.2.1.0/24', '1', '192.0.2.2', 'A'), ('', '200', '192.0.2.77', 'N'), ('10.9.9.0/24', '1', '192.0.2.99', 'A')]
    told = steady.json('show ip static route')['static_routes']
    assert [(t['distance'], t['next_hop'], t['active']) for t in told] == [(int(d), hop, a == 'A') for _, d, hop, a in rows]
    assert '192.0.2.77' not in steady.cli('show ip route')
    steady.cli('configure terminal; no ip route 10.2.1.0 255.255.255.0 192.0.2.77; end')


def test_the_machine(steady):
    item, = parse('inventory', steady.cli('show inventory'))
    told = steady.json('show inventory')['inventory'][0]
    assert (item['name'], item['pid'].strip(), item['vid'], item['sn']) == ('Chassis', 'CULVERT', told['version_id'], told['serial_number'])
    text = steady.cli('show file systems')
    nvram, = parse('file_systems', text)  # it does not read the line with the star, of IOS neither
    flash = re.search(r'^\* +(\d+) +(\d+) +disk +rw   flash:$', text, re.M)
    told = steady.json('show file systems')['file_systems'][0]
    assert nvram['prefixes'] == 'nvram:' and int(flash[2]) < int(flash[1]) == int(nvram['size']) == told['size_bytes']
    memory = steady.json('show memory')
    line, = [x.split() for x in steady.cli('show memory statistics').splitlines() if x.startswith('Processor')]
    assert int(line[2]) == memory['total_bytes'] == memory['used_bytes'] + memory['free_bytes']
    hosts, = parse('hosts_summary', steady.cli('show hosts summary'))
    assert hosts['local_cache_entries'] == '0'
    assert 'Default domain is not set' in steady.cli('show hosts') and steady.json('show hosts')['domain'] is None


def test_what_our_processes_use(steady):
    row = r'^ *(\d+) +(\d+) +(\d+) +(\d+) +([\d.]+)% +([\d.]+)% +([\d.]+)% +0 (.+)$'
    until = time.monotonic() + 20
    while not (rows := re.findall(row, steady.cli('show processes cpu'), re.M)):
        assert time.monotonic() < until  # a sample is taken every five seconds
        time.sleep(0.5)
    names = {r[7] for r in rows}
    assert {'culvert-control', 'culvert-forward'} <= names
    told = {p['pid']: p for p in steady.json('show processes')['processes']}
    assert {int(r[0]) for r in rows} <= set(told)
    control, = [p for p in told.values() if p['process'] == 'culvert-control' and not p['thread']]
    assert control['runtime_ms'] > 0 and control['invoked'] > 0 and control['holding_bytes'] > 1 << 20
    busy = [float(r[4]) for r in re.findall(row, steady.cli('show processes cpu sorted'), re.M)]
    assert busy == sorted(busy, reverse=True)
    utilization = re.search(r'CPU utilization for five seconds: (\d+)%/(\d+)%; one minute: (\d+)%; five minutes: (\d+)%',
                            steady.cli('show proc cpu'))
    assert all(int(n) <= 100 for n in utilization.groups())
    held = re.findall(r'^ *(\d+) +0 +- +- +(\d+) ', steady.cli('show processes memory sorted'), re.M)
    assert [int(b) for _, b in held] == sorted((int(b) for _, b in held), reverse=True) and str(control['pid']) in dict(held)


def test_files_and_lines(steady):
    steady.cli('copy running-config saved.cfg')
    files = parse('dir', steady.cli('dir'), verb='')
    one, = parse('dir', steady.cli('dir flash:/saved.cfg'), verb='')
    assert one['name'] == 'saved.cfg' and one['size'] in [f['size'] for f in files if f['name'] == 'saved.cfg']
    assert '%Error opening flash:/none.cfg (No such file or directory)' in steady.fails('dir flash:/none.cfg')
    assert 'Length: 24 lines' in steady.cli('show terminal')
    assert 'Width: 511 columns' in steady.cli('terminal width 511; show terminal')
    assert steady.json('show terminal')['monitor'] is False
    lines = steady.json('show line')['lines']
    shown = re.findall(r'^([* ]) +(\d+) +\d+ [CV]TY', steady.cli('show line'), re.M)
    assert [(str(t['tty']), t['active']) for t in lines] == [(tty, star == '*') for star, tty in shown]
    assert sum(t['active'] for t in lines) == 1


def test_parts_of_the_configuration(steady):
    rows = parse('running-config_partition_access-list', steady.cli('show running-config partition access-list'))
    entries = {(a['name'], e['action']) for a in steady.json('show ip access-lists')['access_lists'] for e in a['entries']}
    assert {(r['acl_name'], r['action']) for r in rows if r['action']} == entries
    steady.cli('configure terminal; interface Loopback5; description five; ip address 10.5.5.5 255.255.255.255; ip access-group IN in; end')
    five, = parse('running-config_interface', steady.cli('show running-config interface Loopback5').replace('\nend\n', '\n!\n'))
    assert (five['interface'], five['ip_address'], five['description'], five['access_group_in']) == ('Loopback5', '10.5.5.5', 'five', 'IN')
    steady.cli('configure terminal; no interface Loopback5; end')


def test_tech_support_has_all_of_it_and_no_secret(steady):
    text = steady.cli('show tech-support')
    titles = re.findall(r'^-{18} (.+) -{18}$', text, re.M)
    assert {'show version', 'show interfaces', 'show ip route', 'show crypto ipsec sa detail', 'show running-config',
            'show logging', 'show arp', 'show processes cpu'} <= set(titles)
    for title in ('show inventory', 'show ip route', 'show ip static route', 'show crypto isakmp policy', 'show crypto ipsec transform-set'):
        assert f'- {title} {"-" * 18}\n\n{steady.cli(title)}\n-' in text, title
    assert 'crypto isakmp key ***** address 192.0.2.2' in text
    assert 'secretkey' not in text and 'otherkey' not in text
    assert steady.json('show tech-support')['lines']


@pytest.mark.parametrize('command', [
    'show version', 'show hosts', 'show ip interface brief', 'show interfaces', 'show ip interface', 'show ipv6 interface',
    'show arp | exclude Incomplete', 'show running-config', 'show interface summary', 'show proc cpu', 'show memory statistics',
    'show run | section username', 'show clock', 'show archive', 'show users', 'show inventory', 'show ip arp', 'show privilege',
    'show ip route', 'show access-lists', 'show logging', 'show file systems', 'show protocols', 'show ip protocols', 'show debugging',
    'show run all', 'show history', 'show processes', 'show line', 'term length 0', 'term width 0', 'terminal width 511'])
def test_what_automation_asks_is_answered(steady, command):
    assert '%' not in steady.cli(command)[:1]


@pytest.mark.parametrize('command', [
    'show mac address-table', 'show environment all', 'show vlan brief', 'show isis neighbors', 'show lldp nobody'])
def test_what_ios_does_not_know_is_refused_as_by_ios(steady, command):
    assert "% Invalid input detected at '^' marker." in steady.fails(command)
