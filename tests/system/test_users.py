# SPDX-License-Identifier: Apache-2.0
"""Who may do what at the command line: users, secrets, lines and banners, on terminals and without."""
import os
import pwd
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import pytest

from conftest import built

pytestmark = pytest.mark.no_way('a command line: no packet passes')

pexpect = pytest.importorskip('pexpect')

ADMIN, READER, STRANGER = 'daemon', 'bin', 'games'  # users that every Debian has


class Router:
    """`culvert run` in a network namespace of its own, with a socket that everybody may open."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='culvert-users-')
        os.chmod(self.dir, 0o755)
        self.binary = shutil.copy(built('culvert'), self.dir)  # where whoever it is can reach it
        self.config, self.sock, self.log = (os.path.join(self.dir, name) for name in ('config', 'sock', 'log'))
        self.process = None

    def start(self, config, **env):
        with open(self.config, 'w', encoding='utf-8') as f:
            f.write('hostname R9\n' + config)
        alone = ['unshare', '-n'] if os.geteuid() == 0 else ['unshare', '-Urn']
        if subprocess.run([*alone, 'true'], capture_output=True, check=False).returncode:
            pytest.skip('needs network namespaces')
        with open(self.log, 'w', encoding='utf-8') as log:
            self.process = subprocess.Popen([*alone, self.binary, 'run', '--config', self.config, '--socket', self.sock],
                                            stdout=log, stderr=log, env={**os.environ, **env})
        for _ in range(200):
            if os.path.exists(self.sock):
                break
            time.sleep(0.05)
        else:
            pytest.fail('the router does not start')
        os.chmod(self.sock, 0o666)

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir)

    def said(self):
        with open(self.log, encoding='utf-8') as f:
            return f.read()

    def run(self, commands, user=None, stdin=None):
        words = ['-c', commands] if stdin is None else []
        return subprocess.run([self.binary, 'shell', '--socket', self.sock, *words], capture_output=True, text=True,
                              timeout=30, input=stdin or '', preexec_fn=become(user), check=False)

    def terminal(self, user=None, **env):
        child = pexpect.spawn(self.binary, ['shell', '--socket', self.sock], encoding='utf-8', timeout=20,
                              dimensions=(24, 80), env={**os.environ, 'TERM': 'vt100', **env}, preexec_fn=become(user))
        child.delaybeforesend = None
        return child


def become(user):
    if not user:
        return None
    who = pwd.getpwnam(user)

    def change():
        os.setgroups([])
        os.setgid(who.pw_gid)
        os.setuid(who.pw_uid)
    return change


@pytest.fixture
def router():
    r = Router()
    try:
        yield r
    finally:
        r.stop()


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='becomes other users')


def test_a_router_without_secrets_is_as_open_as_its_socket(router):
    router.start('')
    assert 'Current privilege level is 15\n' in router.run('show privilege').stdout
    child = router.terminal()
    child.expect_exact('R9>')
    child.send('enable\r')
    child.expect_exact('R9#')
    child.send('disable\r')
    child.expect_exact('R9>')
    child.send('enable 7\r')
    child.expect_exact('R9#')
    child.send('show privilege\r')
    child.expect_exact('Current privilege level is 7')
    child.send('disable 9\r')
    child.expect_exact('New privilege level must be less than current privilege level')
    child.send('who\r')
    child.expect(r'\*\s+0 con 0 +idle +00:00:00')
    child.send('show users | json\r')
    child.expect_exact('"con 0"')
    # and so say the others
    child.send('show terminal\r')
    child.expect_exact('Line 0, Location')
    child.send('show line\r')
    child.expect(r'\*\s+0\s+0 CTY.*\n\s+2\s+2 VTY')
    child.send('enable\r')
    child.expect_exact('R9#')
    child.send('clear line console 0\r')
    child.expect_exact('[confirm]')
    child.send('\r')
    child.expect_exact('% Not allowed to clear current line')
    child.close(force=True)


def test_enable_asks_three_times(router):
    router.start('enable secret letmein\n')
    # what was in clear is hashed before it is printed or saved
    shown = router.run('show running-config').stdout
    assert '\nenable secret 9 $9$' in shown and 'letmein' not in shown
    child = router.terminal()
    child.expect_exact('R9>')
    begun = time.monotonic()
    child.send('enable\r')
    for _ in range(3):
        child.expect_exact('Password: ')
        child.send('wrong\r')
    child.expect_exact('% Bad secrets')
    assert 'wrong' not in child.before
    assert time.monotonic() - begun > 2.5  # who guesses waits
    child.expect_exact('R9>')
    child.send('enable\r')
    child.expect_exact('Password: ')
    child.send('letmein\r')
    child.expect_exact('R9#')
    assert 'letmein' not in child.before
    child.send('show history\r')
    child.expect_exact('R9#')
    assert 'letmein' not in child.before
    child.close(force=True)
    assert '%SYS-5-PRIV_AUTH_FAIL: Authentication to privilege level 15 failed by console' in router.said()
    # scripts of root's are asked for nothing, and Ctrl-C breaks a question off
    assert 'level is 15\n' in router.run('show privilege').stdout
    child = router.terminal()
    child.expect_exact('R9>')
    child.send('enable\r')
    child.expect_exact('Password: ')
    child.send('\x03')
    child.expect_exact('R9>')
    child.close(force=True)


@needs_root
def test_an_answer_is_no_command_that_the_level_has_not(router):
    router.start(f'username {READER} privilege 5 secret b\n'
                 'privilege exec level 5 configure\nprivilege exec level 15 configure memory\n'
                 'privilege exec level 5 copy startup-config other\nprivilege exec level 5 copy running-config startup-config\n'
                 'privilege exec level 5 delete other\nprivilege configure level 5 hostname\n')
    kept = os.path.join(router.dir, 'startup-config')
    no = '% Your privilege level does not have that command'

    def says(*lines):
        return router.run(None, READER, stdin='\n'.join(lines) + '\n').stdout

    assert 'hostname R9' in open(router.config, encoding='utf-8').read() and not os.path.exists(kept)
    assert no not in says('configure terminal', 'hostname R8', 'end')
    assert no in says('configure', 'memory') and 'hostname R8' in router.run('show running-config').stdout
    assert no in says('copy startup-config other', 'running-config') and 'hostname R8' in router.run('show running-config').stdout
    assert no in says('copy running-config startup-config', 'elsewhere') and 'elsewhere' not in router.run('dir').stdout
    assert no not in says('copy startup-config other', '') and 'other' in router.run('dir').stdout
    router.run(None, stdin='copy startup-config more\n\n')
    assert no in says('delete other', 'more') and 'more' in router.run('dir').stdout
    assert no not in says('delete other', '', '') and 'other' not in router.run('dir').stdout
    assert no not in says('configure', '', 'hostname R7') and 'hostname R7' in router.run('show running-config').stdout


@needs_root
def test_a_user_of_the_machine_has_the_level_that_the_configuration_gives_him(router):
    router.start(f'username {ADMIN} privilege 15 secret a\nusername {READER} secret b\nusername local secret c\n'
                 'privilege exec level 1 show running-config interface\ninterface Tunnel1\n')
    assert 'level is 15\n' in router.run('show privilege', ADMIN).stdout
    done = router.run('show privilege; show clock; configure terminal; show running-config; enable', READER)
    assert done.returncode == 1 and 'Current privilege level is 1\n' in done.stdout
    assert done.stdout.count("% Invalid input detected at '^' marker.") == 1 and '% No password set' in done.stdout
    # the words that he was given, and not what begins like them
    assert done.stdout.count('% Incomplete command.') == 1 and 'hostname' not in done.stdout
    for line in ('show running-config all', 'show running-config | json', 'show run | redirect flash:x', 'do show running-config'):
        assert 'hostname' not in router.run(line, READER).stdout, line
    assert 'interface Tunnel1\n' in router.run('show run int tu1', READER).stdout
    child = router.terminal(ADMIN, SSH_CONNECTION='192.0.2.9 50000 192.0.2.1 22')
    child.expect_exact('R9#')
    child.send('show users\r')
    child.expect(rf'\*\s+2 vty 0 +{ADMIN} +idle +00:00:00 +192\.0\.2\.9\r\n')
    child.send('conf t\r')
    child.expect_exact('R9(config)#')
    child.send('end\r')
    child.expect_exact('R9#')
    assert f'%SYS-5-CONFIG_I: Configured from console by {ADMIN} on vty0 (192.0.2.9)' in router.said()
    child.send('?')
    child.expect_exact('configure')
    child.close(force=True)
    child = router.terminal(READER)
    child.expect_exact('R9>')
    child.send('?')
    child.expect_exact('R9>')
    assert 'configure' not in child.before and 'enable' in child.before
    child.close(force=True)


@needs_root
def test_lines_ask_whom_nobody_knows(router):
    router.start('username eve privilege 7 secret sesame\nusername open nopassword\nline vty 0 4\n login local\n'
                 'banner motd ^C\nKeep out\n^C\nbanner login #Who are you?#\nbanner exec #Welcome#\n')
    child = router.terminal(STRANGER)
    child.expect_exact('Keep out')
    child.expect_exact('Who are you?')
    child.expect_exact('User Access Verification')
    child.expect_exact('Username: ')
    child.send('eve\r')
    child.expect_exact('Password: ')
    child.send('mellon\r')
    child.expect_exact('% Login invalid')
    child.expect_exact('Username: ')
    child.send('eve\r')
    child.expect_exact('Password: ')
    child.send('sesame\r')
    child.expect_exact('Welcome')
    child.expect_exact('R9#')
    child.send('show privilege\r')
    child.expect_exact('Current privilege level is 7')
    child.send('enable\r')
    child.expect_exact('% No password set')
    child.close(force=True)
    assert 'Login failed [user: eve]' in router.said() and 'mellon' not in router.said()
    # whoever gives up gets nothing, and three mistakes are the end
    child = router.terminal(STRANGER)
    child.expect_exact('Username: ')
    child.send('\x03')
    child.expect(pexpect.EOF)
    child = router.terminal(STRANGER)
    for _ in range(3):
        child.expect_exact('Username: ')
        child.send('nobody\r')
        child.expect_exact('Password: ')
        child.send('x\r')
    child.expect(pexpect.EOF)
    # a pipe is asked, too
    done = router.run(None, STRANGER, stdin='eve\nsesame\nshow privilege\n')
    assert 'Current privilege level is 7' in done.stdout and 'Keep out' not in done.stdout
    assert 'level is 1\n' in router.run(None, STRANGER, stdin='open\nshow privilege\n').stdout
    # the console has no login of its own
    assert 'level is 15\n' in router.run('show privilege').stdout
    child = router.terminal()
    child.expect_exact('R9>')
    child.close(force=True)


@needs_root
def test_a_line_whose_password_is_not_set_lets_nobody_in(router):
    router.start('line vty 0 4\n login\n')
    child = router.terminal(STRANGER)
    child.expect_exact('Password required, but none set')
    child.expect(pexpect.EOF)
    router.run('configure terminal; line vty 0 4; password 7 0822455D0A16; privilege level 3; length 0')
    child = router.terminal(STRANGER)
    child.expect_exact('Password: ')
    child.send('cisco\r')
    child.expect_exact('R9#')
    child.send('show privilege\r')
    child.expect_exact('Current privilege level is 3')
    child.close(force=True)


def test_exec_timeout_ends_who_is_idle_at_a_terminal(router):
    router.start('line con 0\n exec-timeout 0 4\nline vty 0 4\n exec-timeout 0 4\n')
    child = router.terminal()
    pipe = subprocess.Popen([router.binary, 'shell', '--socket', router.sock], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)
    child.expect_exact('R9>')
    for _ in range(2):  # who does something stays
        time.sleep(2.2)
        child.send('show privilege\r')
        child.expect_exact('level is 1')
    child.expect_exact('R9 con0 is now available')
    child.expect(pexpect.EOF)
    assert '%SYS-6-TTY_EXPIRE_TIMER: (exec timer expired, tty 0 (0.0.0.0)), user ' in router.said()
    out, _ = pipe.communicate('show privilege\n', timeout=20)  # idle for longer than that
    assert 'level is 15' in out


def test_what_a_client_says_of_itself_is_not_believed_further_than_it_reaches(router):
    router.start('')

    def frame(kind, text=b''):
        return struct.pack('>BI', kind, len(text)) + text

    hello = 6
    for said in (b'', b'\x00', b'\xff', b'\x00\x1b[2J', b'\x00' + b'1' * 60000, b'\x00192.0.2.9\x00x', b'\x00not an address'):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(router.sock)
            s.sendall(frame(hello, said) + frame(hello, said) + frame(1, b'show users') + frame(1, b'exit'))
            got = b''
            while (part := s.recv(65536)):
                got += part
        row = next(x for x in got.split(b'\n') if b'*' in x)
        assert row.endswith(b'00:00:00   '), (said, row)


def test_a_banner_is_typed_at_the_keyboard(router):
    router.start('')
    child = router.terminal()
    child.expect_exact('R9>')
    child.send('enable\r')
    child.expect_exact('R9#')
    child.send('conf t\r')
    child.expect_exact('R9(config)#')
    child.send('banner motd #\r')
    child.expect_exact("Enter TEXT message.  End with the character '#'.")
    child.send('Is it you?\r')  # where `?` asks for no help
    child.send('#\r')
    child.expect_exact('R9(config)#')
    child.send('end\r')
    child.expect_exact('R9#')
    child.close(force=True)
    child = router.terminal()
    child.expect_exact('Is it you?\r\n')
    child.expect_exact('R9>')
    child.close(force=True)


def test_the_log_tells_what_was_refused_and_kept(router):
    router.start('')

    def told():
        return re.findall(r'%CULVERT-5-CONFIG: (\d+) lines? w\w+ refused and kept', router.run('show logging').stdout)

    def kept(*lines):
        before = told()
        said = router.run('; '.join(['configure terminal', *lines, 'end'])).stdout
        assert 'kept' not in said  # programs compare what is said
        return told()[len(before):]

    assert kept('interface Loopback0', 'ip addres 10.1.1.1') == ['1']
    assert kept('hostname R9') == []
    assert kept('hostnme R8', 'interface Loopback0', 'description Z\u00fcrich', 'nonsense \u4e2d') == ['2']
    assert kept('nonsense', 'no nonsense') == []  # it is not there any more
    child = router.terminal()  # at the keyboard, however it is spaced and in whatever case
    child.expect_exact('R9>')
    for line in ('enable', 'configure terminal', 'no hostnme  R8', 'interface Loopback0', 'no ip addres 10.1.1.1', 'NO nonsense  \u4e2d', 'end'):
        child.send(line + '\r')
    child.expect(r'R9#$')
    child.close(force=True)
    shown = router.run('show running-config').stdout
    assert 'nonsense' not in shown and 'addres ' not in shown and 'hostnme ' not in shown


SLOW_NAMES = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <pwd.h>
#include <unistd.h>
int getpwuid_r(uid_t uid, struct passwd *pw, char *room, size_t size, struct passwd **ret)
{
	(void)uid, (void)pw, (void)room, (void)size;
	*ret = NULL;
	while (access(SLOW, F_OK) == 0)
		usleep(10000);
	return EIO;
}
"""


