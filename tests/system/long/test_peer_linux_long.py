# SPDX-License-Identifier: Apache-2.0
"""A router against a Linux kernel's own ESP and GRE (user-mode Linux with strongSwan inside):
raw protocol 50, tunnel and transport mode."""
import itertools
import re
import time

import pytest

from peers.netns import Net, until
from peers.strongswan import child, conf_text, connection
from peers.tshark import MAIN_MODE, QUICK_MODE, Capture, exchanges, kinds, read_keylog, rows
from peers.uml import Guest, GuestCharon
from gateway import (FAR_HOST, FAR_HOST2, FAR_NET, FAR_NET2, GRE_LINE, HOST, LAN_LINE, LAN_LINE2, NEAR_NET, PEER, SUITES,
                     US, Router, config, esp_of, near_side)

DEVICES = {'FastEthernet0/0': 'lan0', 'FastEthernet0/1': 'wan0'}
GRE_TS = (f'{PEER}/32[gre]', f'{US}/32[gre]')
QUIET = {'udp500', 'esp', 'arp'}


class Segment:
    """The wire: a bridge with the guest on a tap. One for all tests, since a guest takes seconds to boot."""

    def __init__(self):
        self.net = Net()
        try:
            self.ns = self.net.ns('wire')
            self.ns.ip('link', 'add', 'br0', 'type', 'bridge')
            self.ns.ip('link', 'set', 'br0', 'up')
            self.guest = Guest(self.ns, f'{PEER}/24')
            self.ns.ip('link', 'set', 'tap0', 'master', 'br0')
            self.guest.run(f'''for a in {FAR_HOST} {FAR_HOST2}; do ip addr add $a/32 dev lo; done
                ip tunnel add g1 mode gre local {PEER} remote {US} ttl 64
                ip addr add 172.16.0.2/30 dev g1; ip link set g1 mtu 1400 up
                echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6''')
            self.guest.load_ciphers()
            self.charon = GuestCharon(self.guest).start('')
        except BaseException:
            self.close()
            raise
        self.ports = 0

    def close(self):
        if hasattr(self, 'guest'):
            self.guest.stop()
        self.net.close()


@pytest.fixture(scope='module')
def segment():
    s = Segment()
    try:
        yield s
    finally:
        s.close()


class World:
    """host 10.1.1.10 - router - wire - guest with 10.2.2.10 and 10.2.3.10."""

    def __init__(self, segment):
        self.segment, self.guest, self.peer = segment, segment.guest, segment.charon
        self.net = Net()
        self.us = self.net.ns('router')
        segment.ports += 1
        port = f'p{segment.ports}'
        self.net.link(self.us, 'wan0', f'{US}/24', segment.ns, port, None)
        segment.ns.ip('link', 'set', port, 'master', 'br0')
        # the guest's driver takes no unfinished checksums
        self.us.run('ethtool', '-K', 'wan0', 'tx', 'off')
        self.host = near_side(self.net, self.us)
        self.router = None
        self.peer.reset()
        self.capture = Capture(segment.ns, port, f'capture-{port}')

    def culvert(self, suite, **kw):
        """Starts the router; the guest reaches its LAN through g1 or by the wire."""
        via = 'dev g1' if kw.get('tunnel') else f'via {US}'
        self.guest.run(f'ip neigh flush all; ip route replace {NEAR_NET} {via} src {FAR_HOST}')
        self.router = Router(self.us, config(suite, **kw), DEVICES)
        return self.router

    def swan(self, suite, *ts, pfs=False, conn=None, **more):
        """One connection t; its children t1, t2, ... have these pairs of selectors."""
        children = {f't{i}': child(far, near, esp_of(suite, pfs), **more) for i, (far, near) in enumerate(ts, 1)}
        self.peer.load(conf_text({'connections': {'t': connection(PEER, US, suite, children, **(conn or {}))},
                                  'secrets': {'ike-1': {'secret': 'secretkey'}}}))

    def close(self):
        self.net.close()


@pytest.fixture
def world(segment):
    w = World(segment)
    try:
        yield w
        print((w.router.story() if w.router else '') + w.peer.log()[-6000:])
    finally:
        w.close()


def no_loss(ping):
    got = ping.result()
    assert got.sent == got.count and not got.lost, got.out


def first_pings(world, role, count, far=FAR_HOST):
    """How many of the first pings were lost. The peer installs its SAs only after it has worked on our
    third quick mode message; on a busy machine a packet that waited for that may still come too early."""
    got = world.host.ping(far, count).result()
    assert got.sent == count and set(got.lost) <= ({1} if role == 'initiator' else set()), got.out
    return len(got.lost)


