# SPDX-License-Identifier: Apache-2.0
"""clear commands that ask, and those about lines and neighbours."""
import os
import pathlib
import pty
import re
import subprocess
import time

import pytest

from conftest import built, lone_router

pytestmark = pytest.mark.no_way('a command line: no packet passes')


@pytest.fixture(scope='module')
def router(tmp_path_factory):
    with lone_router(tmp_path_factory.mktemp('clear'), 'hostname R1\ninterface FastEthernet0/1\n host-interface lo\n'
                     'archive\n log config\n  logging enable\n') as sock:
        yield sock


def shell(router, *lines, **more):
    return subprocess.run([built('culvert'), 'shell', '--socket', router], input='\n'.join(lines) + '\n', text=True,
                          capture_output=True, timeout=20, **more).stdout


def within(router, *words):
    """In the router's network namespace."""
    for p in pathlib.Path('/proc').glob('[0-9]*'):
        try:
            if (p / 'comm').read_text() == 'culvert-control\n' and str(router).encode() in (p / 'cmdline').read_bytes():
                user = ['-U', '--preserve-credentials'] if os.geteuid() else []
                return subprocess.run(['nsenter', '-t', p.name, *user, '-n', *words],
                                      capture_output=True, text=True, check=True).stdout
        except OSError:
            continue
    raise AssertionError('no control process')


def test_counters_and_the_log_are_cleared_by_enter_and_kept_by_any_other_key(router):
    never = 'Last clearing of "show interface" counters never'
    assert never in shell(router, 'clear counters', 'n', 'show interfaces FastEthernet0/1')
    assert never not in shell(router, 'clear counters FastEthernet0/1', '', 'show interfaces FastEthernet0/1')
    shell(router, 'configure terminal', 'hostname R1', 'end')
    assert 'SYS-5-CONFIG_I' in shell(router, 'clear logging', 'n', 'show logging')
    assert 'SYS-5-CONFIG_I' not in shell(router, 'clear logging', 'y', 'show logging')


def test_a_line_is_cleared_and_its_session_ends_but_not_ones_own(router):
    ours, terminal = pty.openpty()
    other = subprocess.Popen([built('culvert'), 'shell', '--socket', router], stdin=terminal, stdout=terminal)
    try:
        until = time.monotonic() + 10
        while (users := shell(router, 'show users')).count('vty') + users.count('con 0') < 2:
            assert time.monotonic() < until, users
        own = re.search(r'^\* +(\d+) ', users, re.M).group(1)
        theirs = re.search(r'^  +(\d+) (?:vty|con)', users, re.M).group(1)
        assert shell(router, f'clear line {own}', '') == '% Not allowed to clear current line\n'
        assert shell(router, f'clear line {theirs}', 'n') == '' and other.poll() is None
        assert shell(router, f'clear line {theirs}', '') == ' [OK]\n'
        assert other.wait(10) == 0
    finally:
        other.kill()
        other.wait()
        os.close(ours)
        os.close(terminal)


def test_the_log_of_commands_is_cleared(router):
    shell(router, 'configure terminal', 'interface FastEthernet0/1', 'description seen', 'end')
    assert 'description seen' in shell(router, 'show archive log config all')
    assert 'description seen' not in shell(router, 'clear archive log config force', 'show archive log config all')


def test_neighbours_that_nobody_set_for_good_are_forgotten(router):
    within(router, 'ip', 'link', 'add', 'wan', 'type', 'veth', 'peer', 'name', 'far')
    for device in ('wan', 'far'):
        within(router, 'ip', 'link', 'set', device, 'up')
    shell(router, 'configure terminal', 'interface FastEthernet0/2', 'host-interface wan',
          'ip address 192.0.2.1 255.255.255.0', 'end')
    for last, state in ((2, 'reachable'), (3, 'reachable'), (4, 'permanent')):
        within(router, 'ip', 'neigh', 'replace', f'192.0.2.{last}', 'lladdr', '02:00:00:00:00:01', 'dev', 'wan', 'nud', state)

    def known():
        return sorted(re.findall(r'192\.0\.2\.(\d) dev wan lladdr', within(router, 'ip', 'neigh')))

    assert known() == ['2', '3', '4']
    shell(router, 'clear ip arp 192.0.2.3')
    assert known() == ['2', '4']
    shell(router, 'clear arp-cache interface FastEthernet0/1')
    assert known() == ['2', '4']
    shell(router, 'clear arp-cache')
    assert known() == ['4']
