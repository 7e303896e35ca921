# SPDX-License-Identifier: Apache-2.0
"""A router with a LAN-to-LAN crypto map and strongSwan, whose ESP (kernel-libipsec) is in user
space and always in UDP 4500."""
import time

import pytest

from peers.netns import Net, until
from peers.strongswan import Charon, child, connection
from peers.tshark import MAIN_MODE, QUICK_MODE, Capture, exchanges, kinds, read_keylog, rows
from gateway import (FAR_HOST, FAR_HOST2, FAR_NET, FAR_NET2, HOST, LAN_LINE, LAN_LINE2, NEAR_NET, PEER, SUITES, US,
                    Router, config, esp_of, near_side)

QUIET = {'udp500', 'udp4500', 'arp'}
DEVICES = {'FastEthernet0/0': 'lan0', 'FastEthernet0/1': 'wan0'}


class World:
    """host 10.1.1.10 - router - wire - strongSwan with 10.2.2.10 and 10.2.3.10."""

    def __init__(self):
        self.net = Net()
        self.us, self.them = self.net.ns('router'), self.net.ns('peer')
        self.net.link(self.us, 'wan0', f'{US}/24', self.them, 'wan0', f'{PEER}/24')
        self.host = near_side(self.net, self.us)
        for far in (FAR_HOST, FAR_HOST2):
            self.them.addr('lo', f'{far}/32')
        self.capture = Capture(self.them, 'wan0')
        self.router = self.peer = None

    def culvert(self, suite, **kw):
        self.router = Router(self.us, config(suite, **kw), DEVICES)
        return self.router

    def swan(self, suite, esp=None, psk='secretkey', nets=(FAR_NET,), conn=None, **more):
        """One connection t; its children are t1, t2, ... one per net."""
        children = {f't{i}': child(net, NEAR_NET, esp or esp_of(suite), **more) for i, net in enumerate(nets, 1)}
        self.peer = Charon(self.them).start()
        return self.peer.load({'t': connection(PEER, US, suite, children, **(conn or {}))}, psk=psk)

    def story(self):
        return '\n'.join(x for x in (self.router and self.router.story(), self.peer and self.peer.log()[-6000:]) if x)

    def on_wire(self):
        """Ends the capture and looks at what was in it: nothing may have been in clear."""
        pcap = self.capture.stop()
        assert kinds(pcap) <= QUIET, kinds(pcap)
        return pcap


@pytest.fixture
def world():
    w = World()
    try:
        yield w
        print(w.story())  # pytest shows it when the test has failed
    finally:
        w.net.close()


def agreed(world, pairs=1):
    """Both ends list the same ISAKMP SA and the same SPIs, one pair per permit line."""
    sa, = until(world.router.up, what='QM_IDLE ACTIVE')
    assert {sa[0], sa[1]} == {US, PEER}
    theirs = until(lambda: len(got := world.peer.children()) == pairs and got, what=f'{pairs} SA pairs of the peer')
    want = {(way, c[spi].zfill(8)) for c in theirs for way, spi in (('outbound', 'spi-in'), ('inbound', 'spi-out'))}
    assert until(lambda: world.router.spis() == want, what='the same SPIs here') and len(want) == 2 * pairs
    ike, = world.peer.sas()
    assert ike['state'] == 'ESTABLISHED'
    return theirs


def no_loss(ping):
    got = ping.result()
    assert got.sent == got.count and not got.lost, got.out


def warm(world):
    """Up: the first packet brings the tunnel up and is not lost."""
    no_loss(world.host.ping(FAR_HOST, 2))


