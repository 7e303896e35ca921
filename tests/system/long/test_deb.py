# SPDX-License-Identifier: Apache-2.0
"""The Debian package, in a clean root: built, judged by lintian, installed, used, removed and purged; started by what its
unit says, configured, upgraded and stopped, without systemd and, where systemd-nspawn is there, with it.

CULVERT_DEB and CULVERT_DEB_ROOT name a package and a root that are there already. The root is made once, and kept in the
build for as long as it is to have the same packages."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

from conftest import BUILD, ROOT
from peers.netns import Net, need, run, until

pytestmark = pytest.mark.no_way('what an installation has and starts: its options are its own')

BASE = ['systemd', 'systemd-sysv', 'iproute2', 'iputils-ping', 'procps', 'bash-completion']
# what every installation of a package changes
OF_DPKG = re.compile(r'^(var/(lib/(dpkg|systemd/deb-systemd-helper-)|cache|log)|etc/ld\.so\.cache|run|tmp|proc|sys|dev)\b')


@pytest.fixture(scope='module')
def deb(tmp_path_factory):
    need('dpkg-buildpackage', 'dh', 'lintian', 'debootstrap')
    if os.environ.get('CULVERT_DEB'):
        return pathlib.Path(os.environ['CULVERT_DEB'])
    out = tmp_path_factory.mktemp('deb')
    run(ROOT / 'tools' / 'deb', out, timeout=1200)
    return next(out.glob('culvert_*.deb'))


@pytest.fixture(scope='module')
def clean(deb, tmp_path_factory):
    """A root with what the package depends on and nothing of it."""
    if os.environ.get('CULVERT_DEB_ROOT'):
        return pathlib.Path(os.environ['CULVERT_DEB_ROOT'])
    depends = run('dpkg-deb', '-f', deb, 'Depends').stdout
    names = [re.match(r'\s*([^ (|]+)', d)[1] for d in depends.split(',')]
    release = re.search(r'VERSION_CODENAME=(\w+)', pathlib.Path('/etc/os-release').read_text())[1]
    packages = ','.join(sorted(BASE + names))
    root = BUILD / 'deb-roots' / hashlib.sha256(f'{release} {packages}'.encode()).hexdigest()[:16]
    if not root.exists():
        root.parent.mkdir(exist_ok=True)
        new = root.with_suffix(f'.{os.getpid()}')
        made = run('debootstrap', '--variant=minbase', '--include=' + packages, release, new, timeout=1500, ok=False)
        if made.returncode:
            shutil.rmtree(new, ignore_errors=True)
            pytest.skip('debootstrap cannot make a root here: ' + made.stdout[-300:])
        new.rename(root)
    return root


@pytest.fixture
def root(clean, tmp_path):
    shutil.copytree(clean, tmp_path / 'root', symlinks=True, copy_function=os_copy,
                    ignore=lambda d, names: [n for n in names if pathlib.Path(d) == clean / 'dev'])
    return tmp_path / 'root'


def os_copy(src, dst):
    shutil.copy2(src, dst, follow_symlinks=False)
    st = os.lstat(src)
    os.chown(dst, st.st_uid, st.st_gid, follow_symlinks=False)


class Inside:
    def __init__(self, root):
        self.root = root

    def __call__(self, *argv, **kw):
        return run('chroot', self.root, *argv, env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8',
                                                    'DEBIAN_FRONTEND': 'noninteractive'}, **kw)

    def tree(self):
        names = {str(p.relative_to(self.root)) for p in self.root.rglob('*')}
        return {n for n in names if not OF_DPKG.match(n)}


def of_package(deb):
    lines = run('dpkg-deb', '-c', deb).stdout.splitlines()
    names = {line.split()[5].removeprefix('./').rstrip('/') for line in lines} - {''}
    return {re.sub(r'^lib(?=/|$)', 'usr/lib', n) for n in names}  # a link in every root of today


def test_lintian_has_neither_errors_nor_warnings(deb):
    changes = next(deb.parent.glob('*.changes'))
    done = run('lintian', '--allow-root', '--fail-on', 'error,warning', changes, ok=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_versions_agree(deb):
    meson = re.search(r"version: '([^']+)'", (ROOT / 'meson.build').read_text())[1]
    assert run('dpkg-deb', '-f', deb, 'Version').stdout.strip() == meson


def test_it_is_installed_removed_and_purged_without_a_trace(deb, root):
    inside = Inside(root)
    before = inside.tree()
    shutil.copy(deb, root / 'tmp' / 'culvert.deb')
    inside('dpkg', '-i', '/tmp/culvert.deb')
    meson = re.search(r"version: '([^']+)'", (ROOT / 'meson.build').read_text())[1]
    assert inside('culvert', '--version').stdout == f'culvert {meson}\n'
    assert '0 errors' in inside('culvert', 'check', '/etc/culvert/startup-config').stdout
    assert inside('bash', '-c', '. /usr/share/bash-completion/bash_completion; _completion_loader culvert; '
                  'complete -p culvert').stdout == 'complete -F _culvert culvert\n'
    there = inside.tree() - before
    assert there - {'etc/culvert', 'etc/culvert/startup-config'} <= of_package(deb)
    # documentation may be left out by the root's dpkg, nothing else
    assert {n for n in of_package(deb) - there - before if not n.startswith('usr/share/doc')} == set()
    (root / 'etc/culvert/startup-config').write_text('hostname MINE\n')
    inside('dpkg', '-i', '/tmp/culvert.deb')
    assert (root / 'etc/culvert/startup-config').read_text() == 'hostname MINE\n'

    inside('dpkg', '-r', 'culvert')
    assert inside.tree() - before == {'etc/culvert', 'etc/culvert/startup-config', 'etc/default/culvert'}
    inside('dpkg', '-P', 'culvert')
    assert inside.tree() - before == set() and before - inside.tree() == set()


# ---- in use ----

NEAR = '''configure terminal
hostname NEAR
crypto isakmp policy 10
encryption aes 256
hash sha256
authentication pre-share
group 14
crypto isakmp key hZ8w3QvXr2mTn5kLp9dS address 192.0.2.2
crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac
ip access-list extended L
permit ip host 10.1.1.1 host 10.2.2.1
crypto map M 10 ipsec-isakmp
set peer 192.0.2.2
set transform-set TS
match address L
interface FastEthernet0/1
host-interface wan
ip address 192.0.2.1 255.255.255.0
crypto map M
ip route 10.2.2.0 255.255.255.0 192.0.2.2
end
write memory
'''


def mirrored(text):
    swap = {'192.0.2.1': '192.0.2.2', '192.0.2.2': '192.0.2.1', '10.1.1.1': '10.2.2.1', '10.2.2.1': '10.1.1.1',
            '10.2.2.0': '10.1.1.0', 'NEAR': 'FAR'}
    return re.sub('|'.join(map(re.escape, swap)), lambda m: swap[m[0]], text)


class Plain(Inside):
    """The root in a network namespace, without systemd; what is started is started as the unit says."""

    def __init__(self, root, ns):
        super().__init__(root)
        self.ns, self.proc = ns, None

    def argv(self, *argv):
        mounts = f'mount --make-rprivate / && mount --rbind /dev {self.root}/dev && mount -t proc proc {self.root}/proc && '
        return ['unshare', '-m', 'sh', '-c', f'{mounts} exec chroot {self.root} env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin '
                'LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"', 'sh', *argv]

    def __call__(self, *argv, **kw):
        return self.ns.run(*self.argv(*argv), **kw)

    def start(self, *more):
        unit = (self.root / 'lib/systemd/system/culvert.service').read_text()
        program = re.search(r'^ExecStart=(.*)$', unit, re.M)[1].replace('$CULVERT_OPTIONS', '').split()
        log = self.root / 'root' / f'{self.ns.label}.log'
        self.proc = self.ns.popen(*self.argv(*program, *more), log=log)
        socket = more[more.index('--socket') + 1] if more else '/run/culvert/culvert.sock'
        until(lambda: self('culvert', 'shell', '--socket', socket, '-c', 'show clock', ok=False).returncode == 0, 20,
              log.read_text())

    def stop(self):
        self.proc.terminate()
        assert self.proc.wait(timeout=20) == 0

    def pings(self):
        return self('ping', '-c', '1', '-W', '2', '-I', '10.1.1.1', '10.2.2.1', ok=False).returncode == 0


def newer(deb, folder):
    """The same package as a later version."""
    run('dpkg-deb', '-R', deb, folder / 'tree')
    control = folder / 'tree/DEBIAN/control'
    control.write_text(re.sub(r'^Version: .*$', 'Version: 99', control.read_text(), flags=re.M))
    run('dpkg-deb', '--root-owner-group', '-b', folder / 'tree', folder / 'new.deb')
    return folder / 'new.deb'


def far_config():
    text = mirrored(NEAR).replace('host-interface wan', 'host-interface lan').split('\n', 1)[1]
    return text.split('end\n')[0] + 'end\n'


def test_it_routes_is_upgraded_with_its_configuration_and_purged(deb, root, tmp_path):
    with Net() as net:
        near_ns, far_ns = net.ns('near'), net.ns('far')
        net.link(near_ns, 'wan', '192.0.2.1/24', far_ns, 'lan', '192.0.2.2/24')
        near_ns.addr('lo', '10.1.1.1/32')
        far_ns.addr('lo', '10.2.2.1/32')
        near, far = Plain(root, near_ns), Plain(root, far_ns)
        before = near.tree()
        for src, name in (deb, 'culvert.deb'), (newer(deb, tmp_path), 'new.deb'):
            shutil.copy(src, root / 'tmp' / name)
        near('dpkg', '-i', '/tmp/culvert.deb')
        verified = near('systemd-analyze', 'verify', '--man=no', '/lib/systemd/system/culvert.service', ok=False)
        assert not [x for x in (verified.stdout + verified.stderr).splitlines() if 'culvert' in x], verified.stdout
        (root / 'root/far.cfg').write_text(far_config())
        far.start('--config', '/root/far.cfg', '--socket', '/root/far.sock')
        near.start()
        assert near('cat', '/proc/sys/net/ipv4/ip_forward').stdout == '1\n'
        said = near('culvert', 'shell', input=NEAR)
        assert '[OK]' in said.stdout, said.stdout
        until(near.pings, 30, 'a ping through the tunnel')
        sa = near('culvert', 'shell', '-c', 'show crypto ipsec sa').stdout
        assert re.search(r'#pkts encaps: [1-9]', sa) and re.search(r'#pkts decaps: [1-9]', sa)
        saved = (root / 'etc/culvert/startup-config').read_text()
        assert 'hostname NEAR' in saved

        near('dpkg', '-i', '/tmp/new.deb')
        assert near('dpkg-query', '-W', '-f', '${Version}', 'culvert').stdout == '99'
        assert (root / 'etc/culvert/startup-config').read_text() == saved
        near.stop()
        assert near('nft', 'list', 'tables').stdout == '' and near('cat', '/proc/sys/net/ipv4/ip_forward').stdout == '0\n'
        near.start()
        until(near.pings, 60, 'a ping after the upgrade')
        near.stop()
        far.stop()
        near('dpkg', '-r', 'culvert')
        assert near('culvert', '--version', ok=False).returncode and (root / 'etc/culvert/startup-config').read_text() == saved
        near('dpkg', '-P', 'culvert')
        left = {n for n in near.tree() - before if not n.startswith('root/')}  # the far one's, and logs
        assert left == set() and before - near.tree() == set()


class Booted(Inside):
    """The root with systemd as its first process, and a network of its own."""

    def __init__(self, root):
        super().__init__(root)
        # no terminal, no machined: a container for this test alone. /proc/sys is written to as on a host.
        self.proc = subprocess.Popen(
            ['systemd-nspawn', '--register=no', '--keep-unit', '-q', '-b', '-D', root, '--private-network',
             f'--machine=cvdeb{os.getpid()}', '--console=pipe', '--bind=/dev/net/tun'],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, 'SYSTEMD_NSPAWN_API_VFS_WRITABLE': '1'})
        self.init = until(lambda: run('pgrep', '-P', self.proc.pid, ok=False).stdout.split(), 20, 'init')[0]
        until(lambda: self('systemctl', 'is-system-running', ok=False).stdout.strip() in ('running', 'degraded'),
              60, 'the boot')

    def __call__(self, *argv, **kw):
        kw.setdefault('env', {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8',
                              'DEBIAN_FRONTEND': 'noninteractive'})
        return run('nsenter', '-t', self.init, '-m', '-u', '-i', '-n', '-p', '-C', '-r', '-w', *argv, **kw)

    def main_pid(self):
        return int(self('systemctl', 'show', '-P', 'MainPID', 'culvert').stdout)

    def pings(self):
        return self('ping', '-c', '1', '-W', '2', '-I', '10.1.1.1', '10.2.2.1', ok=False).returncode == 0

    def close(self):
        self.proc.terminate()  # an orderly end of what is inside
        try:
            self.proc.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()


@pytest.fixture
def booted(root):
    need('systemd-nspawn', 'nsenter')
    b = Booted(root)
    yield b
    b.close()


def test_the_service_is_started_used_upgraded_and_purged(deb, booted, tmp_path):
    shutil.copy(deb, booted.root / 'root' / 'culvert.deb')
    shutil.copy(newer(deb, tmp_path), booted.root / 'root' / 'new.deb')
    booted('dpkg', '-i', '/root/culvert.deb')
    state = booted('systemctl', 'show', '-P', 'ActiveState', '-P', 'UnitFileState', 'culvert').stdout.split()
    assert state == ['inactive', 'disabled']
    assert booted('cat', '/proc/sys/net/ipv4/ip_forward').stdout == '0\n'

    # a peer: another router of the package in a network namespace
    booted('ip', 'netns', 'add', 'far')
    for words in ('link add wan type veth peer name lan netns far', 'link set wan up', 'addr add 10.1.1.1/32 dev lo',
                  '-n far link set lan up', '-n far link set lo up', '-n far addr add 10.2.2.1/32 dev lo'):
        booted('ip', *words.split())
    (booted.root / 'root/far.cfg').write_text(far_config())
    booted('systemd-run', '-q', '--unit=far', 'ip', 'netns', 'exec', 'far', 'culvert', 'run', '--config',
           '/root/far.cfg', '--socket', '/root/far.sock')

    booted('systemctl', 'enable', '--now', 'culvert')
    # Type=notify: the command line answers as soon as systemctl is back
    said = booted('culvert', 'shell', input=NEAR)
    assert '[OK]' in said.stdout, said.stdout
    until(booted.pings, 30, 'a ping through the tunnel')
    sa = booted('culvert', 'shell', '-c', 'show crypto ipsec sa').stdout
    assert re.search(r'#pkts encaps: [1-9]', sa) and re.search(r'#pkts decaps: [1-9]', sa)
    assert booted('cat', '/proc/sys/net/ipv4/ip_forward').stdout == '1\n'
    # all that it is not allowed is what it did not need
    booted('culvert', 'shell', input='configure terminal\ncrypto key generate rsa modulus 1024 label K\nend\n'
           'monitor capture C interface FastEthernet0/1 both\nmonitor capture C match any\nmonitor capture C start\n'
           'monitor capture C stop\nmonitor capture C export flash:c.pcapng\n')
    assert (booted.root / 'etc/culvert/c.pcapng').exists()
    assert (booted.root / 'etc/culvert/pki/K.general.key').stat().st_mode & 0o777 == 0o600
    log = booted('journalctl', '-u', 'culvert', '-o', 'cat', '--no-pager').stdout
    assert 'Operation not permitted' not in log and 'libcap-ng' not in log, log
    # JSON, a line an object, by the severity of which the journal sorts
    events = [json.loads(line) for line in log.splitlines() if line.startswith('{')]
    assert [e for e in events if e['facility'] == 'CRYPTO'] and not [e for e in events if e['severity'] <= 2], log
    assert booted('journalctl', '-u', 'culvert', '-p', '2', '-o', 'cat', '--no-pager').stdout.count('{') == 0

    # a crash: systemd starts it again, and the locks were there all the time
    old = booted.main_pid()
    booted('systemctl', 'kill', '--signal=KILL', '--kill-whom=all', 'culvert')
    assert 'chain guard' in booted('nft', 'list', 'table', 'ip', 'culvert').stdout
    until(lambda: booted('systemctl', 'is-active', 'culvert', ok=False).stdout == 'active\n'
          and booted.main_pid() != old, 20, 'the restart')
    until(booted.pings, 60, 'a ping after the restart')

    old = booted.main_pid()
    booted('dpkg', '-i', '/root/new.deb')
    assert booted.main_pid() not in (old, 0)
    assert 'hostname NEAR' in booted('culvert', 'shell', '-c', 'show running-config').stdout
    until(booted.pings, 60, 'a ping after the upgrade')

    # the labs of the package
    booted('culvert', 'lab', 'up', '/usr/share/culvert/labs/site-to-site')
    booted('culvert', 'lab', 'down', 'site-to-site')

    booted('dpkg', '-r', 'culvert')
    assert booted('systemctl', 'is-active', 'culvert', ok=False).stdout == 'inactive\n'
    assert booted('nft', 'list', 'table', 'ip', 'culvert', ok=False).returncode
    assert booted('cat', '/proc/sys/net/ipv4/ip_forward').stdout == '0\n'
    assert (booted.root / 'etc/culvert/startup-config').exists()
    booted('systemctl', 'stop', 'far')
    booted('dpkg', '-P', 'culvert')
    assert not [p for p in booted.root.glob('etc/**/*culvert*')]
