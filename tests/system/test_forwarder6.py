# SPDX-License-Identifier: Apache-2.0
"""The forwarder alone where IPv6 is inside, outside or both: SAs, policies, tunnels, path MTU and refusals by its
protocol, packets by its ports, compared with scapy's."""
import itertools

import fwdproto as fp
import pytest
from conftest import built
from scapy.layers.inet import IP, TCP, UDP, ICMP
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6PacketTooBig, IPv6, IPv6ExtHdrDestOpt,
                                IPv6ExtHdrFragment, defragment6)
from scapy.layers.ipsec import AH, ESP, SecurityAssociation
from scapy.layers.l2 import GRE
from scapy.packet import Raw

pytestmark = pytest.mark.chooses('offload', 'ports', reason='its ports are the test itself')

US6, PEER6 = '2001:db8:1::1', '2001:db8:2::1'
US4, PEER4 = '192.0.2.1', '198.51.100.1'
OWN6 = '2001:db8:aaaa::1'
IFID = 7
LAN = {4: ('10.1.0.0/16', '10.2.0.0/16'), 6: ('2001:db8:a::/48', '2001:db8:b::/48')}
HOST = {4: ('10.1.1.10', '10.2.2.10'), 6: ('2001:db8:a::10', '2001:db8:b::10')}
ENDS = {4: (US4, PEER4), 6: (US6, PEER6)}
MIXES = [(6, 6), (4, 6), (6, 4)]  # inside, outside
mixes = pytest.mark.parametrize('inside,outside', MIXES, ids=lambda n: str(n))
spis = itertools.count(0x2001)


@pytest.fixture
def fwd():
    f = fp.Forwarder(built('tests', 'unit', 'forwarder', 'fwddrv'))
    try:
        f.port('steer', 11, fp.STEER, ifid=IFID, ifindex=70)
        f.port('tunnel', 10, fp.TUNNEL, ifindex=80)
        for n, (name, kind) in enumerate([('esp4', fp.ESP), ('ah4', fp.AH), ('gre4', fp.GRE), ('icmp4', fp.ICMP),
                                          ('udp4', fp.UDP), ('esp6', fp.ESP6), ('ah6', fp.AH6), ('gre6', fp.GRE6),
                                          ('icmp6', fp.ICMP6), ('udp6', fp.UDP6), ('ipv6ip', fp.IPV6IP),
                                          ('ip4in6', fp.IP4IN6), ('ip6in6', fp.IP6IN6)], 20):
            f.port(name, n, kind)
        yield f
    finally:
        status = f.close()
    assert status == 1


def secret(n, salt):
    return bytes((i * 37 + salt) & 255 for i in range(n))


def ip(family, src, dst, **fields):
    """A header, with the words of IPv4 for both."""
    if family == 4:
        return IP(src=src, dst=dst, **fields)
    names = {'tos': 'tc', 'ttl': 'hlim', 'proto': 'nh'}
    return IPv6(src=src, dst=dst, **{names.get(k, k): v for k, v in fields.items() if k not in ('id', 'flags')})


def parsed(data):
    return (IPv6 if bytes(data)[0] >> 4 == 6 else IP)(bytes(data))


def lan(family, n=64, back=False, **fields):
    src, dst = HOST[family][::-1] if back else HOST[family]
    return parsed(ip(family, src, dst, id=n + 1, ttl=63, **fields) / UDP(sport=1000, dport=2000) / Raw(b'd' * n))


def match(family):
    return dict(id=1, sel=LAN[family], local=US6)


