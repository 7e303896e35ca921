# SPDX-License-Identifier: Apache-2.0
"""Clients of the control socket that do what ours does not: the router serves the others, and does not grow."""
import contextlib
import fcntl
import pathlib
import random
import re
import socket
import struct
import termios
import time

import pytest

from conftest import built, lone_router
from peers.netns import Net, need
from router import Router
from test_shell import CLOSE, HELP, INTERRUPT, LINE, OUTPUT, PROMPT, router, shell  # noqa: F401: a fixture

pytestmark = pytest.mark.no_way('a command line: no packet passes')


def frame(kind, data=b''):
    return struct.pack('!BI', kind, len(data)) + data


@contextlib.contextmanager
def client(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(path))
        s.settimeout(20)
        yield s


def frames(s):
    """Until the other side closes."""
    data = b''
    while True:
        while len(data) >= 5 and len(data) >= 5 + (n := struct.unpack('!I', data[1:5])[0]):
            yield data[0], data[5:5 + n]
            data = data[5 + n:]
        try:
            more = s.recv(65536)
        except ConnectionResetError:
            return
        if not more:
            return
        data += more


def answer(it):
    """What is printed up to the next prompt, and the prompt's flags; None: it was closed."""
    text = b''
    for kind, data in it:
        if kind == OUTPUT:
            text += data
        elif kind == PROMPT:
            return text, data[0]
    return None


def serves(path):
    """In a time that a person does not notice; what is printed."""
    begun = time.monotonic()
    done = shell(path, 'show clock')
    assert done.returncode == 0 and time.monotonic() - begun < 5
    return done.stdout


def memory(path):
    """Of the control process, in kB."""
    for p in pathlib.Path('/proc').glob('[0-9]*'):
        with contextlib.suppress(OSError):
            if (p / 'comm').read_text() == 'culvert-control\n' and str(path).encode() in (p / 'cmdline').read_bytes():
                return int((p / 'status').read_text().split('VmRSS:')[1].split()[0])
    raise AssertionError('no control process')


def kept_by_sanitizer():
    """What AddressSanitizer keeps of memory that was freed (its quarantine) and puts around what was not, kB."""
    return 500_000 if b'__asan_init' in built('culvert').read_bytes() else 0


def test_garbage_of_any_kind_ends_only_its_own_session(router):  # noqa: F811
    dice = random.Random(6)
    for i in range(150):
        with client(router) as s, contextlib.suppress(ConnectionError, BrokenPipeError, socket.timeout):
            s.settimeout(0.05)
            for _ in range(dice.randrange(1, 5)):
                kind = dice.choice([1, 1, 2, 3, 4, 5, 64, 67, dice.randrange(256)])
                body = dice.randbytes(dice.choice([0, 1, 7, 100, 4096, 4097, 9000]))
                said = dice.choice([len(body)] * 4 + [len(body) + 1, 65536, 65537, 2 ** 32 - 1])
                s.sendall(struct.pack('!BI', kind, said) + body)
            if i % 3:
                s.recv(4096)
    assert serves(router)


@pytest.mark.parametrize('kind', [LINE, HELP])
def test_a_line_that_is_too_long_or_no_text_is_refused(router, kind):  # noqa: F811
    with client(router) as s:
        it = frames(s)
        answer(it)
        for line in (b'x' * 4097, b'show\0clock', b'show clock\nshow clock', b'x' * 65536):
            s.sendall(frame(kind, line))
            text, flags = answer(it)
            assert text == b'% Line too long or not text\n' and flags & 1
        s.sendall(frame(LINE, b'show privilege'))
        assert answer(it)[0] == b'Current privilege level is 15\n'
        s.sendall(struct.pack('!BI', LINE, 65537))
        assert answer(it) is None


def test_bytes_may_come_one_by_one(router):  # noqa: F811
    with client(router) as s:
        it = frames(s)
        answer(it)
        for byte in frame(LINE, b'show privilege'):
            s.sendall(bytes([byte]))
            time.sleep(0.002)
        assert answer(it)[0] == b'Current privilege level is 15\n'


def test_who_has_closed_his_side_still_gets_all_answers(router):  # noqa: F811
    asked = 500
    with client(router) as s:
        s.sendall(frame(LINE, b'enable') + frame(LINE, b'show running-config') * asked)
        s.shutdown(socket.SHUT_WR)
        text = b''.join(data for kind, data in frames(s) if kind == OUTPUT)
    assert text.count(b'hostname R9\n') == asked


def test_two_hundred_sessions_at_once(router):  # noqa: F811
    before = memory(router)
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(client(router)) for _ in range(200)]
        its = [frames(s) for s in sessions]
        for it in its:
            answer(it)
        for i, s in enumerate(sessions):
            s.sendall(frame(LINE, b'enable') + frame(LINE, b'configure terminal') + frame(LINE, b'interface Loopback%d' % i)
                      + frame(LINE, b'description of session %d' % i))
        for it in its:
            for _ in range(4):
                assert not answer(it)[1] & 1
        text = shell(router, 'show running-config').stdout
        assert text.count(' description of session ') == 200
        assert serves(router)
        assert memory(router) - before < 40_000 + kept_by_sanitizer()
        # up to the last one; and who comes then is told
        sessions += [stack.enter_context(client(router)) for _ in range(56)]
        for s in sessions[200:]:
            assert answer(frames(s))[0] == b''
        with client(router) as s:
            assert list(frames(s)) == [(OUTPUT, b'% All lines are in use; try again later\n'), (CLOSE, b'')]
        done = shell(router, 'show clock')
        assert done.returncode == 1 and 'All lines are in use' in done.stdout
    assert serves(router)


