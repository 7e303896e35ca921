# SPDX-License-Identifier: Apache-2.0
"""The forwarder's access lists (`set ip access-group`) by its protocol alone: what a table says, what
it leaves behind, and what nobody sends."""
import struct

import fwdproto as fp

import pytest
from fwdpeer import LAN_TO_LAN, Pair
from scapy.layers.inet import TCP, UDP
from test_forwarder import far, fwd, lan  # noqa: F401  fwd is a fixture

pytestmark = pytest.mark.chooses('offload', 'ports', reason='its ports are the test itself')

WEB = ('WEB', [(10, False, 17, '0.0.0.0/0', '10.2.2.10/32', 7, 1), (20, True, 17)])
NOTHING = ('NOTHING', [(10, False)])


def test_a_list_filters_its_policy_in_each_direction(fwd):  # noqa: F811
    fwd.table([{**LAN_TO_LAN, 'acl': (1, 2)}], lists=[NOTHING, WEB])
    pair = Pair(fwd)
    fwd.put('steer', lan(proto=UDP(sport=1, dport=7)), lan(proto=UDP(sport=1, dport=8)), lan(proto=TCP(dport=8)))
    got, = fwd.got('esp')
    pair.expect(got, lan(proto=UDP(sport=1, dport=8)))
    fwd.put('esp', pair.make(far()))
    assert fwd.silent() and fwd.drops() == {'access': 3}
    st = fwd.stats()
    assert st['acl'] == {('WEB', 10): 1, ('WEB', 20): 1, ('NOTHING', 10): 1}
    assert (st['policy'][1]['access_out'], st['policy'][1]['access_in']) == (2, 1)
    assert st['policy'][1]['send_errors'] == 2 and st['policy'][1]['recv_errors'] == 1
    said, = fwd.take(fp.ACL_LOG)
    assert said == ('WEB', 10, 7, '10.1.1.10', '10.2.2.10', 17, 0, 2, 1, 7, 0, 0, 0)


def test_counts_follow_the_line_into_the_next_table(fwd):  # noqa: F811
    fwd.table([{**LAN_TO_LAN, 'acl': (0, 1)}], lists=[WEB])
    Pair(fwd)
    fwd.put('steer', lan(proto=UDP(dport=7)), lan(proto=UDP(dport=8)), lan(proto=UDP(dport=8)))
    fwd.table([{**LAN_TO_LAN, 'acl': (0, 2)}], lists=[NOTHING, ('WEB', [(15, True, 6), (20, True, 17), (30, True)])])
    fwd.put('steer', lan(proto=TCP(dport=7)))
    assert fwd.stats()['acl'] == {('WEB', 15): 1, ('WEB', 20): 2}
    assert len(fwd.got('esp')) == 3
    fwd.must(fp.STATS_CLEAR)
    assert 'acl' not in fwd.stats()


def test_what_had_a_list_and_is_in_no_table_lets_nothing_through(fwd):  # noqa: F811
    """Until its SAs are gone as well. A policy without lists goes on as before."""
    fwd.table([{**LAN_TO_LAN, 'acl': (1, 0)}], lists=[('ALL', [(10, True)])])
    pair = Pair(fwd)
    fwd.put('esp', pair.make(far()))
    assert fwd.got('steer') == [bytes(far())]
    fwd.table([])
    fwd.put('esp', pair.make(far()))
    assert fwd.silent() and fwd.drops() == {'access': 1}
    fwd.table([LAN_TO_LAN])
    fwd.put('esp', pair.make(far()))
    assert fwd.got('steer') == [bytes(far())]


def test_lists_out_of_place_are_refused(fwd):  # noqa: F811
    line = fp.acl_line(1, 'A', 10, True)
    of_policy = struct.pack('!IHH', 1, 1, 0)
    assert fwd.call(fp.ACL_ADD, line) == -71
    assert fwd.call(fp.POLICY_ACL, of_policy) == -71
    fwd.must(fp.TABLE_BEGIN)
    assert fwd.call(fp.POLICY_ACL, of_policy) == -71  # of which policy?
    for number in (0, 2, 65535):
        assert fwd.call(fp.ACL_ADD, fp.acl_line(number, 'A', 10, True)) == -71
    fwd.must(fp.ACL_ADD, line)
    fwd.must(fp.ACL_ADD, fp.acl_line(2, 'B', 10, True))
    assert fwd.call(fp.ACL_ADD, line) == -71  # one list after the other
    for bad in (line[:-1], line + b'x', line[:66] + b'\0\0\0\1\3' + line[71:]):
        assert fwd.call(fp.ACL_ADD, bad) == -74
    fwd.must(fp.POLICY_ADD, struct.pack('!IIIB', 5, 7, 1, fp.PROTECT) + fp.selector('10.0.0.0/8', '10.0.0.0/8') +
             fp.addr('192.0.2.1') + struct.pack('!IBB', 1500, 0, 0))
    for policy, in_, out in ((4, 1, 1), (5, 3, 0), (5, 0, 65535)):
        assert fwd.call(fp.POLICY_ACL, struct.pack('!IHH', policy, in_, out)) == -71
    fwd.must(fp.POLICY_ACL, struct.pack('!IHH', 5, 1, 2))
    fwd.must(fp.TABLE_COMMIT)
