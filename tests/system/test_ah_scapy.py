# SPDX-License-Identifier: Apache-2.0
"""AH, alone and around ESP, against an implementation that shares nothing with ours: scapy's.

Both directions and byte by byte, every MAC, tunnel and transport mode, with IP options, and with
what routers change on the way."""
import subprocess
import warnings

import pytest

from conftest import built

warnings.filterwarnings('ignore')
scapy_ipsec = pytest.importorskip('scapy.layers.ipsec')
from scapy.packet import Raw  # noqa: E402
from scapy.layers.inet import (ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_NOP, IPOption_RR,  # noqa: E402
                               IPOption_Router_Alert, IPOption_Security, IPOption_Timestamp, IPOption_Traceroute)

pytestmark = pytest.mark.no_way('src/ipsec alone: no forwarder, no port')

AH, ESP = scapy_ipsec.AH, scapy_ipsec.ESP
AH_SPI, ESP_SPI = 0x0a11ce00, 0x0b0b0b00
GW_A, GW_B = '192.0.2.1', '198.51.100.1'
HOST_A, HOST_B = '10.0.0.1', '10.1.0.1'
MODES = ['tunnel', 'transport']

# name in scapy, number of model/alg_id.h, bytes of key, bytes of ICV
MACS = [('HMAC-MD5-96', 1, 16, 12), ('HMAC-SHA1-96', 2, 20, 12), ('SHA2-256-128', 3, 32, 16),
        ('SHA2-384-192', 4, 48, 24), ('SHA2-512-256', 5, 64, 32)]
# name in scapy, number, bits, bytes of key (with salt), then the MAC of ESP
ESPS = [(('3DES', 3, 0, 24), MACS[1]), (('AES-CBC', 4, 256, 32), None), (('AES-GCM', 5, 128, 20), None),
        (('NULL', 1, 0, 0), MACS[2])]

mac_param = pytest.mark.parametrize('mac', MACS, ids=lambda m: m[0])
some_macs = pytest.mark.parametrize('mac', [MACS[1], MACS[3]], ids=lambda m: m[0])
mode_param = pytest.mark.parametrize('mode', MODES)
esp_param = pytest.mark.parametrize('esp', ESPS, ids=lambda e: f'{e[0][0]}+{e[1][0] if e[1] else "none"}')


def key(n, start):
    return bytes((start + 7 * i) & 0xff for i in range(n))


def run(what, mode, mac, packets, esp=None):
    ends = (GW_A, GW_B) if mode == 'tunnel' else (HOST_A, HOST_B)
    secret = key(mac[2], 5).hex()
    if esp:
        cipher, auth = esp
        words = [str(cipher[1]), str(cipher[2]), str(auth[1] if auth else 0), key(cipher[3], 1).hex(),
                 key(auth[2], 99).hex() if auth else '', hex(ESP_SPI), *ends, str(mac[1]), secret, hex(AH_SPI)]
    else:
        words = ['0', '0', str(mac[1]), '', secret, hex(AH_SPI), *ends]
    text = ''.join(bytes(p).hex() + '\n' for p in packets)
    done = subprocess.run([built('tests', 'system', 'esp_tool'), what, mode, 'raw', *words], input=text, text=True,
                          capture_output=True, check=True, timeout=30)
    lines = done.stdout.split('\n')[:-1]
    assert len(lines) == len(packets)
    return lines


def ah_of(mode, mac):
    return scapy_ipsec.SecurityAssociation(AH, spi=AH_SPI, seq_num=1, auth_algo=mac[0], auth_key=key(mac[2], 5),
                                           tunnel_header=IP(src=GW_A, dst=GW_B) if mode == 'tunnel' else None)


def esp_of(mode, esp):
    cipher, auth = esp
    return scapy_ipsec.SecurityAssociation(ESP, spi=ESP_SPI, seq_num=1, crypt_algo=cipher[0],
                                           crypt_key=key(cipher[3], 1) or None, auth_algo=auth[0] if auth else 'NULL',
                                           auth_key=key(auth[2], 99) if auth else None,
                                           tunnel_header=IP(src=GW_A, dst=GW_B) if mode == 'tunnel' else None)


OPTIONS = {
    'none': [],
    'nop and router alert': [IPOption_NOP(), IPOption_Router_Alert(), IPOption_NOP(), IPOption_NOP(), IPOption_NOP()],
    'record route': [IPOption_RR(length=11, routers=['1.2.3.4', '0.0.0.0']), IPOption_NOP()],
    'timestamp': [IPOption_Timestamp(length=12, pointer=9, timestamp=77)],
    'security': [IPOption_Security(security=3, compartment=1), IPOption_NOP()],
    'traceroute': [IPOption_Traceroute(id=7, outbound_hops=3, originator_ip='10.0.0.9')],
}


