# SPDX-License-Identifier: Apache-2.0
"""tools/bench-control measures what it says, on a small scale; the limits are generous: they find what is quadratic again,
not a busy machine."""
import os
import re
import subprocess

import pytest

from conftest import BUILD, ROOT, built
from peers.netns import need

pytestmark = pytest.mark.no_way('a bench chooses its ways by itself, and judges no packet')

LIMITS = {'load': 20000, 'a line that concerns no packet': 1000, 'a line of a crypto map entry': 1000,
          'a line of a crypto access list': 5000, 'show crypto ipsec sa': 5000, '   its first byte': 2000,
          '   another session waited': 1000}


def test_the_bench_of_control_runs():
    need('ip', 'nft')
    built('culvert')
    done = subprocess.run(['/usr/bin/python3', str(ROOT / 'tools' / 'bench-control'), '--peers', '300', '--rounds', '1'],
                          capture_output=True, text=True, timeout=180, env={**os.environ, 'CULVERT_BUILD': str(BUILD)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert '300 crypto map entries, 300 access lists' in done.stdout
    assert re.search(r'paste of 30\d\d lines that are there +[\d.]+ ms', done.stdout), done.stdout
    for row, limit in LIMITS.items():
        found = re.search(rf'^{re.escape(row)} +([\d.]+) ms', done.stdout, re.M)
        assert found, f'{row}: {done.stdout}'
        assert 0 <= float(found[1]) < limit, f'{row}: {done.stdout}'
