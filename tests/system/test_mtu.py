# SPDX-License-Identifier: Apache-2.0
"""MTU: what fits passes, what does not is told the right size, and nobody fragments outside
who is not asked to. Judges: the kernel's ping, TCP and forwarding, tcpdump between the
routers, scapy's forged errors."""
import re
import socket
import struct
import time

import pytest

from mtunet import H1, H2, R1, R2, Capture, MtuNet, Transfer, text
from peers.netns import need, run, until

# transform, outside with ip mtu 1420: tunnel, with UDP, transport, with UDP; safe: the same four
TABLE = [
    ('esp-3des esp-sha-hmac', (1496, 1504, 1480, 1488), (1422, 1414, 1442, 1434)),
    ('esp-aes esp-sha-hmac', (1512, 1520, 1496, 1504), (1414, 1398, 1434, 1418)),
    ('esp-aes 256 esp-sha256-hmac', (1516, 1524, 1500, 1508), (1414, 1398, 1434, 1418)),
    ('esp-gcm', (1500, 1508, 1480, 1488), (1422, 1414, 1442, 1434)),
]

# no UDP: a NAT changes what AH covers
AH_TABLE = [
    ('ah-sha-hmac', (1488, None, 1468, None), (1432, None, 1452, None)),
    ('ah-sha-hmac esp-3des esp-sha-hmac', (1520, None, 1504, None), (1398, None, 1418, None)),
    ('ah-sha-hmac esp-aes esp-sha-hmac', (1536, None, 1520, None), (1382, None, 1402, None)),
    ('ah-sha-hmac esp-aes 256 esp-sha256-hmac', (1540, None, 1524, None), (1382, None, 1402, None)),
    ('ah-sha-hmac esp-gcm', (1524, None, 1504, None), (1398, None, 1418, None)),
]
SLOW = pytest.mark.slow


@pytest.fixture(autouse=True)
def tools():
    need('ip', 'nft', 'tcpdump', 'ping')


def esp(packets):
    """Those of the tunnel: AH, ESP, or UDP to or from port 4500 that is no IKE, and their fragments."""
    return [p for p in packets if p[0] in ('AH', 'ESP') or (p[0] == 'UDP' and 'isakmp' not in p[6] and '.500' not in p[6])]


def row_of(net, transform, mode, outside, safe):
    net.configure([f'crypto ipsec transform-set TS {transform}', f'mode {mode}'])
    for r in net.routers:
        r.cli('clear crypto sa')
    net.warm()
    said = net.routers[0].cli('show crypto mtu')
    assert re.search(rf'largest safe ip mtu +{safe}\b', said), (transform, mode, said)
    assert re.search(rf'a packet of 1420 bytes is {outside} bytes outside', said), said
    net.forget()
    cap = Capture(net.mid, 'east')
    if outside <= 1500:
        answers, out = net.ping(1420)
        assert answers == 1, out
    else:
        assert net.told(1420) == safe, (transform, mode)
    net.forget()
    fits, out = net.ping(min(safe, 1420))
    assert fits == 1, out
    cut, out = net.ping(1420, df=False)
    assert cut == 1, out
    seen = esp(cap.packets())
    assert seen and {p[0] for p in seen} == {'UDP' if net.nat else 'AH' if transform.startswith('ah-') else 'ESP'}
    if outside <= 1500:
        assert outside in {p[1] for p in seen}, seen
    assert max(p[1] for p in seen) <= 1500
    if mode == 'tunnel' or outside <= 1500:  # transport mode cuts what may be cut after encryption
        assert not any(p[3] for p in seen), [p for p in seen if p[3]]


def table(net, nat, rows):
    for transform, outside, safe in rows:
        for k, mode in ((0, 'tunnel'), (2, 'transport')):
            row_of(net, transform, mode, outside[k + nat], safe[k + nat])


@pytest.mark.parametrize('nat', [pytest.param(0, id='raw'), pytest.param(1, id='udp')])
def test_each_row_of_the_table_passes_or_is_told_the_size(nat):
    with MtuNet(nat=bool(nat)) as net:
        words = 'tunnel path-mtu-discovery'
        net.up(text(1, True, words=words), text(2, True, words=words))
        table(net, nat, TABLE if nat else TABLE + AH_TABLE[:2])


@pytest.mark.slow
def test_each_row_of_the_table_with_ah():
    with MtuNet() as net:
        words = 'tunnel path-mtu-discovery'
        net.up(text(1, True, words=words), text(2, True, words=words))
        table(net, 0, AH_TABLE)