def packets():
    ip = dict(src=HOST_A, dst=HOST_B, ttl=61, id=4711, tos=0x68)
    yield IP(**ip) / UDP(sport=1, dport=2)
    yield IP(**ip, flags='DF') / TCP(sport=1, dport=2) / b'hello'
    yield IP(**ip) / ICMP() / bytes(range(256))
    for n in list(range(9)) + [1371, 1372]:
        yield IP(**ip) / UDP(sport=5, dport=6) / (b'x' * n)


def fresh(options=()):
    """As bytes say: lengths and checksums filled in."""
    return [IP(bytes(IP(**{k: v for k, v in p.fields.items() if k not in ('ihl', 'len', 'chksum', 'options')},
                        options=list(options)) / p.payload)) for p in map(IP, map(bytes, packets()))]


def plain(p):
    p = IP(bytes(p))
    del p.chksum
    return bytes(p)


def on_the_way(p):
    """What routers do."""
    p = p.copy()
    p.ttl, p.tos, p.flags = p.ttl - 3, 0x20, 0
    del p.chksum
    return IP(bytes(p))


def signed_around(mac, seq, esp):
    """AH around an ESP packet that is but bytes: where scapy finds an ESP it puts AH's ICV behind that."""
    esp = IP(bytes(esp))
    ah = AH(nh=50, payloadlen=(12 + mac[3]) // 4 - 2, spi=AH_SPI, seq=seq, icv=bytes(mac[3]))
    header = IP(src=esp.src, dst=esp.dst, id=esp.id, tos=esp.tos, ttl=esp.ttl, flags=esp.flags, proto=51,
                len=esp.len + 12 + mac[3])
    sa = ah_of('transport', mac)
    return sa.auth_algo.sign(IP(bytes(header)) / ah / Raw(bytes(esp)[20:]), sa.auth_key)


@mode_param
@mac_param
def test_scapy_verifies_what_we_signed_after_its_way(mode, mac):
    for i, (line, want) in enumerate(zip(run('encrypt', mode, mac, fresh()), fresh())):
        outer = IP(bytes.fromhex(line))
        assert (outer.proto, outer[AH].spi, outer[AH].seq) == (51, AH_SPI, i + 1)
        assert (outer[AH].payloadlen + 2) * 4 == 12 + mac[3] and len(outer[AH].icv) == mac[3]
        got = ah_of(mode, mac).decrypt(on_the_way(outer))
        if mode == 'transport':
            got.ttl, got.tos, got.flags = want.ttl, want.tos, want.flags
        assert plain(got) == plain(want)


@mode_param
@some_macs
@pytest.mark.parametrize('options', OPTIONS)
def test_scapy_signs_to_the_same_bytes(mode, mac, options):
    sent = fresh(OPTIONS[options])
    for i, (line, p) in enumerate(zip(run('encrypt', mode, mac, sent), sent)):
        ours = IP(bytes.fromhex(line))
        theirs = ah_of(mode, mac)
        if mode == 'tunnel':
            theirs.tunnel_header = IP(src=GW_A, dst=GW_B, id=ours.id, ttl=255, tos=p.tos, flags=p.flags)
        assert bytes(ours).hex() == bytes(theirs.encrypt(p, seq_num=i + 1)).hex()


@mode_param
@some_macs
@pytest.mark.parametrize('options', OPTIONS)
def test_we_verify_what_scapy_signed_after_its_way(mode, mac, options):
    want = fresh(OPTIONS[options])
    sa = ah_of(mode, mac)
    signed = [on_the_way(sa.encrypt(p)) for p in fresh(OPTIONS[options])]
    for line, p in zip(run('decrypt', mode, mac, signed), want):
        assert not line.startswith('refused')
        got = IP(bytes.fromhex(line))
        if mode == 'transport':
            got.ttl, got.tos, got.flags = p.ttl, p.tos, p.flags
        assert plain(got) == plain(p)


def test_a_source_route_is_signed_for_its_last_hop():
    """RFC 4302 section 3.3.3.1.1.2: mutable but predictable. The receiver sees it used up."""
    p = IP(src=HOST_A, dst='10.9.9.9', id=5, options=[IPOption_LSRR(length=11, pointer=4, routers=['10.9.9.8', HOST_B]),
                                                     IPOption_NOP()]) / UDP(sport=1, dport=2) / b'data'
    for mac in MACS:
        sent = IP(bytes.fromhex(run('encrypt', 'transport', mac, [p])[0]))
        came = sent.copy()
        came.dst, came.ttl = HOST_B, 60
        came.options = [IPOption_LSRR(length=11, pointer=12, routers=['10.9.9.9', '10.9.9.8']), IPOption_NOP()]
        del came.chksum
        got = IP(bytes.fromhex(run('decrypt', 'transport', mac, [came])[0]))
        assert got.dst == HOST_B and got.proto == 17 and bytes(got.payload) == bytes(p.payload)


@mode_param
@mac_param
def test_what_may_not_change_is_noticed(mode, mac):
    sa = ah_of(mode, mac)
    signed = sa.encrypt(fresh()[1])
    damaged = []
    for field, value in (('id', 4712), ('src', '203.0.113.9'), ('dst', '203.0.113.9')):
        p = signed.copy()
        setattr(p, field, value)
        del p.chksum
        damaged.append(bytes(p))
    whole = bytes(signed)
    for at in list(range(20, 24)) + list(range(28, len(whole))):
        damaged.append(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1:])
    answers = run('decrypt', mode, mac, damaged)
    assert answers[1 + 3] == 'refused 1'  # the length of the AH
    assert answers[:1 + 3] + answers[2 + 3:] == ['refused 3'] * (len(damaged) - 1)
    assert run('decrypt', mode, mac, [signed, signed])[1] == 'refused 2'  # replayed


