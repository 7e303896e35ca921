# SPDX-License-Identifier: Apache-2.0
"""A line that is typed disturbs nothing but what it changes: packets through one tunnel while others are configured,
and answers that are long, or asked for by somebody who does not read."""
import json
import re
import socket
import struct
import time
import types

import pytest

from conftest import built, lone_router
from peers.netns import Net, need, run, until
from router import Router, config

pytestmark = pytest.mark.no_way('what control does: no packet goes another way by it')

US, PEER = '192.0.2.1', '192.0.2.2'
LANS = {US: '10.1.0.1', PEER: '10.2.0.1'}
LINE, OUTPUT, PROMPT = 1, 64, 67  # src/shell/shell_proto.h


def text(local, peer):
    a, b = (LANS[x].rsplit('.', 1)[0] + '.0 0.0.0.255' for x in (local, peer))
    return config('aes128-sha1-modp1024', local, peer, [f'ip {a} {b}'],
                  extra=f'ip route {b.split()[0]} 255.255.255.0 {peer}')


@pytest.fixture
def pair():
    need('ip', 'ping', 'nft')
    built('culvert')
    with Net() as net:
        us, peer = net.ns('us'), net.ns('peer')
        net.link(us, 'wan', f'{US}/24', peer, 'wan', f'{PEER}/24')
        for ns, at in ((us, US), (peer, PEER)):
            ns.ip('addr', 'add', f'{LANS[at]}/32', 'dev', 'lo')
        a, b = Router(us, text(US, PEER)), Router(peer, text(PEER, US))
        until(lambda: us.ping(LANS[PEER], 1, wait=1, source=LANS[US]).result().lost == [], 20, 'the tunnel')
        yield a, b


def spis(router):
    return sorted(re.findall(r'^ +spi: (0x\w+)', router.cli('show crypto ipsec sa'), re.M))


def typed(router, *lines):
    out = router.cli('\n'.join(['configure terminal', *lines, 'end']))
    assert '% Inv' not in out and '% Inc' not in out, out
    return out


CHANGES = [
    ['crypto isakmp key other address 192.0.2.77'],
    ['ip access-list extended OTHER', 'permit ip 10.1.0.0 0.0.0.255 10.77.0.0 0.0.0.255'],
    ['crypto map M 20 ipsec-isakmp', 'set peer 192.0.2.77', 'set transform-set TS', 'match address OTHER'],
    ['ip access-list extended OTHER', 'permit ip 10.1.0.0 0.0.0.255 10.78.0.0 0.0.0.255'],
    ['crypto map M 20 ipsec-isakmp', 'set pfs group2', 'description somebody else'],
    ['access-list 150 deny ip any host 10.66.0.1', 'access-list 150 permit ip any any'],
    ['crypto map M 5 ipsec-isakmp', 'set peer 192.0.2.78', 'set transform-set TS', 'match address 151',
     'access-list 151 permit ip host 10.1.0.9 host 10.79.0.9'],
    ['interface Loopback9', 'ip address 10.99.0.1 255.255.255.255'],
    ['crypto isakmp policy 30', 'encr aes 256', 'group 14'],
    ['crypto ipsec transform-set MORE esp-3des esp-md5-hmac'],
    ['ip access-list extended OTHER', 'deny ip host 10.1.0.8 host 10.78.0.8', 'no 10'],
    ['no crypto map M 20', 'no ip access-list extended OTHER'],
    ['no crypto map M 5', 'no crypto isakmp key other address 192.0.2.77'],
]


def test_other_tunnels_lose_no_packet_and_no_sa(pair):
    a, b = pair
    before = spis(a)
    assert len(before) == 2, before
    ping = a.ns.ping(LANS[PEER], 3000, interval=0.01, source=LANS[US])
    for lines in CHANGES:
        typed(a, *lines)
        time.sleep(0.05)
    ping.stop()
    assert ping.sent > 50 and ping.lost == [], ping.out
    assert spis(a) == before
    assert spis(b) == before
    assert 'DELETE' not in a.log()


def rules(router):
    """With their handles, which are new when they are loaded anew."""
    return ''.join(re.sub(r'packets \d+ bytes \d+', '', router.ns.run('nft', '-a', 'list', 'table', 'ip', 'culvert').stdout))


def settled(router):
    """Once nobody - our own rings, with the first SAs - changes nftables any more."""
    seen = [rules(router)]

    def same():
        time.sleep(0.4)
        seen.append(rules(router))
        return seen[-1] == seen[-2]
    until(same, 20, 'a quiet moment')
    return seen[-1]


