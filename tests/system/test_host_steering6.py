# SPDX-License-Identifier: Apache-2.0
"""The locks of IPv6, one by one, without any crypto; the world of test_host_steering.py.

    LAN 2001:db8:1::10 --- :1::1 router 2001:db8::1 --- 2001:db8::2 WAN (:2::10, :3::10)
"""
import os
import shutil
import time

import pytest

from conftest import as_whom
from test_host_steering import World

pytestmark = pytest.mark.no_way('what the kernel does with packets for a router: none passes one')

LAN, LOCAL, PEER = '2001:db8:1::10', '2001:db8::1', '2001:db8::2'
FAR, OTHER = '2001:db8:2::10', '2001:db8:3::10'
LAN_TO_FAR = '10 permit 0 2001:db8:1::/64 2001:db8:2::/64'
LOCAL_TO_FAR = '10 permit 0 2001:db8::1/128 2001:db8:2::/64'
ANY_ANY = '10 permit 0 ::/0 ::/0'
CHAIN_OF = {'steer': ('forwarding', 'output'), 'guard': ('guard',)}


@pytest.fixture
def who(request):
    return as_whom(getattr(request, 'param', 'root' if os.geteuid() == 0 else 'user'))


# what an ordinary user's kernel may refuse or limit; the rest is the same for him
anybody = pytest.mark.parametrize('who', ['root', 'user'], indirect=True)


class World6(World):
    tell = ('6',)

    def build(self):
        for node in ('router', 'lan', 'wan'):  # nobody waits for duplicates
            self.sh(node, 'echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad')
        super().build()
        self.sh('router', f'''
            ip -6 addr add 2001:db8:1::1/64 dev lan0 nodad; ip -6 addr add {LOCAL}/64 dev wan0 nodad
            ip -6 route add 2001:db8:2::/47 via {PEER}
            echo 1 > /proc/sys/net/ipv6/conf/all/forwarding''')
        self.sh('lan', f'''ip -6 addr add {LAN}/64 dev eth0 nodad
            ip -6 route add default via 2001:db8:1::1''')
        self.sh('wan', f'''ip -6 addr add {PEER}/64 dev eth0 nodad
            ip -6 addr add {FAR}/128 dev lo nodad; ip -6 addr add {OTHER}/128 dev lo nodad
            ip -6 route add 2001:db8:1::/64 via {LOCAL}''')
        for node, dev in (('router', 'wan0'), ('wan', 'eth0'), ('lan', 'eth0')):  # link-local addresses
            end = time.monotonic() + 5
            while 'tentative' in self.sh(node, f'ip -6 -o addr show dev {dev}') and time.monotonic() < end:
                time.sleep(0.05)
        # resolve neighbours
        self.local.do(f'udp {LOCAL} 9 {PEER} 9')
        self.lan.do(f'udp {LAN} 9 {OTHER} 9')
        assert self.wan.tells(f'saw {LOCAL} {PEER} 17 9') and self.wan.tells(f'saw {LAN} {OTHER} 17 9')
        self.wan.told.clear()
        self.lan.told.clear()

    def seen(self):
        return [t for t in super().seen() if not t.startswith('link') and ':' in t]

    def tun(self):
        """What the TUN got; the kernels' own answers of ICMPv6 are left out."""
        return sorted(t for t in self.drv.told
                      if t.startswith('tun') and t.split()[3] != '58' and 'ff02::' not in t)


@pytest.fixture
def world(who):
    for tool in ('nft', 'ip', 'unshare', 'nsenter'):
        if not shutil.which(tool, path='/usr/sbin:/usr/bin:/sbin:/bin'):
            pytest.skip(f'needs {tool}')
    w = None
    try:
        w = World6(who)
        w.build()
        yield w
    finally:
        if w:
            w.close()


def matched(w, times=1):
    """Traffic of every kind that LAN_TO_FAR and LOCAL_TO_FAR match: 7 packets."""
    for _ in range(times):
        w.lan.do(f'udp {LAN} 4000 {FAR} 5000')
        w.lan.do(f'raw 47 {LAN} {FAR}')
        w.lan.do(f'frag {LAN} {FAR}')
        w.lan.do(f'chain {LAN} {FAR} dr 17')
        w.local.ask(f'udp {LOCAL} 4000 {FAR} 5000')
        w.local.ask(f'raw 47 {LOCAL} {FAR}')
        w.local.ask(f'chain {LOCAL} {FAR} d 17')


