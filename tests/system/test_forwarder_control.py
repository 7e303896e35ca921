# SPDX-License-Identifier: Apache-2.0
"""What the forwarder and control say to each other: negotiations that packets wait
for, lifetimes, tables, and a control that is slow, wrong or gone."""
import os
import struct
import time

import fwdproto as fp
import pytest
from conftest import built
from fwdpeer import FAR, GRE_POLICY, IFID, LAN, LAN_TO_LAN, PEER, TUNNEL0, US, Pair, all_ports
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

pytestmark = pytest.mark.chooses('offload', 'ports', reason='its ports are the test itself')


@pytest.fixture
def fwd():
    f = fp.Forwarder(built('tests', 'unit', 'forwarder', 'fwddrv'))
    try:
        all_ports(f)
        yield f
    finally:
        status = f.close()
    assert status in (0, 1)


def lan(ident=1, sport=1000, size=64, dst='10.2.2.10'):
    return IP(bytes(IP(src='10.1.1.10', dst=dst, id=ident) / UDP(sport=sport, dport=2000) / Raw(bytes(size))))


def far(size=64):
    return IP(bytes(IP(src='10.2.2.10', dst='10.1.1.10', id=9) / UDP(sport=2000, dport=1000) / Raw(bytes(size))))


FLOW = ('10.1.1.10', '10.2.2.10', 17, 1000, 2000)


# ---- waiting for an SA ----

def test_packets_wait_for_the_negotiation_and_leave_in_order(fwd):
    fwd.table([LAN_TO_LAN])
    packets = [lan(n + 1) for n in range(10)]
    fwd.put('steer', *packets)
    assert fwd.silent()
    assert fwd.take(fp.ACQUIRE) == [(1, FLOW)]
    pair = Pair(fwd)
    later = lan(11)
    fwd.put('steer', later)
    for got, p in zip(fwd.got('esp'), packets + [later], strict=True):
        pair.expect(got, p)
    st = fwd.stats()['policy'][1]
    assert (st['matches'], st['no_sa'], st['queued'], st['encaps']) == (11, 10, 10, 11)
    assert fwd.drops() == {}


def test_an_inbound_sa_alone_releases_nothing(fwd):
    fwd.table([LAN_TO_LAN])
    fwd.put('steer', lan())
    Pair(fwd, dirs=(fp.IN,))
    assert fwd.silent()


def test_sixteen_packets_of_a_flow_wait(fwd):
    fwd.table([LAN_TO_LAN])
    fwd.put('steer', *[lan(n + 1) for n in range(20)], *[lan(n + 1, sport=7) for n in range(3)])
    assert fwd.silent() and fwd.drops() == {'no_sa': 4}
    pair = Pair(fwd)
    want = [lan(n + 1) for n in range(16)] + [lan(n + 1, sport=7) for n in range(3)]
    for got, p in zip(fwd.got('esp'), want, strict=True):
        pair.expect(got, p)


def test_acquire_is_repeated_each_second_while_packets_come(fwd):
    fwd.table([LAN_TO_LAN])
    for _ in range(20):
        fwd.put('steer', lan())
        fwd.wait(100)
    assert len(fwd.take(fp.ACQUIRE)) == 2
    fwd.wait(5000)
    assert fwd.take(fp.ACQUIRE) == []
    pair = Pair(fwd)
    fwd.must(fp.SA_DEL, struct.pack('!I', pair.out_id))
    fwd.got('esp')
    fwd.put('steer', lan())  # a new need is told at once
    assert len(fwd.take(fp.ACQUIRE)) == 1
    assert fwd.silent()


def test_a_negotiation_that_failed_frees_what_waited(fwd):
    fwd.table([LAN_TO_LAN])
    fwd.put('steer', lan(), lan(2))
    fwd.must(fp.NEGOTIATION_FAILED, struct.pack('!I', 1))
    assert fwd.drops() == {'negotiation_failed': 2}
    Pair(fwd)
    assert fwd.silent()
    fwd.must(fp.NEGOTIATION_FAILED, struct.pack('!I', 99))  # unknown: no matter


