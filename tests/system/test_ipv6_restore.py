# SPDX-License-Identifier: Apache-2.0
"""What the kernel was told of IPv6 is taken back by an orderly stop, whichever processes have died in between."""
import os
import signal

import pytest

from peers.netns import Net, until
from router import Router

pytestmark = pytest.mark.no_way('control alone: no packet passes')

CONFIG = '''hostname R1
ipv6 unicast-routing
interface FastEthernet0/1
 ip address 192.0.2.1 255.255.255.0
 ipv6 address 2001:DB8::1/64
'''
BEFORE = {'accept_ra': '1', 'router_solicitations': '3', 'keep_addr_on_down': '0', 'disable_ipv6': '1', 'addr_gen_mode': '1'}
DURING = {'accept_ra': '0', 'router_solicitations': '0', 'keep_addr_on_down': '1', 'disable_ipv6': '0', 'addr_gen_mode': '0'}


@pytest.mark.parametrize('dies', [(), (2,), (2, 1, 2)], ids=['nobody', 'control', 'each'])
def test_an_orderly_stop_leaves_the_device_as_it_was(dies):
    with Net() as net:
        ns, other = net.ns('us'), net.ns('other')
        net.link(ns, 'wan', None, other, 'wan', None)
        # an address that a control which has crashed has added stays, and IPv6 with it
        before = {**BEFORE, 'disable_ipv6': '0' if dies else '1'}
        for key, value in before.items():
            ns.sysctl(f'net.ipv6.conf.wan.{key}', value)

        def now():
            return {key: ns.run('sysctl', '-n', f'net.ipv6.conf.wan.{key}').stdout.strip() for key in BEFORE}
        assert now() == before
        router = Router(ns, CONFIG)
        until(lambda: now() == DURING, 10, 'the router on its device')
        for which in dies:
            pids = router.pids()
            os.kill(pids[which], signal.SIGKILL)
            until(lambda: len(new := router.pids()) == 3 and pids[which] not in new, 10, 'another process')
            until(lambda: 'is up' in router.cli('show ipv6 interface FastEthernet0/1'), 10, 'an answer of it')
        router.stop()
        assert now() == before