MATCHED = sorted([f'tun {LAN} {FAR} 17'] + [f'tun {LAN} {FAR} 47'] + [f'tun {LAN} {FAR} 44'] +
                 [f'tun {LAN} {FAR} 60'] + [f'tun {LOCAL} {FAR} 17', f'tun {LOCAL} {FAR} 47',
                                            f'tun {LOCAL} {FAR} 60'])


def unlock(w, lock):
    for chain in CHAIN_OF[lock]:
        w.sh('router', f'nft flush chain ip6 culvert {chain}')


@anybody
def test_matched_packets_reach_the_tun_and_others_the_wire(world):
    world.acl('10 deny 17 2001:db8:1::/64 2001:db8:2::8000/113', LAN_TO_FAR, LOCAL_TO_FAR)
    matched(world)
    world.lan.do(f'udp {LAN} 4000 2001:db8:2::8002 5000')
    world.lan.do(f'udp {LAN} 4000 {OTHER} 5000')
    world.local.do(f'udp {LOCAL} 4000 {OTHER} 5000')
    assert world.seen() == [f'saw {LAN} 2001:db8:2::8002 17 5000', f'saw {LAN} {OTHER} 17 5000',
                            f'saw {LOCAL} {OTHER} 17 5000']
    assert world.tun() == MATCHED
    # of IPv4 nothing is said
    world.lan.do('udp 10.1.1.10 4000 10.2.2.10 5000')
    assert world.wan.tells('saw 10.1.1.10 10.2.2.10 17 5000')


def test_the_lines_of_one_map_are_of_both_families(world):
    world.acl('10 permit 0 10.1.1.0/24 10.2.2.0/24', '20 permit 17 2001:db8:1::/64 2001:db8:2::/64 5000')
    for dst in ('10.2.2.10', '10.3.3.10'):
        world.lan.do(f'udp 10.1.1.10 4000 {dst} 5000')
    for port in (5000, 5001):
        world.lan.do(f'udp {LAN} 4000 {FAR} {port}')
    assert world.seen() == [f'saw {LAN} {FAR} 17 5001']
    assert world.tun() == ['tun 10.1.1.10 10.2.2.10 17', f'tun {LAN} {FAR} 17']


# ---- the locks, one by one ----

@anybody
@pytest.mark.parametrize('how', ['forwarder dead', 'TUN deleted', 'all dead, no TUN'])
def test_nothing_matched_leaves(world, how):
    world.acl(LAN_TO_FAR, LOCAL_TO_FAR)
    if 'all dead' in how:
        world.drv.kill()
    else:
        world.drv.do('close-tun')
    if 'TUN' in how:
        world.sh('router', 'ip link del cvsteer0')
    matched(world, 3)
    world.lan.do(f'udp {LAN} 4000 {OTHER} 5000')
    assert world.seen() == [f'saw {LAN} {OTHER} 17 5000']
    # and it works again with a new process
    world.drv = world.driver()
    world.acl(LAN_TO_FAR, LOCAL_TO_FAR)
    matched(world)
    assert world.seen() == []
    assert world.tun() == MATCHED


@anybody
@pytest.mark.parametrize('alive', [True, False])
def test_the_guard_alone_holds(world, alive):
    world.acl(LAN_TO_FAR, LOCAL_TO_FAR)
    if not alive:
        world.drv.kill()
    unlock(world, 'steer')
    matched(world, 3)
    assert world.seen() == []
    if alive:
        assert world.tun() == []
        assert world.drv.do('counts') == 'guard 21 mirror 0'


@pytest.mark.parametrize('how', ['TUN idle', 'no TUN'])
def test_the_routes_alone_hold(world, how):
    world.acl(LAN_TO_FAR, LOCAL_TO_FAR)
    world.drv.kill()
    unlock(world, 'guard')
    if how == 'no TUN':
        world.sh('router', 'ip link del cvsteer0')
    matched(world, 3)
    assert world.seen() == []
    # the proof that these packets would leave otherwise
    unlock(world, 'steer')
    matched(world)
    assert len(world.seen()) == 7


