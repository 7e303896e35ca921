# SPDX-License-Identifier: Apache-2.0
"""Steering and guard alone, without any crypto: what a crypto ACL matches reaches
the TUN, and never the wire, whoever dies. As root and as an ordinary user.

    LAN 10.1.1.10 --- 10.1.1.1 router 192.0.2.1 --- 192.0.2.2 WAN (10.2.2.10, 10.3.3.10)

tests/unit/host/hostdrv is the router's host layer, driven by hand; hostnode.py sends
and sees.
"""
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from conftest import ROOT, built

pytestmark = pytest.mark.no_way('what the kernel does with packets for a router: none passes one')

NODE = ROOT / 'tests' / 'system' / 'hostnode.py'
LAN, LOCAL, PEER, FAR, OTHER = '10.1.1.10', '192.0.2.1', '192.0.2.2', '10.2.2.10', '10.3.3.10'
CHAIN_OF = {'steer': ('forwarding', 'output'), 'guard': ('guard',)}


class Program:
    """A program that answers `ok` or `error`, and tells other things in between."""

    def __init__(self, cmd):
        self.p = subprocess.Popen(cmd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                  bufsize=1)
        self.answers, self.told = queue.Queue(), []
        threading.Thread(target=self._read, daemon=True).start()
        self.hello = self.answers.get(timeout=10)

    def _read(self):
        for line in self.p.stdout:
            if line.startswith(('ok', 'error')):
                self.answers.put(line.strip())
            else:
                self.told.append(line.strip())
        self.answers.put('error ended')

    def ask(self, words):
        self.p.stdin.write(words + '\n')
        return self.answers.get(timeout=20)

    def do(self, words):
        answer = self.ask(words)
        assert answer.startswith('ok'), f'{words}: {answer}'
        return answer[2:].strip()

    def tells(self, begin, seconds=3.0):
        """Waits for a line; False if it does not come."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any(t.startswith(begin) for t in list(self.told)):
                return True
            time.sleep(0.01)
        return False

    def kill(self):
        self.p.send_signal(signal.SIGKILL)
        self.p.wait()

    def close(self):
        if self.p.poll() is None:
            self.kill()
        self.p.stdin.close()
        self.p.stdout.close()


class World:
    """Three network namespaces, held by three sleeping processes."""
    tell = ()  # what else hostnode.py is told

    def __init__(self, who):
        self.who, self.user = who, bool(who) or os.geteuid() != 0
        self.pids, self.holders, self.programs, self.markers = {}, [], [], 0
        for name in ('router', 'lan', 'wan'):
            first = [*who, 'unshare', '-Urn'] if self.user else ['unshare', '-n']
            cmd = first if not self.pids else [*self.enter('router'), 'unshare', '-n']
            p = subprocess.Popen([*cmd, 'sh', '-c', 'echo; exec sleep 300'],
                                 stdout=subprocess.PIPE)
            self.holders.append(p)
            if not p.stdout.readline():
                pytest.skip('no user namespaces for ordinary users here')
            self.pids[name] = p.pid

    def enter(self, node):
        into = ['-U', '--preserve-credentials'] if self.user else []
        return [*self.who, 'nsenter', '-t', str(self.pids[node]), *into, '-n']

    def sh(self, node, script, check=True):
        r = subprocess.run([*self.enter(node), 'sh', '-ec', script], capture_output=True,
                           text=True, timeout=30)
        assert not check or r.returncode == 0, f'{script}: {r.stderr}'
        return r.stdout

    def start(self, node, *cmd):
        p = Program([*self.enter(node), *map(str, cmd)])
        self.programs.append(p)
        return p

    def build(self):
        self.sh('router', f'''
            ip link set lo up
            ip link add lan0 type veth peer name eth0 netns {self.pids['lan']}
            ip link add wan0 type veth peer name eth0 netns {self.pids['wan']}
            ip addr add 10.1.1.1/24 dev lan0; ip link set lan0 up
            ip addr add {LOCAL}/24 dev wan0; ip link set wan0 up
            ip route add 10.2.0.0/15 via {PEER}
            echo 1 > /proc/sys/net/ipv4/ip_forward''')
        self.sh('lan', f'''
            ip link set lo up; ip addr add {LAN}/24 dev eth0; ip link set eth0 up
            ip route add default via 10.1.1.1''')
        self.sh('wan', f'''
            ip link set lo up; ip addr add {PEER}/24 dev eth0; ip link set eth0 up
            ip addr add {FAR}/32 dev lo; ip addr add {OTHER}/32 dev lo
            ip route add 10.1.1.0/24 via {LOCAL}''')
        self.lan = self.start('lan', sys.executable, NODE, 'eth0', *self.tell)
        self.wan = self.start('wan', sys.executable, NODE, 'eth0', *self.tell)
        self.local = self.start('router', sys.executable, NODE)
        self.drv = self.driver()
        # resolve neighbours, so that nothing waits for ARP
        self.local.do(f'udp {LOCAL} 9 {PEER} 9')
        self.lan.do(f'udp {LAN} 9 10.1.1.1 9')
        assert self.wan.tells(f'saw {LOCAL} {PEER} 17 9')
        self.wan.told.clear()

    def driver(self):
        return self.start('router', built('tests', 'unit', 'host', 'hostdrv'), 'wan0')

    def acl(self, *lines, tun=True):
        for line in lines:
            self.drv.do(f'line {line}')
        if tun:
            self.drv.do('tun')
        return self.drv.do('apply')

    def seen(self):
        """What reached the wire since the last time. A marker that every ruleset lets
        pass, ESP with our mark, tells that everything before it was seen."""
        self.markers += 1
        marker = f'10.2.255.{self.markers}'
        self.local.do(f'mark 50 {LOCAL} {marker}')
        assert self.wan.tells(f'saw {LOCAL} {marker} 50'), 'the marker was lost'
        got = [t for t in self.wan.told if marker not in t]
        self.wan.told.clear()
        if self.drv.p.poll() is None:
            self.drv.ask('counts')  # it has read its TUN when it answers
        return got

    def close(self):
        for p in self.programs:
            p.close()
        for p in self.holders:
            p.kill()
            p.wait()
            p.stdout.close()


@pytest.fixture
def world(who):
    for tool in ('nft', 'ip', 'unshare', 'nsenter'):
        if not shutil.which(tool, path='/usr/sbin:/usr/bin:/sbin:/bin'):
            pytest.skip(f'needs {tool}')
    w = None
    try:
        w = World(who)
        w.build()
        yield w
    finally:
        if w:
            w.close()


LAN_TO_FAR = '10 permit 0 10.1.1.0/24 10.2.2.0/24'
LOCAL_TO_FAR = '10 permit 0 192.0.2.1/32 10.2.2.0/24'


def matched(w, times=1):
    """Traffic of every kind that LAN_TO_FAR and LOCAL_TO_FAR match."""
    for _ in range(times):
        w.lan.do(f'udp {LAN} 4000 {FAR} 5000')
        w.lan.do(f'raw 47 {LAN} {FAR}')
        w.lan.do(f'frag {LAN} {FAR}')
        w.local.ask(f'udp {LOCAL} 4000 {FAR} 5000')
        w.local.ask(f'raw 47 {LOCAL} {FAR}')


def test_matched_packets_reach_the_tun_and_others_the_wire(world):
    world.acl('10 deny 17 10.1.1.0/24 10.2.2.128/25', LAN_TO_FAR, LOCAL_TO_FAR)
    matched(world)
    world.lan.do(f'udp {LAN} 4000 10.2.2.130 5000')
    world.lan.do(f'udp {LAN} 4000 {OTHER} 5000')
    world.local.do(f'udp {LOCAL} 4000 {OTHER} 5000')
    assert world.seen() == [f'saw {LAN} 10.2.2.130 17 5000', f'saw {LAN} {OTHER} 17 5000',
                            f'saw {LOCAL} {OTHER} 17 5000']
    assert sorted(world.drv.told) == sorted(
        f'tun {src} {FAR} {proto}'
        for src, proto in ((LAN, 17), (LAN, 47), (LAN, 17), (LOCAL, 17), (LOCAL, 47)))


def test_a_deny_line_goes_on_at_the_next_map_entry(world):
    world.acl('10 deny 17 10.1.1.0/24 10.2.2.0/24', '10 permit 17 10.1.1.0/24 10.3.3.0/24',
              '20 permit 17 10.1.1.0/24 10.2.2.0/24 5000')
    world.lan.do(f'udp {LAN} 4000 {FAR} 5000')
    world.lan.do(f'udp {LAN} 4000 {FAR} 5001')
    world.lan.do(f'udp {LAN} 4000 {OTHER} 5001')
    assert world.seen() == [f'saw {LAN} {FAR} 17 5001']
    assert world.drv.told == [f'tun {LAN} {FAR} 17', f'tun {LAN} {OTHER} 17']


def test_a_wildcard_mask_with_holes_matches_bit_by_bit(world):
    world.acl('10 permit 0 10.1.1.10~0.0.255.0 10.2.2.10~0.1.1.1')  # 10.2/3 . 2/3 . 10/11
    world.lan.do(f'udp {LAN} 4000 {FAR} 5000')
    world.lan.do(f'udp {LAN} 4000 {OTHER} 5000')
    world.lan.do(f'udp {LAN} 4000 10.2.2.12 5000')
    assert world.seen() == [f'saw {LAN} 10.2.2.12 17 5000']
    assert world.drv.told == [f'tun {LAN} {FAR} 17', f'tun {LAN} {OTHER} 17']


def test_later_fragments_of_a_protected_port_do_not_leave(world):
    world.acl('10 permit 17 10.1.1.0/24 10.2.2.0/24 5000')
    world.lan.do(f'udp {LAN} 4000 {FAR} 5000 4000')
    world.lan.do(f'frag {LAN} {FAR}')
    assert world.seen() == []
    assert world.drv.told.count(f'tun {LAN} {FAR} 17') == 4


# ---- the locks, one by one ----

@pytest.mark.parametrize('how', ['forwarder dead', 'TUN deleted', 'all dead', 'all dead, no TUN'])
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
    assert world.drv.tells(f'tun {LAN} {FAR} 17') and world.drv.tells(f'tun {LOCAL} {FAR} 47')


def unlock(w, lock):
    for chain in CHAIN_OF[lock]:
        w.sh('router', f'nft flush chain ip culvert {chain}')


@pytest.mark.parametrize('alive', [True, False])
def test_the_guard_alone_holds(world, alive):
    world.acl(LAN_TO_FAR, LOCAL_TO_FAR)
    if not alive:
        world.drv.kill()
    unlock(world, 'steer')
    matched(world, 3)
    assert world.seen() == []
    if alive:
        assert world.drv.told == []
        assert world.drv.do('counts') == 'guard 15 mirror 0'


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
    assert len(world.seen()) == 5


def test_the_last_resort_lets_only_our_cipher_traffic_out(world):
    world.acl(LAN_TO_FAR)
    world.drv.do('closed')
    matched(world)
    world.lan.do(f'udp {LAN} 4000 {OTHER} 5000')
    world.drv.do(f'esp {PEER}')
    world.drv.do(f'ike {PEER}')
    assert world.seen() == [f'saw {LOCAL} {PEER} 50 0', f'saw {LOCAL} {PEER} 17 500']


def without_icmp(told):
    """The nodes' kernels answer with "unreachable" to what nobody listens for."""
    return sorted(t for t in told if t.split()[3] != '1')


