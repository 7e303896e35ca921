# SPDX-License-Identifier: Apache-2.0
"""What happens to routers of several workers under load: answers to flows in the middle of a burst, trains in UDP, SAs
that are renewed by volume, and `clear crypto sa`. Packets of a flow stay in order, nothing is lost that has no reason,
and nothing of the hosts' crosses the wire in clear."""
import json
import os
import re
import select
import signal
import socket
import struct
import threading
import time

import pytest

from mtunet import H1, H2, Capture, MtuNet, text
from peers.netns import need, until
from router import Router

pytestmark = pytest.mark.chooses('workers', reason='it compares one and more')

FLOWS = 16
CLEAR = ('net', '10.0.0.0/8', 'and', 'not', 'arp')


def start(net, workers, gre=False, words=(), args=()):
    both = []
    for n, ns in ((1, net.r1), (2, net.r2)):
        t = text(n, gre)
        for old, new in words:
            t = t.replace(old, new)
        both.append(Router(ns, t, args=('--interface', 'FastEthernet0/0=lan', '--workers', workers, *args)))
    net.warm()
    return both


class Flows:
    """Numbered datagrams from h1 to h2, of several flows; h2 answers every so many of each."""

    def __init__(self, net, answer_every=0, size=600):
        self.sink = net.h2.socket(socket.SOCK_DGRAM, bind=(H2, 9999))
        self.flows = [net.h1.socket(socket.SOCK_DGRAM, bind=(H1, 20000 + i)) for i in range(FLOWS)]
        for sock in [self.sink, *self.flows]:
            sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        self.got, self.answers = ({i: [] for i in range(FLOWS)} for _ in range(2))
        self.sent, self.size, self.every, self.over = 0, size, answer_every, False
        self.ear = threading.Thread(target=self.hear)
        self.ear.start()

    def hear(self):
        while not self.over or select.select([self.sink], [], [], 1)[0]:
            if not select.select([self.sink], [], [], 0.1)[0]:
                continue
            data, addr = self.sink.recvfrom(2048)
            n = struct.unpack_from('!I', data)[0]
            self.got[addr[1] - 20000].append(n)
            if self.every and n % self.every == 0:
                self.sink.sendto(data[:64], addr)

    def burst(self, each):
        for _ in range(each):
            for sock in self.flows:
                sock.sendto(struct.pack('!I', self.sent).ljust(self.size), (H2, 9999))
            self.sent += 1

    def end(self):
        self.over = True
        self.ear.join()
        for i, sock in enumerate(self.flows):
            while select.select([sock], [], [], 0)[0]:
                self.answers[i].append(struct.unpack_from('!I', sock.recv(2048))[0])
        for sock in [self.sink, *self.flows]:
            sock.close()

    def lost(self):
        return FLOWS * self.sent - sum(map(len, self.got.values()))

    def check_order(self):
        for seen in [*self.got.values(), *self.answers.values()]:
            assert all(a < b for a, b in zip(seen, seen[1:])), seen


def dropped(router):
    """What the kernel had no room for in the queues of the TUNs, since we were slower than the hosts."""
    links = json.loads(router.ns.run('ip', '-s', '-j', 'link', 'show', 'type', 'tun').stdout)
    return sum(link['stats64']['tx']['dropped'] for link in links if link)


def replays(router):
    said = router.cli('show crypto ipsec sa detail')
    return [int(n) for n in re.findall(r'#pkts replay failed \(rcv\): (\d+)', said)]


@pytest.mark.parametrize('offload', [True, False], ids=['super', 'plain'])
def test_a_flow_that_is_answered_in_the_middle_of_a_burst_stays_in_order(offload):
    with MtuNet() as net:
        routers = start(net, 2, args=() if offload else ('--no-offload',))
        lost = 0
        for _ in range(3):  # flows of other ports each time: nobody knows them yet
            flows = Flows(net, answer_every=40)
            for _ in range(10):
                flows.burst(30)
                time.sleep(0.02)
            flows.end()
            flows.check_order()
            lost += flows.lost()
            assert lost == dropped(routers[0]) and sum(map(len, flows.answers.values())) > FLOWS * 5
        assert not any(replays(routers[0]) + replays(routers[1]))
        for r in routers:
            r.stop()


