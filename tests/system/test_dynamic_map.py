# SPDX-License-Identifier: Apache-2.0
"""A whole Culvert router with a dynamic crypto map: strongSwan peers from addresses that it
does not know, packets counted both ways, and nothing in clear on the wire."""
import os
import signal
import time

import pytest

from layout import compare
from peers.netns import Net, until
from peers.strongswan import Charon, child, connection
from peers.tshark import Capture, rows
from router import Router

US, GATE = '192.0.2.1', '192.0.2.254'
NEAR = '10.1.0.0/24'
IKE, ESP = 'aes128-sha1-modp1024', 'aes128-sha1'
PHASE1 = """crypto isakmp policy 10
 encr aes
 authentication pre-share
 group 2
"""
HEAD = """crypto isakmp key secretkey address 0.0.0.0 0.0.0.0
crypto ipsec transform-set TS esp-aes esp-sha-hmac
 mode tunnel
"""
TAIL = f"""interface FastEthernet0/1
 ip address {US} 255.255.255.0
 crypto map M
ip route 0.0.0.0 0.0.0.0 {GATE}
"""
DYNAMIC = """crypto dynamic-map D 10
 set transform-set TS
{more}crypto map M 65000 ipsec-isakmp dynamic D
"""
ACL = 'ip access-list extended DACL\n permit ip 10.1.0.0 0.0.0.255 10.2.0.0 0.1.255.255\n'


class Spoke:
    """A strongSwan somewhere behind the gate, with the network 10.NET.0.0/24."""

    def __init__(self, field, name, third, net):
        self.field, self.net, self.third = field, net, third
        self.ns = field.net.ns(name)
        self.lan, self.host = f'10.{net}.0.0/24', f'10.{net}.0.1'
        self.addr = f'198.51.{third}.2'
        field.net.link(field.gate, f'to{name}', f'198.51.{third}.254/24', self.ns, 'wan', f'{self.addr}/24')
        self.ns.addr('lo', f'{self.host}/32')
        self.ns.route('default', f'198.51.{third}.254')

    def start(self, near=NEAR, ike=IKE, children=None, **more):
        self.charon = Charon(self.ns).start()
        children = children or {'t': child(self.lan, near, ESP)}
        self.charon.load({'c': connection(self.addr, US, ike, children, **more)})
        return self.charon

    def move(self, last):
        """It loses its line without a word and has another address then."""
        self.charon.stop(signal.SIGKILL)
        self.ns.ip('addr', 'del', f'{self.addr}/24', 'dev', 'wan')
        self.addr = f'198.51.{self.third}.{last}'
        self.ns.addr('wan', f'{self.addr}/24')
        self.ns.route('default', f'198.51.{self.third}.254')
        (self.charon.dir / 'vici').unlink(missing_ok=True)
        self.charon.start()
        self.charon.load({'c': connection(self.addr, US, IKE, {'t': child(self.lan, NEAR, ESP)})})


class Field:
    def __init__(self):
        self.net = Net()
        self.us, self.gate = self.net.ns('us'), self.net.ns('gate')
        self.gate.forward()
        self.net.link(self.us, 'wan', f'{US}/24', self.gate, 'hub', f'{GATE}/24')
        self.us.addr('lo', '10.1.0.1/32')
        self.capture = Capture(self.us, 'wan')
        self.router = None

    def hub(self, text):
        self.router = Router(self.us, text)
        return self.router

    def both_ways(self, spoke, count=3):
        """Pings from either end; all must come back."""
        for ns, to, source in ((spoke.ns, '10.1.0.1', spoke.host), (self.us, spoke.host, '10.1.0.1')):
            got = ns.ping(to, count, source=source).result()
            assert got.sent == count and not got.lost, (got.out, self.router.log(), spoke.charon.log())

    def nothing_in_clear(self):
        seen = rows(self.capture.stop(), ['ip.proto', 'udp.dstport'], 'ip')
        assert seen and {tuple(r) for r in seen} <= {('17', '500'), ('17', '4500')}, seen


@pytest.fixture
def field():
    f = Field()
    try:
        yield f
    finally:
        f.net.close()


