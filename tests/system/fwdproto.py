# SPDX-License-Identifier: Apache-2.0
"""Control's side of src/forwarder/protocol.h written anew, and the forwarder as a
process whose ports, control socket and clock belong to the test."""
import ipaddress
import mmap
import os
import pathlib
import socket
import struct
import subprocess
import tempfile

VERSION = 5
WORKERS = int(os.environ.get('CULVERT_WORKERS', '1'))  # the first of them carries everything (fwddrv)

(HELLO, PORT_ADD, PORT_DEL, SA_ADD, SA_DEL, SA_DUMP, TABLE_BEGIN, POLICY_ADD, TUNNEL_ADD, TABLE_COMMIT,
 NEGOTIATION_FAILED, STATS_GET, STATS_CLEAR, SHUTDOWN, IKE_TX, SA_MOVE, ACL_ADD, POLICY_ACL, MATCHES_CLEAR,
 NEXT_HOP, WAYS) = range(1, 22)
(RESULT, SA_INFO, STATS_SA, STATS_POLICY, STATS_TUNNEL, STATS_DROPS, ACQUIRE, EXPIRE, RECVD_CLEAR,
 UNKNOWN_SPI, SA_EVENT, IKE_RX, PEER_MOVED, TUNNEL_ALIVE, KEEPALIVE, STATS_ACL, ACL_LOG, PORT_SLOWER,
 CRYPTO, NOT_PINNED, ROWS) = range(64, 85)
(TUNNEL, STEER, ESP, AH, GRE, ICMP, UDP, IPIP, IPV6IP, ESP6, AH6, GRE6, ICMP6, UDP6, IP4IN6, IP6IN6, RING, LINK,
 HOLD) = range(1, 20)
ENCAP_GRE, ENCAP_IPIP, ENCAP_IPV6IP, ENCAP_IPV6 = range(4)
PROTECT, SKIP = 1, 2
IN, OUT = 1, 2
ONE_WAY, RING_COMES, RING_GOES = range(3)
MODE_TUNNEL, MODE_TRANSPORT = 1, 2
EV_REPLAY, EV_AUTH, EV_IDENTITY = 1, 2, 3
CIPHERS = {None: (0, 0), 'null': (1, 0), 'des': (2, 0), '3des': (3, 0), 'aes128': (4, 128), 'aes192': (4, 192),
           'aes256': (4, 256), 'gcm128': (5, 128), 'gcm256': (5, 256)}
AUTHS = {None: 0, 'md5': 1, 'sha1': 2, 'sha256': 3, 'sha384': 4, 'sha512': 5}
DROPS = ('malformed_ip malformed_esp malformed_ah malformed_gre unknown_spi auth_failed replayed twice bad_padding bad_identity '
         'recvd_clear not_bundled access no_sa negotiation_failed sa_dead no_policy too_big no_tunnel tunnel_down gre_key '
         'gre_checksum gre_unsupported gre_late recursion send_failed no_buffer overflow port_gone fragment ecn event_lost').split()
POLICY_WORDS = ('matches encaps encrypts digests decaps decrypts verifies send_errors recv_errors no_sa queued '
                'auth_failed replayed bad_identity recvd_clear too_big path_mtu path_left_sec invalid_sa invalid_len '
                'invalid_prot encaps_failed decaps_failed rollover internal_out internal_in access_out access_in').split()
TUNNEL_WORDS = ('in_packets in_bytes out_packets out_bytes in_errors in_key_mismatch in_checksum in_unsupported '
                'in_late out_drops keepalives keepalives_back keepalives_missed keepalives_answered dead last_in_ms '
                'last_out_ms path_mtu out_too_big').split()
SA_WORDS = 'packets bytes auth_failed replayed bad_identity malformed send_errors left_bytes'.split()


def nth_id(n):
    """The nth IPv4 identification of a tunnel's outer headers: each worker has numbers of its own."""
    return 1 + (n - 1) * WORKERS


def ip4(text):
    return int(ipaddress.IPv4Address(text))


def addr(text):
    if text is None:
        return bytes(17)
    a = ipaddress.ip_address(text)
    return bytes([a.version]) + a.packed.ljust(16, b'\0')


def match(text):
    net = ipaddress.ip_network(text)
    return addr(str(net.network_address)) + net.hostmask.packed.ljust(16, b'\0')


def port_test(test):
    """None is any; a number is eq; a pair is a range."""
    if test is None:
        return struct.pack('!BHH', 0, 0, 0)
    if isinstance(test, tuple):
        return struct.pack('!BHH', 5, *test)
    return struct.pack('!BHH', 1, test, 0)


