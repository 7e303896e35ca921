# SPDX-License-Identifier: Apache-2.0
"""Show commands about crypto on a router that carries traffic: a row for each SA, policy and
interface, the layouts that other people's parsers know, and in `| json` the same values."""
import json
import pathlib
import re
import subprocess
import tempfile

import pytest

from conftest import ROOT, built
from test_router import pair_of_routers, run
from test_show_parsers import parse

pytestmark = pytest.mark.no_way('show commands: the packets are few, and pass like any')

GENIE = ROOT / 'tests' / 'golden' / 'genieparser'

# One flow of a crypto map, with AH and ESP; a protected tunnel; a peer that is not there.
CONFIG = '''\
hostname R{me}
crypto isakmp policy 10
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
crypto isakmp policy 20
 encr 3des
 authentication pre-share
 group 5
 lifetime 3600
crypto isakmp key secretkey address 192.0.2.{peer}
crypto isakmp key otherkey address 192.0.2.99
crypto isakmp keepalive 10
crypto ipsec transform-set ESP esp-aes 256 esp-sha256-hmac
 mode tunnel
crypto ipsec transform-set BOTH ah-sha-hmac esp-3des
 mode tunnel
crypto ipsec profile PROT
 set transform-set ESP
 set pfs group14
crypto pki trustpoint TP
 enrollment terminal
 revocation-check none
{chain}ip access-list extended LANS
 permit ip 10.{me}.1.0 0.0.0.255 10.{peer}.1.0 0.0.0.255
ip access-list extended NOBODY
 permit ip host 10.{me}.1.1 host 10.9.9.9
crypto map M 10 ipsec-isakmp
 description the other LAN
 set peer 192.0.2.{peer}
 set transform-set BOTH
 match address LANS
crypto map M 20 ipsec-isakmp
 set peer 192.0.2.99
 set transform-set ESP
 set security-association lifetime seconds 1800
 match address NOBODY
interface Tunnel1
 ip address 172.16.0.{me} 255.255.255.252
 tunnel source FastEthernet0/1
 tunnel destination 192.0.2.{peer}
 tunnel protection ipsec profile PROT
interface FastEthernet0/1
 ip address 192.0.2.{me} 255.255.255.0
 crypto map M
ip route 10.{peer}.1.0 255.255.255.0 192.0.2.{peer}
ip route 10.9.9.0 255.255.255.0 192.0.2.99
'''


def authority(folder):
    """`crypto pki certificate chain` with a CA that OpenSSL has made."""
    run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', folder / 'key', '-out', folder / 'ca',
         '-outform', 'DER', '-days', '30', '-set_serial', '0x1A2B', '-subj', '/O=Acme/CN=Root'])
    der = (folder / 'ca').read_bytes().hex().upper()
    lines = [f'  {der[i:i + 64]}' for i in range(0, len(der), 64)]
    return '\n'.join(['crypto pki certificate chain TP', ' certificate ca 1A2B', *lines, '  quit']) + '\n'


class Live:
    def __init__(self, names, folder):
        self.names, self.folder, self.said = names, folder, {}

    def typed(self, command):
        return subprocess.run([built('culvert'), 'shell', '--socket', self.folder / f'{self.names[0]}.sock', '-c', command],
                              capture_output=True, text=True, timeout=20)

    def cli(self, command):
        done = self.typed(command)
        assert done.returncode == 0, f'{command}: {done.stdout}{done.stderr}'
        return done.stdout

    def fails(self, command):
        done = self.typed(command)
        assert done.returncode != 0, f'{command}: {done.stdout}'
        return done.stdout + done.stderr

    def json(self, command):
        return json.loads(self.cli(f'{command} | json'))

    def ping(self, *words):
        return run(['ip', 'netns', 'exec', self.names[0], 'ping', '-i', '0.05', *words], check=False)