def test_no_way_of_cutting_headers_gets_past_a_line_with_a_port(world):
    """Whether steering can read them or not: what leaves is only what no line can mean."""
    world.acl('10 permit 17 2001:db8:1::/64 2001:db8:2::/64 5000')
    for headers in ('F', 'Fd', 'dF', 'hdrF', 'f', 'fc', 'fd', 'c', 'd', 'hdr'):
        world.lan.do(f'chain {LAN} {FAR} {headers} 17 64 0fa0138800100000' + '00' * 8)
    world.lan.do(f'chain {LAN} {FAR} d 17 64 0fa0138900100000' + '00' * 8)
    world.lan.do(f'chain {LAN} {FAR} F 6')
    # of a datagram whose ports are another's, or that a deny line has taken, nothing is lost
    world.drv.do('clear-lines')
    world.acl('10 deny 0 2001:db8:1::/64 2001:db8:2::10/128', '10 permit 17 2001:db8:1::/64 2001:db8:2::/64 5000',
              tun=False)
    world.lan.do(f'chain {LAN} {FAR} F 17')
    assert world.seen() == [f'saw {LAN} {FAR} 17 5001', f'saw {LAN} {FAR} 6 0', f'saw {LAN} {FAR} 17 0']
    world.drv.do('clear-lines')
    world.acl('10 permit 17 2001:db8:1::/64 2001:db8:2::/64 5000', tun=False)
    unlock(world, 'steer')
    for headers in ('F', 'Fd', 'dF', 'hdrF', 'f', 'fc', 'fd', 'c', 'd', 'hdr'):
        world.lan.do(f'chain {LAN} {FAR} {headers} 17 64 0fa0138800100000' + '00' * 8)
    assert world.seen() == []


# ---- broad lists ----

def test_any_any_lets_our_own_ike_esp_and_ah_pass_and_nothing_else(world):
    world.acl(ANY_ANY)
    world.drv.do(f'esp {PEER}')
    world.drv.do(f'ah {PEER}')
    world.drv.do(f'ike {PEER}')
    world.drv.do(f'gre {PEER}')                  # our GRE has no bypass
    world.local.do(f'udp {LOCAL} 500 {PEER} 500')  # nor has a stranger's port 500
    world.local.do(f'raw 50 {LOCAL} {PEER}')
    ours = [f'saw {LOCAL} {PEER} {x}' for x in ('50 0', '51 0', '17 500')]
    assert world.seen() == ours
    assert world.tun() == [f'tun {LOCAL} {PEER} {proto}' for proto in (17, 47, 50)]
    # the same without steering: the guard lets no GRE of ours out
    unlock(world, 'steer')
    world.drv.do(f'esp {PEER}')
    world.drv.do(f'ah {PEER}')
    world.drv.do(f'ike {PEER}')
    world.drv.ask(f'gre {PEER}')
    world.local.ask(f'mark 47 {LOCAL} {PEER}')  # not even with the mark
    assert world.seen() == ours


@pytest.mark.parametrize('closed', ['any any', 'closed', 'lines-unknown'])
def test_neighbours_are_found_whatever_is_protected(world, closed):
    """Of the router and of who asks for it; and nobody passes for a neighbour from behind the router."""
    world.acl(ANY_ANY)
    if closed != 'any any':
        world.drv.do(closed)
        world.drv.do('apply' if closed == 'lines-unknown' else 'counts')
    world.sh('router', 'ip -6 neigh flush dev wan0')
    world.sh('wan', 'ip -6 neigh flush dev eth0; ip -6 maddr add 33:33:00:00:12:34 dev eth0')
    world.wan.told.clear()
    world.drv.do(f'esp {PEER}')
    assert world.wan.tells(f'saw {LOCAL} {PEER} 50'), 'the router did not find its neighbour'
    assert any(t.startswith('link') and t.endswith(' 135') for t in world.wan.told)
    for node, dev in (('router', 'wan0'), ('wan', 'eth0')):
        world.sh(node, f'ip -6 neigh flush dev {dev}')
    world.wan.told.clear()
    world.wan.ask(f'raw 50 {PEER} {LOCAL}')  # asks for the router, which answers
    assert world.wan.tells(f'link {LOCAL} 136')
    # a group that the router joins is told to switches
    world.wan.told.clear()
    world.sh('router', 'ip -6 addr add 2001:db8::77/64 dev wan0')
    assert any(world.wan.tells(f'link {src} 143') for src in world.sh(
        'router', "ip -6 -o addr show dev wan0 scope link | tr -s ' ' | cut -d' ' -f4 | cut -d/ -f1").split())
    # neighbour discovery and reports from the LAN to the far side are cleartext like any other
    world.wan.told.clear()
    for kind in ('87', '88', '8f'):
        for hops in (255, 64, 2):
            world.lan.do(f'chain {LAN} {FAR} - 58 {hops} {kind}000000' + '00' * 20)
    world.seen()
    assert not any(t.startswith(f'link {LAN}') for t in world.wan.told)


