# SPDX-License-Identifier: Apache-2.0
"""What strangers and liars send to UDP 500: ike-scan, cut and altered messages, floods, replays."""
import random
import socket
import struct
import time

import pytest
from scapy.layers.inet import IP, UDP

from ikecore import LAN, PEER, US, World, agree
from peers.netns import need, until
from peers.tshark import rows

pytestmark = pytest.mark.no_way('the IKE core on a socket of its own: no forwarder')

SUITE, ESP, SET = '3des-sha1-modp1024', '3des-sha1', '3des+sha1'
STRANGER = '192.0.2.77'
IDENTITY_PROTECTION, AGGRESSIVE, INFORMATIONAL = 2, 4, 5
HEADER = struct.Struct('>8s8sBBBBII')


@pytest.fixture
def world():
    w = World()
    w.them.addr('wan', f'{STRANGER}/24')
    try:
        yield w
    finally:
        w.close()


@pytest.fixture
def core(world):
    return world.core(SUITE, f'{LAN} set={SET}')


def ike_scan(world, *args):
    need('ike-scan')
    return world.them.run('ike-scan', '-M', '--sport=0', '--retry=1', '--timeout=400', *args, US, ok=False).stdout


def attribute(kind, value):
    return struct.pack('>HH', 0x8000 | kind, value)


def first_message(cookie, cipher=5, hash_=2, group=2):
    """MM1: one proposal with one transform, pre-shared key."""
    attrs = b''.join(attribute(k, v) for k, v in ((1, cipher), (2, hash_), (4, group), (3, 1), (11, 1), (12, 3600)))
    transform = struct.pack('>BBHBBH', 0, 0, 8 + len(attrs), 1, 1, 0) + attrs
    proposal = struct.pack('>BBHBBBB', 0, 0, 8 + len(transform), 1, 1, 0, 1) + transform
    sa = struct.pack('>BBHII', 0, 0, 12 + len(proposal), 1, 1) + proposal
    return HEADER.pack(cookie, bytes(8), 1, 0x10, IDENTITY_PROTECTION, 0, 0, 28 + len(sa)) + sa


class Prober:
    """Datagrams from an address of the peer's namespace, one socket each."""

    def __init__(self, world, address, port=0):
        self.sock = world.them.socket(socket.SOCK_DGRAM, bind=(address, port))
        self.sock.settimeout(0.05)
        self.sent = self.received = 0

    def send(self, data):
        self.sock.sendto(data, (US, 500))
        self.sent += len(data)

    def answer(self):
        try:
            data = self.sock.recv(65535)
        except socket.timeout:
            return None
        self.received += len(data)
        return data

    def ask(self, data):
        """What comes back must not be larger than what went out."""
        self.send(data)
        got = self.answer()
        assert got is None or len(got) <= len(data), f'{len(data)} bytes were answered by {len(got)}'
        return got


def test_ike_scan_of_a_configured_peer_sees_a_handshake(world, core):
    out = ike_scan(world, '--trans=5,2,1,2')
    assert 'Main Mode Handshake returned' in out and 'Enc=3DES Hash=SHA1' in out, out
    sizes = rows(world.capture.stop(), ['ip.src', 'udp.length'], 'isakmp')
    asked = [int(n) for src, n in sizes if src == PEER]
    told = [int(n) for src, n in sizes if src == US]
    assert told and max(told) <= min(asked)


def test_ike_scan_with_another_suite_is_refused_at_once(world, core):
    out = ike_scan(world, '--trans=1,1,1,1')
    assert 'NO-PROPOSAL-CHOSEN' in out, out
    sizes = rows(world.capture.stop(), ['ip.src', 'udp.length'], 'isakmp')
    assert max(int(n) for s, n in sizes if s == US) <= min(int(n) for s, n in sizes if s == PEER)


def test_aggressive_mode_gives_no_hash_away(world, core):
    out = ike_scan(world, '-A', '--id=x', '--trans=5,2,1,2')
    assert 'Handshake returned' not in out, out
    assert not core.up()


def test_a_stranger_hears_nothing(world, core):
    p = Prober(world, STRANGER)
    assert p.ask(first_message(b'stranger')) is None
    assert core.sas() == [] and core.of('send') == []
    assert Prober(world, PEER).ask(first_message(b'a friend')) is not None, 'the probe itself is good'


