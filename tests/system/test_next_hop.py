# SPDX-License-Identifier: Apache-2.0
"""ESP past the kernel's stack while the next hop changes: whatever becomes of it, no packet is lost that the kernel's own
way would have brought. Two routers on one wire, and with gateways in between; a stream of pings crosses meanwhile, and
what was next before takes nothing any more, at once."""
import os
import re
import subprocess
import time

import pytest

from peers.netns import Net, Ping, need, until
from router import Router, config
from test_cipher_ports import SUITE, esp_by_the_stack

US, THEM = '192.0.2.1', '198.51.100.1'
NEAR, FAR = '10.1.0.1', '10.2.0.1'
GATES = ('192.0.2.251', '192.0.2.252')


class World:
    """near - us - [switch] - them - far, or with two gateways between the switch and them."""

    def __init__(self, gates):
        need('nft')
        self.net = Net()
        try:
            self.us, self.switch, self.them = (self.net.ns(n) for n in ('us', 'switch', 'them'))
            self.switch.ip('link', 'add', 'sw0', 'type', 'bridge')
            self.switch.ip('link', 'set', 'sw0', 'up')
            self.net.link(self.us, 'wan', f'{US}/24', self.switch, 'p0', None)
            self.them_addr = THEM if gates else '192.0.2.2'
            self.gates = []
            if gates:
                for i, addr in enumerate(GATES):
                    gate = self.net.ns(f'gate{i}')
                    self.net.link(gate, 'in', f'{addr}/24', self.switch, f'p{i + 1}', None)
                    self.net.link(gate, 'out', f'198.51.100.{251 + i}/24', self.them, f'wan{i}' if i else 'wan', None)
                    gate.forward()
                    self.gates.append(gate)
                # one net on their side, too
                self.them.ip('addr', 'flush', 'dev', 'wan')
                self.them.ip('link', 'add', 'lan0', 'type', 'bridge')
                for port in ('wan', 'wan1'):
                    self.them.ip('link', 'set', port, 'master', 'lan0')
                self.them.ip('link', 'set', 'lan0', 'up')
                self.them.addr('lan0', f'{THEM}/24')
                self.us.route(f'{THEM}/32', GATES[0])
                self.them.route('192.0.2.0/24', '198.51.100.251')
            else:
                self.net.link(self.them, 'wan', f'{self.them_addr}/24', self.switch, 'p1', None)
            for port in ('p0', 'p1', 'p2')[:2 + bool(gates)]:
                self.switch.ip('link', 'set', port, 'master', 'sw0')
            self.us.addr('lo', f'{NEAR}/32')
            self.them.addr('lo', f'{FAR}/32')
            self.us.route('10.2.0.0/24', GATES[0] if gates else self.them_addr)
            self.them.route('10.1.0.0/24', '198.51.100.251' if gates else US)
            # the router that is looked at has the way past the stack, the other one the plain one
            self.far = self.router(self.them, self.them_addr, US, FAR, NEAR, 'no-ring no-link', 'lan0' if gates else 'wan')
            self.near = self.router(self.us, US, self.them_addr, NEAR, FAR, os.environ.get('NEXT_HOP_PORTS', ''), 'wan')
            until(lambda: not self.us.ping(FAR, 1, source=NEAR, wait=1).result().lost, 20, 'a first ping')
            until(self.past_the_stack, 10, 'the way past the stack')
        except BaseException:
            self.net.close()
            raise

    def router(self, ns, local, peer, near, far, way, device):
        nets = [f'ip {a[:-1]}0 0.0.0.255 {b[:-1]}0 0.0.0.255' for a, b in ((near, far),)]
        os.environ['CULVERT_PORTS'] = way
        try:
            return Router(ns, config(SUITE, local, peer, nets), device=device)
        finally:
            del os.environ['CULVERT_PORTS']

    def stream(self, count, interval=0.005):
        """Pings until so many are answered; -w has them waited for however late they are."""
        return Ping(self.us.popen('ping', '-n', '-c', count, '-w', 30, '-i', interval, '-I', NEAR, FAR, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True), count)

    def lost(self, stream):
        """Those that have not come, though later ones have."""
        got = stream.result()
        assert got.seen, got.out
        return [n for n in got.lost if n < max(got.seen)]

    def past_the_stack(self):
        """Of ten pings none has left by the stack."""
        before = esp_by_the_stack(self.us)[1]
        assert not self.lost(self.stream(10, 0.01))
        return esp_by_the_stack(self.us)[1] == before

    def mac(self, ns, dev):
        return re.search(r'link/ether (\S+)', ns.ip('link', 'show', dev)).group(1)

    def deaf(self, gate):
        """It takes nothing any more, whoever goes on sending to it."""
        gate.run('nft', 'table netdev deaf { chain in { type filter hook ingress device "in" priority 0; '
                 'ip protocol esp drop; }; }')

    def during(self, change, may_lose=0, seconds=1):
        """The change, amid pings; what was lost of them."""
        stream = self.stream(int((0.3 + seconds) / 0.005))
        time.sleep(0.3)
        change()
        lost = self.lost(stream)
        assert len(lost) <= may_lose, (lost, self.near.cli('show crypto drops'))
        until(self.past_the_stack, 10, 'the way past the stack')