def test_lines_that_are_not_known_close_both_families(world):
    world.drv.do('lines-unknown')
    world.drv.do('apply')
    matched(world)
    world.lan.do(f'udp {LAN} 4000 {OTHER} 5000')
    world.lan.do('udp 10.1.1.10 4000 10.3.3.10 5000')
    world.drv.do(f'esp {PEER}')
    world.drv.do(f'ah {PEER}')
    world.drv.do(f'ike {PEER}')
    assert world.seen() == [f'saw {LOCAL} {PEER} {x}' for x in ('50 0', '51 0', '17 500')]
    assert not world.wan.tells('saw 10.1.1.10', 0)


def test_the_last_resort_closes_what_has_lines_of_ipv6_and_leaves_ipv4_alone(world):
    world.acl(LAN_TO_FAR)
    world.drv.do('closed')
    matched(world)
    world.lan.do(f'udp {LAN} 4000 {OTHER} 5000')
    world.lan.do('udp 10.1.1.10 4000 10.3.3.10 5000')
    world.drv.do(f'esp {PEER}')
    assert world.seen() == [f'saw {LOCAL} {PEER} 50 0']
    world.lan.do('udp 10.1.1.10 4000 10.3.3.10 5000')
    assert world.wan.tells('saw 10.1.1.10 10.3.3.10 17 5000')


def test_a_protected_tunnel_leaves_by_no_interface(world):
    world.drv.do('any-device')
    world.drv.do('line 1 permit 47 2001:db8::1/128 2001:db8:2::10/128')
    world.drv.do('apply')
    world.drv.ask(f'gre {FAR}')                 # the source is another's: no line says so
    world.local.ask(f'raw 47 {LOCAL} {FAR}')
    world.local.ask(f'chain {LOCAL} {FAR} d 47')
    world.local.ask(f'mark 47 {LOCAL} {FAR}')
    world.local.do(f'raw 47 {LOCAL} {OTHER}')
    world.wan.do(f'raw 47 {FAR} {LOCAL}')       # and arrives by none
    assert world.seen() == [f'saw 2001:db8:2::1 {FAR} 47 0', f'saw {LOCAL} {OTHER} 47 0']
    assert world.drv.do('counts') == 'guard 3 mirror 1'


# ---- inbound ----

def test_cleartext_that_should_be_protected_is_dropped_counted_and_logged(world):
    world.acl('10 permit 17 2001:db8:1::/64 2001:db8:2::/64', '10 permit 47 2001:db8::1/128 2001:db8::2/128')
    world.lan.told.clear()
    world.wan.do(f'udp {FAR} 7 {LAN} 7')
    world.wan.do(f'frag {FAR} {LAN}')
    world.wan.do(f'chain {FAR} {LAN} Fd 17')
    world.wan.do(f'raw 47 {PEER} {LOCAL}')
    world.wan.do(f'udp {OTHER} 7 {LAN} 8')
    assert world.lan.tells(f'saw {OTHER} {LAN} 17 8')
    assert [t for t in world.lan.told if t.startswith('saw')] == [f'saw {OTHER} {LAN} 17 8']
    assert world.drv.do('counts') == 'guard 0 mirror 4'
    assert world.drv.tells(f'log {PEER} {LOCAL} 47 wan0')
    assert [t for t in world.drv.told if t.startswith('log')] == [f'log {FAR} {LAN} 17 wan0'] * 2 + [
        f'log {FAR} {LAN} 60 wan0', f'log {PEER} {LOCAL} 47 wan0']
    # what comes out of an SA is no cleartext
    world.drv.do(f'inject {FAR} {LAN}')
    assert world.lan.tells(f'saw {FAR} {LAN} 58')
    assert world.drv.do('counts') == 'guard 0 mirror 4'


@pytest.mark.parametrize('lines,held,free', [
    ([f'10 deny 58 {LAN}/128 2001:db8:3::8000/113', f'10 permit 0 {LAN}/128 2001:db8:2::/47'], FAR, '2001:db8:3::8001'),
    ([f'10 permit 17 {LAN}/128 2001:db8:2::/64', f'10 permit 58 {LAN}/128 {OTHER}/128'], OTHER, FAR),
    # of many lines what they have in common
    ([f'10 permit 0 {LAN}/128 2001:db8:2::{i:x}/128' for i in range(40)], '2001:db8:2::7', OTHER)],
    ids=['any', 'protocol', 'many'])