@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('pfs', [False, True], ids=['nopfs', 'pfs'])
@pytest.mark.parametrize('suite', SUITES)
def test_lan_to_lan(world, suite, pfs, role):
    """The first packet included, nothing is lost and nothing is in clear; tshark opens ours with our keys."""
    world.swan(suite, esp_of(suite, pfs))
    router = world.culvert(suite, pfs=pfs)
    if role == 'responder':
        world.peer.initiate('t1')
    no_loss(world.host.ping(FAR_HOST, 5))
    no_loss(world.them.ping(HOST, 3, source=FAR_HOST))
    c, = agreed(world)
    assert ('dh-group' in c) == pfs and (int(c['packets-in']), int(c['packets-out'])) == (8, 8)
    assert router.counted() == (8, 8)
    pcap = world.on_wire()
    seen = exchanges(pcap)
    assert (seen[MAIN_MODE], seen[QUICK_MODE]) == (6, 3)
    keys = read_keylog(router.keys)
    quick = rows(pcap, ['isakmp.typepayload'], f'isakmp.exchangetype == {QUICK_MODE}', ike_keys=keys['ike_keys'])
    assert [p.split(',')[0] for (p,) in quick] == ['8'] * 3, 'no HASH payload behind the encryption'
    esp = rows(pcap, ['esp.icv_good', 'icmp.type'], 'esp', esp_sas=keys['esp_sas'])
    assert {good for good, _ in esp} <= {'1', 'True'}
    assert sorted(kind for _, kind in esp) == ['0'] * 8 + ['8'] * 8


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_one_pair_for_each_permit_line(world, role):
    world.swan(SUITES[1], nets=(FAR_NET, FAR_NET2))
    router = world.culvert(SUITES[1], acl=(LAN_LINE, LAN_LINE2))
    if role == 'responder':
        world.peer.initiate('t1')
        world.peer.initiate('t2')
    for far in (FAR_HOST, FAR_HOST2):
        no_loss(world.host.ping(far, 3))
    theirs = agreed(world, pairs=2)
    assert sorted((c['local-ts'], c['remote-ts'], int(c['packets-in'])) for c in theirs) == [
        ([net], [NEAR_NET], 3) for net in (FAR_NET, FAR_NET2)]
    seen = exchanges(world.on_wire())
    assert (seen[MAIN_MODE], seen[QUICK_MODE]) == (6, 6)
    assert router.counted() == (6, 6)


def test_what_the_acl_denies_goes_in_clear_and_nothing_else(world):
    """The capture of the other tests can see cleartext when there is some."""
    world.swan(SUITES[1])
    world.culvert(SUITES[1], acl=('deny icmp 10.1.1.0 0.0.0.255 host 10.2.2.10', LAN_LINE))
    world.host.ping(FAR_HOST, 2, wait=1).result()
    assert not world.router.up()
    assert 'icmp' in kinds(world.capture.stop())


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_wrong_key_stops_at_key_exchange(world, role):
    """Only the responder can tell: what it decrypts makes no sense. The initiator hears nothing more."""
    world.swan(SUITES[1], psk='anotherkey')
    router = world.culvert(SUITES[1])
    if role == 'initiator':
        ping = world.host.ping(FAR_HOST, 3, wait=1)
    else:
        world.peer.initiate('t1', timeout=3, ok=False)
    until(lambda: any(sa[2] == 'MM_KEY_EXCH' for sa in router.isakmp()), 10, 'MM_KEY_EXCH')
    if role == 'initiator':
        assert len(ping.result().lost) == 3
    else:
        assert says(router, 'IKMP_BAD_MESSAGE', 'pre-shared keys differ')
    assert not router.up() and not router.spis() and not world.peer.children()
    world.on_wire()


def says(router, *words):
    """The line of the log with these words, which also names the peer."""
    return until(lambda: [line for line in router.log().splitlines() if all(w in line for w in (PEER, *words))],
                 5, ' '.join(words))


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_phase_1_mismatch_is_reported(world, role):
    world.swan('aes256-sha256-modp2048', esp_of(SUITES[1]))
    router = world.culvert(SUITES[0])
    if role == 'initiator':
        assert len(world.host.ping(FAR_HOST, 3, wait=1).result().lost) == 3
        says(router, 'NO_PROPOSAL_CHOSEN')
        assert 'NO_PROPOSAL_CHOSEN' in router.cli('show crypto session')
        assert router.isakmp()[0][2] == 'MM_NO_STATE'
    else:
        assert 'NO_PROPOSAL_CHOSEN' in world.peer.initiate('t1', timeout=4, ok=False).stdout
        says(router, 'IKMP_MODE_FAILURE', 'Main mode', 'encryption', 'aes 256')
    assert not router.up() and not router.spis()
    world.on_wire()


REFUSED = {'transform': (('Quick mode', 'NO_PROPOSAL_CHOSEN'), ('Quick mode', 'esp-aes 256')),
           'pfs': (('Quick mode', 'NO_PROPOSAL_CHOSEN'), ('Quick mode', 'set pfs group2')),
           'identity': (('Quick mode', 'INVALID_ID_INFORMATION'), ('Quick mode', 'covers', '10.2.3.0'))}


@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('what', REFUSED)
def test_phase_2_mismatch_is_reported(world, what, role):
    """Phase 1 stands, no SA pair, the reason is said; nothing leaves in clear."""
    world.swan(SUITES[1], 'aes128-sha256' if what == 'transform' else None,
               nets=(FAR_NET2 if what == 'identity' else FAR_NET,))
    router = world.culvert(SUITES[1], pfs=what == 'pfs')
    if role == 'initiator':
        assert len(world.host.ping(FAR_HOST, 3, wait=1).result().lost) == 3
    else:
        assert world.peer.initiate('t1', timeout=4, ok=False).returncode
    says(router, *REFUSED[what][role == 'responder'])
    assert router.up() and not router.spis() and not world.peer.children()
    world.on_wire()