# ---- broad ACLs, other people's rules ----

def test_any_any_lets_our_own_ike_and_esp_pass_and_nothing_else(world):
    world.acl('10 permit 0 0.0.0.0/0 0.0.0.0/0')
    world.drv.do(f'esp {PEER}')
    world.drv.do(f'ike {PEER}')
    world.drv.do(f'gre {PEER}')                  # our GRE has no bypass
    world.local.do(f'udp {LOCAL} 500 {PEER} 500')  # nor has a stranger's port 500
    world.local.do(f'raw 50 {LOCAL} {PEER}')
    assert world.seen() == [f'saw {LOCAL} {PEER} 50 0', f'saw {LOCAL} {PEER} 17 500']
    assert without_icmp(world.drv.told) == [f'tun {LOCAL} {PEER} 17', f'tun {LOCAL} {PEER} 47',
                                            f'tun {LOCAL} {PEER} 50']
    # the same without steering: the guard lets no GRE of ours out
    unlock(world, 'steer')
    world.drv.do(f'esp {PEER}')
    world.drv.ask(f'gre {PEER}')
    world.local.ask(f'mark 47 {LOCAL} {PEER}')  # not even with the mark
    assert world.seen() == [f'saw {LOCAL} {PEER} 50 0']


def test_source_nat_of_others_neither_hides_nor_loses_anything(world):
    world.acl(LAN_TO_FAR)
    world.sh('router', '''nft add table ip theirs
        nft add chain ip theirs post '{ type nat hook postrouting priority srcnat; }'
        nft add rule ip theirs post oifname wan0 masquerade''')
    matched(world)
    assert not [s for s in world.seen() if s.startswith(f'saw {LAN}')]
    assert world.drv.tells(f'tun {LAN} {FAR} 17')
    unlock(world, 'steer')
    world.lan.do(f'udp {LAN} 4001 {FAR} 5000')
    assert world.seen() == []
    # and what only their NAT makes match
    world.drv.do('clear-lines')
    world.acl(LOCAL_TO_FAR, tun=False)
    world.lan.do(f'udp {LAN} 4002 {FAR} 5000')
    world.lan.do(f'udp {LAN} 4002 {OTHER} 5000')
    assert world.seen() == [f'saw {LOCAL} {OTHER} 17 5000']
    assert 'masquerade' in world.sh('router', 'nft list table ip theirs')