def selector(local, remote, proto=0, lport=None, rport=None):
    return match(local) + match(remote) + bytes([proto]) + port_test(lport) + port_test(rport)


def key(data):
    return bytes([len(data)]) + data.ljust(64, b'\0')


def sa_spec(sa):
    """`cipher` None is AH alone; `ah` is (SPI, authenticator, key) of the AH around ESP."""
    cipher, bits = CIPHERS[sa['cipher']]
    out = struct.pack('!IIIBBBI', sa['id'], sa['pair'], sa['policy'], sa['dir'], 50 if cipher else 51, sa['mode'],
                      sa['spi'])
    out += addr(sa['src']) + addr(sa['dst'])
    out += struct.pack('!BHH', 1 if sa['udp'] else 0, *(sa['udp'] or (0, 0)))
    out += struct.pack('!BHB', cipher, bits, AUTHS[sa['auth']])
    out += key(sa['enc_key']) + key(sa['auth_key'])
    spi, auth, secret = sa.get('ah') or (0, None, b'')
    out += struct.pack('!IB', spi, AUTHS[auth]) + key(secret) + bytes([sa.get('manual', False)])
    out += struct.pack('!H', sa['window'])
    out += selector(*sa['sel'])
    out += addr(sa.get('peer', sa['src'] if sa['dir'] == IN else sa['dst'])) + bytes([sa.get('moves', bool(sa['udp']))])
    return out + addr(sa.get('oa_src')) + addr(sa.get('oa_dst')) + struct.pack('!IIQQ', *sa['life'])


def acl_line(number, name, seq, permit, proto=0, src='0.0.0.0/0', dst='0.0.0.0/0', dport=None, log=0):
    ports = struct.pack('!BB10H', *((1, 1, dport) if dport is not None else (0, 0, 0)), *[0] * 9)
    return (struct.pack('!H64sIBB', number, name.encode(), seq, 1 if permit else 2, proto) + match(src) + match(dst) +
            struct.pack('!BB10H', 0, 0, *[0] * 10) + ports + struct.pack('!BBHHBBBB', 0, 0, 0, 0, 0, 0, 0, log))


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, n):
        assert len(self.data) >= n, 'short message'
        head, self.data = self.data[:n], self.data[n:]
        return head

    def unpack(self, fmt):
        got = struct.unpack('!' + fmt, self.take(struct.calcsize('!' + fmt)))
        return got if len(got) > 1 else got[0]

    def addr(self):
        raw = self.take(17)
        if raw[0] == 6:
            return str(ipaddress.IPv6Address(raw[1:]))
        return str(ipaddress.IPv4Address(raw[1:5])) if raw[0] == 4 else None

    def flow(self):
        local, remote = self.addr(), self.addr()
        proto, known, lport, rport = self.unpack('BBHH')
        return (local, remote, proto) + ((lport, rport) if known else ())

    def words(self, names):
        return dict(zip(names, self.unpack(f'{len(names)}Q')))

    def sa_stats(self):
        head = dict(zip('id policy pair dir spi'.split(), self.unpack('IIIBI')))
        head.update(self.words(SA_WORDS))
        head.update(zip('seq left_sec idle_ms path_mtu plain_mtu'.split(), self.unpack('IIIII')))
        return head

    def life_of_spec(self):
        """Skips an sa_spec but for its lifetimes, which it returns."""
        skip = len(sa_spec(dict(id=0, pair=0, policy=0, dir=1, mode=1, spi=0, src=None, dst=None, udp=None,
                                cipher='des', auth=None, enc_key=b'', auth_key=b'', window=0,
                                sel=('0.0.0.0/0', '0.0.0.0/0'), life=(0, 0, 0, 0)))) - 24
        raw = self.take(skip)
        return raw, self.unpack('IIQQ')


def parts(data):
    """The messages in one that was received: of ROWS there are many."""
    if data[:1] != bytes([ROWS]):
        return [data]
    found, at = [], 5
    while at < len(data):
        n = struct.unpack('!H', data[at:at + 2])[0]
        found.append(data[at + 2:at + 2 + n])
        at += 2 + n
    return found


