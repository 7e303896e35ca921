# SPDX-License-Identifier: Apache-2.0
"""The line protocol of tunnels in whole routers: what it follows, who hears of it, and what
becomes of the routes over it."""
import json
import re
import time

import pytest
from layout import compare
from peers.netns import Net, until
from peers.tshark import Capture, kinds, rows
from router import Router

R1, R2 = '192.0.2.1', '192.0.2.2'


def text(local, remote, tunnels, more=''):
    """tunnels: number -> lines below it; 172.16.N.x is its subnet."""
    lines = [f'interface FastEthernet0/1\n ip address {local} 255.255.255.0']
    host = 1 if local == R1 else 2
    for n, below in tunnels.items():
        lines.append(f'interface Tunnel{n}\n ip address 172.16.{n}.{host} 255.255.255.252\n'
                     f' tunnel source FastEthernet0/1\n tunnel destination {remote}\n' +
                     ''.join(f' {b}\n' for b in below))
    return '\n'.join(lines) + f'\n{more}\n'


class World:
    """Two routers on one wire."""

    def __init__(self):
        self.net = Net()
        self.one, self.two = self.net.ns('one'), self.net.ns('two')
        self.net.link(self.one, 'wan', f'{R1}/24', self.two, 'wan', f'{R2}/24')

    def routers(self, first, second, more1='', more2=''):
        self.r1 = Router(self.one, text(R1, R2, first, more1))
        self.r2 = Router(self.two, text(R2, R1, second, more2))

    def carrier(self, tunnel, ns=None):
        return 'NO-CARRIER' not in (ns or self.one).ip('link', 'show', tunnel)

    def says(self, what, seconds=10, router=None):
        until(lambda: what in (router or self.r1).log(), seconds, what)

    def line(self, tunnel, state, seconds=10, router=None):
        """The last thing said of that tunnel's line protocol."""
        def last():
            said = re.findall(rf'%LINEPROTO-5-UPDOWN: Line protocol on Interface {tunnel}, changed state to (\w+)',
                              (router or self.r1).log())
            return said and said[-1] == state
        until(last, seconds, f'{tunnel} {state}')

    def reaches(self, to, count=2):
        return len(self.one.ping(to, count, wait=2).result().seen)


@pytest.fixture
def world():
    w = World()
    try:
        yield w
    finally:
        w.net.close()


def test_tunnels_between_two_hosts_go_by_their_keys_with_all_they_have(world):
    every = ['tunnel key 1234', 'tunnel checksum', 'tunnel sequence-datagrams']
    tunnels = {0: [], 1: ['tunnel key 1'], 2: every, 3: ['tunnel mode ipip']}
    world.routers(tunnels, tunnels)
    capture = Capture(world.one, 'wan', expr='ip proto 47 or ip proto 4')
    for n in tunnels:
        assert world.reaches(f'172.16.{n}.2') == 2, n
        assert world.carrier(f'Tunnel{n}')
    compare(world.r1, 'show interfaces', 'interfaces')
    shown = world.r1.cli('show interfaces Tunnel2')
    assert ('    Key 0x4D2, sequencing enabled\n    Checksumming of packets enabled\n' in shown and
            'Tunnel protocol/transport GRE/IP' in shown and 'Tunnel transport MTU 1464 bytes' in shown and
            'Tunnel2 is up, line protocol is up' in shown and ' 2 packets input, 168 bytes' in shown), shown
    assert 'Tunnel protocol/transport IP/IP\n  Tunnel TTL' in world.r1.cli('show interfaces Tunnel3')
    assert world.r1.cli('clear counters tunnel 2') == ''
    assert '%CLEAR-5-COUNTERS: Clear counter on interface Tunnel2 by console' in world.r1.log()
    assert world.reaches('172.16.2.2', 1) == 1
    shown = world.r1.cli('show interfaces Tunnel2')
    assert (' 1 packets input, 84 bytes' in shown and ' 1 packets output, 84 bytes' in shown and
            'Last clearing of "show interface" counters 00:00:0' in shown), shown
    assert ' 2 packets input, 168 bytes' in world.r1.cli('show interfaces Tunnel1'), 'it was about Tunnel2 alone'
    assert not re.search(' 0 packets input', world.r1.cli('show interfaces FastEthernet0/1'))
    world.r1.cli('clear counters')
    assert ' 0 packets input, 0 bytes' in world.r1.cli('show interfaces Tunnel1')
    assert re.search(' [0-3] packets input', world.r1.cli('show interfaces FastEthernet0/1')), 'of a real device, too'
    assert [int(re.search(r'mtu (\d+)', world.one.ip('link', 'show', f'Tunnel{n}')).group(1)) for n in tunnels] == [
        1476, 1472, 1464, 1480]
    seen = rows(capture.stop(), ['ip.proto', 'gre.key', 'gre.checksum.status', 'gre.sequence_number', '_ws.malformed',
                                 '_ws.expert.severity'])
    assert [r[:4] for r in seen[12:16]] == [['4,1', '', '', '']] * 4
    assert [r[:3] for r in seen[8:12]] == [['47,1', '0x000004d2', '1']] * 4
    assert [r[3] for r in seen[8:12]] == ['0', '0', '1', '1'] and len(seen) == 18 and not any(r[4] for r in seen)
    for ns, host in ((world.one, 1), (world.two, 2)):  # IPv6 is the host's: switched off, unless he wants it
        ns.sysctl('net.ipv6.conf.Tunnel2.disable_ipv6', 0)
        ns.ip('addr', 'add', f'2001:db8::{host}/64', 'dev', 'Tunnel2', 'nodad')
    six = world.one.run('ping', '-6', '-n', '-c', 3, '-i', 0.2, '-W', 2, '2001:db8::2', ok=False).stdout
    assert ' 0% packet loss' in six, six
    world.r1.cli('conf t ; interface Tunnel2 ; description and so it stays')
    assert '2001:db8::1' in world.one.ip('addr', 'show', 'Tunnel2')


