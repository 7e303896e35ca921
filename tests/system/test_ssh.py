# SPDX-License-Identifier: Apache-2.0
"""The command line over a real OpenSSH server: a command, lines on standard input, a terminal, and netmiko."""
import json

import pytest

from peers.netns import Net, need, run
from router import Router
from sshd import Sshd

pexpect = pytest.importorskip('pexpect')
pytestmark = pytest.mark.no_way('a command line: no packet passes')

CONFIG = '''\
hostname R1
crypto isakmp policy 10
 encr aes 256
 authentication pre-share
 group 14
crypto isakmp key secretkey address 192.0.2.2
crypto ipsec transform-set TS esp-aes 256 esp-sha-hmac
ip access-list extended CRYPT
 permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255
crypto map M 10 ipsec-isakmp
 set peer 192.0.2.2
 set transform-set TS
 match address CRYPT
interface FastEthernet0/1
 ip address 192.0.2.1 255.255.255.0
 crypto map M
'''


@pytest.fixture(scope='module')
def sshd():
    need('sshd', 'ssh', 'ssh-keygen')
    net = Net()
    try:
        near, far = net.ns('near'), net.ns('far')
        net.link(near, 'wan', None, far, 'wan', None)
        router = Router(near, CONFIG)
        server = Sshd(router)
        server.router = router
        yield server
        router.stop()
    finally:
        net.close()


def test_a_command(sshd):
    got = sshd.ssh('show running-config | include ^hostname')
    assert (got.stdout, got.returncode) == ('hostname R1\n', 0), got.stderr
    got = sshd.ssh('show vershun')
    assert '% Invalid input' in got.stdout and got.returncode == 1


def test_lines_on_standard_input(sshd):
    got = sshd.ssh(input='configure terminal\nip access-list extended PASTED\n permit ip host 10.9.9.9 any\nend\n'
                         'show access-lists PASTED\n')
    assert 'permit ip host 10.9.9.9 any' in got.stdout and got.returncode == 0


def test_a_terminal(sshd):
    argv = [str(a) for a in sshd.ns.argv(*sshd.argv(tty=True))]
    person = pexpect.spawn(argv[0], argv[1:], encoding='utf-8', timeout=20)
    person.expect_exact('R1>')
    person.send('enable\r')
    person.expect_exact('R1#')
    person.send('terminal length 0\r')
    person.expect_exact('R1#')
    person.send('show ?')
    person.expect('access-lists +List access lists')
    person.expect_exact('R1#show ')
    person.send('clock\r')
    person.expect(r'\d\d:\d\d:\d\d\.\d+ ')
    person.expect_exact('R1#')
    person.send('exit\r')
    person.expect(pexpect.EOF)


@pytest.fixture(scope='module')
def login():
    """A router at its usual socket, and a server that knows a user whose login shell is culvert-shell: root, in a copy of
    /etc/passwd that stands in its place for this server alone, as does a /run with its /run/culvert."""
    need('sshd', 'ssh', 'ssh-keygen')
    net = Net()
    try:
        near, far = net.ns('near'), net.ns('far')
        net.link(near, 'wan', None, far, 'wan', None)
        router = Router(near, CONFIG)
        yield Sshd(router, login=True)
        router.stop()
    finally:
        net.close()


def test_a_login_shell_on_a_terminal(login):
    argv = [str(a) for a in login.ns.argv(*login.argv(tty=True))]
    person = pexpect.spawn(argv[0], argv[1:], encoding='utf-8', timeout=20)
    person.expect_exact('R1>')
    person.send('exit\r')
    person.expect(pexpect.EOF)


def test_a_login_shell_runs_a_command_and_nothing_else(login):
    got = login.ssh('show running-config | include ^hostname')
    assert (got.stdout, got.returncode) == ('hostname R1\n', 0), got.stderr
    got = login.ssh('/bin/sh -c id')
    assert got.returncode == 1 and 'uid=' not in got.stdout and '%' in got.stdout
    got = login.ssh('conf t\nend\nshow clock')
    assert got.returncode == 0 and 'UTC' in got.stdout
    # and lines, as from a file
    assert login.ssh(input='show clock\n').stdout.startswith('*')


def test_a_forced_command_runs_what_was_asked(login):
    def forced(asked, *words):
        return run(login.shell, '--socket', login.socket, *words, env={'SSH_ORIGINAL_COMMAND': asked}, ok=False).stdout

    assert forced('show running-config | include ^hostname') == 'hostname R1\n'
    assert forced('show clock', '-c', 'show running-config | include ^hostname') == 'hostname R1\n'


NETMIKO = '''\
import json, os
from netmiko import ConnectHandler

c = ConnectHandler(device_type='cisco_ios', host='127.0.0.1', username='root', use_keys=True, key_file=os.environ['KEY'],
                   secret='', fast_cli=False)
seen = {'user': c.find_prompt()}
c.enable()
seen['enable'] = c.find_prompt()
seen['version'] = c.send_command('show version')
seen['brief'] = c.send_command('show ip interface brief')
seen['config'] = c.send_config_set(['interface FastEthernet0/1', 'description to the peer', 'exit',
                                    'ip access-list extended NETMIKO', 'permit ip host 10.7.7.7 any'])
seen['still'] = c.check_config_mode()
seen['wrong'] = c.send_config_set(['crypto isakmp polcy 10'])
seen['running'] = c.send_command('show running-config')
seen['include'] = c.send_command('show running-config | include description')
seen['save'] = c.save_config()
seen['startup'] = c.send_command('show startup-config')
seen['timing'] = c.send_command_timing('show clock')
c.disconnect()
print(json.dumps(seen))
'''


def test_netmiko(sshd):
    pytest.importorskip('netmiko')
    done = sshd.python(NETMIKO)
    assert not done.returncode, done.stderr
    seen = json.loads(done.stdout)
    assert seen['user'] in ('R1>', 'R1#') and seen['enable'] == 'R1#'
    assert 'Cisco IOS Software' in seen['version'] and 'R1 uptime is' in seen['version']
    assert 'FastEthernet0/1            192.0.2.1       YES' in seen['brief']
    assert 'R1(config-ext-nacl)#permit ip host 10.7.7.7 any' in seen['config'] and not seen['still']
    assert "% Invalid input detected at '^' marker." in seen['wrong']
    assert ' permit ip host 10.7.7.7 any' in seen['running'] and seen['running'].rstrip().endswith('end')
    assert seen['include'].strip() == 'description to the peer'
    assert '[OK]' in seen['save']
    assert 'description to the peer' in seen['startup']
    assert seen['timing'].strip().startswith('*')