@pytest.fixture(scope='module')
def live():
    with tempfile.TemporaryDirectory() as tmp:
        chain = authority(pathlib.Path(tmp))
    texts = [CONFIG.format(me=me, peer=3 - me, chain=chain if me == 1 else '') for me in (1, 2)]
    with pair_of_routers(texts) as (names, folder):
        for me, name in enumerate(names, 1):
            run(['ip', '-n', name, 'addr', 'add', f'10.{me}.1.1/24', 'dev', 'lo'])
        it = Live(names, folder)
        for _ in range(20):
            one = it.ping('-c', '4', '-W', '2', '-I', '10.1.1.1', '10.2.1.1')
            two = it.ping('-c', '4', '-W', '2', '172.16.0.2')
            if ' 0% packet loss' in one and ' 0% packet loss' in two:
                break
        else:
            pytest.fail(one + two + (folder / f'{names[0]}.log').read_text())
        it.ping('-c', '1', '-W', '1', '-I', '10.1.1.1', '10.9.9.9')  # nobody answers for it
        it.cli('configure terminal; crypto key generate rsa general-keys label KEYS modulus 1024; end')
        yield it


# ---- layouts ----

# What one release prints and the captures do not have, or what is ours; as captured, where it is.
ALSO = {
    'isakmp sa detail': [
        'Codes: C - IKE configuration mode, D - Dead Peer Detection', '       K - Keepalives, N - NAT-traversal',
        '       T - cTCP encapsulation, X - IKE Extended Authentication',
        '       psk - Preshared key, rsig - RSA signature', '       renc - RSA encryption',
        '0     192.0.2.1       192.0.2.99             ACTIVE                     00:00:00',
        '       Last event: (what)'],
    'isakmp policy': ['Global IKE policy', 'Protection suite of priority 10',
                      '        encryption algorithm:   Three key triple DES',
                      '        hash algorithm:         Secure Hash Standard 2 (256 bit)'],
    'ipsec sa detail': ['     PFS (Y/N): Y, DH group: group20',
                        '        replay detection support: Y  replay window size: 1024',
                        '     PERMIT, flags={origin_is_acl,ipsec_sa_request_sent}'],
    'map': ['        Description: (text)', '        PFS (Y/N): Y', '                BOTH:  { ah-sha-hmac  } , { esp-3des  } ,',
            '        DH group:  group5', '        Profile name: default',
            '        Map is a PROFILE INSTANCE.', '        Extended IP access list',
            '            access-list NAME permit ip 172.16.1.0 0.0.0.255 172.17.1.0 0.0.0.255',
            '            access-list NAME permit ip host 172.16.1.0 host 172.17.1.0',
            '            access-list  permit gre host 172.16.1.0 host 172.17.1.0'],
    'ipsec profile': ['        DH group:  group5', '        PFS (Y/N): Y'],
    'key mypubkey rsa': [' Key is not exportable.'],
    'engine connections active': [
        'Crypto Engine Connections', '   ID  Type    Algorithm           Encrypt  Decrypt LastSeqN IP-Address',
        '    1  IPsec   3DES+MD5                  0        0        0 172.16.0.0',
        ' 1001  IKE     SHA+DES                   0        0        0 202.100.2.1',
        '    3  IPsec   3DES                      0        4        4 192.0.2.1'],
    'ipsec transform-set': ['Transform set STRONG: { esp-192-aes esp-sha-hmac  }', '   will negotiate = { Tunnel,  },',
                            '   { esp-3des esp-sha-hmac  }'],
    'ipsec security-association': ['Security association lifetime: 2560 kilobytes/300 seconds'],
    'isakmp key': ['Keyring      Hostname/Address                            Preshared Key',
                   'default      10.10.10.2                                  cisco'],
    'session': ['Crypto session current status', 'Interface: FastEthernet0/1', 'Session status: UP-ACTIVE',
                'Peer: 192.0.2.2 port 500', '  Session ID: 0', '      Last failure: (what)',
                '  IKEv1 SA: local 192.0.2.1/500 remote 192.0.2.2/500 Active',
                '  IPSEC FLOW: permit ip 10.1.1.0/255.255.255.0 10.2.2.0/255.255.255.0',
                '  IPSEC FLOW: permit 47 host 10.1.1.0 host 10.2.2.0', '  IPSEC FLOW: permit ip host 10.1.1.0 host 10.2.2.0',
                '        Active SAs: 2, origin: crypto map'],
}

