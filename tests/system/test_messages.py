# SPDX-License-Identifier: Apache-2.0
"""Every message of IOS's that the router has, each with what provokes it and what it must look like. A stage is a router
(or the IKE core, where the clock has to jump) and somebody who is not ours: strongSwan, ike-scan, scapy. A row that its
stage does not bring forth fails, and so does a message in the sources that has no row."""
import re
import signal
import socket
import struct

import pytest
from scapy.contrib.ospf import OSPF_Hdr
from scapy.layers.inet import ICMP, IP, TCP, UDP

from conftest import ROOT, built
from ikecore import LAN as CORE_LAN, PEER, US, World
from peers.netns import Net, need, until
from peers.strongswan import Charon, child, connection
from router import Router, config
from test_ike_rsa import OUR_DN, Authority, foreign, give, ios, strongswan
from test_inbound import Forger

pytestmark = pytest.mark.no_way('what is written is looked at, not what is sent')

SUITE, ESP = 'aes256-sha1-modp1024', 'aes256-sha1'
NEAR, FAR = '10.1.0.0/24', '10.2.0.0/24'
LAN = 'ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255'
HEADER = struct.Struct('>8s8sBBBBII')
QUICK_MODE, MAIN_MODE = 32, 2
DEBUG = 'debug crypto isakmp\ndebug crypto ipsec\ndebug crypto engine'
HEX = '[0-9A-F]+'


class Stage:
    """A router and a strongSwan on a wire."""

    def __init__(self, children=None, suite=SUITE, psk='secretkey', more='', peer=True, debug=True, edit=(), **ours):
        self.world = World()
        self.us, self.them = self.world.us, self.world.them
        self.us.addr('lo', '10.1.0.1/32')
        try:
            if peer:
                self.peer = Charon(self.them, 'fake', built('tests', 'system', 'libxfrmfake.so')).start()
                self.peer.load({'c': connection(PEER, US, suite, children or {'t': child(FAR, NEAR, ESP)})}, psk=psk)
            text = config(SUITE, US, PEER, [LAN], extra='crypto logging session\n' + more, **ours)
            for a, b in edit:
                assert a in text, a
                text = text.replace(a, b)
            self.router = Router(self.us, text)
            self.cli = self.router.cli
            if debug:
                self.cli(DEBUG)
        except BaseException:
            self.close()
            raise

    def close(self):
        self.world.close()

    def ask(self):
        self.us.ping('10.2.0.1', 1, source='10.1.0.1', wait=1).result()

    def said(self, what, seconds=10):
        until(lambda: re.search(what, self.router.log()), seconds, f'{what}\n{self.router.log()}')

    def cookies(self):
        sa, = self.peer.sas()
        return bytes.fromhex(sa['initiator-spi']), bytes.fromhex(sa['responder-spi'])

    def send(self, data, port=500):
        """From the peer's address, whoever holds its port."""
        raw = self.them.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw.sendto(bytes(IP(src=PEER, dst=US) / UDP(sport=port, dport=500) / data), (US, 0))
        raw.close()

    def scan(self, *args):
        need('ike-scan')
        self.them.run('ike-scan', '-M', '--sport=0', '--retry=1', '--timeout=300', *args, US, ok=False)


def up():
    """Initiator of a main mode and a quick mode with PFS; then the peer deletes, and a stranger meddles."""
    s = Stage({'t': child(FAR, NEAR, ESP + '-modp1024')}, pfs=True)
    try:
        s.ask()
        s.said('IKE_QM_PHASE2_COMPLETE')
        i, r = s.cookies()
        s.send(HEADER.pack(i, r, 8, 0x10, QUICK_MODE, 0, 0x4711, 60) + bytes(32))
        s.said('IKMP_NOT_ENCRYPTED')
        s.send(HEADER.pack(b'nobodys!', b'cookies!', 8, 0x10, QUICK_MODE, 1, 0x4711, 60) + bytes(32))
        s.said('IKMP_NO_SA')
        s.peer.terminate(child='t')
        s.said('tunnel is DOWN')
        s.cli('conf t\ninterface FastEthernet0/1\nno crypto map\nshutdown\nend')
        s.said('LINK-5-CHANGED')
        s.cli('conf t\ninterface FastEthernet0/1\nno shutdown\nend')
        s.said('LINK-3-UPDOWN')
        return s.router.log()
    finally:
        s.close()