class Pair:
    """Two SAs, and scapy's twins of them."""

    def __init__(self, fwd, inside, outside, mode=fp.MODE_TUNNEL, cipher='aes128', ah=False, udp=None, sel=None,
                 policy=1, ends=None):
        self.mode, self.outside, self.inside = mode, outside, inside
        self.us, self.peer = ends or ENDS[outside]
        self.out_spi, self.in_spi = next(spis), next(spis)
        self.alone = cipher is None
        enc, icv = (secret(16, 1), secret(20, 2)) if cipher else (b'', secret(20, 2))
        common = dict(pair=self.out_spi, policy=policy, mode=mode, cipher=cipher, auth='sha1', window=64,
                      sel=sel or LAN[inside], life=(0, 0, 0, 0), enc_key=enc, auth_key=icv)
        around = (lambda spi: (spi, 'sha256', secret(32, 9))) if ah else (lambda spi: None)
        fwd.sa_add(dict(common, id=self.out_spi, dir=fp.OUT, spi=self.out_spi, src=self.us, dst=self.peer, udp=udp,
                        ah=around(self.out_spi)))
        fwd.sa_add(dict(common, id=self.in_spi, dir=fp.IN, spi=self.in_spi, src=self.peer, dst=self.us,
                        udp=udp and udp[::-1], ah=around(self.in_spi)))
        self.seq = 0

    def twin(self, spi, src, dst, tos=0, ttl=255):
        header = ip(self.outside, src, dst, ttl=ttl, tos=tos) if self.mode == fp.MODE_TUNNEL else None
        if self.alone:
            return SecurityAssociation(AH, spi=spi, auth_algo='HMAC-SHA1-96', auth_key=secret(20, 2), tunnel_header=header)
        return SecurityAssociation(ESP, spi=spi, crypt_algo='AES-CBC', crypt_key=secret(16, 1),
                                   auth_algo='HMAC-SHA1-96', auth_key=secret(20, 2), tunnel_header=header)

    def open(self, got):
        """What is in one of ours."""
        return bytes(self.twin(self.out_spi, self.us, self.peer).decrypt(parsed(got)))

    def make(self, p, **outer):
        self.seq += 1
        return bytes(self.twin(self.in_spi, self.peer, self.us, ttl=60, **outer).encrypt(p, seq_num=self.seq))


# ---- LAN to LAN ----

@mixes
@pytest.mark.parametrize('proto', ['esp', 'ah'])
def test_tunnel_mode_both_ways(fwd, inside, outside, proto):
    fwd.table([match(inside)])
    pair = Pair(fwd, inside, outside, cipher='aes128' if proto == 'esp' else None)
    packets = [lan(inside, n, tos=n & 0xfc) for n in range(20)]
    fwd.put('steer', *packets)
    out = fwd.got(f'{proto}{outside}')
    assert [pair.open(p) for p in out] == [bytes(p) for p in packets]
    for i, p in enumerate(map(parsed, out)):
        assert (p.src, p.dst) == ENDS[outside] and (p.tc if outside == 6 else p.tos) == i & 0xfc
        assert (p.hlim if outside == 6 else p.ttl) == 255
    back = [lan(inside, n, back=True) for n in range(20)]
    fwd.put(f'{proto}{outside}', *[pair.make(p) for p in back])
    assert fwd.got('steer') == [bytes(p) for p in back]
    assert fwd.silent() and fwd.drops() == {}
    st = fwd.stats()['policy'][1]
    assert (st['encaps'], st['decaps'], st['matches']) == (20, 20, 20)


@mixes
def test_a_bundle(fwd, inside, outside):
    fwd.table([match(inside)])
    pair = Pair(fwd, inside, outside, ah=True)
    packets = [lan(inside, n) for n in range(10)]
    fwd.put('steer', *packets)
    out = fwd.got(f'ah{outside}')
    opener = SecurityAssociation(AH, spi=pair.out_spi, auth_algo='SHA2-256-128', auth_key=secret(32, 9))
    assert [pair.open(bytes(opener.decrypt(parsed(p)))) for p in out] == [bytes(p) for p in packets]
    assert fwd.silent() and fwd.drops() == {}
    fwd.put(f'esp{outside}', pair.make(lan(inside, back=True)))  # without its AH
    assert fwd.silent() and fwd.drops() == {'not_bundled': 1}