# The command, the captures that it is compared with, and what it has to print of them.
SHAPES = [
    ('isakmp sa', ['isakmp-sa'], ['IPv4 Crypto ISAKMP SA', 'dst src state conn-id status', 'IPv6 Crypto ISAKMP SA']),
    ('isakmp sa detail', ['isakmp-sa-detail'], ['Engine-id:Conn-id = SW:N']),
    ('isakmp sa count', ['isakmp-sa-count'], ["Active ISAKMP SA's: N", "Dead ISAKMP SA's: N"]),
    ('isakmp policy', ['isakmp-policy'], ['lifetime: N seconds, no volume limit']),
    ('isakmp key', [], []),
    ('isakmp peers', ['isakmp-peers'], ['Peer: A Port: N Local: A', 'Phase1 id: A']),
    ('ipsec sa detail', ['ipsec-sa-detail'], ['PFS (Y/N): Y, DH group: groupN', 'inbound ah sas:', 'transform: X ,',
                                              '##pkts replay failed (rcv): N']),
    ('ipsec sa count', ['ipsec-sa-count'], []),
    ('ipsec transform-set', [], []),
    ('ipsec profile', ['ipsec-profile'], ['IPSEC profile W', 'Mixed-mode : Disabled']),
    ('ipsec security-association', [], []),
    ('map', ['map-1', 'map-2', 'map-3', 'map-4'], ['Crypto Map IPv4 Q N ipsec-isakmp', 'Peer = A',
                                                   'Interfaces using crypto map W:']),
    ('session', [], ['Session status: W', 'IPSEC FLOW: permit ip A/A A/A']),
    ('engine connections active', [], []),
    ('sockets', ['sockets'], ['I Peers (local/remote): A/A', 'Socket State: Open']),
    ('call admission statistics', ['call-admission'], ['Crypto Call Admission Control Statistics']),
    ('key mypubkey rsa', ['key-rsa'], ['Key name: W', 'Usage: General Purpose Key']),
    ('pki trustpoints', ['pki-trustpoints'], ['Trustpoint W:', 'Certificate configured.']),
    ('pki trustpoints status', ['pki-trustpoints-status'], ['Issuing CA authenticated ....... Yes']),
]

IFNAME = r'\b(?:FastEthernet|FourHundredGigE|TwoGigabitEthernet|Tunnel|Vlan|Tu|Fa)\d[\d/.]*\b'
GENERAL = [  # in this order
    (r'(Last event|Last failure|Description): .*', r'\1: ...'),
    (r'^  (?:[0-9A-F]{2,8} ?)+$', 'H'),
    (r'"[^"]*"', 'Q'), (r'\d+\.\d+\.\d+\.\d+', 'A'), (r'(?i)\b[0-9a-f.]+::[0-9a-f]+\b', 'A'),
    (r'0x[0-9A-F]+\(\d+\)', 'S'), (r'sibling_flags [0-9A-F]+', 'sibling_flags H'),
    (r'(crypto map|crypto map tag): (?:[\w-]+)(, initiator : True)?', r'\1: W'), (r'Crypto map tag: [\w-]+', 'Crypto map tag: W'),
    (IFNAME, 'I'), (r'\d\d:\d\d:\d\d', 'T'), (r'(?:(?:esp|ah)-[\w-]+(?: 256)? ?)+', 'X '),
    (r'flow_id: [\w-]+:', 'flow_id: SW:'), (r'\b(QM_IDLE|MM_NO_STATE|MM_\w+)\b', 'STATE'), (r' \(deleted\)', ''),
    (r'UP-ACTIVE|DOWN-NEGOTIATING|DOWN|UP-IDLE', 'W'), (r'\b(Inactive|Active) *$', 'W'),
    (r'(IPSEC profile|Key name:|Profile name:|access-list|access list|crypto map|Transform set|Trustpoint) [\w./-]+',
     r'\1 W'), (r'^ *\w+: +(?=\{ X)', 'W: '), (r'(cn|o)=.*', 'DN'), (r'T UTC \w+ \d+ \d+', 'DATE'),
    (r'Serial Number \(hex\): [0-9A-F]+', 'Serial Number (hex): H'), (r'(MD5|SHA1): .*', r'\1: H'),
    (r'algorithm: .*', 'algorithm: W'), (r'authentication method: .*', 'authentication method: W'),
    (r'^default +A +\w+', 'default A W'), (r'(I?KE|IPsec|IKE) +[A-Z0-9+]+', r'\1 W'), (r'ACTIVE (aes|3des|des) +\w+ +\w+', 'ACTIVE W'),
    (r'group\d+', 'groupN'), (r'(?<![A-Za-z0-9])\d+', 'N'), (r'\{Tunnel, ?\w*\}', '{Tunnel, }'), (r'A *(RED|BLUE) *ACTIVE', 'A ACTIVE'),
]


