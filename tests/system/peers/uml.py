# SPDX-License-Identifier: Apache-2.0
"""A Linux kernel with ESP and GRE of its own as a peer: Debian's user-mode-linux.

It is an ordinary process on a folder of Debian packages. Packages are downloaded by
apt into a cache outside of this repository (CULVERT_TEST_CACHE, or a folder of
/var/tmp) and unpacked there; nothing is installed on the host. The guest's eth0 is
a tap in a namespace of the test.
"""
import hashlib
import itertools
import os
import pathlib
import shutil
import subprocess

import pytest

from peers.netns import need, run, until
from peers.strongswan import parse_sas

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = '''bash busybox-static coreutils iproute2 iputils-ping kmod grep sed hostname mount util-linux procps libc-bin
    ethtool strongswan-swanctl charon-systemd libstrongswan-standard-plugins libstrongswan-extra-plugins
    libcharon-extra-plugins netbase'''.split()
KERNEL = 'user-mode-linux'
# what the closure of these packages brings along and a guest never runs
USELESS = ('perl', 'libperl', 'perl-modules', 'systemd_', 'systemd-', 'dbus', 'udev', 'debconf', 'adduser', 'dpkg_',
           'passwd', 'init-system-helpers', 'usrmerge', 'apparmor', 'uml-utilities', 'libpam-systemd')
MARK = 'built'
_numbers = itertools.count(1)


def cache():
    base = os.environ.get('CULVERT_TEST_CACHE', '/var/tmp/culvert-test')
    words = ' '.join([*PACKAGES, KERNEL, *USELESS]).encode()
    recipe = hashlib.sha256(words + (HERE / 'guest_init.sh').read_bytes()).hexdigest()[:12]
    return pathlib.Path(f'{base}-uml') / recipe


def download(folder):
    """The packages and all that they need, as if nothing were installed here."""
    debs = folder / 'debs'
    (debs / 'partial').mkdir(parents=True)
    status = folder / 'status'
    status.write_text('')
    apt = ['apt-get', '-o', 'Debug::NoLocking=1', '-o', f'Dir::State::status={status}', '-o',
           f'Dir::Cache::archives={debs}/', '-o', 'APT::Sandbox::User=root', '-o',
           'APT::Keep-Downloaded-Packages=true', '-o', 'DPkg::Post-Invoke::=', '-o', 'APT::Update::Post-Invoke::=']
    done = run(*apt, 'install', '--no-install-recommends', '-y', '-qq', '--download-only', *PACKAGES, KERNEL,
               ok=False, timeout=600)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise OSError(f'apt cannot fetch the guest: {last[-1] if last else "no reason given"}')
    return sorted(debs.glob('*.deb'))


def unpack(deb, root):
    tar = subprocess.Popen(['dpkg-deb', '--fsys-tarfile', deb], stdout=subprocess.PIPE)
    run('tar', '-C', root, '-xf', '-', '--keep-directory-symlink', '--exclude=./usr/share/doc',
        '--exclude=./usr/share/man', '--exclude=./usr/share/locale', stdin=tar.stdout)
    tar.stdout.close()
    if tar.wait():
        raise OSError(f'{deb.name} does not unpack')


def finish_root(root):
    """What maintainer scripts would have done."""
    for d in 'proc sys dev run tmp root mnt share etc var'.split():
        (root / d).mkdir(exist_ok=True)
    shutil.rmtree(root / 'var/run', ignore_errors=True)
    (root / 'var/run').symlink_to('/run')
    for name in run(root / 'usr/bin/busybox', '--list').stdout.split():
        if not any((root / d / name).is_symlink() or (root / d / name).exists() for d in ('usr/bin', 'usr/sbin')):
            (root / 'usr/bin' / name).symlink_to('busybox')
    (root / 'etc/passwd').write_text('root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n')
    (root / 'etc/group').write_text('root:x:0:\nnogroup:x:65534:\n')
    (root / 'etc/hosts').write_text('127.0.0.1 localhost\n')
    run('chroot', root, '/sbin/ldconfig')
    shutil.copy(HERE / 'guest_init.sh', root / 'init')
    (root / 'init').chmod(0o755)


