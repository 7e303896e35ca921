# SPDX-License-Identifier: Apache-2.0
"""ESP and AH where IPv6 is inside, outside or both, against scapy: both directions, extension headers, options
that may change on the way, routing headers, and what may not change."""
import subprocess
import warnings

import pytest

from conftest import built

warnings.filterwarnings('ignore')
scapy_ipsec = pytest.importorskip('scapy.layers.ipsec')
from scapy.packet import Raw  # noqa: E402
from scapy.layers.inet import ICMP, IP, TCP, UDP  # noqa: E402
from scapy.layers.inet6 import (HBHOptUnknown, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt,  # noqa: E402
                                IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, RouterAlert)

pytestmark = pytest.mark.no_way('src/ipsec alone: no forwarder, no port')

AH, ESP = scapy_ipsec.AH, scapy_ipsec.ESP
AH_SPI, ESP_SPI = 0x0a11ce00, 0x0b0b0b00
GW4, GW6 = ('192.0.2.1', '198.51.100.1'), ('2001:db8:1::1', '2001:db8:2::1')
HOST4, HOST6 = ('10.0.0.1', '10.1.0.1'), ('2001:db8:a::1', '2001:db8:b::1')
# name in scapy, number of model/alg_id.h, bytes of key, bytes of ICV
MACS = [('HMAC-MD5-96', 1, 16, 12), ('HMAC-SHA1-96', 2, 20, 12), ('SHA2-256-128', 3, 32, 16),
        ('SHA2-384-192', 4, 48, 24), ('SHA2-512-256', 5, 64, 32)]
# name in scapy, number, bits, bytes of key (with salt); the MAC; bytes of IV
ESPS = [(('DES', 2, 0, 8), MACS[0], 8), (('3DES', 3, 0, 24), MACS[1], 8), (('AES-CBC', 4, 128, 16), MACS[1], 16),
        (('AES-CBC', 4, 256, 32), MACS[4], 16), (('AES-GCM', 5, 128, 20), None, 8), (('AES-GCM', 5, 256, 36), None, 8),
        (('NULL', 1, 0, 0), MACS[2], 0)]
# what is inside, what is outside, the mode as the tool calls it
MIXES = {'6in6': (6, GW6, 'tunnel6'), '4in6': (4, GW6, 'tunnel'), '6in4': (6, GW4, 'tunnel6'),
         'transport6': (6, HOST6, 'transport')}

mix_param = pytest.mark.parametrize('mix', MIXES)
outer6_param = pytest.mark.parametrize('mix', ['6in6', '4in6', 'transport6'])
def some(rows, quick):
    """Of the others, all but the first few in a long run only."""
    return [r if i in quick else pytest.param(r, marks=pytest.mark.slow) for i, r in enumerate(rows)]


esp_param = pytest.mark.parametrize('esp', some(ESPS, (1, 2, 4)), ids=lambda e: f'{e[0][0]}{e[0][2]}+{e[1][0] if e[1] else "none"}')
some_esp = pytest.mark.parametrize('esp', some([ESPS[4], ESPS[2], ESPS[6]], (0,)), ids=lambda e: e[0][0])
mac_param = pytest.mark.parametrize('mac', some(MACS, (1, 2)), ids=lambda m: m[0])
some_macs = pytest.mark.parametrize('mac', some([MACS[2], MACS[1]], (0,)), ids=lambda m: m[0])


def key(n, start):
    return bytes((start + 7 * i) & 0xff for i in range(n))


def run(what, mix, packets, esp=None, mac=None, encap='raw'):
    _, ends, mode = MIXES[mix]
    secret = key(mac[2], 5).hex() if mac else ''
    if esp:
        cipher, auth, _ = esp
        words = [str(cipher[1]), str(cipher[2]), str(auth[1] if auth else 0), key(cipher[3], 1).hex(),
                 key(auth[2], 99).hex() if auth else '', hex(ESP_SPI), *ends]
        if mac:
            words += [str(mac[1]), secret, hex(AH_SPI)]
    else:
        words = ['0', '0', str(mac[1]), '', secret, hex(AH_SPI), *ends]
    text = ''.join(bytes(p).hex() + '\n' for p in packets)
    done = subprocess.run([built('tests', 'system', 'esp_tool'), what, mode, encap, *words], input=text, text=True,
                          capture_output=True, check=True, timeout=30)
    lines = done.stdout.split('\n')[:-1]
    assert len(lines) == len(packets)
    return lines