@pytest.mark.parametrize('inside', [4, 6])
def test_udp_over_ipv6_and_a_peer_that_moves(fwd, inside):
    fwd.table([match(inside)])
    pair = Pair(fwd, inside, 6, udp=(4500, 4500))
    p = lan(inside, tos=0x20)
    fwd.put('steer', p)
    (got, m), = fwd.got('udp6', meta=True)
    assert m == {'local': US6, 'remote': PEER6, 'lport': 4500, 'rport': 4500, 'tos': 0x20}
    bare = IPv6(src=US6, dst=PEER6, nh=50, plen=len(got)) / got
    assert pair.open(bare) == bytes(p)
    q = lan(inside, back=True)
    elsewhere = '2001:db8:2::99'
    fwd.put('udp6', pair.make(q)[40:], local=US6, remote=elsewhere, lport=4500, rport=31000)
    assert fwd.got('steer') == [bytes(q)]
    assert fwd.take(fp.PEER_MOVED) == [(pair.in_spi, elsewhere, 31000)]
    fwd.put('steer', p)
    (_, m), = fwd.got('udp6', meta=True)
    assert (m['remote'], m['rport']) == (elsewhere, 31000)
    # IKE beside it, both ways
    fwd.put('udp6', b'\0\0\0\0ike!', local=US6, remote=PEER6, lport=4500, rport=4500)
    assert fwd.take(fp.IKE_RX) == [(US6, PEER6, 4500, b'ike!')]
    fwd.must(fp.IKE_TX, fp.addr(US6) + fp.addr(PEER6) + (4500).to_bytes(2, 'big') + b'answer')
    (ike, m), = fwd.got('udp6', meta=True)
    assert (ike, m['remote'], m['rport']) == (b'\0\0\0\0answer', PEER6, 4500)


@pytest.mark.parametrize('proto', ['esp', 'ah'])
def test_transport_mode_between_the_ends(fwd, proto):
    ends = (US6 + '/128', PEER6 + '/128', 17)
    fwd.table([dict(id=1, sel=ends, local=US6)])
    pair = Pair(fwd, 6, 6, mode=fp.MODE_TRANSPORT, cipher='aes128' if proto == 'esp' else None, sel=ends)
    packets = [parsed(IPv6(src=US6, dst=PEER6, hlim=64, fl=7) / UDP(sport=9, dport=10) / Raw(b'x' * n)) for n in range(9)]
    fwd.put('steer', *packets)
    out = fwd.got(f'{proto}6')
    assert [pair.open(p) for p in out] == [bytes(p) for p in packets]
    assert all(IPv6(p).fl == 7 and IPv6(p).hlim == 64 for p in out)
    back = parsed(IPv6(src=PEER6, dst=US6, hlim=60) / IPv6ExtHdrDestOpt() / UDP(sport=10, dport=9) / Raw(b'y'))
    fwd.put(f'{proto}6', pair.make(back))
    assert fwd.got('steer') == [bytes(back)]
    # a fragment cannot be; RFC 4303 section 3.1.1
    frag = parsed(IPv6(src=US6, dst=PEER6) / IPv6ExtHdrFragment(m=1, id=5, nh=17) / UDP(sport=9, dport=10) / Raw(b'z' * 56))
    fwd.put('steer', frag)
    assert fwd.silent() and fwd.drops() == {'fragment': 1}


# ---- policies ----

def test_ports_and_protocols_choose_behind_extension_headers(fwd):
    wide = LAN[6]
    fwd.table([dict(id=1, seq=10, sel=(*wide, 6, None, 443), local=US6), dict(id=2, seq=20, action=fp.SKIP, sel=(*wide, 58)),
               dict(id=3, seq=30, sel=(*wide, 17), local=US6)])
    src, dst = HOST[6]
    https = parsed(IPv6(src=src, dst=dst) / IPv6ExtHdrDestOpt() / TCP(sport=5, dport=443))
    ping = parsed(IPv6(src=src, dst=dst) / ICMPv6EchoRequest())
    fwd.put('steer', https, lan(6), ping)
    assert fwd.silent()
    assert fwd.take(fp.ACQUIRE) == [(1, (src, dst, 6, 5, 443)), (3, (src, dst, 17, 1000, 2000))]
    assert fwd.drops() == {'no_policy': 1}
    pair = Pair(fwd, 6, 6, policy=3, sel=(*wide, 17))
    assert pair.open(fwd.got('esp6')[0]) == bytes(lan(6))  # it has waited
    # later fragments have no ports
    later = parsed(IPv6(src=src, dst=dst) / IPv6ExtHdrFragment(nh=6, offset=10, id=1) / Raw(b'f' * 16))
    fwd.put('steer', later)
    assert fwd.silent() and fwd.drops() == {'no_policy': 2}


