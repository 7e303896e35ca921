# SPDX-License-Identifier: Apache-2.0
"""Aggressive mode against strongSwan in both roles, by address and by name, with and without NAT; and what
ike-scan and psk-crack get out of it."""
import hmac
import re
import time

import pytest

from ikecore import Core, FAR, LAN, NEAR, PEER, US, World, agree, p1_line
from peers.netns import need, run
from peers.strongswan import child, connection
from peers.tshark import AGGRESSIVE, MAIN_MODE, QUICK_MODE, exchanges, kinds, rows
from router import Router, config

SUITES = [('3des-sha1-modp1024', '3des-sha1', '3des+sha1'),
          ('aes256-sha256-modp2048', 'aes256-sha256', 'aes256+sha256')]
IDS = {'address': None, 'fqdn': 'left.example', 'user-fqdn': 'left@example.net'}
# what strongSwan calls this: it answers in aggressive mode only then
ANSWERS = {'i_dont_care_about_security_and_use_aggressive_mode_psk': 'yes'}


@pytest.fixture
def world():
    w = World()
    try:
        yield w
    finally:
        w.close()


def swan(world, suite, esp, kernel='libipsec', mine=PEER, yours=US, allow=True, psk='secretkey', local=PEER,
         remote=US, **more):
    """strongSwan in aggressive mode; mine is its identity, yours the one it expects of us."""
    conn = connection(local, remote, suite, {'t': child(FAR, NEAR, esp)}, aggressive='yes', **more)
    conn['local']['id'], conn['remote']['id'] = mine, yours
    peer = world.charon({}, kernel, options=ANSWERS if allow else {})
    return peer.load({'t': conn}, psk)


def us(world, suite, set_, *more, key=f'psk {PEER}/32 secretkey', local=US, peer=PEER, allow='on'):
    return Core(world.us, [f'local {local}', f'aggressive {allow}', p1_line(suite), key,
                           f'p2 1 peer={peer} {LAN} set={set_}', *more])


def begin(kind='ipv4-address', name=US, key='', peer=PEER):
    """`crypto isakmp peer address PEER`, its client-endpoint and its password."""
    return f'peer {peer} {kind} {name} {key}'.rstrip()


def start(core, peer, role):
    if role == 'initiator':
        core.cmd('acquire 1')
    else:
        peer.initiate('t')


def judge(world, core, suite):
    """tshark: three and three datagrams, identities in clear, our key opens the third."""
    pcap = world.capture.stop()
    seen = exchanges(pcap)
    assert (seen.get(AGGRESSIVE), seen.get(QUICK_MODE), seen.get(MAIN_MODE)) == (3, 3, None)
    fields = ['isakmp.flags', 'isakmp.typepayload', 'isakmp.exchangetype']
    first, second, third = rows(pcap, fields, f'isakmp.exchangetype == {AGGRESSIVE}', ike_keys=core.keys())
    payloads = [[p for p in m[1].split(',')] for m in (first, second, third)]
    assert {'1', '4', '10', '5'} <= set(payloads[0]) and '8' not in payloads[0]
    assert {'1', '4', '10', '5', '8'} <= set(payloads[1])
    assert payloads[2][0] == '8' and int(third[0], 16) & 1
    quick = rows(pcap, ['isakmp.typepayload'], f'isakmp.exchangetype == {QUICK_MODE}', ike_keys=core.keys())
    assert all(p.split(',')[0] == '8' for (p,) in quick)
    return pcap


@pytest.mark.parametrize('kernel', ['libipsec', 'fake'], ids=['udp', 'raw'])
@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('who', list(IDS))
@pytest.mark.parametrize('suite,esp,set_', SUITES, ids=[s[0] for s in SUITES])
def test_both_agree_on_keys(world, suite, esp, set_, who, role, kernel):
    """libipsec claims a NAT, so all that follows goes by port 4500; the fake kernel does not."""
    name = IDS[who]
    if role == 'initiator':
        peer = swan(world, suite, esp, kernel, yours=name or US)
        core = us(world, suite, set_, begin(who, name, 'secretkey') if name else begin(),
                  key='psk 203.0.113.1/32 another' if name else f'psk {PEER}/32 secretkey')
    else:
        peer = swan(world, suite, esp, kernel, mine=name or PEER)
        core = us(world, suite, set_, key=f'pskname {name} secretkey' if name else f'psk {PEER}/32 secretkey')
    start(core, peer, role)
    for sa in agree(core, peer).values():
        assert sa['udp'] == (kernel == 'libipsec')
    up, = core.up()
    theirs, = peer.sas()
    assert theirs['state'] == 'ESTABLISHED' and up['initiator'] == (role == 'initiator')
    assert up['nat'] == (kernel == 'libipsec') == (theirs['local-port'] == '4500')
    assert up['peer_id'] == (PEER if role == 'initiator' else name or PEER)
    assert theirs['remote-id'] == (US if role == 'responder' else name or US)
    pcap = judge(world, core, suite)
    assert kinds(pcap) <= ({'udp500', 'udp4500', 'arp'} if kernel == 'libipsec' else {'udp500', 'arp'})