def asked():
    """Responder, with lifetimes that differ, and a set with AH."""
    ah = child(FAR, NEAR, '', ah_proposals='sha1')
    del ah['esp_proposals']
    s = Stage({'t': ah}, edit=[('esp-aes 256 esp-sha-hmac', 'ah-sha-hmac')])
    try:
        s.peer.initiate('t')
        s.said('IKE_QM_PHASE2_COMPLETE')
        return s.router.log()
    finally:
        s.close()


def no_key():
    s = Stage(peer=False, edit=[(f'crypto isakmp key secretkey address {PEER}\n', '')])
    try:
        s.ask()
        s.said('IKMP_MODE_FAILURE')
        return s.router.log()
    finally:
        s.close()


def scanned():
    """ike-scan tries one suite after the other, aggressive mode, and more than is admitted."""
    s = Stage(peer=False, more='crypto call admission limit ike sa 1')
    try:
        for trans in ('5,2,1,2', '(1=7,14=128,2=2,3=1,4=2)', '(1=7,14=256,2=1,3=1,4=2)', '(1=7,14=256,2=2,3=3,4=2)',
                      '(1=7,14=256,2=2,3=1,4=5)'):
            s.scan(f'--trans={trans}')
        s.scan('--vendor=12f5f28c457168a9702d9fe274cc0100', '--trans=5,2,1,2')
        s.scan('-A', '--id=x', '--trans=(1=7,14=256,2=2,3=1,4=2)')
        s.scan('--trans=(1=7,14=256,2=2,3=1,4=2)')  # half open from now on
        s.scan('--trans=(1=7,14=256,2=2,3=1,4=2)')
        s.said('IKE_DENY_SA_REQ')
        return s.router.log()
    finally:
        s.close()


def wrong_key():
    """The peer's third message does not decrypt; it does not answer ours."""
    s = Stage(psk='another')
    try:
        s.peer.initiate('t', timeout=2, ok=False)
        s.said('IKMP_BAD_MESSAGE')
        s.ask()
        s.said(r'retransmitting phase 1 MM_KEY_EXCH\.\.\.')
        return s.router.log()
    finally:
        s.close()


def refused():
    """Quick modes that do not fit, one after the other: the suite, the access list, PFS."""
    s = Stage({'suite': child(FAR, NEAR, 'aes128-sha256-modp1024'), 'list': child('10.2.1.0/24', NEAR, ESP + '-modp1024'),
               'pfs': child(FAR, NEAR, ESP)}, pfs=True)
    try:
        for what in ('suite', 'list', 'pfs'):
            s.peer.initiate(what, timeout=3, ok=False)
        s.said('no PFS group offered')
        return s.router.log()
    finally:
        s.close()


