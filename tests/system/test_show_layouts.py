# SPDX-License-Identifier: Apache-2.0
"""Every show command of the grammar has been asked of a router that carries traffic: what it prints is, byte by byte, the
layout of devices, with a row for each thing that there is, and every value in it is that of `| json`."""
import json
import pathlib
import re
import tempfile
import time

import pytest

import layout
from conftest import ROOT, built
from layout import compare
from show_commands import ELSEWHERE, LAYOUTS
from test_router import pair_of_routers, run
from test_show_live import CONFIG, Live, authority

pytestmark = pytest.mark.no_way('show commands: the packets are few, and pass like any')

# What the crypto of test_show_live has not: other kinds of keys, sets, profiles and maps, and a flow of IPv6.
MORE = '''\
crypto keyring RING
 pre-shared-key address 192.0.2.77 key ringkey
 pre-shared-key hostname far.example key hostkey
crypto isakmp profile PEERS
 description who comes by these names
 keyring RING
 match identity address 192.0.2.77 255.255.255.255
 match identity host domain far.example
crypto isakmp key widekey address 198.51.100.0 255.255.255.0
crypto isakmp key sixkey address ipv6 2001:DB8::{peer}/128
crypto ipsec transform-set AHONLY ah-sha256-hmac
 mode tunnel
crypto ipsec transform-set TRANS esp-aes esp-sha-hmac
 mode transport
crypto ipsec profile IDLE
 description waits for the others
 set security-association idle-time 900
 set security-association lifetime kilobytes disable
 responder-only
 set transform-set ESP AHONLY
crypto dynamic-map DYN 10
 description anybody
 set transform-set BOTH TRANS
 set pfs group5
 match address NOBODY
crypto dynamic-map DYN 20
 set transform-set TRANS
crypto map N 5 ipsec-isakmp
 set transform-set TRANS
crypto map N 7 ipsec-manual
 set peer 192.0.2.50
 set session-key inbound esp 300 cipher 0123456789abcdef0123456789abcdef authenticator 0123456789abcdef0123456789abcdef01234567
 set session-key outbound esp 300 cipher 0123456789abcdef0123456789abcdef authenticator 0123456789abcdef0123456789abcdef01234567
 set transform-set TRANS
 match address NOBODY
crypto map N 9 ipsec-isakmp dynamic DYN
ipv6 unicast-routing
ipv6 access-list SIX
 permit ipv6 2001:DB8:{me}::/64 2001:DB8:{peer}::/64
crypto map ipv6 M6 10 ipsec-isakmp
 set peer 2001:DB8::{peer}
 set transform-set ESP
 match address SIX
interface FastEthernet0/1
 ipv6 address 2001:DB8::{me}/64
 ipv6 crypto map M6
interface Loopback7
 description a house of our own
 ip address 10.7.{me}.1 255.255.255.255
 ip address 10.8.{me}.1 255.255.255.255 secondary
interface Tunnel7
 description nobody at the other end
 ip unnumbered Loopback7
 tunnel source FastEthernet0/1
 tunnel destination 192.0.2.70
 tunnel key 1234
 keepalive 10 3
access-list 99 permit 10.20.0.1
access-list 99 permit 10.21.0.0 0.0.255.255
access-list 99 deny any log
ip access-list extended IN
 deny tcp any any eq telnet log
 permit ip any any
interface FastEthernet0/1
 ip access-group IN in
ip route 10.2.1.0 255.255.255.0 192.0.2.77 200
ip route 10.30.0.0 255.255.0.0 Tunnel1
ip route 0.0.0.0 0.0.0.0 192.0.2.77
ip route 172.31.0.0 255.255.0.0 192.0.2.77
ip route 172.31.0.0 255.255.0.0 192.0.2.78
ipv6 route 2001:DB8:{peer}::/64 2001:DB8::{peer}
'''