@pytest.mark.chooses('ports', reason='it is about trains')
def test_trains_in_udp_keep_order_with_several_workers():
    need('nft')
    with MtuNet(nat=True) as net:
        routers = start(net, 2)
        assert all('UDP_SEGMENT' in r.log() and 'UDP_GRO' in r.log() for r in routers)
        flows = Flows(net, answer_every=16, size=1000)
        for _ in range(20):
            flows.burst(20)
            time.sleep(0.02)
        flows.end()
        flows.check_order()
        assert flows.lost() == dropped(routers[0])
        assert 'UDP-Encaps' in routers[0].cli('show crypto ipsec sa')
        assert not any(replays(routers[0]) + replays(routers[1]))
        for r in routers:
            r.stop()


@pytest.mark.parametrize('workers', [1, 2])
def test_under_load_sas_are_renewed_and_cleared_without_a_packet_in_clear(workers):
    need('tcpdump')
    with MtuNet() as net:
        routers = start(net, workers, words=[(' set transform-set TS', ' set transform-set TS\n'
                                              ' set security-association lifetime kilobytes 2560')])
        capture = Capture(net.mid, 'east', CLEAR)
        flows = Flows(net, answer_every=8, size=1200)
        until_renewed = time.monotonic() + 4
        while time.monotonic() < until_renewed:
            flows.burst(2)
            time.sleep(0.01)
        time.sleep(0.5)
        renewed = flows.lost()
        spis = {s for s in re.findall(r'spi: (0x[0-9A-F]+)', routers[0].cli('show crypto ipsec sa'))}
        # and now their SAs are taken away while packets pass
        for n in range(6):
            flows.burst(2)
            routers[n % 2].cli('clear crypto sa')
            for _ in range(20):
                flows.burst(1)
                time.sleep(0.01)
        flows.end()
        flows.check_order()
        assert renewed == 0
        assert spis.isdisjoint(re.findall(r'spi: (0x[0-9A-F]+)', routers[0].cli('show crypto ipsec sa')))
        # what was on its way by an SA that the other end had taken away just then
        assert flows.lost() < 6 * FLOWS, flows.lost()
        assert capture.packets() == []
        for r in routers:
            r.stop()


def test_pinned_workers_have_a_processor_each():
    with MtuNet() as net:
        routers = start(net, 2, args=('--pin',))
        tasks = [open(f'/proc/{t}/status').read() for t in routers[0].threads()]
        allowed = [re.search(r'Cpus_allowed_list:\s*(\S+)', t)[1] for t in tasks]
        may = sorted(os.sched_getaffinity(0))
        assert sorted(allowed) == sorted(str(may[k % len(may)]) for k in range(2))
        assert '%CULVERT-6-WORKERS: 2 forwarding threads, each on a processor of its own' in routers[0].log()
        for r in routers:
            r.stop()


def test_a_forwarder_that_dies_comes_back_with_all_its_workers():
    need('tcpdump')
    with MtuNet() as net:
        routers = start(net, 2)
        capture = Capture(net.mid, 'east', CLEAR)
        flows = Flows(net)
        flows.burst(5)
        victim = routers[0].forwarder()
        other = next(t for t in routers[0].threads() if t != victim)
        os.kill(other, signal.SIGKILL)  # one thread: it takes all of them along
        for _ in range(40):
            flows.burst(1)
            time.sleep(0.01)
        net.warm()
        flows.burst(5)
        flows.end()
        flows.check_order()
        until(lambda: len(routers[0].threads()) == 2, 5, 'two workers')
        assert victim not in routers[0].pids()
        assert capture.packets() == []
        for r in routers:
            r.stop()
