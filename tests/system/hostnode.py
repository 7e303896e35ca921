# SPDX-License-Identifier: Apache-2.0
"""A node of test_host_steering.py: sends what it is told and tells what it sees.

    hostnode.py [DEVICE]

Commands on standard input:
    udp SOURCE SPORT DESTINATION DPORT [LENGTH]   one datagram
    raw PROTOCOL SOURCE DESTINATION               one packet
    mark PROTOCOL SOURCE DESTINATION              the same with the gateway's own mark
    frag SOURCE DESTINATION                       a later fragment of a UDP datagram
Each is answered by `ok` or `error WHY`. Each IPv4 packet that arrives at DEVICE
(whatever its address) is told as `saw SOURCE DESTINATION PROTOCOL DPORT`.
"""
import select
import socket
import struct
import sys

MARK_BYPASS = 0x43560001  # src/host/sockets.h


def say(*words):
    print(*words, flush=True)


def saw(frame):
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


def run(words):
    if words[0] == 'udp':
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
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