def sanitizer(binary):
    """AddressSanitizer's library, where the binary has it: it wants to be the first."""
    linked = subprocess.run(['ldd', binary], capture_output=True, text=True, check=True).stdout
    return re.findall(r'=> (\S*/libasan\S*)', linked)


@needs_root
@pytest.mark.skipif(not shutil.which('cc'), reason='needs a compiler')
def test_a_directory_that_does_not_answer_stops_nobody_who_is_known(router):
    """Who is who may be asked over the network: meanwhile the router runs, and a stranger does not become somebody."""
    slow, lib = (os.path.join(router.dir, name) for name in ('slow', 'slow.so'))
    subprocess.run(['cc', '-shared', '-fPIC', f'-DSLOW="{slow}"', '-xc', '-', '-o', lib], input=SLOW_NAMES, text=True, check=True)
    with open(slow, 'w', encoding='utf-8'):
        pass
    router.start(f'username {READER} privilege 1 secret x\n', LD_PRELOAD=' '.join([*sanitizer(router.binary), lib]))
    begun = time.monotonic()
    waiting = [subprocess.Popen([router.binary, 'shell', '--socket', router.sock, '-c', 'show privilege'], text=True,
                                stdout=subprocess.PIPE, preexec_fn=become(READER)) for _ in range(3)]
    time.sleep(0.3)
    os.unlink(slow)  # it goes on, and says that it does not know
    for child in waiting:
        out = child.communicate(timeout=20)[0]
        assert 'Who you are could not be found out' in out and 'privilege level' not in out
    assert time.monotonic() - begun < 4
    assert 'Current privilege level is 15' in router.run('show privilege').stdout  # the owner is never locked out
    with open(slow, 'w', encoding='utf-8'):
        pass
    begun = time.monotonic()
    child = subprocess.Popen([router.binary, 'shell', '--socket', router.sock, '-c', 'show privilege'], text=True,
                             stdout=subprocess.PIPE, preexec_fn=become(READER))
    assert 'Who you are could not be found out' in child.communicate(timeout=30)[0]
    assert time.monotonic() - begun < 15
    assert 'Current privilege level is 15' in router.run('show privilege').stdout
    router.process.terminate()
    router.process.wait(10)  # though a question is still open