@mixes
def test_what_an_sa_is_not_about_is_refused(fwd, inside, outside):
    fwd.table([match(inside)])
    pair = Pair(fwd, inside, outside)
    other = 4 if inside == 6 else 6
    src, dst = HOST[inside][::-1]
    stray = parsed(ip(inside, src, '10.9.9.9' if inside == 4 else '2001:db8:c::1') / UDP())
    fwd.put(f'esp{outside}', pair.make(stray), pair.make(lan(other, back=True)))
    assert fwd.silent() and fwd.drops() == {'bad_identity': 2}
    said = fwd.take(fp.SA_EVENT)
    assert [s[:2] for s in said] == [(pair.in_spi, fp.EV_IDENTITY)] * 2 and said[0][3][:2] == (stray.src, stray.dst)
    whole = pair.make(lan(inside, back=True))
    fwd.put(f'esp{outside}', whole[:-1] + bytes([whole[-1] ^ 1]), whole, whole)
    assert fwd.got('steer') == [bytes(lan(inside, back=True))]
    assert fwd.drops() == {'bad_identity': 2, 'auth_failed': 1, 'replayed': 1}
    fwd.put(f'esp{outside}', pair.make(lan(inside, back=True, tos=0), tos=3))
    assert fwd.silent() and fwd.drops()['ecn'] == 1


def test_spis_that_nobody_has(fwd):
    pair = Pair(fwd, 6, 6)
    nobody = IPv6(src=PEER6, dst=US6, nh=50) / ESP(spi=0x7777, seq=1, data=b'x' * 40)
    fwd.put('esp6', nobody)
    fwd.put('ah6', IPv6(src=PEER6, dst=US6, nh=51) / AH(nh=59, payloadlen=4, spi=0x8888, seq=1, icv=b'i' * 12))
    # of the other family, a real one is nobody's
    fwd.put('esp4', IP(src=PEER4, dst=US4, proto=50) / ESP(spi=pair.in_spi, seq=1, data=b'x' * 40))
    fwd.put('udp4', bytes(ESP(spi=pair.in_spi, seq=1, data=b'x' * 40)), local=US4, remote=PEER4, lport=4500, rport=4500)
    assert fwd.silent() and fwd.drops() == {'unknown_spi': 4}
    assert fwd.take(fp.UNKNOWN_SPI) == [(PEER6, US6, 50, 0x7777), (PEER6, US6, 51, 0x8888),
                                        (PEER4, US4, 50, pair.in_spi), (PEER4, US4, 50, pair.in_spi)]
    fwd.put('esp6', bytes(nobody)[:43], b'\x60' + bytes(38), b'')
    assert fwd.silent() and fwd.drops()['malformed_ip'] >= 2


def test_lists_of_ipv4_permit_no_ipv6(fwd):
    fwd.table([dict(match(6), acl=(1, 1))], lists=[('L', [(10, True)])])
    pair = Pair(fwd, 6, 6)
    fwd.put('steer', lan(6))
    fwd.put('esp6', pair.make(lan(6, back=True)))
    assert fwd.silent() and fwd.drops() == {'access': 2}


# ---- tunnels ----

def gre(outside, payload, back=False, seq=0, proto=None, tos=0, checksum=0, sequence=0, key=None, ttl=255, ident=1):
    h = GRE(proto=proto or (0x86dd if payload.version == 6 else 0x800))
    if checksum:
        h.chksum_present = 1
    if key is not None:
        h.key_present, h.key = 1, key
    if sequence:
        h.seqnum_present, h.sequence_number = 1, seq
    src, dst = ENDS[outside][::-1] if back else ENDS[outside]
    return parsed(ip(outside, src, dst, ttl=ttl, tos=tos, proto=47, id=fp.nth_id(ident)) / h / payload)


def tunnel(outside, **more):
    return dict(id=0, port=10, src=ENDS[outside][0], dst=ENDS[outside][1], **more)


