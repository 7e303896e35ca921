# SPDX-License-Identifier: Apache-2.0
"""GRE with everything, and IP in IP, at the ports of the forwarder alone: byte by byte
against scapy, which computes checksums by itself, and under tshark's eyes."""
import fwdproto as fp
import pytest
from conftest import built
from fwdpeer import GRE_POLICY, IFID, PEER, TUNNEL0, US, Pair, all_ports
from peers.tshark import rows
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE
from scapy.packet import Raw
from scapy.utils import wrpcap

pytestmark = pytest.mark.chooses('offload', 'ports', reason='its ports are the test itself')

IPIP = 1
HEADERS = [dict(checksum=c, sequence=s, **({'key': 0x4d2} if k else {}))
           for c in (0, 1) for s in (0, 1) for k in (0, 1)]


@pytest.fixture
def fwd():
    f = fp.Forwarder(built('tests', 'unit', 'forwarder', 'fwddrv'))
    try:
        all_ports(f)
        f.port('ipip', 5, fp.IPIP)
        yield f
    finally:
        status = f.close()
    assert status == 1


def inner(n=32, src='10.1.1.10', dst='10.2.2.10', **fields):
    return IP(bytes(IP(src=src, dst=dst, id=7, ttl=63, **fields) / UDP(sport=1, dport=2) / Raw(b'c' * n)))


def gre(payload, seq=0, src=US, dst=PEER, ident=1, proto=0x800, tos=0, ttl=255, checksum=0, sequence=0, key=None):
    h = GRE(proto=proto)
    if checksum:
        h.chksum_present = 1
    if key is not None:
        h.key_present, h.key = 1, key
    if sequence:
        h.seqnum_present, h.sequence_number = 1, seq
    return IP(bytes(IP(src=src, dst=dst, id=ident, ttl=ttl, tos=tos, proto=47) / h / payload))


def from_peer(payload, **how):
    return gre(payload, src=PEER, dst=US, **how)


@pytest.mark.parametrize('header', HEADERS, ids=lambda h: '-'.join(k for k, v in h.items() if v) or 'plain')
def test_every_header_is_what_scapy_makes(fwd, header):
    fwd.table([], [dict(TUNNEL0, **header)])
    packets = [inner(n, tos=n & 0xfc) for n in range(20)]
    fwd.put('tunnel', *packets)
    out = fwd.got('gre')
    assert out == [bytes(gre(p, seq=n, ident=fp.nth_id(n + 1), tos=p.tos, **header)) for n, p in enumerate(packets)]
    back = [inner(n, src='10.2.2.10', dst='10.1.1.10') for n in range(20)]
    fwd.put('gre', *[from_peer(p, seq=n, **header) for n, p in enumerate(back)], ifindex=IFID)
    assert fwd.got('tunnel') == [bytes(p) for p in back]
    assert fwd.silent() and fwd.drops() == {}
    st = fwd.stats()['tunnel'][0]
    assert (st['out_packets'], st['in_packets']) == (20, 20)


def test_tshark_finds_nothing_wrong(fwd, tmp_path):
    packets, want = [], []
    for header in HEADERS:
        fwd.table([], [dict(TUNNEL0, **header)])
        fwd.put('tunnel', *[inner(n) for n in (32, 33)])
        fwd.table([], [dict(TUNNEL0, keepalive=(10, 3), **header)])
        fwd.wait(300)
        out = fwd.got('gre')
        assert len(out) == 3
        packets += [IP(p) for p in out]
        key = str(header['key']) if 'key' in header else ''
        for n in range(3):
            keepalive = n == 2
            want.append([f'{US},10.1.1.10' if not keepalive else f'{US},{PEER}',
                         '0x0800' if not keepalive else '0x0800,0x0000',
                         ','.join(['1'] * (1 + keepalive)) if header['checksum'] else '',
                         ','.join([key] * (1 + keepalive)) if key else '',
                         str(n) if header['sequence'] else '', '', ''])
    pcap = str(tmp_path / 'gre.pcap')
    wrpcap(pcap, packets, linktype=101)
    said = rows(pcap, ['ip.src', 'gre.proto', 'gre.checksum.status', 'gre.key', 'gre.sequence_number',
                       '_ws.malformed', '_ws.expert'])
    assert [r[:3] + [','.join(str(int(k, 0)) for k in r[3].split(',') if k)] + r[4:] for r in said] == want