@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('suite,esp,set_', SUITES, ids=[s[0] for s in SUITES])
def test_nat_in_the_path_moves_to_port_4500(world, suite, esp, set_, role):
    """A third namespace translates: us behind it (initiator), or the peer (responder)."""
    nat = world.net.ns('nat')
    hidden, outer = (world.us, world.them) if role == 'initiator' else (world.them, world.us)
    inside, public = '172.20.0.2', '203.0.113.2'
    world.net.link(hidden, 'in', f'{inside}/24', nat, 'in', '172.20.0.1/24')
    world.net.link(outer, 'out', '203.0.113.1/24', nat, 'out', f'{public}/24')
    nat.forward()
    rules = 'table ip t { chain c { type nat hook postrouting priority 100; oifname "out" masquerade random; }; }'
    done = run(*nat.argv('nft', '-f', '-'), input=rules, ok=False)
    if done.returncode:
        pytest.skip(f'no NAT in this kernel: {done.stderr.strip()}')
    hidden.route('203.0.113.0/24', '172.20.0.1')
    ours, theirs = (inside, '203.0.113.1') if role == 'initiator' else ('203.0.113.1', inside)
    seen = public if role == 'responder' else theirs  # the peer's address as we see it
    if role == 'initiator':
        peer = swan(world, suite, esp, 'fake', mine=theirs, yours='left.example', local=theirs, remote='%any')
        more, key = [begin('fqdn', 'left.example', peer=seen)], f'psk {seen}/32 secretkey'
    else:
        peer = swan(world, suite, esp, 'fake', mine='left.example', yours=ours, local=theirs, remote=ours)
        more, key = [], 'pskname left.example secretkey'
    core = us(world, suite, set_, *more, key=key, local=ours, peer=seen)
    start(core, peer, role)
    for sa in agree(core, peer).values():
        assert sa['udp'] and {sa['sport'], sa['dport']} & {4500}
    up, = core.up()
    theirs_up, = peer.sas()
    assert up['nat'] and up['local_port'] == 4500
    if role == 'initiator':
        assert theirs_up['nat-remote'] == 'yes' and theirs_up['remote-host'] == public
        assert theirs_up.get('nat-local', 'no') == 'no'
        core.cmd('skip 25')
        core.wait('keepalive', to='203.0.113.1', port=4500)
    else:
        assert theirs_up['nat-local'] == 'yes' and theirs_up.get('nat-remote', 'no') == 'no'
        core.cmd('skip 25')
        time.sleep(0.3)
        assert not core.of('keepalive'), 'we are not the one behind the NAT'


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_it_lives_on_after_a_renewal_of_phase_1_and_2(world, role):
    suite, esp, set_ = SUITES[1]
    peer = swan(world, suite, esp)
    core = us(world, suite, set_, begin())
    start(core, peer, role)
    agree(core, peer)
    old = core.pairs()[0]
    core.cmd('skip 20')
    core.cmd(f'expire {old["out"]} soft')
    core.wait('sa-add', count=4)
    core.cmd('clear isakmp')
    core.cmd('skip 20')
    mark = core.mark()
    core.cmd(f'expire {core.pairs()[0]["out"]} soft')
    core.wait('sa-add', mark, count=2)
    up, = core.up()
    assert up['peer_id'] == PEER and up['initiator']
    assert exchanges(world.capture.stop()).get(AGGRESSIVE) == 6


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_wrong_key_is_named(world, role):
    suite, esp, set_ = SUITES[0]
    peer = swan(world, suite, esp, psk='not the same')
    core = us(world, suite, set_, *[begin()] if role == 'initiator' else [])
    if role == 'initiator':
        core.cmd('acquire 1')
        core.wait('log', mnemonic='CRYPTO-4-IKMP_BAD_MESSAGE')
        core.skip_until('failed', policy=1)
        assert 'the pre-shared keys differ' in core.reason()
    else:
        assert peer.initiate('t', ok=False, timeout=5).returncode
        assert not [s for s in core.sas() if s['state'] == 'QM_IDLE']
        half = [s for s in core.sas() if s['state'] == 'AG_INIT_EXCH']
        assert not half or 'the pre-shared keys differ' in half[0]['story']
    assert not core.live() and not peer.children()