# ---- inbound ----

def test_cleartext_that_should_be_protected_is_dropped_counted_and_logged(world):
    world.acl('10 permit 17 10.1.1.0/24 10.2.2.0/24', '10 permit 47 192.0.2.1/32 192.0.2.2/32')
    world.lan.told.clear()
    world.wan.do(f'udp {FAR} 7 {LAN} 7')
    world.wan.do(f'frag {FAR} {LAN}')
    world.wan.do(f'raw 47 {PEER} {LOCAL}')
    world.wan.do(f'udp {OTHER} 7 {LAN} 8')
    assert world.lan.tells(f'saw {OTHER} {LAN} 17 8')
    assert world.lan.told == [f'saw {OTHER} {LAN} 17 8']
    assert world.drv.do('counts') == 'guard 0 mirror 3'
    assert world.drv.tells(f'log {PEER} {LOCAL} 47 wan0')
    assert world.drv.told == [f'log {FAR} {LAN} 17 wan0'] * 2 + [f'log {PEER} {LOCAL} 47 wan0']
    # what comes out of an SA is no cleartext
    world.drv.do(f'inject {FAR} {LAN}')
    assert world.lan.tells(f'saw {FAR} {LAN} 1')
    assert world.drv.do('counts') == 'guard 0 mirror 3'


