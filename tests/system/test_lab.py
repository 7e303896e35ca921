# SPDX-License-Identifier: Apache-2.0
"""`culvert lab`, as root and as an ordinary user.

Most tests use tests/unit/lab/labdrv: the same lab code with routers that do
nothing but start, listen, fail and stop as their configuration says. The last
ones run the labs of this repository with the real routers.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pexpect
import pytest

from conftest import ROOT, built

HOSTS = '''\
name: {name}
topology:
  nodes:
    A:
      kind: host
      exec:
        - ip address add 10.0.1.2/24 dev eth1
        - ip route add default via 10.0.1.1
    B:
      kind: host
      exec:
        - echo 1 > /proc/sys/net/ipv4/ip_forward
        - ip address add 10.0.1.1/24 dev a
        - ip address add 10.0.2.1/24 dev c
    C:
      kind: host
      exec:
        - ip address add 10.0.2.2/24 dev eth1
        - ip route add default via 10.0.2.1
  links:
    - endpoints: ["A:eth1", "B:a"]
    - endpoints: ["B:c", "C:eth1"]
      mtu: 1400
'''

ROUTER = '''\
name: routed
topology:
  nodes:
    R1: {kind: culvert, startup-config: R1.cfg}
    H1: {kind: host}
  links:
    - endpoints: ["R1:FastEthernet0/1", "H1:eth1"]
    - endpoints: ["R1:s0/1", "H1:eth2"]
'''


def host_view():
    """The parts of the machine's own network that a lab must not change."""
    return [re.sub(r'\s(qlen|mtu) \d+|\s+state \w+|<[^>]*>', '', subprocess.run(
        cmd, capture_output=True, text=True, check=True).stdout)
        for cmd in (['ip', '-o', 'link'], ['ip', 'rule'], ['ip', '-o', 'address'])]


def processes_with(text):
    found = []
    for path in pathlib.Path('/proc').glob('[0-9]*/cmdline'):
        try:
            line = path.read_bytes().replace(b'\0', b' ').decode(errors='replace')
            state = (path.parent / 'stat').read_text().rpartition(')')[2].split()[0]
        except OSError:
            continue
        if text in line and state != 'Z' and path.parent.name != str(os.getpid()):
            found.append(f'{path.parent.name} {line}')
    return found


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, 'it did not happen in time'
        time.sleep(0.05)


class Labs:
    """A scratch folder of labs, and `lab` commands as whoever runs them."""

    def __init__(self, program, who):
        self.program, self.who = program, who
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='labtest-'))
        self.dir.chmod(0o755)
        self.made = []

    def make(self, text, folder='lab', **files):
        path = self.dir / folder
        path.mkdir()
        (path / 'lab.yml').write_text(text)
        for name, content in files.items():
            (path / f'{name}.cfg').write_text(content)
        self.made.append(path)
        return path

    def argv(self, *args):
        return [*self.who, str(self.program), 'lab', *map(str, args)]

    def __call__(self, *args, ok=True, **kw):
        done = subprocess.run(self.argv(*args), capture_output=True, text=True, timeout=120, **kw)
        if ok is not None:
            assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done

    def rundirs(self):
        return [p for base in ('/run/culvert-labs', '/tmp/culvert-lab-*')
                for p in pathlib.Path('/').glob(f'{base[1:]}/*')]

    def leftovers(self):
        return processes_with(str(self.dir)) + [
            p for p in self.rundirs()
            if (p / '.state').exists() and str(self.dir) in (p / '.state').read_text()]

    def close(self):
        for path in self.made:
            self('down', path, ok=None)
        shutil.rmtree(self.dir, ignore_errors=True)


@pytest.fixture
def labs(who):
    before, view = processes_with('labdrv'), host_view()
    labs = Labs(built('tests', 'unit', 'lab', 'labdrv'), who)
    rundirs = labs.rundirs()
    try:
        yield labs
    finally:
        labs.close()
    assert processes_with('labdrv') == before
    assert labs.rundirs() == rundirs
    assert host_view() == view


def test_hosts_reach_each_other_and_down_leaves_nothing(labs):
    lab = labs.make(HOSTS.format(name='three'))
    up = labs('up', lab)
    assert 'lab three is up: 3 nodes' in up.stdout and up.stderr == ''
    assert re.search(r'^  B +a 10\.0\.1\.1/24 +-- A:eth1\n +c 10\.0\.2\.1/24 +-- C:eth1$',
                     up.stdout, re.M), up.stdout
    ping = labs('exec', lab, 'A', 'ping', '-c', '3', '-i', '0.2', '10.0.2.2')
    assert '3 received, 0% packet loss' in ping.stdout
    assert 'mtu 1400' in labs('exec', lab, 'C', 'ip', 'link', 'show', 'eth1').stdout
    assert f'{lab}/lab.yml' in labs('list').stdout
    assert labs('list', lab).stdout == up.stdout
    assert labs('down', lab).stdout == 'lab three is down\n'
    assert labs.leftovers() == []
    assert 'is not up' in labs('down', lab, ok=False).stderr
    assert 'is not up' in labs('exec', lab, 'A', 'true', ok=False).stderr


