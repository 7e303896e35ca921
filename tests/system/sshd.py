# SPDX-License-Identifier: Apache-2.0
"""A real OpenSSH server in a router's namespace that gives the command line to whoever comes, and programs that come."""
import os
import pathlib
import subprocess
import sys

from conftest import built
from peers.netns import run, until

CONFIG = '''\
Port 22
ListenAddress 127.0.0.1
HostKey {dir}/host
AuthorizedKeysFile {dir}/user.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
AllowTcpForwarding no
MaxStartups 300
'''
FORCE = 'ForceCommand {shell} --socket {socket} ${{SSH_ORIGINAL_COMMAND:+-c "$SSH_ORIGINAL_COMMAND"}}\n'
# ip netns exec has given this process a mount namespace of its own
LOGIN = '''\
sed "s,^\\(root:.*\\):[^:]*$,\\1:{shell}," /etc/passwd > {dir}/passwd
mount --bind {dir}/passwd /etc/passwd
mount -t tmpfs none /run
mkdir /run/sshd /run/culvert
mount --bind {dir}/run /run/culvert
exec /usr/sbin/sshd -D -e -f {dir}/sshd_config
'''


class Sshd:
    """For the user who runs the tests; his own files are not looked at, nor any of the machine's configuration."""

    def __init__(self, router, login=False):
        """login: culvert-shell is the user's login shell, and not what the server starts instead of it."""
        self.ns, self.dir = router.ns, router.dir / 'ssh'
        self.dir.mkdir()
        for name in ('host', 'user'):
            run('ssh-keygen', '-q', '-t', 'rsa', '-b', 2048, '-m', 'PEM', '-N', '', '-f', self.dir / name)
        pathlib.Path('/run/sshd').mkdir(exist_ok=True)  # what it shuts itself in before anybody has logged in
        config, log = self.dir / 'sshd_config', self.dir / 'log'
        self.shell, self.socket = self.dir / 'culvert-shell', router.sock
        self.shell.symlink_to(built('culvert').resolve())
        names = {'dir': self.dir, 'socket': router.sock, 'shell': self.shell if login else f'{built("culvert")} shell'}
        config.write_text((CONFIG if login else CONFIG + FORCE).format(**names))
        if login:
            (self.dir / 'run').mkdir()
            (self.dir / 'run' / 'culvert.sock').symlink_to(router.sock)
            self.proc = self.ns.popen('sh', '-e', '-c', LOGIN.format(**names), log=log)
        else:
            self.proc = self.ns.popen('/usr/sbin/sshd', '-D', '-e', '-f', config, log=log)
        until(lambda: 'listening' in log.read_text(), 20, 'sshd')

    def argv(self, *words, tty=False):
        return ['ssh', '-F', 'none', '-i', self.dir / 'user', '-o', 'StrictHostKeyChecking=no', '-o',
                'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR', *(['-tt'] if tty else ['-T']), 'root@127.0.0.1', *words]

    def ssh(self, *words, input=None):
        """`ssh router COMMAND`, or lines on its standard input."""
        return self.ns.run(*self.argv(*words), input=input, ok=False)

    def python(self, text, timeout=300):
        """A Python program in the router's namespace; KEY names the file of the user's key."""
        program = self.dir / 'program.py'
        program.write_text(text)
        return subprocess.run(self.ns.argv(sys.executable, program), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=timeout, env={**os.environ, 'KEY': str(self.dir / 'user'), 'HOME': str(self.dir)})
