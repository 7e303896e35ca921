# SPDX-License-Identifier: Apache-2.0
"""Two routers with AH and with bundles: tshark reads their quick mode and their packets; what happens to typed keys
when a process dies; and that nothing leaves in clear meanwhile."""
import os
import re
import signal

import pytest

from conftest import built
from layout import compare
from peers.netns import Net, run, until
from peers.tshark import Capture, rows

A, B = '192.0.2.1', '192.0.2.2'
LAN = {A: '10.1.1.1', B: '10.2.2.1'}
IKE_LINES = ['crypto isakmp policy 10', ' encr aes', ' hash sha', ' authentication pre-share', ' group 2']


class Gateway:
    def __init__(self, ns, text):
        self.ns, self.dir = ns, ns.net.dir / ns.label
        self.dir.mkdir()
        (self.dir / 'keys').mkdir()
        (self.dir / 'cfg').write_text(text)
        self.sock = self.dir / 'sock'
        self.proc = ns.popen(built('culvert'), 'run', '--config', self.dir / 'cfg', '--socket', self.sock,
                             '--interface', 'FastEthernet0/1=wan', '--keylog', self.dir / 'keys', log=self.dir / 'log')
        until(self.sock.exists, 20, 'the router')

    def cli(self, *commands):
        return run(built('culvert'), 'shell', '--socket', self.sock, '-c', ' ; '.join(commands), ok=False).stdout

    def pids(self):
        """Supervisor, forwarder, control: in the order in which they were started."""
        words = f'culvert run --config {self.dir}/cfg'
        return sorted(int(p) for p in run('pgrep', '-f', words, ok=False).stdout.split())

    def log(self):
        return (self.dir / 'log').read_text(errors='replace')

    def keys(self, file):
        path = self.dir / 'keys' / file
        return path.read_text().splitlines() if path.exists() else []

    def stop(self):
        if self.proc.poll() is None:
            self.proc.terminate()
            self.proc.wait(timeout=20)


def text(us, set_words, mode, body, permits=None):
    peer = B if us == A else A
    near, far = (LAN[us], LAN[peer]) if mode == 'tunnel' else (us, peer)
    permits = permits or [f'ip host {near} host {far}']
    return '\n'.join([f'hostname R{us[-1]}', *set_words, 'ip access-list extended VPN',
                      *[f' permit {p}' for p in permits], *body(us, peer), ' match address VPN',
                      'interface FastEthernet0/1', f' ip address {us} 255.255.255.0', ' crypto map CM',
                      f'ip route {LAN[peer]} 255.255.255.255 {peer}']) + '\n'


def negotiated(us, peer):
    return ['crypto map CM 10 ipsec-isakmp', f' set peer {peer}', ' set transform-set TS']


def typed(us, peer):
    out = 0 if us == A else 1
    lines = ['crypto map CM 10 ipsec-manual', f' set peer {peer}']
    for way, d in (('outbound', out), ('inbound', 1 - out)):
        lines += [f' set session-key {way} ah {600 + d} {(f"{d + 1:02x}" * 20)}',
                  f' set session-key {way} esp {700 + d} cipher {(f"{d + 3:02x}" * 24)} authenticator {(f"{d + 5:02x}" * 20)}']
    return lines + [' set transform-set TS']


class World:
    def __init__(self):
        self.net = Net()
        self.ns = {us: self.net.ns(f'r{us[-1]}') for us in (A, B)}
        self.net.link(self.ns[A], 'wan', f'{A}/24', self.ns[B], 'wan', f'{B}/24')
        for us, ns in self.ns.items():
            ns.ip('addr', 'add', f'{LAN[us]}/32', 'dev', 'lo')
        self.gateways = {}

    def start(self, words, mode, body, **kw):
        lines = list(IKE_LINES) if body is negotiated else []
        for us in (A, B):
            peer = B if us == A else A
            key = [f'crypto isakmp key secretkey address {peer}'] if body is negotiated else []
            sets = [f'crypto ipsec transform-set TS {words}', f' mode {mode}']
            self.gateways[us] = Gateway(self.ns[us], text(us, lines + key + sets, mode, body, **kw))
        return self.gateways[A], self.gateways[B]

    def close(self):
        for g in self.gateways.values():
            g.stop()
        self.net.close()


@pytest.fixture
def world():
    w = World()
    try:
        yield w
        for g in w.gateways.values():
            print(g.log())
    finally:
        w.close()


def esp_keys(*gateways):
    return sorted({line for g in gateways for line in g.keys('esp_sa')})