IPV6 = '''\
name: six
topology:
  nodes:
    A:
      kind: host
      exec: [ip -6 route add default via 2001:db8:1::1]
    B:
      kind: host
      exec: [echo 1 > /proc/sys/net/ipv6/conf/all/forwarding]
    C:
      kind: host
      exec: [ip -6 route add default via 2001:db8:2::1, "ping -c 1 -W 1 2001:db8:1::2"]
  links:
    - endpoints: ["A:eth1", "B:a"]
      ipv6: ["2001:db8:1::2/64", "2001:db8:1::1/64"]
    - endpoints: ["B:c", "C:eth1"]
      ipv4: ["", "10.0.2.2/24"]
      ipv6: ["2001:db8:2::1/64", "2001:db8:2::2/64"]
'''


def test_the_segments_of_a_lab_have_ipv6_at_once(labs):
    """Nobody waits for duplicate addresses: the very first packet, in an exec line, gets through."""
    lab = labs.make(IPV6)
    up = labs('up', lab)
    assert re.search(r'^  C +eth1 10\.0\.2\.2/24 2001:db8:2::2/64', up.stdout, re.M), up.stdout
    ping = labs('exec', lab, 'A', 'ping', '-c', '3', '-i', '0.2', '2001:db8:2::2')
    assert '3 received, 0% packet loss' in ping.stdout
    assert labs('exec', lab, 'A', 'ip', '-6', '-o', 'addr', 'show', 'tentative').stdout == ''
    labs('down', lab)
    assert labs.leftovers() == []


def test_exec_passes_everything_through(labs):
    lab = labs.make(HOSTS.format(name='pass'))
    labs('up', lab)
    done = labs('exec', lab, 'A', 'sh', '-c', 'cat; echo err >&2; exit 42', ok=None, input='in')
    assert (done.returncode, done.stdout, done.stderr) == (42, 'in', 'err\n')
    assert labs('exec', lab, 'A', 'echo', '--help', '-c', '--').stdout == '--help -c --\n'
    assert labs('exec', lab, 'A', 'hostname').stdout == 'A\n'
    assert labs('exec', lab, 'A', 'pwd', cwd='/usr').stdout == '/usr\n'
    assert labs('exec', lab, 'B', 'ls', '/sys/class/net').stdout.split() == ['a', 'c', 'lo']
    assert labs('exec', lab, 'A', 'id', '-u').stdout == '0\n'
    gone = labs('exec', lab, 'A', 'no-such-command', ok=None)
    assert gone.returncode == 127 and 'no-such-command: No such file' in gone.stderr
    killed = labs('exec', lab, 'A', 'sh', '-c', 'kill -9 $$', ok=None)
    assert killed.returncode in (-9, 137)


def test_exec_keeps_the_terminal(labs):
    lab = labs.make(HOSTS.format(name='tty'))
    labs('up', lab)
    argv = labs.argv('exec', lab, 'A', 'sh', '-c', 'test -t 0 && read x && echo "got $x"')
    child = pexpect.spawn(argv[0], argv[1:], timeout=20, encoding='utf-8')
    child.sendline('hello')
    child.expect('got hello')
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_exec_finds_the_tools_of_root_on_a_users_path(labs):
    lab = labs.make(HOSTS.format(name='path'))
    env = {**os.environ, 'PATH': '/usr/bin:/bin'}
    if labs.who:
        labs.who = [shutil.which('setpriv'), *labs.who[1:]]
    labs('up', lab, env=env)
    assert labs('exec', lab, 'A', 'sh', '-c', 'command -v sysctl || command -v ldconfig',
                env=env).stdout.startswith(('/usr/sbin', '/sbin'))


def test_a_quiet_link_carries_nothing(labs):
    lab = labs.make(HOSTS.format(name='quiet'))
    labs('up', lab)
    seen = labs('exec', lab, 'B', 'timeout', '3', 'tcpdump', '-nn', '-i', 'a', ok=None)
    assert '0 packets captured' in seen.stderr and seen.stdout.strip() == ''


