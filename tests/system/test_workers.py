# SPDX-License-Identifier: Apache-2.0
"""Routers whose forwarders have several workers: one SA for all of them, order in each flow, and what becomes
of the queues of a TUN when a process dies or another comes with fewer workers."""
import os
import re
import select
import signal
import socket
import struct
import time

import pytest

from mtunet import H1, H2, MtuNet, text
from peers.netns import until
from router import Router

pytestmark = pytest.mark.chooses('workers', reason='it compares one and more')

FLOWS, EACH = 32, 150


def queues(router):
    """Of each TUN of the router."""
    said = router.ns.run('ip', '-d', 'link', 'show', 'type', 'tun').stdout
    return [int(n) for n in re.findall(r'numqueues (\d+) numdisabled', said)]


def start(net, n, workers, gre):
    ns = net.r1 if n == 1 else net.r2
    return Router(ns, text(n, gre), args=('--interface', 'FastEthernet0/0=lan', '--workers', workers))


def flood(net):
    """Numbered datagrams of many flows; what arrives of each, in order."""
    sink = net.h2.socket(socket.SOCK_DGRAM, bind=(H2, 9999))
    sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    flows = [net.h1.socket(socket.SOCK_DGRAM, bind=(H1, 20000 + i)) for i in range(FLOWS)]
    got = {i: [] for i in range(FLOWS)}

    def take(wait):
        while select.select([sink], [], [], wait)[0]:
            data, (_, port) = sink.recvfrom(2048)
            got[port - 20000].append(struct.unpack_from('!I', data)[0])

    for n in range(EACH):
        for i, sock in enumerate(flows):
            sock.sendto(struct.pack('!I', n).ljust(64 + (n * 37 + i * 101) % 1200), (H2, 9999))
        take(0)
        time.sleep(0.002)
    take(1.5)
    for sock in [*flows, sink]:
        sock.close()
    return got


def errors(router):
    said = router.cli('show crypto ipsec sa detail')
    return [int(n) for n in re.findall(r'#pkts replay failed \(rcv\): (\d+)', said)]


@pytest.mark.parametrize('gre', [False, True], ids=['map', 'gre'])
def test_flows_stay_in_order_and_nothing_is_a_replay(gre):
    with MtuNet() as net:
        r1, r2 = start(net, 1, 3, gre), start(net, 2, 2, gre)
        net.warm()
        assert len(r1.threads()) == 3 and len(r2.threads()) == 2
        assert 3 in queues(r1) and 2 in queues(r2)
        got = flood(net)
        assert all(seen == sorted(seen) for seen in got.values()), got
        assert sum(map(len, got.values())) == FLOWS * EACH
        assert errors(r2) and not any(errors(r2)), r2.cli('show crypto ipsec sa detail')
        r1.stop()
        r2.stop()


def control_of(router):
    """It is the one with UDP 500."""
    said = router.ns.run('ss', '-Hulnp', 'sport = :500').stdout
    return int(re.search(r'pid=(\d+)', said)[1])


def test_queues_follow_who_is_there():
    with MtuNet() as net:
        r1, r2 = start(net, 1, 3, False), start(net, 2, 2, False)
        net.warm()
        # a new control leaves the forwarder its queues
        os.kill(control_of(r1), signal.SIGKILL)
        until(lambda: r1.log().count('WORKERS') == 2, 20, 'another control')
        until(lambda: 'FastEthernet' in r1.cli('show ip interface brief'), 20, 'another control')
        assert queues(r1) == [3]
        net.warm()
        # the TUN outlives all of them, and is taken over as it is
        r1.kill()
        until(lambda: queues(r1) == [0], 5, 'the end of it')
        r1 = start(net, 1, 1, False)
        net.warm()
        assert len(r1.threads()) == 1 and queues(r1) == [1]
        r1.stop()
        assert queues(r1) == []  # an orderly stop takes it away
        r2.stop()
