# SPDX-License-Identifier: Apache-2.0
"""A router behind a NAT against a Linux kernel's own ESP in UDP (user-mode Linux with strongSwan inside): transport
and tunnel mode, TCP and UDP through it there and back, in both roles."""
import hashlib
import os
import socket

import pytest

from gateway import PEER
from peers.netns import Net, until
from peers.strongswan import child, conf_text, connection
from peers.tshark import Capture, kinds
from router import Router, config
from test_ike_nat import bad_checksums
from test_peer_linux_long import Segment, segment  # noqa: F401

PUBLIC, INSIDE = '192.0.2.77', '172.16.1.2'
SUITE, ESP = 'aes256-sha1-modp1024', 'aes256-sha1'


class World:
    """router 172.16.1.2 - NAT 192.0.2.77 - wire - guest."""

    def __init__(self, segment):
        self.guest, self.peer, self.net = segment.guest, segment.charon, Net()
        self.us, self.nat = self.net.ns('router'), self.net.ns('nat')
        segment.ports += 1
        port = f'p{segment.ports}'
        self.net.link(self.us, 'wan', f'{INSIDE}/24', self.nat, 'in', '172.16.1.1/24')
        self.net.link(self.nat, 'out', f'{PUBLIC}/24', segment.ns, port, None)
        segment.ns.ip('link', 'set', port, 'master', 'br0')
        for ns, dev in ((self.us, 'wan'), (self.nat, 'in'), (self.nat, 'out')):
            ns.run('ethtool', '-K', dev, 'tx', 'off')
        self.us.route('default', '172.16.1.1')
        self.us.addr('lo', '10.1.0.1/32')
        self.nat.forward()
        self.nat.run('nft', '-f', '-', input=f'''table ip t {{
            chain post {{ type nat hook postrouting priority srcnat;
                oifname "out" meta l4proto udp masquerade to :20000-29999; oifname "out" masquerade; }}
            chain pre {{ type nat hook prerouting priority dstnat;
                iifname "out" udp dport {{ 500, 4500 }} dnat to {INSIDE}; }}
            }}''')
        self.peer.reset()
        self.guest.run('ip neigh flush all')  # the NAT of the test before had another MAC address
        self.capture = Capture(segment.ns, port, f'capture-{port}')

    def start(self, mode, permits, ts):
        conn = connection(PEER, PUBLIC, SUITE, {'t1': child(*ts, ESP, mode=mode)})
        conn['remote']['id'] = INSIDE
        self.peer.load(conf_text({'connections': {'t': conn}, 'secrets': {'ike-1': {'secret': 'secretkey'}}}))
        self.router = Router(self.us, config(SUITE, INSIDE, PEER, permits, mode=mode))

    def close(self):
        self.net.close()


@pytest.fixture
def world(segment):  # noqa: F811
    w = World(segment)
    try:
        yield w
    finally:
        print(w.router.log() + w.peer.log()[-6000:])
        w.close()


def guest_count(world, proto, field):
    head, body = [line.split() for line in world.guest.run('cat /proc/net/snmp').splitlines()
                  if line.startswith(proto + ':')]
    return int(body[head.index(field)])


def guest_echo(world, addr, source, seen):
    """TCP to an echo server in the guest, and UDP both ways: its kernel judges what we sent, ours what comes back.
    seen: our address as the guest sees it."""
    world.guest.run('''setsid busybox nc -l -p 7777 -e cat >/dev/null 2>&1 & sleep 0.3''')
    s = world.us.socket(socket.SOCK_STREAM, bind=(source, 0))
    s.settimeout(20)
    s.connect((addr, 7777))
    data, back = os.urandom(60_000), b''
    for i in range(0, len(data), 6000):
        s.sendall(data[i:i + 6000])
        while len(back) < i + 6000:
            piece = s.recv(65536)
            assert piece, f'the peer closed after {len(back)} bytes'
            back += piece
    assert back == data
    s.close()
    u = world.us.socket(socket.SOCK_DGRAM, bind=(source, 7779))
    u.settimeout(10)
    before = guest_count(world, 'Udp', 'NoPorts')
    for i in range(10):
        u.sendto(os.urandom(31 + 100 * i), (addr, 7778))
    # nobody listens there, which the kernel finds once it has found the checksum right
    until(lambda: guest_count(world, 'Udp', 'NoPorts') == before + 10, what='the datagrams in the guest')
    for size in 40, 41, 1200:
        said = world.guest.run(f'''head -c {size} /dev/urandom > /tmp/out; sha256sum /tmp/out
            cat /tmp/out > /dev/udp/{seen}/7779''').split()[0]
        assert hashlib.sha256(u.recv(2000)).hexdigest() == said
    u.close()
    assert bad_checksums(world.us) == 0
    assert guest_count(world, 'Tcp', 'InCsumErrors') == guest_count(world, 'Udp', 'InCsumErrors') == 0


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_transport_mode_through_a_nat(world, role):
    world.start('transport', (f'ip host {INSIDE} host {PEER}',), ('dynamic', 'dynamic'))
    if role == 'responder':
        world.peer.ctl('--initiate', '--child', 't1', '--timeout', 10)
    got = world.us.ping(PEER, 3).result()
    assert len(got.lost) <= 1, got.out
    guest_echo(world, PEER, INSIDE, PUBLIC)
    c, = world.peer.children()
    assert c['mode'] == 'TRANSPORT' and c['encap'] == 'yes'
    assert c['remote-ts'] == [f'{PUBLIC}/32'] and c['local-ts'] == [f'{PEER}/32']
    assert 'in use settings ={Transport UDP-Encaps, }' in world.router.cli('show crypto ipsec sa')
    assert int(c['packets-in']) > 20 and int(c['packets-out']) > 20
    assert kinds(world.capture.stop()) <= {'udp500', 'udp4500', 'udp?', 'arp'}


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_tunnel_mode_through_a_nat(world, role):
    world.guest.run('ip addr replace 10.2.0.1/32 dev lo; ip route replace 10.1.0.0/24 via 192.0.2.77 src 10.2.0.1')
    world.start('tunnel', ('ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255',), ('10.2.0.0/24', '10.1.0.0/24'))
    if role == 'responder':
        world.peer.ctl('--initiate', '--child', 't1', '--timeout', 10)
    got = world.us.ping('10.2.0.1', 3, source='10.1.0.1').result()
    assert len(got.lost) <= 1, got.out
    guest_echo(world, '10.2.0.1', '10.1.0.1', '10.1.0.1')
    c, = world.peer.children()
    assert c['mode'] == 'TUNNEL' and c['encap'] == 'yes'
