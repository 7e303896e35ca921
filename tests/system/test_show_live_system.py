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
