# SPDX-License-Identifier: Apache-2.0
"""Keyrings, isakmp profiles and type 6 keys of a whole router; strongSwan and published texts judge."""
import os
import pty
import re
import select
import signal
import stat
import subprocess

import pytest

from conftest import built
from ikecore import PEER, US, World
from peers.netns import until
from peers.strongswan import child, connection
from router import Router
import test_ike_rsa as rsa

EAST = '192.0.2.3'
SUITE, ESP = 'aes256-sha256-modp2048', 'aes256-sha256'
KEYS = {'west': 'w7Kp2xWq9Zr4mNv1', 'east': 'e7Kp2xWq9Zr4mNv2'}
ANSWERS = {'i_dont_care_about_security_and_use_aggressive_mode_psk': 'yes'}
POLICY = """crypto isakmp policy 10
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac
 mode tunnel
"""
TWO = POLICY + f"""crypto keyring WEST
 pre-shared-key address {PEER} key {KEYS['west']}
crypto keyring EAST
 pre-shared-key address {EAST} key {KEYS['east']}
crypto isakmp profile WEST
 keyring WEST
 match identity host domain west.example
 self-identity fqdn r1.west.example
crypto isakmp profile EAST
 keyring EAST
 match identity user domain east.example
 self-identity user-fqdn r1@east.example
crypto map M 10 ipsec-isakmp
 set peer {PEER}
 set transform-set TS
 set isakmp-profile WEST
 match address 110
crypto map M 20 ipsec-isakmp
 set peer {EAST}
 set transform-set TS
 set isakmp-profile EAST
 match address 120
access-list 110 permit ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255
access-list 120 permit ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255
"""
WAN = f'interface FastEthernet0/1\n ip address {US} 255.255.255.0\n crypto map M\n'


@pytest.fixture
def world():
    w = World()
    w.us.addr('lo', '10.1.0.1/32')
    w.us.route('10.3.0.0/24', PEER)
    w.them.addr('wan', f'{EAST}/24')
    try:
        yield w
    finally:
        w.close()


def conn(name, local, mine, yours, far, **more):
    c = connection(local, US, SUITE, {name: child(far, '10.1.0.0/24', ESP)}, **more)
    c['local']['id'], c['remote']['id'] = mine, yours
    return c


def two(world, west='a.west.example'):
    """Two routers of one strongSwan, each with an address, a name and a key."""
    peer = world.charon({}, 'fake')
    return peer.load({'west': conn('west', PEER, west, 'r1.west.example', '10.2.0.0/24'),
                      'east': conn('east', EAST, 'b@east.example', 'r1@east.example', '10.3.0.0/24')},
                     secrets={f'ike-{n}': {'secret': f'"{KEYS[n]}"', 'id-1': addr, 'id-2': name}
                              for n, addr, name in (('west', PEER, west), ('east', EAST, 'b@east.example'))})


def typed(r, *lines):
    text = '\n'.join(lines) + '\n'
    return subprocess.run([built('culvert'), 'shell', '--socket', r.sock], input=text, text=True,
                          capture_output=True, timeout=60).stdout


def up(peer, name):
    return [sa for sa in peer.sas() if sa['name'] == name and sa['state'] == 'ESTABLISHED' and sa['children']]


def test_two_identities_are_chosen_by_profile(world):
    peer = two(world)
    router = Router(world.us, TWO + WAN)
    typed(router, 'enable', 'debug crypto isakmp')
    for name in 'west', 'east':
        peer.initiate(name)
        sa, = up(peer, name)
        assert sa['remote-id'] == {'west': 'r1.west.example', 'east': 'r1@east.example'}[name]
        assert f'peer matches {name.upper()} profile' in router.log()
    for name in 'west', 'east':
        peer.ctl('--terminate', '--ike', name)
    # and from our side: the entry's profile says who we are and which key is used
    for name, to in ('west', '10.2.0.1'), ('east', '10.3.0.1'):
        world.us.ping(to, 1, source='10.1.0.1', wait=1)
        until(lambda: up(peer, name), what=f'{name}: {router.log()}')
        assert 'initiator' not in up(peer, name)[0]
    text = typed(router, 'enable', 'show crypto isakmp key')
    assert re.search(rf'^WEST {{9}}192\.0\.2\.2 {{35}}{KEYS["west"]}$', text, re.M), text
    router.stop()