@pytest.mark.parametrize('inside,outside', [*MIXES, (4, 4)])
@pytest.mark.parametrize('header', [{}, dict(checksum=1, key=0x4d2, sequence=1), dict(key=0)], ids=str)
def test_gre_is_what_scapy_makes(fwd, inside, outside, header):
    fwd.table([], [tunnel(outside, **header)])
    packets = [lan(inside, n, tos=n & 0xfc) for n in range(12)]
    fwd.put('tunnel', *packets)
    assert fwd.got(f'gre{outside}') == [bytes(gre(outside, p, seq=n, ident=n + 1, tos=n & 0xfc, **header))
                                       for n, p in enumerate(packets)]
    back = [lan(inside, n, back=True) for n in range(12)]
    fwd.put(f'gre{outside}', *[gre(outside, p, back=True, seq=n, **header) for n, p in enumerate(back)], ifindex=IFID)
    assert fwd.got('tunnel') == [bytes(p) for p in back]
    assert fwd.silent() and fwd.drops() == {}


@pytest.mark.parametrize('encap,inside,outside,port', [(fp.ENCAP_IPV6IP, 6, 4, 'ipv6ip'), (fp.ENCAP_IPV6, 6, 6, 'ip6in6'),
                                                       (fp.ENCAP_IPV6, 4, 6, 'ip4in6')])
def test_ip_in_ip(fwd, encap, inside, outside, port):
    fwd.table([], [tunnel(outside, encap=encap)])
    p, q = lan(inside, tos=0xa0), lan(inside, back=True)
    fwd.put('tunnel', p)
    out, = map(parsed, fwd.got(f'gre{outside}'))
    number = 41 if inside == 6 else 4
    assert (out.src, out.dst) == ENDS[outside] and bytes(out.payload) == bytes(p)
    assert (out.nh if outside == 6 else out.proto) == number
    src, dst = ENDS[outside][::-1]
    fwd.put(port, ip(outside, src, dst, proto=number) / q, ifindex=IFID)
    assert fwd.got('tunnel') == [bytes(q)]
    if outside == 6:  # Linux writes a tunnel encapsulation limit (RFC 2473 section 4.1.1)
        fwd.put(port, IPv6(src=src, dst=dst, nh=60) / Raw(bytes([number, 0, 4, 1, 4, 1, 1, 0])) / q, ifindex=IFID)
        assert fwd.got('tunnel') == [bytes(q)]
    # the number says what is inside
    liar = ip(outside, src, dst, proto=number) / Raw(bytes(lan(10 - inside, back=True)))
    fwd.put(port, liar, ifindex=IFID)
    assert fwd.silent() and fwd.drops() == {'malformed_gre': 1}
    # and the tunnel, whether it carries that
    if encap == fp.ENCAP_IPV6IP:
        fwd.put('tunnel', lan(4))
        assert fwd.silent() and fwd.drops()['gre_unsupported'] == 1


def test_a_tunnel_is_found_by_its_ends_alone(fwd):
    fwd.table([], [tunnel(6, key=5)])
    p = lan(6, back=True)
    wrong = gre(6, p, back=True, key=5)
    wrong.src = '2001:db8:2::2'
    fwd.put('gre6', wrong, gre(6, p, back=True, key=6), gre(6, p, back=True), ifindex=IFID)
    fwd.put('gre4', gre(4, p, back=True, key=5), ifindex=IFID)
    fwd.put('ip6in6', ip(6, PEER6, US6, proto=41) / p, ifindex=IFID)
    assert fwd.silent() and fwd.drops() == {'no_tunnel': 3, 'gre_key': 2}
    # a packet to the tunnel's own end would go round
    fwd.put('tunnel', parsed(IPv6(src=OWN6, dst=PEER6) / UDP()))
    assert fwd.silent() and fwd.drops()['recursion'] == 1
    # marked outside, not capable inside; and what is none of IPv6
    fwd.put('gre6', gre(6, p, back=True, key=5, tos=3), gre(6, p, back=True, key=5, proto=0x800), ifindex=IFID)
    assert fwd.silent() and (fwd.drops()['ecn'], fwd.drops()['malformed_gre']) == (1, 1)


