# SPDX-License-Identifier: Apache-2.0
"""The forwarder alone: SAs and policies by its protocol, packets in and out by its
ports, each compared byte by byte with scapy."""
import struct

import fwdproto as fp
import pytest
from conftest import built
from fwdpeer import (GRE_POLICY, IFID, LAN_TO_LAN, PEER, STEER_DEV, TUNNEL0, US, Pair, all_ports,
                     plaintext_mtu)
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.l2 import GRE
from scapy.packet import Raw

pytestmark = pytest.mark.chooses('offload', 'ports', reason='its ports are the test itself')

SUITES = [('3des', 'sha1'), ('aes256', 'sha1'), ('aes128', 'sha256'), ('des', 'md5'), ('aes192', 'sha384'),
          ('aes256', 'sha512'), ('null', 'sha1'), ('aes128', None), ('gcm128', None), ('gcm256', None)]


@pytest.fixture
def fwd():
    f = fp.Forwarder(built('tests', 'unit', 'forwarder', 'fwddrv'))
    try:
        all_ports(f)
        yield f
    finally:
        status = f.close()
    # the other end of its control socket is gone: it ends by itself, and a
    # sanitizer has its say at that end
    assert status == 1


def lan(payload=64, ident=1, proto=None, **fields):
    """A packet of the LAN as the steering TUN hands it over."""
    p = IP(src='10.1.1.10', dst='10.2.2.10', id=ident, ttl=63, **fields)
    p = p / (proto or UDP(sport=1000, dport=2000)) / Raw(bytes(i & 255 for i in range(payload)))
    return IP(bytes(p))


def far(payload=64, **fields):
    p = IP(src='10.2.2.10', dst='10.1.1.10', id=9, ttl=62, **fields)
    return IP(bytes(p / UDP(sport=2000, dport=1000) / Raw(b'x' * payload)))


def gre(inner, ident=1, src=US, dst=PEER, **header):
    key = {'key_present': 1, 'key': header['key']} if 'key' in header else {}
    outer = IP(src=src, dst=dst, id=fp.nth_id(ident), ttl=255, tos=inner.tos, proto=47)
    return IP(bytes(outer / GRE(proto=0x800, **key) / inner))


# ---- LAN to LAN ----

@pytest.mark.parametrize('udp', [None, (4500, 4500)], ids=['raw', 'udp'])
@pytest.mark.parametrize('cipher,auth', SUITES)
def test_lan_to_lan_in_tunnel_mode_is_what_scapy_makes(fwd, cipher, auth, udp):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd, cipher=cipher, auth=auth, udp=udp)
    packets = [lan(n, ident=n + 1, tos=n & 0xfc, flags='DF' if n % 2 else 0) for n in range(0, 40)]
    port = 'udp' if udp else 'esp'
    fwd.put('steer', *packets)
    out = fwd.got(port, meta=True)
    assert len(out) == len(packets)
    ivs = {pair.expect(got, p) for (got, _), p in zip(out, packets)}
    assert len(ivs) == (len(packets) if pair.iv_len else 1)
    if udp:
        assert all(m == {'local': US, 'remote': PEER, 'lport': 4500, 'rport': 4500, 'tos': p.tos}
                   for (_, m), p in zip(out, packets))
    back = [far(n) for n in range(0, 40)]
    fwd.put(port, *[pair.make(p) for p in back], local=US, remote=PEER, lport=4500, rport=4500)
    assert fwd.got('steer') == [bytes(p) for p in back]
    st = fwd.stats()
    want = {'matches': 40, 'encaps': 40, 'encrypts': 40, 'decaps': 40, 'decrypts': 40}
    assert {k: st['policy'][1][k] for k in want} == want
    assert st['policy'][1]['verifies'] == (40 if pair.icv_len else 0) == st['policy'][1]['digests']
    assert st['sa'][pair.out_id]['seq'] == 40 and st['sa'][pair.in_id]['seq'] == 40
    assert st['sa'][pair.out_id]['bytes'] == sum(map(len, packets))
    assert fwd.silent() and fwd.drops() == {}


