# SPDX-License-Identifier: Apache-2.0
"""The cells of docs/interoperability.md: which there are, and how the document says what became of each.

The document is the store, too: what it says of a cell is read back, so that a part of the
list can be run alone (tools/interop --only) and the rest stands.
"""
import collections
import itertools
import pathlib
import re

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / 'docs' / 'interoperability.md'

PATHS = {'strongswan-udp': 'strongSwan (kernel-libipsec), tunnel mode, UDP encapsulation',
         'linux-esp': 'Linux kernel and strongSwan, tunnel mode, raw ESP (no NAT)',
         'linux-udp': 'Linux kernel and strongSwan, tunnel mode, UDP encapsulation',
         'linux-transport': 'Linux kernel and strongSwan, transport mode, raw ESP (no NAT)',
         'linux-ah': 'Linux kernel and strongSwan, tunnel mode, AH alone',
         'linux-ah-transport': 'Linux kernel and strongSwan, transport mode, AH alone'}
AUTHS = ['psk-main', 'psk-aggressive', 'rsa-sig-main', 'rsa-sig-aggressive']
ROLES = ['initiator', 'responder']
PFS = ['none', 'group']
CIPHERS = ['des', '3des', 'aes128', 'aes192', 'aes256']
HASHES = ['md5', 'sha', 'sha256', 'sha384', 'sha512']
GROUPS = {1: 'modp768', 2: 'modp1024', 5: 'modp1536', 14: 'modp2048', 15: 'modp3072', 16: 'modp4096',
          19: 'ecp256', 20: 'ecp384', 21: 'ecp521', 24: 'modp2048s256'}

# pfs: 'none', or 'group': the group of phase 1. cipher and hash are those of both phases.
Cell = collections.namedtuple('Cell', 'path auth role pfs cipher hash group')
PASS, FAIL, NOT_RUN, ABSENT = '+', 'F', '?', '.'
LETTERS = 'abcdeghijklmnopqrstuvwxyz'


def _full(path):
    return [Cell(*c) for c in itertools.product([path], AUTHS, ROLES, PFS, CIPHERS, HASHES, GROUPS)]


