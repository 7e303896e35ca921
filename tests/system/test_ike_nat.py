# SPDX-License-Identifier: Apache-2.0
"""Through real NATs (nftables): a whole router against strongSwan, with us, the peer or both hidden; mappings that
change; keepalives; transport mode with TCP and UDP that arrive intact; NAT traversal switched off; IKE fragments."""
import os
import re
import socket
import threading
import time

import pytest

from ikecore import Core, World, agree
from peers.netns import Net, need, run, until
from peers.strongswan import Charon, child, connection
from peers.tshark import Capture, kinds, rows
from conftest import built
from layout import compare
from router import Router, config
from test_ike_rsa import OUR_DN, PEER_DN, Authority, crosses, give, ios, strongswan

SUITE, ESP = 'aes256-sha1-modp1024', 'aes256-sha1'
LAN = 'ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255'
NEAR, FAR = '10.1.0.0/24', '10.2.0.0/24'
OUTSIDE = {'us': '198.51.100.1', 'peer': '198.51.100.2'}  # what the others see
INSIDE = {'us': '172.16.1.2', 'peer': '172.16.2.2'}


class Hidden:
    """us - [NAT] - the outside, captured - [NAT] - peer; whoever is in `behind` has a NAT before it."""

    def __init__(self, *behind):
        need('nft', 'tcpdump')
        self.net, self.nats, ends = Net(), {}, {}
        self.us, self.them = self.net.ns('us'), self.net.ns('peer')
        self.local = {w: INSIDE[w] if w in behind else OUTSIDE[w] for w in OUTSIDE}
        try:
            for who, ns in (('us', self.us), ('peer', self.them)):
                ends[who] = self.hide(who, ns) if who in behind else ns
            names = {w: 'out' if w in behind else 'wan' for w in OUTSIDE}
            self.net.link(ends['us'], names['us'], f'{OUTSIDE["us"]}/24', ends['peer'], names['peer'],
                          f'{OUTSIDE["peer"]}/24')
            for who, ns in (('us', self.us), ('peer', self.them)):
                if who in behind:
                    ns.route('default', INSIDE[who][:-1] + '1')
            self.us.addr('lo', '10.1.0.1/32')
            self.them.addr('lo', '10.2.0.1/32')
            self.us.route(FAR, INSIDE['us'][:-1] + '1' if 'us' in behind else OUTSIDE['peer'])
            self.capture = Capture(ends['us'], names['us'])
        except BaseException:
            self.close()
            raise

    def hide(self, who, ns):
        """UDP 500 and 4500 are forwarded to it, and what it sends leaves by other ports than it was sent from."""
        nat = self.nats[who] = self.net.ns(f'nat{who}')
        self.net.link(ns, 'wan', f'{INSIDE[who]}/24', nat, 'in', INSIDE[who][:-1] + '1/24')
        nat.forward()
        self.rules(who, 'meta l4proto udp masquerade to :20000-29999')
        return nat

    def rules(self, who, snat):
        text = f'''table ip t
            delete table ip t
            table ip t {{
                chain post {{ type nat hook postrouting priority srcnat; oifname "out" {snat}; oifname "out" masquerade; }}
                chain pre {{ type nat hook prerouting priority dstnat;
                    iifname "out" udp dport {{ 500, 4500 }} dnat to {INSIDE[who]}; }}
            }}'''
        done = run(*self.nats[who].argv('nft', '-f', '-'), input=text, ok=False)
        if done.returncode:
            pytest.skip(f'no NAT in this kernel: {done.stderr.strip()}')

    def router(self, permits=(LAN,), **kw):
        return Router(self.us, config(SUITE, self.local['us'], OUTSIDE['peer'], permits, **kw))

    def charon(self, kernel='libipsec', ts=(FAR, NEAR), options=None, **more):
        conn = connection(self.local['peer'], OUTSIDE['us'], SUITE, {'t': child(*ts, ESP, **more)})
        conn['remote']['id'] = self.local['us']
        fake = built('tests', 'system', 'libxfrmfake.so') if kernel == 'fake' else None
        self.peer = Charon(self.them, kernel, fake, options=options).start()
        return self.peer.load({'c': conn})

    def close(self):
        self.net.close()