def test_lines_about_no_packet_leave_the_kernels_rules_alone(pair):
    a, _ = pair
    before = settled(a)
    typed(a, 'crypto map M 10 ipsec-isakmp', 'description the peer', 'set pfs group5')
    typed(a, 'crypto isakmp key another address 192.0.2.99', 'ip access-list extended UNUSED', 'permit ip any any')
    assert a.cli('show running-config | include UNUSED|another|the peer').count('\n') == 3
    assert rules(a) == before
    typed(a, 'ip access-list extended CRYPT', 'permit ip host 10.1.0.9 host 10.3.0.9')
    assert rules(a) != before  # a line that is about packets is there


def test_replacing_a_configuration_by_itself_does_nothing(pair):
    a, b = pair
    before, there = spis(a), settled(a)
    out = run(built('culvert'), 'shell', '--socket', a.sock,
              input='enable\ncopy running-config flash:now\n\nconfigure replace flash:now force\n').stdout
    assert 'copied' in out and 'Total number of passes' in out, out
    assert spis(a) == before and spis(b) == before
    assert rules(a) == there


# ---- long answers ----

def test_secrets_that_come_together_hold_nobody_up(tmp_path):
    n = 150
    (tmp_path / 'users').write_text(''.join(f'username u{i} secret p{i}\n' for i in range(n)))
    with lone_router(tmp_path, 'hostname R9\n') as sock:
        asks, other = (Session(types.SimpleNamespace(sock=sock)) for _ in range(2))
        asks.line('copy flash:users running-config')
        assert '[OK]' in asks.line('')
        asks.send('show running-config')
        for _ in range(10):  # each of which waits for a hash or two, and not for all
            assert other.line('show privilege') == 'Current privilege level is 15\n'
        asks.s.setblocking(False)
        try:
            asks.buf += asks.s.recv(65536)
        except BlockingIOError:
            pass
        asks.s.settimeout(60)
        assert b'Current configuration' not in asks.buf
        said = asks.answer()
        assert len(re.findall(r'^username u\d+ secret 9 \$9\$\S+$', said, re.M)) == n
        assert other.line('show running-config') == said


class Session:
    def __init__(self, router):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(20)
        self.s.connect(str(router.sock))
        self.buf = b''
        self.answer()
        self.line('enable')

    def send(self, *lines):
        self.s.sendall(b''.join(struct.pack('!BI', LINE, len(x)) + x.encode() for x in lines))

    def answer(self):
        out = []
        while True:
            while len(self.buf) < 5 or len(self.buf) < 5 + struct.unpack('!I', self.buf[1:5])[0]:
                got = self.s.recv(65536)
                assert got, 'cut off'
                self.buf += got
            n = 5 + struct.unpack('!I', self.buf[1:5])[0]
            kind, body, self.buf = self.buf[0], self.buf[5:n], self.buf[n:]
            if kind == OUTPUT:
                out.append(body.decode())
            if kind == PROMPT:
                return ''.join(out)

    def line(self, line):
        self.send(line)
        return self.answer()


@pytest.fixture
def big():
    """Five hundred peers that nobody is."""
    need('ip', 'nft')
    built('culvert')
    lines = ['crypto ipsec transform-set TS esp-aes esp-sha-hmac']
    for i in range(500):
        lines += [f'ip access-list extended A{i}', f' permit ip 10.1.0.0 0.0.255.255 10.{200 + i // 256}.{i % 256}.0 0.0.0.255',
                  f'crypto map M {i + 1} ipsec-isakmp', f' set peer 198.51.{100 + i // 256}.{i % 256}', ' set transform-set TS',
                  f' match address A{i}']
    lines += ['interface FastEthernet0/1', f' ip address {US} 255.255.255.0', ' crypto map M']
    with Net() as net:
        us, peer = net.ns('us'), net.ns('peer')
        net.link(us, 'wan', f'{US}/24', peer, 'wan', f'{PEER}/24')
        yield Router(us, '\n'.join(lines) + '\n')


def test_what_is_asked_meanwhile_is_answered_in_its_order(big):
    s = Session(big)
    s.send('show crypto ipsec sa', 'show privilege', 'show crypto ipsec sa | count local +ident', 'show access-lists',
           'show crypto map tag M | include ^Crypto Map', 'show crypto ipsec sa interface Serial9/9', 'show privilege')
    got = [s.answer() for _ in range(7)]
    assert got[0].count('local  ident') == 500, got[0][-500:]
    assert got[1] == got[6] == 'Current privilege level is 15\n'
    assert got[2] == 'Number of lines which match regexp = 500\n'
    assert got[3].count('Extended IP access list A') == 500
    assert got[4].count('\n') == 500
    assert got[5].startswith('% Invalid interface')