def shape(line):
    line = line.rstrip().expandtabs(8)
    for old, new in GENERAL:
        line = re.sub(old, new, line)
    return re.sub(r' +', ' ', line).strip().replace(' )', ')')


def shapes(text):
    return {shape(line) for line in text.splitlines()} - {''}


@pytest.mark.parametrize('command, captures, must', SHAPES, ids=[s[0] for s in SHAPES])
def test_layouts_are_those_that_devices_print(live, command, captures, must):
    known = shapes('\n'.join(ALSO.get(command, []) + [(GENIE / f'{c}.txt').read_text() for c in captures]))
    printed = shapes(live.cli(f'show crypto {command}'))
    assert printed and printed <= known, printed - known
    assert set(must) <= printed, set(must) - printed


# ---- a row for each, and the same values as JSON ----

def near(text, number, by=3):
    """Times go on between two commands."""
    assert abs(int(text) - number) <= by, (text, number)


def esp(flow, direction):
    return next(s for s in flow['sas'] if s['protocol'] == 'esp' and s['direction'] == direction)


def test_isakmp_sas(live):
    rows = re.findall(r'^(\S+) +(\S+) +([A-Z_]+) +(\d+) ACTIVE( \(deleted\))?$', live.cli('show crypto isakmp sa'), re.M)
    sas = live.json('show crypto isakmp sa')['isakmp_sas']
    assert [(s['destination'], s['source'], s['state'], str(s['conn_id'])) for s in sas] == [r[:4] for r in rows]
    up = [s for s in sas if s['state'] == 'QM_IDLE']
    assert [(s['local'], s['remote']) for s in up] == [('192.0.2.1', '192.0.2.2')]
    detail = re.search(r'^(\d+) +(\S+) +(\S+) +ACTIVE (\w+) +(\w+) +(\w+) +(\d+) (\d+):(\d+):(\d+) D', live.cli(
        'show crypto isakmp sa detail'), re.M).groups()
    sa, = up
    assert detail[:7] == (str(sa['conn_id']), sa['local'], sa['remote'], sa['encryption'], sa['hash'],
                          sa['authentication'], str(sa['group']))
    near(int(detail[7]) * 3600 + int(detail[8]) * 60 + int(detail[9]), sa['lifetime_left_sec'])
    assert sa['dead_peer_detection'] and sa['key_bits'] == 256 and sa['phase1_id'] == '192.0.2.2'
    count = live.json('show crypto isakmp sa count')
    text = live.cli('show crypto isakmp sa count')
    assert count['active'] == 1 and re.findall(r': (\d+)', text) == [str(count[k]) for k in (
        'active', 'standby', 'negotiating', 'dead')]


