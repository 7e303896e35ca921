# SPDX-License-Identifier: Apache-2.0
"""`debug crypto isakmp | ipsec | engine` of a main mode and a quick mode with strongSwan: the lines of IOS in its order
and spelling, about the peers that were asked for, and never a key."""
import re

import pytest

from conftest import built
from layout import compare as compare_json
from ikecore import PEER, US, World
from peers.netns import until
from peers.strongswan import Charon, child, connection
from router import Router, config

SUITE, ESP = 'aes256-sha1-modp1024', 'aes256-sha1'
NEAR, FAR = '10.1.0.0/24', '10.2.0.0/24'
LAN = 'ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255'

PROXIES = '''local_proxy= 10.1.0.0/255.255.255.0/0/0 (type=4),
    remote_proxy= 10.2.0.0/255.255.255.0/0/0 (type=4),
    protocol= ESP, transform= esp-aes 256 esp-sha-hmac  (Tunnel),'''


def block(direction, life, spi):
    return f'''  (key eng. msg.) {direction} local= {US}, remote= {PEER},
    {PROXIES}
    lifedur= {life},
    spi= {spi}, conn_id= {1 if life[0] != '0' and spi != '0x0(0)' else 0}, keysize= 256, flags= 0x0'''


def id_block(who, proto, port):
    return f'''ISAKMP: (1001):ID payload
        next-payload : 8
        type         : 1
        address      : {who}
        protocol     : {proto}
        port         : {port}
        length       : 12'''


