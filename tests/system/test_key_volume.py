# SPDX-License-Identifier: Apache-2.0
"""Typed keys of a cipher with 64-bit blocks end at 31 GiB: said beforehand, said when it happens, shown, and mended by other
keys. Nobody waits for 31 GiB: the limit is made smaller in the forwarder's memory, where it is the only number like it."""
import re
import struct

from peers.netns import until
from peers.tshark import Capture
from test_ah import A, B, LAN, clear_text, typed, world  # noqa: F401

LIMIT = struct.pack('<Q', 31 << 30)


def lower_limit(pid, to):
    """Of both SAs; how many there were."""
    found = 0
    with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/mem', 'r+b', 0) as mem:
        for line in maps:
            m = re.match(r'(\w+)-(\w+) rw.p \w+ 00:00 0 +(\[heap\])?\n', line)
            if not m:
                continue
            start, end = int(m[1], 16), int(m[2], 16)
            if end - start > 1 << 28:  # a sanitizer's shadow
                continue
            mem.seek(start)
            data = mem.read(end - start)
            at = data.find(LIMIT)
            while at >= 0:
                if at % 8 == 0:
                    mem.seek(start + at)
                    mem.write(struct.pack('<Q', to))
                    found += 1
                at = data.find(LIMIT, at + 1)
    return found


def test_the_end_of_a_small_blocks_key_is_said_and_shown(world):  # noqa: F811
    capture = Capture(world.ns[A], 'wan', 'volume', 'ip')
    a, b = world.start('esp-3des esp-sha-hmac', 'tunnel', typed)
    ping = dict(source=LAN[A])
    assert world.ns[A].ping(LAN[B], 2, **ping).result().lost == []
    shown = a.cli('show crypto ipsec sa')
    assert shown.count('key volume left (k): 32505855\n') == 2, shown  # of 31 * 2^20
    assert 'KEYVOLUME' not in a.log()
    assert lower_limit(a.pids()[1], 1600) == 2  # an echo has 88 bytes under the cipher
    got = world.ns[A].ping(LAN[B], 20, interval=0.1, wait=1, **ping).result()
    assert got.lost == [17, 18, 19, 20], got.out  # of 18 there were two before
    until(lambda: 'CULVERT-2-KEYVOLUME' in a.log(), 10, 'the end')
    log = a.log()
    soon = re.search(r'%CULVERT-4-KEYVOLUME: crypto map CM 10, peer 192\.0\.2\.2: the outbound cipher key of SPI 0x2BC .*type other keys', log)
    gone = re.search(r'%CULVERT-2-KEYVOLUME: crypto map CM 10, peer 192\.0\.2\.2: the outbound cipher key of SPI 0x2BC is used up', log)
    assert soon and gone and soon.start() < gone.start() and '"set session-key outbound esp"' in gone.string, log
    assert log.count('2-KEYVOLUME') <= 2, log  # once for each direction
    shown = a.cli('show crypto ipsec sa')
    assert 'key volume left (k): 0, nothing passes until other keys are typed\n' in shown, shown
    # other keys at both ends
    for g, way in ((a, 'outbound'), (b, 'inbound')):
        g.cli('enable', 'configure terminal', 'crypto map CM 10 ipsec-manual',
              f'set session-key {way} esp 700 cipher {"3456789abcdef012" * 3} authenticator {"55" * 20}', 'end')
    until(lambda: world.ns[A].ping(LAN[B], 1, wait=1, **ping).result().lost == [], 10, 'traffic under other keys')
    assert 'nothing passes' not in a.cli('show crypto ipsec sa')
    assert clear_text(capture.stop()) == []
