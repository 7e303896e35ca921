# SPDX-License-Identifier: Apache-2.0
"""What lives on after the first agreement with strongSwan: successors, deletes, restarts."""
import signal
import time

import pytest

from ikecore import FAR, LAN, NEAR, PEER, US, World, agree
from peers.netns import until
from peers.strongswan import child, connection

pytestmark = pytest.mark.no_way('the IKE core on a socket of its own: no forwarder')

SUITE, ESP, SET = 'aes256-sha1-modp1024', 'aes256-sha1', 'aes256+sha1'
RETIRE_SEC = 31  # the core keeps an outdone pair 30 s
TWIN_SEC = 11  # younger pairs are taken for twins of a simultaneous start, and stay


@pytest.fixture
def world():
    w = World()
    try:
        yield w
    finally:
        w.close()


@pytest.fixture(params=['initiator', 'responder'])
def role(request):
    return request.param


def together(world, role, life=86400, pfs='', **more):
    """Both ends up with one pair, whoever began."""
    peer = world.swan(SUITE, ESP + pfs, **more)
    core = world.core(SUITE, f'{LAN} set={SET}' + (' pfs=2' if pfs else ''), life=life)
    if role == 'initiator':
        core.cmd('acquire 1')
    else:
        peer.initiate('t')
    agree(core, peer)
    core.cmd(f'skip {TWIN_SEC}')
    return core, peer


def current(core):
    pair, = [p for p in core.pairs() if p['current']]
    return pair


def both_hold(core, peer, spi_in, spi_out, seconds=10):
    """The peer's only child in use is the pair with these SPIs (from our side)."""
    until(lambda: [(c['spi-out'].zfill(8), c['spi-in'].zfill(8)) for c in peer.children()] == [(spi_in, spi_out)],
          seconds, f'the peer has just {spi_in}/{spi_out}: {peer.children()}')


def agree_again(core, peer):
    pair = current(core)
    both_hold(core, peer, pair['in_spi'], pair['out_spi'])


@pytest.mark.parametrize('pfs', ['', '-modp1024'], ids=['nopfs', 'pfs'])
def test_we_make_a_successor_and_take_the_old_pair_away(world, role, pfs):
    core, peer = together(world, role, pfs=pfs)
    old = current(core)
    core.cmd(f'expire {old["out"]} soft')
    core.wait('sa-add', count=4)
    new = current(core)
    assert new['pair'] != old['pair'] and len(core.pairs()) == 2
    assert len(core.live()) == 4, 'the old pair carries until its successor is in use'
    core.cmd(f'skip {RETIRE_SEC}')
    core.wait('sa-del', count=2)
    assert [p['pair'] for p in core.pairs()] == [new['pair']]
    assert {sa['pair'] for sa in core.live().values()} == {new['pair']}
    both_hold(core, peer, new['in_spi'], new['out_spi'])
    until(lambda: len(peer.children(None)) == 1, what='the end of the old pair at the peer')
    assert len(peer.sas()) == 1


def test_an_unused_pair_gets_no_successor(world, role):
    core, _ = together(world, role)
    mark = core.mark()
    core.cmd(f'expire {current(core)["out"]} soft unused')
    core.cmd('skip 5')
    assert core.of('send', mark) == []


@pytest.mark.parametrize('pfs', ['', '-modp1024'], ids=['nopfs', 'pfs'])
def test_the_peer_makes_a_successor(world, role, pfs):
    """charon keeps the old pair, marked as rekeyed, until we delete it."""
    core, peer = together(world, role, pfs=pfs)
    old = current(core)
    peer.rekey(child='t')
    core.wait('sa-add', count=4)
    until(lambda: current(core)['pair'] != old['pair'], what='the new pair is the one in use')
    new = current(core)
    core.cmd(f'skip {RETIRE_SEC}')
    core.wait('sa-del', count=2)
    assert {sa['pair'] for sa in core.live().values()} == {new['pair']}
    both_hold(core, peer, new['in_spi'], new['out_spi'])
    until(lambda: len(peer.children(None)) == 1, what='the end of the old pair at the peer')


def test_both_rekey_at_once(world, role):
    """Either successor may stay, or both as twins; what we send on is what the peer has, and the old pair goes."""
    core, peer = together(world, role)
    old = current(core)
    core.proc.stdin.write(f'expire {old["out"]} soft\n'.encode())
    core.proc.stdin.flush()
    peer.rekey(child='t')
    core.wait('sa-add', count=4)
    time.sleep(1)  # the other successor may be under way
    core.cmd(f'skip {RETIRE_SEC}')
    until(lambda: old['pair'] not in [p['pair'] for p in core.pairs()], what='the end of the old pair')
    assert 1 <= len(core.pairs()) <= 2
    theirs = until(lambda: {c['spi-in'].zfill(8) for c in peer.children(None)} - {old['out_spi']}, what='a pair there')
    assert current(core)['out_spi'] in theirs


def test_phase_1_is_renewed_by_us_before_its_end(world, role):
    """IPsec SAs stay as they are; when the old ISAKMP SA goes the new one is there."""
    core, peer = together(world, role, life=3600)
    pair = current(core)
    first = core.up()[0]['conn']
    core.cmd('skip 3580')
    until(lambda: any(sa['conn'] != first for sa in core.up()), what='a second ISAKMP SA')
    core.cmd('skip 30')
    until(lambda: first not in [sa['conn'] for sa in core.up()], what='the end of the first')
    assert current(core)['pair'] == pair['pair'] and not core.of('sa-del')
    until(lambda: len(peer.sas()) == 1, what='one ISAKMP SA at the peer')
    both_hold(core, peer, pair['in_spi'], pair['out_spi'])
    core.cmd(f'expire {pair["out"]} soft')  # and the new one works
    core.wait('sa-add', count=4)
    agree_again(core, peer)


