# SPDX-License-Identifier: Apache-2.0
"""ESP against an implementation that shares nothing with ours: scapy's.

Both directions and byte by byte, every suite that scapy has, tunnel and transport
mode, raw and in UDP. GMAC, which scapy lacks, is computed with AES-GCM as RFC 4543 says."""
import subprocess
import warnings

import pytest

from conftest import built

warnings.filterwarnings('ignore')
scapy_ipsec = pytest.importorskip('scapy.layers.ipsec')
from scapy.layers.inet import ICMP, IP, TCP, UDP  # noqa: E402

pytestmark = pytest.mark.no_way('src/ipsec alone: no forwarder, no port')

SPI = 0x12345678
GW_A, GW_B = '192.0.2.1', '198.51.100.1'
HOST_A, HOST_B = '10.0.0.1', '10.1.0.1'

# name in scapy, number of model/alg_id.h, bits, bytes of key (with salt)
CIPHERS = [('NULL', 1, 0, 0), ('DES', 2, 0, 8), ('3DES', 3, 0, 24), ('AES-CBC', 4, 128, 16),
           ('AES-CBC', 4, 192, 24), ('AES-CBC', 4, 256, 32), ('AES-GCM', 5, 128, 20),
           ('AES-GCM', 5, 192, 28), ('AES-GCM', 5, 256, 36)]
AUTHS = [('NULL', 0, 0), ('HMAC-MD5-96', 1, 16), ('HMAC-SHA1-96', 2, 20),
         ('SHA2-256-128', 3, 32), ('SHA2-384-192', 4, 48), ('SHA2-512-256', 5, 64)]
SUITES = [pytest.param(c, a, id=f'{c[0]}{c[2] or ""}+{a[0]}') for c in CIPHERS for a in AUTHS
          if (c[0] == 'AES-GCM') == (a[0] == 'NULL') or (a[0] == 'NULL' and c[0] != 'NULL')]


def key(n, start):
    return bytes((start + 7 * i) & 0xff for i in range(n))


class Tool:
    def __init__(self, mode, encap, cipher, auth):
        ends = (GW_A, GW_B) if mode == 'tunnel' else (HOST_A, HOST_B)
        self.program = built('tests', 'system', 'esp_tool')
        self.words = [mode, encap, str(cipher[1]), str(cipher[2]), str(auth[1]),
                      key(cipher[3], 1).hex(), key(auth[2], 99).hex(), hex(SPI), *ends]

    def run(self, what, packets):
        text = ''.join(bytes(p).hex() + '\n' for p in packets)
        done = subprocess.run([self.program, what, *self.words], input=text, text=True,
                              capture_output=True, check=True, timeout=30)
        lines = done.stdout.split('\n')[:-1]
        assert len(lines) == len(packets)
        return lines


def association(mode, encap, cipher, auth):
    known = scapy_ipsec.SecurityAssociation
    return known(scapy_ipsec.ESP, spi=SPI, seq_num=1, crypt_algo=cipher[0],
                 crypt_key=key(cipher[3], 1) or None, auth_algo=auth[0],
                 auth_key=key(auth[2], 99) or None,
                 tunnel_header=IP(src=GW_A, dst=GW_B) if mode == 'tunnel' else None,
                 nat_t_header=UDP(sport=4500, dport=4500) if encap == 'udp' else None)


def packets():
    ip = dict(src=HOST_A, dst=HOST_B, ttl=61, id=4711)
    yield IP(**ip) / UDP(sport=1, dport=2)
    yield IP(**ip) / TCP(sport=1, dport=2) / b'hello'
    yield IP(**ip) / ICMP() / bytes(range(256))
    for n in list(range(17)) + [1371, 1372]:
        yield IP(**ip) / UDP(sport=5, dport=6) / (b'x' * n)


def fresh():
    """As bytes say: lengths and checksums filled in."""
    return [IP(bytes(p)) for p in packets()]


MODES = [('tunnel', 'raw'), ('transport', 'raw'), ('tunnel', 'udp'), ('transport', 'udp')]