@pytest.fixture(scope='module')
def live():
    with tempfile.TemporaryDirectory() as tmp:
        chain = authority(pathlib.Path(tmp))
    texts = [(CONFIG + MORE).format(me=me, peer=3 - me, chain=chain if me == 1 else '') for me in (1, 2)]
    with pair_of_routers(texts) as (names, folder):
        for me, name in enumerate(names, 1):
            run(['ip', '-n', name, 'addr', 'add', f'10.{me}.1.1/24', 'dev', 'lo'])
            run(['ip', '-n', name, 'addr', 'add', f'2001:db8:{me}::1/64', 'dev', 'lo', 'nodad'])
        it = Live(names, folder)
        other = Live(names[::-1], folder)
        flows = (['-I', '10.1.1.1', '10.2.1.1'], ['172.16.0.2'], ['-6', '-I', '2001:db8:1::1', '2001:db8:2::1'])
        until = time.monotonic() + 60
        while not all(' 0% packet loss' in (said := it.ping('-c', '4', '-W', '1', *flow)) for flow in flows):
            assert time.monotonic() < until, said + (folder / f'{names[0]}.log').read_text()
        it.ping('-c', '1', '-W', '1', '-I', '10.1.1.1', '10.9.9.9')  # nobody answers for it
        it.cli('configure terminal; crypto key generate rsa general-keys label KEYS modulus 1024; end')
        it.other = other
        yield it


@pytest.mark.parametrize('name', sorted(f.stem for f in layout.FOLDER.glob('*.txt') if not f.stem.startswith('part-')))
def test_devices_print_this_layout(name):
    form = layout.Layout(name, device=True)
    for path, lines in form.captures:
        text = (ROOT / 'tests' / 'golden' / path).read_text()
        form.read('\n'.join(text.split('\n')[lines]))


@pytest.mark.parametrize('command, name', [(c, n) for n, commands in LAYOUTS.items() for c in commands])
def test_the_layout_and_the_values_of_json(live, command, name):
    compare(live, command, name)


# ---- a row for each thing that there is ----

def configured(pattern):
    return re.findall(pattern, (CONFIG + MORE).format(me=1, peer=2, chain=''), re.M)


def test_a_row_for_each_phase_1_sa(live):
    """The peer has the same SAs, from the other side."""
    def ends(doc, one, two):
        return sorted((s[one], s[two], s['encryption'], s['hash'], s['group'])
                      for s in doc['isakmp_sas'] if s['state'] == 'QM_IDLE')

    here, there = (router.json('show crypto isakmp sa') for router in (live, live.other))
    assert ends(here, 'local', 'remote') == ends(there, 'remote', 'local')
    up = compare(live, 'show crypto isakmp sa', 'isakmp-sa')['isakmp_sas']
    # both may have begun at once: then there are two with a peer
    ready = [s for s in up if s['state'] == 'QM_IDLE']
    assert {s['remote'] for s in here['isakmp_sas'] if s['state'] == 'QM_IDLE'} == {'192.0.2.2', '2001:DB8::2'}
    assert len(compare(live, 'show crypto isakmp sa detail', 'isakmp-sa-detail')['isakmp_sas']) == len(up)
    assert compare(live, 'show crypto isakmp sa count', 'isakmp-sa-count')['active'] == len(ready)
    peers = compare(live, 'show crypto isakmp peers', 'isakmp-peers')['peers']
    assert {p['address'] for p in peers if p['phase1_id']} == {'192.0.2.2', '2001:DB8::2'}