def agreed(world, pairs=1):
    """Router and peer list the same SPIs, and the guest's kernel holds just these."""
    until(world.router.up, what='QM_IDLE ACTIVE')
    theirs = until(lambda: len(got := world.peer.children()) == pairs and got, what=f'{pairs} SA pairs of the peer')
    want = {(way, c[spi].zfill(8)) for c in theirs for way, spi in (('outbound', 'spi-in'), ('inbound', 'spi-out'))}
    assert world.router.spis() == want and len(want) == 2 * pairs
    kernel = re.findall(r'proto esp spi 0x(\w+)', world.guest.run('ip xfrm state'))
    assert sorted(kernel) == sorted(spi for _, spi in want)
    return theirs


def start(world, role, name='t1'):
    if role == 'responder':
        world.peer.ctl('--initiate', '--child', name, '--timeout', 10)


CASES = list(itertools.product(SUITES, ('tunnel', 'transport'), ('initiator', 'responder'), (False, True)))


@pytest.mark.parametrize('suite,mode,role,pfs', CASES,
                         ids=['-'.join([*c[:3], 'pfs' if c[3] else 'nopfs']) for c in CASES])
def test_gre_in_esp(world, suite, mode, role, pfs):
    """Ping between the LANs through Tunnel0; tshark sees the layers that IOS would make."""
    world.swan(suite, GRE_TS, pfs=pfs, mode=mode)
    router = world.culvert(suite, acl=(GRE_LINE,), pfs=pfs, mode=mode, tunnel=True)
    start(world, role)
    lost = first_pings(world, role, 5)
    out = world.guest.run(f'ping -n -c 3 -i 0.2 -I {FAR_HOST} {HOST}', ok=False)
    assert '3 received' in out, out
    c, = agreed(world)
    assert c['mode'] == mode.upper() and 'encap' not in c and ('dh-group' in c) == pfs
    assert (c['local-ts'], c['remote-ts']) == ([GRE_TS[0]], [GRE_TS[1]])
    assert router.counted() == (8, 8 - lost)
    assert (int(c['packets-in']), int(c['packets-out'])) == (8 - lost, 8 - lost)
    assert kinds(pcap := world.capture.stop()) <= QUIET
    seen = exchanges(pcap)
    assert (seen[MAIN_MODE], seen[QUICK_MODE]) == (6, 3)
    esp = rows(pcap, ['esp.icv_good', 'frame.protocols', 'ip.proto'], 'esp', **read_keylog(router.keys))
    layers = {'tunnel': 'ip:esp:ip:gre:ip:icmp', 'transport': 'ip:esp:gre:ip:icmp'}[mode]
    assert len(esp) == 16 - lost
    for good, protocols, _ in esp:
        assert good in ('1', 'True') and layers in protocols, protocols


def test_the_first_packet_waits_for_its_sa(world):
    """Of three negotiations that packets began at least one loses none of them (see first_pings)."""
    world.swan(SUITES[1], GRE_TS, mode='transport')
    router = world.culvert(SUITES[1], acl=(GRE_LINE,), mode='transport', tunnel=True)
    lost = []
    for _ in range(3):
        lost.append(first_pings(world, 'initiator', 2))
        router.cli('enable', 'clear crypto sa', 'clear crypto isakmp')
        until(lambda: not world.peer.sas(), what='the end of the SAs at the peer')
    assert 0 in lost
    assert kinds(world.capture.stop()) <= QUIET


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_lan_to_lan_one_pair_for_each_permit_line(world, role):
    suite = SUITES[0]
    world.swan(suite, (FAR_NET, NEAR_NET), (FAR_NET2, NEAR_NET))
    router = world.culvert(suite, acl=(LAN_LINE, LAN_LINE2))
    start(world, role, 't1')
    start(world, role, 't2')
    lost = [first_pings(world, role, 3, far) for far in (FAR_HOST, FAR_HOST2)]
    theirs = agreed(world, pairs=2)
    assert sorted((c['local-ts'], int(c['packets-in'])) for c in theirs) == [
        ([net], 3 - n) for net, n in zip((FAR_NET, FAR_NET2), lost)]
    assert router.counted() == (6, 6 - sum(lost))
    assert kinds(world.capture.stop()) <= QUIET


@pytest.mark.parametrize('mode', ['tunnel', 'transport'])
def test_big_packets_and_fragments(world, mode):
    """Fragments and full-size packets, both ways, are whole at the other end."""
    world.swan(SUITES[1], GRE_TS, mode=mode)
    world.culvert(SUITES[1], acl=(GRE_LINE,), mode=mode, tunnel=True)
    first_pings(world, 'initiator', 2)
    for size in (1372, 1373, 3000):
        out = world.host.run('ping', '-n', '-c', 3, '-i', 0.2, '-W', 3, '-M', 'dont', '-s', size, FAR_HOST,
                             ok=False).stdout
        assert '3 received' in out, out
    assert kinds(world.capture.stop()) <= QUIET


