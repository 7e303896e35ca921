# SPDX-License-Identifier: Apache-2.0
"""Other people's parsers read what show commands print: the TextFSM templates of
ntc-templates, and the anchors of Cisco's Genie parsers as regular expressions."""
import re
import subprocess

import pytest

from conftest import ROOT, built

pytestmark = pytest.mark.no_way('a command line: no packet passes')

textfsm = pytest.importorskip('textfsm')

TEMPLATES = ROOT / 'tests' / 'golden' / 'ntc-templates'


def show(router, command):
    program = built('tests', 'unit', 'control', 'show_golden')
    done = subprocess.run([program, router, command], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def parse(template, text, verb='show_'):
    """Rows as dictionaries; a text that the template rejects raises."""
    with open(TEMPLATES / f'cisco_ios_{verb}{template}.textfsm') as f:
        machine = textfsm.TextFSM(f)
    names = [name.lower() for name in machine.header]
    return [dict(zip(names, row)) for row in machine.ParseText(text)]


def has(row, **want):
    assert {key: row[key] for key in want} == want


def test_ipsec_sa_detail():
    rows = parse('crypto_ipsec_sa_detail', show('gre', 'show crypto ipsec sa detail'))
    assert [r['sa_orientation'] for r in rows] == ['inbound', 'outbound']
    for row in rows:
        has(row, interface='FastEthernet0/1', crypto_map_tag='SDM_CMAP_1', local_addr='192.0.2.1',
            local_ident_addr='192.0.2.1', local_ident_mask='255.255.255.255', local_ident_prot='47',
            remote_ident_addr='192.0.2.2', current_peer='192.0.2.2', port='500', action='PERMIT',
            flags='origin_is_acl,', pkts_encaps='4', pkts_decaps='4', pkts_no_sa='0',
            local_crypto_endpt='192.0.2.1', remote_crypto_endpt='192.0.2.2', plaintext_mtu='1446',
            path_mtu='1500', ip_mtu_idb='FastEthernet0/1', current_outbound_spi_hex='0xB2C0867D',
            current_outbound_spi_dec='2998961789', pfs='N', dh_group='none', sa_type='esp',
            sa_transform='esp-3des esp-sha-hmac', sa_in_use_settings='Tunnel',
            sa_crypto_map='SDM_CMAP_1', sa_lifetime_kbytes='4607999', sa_lifetime_sec='3529',
            sa_iv_size='8', sa_replay_detection_support='Y', sa_replay_window_size='64',
            sa_status='ACTIVE(ACTIVE)')
    has(rows[0], sa_spi_hex='0x6ADB173', sa_spi_dec='112046451', sa_conn_id='1', sa_flow_id='SW:1')
    has(rows[1], sa_spi_hex='0xB2C0867D', sa_conn_id='2', sa_flow_id='SW:2')


def test_session_detail_of_gre():
    row, = parse('crypto_session_detail', show('gre', 'show crypto session detail'))
    has(row, interface='FastEthernet0/1', session_status='UP-ACTIVE', uptime='00:01:11',
        peer='192.0.2.2', port='500', fvrf='(none)', ivrf='(none)', phase1_id='192.0.2.2',
        description='(none)', session_id='0', local_ip='192.0.2.1', local_port='500',
        remote_ip='192.0.2.2', ikev1_status='Active', capabilities='(none)', conn_id='1001',
        lifetime='23:58:49', permit='47', src_host='192.0.2.1', dst_host='192.0.2.2',
        active_sa='2', origin='crypto map')


def test_session_detail_behind_nat():
    row, = parse('crypto_session_detail', show('lan', 'show crypto session detail'))
    has(row, port='4500', local_port='4500', capabilities='DN', conn_id='1002')


def test_session_detail_of_sessions_that_are_down():
    rows = parse('crypto_session_detail', show('down', 'show crypto session detail'))
    assert [(r['peer'], r['session_status'], r['phase1_id']) for r in rows] == [
        ('192.0.2.2', 'DOWN-NEGOTIATING', '(none)'), ('192.0.2.6', 'DOWN', '(none)')]


def test_interfaces():
    tunnel, lan, wan, serial = parse('interfaces', show('gre', 'show interfaces'))
    has(tunnel, interface='Tunnel0', link_status='up', protocol_status='up', hardware_type='Tunnel',
        description='GRE to R2', ip_address='172.16.0.1', prefix_length='30', mtu='1420',
        encapsulation='TUNNEL', last_input='00:00:01', input_packets='4', output_packets='4')
    has(lan, interface='FastEthernet0/0', mac_address='aabb.cc00.0102', bia='aabb.cc00.0102')
    has(wan, bandwidth='100000 Kbit', delay='100 usec', input_rate='2500000', input_pps='212',
        input_packets='7105513', output_packets='3442669', queue_strategy='fifo', queue_max='75',
        last_output='1d02h')
    has(serial, link_status='administratively down', protocol_status='down', ip_address='')


def test_old_interfaces():
    row, = parse('interfaces', show('ios12', 'show interfaces Tunnel0'))
    has(row, interface='Tunnel0', bandwidth='100 Kbit')


def test_interfaces_description():
    rows = parse('interfaces_description', show('gre', 'show interfaces description'))
    assert [tuple(r.values()) for r in rows] == [
        ('Tu0', 'up', 'up', 'GRE to R2'), ('Fa0/0', 'up', 'up', 'LAN'), ('Fa0/1', 'up', 'up', ''),
        ('Se0/0', 'admin down', 'down', '')]


def test_ip_interface():
    rows = parse('ip_interface', show('gre', 'show ip interface'))
    assert [(r['interface'], r['link_status'], r['ip_address'], r['mtu']) for r in rows] == [
        ('Tunnel0', 'up', ['172.16.0.1'], '1420'), ('FastEthernet0/0', 'up', ['10.1.1.1'], '1500'),
        ('FastEthernet0/1', 'up', ['192.0.2.1'], '1500'),
        ('Serial0/0', 'administratively down', [], '')]


def test_ip_interface_brief():
    rows = parse('ip_interface_brief', show('gre', 'show ip interface brief'))
    assert [tuple(r.values()) for r in rows] == [
        ('Tunnel0', '172.16.0.1', 'up', 'up'), ('FastEthernet0/0', '10.1.1.1', 'up', 'up'),
        ('FastEthernet0/1', '192.0.2.1', 'up', 'up'),
        ('Serial0/0', 'unassigned', 'administratively down', 'down')]


@pytest.mark.parametrize('router', ['gre', 'ios12'])
def test_ip_route(router):
    rows = parse('ip_route', show(router, 'show ip route'))
    found = {(r['protocol'], r['network'], r['prefix_length'], r['nexthop_ip'], r['nexthop_if'])
             for r in rows}
    assert ('S', '0.0.0.0', '0', '192.0.2.254', '') in found
    assert ('C', '10.1.1.0', '24', '', 'FastEthernet0/0') in found
    assert ('S', '10.2.2.0', '24', '', 'Tunnel0') in found
    assert ('C', '172.16.0.0', '30', '', 'Tunnel0') in found
    assert (('L', '10.1.1.1', '32', '', 'FastEthernet0/0') in found) == (router == 'gre')
    assert len(rows) == (8 if router == 'gre' else 5)


def test_access_lists():
    rows = parse('ip_access-lists', show('gre', 'show ip access-lists'))
    lines = {(r['acl_name'], r['line_num']): r for r in rows if r['line_num']}
    assert len(lines) == 7
    has(lines['99', '10'], acl_type='Standard', action='permit', src_host='172.16.191.199')
    has(lines['99', '20'], action='deny', src_any='any', log='log')
    has(lines['99', '30'], src_network='10.0.10.0', src_wildcard='0.255.0.255')
    has(lines['101', '10'], acl_type='Extended', protocol='tcp', src_any='any', dst_host='10.1.1.1',
        dst_port_match='eq', dst_port='www', matches='1')
    has(lines['101', '20'], protocol='udp', src_port_match='range', src_port_range_start='16384',
        src_port_range_end='32767', dst_network='10.1.1.0')
    has(lines['101', '30'], action='deny', protocol='ip', log='log')
    has(lines['SDM_1', '10'], protocol='gre', src_host='192.0.2.1', dst_host='192.0.2.2', matches='4')
    assert len(parse('access-list', show('gre', 'show access-lists'))) >= 6


def test_version():
    row, = parse('version', show('gre', 'show version'))
    has(row, version='0.1.0', hostname='R1', uptime_years='2', uptime_weeks='31', uptime_days='6',
        uptime_hours='9', uptime_minutes='55', reload_reason='reload',
        running_image='/usr/bin/culvert', hardware=['Culvert'], serial=['4CULVERT001'],
        config_register='0x2102')


def test_version_for_ansible_and_napalm():
    text = show('gre', 'show version')
    assert re.search(r'Version (\S+)', text)[1].rstrip(',') == '0.1.0'
    assert re.search(r'^[Cc]isco (\S+).+bytes of .*memory', text, re.M)[1] == 'Culvert'
    assert re.search(r'^(.+) uptime', text, re.M)[1] == 'R1'
    assert re.search(r'image file is "(.+)"', text)[1] == 'flash:/usr/bin/culvert'
    assert re.search(r'Cisco (.+?) .+bytes of', text)
    assert 'Cisco IOS Software, ' in text
    # what a person must be able to read there
    assert 'not a product of Cisco' in text


def test_clock_and_users():
    row, = parse('clock', show('gre', 'show clock'))
    assert list(row.values()) == ['18:57:38.347', 'UTC', 'Mon', 'Oct', '19', '2015']
    one, two = parse('users', show('gre', 'show users'))
    has(one, line='*  2 vty 0', user='arm', hosts='idle', idle='00:00:00', location='192.0.2.9')
    has(two, line='3 vty 1', idle='00:01:23')


# What Genie's IOS-XE parsers anchor on (genieparser 26.4), where a text that misses
# it comes back empty or raises.
GENIE = [
    ('gre', 'show crypto isakmp sa', r'^dst +src +state +conn-id +status$'),
    ('gre', 'show crypto isakmp sa', r'^IPv4 Crypto ISAKMP SA$'),
    ('gre', 'show crypto isakmp sa', r'^192\.0\.2\.2 +192\.0\.2\.1 +QM_IDLE +1001 +ACTIVE$'),
    ('lan', 'show crypto isakmp sa', r'^\S+ +\S+ +MM_NO_STATE +1001 +ACTIVE \(deleted\)$'),
    ('gre', 'show crypto isakmp sa active', r'^dst +src +state +conn-id +slot +status$'),
    ('lan', 'show crypto isakmp sa detail',
     r'^1002 +10\.0\.0\.2 +192\.0\.2\.2 +ACTIVE +aes +sha256 +psk +14 +10:40:00 +DN'),
    ('lan', 'show crypto isakmp sa detail', r'^ +Engine-id:Conn-id = +SW:\d+$'),
    ('gre', 'show crypto isakmp sa count', r"^Active ISAKMP SA's: 1$"),
    ('gre', 'show crypto map', r'^Crypto Map IPv4 "SDM_CMAP_1" 1 ipsec-isakmp$'),
    ('lan', 'show crypto map', r'^\s+Extended IP access list 123$'),
    ('gre', 'show crypto map', r'^\s+Interfaces using crypto map SDM_CMAP_1:$'),
    ('gre', 'show crypto ipsec sa', r'^ +replay detection support: +(\w+)$'),
    ('gre', 'show crypto ipsec sa', r'flow_id: \w+:\d+, sibling_flags [0-9A-F]{8}, crypto map: \S+$'),
    ('gre', 'show crypto ipsec sa', r'^ +spi: 0x6ADB173\(112046451\)$'),
    ('gre', 'show crypto ipsec sa', r'^ +sa timing: remaining key lifetime \(k/sec\): \(\d+/\d+\)$'),
    ('down', 'show crypto ipsec sa', r'^ +current outbound spi: 0x0\(0\)$'),
    ('gre', 'show crypto session', r'^  IKEv1 SA: local \S+/500 remote \S+/500 Active $'),
]


@pytest.mark.parametrize('router, command, pattern', GENIE)
def test_genie_finds_its_anchor(router, command, pattern):
    assert re.search(pattern, show(router, command), re.M), pattern