def test_policies_keys_and_peers(live):
    text = live.cli('show crypto isakmp policy')
    policies = live.json('show crypto isakmp policy')['policies']
    assert [(str(p['priority']), str(p['group']), p['group_size'], str(p['lifetime_sec'])) for p in policies] == [
        tuple(m) for m in re.findall(
            r'priority (\d+)\n.*\n.*\n.*\n.*#(\d+) \((.*)\)\n.*?(\d+) seconds', text)]
    assert [(p['encryption'], p['key_bits'], p['hash']) for p in policies] == [('aes', 256, 'sha256'), ('3des', None, 'sha')]
    keys = live.json('show crypto isakmp key')['keys']
    assert [(k['keyring'], k['address'], k['preshared_key']) for k in keys] == re.findall(
        r'^(default) +(\S+) +(\w+)$', live.cli('show crypto isakmp key'), re.M)
    peers = live.json('show crypto isakmp peers')['peers']
    assert [(p['address'], str(p['port']), p['local']) for p in peers] == re.findall(
        r'^Peer: (\S+) Port: (\d+) Local: (\S+)$', live.cli('show crypto isakmp peers'), re.M)
    assert len(keys) == 2 and '192.0.2.2' in {p['address'] for p in peers}


def test_ipsec_sas_have_a_row_each(live):
    text, doc = live.cli('show crypto ipsec sa'), live.json('show crypto ipsec sa')
    sas = [s for f in doc['flows'] for s in f['sas']]
    assert [f['interface'] for f in doc['flows']] == ['Tunnel1', 'FastEthernet0/1', 'FastEthernet0/1']
    # ESP in both directions of the tunnel; AH and ESP of the map
    assert sorted((s['direction'], s['protocol']) for s in sas) == [('inbound', 'ah')] + [('inbound', 'esp')] * 2 + [
        ('outbound', 'ah')] + [('outbound', 'esp')] * 2
    assert sorted(map(int, re.findall(r'^ +spi: 0x[0-9A-F]+\((\d+)\)', text, re.M))) == sorted(s['spi'] for s in sas)
    assert [int(n) for n in re.findall(r'#pkts encaps: (\d+)', text)] == [f['encaps'] for f in doc['flows']]
    assert [int(n) for n in re.findall(r'#pkts decaps: (\d+)', text)] == [f['decaps'] for f in doc['flows']]
    assert all(f['encaps'] >= 4 and f['decaps'] >= 4 for f in doc['flows'][:2])
    # the other end's words for the same numbers
    count = live.json('show crypto ipsec sa count')
    assert count['total'] == len(sas)
    assert f"IPsec SA total: {len(sas)}, active: {len(sas)}" in live.cli('show crypto ipsec sa count')
    by_address = live.json('show crypto ipsec sa address')['sas']
    assert sorted(s['spi'] for s in by_address) == sorted(s['spi'] for s in sas)
    assert [int(n) for n in re.findall(r'spi: 0x[0-9A-F]+\((\d+)\)', live.cli('show crypto ipsec sa address'))] == [
        s['spi'] for s in by_address]
    identity = live.cli('show crypto ipsec sa identity')
    assert identity.count('current_peer') == 3 and 'sas:' not in identity
    assert [f['sas'] for f in live.json('show crypto ipsec sa identity')['flows']] == [[], [], []]


@pytest.mark.parametrize('words, interfaces', [
    ('peer 192.0.2.2', ['Tunnel1', 'FastEthernet0/1']), ('interface Tunnel1', ['Tunnel1']),
    ('map M', ['FastEthernet0/1'] * 2), ('peer 192.0.2.99', ['FastEthernet0/1']), ('peer 192.0.2.50', [])])
def test_ipsec_sa_is_narrowed(live, words, interfaces):
    text = live.cli(f'show crypto ipsec sa {words}')
    assert [f['interface'] for f in live.json(f'show crypto ipsec sa {words}')['flows']] == interfaces
    assert text.count('protected vrf') == len(interfaces)
    assert ('No SAs found' in text) == (not interfaces)


