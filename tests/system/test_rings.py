# SPDX-License-Identifier: Apache-2.0
"""A ring, and the way past the stack, while something becomes of their device."""
import os
import re
import time

import pytest

from peers.netns import until
from test_cipher_ports import frames, wired  # noqa: F401 (a fixture)

pytestmark = pytest.mark.chooses('ports', reason='it is about one of them')


def test_a_device_that_was_down_is_as_fast_as_before(wired):  # noqa: F811
    w = wired()
    w.up()
    assert frames(w.us), w.log()
    w.us.ip('link', 'set', 'wan', 'down')
    time.sleep(0.2)
    w.us.ip('link', 'set', 'wan', 'up')
    w.us.route('10.2.0.0/24', w.ends[1])
    w.up()
    until(lambda: frames(w.us), 5, 'the ring')
    time.sleep(1)
    got = w.us.ping(w.far, 30, 0.05, source=w.near).result()
    assert not got.lost, got.out
    times = sorted(float(t) for t in re.findall(r'time=([\d.]+) ms', got.out))
    assert times[15] < 30, times  # and not what is left of a quarter of a second


def inodes(ns, pid):
    """The packet sockets of this namespace: all, and those that the process has."""
    every = {line.split()[-1] for line in ns.run('cat', '/proc/net/packet').stdout.splitlines()[1:]}
    mine = set()
    for fd in os.listdir(f'/proc/{pid}/fd'):
        link = os.readlink(f'/proc/{pid}/fd/{fd}') if os.path.lexists(f'/proc/{pid}/fd/{fd}') else ''
        mine |= set(re.findall(r'socket:\[(\d+)\]', link))
    return every, mine & every


def test_control_is_who_closes_a_packet_socket_last(wired):  # noqa: F811
    """That takes some 10 ms (synchronize_net()), in which nobody else is to wait; and when addresses come and go nobody
    closes any."""
    w = wired()
    w.up()
    until(lambda: 'sent to the next hop' in w.routers[1].log(), 5, 'the way past the stack')
    forwarder, control = w.routers[1].pids()[1:3]
    every, held = inodes(w.us, control)
    assert len(every) == 2 and held == every == inodes(w.us, forwarder)[1]
    for _ in range(2):
        w.us.addr('wan', '203.0.113.1/24')
        until(lambda: '203.0.113.1' in frames(w.us), 5, 'the address')
        w.us.ip('addr', 'del', '203.0.113.1/24', 'dev', 'wan')
        until(lambda: '203.0.113.1' not in frames(w.us), 5, 'its end')
    assert inodes(w.us, control)[0] == every
    w.us.ip('link', 'set', 'wan', 'mtu', 4000)
    until(lambda: inodes(w.us, control) == (set(), set()), 5, 'the end of both')


@pytest.mark.parametrize('six', [False, True], ids=['v4', 'v6'])
def test_nothing_is_lost_while_a_ring_comes_and_goes(wired, six):  # noqa: F811
    """Nor told of as a replay: what came both ways is dropped for what it is."""
    w = wired(six)
    address, bits = ('fd00::99', 64) if six else ('203.0.113.1', 24)
    w.up()
    until(lambda: frames(w.us), 5, 'the ring')
    flood = w.us.ping(w.far, 10 ** 6, 0.001, source=w.near)
    try:
        for _ in range(3):
            w.us.ip('link', 'set', 'wan', 'mtu', 4000)
            until(lambda: not frames(w.us), 5, 'the end of the ring')
            w.us.ip('link', 'set', 'wan', 'mtu', 1500)
            until(lambda: frames(w.us), 5, 'the ring')
            w.us.addr('wan', f'{address}/{bits}')
            until(lambda: address in frames(w.us), 5, 'the address')
            w.us.ip('addr', 'del', f'{address}/{bits}', 'dev', 'wan')
        time.sleep(0.3)
    finally:
        flood.stop()
    # the last ones may still have been on their way
    assert flood.sent > 200 and not [n for n in flood.lost if n < flood.sent - 100], flood.lost
    assert '#pkts replay failed (rcv): 0' in w.routers[1].cli('show crypto ipsec sa detail')
    assert re.search(r'came twice, while a ring came or went +\d', w.routers[1].cli('show crypto drops'))