def test_two_labs_of_one_name_live_side_by_side(labs):
    one = labs.make(HOSTS.format(name='same'), 'one')
    two = labs.make(HOSTS.format(name='same'), 'two')
    labs('up', one)
    labs('up', two)
    assert '2 labs are called same' in labs('down', 'same', ok=False, cwd='/').stderr
    labs('exec', one, 'A', 'ip', 'link', 'set', 'eth1', 'down')
    labs('exec', two, 'A', 'ping', '-c', '1', '-W', '2', '10.0.2.2')
    labs('down', one)
    labs('exec', two, 'A', 'ping', '-c', '1', '-W', '2', '10.0.2.2')
    shutil.rmtree(two)
    labs('down', 'same', cwd='/')
    assert labs.leftovers() == []


def test_up_twice_says_so_and_changes_nothing(labs):
    lab = labs.make(HOSTS.format(name='twice'))
    labs('up', lab)
    labs('exec', lab, 'A', 'ip', 'address', 'add', '10.9.9.9/32', 'dev', 'lo')
    assert 'lab twice is up already' in labs('up', lab / 'lab.yml').stdout
    assert '10.9.9.9' in labs('exec', lab, 'A', 'ip', 'address').stdout


def test_down_ends_whatever_runs_inside(labs):
    text = HOSTS.format(name='stray').replace('        - ip route add default via 10.0.1.1\n',
                                              '        - sleep 7771 &\n')
    lab = labs.make(text)
    labs('up', lab)
    shell = subprocess.Popen(labs.argv('exec', lab, 'C', 'sh', '-c',
                                       'trap "" TERM; sleep 7772; sleep 7773'))
    until(lambda: processes_with('sleep 7771') and processes_with('sleep 7772'))
    labs('down', lab)
    assert shell.wait(10) != 0
    assert processes_with('sleep 777') == []


def test_an_exec_line_that_fails_takes_the_lab_down(labs):
    text = HOSTS.format(name='bad').replace('10.0.2.1/24 dev c', '10.0.2.1/99 dev c')
    lab = labs.make(text)
    up = labs('up', lab, ok=False)
    assert (f"{lab}/lab.yml:14: B: 'ip address add 10.0.2.1/99 dev c' ended with status 1"
            in up.stderr)
    assert '    Error: any valid prefix is expected' in up.stderr
    assert labs.leftovers() == []
    assert 'is not up' in labs('exec', lab, 'A', 'true', ok=False).stderr


def test_routers_get_their_interfaces_and_a_copy_of_the_configuration(labs):
    lab = labs.make(ROUTER, R1='hostname R1\n! save\n')
    labs('up', lab)
    link = labs('exec', lab, 'R1', 'ip', 'link').stdout
    assert re.search(r'fa0-1@.*\n.*\n +alias FastEthernet0/1', link)
    assert re.search(r'se0-1@.*\n.*\n +alias Serial0/1', link)
    [run] = [p for p in processes_with('culvert run') if 'routed-' in p]
    copy = re.search(r'--config (\S+/R1.cfg) --socket (\S+)/R1.sock '
                     r'--interface FastEthernet0/1=fa0-1 --interface Serial0/1=se0-1', run)
    assert pathlib.Path(copy[1]).read_text() == 'hostname R1\n! save\n! saved\n'
    assert pathlib.Path(copy[1]).stat().st_mode & 0o777 == 0o600
    assert (lab / 'R1.cfg').read_text() == 'hostname R1\n! save\n'
    shell = labs('shell', lab, 'R1', '-c', 'show version; show clock', ok=None)
    assert shell.returncode == 5
    assert shell.stdout == f'[--socket]\n[{copy[2]}/R1.sock]\n[-c]\n[show version; show clock]\n'
    assert 'H1 is a host' in labs('shell', lab, 'H1', ok=False).stderr
    assert 'routed has no node R9; it has R1 H1' in labs('shell', lab, 'R9', ok=False).stderr


def test_a_router_that_dies_at_start_shows_its_log(labs):
    lab = labs.make(ROUTER, R1='! die\n')
    up = labs('up', lab, ok=False)
    assert 'R1: its router ended with status 3' in up.stderr
    assert '    the reason for dying' in up.stderr
    assert labs.leftovers() == []


def test_an_interrupted_start_is_taken_back(labs):
    lab = labs.make(ROUTER, R1='! deaf\n')
    up = subprocess.Popen(labs.argv('up', lab), stderr=subprocess.PIPE)
    until(lambda: [p for p in processes_with('culvert run') if 'routed-' in p])
    up.send_signal(signal.SIGINT)
    up.wait(10)
    up.stderr.close()
    until(lambda: not [p for p in processes_with('culvert run') if 'routed-' in p])
    until(lambda: not labs.leftovers())
    assert not [p for p in labs.rundirs() if p.name.startswith('routed-')]


