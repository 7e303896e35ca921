# SPDX-License-Identifier: Apache-2.0
"""Access lists of interfaces, and what becomes of tables that somebody takes away, for IPv6: in the world of
test_host_steering6.py, by what gets through."""
import subprocess
import sys
import threading

import pytest

from test_host_steering6 import ANY_ANY, FAR, LAN, LAN_TO_FAR, LOCAL, OTHER, PEER, matched, who, world

pytestmark = pytest.mark.no_way('what the kernel does with packets for a router: none passes one')

__all__ = ['who', 'world']
NET, HOST = '2001:db8:1::/64', '2001:db8:2::10/128'


def test_a_list_in_judges_what_arrives_and_counts_it(world):
    for line in (f'in 10 deny 17 {HOST} {NET} dport 7', f'in 20 permit 17 ::/0 {NET} dport 7',
                 f'in 30 permit 17 ::/0 {NET} dport 8', f'in 40 permit 58 ::/0 ::/0 icmp 128'):
        world.drv.do(f'filter {line}')
    world.drv.do('filter-apply')
    world.lan.told.clear()
    world.wan.do(f'udp {FAR} 7 {LAN} 7')
    world.wan.do(f'udp {OTHER} 7 {LAN} 7')
    world.wan.do(f'chain {OTHER} {LAN} hdr 17 64 0007000800100000' + '00' * 8)  # behind other headers
    world.wan.do(f'udp {OTHER} 7 {LAN} 9')                                     # no line
    world.wan.do(f'chain {FAR} {LAN} F 17')           # a later fragment: of the permit, not of the deny
    world.wan.do(f'chain {OTHER} {LAN} F 6')
    world.wan.do('udp 10.3.3.10 7 10.1.1.10 9')       # IPv4 is another matter
    world.wan.do(f'udp {FAR} 7 {LAN} 8')
    assert world.lan.tells(f'saw {FAR} {LAN} 17 8')
    assert [t for t in world.lan.told if t.startswith('saw')] == [
        f'saw {OTHER} {LAN} 17 7', f'saw {OTHER} {LAN} 17 8', f'saw {FAR} {LAN} 17 0',
        'saw 10.3.3.10 10.1.1.10 17 9', f'saw {FAR} {LAN} 17 8']
    assert world.drv.do('filter-counts').split() == ['l_IN6_10=1', 'l_IN6_20=2', 'l_IN6_30=2', 'l_IN6_40=0']
    # neighbours find each other before the deny at the end
    world.sh('router', 'ip -6 neigh flush dev wan0')
    world.sh('wan', 'ip -6 neigh flush dev eth0')
    world.wan.do(f'udp {OTHER} 7 {LAN} 7')
    assert world.wan.tells(f'link {LOCAL} 136')


def test_a_list_that_denies_everything_denies_neighbours_too(world):
    """As in IOS: the permits are before the end of a list, behind its lines."""
    world.drv.do('filter in 10 permit 50 ::/0 ::/0')
    world.drv.do('filter in 20 deny 0 ::/0 ::/0')
    world.drv.do('filter-apply')
    world.sh('router', 'ip -6 neigh flush dev wan0')
    world.sh('wan', 'ip -6 neigh flush dev eth0')
    world.wan.told.clear()
    world.wan.ask(f'raw 50 {PEER} {LOCAL}')
    assert not world.wan.tells(f'link {LOCAL} 136', 0.3)


def test_a_list_out_judges_what_passes_and_our_own_cipher_traffic(world):
    world.drv.do(f'filter out 10 permit 17 {NET} 2001:db8:2::/64')
    world.drv.do('filter out 20 permit 51 ::/0 ::/0')
    world.drv.do('filter-apply')
    world.lan.do(f'udp {LAN} 4000 {FAR} 5000')
    world.lan.do(f'udp {LAN} 4000 {OTHER} 5000')
    world.lan.do(f'raw 47 {LAN} {FAR}')
    world.local.do(f'udp {LOCAL} 4000 {OTHER} 5001')  # of the router's own making
    world.drv.ask(f'esp {PEER}')
    world.drv.do(f'ah {PEER}')
    world.drv.do(f'ike {PEER}')
    assert world.seen() == [f'saw {LAN} {FAR} 17 5000', f'saw {LOCAL} {OTHER} 17 5001', f'saw {LOCAL} {PEER} 51 0',
                            f'saw {LOCAL} {PEER} 17 500']


