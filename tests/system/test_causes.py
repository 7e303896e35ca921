# SPDX-License-Identifier: Apache-2.0
"""Why a tunnel stays down: each cause, with a whole router and strongSwan, as initiator and as responder.
The state is what IOS shows, and the log has one event that names the cause: theirs, ours, and what to type."""
import re
import threading

import pytest

from conftest import ROOT, built
from ikecore import PEER, US, World
from peers.netns import run, until
from peers.strongswan import Charon, child, connection
from router import Router, config
from test_ike_rsa import OUR_DN, PEER_DN, Authority, expired, foreign, give, ios, strongswan

SUITE, ESP = 'aes256-sha1-modp1024', 'aes256-sha1'
NEAR, FAR = '10.1.0.0/24', '10.2.0.0/24'
LAN = 'ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255'
KEY = f'crypto isakmp key secretkey address {PEER}'
PROFILE = f'''
crypto isakmp profile P
 match identity host domain example.net
crypto ipsec transform-set TS '''  # for those who say that they are of example.net
FOR_P = {'\ncrypto ipsec transform-set TS ': PROFILE, ' set transform-set TS': ' set isakmp-profile P\n set transform-set TS'}
HOSTS = {LAN: f'icmp host {US} host {PEER}'}  # transport mode is between the peers themselves
OURS_P1 = 'policy 10: encryption aes 256, hash sha, pre-share, group 2'
P1 = f'the peer refused: NO_PROPOSAL_CHOSEN (none of our policies equals one of its: {OURS_P1})'
P2 = 'the peer refused quick mode: NO_PROPOSAL_CHOSEN (its transform sets or PFS differ from ours: transform-set TS ' \
     'esp-aes 256 esp-sha-hmac, {})'
ACL = 'the peer refused quick mode: INVALID_ID_INFORMATION (its crypto ACL is no mirror of ours: permit ip 10.1.0.0 ' \
      '0.0.0.255 10.2.0.0 0.0.0.255)'
NONE, IDLE = 'MM_NO_STATE', 'QM_IDLE'

# cause: what differs on the Stage; as initiator (state, event); as responder (state, event)
ROWS = {
    'cipher': (dict(suite='3des-sha1-modp1024'), (NONE, P1), (
        None, 'encryption offered 3DES-CBC 192, policy 10 has AES-CBC 256 (to accept it: encryption 3des)')),
    'key-length': (dict(suite='aes128-sha1-modp1024'), (NONE, P1), (
        None, 'encryption offered AES-CBC 128, policy 10 has AES-CBC 256 (to accept it: encryption aes)')),
    'hash': (dict(suite='aes256-md5-modp1024'), (NONE, P1), (
        None, 'hash offered MD5, policy 10 has SHA (to accept it: hash md5)')),
    'group': (dict(suite='aes256-sha1-modp1536'), (NONE, P1), (
        None, 'Diffie-Hellman group offered 5, policy 10 has 2 (to accept it: group 5)')),
    'lifetime': (dict(edit={KEY: KEY + '\ncrypto isakmp lifetime strict'}), (IDLE, None), (
        None, 'lifetime offered 15840 s, policy 10 has 86400 s and lifetimes are strict (to accept it: lifetime 15840, '
        'or no crypto isakmp lifetime strict)')),
    'peer': (dict(edit={KEY: KEY.replace(PEER, '192.0.2.77')}), (
        None, f'no pre-shared key with {PEER} (to type: crypto isakmp key KEY address {PEER})'), (
        None, f'it begins, and there is no pre-shared key with it (to type: crypto isakmp key KEY address {PEER})')),
    'identity': (dict(edit=FOR_P), (
        NONE, f"the peer's identity {PEER} matches no statement of isakmp profile P (to type in it: match identity address "
        f'{PEER})'), (
        IDLE, "crypto map M 10 wants isakmp profile P and phase 1 is of none: no statement matches the peer's identity "
        f'{PEER} (to type in it: match identity address {PEER})')),
    'our-identity': (dict(expect='r1.example.net'), (
        NONE, 'the peer refused our identity, or authentication pre-share: AUTHENTICATION_FAILED'), (
        NONE, f'the peer deleted the SA as soon as it had our identity {US}: it expects another one most likely (to type: '
        'crypto isakmp identity address | hostname | dn)')),
    'no-certificate': (dict(edit={'authentication pre-share': 'authentication rsa-sig'}), (
        None, 'no crypto isakmp policy that can be negotiated is configured (rsa-sig needs a certificate of ours)'), (
        None, 'no usable crypto isakmp policy is configured (rsa-sig needs a certificate of ours)')),
    'esp-cipher': (dict(esp='aes128-sha1'), (IDLE, P2.format('no PFS')), (
        IDLE, 'cipher offered esp-aes, transform-set TS has esp-aes 256 (to accept it: crypto ipsec transform-set TS '
        'esp-aes esp-sha-hmac)')),
    'esp-hash': (dict(esp='aes256-sha256'), (IDLE, P2.format('no PFS')), (
        IDLE, 'authenticator offered esp-sha256-hmac, transform-set TS has esp-sha-hmac (to accept it: crypto ipsec '
        'transform-set TS esp-aes 256 esp-sha256-hmac)')),
    'mode': (dict(kernel='fake', ts=(f'{PEER}/32[icmp]', f'{US}/32[icmp]'), mode='transport', edit=HOSTS), (
        IDLE, 'the peer refused quick mode: INVALID_ID_INFORMATION (its crypto ACL is no mirror of ours: permit icmp '
        f'host {US} host {PEER}, mode tunnel)'), (
        IDLE, 'mode offered transport, transform-set TS has mode tunnel (to accept it: mode transport)')),
    'pfs-missing': (dict(ours=dict(pfs=True)), (IDLE, P2.format('set pfs group2')), (
        IDLE, 'no PFS group offered, crypto map M 10 has set pfs group2 (to accept it: no set pfs)')),
    'pfs-group': (dict(ours=dict(pfs=True), esp='aes256-sha1-modp1536'), (IDLE, P2.format('set pfs group2')), (
        IDLE, 'PFS group offered 5, crypto map M 10 has set pfs group2 (to accept it: set pfs group5)')),
    'acl': (dict(ts=('10.2.1.0/24', NEAR)), (IDLE, ACL), (
        IDLE, 'no crypto map entry for this peer covers: permit ip 10.1.0.0 0.0.0.255 10.2.1.0 0.0.0.255')),
}


