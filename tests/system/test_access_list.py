# SPDX-License-Identifier: Apache-2.0
"""`ip access-group`: which packets an access list lets through, and what it does to a tunnel.
scapy makes the packets, tcpdump and tshark see which of them arrived."""
import contextlib
import os
import re
import signal
import socket
import time

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.packet import Raw

from peers.netns import Net, run, until
from peers.tshark import Capture, rows
from router import Router, config

US, PEER = '192.0.2.1', '192.0.2.2'
HOST, FAR = '10.1.0.2', '10.2.0.1'


class Field:
    """far - peer - us - host: the lists stand on the wire between us and the peer."""

    def __init__(self):
        self.net = Net()
        self.host, self.us, self.peer = (self.net.ns(x) for x in ('host', 'us', 'peer'))
        self.net.link(self.us, 'wan', f'{US}/24', self.peer, 'wan', f'{PEER}/24')
        self.net.link(self.us, 'lan', '10.1.0.1/24', self.host, 'eth0', f'{HOST}/24')
        self.peer.addr('lo', f'{FAR}/32')
        self.host.route('default', '10.1.0.1')
        self.us.route('10.2.0.0/24', PEER)
        self.peer.route('10.1.0.0/24', US)

    def passed(self, packets, sender, watcher, dev):
        """Which of these numbered packets came out at the other end. The numbers are IP ids."""
        cap = Capture(watcher, dev, name=f'cap{time.monotonic_ns()}')
        raw = sender.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
        for p in packets:
            raw.sendto(bytes(p), (p.dst, 0))
        raw.close()
        with contextlib.suppress(AssertionError):  # more than the file's header: some came
            until(lambda: cap.file.stat().st_size > 24, 3)
        seen = {tuple(f.split(',')[0] for f in r) for r in rows(cap.stop(), ['ip.src', 'ip.id'], 'ip')}
        return {p.id for p in packets if (p.src, f'0x{p.id:04x}') in seen}


@pytest.fixture
def field():
    f = Field()
    yield f
    f.net.close()


def interface(*lines):
    return '\n'.join([f'interface FastEthernet0/1', f' ip address {US} 255.255.255.0', *lines]) + '\n'


LIST = '''ip access-list extended EDGE-IN
 remark the first line that matches decides
 10 deny tcp any host 10.1.0.2 eq 8080 log
 20 permit tcp any host 10.1.0.2 eq www 443 8080
 30 permit tcp any 10.1.0.0 0.0.0.255 established
 40 permit udp host 10.2.0.1 range 5000 6000 any gt 1023
 50 deny udp any any neq domain
 60 permit icmp any any echo
 70 permit icmp any any 3 4
 80 permit ip any host 10.1.0.2 dscp ef
 90 permit ip host 10.2.0.9 any precedence critical
 100 permit ip 10.2.0.64 0.0.0.129 any
 110 permit udp any any
'''