def test_a_wrong_profile_is_refused_and_said(world):
    """It knows the key of its address, and then says that it is somebody of another profile."""
    peer = two(world, west='c@east.example')
    router = Router(world.us, TWO + WAN)
    peer.initiate('west', ok=False, timeout=4)
    assert not peer.children()
    assert ('the key of keyring WEST was used for its address, but its identity c@east.example is of isakmp profile '
            'EAST, whose keyrings have no key for that address') in router.log()
    router.stop()


SPOKE = POLICY + f"""no crypto isakmp aggressive-mode disable
crypto keyring K
 pre-shared-key hostname hub.example key {KEYS['west']}
crypto isakmp profile HUB
 keyring K
 match identity host hub.example
 self-identity fqdn spoke.example
 initiate mode aggressive
crypto map M isakmp-profile HUB
crypto map M 10 ipsec-isakmp
 set peer {PEER}
 set transform-set TS
 match address 110
access-list 110 permit ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255
"""


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_a_key_by_host_name_in_aggressive_mode_that_a_profile_asks_for(world, role):
    peer = world.charon({}, 'fake', options=ANSWERS)
    peer.load({'hub': conn('hub', PEER, 'hub.example', 'spoke.example', '10.2.0.0/24', aggressive='yes')},
              secrets={'ike-1': {'secret': f'"{KEYS["west"]}"', 'id-1': 'spoke.example', 'id-2': 'hub.example'}})
    router = Router(world.us, SPOKE + WAN)
    if role == 'initiator':
        world.us.ping('10.2.0.1', 1, source='10.1.0.1', wait=1)
    else:
        peer.initiate('hub')
    until(lambda: up(peer, 'hub'), what=router.log() + peer.log())
    assert up(peer, 'hub')[0]['remote-id'] == 'spoke.example'
    assert re.search(r'QM_IDLE\s+1001 ACTIVE', router.cli('show crypto isakmp sa'))
    router.stop()


PUBLISHED = 'NdUI^_YP[VEPG[MT_bfTEFNZYFCYe\\R\\M'  # Cisco's: `password` by `cisco123`
CLEAR = POLICY + f"""crypto isakmp key {KEYS['west']} address {PEER}
crypto isakmp key 6 {PUBLISHED} address 192.0.2.99
crypto isakmp key 6 FLgBaJHX address 192.0.2.98
crypto map M 10 ipsec-isakmp
 set peer {PEER}
 set transform-set TS
 match address 110
access-list 110 permit ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255
"""


def again(r):
    r.stop()
    r.sock.unlink(missing_ok=True)
    (r.dir / 'log').write_text('')
    r.proc = r.ns.popen(built('culvert'), 'run', '--config', r.dir / 'cfg', '--socket', r.sock,
                        '--interface', 'FastEthernet0/1=wan', log=r.dir / 'log')
    until(r.sock.exists, 20, 'the router')


def key_lines(text):
    return {a: k for k, a in re.findall(r'^crypto isakmp key (.*) address (\S+)', text, re.M)}


def on_terminal(r, dialogue, end):
    """What a terminal shows while the dialogue (text to wait for, line to type) goes on."""
    pid, fd = pty.fork()
    if not pid:
        os.environ['TERM'] = 'dumb'
        os.execv(built('culvert'), ['culvert', 'shell', '--socket', str(r.sock)])
    shown = ''

    def wait_for(text, since):
        nonlocal shown
        while text not in shown[since:]:
            assert select.select([fd], [], [], 10)[0], shown
            shown += os.read(fd, 4096).decode()

    since = 0
    for wanted, line in dialogue:
        wait_for(wanted, since)
        since = len(shown)
        os.write(fd, line.encode() + b'\r')
    wait_for(end, since)
    os.close(fd)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return shown


