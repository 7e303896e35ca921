# SPDX-License-Identifier: Apache-2.0
"""Nothing leaves in clear whatever the operators do: a thousand random restarts, clears, rekeys and
reconfigurations of both routers under load, with a capture in the middle that misses nothing. Between them,
whenever what was changed is put back, traffic returns by itself. Crypto maps, AH around ESP, and protected
tunnels beside a default route into the open."""
import os
import random
import re
import shutil
import signal

import pytest

from conftest import ROOT
from test_fail_closed_long import VICTIMS, children, until
from test_router import GRE, SITE, capture, clear_lines, lab, lost

EVENTS = int(os.environ.get('CULVERT_EVENTS', 220))  # of each lab
SEED = int(os.environ.get('CULVERT_SEED', 1))
PEER = {'R1': '198.51.100.2', 'R2': '192.0.2.2'}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='needs root')


class Place:
    """What the labs differ in."""

    def __init__(self, folder):
        text = (folder / 'R1.cfg').read_text().splitlines()
        words = [line.split() for line in text]
        applied = next(i for i, w in enumerate(words) if w[:2] == ['crypto', 'map'] and len(w) == 3)
        self.wan = next(w[1] for w in reversed(words[:applied]) if w[:1] == ['interface'])
        self.map, self.seq = next(w[2:4] for w in words if w[:2] == ['crypto', 'map'] and 'ipsec-isakmp' in w)
        self.set = next(w[3] for w in words if w[:3] == ['crypto', 'ipsec', 'transform-set'])
        self.key = next(w[3] for w in words if w[:3] == ['crypto', 'isakmp', 'key'])
        self.terms = next(' '.join(w[4:]) for w in words if w[:3] == ['crypto', 'ipsec', 'transform-set'])

    def changes(self, node):
        """What may be typed, and what puts it back. Nothing of it takes protection away: no line of the crypto
        ACL and no crypto map leaves."""
        peer, entry = PEER[node], f'crypto map {self.map} {self.seq}'
        return {
            'kilobytes': ([entry, 'set security-association lifetime kilobytes 2560'],
                          [entry, 'set security-association lifetime kilobytes 4608000']),
            'seconds': ([entry, 'set security-association lifetime seconds 120'],
                        [entry, 'set security-association lifetime seconds 3600']),
            'pfs': ([entry, 'set pfs group2'], [entry, 'no set pfs']),
            'set': ([f'crypto ipsec transform-set {self.set} esp-aes esp-sha-hmac'],
                    [f'crypto ipsec transform-set {self.set} {self.terms}']),
            'no set': ([entry, f'no set transform-set {self.set}'], [entry, f'set transform-set {self.set}']),
            'key': ([f'no crypto isakmp key {self.key} address {peer}', f'crypto isakmp key another address {peer}'],
                    [f'no crypto isakmp key another address {peer}', f'crypto isakmp key {self.key} address {peer}']),
            'peer': ([entry, f'no set peer {peer}'], [entry, f'set peer {peer}']),
            'entry': ([f'crypto map {self.map} 7 ipsec-isakmp', f'set peer {peer}', f'set transform-set {self.set}',
                       'match address MORE', 'ip access-list extended MORE', 'permit ip any 10.99.0.0 0.0.255.255'],
                      [f'no crypto map {self.map} 7', 'no ip access-list extended MORE']),
            'shutdown': ([f'interface {self.wan}', 'shutdown'], [f'interface {self.wan}', 'no shutdown']),
            'isakmp': (['no crypto isakmp enable'], ['crypto isakmp enable']),
            'keepalive': (['crypto isakmp keepalive 10 2 periodic'], ['no crypto isakmp keepalive']),
            'df': (['crypto ipsec df-bit clear'], ['no crypto ipsec df-bit clear']),
        }


