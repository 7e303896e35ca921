# SPDX-License-Identifier: Apache-2.0
"""Fingers that know IOS, on a pseudo-terminal of a real router."""
import os
import signal
import threading
import time

import pytest

from conftest import built
from test_shell import router, server, spawn  # noqa: F401: fixtures

pytestmark = pytest.mark.no_way('a command line: no packet passes')

pexpect = pytest.importorskip('pexpect')


@pytest.fixture
def person(router):  # noqa: F811
    child = spawn(built('culvert'), router)
    child.expect_exact('R9>')
    child.send('en\r')
    child.expect_exact('R9#')
    yield child
    child.close(force=True)


def says(person, keys, want):
    """Types, ends the line, and sees in what follows what the router made of it."""
    person.send(keys + '\r')
    person.expect_exact('R9#')
    person.expect_exact('R9#') if '\x0c' in keys or '?' in keys else None
    assert want in person.before, person.before


@pytest.mark.parametrize('keys', [
    'how privilege\x01s',                                    # Ctrl-A
    'show privileg\x01\x05e',                                # Ctrl-E
    'show privilee\x02g',                                    # Ctrl-B
    'show privi\x02\x02\x02\x06\x06\x06lege',                # Ctrl-F
    'show privXilege' + '\x02' * 6 + '\x04',                 # Ctrl-D
    'show privilege rubbish' + '\x02' * 8 + '\x0b',          # Ctrl-K
    'rubbish\x15show privilege',                             # Ctrl-U
    'rubbish\x18show privilege',                             # Ctrl-X
    'show rubbish\x17privilege',                             # Ctrl-W
    'show privileeg\x14',                                    # Ctrl-T
    'privilege\x17show \x19',                                # Ctrl-Y
    'privilege\x17show x\x17\x19\x1by',                      # Ctrl-Y, Esc-Y
    'privilege\x1bbshow ',                                   # Esc-B
    'sho privilege\x01\x1bfw',                               # Esc-F
    'rubbish show privilege\x01\x1bd',                       # Esc-D
    'show privilege\x1bb\x1bu',                              # Esc-U
    'SHOW PRIVILEGE\x01\x1bl',                               # Esc-L
    'show privilege\x01\x1bc',                               # Esc-C
    'shw privilege\x01\x1b[C\x1b[Co',                        # right
    'show privilee\x1b[Dg',                                  # left
    'how privilege\x1b[Hs',                                  # Home
    'show privilegex\x1b[D\x1b[3~',                          # Delete
    'show privilegex\x08', 'show privilegex\x7f',            # both kinds of backspace
    'show priv\t', 'sh priv\t',                              # TAB
    'no such line\x16\x01' + '\x15show privilege',           # a control character as text
])
def test_keys_edit_as_in_ios(person, keys):
    person.send(keys + '\r')
    person.expect_exact('Current privilege level is 15\r\n')
    person.expect_exact('R9#')


def test_question_mark_is_at_once_and_text_behind_the_cursor_stays(person):
    person.send('show crypto isakmp policy\x1bb?')
    person.expect_exact('show crypto isakmp policy?\r\n')
    person.expect('policy +Show ISAKMP protection suite policy\r\n')
    person.expect_exact('R9#show crypto isakmp policy' + '\b' * 6)
    person.send('\r')
    person.expect_exact('Global IKE policy')


def test_ctrl_l_and_ctrl_r_show_the_line_again(person):
    for key in '\x0c\x12':
        person.send('show clo' + key)
        person.expect_exact('\r\nR9#show clo')
        person.send('\x03')
        person.expect_exact('^C\r\nR9#')


def test_histories_of_exec_and_configuration_are_two(person):
    person.send('show privilege\r')
    person.expect_exact('R9#')
    person.send('conf t\r')
    person.expect_exact('R9(config)#')
    person.send('\x10')  # nothing yet: a bell
    person.expect_exact('\a')
    person.send('hostname R9\r')
    person.expect_exact('R9(config)#')
    person.send('do show history\r')
    person.expect_exact('do show history\r\n  hostname R9\r\n  do show history\r\nR9(config)#')
    person.send('inter\x10\x10')
    person.expect_exact('hostname R9')
    person.send('\x0e\x0e')  # Ctrl-N, back to what was begun
    person.expect('inter *\b*')
    person.send('\x1a')
    person.expect_exact('^Z\r\n')
    person.expect_exact('R9#')
    person.send('\x10\x10\r')
    person.expect_exact('Current privilege level is 15\r\n')
    person.expect_exact('R9#')
    person.send('terminal history size 2\r')
    person.expect_exact('R9#')
    person.send('show history\r')
    person.expect_exact('show history\r\n  terminal history size 2\r\n  show history\r\nR9#')
    person.send('terminal no history\r')
    person.expect_exact('R9#')
    person.send('show history\r')
    person.expect_exact('show history\r\nR9#')


def test_a_mistyped_line_stands_in_the_history(person):
    person.send('sohw ip route\r')
    person.expect_exact('R9#')
    person.send('crypto isakmp kye hunter2\r')
    person.expect_exact('R9#')
    person.send('show history\r')
    person.expect_exact('  sohw ip route\r\n')
    person.expect_exact('R9#')
    assert 'hunter2' not in person.before


