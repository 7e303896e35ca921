# SPDX-License-Identifier: Apache-2.0
"""A tunnel's packets with a Tunnel Encapsulation Limit (RFC 2473 section 5.1), as Linux writes them, which the far end
has cut before it encrypted them. scapy cuts and encrypts, under the keys that IKE has agreed on."""
import pytest

from peers.netns import until
from test_ipv6 import FAR, FAR_LAN, NEAR, NEAR_LAN, map_words, tunnel_words, world  # noqa: F401

# an echo request in GRE, in pieces, each in ESP; how many of these are sent in clear, and whether an answer comes
IN_PIECES = '''
import socket, sys
from scapy.all import conf, send
from scapy.layers.inet6 import (HBHOptUnknown, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, PadN,
                                fragment6, raw)
from scapy.layers.ipsec import ESP, SecurityAssociation
from scapy.layers.l2 import GRE
conf.verb = 0
far, near, spi, cipher, mac, seq, clear, proto = sys.argv[1:]
sa = SecurityAssociation(ESP, spi=int(spi, 16), seq_num=int(seq), crypt_algo='AES-CBC', crypt_key=bytes.fromhex(cipher),
                         auth_algo='SHA2-256-128', auth_key=bytes.fromhex(mac), tunnel_header=IPv6(src=far, dst=near, hlim=64))
echo = IPv6(src='2001:db8:172::2', dst='2001:db8:172::1') / ICMPv6EchoRequest(id=0x1234, seq=int(seq), data=bytes(1400))
limit = IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=4, optlen=1, optdata=bytes([4])), PadN(optdata=bytes(1))])
inside = GRE(proto=0x86dd) / echo
if proto != '47': # something else behind the options: no tunnel's
    limit.nh = int(proto)
parts = fragment6(IPv6(src=far, dst=near) / IPv6ExtHdrFragment(id=int(seq)) / limit / inside, 700)
assert len(parts) == 3 and all(p[IPv6ExtHdrFragment].nh == 60 for p in parts), [p.summary() for p in parts]
with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as s:
    s.settimeout(1)
    for n, p in enumerate(parts):
        send(p if n < int(clear) else sa.encrypt(IPv6(raw(p))))
    try:
        while True:
            got = s.recv(2048)
            if got[0] == 129 and got[4:6] == bytes([0x12, 0x34]) and got[6:8] == int(seq).to_bytes(2, 'big'):
                print('answered')
                break
    except TimeoutError:
        print('nothing')
'''


@pytest.mark.parametrize('how', ['protected', pytest.param('mapped', marks=pytest.mark.slow)])
def test_pieces_behind_an_encapsulation_limit(world, how):  # noqa: F811
    texts = []
    for n in (1, 2):
        if how == 'protected':  # its list is about what it carries, not about its pieces
            text = 'ipv6 access-list IN\n permit icmp any any\n' + tunnel_words(n, 'gre ipv6', 6).replace(
                'interface Tunnel0\n', 'interface Tunnel0\n ipv6 traffic-filter IN in\n')
        else:
            me, you, mine, yours = (NEAR, FAR, NEAR_LAN, FAR_LAN) if n == 1 else (FAR, NEAR, FAR_LAN, NEAR_LAN)
            text = (map_words(n).replace(f'permit ipv6 {mine} {yours}', f'permit 47 host {me} host {you}') + 'interface Tunnel0'
                    + tunnel_words(n, 'gre ipv6', 6, protected=False).partition('interface Tunnel0')[2])
        texts.append(text)
    a = world.router(world.a, texts[0])
    a.cli('enable; monitor capture CAP interface fa0/1 both; monitor capture CAP keys; monitor capture CAP start')
    world.router(world.b, texts[1])
    until(lambda: not world.b.ping('2001:db8:172::1', 1, wait=1).result().lost, 20, 'the tunnel')
    a.cli(f'enable; monitor capture CAP stop; monitor capture CAP export {a.dir}/cap')
    line = [x for x in (a.dir / 'cap.esp_sa').read_text().splitlines() if x.lower().startswith(f'"ipv6","{FAR}"')][-1]
    spi, _, cipher, _, mac = [w.strip('"') for w in line.split(',')[3:8]]

    def answer(seq, clear=0, proto=47):
        return world.b.run('/usr/bin/python3', '-c', IN_PIECES, FAR, NEAR, spi, cipher[2:], mac[2:], seq, clear,
                           proto).stdout.strip()
    # the first of so large an answer says to the kernel what fits into the map's SA
    assert 'answered' in [answer(n) for n in (1000, 1100)[how == 'protected':]], a.cli('show crypto drops') + a.log()
    # a first piece in clear is no part of it; one of another protocol is not this SA's
    assert answer(2000, clear=1) == 'nothing'
    assert answer(3000, proto=17) == 'nothing'
    assert answer(4000) == 'answered'
    assert 'invalid identity (recv) 1' in a.cli('show crypto ipsec sa detail'), a.cli('show crypto ipsec sa detail')
