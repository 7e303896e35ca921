# SPDX-License-Identifier: Apache-2.0
"""The IKE core (ikedrv, no data path) agrees with strongSwan, as initiator and as responder."""
import pytest

from ikecore import Core, FAR, LAN, NEAR, PEER, US, World, agree
from peers.netns import run
from peers.strongswan import child, connection
from peers.tshark import MAIN_MODE, QUICK_MODE, exchanges, kinds, rows

pytestmark = pytest.mark.no_way('the IKE core on a socket of its own: no forwarder')

MODP = {'modp768': 1, 'modp1024': 2, 'modp1536': 5, 'modp2048': 14, 'modp3072': 15, 'modp4096': 16}
SUITES = [('3des-sha1-modp1024', '3des-sha1', '3des+sha1'),
          ('aes256-sha1-modp1024', 'aes256-sha1', 'aes256+sha1'),
          ('aes128-sha256-modp2048', 'aes128-sha256', 'aes128+sha256'),
          ('des-md5-modp768', 'des-md5', 'des+md5')]
SAMPLES = [('aes192-sha384-modp1536', 'aes192-sha384', 'aes192+sha384'),
           ('aes256-sha512-modp3072', 'aes256-sha512', 'aes256+sha512'),
           ('3des-md5-modp4096', 'null-sha1', 'null+sha1'),
           ('aes128-sha1-modp1536', 'aes128gcm16', 'gcm128'),
           # IOS has no word for the next two, but peers may
           ('aes128-sha1-modp2048', 'aes192ctr-sha256', 'ctr192+sha256'),
           ('aes128-sha1-modp2048', 'aes256-aesxcbc', 'aes256+xcbc'),
           ('des-sha1-modp1024', '3des-md5', '3des+md5')]


@pytest.fixture
def world():
    w = World()
    try:
        yield w
    finally:
        w.close()


def start(core, peer, role, policies=1):
    for i in range(1, policies + 1):
        if role == 'initiator':
            core.cmd(f'acquire {i}')
        else:
            peer.initiate('t' if policies == 1 else f't{i}')


def judge_capture(world, core, quick_modes=1):
    """tshark: six and three datagrams, and our key opens every encrypted one."""
    pcap = world.capture.stop()
    seen = exchanges(pcap)
    assert (seen[MAIN_MODE], seen[QUICK_MODE]) == (6, 3 * quick_modes)
    quick = rows(pcap, ['isakmp.typepayload'], f'isakmp.exchangetype == {QUICK_MODE}', ike_keys=core.keys())
    assert len(quick) == 3 * quick_modes
    for (payloads,) in quick:
        assert payloads.split(',')[0] == '8', f'no HASH payload behind the encryption: {payloads}'
    ident = rows(pcap, ['isakmp.typepayload'], f'isakmp.exchangetype == {MAIN_MODE} && isakmp.flags == 1',
                 ike_keys=core.keys())
    assert [p.split(',')[:2] for (p,) in ident] == [['5', '8']] * 2


def establish(world, suite, esp, set_, role, pfs, kernel='libipsec', words=LAN, ts=(FAR, NEAR), **more):
    group = suite.split('-')[2]
    peer = world.swan(suite, esp + (f'-{group}' if pfs else ''), kernel, *ts, **more)
    core = world.core(suite, f'{words} set={set_}' + (f' pfs={MODP[group]}' if pfs else ''))
    start(core, peer, role)
    ours = agree(core, peer)
    up, = core.up()
    theirs, = peer.sas()
    assert theirs['state'] == 'ESTABLISHED' and up['initiator'] == (role == 'initiator')
    assert up['nat'] == (theirs['local-port'] == '4500')
    return core, peer, ours


@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('pfs', [False, True], ids=['nopfs', 'pfs'])
@pytest.mark.parametrize('suite,esp,set_', SUITES, ids=[s[0] for s in SUITES])
def test_both_agree_on_keys(world, suite, esp, set_, pfs, role):
    core, peer, ours = establish(world, suite, esp, set_, role, pfs)
    c, = peer.children()
    assert ('dh-group' in c) == pfs
    for sa in ours.values():
        assert (sa['udp'], sa['local'], sa['remote'], sa['ip_proto']) == (True, NEAR, FAR, 0)
    judge_capture(world, core)
    assert kinds(world.capture.file) <= {'udp500', 'udp4500', 'arp'}


@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('suite,esp,set_', SAMPLES, ids=[s[0] + '+' + s[1] for s in SAMPLES])
def test_other_algorithms(world, suite, esp, set_, role):
    core, _, _ = establish(world, suite, esp, set_, role, pfs=role == 'initiator')
    judge_capture(world, core)