@pytest.fixture
def hidden():
    made = []

    def make(*behind):
        made.append(Hidden(*behind))
        return made[-1]
    yield make
    for w in made:
        w.close()


# ---- payload that must arrive as it was sent ----

def echo(listener, got):
    con, who = listener.accept()
    got.append(who[0])
    with con:
        con.settimeout(20)
        while piece := con.recv(65536):
            con.sendall(piece)
        con.shutdown(socket.SHUT_WR)


def stream(a, b, to, size=200_000):
    a.listen(1)
    got, data, back = [], os.urandom(size), b''
    threads = [threading.Thread(target=echo, args=(a, got), daemon=True),
               threading.Thread(target=lambda: (b.sendall(data), b.shutdown(socket.SHUT_WR)), daemon=True)]
    threads[0].start()
    b.connect(to)
    threads[1].start()
    while piece := b.recv(65536):
        back += piece
    for t in threads:
        t.join(10)
    assert back == data, f'{len(back)} of {size} bytes'
    return got[0]


def datagrams(a, b, to):
    for i in range(20):
        data = os.urandom(41 + 60 * i)
        b.sendto(data, to)
        there, who = a.recvfrom(2000)
        a.sendto(there, who)
        assert there == data and b.recv(2000) == data
    return who[0]


def exchange(kind, server_ns, server, client_ns, client, to=None, port=7777, size=200_000):
    """There and back, and what comes back is what was sent: the kernels judge every checksum. The client's
    address as the server sees it. to: where the client finds the server."""
    a, b = server_ns.socket(kind, bind=(server, port)), client_ns.socket(kind, bind=(client, 0))
    try:
        for s in (a, b):
            s.settimeout(10)
        if kind == socket.SOCK_STREAM:
            return stream(a, b, (to or server, port), size)
        return datagrams(a, b, (to or server, port))
    finally:
        a.close()
        b.close()


def bad_checksums(ns):
    """TCP segments and UDP datagrams that this kernel has dropped for their checksum."""
    text = ns.run('cat', '/proc/net/snmp').stdout
    total = 0
    for proto, field in (('Tcp', 'InCsumErrors'), ('Udp', 'InCsumErrors')):
        head, body = [line.split() for line in text.splitlines() if line.startswith(proto + ':')]
        total += int(body[head.index(field)])
    return total


# ---- tunnel mode against strongSwan ----

@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('behind', [('us',), ('peer',), ('us', 'peer')], ids='-'.join)
def test_packets_cross_whoever_is_hidden(hidden, behind, role):
    w = hidden(*behind)
    peer, router = w.charon(), w.router()
    if role == 'responder':
        peer.initiate('t')
    got = w.us.ping('10.2.0.1', 5, source='10.1.0.1').result()
    assert got.sent == 5 and not got.lost, router.log() + peer.log()
    exchange(socket.SOCK_STREAM, w.them, '10.2.0.1', w.us, '10.1.0.1')
    sa, = peer.sas()
    assert sa['remote-host'] == OUTSIDE['us'] and sa['remote-port'] != '500'
    # libipsec claims a NAT of its own, so that only the other one shows
    assert (sa.get('nat-remote') == 'yes') == ('us' in behind)
    assert 'in use settings ={Tunnel UDP-Encaps, }' in router.cli('show crypto ipsec sa')
    assert re.search(r' N ', router.cli('show crypto isakmp sa detail'))
    compare(router, 'show crypto isakmp sa detail', 'isakmp-sa-detail')
    compare(router, 'show crypto ipsec sa detail', 'ipsec-sa-detail')
    compare(router, 'show crypto session detail', 'session-detail')
    assert kinds(w.capture.stop()) <= {'udp500', 'udp4500', 'arp'}


