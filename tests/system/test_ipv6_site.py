# SPDX-License-Identifier: Apache-2.0
"""labs/site-to-site-ipv6 with the real routers: everything crosses, and nothing in clear whatever dies.
As root and as an ordinary user."""
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from conftest import ROOT
from test_lab import Labs, until

NAME = 'site-to-site-ipv6'


@pytest.fixture
def site(who, culvert):
    labs = Labs(culvert, who)
    lab = labs.dir / NAME
    shutil.copytree(ROOT / 'labs' / NAME, lab)
    labs.made.append(lab)
    try:
        labs('up', lab)
        yield labs, lab
    finally:
        labs.close()


def received(text):
    return int(re.search(r'(\d+) received', text)[1])


def pids_of(labs, lab, node):
    """A router's supervisor, forwarder and control, in the order in which they were started."""
    net = labs('exec', lab, node, 'readlink', '/proc/self/ns/net').stdout.strip()
    found = []
    for p in pathlib.Path('/proc').glob('[0-9]*'):
        try:
            if os.readlink(p / 'ns' / 'net') == net and b'culvert\0run' in (p / 'cmdline').read_bytes():
                found.append(int(p.name))
        except OSError:
            continue
    return sorted(found)


def test_lans_of_ipv6_reach_each_other_and_learn_what_fits(site):
    labs, lab = site
    ping = labs('exec', lab, 'H1', 'ping', '-c', '5', '-i', '0.2', '-W', '2', '2001:db8:2::10', ok=None)
    assert received(ping.stdout) == 5, ping.stdout
    sa = labs('shell', lab, 'R1', '-c', 'show crypto ipsec sa').stdout
    assert re.search(r'#pkts encaps: [5-9]', sa) and re.search(r'#pkts decaps: [5-9]', sa), sa
    # what does not fit is answered, and what fits then gets through
    big = labs('exec', lab, 'H1', 'ping', '-c', '2', '-i', '0.2', '-s', '1452', '-M', 'do', '-W', '1',
               '2001:db8:2::10', ok=None).stdout
    mtu = int(re.search(r'Packet too big: mtu=(\d+)', big)[1])
    fits = labs('exec', lab, 'H1', 'ping', '-c', '2', '-i', '0.2', '-s', str(mtu - 48), '-M', 'do', '-W', '2',
                '2001:db8:2::10').stdout
    assert received(fits) == 2
    assert 'No packets' not in labs('shell', lab, 'R1', '-c', 'show crypto drops').stdout


def test_nothing_leaves_in_clear_while_the_forwarder_dies_and_comes_back(site):
    labs, lab = site
    seen = labs.dir / 'seen'
    with open(seen, 'w') as out:
        watch = subprocess.Popen(labs.argv('exec', lab, 'ISP', 'tcpdump', '-lnn', '-i', 'eth1',
                                           'ip6 host 2001:db8:2::10 or ip6 proto 50'), stdout=out, stderr=out)
    until(lambda: 'listening' in seen.read_text(), 10)
    labs('exec', lab, 'H1', 'ping', '-c', '2', '-i', '0.2', '-W', '2', '2001:db8:2::10', ok=None)
    before = pids_of(labs, lab, 'R1')
    assert len(before) == 3
    os.kill(before[1], signal.SIGKILL)
    labs('exec', lab, 'H1', 'ping', '-c', '15', '-i', '0.1', '-W', '1', '2001:db8:2::10', ok=None)
    until(lambda: set(pids_of(labs, lab, 'R1')) - set(before), 10)
    until(lambda: received(labs('exec', lab, 'H1', 'ping', '-c', '2', '-i', '0.2', '-W', '1', '2001:db8:2::10',
                                ok=None).stdout) == 2, 20)
    watch.send_signal(signal.SIGINT)
    watch.wait(10)
    lines = seen.read_text().splitlines()
    assert any('ESP(spi' in line for line in lines)
    assert not [line for line in lines if '2001:db8:2::10' in line]