def make(folder):
    root = folder / 'rootfs'
    for d in 'bin sbin lib lib64'.split():
        (root / 'usr' / d).mkdir(parents=True)
        (root / d).symlink_to(f'usr/{d}')
    for deb in download(folder):
        if deb.name.startswith(KERNEL):
            run('dpkg-deb', '-x', deb, folder / 'kernel')
        elif not deb.name.startswith(USELESS):
            unpack(deb, root)
    finish_root(root)
    (root / 'lib/modules').mkdir(exist_ok=True)
    for modules in (folder / 'kernel/usr/lib/uml/modules').iterdir():
        shutil.copytree(modules, root / 'lib/modules' / modules.name, symlinks=True)
    shutil.copy(folder / 'kernel/usr/bin/linux.uml', folder / 'linux.uml')
    shutil.rmtree(folder / 'kernel')
    shutil.rmtree(folder / 'debs')


def image():
    """The folder of the built guest; builds it when it is not there. Skips where that cannot be."""
    need('apt-get', 'dpkg-deb', 'tar')
    folder = cache()
    if (folder / MARK).exists():
        return folder
    new = folder.with_name(f'{folder.name}.{os.getpid()}')
    shutil.rmtree(new, ignore_errors=True)
    try:
        make(new)
        (new / MARK).write_text('')
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
    except (OSError, AssertionError, subprocess.SubprocessError) as e:
        shutil.rmtree(new, ignore_errors=True)
        pytest.skip(f'the Linux guest cannot be built: {e}')
    return folder


class Guest:
    """One running guest: eth0 with cidr is the other end of dev in namespace ns."""

    def __init__(self, ns, cidr, dev='tap0', mem=160):
        self.built, self.ns = image(), ns
        self.label = f'g{next(_numbers)}'
        self.dir = ns.net.dir / f'guest-{self.label}'
        self.dir.mkdir()
        uml_dir = self.dir / 'uml'
        uml_dir.mkdir()
        ns.ip('tuntap', 'add', 'dev', dev, 'mode', 'tap')
        ns.ip('link', 'set', dev, 'up')
        mac = '02:00:5e:' + ':'.join(f'{b:02x}' for b in hashlib.md5(str(self.dir).encode()).digest()[:3])
        self.console = self.dir / 'console'
        self.proc = ns.popen('env', 'TMPDIR=/dev/shm', self.built / 'linux.uml', f'umid={self.label}',
                             f'uml_dir={uml_dir}', f'mem={mem}M', 'root=/dev/root', 'rootfstype=hostfs',
                             f'rootflags={self.built}/rootfs', 'rw', 'init=/init', 'con=null', 'con0=null,fd:1',
                             'con1=null', 'quiet', f'vec0:transport=tap,ifname={dev},depth=128,mac={mac}',
                             f'peer.name={self.label}', f'peer.ip={cidr}', f'peer.share={self.dir}',
                             log=self.console, start_new_session=True)
        try:
            until(self.ready, 60, 'the boot of the guest')
        except AssertionError as e:
            pytest.skip(f'user-mode Linux does not run here: {e}\n{self.console.read_text(errors="replace")[-500:]}')

    def ready(self):
        assert self.proc.poll() is None, 'it ended'
        return (self.dir / 'ready').exists()

    def start_command(self, script):
        n = f'{next(_numbers):06d}'
        tmp = self.dir / f'{n}.new'
        tmp.write_text(script + '\n')
        tmp.rename(self.dir / f'{n}.cmd')
        return n

    def finish_command(self, n, ok=True, timeout=60):
        rc = self.dir / f'{n}.rc'
        until(lambda: rc.exists() or self.proc.poll() is not None, timeout, 'the command in the guest')
        out = (self.dir / f'{n}.out').read_text(errors='replace')
        status = int(rc.read_text()) if rc.exists() else -1
        if ok and status:
            raise AssertionError(f'in the guest: exit {status}\n{out}')
        return out

    def run(self, script, ok=True, timeout=60):
        """Runs a script of bash in the guest; its output."""
        return self.finish_command(self.start_command(script), ok, timeout)

    def load_ciphers(self):
        """Makes the kernel load what SAs need: at the first SA that would take a second."""
        key = {'des': 8, 'des3_ede': 24, 'aes': 16, 'md5': 16, 'sha1': 20, 'sha256': 32}
        spi = itertools.count(0x1000)
        self.run('\n'.join(f"""ip xfrm state add src 192.0.2.254 dst 192.0.2.253 proto esp spi {next(spi)} mode tunnel \\
            auth-trunc 'hmac({a})' 0x{bytes(range(key[a])).hex()} 96 enc 'cbc({c})' 0x{bytes(range(key[c])).hex()}"""
                           for c in ('des', 'des3_ede', 'aes') for a in ('md5', 'sha1', 'sha256'))
                 + '\nip xfrm state flush')

    def stop(self):
        if self.proc.poll() is None:
            (self.dir / 'halt').write_text('')
            try:
                self.proc.wait(timeout=3)
            except subprocess.TimeoutExpired:
                os.killpg(self.proc.pid, 9)
                self.proc.wait()


