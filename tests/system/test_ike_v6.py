# SPDX-License-Identifier: Apache-2.0
"""IKE over IPv6 and for IPv6: the core (ikedrv, no data path) against strongSwan in both roles; tshark reads the wire."""
import re
import signal

import pytest

from ikecore import Core, FAR, FAR6, NEAR, NEAR6, PEER6, US6, World, agree, p1_line
from peers.netns import need, run, until
from peers.strongswan import child, connection
from peers.tshark import AGGRESSIVE, MAIN_MODE, QUICK_MODE, exchanges, rows
from router import Router
from test_ike_rsa import Authority
from test_pki import openssl

AES = ('aes256-sha256-modp2048', 'aes256-sha256', 'aes256+sha256')
TDES = ('3des-sha1-modp1024', '3des-sha1', '3des+sha1')
LANS = {'v6': (NEAR6, FAR6), 'v4': (NEAR, FAR)}
LAN6 = f'local={NEAR6} remote={FAR6}'
IPV4_SUBNET, IPV6, IPV6_SUBNET = '4', '5', '6'  # RFC 2407 section 4.6.2.1
ROLES = ['initiator', 'responder']
slow = pytest.mark.slow


def roles(quick):
    """Both, of which one is quick enough for every check."""
    return pytest.mark.parametrize('role', [pytest.param(r, marks=() if r == quick else slow) for r in ROLES])


@pytest.fixture
def world():
    w = World(v6=True)
    try:
        yield w
    finally:
        w.close()


def start(core, peer, role):
    if role == 'initiator':
        core.cmd('acquire 1')
    else:
        peer.initiate('t')


def establish(world, suite, role, inner='v6', kernel='fake', pfs='', **more):
    near, far = LANS[inner]
    peer = world.swan(suite[0], suite[1] + (f'-{suite[0].split("-")[2]}' if pfs else ''), kernel, far, near, **more)
    core = world.core(suite[0], f'local={near} remote={far} set={suite[2]}{pfs}')
    start(core, peer, role)
    return core, peer, agree(core, peer)


def id_types(pcap, core, exchange):
    """Types of the ID payloads of each message of those exchanges, as tshark reads them with our key."""
    return [types.split(',') for (types,) in
            rows(pcap, ['isakmp.id.type'], f'ipv6 && isakmp.exchangetype == {exchange} && isakmp.id.type',
                 ike_keys=core.keys())]


@roles('initiator')
@pytest.mark.parametrize('inner,suite', [pytest.param('v6', AES, id='v6-aes'), pytest.param('v4', AES, id='v4-aes', marks=slow),
                                         pytest.param('v6', TDES, id='v6-3des', marks=slow)])
def test_main_mode_over_v6_agrees_on_proxies_of_either_family(world, inner, suite, role):
    core, peer, ours = establish(world, suite, role, inner, pfs=' pfs=14' if suite is AES else '')
    near, far = LANS[inner]
    for sa in ours.values():
        assert (sa['udp'], sa['local'], sa['remote'], sa['mode']) == (False, near, far, 'tunnel')
        assert {sa['src'], sa['dst']} == {US6, PEER6}
    c, = peer.children()
    assert (c['local-ts'], c['remote-ts'], c['mode']) == ([far], [near], 'TUNNEL')
    theirs, = peer.sas()
    assert (theirs['state'], theirs['remote-id'], theirs['remote-port']) == ('ESTABLISHED', US6, '500')
    up, = core.up()
    assert (up['peer_id'], up['nat']) == (PEER6.upper(), False)
    pcap = world.capture.stop()
    assert exchanges(pcap) == {MAIN_MODE: 6, QUICK_MODE: 3}
    assert id_types(pcap, core, MAIN_MODE) == [[IPV6]] * 2
    assert id_types(pcap, core, QUICK_MODE) == [[IPV6_SUBNET if inner == 'v6' else IPV4_SUBNET] * 2] * 2


