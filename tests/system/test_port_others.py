# SPDX-License-Identifier: Apache-2.0
"""Who else has to do with ESP that comes in or leaves: where somebody has, there is no way past him, whether the kernel tells
of him or not, and what could not be found out counts as somebody. Once he has gone, the fast ways are back."""
import ctypes
import os
import re
import resource
import socket
import struct
import time

import pytest

from peers.netns import need, until
from test_cipher_ports import frames, wired  # noqa: F401 (a fixture)

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
