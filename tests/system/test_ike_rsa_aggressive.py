# SPDX-License-Identifier: Apache-2.0
"""Aggressive mode with RSA signatures (RFC 2409 section 5.1): a whole router against strongSwan."""
import re

import pytest

from ikecore import PEER, US
from peers.netns import until
from peers.strongswan import child, connection
from router import Router
from test_ike_rsa import ESP, FAR, NEAR, OUR_DN, PEER_DN, SUITE, Authority, crosses, expired, give, ios, ping, strongswan, world  # noqa: F401
from test_pki import hexes, openssl, typed

AG = 'no crypto isakmp aggressive-mode disable\n'
AS = {'address': f'ipv4-address {US}', 'fqdn': 'fqdn r1.example.com', 'user': 'user-fqdn r1@example.com'}
SANS = ('--san', US, '--san', 'r1', '--san', 'r1.example.com', '--san', 'r1@example.com')


def client(kind):
    return AG + f'crypto isakmp peer address {PEER}\n set aggressive-mode client-endpoint {AS[kind]}\n'


def start(world, extra, identity='address', us=US, them=PEER, their=None, **conn):  # noqa: F811
    ca = Authority(world.net.dir)
    text = ios(identity, extra=extra).replace('hostname r1\n', 'hostname r1\nip domain name example.com\n')
    router = Router(world.us, text)
    give(router, ca, *ca.issue('r1', OUR_DN, *SANS))
    key, cert = their(ca) if their else ca.issue('peer', PEER_DN, '--san', PEER, '--san', 'peer.example.com')
    peer = strongswan(world, ca, key, cert, us, them, aggressive='yes', **conn)
    return peer, router


def aggressive_only(peer, router):
    log = peer.log()
    assert re.search(r'(generating|parsed) AGGRESSIVE ', log) and 'ID_PROT' not in log, log


slow = pytest.mark.slow


@pytest.mark.parametrize('kind,us', [
    pytest.param('address', US, marks=slow), ('fqdn', 'r1.example.com'),
    pytest.param('user', 'r1@example.com', marks=slow)])
def test_we_begin(world, kind, us):  # noqa: F811
    peer, router = start(world, client(kind), us=us)
    crosses(world, peer, router)
    aggressive_only(peer, router)


@pytest.mark.parametrize('identity,us,them', [
    pytest.param('address', US, PEER, marks=slow), pytest.param('hostname', 'r1', 'peer.example.com', marks=slow),
    ('dn', OUR_DN, PEER_DN)],
    ids=['address', 'fqdn', 'dn'])
def test_the_peer_begins(world, identity, us, them):  # noqa: F811
    peer, router = start(world, AG, identity, us, them)
    peer.initiate('t')
    crosses(world, peer, router)
    aggressive_only(peer, router)


@pytest.mark.parametrize('role', ['initiator', pytest.param('responder', marks=slow)])
def test_a_certificate_is_refused(world, role):  # noqa: F811
    peer, router = start(world, client('address'), them=PEER_DN, their=expired)
    if role == 'initiator':
        ping(world, 2, wait=1).result()
    else:
        peer.initiate('t', ok=False, timeout=5)
    until(lambda: re.search(r'IKMP_INVAL_CERT: Certificate received from 192.0.2.2 is bad: .*expired: notAfter',
                            router.log()), 10, f'the refusal\n{router.log()}\n{peer.log()}')
    assert not peer.children() and 'QM_IDLE' not in router.cli('show crypto isakmp sa').replace('deleted', '')


def test_it_is_off_unless_typed(world):  # noqa: F811
    peer, router = start(world, '')
    peer.initiate('t', ok=False, timeout=3)
    until(lambda: 'IKMP_AG_MODE_DISABLED' in router.log(), 10, router.log())
    assert not peer.children() and 'AG_' not in router.cli('show crypto isakmp sa')


@pytest.mark.parametrize('role', ['initiator', pytest.param('responder', marks=slow)])
def test_keys_typed_in_instead_of_certificates(world, role):  # noqa: F811
    """Main mode: the router has a signature key of the peer's, the peer one of the router's, nobody a certificate."""
    router = Router(world.us, ios().replace('hostname r1\n', 'hostname r1\nip domain name example.com\n'))
    own = world.net.dir / 'peer.key'
    openssl('genrsa', '-traditional', '-out', own, 2048)
    spki = openssl('rsa', '-in', own, '-pubout', '-outform', 'DER').hex().upper()
    typed(router, 'conf t', 'crypto key generate rsa modulus 2048', 'crypto key pubkey-chain rsa',
          f'addressed-key {PEER} signature', 'key-string', *(spki[i:i + 64] for i in range(0, len(spki), 64)), 'quit', 'end')
    until(lambda: 'Key Data' in router.cli('show crypto key mypubkey rsa'), 20, 'the key')
    his = hexes(router.cli('show crypto key mypubkey rsa'))
    c = connection(PEER, US, SUITE, {'t': child(FAR, NEAR, ESP)})
    c['local'] = {'auth': 'pubkey', 'pubkeys': 'peer.der', 'id': PEER}
    c['remote'] = {'auth': 'pubkey', 'pubkeys': 'r1.der', 'id': US}
    peer = world.charon({})
    for folder, name, data in (('pubkey', 'peer.der', bytes.fromhex(spki)), ('pubkey', 'r1.der', his),
                               ('private', 'peer.key', own.read_bytes())):
        (peer.dir / 'swanctl' / folder).mkdir(exist_ok=True)
        (peer.dir / 'swanctl' / folder / name).write_bytes(data)
    peer.load({'c': c})
    if role == 'responder':
        peer.initiate('t')
    crosses(world, peer, router)
