# SPDX-License-Identifier: Apache-2.0
"""Enrollment by SCEP: scepca.py is the CA, strongSwan's pki proves that it is one, strongSwan is the peer."""
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import time

import pytest

import scepca
from conftest import built
from ikecore import PEER, US
from layout import compare
from peers.netns import until
from router import Router
from test_ike_rsa import OUR_DN, PEER_DN, Authority, ios, ping, strongswan, world  # noqa: F401
from test_pki import openssl, typed

pytestmark = pytest.mark.no_way('control alone: no packet passes')

TP = ['crypto pki trustpoint TP', f'enrollment url http://{PEER}', 'serial-number none', f'ip-address {US}',
      'subject-name C=CH, O=Test, CN=r1', 'revocation-check none', 'rsakeypair TP 2048', 'exit']
ENROLL = ['crypto pki enroll TP', 'secret7', 'secret7', 'yes']


class Server:
    def __init__(self, world):
        self.dir = world.net.dir / 'scep'
        scepca.make(self.dir)
        self.how()
        self.proc = world.them.popen(sys.executable, pathlib.Path(scepca.__file__), self.dir, PEER, log=world.net.dir / 'scep.log')
        until(lambda: ':80 ' in world.them.run('ss', '-ltn').stdout, 10, 'the CA')

    def how(self, do='grant', **more):
        (self.dir / 'how.new').write_text(json.dumps({'do': do, **more}))
        (self.dir / 'how.new').rename(self.dir / 'how')

    def asked(self):
        f = self.dir / 'asked'
        return [json.loads(x) for x in f.read_text().splitlines()] if f.exists() else []

    def of(self, key):
        return [x[key] for x in self.asked() if key in x]

    def fingerprint(self, digest):
        said = openssl('x509', '-in', self.dir / 'ca.pem', '-noout', '-fingerprint', f'-{digest}').decode()
        return said.split('=')[1].strip().replace(':', '')


def start(world, extra=(), config=None):
    server = Server(world)
    router = Router(world.us, config or ios())
    said = typed(router, 'conf t', *TP, *extra, 'end')
    assert '% I' not in said, said
    return server, router


def authenticated(world, extra=(), **more):
    server, router = start(world, extra, **more)
    said = typed(router, 'conf t', 'crypto pki authenticate TP', 'yes', 'end')
    assert 'Trustpoint CA certificate accepted.' in said, said
    return server, router


def enroll(router, *more):
    return typed(router, 'conf t', *ENROLL, *more, 'end')


def logged(router, text, n=1, seconds=10):
    until(lambda: len(re.findall(text, router.log())) >= n, seconds, f'{text}\n{router.log()}')
    return re.findall('.*' + text + '.*', router.log())[-1]


def has_certificate(router):
    return ' certificate ca ' in router.cli('show running-config') and \
        bool(re.search(r'^ certificate [0-9A-F]+$', router.cli('show running-config'), re.M))


def test_strongswan_proves_the_test_ca(world):  # noqa: F811
    server = Server(world)
    d = server.dir
    # 5.9.8 takes one capability for another; all of them it finds
    server.how(caps='AES\nDES3\nSHA-1\nSHA-224\nSHA-256\nSHA-384\nSHA-512\nPOSTPKIOperation\n')
    openssl('genrsa', '-traditional', '-out', d / 'client.key', 2048)
    got = world.them.run('pki', '--scep', '--url', f'http://{PEER}/cgi-bin/pkiclient.exe', '--in', d / 'client.key', '--dn',
              'C=CH, O=Test, CN=swan', '--san', 'swan.example.com', '--password', 'secret7', '--cacert-enc', d / 'ca.pem',
              '--cacert-sig', d / 'ca.pem', '--outform', 'pem', ok=False)
    assert 'BEGIN CERTIFICATE' in got.stdout, got.stdout + got.stderr + str(server.asked())
    (d / 'swan.pem').write_text(got.stdout)
    assert b'OK' in openssl('verify', '-CAfile', d / 'ca.pem', d / 'swan.pem')
    assert server.of('type') == [19] and server.of('challenge') == [['secret7']]