class GuestCharon:
    """strongSwan in the guest, which installs its SAs into the guest's kernel."""

    # swanctl needs no plugin for pre-shared keys, and starts faster without
    CONF = '''swanctl {
  load = random
}
charon {
  load = random nonce aes sha1 sha2 md5 hmac kdf pem pkcs1 pubkey openssl gmp gcm drbg kernel-netlink socket-default vici
  install_routes = no
  retransmit_tries = 3
  retransmit_timeout = 1.0
  filelog { f {
    path = /tmp/charon.log
    default = 1
    ike = 2
    cfg = 2
    flush_line = yes
  } }
}
'''

    def __init__(self, guest):
        self.guest = guest
        self.put('/etc/strongswan.conf', self.CONF)

    def put(self, path, text, then=''):
        self.guest.run(f"cat > {path} <<'END_OF_FILE'\n{text}END_OF_FILE\n{then}")

    def start(self, tree_text=''):
        """A new charon with this swanctl.conf; no SA, no policy of before."""
        self.stop()
        self.guest.run("""ip xfrm state flush; ip xfrm policy flush; : > /tmp/charon.log
            setsid /usr/sbin/charon-systemd >/tmp/charon.out 2>&1 & echo $! > /run/charon.own
            for i in $(seq 400); do [ -S /run/charon.vici ] && break; sleep 0.05; done""")
        self.text = tree_text
        return self.load(tree_text)

    def start_again(self):
        return self.start(self.text)

    def load(self, tree_text):
        self.text = tree_text
        self.put('/etc/swanctl/swanctl.conf', tree_text, then='swanctl --load-all --clear')
        return self

    def reset(self):
        """No SA, no policy, an empty log: as after start, but quicker. Configurations go by the name t."""
        up = self.guest.run("""[ -S /run/charon.vici ] || exit 0
            swanctl --terminate --force --timeout 3 --ike t >/dev/null 2>&1
            ip xfrm state flush; ip xfrm policy flush; : > /tmp/charon.log; echo up""")
        return self if up else self.start()

    def stop(self):
        self.guest.run('''[ -e /run/charon.own ] || exit 0
            p=$(cat /run/charon.own); kill $p
            for i in $(seq 100); do [ -d /proc/$p ] || break; sleep 0.05; done
            rm -f /run/charon.own /run/charon.vici''')

    def ctl(self, *args, ok=True):
        return self.guest.run('swanctl ' + ' '.join(map(str, args)), ok)

    def sas(self):
        return parse_sas(self.ctl('--list-sas', '--raw'))

    def children(self, state='INSTALLED'):
        return [c for sa in self.sas() for c in sa['children'] if state is None or c['state'] == state]

    def log(self):
        return self.guest.run('cat /tmp/charon.log')
