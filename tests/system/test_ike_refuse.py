# SPDX-License-Identifier: Apache-2.0
"""What strongSwan and the IKE core refuse each other, and what is said about it."""
import pytest

from ikecore import FAR, LAN, NEAR, PEER, World, agree
from peers.netns import until

pytestmark = pytest.mark.no_way('the IKE core on a socket of its own: no forwarder')

SUITE, ESP, SET = 'aes256-sha1-modp1024', 'aes256-sha1', 'aes256+sha1'


@pytest.fixture
def world():
    w = World()
    try:
        yield w
    finally:
        w.close()


def refused_by_peer(core):
    """We ask once; the answer is a failure with a reason."""
    core.cmd('acquire 1')
    failed, = core.wait('failed', seconds=40, policy=1)
    assert not core.live()
    return failed['text']


def refused_by_us(core, peer):
    done = peer.initiate('t', timeout=8, ok=False)
    assert done.returncode != 0 and not core.live() and not peer.children()
    return done.stdout


def said(core):
    return '\n'.join(e['text'] for e in core.of('log') + core.of('debug') + core.of('failed'))


def test_a_wrong_key_as_initiator(world):
    """The peer cannot read our identity: no answer comes to MM5. It ends with the likely cause."""
    peer = world.swan(SUITE, ESP)
    core = world.core(SUITE, f'{LAN} set={SET}', psk='another key')
    core.cmd('acquire 1')
    until(lambda: [s['state'] for s in core.sas()] == ['MM_KEY_EXCH'], what='MM_KEY_EXCH')
    failed, = core.skip_until('failed', policy=1)
    assert 'key' in failed['text'].lower() and 'key' in core.reason().lower()
    assert not peer.children() and not core.up()


def test_a_wrong_key_as_responder(world):
    peer = world.swan(SUITE, ESP)
    core = world.core(SUITE, f'{LAN} set={SET}', psk='another key')
    refused_by_us(core, peer)
    assert not core.up()
    story = ' '.join(s['story'] for s in core.sas())
    assert 'pre-shared key' in story, story


def test_no_key_for_that_peer(world):
    """No phase 1 begins: no datagram leaves."""
    core = world.core(SUITE, f'{LAN} set={SET}')
    core.write([line for line in core.file.read_text().splitlines() if not line.startswith('psk')])
    core.cmd('configure')
    text = refused_by_peer(core)
    assert 'crypto isakmp key' in text and not core.of('send')


@pytest.mark.parametrize('theirs,names', [('3des-sha1-modp1024', '3des'), ('aes256-md5-modp1024', 'md5'),
                                          ('aes256-sha1-modp1536', '5'), ('aes128-sha1-modp1024', '128')])
def test_phase_1_of_the_peer_is_refused_by_us(world, theirs, names):
    """The reason names the attribute and both values, in words to type."""
    peer = world.swan(theirs, ESP)
    core = world.core(SUITE, f'{LAN} set={SET}')
    out = refused_by_us(core, peer)
    assert 'NO_PROPOSAL_CHOSEN' in out or 'NO_PROP' in out, out
    assert names in said(core).lower(), said(core)
    assert [s for s in core.sas() if s['state'] != 'MM_NO_STATE'] == []


def test_phase_1_of_ours_is_refused_by_the_peer(world):
    peer = world.swan('aes256-sha1-modp1536', ESP)
    core = world.core(SUITE, f'{LAN} set={SET}')
    text = refused_by_peer(core)
    assert 'proposal' in text.lower() or 'policy' in text.lower(), text
    assert not peer.sas() and not core.up()


@pytest.mark.parametrize('theirs,words', [('aes128-sha1', 'esp-aes'), ('aes256-sha256', 'sha256'),
                                          ('3des-sha1', '3des')])
def test_phase_2_of_the_peer_is_refused_by_us(world, theirs, words):
    peer = world.swan(SUITE, theirs)
    core = world.core(SUITE, f'{LAN} set={SET}')
    out = refused_by_us(core, peer)
    assert 'NO_PROP' in out, out
    assert len(core.up()) == 1, 'phase 1 stays'
    assert words in said(core).lower(), said(core)


def test_phase_2_of_ours_is_refused_by_the_peer(world):
    peer = world.swan(SUITE, 'aes128-sha256')
    core = world.core(SUITE, f'{LAN} set={SET}')
    text = refused_by_peer(core)
    assert 'proposal' in text.lower() or 'transform' in text.lower(), text
    assert len(core.up()) == 1 and len(peer.sas()) == 1