def forged(net, *errors):
    """ICMP errors from nowhere, about packets of r1 to r2: (next-hop MTU, protocol, what followed the IP header)."""
    run(*net.mid.argv('/usr/bin/python3', '-c', f'''
from scapy.all import ICMP, IP, Raw, conf
s = conf.L3socket()
for mtu, proto, rest in {errors!r}:
    q = IP(src="{R1}", dst="{R2}", proto=proto, len=1400, flags="DF", id=77, ttl=60) / Raw(bytes.fromhex(rest))
    s.send(IP(src="203.0.113.66", dst="{R1}") / ICMP(type=3, code=4, nexthopmtu=mtu) / bytes(q))
'''))


def path_of(router):
    said = router.cli('show crypto ipsec sa')
    return [int(x) for x in re.search(r'plaintext mtu (\d+), path mtu (\d+)', said).groups()]


@pytest.mark.parametrize('nat', [pytest.param(0, marks=SLOW), 1])
def test_a_narrower_path_is_learned_from_who_knows_the_spi_and_from_nobody_else(nat):
    with MtuNet(nat=bool(nat)) as net:
        # what an ACL of everything calls cleartext, errors about our own packets are not
        acl = '' if nat else 'ip any any'
        r1, _ = net.up(text(1, False, acl=acl), text(2, False, acl=acl))
        net.warm()
        full = 1422 if nat else 1438
        assert path_of(r1) == [full, 1500]
        assert net.ping(full)[0] == 1
        own = net.r1.run('ping', '-n', '-c', 1, '-W', 2, '-M', 'do', '-s', full + 1 - 28, '-I', '10.1.1.1', H2, ok=False)
        assert f'mtu = {full}' in own.stdout + own.stderr or f'mtu={full}' in own.stdout + own.stderr, own
        # strangers: no SPI, another SPI, nothing at all of the packet
        proto, udp = (17, '1194119400000000') if nat else (50, '')
        forged(net, *((mtu, proto, udp + rest) for mtu in (576, 552, 68, 0)
                      for rest in ('', 'deadbeef', 'deadbeef00000001', '0000000000000001', 'deadbeef00000001' + '00' * 60)))
        assert path_of(r1) == [full, 1500]
        assert net.ping(full)[0] == 1
        assert 'mtu' not in net.r1.ip('route', 'get', R2)
        # the router between: it quotes what it could not send on
        net.path(1300)
        room = net.told(full)
        assert room == 1230, room  # 1300 less 20, 8, 16, 12 (and 8 of UDP), in blocks of 16, less 2
        assert path_of(r1) == [room, 1300]
        assert re.search(r'path mtu +1300  \(learned, for 5\d\d more seconds\)', r1.cli('show crypto mtu'))
        net.forget()
        cap = Capture(net.mid, 'east')
        assert net.ping(room)[0] == 1
        assert net.ping(1400, df=False)[0] == 1
        seen = esp(cap.packets())
        assert seen and max(p[1] for p in seen) <= 1300 and not any(p[3] for p in seen), seen


def test_a_tunnel_in_clear_learns_the_path_when_it_is_to():
    with MtuNet() as net:
        words = 'tunnel path-mtu-discovery min-mtu 600'
        net.up(text(1, True, ip_mtu=1476, words=words, protect=False), text(2, True, ip_mtu=1476, protect=False))
        net.warm()
        assert net.ping(1476)[0] == 1
        net.path(1300)
        assert net.told(1476) == 1276
        net.forget()
        assert net.ping(1476, df=False, count=2)[0] == 2  # cut outside, and put together before the GRE socket
        assert 'Tunnel transport MTU 1276 bytes' in net.routers[0].cli('show interfaces Tunnel0')
        forged(net, (100, 47, '00000800'))
        net.forget()
        assert net.told(1276) == 576
        assert 'min MTU 600' in net.routers[0].cli('show interfaces Tunnel0')


def test_a_tunnel_over_a_narrow_link_has_less_room_by_itself():
    with MtuNet() as net:
        net.r1.ip('link', 'set', 'wan', 'mtu', 1400)
        net.up(text(1, True).replace(' ip mtu 1420\n', ''), text(2, True))
        net.warm()
        assert 'mtu 1376 ' in net.r1.ip('link', 'show', 'Tunnel0')
        assert net.told(1377) == 1376


# tunnel mode, transform set, its mode, what fits: raw, in UDP
PROTECTED = [
    ('ipsec ipv4', 'esp-aes 256 esp-sha-hmac', 'tunnel', (1438, 1422)),
    ('gre ip', 'esp-gcm', 'transport', (1442, 1434)),
    ('gre ip', 'ah-sha-hmac esp-aes esp-sha-hmac', 'tunnel', (1382, 0)),  # 1406 less GRE
    ('ipip', 'ah-sha256-hmac', 'transport', (1452, 0)),
    ('ipsec ipv4', 'esp-3des esp-sha-hmac', 'transport', (1446, 1438)),  # which a VTI's proxies do not allow
]


