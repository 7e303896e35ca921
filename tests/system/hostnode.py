# SPDX-License-Identifier: Apache-2.0
"""A node of test_host_steering.py: sends what it is told and tells what it sees.

    hostnode.py [DEVICE [6]]

Commands on standard input:
    udp SOURCE SPORT DESTINATION DPORT [LENGTH]   one datagram
    raw PROTOCOL SOURCE DESTINATION               one packet
    mark PROTOCOL SOURCE DESTINATION              the same with the gateway's own mark
    frag SOURCE DESTINATION                       a later fragment of a UDP datagram
Addresses are of either family. Of IPv6 alone:
    chain SOURCE DESTINATION HEADERS PROTOCOL [HOPS] [hex PAYLOAD]
HEADERS are letters: h hop-by-hop, d destination options, r routing header, f first fragment, F later
fragment (its PROTOCOL is behind it), c a header that is cut off; - none.
Each is answered by `ok` or `error WHY`. Each packet that arrives at DEVICE
(whatever its address) is told as `saw SOURCE DESTINATION PROTOCOL DPORT`; of IPv6, PROTOCOL is what is
behind the extension headers (told with `6` only), and neighbour discovery and group reports are told as `link SOURCE TYPE`.
"""
import select
import socket
import struct
import sys

MARK_BYPASS = 0x43560001  # src/host/sockets.h


def say(*words):
    print(*words, flush=True)


HEADERS = {'h': 0, 'r': 43, 'f': 44, 'F': 44, 'd': 60, 'c': 60}


def saw6(ip):
    proto, at, later = ip[6], 40, 0
    while proto in (0, 43, 44, 60) and not later and len(ip) >= at + 8:
        if proto == 44:
            later = struct.unpack('!H', ip[at + 2:at + 4])[0] & 0xfff8
        proto, at = ip[at], at + (8 if proto == 44 else 8 * (ip[at + 1] + 1))
    src, dst = (socket.inet_ntop(socket.AF_INET6, ip[i:i + 16]) for i in (8, 24))
    if proto == 58 and len(ip) > at and (ip[at] in (130, 131, 132, 143) or 133 <= ip[at] <= 137):
        say('link', src, ip[at])
        return
    port = 0
    if proto in (6, 17) and not later and len(ip) >= at + 4:
        port = struct.unpack('!H', ip[at + 2:at + 4])[0]
    say('saw', src, dst, proto, port)


def saw(frame):
    if len(frame) >= 54 and frame[12:14] == b'\x86\xdd':
        if sys.argv[2:] == ['6']:
            saw6(frame[14:])
        return
    if len(frame) < 34 or frame[12:14] != b'\x08\x00':
        return
    ip = frame[14:]
    ihl = (ip[0] & 15) * 4
    later = struct.unpack('!H', ip[6:8])[0] & 0x1fff
    port = 0
    if ip[9] in (6, 17) and not later and len(ip) >= ihl + 4:
        port = struct.unpack('!H', ip[ihl + 2:ihl + 4])[0]
    say('saw', socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20]), ip[9], port)


def packet(proto, source, destination, payload, frag=0):
    return struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), 0x4711, frag, 64, proto, 0,
                       socket.inet_aton(source), socket.inet_aton(destination)) + payload


def packet6(source, destination, headers, proto, payload, hops=64):
    """The chain of extension headers, each of 8 bytes with padding for options."""
    kinds = [HEADERS[h] for h in headers] + [proto]
    body = b''
    for i, h in enumerate(headers):
        if h in 'fF':
            body += struct.pack('!BBHI', kinds[i + 1], 0, 1 if h == 'f' else 800, 0x4711)
        elif h == 'c':  # says that it is longer than what follows
            body += struct.pack('!BB6s', kinds[i + 1], 60, b'\x01\x04')
        elif h == 'r':  # an experimental type with nothing left
            body += struct.pack('!BBBBI', kinds[i + 1], 0, 253, 0, 0)
        else:
            body += struct.pack('!BB6s', kinds[i + 1], 0, b'\x01\x04')
    body += payload
    return struct.pack('!IHBB', 6 << 28, len(body), kinds[0], hops) + socket.inet_pton(
        socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination) + body


def run6(words):
    s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    if words[0] == 'mark':
        s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK_BYPASS)
    if words[0] in ('raw', 'mark'):
        src, dst, p = words[2], words[3], packet6(words[2], words[3], '', int(words[1]), bytes(16))
    elif words[0] == 'frag':
        src, dst = words[1:3]
        p = packet6(src, dst, 'F', 17, bytes(16))
    else:
        src, dst = words[1:3]
        p = packet6(src, dst, words[3].strip('-'), int(words[4]),
                    bytes.fromhex(words[6]) if len(words) > 6 else bytes(16),
                    int(words[5]) if len(words) > 5 else 64)
    s.sendto(p, (dst, 0))
    s.close()


def run(words):
    if words[0] != 'udp' and any(':' in w for w in words):
        run6(words)
        return
    if words[0] == 'udp':
        s = socket.socket(socket.AF_INET6 if ':' in words[1] else socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((words[1], int(words[2])))
        s.sendto(bytes(int(words[5]) if len(words) > 5 else 8), (words[3], int(words[4])))
        s.close()
        return
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    if words[0] == 'mark':
        s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK_BYPASS)
    if words[0] in ('raw', 'mark'):
        s.sendto(packet(int(words[1]), words[2], words[3], bytes(16)), (words[3], 0))
    elif words[0] == 'frag':
        s.sendto(packet(17, words[1], words[2], bytes(16), 100), (words[2], 0))
    else:
        raise ValueError(words[0])
    s.close()


def main():
    sniffer = None
    inputs = [sys.stdin.buffer.raw]
    if len(sys.argv) > 1:
        sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        sniffer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sniffer.bind((sys.argv[1], 0))
        inputs.append(sniffer)
    say('ok')
    kept = b''
    while True:
        for ready in select.select(inputs, [], [])[0]:
            if ready is sniffer:
                frame, where = sniffer.recvfrom(65536)
                if where[2] != socket.PACKET_OUTGOING:
                    saw(frame)
                continue
            data = ready.read(4096)
            if not data:
                return
            *lines, kept = (kept + data).split(b'\n')
            for line in lines:
                try:
                    run(line.decode().split())
                    say('ok')
                except OSError as e:
                    say('error', e.strerror)


main()
