# SPDX-License-Identifier: Apache-2.0
"""`culvert check`, `culvert mirror` and `culvert explain` as commands: reports against tests/golden/check, statuses, JSON, colour."""
import json
import os
import pty
import subprocess

import pytest

from conftest import ROOT, built

GOLDEN = ROOT / 'tests' / 'golden' / 'check'
pytestmark = pytest.mark.no_way('the command line alone')

# report: (files, status, status with --strict)
REPORTS = {'source': (['source.cfg'], 0, 1), 'weak': (['weak.cfg'], 1, 1), 'sound': (['sound.cfg'], 0, 0),
           'pair': (['sound.cfg', 'other-end.cfg'], 0, 1)}


def culvert(*words, **kw):
    return subprocess.run([built('culvert'), *map(str, words)], capture_output=True, text=True, timeout=30, cwd=GOLDEN, **kw)


@pytest.mark.parametrize('name', REPORTS)
def test_reports_are_as_kept(name):
    files, status, strict = REPORTS[name]
    done = culvert('check', *files)
    if os.environ.get('CULVERT_GOLDEN'):  # writes them anew, for who looks at the difference
        (GOLDEN / f'{name}.report').write_text(done.stdout)
    assert done.stdout == (GOLDEN / f'{name}.report').read_text()
    assert (done.returncode, done.stderr) == (status, '')
    done = culvert('check', '--strict', *files)
    assert done.returncode == strict


@pytest.mark.parametrize('name', REPORTS)
def test_json_says_what_the_text_says(name):
    files, status, _ = REPORTS[name]
    text = (GOLDEN / f'{name}.report').read_text()
    done = culvert('check', '--json', *files)
    assert done.returncode == status
    docs = json.loads(done.stdout)
    assert [d['file'] for d in docs] == files + ['both ends'] * (len(files) == 2)
    for d in docs:
        for m in d['messages']:
            assert m['severity'] in ('note', 'warning', 'error')
            assert m['text'].strip().split('\n')[0] in text, m
            assert not m['fix'] or f'    fix: {m["fix"]}\n' in text
            assert not m['line'] or f'{d["file"]}:{m["line"]}: {m["severity"]}: ' in text, m
        for kind in ('error', 'warning'):
            assert d[f'{kind}s'] == sum(m['severity'] == kind for m in d['messages'])
        for g in d.get('grades', []):
            assert f'  {g["grade"]}  {g["object"]}' in text
        for m in d.get('mtu', []):
            assert any(m['object'] in line and f' {m["largest_ip_mtu"]} ' in line for line in text.splitlines())


def test_no_key_is_in_a_report():
    for name in REPORTS:
        text = (GOLDEN / f'{name}.report').read_text()
        assert 'Zk3vQ8wLr0Tn5YpB' not in text and 'secretkey' not in text


def test_standard_input_and_usage():
    text = (GOLDEN / 'sound.cfg').read_text()
    done = culvert('check', '-', input=text)
    assert done.returncode == 0 and done.stdout == (GOLDEN / 'sound.report').read_text().replace('sound.cfg:', '-:')
    for words in (['check'], ['check', '--nonsense', 'sound.cfg'], ['mirror'], ['mirror', 'a', 'b'], ['mirror', '--peer', 'x', 'a'],
                  ['explain', '--nonsense']):
        assert culvert(*words).returncode == 2, words
    done = culvert('check', 'not-there.cfg')
    assert done.returncode == 1 and 'not-there.cfg: No such file' in done.stderr
    for words in ('check', 'mirror', 'explain'):
        done = culvert(words, '--help')
        assert done.returncode == 0 and done.stdout.startswith(f'usage: culvert {words}')


def on_terminal(**env):
    master, slave = pty.openpty()
    try:
        env = {k: v for k, v in os.environ.items() if k != 'NO_COLOR'} | env
        proc = subprocess.Popen([built('culvert'), 'check', 'source.cfg'], stdout=slave, cwd=GOLDEN, env=env)
        os.close(slave)
        said = b''
        try:
            while chunk := os.read(master, 65536):
                said += chunk
        except OSError:  # the last writer is gone
            pass
        proc.wait(timeout=20)
    finally:
        os.close(master)
    return said.decode().replace('\r\n', '\n')


def test_colour_is_for_a_terminal_that_wants_it():
    plain = (GOLDEN / 'source.report').read_text()
    coloured = on_terminal()
    assert '\x1b[1;35mwarning\x1b[m: crypto isakmp policy 1: 3DES is weak.' in coloured
    assert on_terminal(NO_COLOR='1') == plain
    assert on_terminal(NO_COLOR='') == coloured


@pytest.mark.parametrize('name', ['source', 'sound'])
def test_a_mirror_leaves_nothing_to_compare(name, tmp_path):
    other = culvert('mirror', f'{name}.cfg')
    assert other.returncode == 0 and not other.stderr
    (tmp_path / 'other.cfg').write_text(other.stdout)
    docs = json.loads(culvert('check', '--json', f'{name}.cfg', tmp_path / 'other.cfg').stdout)
    assert docs[2]['comes_up'] is True and docs[2]['messages'] == [], docs[2]
    assert docs[1]['errors'] == 0, docs[1]
    # and its mirror is the first one again, but for names
    again = culvert('mirror', tmp_path / 'other.cfg').stdout
    for line in (GOLDEN / f'{name}.cfg').read_text().splitlines():
        assert line in again.splitlines() or line.startswith(('hostname', ' description')) or line in [
            s.rstrip() for s in again.splitlines()], line


def test_explain():
    words = culvert('explain').stdout.split()
    assert {'aes', 'dh', 'qm_idle', 'mm_key_exch'} <= set(words)
    done = culvert('explain', 'AES', 'nonsense')
    assert done.returncode == 1 and 'symmetric block cipher' in done.stdout and "'nonsense'" in done.stderr