def test_ipsec_sa_detail_parses(live):
    """With one flow for each interface: the template, as with IOS, takes no second one."""
    flows = {f['interface']: f for f in live.json('show crypto ipsec sa peer 192.0.2.2')['flows']}
    rows = parse('crypto_ipsec_sa_detail', live.cli('show crypto ipsec sa peer 192.0.2.2 detail'))
    assert len(rows) == sum(len(f['sas']) for f in flows.values()) == 6
    for row in rows:
        flow = flows[row['interface']]
        sa = next(s for s in flow['sas'] if s['spi'] == int(row['sa_spi_dec']))
        ident = flow['remote_ident']
        assert (row['sa_orientation'], row['sa_type']) == (sa['direction'], sa['protocol'])
        assert (row['crypto_map_tag'], row['current_peer']) == (flow['crypto_map'], flow['current_peer'])
        assert (row['remote_ident_addr'], row['remote_ident_mask'], int(row['remote_ident_prot'])) == (
            ident['address'], ident['mask'], ident['protocol'])
        assert row['sa_transform'] == sa['transform'] and int(row['sa_conn_id']) == sa['conn_id']
        assert (int(row['pkts_encaps']), int(row['pkts_decaps'])) == (flow['encaps'], flow['decaps'])
        assert (int(row['plaintext_mtu']), int(row['path_mtu'])) == (flow['plaintext_mtu'], flow['path_mtu'])
        assert int(row['current_outbound_spi_dec']) == flow['outbound_spi'] == esp(flow, 'outbound')['spi']
        near(row['sa_lifetime_sec'], sa['lifetime_left_sec'])
        assert int(row['sa_replay_window_size']) == sa['replay_window'] == 64


def test_sessions_parse(live):
    rows = parse('crypto_session_detail', live.cli('show crypto session detail'))
    sessions = live.json('show crypto session')['sessions']
    assert [(r['interface'], r['peer']) for r in rows] == [(s['interface'], s['peer']) for s in sessions]
    for row, s in zip(rows, sessions):
        flow = s['flows'][0]
        assert int(row['active_sa']) == flow['active_sas'] and int(row['port']) == s['port']
        if s['status'] != 'UP-ACTIVE':
            continue
        assert row['session_status'] == s['status'] and row['phase1_id'] == s['phase1_id']
        assert (row['local_ip'], int(row['conn_id'])) == (s['ike_sas'][0]['local'], s['ike_sas'][0]['conn_id'])
        numbers = re.search(rf"Interface: {s['interface']}\n(?s:.*?)dec'ed (\d+)(?s:.*?)enc'ed (\d+)",
                            live.cli('show crypto session detail')).groups()
        assert tuple(map(int, numbers)) == (flow['inbound']['packets'], flow['outbound']['packets'])
    assert sum(s['status'] == 'UP-ACTIVE' for s in sessions) == 2
    for words, peers in (('remote 192.0.2.2', 2), ('remote 192.0.2.99', 1), ('local 192.0.2.1', 3),
                         ('interface Tunnel1', 1), ('local 192.0.2.7', 0)):
        assert len(live.json(f'show crypto session {words}')['sessions']) == peers
        assert len(re.findall('^Peer:', live.cli(f'show crypto session {words}'), re.M)) == peers
    assert len(re.findall(r' (UA|DN|D)$', live.cli('show crypto session brief'), re.M)) == 3


