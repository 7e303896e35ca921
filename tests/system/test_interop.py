# SPDX-License-Identifier: Apache-2.0
"""docs/interoperability.md has the cells of the generated list, and a sample of them is as it says."""
import contextlib

import pytest

import interop
from interop_run import Bench, Scan
from peers.netns import need

BEHIND = 'the document is behind: run tools/interop --only ...'


@pytest.fixture(scope='module')
def text():
    return interop.DOCUMENT.read_text()


def test_the_document_has_the_generated_list(text):
    assert interop.listed(text) == set(interop.cells()), BEHIND
    results, _ = interop.read(text)
    assert set(results) == set(interop.cells()), f'not all of them were run; {BEHIND}'
    assert set(interop.read_scans(text)) == set(interop.scans()), BEHIND


def test_the_document_is_what_the_generator_writes(text):
    """Nobody edited it, and what is read back is what was written."""
    results, _ = interop.read(text)
    assert interop.write(results, interop.read_scans(text), interop.read_versions(text)) == text, BEHIND


def test_any_two_values_of_two_columns_meet():
    for path in interop.PATHS:
        mine = [c for c in interop.cells() if c.path == path]
        values = [interop.AUTHS, interop.ROLES, interop.PFS, interop.CIPHERS, interop.HASHES, list(interop.GROUPS)]
        for a in range(6):
            for b in range(a):
                met = {(c[a + 1], c[b + 1]) for c in mine}
                assert met == {(x, y) for x in values[a] for y in values[b]}, (path, a, b)


def as_recorded(path, cells, results):
    with contextlib.closing(Bench(path)) as bench:
        wrong = {}
        for c in cells:
            got = bench.run(c)
            if got != results[c]:
                got = bench.run(c)
            if got != results[c]:
                wrong[c] = (got, results[c])
        assert not wrong, f'{BEHIND}\n' + '\n'.join(f'{c}: {a}; recorded: {b}' for c, (a, b) in wrong.items())


@pytest.mark.slow
def test_a_sample_against_strongswan(text):
    """Every 31st cell that is recorded as pass: all values of all columns are among them."""
    need('openssl', 'pki')
    results, _ = interop.read(text)
    good = [c for c in interop.cells() if c.path == 'strongswan-udp' and results[c] == 'pass']
    sample = good[::31]
    assert len(sample) > 80 and all({c[i] for c in sample} == {c[i] for c in good} for i in range(1, 7))
    as_recorded('strongswan-udp', sample, results)


def test_a_sample_of_ike_scan(text):
    need('ike-scan')
    recorded = interop.read_scans(text)
    with contextlib.closing(Scan()) as scan:
        for s in interop.scans()[::23]:
            assert scan.run(*s) == recorded[s], s


def test_ike_scan_is_refused_what_is_no_policy():
    """The judge can say no."""
    need('ike-scan')
    with contextlib.closing(Scan()) as scan:
        scan.run('aes256', 'sha256', 14)
        out = scan.them.run('ike-scan', '-M', '--sport=0', '-r', 1, '-t', 700, '--trans=7/128,4,1,14', '192.0.2.1').stdout
        assert '0 returned handshake' in out and 'Handshake returned' not in out


def test_who_refuses_is_told_with_his_line(monkeypatch):
    """What makes a cell no pass: a peer or a router that will not have it, or one that counts nothing."""
    need('openssl', 'pki')
    cell = interop.Cell('strongswan-udp', 'psk-main', 'initiator', 'none', 'aes256', 'sha256', 14)
    with contextlib.closing(Bench(cell.path)) as bench:
        assert bench.run(cell) == 'pass'
        ask = bench.ask_peer
        monkeypatch.setattr(bench, 'ask_peer', lambda c: ask(c._replace(group=15)))
        got = bench.run(cell)
        assert got.startswith('refused by the peer: `[') and 'no acceptable' in got, got
        got = bench.run(cell._replace(role='responder'))
        assert got.startswith('refused by us: `%CRYPTO-6-IKMP_MODE_FAILURE') and 'group' in got, got
        monkeypatch.setattr(bench, 'ask_peer', ask)
        monkeypatch.setattr(bench.vici, 'sas', lambda: [])
        assert bench.run(cell).startswith('failed: the peer lists 0')
        monkeypatch.undo()
        assert bench.run(cell) == 'pass'