def test_a_name_that_has_no_key_is_refused_with_the_line_to_type(world):
    suite, esp, set_ = SUITES[0]
    peer = swan(world, suite, esp, mine='other.example')
    core = us(world, suite, set_, key='pskname left.example secretkey')
    assert peer.initiate('t', ok=False, timeout=3).returncode
    line = core.wait('log', mnemonic='CRYPTO-6-IKMP_MODE_FAILURE')[0]['text']
    assert 'crypto isakmp key KEY hostname other.example' in line
    assert not core.of('send')


def test_the_default_is_silence_and_a_line_that_says_what_to_type(world):
    suite, esp, set_ = SUITES[0]
    peer = swan(world, suite, esp)
    core = us(world, suite, set_, allow='off')
    assert peer.initiate('t', ok=False, timeout=3).returncode
    line = core.wait('log', mnemonic='CRYPTO-5-IKMP_AG_MODE_DISABLED')[0]['text']
    assert PEER in line and 'no crypto isakmp aggressive-mode disable' in line
    assert not core.of('send') and not core.sas()


def test_nothing_is_begun_while_it_is_disabled(world):
    suite, esp, set_ = SUITES[0]
    core = us(world, suite, set_, begin(), allow='off')
    core.cmd('acquire 1')
    core.wait('failed', policy=1)
    assert 'no crypto isakmp aggressive-mode disable' in core.reason()
    assert not core.of('send')


def test_a_peer_that_does_not_allow_it_refuses(world):
    suite, esp, set_ = SUITES[0]
    peer = swan(world, suite, esp, allow=False)
    core = us(world, suite, set_, begin())
    core.cmd('acquire 1')
    core.wait('failed', policy=1)
    assert 'AUTHENTICATION_FAILED' in core.reason()
    assert 'Aggressive Mode PSK disabled' in peer.log()


def test_another_group_is_refused_by_name(world):
    peer = swan(world, 'aes256-sha256-modp1536', 'aes256-sha256')
    core = us(world, 'aes256-sha256-modp2048', 'aes256+sha256')
    assert peer.initiate('t', ok=False, timeout=5).returncode
    line = core.wait('log', mnemonic='CRYPTO-6-IKMP_MODE_FAILURE')[0]['text']
    assert 'Diffie-Hellman group offered 5, policy 10 has 14 (to accept it: group 5)' in line
    assert 'NO_PROPOSAL_CHOSEN' in peer.log()


def test_our_order_decides_among_the_policies_of_the_group(world):
    peer = swan(world, 'aes256-sha1-modp1024,3des-sha1-modp1024', '3des-sha1')
    core = us(world, '3des-sha1-modp1024', '3des+sha1', 'p1 20 aes256 sha1 2 86400', begin())
    for role in 'responder', 'initiator':
        mark = core.mark()
        start(core, peer, role)
        core.wait('sa-add', since=mark, count=2)
        assert core.up()[0]['priority'] == (10 if role == 'responder' else 20)
        core.cmd('clear isakmp')
        core.cmd('clear sa')


@pytest.mark.parametrize('aggressive', ['yes', 'no'])
def test_both_begin_at_once(world, aggressive):
    """We in aggressive mode; the peer in the same or in main mode."""
    suite, esp, set_ = SUITES[0]
    conn = connection(PEER, US, suite, {'t': child(FAR, NEAR, esp)}, aggressive=aggressive)
    peer = world.charon({}, options=ANSWERS).load({'t': conn})
    core = us(world, suite, set_, begin())
    core.proc.stdin.write(b'acquire 1\n')
    core.proc.stdin.flush()
    peer.initiate('t')
    core.wait('sa-add', count=2)
    time.sleep(1)
    core.check()
    held = {sa['spi'] for sa in core.live().values()}
    for c in peer.children():  # what the peer holds works in both directions
        assert {c['spi-in'].zfill(8), c['spi-out'].zfill(8)} <= held


# ---- strangers' tools ----

def ike_scan(world, *args):
    need('ike-scan')
    return world.them.run('ike-scan', '-M', '-A', '--sport=0', '--retry=2', '--timeout=400', '--id=left.example',
                          '--idtype=2', *args, US, ok=False).stdout


