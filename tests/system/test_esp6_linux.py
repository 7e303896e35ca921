# SPDX-License-Identifier: Apache-2.0
"""ESP, AH and both over IPv6 against a Linux kernel of its own (user-mode Linux) with typed keys: it answers what we
protect, and we open what it protects. The other end is an SA of ipsec/ on a command line, and a socket."""
import re
import socket
import subprocess
import time

import pytest

from conftest import built
from peers.netns import Net, until
from peers.uml import Guest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import (HBHOptUnknown, ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt,
                                IPv6ExtHdrHopByHop)
from scapy.layers.l2 import Ether

pytestmark = pytest.mark.no_way('src/ipsec alone: no forwarder, no port')

US4, PEER4 = '192.0.2.1', '192.0.2.2'
US6, PEER6 = '2001:db8:1::1', '2001:db8:1::2'
NEAR = {4: '10.1.1.1', 6: '2001:db8:a::1'}
FAR = {4: '10.2.2.10', 6: '2001:db8:b::10'}
MAC = '02:00:00:00:00:01'
# numbers of model/alg_id.h, and the kernel's words: cipher, bits, key; MAC, key, bits of ICV
CIPHERS = {'aes': ((4, 128), "enc 'cbc(aes)'", 16), '3des': ((3, 0), "enc 'cbc(des3_ede)'", 24),
           'null': ((1, 0), "enc 'ecb(cipher_null)'", 0)}
MACS = {'sha1': (2, 20, 96), 'sha256': (3, 32, 128), 'sha512': (5, 64, 256), 'md5': (1, 16, 96)}
SETS = [('aes', 'sha1', None), ('3des', 'sha256', None), ('null', 'sha512', None), (None, None, 'sha1'), (None, None, 'sha256'),
        (None, None, 'sha512'), ('aes', 'sha256', 'sha256'), ('3des', 'sha1', 'md5')]
MIXES = ['6in6', '4in6', '6in4', 'transport']
QUICK = {(SETS[6], '6in6'), (SETS[6], 'headers')}


def row(what, mix):
    return pytest.param(what, mix, id='-'.join([*(w for w in what if w), mix]),
                        marks=() if (what, mix) in QUICK else pytest.mark.slow)


def secret(n, start):
    return ''.join(f'{(start + 11 * i) & 0xff:02x}' for i in range(n))


@pytest.fixture(scope='module')
def guest():
    with Net() as net:
        g = Guest(net.ns('wire'), f'{PEER4}/24')
        try:
            g.run(f'''set -e; modprobe ipv6
                ip link set eth0 up; ip -6 addr add {PEER6}/64 dev eth0 nodad
                ip addr add {FAR[4]}/32 dev lo; ip -6 addr add {FAR[6]}/128 dev lo
                ip neigh replace {US4} lladdr {MAC} dev eth0; ip -6 neigh replace {US6} lladdr {MAC} dev eth0
                ip route add {NEAR[4]}/32 via {US4} src {FAR[4]}; ip -6 route add {NEAR[6]}/128 via {US6}
                for m in esp6 ah6 tunnel6 xfrm6_tunnel; do modprobe $m; done''')
            g.mac = re.search(r'link/ether (\S+)', g.run('ip link show eth0'))[1]
            g.wire = g.ns.socket(socket.SOCK_RAW, socket.htons(3), ('tap0', 0), socket.AF_PACKET)
            g.wire.settimeout(0.2)
            yield g
            g.wire.close()
        finally:
            g.stop()


def ends(mix):
    return (US4, PEER4) if mix == '6in4' else (US6, PEER6)


def hosts(mix):
    if mix == 'transport':
        return US6, PEER6
    return NEAR[int(mix[0])], FAR[int(mix[0])]


def states(mix, what):
    """The guest's, towards it and from it."""
    cipher, auth, ah = what
    mode = 'transport' if mix == 'transport' else 'tunnel'
    out = ['ip xfrm state flush', 'ip xfrm policy flush']
    us, peer = ends(mix)
    near, far = hosts(mix)
    for d, (src, dst) in enumerate(((us, peer), (peer, us))):
        # the selector says of which family what is inside is
        sel = f'sel src {near if d == 0 else far} dst {far if d == 0 else near}' if mode == 'tunnel' else ''
        if cipher:
            _, words, n = CIPHERS[cipher]
            _, klen, bits = MACS[auth]
            out.append(f"ip xfrm state add src {src} dst {dst} proto esp spi {2000 + d} reqid 1 mode {mode} {words} "
                       f"{'0x' + secret(n, 9) if n else chr(39) * 2} auth-trunc 'hmac({auth})' 0x{secret(klen, 5)} {bits} {sel}")
        if ah:
            _, klen, bits = MACS[ah]
            out.append(f"ip xfrm state add src {src} dst {dst} proto ah spi {1000 + d} reqid 2 "
                       f"mode {'transport' if cipher else mode} auth-trunc 'hmac({ah})' 0x{secret(klen, 1)} {bits} "
                       f"{'flag align4' if mix == '6in4' else ''} {'' if cipher else sel}")
    for direction, src, dst, a, b in (('out', far, near, peer, us), ('in', near, far, us, peer)):
        tmpl = ''
        if cipher:
            tmpl += f' tmpl src {a} dst {b} proto esp reqid 1 mode {mode}'
        if ah:
            tmpl += f" tmpl src {a} dst {b} proto ah reqid 2 mode {'transport' if cipher else mode}"
        out.append(f'ip xfrm policy add src {src} dst {dst} dir {direction}{tmpl}')
    return '\n'.join(out)


