# SPDX-License-Identifier: Apache-2.0
"""GRE and IP in IP against a Linux kernel's own (user-mode Linux): every header, and
keepalives, which a kernel that routes answers without knowing them."""
import time

import pytest
from gateway import PEER, US
from peers.netns import Net, until
from peers.tshark import Capture, rows
from peers.uml import Guest
from router import Router

HEADERS = {0: ('', ''), 1: ('tunnel key 1234', 'key 1234'), 2: ('tunnel checksum', 'csum'),
           3: ('tunnel sequence-datagrams\n tunnel key 3', 'seq key 3'),
           4: ('tunnel key 4294967295\n tunnel checksum\n tunnel sequence-datagrams', 'key 255.255.255.255 csum seq'),
           5: ('tunnel mode ipip', '')}


class World:
    """router 192.0.2.1 - bridge - guest."""

    def __init__(self):
        self.net = Net()
        try:
            wire, self.us = self.net.ns('wire'), self.net.ns('router')
            wire.ip('link', 'add', 'br0', 'type', 'bridge')
            wire.ip('link', 'set', 'br0', 'up')
            self.guest = Guest(wire, f'{PEER}/24')
            wire.ip('link', 'set', 'tap0', 'master', 'br0')
            self.net.link(self.us, 'wan', f'{US}/24', wire, 'port', None)
            wire.ip('link', 'set', 'port', 'master', 'br0')
            self.us.run('ethtool', '-K', 'wan', 'tx', 'off')
            # or the kernel's GRE checksums come as it left them to a device: unfinished
            wire.run('ethtool', '-K', 'port', 'tx', 'off')
        except BaseException:
            self.close()
            raise

    def start(self, tunnels, keepalive=''):
        text = f'interface FastEthernet0/1\n ip address {US} 255.255.255.0\n'
        for n in tunnels:
            text += (f'interface Tunnel{n}\n ip address 172.16.{n}.1 255.255.255.252\n tunnel source FastEthernet0/1\n'
                     f' tunnel destination {PEER}\n {HEADERS[n][0]}\n {keepalive}\n')
        self.router = Router(self.us, text)

    def close(self):
        if hasattr(self, 'guest'):
            self.guest.stop()
        self.net.close()


@pytest.fixture(scope='module')
def segment():
    w = World()
    try:
        yield w
    finally:
        w.close()


@pytest.fixture
def world(segment):
    yield segment
    segment.router.stop()
    segment.guest.run('for d in 0 1 2 3 4 5; do ip link del g$d 2>/dev/null; done; true')


def kernel_tunnel(world, n):
    mode = 'ipip' if n == 5 else 'gre'
    world.guest.run(f'''ip tunnel add g{n} mode {mode} local {PEER} remote {US} {HEADERS[n][1]} ttl 64
        echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 || true
        ip addr add 172.16.{n}.2/30 dev g{n}; ip link set g{n} mtu 1400 up''')


@pytest.mark.parametrize('n', HEADERS, ids=[a.replace('\n', '+').replace('tunnel ', '') or 'plain' for a, _ in HEADERS.values()])
def test_a_kernel_understands_every_header_and_we_its(world, n):
    kernel_tunnel(world, n)
    world.start([n])
    capture = Capture(world.us, 'wan', f'capture{n}', expr='ip proto 47 or ip proto 4')
    assert not world.us.ping(f'172.16.{n}.2', 5).result().lost
    world.guest.run(f'ping -c 5 -i 0.2 -W 2 172.16.{n}.1')
    assert not world.us.run('ping', '-c', 3, '-i', 0.2, '-s', 1372, f'172.16.{n}.2').returncode
    shown = world.router.cli(f'show interfaces Tunnel{n}')
    assert '13 packets input' in shown and ' 0 input errors' in shown and '13 packets output' in shown, shown
    drops = world.guest.run(f'ip -s link show g{n}')
    assert drops.split('RX:')[1].splitlines()[1].split()[2] == '0', drops  # its errors
    seen = rows(capture.stop(), ['ip.src', 'gre.checksum.status', 'gre.key', '_ws.malformed'])
    assert len(seen) == 26 and not any(r[3] for r in seen)
    checked = 'checksum' in HEADERS[n][0]
    assert all(r[1] == ('1' if checked else '') for r in seen)


def test_a_kernel_that_routes_answers_keepalives(world):
    """What it takes out of its tunnel is a packet from itself to us: it has to be told to forward that."""
    kernel_tunnel(world, 1)
    world.guest.run('''echo 1 > /proc/sys/net/ipv4/ip_forward
        for d in all g1; do echo 1 > /proc/sys/net/ipv4/conf/$d/accept_local
            echo 0 > /proc/sys/net/ipv4/conf/$d/rp_filter; done''')
    world.start([1], 'keepalive 1 2')
    capture = Capture(world.us, 'wan', 'keepalives', expr='ip proto 47')
    time.sleep(5)
    assert 'state to down' not in world.router.log()
    sent = rows(capture.stop(), ['ip.src', 'ip.dst', 'ip.ttl', 'gre.proto', 'gre.key', '_ws.malformed'])
    out = [r for r in sent if r[0].startswith(US)]
    back = [r for r in sent if r[0].startswith(PEER)]
    assert 4 <= len(out) <= 7 and len(out) - len(back) in (0, 1)
    assert all(r == [f'{US},{PEER}', f'{PEER},{US}', '255,255', '0x0800,0x0000', '0x000004d2,0x000004d2', ''] for r in out)
    assert all(r == [PEER, US, '254', '0x0000', '0x000004d2', ''] for r in back)
    world.guest.run('ip link set g1 down')
    until(lambda: 'Line protocol on Interface Tunnel1, changed state to down' in world.router.log(), 8, 'down')
    world.guest.run('ip link set g1 up')
    until(lambda: world.router.log().rstrip().endswith('Line protocol on Interface Tunnel1, changed state to up'), 8, 'up')