def cases():
    """(IP id, packet, passes): each number is one packet."""
    big = fragment(IP(src=FAR, dst=HOST, id=90, frag=0) / UDP(sport=1, dport=7) / Raw(b'x' * 60), fragsize=40)
    rows_ = [
        (TCP(dport=8080), {}, False),  # line 10 before line 20
        (TCP(dport=80), {}, True),
        (TCP(dport=443), {}, True),
        (TCP(dport=22, flags='S'), {}, False),
        (TCP(dport=22, flags='A'), {}, True),
        (TCP(dport=22, flags='R'), {}, True),
        (TCP(dport=22, flags='F'), {}, False),
        (UDP(sport=5000, dport=1024), {}, True),
        (UDP(sport=6000, dport=1024), {}, True),
        (UDP(sport=6001, dport=1024), {}, False),
        (UDP(sport=5000, dport=1023), {}, False),
        (UDP(sport=9, dport=53), {}, True),  # 50 leaves it to 110
        (ICMP(type=8), {}, True),
        (ICMP(type=0), {}, False),
        (ICMP(type=3, code=4), {}, True),
        (ICMP(type=3, code=3), {}, False),
        (TCP(dport=1), {'tos': 46 << 2}, True),
        (TCP(dport=1), {'tos': 10 << 2}, False),
        (TCP(dport=1), {'src': '10.2.0.9', 'tos': 0xa0}, True),
        (TCP(dport=1), {'src': '10.2.0.9', 'tos': 0x60}, False),
        (TCP(dport=1), {'src': '10.2.0.64'}, True),  # a wildcard with a hole
        (TCP(dport=1), {'src': '10.2.0.193'}, True),
        (TCP(dport=1), {'src': '10.2.0.66'}, False),
        (Raw(b'gre'), {'proto': 47}, False),
    ]
    out = []
    for n, (l4, ip, passes) in enumerate(rows_, 1):
        out.append((IP(**{'src': FAR, 'dst': HOST, 'id': 100 + n, **ip}) / l4, passes))
    # later fragments of a datagram that line 50 denies by its port: no port in them, so 110 it is
    out += [(IP(bytes(f)), f.frag != 0) for f in big]
    for n, (p, _) in enumerate(out[len(rows_):]):
        p.id, p.chksum = 200 + n, None
    return [(IP(bytes(p)), passes) for p, passes in out]


def test_the_first_line_that_matches_decides(field):
    router = Router(field.us, LIST + interface(' ip access-group EDGE-IN in'))
    table = cases()
    got = field.passed([p for p, _ in table], field.peer, field.host, 'eth0')
    wrong = [(p.summary(), passes) for p, passes in table if passes != (p.id in got)]
    assert not wrong, (wrong, field.us.run('nft', 'list', 'table', 'ip', 'culvert_acl').stdout)
    shown = router.cli('show access-lists EDGE-IN')
    for line in ('10 deny tcp any host 10.1.0.2 eq 8080 log (1 match)',
                 '20 permit tcp any host 10.1.0.2 eq www 443 8080 (2 matches)',
                 '30 permit tcp any 10.1.0.0 0.0.0.255 established (2 matches)',
                 '60 permit icmp any any echo (1 match)'):
        assert line in shown, shown
    until(lambda: '%SEC-6-IPACCESSLOGP: list EDGE-IN denied tcp 10.2.0.1(20) -> 10.1.0.2(8080), 1 packet'
          in router.log(), 5, 'the log line')
    # a change of the list keeps the counts and the table, `clear` only the table
    table_handle = handle(field)
    router.cli('enable; configure terminal; ip access-list extended EDGE-IN; 5 permit tcp any any eq 22; end')
    until(lambda: 'l_EDGE_2dIN_5 {' in field.us.run('nft', 'list', 'table', 'ip', 'culvert_acl').stdout)
    assert '(2 matches)' in router.cli('show access-lists EDGE-IN')
    router.cli('enable; configure terminal; ip access-list extended EDGE-IN; no 5; no 10; end')
    until(lambda: 'l_EDGE_2dIN_10 {' not in field.us.run('nft', 'list', 'table', 'ip', 'culvert_acl').stdout)
    assert '443 8080 (2 matches)' in router.cli('show access-lists EDGE-IN')
    router.cli('enable; clear access-list counters EDGE-IN')
    assert 'match' not in router.cli('show access-lists EDGE-IN').split('\n', 1)[1]
    router.cli('enable; configure terminal; access-list 199 permit ip any any; interface FastEthernet0/1; '
               'ip access-group 199 in; end')
    until(lambda: 'acl_EDGE' not in (now := field.us.run('nft', 'list', 'table', 'ip', 'culvert_acl').stdout)
          and 'acl_199' in now)
    assert handle(field) == table_handle
    router.cli('enable; configure terminal; interface FastEthernet0/1; no ip access-group 199 in; end')
    until(lambda: field.us.run('nft', 'list', 'table', 'ip', 'culvert_acl', ok=False).returncode)
    assert len(field.passed([p for p, _ in table], field.peer, field.host, 'eth0')) == len(table)
    router.stop()