def test_a_fragment_in_clear_joins_nothing_that_came_out_of_an_sa(world):
    """conntrack puts fragments together before most chains see them, whatever interface
    each of them came in by."""
    world.sh('router', 'nft "table ip theirs { chain c { type filter hook forward priority 0; '
                       'ct state established accept; }; }"')
    world.acl('10 permit 17 10.1.1.0/24 10.2.2.0/24')
    world.lan.told.clear()
    world.wan.do(f'frag {FAR} {LAN}')
    world.wan.do(f'udp {OTHER} 7 {LAN} 8')
    assert world.lan.tells(f'saw {OTHER} {LAN} 17 8')
    world.drv.do(f'inject-first {FAR} {LAN}')
    world.drv.do(f'inject {FAR} {LAN}')
    assert world.lan.tells(f'saw {FAR} {LAN} 1')
    assert world.lan.told == [f'saw {OTHER} {LAN} 17 8', f'saw {FAR} {LAN} 1 0']
    assert world.drv.do('counts') == 'guard 0 mirror 1'


def test_the_kernels_errors_show_no_packet_that_came_out_of_an_sa(world):
    """It says who sent it by an address that no line is about, and quotes half of it."""
    world.acl('10 deny 1 10.1.1.0/24 10.2.3.0/24', '10 permit 0 10.1.1.0/24 10.2.0.0/16')
    world.drv.do(f'inject {FAR} {LAN} 1')
    assert world.seen() == []
    assert world.drv.do('counts') == 'guard 1 mirror 0'
    # what came in clear may be answered, and so may what nobody protects
    world.drv.do(f'inject {OTHER} {LAN} 1')
    world.wan.do(f'udp {OTHER} 7 {LOCAL} 9')
    world.drv.do(f'inject 10.2.3.1 {LAN} 1')
    assert world.seen() == [f'saw {LOCAL} {OTHER} 1 0'] * 2 + [f'saw {LOCAL} 10.2.3.1 1 0']


def test_our_own_cipher_traffic_is_no_cleartext(world):
    world.acl('10 permit 0 0.0.0.0/0 0.0.0.0/0')
    for words in (f'raw 50 {PEER} {LOCAL}', f'raw 51 {PEER} {LOCAL}', f'udp {PEER} 500 {LOCAL} 500',
                  f'udp {PEER} 4500 {LOCAL} 4500 4000'):
        world.wan.do(words)
    world.wan.do(f'raw 50 {PEER} {LAN}')  # not to us: not ours
    world.wan.do(f'udp {PEER} 500 {LOCAL} 501')
    assert world.drv.tells(f'log {PEER} {LOCAL} 17 wan0')
    assert world.drv.do('counts') == 'guard 0 mirror 2'
    assert without_icmp(world.drv.told) == [f'log {PEER} {LAN} 50 wan0',
                                            f'log {PEER} {LOCAL} 17 wan0']