def test_a_router_enrolls_and_strongswan_lets_it_in(world):  # noqa: F811
    server, router = start(world)
    for part in ('messages', 'transactions', 'callbacks', 'validation'):
        router.cli(f'debug crypto pki {part}')
    said = typed(router, 'conf t', 'crypto pki authenticate TP', 'yes', *ENROLL, 'end')
    groups = re.search(r'Fingerprint SHA1: (.*)', said).group(1).replace(' ', '')
    assert groups == server.fingerprint('sha1') and 'Certificate has the following attributes:' in said
    for text in ('% Start certificate enrollment ..',
                 '% The subject name in the certificate will include: C=CH, O=Test, CN=r1',
                 '% Certificate request sent to Certificate Authority'):
        assert text in said, said
    assert 'secret7' not in router.log() + router.cli('show running-config')
    logged(router, '%PKI-6-CERTRET: Certificate received from Certificate Authority')
    assert [(x['method'], x['path'], x['op']) for x in server.asked() if 'op' in x] == [
        ('GET', '/cgi-bin/pkiclient.exe', 'GetCACert'), ('GET', '/cgi-bin/pkiclient.exe', 'GetCACaps'),
        ('GET', '/cgi-bin/pkiclient.exe', 'GetCACert'), ('POST', '/cgi-bin/pkiclient.exe', 'PKIOperation')]
    assert server.of('type') == [19] and server.of('cipher') == ['aes-128-cbc'] and server.of('self_signed') == [True]
    assert server.of('challenge') == [['secret7']] and not server.of('error')
    shown = router.cli('show crypto pki certificates')
    assert shown.count('Status: Available') == 2 and 'ipaddress=192.0.2.1' in shown, shown
    status = router.cli('show crypto pki trustpoints status')
    assert 'Last enrollment status: Granted' in status and 'Certificate request(s) ..... Yes' in status

    ca = Authority.__new__(Authority)  # strongSwan's certificate comes from the same CA
    ca.dir, ca.name, ca.serial, ca.key, ca.cert = server.dir, 'CA', 0x10, server.dir / 'ca.key', server.dir / 'ca.der'
    ca.cert.write_bytes(openssl('x509', '-in', server.dir / 'ca.pem', '-outform', 'DER'))
    peer = strongswan(world, ca, *ca.issue('peer', PEER_DN, '--san', PEER))
    got = ping(world).result()
    assert got.sent == 5 and not got.lost, router.log() + peer.log()
    assert len(peer.children()) == 1 and 'with RSA' in peer.log()
    debug = [m[1] for m in re.finditer(r'CRYPTO_PKI: (.*)', router.log())]
    url = f'http://{PEER}/cgi-bin/pkiclient.exe?operation='
    for line in (f'Sending GetCACert request of trustpoint TP: GET {url}GetCACert',
                 f'Sending PKIOperation request of trustpoint TP: POST {url}PKIOperation', 'status = 100: certificate is granted',
                 'Certificate validated by trustpoint TP', 'IKE asks about a peer with 1 certificate: authenticated'):
        assert line in debug, debug
    assert any(re.fullmatch(r'PKCSReq of transaction \w+, \d+ bytes in PKCS #7, SHA-256 digest', d) for d in debug), debug
    assert 'secret7' not in router.log()
    # once more, with the certificate that is there: a renewal, which the CA knows by its signature
    assert '% You already have a certificate from this' in typed(router, 'conf t', ENROLL[0], 'yes', *ENROLL[1:], 'end')
    logged(router, 'PKI-6-CERTRET', 2)
    assert server.of('type') == [19, 17] and server.of('self_signed') == [True, False]


def test_a_request_is_pending_and_then_granted(world):  # noqa: F811
    server, router = authenticated(world)
    server.how('pending')
    enroll(router)
    assert 'asking again in 1 minute (1 of 10)' in logged(router, '%PKI-6-CERTPEND: trustpoint TP')
    shown = router.cli('show crypto pki certificates')
    compare(router, 'show crypto pki trustpoints status', 'pki-trustpoints-status')
    status = router.cli('show crypto pki trustpoints status')
    assert 'Status: Pending' in shown and 'Certificate request(s) ..... Pending' in status, shown + status
    timers = router.cli('show crypto pki timers')
    assert re.fullmatch(r'PKI Timers\n\|( +(?:\d+:)?\d\d?\.\d{3}  \(20\S+Z\))\n  \|\1 POLL TP\nCRL Timers\n\n?', timers), timers
    assert json.loads(router.cli('show crypto pki counters | json'))['sessions_active'] == 1
    assert 'Enrollment polling: 0 times (10 left)' in status and 'Last enrollment status: Pending' in status
    md5 = re.search('Request Fingerprint MD5: (.*)', status).group(1).replace(' ', '')
    assert md5 == hashlib.md5((server.dir / 'request').read_bytes()).hexdigest().upper()
    assert 'it is asked now' in typed(router, 'conf t', 'crypto pki enroll TP', 'end')
    logged(router, 'PKI-6-CERTPEND', 2)
    server.how()
    typed(router, 'conf t', 'crypto pki enroll TP', 'end')
    logged(router, 'PKI-6-CERTRET')
    assert server.of('type') == [19, 20, 20] and server.of('poll_is_right') == [True, True]
    assert len(set(server.of('transaction'))) == 1 and len(set(server.of('nonce'))) == 3
    assert has_certificate(router) and not server.of('error')
    counters = compare(router, 'show crypto pki counters', 'pki-counters')
    assert counters['sessions_started'] == counters['sessions_ended'] > 0 == counters['sessions_active']
    typed(router, 'conf t', TP[0], 'auto-enroll 70', 'end')
    assert ' RENEW TP\n' in router.cli('show crypto pki timers')
    router.cli('clear crypto pki counters')
    assert compare(router, 'show crypto pki counters', 'pki-counters')['sessions_started'] == 0


