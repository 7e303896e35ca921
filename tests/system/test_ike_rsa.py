# SPDX-License-Identifier: Apache-2.0
"""Main mode with RSA signatures: a whole router against strongSwan, certificates by openssl and strongSwan's pki."""
import re
import subprocess

import pytest

from ikecore import PEER, US, World
from peers.netns import need, until
from peers.strongswan import child, connection
from router import Router, config
from test_pki import openssl, typed

NEAR, FAR = '10.1.0.0/24', '10.2.0.0/24'
LAN = 'ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255'
SUITE, ESP = 'aes256-sha1-modp1024', 'aes256-sha1'
OUR_DN, PEER_DN = 'C=CH, O=Test, CN=r1', 'C=CH, O=Test, CN=peer'


@pytest.fixture
def world():
    need('openssl', 'pki')
    w = World()
    w.us.addr('lo', '10.1.0.1/32')
    try:
        yield w
    finally:
        w.close()


class Authority:
    """A CA of strongSwan's pki, and what it issues."""

    def __init__(self, folder, name='CA', above=None):
        self.dir, self.name, self.serial = folder, name, 0x10
        self.key, self.cert = folder / f'{name}.key', folder / f'{name}.der'
        openssl('genrsa', '-traditional', '-out', self.key, 2048)
        dn = f'C=CH, O=Test, CN={name}'
        if above:
            above.sign(self.key, self.cert, dn, '--ca')
        else:
            self.cert.write_bytes(self.pki('--self', '--in', self.key, '--type', 'rsa', '--dn', dn, '--ca'))

    def pki(self, *argv, data=None):
        done = subprocess.run(['pki', *map(str, argv)], input=data, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def sign(self, key, cert, dn, *more):
        public = openssl('rsa', '-in', key, '-pubout', '-outform', 'DER')
        self.serial += 1
        cert.write_bytes(self.pki('--issue', '--type', 'pub', '--cacert', self.cert, '--cakey', self.key, '--dn', dn,
                                  '--serial', f'{self.serial:x}', *more, data=public))

    def issue(self, name, dn, *more, bits=2048):
        """(key, certificate) as files."""
        key, cert = self.dir / f'{name}.key', self.dir / f'{name}.der'
        openssl('genrsa', '-traditional', '-out', key, bits)
        self.sign(key, cert, dn, *more)
        return key, cert

    def pem(self):
        return openssl('x509', '-inform', 'DER', '-in', self.cert).decode()

    def crl(self, *serials):
        more = [x for s in serials for x in ('--serial', f'{s:x}')]
        return self.pki('--signcrl', '--cacert', self.cert, '--cakey', self.key, *more)


def ios(identity='address', extra=''):
    text = config(SUITE, US, PEER, [LAN], extra=extra)
    text = text.replace('authentication pre-share', 'authentication rsa-sig')
    text = re.sub('crypto isakmp key .*\n', '', text)
    return f'hostname r1\ncrypto isakmp identity {identity}\n' + text


def give(router, ca, key, cert, revocation='none'):
    """The router gets its key, certificate and CA as a PKCS#12."""
    (router.dir / 'ca.pem').write_text(ca.pem())
    pem = openssl('x509', '-inform', 'DER', '-in', cert)
    (router.dir / 'own.pem').write_bytes(pem)
    p12 = openssl('pkcs12', '-export', '-inkey', key, '-in', router.dir / 'own.pem', '-certfile', router.dir / 'ca.pem',
                  '-passout', 'pass:secret99')
    said = typed(router, 'conf t', 'crypto pki import TP pkcs12 terminal password secret99',
                 *openssl('base64', data=p12).decode().splitlines(), 'quit',
                 'crypto pki trustpoint TP', f'revocation-check {revocation}', 'end')
    assert 'Imported PKCS12 file successfully' in said, said


def strongswan(world, ca, key, cert, us=US, them=PEER, more_cas=(), **conn):
    c = connection(PEER, US, SUITE, {'t': child(FAR, NEAR, ESP)}, **conn)
    c['local'] = {'auth': 'pubkey', 'certs': 'own.der', 'id': f'"{them}"'}
    c['remote'] = {'auth': 'pubkey', 'id': f'"{us}"'}
    peer = world.charon({}) if not hasattr(world, 'peer') else world.peer
    for folder, files in (('x509', {'own.der': cert}), ('private', {'own.key': key}),
                          ('x509ca', {f'{x.name}.der': x.cert for x in (ca, *more_cas)})):
        (peer.dir / 'swanctl' / folder).mkdir(exist_ok=True)
        for name, src in files.items():
            (peer.dir / 'swanctl' / folder / name).write_bytes(src.read_bytes())
    return peer.load({'c': c})


def start(world, identity='address', us=US, them=PEER, their=None, ours=None, **more):
    ca = Authority(world.net.dir)
    router = Router(world.us, ios(identity))
    give(router, ca, *(ours or ca.issue('r1', OUR_DN, '--san', US, '--san', 'r1')),
         revocation=more.get('revocation', 'none'))
    key, cert = their(ca) if their else ca.issue('peer', PEER_DN, '--san', PEER, '--san', 'peer.example.com')
    return strongswan(world, ca, key, cert, us, them), router, ca


def ping(world, count=5, **kw):
    return world.us.ping('10.2.0.1', count, source='10.1.0.1', **kw)


def crosses(world, peer, router):
    got = ping(world).result()
    assert got.sent == 5 and not got.lost, router.log() + peer.log()
    one, = peer.children()
    assert int(one['packets-in']) == 5 and int(one['packets-out']) == 5
    assert re.search(r'QM_IDLE\s+1001 ACTIVE', router.cli('show crypto isakmp sa'))
    assert ' rsig ' in router.cli('show crypto isakmp sa detail')
    assert f'authentication of' in peer.log() and "with RSA" in peer.log(), peer.log()


@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('identity,us', [('address', US), ('hostname', 'r1'), ('dn', OUR_DN)],
                         ids=['address', 'hostname', 'dn'])
def test_both_prove_themselves_and_packets_cross(world, identity, us, role):
    peer, router, _ = start(world, identity, us, them=PEER_DN if identity == 'dn' else PEER)
    if role == 'responder':
        peer.initiate('t')
    crosses(world, peer, router)


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_a_peer_below_an_intermediate_ca(world, role):
    """The router trusts the root only; strongSwan sends the intermediate certificate."""
    root = Authority(world.net.dir, 'Root')
    sub = Authority(world.net.dir, 'Sub', above=root)
    router = Router(world.us, ios())
    give(router, root, *root.issue('r1', OUR_DN, '--san', US))
    peer = strongswan(world, root, *sub.issue('peer', PEER_DN, '--san', PEER), more_cas=[sub])
    if role == 'responder':
        peer.initiate('t')
    crosses(world, peer, router)


def expired(ca):
    return ca.issue('peer', PEER_DN, '--san', PEER, '--dateform', '%Y%m%d', '--not-before', '20200101', '--not-after',
                    '20210101')


def foreign(ca):
    return Authority(ca.dir, 'Other').issue('peer', PEER_DN, '--san', PEER)


@pytest.mark.parametrize('role', ['initiator', 'responder'])
@pytest.mark.parametrize('their,them,why', [
    (expired, PEER_DN, 'expired: notAfter'), (foreign, PEER_DN, 'does not lead to a CA of trustpoint TP')],
    ids=['expired', 'foreign'])
def test_a_certificate_is_refused_with_field_and_rule(world, their, them, why, role):
    """No SA, and the log says why. (An identity that its certificate lacks is nothing that strongSwan claims.)"""
    peer, router, _ = start(world, us=US, them=them, their=their)
    if role == 'initiator':
        ping(world, 2, wait=1).result()
    else:
        peer.initiate('t', ok=False, timeout=5)
    until(lambda: re.search(r'IKMP_INVAL_CERT: Certificate received from 192.0.2.2 is bad: .*' + why, router.log()), 10,
          f'the refusal\n{router.log()}\n{peer.log()}')
    assert not peer.children() and 'QM_IDLE' not in router.cli('show crypto isakmp sa').replace('deleted', '')


def test_a_revoked_certificate_is_refused(world):
    peer, router, ca = start(world, revocation='crl')
    (router.dir / 'cfg.pki' / 'TP.crl').write_bytes(ca.crl(ca.serial))
    ping(world, 2, wait=1).result()
    until(lambda: 'revoked: its serialNumber is in the CRL' in router.log(), 10, 'the refusal\n' + router.log())
    assert not peer.children()
    (router.dir / 'cfg.pki' / 'TP.crl').write_bytes(ca.crl())
    router.cli('clear crypto isakmp')
    got = ping(world).result()
    assert got.sent == 5 and not got.lost, router.log() + peer.log()
    assert len(peer.children()) == 1


def test_what_the_peer_refuses_is_told(world):
    """Our certificate lacks the address that we say we are."""
    ca = Authority(world.net.dir)
    router = Router(world.us, ios())
    give(router, ca, *ca.issue('r1', OUR_DN))
    peer = strongswan(world, ca, *ca.issue('peer', PEER_DN, '--san', PEER))
    ping(world, 2, wait=1).result()
    until(lambda: 'the peer refused our certificate, identity or signature' in router.cli('show crypto session'), 10,
          router.cli('show crypto session') + router.log() + peer.log())
    assert not peer.children()


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_our_chain_is_sent(world, role):
    """Our CA is an intermediate one, which the peer does not have."""
    root = Authority(world.net.dir, 'Root')
    sub = Authority(world.net.dir, 'Sub', above=root)
    router = Router(world.us, ios())
    give(router, sub, *sub.issue('r1', OUR_DN, '--san', US))
    key, cert = sub.issue('peer', PEER_DN, '--san', PEER)
    peer = strongswan(world, root, key, cert)
    if role == 'responder':
        peer.initiate('t')
    crosses(world, peer, router)


def test_mixed_policies_go_by_priority(world):
    """The peer offers a pre-shared key only: the second policy is taken. (As responder it takes the first.)"""
    text = ios() + 'crypto isakmp policy 20\n encr aes 256\n hash sha\n authentication pre-share\n group 2\n' \
        f'crypto isakmp key secretkey address {PEER}\n'
    ca = Authority(world.net.dir)
    router = Router(world.us, text)
    give(router, ca, *ca.issue('r1', OUR_DN, '--san', US))
    peer = world.charon({'c': connection(PEER, US, SUITE, {'t': child(FAR, NEAR, ESP)})})
    peer.initiate('t')
    got = ping(world).result()
    assert got.sent == 5 and not got.lost, router.log() + peer.log()
    assert ' psk ' in router.cli('show crypto isakmp sa detail')


def test_without_a_certificate_the_policy_is_not_offered(world):
    router = Router(world.us, ios())
    until(lambda: 'authentication rsa-sig is not negotiated' in router.log(), 10, router.log())
    ping(world, 2, wait=1).result()
    assert 'MM_' not in router.cli('show crypto isakmp sa')