# ---- size, change, end ----

def test_a_thousand_entries_load_at_once_and_work(world):
    rows = [f'10 permit 0 10.1.1.0/24 10.2.{i // 128}.{2 * (i % 128)}/31' for i in range(1000)]
    rows.insert(500, f'10 deny 0 10.1.1.0/24 {FAR}/32')   # too late: matched before
    rows += ['10 permit 0 10.1.0.0/16 10.3.3.0/24', f'10 permit 0 10.1.1.0/24 {OTHER}/32',
             '10 permit 0 10.0.0.0/8 10.3.0.0/16'] + [
                 f'10 permit 6 10.1.1.{i}/32 10.3.4.{i}/32' for i in range(100)]
    took = int(world.acl(*rows).split()[1])
    assert took < 1000
    rules = world.sh('router', 'nft list chain ip culvert steer_0_10')
    assert rules.count('meta mark set') < 10
    world.lan.do(f'udp {LAN} 4000 {FAR} 5000')
    world.lan.do(f'udp {LAN} 4000 10.2.7.207 5000')
    world.lan.do(f'udp {LAN} 4000 10.2.7.208 5000')
    world.lan.do(f'udp {LAN} 4000 {OTHER} 5000')
    assert world.seen() == [f'saw {LAN} 10.2.7.208 17 5000']
    assert world.drv.told == [f'tun {LAN} {dst} 17' for dst in (FAR, '10.2.7.207', OTHER)]
    # of errors, too
    world.drv.do(f'inject 10.2.7.207 {LAN} 1')
    world.drv.do(f'inject 10.2.7.208 {LAN} 1')
    assert world.seen() == [f'saw {LOCAL} 10.2.7.208 1 0']


def test_nothing_slips_through_while_rules_are_replaced(world):
    world.acl(LAN_TO_FAR, LOCAL_TO_FAR)
    stop = threading.Event()

    def traffic():
        while not stop.is_set():
            world.lan.do(f'udp {LAN} 4000 {FAR} 5000')
            world.local.ask(f'udp {LOCAL} 4000 {FAR} 5000')

    t = threading.Thread(target=traffic)
    t.start()
    try:
        for i in range(20):
            world.drv.do('clear-lines')
            world.acl(f'{20 + i} permit 6 10.9.0.0/16 10.8.0.{i}/32', LAN_TO_FAR, LOCAL_TO_FAR,
                      tun=False)
    finally:
        stop.set()
        t.join()
    assert world.seen() == []
    assert len(world.drv.told) > 20


def test_counters_go_on_and_an_equal_ruleset_is_left_alone(world):
    world.acl(LAN_TO_FAR, LOCAL_TO_FAR)
    world.wan.do(f'udp {FAR} 7 {LAN} 7')
    assert world.drv.tells('log')
    generation = world.sh('router', 'nft -a list ruleset')
    world.drv.do('apply')
    assert world.sh('router', 'nft -a list ruleset') == generation
    world.acl('20 permit 0 10.9.0.0/16 10.8.0.0/16', tun=False)
    assert world.drv.do('counts') == 'guard 0 mirror 1'
    # a firewall's restart took everything away: the next apply notices
    world.sh('router', 'nft flush ruleset')
    world.drv.do('apply')
    matched(world)
    assert world.seen() == []


def test_a_slot_that_an_earlier_process_left_is_swept(world):
    world.drv.do('slot 7')
    world.acl(LAN_TO_FAR)
    world.drv.kill()
    world.drv = world.driver()
    world.acl(LAN_TO_FAR)
    rules = world.sh('router', 'ip rule; ip route show table all')
    assert 'lookup 17000' in rules and '17007' not in rules


def test_an_orderly_stop_leaves_nothing_and_touches_nothing_else(world):
    def state():
        return world.sh('router', 'ip -o link; ip rule; ip route show table all; nft list ruleset')

    world.sh('router', '''nft add table ip theirs
        ip rule add fwmark 77 lookup 77 pref 20000
        ip route add 10.77.0.0/16 via 192.0.2.2 proto static''')
    before = state()
    world.acl(LAN_TO_FAR, LOCAL_TO_FAR)
    matched(world)
    assert state() != before
    world.drv.do('stop')
    assert state() == before
