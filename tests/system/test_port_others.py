# SPDX-License-Identifier: Apache-2.0
"""Who else has to do with ESP that comes in or leaves: where somebody has, there is no way past him, whether the kernel tells
of him or not, and what could not be found out counts as somebody. Once he has gone, the fast ways are back."""
import ctypes
import os
import re
import resource
import socket
import time

import pytest

from peers.netns import need, until
from test_cipher_ports import dropped, frames, past_the_stack, wired  # noqa: F401 (a fixture)

pytestmark = pytest.mark.chooses('ports', reason='it looks at the fast ways')


@pytest.fixture
def pair(wired):  # noqa: F811
    w = wired()
    w.up()
    until(lambda: frames(w.us), 5, 'the ring')
    return w


def silent(w):
    return w.us.ping(w.far, 3, 0.1, source=w.near, wait=1).result().seen == set()


def ring_goes(w, why):
    until(lambda: f'ESP by wan: raw socket ({why})' in w.routers[1].log(), 5, f'the reason: {why}')
    assert frames(w.us) is None, w.routers[1].log()


def ring_comes(w, seconds=5):
    until(lambda: frames(w.us), seconds, 'the ring')
    w.up()


DEAF = 'table netdev mine { chain in { type filter hook ingress device "%s" priority 0; ip protocol esp drop; }; }'


def test_a_chain_of_the_family_netdev_is_not_passed_by(pair):
    w = pair
    w.us.ip('link', 'add', 'lan', 'type', 'veth', 'peer', 'name', 'lan0')
    w.us.run('nft', '-f', '-', input=DEAF % 'lan')  # of another device it is nobody's concern
    time.sleep(0.3)
    assert frames(w.us) and 'raw socket' not in w.routers[1].log(), w.routers[1].log()
    w.us.run('nft', 'delete', 'table', 'netdev', 'mine')
    w.us.run('nft', '-f', '-', input=DEAF % 'wan')
    ring_goes(w, 'chain in of table mine')
    assert silent(w)
    w.us.run('nft', 'delete', 'table', 'netdev', 'mine')
    ring_comes(w)


def test_what_nftables_does_not_say_counts_as_somebody(pair):
    """Control has no descriptor to ask by; it asks again."""
    w = pair
    control = w.routers[1].pids()[2]
    open_now = max(map(int, os.listdir(f'/proc/{control}/fd'))) + 1
    before = resource.prlimit(control, resource.RLIMIT_NOFILE)
    resource.prlimit(control, resource.RLIMIT_NOFILE, (3, before[1]))
    assert open_now > 3
    w.us.addr('wan', '192.0.2.77/32')  # has it look
    ring_goes(w, 'nftables does not say who looks there')
    resource.prlimit(control, resource.RLIMIT_NOFILE, before)
    ring_comes(w)


def test_a_table_of_iptables_is_noticed_that_comes_later(pair):
    """Of the modules before nftables nobody hears; who asks for a table makes it, as iptables-legacy does."""
    w = pair
    s = w.us.socket(socket.SOCK_RAW, 255)
    info, size = ctypes.create_string_buffer(b'filter', 84), ctypes.c_uint32(84)
    got = ctypes.CDLL(None).getsockopt(s.fileno(), 0, 64, info, ctypes.byref(size))  # IPT_SO_GET_INFO
    s.close()
    if got:
        pytest.skip('this kernel has no iptables before nftables')
    ring_goes(w, 'table filter of iptables')
    w.up()


@pytest.mark.parametrize('kind', ['ingress', 'clsact'])
def test_what_tc_redirects_does_not_come_twice(pair, kind):
    """Through a shaper of what comes in: it hands packets in once more, behind all taps."""
    w, router = pair, pair.routers[1]
    need('tc')
    w.us.run('tc', 'qdisc', 'add', 'dev', 'wan', kind)
    ring_goes(w, f"tc's {kind} looks at what comes in there")
    if w.us.run('ip', 'link', 'add', 'ifb0', 'type', 'ifb', ok=False).returncode:
        pytest.skip('this kernel has no ifb')
    w.us.ip('link', 'set', 'ifb0', 'up')
    w.us.run('tc', 'filter', 'add', 'dev', 'wan', 'parent', 'ffff:' if kind == 'ingress' else 'ffff:fff2', 'protocol', 'ip', 'u32',
             'match', 'u32', 0, 0, 'action', 'mirred', 'egress', 'redirect', 'dev', 'ifb0')
    assert not w.us.ping(w.far, 20, 0.02, source=w.near).result().lost
    assert int(re.search(r'(\d+)', w.us.run('cat', '/sys/class/net/ifb0/statistics/tx_packets').stdout)[1]) >= 20
    assert dropped(router) == set()
    w.us.run('tc', 'qdisc', 'del', 'dev', 'wan', kind)
    ring_comes(w)
    assert not w.us.ping(w.far, 20, 0.02, source=w.near).result().lost and dropped(router) == set()


def test_esp_of_the_kernels_own_ipsec_is_left_to_it(pair):
    """Its SAs, and numbers that a daemon has for SAs that it negotiates; those to others do not count."""
    w = pair

    def number(dst):
        said = w.us.ip('xfrm', 'state', 'allocspi', 'src', w.ends[1], 'dst', dst, 'proto', 'esp')
        return re.search(r'spi (0x\w+)', said)[1]

    def done(dst, spi):
        w.us.ip('xfrm', 'state', 'delete', 'src', w.ends[1], 'dst', dst, 'proto', 'esp', 'spi', spi)
    kept = number('192.0.2.77')
    done('192.0.2.77', number('192.0.2.77'))  # what is deleted the kernel tells of, and of a number alone it does not
    time.sleep(0.3)
    assert frames(w.us) and 'raw socket' not in w.routers[1].log(), w.routers[1].log()
    done('192.0.2.77', kept)
    first, second = number(w.ends[0]), number(w.ends[0])
    done(w.ends[0], first)
    ring_goes(w, f'the kernel has an SA of ESP to {w.ends[0]}')
    w.up()
    done(w.ends[0], second)
    ring_comes(w)


def test_a_ring_that_found_no_memory_is_tried_again(pair):
    """In the forwarder, which maps it."""
    w, router = pair, pair.routers[1]
    forwarder = router.forwarder()
    before = resource.prlimit(forwarder, resource.RLIMIT_AS)
    now = int(re.search(r'VmSize:\s+(\d+) kB', open(f'/proc/{forwarder}/status').read())[1]) << 10
    resource.prlimit(forwarder, resource.RLIMIT_AS, (now - (4 << 20), before[1]))  # it gives 8 MiB back, and wants as much
    w.us.ip('link', 'set', 'wan', 'mtu', 4000)
    ring_goes(w, 'its packets may be longer than a frame')
    w.us.ip('link', 'set', 'wan', 'mtu', 1500)
    ring_goes(w, 'Cannot allocate memory')
    w.up()
    resource.prlimit(forwarder, resource.RLIMIT_AS, before)
    ring_comes(w, 10)


def test_a_chain_at_egress_sees_what_goes_past_the_stack(pair):
    w = pair
    until(lambda: past_the_stack(w), 5, 'the way past the stack')
    w.us.run('nft', '-f', '-', input=DEAF.replace('ingress', 'egress') % 'wan')
    time.sleep(0.3)
    assert silent(w) and frames(w.us)
    w.us.run('nft', 'delete', 'table', 'netdev', 'mine')
    w.up()