@pytest.mark.parametrize('mode', ['tunnel', 'transport'])
def test_a_bundle_is_one_number_with_two_protocols(world, mode):
    capture = Capture(world.ns[A], 'wan', 'bundle')
    a, b = world.start('ah-sha-hmac esp-aes 256 esp-sha-hmac', mode, negotiated)
    near, far = (LAN[A], LAN[B]) if mode == 'tunnel' else (A, B)
    got = world.ns[A].ping(far, 6, source=near).result()
    assert got.sent == 6 and set(got.lost) <= {1}, got.out
    spis = {}
    for name, g in (('a', a), ('b', b)):
        shown = g.cli('show crypto ipsec sa')
        compare(g, 'show crypto ipsec sa', 'ipsec-sa')
        for way in ('inbound', 'outbound'):
            for proto in ('esp', 'ah'):
                m = re.search(rf'{way} {proto} sas:\n\s+spi: 0x(\w+)\(\d+\)\n\s+transform: ([\w -]+) ,', shown)
                assert m and m[2] == ('ah-sha-hmac' if proto == 'ah' else 'esp-256-aes esp-sha-hmac'), shown
                spis[name, way, proto] = int(m[1], 16)
    for proto in ('esp', 'ah'):
        assert spis['a', 'inbound', proto] == spis['b', 'outbound', proto]
        assert spis['a', 'outbound', proto] == spis['b', 'inbound', proto]
    assert len(set(spis.values())) == 4
    assert re.search(r'#pkts encaps: (\d+), #pkts encrypt: \1, #pkts digest: \1\n', a.cli('show crypto ipsec sa'))
    a.cli('enable', 'clear crypto sa')
    until(lambda: 'spi: 0x' not in b.cli('show crypto ipsec sa').replace('outbound spi: 0x', ''), what='both DELETEs')
    file = capture.stop()
    ike = [tuple(line.split(',')) for line in a.keys('ikev1_decryption_table')]
    # tshark's reading of the first quick mode message: two proposals, both number 1, AH and ESP
    first = rows(file, ['isakmp.prop.number', 'isakmp.prop.protoid', 'isakmp.spi', 'isakmp.trans.id'],
                 'isakmp.exchangetype == 32 && isakmp.prop.number', ike_keys=ike)[0]
    assert first[0] == '1,1' and first[1] == '2,3', first
    # and of the packets: one outer header, AH with our SPI, ESP within, its ICV good
    seen = rows(file, ['ip.src', 'ah.spi', 'esp.spi', 'esp.icv_good', 'frame.protocols'], 'ah', ike_keys=ike,
                esp_sas=esp_keys(a, b))
    assert len(seen) >= 10
    for src, ah, esp, good, layers in seen:
        way = 'outbound' if src.split(',')[0] == A else 'inbound'
        assert (int(ah, 0), int(esp, 0)) == (spis['a', way, 'ah'], spis['a', way, 'esp'])
        inner = {'tunnel': 'ip:ah:esp:ip:icmp', 'transport': 'ip:ah:esp:icmp'}[mode]
        assert good in ('1', 'True') and inner in layers, (good, layers)
    assert not rows(file, ['frame.number'], 'icmp && !ah')
    # a DELETE for each protocol
    protos = [r[0] for r in rows(file, ['isakmp.delete.protoid'], 'isakmp.delete.protoid', ike_keys=ike)]
    assert sorted(protos)[:2] == ['2', '3'], protos


def test_gre_in_a_bundle_in_transport_mode(world):
    """What IOS's GRE over IPsec has with AH: 24 bytes more."""
    for us in (A, B):
        world.ns[us].ip('addr', 'del', f'{LAN[us]}/32', 'dev', 'lo')
    for us in (A, B):
        peer = B if us == A else A
        cfg = text(us, [*IKE_LINES, f'crypto isakmp key secretkey address {peer}',
                        'crypto ipsec transform-set TS ah-sha-hmac esp-3des esp-md5-hmac', ' mode transport'], 'transport',
                   negotiated, permits=[f'gre host {us} host {peer}'])
        cfg += '\n'.join(['interface Tunnel0', f' ip address 172.16.0.{us[-1]} 255.255.255.252', ' ip mtu 1400',
                          ' tunnel source FastEthernet0/1', f' tunnel destination {peer}']) + '\n'
        world.gateways[us] = Gateway(world.ns[us], cfg)
    capture = Capture(world.ns[A], 'wan', 'gre', 'ip')
    got = world.ns[A].ping('172.16.0.2', 5).result()
    assert got.sent == 5 and set(got.lost) <= {1}, got.out
    big = world.ns[A].run('ping', '-c', '2', '-i', '0.2', '-M', 'do', '-s', '1372', '172.16.0.2', ok=False).stdout
    assert ' 0% packet loss' in big, big
    file = capture.stop()
    assert len(rows(file, ['frame.number'], 'ah && esp')) >= 8
    assert not rows(file, ['frame.number'], 'gre && !ah')