REQUEST = 'IPSEC(sa_request): ,\n' + block('OUTBOUND', '3600s and 4608000kb', '0x0(0)')
BEGIN = f'''{REQUEST}
ISAKMP: (0):SA request profile is (NULL)
ISAKMP: (0):Created a peer struct for {PEER}, peer port 500
ISAKMP: (0):New peer created peer = 0x80000000C0000202 peer_handle = 0x800003E9
ISAKMP: (0):Locking peer struct 0x80000000C0000202, refcount 1 for isakmp_initiator
ISAKMP: (0):local port 500, remote port 500
ISAKMP: (0):set new node 0 to QM_IDLE
ISAKMP: (0):insert sa successfully sa = COOKIE
ISAKMP: (0):Can not start Aggressive mode, trying Main mode.
ISAKMP: (0):found peer pre-shared key matching {PEER}
ISAKMP: (0):Input = IKE_MESG_FROM_IPSEC, IKE_SA_REQ_MM
ISAKMP: (0):Old State = IKE_READY  New State = IKE_I_MM1
ISAKMP: (0):beginning Main Mode exchange
ISAKMP-PAK: (0):sending packet to {PEER} my_port 500 peer_port 500 (I) MM_NO_STATE
ISAKMP: (0):Sending an IKE IPv4 Packet.
ISAKMP-PAK: (0):received packet from {PEER} dport 500 sport 500 Global (I) MM_NO_STATE
ISAKMP: (0):Input = IKE_MESG_FROM_PEER, IKE_MM_EXCH
ISAKMP: (0):Old State = IKE_I_MM1  New State = IKE_I_MM2
ISAKMP: (0):processing SA payload. message ID = 0'''
POLICY = f'''ISAKMP: (0):found peer pre-shared key matching {PEER}
ISAKMP: (0):local preshared key found
ISAKMP: (0):Scanning profiles for xauth ...
ISAKMP: (0):Checking ISAKMP transform 1 against priority 10 policy
ISAKMP: (0):      encryption AES-CBC
ISAKMP: (0):      keylength of 256
ISAKMP: (0):      hash SHA
ISAKMP: (0):      default group 2
ISAKMP: (0):      auth pre-share
ISAKMP: (0):      life type in seconds
{{life}}
ISAKMP: (0):Returning Actual lifetime: {{sec}}
ISAKMP: (0):Started lifetime timer: {{sec}}.'''
LONG = '''ISAKMP:      life duration (VPI) of  0x0 0x1 0x51 0x80
ISAKMP: (0):atts are acceptable. Next payload is 0
ISAKMP: (0):Acceptable atts:actual life: 0
ISAKMP: (0):Acceptable atts:life: 0
ISAKMP: (0):Fill atts in sa vpi_length:4
ISAKMP: (0):Fill atts in sa life_in_seconds:86400'''
SHORT = '''ISAKMP: (0):      life duration (basic) of 15840
ISAKMP: (0):atts are acceptable. Next payload is 0
ISAKMP: (0):Acceptable atts:actual life: 15840
ISAKMP: (0):Acceptable atts:life: 0
ISAKMP: (0):Basic life_in_seconds:15840'''
KEYS = '''ISAKMP: (0):processing KE payload. message ID = 0
ISAKMP: (0):processing NONCE payload. message ID = 0
ISAKMP: (1001):received payload type 20
ISAKMP: (1001):His hash no match - this node outside NAT
ISAKMP: (1001):received payload type 20
ISAKMP: (1001):No NAT Found for self or peer'''
OURSELVES = f'''ISAKMP: (1001):SA is doing
ISAKMP: (1001):pre-shared key authentication using id type ID_IPV4_ADDR
{id_block(US, 17, 500)}
ISAKMP: (1001):Total payload length: 12'''
PROVEN = f'''ISAKMP: (1001):SA authentication status:
ISAKMP: (1001):        authenticated
ISAKMP: (1001):SA has been authenticated with {PEER}'''
MAIN = f'''{BEGIN}
{POLICY.format(life=LONG, sec=86400)}
ISAKMP-PAK: (0):sending packet to {PEER} my_port 500 peer_port 500 (I) MM_SA_SETUP
ISAKMP: (0):Sending an IKE IPv4 Packet.
ISAKMP: (0):Old State = IKE_I_MM2  New State = IKE_I_MM3
ISAKMP-PAK: (0):received packet from {PEER} dport 500 sport 500 Global (I) MM_SA_SETUP
ISAKMP: (0):Input = IKE_MESG_FROM_PEER, IKE_MM_EXCH
ISAKMP: (0):Old State = IKE_I_MM3  New State = IKE_I_MM4
{KEYS}
ISAKMP: (1001):Send initial contact
{OURSELVES}
ISAKMP-PAK: (1001):sending packet to {PEER} my_port 500 peer_port 500 (I) MM_KEY_EXCH
ISAKMP: (1001):Sending an IKE IPv4 Packet.
ISAKMP: (1001):Old State = IKE_I_MM4  New State = IKE_I_MM5
ISAKMP-PAK: (1001):received packet from {PEER} dport 500 sport 500 Global (I) MM_KEY_EXCH
ISAKMP: (1001):Input = IKE_MESG_FROM_PEER, IKE_MM_EXCH
ISAKMP: (1001):Old State = IKE_I_MM5  New State = IKE_I_MM6
ISAKMP: (1001):processing ID payload. message ID = 0
{id_block(PEER, 0, 0)}
ISAKMP: (1001):processing HASH payload. message ID = 0
{PROVEN}
ISAKMP: (1001):Old State = IKE_I_MM6  New State = IKE_P1_COMPLETE'''
CHECK = f'''ISAKMP: (1001):processing HASH payload. message ID = N
ISAKMP: (1001):processing SA payload. message ID = N
ISAKMP: (1001):Checking IPSec proposal {{proposal}}
ISAKMP: (1001):transform 1, ESP_AES
ISAKMP: (1001):   attributes in transform:
ISAKMP: (1001):      encaps is 1 (Tunnel)
ISAKMP: (1001):      SA life type in seconds
ISAKMP: (1001):      SA life duration (basic) of {{sec}}{{kb}}
ISAKMP: (1001):      authenticator is HMAC-SHA
ISAKMP: (1001):      key length is 256
ISAKMP: (1001):atts are acceptable.
IPSEC(validate_proposal_request): proposal part #1,
{block('INBOUND', '0s and 0kb', '0x0(0)')}
ISAKMP: (1001):processing NONCE payload. message ID = N
ISAKMP: (1001):processing ID payload. message ID = N
ISAKMP: (1001):processing ID payload. message ID = N'''
VOLUME = '''
ISAKMP: (1001):      SA life type in kilobytes
ISAKMP:      SA life duration (VPI) of  0x0 0x46 0x50 0x0'''
INSTALLED = f'''IPSEC(key_engine): got a queue event with 1 KMI message(s)
IPSEC(initialize_sas): ,
{block('INBOUND', '3600s and 4608000kb', 'IN(in)')}
IPSEC(initialize_sas): ,
{block('OUTBOUND', '3600s and 4608000kb', 'OUT(out)')}
IPSEC(create_sa): sa created,
  (sa) sa_dest= {US}, sa_proto= 50,
    sa_spi= IN(in),
    sa_trans= esp-aes 256 esp-sha-hmac , sa_conn_id= 1
IPSEC(create_sa): sa created,
  (sa) sa_dest= {PEER}, sa_proto= 50,
    sa_spi= OUT(out),
    sa_trans= esp-aes 256 esp-sha-hmac , sa_conn_id= 1
IPSEC(update_current_outbound_sa): updated peer {PEER} current outbound sa to SPI OUT
ISAKMP: (1001):Successfully installed IPSEC SA (SPI:IN) on FastEthernet0/1
ISAKMP: (1001):deleting node N error FALSE reason "No Error"'''
QUICK = f'''ISAKMP: (1001):beginning Quick Mode exchange, M-ID of N
ISAKMP: (1001):QM Initiator gets spi
ISAKMP-PAK: (1001):sending packet to {PEER} my_port 500 peer_port 500 (I) QM_IDLE
ISAKMP: (1001):Sending an IKE IPv4 Packet.
ISAKMP: (1001):Node N, Input = IKE_MESG_INTERNAL, IKE_INIT_QM
ISAKMP: (1001):Old State = IKE_QM_READY  New State = IKE_QM_I_QM1
ISAKMP-PAK: (1001):received packet from {PEER} dport 500 sport 500 Global (I) QM_IDLE
{CHECK.format(proposal=1, sec=3600, kb=VOLUME)}
ISAKMP: (1001):Old State = IKE_QM_I_QM1  New State = IKE_QM_IPSEC_INSTALL_AWAIT
ISAKMP-PAK: (1001):sending packet to {PEER} my_port 500 peer_port 500 (I) QM_IDLE
ISAKMP: (1001):Sending an IKE IPv4 Packet.
{INSTALLED}
ISAKMP: (1001):Old State = IKE_QM_IPSEC_INSTALL_AWAIT  New State = IKE_QM_PHASE2_COMPLETE'''
R_MAIN = f'''ISAKMP-PAK: (0):received packet from {PEER} dport 500 sport 500 Global (N) NEW SA
ISAKMP: (0):Created a peer struct for {PEER}, peer port 500
ISAKMP: (0):New peer created peer = 0x80000000C0000202 peer_handle = 0x800003E9
ISAKMP: (0):Locking peer struct 0x80000000C0000202, refcount 1 for crypto_isakmp_process_block
ISAKMP: (0):local port 500, remote port 500
ISAKMP: (0):insert sa successfully sa = COOKIE
ISAKMP: (0):Input = IKE_MESG_FROM_PEER, IKE_MM_EXCH
ISAKMP: (0):Old State = IKE_READY  New State = IKE_R_MM1
ISAKMP: (0):processing SA payload. message ID = 0
{POLICY.format(life=SHORT, sec=15840)}
ISAKMP: (0):Old State = IKE_R_MM1  New State = IKE_R_MM2
ISAKMP-PAK: (0):sending packet to {PEER} my_port 500 peer_port 500 (R) MM_SA_SETUP
ISAKMP: (0):Sending an IKE IPv4 Packet.
ISAKMP-PAK: (0):received packet from {PEER} dport 500 sport 500 Global (R) MM_SA_SETUP
ISAKMP: (0):Input = IKE_MESG_FROM_PEER, IKE_MM_EXCH
ISAKMP: (0):Old State = IKE_R_MM2  New State = IKE_R_MM3
{KEYS}
ISAKMP-PAK: (1001):sending packet to {PEER} my_port 500 peer_port 500 (R) MM_KEY_EXCH
ISAKMP: (1001):Sending an IKE IPv4 Packet.
ISAKMP: (1001):Old State = IKE_R_MM3  New State = IKE_R_MM4
ISAKMP-PAK: (1001):received packet from {PEER} dport 500 sport 500 Global (R) MM_KEY_EXCH
ISAKMP: (1001):Input = IKE_MESG_FROM_PEER, IKE_MM_EXCH
ISAKMP: (1001):Old State = IKE_R_MM4  New State = IKE_R_MM5
ISAKMP: (1001):processing ID payload. message ID = 0
{id_block(PEER, 0, 0)}
ISAKMP: (1001):processing HASH payload. message ID = 0
ISAKMP: (1001):processing NOTIFY payload. message ID = 0
{OURSELVES}
ISAKMP-PAK: (1001):sending packet to {PEER} my_port 500 peer_port 500 (R) MM_KEY_EXCH
ISAKMP: (1001):Sending an IKE IPv4 Packet.
ISAKMP: (1001):processing NOTIFY INITIAL_CONTACT protocol 1
{PROVEN}
ISAKMP: (1001):Old State = IKE_R_MM5  New State = IKE_P1_COMPLETE'''
R_QUICK = f'''ISAKMP-PAK: (1001):received packet from {PEER} dport 500 sport 500 Global (R) QM_IDLE
ISAKMP: (1001):set new node N to QM_IDLE
{CHECK.format(proposal=1, sec=3960, kb='')}
ISAKMP: (1001):Old State = IKE_QM_READY  New State = IKE_QM_R_QM2
ISAKMP-PAK: (1001):sending packet to {PEER} my_port 500 peer_port 500 (R) QM_IDLE
ISAKMP: (1001):Sending an IKE IPv4 Packet.
ISAKMP-PAK: (1001):received packet from {PEER} dport 500 sport 500 Global (R) QM_IDLE
ISAKMP: (1001):processing HASH payload. message ID = N
{INSTALLED}
ISAKMP: (1001):Old State = IKE_QM_R_QM2  New State = IKE_QM_PHASE2_COMPLETE'''


