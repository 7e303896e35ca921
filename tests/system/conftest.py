# SPDX-License-Identifier: Apache-2.0
"""What the system tests share: where the build is, and as whom a test runs."""
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('CULVERT_BUILD', ROOT / 'build')).resolve()
NOBODY = 65534

# a run in the background has it ignored, and so would have the programs that are tested
signal.signal(signal.SIGINT, signal.default_int_handler)


def built(*parts):
    """A program of the build; the test is skipped where it was not built."""
    path = BUILD.joinpath(*parts)
    if not path.exists():
        pytest.skip(f'{path.relative_to(BUILD.parent)} is not built')
    return path


def pytest_configure(config):
    config.addinivalue_line('markers', 'slow: waits for timers of half a minute; with tools/check --long only')


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """A lab has one name on a machine, and its tests look at all of them: they run one after the other (xdist)."""
    for item in items:
        if item.path.name in ('test_lab.py', 'test_router.py', 'test_routing.py'):
            item.add_marker(pytest.mark.xdist_group('labs'))


@pytest.fixture
def culvert():
    return built('culvert')


@pytest.fixture(params=['root', 'user'])
def who(request):
    """The words before a command that make it root's or an ordinary user's."""
    if os.geteuid() != 0:
        if request.param == 'root':
            pytest.skip('needs root')
        return []
    if request.param == 'root':
        return []
    if not shutil.which('setpriv'):
        pytest.skip('needs setpriv')
    words = ['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups']
    for path in (BUILD, ROOT / 'labs' / 'README.md'):
        if subprocess.run([*words, 'test', '-r', str(path)]).returncode:
            pytest.skip(f'an ordinary user cannot read {path}')
    return words