def forged():
    """A forger who knows the keys, two routers of ours: what comes out of an SA, and what had to."""
    with Net() as net:
        us, peer = net.ns('us'), net.ns('peer')
        net.link(us, 'wan', f'{US}/24', peer, 'wan', f'{PEER}/24')
        us.addr('lo', '10.1.0.1/32')
        peer.addr('lo', '10.2.0.1/32')
        us.route('10.2.0.0/24', PEER)
        peer.route('10.1.0.0/24', US)
        r = Router(us, config('aes128-sha1-modp1024', US, PEER, [LAN]))
        mirror = 'ip 10.2.0.0 0.0.0.255 10.1.0.0 0.0.0.255'
        other = Router(peer, config('aes128-sha1-modp1024', PEER, US, [mirror]), args=('--keylog', net.dir))
        assert us.ping('10.2.0.1', 1, source='10.1.0.1').result().lost == []
        until((net.dir / 'esp_sa').exists)
        forger = Forger(peer, net.dir / 'esp_sa')
        inner = bytes(IP(src='10.2.0.1', dst='10.1.0.1') / UDP(sport=1, dport=9))
        forger.esp(inner)
        forger.esp(inner, seq=forger.seq)
        forger.esp(inner, spoil=True)
        forger.esp(bytes(IP(src='10.2.0.1', dst='10.9.0.1') / UDP(sport=1, dport=9)))
        forger.esp(inner, spi=0xdeadbeef)
        other.stop()  # its guard would hold back what follows
        forger.send(IP(src='10.2.0.1', dst='10.1.0.1') / UDP(sport=1, dport=9))
        until(lambda: len(set(re.findall(r'%CRYPTO-4-\w+', r.log()))) >= 5, 10, r.log())
        return r.log()


def tunnel():
    """A GRE tunnel comes up, is routed into itself, and is shut down."""
    with Net() as net:
        us, peer = net.ns('us'), net.ns('peer')
        net.link(us, 'wan', f'{US}/24', peer, 'wan', f'{PEER}/24')
        r = Router(us, f"""interface FastEthernet0/1
 ip address {US} 255.255.255.0
interface Tunnel0
 ip address 172.16.0.1 255.255.255.252
 tunnel source FastEthernet0/1
 tunnel destination 203.0.113.1
ip route 203.0.113.1 255.255.255.255 {PEER}
""")
        def says(what):
            until(lambda: what in r.log(), 10, what + r.log())
        says('Interface Tunnel0, changed state to up')
        us.ip('route', 'add', '203.0.113.1/32', 'dev', 'Tunnel0', 'metric', '0')
        says('RECURDOWN')
        r.cli('conf t\ninterface Tunnel0\nshutdown\nend')
        says('Interface Tunnel0, changed state to administratively down')
        return r.log()


def listed():
    """Packets of each kind that an access list with `log` denies."""
    with Net() as net:
        us, peer = net.ns('us'), net.ns('peer')
        net.link(us, 'wan', f'{US}/24', peer, 'wan', f'{PEER}/24')
        net.link(us, 'lan', '10.1.0.1/24', peer, 'lan', '10.1.0.2/24')
        r = Router(us, f"""ip access-list extended EDGE-IN
 deny ip any any log
access-list 10 deny any log
interface FastEthernet0/1
 ip address {US} 255.255.255.0
 ip access-group EDGE-IN in
interface FastEthernet0/2
 ip address 10.1.0.1 255.255.255.0
 ip access-group 10 in
""", args=('--interface', 'FastEthernet0/2=lan'))
        peer.ip('route', 'add', '224.0.0.0/4', 'dev', 'wan')
        raw = peer.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
        for p in (IP(src=PEER, dst=US) / TCP(sport=1024, dport=23), IP(src=PEER, dst=US) / ICMP(type=8),
                  IP(src=PEER, dst=US, proto=50) / bytes(16), IP(src=PEER, dst='224.0.0.5') / OSPF_Hdr(),
                  IP(src='10.1.0.2', dst='10.1.0.1') / UDP(sport=1, dport=9)):
            raw.sendto(bytes(p), (p.dst, 0))
        until(lambda: len(set(re.findall(r'%SEC-6-\w+', r.log()))) >= 5, 10, r.log())
        return r.log()


def core_log(core):
    return ''.join(f"%{e['mnemonic']}: {e['text']}\n" for e in core.of('log')) + '\n'.join(e['text'] for e in core.of('debug'))


def silent():
    """Nobody is there, and the clock jumps."""
    w = World()
    try:
        core = w.core(SUITE, f'{CORE_LAN} set=aes256+sha1')
        core.cmd('acquire 1')
        core.skip_until('failed', policy=1)
        return core_log(core)
    finally:
        w.close()