def test_a_narrowed_answer_is_refused_with_its_reason(world):
    """strongSwan answers with the part of our networks that it has; IOS wants its identities back."""
    world.swan(SUITES[1], nets=('10.2.2.0/25',))
    router = world.culvert(SUITES[1])
    assert len(world.host.ping(FAR_HOST, 3, wait=1).result().lost) == 3
    says(router, 'Quick mode', 'identit')
    assert not router.spis()
    world.on_wire()


def test_a_part_of_a_permit_line_may_be_asked_for(world):
    """As a responder IOS takes identities that its line contains; the rest of the line stays protected."""
    world.swan(SUITES[1], nets=('10.2.2.0/28',))
    router = world.culvert(SUITES[1])
    world.peer.initiate('t1')
    no_loss(world.host.ping(FAR_HOST, 3))
    agreed(world)
    assert router.counted() == (3, 3)
    world.on_wire()


def under_ping(world, work, seconds, interval=0.05):
    """work() while numbered packets flow; not one may be lost."""
    ping = world.host.ping(FAR_HOST, 100000, interval)
    time.sleep(0.5)
    work()
    time.sleep(seconds)
    got = ping.stop()
    assert got.sent > seconds / interval / 2 and not got.lost, f'lost {got.lost} of {got.sent}'


@pytest.mark.parametrize('pfs', [False, True], ids=['nopfs', 'pfs'])
def test_the_peer_rekeys_phase_2_without_loss(world, pfs):
    """strongSwan's own timer: a successor every few seconds."""
    world.swan(SUITES[0], esp_of(SUITES[0], pfs), rekey_time='4s', life_time='20s', rand_time='0s')
    router = world.culvert(SUITES[0], pfs=pfs)
    warm(world)
    first = router.spis()
    under_ping(world, lambda: None, 14)
    assert router.spis() - first and len(router.up()) == 1
    assert exchanges(world.on_wire())[QUICK_MODE] >= 9


def test_we_rekey_phase_2_by_kilobytes_without_loss(world):
    world.swan(SUITES[1])
    router = world.culvert(SUITES[1], set_lines=['set security-association lifetime kilobytes 2560'])
    warm(world)
    first = router.spis()
    out = world.host.run('ping', '-n', '-q', '-i', '0.004', '-s', '1200', '-c', '3000', FAR_HOST).stdout
    assert '3000 received, 0% packet loss' in out, out
    assert router.spis() - first
    assert exchanges(world.on_wire())[QUICK_MODE] >= 6


def test_the_peer_rekeys_phase_1_without_loss(world):
    world.swan(SUITES[1])
    router = world.culvert(SUITES[1])
    warm(world)
    before, = world.peer.sas()

    def renew():
        world.peer.rekey(ike='t')
        until(lambda: [sa for sa in world.peer.sas() if sa['uniqueid'] != before['uniqueid']
                       and sa['state'] == 'ESTABLISHED'], 15, 'a second ISAKMP SA')

    under_ping(world, renew, 4)
    assert router.up() and exchanges(world.on_wire())[MAIN_MODE] >= 12


def test_we_renew_phase_1_without_loss(world):
    """The shortest lifetime that IOS takes is a minute."""
    world.swan(SUITES[1])
    router = world.culvert(SUITES[1], life=60)
    warm(world)
    under_ping(world, lambda: None, 66)
    assert len(router.up()) == 1 and exchanges(world.on_wire())[MAIN_MODE] >= 12


def test_the_peer_restarts_and_the_tunnel_comes_back(world):
    """strongSwan dies without a word; initial contact of its successor ends our old SAs."""
    world.swan(SUITES[1])
    router = world.culvert(SUITES[1])
    warm(world)
    old = router.spis()
    world.peer.stop(9)
    world.peer.start()
    world.peer.ctl('--load-all')
    world.peer.initiate('t1')
    no_loss(world.host.ping(FAR_HOST, 3))
    agreed(world)
    assert not old & router.spis()
    world.on_wire()


def test_an_orderly_stop_tells_the_peer_and_leaves_nothing(world):
    world.swan(SUITES[1])
    router = world.culvert(SUITES[1])
    warm(world)
    assert router.stop() == 0
    until(lambda: not world.peer.sas(), what='the end of the SAs at the peer')
    assert 'cvsteer' not in world.us.ip('link') and 'culvert' not in world.us.run('nft', 'list', 'tables').stdout
