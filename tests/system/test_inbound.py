# SPDX-License-Identifier: Apache-2.0
"""What a router takes from the wire and what it refuses, with a reason each: forged packets under
the keys of a live SA. Python's cryptography makes them; the counters and the log are IOS's."""
import hashlib
import hmac
import os
import re
import socket
import struct

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from scapy.layers.inet import IP, UDP

from peers.netns import Net, until
from peers.tshark import Capture, rows
from router import Router, config

US, PEER = '192.0.2.1', '192.0.2.2'
NEAR, FAR = '10.1.0.1', '10.2.0.1'


class Forger:
    """The peer's side of the SA towards us, out of the key file of a capture there."""

    def __init__(self, ns, esp_sa):
        line = next(x for x in esp_sa.read_text().splitlines() if f'"{PEER}","{US}"' in x)
        spi, enc, auth = re.search(r'"(0x\w+)","AES[^"]*","0x(\w+)","[^"]*","0x(\w+)"', line).groups()
        self.spi, self.enc, self.auth = int(spi, 16), bytes.fromhex(enc), bytes.fromhex(auth)
        self.raw = ns.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.seq = 1000

    def send(self, packet):
        self.raw.sendto(bytes(packet), (US, 0))

    def esp(self, inner, next_=4, seq=None, pad=None, spoil=False, spi=None):
        """RFC 4303 section 2, RFC 3602, RFC 2404."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        if pad is None:
            pad = bytes(range(1, 1 + -(len(inner) + 2) % 16))
        text = inner + pad + bytes([len(pad), next_])
        iv = os.urandom(16)
        c = Cipher(algorithms.AES(self.enc), modes.CBC(iv)).encryptor()
        body = struct.pack('!II', spi or self.spi, seq) + iv + c.update(text) + c.finalize()
        icv = hmac.new(self.auth, body, hashlib.sha1).digest()[:12]
        if spoil:
            icv = bytes([icv[0] ^ 1]) + icv[1:]
        self.send(IP(src=PEER, dst=US, proto=50, id=7) / (body + icv))


def mac(ns):
    return re.search(r'link/ether (\S+)', ns.ip('link', 'show', 'wan')).group(1)


@pytest.fixture
def field():
    with Net() as net:
        us, peer = net.ns('us'), net.ns('peer')
        net.link(us, 'wan', f'{US}/24', peer, 'wan', f'{PEER}/24')
        us.addr('lo', f'{NEAR}/32')
        peer.addr('lo', f'{FAR}/32')
        us.route('10.2.0.0/24', PEER)
        peer.route('10.1.0.0/24', US)

        def text(local, remote, near, far):
            return config('aes128-sha1-modp1024', local, remote, [f'ip {near} 0.0.0.255 {far} 0.0.0.255'])
        yield (us, peer, Router(us, text(US, PEER, '10.1.0.0', '10.2.0.0')),
               Router(peer, text(PEER, US, '10.2.0.0', '10.1.0.0')))


def test_each_refusal_has_its_counter_and_its_line(field):
    us, peer, router, other = field
    other.cli('enable; monitor capture K interface fa0/1 in; monitor capture K keys; monitor capture K start')
    assert us.ping(FAR, 2, source=NEAR).result().lost == []
    other.cli(f'enable; monitor capture K export {other.dir}/k')
    forger = Forger(peer, other.dir / 'k.esp_sa')
    inner = bytes(IP(src=FAR, dst=NEAR, id=1) / UDP(sport=1, dport=9) / b'hello')
    watch = Capture(us, 'cvsteer0')

    forger.esp(inner)  # the forger knows its trade: this one is taken
    for _ in range(5):
        forger.esp(inner, seq=forger.seq)  # a replay
    for _ in range(4):
        forger.esp(inner, spoil=True)
    for src, dst in ((FAR, '10.9.0.1'), ('10.9.0.2', NEAR), (NEAR, FAR)):
        forger.esp(bytes(IP(src=src, dst=dst, id=2) / UDP(sport=1, dport=9)))
    forger.esp(bytes(40), next_=41)
    forger.esp(inner, pad=bytes(range(2, 2 + -(len(inner) + 2) % 16)))  # must count from 1
    forger.esp(b'', next_=59)  # a dummy: as it should be
    forger.send(IP(src=PEER, dst=US, proto=50, id=8) / struct.pack('!II', forger.spi, 5000))
    for _ in range(3):
        forger.esp(inner, spi=0xdeadbeef)
    # in clear, past the peer's own guard; and what nobody protects
    peer.run('/usr/bin/python3', '-c', f"""