def test_maps_profiles_and_sets(live):
    text, maps = live.cli('show crypto map'), live.json('show crypto map')['crypto_maps']
    heads = re.findall(r'^Crypto Map IPv4 "(\S+)" (\d+) (\S+)$', text, re.M)
    assert [(m['name'], str(m['sequence']), m['type']) for m in maps if m['name'] == 'M'] == [h for h in heads if h[0] == 'M']
    assert ('Tunnel1-head-0', 65537) in {(m['name'], m['sequence']) for m in maps}
    assert maps[0]['description'] == 'the other LAN' and maps[0]['current_peer'] == '192.0.2.2'
    assert [(t['name'], t['ah'], t['esp']) for t in maps[0]['transform_sets']] == [('BOTH', 'ah-sha-hmac', 'esp-3des')]
    assert maps[0]['access_list_entries'] == ['permit ip 10.1.1.0 0.0.0.255 10.2.1.0 0.0.0.255']
    assert [m['lifetime_sec'] for m in maps[:2]] == [3600, 1800]
    assert [m['sequence'] for m in live.json('show crypto map interface FastEthernet0/1')['crypto_maps']] == [10, 20]
    assert [(m['name'], m['sequence'], m['created_from']) for m in live.json('show crypto map tag Tunnel1-head-0')['crypto_maps']] == [
        ('Tunnel1-head-0', 65536, 'PROT'), ('Tunnel1-head-0', 65537, 'PROT')]
    profile, = live.json('show crypto ipsec profile')['profiles']
    assert (profile['name'], profile['pfs_group']) == ('PROT', 14)
    sets = live.json('show crypto ipsec transform-set')['transform_sets']
    assert [s['name'] for s in sets] == re.findall(r'^Transform set (\S+):', live.cli('show crypto ipsec transform-set'), re.M)
    life = live.json('show crypto ipsec security-association')
    assert live.cli('show crypto ipsec security-association').strip() == (
        f"Security association lifetime: {life['lifetime_kb']} kilobytes/{life['lifetime_sec']} seconds")
    sockets = live.json('show crypto sockets')
    assert [(s['interface'], s['state'], s['ipsec_profile']) for s in sockets['sockets']] == [('Tunnel1', 'Open', 'PROT')]


def test_engine_has_a_row_for_each_sa(live):
    doc = live.json('show crypto engine connections active')['connections']
    rows = re.findall(r'^ *(\d+)  (\S+) +(\S+) +(\d+) +(\d+) +(\d+) (\S+)$', live.cli(
        'show crypto engine connections active'), re.M)
    ipsec = [(str(c['id']), c['type'], c['algorithm'], str(c['encrypt']), str(c['decrypt']), str(c['last_sequence']),
              c['address']) for c in doc if c['type'] == 'IPsec']
    assert ipsec == [r for r in rows if r[1] == 'IPsec'] and len(ipsec) == 4
    assert [r[:3] for r in rows if r[1] == 'IKE'] == [('1001', 'IKE', 'SHA256+AES256')]


def test_keys_and_certificates(live):
    key, = live.json('show crypto key mypubkey rsa')['keys']
    text = live.cli('show crypto key mypubkey rsa')
    assert key['name'] == 'KEYS' and key['rsa_bits'] == 1024
    assert key['public_key'] == re.sub(r'\s', '', text.split('Key Data:')[1]).lower()
    cert, = live.json('show crypto pki certificates')['certificates']
    row, = parse('crypto_pki_certificates', live.cli('show crypto pki certificates'))
    assert (cert['trustpoint'], cert['kind'], cert['status'], cert['ca']) == ('TP', 'ca', 'Available', True)
    assert cert['serial_number'].upper() == '1A2B' in row.values()
    assert cert['not_after_at'] - cert['not_before_at'] == 30 * 86400
    point, = live.json('show crypto pki trustpoints')['trustpoints']
    status = live.cli('show crypto pki trustpoints status')
    assert point['ca_certificate']['fingerprint_sha1'].upper() == re.search(r'SHA1: (.*)', status).group(1).replace(' ', '')