@pytest.mark.parametrize('nat', [pytest.param(0, id='raw'), pytest.param(1, id='udp')])
def test_a_protected_tunnel_has_the_room_that_its_sas_leave(nat):
    """Without ip mtu: the TUN, `show interfaces` and `show crypto mtu` say the same, and it is true."""
    with MtuNet(nat=bool(nat)) as net:
        words = 'tunnel path-mtu-discovery; tunnel mode ipsec ipv4; tunnel protection ipsec profile P'
        net.up(*(text(n, True, words=words, protect=False).replace(' ip mtu 1420\n', '').replace(
            'interface FastEthernet0/1', 'crypto ipsec profile P\n set transform-set TS\ninterface FastEthernet0/1', 1)
            for n in (1, 2)))
        r1 = net.routers[0]
        for mode, transform, esp_mode, fits in PROTECTED:
            room = fits[nat]
            if not room:
                continue  # no AH through a NAT
            net.configure(['interface Tunnel0', 'shutdown', f'tunnel mode {mode}',
                           f'crypto ipsec transform-set TS {transform}', f'mode {esp_mode}',
                           'interface Tunnel0', 'no shutdown'])
            net.warm()
            until(lambda: f'mtu {room} ' in net.r1.ip('link', 'show', 'Tunnel0'), 5, f'{room} of {mode} {transform}')
            shown = r1.cli('show interfaces Tunnel0')
            assert f'Tunnel transport MTU {room} bytes' in shown and f' MTU {room} bytes,' in shown, shown
            said = r1.cli('show crypto mtu')
            assert re.search(rf'^Tunnel0, to {R2}, crypto map Tunnel0-head-0 65537\n', said), said
            assert re.search(rf'largest safe ip mtu +{room}\n', said) and said.count('path mtu') == 1, said
            cap = Capture(net.mid, 'east', ['src', R1])
            assert net.told(room + 1) == room
            net.forget()
            assert net.ping(room)[0] == 1
            assert net.ping(1500, df=False)[0] == 1
            seen = [p for p in cap.packets() if p[0] in ('ESP', 'AH', 'UDP') and '.500' not in p[6]]
            assert seen and 1480 < max(p[1] for p in seen) <= 1500, seen
            assert not any(p[3] for p in seen), seen


def test_an_error_does_not_show_outside_what_is_protected():
    """A packet from beyond the interface with the crypto map, to be protected, and too long: its sender lies in clear."""
    with MtuNet() as net:
        r1, _ = net.up(text(1, False, acl='ip any 10.2.2.0 0.0.0.255'), text(2, False, acl='ip 10.2.2.0 0.0.0.255 any'))
        net.warm()
        secret = b'what nobody shall read outside'

        def send(src):
            raw = net.h1.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
            body = struct.pack('!HHHH', 7, 7, 1460, 0) + secret.ljust(1452)
            raw.sendto(struct.pack('!BBHHHBBH4s4s', 0x45, 0, 1480, 7, 0x4000, 64, 17, 0, socket.inet_aton(src),
                                   socket.inet_aton(H2)) + body, (H2, 0))
            raw.close()

        def drops():
            return int(re.search(r'packets (\d+)', net.r1.run('nft', 'list', 'counter', 'ip', 'culvert', 'guard_drops').stdout)[1])

        cap = Capture(net.mid, 'west')
        send('203.0.113.77')
        until(lambda: drops() == 1, 5, 'the drop')
        send(H1)  # and it may be told, by the other interface
        assert net.told(1480) == 1438
        assert not [p for p in cap.packets() if p[0] == 'ICMP']
        assert secret not in cap.path.read_bytes()
        # without the guard it would have been seen; control puts it back when it looks next
        cap = Capture(net.mid, 'west')

        def shows():
            net.r1.run('nft', 'flush', 'chain', 'ip', 'culvert', 'guard')
            net.forget()
            send('203.0.113.77')
            time.sleep(0.1)
            return secret in cap.path.read_bytes()
        until(shows, 5, 'the quotation')
        assert [p for p in cap.packets() if p[0] == 'ICMP']