def test_a_row_for_each_phase_2_sa(live):
    """What is inbound here is outbound there, with as many packets."""
    def sas(router):
        return [{**f, **s} for f in compare(router, 'show crypto ipsec sa', 'ipsec-sa')['flows'] for s in f['sas']]

    here, there = sas(live), sas(live.other)
    other = {'inbound': 'outbound', 'outbound': 'inbound'}
    assert len(here) >= 8  # ESP of the tunnel, AH and ESP of the map, ESP of IPv6: each in two directions

    def rows(sas, way, one, two):
        return sorted((s['spi'], way[s['direction']], s['protocol'], s['transform'], s[f'{one}_ident.address'], s[f'{two}_ident.address'])
                      for s in sas)

    assert rows(here, dict(zip(other, other)), 'local', 'remote') == rows(there, other, 'remote', 'local')
    assert compare(live, 'show crypto ipsec sa count', 'ipsec-sa-count')['total'] == len(here)
    assert len(compare(live, 'show crypto ipsec sa address', 'ipsec-sa-address')['sas']) == len(here)
    engine = compare(live, 'show crypto engine connections active', 'engine')['connections']
    ids = sorted({s['conn_id'] for s in here})  # AH and ESP of a bundle have one
    assert [r['id'] for r in engine if r['type'] == 'IPsec'] == ids and len(ids) >= 6
    assert [r['type'] for r in engine] == sorted((r['type'] for r in engine), reverse=True)
    sent = {r['id']: (r['encrypt'], r['decrypt']) for r in engine if r['type'] == 'IPsec'}
    got = compare(live.other, 'show crypto engine connections active', 'engine')['connections']
    assert sorted(sent.values()) == sorted((r['decrypt'], r['encrypt']) for r in got if r['type'] == 'IPsec')


def test_a_row_for_each_session(live):
    sessions = compare(live, 'show crypto session detail', 'session-detail')['sessions']
    want = {('Tunnel1', '192.0.2.2'): 'UP-ACTIVE', ('FastEthernet0/1', '192.0.2.2'): 'UP-ACTIVE',
            ('FastEthernet0/1', '2001:DB8::2'): 'UP-ACTIVE'}
    told = {(s['interface'], s['peer']): s['status'] for s in sessions}
    assert len(told) == len(sessions) == 4 and told.pop(('FastEthernet0/1', '192.0.2.99')).startswith('DOWN') and told == want
    for form, name in (('', 'session'), (' brief', 'session-brief'), (' timeline', 'session-timeline'), (' history', 'session-history')):
        assert len(compare(live, f'show crypto session{form}', name)['sessions']) == 4


def test_a_row_for_each_thing_that_is_configured(live):
    def names(command, name, rows, key='name'):
        return [r[key] for r in compare(live, command, name)[rows]]

    assert names('show crypto isakmp policy', 'isakmp-policy', 'policies', 'priority') == [
        int(n) for n in configured(r'^crypto isakmp policy (\d+)')]
    keys = configured(r'^(?:crypto isakmp key (\w+)| pre-shared-key \S+ \S+ key (\w+))')
    assert sorted(names('show crypto isakmp key', 'isakmp-key', 'keys', 'preshared_key')) == sorted(a or b for a, b in keys)
    assert names('show crypto ipsec transform-set', 'ipsec-transform-set', 'transform_sets') == configured(
        r'^crypto ipsec transform-set (\S+)')
    assert sorted(names('show crypto ipsec profile', 'ipsec-profile', 'profiles')) == sorted(configured(r'^crypto ipsec profile (\S+)'))
    maps = compare(live, 'show crypto map', 'map')['crypto_maps']
    assert sorted((m['name'], m['sequence']) for m in maps) == sorted(
        [(name, int(n)) for name, n in configured(r'^crypto map (?:ipv6 )?(\S+) (\d+) ')]
        + [('Tunnel1-head-0', 65536), ('Tunnel1-head-0', 65537)])
    templates = compare(live, 'show crypto dynamic-map', 'dynamic-map')['templates']
    assert [(t['name'], str(t['sequence'])) for t in templates] == configured(r'^crypto dynamic-map (\S+) (\d+)')
    lists = compare(live, 'show access-lists', 'access-lists')['access_lists']
    assert {a['name'] for a in lists} == set(configured(r'^(?:ip|ipv6) access-list (?:extended )?(\S+)')) | {'99'}
    assert sum(len(a['entries']) for a in lists) == len(configured(r'^(?: |access-list 99 )(?:permit|deny) '))
    sockets = compare(live, 'show crypto sockets', 'sockets')
    assert sockets['_count'] == len(sockets['sockets']) == len(configured('^ tunnel protection'))


