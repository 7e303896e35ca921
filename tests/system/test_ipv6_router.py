# SPDX-License-Identifier: Apache-2.0
"""An IPv6 crypto configuration pasted into a router that runs: it reads back byte for byte as IOS
spells it, and the kernel has its addresses and routes."""
import json
import re
import subprocess

import pytest

from conftest import built
from peers.netns import Net, until
from peers.tshark import Capture, rows
from router import Router

US, PEER = '2001:db8::1', '2001:db8::2'

# As IOS prints it; pasted in small letters and in another order where that means the same.
PRINTED = '''\
ipv6 unicast-routing
!
crypto isakmp policy 10
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
crypto isakmp key a-long-random-secret-1 address ipv6 2001:DB8::2/128
!
crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac 
 mode tunnel
!
crypto ipsec profile IP
 set transform-set TS
!
crypto map ipv6 CM6 10 ipsec-isakmp 
 set peer 2001:DB8::2
 set transform-set TS
 match address V6
!
interface Tunnel0
 ipv6 address FE80::5 link-local
 ipv6 address 2001:DB8:FFFF::1/64
 tunnel source FastEthernet0/1
 tunnel mode gre ipv6
 tunnel destination 2001:DB8::2
!
interface Tunnel1
 ipv6 address 2001:DB8:FFFE::1/64
 tunnel source FastEthernet0/1
 tunnel mode ipsec ipv6
 tunnel destination 2001:DB8::3
 tunnel protection ipsec profile IP
!
interface FastEthernet0/1
 ip address 192.0.2.1 255.255.255.0
 ipv6 address 2001:DB8::1/64
 ipv6 enable
 ipv6 mtu 1400
 ipv6 tcp adjust-mss 1220
 ipv6 traffic-filter EDGE in
 ipv6 crypto map CM6
!
interface FastEthernet0/0
 ipv6 address 2001:DB8:A::/64 eui-64
 ipv6 tcp adjust-mss 1300
!
ipv6 route 2001:DB8:B::/64 2001:DB8::2
ipv6 route 2001:DB8:C::/64 FastEthernet0/1 FE80::2 200
ipv6 route 2001:DB8:D::/64 Tunnel0
!
ipv6 access-list V6
 permit ipv6 2001:DB8:A::/64 2001:DB8:B::/64
!
ipv6 access-list EDGE
 permit esp any any
 permit udp any any eq isakmp
 sequence 40 permit icmp any any log
!
end
'''


class Field:
    def __init__(self):
        self.net = Net()
        self.us, self.peer, self.host = (self.net.ns(x) for x in ('us', 'peer', 'host'))
        self.net.link(self.us, 'wan', '192.0.2.1/24', self.peer, 'wan', '192.0.2.2/24')
        self.net.link(self.us, 'lan', '10.1.0.1/24', self.host, 'eth0', '10.1.0.2/24')
        self.peer.sysctl('net.ipv6.conf.wan.disable_ipv6', 0)
        self.peer.ip('addr', 'add', f'{PEER}/64', 'dev', 'wan', 'nodad')
        self.router = Router(self.us, 'hostname R1\ninterface FastEthernet0/1\n'
                             ' ip address 192.0.2.1 255.255.255.0\n', args=['--interface', 'FastEthernet0/0=lan'])

    def paste(self, text):
        lines = 'enable\nconfigure terminal\n' + text + '\nend\n'
        done = subprocess.run([built('culvert'), 'shell', '--socket', self.router.sock], input=lines,
                              capture_output=True, text=True, timeout=30)
        assert '% Invalid' not in done.stdout and '% Incomplete' not in done.stdout, done.stdout

    def running(self):
        text = self.router.cli('show running-config')
        return text[text.index('hostname R1\n!\n') + len('hostname R1\n!\n'):text.index('\nend\n') + len('\nend\n')]

    def addrs(self, ns=None):
        out = json.loads((ns or self.us).run('ip', '-6', '-j', 'addr').stdout)
        return {(i.get('ifname'), f"{a['local']}/{a['prefixlen']}") for i in out if i
                for a in i.get('addr_info', []) if a.get('family') == 'inet6'}

    def routes(self):
        return {line.strip() for line in self.us.run('ip', '-6', 'route').stdout.splitlines()}

    def mac(self, dev):
        return json.loads(self.us.run('ip', '-j', 'link', 'show', dev).stdout)[0]['address']


@pytest.fixture
def field():
    f = Field()
    yield f
    f.net.close()


def eui64(mac):
    b = [int(x, 16) for x in mac.split(':')]
    b = [b[0] ^ 2, *b[1:3], 0xff, 0xfe, *b[3:]]
    return ':'.join(f'{b[i] << 8 | b[i + 1]:x}' for i in range(0, 8, 2))