def test_a_master_key_is_asked_for_and_not_shown(world):
    router = Router(world.us, CLEAR + WAN)
    shown = on_terminal(router, [('Router>', 'enable'), ('Router#', 'configure terminal'),
                                 ('(config)#', 'key config-key password-encrypt'), ('New key: ', 'cisco123'),
                                 ('Confirm key: ', 'cisco123')], 'Router(config)#')
    assert 'cisco123' not in shown and 'New key: ' in shown
    assert (router.dir / 'cfg.master-key').read_text() == 'cisco123'
    shown = on_terminal(router, [('Router>', 'enable'), ('Router#', 'configure terminal'),
                                 ('(config)#', 'key config-key password-encrypt'), ('Old key: ', 'cisco123'),
                                 ('New key: ', 'another-master'), ('Confirm key: ', '\x03'),
                                 ('(config)#', 'do show clock')], 'Router(config)#')
    assert 'cisco123' not in shown and 'another-master' not in shown
    assert (router.dir / 'cfg.master-key').read_text() == 'cisco123', 'Ctrl-C changes nothing'
    router.stop()


def test_type_6_keys_are_stored_and_used(world):
    peer = world.charon({}, 'fake')
    peer.load({'hub': conn('hub', PEER, PEER, US, '10.2.0.0/24')}, KEYS['west'])
    router = Router(world.us, CLEAR + WAN)
    until(lambda: 'the key for 192.0.2.98 is not usable: it is encrypted' in router.log(), what=router.log())
    conf = ('enable', 'configure terminal')
    said = typed(router, *conf, 'key config-key password-encrypt', 'cisco123', 'cisco124')
    assert 'not the same' in said, said
    assert 'cisco123' not in router.log()
    assert not (router.dir / 'cfg.master-key').exists()
    typed(router, *conf, 'key config-key password-encrypt', 'cisco123', 'cisco123')
    file = router.dir / 'cfg.master-key'
    assert file.read_text() == 'cisco123' and stat.S_IMODE(file.stat().st_mode) == 0o600
    running = typed(router, 'enable', 'terminal length 0', 'show running-config')
    assert key_lines(running)[PEER] == KEYS['west'], 'nothing is encrypted unasked'
    running = typed(router, *conf, 'password encryption aes', 'end', 'terminal length 0', 'show running-config')
    first = key_lines(running)
    assert first[PEER].startswith('6 ') and KEYS['west'] not in running and 'cisco123' not in running
    assert first['192.0.2.99'] == f'6 {PUBLISHED}' and first['192.0.2.98'] == '6 FLgBaJHX'
    typed(router, 'enable', 'write memory')
    assert KEYS['west'] not in (router.dir / 'cfg').read_text()
    again(router)
    peer.initiate('hub')
    assert len(peer.children()) == 1
    peer.ctl('--terminate', '--ike', 'hub')
    # another master key: the old one is asked for, and all is encrypted again
    said = typed(router, *conf, 'key config-key password-encrypt another-master', 'wrong-old')
    assert 'not the old key' in said, said
    typed(router, *conf, 'key config-key password-encrypt another-master', 'cisco123')
    second = key_lines(typed(router, 'enable', 'terminal length 0', 'show running-config'))
    assert second[PEER].startswith('6 ') and second[PEER] != first[PEER]
    assert second['192.0.2.99'] != first['192.0.2.99'] and second['192.0.2.98'] == '6 FLgBaJHX'
    typed(router, 'enable', 'write memory')
    again(router)
    peer.initiate('hub')
    peer.ctl('--terminate', '--ike', 'hub')
    check = subprocess.run([built('culvert'), 'check', router.dir / 'cfg'], capture_output=True, text=True).stdout
    assert 'crypto isakmp key for 192.0.2.98: a type 6 key needs the master key' in check
    assert 'crypto isakmp key for 192.0.2.2:' not in check
    # without it they are of no use, as IOS warns
    said = typed(router, *conf, 'no key config-key password-encrypt', 'yes')
    assert 'WARNING: All type 6 encrypted keys will become unusable' in said, said
    assert not file.exists()
    until(lambda: f'the key for {PEER} is not usable: it is encrypted' in router.log(), what=router.log())
    peer.initiate('hub', ok=False, timeout=3)
    assert not peer.children()
    assert key_lines(typed(router, 'enable', 'terminal length 0', 'show running-config'))[PEER] == second[PEER]
    router.stop()