def test_the_kernels_errors_show_no_packet_that_came_out_of_an_sa(world, lines, held, free):
    """It says who sent it by an address that no line is about, and quotes all of it."""
    world.sh('router', 'echo 0 > /proc/sys/net/ipv6/icmp/ratelimit')
    world.acl(*lines)
    world.drv.do(f'inject {held} {LAN} 1')
    assert world.seen() == []
    assert world.drv.do('counts') == 'guard 1 mirror 0'
    world.drv.do(f'inject {free} {LAN} 1')  # what nobody protects may be answered
    assert world.seen() == [f'saw 2001:db8:1::1 {free} 58 0']


def test_our_own_cipher_traffic_is_no_cleartext(world):
    world.acl(ANY_ANY)
    for words in (f'raw 50 {PEER} {LOCAL}', f'raw 51 {PEER} {LOCAL}', f'udp {PEER} 500 {LOCAL} 500',
                  f'chain {PEER} {LOCAL} d 51', f'chain {PEER} {LOCAL} hdr 50', f'chain {PEER} {LOCAL} r 51',
                  f'chain {PEER} {LOCAL} F 51', f'udp {PEER} 4500 {LOCAL} 4500 4000',
                  f'chain {PEER} {LOCAL} - 58 64 0200000000000500' + '00' * 48):
        world.wan.do(words)
    world.wan.do(f'raw 50 {PEER} {LAN}')  # not to us: not ours
    world.wan.do(f'udp {PEER} 500 {LOCAL} 501')
    assert world.drv.tells(f'log {PEER} {LOCAL} 17 wan0')
    assert world.drv.do('counts') == 'guard 0 mirror 2'
    assert [t for t in world.drv.told if t.startswith('log')] == [f'log {PEER} {LAN} 50 wan0',
                                                                   f'log {PEER} {LOCAL} 17 wan0']


# ---- size, change, end ----

@anybody
def test_a_thousand_entries_load_at_once_and_work(world):
    rows = [f'10 permit 0 2001:db8:1::/64 2001:db8:2::{2 * i:x}/127' for i in range(1000)]
    rows.insert(500, f'10 deny 0 2001:db8:1::/64 {FAR}/128')   # too late: matched before
    rows += ['10 permit 0 2001:db8::/32 2001:db8:3::/64', f'10 permit 0 2001:db8:1::/64 {OTHER}/128'] + [
        f'10 permit 6 2001:db8:1::{i:x}/128 2001:db8:3:1::{i:x}/128' for i in range(100)]
    took = int(world.acl(*rows).split()[1])
    assert took < 2000
    rules = world.sh('router', 'nft list chain ip6 culvert steer_0_10')
    assert rules.count('meta mark set') < 10
    for dst in (FAR, '2001:db8:2::7cf', '2001:db8:2::7d0', OTHER):
        world.lan.do(f'udp {LAN} 4000 {dst} 5000')
    assert world.seen() == [f'saw {LAN} 2001:db8:2::7d0 17 5000']
    assert world.tun() == sorted(f'tun {LAN} {dst} 17' for dst in (FAR, '2001:db8:2::7cf', OTHER))


def test_the_steering_tun_says_nothing_of_its_own(world):
    world.acl(LAN_TO_FAR)
    world.seen()
    world.drv.told.clear()
    world.sh('router', 'ip link set cvsteer0 down; ip link set cvsteer0 up')
    time.sleep(0.5)
    world.drv.ask('counts')
    assert world.drv.told == []
    assert 'inet6' not in world.sh('router', 'ip addr show dev cvsteer0')


def test_an_orderly_stop_leaves_nothing_and_touches_nothing_else(world):
    def state():
        return world.sh('router', 'ip -o link; ip -6 rule; ip -6 route show table all; nft list ruleset')

    world.sh('router', '''nft add table ip6 theirs
        ip -6 rule add fwmark 77 lookup 77 pref 20000
        ip -6 route add 2001:db8:77::/48 via 2001:db8::2 proto static''')
    before = state()
    world.acl(LAN_TO_FAR, LOCAL_TO_FAR)
    matched(world)
    # an IPv6 slot that nobody wants any more goes, IPv4's stays
    world.drv.do('clear-lines')
    world.acl('10 permit 0 10.1.1.0/24 10.2.2.0/24', tun=False)
    assert '17000' not in world.sh('router', 'ip -6 rule')
    assert '17000' in world.sh('router', 'ip rule')
    assert 'table ip6 culvert' not in world.sh('router', 'nft list ruleset')
    world.acl(LAN_TO_FAR, tun=False)
    assert '17000' in world.sh('router', 'ip -6 rule')
    world.drv.do('stop')
    assert state() == before
