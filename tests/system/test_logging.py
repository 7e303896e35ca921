# SPDX-License-Identifier: Apache-2.0
"""Where log lines go: the console, the buffer, terminals that watch, syslog hosts, JSON; and that no key is in any of them."""
import json
import re
import select
import socket
import subprocess
import time

import pytest

from conftest import ROOT, built
from peers.netns import Net, until
from router import Router, config

US, PEER, HOST = '192.0.2.1', '192.0.2.2', '10.2.0.9'
SUITE = 'aes128-sha1-modp1024'
STAMP = r'\*?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\.\d{3}'


class Syslog:
    """A syslog server that is a socket."""

    def __init__(self, ns, address, port=514):
        self.sock = ns.socket(socket.SOCK_DGRAM, bind=(address, port))
        self.sock.setblocking(False)
        self.got, self.senders = [], set()

    def text(self):
        while select.select([self.sock], [], [], 0)[0]:
            data, (sender, _) = self.sock.recvfrom(4096)
            assert len(data) <= 1024
            self.got.append(data.decode())
            self.senders.add(sender)
        return '\n'.join(self.got)


def typed(r, *lines):
    return subprocess.run([built('culvert'), 'shell', '--socket', r.sock], input='\n'.join(lines) + '\n', text=True,
                          capture_output=True, timeout=60).stdout


def parse(text):
    textfsm = pytest.importorskip('textfsm')
    with open(ROOT / 'tests' / 'golden' / 'ntc-templates' / 'cisco_ios_show_logging.textfsm') as f:
        machine = textfsm.TextFSM(f)
    return [dict(zip([n.lower() for n in machine.header], row)) for row in machine.ParseText(text)]


@pytest.fixture
def net():
    with Net() as n:
        us, peer = n.ns('us'), n.ns('peer')
        n.link(us, 'wan', f'{US}/24', peer, 'wan', f'{PEER}/24')
        n.us, n.peer = us, peer
        yield n


PLAIN = f'hostname R1\ninterface FastEthernet0/1\n ip address {US} 255.255.255.0\n'


@pytest.mark.no_way('no packet is encrypted')
def test_each_place_gets_the_levels_that_it_is_to_have(net):
    host = Syslog(net.peer, PEER)
    other = Syslog(net.peer, PEER, 5514)
    router = Router(net.us, PLAIN + f'logging {PEER}\nlogging host {PEER} transport udp port 5514\n'
                    'logging origin-id hostname\nlogging facility local0\nlogging trap notifications\n'
                    'logging buffered 8192 informational\nlogging console warnings\nservice sequence-numbers\nlogging count\n')
    seen = router.dir / 'watching'
    watching = router.ns.popen(built('culvert'), 'shell', '--socket', router.sock, stdin=subprocess.PIPE, log=seen, text=True)
    watching.stdin.write('enable\nterminal monitor\nshow clock\n')
    watching.stdin.flush()
    until(lambda: 'UTC' in seen.read_text(), what='the terminal')
    typed(router, 'enable', 'configure terminal', 'hostname R2', 'end')
    until(lambda: 'SYS-5-CONFIG_I' in host.text(), what='the datagram')
    line = next(x for x in host.got if 'CONFIG_I' in x)
    # local0 is 16, a notification 5: RFC 3164 section 4.1.1
    assert re.fullmatch(rf'<133>\d+: R2: \d{{6}}: {STAMP}: %SYS-5-CONFIG_I: Configured from .*', line), line
    assert host.senders == {US} and host.got == other.text().split('\n')
    assert not [x for x in host.got if int(re.match(r'<(\d+)>', x)[1]) % 8 > 5], 'more than trap lets through'
    assert [int(re.match(r'<\d+>(\d+):', x)[1]) for x in host.got] == list(range(1, len(host.got) + 1))
    shown = router.cli('enable; show logging')
    assert f'        Logging to {PEER}  (udp port 5514, audit disabled,\n' in shown
    assert 'Console logging: level warnings, ' in shown and 'Log Buffer (8192 bytes):\n' in shown
    assert '%SYS-5-CONFIG_I' in shown and '%SYS-5-CONFIG_I' not in router.log()
    said = json.loads(router.cli('enable; show logging | json'))
    assert [(h['address'], h['port'], h['lost']) for h in said['hosts']] == [(PEER, 514, 0), (PEER, 5514, 0)]
    assert said['hosts'][0]['sent'] == len(host.got)
    assert [(k['severity'], k['messages']) for k in said['counts'] if k['mnemonic'] == 'CONFIG_I'] == [(5, 1)]
    count = router.cli('enable; show logging count')
    assert re.search(r'^SYS +CONFIG_I +5 +1 ' + STAMP, count, re.M), count
    # what comes down to `no`
    typed(router, 'enable', 'configure terminal', f'no logging host {PEER}', 'no logging buffered', 'end')
    before = len(host.got)
    typed(router, 'enable', 'configure terminal', 'hostname R3', 'end')
    shown = router.cli('enable; show logging')
    assert 'Buffer logging:  disabled' in shown and 'Logging to' not in shown and 'CONFIG_I' not in shown
    host.text()
    assert len(host.got) <= before + 1
    typed(router, 'enable', 'configure terminal', 'logging monitor warnings', 'end')
    typed(router, 'enable', 'configure terminal', 'hostname R4', 'end')
    watching.communicate('exit\n', timeout=20)
    seen = seen.read_text()
    assert 'R2: ' not in seen and seen.count('%SYS-5-CONFIG_I') in (3, 4), seen  # and not the last one
    router.stop()