def test_every_truncation_is_harmless(world, core):
    whole = first_message(b'truncate')
    p = Prober(world, PEER)
    p.sock.settimeout(0.01)
    for n in range(len(whole)):
        p.ask(whole[:n])
        # and one whose header admits to the shorter length
        if n >= 28:
            p.ask(whole[:24] + struct.pack('>I', n) + whole[28:n])
    core.check()
    assert all(s['state'] == 'MM_NO_STATE' for s in core.sas())
    assert p.ask(first_message(b'good one'))


def test_lengths_that_lie_are_harmless(world, core):
    whole = first_message(b'overlong')
    p = Prober(world, PEER)
    p.sock.settimeout(0.01)
    for extra in (1, 3, 500, 60000):
        p.ask(whole + bytes(extra))
    for length in (0, 27, 28, 29, len(whole) + 1, 65535, 2**31, 2**32 - 1):
        p.ask(whole[:24] + struct.pack('>I', length) + whole[28:])
    for at in (30, 42, 50):  # of the SA, the proposal and the transform
        for length in (0, 1, 3, 4, 7, 0x7fff, 0xffff):
            p.ask(whole[:at] + struct.pack('>H', length) + whole[at + 2:])
    core.check()
    assert p.ask(first_message(b'good one'))


def test_random_changes_are_harmless(world, core):
    rng = random.Random(500)
    p = Prober(world, PEER)
    p.sock.settimeout(0.002)
    for i in range(1500):
        data = bytearray(first_message(struct.pack('>Q', i + 1)))
        for _ in range(rng.choice((1, 2, 8, 40))):
            data[rng.randrange(8, len(data))] = rng.randrange(256)
        p.ask(bytes(data))
    for _ in range(200):
        p.ask(rng.randbytes(rng.choice((1, 8, 28, 29, 100, 1400))))
    core.check()
    assert not core.up() and not core.live()


def test_repeats_are_answered_a_few_times_only(world, core):
    p = Prober(world, PEER)
    message = first_message(b'repeated')
    answers = {p.ask(message) for _ in range(40)}
    assert len(answers - {None}) == 1, 'a repeat gets the very same answer'
    assert p.received <= p.sent / 2
    half = [s for s in core.sas() if not s['deleted']]
    assert len(half) == 1


def test_a_flood_leaves_little_state_and_the_peer_still_gets_through(world):
    """Thousands of first messages, of strangers and in the peer's own name."""
    peer = world.swan(SUITE, ESP)
    core = world.core(SUITE, f'{LAN} set={SET}')
    raw = world.them.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
    for i in range(3000):
        source = PEER if i % 3 == 0 else f'203.0.{i >> 8 & 255}.{i & 255}'
        message = first_message(struct.pack('>Q', i + 1))
        raw.sendto(bytes(IP(src=source, dst=US) / UDP(sport=1024 + i % 4096, dport=500) / message), (US, 0))
    assert core.of('send') and 1 <= len(core.sas()) <= 16
    core.cmd('acquire 1')
    agree(core, peer)


def established(world):
    peer = world.swan(SUITE, ESP)
    core = world.core(SUITE, f'{LAN} set={SET}')
    core.cmd('acquire 1')
    agree(core, peer)
    return core, peer


def spoof(world, payload, sport=4500, dport=4500):
    raw = world.them.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
    marker = bytes(4) if dport == 4500 else b''
    raw.sendto(bytes(IP(src=PEER, dst=US) / UDP(sport=sport, dport=dport) / (marker + payload)), (US, 0))


def arrives(world, core):
    """What is sent under the peer's address does reach the core."""
    mark = core.mark()
    spoof(world, first_message(b'arrived!'), 500, 500)
    core.wait('send', mark, to=PEER, exchange=IDENTITY_PROTECTION)


def unchanged(core, before):
    time.sleep(0.3)
    core.check()
    keep = ('conn', 'state', 'deleted', 'remote_port')
    after = ([{k: s[k] for k in keep} for s in core.sas()], core.pairs(), sorted(core.live()))
    if before:
        assert after == before
    return after


def test_replayed_messages_change_nothing(world):
    """Every datagram of the peer, again and again, in order and out of it."""
    core, _ = established(world)
    pcap = world.capture.stop()
    before = unchanged(core, None)
    recorded = [(int(sport), bytes.fromhex(data)) for sport, data in rows(
        pcap, ['udp.srcport', 'udp.payload'], f'udp && ip.src == {PEER}')]
    assert len(recorded) >= 4
    rng = random.Random(4500)
    for _ in range(3):
        for sport, data in rng.sample(recorded, len(recorded)):
            spoof(world, data[4:] if sport == 4500 else data, sport, sport)
    unchanged(core, before)
    arrives(world, core)