@roles('responder')
def test_v6_proxies_under_v4_peers(role):
    """What `tunnel mode ipsec ipv4 v6-overlay` negotiates."""
    world = World()
    try:
        peer = world.swan(AES[0], AES[1], 'fake', '::/0', '::/0')
        core = world.core(AES[0], f'local=::/0 remote=::/0 set={AES[2]}')
        start(core, peer, role)
        for sa in agree(core, peer).values():
            assert (sa['local'], sa['remote']) == ('::/0', '::/0')
        assert peer.children()[0]['local-ts'] == ['::/0']
    finally:
        world.close()


@slow
@pytest.mark.parametrize('role', ROLES)
@pytest.mark.parametrize('mode', ['transport', 'tunnel'])
def test_gre_between_v6_routers(world, mode, role):
    peer = world.swan(AES[0], AES[1], 'fake', f'{PEER6}/128[gre]', f'{US6}/128[gre]', mode=mode)
    core = world.core(AES[0], f'local={US6} remote={PEER6} proto=47 set={AES[2]}'
                      + ('+transport' if mode == 'transport' else ''))
    start(core, peer, role)
    for sa in agree(core, peer).values():
        assert (sa['ip_proto'], sa['mode'], sa['udp']) == (47, mode, False)
    assert peer.children()[0]['local-ts'] == [f'{PEER6}/128[gre]']


@slow
@pytest.mark.parametrize('role', ROLES)
def test_a_port_in_v6_identities(world, role):
    peer = world.swan(AES[0], AES[1], 'fake', f'{PEER6}/128[udp/1701]', f'{US6}/128[udp]', mode='transport')
    core = world.core(AES[0], f'local={US6} remote={PEER6} proto=17 rport=1701 set={AES[2]}+transport')
    start(core, peer, role)
    for sa in agree(core, peer).values():
        assert (sa['ip_proto'], sa['lport'], sa['rport']) == (17, 0, 1701)


@roles('responder')
def test_aggressive_mode_over_v6(world, role):
    conn = connection(PEER6, US6, AES[0], {'t': child(FAR6, NEAR6, AES[1])}, aggressive='yes')
    peer = world.charon({'t': conn}, 'fake',
                        options={'i_dont_care_about_security_and_use_aggressive_mode_psk': 'yes'})
    core = world.core(AES[0], f'{LAN6} set={AES[2]}',
                      more=['aggressive on', *([f'peer {PEER6} ipv4-address {US6}'] if role == 'initiator' else [])])
    start(core, peer, role)
    agree(core, peer)
    pcap = world.capture.stop()
    assert exchanges(pcap) == {AGGRESSIVE: 3, QUICK_MODE: 3}
    assert id_types(pcap, core, AGGRESSIVE) == [[IPV6]] * 2


@slow
@pytest.mark.parametrize('role', ROLES)
def test_the_key_of_a_prefix(world, role):
    peer = world.swan(AES[0], AES[1], 'fake', FAR6, NEAR6)
    core = Core(world.us, [f'local {US6}', p1_line(AES[0]), 'psk ::/0 wrong', 'psk 2001:db8::/32 secretkey',
                           'psk 2001:db8:1::/48 wrong', 'psk 0.0.0.0/0 wrong',
                           f'p2 1 peer={PEER6} {LAN6} set={AES[2]}'])
    start(core, peer, role)
    agree(core, peer)


@slow
def test_a_wrong_key_is_named(world):
    peer = world.swan(AES[0], AES[1], 'fake', FAR6, NEAR6)
    core = world.core(AES[0], f'{LAN6} set={AES[2]}', psk='another')
    peer.initiate('t', ok=False, timeout=3)
    said = core.wait('log', mnemonic='CRYPTO-4-IKMP_BAD_MESSAGE')[0]['text']
    assert PEER6.upper() in said and 'pre-shared keys differ' in said, said


# ---- certificates ----

