# SPDX-License-Identifier: Apache-2.0
"""What `culvert check A B` says of two ends, and what two routers with these configurations then do: those of whom it says that
the tunnel comes up do negotiate, whoever begins; where it names a mismatch, who is to fail fails."""
import contextlib
import json
import re

import pytest

from conftest import built
from peers.netns import Net, need, run
from router import Router

A, B = '192.0.2.1', '192.0.2.2'
UP, DOWN = 'it comes up', 'it stays down'


def words(me, you, edit=(), mode='tunnel', permit=None):
    text = f'''\
hostname {'R1' if me == A else 'R2'}
crypto isakmp policy 10
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
crypto isakmp key Zk3vQ8wLr0Tn5YpB address {you}
crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac
 mode {mode}
ip access-list extended L
 permit {permit or f'icmp host {me} host {you}'}
crypto map M 10 ipsec-isakmp
 set peer {you}
 set transform-set TS
 match address L
interface FastEthernet0/1
 ip address {me} 255.255.255.0
 crypto map M
'''
    for old, new in edit:
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope='module')
def wire():
    need('ping', 'nft')
    with Net() as net:
        a, b = net.ns('a'), net.ns('b')
        net.link(a, 'wan', None, b, 'wan', None)
        yield net, a, b


def check(net, a, b, status):
    """(verdict if A begins, if B begins, all that was said)."""
    (net.dir / 'A.cfg').write_text(a)
    (net.dir / 'B.cfg').write_text(b)
    done = run(built('culvert'), 'check', 'A.cfg', 'B.cfg', cwd=net.dir, ok=False)
    said = done.stdout
    assert done.returncode == status, said
    assert 'Zk3vQ8wLr0Tn5YpB' not in said
    if re.search(f'^  {UP}, whichever end begins$', said, re.M):
        return UP, UP, said
    if re.search(f'^  {DOWN}$', said, re.M):
        return DOWN, DOWN, said
    return *(re.search(rf'^  when {f}\.cfg begins: (.*)$', said, re.M)[1] for f in 'AB'), said


def spis(router):
    return re.findall(r'^ +spi: 0x([0-9A-F]+)', router.cli('show crypto ipsec sa'), re.M)


def reality(a, b, text_a, text_b, begin):
    """Two routers start, one end sends two packets."""
    with contextlib.ExitStack() as stack:
        routers = [Router(a, text_a), Router(b, text_b)]
        for r in routers:
            stack.callback(r.stop)
        lost = (a if begin == 'A' else b).ping(B if begin == 'A' else A, 2, wait=2).result().lost
        found = [bool(spis(r)) for r in routers]
        if not lost and all(found):
            return UP
        assert lost == [1, 2], (lost, found, [r.log() for r in routers])
        return DOWN


# what differs; (verdict if A begins, if B begins); the remark that names it
ROWS = {
    'nothing': (dict(), dict(), (UP, UP), None),
    'policy': (dict(), dict(edit=[('hash sha256', 'hash sha512')]), (DOWN, DOWN), "no policy of one end is one of the other's"),
    'key': (dict(), dict(edit=[('Zk3vQ8wLr0Tn5YpB', 'Zk3vQ8wLr0Tn5YpC')]), (DOWN, DOWN), 'the two pre-shared keys differ'),
    'transform-set': (dict(), dict(edit=[('esp-aes 256', 'esp-aes')]), (DOWN, DOWN), 'no transform set of one end'),
    'pfs': (dict(), dict(edit=[(' match', ' set pfs group14\n match')]), (DOWN, UP), 'Only B.cfg can begin.'),
    'mode': (dict(mode='transport'), dict(), (DOWN, UP), 'differ in their mode alone'),
    'list': (dict(), dict(permit='icmp host 192.0.2.2 192.0.2.0 0.0.0.255'), (UP, DOWN),
             'has no line that mirrors entry 10 of access list L of B.cfg'),
    'lifetime': (dict(edit=[(' group 14', ' group 14\n lifetime 3600')]), dict(), (UP, UP), 'the shorter one is used'),
}


@pytest.mark.no_way('that a tunnel is negotiated; what it carries is a ping')
@pytest.mark.parametrize('name', ROWS)
def test_what_the_comparison_says_is_what_two_routers_do(wire, name):
    net, a, b = wire
    left, right, verdict, remark = ROWS[name]
    text = words(A, B, **left), words(B, A, **right)
    *said, report = check(net, *text, status=int(verdict == (DOWN, DOWN)))
    assert tuple(said) == verdict, report
    assert remark in report if remark else 'both ends: warning' not in report, report
    assert (reality(a, b, *text, 'A'), reality(a, b, *text, 'B')) == verdict


@pytest.mark.no_way('the command line alone')
def test_a_running_router_says_the_same_of_itself(wire):
    """show crypto check and culvert check of the file: but for the line numbers, and the order that they give."""
    net, a, _ = wire
    text = words(A, B, edit=[('hash sha256', 'hash md5'), ('Zk3vQ8wLr0Tn5YpB', 'CCNP')])
    (net.dir / 'R1.cfg').write_text(text)
    file = run(built('culvert'), 'check', 'R1.cfg', cwd=net.dir).stdout
    router = Router(a, text)
    try:
        live, doc = router.cli('show crypto check'), json.loads(router.cli('show crypto check | json'))
        meaning = router.cli('show culvert explain MM_KEY_EXCH')
        unknown = router.cli('show culvert explain nonsense')
    finally:
        router.stop()
    remarks = [re.sub(r'^R1\.cfg:(\d+:)?', 'running-config:', line) for line in file.splitlines() if not line.startswith('%')]
    assert sorted(line for line in remarks if line != 'running-config:') == sorted(live.splitlines()), live
    assert 'warning: crypto isakmp policy 10: MD5 is weak.' in live and 'CCNP' not in live
    assert (doc['errors'], doc['warnings']) == (0, 2) and [g['grade'] for g in doc['grades']] == ['F', 'A']
    assert [m['largest_ip_mtu'] for m in doc['mtu']] == [1438]
    assert meaning == run(built('culvert'), 'explain', 'mm_key_exch').stdout
    assert unknown.startswith('% Nothing is known about this word')