@pytest.mark.slow
def test_a_router_that_does_not_stop_is_killed_with_its_children(labs):
    if labs.who:
        pytest.skip('slow, and the same as root')
    lab = labs.make(ROUTER, R1='! stubborn ! daemon\n')
    labs('up', lab)
    down = labs('down', lab, ok=False)
    assert 'R1: did not stop within 20 s and was killed' in down.stderr
    assert [p for p in processes_with('culvert run') if 'routed-' in p] == []
    assert labs.leftovers() == []


def test_a_killed_keeper_is_noticed_and_cleared_away(labs):
    lab = labs.make(ROUTER, R1='hostname R1\n')
    labs('up', lab)
    [rundir] = [p for p in labs.rundirs() if p.name.startswith('routed-')]
    keeper = int(re.search(r'^keeper (\d+)$', (rundir / '.state').read_text(), re.M)[1])
    os.kill(keeper, signal.SIGKILL)
    until(lambda: not [p for p in processes_with('culvert run') if 'routed-' in p])
    assert re.search(r'^routed +dead ', labs('list').stdout, re.M)
    assert 'its keeper was killed' in labs('exec', lab, 'R1', 'true', ok=False).stderr
    assert 'its keeper had been killed' in labs('down', lab).stderr
    labs('up', lab)


@pytest.mark.parametrize('change, message', [
    (('kind: host', 'kind: linux'), "lab.yml:5: kind 'linux' is neither 'culvert' nor 'host'"),
    (('"H1:eth2"', '"H1:eth1"'), 'lab.yml:8: endpoint H1:eth1 is in use already'),
    (('"H1:eth2"', '"H2:eth1"'), "lab.yml:8: endpoint 'H2:eth1': there is no node 'H2'"),
    (('R1.cfg', 'R2.cfg'), 'lab.yml:4: node R1: startup-config R2.cfg: No such file'),
    (('R1.cfg', '.'), 'lab.yml:4: node R1: startup-config .: Is a directory'),
])
def test_a_wrong_lab_file_is_refused_with_its_line(labs, change, message):
    lab = labs.make(ROUTER.replace(*change), R1='')
    assert message in labs('up', lab, ok=False).stderr
    assert labs.leftovers() == []


def test_wrong_usage_is_status_2(labs):
    for args in ([], ['frobnicate'], ['up'], ['down'], ['exec', 'lab', 'A'], ['shell', 'lab'],
                 ['up', '--fast', 'lab'], ['up', 'lab', 'lab']):
        done = labs(*args, ok=None)
        assert done.returncode == 2 and 'usage: culvert lab up LAB' in done.stderr, args
    assert 'usage: culvert lab up LAB' in labs('--help').stdout
    assert 'usage: culvert lab up LAB' in labs('exec', '--help').stdout
    assert 'No such file' in labs('up', '/nonexistent', ok=False).stderr
    assert '/lab.yml: No such file' in labs('up', '/usr', ok=False).stderr


# --- the labs of this repository, with the real routers ---


@pytest.fixture(params=['gre-over-ipsec', 'site-to-site'])
def real(request, who, culvert):
    view = host_view()
    labs = Labs(culvert, who)
    lab = labs.dir / request.param
    shutil.copytree(ROOT / 'labs' / request.param, lab)
    labs.made.append(lab)
    try:
        yield labs, lab
    finally:
        labs.close()
    assert host_view() == view
    assert [p for p in labs.rundirs() if p.name.startswith(request.param + '-')
            and (p / '.state').exists() and str(labs.dir) in (p / '.state').read_text()] == []


def test_the_first_ping_and_all_others_cross_the_tunnel(real):
    labs, lab = real
    up = labs('up', lab)
    assert '192.0.2.2/30' in up.stdout and '10.2.2.1/24' in up.stdout
    ping = labs('exec', lab, 'H1', 'ping', '-c', '5', '-i', '0.3', '10.2.2.10', ok=None)
    logs = labs('shell', lab, 'R1', '-c', 'show crypto isakmp sa', ok=None)
    assert '5 received, 0% packet loss' in ping.stdout, ping.stdout + logs.stdout + logs.stderr
    sa = labs('shell', lab, 'R1', '-c', 'show crypto ipsec sa').stdout
    assert re.search(r'#pkts encaps: [5-9]', sa) and re.search(r'#pkts decaps: [5-9]', sa), sa
    assert 'QM_IDLE' in labs('shell', lab, 'R2', '-c', 'show crypto isakmp sa').stdout
    before = (lab / 'R1.cfg').read_text()
    labs('shell', lab, 'R1', '-c', 'write memory')
    assert (lab / 'R1.cfg').read_text() == before
    labs('down', lab)
    assert processes_with(str(lab)) == []
