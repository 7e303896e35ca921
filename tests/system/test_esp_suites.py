# SPDX-License-Identifier: Apache-2.0
"""The suites that IOS has no word for, GMAC, and extended sequence numbers, against scapy.

What scapy lacks is written here out of the RFCs over the primitives of libcrypto: AES-XCBC-MAC-96
(RFC 3566), GMAC (RFC 4543), the upper half of a number behind what a MAC covers (RFC 4303)."""
import struct

import pytest

import test_esp_scapy as base
from test_esp_scapy import AUTHS, CIPHERS, HOST_A, HOST_B, MODES, SPI, Tool, association, esp_of, fresh

scapy_ipsec = base.scapy_ipsec
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes  # noqa: E402
from scapy.compat import raw  # noqa: E402
from scapy.layers.inet import IP, UDP  # noqa: E402

pytestmark = pytest.mark.no_way('src/ipsec alone: no forwarder, no port')

Wrong = scapy_ipsec.IPSecIntegrityError


class Xcbc:
    """As an object of hazmat.primitives: update(), finalize()."""

    def __init__(self, secret):
        self.secret, self.text = secret, b''

    def one(self, secret, block):
        e = Cipher(algorithms.AES(secret), modes.ECB()).encryptor()
        return e.update(block) + e.finalize()

    def update(self, text):
        self.text += text

    def finalize(self):
        k1, k2, k3 = (self.one(self.secret, bytes([i]) * 16) for i in (1, 2, 3))
        blocks = [self.text[i:i + 16] for i in range(0, len(self.text), 16)] or [b'']
        whole = len(blocks[-1]) == 16
        last = blocks[-1] if whole else (blocks[-1] + b'\x80').ljust(16, b'\0')
        blocks[-1] = bytes(a ^ b for a, b in zip(last, k2 if whole else k3))
        mac = bytes(16)
        for b in blocks:
            mac = self.one(k1, bytes(x ^ y for x, y in zip(mac, b)))
        return mac


def test_the_judge_knows_the_vectors_of_rfc_3566():
    for n, want in ((0, '75f0251d528ac01c4573dfd5'), (3, '5b376580ae2f19afe7219cee'), (16, 'd2a246fa349b68a79998a439'),
                    (20, '47f51b4564966215b8985c63'), (34, 'becbb3bccdb518a30677d548')):
        mac = Xcbc(bytes(range(16)))
        mac.update(bytes(range(n)))
        assert mac.finalize()[:12].hex() == want


class XcbcAlgo(scapy_ipsec.AuthAlgo):
    def new_mac(self, key):
        return Xcbc(key)


class Gmac(scapy_ipsec.CryptAlgo):
    """RFC 4543 section 3: the text stays readable, and is AAD with what stands before it."""

    def aad(self, esp, text, esn_en, esn):
        numbers = struct.pack('!LLL', esp.spi, esn, esp.seq) if esn_en else struct.pack('!LL', esp.spi, esp.seq)
        return numbers + text

    def encrypt(self, sa, esp, key, icv_size=None, esn_en=False, esn=0):
        text = esp.iv + esp.data_for_encryption()
        tag = aead.AESGCM(key).encrypt(sa.crypt_salt + esp.iv, b'', self.aad(esp, text, esn_en, esn))
        return scapy_ipsec.ESP(spi=esp.spi, seq=esp.seq, data=text + tag)

    def decrypt(self, sa, esp, key, icv_size=None, esn_en=False, esn=0):
        text, tag = esp.data[:-16], esp.data[-16:]
        if aead.AESGCM(key).encrypt(sa.crypt_salt + text[:8], b'', self.aad(esp, text, esn_en, esn)) != tag:
            raise Wrong('GMAC')
        data = text[8:]
        return scapy_ipsec._ESPPlain(spi=esp.spi, seq=esp.seq, iv=text[:8], data=data[:len(data) - data[-2] - 2],
                                     padlen=data[-2], nh=data[-1], icv=tag)


class Upper:
    """An authenticator of scapy's that covers the upper half of the number, too."""

    def __init__(self, algo):
        self.algo, self.icv_size, self.high = algo, algo.icv_size, 0

    def mac(self, secret, text):
        mac = self.algo.new_mac(secret)
        mac.update(text + struct.pack('!L', self.high))
        return mac.finalize()[:self.icv_size]

    def sign(self, esp, secret, **_):
        esp.data += self.mac(secret, raw(esp))
        return esp

    def verify(self, esp, secret, **_):
        text = raw(esp)
        if self.mac(secret, text[:-self.icv_size]) != text[-self.icv_size:]:
            raise Wrong('the MAC')


scapy_ipsec.AUTH_ALGOS['AES-XCBC-96'] = XcbcAlgo('AES-XCBC-96', mac=Xcbc, digestmod=None, icv_size=12, key_size=(16,))
scapy_ipsec.CRYPT_ALGOS['AES-GMAC'] = Gmac('AES-GMAC', cipher=aead.AESGCM, key_size=(16, 24, 32), mode=None, salt_size=4,
                                           block_size=1, iv_size=8, icv_size=16,
                                           format_mode_iv=lambda sa, iv, **kw: sa.crypt_salt + iv)