def test_a_batch_of_many_sas_keeps_the_order_of_each(fwd):
    fwd.table([dict(id=i, seq=i, sel=(f'10.1.{i}.0/24', '10.2.0.0/16')) for i in range(1, 9)])
    pairs = {i: Pair(fwd, policy=i, sel=(f'10.1.{i}.0/24', '10.2.0.0/16'), cipher=SUITES[i][0], auth=SUITES[i][1])
             for i in range(1, 9)}
    packets = [lan(n, ident=n + 1) for n in range(150)]
    for n, p in enumerate(packets):
        p.src = f'10.1.{n % 8 + 1}.10'
        del p.chksum, p[UDP].chksum
    packets = [IP(bytes(p)) for p in packets]
    fwd.put('steer', *packets)
    out = fwd.got('esp')
    assert len(out) == 150
    assert len({pair.out_spi for pair in pairs.values()}) == 8
    for n, pair in pairs.items():
        mine = [o for o in out if int.from_bytes(o[20:24], 'big') == pair.out_spi]
        for got, p in zip(mine, [p for p in packets if p.src == f'10.1.{n}.10'], strict=True):
            pair.expect(got, p)


def test_two_permit_lines_use_two_pairs_of_sas(fwd):
    fwd.table([dict(id=1, sel=('10.1.0.0/16', '10.2.0.0/16', 6)), dict(id=2, sel=('10.1.0.0/16', '10.2.0.0/16', 17))])
    tcp = Pair(fwd, policy=1, sel=('10.1.0.0/16', '10.2.0.0/16', 6))
    udp = Pair(fwd, policy=2, sel=('10.1.0.0/16', '10.2.0.0/16', 17))
    packets = [lan(10), lan(10, proto=TCP(sport=5, dport=80))]
    fwd.put('steer', *packets)
    first, second = fwd.got('esp')
    udp.expect(first, packets[0])
    tcp.expect(second, packets[1])
    # what comes under the wrong one is outside its identity
    fwd.put('esp', tcp.make(far()))
    assert fwd.got('steer') == []
    (sa, kind, seq, flow), = fwd.take(fp.SA_EVENT)
    assert (sa, kind, seq) == (tcp.in_id, fp.EV_IDENTITY, 1)
    assert flow == ('10.2.2.10', '10.1.1.10', 17, 2000, 1000)
    assert fwd.stats()['policy'][1]['bad_identity'] == 1
    assert fwd.drops() == {'bad_identity': 1}


def test_a_deny_line_goes_on_at_the_next_map_entry(fwd):
    fwd.table([dict(id=1, seq=10, action=fp.SKIP, sel=('10.1.1.0/24', '10.2.0.0/16')),
               dict(id=2, seq=10, sel=('10.1.0.0/16', '10.2.0.0/16')),
               dict(id=3, seq=20, sel=('10.1.1.0/24', '10.2.2.0/24', 17))])
    ten = Pair(fwd, policy=2, sel=('10.1.0.0/16', '10.2.0.0/16'))
    twenty = Pair(fwd, policy=3, sel=('10.1.1.0/24', '10.2.2.0/24', 17))
    other = IP(bytes(IP(src='10.1.9.9', dst='10.2.2.10', id=4) / ICMP()))
    fwd.put('steer', lan(1), other, lan(1, proto=ICMP()))
    first, second = fwd.got('esp')
    twenty.expect(first, lan(1))
    ten.expect(second, other)
    # denied by both: the steering TUN never sends anything in clear
    assert fwd.silent() and fwd.drops() == {'no_policy': 1}


def test_what_is_no_ipv4_is_dropped_at_the_steering_tun(fwd):
    fwd.table([LAN_TO_LAN])
    Pair(fwd)
    good = bytes(lan(40))
    six = bytes([0x60]) + bytes(39)
    fwd.put('steer', *[good[:n] for n in range(1, len(good))], six, b'\x45' + good[1:2] + b'\xff\xff' + good[4:],
            b'\x41' + good[1:])
    assert fwd.silent()
    assert fwd.drops() == {'malformed_ip': len(good) - 1 + 3}