def p12_of(world, ca, key, cert):
    pem, chain, p12 = (world.net.dir / f'own.{x}' for x in ('pem', 'ca.pem', 'p12'))
    pem.write_bytes(openssl('x509', '-inform', 'DER', '-in', cert))
    chain.write_text(ca.pem())
    openssl('pkcs12', '-export', '-inkey', key, '-in', pem, '-certfile', chain, '-out', p12, '-passout', 'pass:secret99')
    return p12


def signed(world, names=(), more=()):
    """charon and core with certificates of one CA, which say their addresses and those names."""
    need('openssl', 'pki')
    ca = Authority(world.net.dir)
    sans = [x for n in names for x in ('--san', n)]
    key, cert = ca.issue('peer', 'C=CH, O=Test, CN=peer', '--san', PEER6, *sans)
    conn = connection(PEER6, US6, AES[0], {'t': child(FAR6, NEAR6, AES[1])})
    conn['local'] = {'auth': 'pubkey', 'certs': 'own.der', 'id': PEER6}
    conn['remote'] = {'auth': 'pubkey', 'id': US6}
    peer = world.charon({}, 'fake')
    for folder, name, src in (('x509', 'own.der', cert), ('private', 'own.key', key), ('x509ca', 'ca.der', ca.cert)):
        (peer.dir / 'swanctl' / folder).mkdir(exist_ok=True)
        (peer.dir / 'swanctl' / folder / name).write_bytes(src.read_bytes())
    peer.load({'t': conn})
    p12 = p12_of(world, ca, *ca.issue('us', 'C=CH, O=Test, CN=us', '--san', US6, *sans))
    core = Core(world.us, [f'local {US6}', p1_line(AES[0]) + ' rsa-sig', f'rsa {p12} secret99', *more,
                           f'p2 1 peer={PEER6} {LAN6} set={AES[2]}'])
    return core, peer


@roles('initiator')
def test_rsa_signatures_with_v6_in_the_certificates(world, role):
    core, peer = signed(world)
    start(core, peer, role)
    agree(core, peer)
    assert core.up()[0]['peer_id'] == PEER6.upper()
    assert re.search(f"authentication of '{US6}' with RSA", peer.log()), peer.log()
    assert id_types(world.capture.stop(), core, MAIN_MODE) == [[IPV6]] * 2


@roles('responder')
def test_fragments_pass_the_least_mtu(world, role):
    """1280 bytes are the whole path, and nothing on it is fragmented by IP."""
    for ns in (world.us, world.them):
        ns.ip('link', 'set', 'wan', 'mtu', 1280)
        ns.run('ethtool', '-K', 'wan', 'tx', 'off', ok=False)
    core, peer = signed(world, [f'{"long" * 12}{i}.example.com' for i in range(20)], ['fragmentation on'])
    start(core, peer, role)
    agree(core, peer)
    pcap = world.capture.stop()
    sizes = [(int(x), src, payloads) for x, src, payloads in
             rows(pcap, ['frame.len', 'ipv6.src', 'isakmp.typepayload'], 'isakmp')]
    ours = [x for x, src, payloads in sizes if src == US6 and '132' in payloads.split(',')]
    assert len(ours) >= 2 and max(ours) <= 14 + 1280, sizes
    assert rows(pcap, ['frame.number'], 'ipv6.fraghdr') == []


# ---- life ----

@pytest.mark.parametrize('who', ['we', pytest.param('charon', marks=slow)])
def test_a_pair_is_renewed(world, who):
    core, peer, _ = establish(world, AES, 'initiator')
    core.cmd('skip 11')
    old = core.pairs()[0]
    if who == 'we':
        core.cmd(f'expire {old["out"]} soft')
    else:
        peer.rekey(child='t')
    core.wait('sa-add', count=4)
    core.cmd('skip 31')
    core.wait('sa-del', count=2)
    new, = core.pairs()
    assert new['pair'] != old['pair']
    until(lambda: [(c['spi-out'].zfill(8), c['spi-in'].zfill(8)) for c in peer.children()]
          == [(new['in_spi'], new['out_spi'])], what=f'the new pair alone: {peer.children()}')