@pytest.fixture
def world():
    w = World()
    w.us.addr('lo', '10.1.0.1/32')
    try:
        yield w
    finally:
        w.close()


class Pair:
    def __init__(self, world, suite=SUITE, esp=ESP, ts=(FAR, NEAR), args=(), ike=2, **ours):
        self.world = world
        self.peer = Charon(world.them, 'fake', built('tests', 'system', 'libxfrmfake.so'), ike=ike).start()
        self.peer.load({'c': connection(PEER, US, suite, {'t': child(*ts, esp)})}, psk='secretkey')
        self.router = Router(world.us, config(SUITE, US, PEER, [LAN], **ours), args=args)

    def ask(self, role):
        if role == 'initiator':
            self.world.us.ping('10.2.0.1', 1, source='10.1.0.1', wait=1).result()
        else:
            self.peer.initiate('t', timeout=5, ok=False)

    def said(self):
        """The debug messages, without time. IOS's have line breaks in them."""
        lines, ours = [], False
        for line in self.router.log().splitlines():
            begins = re.match(r'\*\w{3} +\d+ [\d:.]+: (.*)', line)
            ours = re.match('ISAKMP|IPSEC|crypto_engine|map_db', begins[1]) if begins else ours and line.startswith('  ')
            if ours:
                lines.append((begins[1] if begins else line).rstrip() + '\n')
        return ''.join(lines)

    def up(self):
        return until(lambda: re.search('New State = IKE_QM_PHASE2_COMPLETE', self.said()), 10, self.router.log())