@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('mode', ['transport', 'tunnel'])
def test_gre_between_the_routers(world, mode, role):
    """`permit gre host A host B`: protocol 47 in the identities, raw ESP without NAT."""
    words = f'local={US}/32 remote={PEER}/32 proto=47'
    set_ = '3des+sha1' + ('+transport' if mode == 'transport' else '')
    core, peer, ours = establish(world, SUITES[0][0], '3des-sha1', set_, role, False, 'fake', words,
                                 (f'{PEER}/32[gre]', f'{US}/32[gre]'), mode=mode)
    for sa in ours.values():
        assert (sa['ip_proto'], sa['mode'], sa['udp']) == (47, mode, False)
    c, = peer.children()
    assert (c['local-ts'], c['remote-ts']) == ([f'{PEER}/32[gre]'], [f'{US}/32[gre]'])
    judge_capture(world, core)
    assert 'udp4500' not in kinds(world.capture.file)


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_ports_in_the_identities(world, role):
    words = f'local={US}/32 remote={PEER}/32 proto=17 rport=1701'
    _, _, ours = establish(world, SUITES[1][0], 'aes256-sha1', 'aes256+sha1+transport', role, True, 'fake', words,
                           (f'{PEER}/32[udp/1701]', f'{US}/32[udp]'), mode='transport')
    for sa in ours.values():
        assert (sa['ip_proto'], sa['lport'], sa['rport']) == (17, 0, 1701)


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_each_permit_line_gets_its_pair(world, role):
    """Three policies: one ISAKMP SA, three pairs, listed by the peer one by one."""
    nets = ['10.2.0.0/24', '10.3.0.0/24', '10.4.0.0/30']
    children = {f't{i}': child(net, NEAR, 'aes256-sha1') for i, net in enumerate(nets, 1)}
    peer = world.charon({'t': connection(PEER, US, SUITES[1][0], children)})
    core = world.core(SUITES[1][0], *[f'local={NEAR} remote={net} set=aes256+sha1' for net in nets])
    start(core, peer, role, policies=3)
    agree(core, peer, pairs=3)
    assert len(peer.sas()) == 1
    assert sorted(c['local-ts'][0] for c in peer.children()) == nets
    assert sorted(p['policy'] for p in core.pairs()) == [1, 2, 3]
    judge_capture(world, core, quick_modes=3)


def test_acquires_at_once_share_one_phase_1(world):
    nets = ['10.2.0.0/24', '10.3.0.0/24', '10.4.0.0/24', '10.5.0.0/24']
    children = {f't{i}': child(net, NEAR, '3des-sha1') for i, net in enumerate(nets, 1)}
    peer = world.charon({'t': connection(PEER, US, SUITES[0][0], children)})
    core = world.core(SUITES[0][0], *[f'local={NEAR} remote={net} set=3des+sha1' for net in nets])
    core.proc.stdin.write(b'acquire 1\nacquire 2\nacquire 3\nacquire 4\nacquire 1\nacquire 4\n')
    core.proc.stdin.flush()
    agree(core, peer, pairs=4)
    judge_capture(world, core, quick_modes=4)


def test_policies_are_tried_in_order(world):
    """The peer takes our second phase 1 policy and our third transform set."""
    peer = world.swan('aes256-sha1-modp1536', 'aes128-sha256')
    core = world.core('des-md5-modp768', f'{LAN} set=des+md5,3des+sha1,aes128+sha256',
                      more=['p1 20 aes256 sha1 5 86400', 'p1 30 aes256 sha256 14 86400'])
    start(core, peer, 'initiator')
    agree(core, peer)
    assert core.up()[0]['priority'] == 20


def test_our_order_decides_when_the_peer_offers_several(world):
    peer = world.swan('aes256-sha1-modp1024,3des-sha1-modp1024', 'aes256-sha1,3des-sha1')
    core = world.core('3des-sha1-modp1024', f'{LAN} set=3des+sha1,aes256+sha1',
                      more=['p1 20 aes256 sha1 2 86400'])
    start(core, peer, 'responder')
    agree(core, peer)
    assert core.up()[0]['priority'] == 10
    assert peer.children()[0]['encr-alg'] == '3DES_CBC'