# ---- GRE ----

def gre_table(fwd, **tunnel):
    fwd.table([GRE_POLICY], [dict(TUNNEL0, **tunnel)])


@pytest.mark.parametrize('udp', [None, (4500, 4500)], ids=['raw', 'udp'])
@pytest.mark.parametrize('mode', [fp.MODE_TUNNEL, fp.MODE_TRANSPORT], ids=['tunnel', 'transport'])
@pytest.mark.parametrize('header', [{}, {'key': 0xdeadbeef}], ids=['plain', 'key'])
def test_gre_in_esp(fwd, mode, header, udp):
    gre_table(fwd, **header)
    pair = Pair(fwd, sel=GRE_POLICY['sel'], mode=mode, cipher='3des', udp=udp)
    port = 'udp' if udp else 'esp'
    packets = [lan(n, ident=n + 1, tos=0xb8) for n in range(20)]
    fwd.put('tunnel', *packets)
    out = fwd.got(port)
    for n, (got, p) in enumerate(zip(out, packets, strict=True)):
        pair.expect(got, gre(p, ident=n + 1, **header))
    back = [far(n) for n in range(20)]
    fwd.put(port, *[pair.make(gre(p, src=PEER, dst=US, **header)) for p in back],
            local=US, remote=PEER, lport=4500, rport=4500)
    assert fwd.got('tunnel') == [bytes(p) for p in back]
    st = fwd.stats()['tunnel'][0]
    assert (st['out_packets'], st['in_packets']) == (20, 20)
    assert st['in_bytes'] == sum(map(len, back)) and st['last_in_ms'] == 0
    assert fwd.silent() and fwd.drops() == {}


def test_ipv6_rides_in_gre(fwd):
    gre_table(fwd)
    pair = Pair(fwd, sel=GRE_POLICY['sel'])
    six = bytes([0x6b, 0x80, 0, 0, 0, 4, 17, 64]) + bytes(32) + b'abcd'
    outer = IP(bytes(IP(src=US, dst=PEER, id=1, ttl=255, tos=0xb8, proto=47) / GRE(proto=0x86dd) / Raw(six)))
    fwd.put('tunnel', six)
    got, = fwd.got('esp')
    pair.expect(got, outer)
    fwd.put('esp', pair.make(IP(bytes(IP(src=PEER, dst=US, proto=47) / GRE(proto=0x86dd) / Raw(six)))))
    assert fwd.got('tunnel') == [six]


def test_gre_that_no_policy_protects_goes_in_clear(fwd):
    fwd.table([dict(GRE_POLICY, action=fp.SKIP)], [TUNNEL0])
    fwd.put('tunnel', *[lan(n, ident=n + 1) for n in range(70)])
    assert fwd.got('gre') == [bytes(gre(lan(n, ident=n + 1), ident=n + 1)) for n in range(70)]
    fwd.put('gre', gre(far(), src=PEER, dst=US), ifindex=IFID)
    assert fwd.got('tunnel') == [bytes(far())]
    assert fwd.silent() and fwd.drops() == {}


def test_clear_gre_longer_than_the_path_is_cut(fwd):
    fwd.table([], [dict(TUNNEL0, mtu=600)])
    whole = gre(lan(1000))
    fwd.put('tunnel', lan(1000))
    parts = [IP(p) for p in fwd.got('gre')]
    assert [len(p) for p in parts] == [596, len(whole) - 576]
    assert b''.join(bytes(p.payload) for p in parts) == bytes(whole.payload)
    assert [(p.frag, bool(p.flags.MF), p.id) for p in parts] == [(0, True, 1), (72, False, 1)]
    for p in parts:
        was = p.chksum
        del p.chksum
        assert IP(bytes(p)).chksum == was


