# SPDX-License-Identifier: Apache-2.0
"""Nothing leaves in clear whatever the operators do: a thousand random restarts, clears, rekeys and
reconfigurations of both routers under load, with a capture in the middle that misses nothing. Between them,
whenever what was changed is put back, traffic returns by itself."""
import os
import random
import re
import signal

import pytest

from test_fail_closed_long import VICTIMS, children, until
from test_router import GRE, SITE, capture, clear_lines, lab, lost

EVENTS = int(os.environ.get('CULVERT_EVENTS', 500))  # of each lab
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


def leaks(seen):
    """A kernel whose router was killed says so of IKE and ESP that arrive: ciphertext, quoted."""
    return [x for x in clear_lines(seen) if not re.search(r'ICMP \S+ (udp port 4?500|protocol 50) unreachable', x)]


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


@pytest.mark.parametrize('folder', [SITE, GRE], ids=['site-to-site', 'gre-over-ipsec'])
def test_random_operators_leak_nothing_and_traffic_returns(folder):
    dice, place, changed, done = random.Random(SEED), Place(folder), set(), []
    with lab([], folder) as it:
        assert lost(it.host('H1', 'ping', '-c', '2', '-W', '5', '10.2.2.10')) == 0
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