def test_a_client_that_does_not_read_holds_nobody_up(big):
    lazy, other = Session(big), Session(big)
    lazy.send('show crypto ipsec sa', 'show crypto ipsec sa', 'show privilege')
    time.sleep(0.3)
    # what it has not read is about what has been there before; who configures does not wait for it
    other.line('configure terminal')
    for line in ('no crypto map M 300', 'crypto map M 2 ipsec-isakmp', 'no match address A1'):
        assert '% I' not in other.line(line)
    other.line('end')
    assert other.line('show crypto ipsec sa | count local +ident') == 'Number of lines which match regexp = 498\n'
    assert lazy.answer().count('local  ident') == 500
    assert lazy.answer().count('local  ident') in (498, 499, 500)  # whenever it began
    assert lazy.answer() == 'Current privilege level is 15\n'


def test_a_change_tears_no_answer_that_is_under_way(big):
    """Half of it is made when a line comes: all of it is what was there before, or all of it what is there after."""
    other = Session(big)
    other.line('configure terminal')
    asked = {'show running-config': r'^ +match address A(\d+)$', 'show running-config | json': r'match address A(\d+)"',
             'show crypto map | json': r'"access_list": "A(\d+)"', 'show access-lists | json': r'"name": "A(\d+)"',
             'show crypto session': r'^Peer: 198\.51\.(\S+) port', 'show crypto ipsec sa | json': r'"current_peer": "198\.51\.([\d.]+)"'}
    for turn, (command, pattern) in enumerate(asked.items()):
        k = 100 + turn
        lines = [f'no crypto map M {k + 1}', f'no ip access-list extended A{k}']
        lazy = Session(big)
        before = lazy.line(command)
        lazy.send(command)
        for line in lines:  # not waited for: they are there while it is made
            other.send(line)
        got = lazy.answer()
        for _ in lines:
            assert '% I' not in other.answer()
        if 'json' in command:
            json.loads(got)
        there = [sorted(re.findall(pattern, x, re.M)) for x in (before, got, lazy.line(command))]
        assert len(there[0]) == 500 - turn and len(there[2]) == 499 - turn, command
        assert there[1] in (there[0], there[2]), command
        if command == 'show running-config':
            assert int(re.search(r'^Current configuration : (\d+) bytes\n', got, re.M)[1]) == \
                len(got.split(' bytes\n', 1)[1]) - 1


def test_who_leaves_in_the_middle_is_forgotten(big):
    for _ in range(20):
        gone = Session(big)
        gone.send('show crypto ipsec sa', 'show running-config', 'show crypto map | json', 'show crypto ipsec sa')
        gone.s.recv(10)
        gone.s.close()
    s = Session(big)
    assert s.line('show crypto ipsec sa').count('local  ident') == 500
    assert 'started again' not in big.log()


# ---- secrets ----

def test_secrets_that_are_typed_hold_up_who_types_them_and_nobody_else(big):
    typist, other = Session(big), Session(big)
    lines = ['configure terminal', *(f'username u{i} secret s{i}' for i in range(40)), 'enable secret 0 s1', 'username u3 secret same',
             'username u4 secret same', 'end', 'show running-config | include ^username|^enable']
    typist.send(*lines)
    waits = []
    typist.s.setblocking(False)
    while True:
        try:  # until the last answer begins to come
            if b'enable secret 9' in typist.s.recv(1 << 20, socket.MSG_PEEK):
                break
        except BlockingIOError:
            pass
        start = time.monotonic()
        other.line('show privilege')
        waits.append(time.monotonic() - start)
    typist.s.settimeout(20)
    got = [typist.answer() for _ in lines]
    # more than one for each that was hashed, however slow the machine: that is what there were if all waited
    assert len(waits) > 1.2 * len(lines), len(waits)
    assert not [x for x in got[:-1] if '%' in x]
    hashed = re.findall(r'^(?:username u\d+|enable) secret 9 (\S+)$', got[-1], re.M)
    assert len(hashed) == 41 and len(set(hashed)) == 41, got[-1]
    assert other.line('show running-config | include secret [05]? ?s[0-9]') == ''


def test_who_leaves_while_his_secret_is_hashed_has_typed_it(big):
    for i in range(6):
        gone = Session(big)
        gone.send('configure terminal', f'username g{i} secret s{i}')
        gone.s.shutdown(socket.SHUT_WR) if i % 2 else gone.s.close()
    s = Session(big)

    def users():
        return re.findall(r'^username g\d secret 9 ', s.line('show running-config | include ^username'), re.M)
    until(lambda: len(users()) >= 3, 10, 'those that were taken')
    assert 'secret s' not in s.line('show running-config | include ^username')
    assert 'started again' not in big.log()