def tool(verb, mix, what, packets):
    cipher, auth, ah = what
    d = 0 if verb == 'encrypt' else 1
    pair = ends(mix)[::-1] if d else ends(mix)
    mode = {'6in6': 'tunnel6', '6in4': 'tunnel6', '4in6': 'tunnel', 'transport': 'transport'}[mix]
    if cipher:
        (number, bits), _, n = CIPHERS[cipher]
        words = [number, bits, MACS[auth][0], secret(n, 9), secret(MACS[auth][1], 5), 2000 + d, *pair]
        if ah:
            words += [MACS[ah][0], secret(MACS[ah][1], 1), 1000 + d]
    else:
        words = [0, 0, MACS[ah][0], '', secret(MACS[ah][1], 1), 1000 + d, *pair]
    done = subprocess.run([built('tests', 'system', 'esp_tool'), verb, mode, 'raw', *map(str, words)],
                          input=''.join(bytes(p).hex() + '\n' for p in packets), text=True, capture_output=True,
                          check=True, timeout=30)
    lines = done.stdout.split('\n')[:-1]
    assert len(lines) == len(packets) and not any('refused' in x for x in lines), lines
    return [bytes.fromhex(x) for x in lines]


def exchange(guest, family, packets, proto):
    """Sends them; what of that protocol comes back within a moment."""
    kind = 0x86dd if family == 6 else 0x800
    for p in packets:
        guest.wire.send(bytes(Ether(dst=guest.mac, src=MAC, type=kind)) + p)
    got, end = [], time.monotonic() + (3 if proto else 0)
    while len(got) < len(packets) and time.monotonic() < end:
        try:
            frame = guest.wire.recv(4000)
        except TimeoutError:
            continue
        data = frame[14:]
        if frame[:6] == bytes.fromhex(MAC.replace(':', '')) and frame[12:14] == kind.to_bytes(2, 'big') and \
                (data[6] if family == 6 else data[9]) == proto:
            got.append((IPv6 if family == 6 else IP)(data))
    return got


def taken(guest):
    """Packets of each state, by SPI."""
    out = guest.run('ip -s xfrm state')
    return {int(m[1], 16): int(m[2]) for m in re.finditer(
        r'spi 0x(\w+).*?lifetime current:\s+\d+\(bytes\), (\d+)\(packets\)', out, re.S)}


def echoes(mix, sizes, headers=()):
    src, dst = hosts(mix)
    out = []
    for i, n in enumerate(sizes):
        if mix == '4in6':
            out.append(IP(src=src, dst=dst, id=i + 1, ttl=63) / ICMP(type=8, id=7, seq=i) / (b'e' * n))
            continue
        p = IPv6(src=src, dst=dst, hlim=63, tc=i)
        for h in headers:
            p = p / h.copy()
        out.append(p / ICMPv6EchoRequest(id=7, seq=i, data=b'e' * n))
    return out


@pytest.mark.parametrize('what,mix', [row(s, m) for s in SETS for m in MIXES])
def test_a_kernel_with_the_same_keys_answers(guest, what, mix):
    guest.run(states(mix, what))
    sizes = [0, 1, 2, 3, 7, 56, 1200, 1280]
    asked = echoes(mix, sizes)
    if what[0] and what[2] and mix in ('4in6', '6in4'):
        # Linux finds no AH state around a tunnel of another family for what it sends: "only tunnel modes can
        # accommodate a change of family"
        exchange(guest, 4 if mix == '6in4' else 6, tool('encrypt', mix, what, asked), None)
        until(lambda: taken(guest) == {1000: len(sizes), 2000: len(sizes), 1001: 0, 2001: 0}, what='all to be taken')
        return
    answers = exchange(guest, 4 if mix == '6in4' else 6, tool('encrypt', mix, what, asked), 51 if what[2] else 50)
    assert len(answers) == len(sizes), guest.run('cat /proc/net/xfrm_stat; ip -s xfrm state')
    opened = tool('decrypt', mix, what, answers)
    for i, (n, p) in enumerate(zip(sizes, opened)):
        if mix == '4in6':
            got = IP(p)
            assert (got.src, got.dst, got[ICMP].type, got[ICMP].seq) == (*hosts(mix)[::-1], 0, i)
            assert bytes(got[ICMP].payload) == b'e' * n
        else:
            got = IPv6(p)
            assert (got.src, got.dst, got[ICMPv6EchoReply].seq) == (*hosts(mix)[::-1], i)
            assert got[ICMPv6EchoReply].data == b'e' * n


@pytest.mark.parametrize('what,mix', [row(s, 'headers') for s in SETS])
def test_a_kernel_takes_our_extension_headers(guest, what, mix):
    """In front of the shim, with an option that may change on the way and does; and behind it."""
    guest.run(states('transport', what))
    option = IPv6ExtHdrHopByHop(options=[HBHOptUnknown(otype=0x3e, optlen=3, optdata=b'abc')])
    behind = IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=0x1e, optlen=4, optdata=b'dest')])
    asked = echoes('transport', [4, 100], [option, behind])
    sent = [p.replace(b'\x3e\x03abc', b'\x3e\x03xyz') for p in tool('encrypt', 'transport', what, asked)]
    answers = exchange(guest, 6, sent, 51 if what[2] else 50)
    assert len(answers) == 2, guest.run('cat /proc/net/xfrm_stat /proc/net/snmp6')
    assert [IPv6(p)[ICMPv6EchoReply].seq for p in tool('decrypt', 'transport', what, answers)] == [0, 1]