@slow
@pytest.mark.parametrize('who', ['we', 'charon'])
def test_phase_1_is_renewed(world, who):
    core, peer, _ = establish(world, AES, 'responder')
    first = core.up()[0]['conn']
    if who == 'we':
        core.cmd('skip 15839')  # of 4 h and a tenth
    else:
        peer.rekey(ike='t')
    until(lambda: any(s['conn'] != first for s in core.up()), what='another ISAKMP SA')
    assert len(peer.children()) == 1 and len(core.live()) == 2


@slow
def test_charon_answers_and_is_found_dead(world):
    peer = world.swan(AES[0], AES[1], 'fake', FAR6, NEAR6)
    core = world.core(AES[0], f'{LAN6} set={AES[2]}', more=['keepalive 10 2 periodic'])
    core.cmd('acquire 1')
    agree(core, peer)
    for _ in range(3):
        core.cmd('skip 11')
        core.wait('send', exchange=5)
    until(lambda: len(re.findall(r'HASH N\(DPD_ACK\)', peer.log())) >= 3, what=f'the answers: {peer.log()}')
    assert len(core.up()) == 1
    peer.proc.send_signal(signal.SIGSTOP)
    for _ in range(10):
        core.cmd('skip 5')
    dead, = core.wait('log', mnemonic='CRYPTO-5-IKMP_PEER_DEAD')
    assert f'Peer {PEER6.upper()} answered none' in dead['text']
    assert core.live() == {}
    peer.proc.send_signal(signal.SIGCONT)


@slow
def test_we_answer_charon(world):
    conn = connection(PEER6, US6, AES[0], {'t': child(FAR6, NEAR6, AES[1])}, dpd_delay='1s', dpd_timeout='4s')
    peer = world.charon({'t': conn}, 'fake')
    core = world.core(AES[0], f'{LAN6} set={AES[2]}')
    core.cmd('acquire 1')
    agree(core, peer)
    until(lambda: len(re.findall(r'parsed INFORMATIONAL_V1 request \d+ \[ HASH N\(DPD_ACK\)', peer.log())) >= 3,
          what='our answers')
    assert len(peer.sas()) == 1


@slow
def test_who_has_lost_all_says_so(world):
    """Invalid SPI recovery makes a phase 1 whose INITIAL-CONTACT ends what charon still has."""
    core, peer, _ = establish(world, AES, 'initiator')
    spi = peer.children()[0]['spi-out']
    core.proc.kill()
    core.proc.wait()
    core = world.core(AES[0], f'{LAN6} set={AES[2]}', more=['recovery on'])
    mark = peer.mark()
    core.cmd(f'unknown-spi {PEER6} {spi}')
    until(lambda: core.up(), what='phase 1')
    until(lambda: not peer.children(), what=f'the end of the old pair: {peer.since(mark)}')
    assert 'N(INITIAL_CONTACT)' in peer.since(mark)


# ---- NAT ----