def proves(key, line):
    """RFC 2409 section 5: HASH_R = prf(SKEYID, g^xr | g^xi | CKY-R | CKY-I | SAi_b | IDir_b)."""
    *said, ni, nr, hash_r = (bytes.fromhex(part) for part in line.strip().split(':'))
    algo = {20: 'sha1', 32: 'sha256'}[len(hash_r)]
    skeyid = hmac.digest(key, ni + nr, algo)
    return hmac.digest(skeyid, b''.join(said), algo) == hash_r


SCANS = [('--trans=5,2,1,2', '--dhgroup=2'), ('--trans=7/256,4,1,14', '--dhgroup=14')]


@pytest.mark.parametrize('scan,suite', [(a, s[0]) for a, s in zip(SCANS, SUITES)], ids=[s[0] for s in SUITES])
def test_ike_scan_gets_nothing_by_default(world, scan, suite):
    core = us(world, suite, '3des+sha1', 'pskname left.example secretkey', allow='off')
    out = ike_scan(world, *scan)
    assert 'Handshake returned' not in out and 'Notify' not in out, out
    assert 'returned handshake' in out and re.search(r'0 returned handshake; 0 returned notify', out), out
    assert not core.of('send') and not core.sas()


@pytest.mark.parametrize('scan,suite', [(a, s[0]) for a, s in zip(SCANS, SUITES)], ids=[s[0] for s in SUITES])
def test_ike_scan_gets_a_handshake_where_it_is_configured(world, scan, suite):
    """And what it writes down is enough for psk-crack to guess the key: the note is true, and the hash right."""
    core = us(world, suite, '3des+sha1', 'pskname left.example sunshine', key=f'psk {PEER}/32 other')
    tools = world.net.dir
    out = ike_scan(world, *scan, f'--pskcrack={tools}/psk')
    assert 'Aggressive Mode Handshake returned' in out, out
    if 'sha1' in suite:  # psk-crack knows no SHA-256
        (tools / 'words').write_text('wrong\nsecretkey\nsunshine\nother\n')
        need('psk-crack')
        guess = run('psk-crack', '-d', tools / 'words', tools / 'psk').stdout
        assert 'key "sunshine" matches' in guess, guess
    assert [w for w in (b'wrong', b'sunshine', b'other') if proves(w, (tools / 'psk').read_text())] == [b'sunshine']
    assert len([s for s in core.sas() if s['state'] == 'AG_INIT_EXCH']) <= 1
    assert not core.up()


def test_a_scan_of_a_name_that_has_no_key_gets_nothing(world):
    core = us(world, SUITES[0][0], '3des+sha1', key='pskname right.example secretkey')
    out = ike_scan(world, *SCANS[0])
    assert re.search(r'0 returned handshake; 0 returned notify', out), out
    assert not core.of('send') and not core.sas()


# ---- the whole router ----

@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_a_router_with_names_carries_packets(world, role):
    """IOS lines in, packets through; `show` names the identity."""
    need('ping')
    world.us.addr('lo', '10.1.0.1/32')
    extra = 'no crypto isakmp aggressive-mode disable\n'
    if role == 'initiator':
        extra += (f'crypto isakmp peer address {PEER}\n set aggressive-mode password nameskey9\n'
                  ' set aggressive-mode client-endpoint fqdn left.example\n')
        peer = swan(world, *SUITES[1][:2], yours='left.example', psk='nameskey9')
    else:
        extra += 'crypto isakmp key nameskey9 hostname left.example\n'
        peer = swan(world, *SUITES[1][:2], mine='left.example', psk='nameskey9')
    text = config(SUITES[1][0], US, PEER, ['ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255'],
                  extra=extra).replace(f'crypto isakmp key secretkey address {PEER}', '!')
    router = Router(world.us, text)
    if role == 'responder':
        peer.initiate('t')
    ping = world.us.ping('10.2.0.1', count=3, source='10.1.0.1').result()
    assert ping.lost == [], f'{ping.out}\n{router.log()}\n{peer.log()[-3000:]}'
    shown = router.cli('show crypto isakmp sa')
    assert 'QM_IDLE' in shown, shown
    who = PEER if role == 'initiator' else 'left.example'
    assert f' Phase1 id: {who}' in router.cli('show crypto isakmp peers')
    running = router.cli('show running-config')
    assert 'no crypto isakmp aggressive-mode disable' in running
    if role == 'initiator':
        assert (f'crypto isakmp peer address {PEER}\n set aggressive-mode password nameskey9\n'
                ' set aggressive-mode client-endpoint fqdn left.example \n') in running
    assert exchanges(world.capture.stop()).get(AGGRESSIVE) == 3
    router.stop()
