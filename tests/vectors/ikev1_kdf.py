#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes ikev1-computed.txt: RFC 2409's key derivation, computed here from the
RFC's formulas with Python's hashlib and hmac and nothing of the product, for the
parts that no published vector covers (other hashes than SHA, key expansion, weak
DES keys, KEYMAT). Inputs are bytes of a counted SHA-256, the same in every run.

usage: ikev1_kdf.py > ikev1-computed.txt
       ikev1_kdf.py methods > ikev1-computed-methods.txt   (signatures and encryption)
"""
import hashlib
import hmac
import sys

HASHES = {'md5': 'md5', 'sha': 'sha1', 'sha256': 'sha256', 'sha384': 'sha384', 'sha512': 'sha512'}
CIPHERS = {'des': (8, 8), '3des': (24, 8), 'aes 128': (16, 16), 'aes 192': (24, 16), 'aes 256': (32, 16)}
WEAK = [bytes.fromhex(w) for w in (  # weak and semi-weak: RFC 2409 appendix A, as FIPS 74 lists them
    '0101010101010101', 'FEFEFEFEFEFEFEFE', '1F1F1F1F0E0E0E0E', 'E0E0E0E0F1F1F1F1',
    '01FE01FE01FE01FE', '1FE01FE00EF10EF1', '01E001E001F101F1', '1FFE1FFE0EFE0EFE',
    '011F011F010E010E', 'E0FEE0FEF1FEF1FE', 'FE01FE01FE01FE01', 'E01FE01FF10EF10E',
    'E001E001F101F101', 'FE1FFE1FFE0EFE0E', '1F011F010E010E01', 'FEE0FEE0FEF1FEF1')]
count = 0


def some(n):
    global count
    out = b''
    while len(out) < n:
        count += 1
        out += hashlib.sha256(count.to_bytes(4, 'big')).digest()
    return out[:n]


def is_weak(key):
    return bytes(b & 0xfe for b in key) in [bytes(b & 0xfe for b in w) for w in WEAK]


def cipher_key(prf, skeyid_e, cipher):
    n = CIPHERS[cipher][0]
    material = skeyid_e
    if len(material) < n:  # appendix B: K1 = prf(SKEYID_e, 0), Kn = prf(SKEYID_e, Kn-1)
        block, material = b'\0', b''
        while len(material) < n:
            block = prf(skeyid_e, block)
            material += block
    at = 0
    while cipher == 'des' and is_weak(material[at:at + 8]):
        at += 8
    return material[at:at + n]


def keymat(prf, skeyid_d, gqm, proto, spi, ni, nr, n):
    out = block = b''
    while len(out) < n:
        block = prf(skeyid_d, block + gqm + bytes([proto]) + spi + ni + nr)
        out += block
    return out[:n]


def show(**values):
    for k, v in values.items():
        print(f'{k} = {v.hex() if isinstance(v, bytes) else v}')


def phase1(name, cipher):
    algo = HASHES[name]

    def prf(key, data):
        return hmac.new(key, data, algo).digest()

    def digest(data):
        return hashlib.new(algo, data).digest()

    block = CIPHERS[cipher][1]
    psk, ci, cr, ni, nr = some(7), some(8), some(8), some(20), some(33)
    gxi, gxr, gxy, sai, idii, idir = some(96), some(96), b'\0' + some(95), some(52), some(8), some(12)
    skeyid = prf(psk, ni + nr)
    d = prf(skeyid, gxy + ci + cr + b'\0')
    a = prf(skeyid, d + gxy + ci + cr + b'\1')
    e = prf(skeyid, a + gxy + ci + cr + b'\2')
    last, msgid = some(block), some(4)
    gqm, spi = some(96), some(4)
    show(hash=name, cipher=cipher, psk=psk, cky_i=ci, cky_r=cr, ni=ni, nr=nr, gxi=gxi, gxr=gxr, gxy=gxy,
         sai_b=sai, idii_b=idii, idir_b=idir, skeyid=skeyid, skeyid_d=d, skeyid_a=a, skeyid_e=e,
         key=cipher_key(prf, e, cipher), iv=digest(gxi + gxr)[:block],
         hash_i=prf(skeyid, gxi + gxr + ci + cr + sai + idii),
         hash_r=prf(skeyid, gxr + gxi + cr + ci + sai + idir),
         last=last, msgid=msgid, iv2=digest(last + msgid)[:block],
         spi=spi, gqm=gqm, keymat=keymat(prf, d, b'', 3, spi, ni, nr, 96),
         keymat_pfs=keymat(prf, d, gqm, 3, spi, ni, nr, 28))
    print()


def method(auth, name, len_i, len_r):
    """SKEYID for signatures and public key encryption (RFC 2409 section 5)."""
    def prf(key, data):
        return hmac.new(key, data, HASHES[name]).digest()
    ci, cr, ni, nr, gxy = some(8), some(8), some(len_i), some(len_r), b'\0' + some(127)
    skeyid = (prf(ni + nr, gxy) if auth == 'signature' else
              prf(hashlib.new(HASHES[name], ni + nr).digest(), ci + cr))
    d = prf(skeyid, gxy + ci + cr + b'\0')
    a = prf(skeyid, d + gxy + ci + cr + b'\1')
    show(auth=auth, hash=name, cky_i=ci, cky_r=cr, ni=ni, nr=nr, gxy=gxy, skeyid=skeyid, skeyid_d=d,
         skeyid_a=a, skeyid_e=prf(skeyid, a + gxy + ci + cr + b'\2'))
    print()


def weak(material):
    """A SKEYID_e that begins with weak keys: DES takes the next eight bytes."""
    show(hash='sha256', cipher='des', skeyid_e=material, key=cipher_key(None, material, 'des'))
    print()


print('# Written by ikev1_kdf.py, which says how.')
if sys.argv[1:] == ['methods']:
    for auth_name in 'signature', 'encryption':
        for hash_name in HASHES:
            for lengths in (8, 8), (20, 33), (256, 256):
                method(auth_name, hash_name, *lengths)
    sys.exit()
for hash_name in HASHES:
    for cipher_name in CIPHERS:
        phase1(hash_name, cipher_name)
for i, w in enumerate(WEAK):
    weak(w + some(24))
    weak(bytes(b & 0xfe for b in w) + WEAK[(i + 1) % 16] + some(16))