def test_clear_gre_that_a_policy_protects_is_refused(fwd):
    gre_table(fwd)
    pair = Pair(fwd, sel=GRE_POLICY['sel'])
    clear = gre(far(), src=PEER, dst=US)
    fwd.put('gre', clear, ifindex=IFID)
    assert fwd.got('tunnel') == []
    assert fwd.take(fp.RECVD_CLEAR) == [(IFID, (US, PEER, 47))]
    # by another interface it is refused as well: the tunnel leaves by one with a policy
    fwd.put('gre', clear, ifindex=5)
    assert fwd.got('tunnel') == []
    assert fwd.stats()['policy'][1]['recvd_clear'] == 2
    # the same packet from the steering TUN is what the kernel put together from fragments
    fwd.put('gre', clear, ifindex=STEER_DEV)
    assert fwd.got('tunnel') == [bytes(far())]
    # with or without the SA
    fwd.must(fp.SA_DEL, pair.in_id.to_bytes(4, 'big'))
    fwd.put('gre', clear, ifindex=IFID)
    assert fwd.silent() and fwd.drops() == {'recvd_clear': 3}


def test_fragments_of_gre_go_to_the_kernel(fwd):
    gre_table(fwd)
    pair = Pair(fwd, sel=GRE_POLICY['sel'])
    parts = fragment(gre(far(1000), src=PEER, dst=US), fragsize=600)
    parts = [IP(bytes(p)) for p in parts]
    fwd.put('esp', *[pair.make(p) for p in parts])
    assert fwd.got('steer') == [bytes(p) for p in parts]
    assert fwd.got('tunnel') == []


def test_gre_that_is_not_for_the_tunnel(fwd):
    fwd.table([], [dict(TUNNEL0, key=5), dict(TUNNEL0, id=1, port=12, dst='198.51.100.9', up=0)])
    base = bytes(gre(far(), src=PEER, dst=US, key=5))
    assert base[20:24] == b'\x20\x00\x08\x00'
    rows = [(gre(far(), src=PEER, dst=US, key=6), 'gre_key'), (gre(far(), src=PEER, dst=US), 'gre_key'),
            (gre(far(), src='203.0.113.1', dst=US, key=5), 'no_tunnel'),
            (gre(far(), src='198.51.100.9', dst=US), 'tunnel_down'),
            (base[:20] + b'\x20\x01' + base[22:], 'gre_unsupported'),  # version 1
            (base[:20] + b'\x60\x00' + base[22:], 'gre_unsupported'),  # routing
            (base[:22] + b'\x88\x0b' + base[24:], 'gre_unsupported'),  # PPP
            (base[:20] + b'\xa0\x00' + base[22:24] + b'\x12\x34\0\0' + base[24:], 'gre_checksum'),
            (base[:28] + b'\x44' + base[29:], 'malformed_gre')]
    for n, (p, why) in enumerate(rows):
        p = bytearray(bytes(p))
        p[2:4] = len(p).to_bytes(2, 'big')
        before = fwd.drops().get(why, 0)
        fwd.put('gre', p, ifindex=IFID)
        assert fwd.silent(), (n, why)
        assert fwd.drops().get(why, 0) == before + 1, (n, why)
    st = fwd.stats()['tunnel']
    assert (st[0]['in_key_mismatch'], st[0]['in_checksum'], st[0]['in_unsupported']) == (2, 1, 3)
    assert (st[0]['in_errors'], st[1]['in_errors']) == (1, 1)
    fwd.put('gre', base, ifindex=IFID)
    assert fwd.got('tunnel') == [bytes(far())]


def test_gre_checksum_and_sequence_numbers_are_taken(fwd):
    fwd.table([], [dict(TUNNEL0, key=5)])
    p = IP(src=PEER, dst=US, id=3, proto=47) / GRE(proto=0x800, chksum_present=1, key_present=1, key=5,
                                                   seqnum_present=1, sequence_number=77) / far()
    fwd.put('gre', p, ifindex=IFID)
    assert fwd.got('tunnel') == [bytes(far())]


def test_a_tunnel_that_is_down_or_routed_into_itself_drops(fwd):
    gre_table(fwd, up=0)
    Pair(fwd, sel=GRE_POLICY['sel'])
    fwd.put('tunnel', lan())
    gre_table(fwd, ifid=0)  # nobody knows where it would leave: no SPD, no clear
    fwd.put('tunnel', lan())
    gre_table(fwd)
    fwd.put('tunnel', IP(bytes(IP(src='10.1.1.10', dst=PEER, id=1) / ICMP())))
    assert fwd.silent()
    assert fwd.drops() == {'tunnel_down': 2, 'recursion': 1}
    assert fwd.stats()['tunnel'][0]['out_drops'] == 3