@pytest.mark.slow
def test_keepalives_hold_the_mapping_only_while_nothing_else_does(hidden):
    w = hidden('us')
    peer, router = w.charon(), w.router(extra='crypto isakmp nat keepalive 5')
    assert not w.us.ping('10.2.0.1', 1, source='10.1.0.1').result().lost, router.log() + peer.log()
    w.us.ping('10.2.0.1', 7, 1, source='10.1.0.1').result()
    busy = time.time()
    time.sleep(7)
    seen = rows(w.capture.stop(), ['frame.time_epoch', 'ip.src'], 'udp.port == 4500 && udp.length == 9')
    # libipsec has keepalives of its own: only ours count
    ours = [float(t) for t, src in seen if src == OUTSIDE['us']]
    assert ours and min(ours) > busy - 1 and len(ours) <= 2, (ours, busy)


def test_a_mapping_that_changes_is_followed(hidden):
    """The peer gets another address and port from its NAT: what it sends next says where it is."""
    w = hidden('peer')
    w.nats['peer'].addr('out', '198.51.100.77/24')
    for key in ('udp_timeout', 'udp_timeout_stream'):
        w.nats['peer'].sysctl(f'net.netfilter.nf_conntrack_{key}', 1)
    peer, router = w.charon(options={'keep_alive': 0}), w.router()
    assert not w.us.ping('10.2.0.1', 2, source='10.1.0.1').result().lost, router.log() + peer.log()
    time.sleep(2.5)  # the old mapping is gone
    w.rules('peer', 'meta l4proto udp snat to 198.51.100.77:33000-33100')
    got = w.them.ping('10.1.0.1', 3, source='10.2.0.1').result()
    assert not got.lost, router.log() + peer.log()
    assert '198.51.100.77' in router.cli('show crypto isakmp sa'), router.cli('show crypto isakmp sa')
    got = w.us.ping('10.2.0.1', 3, source='10.1.0.1').result()
    assert not got.lost, router.log() + peer.log()
    # phase 2 is renewed by the new way, too
    peer.rekey(child='t')
    got = w.us.ping('10.2.0.1', 3, source='10.1.0.1').result()
    assert not got.lost, router.log() + peer.log()
    one, = peer.sas()
    assert one['established']


# ---- transport mode ----

def hosts(a, b):
    return f'ip host {a} host {b}'


@pytest.mark.parametrize('behind', [('us',), ('us', 'peer')], ids='-'.join)
def test_transport_mode_keeps_tcp_and_udp_whole(hidden, behind):
    """Between two routers; TCP and UDP are the kernels', which see other addresses than the sender's."""
    w = hidden(*behind)
    router = w.router((hosts(w.local['us'], OUTSIDE['peer']),), mode='transport')
    other = Router(w.them, config(SUITE, w.local['peer'], OUTSIDE['us'], (hosts(w.local['peer'], OUTSIDE['us']),),
                                  mode='transport'))
    assert not w.us.ping(OUTSIDE['peer'], 2).result().lost, router.log() + other.log()
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        assert exchange(kind, w.them, w.local['peer'], w.us, w.local['us'], OUTSIDE['peer']) == OUTSIDE['us']
    assert bad_checksums(w.us) == bad_checksums(w.them) == 0
    for r in (router, other):
        assert 'in use settings ={Transport UDP-Encaps, }' in r.cli('show crypto ipsec sa')
        assert 'recv errors 0' in r.cli('show crypto ipsec sa')
        compare(r, 'show crypto ipsec sa', 'ipsec-sa')
    # nothing in clear; what has no ports is the rest of a datagram that was cut
    assert kinds(w.capture.stop()) <= {'udp500', 'udp4500', 'udp?', 'arp'}


@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('behind', [('us',), ('peer',), ('us', 'peer')], ids='-'.join)
def test_transport_mode_is_agreed_with_strongswan(hidden, behind, role):
    """Its kernel cannot carry ESP here: identities, NAT-OA and mode, each end with its own addresses."""
    w = hidden(*behind)
    peer = w.charon('fake', ('dynamic', 'dynamic'), mode='transport')
    lines = [f'local {w.local["us"]}', 'p1 1 aes256 sha1 2 86400', f'psk {OUTSIDE["peer"]}/32 secretkey',
             f'p2 1 peer={OUTSIDE["peer"]} local={w.local["us"]}/32 remote={OUTSIDE["peer"]}/32 '
             'set=aes256+sha1+transport']
    core = Core(w.us, lines)
    if role == 'initiator':
        core.cmd('acquire 1')
    else:
        peer.initiate('t')
    for sa in agree(core, peer).values():
        assert sa['mode'] == 'transport' and sa['udp']
    one, = peer.children()
    assert one['local-ts'] == [f'{w.local["peer"]}/32'] and one['remote-ts'] == [f'{OUTSIDE["us"]}/32']