def dead():
    """A peer that was there, and is not any more."""
    w = World()
    try:
        peer = w.swan(SUITE, ESP, 'fake')
        core = w.core(SUITE, f'{CORE_LAN} set=aes256+sha1', more=['keepalive 10 2 periodic'])
        core.cmd('acquire 1')
        core.wait('sa-add', count=2)
        peer.proc.send_signal(signal.SIGSTOP)
        for _ in range(10):
            core.cmd('skip 5')
        core.wait('log', mnemonic='CRYPTO-5-IKMP_PEER_DEAD')
        peer.proc.send_signal(signal.SIGCONT)
        return core_log(core)
    finally:
        w.close()


def certified():
    """A certificate of a CA that nobody trusts."""
    w = World()
    try:
        w.us.addr('lo', '10.1.0.1/32')
        ca = Authority(w.net.dir)
        r = Router(w.us, ios())
        give(r, ca, *ca.issue('r1', OUR_DN, '--san', US), revocation='none')
        strongswan(w, ca, *foreign(ca))
        w.us.ping('10.2.0.1', 1, source='10.1.0.1', wait=1).result()
        until(lambda: 'IKMP_INVAL_CERT' in r.log(), 10, r.log())
        return r.log()
    finally:
        w.close()


def proxies(lead='    '):
    return rf'{lead}local_proxy= 10\.1\.0\.0/255\.255\.255\.0/0/0 \(type=4\), ?\n' \
           rf'{lead}remote_proxy= 10\.2\.0\.0/255\.255\.255\.0/0/0 \(type=4\)'


def block(direction, life, spi):
    return rf'  \(key eng\. msg\.\) {direction} local= {US}, remote= {PEER}, ?\n{proxies()},\n' \
           rf'    protocol= ESP, transform= esp-aes 256 esp-sha-hmac  \(Tunnel\), ?\n    lifedur= {life}, ?\n' \
           rf'    spi= 0x{spi}\(\d+\), conn_id= \d+, keysize= 256, flags= 0x0'


def failed(mode, why):
    return rf'%CRYPTO-6-IKMP_MODE_FAILURE: Processing of {mode} mode failed with peer at {PEER}: .*{why}'