def test_nothing_waits_longer_than_half_a_minute(fwd):
    fwd.table([LAN_TO_LAN])
    fwd.put('steer', lan(1))
    fwd.wait(15000)
    fwd.put('steer', lan(2))
    fwd.wait(15300)
    assert fwd.drops() == {'no_sa': 1}
    pair = Pair(fwd)
    got, = fwd.got('esp')
    pair.expect(got, lan(2))


def test_a_policy_that_goes_takes_along_what_waits_for_it(fwd):
    fwd.table([LAN_TO_LAN, dict(id=2, sel=('10.1.0.0/16', '10.9.0.0/16'))])
    Pair(fwd, policy=2, dirs=(fp.IN,))  # an SA still names the second one
    fwd.put('steer', lan(), lan(dst='10.9.1.1'))
    fwd.table([])
    assert fwd.silent() and fwd.drops() == {'no_policy': 2}


def test_a_flow_outside_the_agreed_identities_waits_for_another_sa(fwd):
    """The peer narrowed the first SA: what it does not cover must not use it."""
    fwd.table([LAN_TO_LAN])
    narrow = Pair(fwd, sel=(LAN, '10.2.2.0/24'))
    fwd.put('steer', lan(), lan(dst='10.2.9.9'))
    got, = fwd.got('esp')
    narrow.expect(got, lan())
    assert fwd.take(fp.ACQUIRE) == [(1, ('10.1.1.10', '10.2.9.9', 17, 1000, 2000))]
    wide = Pair(fwd)
    got, = fwd.got('esp')
    wide.expect(got, lan(dst='10.2.9.9'))


def test_gre_waits_too_and_never_leaves_in_clear(fwd):
    fwd.table([GRE_POLICY], [TUNNEL0])
    fwd.put('tunnel', lan(1), lan(2))
    assert fwd.silent()
    assert fwd.take(fp.ACQUIRE) == [(1, (US, PEER, 47))]
    Pair(fwd, sel=GRE_POLICY['sel'], mode=fp.MODE_TRANSPORT)
    assert len(fwd.got('esp')) == 2
    assert fwd.got('gre') == []


# ---- lifetimes ----

def test_seconds_expire_softly_then_hard(fwd):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd, life=(60, 90, 0, 0))
    fwd.put('steer', lan())
    fwd.wait(59_900)
    assert fwd.take(fp.EXPIRE) == []
    fwd.wait(1000)
    assert sorted(fwd.take(fp.EXPIRE), key=lambda e: e['id']) == sorted(
        [dict(id=pair.out_id, hard=0, used=1), dict(id=pair.in_id, hard=0, used=0)], key=lambda e: e['id'])
    fwd.put('steer', lan())
    fwd.put('esp', pair.make(far()))
    assert len(fwd.got('esp')) == 2 and len(fwd.got('steer')) == 1
    fwd.wait(30_000)
    assert sorted((e['id'], e['hard'], e['used']) for e in fwd.take(fp.EXPIRE)) == sorted(
        [(pair.out_id, 1, 1), (pair.in_id, 1, 1)])
    # dead: nothing in, nothing out
    fwd.put('steer', lan())
    fwd.put('esp', pair.make(far()))
    assert fwd.silent()
    assert len(fwd.take(fp.ACQUIRE)) == 1
    assert fwd.drops() == {'sa_dead': 1}
    fwd.wait(1000)
    assert fwd.take(fp.EXPIRE) == []


def test_bytes_expire_by_inner_length(fwd):
    fwd.table([LAN_TO_LAN])
    size = len(lan(size=972))
    assert size == 1000
    pair = Pair(fwd, life=(0, 0, 5000, 8000))  # due at half of it: the rest will not last five seconds
    for n in range(1, 9):
        fwd.put('steer', lan(size=972))
        assert len(fwd.got('esp')) == 1
        told = fwd.take(fp.EXPIRE)
        assert told == {4: [dict(id=pair.out_id, hard=0, used=1)], 8: [dict(id=pair.out_id, hard=1, used=1)]}.get(n, [])
    fwd.put('steer', lan(size=972))
    assert fwd.silent()
    for n in range(1, 9):
        fwd.put('esp', pair.make(far(972)))
        assert [e['hard'] for e in fwd.take(fp.EXPIRE)] == {4: [0], 8: [1]}.get(n, [])
    fwd.put('esp', pair.make(far(972)))
    assert len(fwd.got('steer')) == 8