# ---- NAT traversal switched off ----

def test_without_nat_transparency_the_nat_is_named_and_nothing_floats(hidden):
    w = hidden('peer')
    peer = w.charon('fake')
    router = w.router(extra='no crypto ipsec nat-transparency udp-encapsulation')
    peer.initiate('t')
    until(lambda: 'NAT_IN_THE_WAY' in router.log(), what='the line of the log')
    assert re.search(rf'NAT_IN_THE_WAY: A NAT seems to be between us and {OUTSIDE["peer"]} \(it calls itself '
                     rf'{INSIDE["peer"]}\)', router.log())
    assert 'in use settings ={Tunnel, }' in router.cli('show crypto ipsec sa')
    w.us.ping('10.2.0.1', 1, source='10.1.0.1', wait=1).result()
    pcap = w.capture.stop()
    assert 'esp' in kinds(pcap) <= {'udp500', 'udp?', 'esp', 'arp', 'icmp'}
    assert not rows(pcap, ['ip.src'], 'icmp.type == 8')  # only what the NAT says of ESP
    ours = rows(pcap, ['isakmp.typepayload'], f'isakmp && ip.src == {OUTSIDE["us"]}')
    assert ours and not any({'20', '130'} & set(p.split(',')) for (p,) in ours)  # no NAT-D


# ---- fragments ----

@pytest.fixture
def world():
    need('openssl', 'pki')
    w = World()
    w.us.addr('lo', '10.1.0.1/32')
    try:
        yield w
    finally:
        w.close()


@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('ours,theirs,size', [
    pytest.param(True, 'force', 1280, id='force'), pytest.param(True, 'yes', 576, id='yes-576', marks=pytest.mark.slow),
    pytest.param(True, 'force', 200, id='force-200', marks=pytest.mark.slow),  # its very first message, too
    pytest.param(True, 'no', 1280, id='peer-not', marks=pytest.mark.slow),
    pytest.param(False, 'yes', 1280, id='we-not', marks=pytest.mark.slow)])
def test_large_certificates_in_fragments(world, ours, theirs, size, role):
    """RSA of 3072 bits and an intermediate CA: messages of more than a datagram, both ways. Who has not
    announced fragments gets none: then IP cuts them."""
    root = Authority(world.net.dir, 'Root')
    sub = Authority(world.net.dir, 'Sub', above=root)
    router = Router(world.us, ios() + ('crypto isakmp fragmentation\n' if ours else ''))
    give(router, root, *root.issue('r1', OUR_DN, '--san', '192.0.2.1', bits=3072))
    world.charon({}, options={'fragment_size': size})
    peer = strongswan(world, root, *sub.issue('peer', PEER_DN, '--san', '192.0.2.2', bits=3072), more_cas=[sub],
                      fragmentation=theirs)
    if role == 'responder':
        peer.initiate('t')
    crosses(world, peer, router)
    pcap = world.capture.stop()
    pieces = {src for src, in rows(pcap, ['ip.src'], 'isakmp.nextpayload == 132 && !ip.fragments')}
    cut_by_ip = rows(pcap, ['ip.src'], 'ip.flags.mf == 1')
    assert pieces == ({'192.0.2.1', '192.0.2.2'} if ours and theirs != 'no' else set()), peer.log()
    assert bool(cut_by_ip) == (not pieces)
    first = rows(pcap, ['ip.src'], 'isakmp.nextpayload == 132 && isakmp.rspi == 00:00:00:00:00:00:00:00')
    assert bool(first) == (size == 200 and role == 'responder')
    assert ('reassembled fragmented IKE message' in peer.log()) == bool(pieces), peer.log()