def test_ctrl_c_leaves_configuration(person):
    person.send('conf t\r')
    person.expect_exact('R9(config)#')
    person.send('interface Loopback3\r')
    person.expect_exact('R9(config-if)#')
    person.send('no ip address\x03')
    person.expect_exact('^C\r\n')
    person.expect_exact('R9#')


def test_a_long_line_scrolls_with_dollars_and_is_taken_whole(person):
    person.send('conf t\r')
    person.expect_exact('R9(config)#')
    person.send('interface Loopback3\r')
    person.expect_exact('R9(config-if)#')
    text = ' '.join(f'word{i}' for i in range(30))
    for piece in ('description ', *(text[i:i + 20] for i in range(0, len(text), 20))):
        person.send(piece)
        time.sleep(0.03)
    person.expect_exact('$')
    person.send('\x01')  # its beginning
    person.expect(r'description word0 .*\$\x08+')
    person.send('\r')
    person.expect_exact('R9(config-if)#')
    person.send('do show running-config | include description\r')
    person.expect_exact(f' description {text}\r\n')


def test_the_caret_stands_below_what_is_shown_of_a_scrolled_line(person):
    person.send('show privilege ' + 'x' * 80 + '\x05')
    person.expect_exact('$')
    person.send('\r')
    person.expect(r'\r\n( +)\^\r\n% Invalid input')
    assert len(person.match[1]) == len('R9#'), 'the error is scrolled off: at the edge'
    person.expect_exact('R9#')


@pytest.mark.parametrize('width', ['0', '512'])
def test_terminal_width_stops_the_scrolling(person, width):
    person.send(f'terminal width {width}\r')
    person.expect_exact('R9#')
    person.send('show clock ' + 'x' * 150)
    person.expect_exact('show clock ' + 'x' * 150)
    person.send('\x03')
    person.expect_exact('R9#')


def test_a_new_window_size_counts_at_once(person):
    person.setwinsize(10, 40)
    person.expect_exact('R9#')  # drawn anew
    person.send('a' * 60)
    person.expect_exact('$')
    person.send('\x15show ?')
    person.expect_exact(' --More-- ')
    # but for the page's last row all are rows of it, of which a long line takes two; the page may cut the last
    lines = person.before.split('?\r\n')[-1].removesuffix('\r\n').split('\r\n')
    assert sum(max(1, -(-len(line) // 40)) for line in lines) == 9
    person.send('q')
    person.expect_exact('R9#')


def test_log_lines_come_between_and_the_line_stays(person, router):  # noqa: F811
    person.send('terminal monitor\r')
    person.expect_exact('R9#')
    person.send('show privi')
    person.expect_exact('show privi')
    other = spawn(built('culvert'), router)
    other.expect_exact('R9>')
    other.send('en\rconf t\rend\r')
    person.expect_exact('%SYS-5-CONFIG_I: ')
    person.expect_exact('R9#show privi')
    person.send('lege\r')
    person.expect_exact('Current privilege level is 15')
    other.close(force=True)


def test_utf8_and_control_bytes_are_shown_and_do_nothing(person):
    person.send('conf t\rinterface Loopback3\r')
    person.expect_exact('(config-if)#')
    person.send('description Zürich\x16\x1b[2J 漢字x\b\r')
    person.expect_exact('description Zürich^[[2J 漢字')
    person.expect_exact('R9(config-if)#')
    person.send('do show running-config | include description\r')
    person.expect_exact(' description Zürich^[[2J 漢字\r\n')
    person.send('end\r')
    person.expect_exact('R9#')


def test_a_paste_is_run_line_by_line(person):
    person.send('conf t\r\ninterface Loopback3\r\ndescription one\r\nend\r\nshow running-config | include description\r\n')
    person.expect_exact(' description one\r\nR9#')
    # and no line end was taken for two
    assert 'R9#\r\nR9#' not in person.before


def test_of_ten_thousand_pasted_lines_none_is_lost(person):
    person.send('terminal length 0\rconf t\r')
    person.expect_exact('R9(config)#')
    paste = 'ip access-list extended BIG\r' + ''.join(
        f'permit tcp host 10.{i >> 8}.{i & 255}.1 any eq {1 + i % 1000}\r' for i in range(10000)) + 'end\r'
    # as a terminal does, that reads while it writes
    writer = threading.Thread(target=person.send, args=(paste,), daemon=True)
    writer.start()
    # seconds, where nothing else runs: each line waits for its prompt, in two processes
    person.expect_exact('R9#', timeout=240, searchwindowsize=100)
    person.send('show running-config | count permit tcp host\r')
    person.expect_exact('Number of lines which match regexp = 10000')


def test_a_hangup_and_a_kill_leave_the_terminal_as_it_was(router, tmp_path):  # noqa: F811
    person = pexpect.spawn('/bin/sh', ['-c', f'stty -a > {tmp_path}/before; {built("culvert")} shell --socket {router}; '
                                             f'stty -a > {tmp_path}/after; echo over'], encoding='utf-8', timeout=20)
    person.expect_exact('R9>')
    shell = int(os.popen(f'pgrep -P {person.pid} -f culvert').read())
    os.kill(shell, signal.SIGTERM)
    person.expect_exact('over')
    assert (tmp_path / 'before').read_text() == (tmp_path / 'after').read_text()
