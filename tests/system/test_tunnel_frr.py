# SPDX-License-Identifier: Apache-2.0
"""FRR beside the routers: OSPF over a GRE tunnel, and the line protocol of that as zebra sees it."""
import json
import os
import re
import shutil

import pytest
from peers.netns import need, until
from test_tunnel_line import R2, World

SBIN = '/usr/lib/frr'
CONF = '''interface Tunnel0
 ip ospf network point-to-point
 ip ospf hello-interval 1
 ip ospf dead-interval 60
 ip ospf area 0
interface lo
 ip ospf area 0
router ospf
 timers throttle spf 0 50 100
'''


class Frr:
    """zebra and ospfd in a namespace, with everything of theirs in a folder of the test."""

    def __init__(self, ns, router_id):
        self.ns, self.dir = ns, ns.net.dir / f'frr-{ns.label}'
        self.dir.mkdir()
        (self.dir / 'conf').write_text(CONF + f' ospf router-id {router_id}\n')
        os.chmod(ns.net.dir, 0o755)  # the daemons are not root
        shutil.chown(self.dir, 'frr', 'frr')
        for daemon in ('zebra', 'ospfd'):
            ns.popen(f'{SBIN}/{daemon}', '-f',
                     self.dir / 'conf' if daemon == 'ospfd' else '/dev/null', '-i', self.dir / f'{daemon}.pid', '-z',
                     self.dir / 'zserv', '--vty_socket', self.dir, '-A', '127.0.0.1', '-P', 0,
                     log=self.dir / f'{daemon}.log')
            until((self.dir / f'{daemon}.vty').exists, 10, daemon)

    def say(self, command):
        return self.ns.run('vtysh', '--vty_socket', self.dir, '-c', command, ok=False).stdout

    def full(self):
        said = json.loads(self.say('show ip ospf neighbor json') or '{}').get('neighbors', {})
        return [n for v in said.values() for n in v if n.get('nbrState', n.get('state', '')).startswith('Full')]


def learned(router, code):
    """The route to the other one's house, as the router shows it: of whom it is, by its next hop and by Tunnel0."""
    text = router.cli('show ip route')
    assert re.search(rf'^{code} +10\.2\.0\.1(?:/32)? \[110/20\] via 172\.16\.\S+, Tunnel0$', text, re.M), text
    rows = json.loads(router.cli('show ip route ospf | json'))['routes']
    assert ('10.2.0.1', code, 'Tunnel0') in [(r['network'], r['code'], r['interface']) for r in rows]


@pytest.fixture
def world():
    need('vtysh')
    if not shutil.which(f'{SBIN}/ospfd'):
        pytest.skip('needs FRR, which is not installed')
    w = World()
    try:
        yield w
    finally:
        w.net.close()


@pytest.mark.slow
def test_ospf_over_a_tunnel_hears_of_its_line_protocol(world):
    world.one.addr('lo', '10.1.0.1/32')
    world.two.addr('lo', '10.2.0.1/32')
    world.routers({0: ['keepalive 1 4']}, {0: ['keepalive 1 4']})
    world.line('Tunnel0', 'up')
    world.line('Tunnel0', 'up', router=world.r2)
    one, two = Frr(world.one, '1.1.1.1'), Frr(world.two, '2.2.2.2')
    until(lambda: one.full() and two.full(), 30, 'FULL')
    for ns, to in ((world.one, '10.2.0.1'), (world.two, '10.1.0.1')):
        until(lambda: 'Tunnel0' in ns.ip('route', 'get', to, ok=False), 10, 'the route')
    assert world.one.ping('10.2.0.1', 3, source='10.1.0.1').result().lost == []
    learned(world.r1, 'O')
    assert re.search(r'Known via "ospf", distance 110, metric 20\n', world.r1.cli('show ip route 10.2.0.1'))
    # hellos would tell after a minute; the line protocol tells now
    world.two.run('nft', 'table ip deaf { chain in { type filter hook prerouting priority -300; ip protocol gre drop; }; }')
    world.line('Tunnel0', 'down')
    until(lambda: not one.full(), 5, 'the end of the adjacency')
    assert re.search(r'Interface Tunnel0 is up, line protocol is down', one.say('show interface Tunnel0'))
    assert 'Tunnel0' not in world.one.ip('route', 'get', '10.2.0.1', ok=False)
    world.two.run('nft', 'delete table ip deaf')
    world.line('Tunnel0', 'up')
    until(lambda: one.full() and two.full(), 30, 'FULL again')
    until(lambda: 'Tunnel0' in world.one.ip('route', 'get', '10.2.0.1', ok=False), 10, 'the route again')


@pytest.mark.slow
def test_a_floating_route_to_null0_gives_way_to_ospf_and_takes_its_place(world):
    """zebra reads the kernel's routes as well: one of ours must not be better than what it learns."""
    world.one.addr('lo', '10.1.0.1/32')
    world.two.addr('lo', '10.2.0.1/32')
    world.routers({0: []}, {0: []}, more1='ip route 10.2.0.1 255.255.255.255 Null0 250\n'
                                          f'ip route 0.0.0.0 0.0.0.0 {R2}\n')
    for router in (world.r1, world.r2):
        world.line('Tunnel0', 'up', router=router)
    one, two = Frr(world.one, '1.1.1.1'), Frr(world.two, '2.2.2.2')
    until(lambda: one.full() and two.full(), 30, 'FULL')
    until(lambda: 'Tunnel0' in world.one.ip('route', 'get', '10.2.0.1', ok=False), 10, 'the route')
    learned(world.r1, 'O')
    assert '10.2.0.1 is directly connected' not in world.r1.cli('show ip route')
    two.say("configure terminal\ninterface lo\nno ip ospf area 0")
    until(lambda: 'Tunnel0' not in world.one.ip('route', 'get', '10.2.0.1', ok=False), 20, 'the end of the route')
    assert ' dev ' not in world.one.ip('route', 'get', '10.2.0.1', ok=False)
    assert '10.2.0.1 is directly connected, Null0' in world.r1.cli('show ip route')
