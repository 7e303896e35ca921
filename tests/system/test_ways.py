# SPDX-License-Identifier: Apache-2.0
"""A router goes the ways that it was told to go: what a run by all of them (tools/matrix) rests on. Workers, TUNs, both ports
of ESP and of UDP 4500 are what the environment says, or what a router does by itself; packets pass, and by that way alone."""
import os
import re
import time

import pytest

from conftest import built
from peers.netns import Net, need, run, until
from router import Router
from test_cipher_ports import Wired, esp_by_the_stack, frames
from ways import OFFLOAD, PORTS, WORKERS, combinations, forced, ports_word, words


def expected(word, slow, fast):
    return slow if ports_word(word) else fast


def test_the_ways_of_this_run_are_gone():
    need('nft', 'ss')
    said = os.environ.get('CULVERT_PORTS', '')
    w = Wired(ways=(said, said))
    try:
        w.up()
        time.sleep(1.1)  # the next hop is known by now
        esp_by_the_stack(w.us), esp_by_the_stack(w.them)
        assert not w.us.ping(w.far, 20, interval=0.02, source=w.near).result().lost
        workers = int(os.environ.get('CULVERT_WORKERS') or len(os.sched_getaffinity(0)))
        for r, ns in zip(w.routers, (w.them, w.us)):
            log = r.log()
            assert len(r.threads()) == min(workers, 16)
            tun = re.search(r'%CULVERT-6-PORT: TUN \S+: (.*)', log)[1]
            assert ('one packet a call' in tun) == ports_word('no-offload'), tun
            udp = re.search(r'%CULVERT-6-PORT: UDP 4500: (.*)', log)[1]
            assert f'sends by {expected("no-segment", "sendmmsg", "UDP_SEGMENT")}' in udp, udp
            assert f'receives by {expected("no-gro", "recvmmsg", "UDP_GRO")}' in udp, udp
            esp = re.search(r'%CULVERT-6-PORT: ESP by wan: (.*)', log)[1]
            assert esp.startswith(expected('no-ring', 'raw socket (CULVERT_PORTS says no-ring)', 'received by a ring')), esp
            if not ports_word('no-ring'):
                assert expected('no-link', 'sent by the raw socket', 'sent to the next hop past the stack') in esp, esp
            assert (frames(ns) is None) == ports_word('no-ring')
            up, out = esp_by_the_stack(ns)
            assert (up >= 20) == ports_word('no-ring') and (up == 0) != ports_word('no-ring'), up
            past = not ports_word('no-ring') and not ports_word('no-link')
            assert out < 20 if past else out >= 20, out
    finally:
        w.close()


def test_each_way_of_a_kind_is_in_some_combination():
    all_of = [set(c.split()) for c in combinations()]
    assert len(all_of) == len(WORKERS) * len(OFFLOAD) * len(PORTS)
    esp, udp = set(), set()
    for c in combinations():
        said = set(words(c).split())
        esp.add('raw' if 'no-ring' in said else 'ring' if 'no-link' in said else 'ring and past the stack')
        udp.add(('no-segment' in said, 'no-gro' in said))
    assert len(esp) == 3 and len(udp) == 4


@pytest.mark.no_way('the command line alone')
@pytest.mark.parametrize('value,status', [('0', 2), ('17', 2), ('2x', 2), ('', 2), ('2', None)])
def test_the_number_of_workers_in_the_environment_is_checked(value, status, monkeypatch):
    monkeypatch.setenv('CULVERT_WORKERS', value)
    if status is None:  # and an option goes before it
        need('nft')
        with Net() as net:
            ns = net.ns('r')
            ns.ip('link', 'add', 'wan', 'type', 'veth', 'peer', 'name', 'far')
            r = Router(ns, 'interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n', args=('--workers', 1))
            until(lambda: len(r.threads()) == 1, 5, 'one worker')
            r.stop()
        return
    done = run(built('culvert'), 'run', '--config', '/nonexistent', ok=False)
    assert done.returncode == status and 'CULVERT_WORKERS wants a number from 1 to 16' in done.stderr, done


if forced():  # by tools/matrix; else there is nothing to look at
    def test_this_run_forces_what_it_says():
        assert os.environ['CULVERT_WORKERS'] == forced()['workers']
        assert os.environ.get('CULVERT_PORTS', '') == words(' '.join(forced().values()))
