# SPDX-License-Identifier: Apache-2.0
"""A ruleset that differs from what is in force by the elements of its sets is put there by these alone. What
the kernel holds afterwards is what a whole load makes, and nothing that is matched leaves meanwhile."""
import random
import re
import threading

import pytest

from test_host_steering import FAR, LAN, LAN_TO_FAR, world  # noqa: F401

pytestmark = pytest.mark.no_way('what the kernel does with packets for a router: none passes one')

# few enough that random lines come back, and now and then hold each other or overlap
NETS = {4: [f'10.{a}.{b}.0/24' for a in (1, 2) for b in range(40)] + ['10.1.0.0/16', '10.2.0.0/20', '10.2.3.128/25', '10.2.3.7/32', '0.0.0.0/0'],
        6: [f'2001:db8:{a}:{b}::/64' for a in (1, 2) for b in range(40)] + ['2001:db8:1::/48', '2001:db8:2:3::8/128', '::/0']}


def some_line(rnd):
    family = rnd.choice((4, 4, 6))
    nets = NETS[family]
    own, other = rnd.choice(nets[:3]), rnd.choice(nets[:80] if rnd.random() < 0.96 else nets[80:])
    kind = rnd.random()
    action = 'deny' if kind < 0.01 else 'permit'
    proto, port = (17, f' {rnd.randint(1, 9)}') if 0.01 < kind < 0.02 else (0, '')
    return family, f'{action} {proto} {own} {other}{port}'


def edited(rnd, lines):
    """The lines by family: an interface has a map of each, and a line of one is in no run of the other."""
    lines = list(lines)
    for _ in range(rnd.randint(1, 3)):
        if lines and rnd.random() < 0.45:
            lines.pop(rnd.randrange(len(lines)))
        else:
            lines.insert(rnd.randint(0, len(lines)), some_line(rnd))
    return sorted(lines, key=lambda x: x[0])


def put(drv, lines, *first):  # first: what else the driver is told, once it knows the lines
    drv.do('clear-lines')
    for family, line in lines:
        drv.do(f'line {family} {line}')
    for words in first:
        drv.do(words)
    drv.do('apply')


def held(w):
    """Both tables, without what counts; a set's elements in an order of ours."""
    text = w.sh('router', 'nft list table ip culvert 2>&1 || true; nft list table ip6 culvert 2>&1 || true')
    text = re.sub(r'packets \d+ bytes \d+', '', text)
    return re.sub(r'elements = \{(.*?)\}', lambda m: '\n'.join(sorted(x.strip() for x in m[1].split(','))), text, flags=re.S)


def loads(w):
    """Tells one load of the whole from another."""
    return re.findall(r'chain guard \{ # handle \d+|table ip6? culvert \{ # handle \d+',
                      w.sh('router', 'nft -a list ruleset'))


@pytest.mark.parametrize('seed', range(2))
def test_the_kernel_holds_what_a_whole_load_makes(world, seed):
    rnd = random.Random(seed)
    lines, differences = [], 0
    for _ in range(120):
        lines.append(some_line(rnd))
    lines = sorted((x for x in lines if 'deny' not in x[1]), key=lambda x: x[0])
    put(world.drv, lines, 'tun')
    for turn in range(32):
        before = loads(world)
        lines = edited(rnd, lines)
        put(world.drv, lines)
        differences += loads(world) == before
        if turn % 4 == 3:
            is_there = held(world)
            world.drv.do('forget')
            world.drv.do('apply')
            assert loads(world) != before
            assert is_there == held(world), (seed, turn, lines)
    assert differences > 10


def many(*first):
    return [*[(4, x.split(' ', 1)[1]) for x in first], *((4, f'permit 0 10.9.0.0/16 10.8.{i}.0/24') for i in range(40))]


def test_nothing_slips_through_while_elements_come_and_go(world):
    wide = LAN_TO_FAR.replace('10.2.2.0/24', '10.2.0.0/16')
    put(world.drv, many(LAN_TO_FAR), 'tun')
    before, stop = loads(world), threading.Event()

    def traffic():
        while not stop.is_set():
            world.lan.do(f'udp {LAN} 4000 {FAR} 5000')

    t = threading.Thread(target=traffic)
    t.start()
    try:
        for i in range(60):
            put(world.drv, many((LAN_TO_FAR, wide)[i % 2])[:40 - i % 3])
    finally:
        stop.set()
        t.join()
    assert loads(world) == before
    assert world.seen() == []
    assert len(world.drv.told) > 20


def test_what_others_have_changed_is_loaded_whole(world):
    put(world.drv, many(LAN_TO_FAR), 'tun')
    there = held(world)
    for what in ('delete element ip culvert run_0_4_0 { 0x0a010100-0x0a0101ff . 0x0a020200-0x0a0202ff }',
                 'flush chain ip culvert guard', 'flush set ip culvert run_0_4_0', 'delete table ip culvert'):
        world.sh('router', f'nft "{what}"')
        assert held(world) != there, what
        put(world.drv, many(LAN_TO_FAR))
        assert held(world) == there, what
        before = loads(world)
        put(world.drv, many(LAN_TO_FAR)[:-1])  # known again
        assert loads(world) == before
        put(world.drv, many(LAN_TO_FAR))
    world.lan.do(f'udp {LAN} 4000 {FAR} 5000')
    assert world.seen() == []


def test_lines_that_change_places_change_nothing(world):
    put(world.drv, many(LAN_TO_FAR), 'tun')
    before, there = loads(world), held(world)
    lines = many(LAN_TO_FAR)
    put(world.drv, lines[::-1])
    assert (loads(world), held(world)) == (before, there)
    put(world.drv, lines[:-1])  # what is in force is still known
    assert loads(world) == before
    put(world.drv, lines)
    assert held(world) == there


def test_a_difference_of_much_is_a_whole_load(world):
    far = [(4, f'permit 0 10.9.0.0/16 10.7.{i}.{k}/32') for i in range(3) for k in range(100)]
    put(world.drv, many(LAN_TO_FAR) + far, 'tun')
    before = loads(world)
    put(world.drv, many(LAN_TO_FAR) + far[:250])
    assert loads(world) == before
    put(world.drv, many(LAN_TO_FAR))
    put(world.drv, many(LAN_TO_FAR) + far)
    assert loads(world) != before
    assert len(re.findall('0xa07', held(world))) == 300