def test_out_checks_what_passes_through_and_not_what_we_say_ourselves(field):
    field.us.run('nft', '-f', '-', input='table ip other {\nchain c {\ntype filter hook forward priority 5\ncounter\n}\n}\n')
    other = field.us.run('nft', '-s', 'list', 'table', 'ip', 'other').stdout
    router = Router(field.us, 'access-list 10 permit 10.1.0.3\naccess-list 10 permit 10.1.0.2 log\n' +
                    interface(' ip access-group 10 out'))
    sent = [IP(src=src, dst=FAR, id=n) / UDP(sport=1, dport=2)
            for n, src in enumerate(('10.1.0.2', '10.1.0.3', '10.1.0.4'), 1)]
    assert field.passed(sent, field.host, field.peer, 'wan') == {1, 2}
    assert field.us.ping(PEER, 2).result().lost == []  # of our own making
    until(lambda: '%SEC-6-IPACCESSLOGS: list 10 permitted 10.1.0.2 1 packet' in router.log())
    # a firewall's restart takes everything away: it comes back, and what is the other's stays
    field.us.run('nft', 'flush', 'table', 'ip', 'other')
    field.us.run('nft', 'delete', 'table', 'ip', 'culvert_acl')
    until(lambda: not field.us.run('nft', 'list', 'table', 'ip', 'culvert_acl', ok=False).returncode)
    assert field.passed(sent, field.host, field.peer, 'wan') == {1, 2}
    field.us.run('nft', 'flush', 'ruleset')
    field.us.run('nft', '-f', '-', input=other)
    until(lambda: not field.us.run('nft', 'list', 'table', 'ip', 'culvert_acl', ok=False).returncode)
    router.stop()
    left = field.us.run('nft', '-s', 'list', 'ruleset').stdout
    assert left == other, left


def told(field, packets, to=FAR):
    """Sends these; (type, code, what it is about) of the ICMP errors to an address."""
    capture = Capture(field.peer, 'wan', name=f'cap{time.monotonic_ns()}')
    raw = field.peer.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
    for p in packets:
        raw.sendto(bytes(p), (p.dst, 0))
    raw.close()
    time.sleep(0.4)
    found = rows(capture.stop(), ['icmp.type', 'icmp.code', 'ip.id'], f'icmp.type == 3 and ip.dst == {to}')
    return [(t, c, ids.split(',')[-1]) for t, c, ids in found]


def test_what_a_list_refuses_is_answered_by_administratively_prohibited(field):
    """RFC 1812 section 5.3.9, and no more than the kernel's rate of ICMP errors for one host."""
    router = Router(field.us, 'access-list 110 deny udp any any eq 9\naccess-list 110 permit ip any any\n'
                    'access-list 120 permit udp any any\n' +
                    interface(' ip access-group 110 in', ' ip access-group 120 out'))
    refused = IP(src=FAR, dst=HOST, id=77) / UDP(sport=1, dport=9)
    router_itself = IP(src=PEER, dst=US, id=78) / UDP(sport=1, dport=9)
    later = IP(src=FAR, dst=HOST, id=79, proto=17, frag=5) / Raw(b'no ports in here')
    assert told(field, [refused, router_itself, later]) == [('3', '13', '0x004d')]
    out = field.host.ping(FAR, 1, wait=2).result().out
    assert 'From 10.1.0.1 icmp_seq=1 Packet filtered' in out, out
    assert 0 < len(told(field, [refused] * 300)) <= 10
    assert router.cli('show running-config').count('unreachables') == 0
    router.cli('enable; configure terminal; interface FastEthernet0/1; no ip unreachables; end')
    assert ' no ip unreachables\n' in router.cli('show running-config')
    time.sleep(1.2)
    assert told(field, [refused]) == []
    assert 'Packet filtered' in field.host.ping(FAR, 1, wait=2).result().out, 'it came in by another interface'
    router.cli('enable; configure terminal; interface FastEthernet0/1; ip unreachables; end')
    until(lambda: told(field, [refused]) == [('3', '13', '0x004d')], 5, 'the answer')
    router.stop()