def test_the_newest_sa_sends_and_all_of_them_receive(fwd):
    fwd.table([LAN_TO_LAN])
    old = Pair(fwd)
    fwd.put('steer', lan(1))
    new = Pair(fwd, cipher='aes256')
    fwd.put('steer', lan(2))
    first, second = fwd.got('esp')
    old.expect(first, lan(1))
    new.expect(second, lan(2))
    fwd.put('esp', old.make(far(1)), new.make(far(2)), old.make(far(3)))
    assert fwd.got('steer') == [bytes(far(1)), bytes(far(2)), bytes(far(3))]
    # the new one goes (the peer never took it): the old one carries on
    fwd.must(fp.SA_DEL, struct.pack('!I', new.out_id))
    fwd.put('steer', lan(3))
    got, = fwd.got('esp')
    old.expect(got, lan(3))
    for sa in (old.out_id, old.in_id, new.in_id):
        fwd.must(fp.SA_DEL, struct.pack('!I', sa))
    assert fwd.call(fp.SA_DEL, struct.pack('!I', old.in_id)) == -2
    fwd.put('esp', old.make(far()))
    assert fwd.silent() and fwd.drops() == {'unknown_spi': 1}


def test_a_dump_says_what_is_left(fwd):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd, life=(600, 900, 50_000, 100_000), udp=(4500, 4500))
    fwd.put('steer', lan(size=972))
    fwd.wait(100_000)
    error, rows = fwd.answer(fwd.send(fp.SA_DUMP))
    assert error == 0 and {kind for kind, _ in rows} == {fp.SA_INFO}
    infos = {said['id']: said for _, said in rows}
    out = infos[pair.out_id]
    assert set(infos) == {pair.out_id, pair.in_id}
    assert out['life'] == (500, 800, 49_000, 99_000)
    assert (out['seq'], out['left_sec'], out['left_bytes'], out['idle_ms']) == (1, 800, 99_000, 100_000)
    assert pair.enc[0] not in out['spec'] and pair.auth[0] not in out['spec']


# ---- tables ----

def test_counters_outlive_a_table_when_the_id_stays(fwd):
    fwd.table([LAN_TO_LAN, dict(id=2, sel=('10.3.0.0/16', FAR))], [TUNNEL0])
    Pair(fwd)
    fwd.put('steer', lan())
    fwd.put('tunnel', lan())
    fwd.table([dict(LAN_TO_LAN, seq=99)], [dict(TUNNEL0, key=3)])
    st = fwd.stats()
    assert st['policy'][1]['encaps'] == 1 and set(st['policy']) == {1}
    assert st['tunnel'][0]['out_packets'] == 1
    fwd.table([], [])
    assert set(fwd.stats()['policy']) == {1}  # its SAs still name it
    assert fwd.stats()['tunnel'] == {}
    fwd.table([LAN_TO_LAN], [TUNNEL0])
    st = fwd.stats()
    assert st['policy'][1]['encaps'] == 1 and st['tunnel'][0]['out_packets'] == 0


def test_an_unfinished_table_changes_nothing(fwd):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd)
    fwd.must(fp.TABLE_BEGIN)
    fwd.must(fp.POLICY_ADD, struct.pack('!IIIB', 5, IFID, 1, fp.SKIP) + fp.selector('0.0.0.0/0', '0.0.0.0/0') +
             fp.addr(US) + struct.pack('!IBB', 1500, 0, 0))
    fwd.put('steer', lan())
    got, = fwd.got('esp')
    pair.expect(got, lan())
    fwd.must(fp.TABLE_BEGIN)  # a new control begins again
    fwd.must(fp.TABLE_COMMIT)
    assert set(fwd.stats()['policy']) == {1}
    fwd.put('steer', lan())
    assert fwd.silent() and fwd.drops() == {'no_policy': 1}


