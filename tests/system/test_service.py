# SPDX-License-Identifier: Apache-2.0
"""The router as a service: what it tells its manager, with the capabilities that the unit leaves it;
and what systemd says of the unit."""
import os
import pathlib
import re
import shutil
import signal
import socket
import sys

import pytest

from conftest import ROOT, built
from peers.netns import Net, need, run, until
from test_host_router import CONFIG

pytestmark = pytest.mark.no_way('what an installation has and starts: its options are its own')

UNIT = ROOT / 'packaging' / 'culvert.service.in'
NET = {12, 13, 10}  # CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE


def bounds():
    """The capabilities of the unit, as setpriv wants them."""
    words = re.search(r'^CapabilityBoundingSet=(.*)$', UNIT.read_text(), re.M)[1].split()
    return ','.join(['-all', *('+' + w.removeprefix('CAP_').lower() for w in words)])


def caps(pid):
    """What any of its threads may: each has capabilities of its own."""
    bits = 0
    for task in pathlib.Path(f'/proc/{pid}/task').iterdir():
        bits |= int(re.search(r'^CapEff:\s*(\S+)', (task / 'status').read_text(), re.M)[1], 16)
    return {n for n in range(64) if bits >> n & 1}


@pytest.mark.parametrize('kind', ['path', 'abstract'])
def test_the_manager_is_told_with_three_capabilities(kind):
    need('ip', 'nft', 'setpriv')
    with Net() as net:
        ns = net.ns('r')
        # an abstract name is the network namespace's, and so is who listens
        where = str(net.dir / 'notify') if kind == 'path' else '@culvert-test-notify'
        said = ns.socket(socket.SOCK_DGRAM, family=socket.AF_UNIX, bind=where.replace('@', '\0'))
        said.settimeout(20)
        (net.dir / 'cfg').write_text(CONFIG)
        sock = net.dir / 'sock'
        proc = ns.popen('setpriv', '--bounding-set', bounds(), built('culvert'), 'run', '--config', net.dir / 'cfg',
                        '--socket', sock, '--interface', 'FastEthernet0/1=wan', log=net.dir / 'log',
                        env={**os.environ, 'NOTIFY_SOCKET': where})
        assert said.recv(100) == b'READY=1', (net.dir / 'log').read_text()
        # what it says is so: the command line answers at once, and the guard stands, device or no device
        assert run(built('culvert'), 'shell', '--socket', sock, '-c', 'show clock').stdout
        assert 'chain guard' in ns.run('nft', 'list', 'table', 'ip', 'culvert').stdout
        assert sorted(map(caps, ns.pids()), key=len) == [set(), NET, NET]  # the forwarder has none
        # a control that follows another says so again
        os.kill(next(p for p in ns.pids() if p != proc.pid and caps(p)), signal.SIGKILL)
        assert said.recv(100) == b'READY=1'
        proc.terminate()
        assert said.recv(100) == b'STOPPING=1'
        assert proc.wait(timeout=20) == 0
        assert 'libcap-ng' not in (net.dir / 'log').read_text()


def unit(tmp_path):
    if not shutil.which('systemd-analyze'):
        pytest.skip('needs systemd-analyze, which is not installed')
    path = tmp_path / 'culvert.service'
    path.write_text(UNIT.read_text().replace('@bindir@', str(built('culvert').parent)))
    return path


def test_systemd_verifies_the_unit(tmp_path):
    done = run('systemd-analyze', 'verify', '--man=no', unit(tmp_path), ok=False)
    ours = [line for line in (done.stdout + done.stderr).splitlines() if 'culvert' in line]
    assert done.returncode == 0 and not ours, done.stdout + done.stderr


def test_the_unit_is_exposed_little(tmp_path):
    """Exposure 0 to 10; a service that says nothing has 9.6, this one 2.7 to 3.0, by the version that judges."""
    done = run('systemd-analyze', 'security', '--offline=true', '--no-pager', '--threshold=35', unit(tmp_path),
               ok=False)
    assert 'Overall exposure level' in done.stdout and done.returncode == 0, done.stdout + done.stderr
    loose = run('systemd-analyze', 'security', '--offline=true', '--no-pager', '--threshold=10', unit(tmp_path),
                ok=False)
    assert loose.returncode, 'a threshold that nothing exceeds judges nothing'


def calls(unit_text):
    """The system calls that the unit allows, by systemd's own lists: the first line is one of what is allowed, and each behind
    it adds or takes away."""
    def expand(word):
        if not word.startswith('@'):
            return {word}
        said = run('systemd-analyze', 'syscall-filter', word).stdout.split('\n')[1:]
        return set().union(*(expand(line.strip()) for line in said if line.strip() and not line.strip().startswith('#')))
    allowed = set()
    for line in re.findall(r'^SystemCallFilter=(.*)$', unit_text, re.M):
        words = set().union(*map(expand, line.removeprefix('~').split()))
        allowed = allowed - words if line.startswith('~') else allowed | words
    return allowed


def test_the_unit_lets_threads_have_processors_and_priorities(tmp_path):
    allowed = calls(unit(tmp_path).read_text())
    assert {'sched_setaffinity', 'sched_getaffinity', 'setpriority', 'seccomp', 'sendto', 'adjtimex'} <= allowed
    assert not {'sched_setscheduler', 'setrlimit', 'setuid', 'clock_settime', 'settimeofday', 'keyctl', 'mount', 'io_submit'} & allowed


# refuses one call as the unit's filter does, and becomes its arguments
REFUSE = """
import ctypes, os, struct, sys
number, errno = int(sys.argv[1]), 1
code = b''.join(struct.pack('HBBI', *i) for i in [(0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, 0x50000 | errno), (6, 0, 0, 0x7fff0000)])
kept = ctypes.create_string_buffer(code)
prog = ctypes.create_string_buffer(struct.pack('HxxxxxxP', 4, ctypes.addressof(kept)))
libc = ctypes.CDLL(None, use_errno=True)
assert not libc.prctl(38, 1, 0, 0, 0) and not libc.prctl(22, 2, prog, 0, 0), os.strerror(ctypes.get_errno())
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.parametrize('refused', [False, True])
def test_the_log_says_whether_threads_are_pinned(refused):
    need('ip', 'nft')
    with Net() as net:
        ns = net.ns('r')
        (net.dir / 'cfg').write_text(CONFIG)
        number = {'x86_64': 203, 'aarch64': 122}[os.uname().machine] if refused else 0xffff  # sched_setaffinity
        proc = ns.popen(sys.executable, '-c', REFUSE, number, built('culvert'), 'run', '--config', net.dir / 'cfg', '--socket',
                        net.dir / 'sock', '--interface', 'FastEthernet0/1=wan', '--pin', '--workers', 2, log=net.dir / 'log')
        until((net.dir / 'sock').exists, 20, 'the router')
        log = (net.dir / 'log').read_text()
        assert ('%CULVERT-6-WORKERS: 2 forwarding threads, each on a processor of its own' in log) != refused, log
        assert ('%CULVERT-4-WORKERS: the threads run on any processor, and --pin is of no use: Operation not permitted' in log) == refused
        proc.terminate()
        assert proc.wait(timeout=20) == 0