@pytest.mark.parametrize('way', ['crypto map', 'vti'])
def test_what_came_out_of_an_sa_is_refused_without_a_word(field, way):
    """The error would show what was encrypted, to somebody to whom no tunnel need lead."""
    def text(local, remote, near, far, extra=''):
        if way == 'crypto map':
            return tunnel(local, remote, near, far, extra)
        return (config('aes128-sha1-modp1024', local, remote, ['ip host 1.1.1.1 host 1.1.1.1']).replace(' crypto map M\n', '') +
                extra + 'crypto ipsec profile P\n set transform-set TS\ninterface Tunnel0\n ip address 172.16.0.'
                f'{local[-1]} 255.255.255.252\n tunnel source {local}\n tunnel destination {remote}\n tunnel mode ipsec ipv4\n'
                f' tunnel protection ipsec profile P\nip route {far} 255.255.255.0 Tunnel0\n')
    if way == 'vti':
        field.us.ip('route', 'del', '10.2.0.0/24')
        field.peer.ip('route', 'del', '10.1.0.0/24')
    us = Router(field.us, 'access-list 130 deny udp any any\naccess-list 130 permit ip any any\n' +
                text(US, PEER, '10.1.0.0', '10.2.0.0',
                     'interface FastEthernet0/0\n ip address 10.1.0.1 255.255.255.0\n ip access-group 130 out\n'),
                args=('--interface', 'FastEthernet0/0=lan'))
    peer = Router(field.peer, text(PEER, US, '10.2.0.0', '10.1.0.0'))
    until(lambda: field.peer.ping(HOST, 1, source=FAR, wait=1).result().seen, 20)
    outside, inside = Capture(field.peer, 'wan'), Capture(field.us, 'any', name='any')
    far = field.peer.socket(socket.SOCK_DGRAM, bind=(FAR, 0))
    far.sendto(b'a secret', (HOST, 9))
    far.close()
    until(lambda: re.search(r'10 deny udp any any \(1 match\)', us.cli('show access-lists 130')), 5, 'the refusal')
    time.sleep(0.5)
    assert rows(outside.stop(), ['ip.proto'], 'icmp or udp.port == 9') == []
    assert rows(inside.stop(), ['ip.proto'], 'icmp') == []
    us.stop()
    peer.stop()


def tunnel(local, peer, near, far, extra=''):
    return config('aes128-sha1-modp1024', local, peer, [f'ip {near} 0.0.0.255 {far} 0.0.0.255'], extra=extra)


def typed(log, what):
    """The line that the diagnosis says to type, as commands."""
    m = re.search(rf'%CULVERT-4-ACCESS: interface FastEthernet0/1: access list EDGE-IN \(\w+\) stops {what}.*type '
                  r'"([^"]+)", "([^"]+)"$', log, re.M)
    assert m, log
    return f'{m.group(1)}; {m.group(2)}'