def outer_header(mix, inner=None):
    """What we put outside; None in transport mode."""
    _, ends, mode = MIXES[mix]
    if mode == 'transport':
        return None
    tos = 0 if inner is None else inner.tc if IPv6 in inner and inner.version == 6 else inner.tos
    if ends is GW6:
        return IPv6(src=ends[0], dst=ends[1], tc=tos, hlim=255)
    return IP(src=ends[0], dst=ends[1], tos=tos, ttl=255)


def sa_of(mix, esp=None, mac=None, inner=None, nat=False):
    common = dict(tunnel_header=outer_header(mix, inner), nat_t_header=UDP(sport=4500, dport=4500) if nat else None)
    if esp:
        cipher, auth, _ = esp
        return scapy_ipsec.SecurityAssociation(ESP, spi=ESP_SPI, seq_num=1, crypt_algo=cipher[0],
                                               crypt_key=key(cipher[3], 1) or None,
                                               auth_algo=auth[0] if auth else 'NULL',
                                               auth_key=key(auth[2], 99) if auth else None, **common)
    return scapy_ipsec.SecurityAssociation(AH, spi=AH_SPI, seq_num=1, auth_algo=mac[0], auth_key=key(mac[2], 5), **common)


def inners(family):
    bodies = [UDP(sport=1, dport=2), TCP(sport=1, dport=2) / b'hello']
    bodies += [UDP(sport=5, dport=6) / (b'x' * n) for n in (0, 1, 2, 7, 1200, 1351)]
    if family == 4:
        head = dict(src=HOST4[0], dst=HOST4[1], ttl=61, id=4711, tos=0x68)
        return [IP(bytes(IP(**head) / b)) for b in bodies + [ICMP() / bytes(range(200))]]
    head = dict(src=HOST6[0], dst=HOST6[1], hlim=61, tc=0x68, fl=0x12345)
    return [IPv6(bytes(IPv6(**head) / b)) for b in bodies + [ICMPv6EchoRequest(data=bytes(range(200)))]]


# what stays in front of ESP and AH in transport mode, and what does not
HBH = IPv6ExtHdrHopByHop(options=[RouterAlert()])
MAY_CHANGE = IPv6ExtHdrHopByHop(options=[HBHOptUnknown(otype=0x3e, optlen=3, optdata=b'abc'),
                                         HBHOptUnknown(otype=0x1e, optlen=2, optdata=b'no')])
DST = IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=0x1e, optlen=4, optdata=b'dest')])
USED_UP = IPv6ExtHdrRouting(type=0, addresses=['2001:db8:f::1'], segleft=0)
CHAINS = {'hop by hop': [HBH], 'options that may change': [MAY_CHANGE], 'used up route': [USED_UP],
          'all before': [MAY_CHANGE, DST, USED_UP], 'all, and options behind': [HBH, DST, USED_UP, DST]}


def chained(headers):
    p = IPv6(src=HOST6[0], dst=HOST6[1], hlim=61, tc=0x68, fl=0x12345)
    for h in headers:
        p = p / h.copy()
    return [IPv6(bytes(p / UDP(sport=5, dport=6) / (b'y' * n))) for n in (0, 1, 7, 300)]


def parsed(data):
    return (IPv6 if data[0] >> 4 == 6 else IP)(data)


def plain(p):
    p = parsed(bytes(p))
    if p.version == 4:
        del p.chksum
    return bytes(p)


def on_the_way(p):
    """What routers do: of IPv6, hop limit, traffic class, and the flow label, which AH does not cover."""
    p = parsed(bytes(p))
    if p.version == 6:
        p.hlim, p.tc, p.fl = p.hlim - 3, 0x20, 0x999
    else:
        p.ttl, p.tos, p.flags = p.ttl - 3, 0x20, 0
        del p.chksum
    return parsed(bytes(p))


def as_before(got, want, mix):
    """Of transport mode the header is the outer one, which has changed on its way."""
    got = parsed(bytes(got))
    if MIXES[mix][2] == 'transport':
        got.hlim, got.tc, got.fl = want.hlim, want.tc, want.fl
    return plain(got)


# ---- ESP ----

def iv_of(mix, packet, iv_len, front=None):
    at = (40 if MIXES[mix][1][0].count(':') else 20) if front is None else front
    return bytes(packet)[at + 8:at + 8 + iv_len]