def test_a_new_master_key_loses_no_key_before_the_configuration_is_saved(world):
    router = Router(world.us, CLEAR + WAN)
    conf, lost = ('enable', 'configure terminal'), f'the key for {PEER} is not usable'
    file = router.dir / 'cfg.master-key'

    def sealed():
        return key_lines(typed(router, 'enable', 'terminal length 0', 'show running-config'))[PEER]

    typed(router, *conf, 'key config-key password-encrypt first-master', 'password encryption aes', 'end', 'write memory')
    saved = (router.dir / 'cfg').read_text()
    typed(router, *conf, 'key config-key password-encrypt second-master', 'first-master')
    typed(router, *conf, 'key config-key password-encrypt third-master', 'second-master')
    assert sealed().startswith('6 ') and sealed() not in saved
    assert (router.dir / 'cfg').read_text() == saved
    check = subprocess.run([built('culvert'), 'check', router.dir / 'cfg'], capture_output=True, text=True).stdout
    assert f'key for {PEER}:' not in check, check
    again(router)  # as after a power failure
    router.cli('show version')
    assert sealed().startswith('6 ') and sealed() not in saved
    assert 'the key for 192.0.2.98 is not usable' in router.log() and lost not in router.log(), router.log()
    # saved, only the new one opens it, and the old ones are gone
    typed(router, 'enable', 'write memory')
    assert file.read_text() == 'third-master' and stat.S_IMODE(file.stat().st_mode) == 0o600
    again(router)
    assert sealed() in (router.dir / 'cfg').read_text()
    assert 'the key for 192.0.2.98 is not usable' in router.log() and lost not in router.log(), router.log()
    router.stop()


CERT_PROFILE = """crypto pki certificate map CM 10
 subject-name co {cn}
crypto isakmp profile CERT
 match certificate CM
 ca trust-point {trust}
crypto map M 10 ipsec-isakmp
 set isakmp-profile CERT
end"""


def test_a_profile_is_chosen_by_certificate(world):
    """Whom the certificate map names is of the profile; who else signs well is not, and its trustpoints count."""
    peer, router, _ = rsa.start(world, their=lambda ca: ca.issue('peer', rsa.PEER_DN, '--san', PEER))
    typed(router, 'enable', 'configure terminal', *CERT_PROFILE.format(cn='peer', trust='TP').splitlines())
    peer.initiate('t')
    until(lambda: len(peer.children()) == 1, what=router.log())
    peer.ctl('--terminate', '--ike', 'c')
    typed(router, 'enable', 'configure terminal', 'no crypto pki certificate map CM 10',
          *CERT_PROFILE.format(cn='somebody', trust='TP').splitlines())
    peer.initiate('t', ok=False, timeout=3)
    assert not peer.children()
    assert 'crypto map M 10 wants isakmp profile CERT and phase 1 is of none' in router.log()
    peer.ctl('--terminate', '--ike', 'c', ok=False)
    typed(router, 'enable', 'configure terminal', 'no crypto pki certificate map CM 10',
          'crypto isakmp profile CERT', 'no ca trust-point TP',
          *CERT_PROFILE.format(cn='peer', trust='ELSEWHERE').splitlines())
    peer.initiate('t', ok=False, timeout=3)
    assert not peer.children()
    assert 'no trustpoint of its isakmp profile (ca trust-point ELSEWHERE) has a CA certificate' in router.log()
    router.stop()