def way(world, to='10.2.3.4'):
    """The device by which the first router would send there; '' for none."""
    said = world.one.ip('route', 'get', to, ok=False).split()
    return said[said.index('dev') + 1] if 'dev' in said else ''


def test_the_line_follows_keepalives_and_routes_follow_the_line(world):
    world.routers({0: ['tunnel key 1', 'keepalive 1 4'], 1: []}, {0: ['tunnel key 1'], 1: []},
                  more1='ip route 10.2.0.0 255.255.0.0 Tunnel0\nip route 10.2.0.0 255.255.0.0 Tunnel1 200\n'
                        'ip route 10.3.0.0 255.255.0.0 Tunnel0\nip route 10.4.0.0 255.255.0.0 172.16.0.2\n'
                        'ip route 0.0.0.0 0.0.0.0 Tunnel1')
    for n in (0, 1):
        world.line(f'Tunnel{n}', 'up')
    assert 'Keepalive set (1 sec), retries 4' in world.r1.cli('show interfaces Tunnel0')
    until(lambda: way(world) == 'Tunnel0', 5, 'the route')
    assert 'Tunnel keepalive debugging is on' in world.r1.cli('debug tunnel keepalive ; show debugging')
    # whoever decapsulates answers, whatever becomes of his interface
    world.two.run('sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward')
    time.sleep(3)
    assert world.carrier('Tunnel0') and 'state to down' not in world.r1.log()
    world.r1.cli('undebug tunnel keepalive')
    said = re.findall(r': (Tunnel0: .*keepalive.*)', world.r1.cli('show logging'))
    sent, back = (f'Tunnel0: {w}, {R2}->{R1} (len=28 ttl={n}), {end}' for w, n, end in
                  (('sending keepalive', 255, 'counter=1'), ('keepalive received', 254, 'resetting counter')))
    assert said[said.index(sent):][:4] == [sent, back, sent, back], said
    # what is deaf to one key is not so to the other
    world.two.run('nft', 'table ip deaf { chain in { type filter hook prerouting priority -300; '
                         'ip protocol gre @th,32,32 1 drop; }; }')
    world.line('Tunnel0', 'down')
    until(lambda: not world.carrier('Tunnel0'), 2, 'the carrier')
    shown = world.r1.cli('show interfaces Tunnel0')
    assert ('Tunnel0 is up, line protocol is down' in shown and
            'Tunnel linestate evaluation down - keepalives are not answered' in shown), shown
    assert re.search(r'Tunnel0 .* up +down', world.r1.cli('show ip interface brief'))
    # its routes are not used: the other tunnel's are, and where there is none, none of a wider one's
    assert way(world) == 'Tunnel1' and way(world, '8.8.8.8') == 'Tunnel1'
    assert way(world, '10.3.0.1') == way(world, '10.4.0.1') == ''
    table = world.r1.cli('show ip route')
    assert 'Tunnel0' not in table and '10.2.0.0 is directly connected, Tunnel1' in table, table
    assert world.carrier('Tunnel1') and world.reaches('172.16.1.2') == 2
    # a control that follows a crash knows, and says nothing
    control = world.r1.pids()[-1]
    before = world.r1.log().count('LINEPROTO')
    world.one.run('kill', '-9', control)
    until(lambda: control not in world.r1.pids() and len(world.r1.pids()) == 3, 10, 'another control')
    time.sleep(1.5)
    assert not world.carrier('Tunnel0') and world.r1.log().count('LINEPROTO') == before
    world.two.run('nft', 'delete table ip deaf')
    world.line('Tunnel0', 'up')
    until(lambda: all(way(world, f'10.{n}.3.4') == 'Tunnel0' for n in (2, 3, 4)), 2, 'the routes')
    world.r1.cli('conf t ; interface Tunnel0 ; shutdown')
    world.line('Tunnel0', 'down')
    assert '%LINK-5-CHANGED: Interface Tunnel0, changed state to administratively down' in world.r1.log()
    assert 'Tunnel0 is administratively down, line protocol is down' in world.r1.cli('show interfaces Tunnel0')
    world.r1.cli('conf t ; interface Tunnel0 ; no shutdown')
    world.line('Tunnel0', 'up')
    world.r1.cli('conf t ; no interface Tunnel0')
    world.line('Tunnel0', 'down')