def decode(data):
    """(type, seq, what it says)."""
    r = Reader(data)
    kind, seq = r.unpack('BI')
    if kind == RESULT:
        said = r.unpack('i')
    elif kind == SA_INFO:
        raw, life = r.life_of_spec()
        said = dict(r.sa_stats(), spec=raw, life=life)
    elif kind == STATS_SA:
        said = r.sa_stats()
    elif kind == STATS_POLICY:
        said = {'id': r.unpack('I'), **r.words(POLICY_WORDS)}
    elif kind == STATS_TUNNEL:
        said = {'id': r.unpack('I'), **r.words(TUNNEL_WORDS)}
    elif kind == STATS_DROPS:
        said = r.words(DROPS)
    elif kind == ACQUIRE:
        said = (r.unpack('I'), r.flow())
    elif kind == EXPIRE:
        said = dict(zip('id hard used'.split(), r.unpack('IBB')))
    elif kind == RECVD_CLEAR:
        said = (r.unpack('I'), r.flow())
    elif kind == UNKNOWN_SPI:
        said = (r.addr(), r.addr()) + r.unpack('BI')
    elif kind == SA_EVENT:
        said = r.unpack('IBI') + (r.flow(),)
    elif kind == IKE_RX:
        said = (r.addr(), r.addr(), r.unpack('H'), r.take(len(r.data)))
    elif kind == PEER_MOVED:
        said = (r.unpack('I'), r.addr(), r.unpack('H'))
    elif kind == TUNNEL_ALIVE:
        said = r.unpack('IB')
    elif kind == KEEPALIVE:
        said = r.unpack('IBIHB')
    elif kind == STATS_ACL:
        said = (r.take(64).rstrip(b'\0').decode(),) + r.unpack('IQ')
    elif kind == ACL_LOG:
        said = (r.take(64).rstrip(b'\0').decode(),) + r.unpack('II') + (r.addr(), r.addr()) + r.unpack('BBBHHBBB')
    elif kind == CRYPTO:
        said = r.take(64).rstrip(b'\0').decode()
    else:
        raise AssertionError(f'message of unknown type {kind}')
    assert not r.data, f'{len(r.data)} bytes too many in a message of type {kind}'
    return kind, seq, said


class Wire:
    """The outside of a port: what the forwarder would read from and write to the kernel."""
    META = struct.Struct('!I17s17sHHBB')

    def __init__(self):
        self.sock, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.setblocking(False)
        self.idle = []  # of workers to whom nothing comes

    def put(self, data, ifindex=0, local='0.0.0.0', remote='0.0.0.0', lport=0, rport=0, tos=0):
        self.sock.send(self.META.pack(ifindex, addr(local), addr(remote), lport, rport, tos, 0) + bytes(data))

    def get_all(self, meta=False):
        out = []
        while True:
            try:
                got = self.sock.recv(70000)
            except BlockingIOError:
                return out
            m = self.META.unpack(got[:self.META.size])
            where = {'local': Reader(m[1]).addr(), 'remote': Reader(m[2]).addr(),
                     'lport': m[3], 'rport': m[4], 'tos': m[5]}
            got = got[self.META.size:]
            out.append((got, where) if meta else got)


