# SPDX-License-Identifier: Apache-2.0
"""Tunnel protection against a Linux kernel's own GRE, VTI and ESP, negotiated by strongSwan in the
guest, either side first: the SAs are there before a packet, and the kernel takes what we send."""
import re

import pytest

from gateway import FAR_HOST, HOST, NEAR_NET, PEER, US, Router
from peers.netns import until
from peers.tshark import kinds, read_keylog, rows
from test_peer_linux_long import DEVICES, QUIET, World, agreed, segment, start  # noqa: F401 (a fixture)

SUITE = 'aes256-sha1-modp1024'
TS = {'gre': (f'{PEER}/32[gre]', f'{US}/32[gre]'), 'vti': ('0.0.0.0/0', '0.0.0.0/0')}
LAYERS = {('gre', 'transport'): 'ip:esp:gre:ip:icmp', ('gre', 'tunnel'): 'ip:esp:ip:gre:ip:icmp',
          ('vti', 'tunnel'): 'ip:esp:ip:icmp'}


def config(kind, mode, responder_only):
    return f'''hostname R1
crypto isakmp policy 10
 encryption aes 256
 authentication pre-share
 group 2
crypto isakmp key secretkey address {PEER}
crypto ipsec transform-set TS esp-aes 256 esp-sha-hmac
 mode {mode}
crypto ipsec profile P
 set transform-set TS
{' responder-only' if responder_only else ''}
interface FastEthernet0/1
 ip address {US} 255.255.255.0
interface FastEthernet0/0
 ip address 10.1.1.1 255.255.255.0
interface Tunnel0
 ip address 172.16.{'1' if kind == 'vti' else '0'}.1 255.255.255.252
 ip mtu 1400
 tunnel source FastEthernet0/1
 tunnel destination {PEER}
{' tunnel mode ipsec ipv4' if kind == 'vti' else ''}
 tunnel protection ipsec profile P
ip route 10.2.0.0 255.255.0.0 Tunnel0
end
'''


@pytest.fixture
def world(segment):  # noqa: F811
    w = World(segment)
    try:
        yield w
        print((w.router.story() if w.router else '') + w.peer.log()[-6000:])
    finally:
        w.guest.run('ip link del v1 2>/dev/null; true')
        w.close()


@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('kind,mode', list(LAYERS))
def test_a_linux_kernel_at_the_other_end(world, kind, mode, role):
    more = {'mode': mode}
    device = 'g1'
    if kind == 'vti':
        device = 'v1'
        more.update(mark_in=42, mark_out=42)
        world.guest.run(f'ip tunnel add v1 mode vti local {PEER} remote {US} key 42; ip link set v1 mtu 1400 up; '
                        'ip addr add 172.16.1.2/30 dev v1; echo 1 > /proc/sys/net/ipv4/conf/v1/disable_policy')
    world.guest.run(f'ip neigh flush all; ip route replace {NEAR_NET} dev {device} src {FAR_HOST}')
    world.swan(SUITE, TS[kind], **more)
    world.router = Router(world.us, config(kind, mode, role == 'responder'), DEVICES)
    start(world, role)
    c, = agreed(world)
    assert c['mode'] == mode.upper() and 'encap' not in c
    assert world.router.counted() == (0, 0), 'nobody has sent anything'
    assert not world.host.ping(FAR_HOST, 5).result().lost
    out = world.guest.run(f'ping -n -c 3 -i 0.2 -I {FAR_HOST} {HOST}', ok=False)
    assert '3 received' in out, out
    big = world.host.run('ping', '-n', '-c', 3, '-i', 0.2, '-W', 3, '-M', 'dont', '-s', 3000, FAR_HOST, ok=False).stdout
    assert '3 received' in big, big
    pcap = world.capture.stop()
    assert kinds(pcap) <= QUIET
    esp = rows(pcap, ['esp.icv_good', 'frame.protocols'], 'esp', **read_keylog(world.router.keys))
    assert len(esp) >= 16 and all(good in ('1', 'True') for good, _ in esp)
    assert sum(LAYERS[kind, mode] in p for _, p in esp) >= 16, esp


def test_it_comes_back_when_the_peer_does(world):
    world.guest.run(f'ip neigh flush all; ip route replace {NEAR_NET} dev g1 src {FAR_HOST}')
    world.swan(SUITE, TS['gre'], mode='transport')
    world.router = Router(world.us, config('gre', 'transport', False), DEVICES)
    agreed(world)
    world.peer.stop()
    until(lambda: not world.router.up(), what='the end of the ISAKMP SA')
    world.peer.start_again()
    until(world.router.spis, 60, 'SAs without a packet')
    assert not world.host.ping(FAR_HOST, 3).result().lost
    assert re.search(r'pkts encrypt: 3,', world.router.cli('show crypto ipsec sa'))
    assert kinds(world.capture.stop()) <= QUIET | {'icmp'}