def test_keepalives_go_through_a_crypto_map(world):
    def crypto(local, remote):
        return ('crypto isakmp policy 1\n encr aes\n hash sha\n authentication pre-share\n group 2\n'
                f'crypto isakmp key secretkey address {remote}\n'
                'crypto ipsec transform-set TS esp-aes esp-sha-hmac\n mode transport\n'
                'crypto map M 1 ipsec-isakmp\n set peer ' + remote + '\n set transform-set TS\n match address G\n'
                f'ip access-list extended G\n permit gre host {local} host {remote}\n'
                'interface FastEthernet0/1\n crypto map M')

    capture = Capture(world.one, 'wan', expr='not arp')
    world.routers({0: ['keepalive 1 4']}, {0: []}, crypto(R1, R2), crypto(R2, R1))
    # nobody sends anything: the keepalives are what is interesting
    until(lambda: re.search(r'#pkts decaps: [3-9]', world.r1.cli('show crypto ipsec sa')), 10, 'keepalives in ESP')
    assert 'state to down' not in world.r1.log() and world.reaches('172.16.0.2') == 2
    world.two.run('nft', 'table ip deaf { chain in { type filter hook prerouting priority -300; ip protocol esp drop; }; }')
    world.line('Tunnel0', 'down')
    world.two.run('nft', 'delete table ip deaf')
    world.line('Tunnel0', 'up')
    # a forwarder that is started again carries the tunnel, and no carrier is lost for long
    world.one.run('kill', '-9', world.r1.pids()[1])
    until(lambda: world.reaches('172.16.0.2', 1), 10, 'the tunnel after a crash')
    assert world.carrier('Tunnel0')
    assert kinds(capture.stop()) == {'udp500', 'esp'}


def test_the_line_follows_source_and_route(world):
    far = '203.0.113.1'
    world.two.addr('lo', f'{far}/32')
    world.routers({0: []}, {0: []})
    world.line('Tunnel0', 'up')
    r = world.r1
    r.cli(f'conf t ; interface Tunnel5 ; tunnel source FastEthernet0/1 ; tunnel destination {far}')
    until(lambda: 'linestate evaluation down - no output interface' in r.cli('show interfaces Tunnel5'), 5, 'no route')
    assert not world.carrier('Tunnel5')
    world.one.route(f'{far}/32', R2)  # as a routing daemon does
    world.line('Tunnel5', 'up')
    assert world.carrier('Tunnel5')
    world.one.ip('route', 'del', f'{far}/32')
    world.line('Tunnel5', 'down')
    r.cli(f'conf t ; ip route {far} 255.255.255.255 {R2}')
    world.line('Tunnel5', 'up')
    r.cli('conf t ; interface Tunnel5 ; tunnel source 198.51.100.77')
    world.line('Tunnel5', 'down')
    assert 'linestate evaluation down - tunnel source is not up' in r.cli('show interfaces Tunnel5')
    r.cli('conf t ; interface Tunnel5 ; no tunnel source')
    until(lambda: 'down - no tunnel source' in r.cli('show interfaces Tunnel5'), 5, 'no source')
    r.cli('conf t ; interface Tunnel5 ; tunnel source FastEthernet0/1 ; no tunnel destination')
    until(lambda: 'down - no tunnel destination' in r.cli('show interfaces Tunnel5'), 5, 'no destination')
    r.cli('conf t ; interface Tunnel0 ; tunnel mode gre multipoint')
    world.line('Tunnel0', 'down')
    assert 'linestate evaluation down - this tunnel mode is not run' in r.cli('show interfaces Tunnel0')
    assert not world.carrier('Tunnel0'), 'or routing daemons would send there'
    r.cli('conf t ; interface Tunnel0 ; tunnel mode gre ip')
    world.line('Tunnel0', 'up')
    # the wire itself, at either end: what comes while the far end's line is down has no way back
    r.cli('conf t ; interface FastEthernet0/1 ; shutdown')
    for router in (r, world.r2):
        world.line('Tunnel0', 'down', router=router)
    r.cli('conf t ; interface FastEthernet0/1 ; no shutdown')
    for router, ns in ((r, world.one), (world.r2, world.two)):
        world.line('Tunnel0', 'up', router=router)
        until(lambda: world.carrier('Tunnel0', ns), 5, 'the carrier')
    assert world.reaches('172.16.0.2') == 2


