# SPDX-License-Identifier: Apache-2.0
"""tools/bench-ike brings up what it counts, with both kinds; the figures are not judged here."""
import os
import re
import subprocess

import pytest

from conftest import BUILD, ROOT, built
from peers.netns import need

pytestmark = pytest.mark.no_way('a bench chooses its ways by itself, and judges no packet')


@pytest.mark.slow
def test_the_bench_of_handshakes_over_sockets_runs():
    need('ip', 'swanctl', 'charon-systemd')
    built('culvert')
    built('tests', 'system', 'libxfrmfake.so')
    done = subprocess.run(['/usr/bin/python3', str(ROOT / 'tools' / 'bench-ike'), '--links', '4', '--tunnels', '8',
                           '--rounds', '1', '--groups', '2'], capture_output=True, text=True, timeout=120,
                          env={**os.environ, 'CULVERT_BUILD': str(BUILD)})
    assert done.returncode == 0, done.stdout + done.stderr
    for row in ('group 2, 4 peers at once: a second', '8 tunnels with one peer: seconds'):
        ours, theirs = re.search(re.escape(row) + r' +([\d.]+) +([\d.]+)', done.stdout).groups()
        assert float(ours) > 0 and float(theirs) > 0, done.stdout