from scapy.all import IP, UDP, Ether, sendp
to = Ether(src='{mac(peer)}', dst='{mac(us)}')
sendp([to / IP(src=s, dst=d, id=9) / UDP(sport=1, dport=9)
       for s, d in [('{FAR}', '{NEAR}')] * 3 + [('10.7.0.1', '{US}')]], iface='wan')
""")

    def detail():
        return router.cli('show crypto ipsec sa detail')
    def dropped(why, n):
        return re.search(rf'^  {re.escape(why)} +{n}$', router.cli('show crypto drops'), re.M)
    until(lambda: dropped('unknown SPI', 3))  # they were the last of theirs
    until(lambda: dropped('arrived in clear, a crypto map protects it', 3))
    shown = detail()
    for line in ('#pkts invalid prot (recv) 1, #pkts verify failed: 4',
                 '#pkts invalid identity (recv) 3, #pkts invalid len (rcv) 1',
                 '#pkts encaps failed (send) 0, #pkts decaps failed (rcv) 1',
                 '#pkts decaps: 3, #pkts decrypt: 3, #pkts verify: 3'):
        assert line in shown, shown
    assert '#send errors 0, #recv errors 15' in router.cli('show crypto ipsec sa')
    for why, n in (('authentication failed', 4), ('replayed', 5), ('bad ESP padding', 1),
                   ("inner packet outside the SA's identity", 4), ('malformed ESP', 1)):
        assert dropped(why, n), (why, router.cli('show crypto drops'))

    until(lambda: len(set(re.findall(r'%CRYPTO-4-(\w+)', router.log()))) == 5, 5, 'five lines')
    log = router.log()
    for what in ("RECVD_PKT_NOT_IPSEC: Rec'd packet not an IPSEC packet. (ip) vrf/dest_addr= /10.1.0.1, "
                 'src_addr= 10.2.0.1, prot= 17',
                 'RECVD_PKT_INV_SPI: decaps: rec`d IPSEC packet has invalid spi for destaddr=192.0.2.1, prot=50, '
                 'spi=0xDEADBEEF(3735928559), srcaddr=192.0.2.2',
                 'RECVD_PKT_MAC_ERR: decrypt: mac verify failed for connection id=',
                 'PKT_REPLAY_ERR: decrypt: replay check failed',
                 "RECVD_PKT_INV_IDENTITY: identity doesn't match negotiated identity (ip) vrf/dest_addr= /10.9.0.1, "
                 'src_addr= 10.2.0.1, prot= 17'):
        assert log.count(f'%CRYPTO-4-{what.split(":")[0]}:') == 1, log  # once a minute, as IOS
        assert f'%CRYPTO-4-{what}' in log, (what, log)

    # nothing but the echo replies and the one good packet came out of the SAs
    got = rows(watch.stop(), ['ip.src', 'ip.dst', 'ip.id'], 'udp && !icmp')
    assert got == [[FAR, NEAR, '0x0001']], got
    router.cli('enable; clear crypto sa counters')
    assert '##pkts replay failed (rcv): 0' in detail() and '#pkts verify failed: 0' in detail()
    assert router.cli('show crypto drops') == 'No packets were dropped\n'
