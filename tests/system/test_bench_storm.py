# SPDX-License-Identifier: Apache-2.0
"""tools/bench-storm brings up all the peers that it counts, and one of them has its DPD answered meanwhile;
how fast is not judged here."""
import os
import re
import subprocess

import pytest

from conftest import BUILD, ROOT, built
from peers.netns import need

pytestmark = pytest.mark.no_way('a bench chooses its ways by itself, and judges no packet')


def test_many_peers_come_up_at_once_and_dpd_is_answered():
    need('ip')
    built('culvert')
    built('bench', 'storm')
    # a group that is computed by threads, and PFS
    done = subprocess.run(['/usr/bin/python3', str(ROOT / 'tools' / 'bench-storm'), '--peers', '60', '--groups', '16',
                           '--pfs', '--rounds', '1'], capture_output=True, text=True, timeout=120,
                          env={**os.environ, 'CULVERT_BUILD': str(BUILD)})
    assert done.returncode == 0, done.stdout + done.stderr
    row = re.search(r'group 16 pfs +(\d+) of 60 +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+) +(\d+)',
                    done.stdout)
    assert row, done.stdout
    assert int(row[1]) == 60 and float(row[7]) > 0, done.stdout