def without_what_the_way_changes(p, mode, encap):
    """Transport mode in UDP rebuilds the header from the outer one."""
    p = IP(bytes(p))
    if mode == 'transport':
        p.ttl, p.id, p.flags = 64, 1, 0
    del p.chksum
    return bytes(p)


@pytest.mark.parametrize('mode,encap', MODES)
@pytest.mark.parametrize('cipher,auth', SUITES)
def test_scapy_opens_what_we_closed(mode, encap, cipher, auth):
    sent = fresh()
    sa = association(mode, encap, cipher, auth)
    for i, (line, want) in enumerate(zip(Tool(mode, encap, cipher, auth).run('encrypt', sent), sent)):
        outer = IP(bytes.fromhex(line))
        if encap == 'udp':
            assert outer[UDP].dport == 4500
        esp = outer[scapy_ipsec.ESP]
        assert (esp.spi, esp.seq) == (SPI, i + 1)
        got = sa.decrypt(outer)
        assert without_what_the_way_changes(got, mode, encap) == \
            without_what_the_way_changes(want, mode, encap)


def esp_of(outer, encap):
    """The bytes from the SPI on."""
    return bytes(outer)[outer.ihl * 4 + (8 if encap == 'udp' else 0):outer.len]


@pytest.mark.parametrize('mode,encap', MODES)
@pytest.mark.parametrize('cipher,auth', SUITES)
def test_scapy_closes_to_the_same_bytes_with_our_iv(mode, encap, cipher, auth):
    sent = fresh()
    sa = association(mode, encap, cipher, auth)
    n_iv = sa.crypt_algo.iv_size
    for i, (line, p) in enumerate(zip(Tool(mode, encap, cipher, auth).run('encrypt', sent), sent)):
        ours = esp_of(IP(bytes.fromhex(line)), encap)
        theirs = IP(bytes(sa.encrypt(p, seq_num=i + 1, iv=ours[8:8 + n_iv] or None)))
        assert ours.hex() == esp_of(theirs, encap).hex()


@pytest.mark.parametrize('mode,encap', MODES)
@pytest.mark.parametrize('cipher,auth', SUITES)
def test_we_open_what_scapy_closed(mode, encap, cipher, auth):
    want = fresh()
    sa = association(mode, encap, cipher, auth)
    closed = [sa.encrypt(p) for p in fresh()]
    for line, p in zip(Tool(mode, encap, cipher, auth).run('decrypt', closed), want):
        assert not line.startswith('refused')
        assert without_what_the_way_changes(bytes.fromhex(line), mode, encap) == \
            without_what_the_way_changes(p, mode, encap)


def test_we_refuse_what_scapy_closed_with_another_key():
    cipher, auth = CIPHERS[3], AUTHS[2]
    sa = association('tunnel', 'raw', cipher, auth)
    closed = [sa.encrypt(p) for p in fresh()]
    tool = Tool('tunnel', 'raw', cipher, auth)
    assert tool.run('decrypt', [closed[0], closed[0]])[1] == 'refused 2'  # replayed
    tool.words[6] = key(auth[2], 98).hex()
    assert set(tool.run('decrypt', closed)) == {'refused 3'}  # not authentic


@pytest.mark.parametrize('bits', [128, 192, 256])
def test_gmac_is_gcm_over_the_readable_packet(bits):
    aead = pytest.importorskip('cryptography.hazmat.primitives.ciphers.aead')
    n = bits // 8
    secret = key(n + 4, 1)
    for line, p in zip(Tool('tunnel', 'raw', ('', 6, bits, n + 4), AUTHS[0]).run('encrypt', fresh()),
                       fresh()):
        esp = bytes.fromhex(line)[20:]
        covered, icv = esp[:-16], esp[-16:]
        assert esp[16:16 + len(p)] == bytes(p)
        nonce = secret[n:] + esp[8:16]
        # SPI, sequence number, IV and text are the AAD (RFC 4543 section 3.3)
        assert aead.AESGCM(secret[:n]).encrypt(nonce, b'', covered) == icv