@mix_param
@esp_param
def test_our_esp_is_scapys_byte_by_byte(mix, esp):
    sent = inners(MIXES[mix][0])
    for i, (line, p) in enumerate(zip(run('encrypt', mix, sent, esp), sent)):
        ours = bytes.fromhex(line)
        sa = sa_of(mix, esp, inner=p)
        if MIXES[mix][1] is GW4:
            sa.tunnel_header.id = parsed(ours).id
            sa.tunnel_header.flags = 'DF' if len(p) > 1280 else 0
        want = sa.encrypt(p, seq_num=i + 1, iv=iv_of(mix, ours, esp[2]))
        assert ours.hex() == bytes(want).hex()


@mix_param
@esp_param
def test_we_open_scapys_esp_after_its_way(mix, esp):
    sa = sa_of(mix, esp)
    closed = [on_the_way(sa.encrypt(p)) for p in inners(MIXES[mix][0])]
    for line, want in zip(run('decrypt', mix, closed, esp), inners(MIXES[mix][0])):
        assert as_before(bytes.fromhex(line), want, mix) == plain(want)


@pytest.mark.parametrize('chain', CHAINS)
@some_esp
def test_esp_leaves_what_routers_must_see_in_front(chain, esp):
    sent = chained(CHAINS[chain])
    for i, (line, p) in enumerate(zip(run('encrypt', 'transport6', sent, esp), sent)):
        ours = bytes.fromhex(line)
        front = ours.index(ESP_SPI.to_bytes(4, 'big'))
        want = sa_of('transport6', esp).encrypt(p, seq_num=i + 1, iv=iv_of('transport6', ours, esp[2], front))
        assert ours.hex() == bytes(want).hex()
    closed = [on_the_way(sa_of('transport6', esp).encrypt(p, seq_num=i + 1)) for i, p in enumerate(sent)]
    for line, p in zip(run('decrypt', 'transport6', closed, esp), sent):
        assert as_before(bytes.fromhex(line), p, 'transport6') == plain(p)


@some_esp
def test_destination_options_alone_are_protected(esp):
    """RFC 4303 section 3.1.1: they may stand before or behind; behind is better. Scapy and Linux put them before."""
    sent = chained([HBH, DST])
    for line, p in zip(run('encrypt', 'transport6', sent, esp), sent):
        ours = bytes.fromhex(line)
        assert ours[48:52] == ESP_SPI.to_bytes(4, 'big') and ours[40] == 50
        assert plain(sa_of('transport6', esp).decrypt(IPv6(ours))) == plain(p)
    theirs = [sa_of('transport6', esp).encrypt(p, seq_num=i + 1) for i, p in enumerate(sent)]
    assert all(bytes(t)[56:60] == ESP_SPI.to_bytes(4, 'big') for t in theirs)
    for line, p in zip(run('decrypt', 'transport6', theirs, esp), sent):
        assert plain(bytes.fromhex(line)) == plain(p)


@outer6_param
@some_esp
def test_udp_over_ipv6(mix, esp):
    sent = inners(MIXES[mix][0])
    for line, p in zip(run('encrypt', mix, sent, esp, encap='udp'), sent):
        got = IPv6(bytes.fromhex(line))
        assert (got.nh, got[UDP].sport, got[UDP].dport) == (17, 4500, 4500)
        inside = bytes(got)[48:]
        bare = IPv6(src=got.src, dst=got.dst, nh=50, hlim=64, tc=p.tc if p.version == 6 else p.tos,
                    plen=len(inside)) / inside
        assert as_before(sa_of(mix, esp).decrypt(IPv6(bytes(bare))), p, mix) == plain(p)
    closed = []
    for i, p in enumerate(sent):
        bare = bytes(sa_of(mix, esp).encrypt(p, seq_num=i + 1))
        head = IPv6(bare[:40])
        closed.append(IPv6(src=head.src, dst=head.dst, hlim=60) / UDP(sport=4500, dport=4500, chksum=0) / Raw(bare[40:]))
    for line, p in zip(run('decrypt', mix, closed, esp, encap='udp'), sent):
        assert as_before(bytes.fromhex(line), p, mix) == plain(p)


def test_the_next_header_must_be_what_is_inside():
    esp = ESPS[6]
    p = sa_of('6in6', esp).encrypt(inners(6)[1])
    mac = scapy_ipsec.AUTH_ALGOS['SHA2-256-128']
    wrong = bytearray(bytes(p))
    assert wrong[-17] == 41
    wrong[-17] = 4
    import hashlib
    import hmac
    wrong[-16:] = hmac.new(key(32, 99), bytes(wrong[40:-16]), hashlib.sha256).digest()[:16]
    assert mac and run('decrypt', '6in6', [wrong], esp) == ['refused 11']