def named(text):
    """M-IDs and SPIs are random: they must be the same wherever IOS repeats them."""
    node, = set(re.findall(r'deleting node (\d+)', text))
    text = re.sub(r'(?<=insert sa successfully sa = )[0-9A-F]{16}', 'COOKIE', text)
    spi_in, spi_out = re.findall(r'sa_spi= 0x([0-9A-F]+)\(', text)
    for spi, name in ((spi_in, 'IN'), (spi_out, 'OUT')):
        text = text.replace(f'0x{spi}({int(spi, 16)})', f'{name}({name.lower()})').replace(f'0x{spi}', name)
        text = re.sub(rf'\b{spi}\b', name, text)
    return re.sub(rf'\b{node}\b', 'N', text)


def vendors(text):
    """The vendor ids differ between versions of strongSwan and of ours: ours, his, and the rest of the text."""
    ours = re.findall(r'ISAKMP: \(0\):constructed NAT-T vendor-(\S+) ID\n', text)
    seems = r'(?:ISAKMP: \(0\):vendor ID seems Unity/DPD but major \d+ mismatch\n)?'
    his = re.findall(rf'ISAKMP: \(0\):processing vendor id payload\n{seems}ISAKMP: \(0\):vendor ID is (.*)\n', text)
    told = r'ISAKMP: \(\d+\):(processing vendor id payload|vendor ID (?:is|seems) .*|constructed NAT-T vendor-.*)\n'
    return ours, set(his), re.sub(told, '', text)