CTR = [('AES-CTR', 7, bits, bits // 8 + 4) for bits in (128, 192, 256)]
COMBINED = [('AES-GMAC', 6, bits, bits // 8 + 4) for bits in (128, 192, 256)] + [('CHACHA20-POLY1305', 8, 0, 36)]
XCBC = ('AES-XCBC-96', 6, 16)
SUITES = [*((c, a) for c in CTR for a in [*AUTHS[1:], XCBC]), *((c, AUTHS[0]) for c in COMBINED),
          *((c, XCBC) for c in CIPHERS if c[0] != 'AES-GCM')]


def some():
    """Each remainder of four and some of sixteen, and the largest."""
    every = fresh()
    return every[:9] + every[-1:]


def named(suites):
    return [pytest.param(c, a, id=f'{c[0]}{c[2] or ""}+{a[0]}') for c, a in suites]


def same(got, want, mode, encap):
    return base.without_what_the_way_changes(got, mode, encap) == base.without_what_the_way_changes(want, mode, encap)


@pytest.mark.parametrize('mode,encap', MODES)
@pytest.mark.parametrize('cipher,auth', named(SUITES))
def test_there_and_back_byte_by_byte(mode, encap, cipher, auth):
    tool, sa = Tool(mode, encap, cipher, auth), association(mode, encap, cipher, auth)
    n_iv = sa.crypt_algo.iv_size
    for i, (line, p) in enumerate(zip(tool.run('encrypt', some()), some())):
        outer = IP(bytes.fromhex(line))
        ours = esp_of(outer, encap)
        theirs = IP(bytes(sa.encrypt(p, seq_num=i + 1, iv=ours[8:8 + n_iv] or None)))
        assert ours.hex() == esp_of(theirs, encap).hex()
        assert same(sa.decrypt(outer), p, mode, encap)
    closed = [sa.encrypt(p) for p in some()]
    for line, p in zip(tool.run('decrypt', closed), some()):
        assert not line.startswith('refused') and same(bytes.fromhex(line), p, mode, encap)


EXTENDED = [*((c, AUTHS[0]) for c in COMBINED), (CIPHERS[6], AUTHS[0]), (CIPHERS[8], AUTHS[0]), (CIPHERS[3], AUTHS[2]),
            (CIPHERS[2], AUTHS[1]), (CIPHERS[0], AUTHS[5]), (CTR[2], AUTHS[4]), (CIPHERS[5], XCBC)]
LAST = 7 * 2**32 - 5  # the number before the first: among the packets the lower half begins anew


class Extended:
    """A scapy association with the numbers from LAST on."""

    def __init__(self, mode, encap, cipher, auth):
        self.tool, self.sa = Tool(mode, encap, cipher, auth), association(mode, encap, cipher, auth)
        self.tool.words[7] = f'{SPI:#x}/{LAST}'
        if auth[2]:
            self.sa.auth_algo = Upper(self.sa.auth_algo)
        self.sa.esn_en = True

    def at(self, i):
        high, low = divmod(LAST + 1 + i, 2**32)
        self.sa.esn = self.sa.auth_algo.high = high
        self.sa.seq_num = low
        return low


@pytest.mark.parametrize('mode,encap', MODES)
@pytest.mark.parametrize('cipher,auth', named(EXTENDED))
def test_extended_numbers_over_the_end_of_the_lower_half(mode, encap, cipher, auth):
    x = Extended(mode, encap, cipher, auth)
    n_iv = x.sa.crypt_algo.iv_size
    for i, (line, p) in enumerate(zip(x.tool.run('encrypt', some()), some())):
        outer = IP(bytes.fromhex(line))
        low, ours = x.at(i), esp_of(outer, encap)
        assert ours[:8] == struct.pack('!LL', SPI, low)
        theirs = IP(bytes(x.sa.encrypt(p, iv=ours[8:8 + n_iv] or None)))
        assert ours.hex() == esp_of(theirs, encap).hex()
        assert same(x.sa.decrypt(outer), p, mode, encap)
    closed = []
    for i, p in enumerate(some()):
        x.at(i)
        closed.append(x.sa.encrypt(p))
    for line, p in zip(x.tool.run('decrypt', closed), some()):
        assert not line.startswith('refused') and same(bytes.fromhex(line), p, mode, encap)
    # of another space: all that differs is what is not sent
    x.at(0)
    x.sa.esn = x.sa.auth_algo.high = 5
    assert x.tool.run('decrypt', [x.sa.encrypt(fresh()[0])]) == ['refused 3']


@pytest.mark.parametrize('more', [4, 40, 1000])
def test_traffic_flow_padding_is_accepted(more):
    """RFC 4303 section 2.7: in tunnel mode all that is behind the inner packet."""
    for cipher, auth in ((CIPHERS[8], AUTHS[0]), (CIPHERS[5], AUTHS[2])):
        sa = association('tunnel', 'raw', cipher, auth)
        inner = IP(bytes(IP(src=HOST_A, dst=HOST_B) / UDP(sport=1, dport=2) / b'hello'))
        line, = Tool('tunnel', 'raw', cipher, auth).run('decrypt', [sa.encrypt(inner / (b'\xee' * more))])
        assert bytes.fromhex(line)[:len(inner)] == bytes(inner)
        assert len(line) // 2 == len(inner)