def test_a_tunnel_that_is_routed_into_itself_goes_down_and_comes_back(world):
    far = '203.0.113.1'
    world.two.addr('lo', f'{far}/32')
    world.routers({0: [f'tunnel destination {far}']}, {0: []}, more1=f'ip route {far} 255.255.255.255 {R2}')
    world.line('Tunnel0', 'up')
    r = world.r1
    # a better route, as OSPF over the tunnel would bring it
    world.one.ip('route', 'add', f'{far}/32', 'dev', 'Tunnel0', 'metric', '0')
    world.says('%TUN-5-RECURDOWN: Tunnel0 temporarily disabled due to recursive routing')
    world.line('Tunnel0', 'down')
    shown = r.cli('show interfaces Tunnel0')
    assert 'Tunnel linestate evaluation down - recursive routing' in shown
    until(lambda: not world.carrier('Tunnel0'), 2, 'the carrier')
    # the daemon sees the carrier, and takes it back: it stays down for a while all the same
    world.one.ip('route', 'del', f'{far}/32', 'dev', 'Tunnel0')
    time.sleep(1.5)
    assert not world.carrier('Tunnel0') and r.log().count('RECURDOWN') == 1
    r.cli('conf t ; interface Tunnel0 ; description tried again at once')
    world.line('Tunnel0', 'up')
    assert world.carrier('Tunnel0')
    # by its own configuration
    r.cli(f'conf t ; ip route {far} 255.255.255.255 Tunnel0 ; no ip route {far} 255.255.255.255 {R2}')
    world.line('Tunnel0', 'down')
    r.cli(f'conf t ; ip route {far} 255.255.255.255 {R2} ; no ip route {far} 255.255.255.255 Tunnel0')
    world.line('Tunnel0', 'up')


def test_an_unnumbered_tunnel_shows_whose_address_it_has(world):
    unnumbered = ['no ip address', 'ip unnumbered FastEthernet0/1']
    far = '203.0.113.1'
    world.two.addr('lo', f'{far}/32')
    world.routers({0: unnumbered}, {0: unnumbered}, f'ip route {far} 255.255.255.255 Tunnel0')
    world.line('Tunnel0', 'up')
    assert world.reaches(far) == 2
    r = world.r1
    using = f'  Interface is unnumbered. Using address of FastEthernet0/1 ({R1})\n'
    assert using in r.cli('show interfaces Tunnel0') and using in r.cli('show ip interface Tunnel0')
    assert re.search(rf'^Tunnel0 +{R1} +YES NVRAM  up +up', r.cli('show ip interface brief'), re.M)
    assert re.findall(rf'.*{R1}.*', r.cli('show ip route')) == [f'L        {R1}/32 is directly connected, FastEthernet0/1']
    r.cli('conf t ; interface Tunnel0 ; no ip unnumbered')
    until(lambda: re.search(r'^Tunnel0 +unassigned', r.cli('show ip interface brief'), re.M), 5, 'no address')


def test_a_router_that_follows_a_killed_one_at_once_has_its_devices(world):
    """Those of the old one are busy for as long as its forwarder still dies."""
    lines = ('crypto map M 10 ipsec-isakmp\n set peer 192.0.2.2\n match address L\nip access-list extended L\n'
             ' permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255\ninterface FastEthernet0/1\n crypto map M')

    def read(device):
        link, = json.loads(world.one.ip('-d', '-j', 'link', 'show', device))
        return link['linkinfo']['info_data'].get('numqueues', 1) > 0

    for _ in range(4):
        router = Router(world.one, text(R1, R2, {0: []}, lines))
        for device in ('Tunnel0', 'cvsteer0'):
            until(lambda: read(device), 10, f'somebody who reads {device}')
        router.kill()