# ---- AH ----

@mix_param
@mac_param
def test_our_ah_is_scapys_byte_by_byte(mix, mac):
    sent = inners(MIXES[mix][0])
    for i, (line, p) in enumerate(zip(run('encrypt', mix, sent, mac=mac), sent)):
        ours = bytes.fromhex(line)
        got = sa_of(mix, mac=mac).decrypt(on_the_way(ours))
        assert as_before(got, p, mix) == plain(p)
        if MIXES[mix][1] is not GW4:
            assert (parsed(ours)[AH].payloadlen + 2) % 2 == 0  # RFC 4302 section 2.2: multiples of 8 bytes
            assert ours.hex() == bytes(sa_of(mix, mac=mac, inner=p).encrypt(p, seq_num=i + 1)).hex()


@mix_param
@mac_param
def test_we_verify_scapys_ah_after_its_way(mix, mac):
    sa = sa_of(mix, mac=mac)
    signed = [on_the_way(sa.encrypt(p)) for p in inners(MIXES[mix][0])]
    for line, p in zip(run('decrypt', mix, signed, mac=mac), inners(MIXES[mix][0])):
        assert as_before(bytes.fromhex(line), p, mix) == plain(p)


def arrived(p):
    """The data of the option that may change is another one, and the route is used up."""
    p = IPv6(bytes(p).replace(b'\x3e\x03abc', b'\x3e\x03xyz'))
    if IPv6ExtHdrRouting in p and p[IPv6ExtHdrRouting].segleft:
        route = p[IPv6ExtHdrRouting]
        p.dst, route.addresses, route.segleft = route.addresses[0], [p.dst], 0
    return IPv6(bytes(p))


def ahead(headers):
    """Scapy signs any Routing header as if all of it were ahead: so that it is right."""
    return [IPv6ExtHdrRouting(type=0, addresses=['2001:db8:f::1'], segleft=1) if h is USED_UP else h for h in headers]


@pytest.mark.parametrize('chain', CHAINS)
@some_macs
def test_ah_covers_extension_headers_but_for_what_may_change(chain, mac):
    sent = chained(ahead(CHAINS[chain]))
    for i, (line, p) in enumerate(zip(run('encrypt', 'transport6', sent, mac=mac), sent)):
        theirs = sa_of('transport6', mac=mac)
        assert line == bytes(theirs.encrypt(p, seq_num=i + 1)).hex()
    signed = [arrived(on_the_way(sa_of('transport6', mac=mac).encrypt(p, seq_num=i + 1)))
              for i, p in enumerate(sent)]
    for line, p in zip(run('decrypt', 'transport6', signed, mac=mac), sent):
        assert as_before(bytes.fromhex(line), arrived(p), 'transport6') == plain(arrived(p))
    if chain != 'options that may change':
        return
    for at in (42, 43, 47, 48, 49):  # type and length of one, all of the other
        bad = bytearray(bytes(signed[3]))
        bad[at] ^= 1
        assert run('decrypt', 'transport6', [bad], mac=mac)[0] in ('refused 3', 'refused 1', 'refused outer')


@pytest.mark.parametrize('ahead', [1, 2, 3])
def test_a_route_is_signed_as_its_end_will_see_it(ahead):
    """RFC 4302 appendix A2: mutable but predictable; each node on the way exchanges two addresses."""
    stops = ['2001:db8:f::1', '2001:db8:f::2', HOST6[1]]
    for mac in MACS:
        p = IPv6(src=HOST6[0], dst='2001:db8:f::', hlim=64) / IPv6ExtHdrRouting(
            type=0, segleft=ahead, addresses=stops) / UDP(sport=1, dport=2) / b'data'
        came = IPv6(bytes.fromhex(run('encrypt', 'transport6', [IPv6(bytes(p))], mac=mac)[0]))
        for left in range(ahead, 0, -1):  # RFC 2460 section 4.4
            i = len(stops) - left
            route = came[IPv6ExtHdrRouting]
            addresses = list(route.addresses)
            came.dst, addresses[i] = addresses[i], came.dst
            route.addresses, route.segleft = addresses, left - 1
            came.hlim -= 1
        assert came.dst == HOST6[1]
        got = IPv6(bytes.fromhex(run('decrypt', 'transport6', [came], mac=mac)[0]))
        assert (got.dst, got[IPv6ExtHdrRouting].segleft, bytes(got[UDP].payload)) == (HOST6[1], 0, b'data')
        late = came.copy()
        late[IPv6ExtHdrRouting].segleft = 1
        assert run('decrypt', 'transport6', [late], mac=mac) == ['refused 1']