def test_who_does_not_read_costs_no_more_than_a_bound(router):  # noqa: F811
    fill = [b'enable', b'terminal history size 256', *(b'terminal editing %03d' % i + b'x' * 230 for i in range(256))]
    before = memory(router)
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(client(router)) for _ in range(16)]
        for s in sessions:
            it = frames(s)
            s.sendall(b''.join(frame(LINE, line) for line in fill))
            for _ in range(len(fill) + 1):
                answer(it)
            # 13 MB: not yet what one alone may leave unread
            s.sendall(frame(LINE, b'show history') * 200)
        for _ in range(5):
            assert serves(router)
        grown = memory(router) - before
        assert grown < 120_000 + kept_by_sanitizer()  # kB, of the 200 MB that they asked for
    assert serves(router)


def test_a_flood_of_commands_leaves_others_their_turn(router):  # noqa: F811
    with client(router) as s:
        s.sendall(frame(LINE, b'enable'))
        s.setblocking(False)
        sent = 0
        end = time.monotonic() + 3
        slowest = 0
        while time.monotonic() < end:
            with contextlib.suppress(BlockingIOError):
                sent += s.send(frame(LINE, b'show interfaces') * 100)
            with contextlib.suppress(BlockingIOError):
                while s.recv(1 << 20):
                    pass
            begun = time.monotonic()
            serves(router)
            slowest = max(slowest, time.monotonic() - begun)
        assert sent > 10_000
        assert slowest < 3


def stalled(s):
    """Once an answer has begun nothing more comes to who does not read; how many bytes are there."""
    there, was, end = 0, -1, time.monotonic() + 20
    while there < 10_000 or there != was:
        assert time.monotonic() < end
        time.sleep(0.2)
        was, there = there, int.from_bytes(fcntl.ioctl(s, termios.FIONREAD, bytes(4)), 'little')
    return there


def test_of_long_answers_that_nobody_reads_only_some_are_kept(tmp_path):
    """Anybody may ask for them, and a change of the configuration has them said whole first."""
    text = 'hostname R9\nip access-list extended LONG\n' + ''.join(
        f' permit ip host 10.{i >> 8}.{i & 255}.1 host 10.200.{i & 255}.{i >> 8}\n' for i in range(8_000))
    with lone_router(tmp_path, text) as router, contextlib.ExitStack() as stack:  # noqa: F811
        whole = shell(router, 'show access-lists').stdout.encode()
        sessions = [stack.enter_context(client(router)) for _ in range(10)]
        for s in sessions:
            s.sendall(frame(LINE, b'show access-lists') + frame(LINE, b'show privilege'))
            assert stalled(s) < len(whole) // 2
        assert shell(router, 'configure terminal; no ip access-list extended LONG; end').returncode == 0
        for i, s in enumerate(sessions):
            it = frames(s)
            answer(it)
            said, flags = answer(it)
            if i < 2:
                kept, rest = said.rsplit(b'\n\n', 1)
                assert whole.startswith(kept) and flags & 1
                assert rest == b'% The rest is left out: too many long answers are not read\n'
            else:
                assert said == whole and not flags & 1
            assert answer(it)[0] == b'Current privilege level is 15\n'


def test_a_ping_without_end_leaves_no_more_than_a_bound():
    need('nft')
    with Net() as net:
        ns, far = net.ns('r'), net.ns('far')
        net.link(ns, 'wan', None, far, 'wan', None)
        router = Router(ns, 'interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n')
        ns.ip('link', 'set', 'lo', 'up')
        with client(router.sock) as s:
            it = frames(s)
            answer(it)
            s.sendall(frame(LINE, b'ping 192.0.2.1 size 36 timeout 0 repeat 2147483647'))
            time.sleep(5)
            assert serves(router.sock)
            s.sendall(frame(INTERRUPT))
            said, _ = answer(it)
        router.stop()
    marks, result = re.search(rb'seconds:\n([!.]*)\n(Success rate is .*)\n$', said, re.S).groups()
    received, sent = map(int, re.search(rb'\((\d+)/(\d+)\)', result).groups())
    # six bytes each on their way
    assert len(marks) * 6 < 400_000 and received > 0 and sent >= len(marks)
    assert int(re.search(rb'is (\d+) percent', result)[1]) == received * 100 // sent


@pytest.mark.slow
def test_who_ends_and_does_not_read_is_cut_off(router):  # noqa: F811
    def lines():
        return shell(router, 'show users | count vty').stdout

    alone = lines()
    with client(router) as s:
        s.sendall(frame(LINE, b'show interfaces') * 3000 + frame(LINE, b'exit'))
        time.sleep(3)
        assert lines() != alone
        time.sleep(32)
        assert lines() == alone