class Forwarder:
    """A running forwarder. Everything that a call finds out beside its answer stands in events."""

    def __init__(self, program):
        self.dir = tempfile.TemporaryDirectory()
        clock = pathlib.Path(self.dir.name, 'clock')
        clock.write_bytes(bytes(8))
        with open(clock, 'r+b') as f:
            self.clock = mmap.mmap(f.fileno(), 8)
        self.now = 0
        self.set_clock(1_000_000)
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(10)
        self.workers = WORKERS
        self.proc = subprocess.Popen([str(program), str(theirs.fileno()), str(clock), str(self.workers)],
                                     pass_fds=[theirs.fileno()])
        theirs.close()
        self.seq = 0
        self.events = []
        self.ports = {}

    def close(self):
        """Exit status after an orderly end, which it must reach by itself."""
        if self.proc.poll() is None:
            self.control.close()
            self.proc.wait(10)
        for wire in self.ports.values():
            for sock in (wire.sock, *wire.idle):
                sock.close()
        self.clock.close()
        self.dir.cleanup()
        return self.proc.returncode

    # ---- time ----

    def set_clock(self, ms):
        self.now = ms
        self.clock[:] = struct.pack('=Q', ms)

    def wait(self, ms):
        """Lets time pass and the forwarder see it."""
        self.set_clock(self.now + ms)
        self.sync()
        self.sync()

    # ---- messages ----

    def send(self, kind, body=b'', fd=None):
        self.seq += 1
        msg = struct.pack('!BI', kind, self.seq) + body
        if fd is None:
            self.control.send(msg)
        else:
            socket.send_fds(self.control, [msg], [fd])
        return self.seq

    def answer(self, seq):
        """Reads up to the RESULT of seq: (error, rows)."""
        rows = []
        while True:
            for message in parts(self.control.recv(70000)):
                kind, got, said = decode(message)
                if kind == RESULT and got == seq:
                    return said, rows
                (rows if got == seq else self.events).append((kind, said))

    def call(self, kind, body=b'', fd=None):
        return self.answer(self.send(kind, body, fd))[0]

    def must(self, kind, body=b'', fd=None):
        error = self.call(kind, body, fd)
        assert error == 0, os.strerror(-error)

    def sync(self):
        """Everything that was written to ports before is dealt with after: control is
        served last in each turn of the loop."""
        self.must(NEGOTIATION_FAILED, struct.pack('!I', 0))  # of no policy: it changes nothing

    def take(self, kind):
        """The events of a kind since the last look."""
        self.sync()
        got = [said for k, said in self.events if k == kind]
        self.events = [e for e in self.events if e[0] != kind]
        return got

    # ---- requests ----

    def port(self, name, ident, kind, ifid=0, ifindex=0, tunnel=0):
        """With several workers one for each, and for a socket the one that they read by; packets come by the first one's."""
        wire = Wire()
        reads = 0 if self.workers == 1 or kind in (TUNNEL, STEER, HOLD) else self.workers
        for k in sorted({*range(1 if kind == HOLD else self.workers), reads}):
            theirs = wire.theirs
            if k not in (0, reads):
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                wire.idle.append(ours)
            self.must(PORT_ADD, struct.pack('!IBIIIBBB', ident, kind, ifid, ifindex, tunnel, k, 0, 0), theirs.fileno())
            if theirs is not wire.theirs:
                theirs.close()
        wire.theirs.close()
        self.ports[name] = wire
        return wire

    def table(self, policies=(), tunnels=(), lists=()):
        self.must(TABLE_BEGIN)
        for n, (name, lines) in enumerate(lists, 1):
            for line in lines:
                self.must(ACL_ADD, acl_line(n, name, *line))
        for p in policies:
            self.must(POLICY_ADD, struct.pack('!IIIB', p['id'], p.get('ifid', 7), p.get('seq', 10),
                                              p.get('action', PROTECT)) + selector(*p['sel']) +
                      addr(p.get('local', '192.0.2.1')) +
                      struct.pack('!IBB', p.get('mtu', 1500), p.get('df', 0), p.get('after', 0)))
            if 'acl' in p:
                self.must(POLICY_ACL, struct.pack('!IHH', p['id'], *p['acl']))
        for t in tunnels:
            self.must(TUNNEL_ADD, struct.pack('!II', t['id'], t['port']) +
                      addr(t.get('src', '192.0.2.1')) + addr(t.get('dst', '198.51.100.1')) +
                      struct.pack('!IBIBBHHHBBHBBBBHBBIB', t.get('ifid', 7), 'key' in t, t.get('key', 0),
                                  t.get('ttl', 255), t.get('tos', 0xff), 1476, t.get('mss', 0),
                                  t.get('mtu', 1500), t.get('pmtud', 0), t.get('age', 10), t.get('least', 576),
                                  t.get('up', 1), t.get('encap', 0),
                                  t.get('checksum', 0), t.get('sequence', 0), *t.get('keepalive', (0, 0)),
                                  t.get('trace', 0), t.get('protect', 0), t.get('vti', 0)) + addr(t.get('own')) + addr(t.get('own6')))
        self.must(TABLE_COMMIT)

    def sa_add(self, sa):
        self.must(SA_ADD, sa_spec(sa))

    def put(self, name, *packets, **meta):
        for at in range(0, len(packets), 60):  # a turn of its loop takes 64 from a port
            for p in packets[at:at + 60]:
                self.ports[name].put(bytes(p), **meta)
            self.sync()

    def got(self, name, meta=False):
        self.sync()
        return self.ports[name].get_all(meta)

    def silent(self):
        """Nothing came out anywhere."""
        self.sync()
        return not any(w.get_all() for w in self.ports.values())

    def stats(self):
        error, rows = self.answer(self.send(STATS_GET))
        assert error == 0
        out = {'sa': {}, 'policy': {}, 'tunnel': {}, 'drops': {}}
        for kind, said in rows:
            if kind == STATS_DROPS:
                out['drops'] = said
            elif kind == STATS_ACL:
                out.setdefault('acl', {})[said[:2]] = said[2]
            else:
                out[{STATS_SA: 'sa', STATS_POLICY: 'policy', STATS_TUNNEL: 'tunnel'}[kind]][said['id']] = said
        return out

    def drops(self):
        return {k: v for k, v in self.stats()['drops'].items() if v}
