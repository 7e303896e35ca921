# SPDX-License-Identifier: Apache-2.0
"""traceroute over two hops; the judge of its layout is ntc's template. And ping, asked for question by question."""
import os
import re
import signal
import subprocess

import pytest

from conftest import ROOT, built
from peers.netns import Net, need
from router import Router

pytestmark = pytest.mark.no_way('no packet is encrypted')

CONFIG = '''\
hostname R1
interface FastEthernet0/1
 ip address 192.0.2.1 255.255.255.0
interface FastEthernet0/2
 host-interface lan
 ip address 10.1.1.1 255.255.255.0
ip route 198.51.100.0 255.255.255.0 192.0.2.2
'''


@pytest.fixture(scope='module')
def r():
    need('nft')
    with Net() as net:
        us, mid, far = (net.ns(name) for name in ('us', 'mid', 'far'))
        net.link(us, 'wan', None, mid, 'near', '192.0.2.2/24')
        net.link(us, 'lan', None, far, 'lan', None)
        net.link(mid, 'far', '198.51.100.1/24', far, 'wan', '198.51.100.2/24')
        for ns in (us, mid, far):
            ns.enable_v6()
        mid.addr('near', '2001:db8:1::2/64')
        mid.addr('far', '2001:db8:2::1/64')
        far.addr('wan', '2001:db8:2::2/64')
        mid.forward()
        mid.sysctl('net.ipv6.conf.all.forwarding', 1)
        far.route('default', '198.51.100.1')
        far.ip('-6', 'route', 'add', 'default', 'via', '2001:db8:2::1')
        mid.route('10.1.1.0/24', '192.0.2.1')
        for ns in (mid, far):  # the kernel says it once a second, or each time
            ns.sysctl('net.ipv4.icmp_ratelimit', 0)
            ns.sysctl('net.ipv6.icmp.ratelimit', 0)
        mid.ip('route', 'add', 'unreachable', '198.51.100.9')
        router = Router(us, CONFIG)
        us.addr('wan', '2001:db8:1::1/64')
        us.ip('-6', 'route', 'add', '2001:db8:2::/64', 'via', '2001:db8:1::2')
        router.far = far
        yield router
        router.stop()


def parse(text):
    textfsm = pytest.importorskip('textfsm')
    with open(ROOT / 'tests' / 'golden' / 'ntc-templates' / 'cisco_ios_traceroute.textfsm') as f:
        machine = textfsm.TextFSM(f)
    return [dict(zip([n.lower() for n in machine.header], row)) for row in machine.ParseText(text)]


def test_each_hop_says_who_it_is_three_times(r):
    text = r.cli('traceroute 198.51.100.2')
    assert text.startswith('Type escape sequence to abort.\nTracing the route to 198.51.100.2\n'
                           'VRF info: (vrf in name/id, vrf out name/id)\n'), text
    assert re.search(r'^  1 192\.0\.2\.2( \d+ msec){3}\n  2 198\.51\.100\.2( \d+ msec){3}\n$', text, re.M), text
    assert [(h['hop_num'], h['ip_address'], len(h['rtt_response'])) for h in parse(text)] == [
        ('1', '192.0.2.2', 3), ('2', '198.51.100.2', 3)]


def test_source_probes_and_ttl_are_as_they_are_typed(r):
    text = r.cli('traceroute ip 198.51.100.2 source FastEthernet0/2 probe 2 ttl 2 5 numeric')
    assert re.search(r'escape[^\n]*\n[^\n]*\n[^\n]*\n  2 198\.51\.100\.2( \d+ msec){2}\n$', text), text
    assert '% Invalid source interface - FastEthernet0/9 has no IP address' in r.cli(
        'traceroute 198.51.100.2 source FastEthernet0/9')
    assert '% Invalid source address' in r.cli('traceroute 198.51.100.2 source 10.9.9.9')
    assert '% Invalid minimum/maximum TTL' in r.cli('traceroute 198.51.100.2 ttl 5 2')
    assert '% Unrecognized host or address' in r.cli('traceroute nobody')


def test_who_does_not_answer_is_a_star_and_who_knows_no_way_a_letter(r):
    r.far.run('nft', 'add table t; add chain t in { type filter hook input priority 0; }; add rule t in udp dport 1-65535 drop')
    try:
        text = r.cli('traceroute 198.51.100.2 timeout 1 probe 2 ttl 1 3')
    finally:
        r.far.run('nft', 'delete table t')
    assert re.search(r'^  1 192\.0\.2\.2( \d+ msec){2}\n  2  \*  \* \n  3  \*  \* \n$', text, re.M), text
    text = r.cli('traceroute 198.51.100.9')
    assert text.endswith('\n  1 192.0.2.2 !H  !H  !H \n'), text


def test_ipv6_has_its_own_hops(r):
    text = r.cli('traceroute ipv6 2001:db8:2::2')
    assert text.startswith('Type escape sequence to abort.\nTracing the route to 2001:DB8:2::2\n\n'), text
    assert re.search(r'^  1 2001:DB8:1::2( \d+ msec){3}\n  2 2001:DB8:2::2( \d+ msec){3}\n$', text, re.M), text


def test_ctrl_c_ends_it(r):
    p = subprocess.Popen([built('culvert'), 'shell', '--socket', r.sock, '-c', 'traceroute 198.51.100.77 timeout 60; show privilege'],
                         stdout=subprocess.PIPE)
    try:
        out = b''
        while b'Tracing the route to 198.51.100.77' not in out:
            out += os.read(p.stdout.fileno(), 4096)
        p.send_signal(signal.SIGINT)
        rest, _ = p.communicate(timeout=20)  # sooner than a probe is given up
        assert rest.endswith(b'Current privilege level is 15\n'), rest
    finally:
        p.kill()
        p.wait()


def typed(r, *lines):
    return subprocess.run([built('culvert'), 'shell', '--socket', r.sock], input='\n'.join(lines) + '\n', text=True,
                          capture_output=True, timeout=60).stdout


def test_ping_alone_asks_and_what_follows_waits_for_its_end(r):
    text = typed(r, 'ping', '', '198.51.100.2', 'many', '3', '200', '', 'y', 'nobody', 'FastEthernet0/2', '', 'y', '', '', '', '',
                 'show privilege')
    assert text == ('% A decimal number between 1 and 2147483647.\n'
                    '% Invalid source. Must use same-VRF IP address or full interface name without spaces (e.g. Serial0/1)\n'
                    'Type escape sequence to abort.\n'
                    'Sending 3, 200-byte ICMP Echos to 198.51.100.2, timeout is 2 seconds:\n'
                    'Packet sent with a source address of 10.1.1.1 \n'
                    'Packet sent with the DF bit set\n'
                    '!!!\n' + re.search(r'Success rate is 100 percent \(3/3\), round-trip .* ms\n', text).group() +
                    'Current privilege level is 15\n'), text
    text = typed(r, 'ping', 'ip', '2001:db8:2::2', '5', '', '', '', '')
    # the first ones may be lost: addresses of IPv6 are looked for first
    assert 'Sending 5, 100-byte ICMP Echos to 2001:DB8:2::2' in text and re.search(r'\([1-5]/5\)', text), text
    text = typed(r, 'ping', 'ipx', '', '', '', '', '', '', '', 'show privilege')
    assert text == ('% This version has the default only: ip\n'
                    '% Unrecognized host or address, or protocol not running.\n'
                    'Current privilege level is 15\n'), text