def two():
    w = World()
    w.us.addr('lo', '10.1.0.1/32')
    return w


@pytest.fixture
def world():
    w = two()
    try:
        yield w
    finally:
        w.close()


def state(router):
    found = re.search(r'192\.0\.2\.[12]\s+192\.0\.2\.[12]\s+(\w+)', router.cli('show crypto isakmp sa'))
    return found and found[1]


def events(router):
    """What the log says of refusals; lifetimes that were agreed on are none."""
    return [line.split(': ', 1)[1] for line in router.log().splitlines()
            if re.search('%CRYPTO-[0-6]-(IKMP|IPSEC)', line) and '_LIFETIME' not in line]


class Stage:
    """Our router and their charon, with what differs between the two."""

    def __init__(self, world, suite=SUITE, esp=ESP, psk='secretkey', ts=(FAR, NEAR), kernel='libipsec', edit=None,
                 ours=None, nft=None, expect=None, **more):
        self.world, self.target = world, (('10.2.0.1', '10.1.0.1') if ts[1] == NEAR else (PEER, US))
        fake = built('tests', 'system', 'libxfrmfake.so') if kernel == 'fake' else None
        self.peer = Charon(world.them, kernel, fake).start()
        conn = connection(PEER, US, suite, {'t': child(*ts, esp, **more)})
        if expect:
            conn['remote']['id'] = expect
        self.peer.load({'c': conn}, psk=psk)
        text = config(SUITE, US, PEER, [LAN], **(ours or {}))
        for a, b in (edit or {}).items():
            assert a in text, a
            text = text.replace(a, b)
        if nft:
            done = run(*world.them.argv('nft', '-f', '-'), ok=False, input=f'''
                table ip t {{
                    chain hears {{
                        type filter hook input priority 0;
                        {nft.get('in', '')}
                    }}
                    chain says {{
                        type filter hook output priority 0;
                        {nft.get('out', '')}
                    }}
                }}
                ''')
            if done.returncode:
                pytest.skip(f'no nftables here: {done.stderr.strip()}')
        self.router = Router(world.us, text)

    def ask(self, role, seconds=3):
        if role == 'initiator':
            self.world.us.ping(self.target[0], 1, source=self.target[1], wait=1).result()
        else:
            self.peer.initiate('t', timeout=seconds, ok=False)


@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('cause', ROWS)
def test_the_log_has_the_cause_and_the_state_is_that_of_ios(world, cause, role):
    stage = Stage(world, **ROWS[cause][0])
    want, event = ROWS[cause][1 if role == 'initiator' else 2]
    stage.ask(role)
    if event:
        until(lambda: events(stage.router), 5, f'an event\n{stage.router.log()}')
    assert state(stage.router) == want, stage.router.cli('show crypto isakmp sa')
    seen = events(stage.router)
    assert len(seen) == (1 if event else 0) and (not event or seen[0].endswith(event)), seen
    if role == 'initiator' and event:
        assert event in stage.router.cli('show crypto session'), stage.router.cli('show crypto session')


