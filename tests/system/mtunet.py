# SPDX-License-Identifier: Apache-2.0
"""Two routers with a host each and a router between them that somebody else wrote: the kernel's.

    h1 10.1.1.10 - r1 192.0.2.1 - mid - 198.51.100.1 r2 - 10.2.2.10 h2

Between: a link that can become narrower, a NAT in front of r1, and the place to capture.
"""
import re
import signal
import subprocess

from peers.netns import Net, run, until
from router import Router

R1, R2, H1, H2 = '192.0.2.1', '198.51.100.1', '10.1.1.10', '10.2.2.10'

BASE = '''\
hostname {name}
crypto isakmp policy 10
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
crypto isakmp key kT7-mtu-of-a-tunnel address 0.0.0.0 0.0.0.0
crypto ipsec transform-set TS {transform}
 mode {mode}
ip access-list extended CRYPT
 permit {acl}
crypto map M 10 ipsec-isakmp
 set peer {peer}
 set transform-set TS
 match address CRYPT
interface FastEthernet0/1
 ip address {local} 255.255.255.0
 {map}
interface FastEthernet0/0
 ip address {lan} 255.255.255.0
{more}ip route 0.0.0.0 0.0.0.0 {gateway}
'''
TUNNEL = '''\
interface Tunnel0
 ip address 172.16.0.{n} 255.255.255.252
 ip mtu {ip_mtu}
 tunnel source FastEthernet0/1
 tunnel destination {peer}
{words}ip route {far} 255.255.255.0 Tunnel0
'''


def text(n, gre, transform='esp-aes 256 esp-sha-hmac', mode='tunnel', ip_mtu=1420, words='', protect=True, acl=''):
    """Configuration of router 1 or 2."""
    local, peer = (R1, R2) if n == 1 else (R2, R1)
    far = '10.2.2.0' if n == 1 else '10.1.1.0'
    more = ''
    acl = acl or f'ip 10.{n}.{n}.0 0.0.0.255 {far} 0.0.0.255'
    if gre:
        acl = f'gre host {local} host {peer}'
        more = TUNNEL.format(n=n, ip_mtu=ip_mtu, peer=peer, far=far, words=''.join(f' {w}\n' for w in words.split('; ') if w))
    elif words:
        more = ''.join(f'{w}\n' for w in words.split('; '))
    return BASE.format(name=f'R{n}', transform=transform, mode=mode, acl=acl, peer=peer, local=local,
                       lan=f'10.{n}.{n}.1', more=more, map='crypto map M' if protect else 'no shutdown',
                       gateway='192.0.2.254' if n == 1 else '198.51.100.254')


class Capture:
    """What crosses the router between; lines of tcpdump -v, each packet on one."""

    def __init__(self, ns, dev, words=()):
        self.path = ns.net.dir / f'cap-{ns.label}-{dev}'
        self.said = ns.net.dir / f'cap-{ns.label}-{dev}.said'
        self.said.write_text('')
        self.proc = ns.popen('tcpdump', '--immediate-mode', '-U', '-n', '-p', '-s', '128', '-B', '16384', '-i', dev, '-w',
                             self.path, *words, log=self.said)
        until(lambda: 'listening on' in self.said.read_text(), 10, 'tcpdump')

    def packets(self):
        """[(protocol, IP length, DF, fragment, TOS, TTL, the rest)], once it is over."""
        self.proc.send_signal(signal.SIGINT)
        self.proc.wait(timeout=10)
        assert ' 0 packets dropped by kernel' in f' {self.said.read_text().replace(chr(10), " ")}', self.said.read_text()
        out = run('tcpdump', '-n', '-v', '-r', self.path, timeout=60).stdout
        out = re.sub(r'\n\s+', ' ', out)
        found = []
        for line in out.splitlines():
            m = re.search(r'IP \(tos 0x([0-9a-f]+)(?:,\S+)?, ttl (\d+), id \d+, offset (\d+), flags \[([^]]*)\], '
                          r'proto (\S+) \(\d+\), length (\d+)', line)
            if m:
                found.append((m[5], int(m[6]), 'DF' in m[4], '+' in m[4] or m[3] != '0', int(m[1], 16), int(m[2]), line))
        return found