def test_counters_outlive_a_changed_list_and_both_families_change_together(world):
    world.drv.do(f'filter in 10 permit 17 ::/0 {NET} dport 7')
    world.drv.do('filter in 10 permit 17 0.0.0.0/0 10.1.1.0/24')
    world.drv.do('filter-apply')
    world.wan.do(f'udp {OTHER} 7 {LAN} 7')
    world.wan.do('udp 10.3.3.10 7 10.1.1.10 9')
    assert world.lan.tells('saw 10.3.3.10 10.1.1.10 17 9')
    world.drv.do(f'filter in 20 permit 17 ::/0 {NET} dport 8 log')
    world.drv.do('filter-apply')
    world.wan.do(f'udp {OTHER} 7 {LAN} 8')
    assert world.lan.tells(f'saw {OTHER} {LAN} 17 8')
    assert world.drv.do('filter-counts').split() == ['l_IN6_10=1', 'l_IN6_20=1', 'l_IN_10=1']
    world.drv.do('filter-clear IN6')
    assert world.drv.do('filter-counts').split() == ['l_IN6_10=0', 'l_IN6_20=0', 'l_IN_10=1']
    # one table without the other is no filter
    world.drv.do('filter-stands')
    world.sh('router', 'nft delete table ip6 culvert_acl')
    assert world.drv.ask('filter-stands').startswith('error')
    world.drv.do('filter-remove')
    assert 'culvert_acl' not in world.sh('router', 'nft list ruleset')


def test_a_ruleset_whose_table_of_ipv6_is_gone_does_not_stand(world):
    world.acl(LAN_TO_FAR)
    world.drv.do('stands')
    world.sh('router', 'nft delete table ip6 culvert')
    assert world.drv.ask('stands').startswith('error')
    world.drv.do('apply')
    world.drv.do('stands')
    matched(world)
    assert not [s for s in world.seen() if s.startswith(f'saw {LAN}')]


MSS = '''
import socket, sys
s = socket.create_server(('2001:db8:2::10', 99), family=socket.AF_INET6)
print('ready', flush=True)
for _ in range(2):
    c = s.accept()[0]
    c.send(b'x')
    print(c.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG), flush=True)
'''
CONNECT = '''
import socket
s = socket.create_connection(('2001:db8:2::10', 99), timeout=5)
s.recv(1)
print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))
'''


@pytest.mark.parametrize('whose', ['kernel', 'steering'])
def test_the_mss_of_ipv6_is_lowered_both_ways_and_ipv4s_stays(world, whose):
    def connect():
        return int(world.sh('lan', f'timeout 10 {sys.executable} -c "{CONNECT}"'))

    server = subprocess.Popen([*world.enter('wan'), sys.executable, '-c', MSS], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == 'ready\n'
        plain = connect(), int(server.stdout.readline())
        if whose == 'kernel':
            world.drv.do('kernel-mss6 1200')
        else:
            world.drv.do('mss6 1200')
            world.acl('10 permit 0 2001:db8:1::/64 2001:db8:9::/64')
        lowered = connect(), int(server.stdout.readline())
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    assert plain == (1428, 1428)  # 1500 less IPv6's and TCP's header with timestamps
    assert lowered == (1188, 1188)
    if whose == 'kernel':
        assert 'maxseg' not in world.sh('router', 'nft list table ip culvert_mss')
        world.drv.do('kernel-mss6 0')
        assert 'culvert_mss' not in world.sh('router', 'nft list ruleset')


def test_nothing_slips_through_while_both_tables_are_replaced(world):
    world.acl(LAN_TO_FAR)
    stop = threading.Event()

    def traffic():
        while not stop.is_set():
            world.lan.do(f'udp {LAN} 4000 {FAR} 5000')

    t = threading.Thread(target=traffic)
    t.start()
    try:
        for i in range(15):
            world.drv.do('clear-lines')
            world.acl(f'{20 + i} permit 6 10.9.0.0/16 10.8.0.{i}/32', LAN_TO_FAR, tun=False)
    finally:
        stop.set()
        t.join()
    assert world.seen() == []
    assert len(world.tun()) > 20


def test_any_any_of_both_families_at_once(world):
    world.acl(ANY_ANY, '20 permit 0 0.0.0.0/0 0.0.0.0/0')
    world.lan.do(f'udp {LAN} 4000 {OTHER} 5000')
    world.lan.do('udp 10.1.1.10 4000 10.3.3.10 5000')
    world.drv.do(f'esp {PEER}')
    world.drv.do('esp 192.0.2.2')
    assert world.wan.tells('saw 192.0.2.1 192.0.2.2 50')
    assert [s for s in world.seen() if s.split()[3] != '1'] == [f'saw {LOCAL} {PEER} 50 0']
    assert world.drv.tells('tun 10.1.1.10 10.3.3.10 17') and f'tun {LAN} {OTHER} 17' in world.tun()