def test_strangers_come_move_and_go_and_nothing_leaves_in_clear(field):
    one, two = Spoke(field, 'one', 101, 2), Spoke(field, 'two', 102, 3)
    hub = field.hub(PHASE1 + HEAD + DYNAMIC.format(more='') + TAIL)
    for spoke in one, two:
        spoke.start().initiate('t')
        field.both_ways(spoke)
    counted = [int(s.charon.children()[0][k]) for s in (one, two) for k in ('packets-in', 'packets-out')]
    assert counted == [6, 6, 6, 6]
    said = hub.cli('show crypto map')
    assert 'Dynamic map template tag: D' in said
    assert said.count('dynamic (created from dynamic map D/10)') == 2 and '65537 ipsec-isakmp' in said
    assert 'access-list  permit ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255' in said
    assert 'Crypto Map Template"D" 10' in hub.cli('show crypto dynamic-map')
    for command, layout in (('map', 'map'), ('dynamic-map', 'dynamic-map'), ('ipsec sa detail', 'ipsec-sa-detail'),
                            ('session detail', 'session-detail'), ('isakmp sa detail', 'isakmp-sa-detail')):
        compare(hub, f'show crypto {command}', layout)
    said = hub.cli('show crypto ipsec sa')
    assert said.count('#pkts encaps: 6') == 2 and f'current_peer {one.addr} port 4500' in said
    said = hub.cli('show crypto session')
    assert said.count('UP-ACTIVE') == 2 and 'permit ip 10.1.0.0/255.255.255.0 10.3.0.0/255.255.255.0' in said

    # one has another address: its networks follow it
    old = one.addr
    one.move(77)
    one.charon.initiate('t')
    field.both_ways(one)
    said = hub.cli('show crypto map')
    assert f'Current peer: {one.addr}' in said and f'Current peer: {old}' not in said
    assert said.count('created from dynamic map') == 2
    assert f'moves from peer {old} to peer {one.addr}' in hub.log()

    # two says goodbye: what is for it waits in vain, and stays here
    two.charon.terminate(ike='c')
    until(lambda: 'current outbound spi: 0x0(0)' in hub.cli('show crypto ipsec sa'), 10, 'the end of its SAs')
    got = field.us.ping(two.host, 4, source='10.1.0.1', wait=1).result()
    assert len(got.lost) == 4
    field.both_ways(one)

    # the forwarder dies, and the SAs with it: nothing passes until the peer begins anew
    _, forwarder, control = hub.pids()
    os.kill(forwarder, signal.SIGKILL)
    until(lambda: not one.charon.children(), 10, 'the DELETE')
    assert len(field.us.ping(one.host, 2, source='10.1.0.1', wait=1).result().lost) == 2
    one.charon.initiate('t')
    field.both_ways(one)

    # control dies: the SAs carry on, and their proxies are guarded all the time
    stream = one.ns.ping('10.1.0.1', 5000, interval=0.01, source=one.host)
    time.sleep(0.2)
    os.kill(control, signal.SIGKILL)
    until(lambda: control not in hub.pids() and 'created from' in hub.cli('show crypto map'), 15,
          'the next control')
    time.sleep(0.5)
    got = stream.stop()
    last = max(got.seen)  # those behind it may have been on their way
    assert got.sent > 40 and last > got.sent - 30 and not [n for n in got.lost if n < last], (got.lost, hub.log())
    assert 'no policy' not in hub.cli('show crypto drops'), hub.cli('show crypto drops')
    field.both_ways(one)

    hub.signal(signal.SIGKILL)  # with the locks as they are
    assert len(field.us.ping(two.host, 3, source='10.1.0.1', wait=1).result().lost) == 3
    field.nothing_in_clear()


def test_a_changed_template_lets_nothing_out(field):
    one = Spoke(field, 'one', 101, 2)
    hub = field.hub(PHASE1 + HEAD + DYNAMIC.format(more='') + TAIL)
    one.start().initiate('t')
    field.both_ways(one)
    stream = field.us.ping(one.host, 1000, interval=0.02, source='10.1.0.1')
    time.sleep(0.3)
    for line in 'set pfs group2', 'no set pfs':
        hub.cli(f'configure terminal ; crypto dynamic-map D 10 ; {line}')
    until(lambda: not one.charon.children(), 10, 'the DELETE')
    time.sleep(0.5)
    assert stream.stop().lost
    one.charon.initiate('t')
    field.both_ways(one)
    field.nothing_in_clear()


def test_peers_get_what_the_access_list_permits_and_nothing_else(field):
    """The list is guarded from the beginning, with no peer in sight."""
    one = Spoke(field, 'one', 101, 2)
    more = f' match address DACL\n'
    hub = field.hub(PHASE1 + HEAD + ACL + DYNAMIC.format(more=more) + TAIL)
    children = {'t': child(one.lan, NEAR, ESP), 'wide': child('10.0.0.0/8', NEAR, ESP)}
    one.start(children=children)
    got = field.us.ping(one.host, 2, source='10.1.0.1', wait=1).result()
    assert len(got.lost) == 2 and 'its peer has to begin' not in hub.log()
    assert one.charon.initiate('wide', ok=False).returncode
    assert 'no crypto map entry for this peer covers: permit ip 10.1.0.0 0.0.0.255 10.0.0.0 ' \
        '0.255.255.255' in hub.log()
    one.charon.initiate('t')
    field.both_ways(one)
    assert 'permit ip 10.1.0.0 0.0.0.255 10.2.0.0 0.1.255.255 (' in hub.cli('show access-lists')
    one.charon.terminate(ike='c')
    time.sleep(0.5)
    assert len(field.us.ping(one.host, 2, source='10.1.0.1', wait=1).result().lost) == 2
    hub.cli('configure terminal ; no crypto map M 65000')
    field.nothing_in_clear()


