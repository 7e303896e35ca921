# SPDX-License-Identifier: Apache-2.0
"""Public key encryption (rsa-encr): a whole router against peers/rsaencr.py, its keys typed in and its messages read by tshark."""
import re
import socket

import pytest

from ikecore import PEER, US, World
from peers import rsaencr
from peers.netns import need, until
from peers.tshark import rows
from router import Router, config
from test_pki import again, hexes, typed

LAN = 'ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255'
AG = 'no crypto isakmp aggressive-mode disable\n'
OURS = rsaencr.ipv4_id(US, 0)


@pytest.fixture
def world():
    w = World()
    w.us.addr('lo', '10.1.0.1/32')
    try:
        yield w
    finally:
        w.close()


def ios(extra='', hash_='sha1', identity='address'):
    text = config(f'aes256-{hash_}-modp1024', US, PEER, [LAN], esp=('aes256', 'sha1'), extra=extra)
    text = text.replace('authentication pre-share', 'authentication rsa-encr')
    text = re.sub('crypto isakmp key .*\n', '', text)
    return f'hostname r1\nip domain name example.com\ncrypto isakmp identity {identity}\n' + text


def meet(world, extra='', entry=f'addressed-key {PEER} encryption', bits=1024, theirs=1024, more=(), **kw):
    """A router with usage keys and our key typed in: (router, a function that makes a peer)."""
    router = Router(world.us, ios(extra, **kw))
    own = rsaencr.new_key(theirs)
    said = typed(router, 'conf t', f'crypto key generate rsa usage-keys modulus {bits}',
                 'crypto key pubkey-chain rsa', entry, *more, 'key-string', *rsaencr.key_string(own), 'quit', 'end')
    assert 'Enter a public key as a hexidecimal number ....' in said, said
    until(lambda: 'Usage: Encryption Key' in router.cli('show crypto key mypubkey rsa'), 20, said)
    shown = router.cli('show crypto key mypubkey rsa')
    his = hexes(shown[shown.index('Usage: Encryption Key'):])
    sock = world.them.socket(socket.SOCK_DGRAM, bind=(PEER, 500))
    return router, lambda id_=rsaencr.ipv4_id(PEER), **more: rsaencr.Peer(sock, (US, 500), own, his, id_, **more)


def up(router):
    return re.search(r'QM_IDLE\s+\d+ ACTIVE', router.cli('show crypto isakmp sa')) and \
        ' renc ' in router.cli('show crypto isakmp sa detail')


@pytest.mark.parametrize('hash_,bits,theirs', [
    ('sha1', 1024, 1024), pytest.param('sha256', 2048, 1024, marks=pytest.mark.slow),
    pytest.param('sha1', 1024, 2048, marks=pytest.mark.slow)])