def test_a_wrong_checksum_is_counted_and_dropped_whatever_is_configured(fwd):
    for checksum in (0, 1):
        fwd.table([], [dict(TUNNEL0, checksum=checksum)])
        good = bytes(from_peer(inner(), checksum=1))
        for at in (22, 24, 25, 28, 45, len(good) - 1):  # protocol, checksum, header and payload inside
            bad = bytearray(good)
            bad[at] ^= 0x40
            fwd.put('gre', bad, ifindex=IFID)
        assert fwd.silent()
        # none at all is fine: only what is there is checked (RFC 2784 section 2.2)
        fwd.put('gre', good, from_peer(inner()), ifindex=IFID)
        assert fwd.got('tunnel') == [bytes(inner())] * 2
    assert fwd.stats()['tunnel'][0]['in_checksum'] == 12
    assert fwd.drops() == {'gre_checksum': 12}


def test_late_packets_are_dropped_and_counted(fwd):
    fwd.table([], [dict(TUNNEL0, sequence=1)])
    order = [(10, 1), (11, 1), (11, 0), (9, 0), (10, 0), (15, 1), (12, 0), (16, 1), (0x80000010, 0),
             (0x8000000f, 1), (0xffffffff, 1), (0, 1), (0xffffffff, 0), (3, 1), (1, 0)]
    for seq, taken in order:
        fwd.put('gre', from_peer(inner(), seq=seq, sequence=1), ifindex=IFID)
        assert len(fwd.got('tunnel')) == taken, seq
    # what has no number has no order
    fwd.put('gre', from_peer(inner()), ifindex=IFID)
    assert len(fwd.got('tunnel')) == 1
    late = sum(not taken for _, taken in order)
    assert fwd.drops() == {'gre_late': late} and fwd.stats()['tunnel'][0]['in_late'] == late
    # a peer that was started again counts from 0, and is heard after a while
    fwd.wait(9000)
    fwd.put('gre', from_peer(inner(), seq=1, sequence=1), ifindex=IFID)
    assert not fwd.got('tunnel')
    fwd.wait(1500)
    fwd.put('gre', *[from_peer(inner(), seq=n, sequence=1) for n in (1, 2, 1, 3)], ifindex=IFID)
    assert len(fwd.got('tunnel')) == 3
    # numbers that nobody asked for are not looked at
    fwd.table([], [TUNNEL0])
    fwd.put('gre', *[from_peer(inner(), seq=n, sequence=1) for n in (1, 2, 1, 3)], ifindex=IFID)
    assert len(fwd.got('tunnel')) == 4


def test_numbers_go_on_over_a_new_table_and_begin_with_a_new_tunnel(fwd):
    fwd.table([], [dict(TUNNEL0, sequence=1)])
    fwd.put('tunnel', inner(), inner())
    fwd.table([], [dict(TUNNEL0, sequence=1, ttl=9)])
    fwd.put('tunnel', inner())
    fwd.table([], [dict(TUNNEL0, sequence=1, key=5)])
    fwd.put('tunnel', inner())
    assert [IP(p)[GRE].sequence_number for p in fwd.got('gre')] == [0, 1, 2, 0]