@pytest.mark.no_way('no packet is encrypted')
def test_the_buffer_reads_with_ntcs_template(net):
    router = Router(net.us, PLAIN)
    typed(router, 'enable', 'configure terminal', 'hostname R2', 'end', 'clear logging', '', 'configure terminal',
          'interface FastEthernet0/1', 'shutdown', 'end', 'configure terminal', 'interface FastEthernet0/1', 'no shutdown', 'end')
    until(lambda: 'LINK-3-UPDOWN' in router.cli('enable; show logging'), what=router.log())
    shown = router.cli('enable; show logging')
    rows = parse(shown)
    lines = [x for x in shown.split('bytes):\n\n')[1].splitlines() if x.strip()]
    assert len(rows) == len(lines) >= 2
    for row, line in zip(rows, lines):
        assert f"%{row['facility']}-{row['severity']}-{row['mnemonic']}: {row['message'][0]}" in line
    kept = json.loads(router.cli('enable; show logging | json'))['messages']
    assert [(m['facility'], m['severity'], m['mnemonic'], m['text']) for m in kept] == \
        [(r['facility'], int(r['severity']), r['mnemonic'], r['message'][0]) for r in rows]
    router.stop()


@pytest.mark.no_way('no packet is encrypted')
def test_a_host_that_is_not_there_costs_its_datagrams_alone(net):
    router = Router(net.us, PLAIN + f'logging host 203.0.113.1\nlogging host {PEER}\nlogging trap debugging\n')
    host = Syslog(net.peer, PEER)
    began = time.monotonic()
    for i in range(5):
        typed(router, 'enable', 'configure terminal', f'hostname X{i}', 'end')
    assert time.monotonic() - began < 15
    until(lambda: host.text().count('CONFIG_I') == 5, what=host.text())
    hosts = json.loads(router.cli('enable; show logging | json'))['hosts']
    assert hosts[0]['lost'] >= 5 and hosts[0]['sent'] == 0 and hosts[1]['lost'] == 0
    router.stop()


def test_syslog_goes_through_the_tunnel_like_other_traffic(net):
    for ns, mine, far, via in ((net.us, '10.1.0.1', '10.2.0.0/16', PEER), (net.peer, HOST, '10.1.0.0/16', US)):
        ns.addr('lo', f'{mine}/32')
        ns.route(far, via)
    host = Syslog(net.peer, HOST)
    us = Router(net.us, config(SUITE, US, PEER, [f'udp host 10.1.0.1 host {HOST}'],
                               extra=f'interface Loopback0\n ip address 10.1.0.1 255.255.255.255\nlogging host {HOST}\n'
                                     'logging source-interface Loopback0\ncrypto logging session'))
    peer = Router(net.peer, config(SUITE, PEER, US, [f'udp host {HOST} host 10.1.0.1']))
    for i in range(3):
        typed(us, 'enable', 'configure terminal', f'hostname X{i}', 'end')
    until(lambda: 'CONFIG_I' in host.text() and 'CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP' in us.log(),
          20, f'a datagram\n{us.log()}')
    assert host.senders == {'10.1.0.1'}
    encaps = int(re.search(r'#pkts encaps: (\d+)', us.cli('show crypto ipsec sa'))[1])
    decaps = int(re.search(r'#pkts decaps: (\d+)', peer.cli('show crypto ipsec sa'))[1])
    assert encaps >= len(host.got) and decaps >= len(host.got) > 0
    # the peer has dropped nothing that came in clear
    assert 'RECVD_PKT_NOT_IPSEC' not in peer.log()
    us.stop()
    peer.stop()