def test_the_peer_begins(world, hash_, bits, theirs):
    need('tshark')
    router, peer = meet(world, hash_=hash_, bits=bits, theirs=theirs)
    p = peer(hash_=hash_)
    assert p.begin() == OURS
    until(lambda: up(router), 5, router.log())
    if bits == theirs:
        assert p.got[1] <= p.sent[1], 'the answer is longer than what it answers'
    # tshark reads the same: KE, encrypted ID and nonce of the keys' lengths, nothing wrong
    got = rows(world.capture.stop(), ['isakmp.typepayload', 'isakmp.payloadlength', '_ws.malformed'],
               'isakmp.exchangetype == 2 && isakmp.flag_e == 0 && isakmp.typepayload == 4')
    assert len(got) == 2 and not any(r[2] for r in got), got
    assert [r[0].split(',')[:3] for r in got] == [['4', '5', '10']] * 2
    assert [r[1].split(',')[1:3] for r in got] == [[str(4 + bits // 8)] * 2, [str(4 + theirs // 8)] * 2]


def test_we_begin(world):
    router, peer = meet(world)
    world.us.ping('10.2.0.1', 1, source='10.1.0.1', wait=1)
    assert peer().answer() == OURS
    until(lambda: up(router), 5, router.log())


def test_both_modes_once_aggressive_is_on(world):
    router, peer = meet(world, AG + f'crypto isakmp peer address {PEER}\n set aggressive-mode client-endpoint fqdn r1.example.com\n')
    assert peer().begin_aggressive() == OURS
    until(lambda: up(router), 5, router.log())
    router.cli('clear crypto isakmp')
    world.us.ping('10.2.0.1', 1, source='10.1.0.1', wait=1)
    assert peer().answer_aggressive() == b'\x02\x11\0\0r1.example.com'
    until(lambda: up(router), 5, router.log())


@pytest.mark.slow
def test_a_named_key_by_its_name(world):
    router, peer = meet(world, identity='hostname', entry='named-key peer.example.com', more=[f'address {PEER}'])
    # HASH(1), of a certificate that nobody has, changes nothing
    assert peer(rsaencr.fqdn_id('peer.example.com'), hash1=bytes(20)).begin() == b'\x02\x11\0\0r1'
    until(lambda: up(router), 5, router.log())
    with pytest.raises((rsaencr.Refused, socket.timeout)):
        peer(rsaencr.fqdn_id('other.example.com')).begin()
    until(lambda: 'says that he is other.example.com' in router.log(), 5, router.log())


def test_what_is_wrong_shows_in_the_hash_alone(world):
    """A nonce (or an identity) that is not well formed, of a wrong length or another's: same answers, same lines."""
    router, peer = meet(world)
    other = rsaencr.new_key(1024).public_key()

    def noise(sealed):
        return b'\0' + sealed[1:-1] + bytes([sealed[-1] ^ 1])

    def foreign(_):
        return b'\0' + other.encrypt(b'n' * 20, rsaencr.padding.PKCS1v15())[1:]

    def of(field, how):
        return dict(tamper=lambda kind, sealed: how(sealed) if kind == field else sealed)

    for ways in ([of('nonce', noise), of('nonce', foreign), dict(nonce=7)], [of('id', noise), of('id', foreign)]):
        seen = set()
        for how in ways:
            before = len(router.log())
            p = peer(**how)
            p.sock.settimeout(0.7)
            with pytest.raises((rsaencr.Refused, socket.timeout)):
                p.begin()
            assert len(p.got) == 2, f'MM4 and nothing behind it: {p.got}'
            until(lambda: 'IKMP_BAD_MESSAGE' in router.log()[before:], 5, router.log())
            seen.add((str(p.got), re.sub(r'^.*?(?=%)', '', router.log()[before:], flags=re.M)))
            router.cli('clear crypto isakmp')  # half-open ones: four of a peer
        assert len(seen) == 1, seen
    assert peer(nonce=117).begin() == OURS  # as long as it can be; and the true one still comes through


def test_keys_that_serve_for_more_are_refused(world):
    """General keys sign only; a pair that signs as well is none; a peer's key of both uses neither."""
    router = Router(world.us, ios())
    own = rsaencr.new_key(1024)
    said = typed(router, 'conf t', 'crypto key generate rsa modulus 1024', 'end')
    assert '[OK]' in said, said
    until(lambda: 'general purpose keys serve signatures only' in router.log(), 10, router.log())
    lines = ['key-string', *rsaencr.key_string(own), 'quit', 'exit']
    said = typed(router, 'conf t', 'crypto key generate rsa usage-keys modulus 1024', 'crypto key pubkey-chain rsa',
                 f'addressed-key {PEER} encryption', *lines, f'addressed-key {PEER} signature', *lines, 'end')
    assert 'One RSA key may not serve both' in said, said
    until(lambda: 'the same key is there for another use' in router.log(), 10, router.log())
    world.us.ping('10.2.0.1', 1, source='10.1.0.1', wait=1)
    assert 'MM_' not in router.cli('show crypto isakmp sa')


def test_the_chain_is_kept_and_shown(world):
    router, peer = meet(world, entry='named-key peer.example.com encryption', more=[f'address {PEER}'])
    running = router.cli('show running-config')
    block = running[running.index('crypto key pubkey-chain rsa'):]
    own = block[:block.index('\n!')]
    assert own.splitlines()[1:4] == [' named-key peer.example.com encryption', f'  address {PEER}', '  key-string'], own
    assert own.splitlines()[-1].rstrip() == '  quit'
    listed = router.cli('show crypto key pubkey-chain rsa')
    assert re.search(rf'M\s+Encryption\s+{PEER}\s.*peer.example.com', listed), listed
    data = hexes(router.cli(f'show crypto key pubkey-chain rsa address {PEER}'))
    assert data == rsaencr.spki(peer().own)
    assert data == hexes(router.cli('show crypto key pubkey-chain rsa name peer.example.com'))
    typed(router, 'copy running-config startup-config', '')
    again(router)
    assert own in router.cli('show running-config')
    assert peer(rsaencr.fqdn_id('peer.example.com')).begin() == OURS
