# SPDX-License-Identifier: Apache-2.0
"""Authentication with public key encryption from RFC 2409 section 5.2 alone: a peer in Python, since no open one speaks it.

Phase 1 only, AES-256-CBC, HMAC-SHA1 or HMAC-SHA256, group 2 (RFC 2409 section 6.2). No code of Culvert's.
"""
import hashlib
import hmac
import os
import socket
import struct

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

P = int('FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B'
        '302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6'
        '49286651ECE65381FFFFFFFFFFFFFFFF', 16)
SA, KE, ID, HASH, NONCE, NOTIFY = 1, 4, 5, 8, 10, 11
MAIN, AGGRESSIVE = 2, 4


class Refused(Exception):
    pass


def new_key(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def spki(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_string(key):
    """As IOS prints a public key: groups of eight digits, eight a line."""
    hexes = spki(key).hex().upper()
    groups = [hexes[i:i + 8] for i in range(0, len(hexes), 8)]
    return [' '.join(groups[i:i + 8]) for i in range(0, len(groups), 8)]


def ipv4_id(address, port=500):
    return struct.pack('>BBH', 1, 17, port) + socket.inet_aton(address)


def fqdn_id(name):
    return struct.pack('>BBH', 2, 17, 500) + name.encode()


def chain(payloads):
    out = b''
    for i, (_, body) in enumerate(payloads):
        follows = payloads[i + 1][0] if i + 1 < len(payloads) else 0
        out += struct.pack('>BBH', follows, 0, 4 + len(body)) + body
    return out


def parse(first, data):
    found = []
    while first:
        following, _, length = struct.unpack('>BBH', data[:4])
        if not 4 <= length <= len(data):
            raise Refused('a payload of a wrong length')
        found.append((first, data[4:length]))
        first, data = following, data[length:]
    return found


def one(payloads, kind):
    return next((body for k, body in payloads if k == kind), None)


class Peer:
    """One exchange. own: our RSA key; his: the router's SubjectPublicKeyInfo."""

    def __init__(self, sock, to, own, his, id_body, hash_='sha1', tamper=lambda kind, sealed: sealed, nonce=20, hash1=None):
        self.sock, self.to, self.own, self.his = sock, to, own, load_der_public_key(his)
        self.id, self.hash, self.tamper, self.hash1 = id_body, getattr(hashlib, hash_), tamper, hash1
        self.number = {'sha1': 2, 'sha256': 4}[hash_]
        self.x = int.from_bytes(os.urandom(32), 'big')
        self.public = pow(2, self.x, P).to_bytes(128, 'big')
        self.nonce = os.urandom(nonce)
        self.sent, self.got = [], []
        sock.settimeout(5)

    # ---- bytes ----

    def prf(self, key, *data):
        return hmac.new(key, b''.join(data), self.hash).digest()

    def seal(self, kind, text):
        return self.tamper(kind, self.his.encrypt(text, padding.PKCS1v15()))

    def unseal(self, sealed):
        return self.own.decrypt(sealed, padding.PKCS1v15())

    def offer(self):
        attrs = b''.join(struct.pack('>HH', 0x8000 | k, v)
                         for k, v in ((1, 7), (14, 256), (2, self.number), (4, 2), (3, 4), (11, 1), (12, 3600)))
        transform = struct.pack('>BBHBBH', 0, 0, 8 + len(attrs), 1, 1, 0) + attrs
        proposal = struct.pack('>BBHBBBB', 0, 0, 8 + len(transform), 1, 1, 0, 1) + transform
        return struct.pack('>II', 1, 1) + proposal

    def send(self, exchange, payloads, encrypt=False):
        body = chain(payloads)
        if encrypt:
            body += bytes(-len(body) % 16)
            enc = Cipher(algorithms.AES(self.key), modes.CBC(self.iv)).encryptor()
            body = enc.update(body) + enc.finalize()
            self.iv = body[-16:]
        d = struct.pack('>8s8sBBBBII', self.ci, self.cr, payloads[0][0], 0x10, exchange, int(encrypt), 0, 28 + len(body))
        self.sent.append(len(d + body))
        self.sock.sendto(d + body, self.to)

    def receive(self, exchange):
        """The next message of the exchange: its payloads, decrypted."""
        while True:
            d, self.to = self.sock.recvfrom(9000)
            ci, cr, first, version, kind, flags, msgid, length = struct.unpack('>8s8sBBBBII', d[:28])
            if kind != exchange or (hasattr(self, 'ci') and ci != self.ci):
                continue
            assert version == 0x10 and length == len(d) and msgid == 0, d.hex()
            self.got.append(len(d))
            body = d[28:]
            if flags & 1:
                dec = Cipher(algorithms.AES(self.key), modes.CBC(self.iv)).decryptor()
                self.iv, body = body[-16:], dec.update(body) + dec.finalize()
            self.cookies = ci, cr
            return parse(first, body)

    # ---- keys and hashes (RFC 2409 section 5, 5.2 and appendix B) ----

    def derive(self, initiator, other_public, other_nonce):
        ni, nr = (self.nonce, other_nonce) if initiator else (other_nonce, self.nonce)
        self.gi, self.gr = (self.public, other_public) if initiator else (other_public, self.public)
        secret = pow(int.from_bytes(other_public, 'big'), self.x, P).to_bytes(128, 'big')
        self.skeyid = self.prf(self.hash(ni + nr).digest(), self.ci, self.cr)
        d = self.prf(self.skeyid, secret, self.ci, self.cr, b'\0')
        a = self.prf(self.skeyid, d, secret, self.ci, self.cr, b'\1')
        e = self.prf(self.skeyid, a, secret, self.ci, self.cr, b'\2')
        key = e
        if len(e) < 32:
            k1 = self.prf(e, b'\0')
            key = k1 + self.prf(e, k1)
        self.key = key[:32]
        self.iv = self.hash(self.gi + self.gr).digest()[:16]

    def hash_i(self, id_i):
        return self.prf(self.skeyid, self.gi, self.gr, self.ci, self.cr, self.sai, id_i)

    def hash_r(self, id_r):
        return self.prf(self.skeyid, self.gr, self.gi, self.cr, self.ci, self.sai, id_r)

    # ---- exchanges ----

    def ke(self):
        hash1 = [(HASH, self.hash1)] if self.hash1 else []
        return [(KE, self.public), *hash1, (ID, self.seal('id', self.id)), (NONCE, self.seal('nonce', self.nonce))]

    def check(self, got, want):
        if got != want:
            raise Refused('the hash is wrong')

    def begin(self):
        """Main mode as initiator: the router's identity, or Refused."""
        self.ci, self.cr, self.sai = os.urandom(8), bytes(8), self.offer()
        self.send(MAIN, [(SA, self.sai)])
        answer = self.receive(MAIN)
        self.cr = self.cookies[1]
        assert one(answer, SA) == self.sai, 'it chose what was not offered'
        self.send(MAIN, self.ke())
        answer = self.receive(MAIN)
        his_id = self.unseal(one(answer, ID))
        self.derive(True, one(answer, KE), self.unseal(one(answer, NONCE)))
        self.send(MAIN, [(HASH, self.hash_i(self.id))], encrypt=True)
        answer = self.receive(MAIN)
        assert [k for k, _ in answer][0] == HASH and not one(answer, ID)
        self.check(one(answer, HASH), self.hash_r(his_id))
        return his_id

    def answer(self):
        """Main mode as responder."""
        first = self.receive(MAIN)
        self.ci, self.cr, self.sai = self.cookies[0], os.urandom(8), one(first, SA)
        proposals = self.sai[8:]
        assert struct.unpack('>H', proposals[2:4])[0] == len(proposals) and proposals[7] == 1, 'one transform was expected'
        assert b'\x80\x03\x00\x04' in proposals, 'rsa-encr is not offered'
        self.send(MAIN, [(SA, self.sai)])
        got = self.receive(MAIN)
        assert [k for k, _ in got][:3] == [KE, ID, NONCE], got
        his_id = self.unseal(one(got, ID))
        his_nonce = self.unseal(one(got, NONCE))
        self.send(MAIN, self.ke())
        self.derive(False, one(got, KE), his_nonce)
        got = self.receive(MAIN)
        self.check(one(got, HASH), self.hash_i(his_id))
        self.send(MAIN, [(HASH, self.hash_r(self.id))], encrypt=True)
        return his_id

    def begin_aggressive(self):
        self.ci, self.cr, self.sai = os.urandom(8), bytes(8), self.offer()
        self.send(AGGRESSIVE, [(SA, self.sai), *self.ke()])
        answer = self.receive(AGGRESSIVE)
        self.cr = self.cookies[1]
        his_id = self.unseal(one(answer, ID))
        self.derive(True, one(answer, KE), self.unseal(one(answer, NONCE)))
        self.check(one(answer, HASH), self.hash_r(his_id))
        self.send(AGGRESSIVE, [(HASH, self.hash_i(self.id))])
        return his_id

    def answer_aggressive(self):
        first = self.receive(AGGRESSIVE)
        self.ci, self.cr, self.sai = self.cookies[0], os.urandom(8), one(first, SA)
        his_id, his_nonce = self.unseal(one(first, ID)), self.unseal(one(first, NONCE))
        self.derive(False, one(first, KE), his_nonce)
        ke, *sealed = self.ke()
        self.send(AGGRESSIVE, [(SA, self.sai), ke, *sealed, (HASH, self.hash_r(self.id))])
        third = self.receive(AGGRESSIVE)
        self.check(one(third, HASH), self.hash_i(his_id))
        return his_id
