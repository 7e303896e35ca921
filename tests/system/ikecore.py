# SPDX-License-Identifier: Apache-2.0
"""ikedrv (the IKE core on real sockets) driven from a test."""
import json
import subprocess
import threading
import time

from conftest import built
from peers.netns import Net, until
from peers.strongswan import Charon, child, connection
from peers.tshark import Capture

US, PEER = '192.0.2.1', '192.0.2.2'
NEAR, FAR = '10.1.0.0/24', '10.2.0.0/24'  # our LAN and the peer's
US6, PEER6 = '2001:db8::1', '2001:db8::2'
NEAR6, FAR6 = '2001:db8:1::/64', '2001:db8:2::/64'

GROUPS = {'modp768': 1, 'modp1024': 2, 'modp1536': 5, 'modp2048': 14, 'modp3072': 15, 'modp4096': 16,
          'ecp256': 19, 'ecp384': 20, 'ecp521': 21, 'modp2048s256': 24}


def p1_line(suite, priority=10, life=86400):
    """`3des-sha1-modp1024` as a line of ikedrv's configuration."""
    cipher, hash_, group = suite.split('-')
    return f'p1 {priority} {cipher} {hash_} {GROUPS[group]} {life}'


class Core:
    """One ikedrv. Whatever it printed is in .seen, oldest first."""

    def __init__(self, ns, lines):
        self.ns = ns
        self.file = ns.net.dir / f'ikedrv-{ns.label}.conf'
        self.write(lines)
        self.seen, self.lock = [], threading.Lock()
        self.said = ns.net.dir / f'ikedrv-{ns.label}.err'
        with open(self.said, 'wb') as err:
            self.proc = ns.popen(built('tests', 'system', 'ikedrv'), self.file, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=err)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.wait('ready')

    def write(self, lines):
        self.file.write_text('\n'.join(lines) + '\n')

    def read(self):
        for line in self.proc.stdout:
            with self.lock:
                self.seen.append(json.loads(line))

    def story(self):
        """All that was said, for the message of a failed test."""
        with self.lock:
            return '\n'.join(str(e) for e in self.seen) + self.said.read_text()

    def of(self, what, since=0):
        with self.lock:
            return [e for e in self.seen[since:] if e['what'] == what]

    def mark(self):
        with self.lock:
            return len(self.seen)

    def check(self):
        """It must be alive: a sanitizer's report ends it."""
        assert self.proc.poll() is None, f'ikedrv ended: {self.said.read_text()}'

    def wait(self, what, since=0, seconds=15, count=1, **fields):
        """The events of that kind and with those fields, once there are count of them."""
        def enough():
            self.check()
            found = [e for e in self.of(what, since) if all(e.get(k) == v for k, v in fields.items())]
            return found if len(found) >= count else None
        try:
            return until(enough, seconds, f'{what} {fields}')
        except AssertionError as e:
            raise AssertionError(f'{e}\n{self.story()}') from None

    def cmd(self, line):
        """Carries out one command; what it printed."""
        mark = self.mark()
        self.proc.stdin.write(f'{line}\n'.encode())
        self.proc.stdin.flush()
        self.wait('done', mark, text=line.split()[0])
        with self.lock:
            return self.seen[mark:]

    def sas(self):
        return [e for e in self.cmd('sas') if e['what'] == 'sa']

    def pairs(self):
        return [e for e in self.cmd('pairs') if e['what'] == 'pair']

    def skip_until(self, what, seconds=35, tries=8, **fields):
        """Lets the clock jump over the resends until that event has come."""
        for _ in range(tries):
            found = [e for e in self.of(what) if all(e.get(k) == v for k, v in fields.items())]
            if found:
                return found
            self.cmd(f'skip {seconds}')
            time.sleep(0.2)
        raise AssertionError(f'{what} {fields} did not happen\n{self.story()}')

    def reason(self, policy=1):
        return [e['text'] for e in self.cmd(f'story {policy}') if e['what'] == 'story'][0]

    def up(self):
        """ISAKMP SAs in QM_IDLE that are not deleted."""
        return [s for s in self.sas() if s['state'] == 'QM_IDLE' and not s['deleted']]

    def live(self):
        """The IPsec SAs that the forwarder would hold now, by id."""
        sas = {}
        with self.lock:
            for e in self.seen:
                if e['what'] == 'sa-add':
                    assert e['id'] not in sas, f'SA {e["id"]} was installed twice'
                    sas[e['id']] = e
                elif e['what'] == 'sa-del':
                    sas.pop(e['id'], None)
        return sas

    def keys(self):
        return [(e['cookie'], e['key']) for e in self.of('key')]

    def quit(self):
        """An orderly end: DELETEs go out."""
        if self.proc.poll() is None:
            self.proc.stdin.close()
            self.proc.wait(timeout=10)
        self.reader.join(timeout=5)
        assert self.proc.returncode == 0, self.said.read_text()


