# SPDX-License-Identifier: Apache-2.0
"""Half an hour under load in both directions, TCP and numbered UDP at once, while the SAs are renewed by kilobytes every few
seconds: no packet is lost by us, and no process grows.

    host 10.1.1.10 - router 192.0.2.1 - wire - 192.0.2.2 peer - 10.2.2.10

The peer is strongSwan's user-space ESP at the rate that it carries, or another Culvert at a share of what this machine carries just
then (measured first, by TCP without a limit). iperf3 numbers its datagrams. What is asked of both ends: datagrams lost; every counter of
drops of the routers, their sockets (UDP, raw) and rings, of the TUNs and the wire; whether the peer has got as many packets as we
have sent, and we as many as he; memory and descriptors of each process at the second minute and at the end.

CULVERT_SOAK_MINUTES=3 takes three minutes, CULVERT_SOAK_LOAD=0.3 less of what the machine carries (0.5).
"""
import json
import os
import re
import time

import pytest

from gateway import FAR_HOST, FAR_NET, HOST, NEAR_NET, PEER, US, config, esp_of, near_side
from peers.netns import Net, need, until
from peers.strongswan import Charon, child, connection
from router import Router
from test_rekey_under_load_long import widen

MINUTES = float(os.environ.get('CULVERT_SOAK_MINUTES', '30'))
LOAD = float(os.environ.get('CULVERT_SOAK_LOAD', '0.5'))
SUITE = 'aes128-sha1-modp1024'
REKEY = 6  # seconds of load in an SA's kilobytes, of which it is used for three quarters
GROWTH = 256  # KiB that a process may grow: an allocator's pages, not a leak of 300 rekeys
QUEUE = 20000  # packets: what a TUN may hold while its reader does not run
LAN = ('--interface', 'FastEthernet0/0=lan0')
SIZE = 1200
MTU = 1400  # of the hosts: nobody has to learn it, and again each ten minutes
TCP, UDP = 5201, 5202


def mirrored(text):
    """The configuration of the other end."""
    swap = {'10.1.1.': '10.2.2.', '10.2.2.': '10.1.1.', '10.2.0.': '10.1.0.', f'{US} ': f'{PEER} ', f'{PEER} ': f'{US} ',
            f'{US}\n': f'{PEER}\n', f'{PEER}\n': f'{US}\n', 'hostname R1': 'hostname R2'}
    return re.sub('|'.join(map(re.escape, swap)), lambda m: swap[m[0]], text)


class World:
    """us and the host behind it; subclasses make the peer, and the namespace where the far host's programs run."""

    def __init__(self):
        need('nft', 'iperf3')
        self.net = Net()
        try:
            self.us, self.them = self.net.ns('router'), self.net.ns('peer')
            self.net.link(self.us, 'wan0', f'{US}/24', self.them, 'wan0', f'{PEER}/24')
            self.host = near_side(self.net, self.us)
            self.host.ip('link', 'set', 'eth0', 'mtu', MTU)
            self.build()
            self.warm()
        except BaseException:
            self.net.close()
            raise

    def router(self, ns, text):
        r = Router(ns, text, 'wan0', LAN)
        until(lambda: 'cvsteer0' in ns.ip('link'), 10, 'the TUN')
        ns.ip('link', 'set', 'cvsteer0', 'txqueuelen', QUEUE)
        return r

    def warm(self):
        until(lambda: not self.host.ping(FAR_HOST, 1, wait=1).result().lost, 30, 'an answer')

    def kilobytes(self, n):
        """The SAs' lifetime from the next one on."""
        for r in self.routers:
            r.cli(f'enable; configure terminal; crypto map CM 10 ipsec-isakmp; '
                  f'set security-association lifetime kilobytes {max(2560, int(n))}; end; clear crypto sa')
        self.warm()
        time.sleep(1)


class Swan(World):
    tcp, udp = 40e6, 30e6  # bit/s each way: what strongSwan carries without loss on two busy processors, with room

    def build(self):
        self.far = self.them
        self.them.addr('lo', f'{FAR_HOST}/32')
        self.peer = Charon(self.them, options={'retransmit_tries': 5}).start()
        kid = child(FAR_NET, NEAR_NET, esp_of(SUITE), rekey_time='3h', life_time='4h', rand_time='0s')
        self.peer.load({'t': connection(PEER, US, SUITE, {'t': kid}, rekey_time='8h')})
        self.routers = [self.router(self.us, config(SUITE))]
        widen(self.peer.proc.pid)
        self.warm()
        self.them.ip('link', 'set', 'ipsec0', 'txqueuelen', QUEUE)

    def crossed(self):
        """{direction: (packets that one end has sent, that the other has got)}: ours by the SPD's counters, his by the device
        that his packets go through in clear."""
        link, = json.loads(self.them.ip('-s', '-j', 'link', 'show', 'ipsec0'))
        out, in_ = counted(self.routers[0])
        return {'to the peer': (out, link['stats64']['rx']['packets']), 'from the peer': (link['stats64']['tx']['packets'], in_)}