def test_a_row_for_each_interface_and_route_of_the_host(live):
    """The kernel's words for it: `ip` in the router's namespace."""
    def kernel(*words):
        return json.loads(run(['ip', '-n', live.names[0], '-j', *words]))

    ours = {'w0': 'FastEthernet0/1', 'Tunnel1': 'Tunnel1', 'Tunnel7': 'Tunnel7'}
    devices = {ours[d['ifname']]: d for d in kernel('addr') if d.get('ifname') in ours}
    rows = {i['interface']: i for i in compare(live, 'show interfaces', 'interfaces')['interfaces']}
    assert set(rows) == set(devices) | {'Loopback7'}
    brief = {i['interface']: i for i in compare(live, 'show ip interface brief', 'ip-interface-brief')['interfaces']}
    assert set(brief) == set(rows)
    stats = {ours[d['ifname']]: d['stats64'] for d in kernel('-s', 'link') if d.get('ifname') in ours}
    for name in ('FastEthernet0/1', 'Tunnel1'):
        row, device = rows[name], devices[name]
        assert (row['address'], row['prefix_length']) in [(a['local'], a['prefixlen']) for a in device['addr_info']]
        assert (row['status'], row['line_protocol']) == ('up', 'up') and 'LOWER_UP' in device['flags']
        assert row['mtu'] == device['mtu']
        assert 0 < row['in_packets'] <= stats[name]['rx']['packets'] if name != 'Tunnel1' else row['in_packets'] > 0
    assert rows['FastEthernet0/1']['mac_address'].replace('.', '') == devices['FastEthernet0/1']['address'].replace(':', '')
    routes = {r['dst'] for r in kernel('route') if r.get('type', 'unicast') == 'unicast'}
    told = live.json('show ip route')['routes']
    shown = {f"{t['network']}/{t['prefix_length']}" for t in told if t['code'] in 'CS' and t['interface'] != 'Loopback7'}
    assert shown == {r.replace('default', '0.0.0.0/0') for r in routes}


# ---- what has neither rows nor a layout of its own ----

def test_configurations(live):
    running = live.cli('show running-config').splitlines()
    assert set(running[3:]) <= set(live.cli('show running-config all').splitlines())
    for words in ('show running-config full', 'show running-config view full'):
        assert live.cli(words).splitlines()[3:] == running[3:]
    assert live.json('show running-config all')['lines'] == live.cli('show running-config all').splitlines()
    numbered = live.cli('show running-config linenum').splitlines()
    assert [line.split(' : ', 1)[1] for line in numbered[3:] if line] == [line for line in running[3:] if line] and numbered[4].startswith(' 2 : ')
    defaults = live.cli('show running-config all')
    for line in ('\n lifetime 86400\n', '\ncrypto isakmp enable\n', '\ncrypto ipsec df-bit copy\n'):
        assert line in defaults and line not in '\n'.join(running), line
    brief = live.cli('show running-config brief')
    assert '\n certificate ' in brief and '\n  30' not in brief and '\n  30' in '\n'.join(running)
    assert '\n'.join(brief.splitlines()[3:]) == re.sub(r'\n  (?:[0-9A-F]{2,8} ?)+(?=\n)|\n  \tquit', '', '\n'.join(running[3:]))
    for words in ('show running-config all linenum', 'show running-config brief linenum', 'show running-config full linenum',
                  'show running-config view full linenum', 'show running-config interface Tunnel1 linenum'):
        plain = live.cli(words.replace(' linenum', '')).splitlines()
        assert [line.split(' : ', 1)[1] for line in live.cli(words).splitlines()[3:] if line] == [line for line in plain[3:] if line], words
    live.cli('copy running-config flash:before')
    live.cli('write memory')
    assert live.cli('show configuration') == live.cli('show startup-config')
    live.cli('configure terminal; hostname R9; end; copy running-config flash:after')
    live.cli('configure terminal; hostname R1; end')
    assert live.cli('show archive config differences flash:before flash:after').splitlines() == [
        '!Contextual Config Diffs:', '-hostname R1', '+hostname R9']
    assert 'hostname R9' in live.cli('show archive config incremental-diffs flash:after')


