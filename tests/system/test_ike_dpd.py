# SPDX-License-Identifier: Apache-2.0
"""Liveness and repair against strongSwan: who is dead is found, by us and by them, and
what one end has lost is not used for long by the other. tshark reads the wire."""
import re
import signal
import time

import pytest

from ikecore import FAR, NEAR, PEER, US, World
from peers.netns import until
from peers.strongswan import child, connection
from peers.tshark import read_keylog, rows
from router import Router, config

SUITE, ESP = 'aes256-sha1-modp1024', 'aes256-sha1'
LAN = 'ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255'
R_U_THERE, R_U_THERE_ACK = 36136, 36137
PEER2 = '192.0.2.3'


@pytest.fixture
def world():
    w = World()
    w.us.addr('lo', '10.1.0.1/32')
    try:
        yield w
    finally:
        w.close()


def start(world, lines='', map_lines='', conns=None, **conn):
    """charon, our router with those lines, and a pair between them."""
    peer = world.charon(conns or {'c': connection(PEER, US, SUITE, {'t': child(FAR, NEAR, ESP)}, **conn)})
    router = launch(world, lines, map_lines)
    reaches(world)
    return peer, router


def launch(world, lines='', map_lines=''):
    text = lines + '\n' + config(SUITE, US, PEER, [LAN])
    keys = world.net.dir / 'keys'
    keys.mkdir(exist_ok=True)
    return Router(world.us, text.replace(' set transform-set TS\n', f' set transform-set TS\n{map_lines}'),
                  args=['--keylog', keys])


def ping(world, count=5, **kw):
    return world.us.ping('10.2.0.1', count, source='10.1.0.1', **kw)


def dpd_rows(world):
    """(time, from, type, number, SPI, cookie) of each R-U-THERE and its answer."""
    pcap = world.capture.stop()
    keys = read_keylog(world.net.dir / 'keys')
    found = []
    for when, src, kind, there, ack, spi, cookies in rows(
            pcap, ['frame.time_epoch', 'ip.src', 'isakmp.notify.msgtype', 'isakmp.notify.data.dpd.are_you_there',
                   'isakmp.notify.data.dpd.are_you_there_ack', 'isakmp.spi', 'isakmp.ispi'],
            'isakmp.notify.msgtype', **keys):
        if int(kind, 0) in (R_U_THERE, R_U_THERE_ACK):
            found.append((float(when), src, int(kind, 0), int(there or ack, 0), spi, cookies))
    return found


def reaches(world, seconds=20):
    """A packet crosses, there and back; the first may be lost on a busy machine."""
    until(lambda: not ping(world, 1, wait=1).result().lost, seconds, 'a ping')


def gone(router):
    return 'QM_IDLE' not in router.cli('show crypto isakmp sa')


def no_pairs(router):
    return 'IPsec SA total: 0' in router.cli('show crypto ipsec sa count')


@pytest.mark.slow
def test_we_ask_each_interval_and_charon_answers(world):
    peer, router = start(world, 'crypto isakmp keepalive 10 periodic')
    time.sleep(33)
    assert re.search(r'psk +2 +\S+ DN', router.cli('show crypto isakmp sa detail'))
    assert 'Capabilities:DN connid:1001' in router.cli('show crypto session detail')
    assert len(re.findall(r'generating INFORMATIONAL_V1 request \d+ \[ HASH N\(DPD_ACK\) \]', peer.log())) == 3
    seen = dpd_rows(world)
    asked = [x for x in seen if x[2] == R_U_THERE]
    answers = [x for x in seen if x[2] == R_U_THERE_ACK]
    assert [x[1] for x in asked] == [US] * 3 and [x[1] for x in answers] == [PEER] * 3
    assert [x[3] for x in answers] == [x[3] for x in asked]
    first = asked[0][3]
    assert first < 2 ** 31 and [x[3] for x in asked] == [first, first + 1, first + 2]
    assert all(9 < b[0] - a[0] < 11.5 for a, b in zip(asked, asked[1:]))
    assert all(cookie in spi for *_, spi, cookie in asked)
    assert not gone(router)


@pytest.mark.slow
def test_a_stopped_charon_is_found_dead_and_joined_again(world):
    peer, router = start(world, 'crypto logging session\ncrypto isakmp keepalive 10 2 periodic')
    peer.proc.send_signal(signal.SIGSTOP)
    stopped = time.monotonic()
    until(lambda: gone(router), 40, 'the end of the SA')
    assert 10 < time.monotonic() - stopped < 26  # what is left of 10 s, and 6 times 2 s
    assert no_pairs(router)
    log = router.log()
    assert f'%CRYPTO-5-IKMP_PEER_DEAD: Peer {PEER} answered none of 6 R-U-THERE' in log
    assert re.search(rf'%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP  \.  Peer {PEER}:4500', log)
    assert re.search(rf'%CRYPTO-5-SESSION_STATUS: Crypto tunnel is DOWN\.  Peer {PEER}:4500', log)
    peer.proc.send_signal(signal.SIGCONT)
    reaches(world)
    assert len(peer.children()) == 1