def openssl(*argv, data=b''):
    return subprocess.run(['openssl', *argv], input=data, capture_output=True, check=True).stdout


# Everything that must not be seen, by what it is; those of BROKEN stand where a line is wrong.
SECRETS = {
    'psk': 'pSk4aQxZ7wLm', 'other psk': 'oThEr9kPsKvB', 'keyring': 'kEyRiNg5tYuI', 'host psk': 'hOsTpSk3nMqW',
    'master': 'mAsTeR8eRtYu', 'enable secret': 'eNaBlE6sEcRt', 'enable password': 'eNpAsS2wOrDx', 'username': 'uSeR1nAmEpWd',
    'username secret': 'uSeR7sEcReTz', 'pem phrase': 'pEmPhRaSe4Qw', 'export phrase': 'eXpOrT5pHrAs', 'vty': 'vTyPaSs9lInE',
    'manual cipher': '1f2e3d4c5b6a79880112233445566778', 'manual auth': 'a1b2c3d4e5f60718293a4b5c6d7e8f9001122334',
    'type 6': 'WfHKRXgEKdQTdRZ^_AAXOYUdKbVMLZUD',
}
BROKEN = {f'broken {i}': f'bRoKeN{i:02d}kEyXz' for i in range(12)}


def broken_lines():
    b = list(BROKEN.values())
    return [f'crypto isakmp keyy {b[0]} address 192.0.2.77', f'crypto isakmp key {b[1]} addresss 192.0.2.77',
            f'crypto isakmp key {b[2]}', f'enable secrett 5 {b[3]}', f'usernam bob secret {b[4]}',
            f'username bob privilege 99 secret {b[5]}', f'key config-key password-encryptt {b[6]}',
            f'crypto isakmp key 6 {b[7]} address', f'pre-shared-key address 192.0.2.78 key {b[8]}', f'{b[9]}',
            f'crypto key import rsa K pem terminal {b[10]} nonsense', f'snmp-server community {b[11]} RO']


def hexes(*lines):
    """The keys of Wireshark's tables: of our ISAKMP SAs, of our ESP SAs."""
    return {k.lower() for line in lines for k in re.findall(r'\b(?:0x)?([0-9a-fA-F]{32,})\b', line)}


