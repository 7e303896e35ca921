# SPDX-License-Identifier: Apache-2.0
"""What a terminal shows of a session is what IOS shows: whole transcripts, byte for byte.

tests/golden/transcripts has what stands on the screen, as one would copy it. What is behind a prompt
was typed, and Enter ends it; but `?` and `^Z` are the keys themselves, and behind help the prompt
comes again with what had been typed before the `?`.
"""
import os
import re
import time

import pytest

from conftest import ROOT, built, lone_router

pytestmark = pytest.mark.no_way('a command line: no packet passes')

pexpect = pytest.importorskip('pexpect')

TRANSCRIPTS = sorted((ROOT / 'tests/golden/transcripts').glob('*.txt'))
PROMPT = re.compile(r'R1(?:\([^)]*\))?[>#]')


@pytest.fixture
def router(tmp_path):
    """`culvert run` in a network namespace of its own; its socket."""
    with lone_router(tmp_path, 'hostname R1\n') as sock:
        yield sock


def steps(text):
    """(what is to be seen, the keys to send then) in turn; the last has no keys."""
    seen, typed = '', ''
    for line in text.splitlines(keepends=True):
        prompt = PROMPT.match(line)
        words = line[prompt.end():].rstrip('\n') if prompt else ''
        if not prompt or (typed and not words.startswith(typed)):
            seen += line
            continue
        seen += prompt.group() + typed
        keys, typed = words[len(typed):], ''
        if keys.endswith('?'):
            typed = words[:-1]
            yield seen, keys
            seen = keys + '\n'
        elif keys.endswith('^Z'):
            yield seen, keys[:-2] + '\x1a'
            seen = keys + '\n'
        elif line.endswith('\n'):
            yield seen, keys + '\r'
            seen = keys + '\n'
    yield seen, ''


def test_steps_of_a_transcript():
    assert list(steps('R1>enable\nR1#show ?\n  a\n\nR1#show a\nx\nR1#')) == [
        ('R1>', 'enable\r'), ('enable\nR1#', 'show ?'), ('show ?\n  a\n\nR1#show ', 'a\r'), ('a\nx\nR1#', '')]
    assert list(steps('R1(config)#end^Z\nR1#')) == [('R1(config)#', 'end\x1a'), ('end^Z\nR1#', '')]


def read(child, want, so_far):
    """As many bytes as are to be seen, or what comes within some seconds."""
    until = time.monotonic() + 15
    while len(so_far) < len(want) and time.monotonic() < until:
        try:
            so_far += child.read_nonblocking(len(want) - len(so_far), timeout=0.5)
        except pexpect.TIMEOUT:
            if not want.startswith(so_far):
                break
        except pexpect.EOF:
            break
    return so_far


@pytest.mark.parametrize('transcript', TRANSCRIPTS, ids=lambda p: p.stem)
def test_the_screen_is_as_on_ios(router, transcript):
    text = transcript.read_text().rstrip('\n')
    child = pexpect.spawn(str(built('culvert')), ['shell', '--socket', str(router)], timeout=10,
                          dimensions=(200, 200), env={**os.environ, 'TERM': 'xterm'})
    child.delaybeforesend = None
    screen, want = b'', b''
    try:
        for seen, keys in steps(text):
            want += seen.replace('\n', '\r\n').encode()
            screen = read(child, want, screen)
            assert screen.decode().replace('\r\n', '\n') == want.decode().replace('\r\n', '\n')
            assert screen == want
            child.send(keys)
        child.sendline('')  # nothing else was to come
        assert read(child, want + b'\r\n', screen) == want + b'\r\n'
    finally:
        child.close(force=True)