def test_lifetimes_are_strict_when_asked(field):
    """A shorter one than ours is refused, a longer one is taken, and each has its line."""
    one = Spoke(field, 'one', 101, 2)
    text = PHASE1.replace(' group 2', ' group 2\n lifetime 7200') + HEAD + DYNAMIC.format(more='') + TAIL
    hub = field.hub(text + 'crypto isakmp lifetime strict\n')
    one.start(rekey_time='30m', over_time='1m')
    assert one.charon.initiate('t', ok=False).returncode
    assert 'policy 10 has 7200 s and lifetimes are strict' in hub.log()
    hub.cli('configure terminal ; no crypto isakmp lifetime strict ; end ; show clock')
    one.charon.initiate('t')
    assert 'policy 10 has 7200 s' in hub.log() and 'ISAKMP SA lifetime: peer at' in hub.log()
    hub.cli('configure terminal ; crypto isakmp lifetime strict ; end ; clear crypto session')
    one.charon.load({'c': connection(one.addr, US, IKE, {'t': child(one.lan, NEAR, ESP)}, rekey_time='4h')})
    one.charon.terminate(ike='c', ok=False)
    one.charon.initiate('t')
    field.both_ways(one)


def test_default_policies_are_off_until_configured(field):
    one = Spoke(field, 'one', 101, 2)
    hub = field.hub(HEAD + DYNAMIC.format(more='') + TAIL)
    one.start(ike='aes128-sha1-modp1536')
    assert one.charon.initiate('t', ok=False).returncode
    assert '65508' not in hub.cli('show crypto isakmp default policy')
    hub.cli('configure terminal ; crypto isakmp default policy')
    assert 'Default protection suite of priority 65508' in hub.cli('show crypto isakmp default policy')
    one.charon.initiate('t')
    field.both_ways(one)
    assert 'crypto isakmp default policy' in hub.cli('show running-config')
    hub.cli('configure terminal ; no crypto isakmp default policy ; end ; clear crypto session')
    one.charon.terminate(ike='c', ok=False)
    assert one.charon.initiate('t', ok=False).returncode


def test_call_admission_refuses_the_second_peer(field):
    one, two = Spoke(field, 'one', 101, 2), Spoke(field, 'two', 102, 3)
    hub = field.hub(PHASE1 + HEAD + DYNAMIC.format(more='') + TAIL + 'crypto call admission limit ike sa 1\n')
    one.start().initiate('t')
    two.start()
    assert two.charon.initiate('t', ok=False, timeout=3).returncode
    assert f'IKE denied an INCOMING SA request from {two.addr} to {US} due to IKE SA LIMIT REACHED' \
        in hub.log()
    one.charon.rekey(ike='c', ok=False)  # whoever is there may renew
    field.both_ways(one)
    said = hub.cli('show crypto call admission statistics')
    assert 'Max IKE SAs:     1' in said and 'Rejected IKE Requests:        0' not in said
    hub.cli('configure terminal ; no crypto call admission limit ike sa 1')
    two.charon.initiate('t')
    field.both_ways(two)


def test_each_pair_of_hosts_has_its_own_sas(field):
    """`level per-host` against a peer that narrows: we begin, and each flow has a pair."""
    one = Spoke(field, 'one', 101, 2)
    one.ns.addr('lo', '10.2.0.2/32')
    field.us.addr('lo', '10.1.0.2/32')
    static = f"""ip access-list extended HOSTS
 permit ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255
crypto map M 10 ipsec-isakmp
 set peer {one.addr}
 set transform-set TS
 set security-association level per-host
 match address HOSTS
"""
    hub = field.hub(PHASE1 + HEAD + static + TAIL)
    pairs = [('10.1.0.1', '10.2.0.1'), ('10.1.0.2', '10.2.0.1'), ('10.1.0.1', '10.2.0.2')]
    children = {f't{i}': child(f'{b}/32', f'{a}/32', ESP) for i, (a, b) in enumerate(pairs)}
    one.start(children=children)
    for a, b in pairs:
        got = field.us.ping(b, 3, source=a).result()
        assert got.sent == 3 and not got.lost, (got.out, hub.log(), one.charon.log())
    theirs = {(c['remote-ts'][0], c['local-ts'][0]): c for c in one.charon.children()}
    assert set(theirs) == {(f'{a}/32', f'{b}/32') for a, b in pairs}
    assert all(int(c['packets-in']) == int(c['packets-out']) == 3 for c in theirs.values())
    said = hub.cli('show crypto ipsec sa')
    assert said.count('#pkts encaps: 3') == 3 and '(10.1.0.2/255.255.255.255/0/0)' in said
    assert 'level per-host' in hub.cli('show running-config')
    field.nothing_in_clear()