def compare(got, want):
    want = re.sub(r' +$', '', want + '\n', flags=re.M).splitlines()
    got = got.splitlines()
    for i, (a, b) in enumerate(zip(got, want)):
        assert a == b, f'line {i + 1}: {a!r}, IOS: {b!r}\n' + '\n'.join(got)
    assert len(got) == len(want), '\n'.join(got[len(want):] or want[len(got):])


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_main_and_quick_mode_are_told_as_ios_tells_them(world, role):
    pair = Pair(world)
    pair.router.cli('debug crypto isakmp\ndebug crypto ipsec')
    pair.ask(role)
    pair.up()
    ours, his, text = vendors(pair.said())
    assert {'DPD', 'NAT-T RFC 3947'} <= his
    assert role == 'responder' or ours == [n for n in ('rfc3947', '07', '03', '02') if n in ours] and len(ours) > 2
    compare(named(text), f'{MAIN}\n{QUICK}' if role == 'initiator' else f'{R_MAIN}\n{R_QUICK}')


def test_it_is_switched_asked_about_and_has_no_keys(world):
    pair = Pair(world, args=('--keylog', world.net.dir))
    cli = pair.router.cli
    assert 'Crypto' not in cli('show debugging')
    assert cli('debug crypto isakmp\ndebug crypto ipsec\ndebug crypto engine').split('\n')[:3] == [
        'Crypto ISAKMP debugging is on', 'Crypto IPSEC debugging is on', 'Crypto Engine debugging is on']
    assert cli('show debugging').split('\n')[1:5] == [
        'Cryptographic Subsystem:', '  Crypto ISAKMP debugging is on', '  Crypto Engine debugging is on',
        '  Crypto IPSEC debugging is on']
    # about somebody else
    cli('debug crypto condition peer ipv4 192.0.2.77')
    shown = cli('show crypto debug-condition')
    assert 'Crypto conditional debug currently is turned ON' in shown, shown
    assert 'IKE peer IP address filters:\n192.0.2.77\n' in shown, shown
    pair.ask('initiator')
    until(lambda: 'QM_IDLE' in cli('show crypto isakmp sa'), 10, 'phase 1')
    assert pair.said() == ''
    # about this one, too, and its neighbours
    cli('clear crypto session\ndebug crypto condition peer subnet 192.0.2.0 255.255.255.248')
    shown = cli('show crypto debug-condition')
    assert '\nIKE peer IP address filters:\n192.0.2.77\n\nIKE peer subnet filters:\n192.0.2.0 255.255.255.248\n' in shown, shown
    compare_json(pair.router, 'show crypto debug-condition', 'debug-condition')
    pair.ask('initiator')
    pair.up()
    said = pair.said()
    for word in ('Create DH shared secret', 'Create IKE SA', 'Generate IKE hash', 'Encrypt IKE packet',
                 'Decrypt IKE packet', 'Generate IKE QM keys', 'Create IPSec SA (by keys)'):
        assert f'crypto_engine: {word}\n' in said, word
    # never keys
    keys = {k.lower() for f in world.net.dir.rglob('*') if f.is_file() and f.name in ('ikev1_decryption_table', 'esp_sa')
            for k in re.findall(r'[0-9a-fA-F]{32,}', f.read_text())}
    assert len(keys) >= 4, keys  # of two ISAKMP SAs, and of two pairs
    log = pair.router.log().lower()
    assert not [k for k in keys if k[:16] in log] and 'secretkey' not in log
    # off: of this one, of all
    cli(f'debug crypto condition peer ipv4 {PEER}')
    assert f'192.0.2.77 {PEER}\n' in cli('show crypto debug-condition')
    cli('no debug crypto condition peer subnet 192.0.2.0 255.255.255.248')
    assert 'subnet' not in cli('show crypto debug-condition')
    cli(f'undebug crypto condition peer ipv4 {PEER}')
    assert f'filters:\n192.0.2.77\n' in cli('show crypto debug-condition')
    cli('debug crypto condition reset')
    assert 'turned OFF' in cli('show crypto debug-condition')
    assert cli('undebug all').startswith('All possible debugging has been turned off')
    assert 'Crypto' not in cli('show debugging')
    before = pair.said()
    cli('clear crypto session')
    pair.ask('initiator')
    until(lambda: 'QM_IDLE' in cli('show crypto isakmp sa'), 10, 'phase 1')
    assert pair.said() == before