@pytest.mark.slow
def test_on_demand_is_silent_until_traffic_has_no_answer(world):
    peer, router = start(world, 'crypto isakmp keepalive 10 2')
    mark = peer.mark()
    time.sleep(16)
    stream = ping(world, 100000, interval=0.2, wait=1)
    time.sleep(16)
    assert 'INFORMATIONAL' not in peer.since(mark)  # nothing is asked, or all is answered
    peer.proc.send_signal(signal.SIGSTOP)
    until(lambda: f'Peer {PEER} answered none' in router.log(), 40, 'the discovery')
    assert gone(router) or 'MM_NO_STATE' in router.cli('show crypto isakmp sa')
    peer.proc.send_signal(signal.SIGCONT)
    reaches(world, 40)
    stream.stop()


@pytest.mark.slow
def test_charon_asks_us_and_finds_a_stopped_router_dead(world):
    peer, router = start(world, 'crypto isakmp keepalive 10 2', dpd_delay='3s', dpd_timeout='12s')
    time.sleep(10)
    asked = r'generating INFORMATIONAL_V1 request \d+ \[ HASH N\(DPD\) \]'
    answered = r'parsed INFORMATIONAL_V1 request \d+ \[ HASH N\(DPD_ACK\) \]'
    assert len(re.findall(asked, peer.log())) >= 2
    assert len(re.findall(answered, peer.log())) >= 2
    assert 'invalid DPD sequence' not in peer.log()
    time.sleep(10)
    assert len(peer.children()) == 1  # our answers keep us alive
    router.signal(signal.SIGSTOP)
    until(lambda: not peer.sas(), 30, 'our death at charon')
    assert 'DPD check timed out' in peer.log()
    router.signal(signal.SIGCONT)
    # what is left here is worth nothing any more, and our questions find it out
    reaches(world, 60)
    assert len(peer.children()) == 1


def test_a_router_that_lost_all_tells_whoever_still_uses_it(world):
    """kill -9 of all three processes; charon goes on with SPIs that nobody knows."""
    recovery = 'crypto isakmp invalid-spi-recovery'
    peer, router = start(world, recovery)
    old = peer.children()[0]['spi-in']
    router.kill()
    router = launch(world, recovery)
    time.sleep(1)
    mark = peer.mark()
    assert [c['spi-in'] for c in peer.children()] == [old]
    world.them.ping('10.1.0.1', 2, source='10.2.0.1', wait=1).result()
    until(lambda: 'RECVD_PKT_INV_SPI' in router.log(), 10, 'the complaint')
    until(lambda: old not in [c['spi-in'] for c in peer.children()], 10, f'the end of the old pair {peer.since(mark)}')
    assert 'ID_PROT' in peer.since(mark)
    assert not gone(router)
    reaches(world)


def test_without_recovery_nobody_is_told(world):
    peer, router = start(world)
    router.kill()
    router = launch(world)
    time.sleep(1)
    mark = peer.mark()
    world.them.ping('10.1.0.1', 2, source='10.2.0.1', wait=1).result()
    until(lambda: 'RECVD_PKT_INV_SPI' in router.log(), 10, 'the complaint')
    time.sleep(2)
    assert 'ID_PROT' not in peer.since(mark) and len(peer.children()) == 1
    reaches(world)  # our own beginning says it


@pytest.mark.slow
def test_the_next_peer_takes_over(world):
    world.them.addr('wan', f'{PEER2}/24')
    conns = {name: connection(at, US, SUITE, {f't{name}': child(FAR, NEAR, ESP)}) for name, at in
             (('a', PEER), ('b', PEER2))}
    lines = f'crypto isakmp keepalive 10 2 periodic\ncrypto isakmp key secretkey address {PEER2}'
    # PEER, of router.config(), stands first in the list
    peer, router = start(world, lines, f' set peer {PEER2}\n set peer {PEER} default\n', conns)
    assert f'Current peer: {PEER}' in router.cli('show crypto map')
    world.them.run('nft', 'add table ip cut; add chain ip cut in { type filter hook input priority 0; }; '
                          f'add rule ip cut in ip daddr {PEER} drop; '
                          'add chain ip cut out { type filter hook output priority 0; }; '
                          f'add rule ip cut out ip saddr {PEER} drop')
    until(lambda: f'Peer {PEER} answered none' in router.log(), 40, 'the discovery')
    reaches(world)
    assert f'Current peer: {PEER2}' in router.cli('show crypto map')
    assert PEER2 in [sa['local-host'] for sa in peer.sas()]