def _pairwise(path):
    """Every cipher with every hash, every PFS with every group, and authentication, role and group with one
    another: the suites and groups are dealt out so that each pair of values meets."""
    chosen, suites = set(), list(itertools.product(CIPHERS, HASHES))
    groups = list(GROUPS)
    for i, (auth, role, pfs, group) in enumerate(itertools.product(AUTHS, ROLES, PFS, groups)):
        cipher, hash_ = suites[(i * 7 + i // len(suites)) % len(suites)]
        chosen.add(Cell(path, auth, role, pfs, cipher, hash_, group))
    values = [AUTHS, ROLES, PFS, CIPHERS, HASHES, groups]
    need = set()
    for a, b in itertools.combinations(range(6), 2):
        need |= {(a, x, b, y) for x, y in itertools.product(values[a], values[b])}
    for c in chosen:
        need -= {(a, c[a + 1], b, c[b + 1]) for a, b in itertools.combinations(range(6), 2)}
    for a, x, b, y in sorted(need, key=str):  # what was not dealt
        row = [v[0] for v in values]
        row[a], row[b] = x, y
        chosen.add(Cell(path, *row))
    return [c for c in _full(path) if c in chosen]


def _psk_main(path):
    dealt = set(_pairwise(path))
    return [c for c in _full(path) if c.auth == 'psk-main' or c in dealt]


COVER = {'strongswan-udp': _full, 'linux-esp': _psk_main, 'linux-udp': _pairwise, 'linux-transport': _pairwise,
         'linux-ah': _pairwise, 'linux-ah-transport': _pairwise}


def cells():
    """The generated list."""
    return [c for path, cover in COVER.items() for c in cover(path)]


def scans():
    """What ike-scan offers: (cipher, hash, group), all of them."""
    return list(itertools.product(CIPHERS, HASHES, GROUPS))


# ---- the document ---------------------------------------------------------------------------

def letters(reasons):
    """{reason: letter}, in the order of their first cell."""
    return dict(zip(reasons, LETTERS, strict=False))


def _rows(path, auth, role, mark):
    for pfs, cipher in itertools.product(PFS, CIPHERS):
        blocks = (''.join(mark(Cell(path, auth, role, pfs, cipher, h, g)) for g in GROUPS) for h in HASHES)
        yield f'    {cipher:7}{pfs:6} ' + ' '.join(blocks)


HEAD = (f'    {"cipher":7}{"PFS":6} ' + ' '.join(f'{h:10}' for h in HASHES)).rstrip()


def read(text):
    """{Cell: 'pass' or the reason} of a document."""
    found, keys, section = {}, {}, None
    for line in text.splitlines():
        if m := re.match(r'- `(\w)` (.*)', line):
            keys[m.group(1)] = m.group(2)
        elif m := re.match(r'### (\S+), (\S+), (\S+)$', line):
            section = m.groups()
        elif section and (m := re.match(r'    (\S+) +(none|group) +((?:\S{10} ?){5})$', line)):
            for h, block in zip(HASHES, m.group(3).split()):
                for g, mark in zip(GROUPS, block):
                    if mark not in (ABSENT, NOT_RUN):
                        found[Cell(*section, m.group(2), m.group(1), h, g)] = mark
        elif line.startswith('## '):
            section = None
    return {c: 'pass' if m == PASS else keys[m] for c, m in found.items()}, keys


def read_scans(text):
    found = {}
    part = text.partition('## ike-scan')[2]
    for m in re.finditer(r'^    (\S+) +offer +((?:\S{10} ?){5})$', part, re.M):
        for h, block in zip(HASHES, m.group(2).split()):
            for g, mark in zip(GROUPS, block):
                if mark != NOT_RUN:
                    found[(m.group(1), h, g)] = 'pass' if mark == PASS else 'refused'
    return found


def listed(text):
    """The cells that a document has a place for."""
    found, section = set(), None
    for line in text.splitlines():
        if m := re.match(r'### (\S+), (\S+), (\S+)$', line):
            section = m.groups()
        elif section and (m := re.match(r'    (\S+) +(none|group) +((?:\S{10} ?){5})$', line)):
            found |= {Cell(*section, m.group(2), m.group(1), h, g) for h, block in zip(HASHES, m.group(3).split())
                      for g, mark in zip(GROUPS, block) if mark != ABSENT}
    return found


INTRO = '''# Interoperability

Written by `tools/interop` out of runs of the tests (`tests/system/interop.py` is the list,
`tests/system/interop_run.py` runs a cell); not to be edited. `make check` runs a sample of the cells and
compares the list with this document; `tools/check --long` runs more of them.

A cell is one negotiation with a peer that is not ours, from nothing: phase 1, phase 2, two pings through it.
Cipher and hash are those of both phases (AH has a hash alone); PFS, where there is one, uses the group of phase 1.

- `+` pass: the answers came back, and the peer's own counters of that SA pair (`swanctl --list-sas`: packets in
  and out, which on Linux are those of the kernel, as `ip -s xfrm state`) have them all.
- a letter: not agreed; what refused it, and its log line, stands under its letter below.
- `?` is in the list and was not run; `.` is not in the list.

Each block of ten characters is the groups 1 2 5 14 15 16 19 20 21 24, in this order; the blocks are the hashes.
'''

DEALT = 'authentication x role x PFS x group, with ciphers and hashes dealt out so that any two values of any two ' \
    'columns meet'
HOW = {_full: 'the full product', _pairwise: DEALT, _psk_main: f'the full product of psk-main; for the others {DEALT}'}

OUTRO = '''
## Not run

- AH and ESP in one transform set: strongSwan takes such a proposal and installs the ESP alone. `tests/system/test_ah_linux.py`
  has bundles with typed keys in its kernel.
- AH across NAT: that cannot be; neither side offers it there.
- Transport mode and raw ESP with kernel-libipsec: that plugin does tunnel mode in UDP 4500 only. It always
  says that it is behind a NAT; so does the Linux peer in `linux-udp` (`encap = yes`).
- A device that translates: `tests/system/test_ike_strongswan.py` and `test_ike_aggressive.py`.
'''


def write(results, scanned, versions):
    """The text of the document. results: {Cell: 'pass' or reason}."""
    every = cells()
    reasons = []
    for c in every:
        r = results.get(c, 'pass')
        if r != 'pass' and r not in reasons:
            reasons.append(r)
    if len(reasons) > len(LETTERS):
        raise ValueError('more reasons than letters: ' + '\n'.join(reasons))
    key, wanted = letters(reasons), set(every)

    def mark(c):
        if c not in wanted:
            return ABSENT
        r = results.get(c)
        return NOT_RUN if r is None else PASS if r == 'pass' else key[r]

    out = [INTRO, '| peer | version |', '|---|---|']
    out += [f'| {who} | {what} |' for who, what in sorted(versions.items())]
    out += ['', '| peer and path | cells | how chosen | pass | refused or failed | not run |', '|---|---|---|---|---|---|']
    for path, words in PATHS.items():
        mine = [c for c in every if c.path == path]
        good = sum(results.get(c) == 'pass' for c in mine)
        open_ = sum(c not in results for c in mine)
        out.append(f'| `{path}`: {words} | {len(mine)} | {HOW[COVER[path]]} | {good} | '
                   f'{len(mine) - good - open_} | {open_} |')
    out += ['', '## Refused and failed', '']
    out += [f'- `{key[r]}` {r}' for r in reasons] or ['Nothing.']
    out += ['', '## The cells', '']
    for path, auth, role in itertools.product(PATHS, AUTHS, ROLES):
        out += [f'### {path}, {auth}, {role}', '', HEAD, *_rows(path, auth, role, mark), '']
    out += ['## ike-scan', '', 'A stranger offers one transform in main mode, the router has one policy of these values. `+`: ike-scan '
            'shows a',
            'handshake with just this transform. No packet is counted here.', '', HEAD]
    for cipher in CIPHERS:
        blocks = (''.join({'pass': PASS, None: NOT_RUN}.get(scanned.get((cipher, h, g)), FAIL) for g in GROUPS)
                  for h in HASHES)
        out.append(f'    {cipher:7}{"offer":6} ' + ' '.join(blocks))
    return '\n'.join(out) + '\n' + OUTRO


def read_versions(text):
    return dict(re.findall(r'^\| ([\w -]+) \| ([\d.][^|]*) \|$', text, re.M))
