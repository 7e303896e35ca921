# SPDX-License-Identifier: Apache-2.0
"""The cells of docs/interoperability.md are as the document says: every seventh of the long lists, all of the
short ones. (All: tools/interop.)"""
import contextlib

import pytest

import interop
from interop_run import Scan
from peers.netns import need
from test_interop import as_recorded


@pytest.mark.parametrize('path', list(interop.PATHS))
def test_cells_are_as_recorded(path):
    need('openssl', 'pki')
    results, _ = interop.read(interop.DOCUMENT.read_text())
    mine = [c for c in interop.cells() if c.path == path]
    as_recorded(path, mine[::7] if len(mine) > 500 else mine, results)


def test_every_transform_of_ike_scan_is_as_recorded():
    need('ike-scan')
    recorded = interop.read_scans(interop.DOCUMENT.read_text())
    with contextlib.closing(Scan()) as scan:
        assert {s: scan.run(*s) for s in interop.scans()} == recorded