def test_a_list_that_does_not_permit_the_tunnel_blocks_it_and_says_so(field):
    """As in IOS 12.3(8)T: what arrives is checked as ESP, and not again when it is decrypted."""
    acl = 'ip access-list extended EDGE-IN\n 10 permit tcp any any eq 22\n 20 deny ip any any\n'
    us = Router(field.us, acl + tunnel(US, PEER, '10.1.0.0', '10.2.0.0', ' ip access-group EDGE-IN in'))
    peer = Router(field.peer, tunnel(PEER, US, '10.2.0.0', '10.1.0.0'))
    log = us.log()
    assert log.count('%CULVERT-4-ACCESS') == 3, log  # IKE, ESP, UDP 4500; AH is not asked for
    ping = field.host.ping(FAR, 2, wait=1)
    assert ping.result().seen == set()
    assert 'QM_IDLE' not in us.cli('show crypto isakmp sa')
    us.cli(f'enable; configure terminal; {typed(log, "IKE")}; end')
    # IKE comes through now and makes SAs; our raw socket sees no ESP all the same
    until(lambda: field.host.ping(FAR, 1, wait=1).result() and 'QM_IDLE' in us.cli('show crypto isakmp sa'), 30)
    field.host.ping(FAR, 3, interval=0.2, wait=1).result()
    sa = us.cli('show crypto ipsec sa')
    assert '#pkts decaps: 0, #pkts decrypt: 0' in sa and not '#pkts encaps: 0' in sa, sa
    assert re.search(r'20 deny ip any any \(\d+ match', us.cli('show access-lists EDGE-IN'))
    us.cli(f'enable; configure terminal; {typed(log, "ESP")}; end')
    until(lambda: 'permit esp' in us.cli('show access-lists EDGE-IN') and field.host.ping(FAR, 1, wait=1).result().seen, 20)
    got = field.host.ping(FAR, 5).result()
    assert not got.lost, got.out
    shown = us.cli('show access-lists EDGE-IN')
    assert re.search(r'permit esp host 192.0.2.2 host 192.0.2.1 \(\d+ match', shown), shown
    assert us.log().count('%CULVERT-4-ACCESS') == 3  # once each
    us.stop()
    peer.stop()


@pytest.mark.slow
def test_our_esp_meets_the_list_out(field):
    acl = 'ip access-list extended EDGE-IN\n 20 deny esp any any\n 30 permit ip any any\n'
    us = Router(field.us, acl + tunnel(US, PEER, '10.1.0.0', '10.2.0.0', ' ip access-group EDGE-IN out'))
    peer = Router(field.peer, tunnel(PEER, US, '10.2.0.0', '10.1.0.0'))
    cap = Capture(field.peer, 'wan')
    field.host.ping(FAR, 3, interval=0.3, wait=1).result()
    assert 'QM_IDLE' in us.cli('show crypto isakmp sa')
    seen = rows(cap.stop(), ['ip.proto'], 'ip.src == 192.0.2.1')
    assert seen and all(r == ['17'] for r in seen), seen
    us.cli(f'enable; configure terminal; {typed(us.log(), "ESP")}; end')
    until(lambda: field.host.ping(FAR, 1, wait=1).result().seen, 20)
    us.stop()
    peer.stop()


def test_what_nft_refuses_lets_nothing_through(who, tmp_path):
    """And the guard of the crypto map stands all the same."""
    from test_host_router import ENDING, RUN, in_a_namespace
    out = in_a_namespace(who, tmp_path, mounts=True, begin='''
cat cfg - > cfg2 <<END
access-list 150 permit ip any host 192.0.2.1
interface FastEthernet0/1
 ip access-group 150 in
END
cp "$(command -v nft)" nft.real
printf '%s\\n' '#!/bin/sh' "test \\"\\$1\\" = -f || exec $PWD/nft.real \\"\\$@\\"" 'text=$(cat)' \\
    'case "$text" in *culvert_acl*daddr*) echo "no such thing"; exit 1;; esac' \\
    "printf '%s\\n' \\"\\$text\\" | exec $PWD/nft.real -f -" > fake
chmod 755 fake; mount --bind fake "$(command -v nft)"
''' + RUN.replace('cfg', 'cfg2'), script='''
until_true nft list chain ip culvert_acl acl_150
nft list chain ip culvert_acl acl_150 | grep -v acl_150
nft list chain ip culvert_acl in | grep acl_150
until_true grep CULVERT-2-ACCESS log
umount "$(command -v nft)"
until_true sh -c 'nft list chain ip culvert_acl acl_150 | grep daddr'; echo again
''', end=ENDING)
    assert out.split() == ['table', 'ip', 'culvert_acl', '{', 'drop', '}', '}', 'iifname', '"wan"', 'goto',
                           'acl_150', 'again'], out
    assert 'nothing passes there now' in (tmp_path / 'log').read_text()