class Twins(World):
    def __init__(self, udp_encap):
        self.udp_encap = udp_encap
        super().__init__()

    def build(self):
        self.far = self.net.ns('far')
        self.net.link(self.far, 'eth0', f'{FAR_HOST}/24', self.them, 'lan0', '10.2.2.1/24')
        self.far.route('default', '10.2.2.1')
        self.far.ip('link', 'set', 'eth0', 'mtu', MTU)
        text = re.sub('(transform-set TS) esp-.*', r'\1 esp-gcm 256', config(SUITE))
        if self.udp_encap:  # IKE's first messages from another port: it finds a NAT, and packets from 4500 to 4500 meet none
            self.us.run('nft', '-f', '-', input='table ip soak { chain post { type nat hook postrouting priority srcnat; '
                        'udp sport 500 snat to :1500; }; }\n')
        self.routers = [self.router(self.us, text), self.router(self.them, mirrored(text))]
        self.warm()
        assert ('UDP-Encaps' in self.routers[0].cli('show crypto ipsec sa')) == self.udp_encap
        carried = self.capacity()
        self.tcp, self.udp = carried * LOAD * 0.9, min(60e6, carried * LOAD * 0.1)
        print(f'carried without a limit: {carried / 1e6:.0f} Mbit/s each way')

    def capacity(self):
        """bit/s each way by TCP without a limit, the slower one."""
        server = self.far.popen('iperf3', '-s', '-1', '-p', TCP, log=self.net.dir / 'carried')
        until(lambda: f':{TCP}' in self.far.run('ss', '-ltn').stdout, 5, 'iperf3')
        out = self.host.run('iperf3', '-J', '-i', 0, '-c', FAR_HOST, '-p', TCP, '--bidir', '-t', 6, timeout=40).stdout
        server.wait(20)
        end = json.loads(out)['end']
        return min(end['sum_received']['bits_per_second'], end['sum_received_bidir_reverse']['bits_per_second'])

    def crossed(self):
        (a_out, a_in), (b_out, b_in) = map(counted, self.routers)
        return {'to the peer': (a_out, b_in), 'from the peer': (b_out, a_in)}


def counted(router):
    """(encapsulated, decapsulated) packets since the start, of all SAs."""
    text = router.cli('show crypto ipsec sa')
    return tuple(sum(map(int, re.findall(rf'#pkts {w}: (\d+)', text))) for w in ('encaps', 'decaps'))


def drops(world):
    """{where: packets dropped}: by the routers, and by buffers and queues of the kernel's around them."""
    ours, kernel = {}, {}
    for r in world.routers:
        for why, n in re.findall(r'^  (\S.*?)  +(\d+)$', r.cli('show crypto drops'), re.M):
            ours[f'{r.ns.label}: {why}'] = int(n)
        for what, n in re.findall(r'#(send errors|recv errors|pkts replay failed \(rcv\)):? (\d+)', r.cli('show crypto ipsec sa detail')):
            ours[f'{r.ns.label}: {what}'] = ours.get(f'{r.ns.label}: {what}', 0) + int(n)
    for ns in {n.name: n for n in (world.host, world.us, world.them, world.far)}.values():
        for table in ('udp', 'raw'):
            for line in ns.run('cat', f'/proc/net/{table}').stdout.splitlines()[1:]:
                words = line.split()
                key = f'{ns.label}: {table} socket {int(words[1].split(":")[1], 16)}'
                kernel[key] = kernel.get(key, 0) + int(words[-1])
        for link in json.loads(ns.ip('-s', '-j', 'link')):
            stats = link['stats64']
            kernel[f'{ns.label}: queue of {link["ifname"]}'] = sum(stats[w][k] for w in ('rx', 'tx') for k in ('dropped', 'errors'))
    return ours, kernel


def grown(before, after):
    return {k: n - before.get(k, 0) for k, n in after.items() if n > before.get(k, 0)}


class Memory:
    """Of each process of the routers, now and then."""

    def __init__(self, world):
        self.names = {}
        for r in world.routers:
            for pid in r.pids():
                with open(f'/proc/{pid}/comm') as f:
                    self.names[pid] = f'{r.ns.label} {f.read().strip()}'
        self.at_first, self.seen = None, {pid: [] for pid in self.names}

    def look(self):
        for pid in self.names:
            with open(f'/proc/{pid}/status') as f:
                rss = int(re.search(r'VmRSS:\s+(\d+)', f.read())[1])
            self.seen[pid].append((rss, len(os.listdir(f'/proc/{pid}/fd'))))

    def mark(self):
        self.look()
        self.at_first = {pid: seen[-1] for pid, seen in self.seen.items()}

    def judge(self):
        """{process: (KiB at the mark, at the end, descriptors at the mark, at the end)}"""
        self.look()
        return {name: (self.at_first[pid][0], self.seen[pid][-1][0], self.at_first[pid][1], self.seen[pid][-1][1])
                for pid, name in self.names.items()}