def test_a_delete_or_notify_in_clear_changes_nothing(world):
    core, peer = established(world)
    before = unchanged(core, None)
    sa, = peer.sas()
    cookies = bytes.fromhex(sa['initiator-spi']), bytes.fromhex(sa['responder-spi'])
    spi = bytes.fromhex(core.pairs()[0]['out_spi'])
    delete_esp = struct.pack('>BBHIBBH', 0, 0, 16, 1, 3, 4, 1) + spi
    delete_ike = struct.pack('>BBHIBBH', 0, 0, 28, 1, 1, 16, 1) + b''.join(cookies)
    notify = {name: struct.pack('>BBHIBBH', 0, 0, 28, 1, 1, 16, kind) + b''.join(cookies)
              for name, kind in (('initial contact', 24578), ('no proposal', 14), ('authentication failed', 24))}
    for kind, body in ((12, delete_esp), (12, delete_ike), *((11, n) for n in notify.values())):
        for pair in (cookies, (cookies[0], bytes(8)), (bytes(8), cookies[1])):
            for msgid in (0, 0x12345678):
                message = HEADER.pack(*pair, kind, 0x10, INFORMATIONAL, 0, msgid, 28 + len(body)) + body
                spoof(world, message)
                spoof(world, message, 500, 500)
    unchanged(core, before)
    arrives(world, core)


def test_who_ought_to_encrypt_and_does_not_fills_no_log(world):
    """Phase 1 waits for a peer that has another key, and somebody on the wire goes on in its name, in clear."""
    peer = world.swan(SUITE, ESP)
    core = world.core(SUITE, f'{LAN} set={SET}', psk='another key')
    core.cmd('acquire 1')
    until(lambda: [s['state'] for s in core.sas()] == ['MM_KEY_EXCH'], what='MM_KEY_EXCH')
    sa, = peer.sas()
    cookies = bytes.fromhex(sa['initiator-spi']), bytes.fromhex(sa['responder-spi'])
    raw = world.them.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
    began, sent = time.monotonic(), len(core.of('send'))
    for i in range(400):
        message = HEADER.pack(*cookies, 5, 0x10, IDENTITY_PROTECTION, 0, 0, 28 + 12) + struct.pack('>BBHII', 0, 0, 12, 1, i)
        raw.sendto(bytes(IP(src=PEER, dst=US) / UDP(sport=500, dport=500) / message), (US, 0))
    core.wait('log', mnemonic='CRYPTO-6-IKMP_NOT_ENCRYPTED')
    arrives(world, core)  # and so has all before it
    told = [e for e in core.of('log') if e['mnemonic'] == 'CRYPTO-6-IKMP_NOT_ENCRYPTED']
    assert told[0]['text'] == f"IKE packet from {PEER} was not encrypted and it should've been."
    assert len(told) <= 20 * (int(time.monotonic() - began) + 2)
    assert 'MM_KEY_EXCH' in [s['state'] for s in core.sas()]
    assert len(core.of('send')) < sent + 10  # nobody is answered


def test_garbage_under_the_right_cookies_changes_nothing(world):
    """Encrypted messages that are none, of every exchange, and moved to another port."""
    core, peer = established(world)
    before = unchanged(core, None)
    sa, = peer.sas()
    cookies = bytes.fromhex(sa['initiator-spi']), bytes.fromhex(sa['responder-spi'])
    rng = random.Random(28)
    for exchange in (0, 1, 2, 4, 5, 6, 32, 33, 240):
        for size in (0, 7, 8, 24, 80, 800):
            message = HEADER.pack(*cookies, 8, 0x10, exchange, 1, rng.getrandbits(32), 28 + size) + rng.randbytes(size)
            spoof(world, message, rng.choice((4500, 500, 33333)))
    unchanged(core, before)
    old = core.pairs()[0]
    core.cmd('skip 20')
    core.cmd(f'expire {old["out"]} soft')  # and both still understand each other
    core.wait('sa-add', count=4)
    until(lambda: len(peer.children()) == 1, what='the successor at the peer')