CLEAR = '''ip access-list extended CLEAR-IN
 10 permit icmp any any echo-reply
 20 permit icmp any host 10.1.0.2 echo log
 30 permit tcp any any established
ip access-list extended CLEAR-OUT
 10 deny icmp any host 10.2.0.3
 20 permit ip any any
'''


def test_a_crypto_map_entry_has_lists_for_what_is_in_the_tunnel(field):
    """`set ip access-group`: after decryption and before encryption, and of that entry only."""
    text = CLEAR + tunnel(US, PEER, '10.1.0.0', '10.2.0.0')
    text = text.replace(' match address CRYPT', ' set ip access-group CLEAR-IN in\n set ip access-group CLEAR-OUT out\n'
                                                ' match address CRYPT')
    field.peer.addr('lo', '10.2.0.3/32')
    us = Router(field.us, text)
    peer = Router(field.peer, tunnel(PEER, US, '10.2.0.0', '10.1.0.0'))
    run_conf = us.cli('show running-config')
    assert ' set ip access-group CLEAR-IN in\n set ip access-group CLEAR-OUT out\n match address CRYPT' in run_conf
    assert field.host.ping(FAR, 3).result().lost == []  # replies come in by line 10
    assert field.peer.ping(HOST, 2, source=FAR).result().lost == []  # line 20
    assert field.host.ping('10.2.0.3', 2, interval=0.2, wait=1).result().seen == set()
    # the first datagram towards a host that only answers
    refused = [IP(src=FAR, dst=HOST, id=1) / TCP(dport=22, flags='S'), IP(src=FAR, dst=HOST, id=2) / UDP(dport=53)]
    let = [IP(src=FAR, dst=HOST, id=3) / TCP(dport=22, flags='A')]
    assert field.passed(refused + let, field.peer, field.host, 'eth0') == {3}
    shown = us.cli('show access-lists')
    for line in ('10 permit icmp any any echo-reply (3 matches)', '20 permit icmp any host 10.1.0.2 echo log (2 matches)',
                 '30 permit tcp any any established (1 match)', '10 deny icmp any host 10.2.0.3 (2 matches)'):
        assert line in shown, shown
    until(lambda: '%SEC-6-IPACCESSLOGDP: list CLEAR-IN permitted icmp 10.2.0.1 -> 10.1.0.2 (8/0), 1 packet' in us.log())
    detail = us.cli('show crypto ipsec sa detail')
    assert '#pkts encaps failed (send) 2, #pkts decaps failed (rcv) 2' in detail, detail
    assert re.search(r'denied by set ip access-group +4\n', us.cli('show crypto drops'))
    us.cli('enable; clear crypto sa counters')
    assert 'decaps failed (rcv) 0' in us.cli('show crypto ipsec sa detail')
    assert us.cli('show crypto drops') == 'No packets were dropped\n'
    # control dies: the lists stand in the forwarder, and the next control sends the same
    us.cli('enable; configure terminal; ip access-list extended CLEAR-IN; no 20; end')
    until(lambda: field.peer.ping(HOST, 1, source=FAR, wait=1).result().seen == set())
    us.cli('enable; configure terminal; crypto map M 10; no set ip access-group CLEAR-IN in; end')
    until(lambda: field.peer.ping(HOST, 1, source=FAR, wait=1).result().seen)
    us.stop()
    peer.stop()