def test_keys_tell_tunnels_between_two_hosts_apart(fwd):
    ports = {}
    for n in range(4):
        ports[n] = fwd.port(f't{n}', 20 + n, fp.TUNNEL, ifindex=90 + n, tunnel=n + 1)
    tunnels = [dict(id=n + 1, port=20 + n, **({'key': n} if n else {})) for n in range(4)]
    fwd.table([], tunnels)
    for n in range(4):
        fwd.put(f't{n}', inner(n))
        assert fwd.got('gre') == [bytes(gre(inner(n), key=n or None))]
        fwd.put('gre', from_peer(inner(n), key=n or None), ifindex=IFID)
        assert fwd.got(f't{n}') == [bytes(inner(n))]
        assert fwd.silent()
    fwd.put('gre', from_peer(inner(), key=0), from_peer(inner(), key=4), ifindex=IFID)
    assert fwd.silent() and fwd.drops() == {'gre_key': 2}


@pytest.mark.parametrize('tos,within,outer', [(0xff, 0xba, 0xba), (0xb8, 0, 0xb8), (0xb8, 0xe1, 0xb9),
                                              (0xe3, 0x02, 0xe2), (0, 0xfe, 2)])
def test_tos_and_ttl_of_the_outer_header(fwd, tos, within, outer):
    fwd.table([], [dict(TUNNEL0, tos=tos, ttl=17)])
    fwd.put('tunnel', inner(tos=within))
    assert fwd.got('gre') == [bytes(gre(inner(tos=within), tos=outer, ttl=17))]


# the marks of RFC 6040 figure 4: (inner, outer) -> what arrives; None: dropped
@pytest.mark.parametrize('within,outer,want', [(0, 0, 0), (0, 3, None), (2, 3, 3), (1, 3, 3), (2, 1, 1), (2, 0, 2)])
@pytest.mark.parametrize('family', [4, 6])
def test_congestion_marks_come_off(fwd, family, within, outer, want):
    fwd.table([], [TUNNEL0])

    def packet(ecn):
        if family == 4:
            return inner(tos=0x28 | ecn)
        return IPv6(bytes(IPv6(src='2001:db8::1', dst='ff02::5', tc=0x28 | ecn, fl=0x54321) / UDP() / Raw(b'six')))

    p = from_peer(packet(within), proto=0x800 if family == 4 else 0x86dd, tos=0xb8 | outer)
    fwd.put('gre', p, ifindex=IFID)
    assert fwd.got('tunnel') == ([] if want is None else [bytes(packet(want))])
    assert fwd.drops() == ({'ecn': 1} if want is None else {})
    fwd.put('tunnel', packet(within))
    got = IP(fwd.got('gre')[0])
    assert got.tos == 0x28 | within and got[GRE].proto == (0x800 if family == 4 else 0x86dd)


def test_multicast_rides_in_gre(fwd):
    fwd.table([], [TUNNEL0])
    hello = IP(bytes(IP(src='10.0.0.1', dst='224.0.0.5', ttl=1, tos=0xc0, id=3, proto=89) / Raw(bytes(44))))
    fwd.put('tunnel', hello)
    assert fwd.got('gre') == [bytes(gre(hello, tos=0xc0))]
    fwd.put('gre', from_peer(hello, tos=0xc0), ifindex=IFID)
    assert fwd.got('tunnel') == [bytes(hello)]


# ---- IP in IP ----

def ipip(payload, src=US, dst=PEER, ident=1, tos=0):
    return IP(bytes(IP(src=src, dst=dst, id=fp.nth_id(ident), ttl=255, tos=tos, proto=4) / payload))


def test_ip_in_ip_is_what_scapy_makes(fwd):
    fwd.table([], [dict(TUNNEL0, encap=IPIP)])
    packets = [inner(n, tos=n & 0xfc) for n in range(20)]
    fwd.put('tunnel', *packets)
    assert fwd.got('gre') == [bytes(ipip(p, ident=n + 1, tos=p.tos)) for n, p in enumerate(packets)]
    fwd.put('ipip', *[ipip(p, src=PEER, dst=US) for p in packets], ifindex=IFID)
    assert fwd.got('tunnel') == [bytes(p) for p in packets]
    # neither takes the other's packets
    fwd.put('gre', from_peer(inner()), ifindex=IFID)
    fwd.table([], [TUNNEL0])
    fwd.put('ipip', ipip(inner(), src=PEER, dst=US), ifindex=IFID)
    assert fwd.silent() and fwd.drops() == {'no_tunnel': 2}
    fwd.table([], [dict(TUNNEL0, encap=IPIP)])
    fwd.put('tunnel', IPv6(src='2001:db8::1', dst='2001:db8::2') / UDP())  # that would be protocol 41
    fwd.put('ipip', bytes(ipip(Raw(b'E' + bytes(30)), src=PEER, dst=US)), ifindex=IFID)
    assert fwd.silent() and fwd.drops() == {'no_tunnel': 2, 'gre_unsupported': 1, 'malformed_gre': 1}