def test_messages_out_of_place_are_refused(fwd):
    policy = struct.pack('!IIIB', 5, IFID, 1, fp.PROTECT) + fp.selector(LAN, FAR) + fp.addr(US)
    tunnel = (struct.pack('!II', 0, 10) + fp.addr(US) + fp.addr(PEER) +
              struct.pack('!IBIBBHHHBBHBBBBHBBIB', IFID, 0, 0, 255, 0, 1476, 0, 0, 0, 10, 576, 1, 0, 0, 0, 0, 0, 0, 0, 0) +
              fp.addr(None) + fp.addr(None))
    assert fwd.call(fp.POLICY_ADD, policy + struct.pack('!IBB', 1500, 0, 0)) == -71
    assert fwd.call(fp.TUNNEL_ADD, tunnel) == -71
    assert fwd.call(fp.TABLE_COMMIT) == -71
    fwd.must(fp.TABLE_BEGIN)
    assert fwd.call(fp.POLICY_ADD, policy + struct.pack('!IBB', 67, 0, 0)) == -34
    fwd.must(fp.TUNNEL_ADD, tunnel)
    assert fwd.call(fp.TUNNEL_ADD, tunnel) == -17
    assert fwd.call(fp.HELLO, struct.pack('!I', fp.VERSION + 1)) == -93
    assert fwd.call(fp.HELLO) == -74  # truncated, and still answered
    assert fwd.call(fp.RESULT, struct.pack('!I', 0)) == -71
    assert fwd.call(200) == -74


def test_an_sa_that_cannot_be_is_refused(fwd):
    good = dict(id=1, pair=1, policy=1, dir=fp.OUT, mode=fp.MODE_TUNNEL, spi=256, src=US, dst=PEER, udp=None,
                cipher='aes128', auth='sha1', enc_key=bytes(16), auth_key=bytes(20), window=64, sel=(LAN, FAR),
                life=(0, 0, 0, 0))
    for wrong in (dict(enc_key=bytes(24)), dict(auth_key=bytes(16)), dict(dir=3), dict(mode=0), dict(src=None),
                  dict(cipher='gcm128', enc_key=bytes(20))):
        assert fwd.call(fp.SA_ADD, fp.sa_spec({**good, **wrong})) == -22, wrong
    assert fwd.stats()['policy'] == {} == fwd.stats()['sa']
    fwd.sa_add(good)
    assert fwd.call(fp.SA_ADD, fp.sa_spec(good)) == -17
    fwd.sa_add({**good, 'id': 2, 'dir': fp.IN})
    assert fwd.call(fp.SA_ADD, fp.sa_spec({**good, 'id': 3, 'dir': fp.IN})) == -17  # its SPI is taken


# ---- ports and processes ----

def test_ports_come_and_go(fwd):
    fwd.table([LAN_TO_LAN], [TUNNEL0])
    pair = Pair(fwd)
    assert fwd.call(fp.PORT_ADD, struct.pack('!IBIIIBBB', 99, fp.GRE, 0, 0, 0, 0, 0, 0)) == -9  # no descriptor
    with open('/dev/null') as null:
        assert fwd.call(fp.PORT_ADD, struct.pack('!IBIIIBBB', 1, fp.ESP, 0, 0, 0, 0, 0, 0), null.fileno()) == -17
        # an event-less descriptor of a kind that epoll refuses does not stop the others
        fwd.must(fp.PORT_ADD, struct.pack('!IBIIIBBB', 98, fp.AH, 0, 0, 0, 0, 0, 0), null.fileno())
    assert fwd.call(fp.PORT_DEL, struct.pack('!I', 97)) == -2
    fwd.must(fp.PORT_DEL, struct.pack('!I', 11))
    fwd.put('esp', pair.make(far()))
    assert fwd.drops() == {'no_policy': 1}
    fwd.port('steer', 21, fp.STEER, ifid=IFID, ifindex=71)
    fwd.put('esp', pair.make(far()))
    assert fwd.got('steer') == [bytes(far())]
    fwd.must(fp.PORT_DEL, struct.pack('!I', 10))
    fwd.port('tunnel', 10, fp.TUNNEL)
    fwd.put('tunnel', lan())
    assert len(fwd.got('gre')) == 1
    fwd.must(fp.PORT_DEL, struct.pack('!I', 1))
    fwd.put('steer', lan())
    assert fwd.drops() == {'no_policy': 1, 'send_failed': 1}