def test_adjust_mss_rewrites_both_directions(fwd):
    fwd.table([], [dict(TUNNEL0, mss=1300)])
    syn = TCP(sport=1, dport=2, flags='S', options=[('NOP', None), ('MSS', 1460)])
    small = TCP(sport=1, dport=2, flags='S', options=[('MSS', 500)])
    want = TCP(sport=1, dport=2, flags='S', options=[('NOP', None), ('MSS', 1300)])
    fwd.put('tunnel', lan(0, proto=syn), lan(0, proto=small))
    assert fwd.got('gre') == [bytes(gre(lan(0, proto=want))), bytes(gre(lan(0, proto=small), ident=2))]
    fwd.put('gre', gre(lan(0, proto=syn), src=PEER, dst=US), ifindex=IFID)
    assert fwd.got('tunnel') == [bytes(lan(0, proto=want))]


def test_congestion_marks_cross_every_layer(fwd):
    gre_table(fwd)
    pair = Pair(fwd, sel=GRE_POLICY['sel'])
    capable, marked, deaf = far(tos=2), far(tos=3), far(tos=0)
    fwd.put('esp', pair.make(gre(capable, src=PEER, dst=US), tos=3))
    assert fwd.got('tunnel') == [bytes(marked)]
    fwd.put('esp', pair.make(gre(deaf, src=PEER, dst=US), tos=3))
    assert fwd.silent() and fwd.drops() == {'ecn': 1}


# ---- hostile ESP ----

def test_an_unknown_spi_is_told(fwd):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd)
    good = bytearray(pair.make(far()))
    good[20:24] = b'\x99\x88\x77\x66'
    fwd.put('esp', good)
    assert fwd.take(fp.UNKNOWN_SPI) == [(PEER, US, 50, 0x99887766)]
    assert fwd.silent() and fwd.drops() == {'unknown_spi': 1}


def test_a_replayed_packet_is_dropped_and_told(fwd):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd)
    first = pair.make(far())
    fwd.put('esp', first, first)
    fwd.put('esp', first)
    assert fwd.got('steer') == [bytes(far())]
    assert fwd.take(fp.SA_EVENT) == [(pair.in_id, fp.EV_REPLAY, 1, (None, None, 0))] * 2
    # 64 behind the newest is outside the window, 63 is inside
    fwd.put('esp', pair.make(far(1), seq=100), pair.make(far(2), seq=36), pair.make(far(3), seq=37))
    assert fwd.got('steer') == [bytes(far(1)), bytes(far(3))]
    st = fwd.stats()
    assert st['policy'][1]['replayed'] == 3 == st['sa'][pair.in_id]['replayed']
    assert fwd.drops() == {'replayed': 3}


def test_what_comes_both_ways_is_no_replay_and_a_replay_is_one(fwd):
    """While a ring comes, and while it goes: what is sent again comes both ways as well."""
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd)
    early, first, second, third = (pair.make(far(n)) for n in range(4))

    def counts():
        fwd.take(fp.SA_EVENT)
        st = fwd.stats()
        n = fwd.drops().get('replayed', 0)
        assert st['policy'][1]['replayed'] == n == st['sa'][pair.in_id]['replayed']
        return n, fwd.drops().get('twice', 0)
    fwd.put('esp', early)
    fwd.must(fp.WAYS, struct.pack('!I', fp.RING_COMES))
    fwd.port('ring', 77, fp.RING, ifid=IFID)
    fwd.put('esp', first)
    fwd.put('ring', first)
    assert fwd.got('steer') == [bytes(far(0)), bytes(far(1))] and counts() == (0, 1)
    fwd.put('ring', second)
    fwd.put('esp', second)
    assert fwd.got('steer') == [bytes(far(2))] and counts() == (0, 2)
    fwd.put('esp', first, early)
    fwd.put('ring', first, early)
    assert fwd.silent() and counts() == (2, 4)
    fwd.must(fp.WAYS, struct.pack('!I', fp.ONE_WAY))
    fwd.put('ring', first, early, second, second)
    assert fwd.silent() and counts() == (6, 4)
    fwd.must(fp.WAYS, struct.pack('!I', fp.RING_GOES))
    fwd.put('ring', third, second)
    fwd.put('esp', third, second)
    fwd.must(fp.PORT_DEL, struct.pack('!I', 77))
    del fwd.ports['ring']
    fwd.put('esp', third)
    assert fwd.got('steer') == [bytes(far(3))] and counts() == (8, 6)
    fwd.must(fp.WAYS, struct.pack('!I', fp.ONE_WAY))
    fwd.wait(2000)
    fwd.put('esp', third)
    assert fwd.silent() and counts() == (9, 6)