def test_the_document_has_what_the_router_says():
    text = (ROOT / 'docs' / 'troubleshooting.md').read_text()
    for cause, (_, *sides) in [*ROWS.items(), *SILENT.items()]:
        for side in sides:
            if side and side[1]:
                assert f'`{side[0] or "no line"}`:\n\n      {side[1].replace(".*", "...")}\n' in text, (cause, side)


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_another_method_of_authentication(world, role):
    """They have a certificate and want rsa-sig, we have a pre-shared key."""
    ca = Authority(world.net.dir)
    strongswan(world, ca, *ca.issue('peer', PEER_DN, '--san', PEER))
    router = Router(world.us, ios().replace('authentication rsa-sig', 'authentication pre-share') + KEY + '\n')
    if role == 'initiator':
        world.us.ping('10.2.0.1', 1, source='10.1.0.1', wait=1).result()
    else:
        world.peer.initiate('t', timeout=3, ok=False)
    until(lambda: events(router), 5, 'an event')
    text, = events(router)
    # strongSwan answers any method, and looks for a connection when it has our identity
    assert text.endswith(
        'the peer refused our identity, or authentication pre-share: AUTHENTICATION_FAILED' if role == 'initiator' else
        'authentication offered rsa-sig, policy 10 has authentication pre-share (to accept it: authentication rsa-sig)')
    assert state(router) == (NONE if role == 'initiator' else None)


@pytest.mark.parametrize('their,why', [(expired, 'expired: notAfter'), (foreign, 'does not lead to a CA of trustpoint TP'),
                                       (None, 'revoked: its serialNumber is in the CRL')],
                         ids=['expired', 'foreign', 'revoked'])
def test_a_bad_certificate(world, their, why):
    """The certificate's field and the rule, and MM_KEY_EXCH, since it is not authenticated."""
    ca = Authority(world.net.dir)
    router = Router(world.us, ios())
    give(router, ca, *ca.issue('r1', OUR_DN, '--san', US), revocation='none' if their else 'crl')
    if their:
        strongswan(world, ca, *their(ca))
    else:
        pair = ca.issue('peer', PEER_DN, '--san', PEER)
        (router.dir / 'cfg.pki' / 'TP.crl').write_bytes(ca.crl(ca.serial))
        strongswan(world, ca, *pair)
    world.us.ping('10.2.0.1', 1, source='10.1.0.1', wait=1).result()
    until(lambda: events(router), 5, f'an event\n{router.log()}')
    text, = events(router)
    assert re.search(r'IKMP_INVAL_CERT: Certificate received from 192.0.2.2 is bad: .*' + why, text), text
    assert state(router) in ('MM_KEY_EXCH', NONE)


# Causes that are silence: an exchange is given up after 31 s (begun) or 40 s (answered), so all of them wait at once.
# cause: what differs; state meanwhile, event at the end: as initiator, as responder
DROP500, DROP4500 = 'udp dport 500 drop;', 'udp dport 4500 drop;'
SILENT = {
    'wrong-key': (dict(psk='another', kernel='fake'), (
        'MM_KEY_EXCH', 'the peer does not answer our identity: the pre-shared keys differ most likely'), (
        'MM_KEY_EXCH', 'failed its sanity check or is malformed: the pre-shared keys differ')),
    'wrong-key-and-nat': (dict(psk='another'), (  # the peer is silent on it, as if it were blocked
        'MM_KEY_EXCH', 'UDP 4500 seems blocked: .*; if it is open, the pre-shared keys differ'), None),
    'udp-500-blocked': (dict(nft={'in': DROP500}), (
        NONE, f'no answer from UDP 500 of {PEER}: it is blocked, or the peer is down or does not know us (to type: ping)'),
        None),
    'udp-4500-blocked': (dict(nft={'in': DROP4500, 'out': DROP4500}), (
        'MM_KEY_EXCH', 'UDP 4500 seems blocked: .*'), ('MM_KEY_EXCH', 'UDP 4500 seems blocked: .*')),
    'one-way-from-us': (dict(nft={'out': DROP500}), (  # ours arrive, theirs do not
        NONE, 'no answer from UDP 500 .*'), None),
    'one-way-to-us': (dict(nft={'in': DROP500}), None, (
        'MM_SA_SETUP', f'our answers do not reach the peer: it repeats message 1 though each was answered: UDP 500 from us '
        f'to {PEER} is blocked')),
}


def wait_out(cause, role, out):
    world = two()
    try:
        stage = Stage(world, **SILENT[cause][0])
        want, event = SILENT[cause][1 if role == 'initiator' else 2]
        asked = threading.Thread(target=stage.ask, args=(role, 30))
        asked.start()
        until(lambda: state(stage.router) == want, 8, f'{want}, not {state(stage.router)}')
        until(lambda: events(stage.router), 50, f'an event\n{stage.router.log()}')
        asked.join()
        seen = events(stage.router)
        assert len(seen) == 1 and re.search(event.replace('(', r'\(').replace(')', r'\)') + '$', seen[0]), seen
        out[cause, role] = None
    except BaseException as e:  # noqa: B036 (reported by the test)
        out[cause, role] = e
    finally:
        world.close()


@pytest.mark.slow
def test_silence_is_explained():
    cases = [(c, r) for c, row in SILENT.items() for r, what in zip(('initiator', 'responder'), row[1:]) if what]
    out = {}
    threads = [threading.Thread(target=wait_out, args=(*case, out)) for case in cases]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    bad = {case: str(e) for case, e in out.items() if e}
    assert len(out) == len(cases) and not bad, bad