class MtuNet(Net):
    def __init__(self, nat=False):
        super().__init__()
        self.nat = nat
        self.h1, self.r1, self.mid, self.r2, self.h2 = (self.ns(x) for x in ('h1', 'r1', 'mid', 'r2', 'h2'))
        self.link(self.h1, 'eth0', f'{H1}/24', self.r1, 'lan', None)
        self.link(self.r1, 'wan', None, self.mid, 'west', '192.0.2.254/24')
        self.link(self.mid, 'east', '198.51.100.254/24', self.r2, 'wan', None)
        self.link(self.r2, 'lan', None, self.h2, 'eth0', f'{H2}/24')
        self.h1.route('default', '10.1.1.1')
        self.h2.route('default', '10.2.2.1')
        self.mid.forward()
        if nat:  # it gives r1 other ports and leaves addresses alone: IKE finds it, and goes over to UDP 4500
            run(*self.mid.argv('nft', '-f', '-'), input='table ip nat { chain post { type nat hook postrouting priority '
                f'srcnat; ip saddr {R1} udp sport {{ 500, 4500 }} snat to {R1}:20000-30000; }}; '
                'chain pre { type nat hook prerouting priority dstnat; }; }\n')
        self.routers = []

    def up(self, one, two):
        for ns in (self.r1, self.r2):  # the captures see what is on the wire: no trains of datagrams there
            ns.ip('link', 'set', 'wan', 'gso_max_segs', '1')
        self.routers = [Router(ns, t, 'wan', ('--interface', 'FastEthernet0/0=lan'))
                        for ns, t in ((self.r1, one), (self.r2, two))]
        return self.routers

    def configure(self, lines):
        for n, r in enumerate(self.routers, 1):
            r.cli('configure terminal ; ' + ' ; '.join(x.format(n=n) for x in lines) + ' ; end')

    def in_force(self, words):
        """Both routers have done what was configured: they say so once the forwarder was told."""
        for r in self.routers:
            until(lambda: words in r.cli('show crypto mtu'), 10, words)

    def path(self, mtu):
        """The link between becomes as narrow on both of its sides."""
        for ns, dev in ((self.mid, 'east'), (self.r2, 'wan')):
            ns.ip('link', 'set', dev, 'mtu', mtu)

    def forget(self):
        for ns in (self.h1, self.h2):
            ns.ip('route', 'flush', 'cache')

    def ping(self, size, df=True, count=1, wait=3, tos=0):
        """An echo request of size bytes with its IP header: (answers, what ping said)."""
        out = self.h1.run('ping', '-n', '-c', count, '-i', '0.2', '-W', wait, '-M', 'do' if df else 'dont', '-s', size - 28,
                          '-Q', tos, H2, ok=False).stdout
        return int(re.search(r'(\d+) received', out)[1]), out

    def told(self, size, tries=4):
        """The next-hop MTU that h1 is told of a packet that long."""
        for _ in range(tries):
            self.forget()
            out = self.ping(size, wait=1)[1]
            m = re.search(r'mtu ?= ?(\d+)', out)
            if m:
                return int(m[1])
        return out

    def warm(self):
        until(lambda: self.ping(100, count=1, wait=3)[0], 20, 'an answer through the tunnel')


SERVER = '''
import socket, sys
s = socket.create_server(('0.0.0.0', 5001))
print('ready', flush=True)
c, _ = s.accept()
n = 0
while True:
    got = c.recv(65536)
    if not got:
        break
    n += len(got)
c.sendall(n.to_bytes(8, 'big'))
c.close()
'''
CLIENT = '''
import socket, sys, time
s = socket.create_connection((sys.argv[1], 5001), timeout=20)
total, begin, longest = int(sys.argv[2]), time.monotonic(), 0
s.settimeout(20)
sent = 0
while sent < total:
    at = time.monotonic()
    sent += s.send(bytes(min(65536, total - sent)))
    longest = max(longest, time.monotonic() - at)
    if len(sys.argv) > 3:
        time.sleep(0.01)
s.shutdown(socket.SHUT_WR)
n = int.from_bytes(s.recv(8), 'big')
print(n, s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG), round(time.monotonic() - begin, 2))
'''


class Transfer:
    """A TCP connection of the kernel's from h1 to h2."""

    def __init__(self, net, total, slow=False):
        self.server = net.h2.popen('/usr/bin/python3', '-c', SERVER, stdout=subprocess.PIPE, text=True)
        assert self.server.stdout.readline() == 'ready\n'
        self.client = net.h1.popen('/usr/bin/python3', '-c', CLIENT, H2, total, *(['slow'] if slow else []),
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def result(self, timeout=30):
        """(bytes that arrived, MSS of the connection, seconds)"""
        out, _ = self.client.communicate(timeout=timeout)
        self.server.wait(timeout=5)
        n, mss, sec = out.split()[-3:]
        return int(n), int(mss), float(sec)