@pytest.mark.parametrize('cipher,auth', [('aes128', 'sha1'), ('3des', 'md5'), ('gcm128', None)])
def test_every_bit_of_esp_is_authenticated(fwd, cipher, auth):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd, cipher=cipher, auth=auth)
    good = pair.make(far(10), seq=5)
    spoiled = []
    for at in range(24, len(good)):  # behind the SPI
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        spoiled.append(bad)
    fwd.put('esp', *spoiled)
    assert fwd.silent()
    assert fwd.drops() == {'auth_failed': len(spoiled)}
    fwd.take(fp.SA_EVENT)
    # none of it moved the window
    fwd.put('esp', good)
    assert fwd.got('steer') == [bytes(far(10))]


def test_truncated_esp_is_dropped(fwd):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd)
    good = bytearray(pair.make(far(30)))
    for n in range(20, len(good)):
        cut = good[:n]
        cut[2:4] = n.to_bytes(2, 'big')
        fwd.put('esp', cut)
    fwd.put('esp', *[good[:n] for n in range(1, 20)])
    fwd.put('esp', good[:-1])  # shorter than it says
    assert fwd.silent()
    drops = fwd.drops()
    assert drops.pop('malformed_ip') == 20
    assert set(drops) == {'malformed_esp', 'auth_failed'} and sum(drops.values()) == len(good) - 20


def test_wrong_padding_and_wrong_next_header(fwd):
    """An honest key, a dishonest inside: null encryption lets the test write it."""
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd, cipher='null', auth=None, window=0)
    inner = bytes(far(5))

    def esp(text, seq=1):
        return bytes(IP(src=PEER, dst=US, id=1, proto=50) /
                     Raw(pair.in_spi.to_bytes(4, 'big') + seq.to_bytes(4, 'big') + text))
    pad = (-len(inner) - 2) % 4
    good = inner + bytes(range(1, pad + 1)) + bytes([pad, 4])
    assert pad == 1
    fwd.put('esp', esp(good))
    assert fwd.got('steer') == [inner]
    for text, why in [(inner + b'\x02' + bytes([1, 4]), 'bad_padding'), (inner + b'\x01' + bytes([255, 4]), 'bad_padding'),
                      (inner + b'\x01' + bytes([1, 41]), 'bad_identity'), (b'\x46' + good[1:], 'bad_identity'),
                      (inner[:12] + bytes([10, 9, 9, 9]) + inner[16:] + b'\x01\x01\x04', 'bad_identity'),
                      (good + b'x', 'malformed_esp')]:
        before = fwd.drops().get(why, 0)
        fwd.put('esp', esp(text))
        assert fwd.silent()
        assert fwd.drops().get(why, 0) == before + 1, (text, why)
    # a dummy packet is no error (RFC 4303 section 2.6)
    before = fwd.drops()
    fwd.put('esp', esp(b'\x01\x02\x02' + b'\x3b'))
    assert fwd.silent() and fwd.drops() == before


def test_fragments_at_the_esp_socket_are_not_ours(fwd):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd)
    p = IP(pair.make(far()))
    p.flags = 'MF'
    del p.chksum
    fwd.put('esp', bytes(p))
    assert fwd.silent() and fwd.drops() == {'malformed_ip': 1}