def test_refusals_are_told_with_their_reason(world):  # noqa: F811
    server, router = authenticated(world)
    server.how('refuse', fail=2, text='no \x1b[31msuch device')
    enroll(router)
    said = logged(router, '%PKI-6-CERTREJECT: Certificate enrollment request was rejected by Certificate Authority')
    assert 'badRequest' in said and 'the CA says: no .[31msuch device' in said
    assert 'Last enrollment status: Rejected' in router.cli('show crypto pki trustpoints status')
    assert not has_certificate(router)


def test_a_fingerprint_decides_without_a_question(world):  # noqa: F811
    server, router = start(world, [TP[0], 'fingerprint ' + 'AB' * 20, 'exit'])
    said = typed(router, 'conf t', 'crypto pki authenticate TP', 'end')
    assert 'Certificate rejected - fingerprints do not match.' in said, said
    assert 'certificate ca' not in router.cli('show running-config')
    for digest in ('md5', 'sha1', 'sha256'):
        said = typed(router, 'conf t', TP[0], f'fingerprint {server.fingerprint(digest)}', 'exit', 'crypto pki authenticate TP', 'end')
        assert 'Certificate validated - fingerprints matched.' in said, said
        typed(router, 'conf t', 'no crypto pki certificate chain TP', 'end')
    server.how(certs=['evil'])  # it has the CA's name, and another key
    said = typed(router, 'conf t', 'crypto pki authenticate TP', 'end')
    assert 'Certificate rejected - fingerprints do not match.' in said, said


EVIL = [({'evil': 'noise'}, 'no SignedData'), ({'evil': 'huge'}, 'longer than what is taken'),
        ({'evil': 'cut'}, 'no SignedData'), ({'evil': 'signer'}, 'not signed by the CA that was authenticated'),
        ({'evil': 'nonce'}, 'recipientNonce is not what was sent'), ({'evil': 'transaction'}, 'transactionID is that of another'),
        ({'evil': 'type'}, 'messageType is not CertRep'), ({'evil': 'status'}, 'pkiStatus is none of'),
        ({'evil': 'clear'}, 'no EnvelopedData'), ({'evil': 'other key'}, 'of the key of the request'),
        ({'evil': 'foreign'}, 'the certificate from the CA is refused: '), ({'digest': 'md5'}, 'hash that is not taken'),
        ({'certs': ['evil']}, 'the CA that was authenticated is not among them'),
        ({'certs': ['ca', 'ra']}, 'enrollment mode ra allows that')]


def test_hostile_answers_give_no_certificate(world):  # noqa: F811
    server, router = authenticated(world)
    for how, why in EVIL:
        server.how(**how)
        n = len(re.findall('PKI-4-CERT_ENROLL_RETRY|PKI-3-CERT_ENROLL_FAIL', router.log()))
        enroll(router)
        said = logged(router, '(?:PKI-4-CERT_ENROLL_RETRY|PKI-3-CERT_ENROLL_FAIL)', n + 1)
        assert why in said, (how, said)
        assert not has_certificate(router), how
        if 'RETRY' in said:  # it would ask again in a minute; a refusal by the CA ends that
            server.how('refuse')
            k = router.log().count('CERTREJECT')
            typed(router, 'conf t', 'crypto pki enroll TP', 'end')
            logged(router, 'CERTREJECT', k + 1)
    assert 'Issuing CA authenticated ....... Yes' in router.cli('show crypto pki trustpoints status')


@pytest.mark.parametrize('caps,cipher,digest,method,weak', [
    ('POSTPKIOperation\r\nAES\r\nSHA-512\r\n', 'aes-128-cbc', 'sha256', 'POST', None),
    ('SCEPStandard', 'aes-128-cbc', 'sha256', 'POST', None),
    ('DES3\nSHA-1\n', 'des-ede3-cbc', 'sha1', 'GET', '3DES and SHA-1'),
    (None, 'des-cbc', 'sha1', 'GET', 'DES and SHA-1')], ids=['sha512', 'standard', 'des3', 'none'])