def test_ip_in_ip_in_esp(fwd):
    policy = dict(id=1, sel=(US + '/32', PEER + '/32', 4))
    fwd.table([policy], [dict(TUNNEL0, encap=IPIP)])
    pair = Pair(fwd, sel=policy['sel'], mode=fp.MODE_TRANSPORT)
    fwd.put('tunnel', inner())
    got, = fwd.got('esp')
    pair.expect(got, ipip(inner()))
    fwd.put('esp', pair.make(ipip(inner(), src=PEER, dst=US)))
    assert fwd.got('tunnel') == [bytes(inner())]
    fwd.put('ipip', ipip(inner(), src=PEER, dst=US), ifindex=IFID)
    assert fwd.silent() and fwd.drops() == {'recvd_clear': 1}


# ---- keepalives ----

def reply_of(src, dst, ttl=255, ident=0, checksum=0, key=None, tos=0xc0, **more):
    """The GRE packet of protocol 0 that a keepalive to dst brings along."""
    return gre(b'', src=dst, dst=src, proto=0, tos=tos, ttl=ttl, ident=ident or 1, checksum=checksum, key=key)


@pytest.mark.parametrize('header', HEADERS, ids=lambda h: '-'.join(k for k, v in h.items() if v) or 'plain')
def test_keepalives_are_what_cisco_sends(fwd, header):
    fwd.table([], [dict(TUNNEL0, keepalive=(5, 3), **header)])
    fwd.wait(300)
    for _ in range(2):
        fwd.wait(5000)
    out = fwd.got('gre')
    assert out == [bytes(gre(reply_of(US, PEER, ident=n, **header), seq=n, ident=fp.nth_id(n + 1), tos=0xc0, **header))
                   for n in range(3)]
    # what comes back is what we put in, and goes nowhere
    for p in out:
        fwd.put('gre', bytes(IP(p)[GRE].payload), ifindex=IFID)
    assert fwd.silent() and fwd.take(fp.TUNNEL_ALIVE) == []
    st = fwd.stats()['tunnel'][0]
    assert [st[k] for k in ('keepalives', 'keepalives_back', 'keepalives_missed', 'keepalives_answered')] == [3, 3, 0, 0]
    assert fwd.drops() == {}


def test_a_tunnel_whose_keepalives_stay_away_goes_down_and_comes_back(fwd):
    fwd.table([], [dict(TUNNEL0, keepalive=(10, 3))])
    fwd.wait(300)
    reply = bytes(reply_of(US, PEER))
    for n in range(3):
        fwd.wait(9800)
        assert fwd.take(fp.TUNNEL_ALIVE) == []
        fwd.put('tunnel', inner())
        assert len(fwd.got('gre')) == 2, n  # a keepalive and the packet
        fwd.wait(200)
    fwd.wait(300)
    assert fwd.take(fp.TUNNEL_ALIVE) == [(0, 0)]
    # dead: data passes neither way, keepalives go on, and the peer's are answered
    fwd.got('gre')
    fwd.put('tunnel', inner())
    fwd.put('gre', from_peer(inner()), ifindex=IFID)
    assert fwd.silent() and fwd.drops() == {'tunnel_down': 2}
    fwd.put('gre', from_peer(reply_of(PEER, US)), ifindex=IFID)
    assert fwd.got('gre') == [bytes(reply_of(PEER, US, ttl=254))]
    fwd.wait(10000)
    assert len(fwd.got('gre')) == 1
    # the same for a new table, and a control that is new hears of it
    fwd.table([], [dict(TUNNEL0, keepalive=(10, 3), ttl=9)])
    fwd.wait(300)
    assert fwd.take(fp.TUNNEL_ALIVE) == [(0, 0)]
    fwd.put('gre', reply, ifindex=IFID)
    assert fwd.take(fp.TUNNEL_ALIVE) == [(0, 1)]
    fwd.put('tunnel', inner())
    assert len(fwd.got('gre')) == 1
    # dead again, and without keepalives alive
    for _ in range(4):
        fwd.wait(10000)
    assert fwd.take(fp.TUNNEL_ALIVE) == [(0, 0)]
    fwd.table([], [TUNNEL0])
    fwd.wait(300)
    assert fwd.take(fp.TUNNEL_ALIVE) == [(0, 1)]
    fwd.got('gre')
    fwd.wait(30000)
    assert fwd.silent()