@pytest.fixture(scope='module', params=[False, True], ids=['on-link', 'gateways'])
def world(request):
    w = World(request.param)
    try:
        yield w
    finally:
        w.net.close()


def neighbour(w, *words):
    via = GATES[0] if w.gates else w.them_addr
    w.us.ip('neigh', *words[:1], via, *words[1:], 'dev', 'wan')


@pytest.mark.slow
@pytest.mark.parametrize('state', ['stale', 'delay', 'probe', 'failed', 'reachable'])
def test_a_neighbour_in_any_state(world, state):
    mac = world.mac(world.gates[0], 'in') if world.gates else world.mac(world.them, 'wan')
    world.during(lambda: neighbour(world, 'replace', 'lladdr', mac, 'nud', state), seconds=0.5)


@pytest.mark.slow
def test_a_neighbour_that_is_forgotten_and_slow_to_answer_is_waited_for(world):
    """INCOMPLETE: the kernel holds what is for it."""
    peer, dev = (world.gates[0], 'in') if world.gates else (world.them, 'wan')

    def change():
        peer.run('nft', f'table netdev slow {{ chain in {{ type filter hook ingress device "{dev}" priority 0; arp operation request drop; }}; }}')
        neighbour(world, 'del')
        time.sleep(0.3)
        peer.run('nft', 'delete table netdev slow')
    world.during(change)


@pytest.mark.slow
def test_the_device_goes_down_and_comes_back(world):
    """What is sent meanwhile is lost whoever sends it; what is sent then is not."""
    def change():
        world.us.ip('link', 'set', 'wan', 'down')
        time.sleep(0.3)
        world.us.ip('link', 'set', 'wan', 'up')
        if world.gates:  # routes by a device go with it
            world.us.route(f'{THEM}/32', GATES[0])
        world.us.route('10.2.0.0/24', GATES[0] if world.gates else world.them_addr)
    change()
    assert not world.lost(world.stream(20, 0.02)), world.near.log()
    until(world.past_the_stack, 10, 'the way past the stack')


@pytest.mark.slow
def test_an_address_comes_and_goes(world):
    """Of another net on the same device: of the next hop's, nothing is different."""
    world.during(lambda: world.us.addr('wan', '203.0.113.1/24'))
    world.during(lambda: world.us.ip('addr', 'del', '203.0.113.1/24', 'dev', 'wan'))



def test_the_neighbour_has_another_address_of_its_device(world):
    """It says so, as a machine does that takes over; nobody has the old one from then on."""
    peer, dev, addr = (world.gates[0], 'in', GATES[0]) if world.gates else (world.them, 'wan', world.them_addr)
    peer.sysctl(f'net.ipv4.conf.{dev}.arp_notify', 1)
    world.during(lambda: peer.ip('link', 'set', dev, 'address', '02:00:00:00:00:99'), may_lose=1)


def test_another_gateway_takes_over(world):
    """By a route, by the neighbour's entry, and by both machines' having one address: the first one is deaf then."""
    if not world.gates:
        world.them.ip('link', 'add', 'twin', 'link', 'wan', 'type', 'macvlan')
        world.them.ip('link', 'set', 'twin', 'up')
        mac = world.mac(world.them, 'twin')
        world.during(lambda: neighbour(world, 'replace', 'lladdr', mac, 'nud', 'reachable'))
        return
    first, second = world.gates

    def by_route():
        world.us.ip('route', 'replace', f'{THEM}/32', 'via', GATES[1])
        world.deaf(first)
    world.during(by_route)
    first.run('nft', 'delete table netdev deaf')
    world.us.ip('route', 'replace', f'{THEM}/32', 'via', GATES[0])
    until(world.past_the_stack, 10, 'the way past the stack')

    def by_neighbour():
        neighbour(world, 'replace', 'lladdr', world.mac(second, 'in'), 'nud', 'reachable')
        world.deaf(first)
    world.during(by_neighbour)
    first.run('nft', 'delete table netdev deaf')