# ---- too big ----

@pytest.mark.parametrize('udp', [None, (4500, 4500)], ids=['raw', 'udp'])
@pytest.mark.parametrize('cipher,auth', SUITES)
def test_too_big_with_df_is_told_to_the_sender(fwd, cipher, auth, udp):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd, cipher=cipher, auth=auth, udp=udp)
    mtu = plaintext_mtu(pair)
    fits, big = lan(mtu - 28, flags='DF'), lan(mtu - 27, flags='DF')
    fwd.put('steer', big, fits)
    got, = fwd.got('udp' if udp else 'esp')
    pair.expect(got, fits)
    assert len(got) <= (1472 if udp else 1500)
    (said, where), = fwd.got('icmp', meta=True)
    assert where['remote'] == '10.1.1.10'
    said = ICMP(said)
    assert (said.type, said.code, said.nexthopmtu) == (3, 4, mtu)
    assert bytes(said.payload) == bytes(big)[:548]
    was = said.chksum
    del said.chksum
    assert ICMP(bytes(said)).chksum == was
    assert fwd.stats()['policy'][1]['too_big'] == 1
    assert fwd.drops() == {'too_big': 1}


def test_no_icmp_answers_what_must_not_be_answered(fwd):
    fwd.table([dict(id=1, sel=('0.0.0.0/0', '0.0.0.0/0'))])
    Pair(fwd, sel=('0.0.0.0/0', '0.0.0.0/0'))
    unreachable = lan(1480, flags='DF', proto=ICMP(type=3, code=1))
    later = lan(1480, flags='DF', frag=10)
    group = IP(bytes(IP(src='10.1.1.10', dst='224.0.0.5', flags='DF') / Raw(bytes(1480))))
    nobody = IP(bytes(IP(src='0.0.0.0', dst='10.2.2.10', flags='DF') / Raw(bytes(1480))))
    fwd.put('steer', unreachable, later, group, nobody)
    assert fwd.silent() and fwd.drops() == {'too_big': 4}
    fwd.put('steer', lan(1480, flags='DF', proto=ICMP(type=8)))
    assert len(fwd.got('icmp')) == 1


def test_too_big_without_df_is_cut_before_encryption(fwd):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd)
    big = lan(3000, ident=77)
    fwd.put('steer', big)
    out = fwd.got('esp')
    assert len(out) == 3 and all(len(o) <= 1500 for o in out)
    at, text = 0, b''
    for n, got in enumerate(out):
        part = IP(bytes(pair.scapy_sa(True, IP(src=US, dst=PEER)).decrypt(IP(got))))
        assert (part.id, part.frag * 8, bool(part.flags.MF)) == (77, at, n < 2)
        pair.expect(got, part)
        at += len(part) - 20
        text += bytes(part.payload)
    assert text == bytes(big.payload)


def test_transport_mode_cuts_the_esp_packet(fwd):
    gre_table(fwd)
    pair = Pair(fwd, sel=GRE_POLICY['sel'], mode=fp.MODE_TRANSPORT)
    inner = lan(1460)
    whole = gre(inner)
    fwd.put('tunnel', inner)
    parts = [IP(o) for o in fwd.got('esp')]
    assert len(parts) == 2 and all(len(p) <= 1500 and p.id == 1 for p in parts)
    joined = parts[0].copy()
    joined.remove_payload()
    joined.flags = 0
    del joined.len, joined.chksum
    joined = joined / Raw(b''.join(bytes(p.payload) for p in parts))
    pair.expect(bytes(joined), whole)
    # fragments cannot be protected in transport mode: never half a datagram
    fwd.table([dict(id=1, sel=(US + '/32', PEER + '/32'))])
    Pair(fwd, sel=(US + '/32', PEER + '/32'), mode=fp.MODE_TRANSPORT)
    fwd.put('steer', IP(bytes(IP(src=US, dst=PEER, flags='MF') / Raw(bytes(64)))))
    assert fwd.silent() and fwd.drops() == {'fragment': 1}