def test_what_the_ca_can_decides(world, caps, cipher, digest, method, weak):  # noqa: F811
    server, router = authenticated(world)
    server.how(caps=caps, digest=digest, cipher={'des-cbc': 'des', 'des-ede3-cbc': 'des3'}.get(cipher, 'aes128'))
    enroll(router)
    logged(router, 'PKI-6-CERTRET')
    assert server.of('cipher') == [cipher] and server.of('method')[-1] == method, server.asked()
    assert ('PKI-4-SCEP_WEAK' in router.log()) == bool(weak)
    if weak:
        assert f'is protected by {weak}, which is weak' in router.log()


def test_a_registration_authority_answers_if_that_is_configured(world):  # noqa: F811
    server, router = authenticated(world, [TP[0], 'enrollment mode ra', 'exit'])
    server.how(certs=['ca', 'ra'])
    enroll(router)
    logged(router, 'PKI-6-CERTRET')
    assert ' enrollment mode ra\n' in router.cli('show running-config') and has_certificate(router)


def test_a_server_that_is_not_there(world):  # noqa: F811
    server, router = authenticated(world)
    typed(router, 'conf t', TP[0], f'enrollment url http://{PEER}:81/scep', 'enrollment retry count 3', 'enrollment retry period 7', 'end')
    enroll(router)
    assert 'asking again in 7 minutes (1 of 3)' in logged(router, 'PKI-4-CERT_ENROLL_RETRY')
    for i in range(2, 5):
        typed(router, 'conf t', 'crypto pki enroll TP', 'end')
        logged(router, 'PKI-4-CERT_ENROLL_RETRY' if i < 4 else 'given up after 3 repetitions', i if i < 4 else 1)
    typed(router, 'conf t', 'no crypto pki certificate chain TP', 'end')
    said = typed(router, 'conf t', 'crypto pki authenticate TP', 'end')
    assert '% Error in receiving Certificate Authority certificate: status = FAIL, cert length = 0' in said, said
    for url in ('https://ca', f'http://{PEER}/x?y', 'http://user@ca/'):
        said = typed(router, 'conf t', TP[0], f'enrollment url {url}', 'exit', 'crypto pki authenticate TP', 'end')
        assert re.search('cannot be asked|Only http', said), said


def test_nobody_waits_any_more(world):  # noqa: F811
    """The session ends while the CA thinks; the trustpoint goes while a request is pending."""
    server, router = start(world)
    server.how(stall=1)
    shell = subprocess.Popen([built('culvert'), 'shell', '--socket', router.sock], stdin=subprocess.PIPE, text=True,
                             stdout=subprocess.DEVNULL)
    shell.stdin.write('conf t\ncrypto pki authenticate TP\n')
    shell.stdin.flush()
    time.sleep(0.5)
    began = time.monotonic()
    assert 'TP' in router.cli('show crypto pki trustpoints') and time.monotonic() - began < 0.4  # the loop goes on
    shell.kill()
    shell.wait()
    until(lambda: server.of('op') == ['GetCACert'], 10, server.asked())
    server.how('pending')
    assert 'accepted.' in typed(router, 'conf t', 'crypto pki authenticate TP', 'yes', 'end')
    enroll(router)
    logged(router, 'PKI-6-CERTPEND')
    typed(router, 'conf t', 'no crypto pki trustpoint TP', 'yes', *TP, 'end')
    status = router.cli('show crypto pki trustpoints status')
    assert 'pending' not in status and 'Issuing CA authenticated ....... No' in status, status
    assert 'Pending' not in router.cli('show crypto pki certificates')


@pytest.mark.slow
def test_auto_enroll_renews_before_the_end(world):  # noqa: F811
    server, router = authenticated(world)
    server.how(**{'from': -1000, 'to': 3000})  # a quarter of its life has passed
    enroll(router)
    logged(router, 'PKI-6-CERTRET')
    before = router.cli('show crypto pki certificates')
    server.how()
    typed(router, 'conf t', TP[0], 'auto-enroll 20', 'end')
    logged(router, '%PKI-6-CERTRENEWAUTO: trustpoint TP: Renewing the router certificate', seconds=20)
    logged(router, 'PKI-6-CERTRET', 2)
    assert server.of('type') == [19, 17] and router.cli('show crypto pki certificates') != before
    time.sleep(11)  # the new one is at the beginning of its life
    assert router.log().count('CERTRENEWAUTO') == 1