class Protected:
    """labs/gre-ospf without its routing protocol: a static route over the tunnel, a default route beside it."""

    TUNNEL = ['interface Tunnel0', 'tunnel protection ipsec profile GRE']  # first of all, whatever else is typed

    def __init__(self, mode):
        self.mode = mode
        self.other = {'gre ip': 'ipsec ipv4', 'ipsec ipv4': 'gre ip'}[mode]

    def lab(self, folder):
        shutil.copytree(ROOT / 'labs' / 'gre-ospf', folder)
        for file in folder.glob('*.y*ml'):
            file.write_text(re.sub(r'      exec:\n        - \.\./frr\.sh .*\n', '', file.read_text()))
        for node, isp, far in (('R1', '192.0.2.1', '10.2.2.0'), ('R2', '198.51.100.1', '10.1.1.0')):
            file = folder / f'{node}.cfg'
            text = file.read_text().replace(' tunnel protection', f' tunnel mode {self.mode}\n tunnel protection')
            file.write_text(re.sub(r'^ip route .*$', f'ip route 0.0.0.0 0.0.0.0 {isp}\n'
                                   f'ip route {far} 255.255.255.0 Tunnel0', text, flags=re.M))
        return folder

    def changes(self, node):
        peer, profile, near = PEER[node], 'crypto ipsec profile GRE', {'R1': 1, 'R2': 2}[node]
        transforms = ['crypto ipsec transform-set AES esp-{}', 'mode transport']
        return {
            'kilobytes': ([profile, 'set security-association lifetime kilobytes 2560'],
                          [profile, 'set security-association lifetime kilobytes 4608000']),
            'seconds': ([profile, 'set security-association lifetime seconds 120'],
                        [profile, 'set security-association lifetime seconds 3600']),
            'pfs': ([profile, 'set pfs group2'], [profile, 'no set pfs']),
            'set': ([transforms[0].format('aes esp-sha-hmac'), transforms[1]],
                    [transforms[0].format('aes 256 esp-sha256-hmac'), transforms[1]]),
            'no set': ([profile, 'no set transform-set AES'], [profile, 'set transform-set AES']),
            'key': ([f'no crypto isakmp key secretkey address {peer}', f'crypto isakmp key another address {peer}'],
                    [f'no crypto isakmp key another address {peer}', f'crypto isakmp key secretkey address {peer}']),
            'profile': (['interface Tunnel0', 'tunnel protection ipsec profile NONE'], self.TUNNEL),
            'tunnel': (self.TUNNEL + ['shutdown'], self.TUNNEL + ['no shutdown']),
            'source': (self.TUNNEL + ['no tunnel source'], self.TUNNEL + ['tunnel source FastEthernet0/1']),
            'destination': (self.TUNNEL + ['tunnel destination 198.51.100.77'],
                            self.TUNNEL + [f'tunnel destination {peer}']),
            'mode': (self.TUNNEL + [f'tunnel mode {self.other}'], self.TUNNEL + [f'tunnel mode {self.mode}']),
            'gone': (['no interface Tunnel0'],
                     self.TUNNEL + [f'ip address 172.16.0.{near} 255.255.255.252', 'ip mtu 1400',
                                    f'tunnel mode {self.mode}', 'tunnel source FastEthernet0/1',
                                    f'tunnel destination {peer}']),
            'shutdown': (['interface FastEthernet0/1', 'shutdown'], ['interface FastEthernet0/1', 'no shutdown']),
            'isakmp': (['no crypto isakmp enable'], ['crypto isakmp enable']),
            'keepalive': (['crypto isakmp keepalive 10 2 periodic'], ['no crypto isakmp keepalive']),
        }


def bundle(folder):
    """The lab with AH around its ESP."""
    shutil.copytree(SITE, folder)
    for node in ('R1', 'R2'):
        file = folder / f'{node}.cfg'
        text = file.read_text()
        assert 'transform-set CCNP esp-3des' in text
        file.write_text(text.replace('transform-set CCNP esp-3des', 'transform-set CCNP ah-sha-hmac esp-3des'))
    return folder


def leaks(seen):
    """A kernel whose router was killed says so of IKE and ESP that arrive: ciphertext, quoted."""
    return [x for x in clear_lines(seen) if not re.search(r'ICMP \S+ (udp port 4?500|protocol 5[01]) unreachable', x)]


def configure(it, node, lines):
    said = it.cli(node, ' ; '.join(['enable', 'configure terminal', *lines, 'end']), check=False)
    assert '% Invalid' not in said and '% Incomplete' not in said, said


def act(it, place, dice, changed):
    node = dice.choice(['R1', 'R2'])
    kind = dice.choice(['change'] * 5 + ['clear'] * 4 + ['kill'])
    if kind == 'clear':
        it.cli(node, dice.choice(['clear crypto sa', 'clear crypto isakmp', 'clear crypto session', 'write memory']),
               check=False)
    elif kind == 'kill':
        for pid in VICTIMS[dice.choice(list(VICTIMS))](*children(it, node)):
            os.kill(pid, signal.SIGKILL)
        children(it, node)
    else:
        what = dice.choice(list(place.changes(node)))
        changed ^= {(node, what)}
        configure(it, node, place.changes(node)[what][(node, what) not in changed])
    return f'{node} {kind}' + (f' {what}' if kind == 'change' else '')


def put_back(it, place, changed):
    for node, what in sorted(changed):
        configure(it, node, place.changes(node)[what][1])
    changed.clear()


def answers(it):
    return not lost(it.host('H1', 'ping', '-c', '3', '-i', '0.2', '-W', '2', '10.2.2.10', check=False))


@pytest.mark.parametrize('which', ['site-to-site', 'gre-over-ipsec', 'ah-bundle', 'gre-protection', 'vti'])
def test_random_operators_leak_nothing_and_traffic_returns(which, tmp_path):
    dice, changed, done = random.Random(SEED), set(), []
    if which in ('gre-protection', 'vti'):
        place = Protected('ipsec ipv4' if which == 'vti' else 'gre ip')
        folder = place.lab(tmp_path / which)
    else:
        folder = bundle(tmp_path / which) if which == 'ah-bundle' else {'site-to-site': SITE, 'gre-over-ipsec': GRE}[which]
        place = Place(folder)
    with lab([], folder) as it:
        until(lambda: answers(it), 20, 'no traffic at first')
        with capture(it, 'ISP', 'eth1') as west, capture(it, 'ISP', 'eth2') as east:
            load = [it.spawn(node, 'ping', '-q', '-i', '0.005', '-s', '1000', far)
                    for node, far in (('H1', '10.2.2.10'), ('H2', '10.1.1.10'))]
            while len(done) < EVENTS:
                done.append(act(it, place, dice, changed))
                if len(done) % 25 == 0:
                    put_back(it, place, changed)
                    until(lambda: answers(it), 90, f'no traffic after {done[-25:]} of seed {SEED}')
            for ping in load:
                ping.send_signal(signal.SIGINT)
                ping.communicate(timeout=10)
        for seen in (west, east):
            assert sum('ESP(' in x for x in seen) > 100
            assert not leaks(seen), leaks(seen)[:5]