@pytest.mark.parametrize('role', ['initiator', 'responder'])
def test_nothing_that_keys_are_made_of_is_told(world, role):
    """strongSwan says what both ends derived: the Diffie-Hellman secret, SKEYID and its three, the keys of phase 1 and
    of ESP. Not eight bytes of it are in what we say with all debugging on, wherever that goes."""
    pair = Pair(world, esp=f'{ESP}-modp1024', ike=4, pfs=True, extra='logging buffered 1000000\ncrypto logging session')
    pair.router.cli('debug crypto isakmp\ndebug crypto ipsec\ndebug crypto engine')
    pair.ask(role)
    pair.up()
    secrets = pair.peer.ike_secrets()
    assert {'SKEYID', 'SKEYID_d', 'SKEYID_a', 'SKEYID_e'} <= set(secrets), secrets
    assert any('secret' in name for name in secrets), secrets
    secrets.update({f'ESP {i}': key for i, key in enumerate(sorted(pair.peer.child_keys()))}, psk=b'secretkey'.hex())
    assert len(secrets) >= 10, secrets
    cli = pair.router.cli
    told = pair.router.log() + cli('enable; show logging') + cli('enable; show logging | json') + cli('enable; show history')
    told += cli('enable; show crypto isakmp sa detail; show crypto ipsec sa detail; show crypto engine connections active')
    assert told.count('QM_PHASE2_COMPLETE') >= 3 and 'secretkey' not in told
    digits = re.sub(r'[\s:,]|0x', '', told.lower())
    found = [(name, key[i:i + 16]) for name, key in secrets.items() for i in range(0, max(1, len(key) - 15), 2)
             if key[i:i + 16] in digits]
    assert not found, found