class World:
    """Us and a strongSwan on one wire, and a capture of it; with v6 both have addresses of IPv6 besides, by which
    charon and core speak."""

    def __init__(self, v6=False):
        self.net = Net()
        self.local, self.remote = (US6, PEER6) if v6 else (US, PEER)
        self.us, self.them = self.net.ns('us'), self.net.ns('peer')
        self.net.link(self.us, 'wan', f'{US}/24', self.them, 'wan', f'{PEER}/24')
        for net in '2.0', '3.0', '4.0', '5.0':  # the routes of kernel-libipsec want an address in each
            self.them.addr('lo', f'10.{net}.1/32')
        self.us.route(FAR, PEER)
        if v6:
            for ns, end, inner in ((self.us, US6, '2001:db8:1::1'), (self.them, PEER6, '2001:db8:2::1')):
                ns.enable_v6()
                ns.addr('wan', f'{end}/64')
                ns.addr('lo', f'{inner}/128')
            self.us.route(FAR6, PEER6)
        self.capture = Capture(self.us, 'wan')

    def charon(self, conns, kernel='libipsec', **kw):
        """A running charon with these connections, by name."""
        fake = built('tests', 'system', 'libxfrmfake.so') if kernel == 'fake' else None
        self.peer = Charon(self.them, kernel, fake, **kw).start()
        return self.peer.load(conns)

    def swan(self, suite, esp, kernel='libipsec', local_ts=FAR, remote_ts=NEAR, **more):
        """One connection t with one child t."""
        return self.charon({'t': connection(self.remote, self.local, suite, {'t': child(local_ts, remote_ts, esp, **more)})},
                           kernel)

    def core(self, suite, *p2, psk='secretkey', natt='on', life=86400, more=()):
        """Our core with one phase 1 suite; p2 as lines of ikedrv without id and peer."""
        lines = [f'local {self.local}', f'natt {natt}', p1_line(suite, life=life), f'psk {self.remote} {psk}', *more]
        lines += [f'p2 {i} peer={self.remote} {words}' for i, words in enumerate(p2, 1)]
        return Core(self.us, lines)

    def close(self):
        self.net.close()


LAN = f'local={NEAR} remote={FAR}'


def agree(core, peer, pairs=1):
    """Both ends hold the same SAs: SPIs, directions and keys. Returns ours by SPI."""
    ours = {sa['spi']: sa for sa in core.wait('sa-add', count=2 * pairs)}
    theirs = until(lambda: len(got := peer.children()) == pairs and got, what='CHILD_SAs of the peer')
    for c in theirs:
        out, in_ = ours[c['spi-in'].zfill(8)], ours[c['spi-out'].zfill(8)]
        assert (out['dir'], in_['dir']) == ('out', 'in')
        assert out['pair'] == in_['pair'] and out['policy'] == in_['policy']
        assert c['mode'].lower() == out['mode'] == in_['mode']
    keys = {k for sa in ours.values() for k in (sa['enc_key'], sa['auth_key']) if k}
    assert keys == peer.child_keys()
    assert len(core.pairs()) == pairs
    return ours