@mode_param
@esp_param
@some_macs
def test_scapy_opens_our_bundle(mode, esp, mac):
    """The same mode in both, one outer header: AH as scapy's transport mode around scapy's ESP."""
    for i, (line, want) in enumerate(zip(run('encrypt', mode, mac, fresh(), esp), fresh())):
        outer = IP(bytes.fromhex(line))
        assert (outer.proto, outer[AH].nh, outer[AH].spi, outer[AH].seq) == (51, 50, AH_SPI, i + 1)
        within = IP(bytes(ah_of('transport', mac).decrypt(on_the_way(outer))))
        assert (within.proto, within[ESP].spi, within[ESP].seq) == (50, ESP_SPI, i + 1)
        got = esp_of(mode, esp).decrypt(within)
        if mode == 'transport':
            got.ttl, got.tos, got.flags = want.ttl, want.tos, want.flags
        assert plain(got) == plain(want)


@mode_param
@esp_param
@some_macs
def test_we_open_scapys_bundle(mode, esp, mac):
    inside = esp_of(mode, esp)
    closed = [on_the_way(signed_around(mac, i + 1, inside.encrypt(p))) for i, p in enumerate(fresh())]
    for line, want in zip(run('decrypt', mode, mac, closed, esp), fresh()):
        assert not line.startswith('refused')
        got = IP(bytes.fromhex(line))
        if mode == 'transport':  # rebuilt from the outer header
            got.ttl, got.tos, got.flags = want.ttl, want.tos, want.flags
        assert plain(got) == plain(want)


def test_a_bundle_opens_only_the_esp_of_its_own_sa():
    mac, esp = MACS[1], ESPS[0]
    stranger = esp_of('tunnel', esp)
    stranger.spi = ESP_SPI + 1
    closed = [signed_around(mac, 1, stranger.encrypt(fresh()[0])), ah_of('transport', mac).encrypt(fresh()[0], seq_num=2)]
    assert set(run('decrypt', 'tunnel', mac, closed, esp)) == {'refused 10'}


def test_an_ah_padded_to_eight_bytes_is_taken():
    """Linux pads the ICV so unless it is told to align to 4, in IPv4, too; the padding is covered."""
    crypto = pytest.importorskip('cryptography.hazmat.primitives.hmac')
    from cryptography.hazmat.primitives import hashes
    mac, secret = MACS[2], key(32, 5)
    p = fresh()[2]
    ah = AH(nh=17 if p.proto == 17 else p.proto, payloadlen=6, spi=AH_SPI, seq=1, icv=bytes(16), padding=b'abcd')
    whole = IP(src=HOST_A, dst=HOST_B, id=9, ttl=0, chksum=0, proto=51,
               len=20 + 32 + len(p.payload)) / bytes(ah)[:32].ljust(32, b'\0') / bytes(p.payload)
    covered = bytearray(bytes(whole))
    assert len(covered) == 20 + 32 + len(p.payload)
    h = crypto.HMAC(secret, hashes.SHA256())
    h.update(bytes(covered))
    covered[32:48] = h.finalize()[:16]
    out = IP(bytes(covered))
    out.ttl = 60
    del out.chksum
    got = IP(bytes.fromhex(run('decrypt', 'transport', mac, [IP(bytes(out))])[0]))
    assert bytes(got.payload) == bytes(p.payload) and got.proto == p.proto
