# SPDX-License-Identifier: Apache-2.0
"""The anti-replay window as configured, on the wire: strongSwan's packets are held back in front of the router and
let through late, twice and out of order."""
import re
import socket

import pytest

from ikecore import PEER, US, World
from peers.netns import until
from peers.strongswan import child, connection
from router import Router, config

NEAR, FAR = '10.1.0.0/24', '10.2.0.0/24'
LAN = 'ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255'
SUITE = 'aes128-sha1-modp1024'
ETH_P_IP = 0x0800
HOLD = f'table ip hold {{ chain c {{ type filter hook prerouting priority -300; ip saddr {PEER} udp sport 4500 drop; }}; }}'


class Wire:
    def __init__(self):
        self.world = World()
        try:
            self.us, self.them = self.world.us, self.world.them
            self.us.addr('lo', '10.1.0.1/32')
            self.peer = self.world.charon({'c': connection(PEER, US, SUITE, {'t': child(FAR, NEAR, 'aes256gcm16')})})
            text = config(SUITE, US, PEER, [LAN]).replace('esp-aes esp-sha-hmac', 'esp-gcm 256')
            assert 'esp-gcm' in text
            self.router = Router(self.us, text)
            self.sniffer = self.us.socket(socket.SOCK_DGRAM, socket.htons(ETH_P_IP), ('wan', ETH_P_IP), socket.AF_PACKET)
            self.sender = self.them.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
        except BaseException:
            self.close()
            raise

    def close(self):
        self.world.close()

    def configure(self, lines):
        said = self.router.cli(' ; '.join(['conf t', *lines, 'end', 'clear crypto sa']))
        assert '% Invalid' not in said, said
        got = self.us.ping('10.2.0.1', 2, source='10.1.0.1').result()
        assert not got.lost, self.router.log() + self.peer.log()

    def held(self, n):
        """n packets of the peer's that never arrived, by number."""
        self.us.run('nft', '-f', '-', input=HOLD)
        self.sniffer.setblocking(False)
        try:
            while self.sniffer.recv(2048):
                pass
        except BlockingIOError:
            pass
        self.sniffer.settimeout(5)
        ping = self.them.ping('10.1.0.1', n, interval=0.002, source='10.2.0.1', wait=1)
        found = {}
        while len(found) < n:
            p = self.sniffer.recv(2048)
            # IP header of 20 bytes, UDP, SPI, number
            if p[9] == 17 and p[12:16] == socket.inet_aton(PEER) and p[20:22] == b'\x11\x94' and p[28:32] != bytes(4):
                # the checksum may be unfinished, since the wire is none
                found[int.from_bytes(p[32:36], 'big')] = p[:26] + bytes(2) + p[28:]
        ping.stop()
        self.us.run('nft', 'delete', 'table', 'ip', 'hold')
        first = min(found)
        assert sorted(found) == list(range(first, first + n))
        return [found[k] for k in sorted(found)]

    def counters(self):
        shown = self.router.cli('show crypto ipsec sa detail')
        return tuple(int(re.search(rf'{what}:? (\d+)', shown).group(1))
                     for what in ('#pkts decaps', r'#pkts replay failed \(rcv\)'))

    def inject(self, packets):
        """How many of them the router took and refused as replays."""
        before = self.counters()
        for p in packets:
            self.sender.sendto(p, (US, 0))

        def all_counted():
            now = [a - b for a, b in zip(self.counters(), before)]
            return now if sum(now) >= len(packets) else None
        return tuple(until(all_counted, 10, 'the counters'))


@pytest.fixture(scope='module')
def wire():
    w = Wire()
    try:
        yield w
    finally:
        w.close()


MAP = 'crypto map M 10 ipsec-isakmp'
GLOBAL = 'crypto ipsec security-association replay'
SET = 'set security-association replay'
WINDOWS = [([f'no {GLOBAL}'], 64), ([f'{GLOBAL} window-size 128'], 128), ([f'{GLOBAL} window-size 1024'], 1024),
           ([f'{GLOBAL} disable', MAP, f'{SET} window-size 256', 'exit'], 256)]


@pytest.mark.parametrize('lines,w', [pytest.param(*x, id=str(x[1]), marks=[pytest.mark.slow] if x[1] > 500 else [])
                                     for x in WINDOWS])
def test_the_window_is_as_wide_as_configured(wire, lines, w):
    wire.configure(lines)
    assert f'replay detection support: Y  replay window size: {w}' in wire.router.cli('show crypto ipsec sa detail')
    p = wire.held(w + 40)
    top = w + 20
    assert wire.inject([p[top]]) == (1, 0)
    assert wire.inject([p[top]] * 3) == (0, 3)
    assert wire.inject([p[top - (w - 1)]]) == (1, 0)  # late by W-1: the last that is inside
    assert wire.inject([p[top - w], p[top - w - 1]]) == (0, 2)
    inside = p[top - w + 2:top]
    assert wire.inject(inside[::-1]) == (w - 2, 0)  # the rest of it backwards
    assert wire.inject(inside) == (0, w - 2)
    assert wire.inject(p[top + 1:]) == (19, 0)
    wire.router.cli(f'conf t ; no {GLOBAL} ; {MAP} ; no {SET} ; end')


@pytest.mark.parametrize('lines', [[f'{GLOBAL} disable'], [f'no {GLOBAL}', MAP, f'{SET} disable', 'exit']],
                         ids=['everywhere', 'in-the-map'])
def test_disabled_it_takes_what_comes(wire, lines):
    wire.configure(lines)
    assert 'replay detection support: N' in wire.router.cli('show crypto ipsec sa')
    p = wire.held(100)
    assert wire.inject([p[99], p[99], p[0], p[50], p[0]]) == (5, 0)
    wire.router.cli(f'conf t ; no {GLOBAL} ; {MAP} ; no {SET} ; end')
