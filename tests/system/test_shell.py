# SPDX-License-Identifier: Apache-2.0
"""The CLI client, keys and all: against a scripted server, and against a router."""
import contextlib
import os
import select
import socket
import struct
import subprocess
import threading
import time

import pytest

from conftest import built, lone_router

pytestmark = pytest.mark.no_way('a command line: no packet passes')

pexpect = pytest.importorskip('pexpect')

LINE, HELP, COMPLETE, INTERRUPT, END, HELLO = 1, 2, 3, 4, 5, 6
OUTPUT, ASYNC, INSERT, PROMPT, CLOSE = 64, 65, 66, 67, 68


class Server(threading.Thread):
    """Says prepared things on a Unix socket and writes down what it is asked."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.asked = []
        self.hello = None
        self.length = 24
        self.conn = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(1)
        self.start()

    def put(self, kind, data=b''):
        self.conn.sendall(struct.pack('!BI', kind, len(data)) + data)

    def prompt(self, error=False, text=b'R1#'):
        self.put(PROMPT, struct.pack('!BHHH', error, self.length, 0xffff, 20) + text)

    def frames(self):
        data = b''
        while True:
            while len(data) >= 5 and len(data) >= 5 + struct.unpack('!I', data[1:5])[0]:
                n = struct.unpack('!I', data[1:5])[0]
                yield data[0], data[5:5 + n]
                data = data[5 + n:]
            more = self.conn.recv(65536)
            if not more:
                return
            data += more

    def run(self):
        try:
            self.conn, _ = self.listener.accept()
            self.prompt()
            for kind, data in self.frames():
                if kind == HELLO:
                    self.hello = data
                    continue
                self.asked.append((kind, data))
                if self.answer(kind, data):
                    return
        except OSError:
            pass

    def answer(self, kind, data):
        if kind == HELP:
            self.put(OUTPUT, b'  version  System hardware and software status\n\n')
        elif kind == COMPLETE:
            self.put(INSERT, b'sion ' if data == b'show ver' else b'')
        elif data == b'bad':
            self.put(OUTPUT, b'% Invalid input\n')
            self.prompt(error=True)
            return False
        elif data == b'long':
            for i in range(1, 101):
                self.put(OUTPUT, b'row %d\n' % i)
        elif data == b'escape':
            self.put(OUTPUT, b'\x1b]0;owned\x07\x1b[2Jname\n')
        elif data == b'wait':
            return False  # until Ctrl-C
        elif data == b'log':
            self.prompt()
            self.put(ASYNC, b'*Nov 24 08:33:11.123: %SYS-5-CONFIG_I: Configured\n')
            return False
        elif data == b'garbage':
            self.conn.sendall(b'\xff' * 64)
            return False
        elif data == b'die':
            self.conn.close()
            return True
        elif data == b'exit':
            self.put(CLOSE)
            self.conn.close()
            return True
        elif kind == LINE and data:
            self.put(OUTPUT, b'did ' + data + b'\n')
        self.prompt()
        return False

    def close(self):
        self.listener.close()
        if self.conn:
            self.conn.close()


@pytest.fixture
def server(tmp_path):
    s = Server(tmp_path / 'sock')
    yield s
    s.close()


def run(culvert, tmp_path, *args, stdin=''):
    return subprocess.run([culvert, 'shell', '--socket', tmp_path / 'sock', *args], input=stdin,
                          capture_output=True, text=True, timeout=20)


def spawn(culvert, path):
    child = pexpect.spawn(str(culvert), ['shell', '--socket', str(path)], encoding='utf-8',
                          timeout=10, dimensions=(24, 80), env={**os.environ, 'TERM': 'vt100'})
    child.delaybeforesend = None
    return child


@pytest.fixture
def terminal(culvert, server, tmp_path):
    child = spawn(culvert, tmp_path / 'sock')
    child.expect('R1#')
    yield child
    child.ptyproc.delayafterterminate = 3
    child.close(force=True)


# ---- without a terminal ----

def test_commands_of_c_run_in_order_from_privileged_exec(culvert, server, tmp_path):
    done = run(culvert, tmp_path, '-c', 'one; two\\;half ;\n three')
    assert (done.returncode, done.stdout, done.stderr) == (0, 'did one\ndid two;half\ndid three\n', '')
    assert [d for _, d in server.asked] == [b'one', b'two;half', b'three']
    assert server.hello[0] == 0  # no terminal: control begins in privileged EXEC


def test_an_error_in_any_command_is_the_exit_status(culvert, server, tmp_path):
    done = run(culvert, tmp_path, '-c', 'one; bad; two')
    assert done.returncode == 1
    assert done.stdout == 'did one\n% Invalid input\ndid two\n'


def test_a_pipe_is_read_line_by_line_without_echo_and_paging(culvert, server, tmp_path):
    done = run(culvert, tmp_path, stdin='one\r\nlong\ra b\n\nlast')
    assert done.stdout.split('\n')[0] == 'did one'
    assert done.stdout.count('row ') == 100 and 'More' not in done.stdout and 'R1#' not in done.stdout
    assert [d for _, d in server.asked] == [b'one', b'long', b'a b', b'', b'last']


def test_a_line_that_is_too_long_is_refused_whole(culvert, server, tmp_path):
    done = run(culvert, tmp_path, stdin='x' * 4097 + '\n' + 'y' * 4096 + '\n')
    assert done.returncode == 1
    assert done.stdout == '% Line too long, or no text: ignored\ndid ' + 'y' * 4096 + '\n'
    assert len(server.asked) == 1


def test_a_line_with_a_nul_is_refused(culvert, server, tmp_path):
    done = run(culvert, tmp_path, stdin='no ip\0 address\n')
    assert done.returncode == 1
    assert server.asked == []


def test_what_peers_have_said_does_not_act_on_a_terminal(culvert, server, tmp_path):
    child = pexpect.spawn(str(culvert), ['shell', '--socket', str(tmp_path / 'sock'), '-c', 'escape'], encoding='utf-8', timeout=10)
    child.expect(pexpect.EOF)
    assert child.before == '^[]0;owned^G^[[2Jname\r\n'


def test_a_program_reads_it_as_it_is(culvert, server, tmp_path):
    assert run(culvert, tmp_path, '-c', 'escape').stdout == '\x1b]0;owned\x07\x1b[2Jname\n'


def test_exit_ends_it_and_the_rest_is_not_sent(culvert, server, tmp_path):
    done = run(culvert, tmp_path, '-c', 'one; exit; two')
    assert done.returncode == 0
    assert b'two' not in [d for _, d in server.asked]


@pytest.mark.parametrize('command', ['die', 'garbage'])
def test_a_router_that_dies_is_a_failure(culvert, server, tmp_path, command):
    done = run(culvert, tmp_path, '-c', f'one; {command}; two')
    assert done.returncode == 1
    assert 'connection to the router was lost' in done.stderr


def test_nobody_there_and_wrong_usage(culvert, tmp_path):
    done = run(culvert, tmp_path, '-c', 'show clock')
    assert done.returncode == 1 and 'culvert run' in done.stderr
    assert run(culvert, tmp_path, 'extra').returncode == 2
    assert run(culvert, tmp_path, '--no-such').returncode == 2
    done = run(culvert, tmp_path, '--help')
    assert done.returncode == 0 and 'usage: culvert shell' in done.stdout


# ---- keys ----

def test_question_mark_helps_and_keeps_the_line(terminal, server):
    terminal.send('show ver?')
    terminal.expect('show ver\\?\r\n')
    terminal.expect('  version  System hardware and software status\r\n')
    terminal.expect('R1#show ver')
    terminal.send('\r')
    terminal.expect('did show ver\r\n')
    assert server.asked == [(HELP, b'show ver'), (LINE, b'show ver')]


def test_tab_completes(terminal, server):
    terminal.send('show ver\t')
    terminal.expect('sion ')  # the editor draws what is new
    terminal.send('\r')
    terminal.expect('did show version \r\n')
    assert server.asked == [(COMPLETE, b'show ver'), (LINE, b'show version ')]


def test_ctrl_z_takes_the_line_and_ends(terminal, server):
    terminal.send('hostname X\x1a')
    terminal.expect('\\^Z\r\n')
    terminal.expect('R1#')
    assert server.asked == [(END, b'hostname X')]


def test_ctrl_c_drops_the_line(terminal, server):
    terminal.send('no interface Tunnel0')
    terminal.expect('Tunnel0')
    terminal.send('\x03')
    terminal.expect('R1#')
    terminal.send('one\r')
    terminal.expect('did one\r\n')
    assert server.asked == [(END, b''), (LINE, b'one')]


def test_ctrl_c_interrupts_what_runs(terminal, server):
    terminal.send('wait\r')
    terminal.expect('wait\r\n')
    while (LINE, b'wait') not in server.asked:
        time.sleep(0.01)
    time.sleep(0.1)
    terminal.send('\x03')
    terminal.expect('R1#')
    assert server.asked == [(LINE, b'wait'), (INTERRUPT, b'')]


def test_more_pages_by_space_enter_and_q(terminal, server):
    terminal.send('long\r')
    terminal.expect_exact('row 23\r\n --More-- ')
    terminal.send(' ')
    terminal.expect_exact('row 46\r\n --More-- ')
    terminal.send('\r')
    terminal.expect_exact('row 47\r\n --More-- ')
    terminal.send('q')
    terminal.expect_exact('R1#')
    assert 'row 48' not in terminal.before
    # the next output begins a page of its own
    terminal.send('long\r')
    terminal.expect_exact('row 23\r\n --More-- ')
    terminal.send('q')
    terminal.expect_exact('R1#')


def test_an_expression_at_more_filters_and_is_no_command(terminal, server):
    terminal.send('long\r')
    terminal.expect_exact('row 23\r\n --More-- ')
    terminal.send('/row 9[89]\r')
    terminal.expect_exact('/row 9[89]\r\nfiltering...\r\nrow 98\r\nrow 99\r\nrow 100\r\nR1#')
    for key in ('x', '\x1b[A', '\x1bOP', '\x1b[3~', 'ä', '\x03', '?'):
        terminal.send('long\r')
        terminal.expect_exact('row 23\r\n --More-- ')
        terminal.send(key)
        terminal.expect_exact('R1#')
        terminal.send('one\r')
        terminal.expect_exact('did one\r\nR1#')
    assert [line for _, line in server.asked] == [b'long'] + [b'long', b'one'] * 7


def test_terminal_length_zero_does_not_page(terminal, server):
    server.length = 0
    terminal.send('one\r')
    terminal.expect_exact('R1#')
    terminal.send('long\r')
    terminal.expect_exact('row 100\r\n')
    assert 'More' not in terminal.before


def test_history_comes_back_with_the_arrow(terminal, server):
    terminal.send('one\r')
    terminal.expect('did one\r\n')
    terminal.send('\x10')  # Ctrl-P
    terminal.expect('one')
    terminal.send('\r')
    terminal.expect('did one\r\n')


def test_log_lines_appear_between_keys(terminal, server):
    terminal.send('log\r')
    terminal.expect_exact('%SYS-5-CONFIG_I: Configured\r\n')
    terminal.send('one\r')
    terminal.expect('did one\r\n')


def test_exit_and_end_of_input_leave(terminal, server):
    terminal.send('exit\r')
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def test_ctrl_d_leaves(terminal, server):
    terminal.send('\x04')
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


# ---- a router ----

@pytest.fixture
def router(tmp_path):
    """`culvert run` in a network namespace of its own; its socket."""
    with lone_router(tmp_path, 'hostname R9\n') as sock:
        yield sock


def shell(router, commands):
    return subprocess.run([built('culvert'), 'shell', '--socket', router, '-c', commands],
                          capture_output=True, text=True, timeout=20)


def test_router_runs_commands(router):
    done = shell(router, 'show clock; show privilege; show crypto isakmp sa')
    assert done.returncode == 0
    assert 'Current privilege level is 15\n' in done.stdout
    assert 'dst             src             state          conn-id status\n' in done.stdout
    done = shell(router, 'conf t; interface Loopback 7; description a\\;b; end; '
                         'show running-config | section Loopback')
    assert done.returncode == 0
    assert 'interface Loopback7\n description a;b\n' in done.stdout
    done = shell(router, 'show interfaces Tunnel77')
    assert done.returncode == 1
    assert shell(router, 'sho clok').returncode == 1


def test_who_asks_on_and_does_not_read_is_cut_off(router):
    assert shell(router, 'conf t; ' + '; '.join(f'ip access-list extended A{n}; remark {"x" * 100}' for n in range(400))
                 + '; end').returncode == 0
    size = len(shell(router, 'show tech-support').stdout)
    asks = (20 << 20) // size

    def line(text):
        return struct.pack('>BI', 1, len(text)) + text

    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(str(router))
        s.sendall(line(b'enable') + line(b'show tech-support') * asks)
        closed = select.poll()
        closed.register(s, 0)
        assert closed.poll(20_000)  # nothing is read before
        got = 0
        with contextlib.suppress(ConnectionResetError):  # what it has still to say is not heard any more
            while (part := s.recv(1 << 20)):
                got += len(part)
    assert got < asks * size
    assert shell(router, 'show clock').returncode == 0


def test_router_on_a_terminal(router):
    child = spawn(built('culvert'), router)
    try:
        child.expect_exact('R9>')
        child.send('en\r')
        child.expect_exact('R9#')
        child.send('show crypto isakmp ?')
        child.expect('\r\n  policy +Show ISAKMP protection suite policy\r\n')
        child.expect_exact('R9#show crypto isakmp ')
        child.send('pol\t')
        child.expect_exact('icy ')
        child.send('\r')
        child.expect_exact('Global IKE policy')
        child.expect_exact('R9#')
        child.send('conf t\r')
        child.expect_exact('R9(config)#')
        child.send('hostname R10\x1a')
        child.expect_exact('R10#')
        child.send('\x1a')  # in EXEC it is nothing more than Enter
        child.expect_exact('R10#')
        assert 'nvalid' not in child.before and 'nknown' not in child.before
        child.send('terminal length 5\r')
        child.expect_exact('R10#')
        child.send('show ip route\r')
        child.expect_exact(' --More-- ')
        child.send('q')
        child.expect_exact('R10#')
        child.send('exit\r')
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