def test_keepalives_are_traced_for_who_asks(fwd):
    fwd.table([], [dict(TUNNEL0, keepalive=(10, 2), key=5, trace=1)])
    fwd.wait(300)
    fwd.wait(10000)
    assert fwd.take(fp.KEEPALIVE) == [(0, 0, 1, 28, 255), (0, 0, 2, 28, 255)]
    fwd.put('gre', reply_of(US, PEER, ttl=251, key=5), ifindex=IFID)
    assert fwd.take(fp.KEEPALIVE) == [(0, 1, 0, 28, 251)]
    for _ in range(4):
        fwd.wait(10000)
    assert fwd.take(fp.KEEPALIVE) == [(0, 0, n, 28, 255) for n in (1, 2, 3, 4)]
    fwd.put('gre', *[reply_of(US, PEER, key=5)] * 50, ifindex=IFID)  # of a stranger, perhaps
    assert len(fwd.take(fp.KEEPALIVE)) <= 20
    fwd.table([], [dict(TUNNEL0, keepalive=(10, 2), key=5)])
    fwd.wait(10000)
    assert fwd.take(fp.KEEPALIVE) == []


def test_ip_in_ip_has_no_keepalives(fwd):
    fwd.table([], [dict(TUNNEL0, encap=IPIP, keepalive=(10, 2))])
    for _ in range(5):
        fwd.wait(10000)
    assert fwd.silent() and fwd.take(fp.TUNNEL_ALIVE) == []
    like_one = reply_of(PEER, US)
    fwd.put('ipip', ipip(like_one, src=PEER, dst=US), ifindex=IFID)
    assert fwd.got('tunnel') == [bytes(like_one)] and fwd.silent()


def test_keepalives_wait_for_a_tunnel_that_is_up(fwd):
    fwd.table([], [dict(TUNNEL0, keepalive=(1, 1), up=0)])
    for _ in range(5):
        fwd.wait(1000)
    assert fwd.silent() and fwd.take(fp.TUNNEL_ALIVE) == []
    fwd.table([], [dict(TUNNEL0, keepalive=(1, 1))])
    fwd.wait(300)
    assert len(fwd.got('gre')) == 1


