# SPDX-License-Identifier: Apache-2.0
"""A router under test (192.0.2.1) and its peer (198.51.100.1), whose ESP is scapy's."""
import itertools

import fwdproto as fp
from scapy.layers.inet import IP, UDP
from scapy.layers.ipsec import ESP, SecurityAssociation

US, PEER = '192.0.2.1', '198.51.100.1'
IFID, STEER_DEV = 7, 70
LAN, FAR = '10.1.0.0/16', '10.2.0.0/16'
SCAPY_CIPHER = {'null': ('NULL', 0, 0, 1), 'des': ('DES', 8, 8, 8), '3des': ('3DES', 24, 8, 8),
                'aes128': ('AES-CBC', 16, 16, 16), 'aes192': ('AES-CBC', 24, 16, 16),
                'aes256': ('AES-CBC', 32, 16, 16), 'gcm128': ('AES-GCM', 20, 8, 4),
                'gcm256': ('AES-GCM', 36, 8, 4)}
SCAPY_AUTH = {None: ('NULL', 0, 0), 'md5': ('HMAC-MD5-96', 16, 12), 'sha1': ('HMAC-SHA1-96', 20, 12),
              'sha256': ('SHA2-256-128', 32, 16), 'sha384': ('SHA2-384-192', 48, 24),
              'sha512': ('SHA2-512-256', 64, 32)}
LAN_TO_LAN = dict(id=1, sel=(LAN, FAR))
GRE_POLICY = dict(id=1, sel=(US + '/32', PEER + '/32', 47))
TUNNEL0 = dict(id=0, port=10)
spis = itertools.count(0x1001)


def secret(n, salt):
    return bytes((i * 37 + salt) & 255 for i in range(n))


class Pair:
    """Two SAs of one policy: given to the forwarder, and kept as scapy's twins."""

    def __init__(self, fwd, policy=1, sel=(LAN, FAR), cipher='aes128', auth='sha1', mode=fp.MODE_TUNNEL,
                 udp=None, window=64, life=(0, 0, 0, 0), dirs=(fp.IN, fp.OUT), moves=True):
        self.fwd, self.mode, self.udp = fwd, mode, udp
        self.iv_len, self.align = SCAPY_CIPHER[cipher][2:]
        self.icv_len = 16 if cipher.startswith('gcm') else SCAPY_AUTH[auth][2]
        self.out_spi, self.in_spi = next(spis), next(spis)
        self.out_id, self.in_id = self.out_spi, self.in_spi
        self.enc = [secret(SCAPY_CIPHER[cipher][1], s) for s in (1, 101)]
        self.auth = [secret(SCAPY_AUTH[auth][1], s) for s in (51, 151)]
        common = dict(pair=self.out_spi, policy=policy, mode=mode, cipher=cipher, auth=auth, window=window,
                      sel=sel, life=life, moves=bool(udp) and moves)
        ours, peers = udp or (None, None)
        for d in dirs:
            if d == fp.IN:
                fwd.sa_add(dict(common, id=self.in_id, dir=fp.IN, spi=self.in_spi, src=PEER, dst=US,
                                udp=udp and (peers, ours), enc_key=self.enc[1], auth_key=self.auth[1]))
            else:
                fwd.sa_add(dict(common, id=self.out_id, dir=fp.OUT, spi=self.out_spi, src=US, dst=PEER, udp=udp,
                                enc_key=self.enc[0], auth_key=self.auth[0]))
        self.suite = dict(crypt_algo=SCAPY_CIPHER[cipher][0], auth_algo=SCAPY_AUTH[auth][0])
        self.seq = 0  # of the last packet that the peer made
        self.ids = set()
        self.sent = 0  # sequence number that the forwarder used last

    def scapy_sa(self, outward, tunnel_header):
        i = 0 if outward else 1
        return SecurityAssociation(ESP, spi=self.out_spi if outward else self.in_spi,
                                   crypt_key=self.enc[i] or None, auth_key=self.auth[i] or None,
                                   tunnel_header=tunnel_header if self.mode == fp.MODE_TUNNEL else None,
                                   nat_t_header=UDP(sport=4500, dport=4500) if self.udp else None, **self.suite)

    def make(self, inner, seq=None, **outer):
        """What the peer sends for this packet: whole, or for UDP its payload."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        header = IP(src=PEER, dst=US, id=seq & 0xffff, ttl=60, **outer)
        pkt = self.scapy_sa(False, header).encrypt(inner, seq_num=seq)
        raw = bytes(pkt)
        return raw[28:] if self.udp else raw

    def expect(self, got, inner, ip_id=None, **outer):
        """Asserts that got is byte by byte what RFC 4303 makes of inner with the next
        sequence number and the IV that got carries."""
        got = bytes(got)
        self.sent += 1
        at = 0 if self.udp else 20
        iv = got[at + 8:at + 8 + self.iv_len]
        if 'tos' not in outer:
            outer['tos'] = inner.tos
        if 'flags' not in outer:
            outer['flags'] = 'DF' if inner.flags.DF else 0
        if ip_id is None:
            ip_id = self.sent
            if self.fwd.workers > 1 and not self.udp:  # each worker has numbers of its own
                ip_id = int.from_bytes(got[4:6], 'big')
                assert ip_id and ip_id not in self.ids
                self.ids.add(ip_id)
        header = IP(src=US, dst=PEER, ttl=255, id=ip_id, **outer)
        want = bytes(self.scapy_sa(True, header).encrypt(inner, seq_num=self.sent, iv=iv))
        assert got == (want[28:] if self.udp else want)
        return iv


def plaintext_mtu(pair, path_mtu=1500):
    """The longest inner packet: what is left of the path, on the cipher's boundary."""
    room = path_mtu - 20 - (8 if pair.udp else 0) - 8 - pair.iv_len - pair.icv_len
    align = max(pair.align, 4)
    return room // align * align - 2 + (20 if pair.mode == fp.MODE_TRANSPORT else 0)


def all_ports(fwd):
    fwd.port('steer', 11, fp.STEER, ifid=IFID, ifindex=STEER_DEV)
    fwd.port('esp', 1, fp.ESP)
    fwd.port('gre', 2, fp.GRE)
    fwd.port('icmp', 3, fp.ICMP)
    fwd.port('udp', 4, fp.UDP)
    fwd.port('tunnel', 10, fp.TUNNEL, ifindex=80)