@pytest.mark.parametrize('inside', [4, 6])
def test_gre_under_protection(fwd, inside):
    """Transport mode over IPv6 around GRE; in clear nothing comes or goes."""
    sel = (US6 + '/128', PEER6 + '/128', 47)
    fwd.table([dict(id=1, ifid=0, sel=sel, local=US6)], [tunnel(6, protect=1)])
    fwd.put('tunnel', lan(inside))
    assert fwd.silent()
    assert fwd.take(fp.ACQUIRE) == [(1, (US6, PEER6, 47))]
    pair = Pair(fwd, inside, 6, mode=fp.MODE_TRANSPORT, sel=sel)
    out, = fwd.got('esp6')
    assert pair.open(out) == bytes(gre(6, lan(inside)))
    q = lan(inside, back=True)
    fwd.put('esp6', pair.make(gre(6, q, back=True)))
    assert fwd.got('tunnel') == [bytes(q)]
    fwd.put('gre6', gre(6, q, back=True), ifindex=IFID)
    assert fwd.silent() and fwd.drops() == {'recvd_clear': 1}
    assert fwd.take(fp.RECVD_CLEAR) == [(IFID, (US6, PEER6, 47))]
    fwd.must(fp.SA_DEL, pair.out_spi.to_bytes(4, 'big'))
    fwd.put('tunnel', lan(inside))
    assert fwd.silent()


def test_gre_in_clear_that_a_crypto_map_protects(fwd):
    sel = (US6 + '/128', PEER6 + '/128', 47)
    fwd.table([dict(id=1, sel=sel, local=US6)], [tunnel(6)])
    fwd.put('gre6', gre(6, lan(6, back=True), back=True), ifindex=IFID)
    assert fwd.silent() and fwd.drops() == {'recvd_clear': 1}
    assert fwd.take(fp.RECVD_CLEAR) == [(IFID, (US6, PEER6, 47))]
    fwd.put('tunnel', lan(4))
    assert fwd.silent() and fwd.take(fp.ACQUIRE) == [(1, (US6, PEER6, 47))]


@mixes
def test_vti(fwd, inside, outside):
    everything = ('::/0', '::/0') if inside == 6 else ('0.0.0.0/0', '0.0.0.0/0')
    fwd.table([dict(id=1, ifid=0, sel=everything, local=ENDS[outside][0])], [tunnel(outside, protect=1, vti=1)])
    pair = Pair(fwd, inside, outside, sel=everything)
    p, q = lan(inside), lan(inside, back=True)
    fwd.put('tunnel', p)
    assert [pair.open(x) for x in fwd.got(f'esp{outside}')] == [bytes(p)]
    fwd.put(f'esp{outside}', pair.make(q))
    assert fwd.got('tunnel') == [bytes(q)]
    fwd.put('tunnel', lan(10 - inside))  # no SA of it could carry that
    assert fwd.silent() and fwd.drops() == {'no_policy': 1} and fwd.take(fp.ACQUIRE) == []


# ---- sizes ----

def syn(family, mss, back=False):
    src, dst = HOST[family][::-1] if back else HOST[family]
    return parsed(ip(family, src, dst) / TCP(flags='S', options=[('NOP', None), ('MSS', mss)]))


@pytest.mark.parametrize('outside', [4, 6])
def test_adjust_mss(fwd, outside):
    """The same size of packet for both: IPv6's header is 20 bytes longer."""
    fwd.table([], [tunnel(outside, mss=1300)])
    for family, want in ((4, 1300), (6, 1280)):
        fwd.put('tunnel', syn(family, 1400), syn(family, 900))
        got = [parsed(bytes(parsed(p).payload.payload)) for p in fwd.got(f'gre{outside}')]
        assert [bytes(p) for p in got] == [bytes(syn(family, want)), bytes(syn(family, 900))]
        fwd.put(f'gre{outside}', gre(outside, syn(family, 1400, back=True), back=True), ifindex=IFID)
        assert fwd.got('tunnel') == [bytes(syn(family, want, back=True))]


def plain(pair, fwd):
    return fwd.stats()['sa'][pair.out_spi]['plain_mtu']


