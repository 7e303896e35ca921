# SPDX-License-Identifier: Apache-2.0
"""What stands behind a bar: filters, files, help, and what is refused and where."""
import os

import pytest

from conftest import built
from test_shell import router, shell, spawn  # noqa: F401: a fixture

pytestmark = pytest.mark.no_way('a command line: no packet passes')

pexpect = pytest.importorskip('pexpect')


def test_filters(router):  # noqa: F811
    shell(router, 'conf t; interface Loopback1; description UP_LINK; interface Loopback2; end')
    for command, want in (('show running-config | include ^interface', 'interface Loopback1\ninterface Loopback2\n'),
                          ('sh run | i UP_LINK', ' description UP_LINK\n'),
                          ('sh run | sec Loopback1|Loopback2', 'interface Loopback1\n description UP_LINK\ninterface Loopback2\n'),
                          ('sh run | c ^interface', 'Number of lines which match regexp = 2\n'),
                          ('conf t; do show running-config | include ^interface.*2', 'interface Loopback2\n')):
        done = shell(router, command)
        assert done.stdout.replace('Enter configuration commands, one per line.  End with CNTL/Z.\n', '') == want
        assert done.returncode == 0


def test_files_are_of_flash_and_of_nothing_else(router, tmp_path):  # noqa: F811
    def ls():
        return {p for p in os.listdir(tmp_path) if p != 'router'}

    before = ls()
    assert shell(router, 'show running-config | redirect flash:saved.txt').stdout == ''
    saved = tmp_path / 'saved.txt'
    assert 'hostname R9\n' in saved.read_text() and saved.stat().st_mode & 0o077 == 0
    shown = shell(router, 'show privilege | tee flash:level').stdout
    assert shown == (tmp_path / 'level').read_text() == 'Current privilege level is 15\n'
    shell(router, 'show privilege | append flash:level; show privilege | tee /append flash:level')
    assert (tmp_path / 'level').read_text() == 3 * shown
    assert shell(router, 'show privilege | redirect level').returncode == 0
    assert (tmp_path / 'level').read_text() == shown
    assert ls() == before | {'saved.txt', 'level'}
    # nowhere else, over no link, and not over what the router keeps there
    (tmp_path / 'victim').write_text('mine')
    (tmp_path / 'link').symlink_to(tmp_path / 'victim')
    config = (tmp_path / 'startup-config').read_text()
    for name in ('/etc/motd', '../x', 'flash:../x', 'flash:/../x', 'flash:sub/x', 'http://192.0.2.1/x', '.hidden', 'flash:',
                 'startup-config', 'flash:startup-config', 'nvram:startup-config', 'master-key', 'flash:link'):
        for how in ('redirect', 'tee', 'append', 'tee /append'):
            done = shell(router, f'show privilege | {how} {name}')
            assert done.returncode == 1 and f'%Error opening {name} (' in done.stdout, (how, name)
    assert ls() == before | {'saved.txt', 'level', 'victim', 'link'}
    assert (tmp_path / 'victim').read_text() == 'mine'
    assert (tmp_path / 'startup-config').read_text() == config


@pytest.fixture
def person(router):  # noqa: F811
    child = spawn(built('culvert'), router)
    child.expect_exact('R9>')
    yield child
    child.close(force=True)


def test_who_is_not_privileged_writes_no_file(person, tmp_path):
    person.send('show privilege | redirect flash:x\r')
    person.expect_exact('%Error opening flash:x (Permission denied)\r\n')
    assert not (tmp_path / 'x').exists()


@pytest.mark.parametrize('line, column', [
    ('show clock | grep x', 13),
    ('show clock | include a | begin b', 23),
    ('show clock | redirect a b', 24),
    ('show clock | json x', 18),
    ('terminal length 0 | include x', 18),
])
def test_the_caret_stands_under_what_is_wrong(person, line, column):
    person.send(line + '\r')
    person.expect_exact(f'{line}\r\n' + ' ' * (3 + column) + "^\r\n% Invalid input detected at '^' marker.\r\n")


@pytest.mark.parametrize('line, says', [
    ('show clock |', '% Incomplete command.\r\n'), ('show clock | include', '% Incomplete command.\r\n'),
    ('show clock | include (', '% Failed to compile regular expression\r\n'),
    ('show clock | include *', '% Failed to compile regular expression\r\n'),
])
def test_what_is_missing_and_what_is_no_expression(person, line, says):
    person.send(line + '\r')
    person.expect_exact(f'{line}\r\n{says}')


def test_help_behind_a_bar(person):
    def asks(line, want):
        person.send(line + '?')
        person.expect_exact(f'{line}?\r\n{want}')
        person.expect_exact(f'R9>{line}')
        person.send('\x03')
        person.expect_exact('^C\r\nR9>')

    asks('show clock ', '  detail  Display detailed information\r\n  |       Output modifiers\r\n  <cr>\r\n')
    asks('show clock | ', '  append    Append redirected output to URL (URLs supporting append operation only)\r\n'
                          '  begin     Begin with the line that matches\r\n')
    asks('show clock | in', 'include\r\n')
    asks('show clock | include ', '  LINE  Regular Expression\r\n')
    asks('show clock | section ', '  LINE     Regular Expression\r\n  exclude  Exclude entire section(s) of output\r\n')
    asks('show clock | tee ', '  /append  Append redirected output to URL\r\n  flash:   Uniform Resource Locator\r\n')
    asks('show clock | nonsense', '% Unrecognized command\r\n')
    person.send('show clock | inc\t.')
    person.expect_exact('lude .')