@slow
@pytest.mark.parametrize('role', ROLES)
def test_a_nat_of_v6_in_the_path(world, role):
    """A third namespace translates: us behind it (initiator), or the peer (responder)."""
    nat = world.net.ns('nat')
    hidden, outer = (world.us, world.them) if role == 'initiator' else (world.them, world.us)
    nat.enable_v6()
    inside, there, public = 'fd00:1::2', '2001:db8:f::1', '2001:db8:f::2'
    world.net.link(hidden, 'in', f'{inside}/64', nat, 'in', 'fd00:1::1/64')
    world.net.link(outer, 'out', f'{there}/64', nat, 'out', f'{public}/64')
    nat.sysctl('net.ipv6.conf.all.forwarding', 1)
    rules = 'table ip6 t { chain c { type nat hook postrouting priority 100; oifname "out" masquerade; }; }'
    done = run(*nat.argv('nft', '-f', '-'), input=rules, ok=False)
    if done.returncode:
        pytest.skip(f'no NAT of IPv6 in this kernel: {done.stderr.strip()}')
    hidden.route('2001:db8:f::/64', 'fd00:1::1')
    ours, theirs = (inside, there) if role == 'initiator' else (there, inside)
    seen = public if role == 'responder' else theirs  # the peer's address as we see it
    conn = connection(theirs, '%any' if role == 'initiator' else ours, AES[0], {'t': child(FAR6, NEAR6, AES[1])})
    conn['remote']['id'] = ours
    peer = world.charon({'t': conn}, 'fake')
    core = Core(world.us, [f'local {ours}', p1_line(AES[0]), f'psk {seen} secretkey',
                           f'p2 1 peer={seen} {LAN6} set={AES[2]}'])
    start(core, peer, role)
    for sa in agree(core, peer).values():
        assert sa['udp'] and {sa['sport'], sa['dport']} & {4500}
    up, = core.up()
    assert up['nat'] and up['local_port'] == 4500
    if role == 'initiator':
        assert peer.sas()[0]['nat-remote'] == 'yes' and peer.sas()[0]['remote-host'] == public
        core.cmd('skip 25')
        core.wait('keepalive', to=there, port=4500)


@slow
@pytest.mark.parametrize('role', ROLES)
def test_a_peer_that_pretends_a_nat_gets_port_4500(world, role):
    """strongSwan's libipsec wants ESP in UDP always, and says so with a wrong NAT-D hash."""
    core, peer, ours = establish(world, AES, role, kernel='libipsec')
    for sa in ours.values():
        assert (sa['udp'], sa['sport'], sa['dport']) == (True, 4500, 4500)
    assert core.up()[0]['nat'] and peer.sas()[0]['local-port'] == '4500'


# ---- a router ----

ROUTER = f"""
crypto isakmp policy 10
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
crypto isakmp key secretkey address ipv6 2001:db8::/64
crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac
ipv6 access-list CRYPT
 permit ipv6 {NEAR6} {FAR6}
crypto map ipv6 M 10 ipsec-isakmp
 set peer {PEER6}
 set transform-set TS
 match address CRYPT
interface FastEthernet0/1
 ipv6 address {US6}/64
 ipv6 crypto map M
"""


@slow
@pytest.mark.parametrize('kernel,port', [('fake', 500), ('libipsec', 4500)])
def test_a_router_answers_over_v6(world, kernel, port):
    """UDP 500 is control's, UDP 4500 the forwarder's. What follows phase 2 is the data path's."""
    peer = world.swan(AES[0], AES[1], kernel, FAR6, NEAR6)
    router = Router(world.us, ROUTER)
    peer.initiate('t', ok=False, timeout=5)
    sa, = until(peer.sas, what=f'phase 1: {router.log()}')
    assert (sa['state'], sa['remote-host'], sa['remote-port']) == ('ESTABLISHED', US6, str(port)), router.log()
    assert len(peer.children()) == 1, f'{router.log()}\n{peer.log()}'
    assert re.search("Active ISAKMP SA's: +1", said := router.cli('show crypto isakmp sa count')), said
    mark = peer.mark()
    router.cli('clear crypto isakmp')
    until(lambda: not peer.sas(), what=f'the end of phase 1: {peer.since(mark)}')
    ours = [x.split()[3] for x in world.us.run('ss', '-Hlun').stdout.splitlines()]
    assert {x for x in ours if x.endswith(':500') or x.endswith(':4500')} == \
        {'0.0.0.0:500', '0.0.0.0:4500', '[::]:500', '[::]:4500'}
    for line, left in (('interface FastEthernet0/1 ; no ipv6 crypto map M', 2),
                       ('no crypto isakmp enable', 0)):
        router.cli(f'enable ; configure terminal ; {line} ; end')
        until(lambda: len([x for x in world.us.run('ss', '-Hlun').stdout.splitlines()
                           if re.search(':4?500 ', x)]) == left, what=f'{left} sockets after {line}')
    router.stop()