def test_an_ipv6_configuration_is_pasted_runs_and_goes_again(field):
    f = field
    f.paste(PRINTED.replace('\n!\nend\n', '\n').lower().replace('cm6', 'CM6').replace(' ts', ' TS')
            .replace(' ip\n', ' IP\n').replace(' v6\n', ' V6\n').replace(' edge', ' EDGE'))
    want = {('wan', f'{US}/64'), ('lan', f'2001:db8:a:0:{eui64(f.mac("lan"))}/64'), ('Tunnel0', 'fe80::5/64'),
            ('Tunnel0', '2001:db8:ffff::1/64'), ('Tunnel1', '2001:db8:fffe::1/64')}
    until(lambda: want <= f.addrs(), 10, 'the addresses')
    assert f.running() == PRINTED
    until(lambda: {a for a in f.addrs() if a[0] == 'Tunnel0'} == {x for x in want if x[0] == 'Tunnel0'}, 10,
          'the configured link-local address to be the only one')

    mtu = ['cat', '/proc/sys/net/ipv6/conf/wan/mtu']
    assert f.us.run(*mtu).stdout == '1400\n'
    assert '  MTU is 1400 bytes\n' in f.router.cli('show ipv6 interface FastEthernet0/1')
    ruleset = f.us.run('nft', 'list', 'ruleset').stdout
    assert 'maxseg size set 1220' in ruleset and 'maxseg size set 1300' in ruleset
    routes = f.routes()
    for start in ('2001:db8:b::/64 via 2001:db8::2 dev wan proto 67 metric 1 ',
                  '2001:db8:c::/64 via fe80::2 dev wan proto 67 metric 3355443200 ',
                  '2001:db8:d::/64 dev Tunnel0 proto 67 metric 1 ',
                  # what a tunnel carries goes nowhere else when it is gone
                  'unreachable 2001:db8:d::/64 dev lo proto 67 metric 4278198272 ',
                  'unreachable 2001:db8:ffff::/64 dev lo proto 67 metric 4278198272 ',
                  'unreachable 2001:db8:fffe::/64 dev lo proto 67 metric 4278198272 '):
        assert any(r.startswith(start) for r in routes), (start, routes)
    forwarding = ['cat', '/proc/sys/net/ipv6/conf/all/forwarding']
    assert f.us.run(*forwarding).stdout == '1\n'

    until(lambda: '[TEN]' not in f.router.cli('show ipv6 interface'), 10, 'the addresses to be ours')
    assert re.search(r'^FastEthernet0/1        \[up/up\]\n    FE80::[0-9A-F:]+\n    2001:DB8::1\n',
                     f.router.cli('show ipv6 interface brief'), re.M)
    assert 'S   2001:DB8:B::/64 [1/0]\n     via 2001:DB8::2\n' in f.router.cli('show ipv6 route')
    sa = f.router.cli('show crypto ipsec sa')
    assert 'remote ident (addr/mask/prot/port): (2001:DB8:B::/64/0/0)' in sa
    assert '     local crypto endpt.: 2001:DB8::1,\n     remote crypto endpt.: 2001:DB8::2\n' in sa
    assert '!!!!!' in f.router.cli('ping ipv6 2001:db8::2 timeout 1')
    assert 'Packet sent with a source address of 2001:DB8::1\n!!' in f.router.cli(
        'ping 2001:DB8::2 source FastEthernet0/1 repeat 2 timeout 1')
    assert re.search(r'^    permit icmp any any log \(\d+ matches\) sequence 40$',
                     f.router.cli('show ipv6 access-list EDGE'), re.M)
    assert '%IPV6_ACL-6-ACCESSLOGDP: list EDGE/40 permitted icmpv6 2001:DB8::2 -> 2001:DB8::1 (129/0), 1 packet' \
        in f.router.log()

    # nothing of the crypto access list leaves in clear: there is no SA, nor a peer to make one with
    seen = Capture(f.peer, 'wan', name='clear')
    f.us.ip('addr', 'add', '2001:db8:a::1/64', 'dev', 'lan', 'nodad')
    f.us.run('ping', '-6', '-n', '-c', 3, '-i', '0.2', '-W', 1, '-I', '2001:db8:a::1', '2001:db8:b::1', ok=False)
    f.us.run('ping', '-6', '-n', '-c', 1, '-W', 1, PEER)
    got = {r[0] for r in rows(seen.stop(), ['ipv6.dst'], 'icmpv6.type == 128')}
    assert got == {PEER}

    f.paste('interface Tunnel0\nno ipv6 address 2001:db8:ffff::1/64\nexit\nno ipv6 route 2001:db8:b::/64\n'
            'interface FastEthernet0/0\nno ipv6 address\ninterface FastEthernet0/1\nno ipv6 mtu\n')
    until(lambda: ('Tunnel0', '2001:db8:ffff::1/64') not in f.addrs(), 10, 'the address to go')
    assert not any(r.startswith(('2001:db8:b::/64', 'unreachable 2001:db8:ffff')) for r in f.routes())

    assert f.us.run(*mtu).stdout == '1500\n'
    f.router.stop()
    left = {a for a in f.addrs() if not a[1].startswith('fe80:')}
    assert left == {('lan', '2001:db8:a::1/64')}  # not ours
    assert not any('proto 67' in r for r in f.routes())
    assert f.us.run(*forwarding).stdout == '0\n'
