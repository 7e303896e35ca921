# SPDX-License-Identifier: Apache-2.0
"""What tools/bench and its sisters share."""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.setdefault('CULVERT_BUILD', str(ROOT / 'build'))).resolve()
if not (BUILD / 'bench' / 'ceiling').exists():  # a build with sanitizers has no benches
    BUILD = ROOT / 'build'
sys.path.insert(0, str(ROOT / 'tests' / 'system'))