def test_phase_1_is_renewed_by_the_peer(world, role):
    """charon keeps its old ISAKMP SA to the end of its lifetime; the new one is what both use."""
    core, peer = together(world, role)
    pair = current(core)
    first, peers_first = core.up()[0]['conn'], peer.sas()[0]['uniqueid']
    peer.rekey(ike='t')
    until(lambda: {sa['state'] for sa in peer.sas()} == {'REKEYING', 'ESTABLISHED'}, what='its second ISAKMP SA')
    until(lambda: {sa['conn'] for sa in core.up()} - {first}, what='ours')
    assert current(core)['pair'] == pair['pair'] and not core.of('sa-del')
    both_hold(core, peer, pair['in_spi'], pair['out_spi'])
    core.cmd(f'expire {pair["out"]} soft')
    core.wait('sa-add', count=4)
    agree_again(core, peer)
    new, = [sa for sa in peer.sas() if sa['uniqueid'] != peers_first]
    assert current(core)['in_spi'] in [c['spi-out'].zfill(8) for c in new['children']]


def test_phase_1_ends_with_nothing_to_keep(world, role):
    """Without a pair nobody renews the ISAKMP SA: it is deleted at its end."""
    core, peer = together(world, role, life=3600)
    core.cmd('clear sa')
    until(lambda: not peer.children(), what='the peer hears of it')
    core.cmd('skip 3601')
    until(lambda: not core.up(), what='the end of the ISAKMP SA')
    until(lambda: not peer.sas(), what='its end at the peer')


def test_a_hard_end_tells_the_peer(world, role):
    core, peer = together(world, role)
    core.cmd(f'expire {current(core)["in"]} hard')
    until(lambda: not peer.children(), what='the end of the pair at the peer')
    assert not core.pairs() and len(peer.sas()) == 1


def test_we_delete_pairs_then_everything(world, role):
    core, peer = together(world, role)
    core.cmd('clear sa')
    assert not core.live() and not core.pairs()
    until(lambda: not peer.children(), what='the end of the pair at the peer')
    assert len(peer.sas()) == 1 and len(core.up()) == 1
    core.cmd('acquire 1')
    core.wait('sa-add', count=4)
    core.cmd('clear isakmp')
    until(lambda: not peer.sas(), what='the end of the ISAKMP SA at the peer')
    assert not core.up() and [sa['deleted'] for sa in core.sas()] == [True]
    assert core.sas()[0]['state'] == 'MM_NO_STATE'


def test_the_peer_deletes_a_pair(world, role):
    core, peer = together(world, role)
    peer.terminate(child='t')
    core.wait('sa-del', count=2)
    assert not core.live() and not core.pairs() and len(core.up()) == 1


def test_the_peer_deletes_everything(world, role):
    core, peer = together(world, role)
    peer.terminate(ike='t')
    core.wait('sa-del', count=2)
    until(lambda: not core.up(), what='the end of the ISAKMP SA')
    core.cmd('acquire 1')
    core.wait('sa-add', count=4)
    agree_again(core, peer)


def test_an_orderly_end_leaves_nothing_at_the_peer(world, role):
    core, peer = together(world, role)
    core.quit()
    until(lambda: not peer.sas(), what='the end at the peer')


def test_a_peer_that_was_killed_comes_back(world, role):
    """Its INITIAL-CONTACT ends what we still hold."""
    core, peer = together(world, role)
    old = current(core)
    peer.stop(signal.SIGKILL)
    peer.start()
    peer.ctl('--load-all', '--clear')
    peer.initiate('t')
    core.wait('sa-add', count=4)
    core.wait('sa-del', count=2)
    new = current(core)
    assert new['pair'] != old['pair'] and len(core.pairs()) == 1 and len(core.up()) == 1
    agree_again(core, peer)


def test_we_were_killed_and_come_back(world, role):
    """The peer drops the old SAs at our INITIAL-CONTACT."""
    core, peer = together(world, role)
    core.proc.kill()
    core.proc.wait()
    again = world.core(SUITE, f'{LAN} set={SET}')
    again.cmd('acquire 1')
    again.wait('sa-add', count=2)
    until(lambda: len(peer.sas()) == 1, what=f'one ISAKMP SA at the peer: {peer.sas()}')
    agree_again(again, peer)


def test_a_policy_that_goes_takes_its_pair_along(world):
    """Two policies; the second leaves the configuration: the first is not disturbed."""
    nets = [FAR, '10.3.0.0/24']
    children = {f't{i}': child(n, NEAR, ESP) for i, n in enumerate(nets, 1)}
    peer = world.charon({'t': connection(PEER, US, SUITE, children)})
    core = world.core(SUITE, *[f'local={NEAR} remote={n} set={SET}' for n in nets])
    core.cmd('acquire 1')
    core.cmd('acquire 2')
    agree(core, peer, pairs=2)
    core.write(core.file.read_text().splitlines()[:-1])
    core.cmd('configure')
    assert [p['policy'] for p in core.pairs()] == [1]
    until(lambda: [c['local-ts'] for c in peer.children()] == [[FAR]], what='the end of the second pair')