@mixes
@pytest.mark.parametrize('path', [1500, 1400, 1290])
def test_what_is_too_big_is_answered_and_what_fits_is_not_cut(fwd, inside, outside, path):
    fwd.table([dict(match(inside), mtu=path)])
    pair = Pair(fwd, inside, outside)
    room = path - (40 if outside == 6 else 20) - 8 - 16 - 12
    room = room // 16 * 16 - 2
    assert plain(pair, fwd) == room
    head = 48 if inside == 6 else 28
    fwd.put('steer', lan(inside, room - head, flags='DF'))
    out, = fwd.got(f'esp{outside}')
    assert path - 16 < len(out) <= path
    big = lan(inside, room + 1 - head if inside == 4 or room >= 1280 else 1281 - head, flags='DF')
    fwd.put('steer', big)
    (said, where), = fwd.got(f'icmp{inside}', meta=True)
    assert where['remote'] == HOST[inside][0] and fwd.drops() == {'too_big': 1}
    if inside == 4:
        m = ICMP(said)
        assert (m.type, m.code, m.nexthopmtu) == (3, 4, room)
    else:
        m = ICMPv6PacketTooBig(said)
        assert (m.type, m.code, m.mtu) == (2, 0, max(room, 1280))
        assert bytes(m.payload) == bytes(big)[:1232] and len(said) == 1240
    assert fwd.silent()


def rejoin(parts):
    """Fragments as scapy puts them together."""
    assert all(IPv6ExtHdrFragment in p for p in parts) and len({p[IPv6ExtHdrFragment].id for p in parts}) == 1
    return IPv6(bytes(defragment6(parts)))


def test_ipv6_of_the_least_mtu_passes_wherever_ipv6_does(fwd):
    """RFC 4301 section 8.2.1 and RFC 2473 section 7.1: the ESP packet is cut, not what is inside."""
    fwd.table([dict(match(6), mtu=1280)])
    pair = Pair(fwd, 6, 6)
    assert plain(pair, fwd) < 1280
    for n in (1280, 1279, plain(pair, fwd) + 1):
        p = lan(6, n - 48)
        fwd.put('steer', p)
        parts = list(map(IPv6, fwd.got('esp6')))
        assert len(parts) == 2 and all(len(x) <= 1280 for x in parts)
        assert pair.open(bytes(rejoin(parts))) == bytes(p)
    ids = set()
    for _ in range(3):
        fwd.put('steer', lan(6, 1232))
        ids.add(IPv6(fwd.got('esp6')[0])[IPv6ExtHdrFragment].id)
    assert len(ids) == 3
    # the AH of a bundle covers what is cut
    assert fwd.silent() and fwd.drops() == {}


@pytest.mark.parametrize('after', [0, 1])
def test_ipv4_within_ipv6_is_cut_before_or_after(fwd, after):
    fwd.table([dict(match(4), after=after)])
    pair = Pair(fwd, 4, 6)
    p = lan(4, 2000)
    fwd.put('steer', p)
    parts = list(map(IPv6, fwd.got('esp6')))
    assert len(parts) == 2 and all(len(x) <= 1500 for x in parts)
    if after:
        assert pair.open(bytes(rejoin(parts))) == bytes(p)
    else:
        inner = [IP(pair.open(x)) for x in parts]
        assert b''.join(bytes(x.payload) for x in sorted(inner, key=lambda x: x.frag)) == bytes(p.payload)


@pytest.mark.parametrize('inside,mtu', [(6, 1300), (4, 1300), (6, 1500)])
def test_gre_over_a_narrow_path_of_ipv6(fwd, inside, mtu):
    """RFC 2473 section 7: IPv6 that can be smaller is asked to be, IPv4 without DF is cut outside."""
    fwd.table([], [tunnel(6, mtu=mtu, own6=OWN6)])
    room = mtu - 44
    fits = lan(inside, room - (48 if inside == 6 else 28))
    fwd.put('tunnel', fits)
    assert [len(x) for x in fwd.got('gre6')] == [mtu]
    big = lan(inside, 1600)
    fwd.put('tunnel', big)
    if inside == 4:
        parts = list(map(IPv6, fwd.got('gre6')))
        assert all(len(x) <= mtu for x in parts)
        assert bytes(rejoin(parts)) == bytes(gre(6, big))
        return
    (said, where), = fwd.got('icmp6', meta=True)
    assert (where['local'], where['remote']) == (OWN6, HOST[6][0])
    whole = IPv6(bytes(IPv6(src=OWN6, dst=HOST[6][0]) / ICMPv6PacketTooBig(mtu=max(room, 1280)) / Raw(bytes(big)[:1232])))
    assert said == bytes(whole.payload)  # and so the checksum is
    if room < 1280:  # the least is cut outside
        fwd.put('tunnel', lan(6, 1232))
        parts = list(map(IPv6, fwd.got('gre6')))
        assert len(parts) == 2 and bytes(rejoin(parts)) == bytes(gre(6, lan(6, 1232)))
    fwd.put('tunnel', parsed(IPv6(src=HOST[6][0], dst=HOST[6][1]) / ICMPv6PacketTooBig(mtu=1280) / Raw(b'e' * 1600)))
    assert fwd.silent()  # no error about an error


