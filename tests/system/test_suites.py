# SPDX-License-Identifier: Apache-2.0
"""esp-gcm, esp-null and esp-aes with every hash, typed as in IOS, against strongSwan's user-space ESP: who begins is
either, and strongSwan has counted the packets. What its ESP cannot do (esp-gmac) is in long/."""
import contextlib

import pytest

from suites import AES, GCM, NULL, Set, SetBench, name, sets


@pytest.fixture(scope='module')
def bench():
    with contextlib.closing(SetBench('strongswan-udp')) as b:
        yield b


@pytest.mark.parametrize('s', sets(GCM, NULL, AES), ids=name)
def test_packets_are_counted_by_strongswan(bench, s):
    assert bench.run(s) == 'pass'


def test_what_ios_shows_of_a_combined_mode(bench):
    assert bench.run(sets(GCM)[4]) == 'pass'
    shown = bench.router.cli('show crypto ipsec sa')
    assert shown.count('transform: esp-gcm 256 ,') == 2, shown
    # nothing beside the ICV of GCM: 20 + 8 + 8 of UDP, 8 of IV, 16 of ICV, 2 of trailer
    assert 'plaintext mtu 1438' in shown, shown


@pytest.mark.parametrize('words,esp,why', [
    ('esp-gcm', 'aes256gcm16', 'cipher offered esp-gcm 256, transform-set TS has esp-gcm (to accept it: crypto ipsec '
     'transform-set TS esp-gcm 256)'),
    ('esp-gcm 256', 'aes256-sha256', 'cipher offered esp-aes 256, transform-set TS has esp-gcm 256'),
    ('esp-aes 256 esp-sha256-hmac', 'aes256gcm16', 'transform-set TS esp-gcm 256)'),
    ('esp-gcm 256', 'aes256ctr-sha1', 'cipher offered AES-CTR 256, transform-set TS has esp-gcm 256')])
def test_another_suite_is_refused_with_the_line_that_would_take_it(bench, words, esp, why):
    before = len(bench.router.log())
    assert bench.run(Set('responder', words, esp, ())) != 'pass'
    said = bench.router.log()[before:]
    assert why in said, said
    if 'CTR' in why:  # IOS has no word for it
        assert 'to accept it' not in said, said