def test_a_route_that_somebody_took_is_put_back(live):
    def there():
        return '172.31.0.0/16' in run(['ip', '-n', live.names[0], 'route'])

    for line in ('clear ip route *', 'clear ip route 172.31.0.0', 'clear ip route 172.31.0.0 255.255.0.0'):
        assert there()
        run(['ip', '-n', live.names[0], 'route', 'del', '172.31.0.0/16'])
        assert live.cli(line) == '' and there(), line
    for line in ('clear ip route 172.30.0.0', 'clear ip route 172.31.0.0 255.255.255.0'):
        assert live.typed(line).stdout == '%No matching route to delete\n', line
    assert live.typed('clear ip route vrf RED *').stdout == '% VRF RED does not exist\n'


def test_lines_that_are_kept(live):
    assert compare(live, 'show culvert unsupported', 'unsupported') == {'unsupported': []}
    live.cli('configure terminal; router ospf 1; network 10.0.0.0 0.255.255.255 area 0; ip nat inside source list 1 interface '
             'FastEthernet0/1 overload; end')
    rows = compare(live, 'show culvert unsupported', 'unsupported')['unsupported']
    assert any(r['line'].startswith('router ospf') for r in rows) and any(r['line'].startswith('ip nat') for r in rows)
    live.cli('configure terminal; no router ospf 1; no ip nat inside source list 1 interface FastEthernet0/1 overload; end')
    live.typed('configure terminal; ip sometimes; end')
    refused, = compare(live, 'show culvert unsupported', 'unsupported')['unsupported']
    assert refused['line'].startswith('ip') and 'no and the line' in refused['means']
    live.cli('configure terminal; no ip sometimes; end')
    assert compare(live, 'show culvert unsupported', 'unsupported') == {'unsupported': []}


def test_keys_of_others(live):
    key = live.json('show crypto key mypubkey rsa')['keys'][0]['public_key']
    live.cli('; '.join(['configure terminal', 'crypto key pubkey-chain rsa', 'addressed-key 192.0.2.2', 'key-string',
                        *re.findall('.{1,64}', key), 'quit', 'end']))
    assert [k['address'] for k in compare(live, 'show crypto key pubkey-chain rsa', 'pubkey-chain')['keys']] == ['192.0.2.2']
    one, = compare(live, 'show crypto key pubkey-chain rsa address 192.0.2.2', 'pubkey-chain-key')['keys']
    assert ''.join(one['_data']).replace(' ', '').lower() == key


# ---- nothing is left out ----

ARGUMENTS = {'A.B.C.D': r'\d+\.\d+\.\d+\.\d+|\{PEER\}', 'X:X:X:X::X': r'[0-9A-F:]*:[0-9A-F:]*', 'IFNAME': r'[A-Z][A-Za-z]+\d[\d/.]*', 'WORD': r'[^\s|;"\']+'}


def test_every_show_command_of_the_grammar_has_been_asked():
    grammar = run([built('tests', 'unit', 'commands', 'list_show')]).split('\n')[:-1]
    assert len(grammar) > 100
    here = {c for commands in LAYOUTS.values() for c in commands}
    there = {c for commands in ELSEWHERE.values() for c in commands}
    for file, commands in ELSEWHERE.items():
        text = (ROOT / 'tests' / 'system' / file).read_text()
        for c in commands:
            assert re.search(rf"""[;'" ]{re.escape(c)}(?=[;'" |]|\\n)""", text), f'{file} does not ask {c}'
    missing = []
    for line in grammar:
        words = ' '.join(f'(?:{ARGUMENTS.get(w, re.escape(w))}{"|[0-9]+" * w.startswith("<")})' for w in line.split())
        if not any(re.fullmatch(words, c) for c in here | there):
            missing.append(line)
    assert not missing, f'no live router is asked {missing}: show_commands.py'