def test_the_route_to_the_peer_bounds_the_path():
    """An mtu of the route, and a way out that is not where the crypto map is."""
    with MtuNet() as net:
        r1, _ = net.up(text(1, False), text(2, False))
        net.warm()
        net.r1.ip('route', 'add', f'{R2}/32', 'via', '192.0.2.254', 'mtu', '1400')
        until(lambda: path_of(r1) == [1342, 1400], 10, 'the mtu of the route')
        assert net.told(1343) == 1342
        net.r1.ip('route', 'del', f'{R2}/32')
        net.r1.ip('link', 'add', 'other', 'mtu', 1300, 'type', 'veth', 'peer', 'name', 'end', 'mtu', 1300)
        for dev in ('end', 'other'):
            net.r1.ip('link', 'set', dev, 'up')
        net.r1.ip('route', 'add', f'{R2}/32', 'dev', 'other')
        until(lambda: path_of(r1)[1] == 1300, 10, 'the mtu of the device')


def test_tcp_survives_a_path_that_becomes_narrower():
    """Without adjust-mss: h1 is told, and sends smaller segments."""
    with MtuNet() as net:
        words = 'tunnel path-mtu-discovery'
        net.up(text(1, True, ip_mtu=1400, words=words), text(2, True, ip_mtu=1400, words=words))
        net.warm()
        going = Transfer(net, 8 << 20, slow=True)
        time.sleep(0.15)
        net.path(1200)
        cap = Capture(net.mid, 'east', ['src', R1])
        n, mss, sec = going.result()
        assert n == 8 << 20 and mss <= 1200 - 60 - 58, (n, mss)
        assert sec < 15, sec
        seen = esp(cap.packets())
        assert seen and max(p[1] for p in seen) <= 1500 and not any(p[3] for p in seen)


@pytest.mark.parametrize('where', ['tunnel', 'lan', pytest.param('map', marks=SLOW)])
def test_tcp_with_adjust_mss_neither_stalls_nor_fragments(where):
    """ip mtu 1420 is too large for AES-SHA, and no ICMP error reaches the hosts: MSS alone does it."""
    with MtuNet() as net:
        words = 'ip tcp adjust-mss 1374'
        on_tunnel = words if where == 'tunnel' else ''
        r1, r2 = net.up(text(1, where != 'map', words=on_tunnel), text(2, where != 'map', words=on_tunnel))
        if where != 'tunnel':
            net.configure([f'interface FastEthernet0/{int(where == "map")}', words])
            until(lambda: '1374' in net.r1.run('nft', 'list', 'ruleset').stdout and
                  '1374' in net.r2.run('nft', 'list', 'ruleset').stdout, 10, 'the rules')
        for h in (net.h1, net.h2):
            run(*h.argv('nft', '-f', '-'), input='table ip deaf { chain in { type filter hook input priority 0; '
                'icmp type destination-unreachable drop; }; }\n')
        net.warm()
        cap = Capture(net.mid, 'east')
        inside = Capture(net.h2, 'eth0', ['tcp[13] & 2 != 0 and src', H1])
        n, mss, sec = Transfer(net, 4 << 20).result()
        assert n == 4 << 20 and sec < 10
        assert mss in (1374, 1374 - 12), mss  # less timestamps
        seen = esp(cap.packets())
        assert max(p[1] for p in seen) <= 1500 and not any(p[3] for p in seen)
        syn, = [p[6] for p in inside.packets()]
        assert 'mss 1374' in syn and '(correct)' in syn, syn
        r1.stop()
        assert 'culvert_mss' not in net.r1.run('nft', 'list', 'ruleset').stdout


def test_an_mss_that_is_small_already_is_not_raised():
    with MtuNet() as net:
        net.up(text(1, True, words='ip tcp adjust-mss 1374'), text(2, True))
        net.h1.ip('link', 'set', 'eth0', 'mtu', 1000)
        net.warm()
        inside = Capture(net.h2, 'eth0', ['tcp[13] & 2 != 0'])
        n, mss, _ = Transfer(net, 100000).result()
        assert n == 100000 and mss <= 960
        assert any('mss 960' in p[6] for p in inside.packets())