def under_ping(world, work, seconds):
    """work() while 20 numbered packets a second flow; not one may be lost."""
    first_pings(world, 'initiator', 2)
    ping = world.host.ping(FAR_HOST, 100000, 0.05)
    time.sleep(0.5)
    work()
    time.sleep(seconds)
    got = ping.stop()
    assert got.sent > seconds * 10 and not got.lost, f'lost {got.lost} of {got.sent}'


@pytest.mark.parametrize('mode,pfs', [('tunnel', False), ('transport', True)], ids=['tunnel-nopfs', 'transport-pfs'])
def test_the_peer_rekeys_phase_2_without_loss(world, mode, pfs):
    world.swan(SUITES[0], GRE_TS, pfs=pfs, mode=mode, rekey_time='3s', life_time='30s', rand_time='0s')
    router = world.culvert(SUITES[0], acl=(GRE_LINE,), pfs=pfs, mode=mode, tunnel=True)
    first_pings(world, 'initiator', 2)
    first = router.spis()
    under_ping(world, lambda: None, 10)
    assert router.spis() - first
    pcap = world.capture.stop()
    assert exchanges(pcap)[QUICK_MODE] >= 9 and kinds(pcap) <= QUIET


@pytest.mark.parametrize('mode', ['tunnel', 'transport'])
def test_we_rekey_phase_2_by_kilobytes_without_loss(world, mode):
    world.swan(SUITES[1], GRE_TS, mode=mode)
    router = world.culvert(SUITES[1], acl=(GRE_LINE,), mode=mode, tunnel=True,
                           set_lines=['set security-association lifetime kilobytes 2560'])
    first_pings(world, 'initiator', 2)
    first = router.spis()
    out = world.host.run('ping', '-n', '-q', '-i', '0.004', '-s', '1200', '-c', '2500', FAR_HOST).stdout
    assert '2500 received, 0% packet loss' in out, out
    assert router.spis() - first
    pcap = world.capture.stop()
    assert exchanges(pcap)[QUICK_MODE] >= 6 and kinds(pcap) <= QUIET


def test_the_peer_rekeys_phase_1_without_loss(world):
    world.swan(SUITES[2], GRE_TS, mode='transport')
    router = world.culvert(SUITES[2], acl=(GRE_LINE,), mode='transport', tunnel=True)

    def renew():
        world.peer.ctl('--rekey', '--ike', 't')
        until(lambda: len(router.up()) == 2 or len(world.peer.sas()) == 2, 15, 'a second ISAKMP SA')

    under_ping(world, renew, 4)
    pcap = world.capture.stop()
    assert exchanges(pcap)[MAIN_MODE] >= 12 and kinds(pcap) <= QUIET


def test_we_renew_phase_1_without_loss(world):
    """The shortest lifetime that IOS takes is a minute."""
    world.swan(SUITES[2], GRE_TS, mode='transport')
    router = world.culvert(SUITES[2], acl=(GRE_LINE,), mode='transport', tunnel=True, life=60)
    under_ping(world, lambda: None, 64)
    assert len(router.up()) == 1
    pcap = world.capture.stop()
    assert exchanges(pcap)[MAIN_MODE] >= 12 and kinds(pcap) <= QUIET


def test_the_peer_stops_and_nothing_leaves_in_clear(world):
    """Without SAs packets are dropped; the next negotiation carries them again."""
    world.swan(SUITES[1], GRE_TS, mode='transport')
    router = world.culvert(SUITES[1], acl=(GRE_LINE,), mode='transport', tunnel=True)
    first_pings(world, 'initiator', 2)
    world.peer.stop()
    until(lambda: not router.up(), what='the end of the ISAKMP SA')
    assert len(world.host.ping(FAR_HOST, 3, wait=1).result().lost) == 3
    world.peer.start_again()
    until(lambda: not world.host.ping(FAR_HOST, 1, wait=1).result().lost, 30, 'traffic again')
    pcap = world.capture.stop()
    assert kinds(pcap) <= QUIET | {'icmp'}
    # without charon the guest's kernel says "port unreachable" about UDP 500: the one thing in clear
    for src, kind, port in rows(pcap, ['ip.src', 'icmp.type', 'udp.dstport'], 'icmp'):
        assert (src.split(',')[0], kind, port) == (PEER, '3', '500')