@pytest.mark.parametrize('ours,theirs', [('', '-modp1024'), (' pfs=2', ''), (' pfs=5', '-modp1024')])
def test_pfs_that_differs_as_initiator(world, ours, theirs):
    peer = world.swan(SUITE, ESP + theirs)
    core = world.core(SUITE, f'{LAN} set={SET}{ours}')
    core.cmd('acquire 1')
    until(lambda: core.of('failed') or core.of('sa-add'), 40, 'an end')
    if core.of('sa-add'):  # strongSwan lets its own missing group pass
        agree(core, peer)
    else:
        assert not peer.children() and len(core.up()) == 1


@pytest.mark.parametrize('ours,theirs,good', [('', '-modp1024', True), (' pfs=2', '', False),
                                              (' pfs=5', '-modp1024', False)])
def test_pfs_that_differs_as_responder(world, ours, theirs, good):
    """As IOS: who asks for no PFS accepts it, who asks for it insists."""
    peer = world.swan(SUITE, ESP + theirs)
    core = world.core(SUITE, f'{LAN} set={SET}{ours}')
    if good:
        peer.initiate('t')
        agree(core, peer)
        assert 'dh-group' in peer.children()[0]
    else:
        refused_by_us(core, peer)
        assert 'pfs' in said(core).lower(), said(core)


def test_mode_that_differs(world):
    """We want tunnel, the peer transport mode, for traffic between LANs: tunnel it must be."""
    peer = world.swan(SUITE, ESP, 'fake')
    core = world.core(SUITE, f'{LAN} set={SET}+transport')
    core.cmd('acquire 1')
    until(lambda: core.of('failed') or len(core.of('sa-add')) == 2, 40, 'an end')
    assert {sa['mode'] for sa in core.live().values()} <= {'tunnel'}
    assert {c['mode'] for c in peer.children()} <= {'TUNNEL'}


@pytest.mark.parametrize('far,near', [('10.2.1.0/24', NEAR), (FAR, '10.1.1.0/24'), ('10.2.0.0/16', NEAR),
                                      ('0.0.0.0/0', '0.0.0.0/0')])
def test_proxies_of_the_peer_that_are_not_ours(world, far, near):
    """Other nets, and nets that are wider than the ACL."""
    peer = world.swan(SUITE, ESP, 'fake', far, near)
    core = world.core(SUITE, f'{LAN} set={SET}')
    out = refused_by_us(core, peer)
    assert 'INVAL_ID' in out or 'INVALID_ID' in out, out
    assert len(core.up()) == 1
    line = 'permit ip any any' if far == '0.0.0.0/0' else far.split('/')[0]
    assert line in said(core), said(core)


def test_a_part_of_our_proxies_is_accepted(world):
    """IOS accepts a subset: the pair is for what the peer asked."""
    peer = world.swan(SUITE, ESP, 'fake', '10.2.0.128/25', NEAR)
    core = world.core(SUITE, f'{LAN} set={SET}')
    peer.initiate('t')
    for sa in agree(core, peer).values():
        assert (sa['local'], sa['remote']) == (NEAR, '10.2.0.128/25')


def test_our_proxies_are_not_the_peers(world):
    peer = world.swan(SUITE, ESP, 'fake', '10.2.1.0/24', NEAR)
    core = world.core(SUITE, f'{LAN} set={SET}')
    text = refused_by_peer(core)
    assert 'INVALID_ID' in text and 'ACL' in text, text
    assert len(core.up()) == 1 and not peer.children()


def test_a_refusal_is_not_for_ever(world):
    """After the peer is put right the next packet succeeds."""
    peer = world.swan(SUITE, 'aes128-sha256')
    core = world.core(SUITE, f'{LAN} set={SET}')
    refused_by_peer(core)
    conf = peer.dir / 'swanctl' / 'swanctl.conf'
    conf.write_text(conf.read_text().replace('aes128-sha256', ESP))
    peer.ctl('--load-all')
    core.cmd('acquire 1')
    agree(core, peer)
    assert core.reason() == ''


def test_the_second_peer_of_a_policy_is_tried(world):
    """Nobody is at the first address."""
    peer = world.swan(SUITE, ESP)
    core = world.core(SUITE)
    lines = core.file.read_text().splitlines()
    core.write([*lines, 'psk 192.0.2.9/32 secretkey', f'p2 1 peer=192.0.2.9,192.0.2.2 {LAN} set={SET}'])
    core.cmd('configure')
    core.cmd('acquire 1')
    core.skip_until('send', to=PEER)
    agree(core, peer)


def test_nobody_answers(world):
    core = world.core(SUITE, f'{LAN} set={SET}')
    core.cmd('acquire 1')
    failed, = core.skip_until('failed', policy=1)
    assert 'does not answer' in failed['text'] and not core.up()
