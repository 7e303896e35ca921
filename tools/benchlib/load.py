# SPDX-License-Identifier: Apache-2.0
"""Load through a world, and what of it arrived."""
import json
import pathlib
import re
import statistics
import subprocess
import time

from benchlib.worlds import FAR, NEAR

UDP_HEADERS = 28
PACKET = 1420  # bytes, to which times are told


def iperf(world, seconds, *words):
    """seconds: None where words say how much."""
    argv = ['iperf3', '-J', '-c', FAR, '-B', NEAR, *(['-t', seconds] if seconds else []), *words]
    for _ in range(5):
        got = json.loads(world.near.run(*argv, ok=False, timeout=(seconds or 10) + 30).stdout)
        if 'error' not in got:
            return got['end']
        if 'unable to connect' not in got['error'] and 'busy' not in got['error']:
            break
        time.sleep(0.3)
    raise RuntimeError(f'iperf3: {got["error"]}')


def tcp(world, seconds, streams=1):
    """Gbit/s of payload."""
    return iperf(world, seconds, '-P', streams)['sum_received']['bits_per_second'] / 1e9


def spent(pids):
    """Nanoseconds of processor that these have taken, all their threads."""
    return sum(int(stat.read_text().split()[0]) for pid in pids for stat in pathlib.Path(f'/proc/{pid}/task').glob('*/schedstat'))


def tcp_and_time(world, seconds):
    """TCP, and what each gateway's processes have taken for each packet's worth of it: unlike throughput, this
    does not depend on what else runs here."""
    before = [spent(pids) for pids in world.gateways]
    got = iperf(world, seconds)
    found = {'tcp1': got['sum_received']['bits_per_second'] / 1e9}
    for which, pids, was in zip(('out', 'in'), world.gateways, before):
        if pids:
            found[f'ns-{which}'] = (spent(pids) - was) / (got['sum_received']['bytes'] / PACKET)
    return found


def udp(world, seconds, size):
    """Thousands of packets of size bytes a second that arrived, of as many as could be sent."""
    got = iperf(world, seconds, '-u', '-b', 0, '-l', size - UDP_HEADERS)['sum']
    return (got['packets'] - got['lost_packets']) / got['seconds'] / 1e3


def ping(world, count, interval=0.005):
    """Microseconds of each answer that came."""
    out = world.near.run('ping', '-n', '-c', count, '-i', interval, '-W', 1, '-I', NEAR, FAR, ok=False,
                         timeout=count * interval + 30)
    return [float(t) * 1000 for t in re.findall(r'time=([\d.]+) ms', out.stdout)]


class Flood:
    """One TCP stream while the block runs."""

    def __init__(self, world, seconds):
        self.world, self.seconds = world, seconds

    def __enter__(self):
        self.proc = self.world.near.popen('iperf3', '-c', FAR, '-B', NEAR, '-t', self.seconds, stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *exc):
        self.proc.wait(self.seconds + 30)


def percentile(values, p):
    v = sorted(values)
    return v[min(len(v) - 1, int(len(v) * p / 100))] if v else None


def median(values):
    return statistics.median(values)