def test_admission_counts(live):
    doc = live.json('show crypto call admission statistics')
    text = live.cli('show crypto call admission statistics')
    assert int(re.search(r'Outgoing IKE Requests: +(\d+)', text).group(1)) == (
        doc['ike']['outgoing_accepted'] + doc['ike']['outgoing_rejected']) >= 2
    assert int(re.search(r'Total IPSEC SA Count: +\d+ active: +(\d+)', text).group(1)) == doc['ipsec']['active'] == 2
    live.cli('clear crypto call admission statistics')
    text = live.cli('show crypto call admission statistics')
    assert int(re.search(r'Outgoing IKE Requests: +(\d+)', text).group(1)) <= 1, 'the peer that is dead may be asked just now'
    assert re.search(r'Total IPSEC SA Count: +\d+ active: +2', text), 'SAs are not counted from then on'


# ---- the five steps; these change the routers and come last ----

STEPS = ['traffic', 'phase1', 'phase2', 'data']


def session(live, peer, interface, form='timeline'):
    return next(s for s in live.json(f'show crypto session {form}')['sessions']
                if (s['peer'], s['interface']) == (peer, interface))


def test_steps_follow_each_other(live):
    life, = session(live, '192.0.2.2', 'FastEthernet0/1')['lives']
    times = [life[f'{step}_at'] for step in STEPS]
    assert None not in times and life['termination_at'] is None
    # the tunnel, which needs no packet to begin, may have brought phase 1 before
    assert times[0] <= times[2] and times[1:] == sorted(times[1:])
    assert (life['traffic_source'], life['traffic_destination'], life['reached']) == ('10.1.1.1', '10.2.1.1', 'data')
    text = live.cli('show crypto session timeline remote 192.0.2.2')
    for n, name in enumerate(['interesting traffic', 'IKE phase 1', 'IKE phase 2', 'data transfer'], 1):
        assert len(re.findall(rf'^  {n}\. {name} +\d\d:\d\d:\d\d\.\d\d\d UTC .* ago', text, re.M)) == 2, text
    assert len(re.findall(r'^  5\. termination +not yet$', text, re.M)) == 2
    dead, = session(live, '192.0.2.99', 'FastEthernet0/1')['lives']
    assert dead['reached'] == 'traffic' and dead['phase2_at'] is None


def test_a_session_that_ends_says_why_and_one_that_ends_often_flaps(live):
    for n in range(1, 4):
        live.cli('clear crypto session remote 192.0.2.2')
        past = session(live, '192.0.2.2', 'FastEthernet0/1', 'history')
        ended = next(x for x in past['lives'] if x['termination_at'])
        assert (ended['reached'], ended['ended_because']) == ('data', 'cleared by the operator')
        assert past['downs_last_hour'] == n and past['flapping'] == (n == 3)
        for _ in range(20):
            if ' 0% packet loss' in live.ping('-c', '1', '-W', '1', '-I', '10.1.1.1', '10.2.1.1'):
                break
        live.cli('show crypto session timeline')  # which sees that it carries
    text = live.cli('show crypto session history interface FastEthernet0/1 remote 192.0.2.2')
    assert 'up 4, down 3 - it flaps' in text
    assert len(re.findall(r'data transfer .* cleared by the operator$', text, re.M)) == 3
    assert re.search(r'It was down before, since \S+ ago: cleared by the operator',
                     live.cli('show crypto session timeline interface FastEthernet0/1 remote 192.0.2.2'))


def test_json_is_for_show_commands_and_errors_are_those_of_the_text(live):
    def typed(command):
        return subprocess.run([built('culvert'), 'shell', '--socket', live.folder / f'{live.names[0]}.sock', '-c', command],
                              capture_output=True, text=True, timeout=20)

    for command in ('show crypto map interface Serial9/9', 'show crypto pki certificates NONE'):
        plain, asked = typed(command), typed(f'{command} | json')
        assert asked.returncode == plain.returncode != 0 and asked.stdout == plain.stdout
    refused = typed('clear logging | json')
    # under the bar, behind the prompt
    assert refused.returncode != 0 and refused.stdout == f"{' ' * len('R1#clear logging ')}^\n% Invalid input detected at '^' marker.\n\n"
    lines = live.json('show running-config')['lines']
    assert 'hostname R1' in lines and lines == live.cli('show running-config').splitlines()
