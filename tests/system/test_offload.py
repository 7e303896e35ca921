# SPDX-License-Identifier: Apache-2.0
"""Super-packets through whole routers, with the kernel of two hosts as the judge: what is sent arrives,
no checksum is wrong, and the TUNs carry far fewer packets than the wire. The same without offloads.

    h1 10.1.1.10 - r1 192.0.2.1 - mid - 198.51.100.1 r2 - 10.2.2.10 h2
"""
import hashlib
import json
import os
import re
import socket
import struct
import threading

import pytest

from mtunet import H1, H2, Capture, MtuNet, text
from peers.netns import Net, need, until
from peers.tshark import tshark
from router import Router

pytestmark = pytest.mark.chooses('offload', reason='it compares both')

BYTES = 12 << 20
DATA = os.urandom(1 << 20)


def tun_counts(net, device):
    """What crossed the descriptors: {router: (bytes per read, packets read, bytes per write, packets written)}."""
    out = {}
    for ns in (net.r1, net.r2):
        for link in json.loads(ns.ip('-s', '-j', 'link', 'show', device)):
            s = link['stats64']
            out[ns.label] = (s['tx']['bytes'] // max(1, s['tx']['packets']), s['tx']['packets'],
                             s['rx']['bytes'] // max(1, s['rx']['packets']), s['rx']['packets'])
    return out


def wrong_sums(*hosts):
    bad = 0
    for ns in hosts:
        lines = ns.run('cat', '/proc/net/snmp').stdout.splitlines()
        for names, numbers in zip(lines[::2], lines[1::2]):
            bad += sum(int(n) for k, n in zip(names.split(), numbers.split()) if k == 'InCsumErrors')
    return bad


def send_tcp(net, port=7000):
    """BYTES from h1 to h2; what arrived, as a digest."""
    ear = net.h2.socket(socket.SOCK_STREAM, bind=(H2, port))
    ear.listen(1)
    mouth = net.h1.socket(socket.SOCK_STREAM)
    for s in (ear, mouth):
        s.settimeout(30)
    got, n = hashlib.sha256(), 0

    def send():
        with mouth:
            mouth.connect((H2, port))
            for _ in range(BYTES // len(DATA)):
                mouth.sendall(DATA)
    thread = threading.Thread(target=send)
    thread.start()
    with ear, ear.accept()[0] as conn:
        while chunk := conn.recv(1 << 16):
            got.update(chunk)
            n += len(chunk)
    thread.join()
    return n, got.hexdigest()


def send_udp(net, port=7001, size=500, count=100, rounds=6):
    """Datagrams by UDP_SEGMENT, which the kernel hands over as one packet if it may: more than a batch holds, and
    nothing comes behind them that would wake the forwarder. Those that arrived, in order."""
    ear = net.h2.socket(socket.SOCK_DGRAM, bind=(H2, port))
    mouth = net.h1.socket(socket.SOCK_DGRAM)
    ear.settimeout(2)
    got = []
    with ear, mouth:
        mouth.setsockopt(socket.IPPROTO_UDP, 103, size)  # UDP_SEGMENT
        mouth.connect((H2, port))
        for r in range(rounds):
            whole = b''.join((r * count + i).to_bytes(4, 'big') + DATA[i:i + size - 4] for i in range(count))
            try:
                mouth.send(whole + b'end')
            except OSError:  # before Linux 6.9: 64 at most
                return send_udp(net, port + 10, size, 60, rounds)
            got += [ear.recv(4096) for _ in range(count + 1)]
    want = []
    for r in range(rounds):
        want += [(r * count + i).to_bytes(4, 'big') + DATA[i:i + size - 4] for i in range(count)] + [b'end']
    return got, want


KINDS = {'gre': dict(gre=True, transform='esp-aes 256 esp-sha-hmac', mode='transport'),
         'map': dict(gre=False, transform='esp-aes esp-sha-hmac')}


@pytest.fixture(scope='module', params=[('gre', ()), ('map', ()), pytest.param(('gre', ('--no-offload',)), marks=pytest.mark.slow),
                        ('map', ('--no-offload',))], ids=lambda p: '-'.join((p[0], *p[1])).replace('---', '-'))
def lab(request):
    need('tcpdump')
    kind, args = request.param
    with MtuNet() as net:
        net.routers = [Router(ns, text(n, **KINDS[kind]), 'wan', ('--interface', 'FastEthernet0/0=lan', *args))
                       for n, ns in ((1, net.r1), (2, net.r2))]
        until(lambda: net.h1.ping(H2, 1, wait=1).result().seen, 20, 'a way through')
        yield net, 'Tunnel0' if kind == 'gre' else 'cvsteer0', not args


def test_what_is_sent_arrives_and_super_packets_carry_it(lab):
    net, device, offload = lab
    said = net.routers[0].log()
    assert re.search(r'%CULVERT-6-PORT: TUN \w+: ' + ('super-packets of TCP' if offload else 'one packet a call'),
                     said), said
    assert re.search(r'%CULVERT-6-CRYPTO: packets are encrypted by (intel-ipsec-mb|libcrypto) \d', said), said
    udp = not offload or 'TCP and UDP both ways' in said
    wire = Capture(net.mid, 'west', ('proto', '50'))
    n, digest = send_tcp(net)
    want = hashlib.sha256(DATA * (BYTES // len(DATA))).hexdigest()
    assert (n, digest) == (BYTES, want)
    after = tun_counts(net, device)
    got, sent = send_udp(net)
    assert got == sent
    assert wrong_sums(net.h1, net.h2, net.r1, net.r2) == 0
    packets = [p for p in wire.packets() if p[0] == 'ESP']
    assert max(p[1] for p in packets) <= 1500 and not any(p[3] for p in packets), 'no fragments, nothing too long'
    assert len(packets) > BYTES // 1400
    read, written = after['r1'][0], after['r2'][2]
    if offload:  # how many packets a batch has, and so a write, is a matter of who is faster
        assert read > 2500 and written > 1500, after
        if udp:  # some hundred datagrams, in far fewer packets
            last = tun_counts(net, device)
            assert last['r1'][1] - after['r1'][1] < 100, (after, last)
    else:
        assert read <= 1500 and written <= 1500, after


def test_a_capture_shows_the_packets_that_were_cut(lab):
    net, device, _ = lab
    router = net.routers[0]
    file = router.dir / 'cap.pcapng'
    router.cli('enable; monitor capture C interface fa0/1 both; monitor capture C access-list 199; '
               'configure terminal; access-list 199 permit tcp any any; end; monitor capture C start')
    send_tcp(net, 7004)
    router.cli(f'enable; monitor capture C stop; monitor capture C export {file}')
    said = tshark(file, '-o', 'tcp.check_checksum:TRUE', '-Y', 'tcp.len > 0', '-T', 'fields', '-e', 'frame.len',
                  '-e', 'ip.len', '-e', 'tcp.checksum.status')
    seen = [line.split('\t') for line in said.splitlines()]
    assert len(seen) > 1000
    assert all(int(f) == int(i) and int(i) <= 1500 for f, i, _ in seen), [s for s in seen if int(s[1]) > 1500][:5]
    assert {s[2] for s in seen} <= {'1', 'Good'}, {s[2] for s in seen}


def test_a_path_that_is_too_narrow_is_told_of_each_packet(lab):
    """ICMP quotes a packet that was cut, and TCP takes it for one of its own."""
    net, _, _ = lab
    net.configure(['crypto ipsec df-bit set', 'interface Tunnel0', 'tunnel path-mtu-discovery'])
    net.path(1300)
    try:
        n, digest = send_tcp(net, 7003)
        assert (n, digest) == (BYTES, hashlib.sha256(DATA * (BYTES // len(DATA))).hexdigest())
        assert wrong_sums(net.h1, net.h2, net.r1, net.r2) == 0
        learned = net.routers[0].cli('show crypto mtu')
        assert '1300' in learned, learned
    finally:
        net.path(1500)


def unfinished(proto, segment, at):
    """The segment with what a kernel leaves in the place of a checksum that a device is to make."""
    pseudo = socket.inet_aton('172.16.0.2') + socket.inet_aton('172.16.0.1') + struct.pack('!HH', proto, len(segment))
    total = sum(struct.unpack('!6H', pseudo))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return segment[:at] + struct.pack('!H', total) + segment[at + 2:]


def test_a_checksum_that_a_kernel_on_the_same_machine_left_unfinished_is_finished():
    """GRE over a veth pair: no wire is between, and nobody made the checksums of what is inside. Damage that is
    no such thing stays damage."""
    with Net() as net:
        us, peer = net.ns('us'), net.ns('peer')
        net.link(us, 'wan', '192.0.2.1/24', peer, 'wan', '192.0.2.2/24')
        Router(us, 'interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\ninterface Tunnel0\n'
               ' ip address 172.16.0.1 255.255.255.252\n tunnel source FastEthernet0/1\n tunnel destination 192.0.2.2\n')
        ear = us.socket(socket.SOCK_DGRAM, bind=('0.0.0.0', 7000))
        gre = peer.socket(socket.SOCK_RAW, 47)
        head = bytes.fromhex('4500') + b'..' + bytes.fromhex('0001400040110000') + socket.inet_aton('172.16.0.2') + \
            socket.inet_aton('172.16.0.1')

        def send(datagram):
            ip = head[:2] + struct.pack('!H', 20 + len(datagram)) + head[4:]
            total = sum(struct.unpack('!10H', ip))
            total = (total & 0xffff) + (total >> 16)
            ip = ip[:10] + struct.pack('!H', ~((total & 0xffff) + (total >> 16)) & 0xffff) + ip[12:]
            gre.sendto(bytes.fromhex('00000800') + ip + datagram, ('192.0.2.1', 0))

        def datagram(n):
            return struct.pack('!4H', 9, 7000, 8 + n, 0) + DATA[:n]
        with ear, gre:
            ear.settimeout(0.3)

            def arrives(*sent):
                try:
                    send(*sent)
                    return ear.recv(2000)
                except TimeoutError:
                    return b''
            until(lambda: arrives(datagram(0x31)) == DATA[:0x31], 20, 'a way through')  # no checksum at all
            for n in range(1, 1400, 99):
                assert arrives(unfinished(17, datagram(n), 6)) == DATA[:n], n
            assert wrong_sums(us) == 0
            whole = unfinished(17, datagram(100), 6)
            assert arrives(whole[:6] + bytes([whole[6] ^ 1]) + whole[7:]) == b''
            assert wrong_sums(us) == 1
