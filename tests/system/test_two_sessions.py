# SPDX-License-Identifier: Apache-2.0
"""Two people in configuration mode at once, one of whom removes what the other is in."""
import re

import pytest

from conftest import built
from test_shell import router, shell, spawn  # noqa: F401: a fixture

pytestmark = pytest.mark.no_way('a command line: no packet passes')

pytest.importorskip('pexpect')

GONE = '% What is configured here was removed meanwhile'
CONFIG = '''\
crypto isakmp policy 10; exit
crypto ipsec transform-set TS esp-aes esp-sha-hmac; exit
ip access-list extended CRYPT; permit ip host 10.1.1.1 host 10.2.2.2; exit
crypto map M 10 ipsec-isakmp; set peer 192.0.2.2; set transform-set TS; match address CRYPT; exit
crypto map M 20 ipsec-isakmp; exit
interface Tunnel7; description seven; exit
'''.replace('\n', '; ')


class Person:
    def __init__(self, router):  # noqa: F811
        self.child = spawn(built('culvert'), router)
        self.child.expect_exact('R9>')
        self.say('enable')
        self.say('configure terminal')

    def say(self, line):
        """What comes back, and the prompt behind it."""
        self.child.send(line + '\r')
        self.child.expect_exact(line + '\r\n')
        self.child.expect(r'R9(\([a-z-]+\))?#$')
        return self.child.before, self.child.match.group(1)


@pytest.fixture
def people(router):  # noqa: F811
    shell(router, 'configure terminal; ' + CONFIG + ' end')
    both = Person(router), Person(router)
    yield both
    for p in both:
        p.child.close(force=True)


def running(router):  # noqa: F811
    return shell(router, 'show running-config').stdout


@pytest.mark.parametrize('enter, remove, mode, lines', [
    # each line would mean something else, or something at all, to the configuration as a whole
    ('interface Tunnel7', 'no interface Tunnel7', '(config-if)', ['no crypto map M', 'description x', 'ip mtu 1400']),
    ('crypto map M 20', 'no crypto map M 20', '(config-crypto-map)', ['set peer 192.0.2.9', 'description x']),
    ('ip access-list extended CRYPT', 'no ip access-list extended CRYPT', '(config-ext-nacl)',
     ['permit ip any any', '10 permit ip any any', 'no 10']),
    ('crypto isakmp policy 10', 'no crypto isakmp policy 10', '(config-isakmp)', ['group 14', 'lifetime 100']),
    ('crypto ipsec transform-set TS esp-aes esp-sha-hmac', 'no crypto ipsec transform-set TS', '(cfg-crypto-trans)',
     ['mode transport']),
])
def test_what_is_gone_takes_no_more_lines(people, router, enter, remove, mode, lines):  # noqa: F811
    one, other = people
    assert one.say(enter)[1] == mode
    said, prompt = other.say(remove)
    assert '%' not in said and prompt == '(config)'
    before = running(router)
    for line in (*lines, 'no such line at all'):
        said, prompt = one.say(line)
        assert GONE in said and prompt == mode, line
    assert running(router) == before
    assert 'privilege level' in one.say('do show privilege')[0]
    assert one.say('exit') == ('', '(config)')
    # and from here the global command is meant
    one.say('no crypto map M')
    assert 'crypto map M' not in running(router)


def test_another_object_or_the_same_anew_is_entered_from_there(people, router):  # noqa: F811
    one, other = people
    one.say('interface Tunnel7')
    other.say('no interface Tunnel7')
    assert GONE in one.say('description lost')[0]
    said, prompt = one.say('interface Tunnel8')
    assert prompt == '(config-if)' and '%' not in said
    assert '%' not in one.say('description eight')[0]
    assert '%' not in one.say('interface Tunnel7')[0] + one.say('description again')[0]
    text = running(router)
    assert re.search(r'^interface Tunnel7\n description again$', text, re.M)
    assert re.search(r'^interface Tunnel8\n description eight$', text, re.M)
    other.say('no interface Tunnel7')
    assert one.say('end')[1] is None


def test_a_range_says_which_of_its_interfaces_is_gone(people, router):  # noqa: F811
    one, other = people
    assert one.say('interface range Tunnel7 - 9') == ('', '(config-if-range)')
    for n in (8, 9):
        assert '%' not in other.say(f'no interface Tunnel{n}')[0]
        said, prompt = one.say('description still')
        assert f'% "interface Tunnel{n}" was removed meanwhile: nothing was changed there' in said and prompt == '(config-if-range)'
    text = running(router)
    assert 'interface Tunnel7\n description still\n' in text and 'interface Tunnel8' not in text and 'interface Tunnel9' not in text
    other.say('no interface Tunnel7')
    assert GONE in one.say('description still')[0]
    assert one.say('exit') == ('', '(config)')
    assert 'interface Tunnel7' not in running(router)


def test_both_change_the_same_object_and_nothing_is_lost(people, router):  # noqa: F811
    one, other = people
    for person in people:
        person.say('ip access-list extended BOTH')
    for i in range(20):
        one.say(f'permit ip host 10.1.0.{i} any')
        other.say(f'permit ip host 10.2.0.{i} any')
    listed = re.search(r'^ip access-list extended BOTH\n((?: permit .*\n)+)', running(router), re.M)[1].split('\n')
    assert [x for x in listed if x] == [f' permit ip host 10.{k}.0.{i} any' for i in range(20) for k in (1, 2)]