@outer6_param
@some_macs
def test_what_may_not_change_is_noticed(mix, mac):
    signed = bytes(sa_of(mix, mac=mac).encrypt(inners(MIXES[mix][0])[1]))
    damaged = [signed[:at] + bytes([signed[at] ^ 0x40]) + signed[at + 1:] for at in
               [*range(8, 40), *range(44, len(signed))]]
    assert set(run('decrypt', mix, damaged, mac=mac)) == {'refused 3'}
    assert run('decrypt', mix, [signed, signed], mac=mac)[1] == 'refused 2'  # replayed


# ---- both ----

def signed_around(mac, seq, esp):
    """AH around an ESP packet over IPv6 that is but bytes."""
    esp = IPv6(bytes(esp))
    body = bytes(esp)[40:]
    pad = bytes(-(12 + mac[3]) % 8)
    ah = AH(nh=50, payloadlen=(12 + mac[3] + len(pad)) // 4 - 2, spi=AH_SPI, seq=seq, icv=bytes(mac[3]), padding=pad)
    header = IPv6(src=esp.src, dst=esp.dst, tc=esp.tc, hlim=esp.hlim, nh=51, plen=len(bytes(ah)) + len(body))
    sa = sa_of('transport6', mac=mac)
    return sa.auth_algo.sign(header / ah / Raw(body), sa.auth_key)


@outer6_param
@some_esp
@some_macs
def test_bundles_both_ways(mix, esp, mac):
    sent = inners(MIXES[mix][0])
    for i, (line, want) in enumerate(zip(run('encrypt', mix, sent, esp, mac), sent)):
        outer = IPv6(bytes.fromhex(line))
        assert (outer.nh, outer[AH].nh, outer[AH].spi, outer[AH].seq) == (51, 50, AH_SPI, i + 1)
        within = IPv6(bytes(sa_of('transport6', mac=mac).decrypt(on_the_way(outer))))
        assert (within.nh, within[ESP].spi, within[ESP].seq) == (50, ESP_SPI, i + 1)
        assert as_before(sa_of(mix, esp).decrypt(within), want, mix) == plain(want)
    inside = sa_of(mix, esp)
    closed = [on_the_way(signed_around(mac, i + 1, inside.encrypt(p))) for i, p in enumerate(sent)]
    for line, want in zip(run('decrypt', mix, closed, esp, mac), sent):
        assert as_before(bytes.fromhex(line), want, mix) == plain(want)


@pytest.mark.parametrize('chain', ['all before', 'all, and options behind'])
def test_a_bundle_in_transport_mode_has_one_chain(chain):
    mac, esp = MACS[2], ESPS[2]
    sent = chained(CHAINS[chain])
    lines = run('encrypt', 'transport6', sent, esp, mac)
    for line, p in zip(lines, sent):
        within = IPv6(bytes(sa_of('transport6', mac=mac).decrypt(IPv6(bytes.fromhex(line)))))
        assert plain(sa_of('transport6', esp).decrypt(within)) == plain(p)
    for line, p in zip(run('decrypt', 'transport6', [bytes.fromhex(x) for x in lines], esp, mac), sent):
        assert plain(bytes.fromhex(line)) == plain(p)


# ---- what is no packet ----

def test_fragments_and_endless_chains_are_refused():
    esp = ESPS[2]
    frag = IPv6(bytes(IPv6(src=HOST6[0], dst=HOST6[1]) / IPv6ExtHdrFragment(m=1, id=7) / UDP() / bytes(80)))
    long = IPv6(src=HOST6[0], dst=HOST6[1])
    for _ in range(9):
        long = long / IPv6ExtHdrDestOpt()
    late = IPv6(src=HOST6[0], dst=HOST6[1]) / IPv6ExtHdrDestOpt() / IPv6ExtHdrHopByHop() / UDP()
    cut = bytes(IPv6(src=HOST6[0], dst=HOST6[1], nh=0, plen=2)) + b'\x11\x05'
    sent = [IPv6(bytes(long / UDP())), IPv6(bytes(late)), cut, bytes(inners(6)[1])[:-1]]
    assert set(run('encrypt', 'transport6', sent, esp)) == {'refused 1'}
    assert set(run('encrypt', 'transport6', [*sent, frag], mac=MACS[1])) == {'refused 1'}
    assert set(run('encrypt', 'transport6', inners(4), esp)) == {'refused 1'}  # of the other family