@pytest.mark.no_way('what is written is looked at, not what is sent')
def test_no_key_is_in_any_log(net, tmp_path):
    """Keys of all kinds are configured, used, mistyped and pasted where they do not belong, and everything is logged
    everywhere: nothing of them is to be found."""
    s = SECRETS
    host = Syslog(net.peer, PEER)
    key = openssl('genrsa', '-traditional', '1024')
    pem = openssl('rsa', '-traditional', '-aes128', '-passout', f"pass:{s['pem phrase']}", data=key).decode().splitlines()
    body = [line for line in key.decode().splitlines() if line and '-' not in line]
    public = openssl('rsa', '-pubout', data=key).decode().splitlines()
    text = (config(SUITE, US, PEER, ['ip host 10.1.0.1 host 10.2.0.1']).replace('secretkey', s['psk'])
            + f"""logging host {PEER}
logging trap debugging
logging buffered 1000000
crypto logging session
service sequence-numbers
enable secret 0 {s['enable secret']}
username bob privilege 15 password 0 {s['username']}
crypto keyring K
 pre-shared-key address 192.0.2.70 key {s['keyring']}
crypto isakmp key {s['host psk']} hostname peer.example
crypto isakmp key 6 {s['type 6']} address 192.0.2.71
crypto map M 20 ipsec-manual
 set peer 192.0.2.72
 set session-key inbound esp 300 cipher {s['manual cipher']} authenticator {s['manual auth']}
 set session-key outbound esp 301 cipher {s['manual cipher']} authenticator {s['manual auth']}
 set transform-set TS
 match address MAN
ip access-list extended MAN
 permit ip host 10.1.0.1 host 10.3.0.1
line vty 0 4
 password {s['vty']}
""" + '\n'.join(broken_lines()) + '\n')
    for ns, mine, far, via in ((net.us, '10.1.0.1', '10.2.0.0/15', PEER), (net.peer, '10.2.0.1', '10.1.0.0/16', US)):
        ns.addr('lo', f'{mine}/32')
        ns.route(far, via)
    keylog = tmp_path / 'keys'
    keylog.mkdir()
    us = Router(net.us, text, args=['--keylog', keylog])
    them = config(SUITE, PEER, US, ['ip host 10.2.0.1 host 10.1.0.1'])
    peer = Router(net.peer, them.replace('secretkey', s['other psk']), args=['--log-json'])
    watching = tmp_path / 'watching'
    watch = us.ns.popen(built('culvert'), 'shell', '--socket', us.sock, stdin=subprocess.PIPE, log=watching, text=True)
    watch.stdin.write('enable\nterminal monitor\nshow clock\n')
    watch.stdin.flush()
    until(lambda: 'UTC' in watching.read_text(), what='the terminal')
    for r in us, peer:
        r.cli('enable; debug crypto isakmp; debug crypto ipsec; debug crypto engine; debug tunnel keepalive')
    # a negotiation with two different keys, then with the same
    us.ns.ping('10.2.0.1', 1, source='10.1.0.1', wait=1).result()
    until(lambda: 'IKMP_BAD_MESSAGE' in peer.log() or 'failed' in peer.log(), 20, peer.log())
    typed(peer, 'enable', 'configure terminal', f'no crypto isakmp key {s["other psk"]} address {US}',
          f'crypto isakmp key {s["psk"]} address {US}', 'end', 'clear crypto sa', 'clear crypto isakmp')
    typed(us, 'enable', 'clear crypto sa', 'clear crypto isakmp')
    until(lambda: not us.ns.ping('10.2.0.1', 1, source='10.1.0.1', wait=1).result().lost, 30, us.log())
    # keys that are typed, asked for, imported, exported and mistyped; a history has 20 lines
    wrong = [line for x in (*broken_lines(), *body, *pem) for line in (x, 'do show history')]
    said = typed(us, 'enable', 'configure terminal', f'enable password {s["enable password"]}',
                 f'username eve secret 0 {s["username secret"]}', f'crypto isakmp key {s["psk"]} address 192.0.2.73',
                 f'key config-key password-encrypt {s["master"]}', 'password encryption aes',
                 f'crypto key import rsa IMP pem exportable terminal {s["pem phrase"]}', *public, 'quit', *pem, 'quit',
                 f'crypto key export rsa IMP pem terminal 3des {s["export phrase"]}', 'do show history', *wrong, 'end',
                 'show history')
    until(lambda: 'CONFIG_I' in host.text().split('CRYPTO-5-SESSION_STATUS')[-1], what='the end of it')
    watch.communicate('show history\nexit\n', timeout=20)
    shown = us.cli('enable; show logging; show history') + us.cli('enable; show logging | json')
    logs = {'log': us.log(), 'syslog': host.text(), 'monitor': watching.read_text(), 'show': shown, 'json': peer.log(),
            'session': said}
    us.stop()
    peer.stop()
    # it was all there to be seen
    for name in 'log', 'syslog', 'monitor', 'show', 'json':
        assert 'ISAKMP' in logs[name] and 'QM_PHASE2' in logs[name], name
    for line in logs['json'].splitlines():
        assert set(json.loads(line)) == {'time', 'facility', 'severity', 'mnemonic', 'text', 'peer'}
    assert any(json.loads(x)['peer'] == US for x in logs['json'].splitlines())
    assert '  crypto isakmp key ***** address 192.0.2.73\n' in said and said.count('do show history') > 200
    keys = hexes(*(f.read_text() for f in keylog.iterdir() if f.is_file()))
    assert len(keys) >= 4, keys
    wanted = {**s, **BROKEN, **{f'negotiated {i}': k for i, k in enumerate(keys)},
              **{f'private {i}': line for i, line in enumerate(body[1:-1])},
              **{f'sealed {i}': line for i, line in enumerate(pem[4:-2])}}
    seen = {(where, what) for where, t in logs.items() for what, secret in wanted.items() if secret.lower() in t.lower()}
    assert not seen, sorted(seen)