def test_the_peers_keepalives_are_answered_without_state(fwd):
    fwd.table([], [TUNNEL0])
    for header in HEADERS[1:]:
        header = dict(header, key=None)
        p = from_peer(reply_of(PEER, US, ident=9, **header), tos=0xc0)
        fwd.put('gre', p, ifindex=IFID)
        assert fwd.got('gre') == [bytes(reply_of(PEER, US, ident=9, ttl=254, **header))]
    assert fwd.stats()['tunnel'][0]['keepalives_answered'] == 7
    # nobody is answered by way of us but the peer: all else is a packet like any other
    for src, dst in (('203.0.113.9', PEER), (PEER, US), ('172.16.0.1', '172.16.0.2')):
        odd = gre(b'', src=src, dst=dst, proto=0)
        fwd.put('gre', from_peer(odd), ifindex=IFID)
        assert fwd.got('gre') == [] and fwd.got('tunnel') == [bytes(odd)]
    for odd in (gre(b'', src=US, dst=PEER, proto=0, ttl=1), gre(inner(), src=US, dst=PEER),
                IP(bytes(IP(src=US, dst=PEER) / ICMP()))):
        fwd.put('gre', from_peer(odd), ifindex=IFID)
        assert fwd.got('gre') == [] and fwd.got('tunnel') == [bytes(odd)]
    bad = bytearray(bytes(gre(b'', src=US, dst=PEER, proto=0)))
    bad[10] ^= 1  # header checksum
    fwd.put('gre', from_peer(Raw(bytes(bad))), ifindex=IFID)
    assert fwd.got('gre') == []
    # an answer that nobody asked for
    fwd.put('gre', reply_of(US, PEER), ifindex=IFID)
    fwd.got('tunnel')
    assert fwd.silent() and fwd.drops() == {'gre_unsupported': 1}


def test_keepalives_that_are_written_otherwise_are_answered_too(fwd):
    own, his = '172.16.0.1', '172.16.0.2'
    fwd.table([], [dict(TUNNEL0, own=own)])
    # a peer behind NAT writes what he believes to be his address: the answer goes to where he is
    fwd.put('gre', from_peer(gre(b'', src=US, dst='192.168.5.15', proto=0)), ifindex=IFID)
    assert fwd.got('gre') == [bytes(reply_of(PEER, US, ttl=254, tos=0))]
    # GRE protocol 4 in place of IPv4, for nothing else
    fwd.put('gre', from_peer(reply_of(PEER, US), proto=4), from_peer(inner(), proto=4), ifindex=IFID)
    assert fwd.got('gre') == [bytes(reply_of(PEER, US, ttl=254))]
    assert fwd.drops() == {'gre_unsupported': 1}
    # the addresses of the tunnel: the answer belongs into it
    asked = gre(b'keepalive', src=own, dst=his, proto=0, ttl=64)
    fwd.put('gre', from_peer(asked), ifindex=IFID)
    assert fwd.got('gre') == [bytes(gre(gre(b'keepalive', src=own, dst=his, proto=0, ttl=63)))]
    assert fwd.stats()['tunnel'][0]['keepalives_answered'] == 3
    assert fwd.silent()


@pytest.mark.parametrize('mode', [fp.MODE_TUNNEL, fp.MODE_TRANSPORT], ids=['tunnel', 'transport'])
def test_keepalives_both_ways_in_esp(fwd, mode):
    fwd.table([GRE_POLICY], [dict(TUNNEL0, keepalive=(10, 3))])
    fwd.wait(300)
    assert fwd.take(fp.ACQUIRE) == [(1, (US, PEER, 47))]  # it is interesting traffic
    pair = Pair(fwd, sel=GRE_POLICY['sel'], mode=mode)
    got, = fwd.got('esp')
    pair.expect(got, gre(reply_of(US, PEER), tos=0xc0))
    fwd.put('esp', pair.make(reply_of(US, PEER)))
    assert fwd.silent()
    fwd.put('esp', pair.make(from_peer(reply_of(PEER, US), tos=0xc0)))
    got, = fwd.got('esp')
    pair.expect(got, reply_of(PEER, US, ttl=254), ip_id=2 if mode == fp.MODE_TUNNEL else 1)
    st = fwd.stats()['tunnel'][0]
    assert (st['keepalives'], st['keepalives_back'], st['keepalives_answered']) == (1, 1, 1)
    # in clear they are none: neither keeps a dead peer alive nor is answered
    fwd.put('gre', reply_of(US, PEER), from_peer(reply_of(PEER, US)), ifindex=IFID)
    assert fwd.silent() and fwd.drops() == {'recvd_clear': 2}
    assert fwd.stats()['tunnel'][0]['keepalives_back'] == 1