def test_a_port_selector_keeps_a_big_packet_whole_inside(fwd):
    """Later fragments show no ports, and the peer would refuse them."""
    sel = ('10.1.0.0/16', '10.2.0.0/16', 17, None, 2000)
    fwd.table([dict(id=1, sel=sel)])
    pair = Pair(fwd, sel=sel)
    big = lan(2000)
    fwd.put('steer', big)
    parts = [IP(o) for o in fwd.got('esp')]
    assert len(parts) == 2 and parts[0].flags.MF and parts[0].proto == 50
    esp = b''.join(bytes(p.payload) for p in parts)
    whole = IP(bytes(IP(src=US, dst=PEER, proto=50, id=1, ttl=255) / Raw(esp)))
    pair.expect(bytes(whole), big)


# ---- UDP 4500 ----

def test_ike_and_keepalives_on_udp_4500(fwd):
    where = dict(local=US, remote=PEER, lport=4500, rport=4501)
    fwd.put('udp', b'\0\0\0\0' + b'an IKE message', b'\xff', b'\0\0\0\0', b'\xff\xff', b'', **where)
    assert fwd.take(fp.IKE_RX) == [(US, PEER, 4501, b'an IKE message')]
    assert fwd.silent()
    assert fwd.drops() == {'malformed_esp': 3}
    to = fp.addr(US) + fp.addr(PEER) + (4501).to_bytes(2, 'big')
    fwd.must(fp.IKE_TX, to + b'another')
    fwd.must(fp.IKE_TX, to)
    (ike, m), (alive, _) = fwd.got('udp', meta=True)
    assert (ike, alive) == (b'\0\0\0\0another', b'\xff')
    assert (m['local'], m['remote'], m['rport']) == (US, PEER, 4501)


def test_the_peer_is_followed_to_where_its_newest_packet_came_from(fwd):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd, udp=(4500, 4500))
    old, new, tampered = pair.make(far(1)), pair.make(far(2)), bytearray(pair.make(far(3)))
    tampered[-1] ^= 1
    fwd.put('udp', tampered, local=US, remote='203.0.113.5', rport=666)
    assert fwd.take(fp.PEER_MOVED) == []
    fwd.put('udp', new, local=US, remote='203.0.113.5', rport=1024)
    assert fwd.take(fp.PEER_MOVED) == [(pair.in_id, '203.0.113.5', 1024)]
    fwd.put('udp', old, local=US, remote=PEER, rport=4500)  # late, by the old way
    assert fwd.take(fp.PEER_MOVED) == []
    assert fwd.got('steer') == [bytes(far(2)), bytes(far(1))]
    fwd.put('steer', lan())
    (got, m), = fwd.got('udp', meta=True)
    pair.expect(got, lan())
    assert (m['remote'], m['rport']) == ('203.0.113.5', 1024)
    # what IKE has heard counts as well, either way
    for sa in (pair.in_id, pair.out_id, 4711):
        fwd.must(fp.SA_MOVE, sa.to_bytes(4, 'big') + fp.addr('203.0.113.9') + (2048).to_bytes(2, 'big'))
    fwd.put('steer', lan())
    (got, m), = fwd.got('udp', meta=True)
    assert (m['remote'], m['rport']) == ('203.0.113.9', 2048)
    fwd.put('udp', pair.make(far(4)), local=US, remote='203.0.113.9', rport=2048)
    assert fwd.take(fp.PEER_MOVED) == []


def test_a_peer_without_nat_is_not_followed(fwd):
    """RFC 3947 section 6: he does not move, so that whoever replays his packets from elsewhere changes nothing."""
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd, udp=(4500, 4500), moves=False)
    fwd.put('udp', pair.make(far(1)), local=US, remote='203.0.113.5', rport=666)
    assert fwd.take(fp.PEER_MOVED) == [] and fwd.got('steer') == [bytes(far(1))]
    fwd.put('steer', lan())
    (_, m), = fwd.got('udp', meta=True)
    assert (m['remote'], m['rport']) == (PEER, 4500)