def start_load(world, seconds):
    """The clients: TCP and UDP, each in both directions."""
    clients = []
    for port, words in ((TCP, ['-b', int(world.tcp), '--fq-rate', int(world.tcp)]),
                        (UDP, ['-u', '-b', int(world.udp), '-l', SIZE, '-w', '8M'])):
        server = world.far.popen('iperf3', '-s', '-1', '-p', port, '-J', '-i', 0, log=world.net.dir / f'server-{port}')
        until(lambda: f':{port}' in world.far.run('ss', '-ltn').stdout, 5, 'iperf3')
        client = world.host.popen('iperf3', '-J', '-i', 0, '-c', FAR_HOST, '-B', HOST, '-p', port, '--bidir', '-t', seconds,
                                  '--get-server-output', *words, log=world.net.dir / f'client-{port}')
        clients.append((server, client))
    time.sleep(1)
    for server, client in clients[1:]:
        widen(server.pid)
        widen(client.pid)
    return clients


def datagrams(world):
    """[(which way, datagrams, lost)], of both ends."""
    found = []
    said = json.loads((world.net.dir / f'client-{UDP}').read_text())
    assert 'error' not in said, said['error']
    for end, doc in (('client', said), ('server', said.get('server_output_json', {}))):
        for s in doc.get('end', {}).get('streams', []):
            u = s['udp']
            found.append((f'{end}, {"sent" if u["sender"] else "received"}', u['packets'], u['lost_packets']))
    return found


def soak(world):
    """Loads it for so long, and judges."""
    seconds = round(MINUTES * 60)
    world.kilobytes((world.tcp + world.udp) / 8 * REKEY / 1024)
    memory, spis, begun = Memory(world), set(), time.monotonic()
    ours, kernel = drops(world)
    crossed = world.crossed()
    clients = start_load(world, seconds)
    while any(c.poll() is None for _, c in clients) and time.monotonic() < begun + seconds + 60:
        time.sleep(1)
        spis |= set(re.findall(r'spi: (0x[0-9A-F]+)', world.routers[0].cli('show crypto ipsec sa | include spi:')))
        if not memory.at_first and time.monotonic() > begun + min(120, seconds / 3):
            memory.mark()
    for server, client in clients:
        client.wait(30)
        server.wait(30)
    time.sleep(1)
    report(world, memory.judge(), len(spis) // 2, *(grown(a, b) for a, b in zip((ours, kernel), drops(world))),
           {way: tuple(b - a for a, b in zip(crossed[way], now)) for way, now in world.crossed().items()})


def report(world, memory, rekeys, ours, kernel, crossed):
    seen = datagrams(world)
    tcp = json.loads((world.net.dir / f'client-{TCP}').read_text())['end']
    rates = [tcp[k]['bits_per_second'] / 1e6 for k in ('sum_received', 'sum_received_bidir_reverse')]
    lost = [x for x in seen if x[2]]
    text = (f'{MINUTES} minutes, {rekeys} pairs of SAs; TCP {rates[0]:.0f} and {rates[1]:.0f} Mbit/s, UDP {seen}; packets sent and '
            f'got {crossed}; dropped by us {ours or "nothing"}, by the kernel {kernel or "nothing"}; '
            f'KiB and descriptors at first and at last {memory}')
    print(text)
    story = text + '\n' + world.routers[0].log()[-3000:]
    assert not ours, story
    assert not lost and not kernel, f'too much for this machine, if a queue was full (CULVERT_SOAK_LOAD): {story}'
    assert all(sent == got for sent, got in crossed.values()), story
    assert len([1 for way, n, _ in seen if 'received' in way and n > 1000]) >= 2 and min(rates) > 1, story
    assert rekeys >= MINUTES * 60 / (4 * REKEY), story
    for first, last, fds, fds_last in memory.values():
        assert last <= first + GROWTH and fds_last <= fds, story


def test_a_soak_beside_strongswan():
    world = Swan()
    try:
        soak(world)
    finally:
        world.net.close()


@pytest.mark.parametrize('udp_encap', [False, True], ids=['esp', 'udp'])
def test_a_soak_at_full_load_between_two_of_ours(udp_encap):
    world = Twins(udp_encap)
    try:
        soak(world)
    finally:
        world.net.close()