STAMP = r'\*[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\.\d{3}: '
# stage: patterns; of a line that begins with % the stamp is looked at, too. In the words of IOS, whose spelling this is.
ROWS = {
    up: [
        r'%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is ON$', r'%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is OFF$',
        rf'%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP  \.  Peer {PEER}:500       Id: {PEER}$',
        rf'%CRYPTO-5-SESSION_STATUS: Crypto tunnel is DOWN\.  Peer {PEER}:500       Id: {PEER}$',
        rf"%CRYPTO-6-IKMP_NOT_ENCRYPTED: IKE packet from {PEER} was not encrypted and it should've been\.$",
        rf'%CRYPTO-4-IKMP_NO_SA: IKE message from {PEER} has no SA and is not an initialization offer$',
        r'%SYS-5-CONFIG_I: Configured from console by \S+',
        r'%LINK-5-CHANGED: Interface FastEthernet0/1, changed state to administratively down$',
        r'%LINK-3-UPDOWN: Interface FastEthernet0/1, changed state to up$',
        r'ISAKMP: \(0\):SA request profile is \(NULL\)$',
        rf'ISAKMP: \(0\):Created a peer struct for {PEER}, peer port 500$',
        rf'ISAKMP: \(0\):New peer created peer = 0x{HEX} peer_handle = 0x{HEX}$',
        rf'ISAKMP: \(0\):Locking peer struct 0x{HEX}, refcount 1 for isakmp_initiator$',
        r'ISAKMP: \(0\):local port 500, remote port 500$',
        r'ISAKMP: \(0\):set new node 0 to QM_IDLE      $',
        r'ISAKMP: \(0\):insert sa successfully sa = [0-9A-F]+$',
        r'ISAKMP: \(0\):Can not start Aggressive mode, trying Main mode\.$',
        rf'ISAKMP: \(0\):found peer pre-shared key matching {PEER}$',
        *(rf'ISAKMP: \(0\):constructed NAT-T vendor-{v} ID$' for v in ('rfc3947', '07', '03', '02')),
        r'ISAKMP: \(0\):Input = IKE_MESG_FROM_IPSEC, IKE_SA_REQ_MM$',
        r'ISAKMP: \(0\):Old State = IKE_READY  New State = IKE_I_MM1 $',
        r'ISAKMP: \(0\):beginning Main Mode exchange$',
        rf'ISAKMP-PAK: \(0\):sending packet to {PEER} my_port 500 peer_port 500 \(I\) MM_NO_STATE$',
        r'ISAKMP: \(0\):Sending an IKE IPv4 Packet\.$',
        rf'ISAKMP-PAK: \(0\):received packet from {PEER} dport 500 sport 500 Global \(I\) MM_NO_STATE$',
        r'ISAKMP: \(0\):Input = IKE_MESG_FROM_PEER, IKE_MM_EXCH$',
        r'ISAKMP: \(0\):processing SA payload\. message ID = 0$',
        r'ISAKMP: \(0\):processing vendor id payload$',
        r'ISAKMP: \(0\):vendor ID seems Unity/DPD but major 69 mismatch$',
        r'ISAKMP: \(0\):vendor ID is NAT-T RFC 3947$', r'ISAKMP: \(\d+\):vendor ID is XAUTH$', r'ISAKMP: \(\d+\):vendor ID is DPD$',
        r'ISAKMP: \(0\):local preshared key found$', r'ISAKMP: \(0\):Scanning profiles for xauth \.\.\. $',
        r'ISAKMP: \(0\):Checking ISAKMP transform 1 against priority 10 policy$',
        *(rf'ISAKMP: \(0\):      {a}$' for a in ('encryption AES-CBC', 'keylength of 256', 'hash SHA', 'default group 2',
                                                 'auth pre-share', 'life type in seconds')),
        r'ISAKMP:      life duration \(VPI\) of  0x0 0x1 0x51 0x80 $',
        r'ISAKMP: \(0\):atts are acceptable\. Next payload is 0$',
        r'ISAKMP: \(0\):Acceptable atts:actual life: 0$', r'ISAKMP: \(0\):Acceptable atts:life: 0$',
        r'ISAKMP: \(0\):Fill atts in sa vpi_length:4$', r'ISAKMP: \(0\):Fill atts in sa life_in_seconds:86400$',
        r'ISAKMP: \(0\):Returning Actual lifetime: 86400$', r'ISAKMP: \(0\):Started lifetime timer: 86400\.$',
        *(rf'ISAKMP: \(\d+\):Old State = IKE_{a}  New State = IKE_{b} ?$' for a, b in (
            ('I_MM1', 'I_MM2'), ('I_MM2', 'I_MM3'), ('I_MM3', 'I_MM4'), ('I_MM4', 'I_MM5'), ('I_MM5', 'I_MM6'),
            ('I_MM6', 'P1_COMPLETE'), ('QM_READY', 'QM_I_QM1'), ('QM_I_QM1', 'QM_IPSEC_INSTALL_AWAIT'),
            ('QM_IPSEC_INSTALL_AWAIT', 'QM_PHASE2_COMPLETE'))),
        r'ISAKMP: \(0\):processing KE payload\. message ID = 0$', r'ISAKMP: \(0\):processing NONCE payload\. message ID = 0$',
        r'ISAKMP: \(1001\):received payload type 20$', r'ISAKMP: \(1001\):His hash no match - this node outside NAT$',
        r'ISAKMP: \(1001\):No NAT Found for self or peer$', r'ISAKMP: \(1001\):Send initial contact$',
        r'ISAKMP: \(1001\):SA is doing $', r'ISAKMP: \(1001\):pre-shared key authentication using id type ID_IPV4_ADDR$',
        rf'ISAKMP: \(1001\):ID payload \n        next-payload : 8\n        type         : 1 \n        address      : {US} \n'
        r'        protocol     : 17 \n        port         : 500 \n        length       : 12$',
        r'ISAKMP: \(1001\):Total payload length: 12$',
        r'ISAKMP: \(1001\):processing ID payload\. message ID = 0$', r'ISAKMP: \(1001\):processing HASH payload\. message ID = 0$',
        r'ISAKMP: \(1001\):SA authentication status:$', r'ISAKMP: \(1001\):        authenticated$',
        rf'ISAKMP: \(1001\):SA has been authenticated with {PEER}$',
        r'ISAKMP: \(1001\):beginning Quick Mode exchange, M-ID of \d+$', r'ISAKMP: \(1001\):QM Initiator gets spi$',
        rf'ISAKMP-PAK: \(1001\):sending packet to {PEER} my_port 500 peer_port 500 \(I\) QM_IDLE      $',
        r'ISAKMP: \(1001\):Node \d+, Input = IKE_MESG_INTERNAL, IKE_INIT_QM$',
        r'ISAKMP: \(1001\):Checking IPSec proposal 1$', r'ISAKMP: \(1001\):transform 1, ESP_AES $',
        r'ISAKMP: \(1001\):   attributes in transform:$',
        *(rf'ISAKMP: \(1001\):      {a}$' for a in (
            r'encaps is 1 \(Tunnel\)', 'SA life type in seconds', r'SA life duration \(basic\) of 3600',
            'SA life type in kilobytes', 'authenticator is HMAC-SHA', 'key length is 256', 'group is 2')),
        r'ISAKMP:      SA life duration \(VPI\) of  0x0 0x46 0x50 0x0 $', r'ISAKMP: \(1001\):atts are acceptable\.$',
        rf'ISAKMP: \(1001\):Successfully installed IPSEC SA \(SPI:0x{HEX}\) on FastEthernet0/1$',
        r'ISAKMP: \(1001\):deleting node \d+ error FALSE reason "No Error"$',
        r'IPSEC\(sa_request\): ,\n' + block('OUTBOUND', '3600s and 4608000kb', '0'),
        r'IPSEC\(validate_proposal_request\): proposal part #1,\n' + block('INBOUND', '0s and 0kb', '0'),
        r'IPSEC\(key_engine\): got a queue event with 1 KMI message\(s\)$',
        *(r'IPSEC\(initialize_sas\): ,\n' + block(d, '3600s and 4608000kb', HEX) for d in ('INBOUND', 'OUTBOUND')),
        *(rf'IPSEC\(create_sa\): sa created,\n  \(sa\) sa_dest= {a}, sa_proto= 50, \n    sa_spi= 0x{HEX}\(\d+\), \n'
          r'    sa_trans= esp-aes 256 esp-sha-hmac , sa_conn_id= \d+' for a in (US, PEER)),
        rf'IPSEC\(update_current_outbound_sa\): updated peer {PEER} current outbound sa to SPI {HEX}$',
        r"IPSEC\(key_engine_delete_sas\): rec'd delete notify from ISAKMP$",
    ],
    asked: [
        r'%CRYPTO-6-IKMP_LIFETIME: ', r'%CRYPTO-6-IPSEC_LIFETIME: ', r'ISAKMP: \(1001\):transform 1, AH_SHA$',
        rf'ISAKMP-PAK: \(0\):received packet from {PEER} dport 500 sport 500 Global \(N\) NEW SA$',
        rf'ISAKMP: \(0\):Locking peer struct 0x{HEX}, refcount 1 for crypto_isakmp_process_block$',
        r'ISAKMP: \(0\):      life duration \(basic\) of 15840$', r'ISAKMP: \(0\):Basic life_in_seconds:15840$',
        r'ISAKMP: \(0\):Acceptable atts:actual life: 15840$', r'ISAKMP: \(1001\):set new node \d+ to QM_IDLE      $',
        *(rf'ISAKMP: \(\d+\):Old State = IKE_{a}  New State = IKE_{b} ?$' for a, b in (
            ('READY', 'R_MM1'), ('R_MM1', 'R_MM2'), ('R_MM2', 'R_MM3'), ('R_MM3', 'R_MM4'), ('R_MM4', 'R_MM5'),
            ('R_MM5', 'P1_COMPLETE'), ('QM_READY', 'QM_R_QM2'), ('QM_R_QM2', 'QM_PHASE2_COMPLETE'))),
    ],
    no_key: [
        rf'ISAKMP-ERROR: \(0\):No pre-shared key with {PEER}!$', r'ISAKMP-ERROR: \(0\):No Cert or pre-shared address key\. $',
        r'ISAKMP-ERROR: \(0\):construct_initial_message: Can not start Main mode$',
        rf'%CRYPTO-6-IKMP_MODE_FAILURE: Phase 1 with peer at {PEER} cannot begin: no pre-shared key with {PEER} ',
    ],
    scanned: [
        *(rf'ISAKMP-ERROR: \(0\):{a}\n{STAMP}ISAKMP-ERROR: \(0\):atts are not acceptable\. Next payload is 0$' for a in (
            'Encryption algorithm offered does not match policy!', 'Proposed key length does not match policy',
            'Hash algorithm offered does not match policy!', 'Diffie-Hellman group offered does not match policy!',
            'Authentication method offered does not match policy!')),
        r'ISAKMP-ERROR: \(0\):no offers accepted!$', r'ISAKMP: \(0\):vendor ID is Unity$',
        rf'ISAKMP-ERROR: \(0\):phase 1 SA policy not acceptable! \(local {US} remote {PEER}\)$',
        failed('Main', r'encryption offered 3DES-CBC'), failed('Main', 'Diffie-Hellman group offered 5'),
        r'%CRYPTO-5-IKMP_AG_MODE_DISABLED: Unable to initiate or respond to Aggressive Mode while disabled',
        rf'%CRYPTO-4-IKE_DENY_SA_REQ: IKE denied an INCOMING SA request from {PEER} to {US} due to ',
    ],
    wrong_key: [
        rf'%CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from {PEER} failed its sanity check or is malformed',
        r'ISAKMP: \(\d+\):retransmitting phase 1 MM_KEY_EXCH\.\.\.$',
        r'ISAKMP: \(\d+\):: incrementing error counter on sa, attempt 1 of \d: retransmit phase 1$',
        r'ISAKMP: \(\d+\):retransmitting phase 1 MM_KEY_EXCH$',
    ],
    refused: [
        r'IPSEC\(ipsec_process_proposal\): transform proposal not supported for identity: \n    \{esp-aes esp-sha256-hmac \}$',
        r'ISAKMP-ERROR: \(1001\):IPSec policy invalidated proposal with error 256$',
        rf'ISAKMP-ERROR: \(1001\):phase 2 SA policy not acceptable! \(local {US} remote {PEER}\)$',
        r'map_db_find_best did not find matching map$', r'IPSEC\(ipsec_process_proposal\): proxy identities not supported$',
        r'ISAKMP-ERROR: \(1001\):IPSec policy invalidated proposal with error 32$',
        r'IPSEC\(validate_transform_proposal\): invalid transform proposal flags$',
        failed('Quick', 'no crypto map entry for this peer covers'),
    ],
    forged: [
        r"%CRYPTO-4-RECVD_PKT_NOT_IPSEC: Rec'd packet not an IPSEC packet\. \(ip\) vrf/dest_addr= /10\.1\.0\.1, "
        r'src_addr= 10\.2\.0\.1, prot= 17$',
        rf'%CRYPTO-4-RECVD_PKT_INV_SPI: decaps: rec`d IPSEC packet has invalid spi for destaddr={US}, prot=50, '
        rf'spi=0xDEADBEEF\(3735928559\), srcaddr={PEER}$',
        r'%CRYPTO-4-PKT_REPLAY_ERR: decrypt: replay check failed connection id=\d+, sequence number=1001$',
        rf'%CRYPTO-4-RECVD_PKT_MAC_ERR: decrypt: mac verify failed for connection id=\d+ local={US} remote={PEER} '
        rf'spi={HEX} seqno={HEX}$',
        r"%CRYPTO-4-RECVD_PKT_INV_IDENTITY: identity doesn't match negotiated identity \(ip\) vrf/dest_addr= /10\.9\.0\.1, "
        rf'src_addr= 10\.2\.0\.1, prot= 17  \(ident\) local= {US}, remote= {PEER}, '
        r'local_proxy= 10\.1\.0\.0/255\.255\.255\.0/0/0, remote_proxy= 10\.2\.0\.0/255\.255\.255\.0/0/0$',
    ],
    tunnel: [
        r'%LINEPROTO-5-UPDOWN: Line protocol on Interface Tunnel0, changed state to up$',
        r'%LINEPROTO-5-UPDOWN: Line protocol on Interface Tunnel0, changed state to down$',
        r'%TUN-5-RECURDOWN: Tunnel0 temporarily disabled due to recursive routing$',
        r'%LINK-5-CHANGED: Interface Tunnel0, changed state to administratively down$',
    ],
    listed: [
        rf'%SEC-6-IPACCESSLOGP: list EDGE-IN denied tcp {PEER}\(1024\) -> {US}\(23\), 1 packet$',
        rf'%SEC-6-IPACCESSLOGDP: list EDGE-IN denied icmp {PEER} -> {US} \(8/0\), 1 packet$',
        rf'%SEC-6-IPACCESSLOGNP: list EDGE-IN denied 50 {PEER} -> {US}, 1 packet$',
        rf'%SEC-6-IPACCESSLOGRP: list EDGE-IN denied ospf {PEER} -> 224\.0\.0\.5, 1 packet$',
        r'%SEC-6-IPACCESSLOGS: list 10 denied 10\.1\.0\.2 1 packet$',
    ],
    silent: [
        rf'IPSEC: \(key_engine\) request timer fired: count = 1,\n  \(identity\) local= {US}:0, remote= {PEER}:0, \n{proxies()}$',
        r'ISAKMP: \(0\):: incrementing error counter on sa, attempt 4 of 4: retransmit phase 1$',
    ],
    dead: [rf'%CRYPTO-5-IKMP_PEER_DEAD: Peer {PEER} answered none of \d R-U-THERE'],
    certified: [rf'%CRYPTO-5-IKMP_INVAL_CERT: Certificate received from {PEER} is bad: '],
}
# a signature that lies, and what is said after five minutes: the test that has it
ELSEWHERE = {'CRYPTO-6-IKMP_AUTH_FAIL': 'tests/unit/ike/test_rsa_sig.c',
             'SEC-6-IPACCESSLOGRL': 'tests/unit/control/test_acl_log.c'}


@pytest.mark.parametrize('stage', ROWS, ids=lambda s: s.__name__)
def test_what_is_provoked_is_said_as_ios_says_it(stage):
    log = stage()
    stamped = stage not in (silent, dead)  # the core has no clock of its own
    missing = [row for row in ROWS[stage]
               if not re.search(('^' + STAMP if stamped else '^') + row, log, re.M)]
    assert not missing, '\n'.join(missing) + f'\n---\n{log}'


def test_every_message_of_the_sources_has_a_row():
    ours = {m for f in (ROOT / 'src').rglob('*.c')
            for m in re.findall(r'"((?:CRYPTO|LINK|LINEPROTO|TUN|SEC)-\d-\w+)"', f.read_text())}
    ours.remove('SEC-6-IPACCESSLOG')  # what the kinds begin with
    assert len(ours) > 20, ours
    rows = '\n'.join(row for rows in ROWS.values() for row in rows)
    bare = {m for m in ours if f'%{m}: ' not in rows}
    assert bare == set(ELSEWHERE), bare ^ set(ELSEWHERE)
    for mnemonic, file in ELSEWHERE.items():
        assert mnemonic in (ROOT / file).read_text(), mnemonic