def too_big(quoted, mtu, src='2001:db8:ffff::1', dst=US6, **more):
    return IPv6(bytes(IPv6(src=src, dst=dst, **more) / ICMPv6PacketTooBig(mtu=mtu) / Raw(bytes(quoted)[:1232])))


@pytest.mark.parametrize('proto', ['esp', 'ah', 'udp'])
def test_a_path_mtu_is_learned_from_icmpv6(fwd, proto):
    fwd.table([match(6)])
    pair = Pair(fwd, 6, 6, cipher=None if proto == 'ah' else 'aes128', udp=(4500, 4500) if proto == 'udp' else None)
    fwd.put('steer', lan(6, 1300))
    sent, = fwd.got(f'{proto}6')
    if proto == 'udp':
        sent = bytes(IPv6(src=US6, dst=PEER6) / UDP(sport=4500, dport=4500) / Raw(sent))
    before = plain(pair, fwd)
    forged = IPv6(sent)
    forged.src = '2001:db8:1::9'
    other = bytearray(bytes(sent))
    at = bytes(sent).index(pair.out_spi.to_bytes(4, 'big'))
    other[at + 7] = 99  # a number that was not sent
    damaged = bytearray(bytes(too_big(sent, 1350)))
    damaged[60] ^= 1
    fwd.put('icmp6', damaged, too_big(forged, 1350), too_big(sent, 1350, dst='2001:db8:1::9'), too_big(other, 1350),
            too_big(sent, 1279), too_big(sent, 60), too_big(sent, 1480), too_big(sent, len(sent)), bytes(too_big(sent, 1350))[:60])
    assert plain(pair, fwd) == before
    fwd.put('icmp6', too_big(sent, 1350))
    st = fwd.stats()
    assert (st['policy'][1]['path_mtu'], st['sa'][pair.out_spi]['path_mtu']) == (1350, 1350)
    room = {'ah': 1350 - 64, 'esp': (1350 - 76) // 16 * 16 - 2, 'udp': (1350 - 84) // 16 * 16 - 2}[proto]
    assert plain(pair, fwd) == room
    fwd.put('steer', lan(6, 1300))
    (said, _), = fwd.got('icmp6', meta=True)
    assert ICMPv6PacketTooBig(said).mtu == max(room, 1280)
    fwd.wait(11 * 60 * 1000)
    assert plain(pair, fwd) == before


def test_a_tunnel_in_clear_learns_its_path(fwd):
    """Whatever `tunnel path-mtu-discovery` says: no router on the way would cut."""
    fwd.table([], [tunnel(6)])
    fwd.put('tunnel', lan(6, 1380))
    sent, = fwd.got('gre6')
    fwd.put('icmp6', too_big(sent, 1400))
    assert fwd.stats()['tunnel'][0]['path_mtu'] == 1400
    fwd.put('tunnel', lan(6, 1380))
    (said, _), = fwd.got('icmp6', meta=True)
    assert ICMPv6PacketTooBig(said).mtu == 1356
    fwd.table([], [tunnel(6)])  # and keeps it
    assert fwd.stats()['tunnel'][0]['path_mtu'] == 1400
    fwd.put('icmp6', too_big(sent, 1000))
    assert fwd.stats()['tunnel'][0]['path_mtu'] == 1400
