# SPDX-License-Identifier: Apache-2.0
"""CRLs by HTTP: Python's server, strongSwan's pki as the CA, strongSwan as the peer."""
import json
import sys
import time

import pytest

from ikecore import PEER, US
from peers.netns import until
from router import Router
from test_ike_rsa import OUR_DN, PEER_DN, Authority, give, ios, ping, strongswan, typed, world  # noqa: F401

SERVER = r'''
import pathlib, socket, sys, time
s = socket.create_server((sys.argv[1], 80))
folder = pathlib.Path(sys.argv[2])
while True:
    c, _ = s.accept()
    c.settimeout(5)
    line = c.recv(4096).split(b'\r\n')[0].decode()
    with open(folder / 'asked', 'a') as f:
        f.write(line + '\n')
    body, how = (folder / 'crl').read_bytes(), (folder / 'how').read_text()
    head = b'HTTP/1.1 200 OK\r\nContent-Type: application/pkix-crl\r\n'
    try:
        if how == 'length':
            c.sendall(head + b'Content-Length: %d\r\n\r\n' % len(body) + body)
        elif how == 'chunked':
            c.sendall(head + b'Transfer-Encoding: chunked\r\n\r\n%x\r\n' % len(body) + body + b'\r\n0\r\n\r\n')
        elif how == 'close':
            c.sendall(head.replace(b'1.1', b'1.0') + b'\r\n' + body)
        elif how == 'short':
            c.sendall(head + b'Content-Length: %d\r\n\r\n' % (len(body) + 9) + body)
        elif how == 'moved':
            c.sendall(b'HTTP/1.1 302 Found\r\nLocation: http://192.0.2.9/\r\nContent-Length: 0\r\n\r\n')
        elif how == 'endless':
            c.sendall(head + b'\r\n')
            for _ in range(64):
                c.sendall(bytes(65536))
        elif how == 'headers':
            c.sendall(head + b'X: ' + b'x' * 65536)
        elif how == 'noise':
            c.sendall(b'SSH-2.0-noise\r\n\r\n')
    except OSError:
        pass
    c.close()
'''


class Server:
    def __init__(self, world):
        self.dir = world.net.dir / 'http'
        self.dir.mkdir()
        self.give(b'')
        self.proc = world.them.popen(sys.executable, '-c', SERVER, PEER, self.dir, log=self.dir / 'log')

    def give(self, crl, how='length'):
        (self.dir / 'crl').write_bytes(crl)
        (self.dir / 'how').write_text(how)

    def asked(self):
        f = self.dir / 'asked'
        return f.read_text().splitlines() if f.exists() else []


def start(world):
    server, ca = Server(world), Authority(world.net.dir)
    router = Router(world.us, ios())
    give(router, ca, *ca.issue('r1', OUR_DN, '--san', US, '--crl', f'http://{PEER}/r1.crl?x=1'), revocation='crl')
    return server, ca, router


def request(router):
    return typed(router, 'conf t', 'crypto pki crl request TP', 'end')


def logged(router, text, n=1):
    until(lambda: router.log().count(text) >= n, 10, f'{text}\n{router.log()}')


def test_a_peer_is_let_in_by_a_fetched_crl_and_refused_after_its_revocation(world):  # noqa: F811
    server, ca, router = start(world)
    key, cert = ca.issue('peer', PEER_DN, '--san', PEER, '--crl', f'http://{PEER}/peer.crl')
    serial = ca.serial
    server.give(ca.crl(), 'chunked')
    peer = strongswan(world, ca, key, cert)
    ping(world, 2, wait=1).result()
    logged(router, 'PKI-6-CRL_FETCHED: trustpoint TP')
    assert 'there is no CRL of its issuer' in router.log()  # the first try, which made us ask
    router.cli('clear crypto isakmp')
    got = ping(world).result()
    assert got.sent == 5 and not got.lost, router.log() + peer.log()
    assert server.asked() == ['GET /peer.crl HTTP/1.1']
    assert f'http://{PEER}/peer.crl' in router.cli('show crypto pki crls')
    timers = router.cli('show crypto pki timers').split('CRL Timers')[1]
    assert 'CRL UPDATE TP' in timers and 'CRL EXPIRE TP' in timers, timers
    counters = json.loads(router.cli('show crypto pki counters | json'))
    assert counters['crl_fetch_attempts'] == 1 and not counters['crl_failed_attempts'], counters
    assert counters['successful_validations'] > 0 < counters['failed_validations'] and counters['crls_checked'] > 0, counters

    time.sleep(1.1)  # thisUpdate has whole seconds
    server.give(ca.crl(serial), 'close')
    request(router)
    logged(router, 'PKI-6-CRL_FETCHED', 2)
    router.cli('clear crypto session')
    ping(world, 2, wait=1).result()
    logged(router, 'revoked: its serialNumber is in the CRL')
    assert server.asked()[1:] == ['GET /r1.crl?x=1 HTTP/1.1']


def test_a_crl_goes_with_its_ca(world):  # noqa: F811
    """The trustpoint gets another CA, whose CRL is older than the one at hand."""
    new = Authority(world.net.dir, 'New')
    issued = new.crl()
    time.sleep(1.1)
    server, ca, router = start(world)
    server.give(ca.crl())
    request(router)
    logged(router, 'PKI-6-CRL_FETCHED')
    assert 'CN=CA' in router.cli('show crypto pki crls').replace('cn=', 'CN=')
    said = typed(router, 'conf t', 'crypto key zeroize rsa TP', 'yes', 'no crypto pki trustpoint TP', 'yes', 'end')
    give(router, new, *new.issue('r1b', OUR_DN, '--san', US, '--crl', f'http://{PEER}/r1.crl'), revocation='crl')
    assert 'CRL Issuer' not in router.cli('show crypto pki crls'), said
    server.give(issued)
    request(router)
    logged(router, 'PKI-6-CRL_FETCHED', 2)


def test_what_a_server_may_not_do(world):  # noqa: F811
    server, ca, router = start(world)
    other = Authority(world.net.dir, 'Other')
    good = ca.crl()
    for crl, how, why in ((good, 'short', 'ended before the answer did'), (good, 'moved', 'status 302'),
                          (good, 'endless', 'longer than what is taken'), (good, 'headers', 'CRL from'),
                          (good, 'noise', 'CRL from'), (b'x' * 99, 'length', 'the CRL is none'),
                          (other.crl(), 'length', 'issuer is another one')):
        n = router.log().count('PKI-4-CRL_FETCH_FAIL')
        server.give(crl, how)
        request(router)
        logged(router, 'PKI-4-CRL_FETCH_FAIL', n + 1)
        assert why in router.log().split('PKI-4-CRL_FETCH_FAIL')[-1], (how, router.log())
        assert 'CRL Issuer' not in router.cli('show crypto pki crls')
    time.sleep(1.1)
    server.give(ca.crl())
    request(router)
    logged(router, 'PKI-6-CRL_FETCHED')
    server.give(good)  # somebody plays back an older one
    request(router)
    logged(router, 'thisUpdate is before that of the CRL at hand')