@pytest.mark.slow
def test_the_lists_outlive_a_crash_and_go_with_the_next_configuration(field):
    text = 'access-list 150 permit icmp any any echo\n' + interface(' ip access-group 150 in')
    sent = [IP(src=FAR, dst=HOST, id=n) / l4 for n, l4 in enumerate((ICMP(type=8), UDP(dport=7)), 1)]
    router = Router(field.us, text)

    def filtered():
        return field.passed(sent, field.peer, field.host, 'eth0') == {1}
    assert filtered()
    control = router.pids()[-1]
    os.kill(control, signal.SIGKILL)
    assert filtered()
    until(lambda: len(router.pids()) == 3 and control not in router.pids())
    until(lambda: '10 permit icmp any any echo (2 matches)' in router.cli('show access-lists'), 10, 'the counts')
    # nobody changes nftables any more: neither do we
    until(lambda: handle(field) == (time.sleep(0.5), handle(field))[1])
    router.kill()
    field.us.forward()
    assert filtered()
    router = Router(field.us, interface())
    assert not filtered()
    assert field.us.run('nft', 'list', 'table', 'ip', 'culvert_acl', ok=False).returncode
    router.stop()


def handle(field):
    return field.us.run('nft', '-a', 'list', 'table', 'ip', 'culvert_acl').stdout.split('\n', 1)[0]


@pytest.mark.slow
def test_a_tunnel_interface_has_lists_of_its_own(field):
    """What comes out of GRE meets the tunnel's list, and the wire's list sees GRE."""
    def text(local, remote, tun, far, extra=''):
        return (f'interface FastEthernet0/1\n ip address {local} 255.255.255.0\n{extra}'
                f'interface Tunnel0\n ip address {tun} 255.255.255.0\n tunnel source {local}\n'
                f' tunnel destination {remote}\nip route {far} 255.255.255.0 Tunnel0\n')
    field.us.ip('route', 'del', '10.2.0.0/24')
    field.peer.ip('route', 'del', '10.1.0.0/24')
    us = Router(field.us, '''access-list 101 permit gre host 192.0.2.2 host 192.0.2.1
access-list 102 deny icmp any any echo
access-list 102 permit ip any any
''' + text(US, PEER, '10.0.0.1', '10.2.0.0', ' ip access-group 101 in\n')
                .replace('interface Tunnel0\n',
           'interface Tunnel0\n ip access-group 102 in\n'))
    peer = Router(field.peer, text(PEER, US, '10.0.0.2', '10.1.0.0'))
    assert field.host.ping(FAR, 3).result().lost == []
    assert field.peer.ping(HOST, 2, source=FAR, interval=0.2, wait=1).result().seen == set()
    shown = us.cli('show access-lists')
    assert re.search(r'10 deny icmp any any echo \(2 matches\)\n    20 permit ip any any \(3 matches\)', shown), shown
    assert re.search(r'permit gre host 192.0.2.2 host 192.0.2.1 \(\d+ matches\)', shown)
    us.stop()
    peer.stop()


@pytest.mark.parametrize('name,line', [('EDGE-IN', 'ip access-list extended EDGE-IN\n permit ip object-group A any\n'),
                                       ('101', 'access-list 101 permit tcp any any match-all +syn -ack\n')])
def test_a_list_of_lines_that_are_not_understood_is_not_an_empty_one(field, name, line):
    """It would let everything pass. Beside a line that is understood it is only said."""
    r = Router(field.us, interface(f' ip access-group {name} in') + line)
    packets = [IP(src=FAR, dst=HOST, id=7) / UDP(sport=1, dport=2)]
    assert field.passed(packets, field.peer, field.host, 'eth0') == set()
    assert f'no line of access list {name} is understood: nothing passes' in r.log()
    more = f'access-list {name} permit udp any any' if name == '101' else \
        f'ip access-list extended {name}\npermit udp any any'
    r.cli(f'configure terminal\n{more}\nend')
    until(lambda: field.passed(packets, field.peer, field.host, 'eth0') == {7}, 10)
    assert f'1 line of access list {name} is not understood and not used: what it denies may pass' in r.log()
    r.stop()