def test_a_dead_port_costs_no_time_and_the_others_go_on(fwd):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd)
    fwd.ports.pop('tunnel').sock.close()  # its device was deleted

    def cpu():
        fields = open(f'/proc/{fwd.proc.pid}/stat').read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
    fwd.sync()
    before = cpu()
    for _ in range(4):
        time.sleep(0.25)
        fwd.wait(250)
    assert cpu() - before < 0.4
    fwd.put('steer', lan())
    got, = fwd.got('esp')
    pair.expect(got, lan())


def test_a_control_that_does_not_read_stops_no_packet(fwd):
    fwd.table([dict(id=n, seq=n, sel=(LAN, f'10.2.{n}.0/24')) for n in range(1, 101)])
    pair = Pair(fwd, policy=2, sel=(LAN, '10.2.2.0/24'))
    asked = [fwd.send(fp.STATS_GET) for _ in range(30)]  # 30 * 103 rows, more than a socket holds
    start = time.monotonic()
    for n in range(20):
        fwd.ports['steer'].put(bytes(lan(n + 1)))
        for _ in range(300):
            out = fwd.ports['esp'].get_all()
            if out:
                break
            time.sleep(0.01)
        got, = out
        pair.expect(got, lan(n + 1))
    assert time.monotonic() - start < 5
    # and every answer is there, in order, once it reads
    for seq in asked:
        error, rows = fwd.answer(seq)
        assert error == 0 and len(rows) == 100 + 2 + 1
    assert fwd.call(fp.STATS_GET) == 0


def test_what_strangers_provoke_is_told_at_a_rate(fwd):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd)
    for n in range(100):
        bad = bytearray(pair.make(far()))
        bad[20:24] = struct.pack('!I', 0xabcd0000 + n)
        fwd.put('esp', bad)
    assert len(fwd.take(fp.UNKNOWN_SPI)) == 20
    assert fwd.drops() == {'unknown_spi': 100}
    fwd.wait(1000)
    for _ in range(30):
        fwd.put('esp', bad)
    assert len(fwd.take(fp.UNKNOWN_SPI)) == 10


def test_statistics_are_cleared_but_lifetimes_are_not(fwd):
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd, life=(0, 0, 0, 10_000))
    fwd.put('steer', lan(size=972), lan(dst='8.8.8.8'))
    fwd.must(fp.STATS_CLEAR)
    st = fwd.stats()
    assert st['policy'][1]['encaps'] == 0 and fwd.drops() == {}
    assert st['sa'][pair.out_id]['left_bytes'] == 9000


def test_shutdown_ends_it_orderly(fwd):
    fwd.table([LAN_TO_LAN])
    Pair(fwd)
    fwd.put('steer', *[lan(n, dst='10.2.1.1') for n in range(3)])
    fwd.must(fp.SHUTDOWN)
    assert fwd.proc.wait(10) == 0


def test_a_new_control_finds_everything_as_it_was(fwd):
    """Control died and another one has the same socket: HELLO resets nothing."""
    fwd.table([LAN_TO_LAN])
    pair = Pair(fwd)
    fwd.send(fp.STATS_GET)  # the old one never read its answer
    fwd.seq = 1000
    fwd.must(fp.HELLO, struct.pack('!I', fp.VERSION))
    error, rows = fwd.answer(fwd.send(fp.SA_DUMP))
    assert error == 0 and {said['id'] for _, said in rows} == {pair.out_id, pair.in_id}
    fwd.put('steer', lan())
    got, = fwd.got('esp')
    pair.expect(got, lan())
