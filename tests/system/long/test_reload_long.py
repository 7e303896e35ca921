# SPDX-License-Identifier: Apache-2.0
"""A scheduled reload that cannot be done yet is done later, and says so meanwhile. Two minutes."""
import pytest

from conftest import lone_router
from peers.netns import until
from test_shell import shell

pytestmark = pytest.mark.no_way('a command line: no packet passes')


def test_a_reload_that_fails_is_still_due(tmp_path):
    with lone_router(tmp_path, 'hostname R1\n') as sock:
        startup = tmp_path / 'startup-config'
        assert 'in 1 minute by' in shell(sock, 'configure terminal; hostname R2; end; reload in 1').stdout
        startup.unlink()
        startup.mkdir()  # nothing that can be read
        until(lambda: 'The scheduled reload failed' in shell(sock, 'show logging').stdout, 80)
        said = shell(sock, 'show reload; show running-config').stdout
        assert 'Reload scheduled in ' in said and 'hostname R2' in said
        startup.rmdir()
        startup.write_text('hostname R3\n')
        until(lambda: 'hostname R3' in shell(sock, 'show running-config').stdout, 80)
        assert 'No reload is scheduled' in shell(sock, 'show reload').stdout