REFUSED = {
    'phase-1': (dict(suite='3des-sha1-modp1024'), f'''ISAKMP: (0):      encryption 3DES-CBC
...
ISAKMP-ERROR: (0):Encryption algorithm offered does not match policy!
ISAKMP-ERROR: (0):atts are not acceptable. Next payload is 0
ISAKMP-ERROR: (0):no offers accepted!
ISAKMP-ERROR: (0):phase 1 SA policy not acceptable! (local {US} remote {PEER})'''),
    'transform': (dict(esp='aes128-sha256'), f'''ISAKMP: (1001):Checking IPSec proposal 1
...
IPSEC(ipsec_process_proposal): transform proposal not supported for identity:
    {{esp-aes esp-sha256-hmac }}
ISAKMP-ERROR: (1001):IPSec policy invalidated proposal with error 256
...
ISAKMP-ERROR: (1001):phase 2 SA policy not acceptable! (local {US} remote {PEER})'''),
    'identities': (dict(ts=('10.2.1.0/24', NEAR)), f'''map_db_find_best did not find matching map
IPSEC(ipsec_process_proposal): proxy identities not supported
ISAKMP-ERROR: (1001):IPSec policy invalidated proposal with error 32
ISAKMP-ERROR: (1001):phase 2 SA policy not acceptable! (local {US} remote {PEER})'''),
}


@pytest.mark.parametrize('what', REFUSED)
def test_a_refusal_is_told_as_ios_tells_it(world, what):
    differs, want = REFUSED[what]
    pair = Pair(world, **differs)
    pair.router.cli('debug crypto isakmp\ndebug crypto ipsec')
    pair.ask('responder')
    pattern = re.escape(want).replace(re.escape('\n...\n'), r'\n(?:.*\n)*?')
    until(lambda: re.search(pattern, pair.said()), 5, f'{want}\n{pair.router.log()}')


def test_errors_are_told_alone(world):
    """Lines that the whole has, too, and no others."""
    pair = Pair(world, esp='aes128-sha256')
    cli = pair.router.cli
    assert cli('debug crypto isakmp error').startswith('Crypto ISAKMP Error debugging is on')
    assert cli('debug crypto ipsec error').startswith('Crypto IPSEC Error debugging is on')
    assert cli('show debugging').split('\n')[1:4] == [
        'Cryptographic Subsystem:', '  Crypto ISAKMP Error debugging is on', '  Crypto IPSEC Error debugging is on']
    pair.ask('responder')
    until(lambda: 'phase 2 SA policy not acceptable!' in pair.said(), 5, 'the refusal')
    compare(pair.said(), f'''IPSEC(ipsec_process_proposal): transform proposal not supported for identity:
    {{esp-aes esp-sha256-hmac }}
ISAKMP-ERROR: (1001):IPSec policy invalidated proposal with error 256
ISAKMP-ERROR: (1001):phase 2 SA policy not acceptable! (local {US} remote {PEER})''')


def test_states_of_sas_are_told_alone(world):
    pair = Pair(world)
    pair.router.cli('debug crypto ipsec states')
    pair.ask('initiator')
    until(lambda: 'current outbound sa to SPI' in pair.said(), 10, 'an SA')
    assert set(re.findall(r'^\S+', pair.said(), re.M)) == {'IPSEC(create_sa):', 'IPSEC(update_current_outbound_sa):'}, pair.said()


def test_all_of_it_asks_first(world):
    cli = Pair(world).router.cli
    asked = 'This may severely impact network performance. Continue? (yes/[no]): '
    assert 'turned on' not in cli('debug all\nno') and 'Crypto' not in cli('show debugging')
    said = cli('debug all\nyes\nshow debugging')
    assert said.startswith(f'{asked}\nAll possible debugging has been turned on\n') or \
        said.startswith('\nAll possible debugging has been turned on\n'), said
    for what in ('Tunnel keepalive', 'Crypto ISAKMP', 'Crypto Engine', 'Crypto IPSEC', 'Crypto PKI Trans', 'Crypto PKI Validation Path'):
        assert f'  {what} debugging is on\n' in said, said
    assert 'All possible debugging has been turned off' in cli('no debug all')
    assert 'Crypto' not in cli('show debugging')
    assert 'Crypto PKI Msg debugging is off' in cli('undebug crypto ca messages')
    assert cli('debug crypto isakmp ha').startswith('% No stateful failover')
