# SPDX-License-Identifier: Apache-2.0
"""Nothing leaves in clear, however often whatever dies, starts or stops: a capture in the
middle of the path under continuous traffic, and traffic that comes back by itself."""
import contextlib
import os
import pathlib
import signal
import time

import pytest

from conftest import built
from test_router import SITE, capture, clear_lines, lab, lost, pids_of

ROUNDS = 50
VICTIMS = {'control': lambda forwarder, control: [control], 'forwarder': lambda forwarder, control: [forwarder],
           'both': lambda forwarder, control: [forwarder, control]}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='needs root')


def until(what, seconds, why):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, why
        time.sleep(0.1)


def children(it, node):
    """(forwarder, control) once both run, told apart by the capabilities that the forwarder lacks."""
    def caps(pid):
        with contextlib.suppress(OSError):
            for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines():
                if line.startswith('CapPrm:'):
                    return int(line.split()[1], 16)
        return None

    end = time.monotonic() + 20
    while time.monotonic() < end:
        have = {p: caps(p) for p in pids_of(it, node)[1:]}
        found = {c == 0: p for p, c in have.items() if c is not None}
        if len(have) == len(found) == 2:
            return found[True], found[False]
        time.sleep(0.05)
    raise AssertionError(f'the children did not come back: {have}')


@pytest.mark.parametrize('victim', VICTIMS)
def test_fifty_kills_leak_nothing_and_traffic_returns_by_itself(victim):
    with lab([], SITE) as it:
        assert lost(it.host('H1', 'ping', '-c', '2', '-W', '5', '10.2.2.10')) == 0
        with capture(it, 'ISP', 'eth1') as seen:
            ping = it.spawn('H1', 'ping', '-q', '-i', '0.01', '10.2.2.10')
            for turn in range(ROUNDS):
                doomed = VICTIMS[victim](*children(it, 'R1'))
                for pid in doomed:
                    os.kill(pid, signal.SIGKILL)
                # not always at the same point of their lives
                time.sleep(0.1 + turn % 7 * 0.15)
            until(lambda: not lost(it.host('H1', 'ping', '-c', '3', '-i', '0.2', '-W', '2', '10.2.2.10', check=False)),
                  60, 'traffic did not come back by itself')
            ping.send_signal(signal.SIGINT)
            ping.communicate(timeout=10)
        assert sum('ESP(' in x for x in seen) > 100
        assert not clear_lines(seen), clear_lines(seen)[:5]


def test_starts_and_stops_leak_nothing():
    """The router is stopped in order and started again, under traffic."""
    with lab([], SITE) as it:
        assert lost(it.host('H1', 'ping', '-c', '2', '-W', '5', '10.2.2.10')) == 0
        supervisor = pids_of(it, 'R1')[0]
        argv = pathlib.Path(f'/proc/{supervisor}/cmdline').read_bytes().split(b'\0')[:-1]
        router = None
        with capture(it, 'ISP', 'eth1') as seen:
            ping = it.spawn('H1', 'ping', '-q', '-i', '0.005', '10.2.2.10')
            for _ in range(5):
                os.kill(supervisor, signal.SIGTERM)
                until(lambda: supervisor not in pids_of(it, 'R1'), 20, 'it did not stop')
                time.sleep(0.5)
                router = it.spawn('R1', built('culvert'), *[x.decode() for x in argv[1:]])
                until(lambda: not lost(it.host('H1', 'ping', '-c', '2', '-i', '0.2', '-W', '2', '10.2.2.10',
                                               check=False)), 40, 'traffic did not come back')
                supervisor = pids_of(it, 'R1')[0]
            ping.send_signal(signal.SIGINT)
            ping.communicate(timeout=10)
            os.kill(supervisor, signal.SIGTERM)
            router.wait(20)
        assert sum('ESP(' in x for x in seen) > 100
        assert not clear_lines(seen), clear_lines(seen)[:5]