def clear_text(file):
    return rows(file, ['frame.number', 'frame.protocols'], 'icmp && !ah')


def test_typed_keys_outlive_both_processes(world):
    """The forwarder's sequence numbers begin anew; without anti-replay nobody minds (docs/architecture.md)."""
    capture = Capture(world.ns[A], 'wan', 'typed', 'ip')
    a, b = world.start('ah-sha-hmac esp-3des esp-sha-hmac', 'tunnel', typed)
    ping = dict(source=LAN[A])
    assert world.ns[A].ping(LAN[B], 3, **ping).result().lost == []
    assert 'no sa timing' in a.cli('show crypto ipsec sa')
    compare(a, 'show crypto ipsec sa', 'ipsec-sa')
    compare(a, 'show crypto map', 'map')
    for which, name in ((1, 'forwarder'), (2, 'control')):
        before = a.pids()
        os.kill(before[which], signal.SIGKILL)
        until(lambda: len(now := a.pids()) == 3 and before[which] not in now, what=f'another {name}')
        until(lambda: world.ns[A].ping(LAN[B], 2, **ping).result().lost == [], 15, f'traffic after the {name}')
        until(lambda: a.cli('show crypto ipsec sa').count('no sa timing') == 4, what='both SAs in show')
    a.cli('enable', 'clear crypto sa')
    assert world.ns[A].ping(LAN[B], 2, **ping).result().lost == []
    # another key on one side: what it sends is not authentic to the other
    b.cli('enable', 'configure terminal', 'crypto map CM 10 ipsec-manual',
          f'set session-key inbound ah 600 {"ee" * 20}', 'end')
    until(lambda: len(world.ns[A].ping(LAN[B], 1, wait=1, **ping).result().lost) == 1, what='the end of the traffic')
    until(lambda: 'RECVD_PKT_MAC_ERR' in b.log(), what='the log of the other side')
    b.cli('enable', 'configure terminal', 'crypto map CM 10 ipsec-manual',
          f'set session-key inbound ah 600 {"01" * 20}', 'end')
    until(lambda: world.ns[A].ping(LAN[B], 1, wait=1, **ping).result().lost == [], what='traffic again')
    # and an entry that lacks a key drops what it matches
    a.cli('enable', 'configure terminal', 'crypto map CM 10 ipsec-manual', 'no set session-key outbound esp', 'end')
    until(lambda: len(world.ns[A].ping(LAN[B], 1, wait=1, **ping).result().lost) == 1, what='an incomplete entry')
    assert 'needs set session-key outbound esp' in a.log()
    assert clear_text(capture.stop()) == []


def test_esp_of_a_bundle_without_its_ah_is_dropped(world):
    """B answers with ESP alone under the same keys."""
    a, b = world.start('ah-sha-hmac esp-3des esp-sha-hmac', 'tunnel', typed)
    assert world.ns[A].ping(LAN[B], 2, source=LAN[A]).result().lost == []
    b.cli('enable', 'configure terminal', 'crypto ipsec transform-set TS esp-3des esp-sha-hmac', 'end')
    until(lambda: len(world.ns[A].ping(LAN[B], 1, wait=1, source=LAN[A]).result().lost) == 1, what='the change')
    before = int(re.search(r'#recv errors (\d+)', a.cli('show crypto ipsec sa'))[1])
    world.ns[B].ping(LAN[A], 3, source=LAN[B], wait=1).result()
    assert int(re.search(r'#recv errors (\d+)', a.cli('show crypto ipsec sa'))[1]) == before + 3


def test_what_is_refused_where_it_is_typed(world):
    a, _ = world.start('ah-sha-hmac esp-3des esp-sha-hmac', 'tunnel', typed)
    conf = ('enable', 'configure terminal')
    said = a.cli(*conf, 'crypto ipsec transform-set G esp-gcm', 'exit', 'crypto map CM 10 ipsec-manual',
                 f'set session-key outbound ah 600 {"01" * 19}', 'set peer 192.0.2.9', 'set session-key outbound ah 255 00',
                 'set transform-set G')
    assert '% Invalid key length: the ah key is too short: 20 bytes are needed, it has 19.' in said
    assert 'takes one peer' in said and "% Invalid input detected at '^' marker." in said
    assert '% Manual keys are refused: transform set G counts its packets' in said
    assert 'set session-key outbound ah 600 ' + '01' * 20 in a.cli('enable', 'show running-config')
    shown = a.cli('show crypto map')
    compare(a, 'show crypto map', 'map')
    assert 'ipsec-manual' in shown and 'Outbound ah spi: 600,' in shown and '01' * 10 not in shown