@pytest.mark.parametrize('natt,ports', [('on', {'udp500', 'arp'}), ('off', {'udp500', 'arp'})])
def test_without_nat_all_stays_on_port_500(world, natt, ports):
    peer = world.swan(SUITES[0][0], '3des-sha1', 'fake')
    core = world.core(SUITES[0][0], f'{LAN} set=3des+sha1', natt=natt)
    start(core, peer, 'initiator')
    for sa in agree(core, peer).values():
        assert not sa['udp']
    pcap = world.capture.stop()
    assert kinds(pcap) <= ports
    nat_d = rows(pcap, ['isakmp.typepayload'], f'isakmp.exchangetype == {MAIN_MODE}')
    assert any('20' in p.split(',') for (p,) in nat_d) == (natt == 'on')


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_nat_in_the_path_moves_to_port_4500(world, role):
    """A third namespace translates: us behind it (initiator), or the peer (responder)."""
    nat = world.net.ns('nat')
    hidden, outer = (world.us, world.them) if role == 'initiator' else (world.them, world.us)
    inside, public = '172.20.0.2', '203.0.113.2'
    world.net.link(hidden, 'in', f'{inside}/24', nat, 'in', '172.20.0.1/24')
    world.net.link(outer, 'out', '203.0.113.1/24', nat, 'out', f'{public}/24')
    nat.forward()
    rules = 'table ip t { chain c { type nat hook postrouting priority 100; oifname "out" masquerade; }; }'
    done = run(*nat.argv('nft', '-f', '-'), input=rules, ok=False)
    if done.returncode:
        pytest.skip(f'no NAT in this kernel: {done.stderr.strip()}')
    hidden.route('203.0.113.0/24', '172.20.0.1')
    ours, theirs = (inside, '203.0.113.1') if role == 'initiator' else ('203.0.113.1', inside)
    seen = public if role == 'responder' else theirs  # the peer's address as we see it
    conn = connection(theirs, '%any' if role == 'initiator' else ours, SUITES[2][0],
                      {'t': child(FAR, NEAR, 'aes128-sha256')})
    conn['remote']['id'] = ours
    peer = world.charon({'t': conn}, 'fake')
    lines = [f'local {ours}', 'p1 1 aes128 sha256 14 86400', f'psk {seen}/32 secretkey',
             f'p2 1 peer={seen} {LAN} set=aes128+sha256']
    core = Core(world.us, lines)
    start(core, peer, role)
    for sa in agree(core, peer).values():
        assert sa['udp'] and {sa['sport'], sa['dport']} & {4500}
    up, = core.up()
    assert up['nat'] and up['local_port'] == 4500
    if role == 'initiator':
        assert peer.sas()[0]['nat-remote'] == 'yes' and peer.sas()[0]['remote-host'] == public
        core.cmd('skip 25')
        core.wait('keepalive', to='203.0.113.1', port=4500)


@pytest.mark.parametrize('role,ours,agreed', [('initiator', 1800, 1800), ('initiator', 7200, 7200),
                                              ('responder', 1800, 1800), ('responder', 7200, 3960)])
def test_the_smaller_lifetime_holds(world, role, ours, agreed):
    """strongSwan asks for 3960 s (its rekey time and a tenth), takes what an initiator offers, and says
    nothing about kilobytes."""
    peer = world.swan(SUITES[0][0], '3des-sha1')
    core = world.core(SUITES[0][0], f'{LAN} set=3des+sha1 life={ours} kb=4608000')
    start(core, peer, role)
    for sa in agree(core, peer).values():
        assert sa['hard_sec'] == agreed and 0 < sa['soft_sec'] < agreed
        assert sa['hard_bytes'] == 4608000 * 1024 and 0 < sa['soft_bytes'] < sa['hard_bytes']


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_phase_1_takes_the_smaller_lifetime(world, role):
    """strongSwan wants 4 h of an ISAKMP SA and 10 % over, we an hour; and the other way round."""
    peer = world.swan(SUITES[0][0], '3des-sha1')
    core = world.core(SUITES[0][0], f'{LAN} set=3des+sha1', life=3600)
    start(core, peer, role)
    agree(core, peer)
    up, = core.up()
    assert up['life'] == 3600 and 3500 < up['left'] <= 3600
    if role == 'responder':
        assert any('lifetime' in e['text'] for e in core.of('log')), core.of('log')


def test_a_shorter_phase_1_lifetime_of_the_peer_holds(world):
    peer = world.swan(SUITES[0][0], '3des-sha1')
    core = world.core(SUITES[0][0], f'{LAN} set=3des+sha1', life=86400)
    peer.initiate('t')
    agree(core, peer)
    assert core.up()[0]['life'] == 4 * 3600 * 11 // 10
    assert any('lifetime' in e['text'] for e in core.of('log')), core.of('log')