@pytest.mark.parametrize('nat', [0, pytest.param(1, marks=SLOW)])
def test_outer_fragments_are_put_together_again(nat):
    """after-encryption: the kernel in front of our sockets does it, within its bounds."""
    with MtuNet(nat=bool(nat)) as net:
        r1, r2 = net.up(text(1, False), text(2, False))
        net.configure(['crypto ipsec fragmentation after-encryption'])
        net.in_force('fragmentation after-encryption')
        net.warm()
        cap = Capture(net.mid, 'east')
        answers, out = net.ping(4000, df=False, count=3)
        assert answers == 3, out
        seen = esp(cap.packets())
        assert sum(p[3] for p in seen) >= 12, seen  # two of each, both ways, of three packets of three fragments
        # first fragments whose rest never comes
        raw = net.mid.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw.setsockopt(socket.IPPROTO_IP, 22, 1)  # IP_NODEFRAG: nor does the NAT there
        for i in range(3000):
            raw.sendto(struct.pack('!BBHHHBBH4s4s', 0x45, 0, 1420, i + 1, 0x2000, 64, 17 if nat else 50, 0,
                                   socket.inet_aton(R1), socket.inet_aton(R2)) + bytes(1400), (R2, 0))
        raw.close()
        used = int(re.search(r'FRAG: inuse \d+ memory (\d+)', net.r2.run('cat', '/proc/net/sockstat').stdout)[1])
        bound = int(net.r2.run('cat', '/proc/sys/net/ipv4/ipfrag_high_thresh').stdout)
        assert 0 < used <= bound + 65536, (used, bound)
        assert net.ping(1000)[0] == 1
        # the interface says otherwise
        net.configure(['interface FastEthernet0/1', 'crypto ipsec fragmentation before-encryption'])
        net.in_force('fragmentation before-encryption')
        cap = Capture(net.mid, 'east')
        assert net.ping(1480, df=False)[0] == 1
        seen = esp(cap.packets())
        assert seen and not any(p[3] for p in seen)


@pytest.mark.parametrize('nat', [pytest.param(0, marks=SLOW), 1])
def test_df_bit_is_made_as_configured(nat):
    with MtuNet(nat=bool(nat)) as net:
        net.up(text(1, False), text(2, False))
        net.warm()
        full = 1422 if nat else 1438
        for words, with_df, without, refused in (('copy', True, False, True), ('set', True, True, True),
                                                 ('clear', False, False, False)):
            net.configure([f'crypto ipsec df-bit {words}'])
            net.in_force(f'df-bit {words},')
            for df, want in ((True, with_df), (False, without)):
                cap = Capture(net.mid, 'east', ['src', R1])
                assert net.ping(500, df=df)[0] == 1
                seen = esp(cap.packets())
                assert seen and all(p[2] == want for p in seen), (words, df, seen)
            assert (net.told(full + 1, tries=1) == full) == refused, words
            net.forget()
            assert net.ping(full + 1, df=not refused)[0] == 1, words


@pytest.mark.parametrize('gre, mode', [pytest.param(False, 'tunnel', marks=SLOW),
                                       pytest.param(True, 'tunnel', marks=SLOW), (True, 'transport')])
def test_dscp_ecn_and_ttl_go_as_the_rfcs_say(gre, mode):
    """RFC 4301 section 5.1.2, RFC 6040: outside as inside, a mark of congestion comes in, the TTL does not."""
    with MtuNet() as net:
        net.up(text(1, gre, mode=mode), text(2, gre, mode=mode))
        net.warm()
        cap, inside = Capture(net.mid, 'east', ['src', R1]), Capture(net.h2, 'eth0', ['icmp and dst', H2])
        assert net.ping(200, tos=0xb9)[0] == 1  # EF, ECT(1)
        seen, got = esp(cap.packets()), inside.packets()
        assert [p[4] for p in seen] == [0xb9] and [p[4] for p in got] == [0xb9]
        assert seen[0][5] == 254 and got[0][5] == 62, (seen, got)  # 255 less one router; 64 less two
        run(*net.mid.argv('nft', '-f', '-'), input='table ip congested { chain f { type filter hook forward priority 0; '
            f'ip saddr {R1} ip ecn set ce; }}; }}\n')
        inside = Capture(net.h2, 'eth0', ['icmp and dst', H2])
        assert net.ping(200, tos=0x02)[0] == 1  # ECT(0)
        assert net.ping(200, tos=0x28, wait=1)[0] == 0  # not ECN-capable: dropped
        assert [p[4] for p in inside.packets()] == [0x03]


def test_ip_mtu_of_the_interface_bounds_what_leaves_encrypted():
    with MtuNet() as net:
        r1, _ = net.up(text(1, False), text(2, False))
        net.configure(['interface FastEthernet0/1', 'ip mtu 1400'])
        net.warm()
        until(lambda: path_of(r1)[1] == 1400, 10, 'the new path')
        room = path_of(r1)[0]
        assert room == 1342
        assert re.search(r'path mtu 1400, ip mtu 1400,', r1.cli('show crypto ipsec sa'))
        assert net.told(room + 1) == room
        cap = Capture(net.mid, 'east', ['src', R1])
        assert net.ping(1400, df=False)[0] == 1
        assert max(p[1] for p in esp(cap.packets())) <= 1400
