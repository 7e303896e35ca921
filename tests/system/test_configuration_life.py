# SPDX-License-Identifier: Apache-2.0
"""The life of a configuration: saved, erased, copied, replaced, compared, archived, taken back unless it is confirmed."""
import os
import re
import signal
import time

import pytest

from peers.netns import Net, need, until
from router import Router

pytestmark = pytest.mark.no_way('a command line: no packet passes')

CONFIG = '''\
hostname R1
enable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0
interface FastEthernet0/1
 ip address 192.0.2.1 255.255.255.0
ip access-list extended A
 permit ip host 10.1.1.1 any
'''


class World:
    def __init__(self):
        need('nft')
        self.net = Net()
        ns, far = self.net.ns('r'), self.net.ns('far')
        self.net.link(ns, 'wan', None, far, 'wan', None)
        self.ns, self.router = ns, Router(ns, CONFIG)
        self.cfg = self.router.dir / 'cfg'

    def typed(self, *lines):
        """As on standard input: answers, too."""
        return self.ns.run(self.router.program, 'shell', '--socket', self.router.sock, input='\n'.join(lines) + '\n', ok=False).stdout

    def running(self):
        return self.router.cli('show running-config')

    def close(self):
        self.router.stop()
        self.net.close()


@pytest.fixture
def w():
    world = World()
    yield world
    world.close()


def test_it_is_saved_and_erased(w):
    out = w.typed('configure terminal', 'hostname R2', 'end', 'copy running-config startup-config', '')
    assert 'Building configuration...\n[OK]' in out
    assert 'hostname R2' in w.cfg.read_text() and oct(w.cfg.stat().st_mode)[-3:] in ('600', '640')
    # nobody is there to be asked
    w.router.cli('configure terminal; hostname R3; end')
    assert '[OK]' in w.router.cli('copy running-config startup-config') and 'hostname R3' in w.cfg.read_text()
    assert 'no changes' not in w.typed('write erase', 'n') and w.cfg.exists()
    assert 'Erase of nvram: complete' in w.typed('write erase', '')
    assert not w.cfg.exists() and 'hostname R3' in (w.cfg.parent / 'startup-config.erased').read_text()
    assert 'hostname R3' in w.running()
    assert 'startup-config is not present' in w.router.cli('show startup-config')
    assert '[OK]' in w.router.cli('write') and 'hostname R3' in w.cfg.read_text()


def test_only_what_changes_is_remarked(w):
    w.router.cli('write')
    assert 'NOTE' not in w.router.cli('copy startup-config running-config')
    w.router.cli('copy running-config flash:one')
    assert 'NOTE' not in w.router.cli('configure replace flash:one force')
    w.router.cli('configure terminal; crypto isakmp policy 77; encryption aes; hash sha; group 5; end')
    w.router.cli('copy running-config flash:two')
    w.router.cli('configure replace flash:one force')
    said = w.router.cli('configure replace flash:two force')
    assert said.count('NOTE') == 1 and 'group 5' in said, said


def test_files_have_names_and_no_paths(w):
    assert '[OK]' in w.router.cli('copy running-config flash:one')
    one = w.cfg.parent / 'one'
    assert 'hostname R1' in one.read_text() and oct(one.stat().st_mode)[-3:] == '600'
    assert re.search(r'^ +\d+  -rw- +\d+  \w{3} +\d+ \d{4} \d\d:\d\d:\d\d \+00:00  one$', w.router.cli('dir flash:'), re.M)
    assert 'permit ip host 10.1.1.1 any' in w.router.cli('more flash:one')
    w.router.cli('copy flash:one two')
    one.write_text('')
    w.router.cli('copy running-config flash:one')  # two questions, and each has a default
    assert 'hostname R1' in one.read_text()
    assert 'Warning' not in w.typed('copy flash:one flash:two', 'three') and (w.cfg.parent / 'three').exists()
    w.typed('delete flash:two', '', 'n')
    assert (w.cfg.parent / 'two').exists()
    w.router.cli('delete /force flash:two')
    assert not (w.cfg.parent / 'two').exists()
    w.typed('delete flash:nobody', 'three', '')
    assert not (w.cfg.parent / 'three').exists()
    assert 'permit ip host 10.1.1.1 any' in w.router.cli('more system:running-config')
    assert '%Error opening tftp://192.0.2.1/x (there are no network file systems' in w.router.cli('copy one tftp://192.0.2.1/x')
    os.symlink('/etc/hostname', w.cfg.parent / 'link')
    (w.cfg.parent / 'cfg.master-key').write_text('secret')
    for bad in ('/etc/hostname', '../cfg', 'flash:/../x', 'link', 'cfg.master-key', '.hidden', 'pki/x'):
        for line in (f'more {bad}', f'copy {bad} running-config', f'configure replace {bad} force', f'delete /force {bad}'):
            assert '%Error opening' in w.router.cli(line), line
        assert '%Error opening' in w.router.cli(f'copy running-config {bad}')
    assert (w.cfg.parent / 'link').is_symlink() and (w.cfg.parent / 'cfg.master-key').read_text() == 'secret'


def test_what_the_router_keeps_for_itself_is_written_by_nobody_else(w):
    own = w.cfg.parent / 'cfg.revert'
    w.router.cli('copy running-config flash:one')
    w.router.cli('configure terminal revert timer 30; hostname NEW; end')
    before = own.read_text()
    assert 'hostname R1' in before
    denied = '%Error opening flash:cfg.revert (Permission denied)'
    for line in ('copy running-config flash:cfg.revert', 'copy flash:one flash:cfg.revert', 'delete /force flash:cfg.revert',
                 'show clock | redirect flash:cfg.revert', 'show clock | append flash:cfg.revert', 'show clock | tee flash:cfg.revert'):
        assert denied in w.router.cli(line), line
        assert own.read_text() == before, line
    w.router.cli('configure confirm')
    assert not own.exists()
    assert denied in w.router.cli('copy running-config flash:cfg.revert') and not own.exists()


def test_configure_asks_from_where(w):
    w.typed('configure', '', 'hostname R5', 'end')
    assert 'hostname R5' in w.running()
    assert '[OK]' in w.typed('configure', 'memory') and 'hostname R1' in w.running()
    assert '?Must be "terminal", "memory" or "network"' in w.typed('configure', 'elsewhere')
    assert 'no network file systems' in w.router.cli('configure network')


def test_replace_says_what_it_changes(w):
    w.router.cli('copy running-config flash:one')
    w.router.cli('configure terminal; hostname OTHER; ip access-list extended A; permit ip host 10.2.2.2 any; end')
    diff = w.router.cli('show archive config differences flash:one')
    assert diff.splitlines() == ['!Contextual Config Diffs:', '-hostname R1', 'ip access-list extended A',
                                 ' +permit ip host 10.2.2.2 any', '+hostname OTHER']
    assert 'hostname OTHER' in w.typed('configure replace flash:one', '', 'show running-config')
    out = w.typed('configure replace flash:one list', 'y', 'show running-config')
    assert 'no permit ip host 10.2.2.2 any' in out and 'Rollback Done' in out
    assert 'hostname R1' in out and '10.2.2.2' not in out.split('Rollback Done')[1]
    assert 'No changes were found' in w.router.cli('show archive config differences flash:one')
    assert 'hostname R1' in w.typed('copy flash:one running-config', '', 'show running-config')


def test_a_port_that_is_there_is_not_removed(w):
    """But by a configuration that has none of it."""
    w.router.cli('configure terminal; interface FastEthernet0/1; description kept; end')
    assert '% Removal of physical interfaces is not permitted' in w.typed('configure terminal', 'no interface FastEthernet0/1')
    assert 'description kept' in w.running()
    w.router.cli('copy running-config flash:with')
    (w.cfg.parent / 'without').write_text('hostname R1\n')
    w.router.cli('configure replace flash:without force')
    assert 'interface FastEthernet0/1' not in w.running()
    w.router.cli('configure replace flash:with force')
    assert 'description kept' in w.running()


def test_reload_asks(w):
    w.router.cli('configure terminal; hostname NEW; end')
    out = w.typed('reload', 'no', 'n', 'show running-config')
    assert 'hostname NEW' in out
    w.typed('reload', 'yes', '')
    assert 'hostname NEW' in w.running() and 'hostname NEW' in w.cfg.read_text()
    w.router.cli('configure terminal; hostname AGAIN; end')
    w.typed('reload', 'no', '')
    assert 'hostname NEW' in w.running() and 'SYS-5-RELOAD' in w.router.log()
    assert re.search(r'^Reload scheduled for \d\d:\d\d:\d\d UTC \w{3} \w{3} \d+ \d{4} \(in 1 hour and 30 minutes\) by vty0\n'
                     r'Reload reason: maintenance$', w.router.cli('reload in 1:30 maintenance'), re.M)
    assert 'Reload reason: maintenance' in w.router.cli('show reload')
    assert 'SYS-5-SCHEDULED_RELOAD: Reload requested for' in w.router.log()
    assert '\n\n***\n*** --- SHUTDOWN ABORTED ---\n***\n\n' in w.router.cli('reload cancel')
    assert 'No reload is scheduled' in w.router.cli('show reload') and 'SYS-5-SCHEDULED_RELOAD_CANCELLED' in w.router.log()


def test_a_reload_that_waits_asks_as_one_that_does_not(w):
    w.router.cli('configure terminal; hostname NEW; end')
    out = w.typed('reload in 5', 'no', 'n', 'show reload')
    assert out.index('(in 5 minutes)') < out.index('No reload is scheduled') and '%' not in out
    assert 'hostname NEW' not in w.cfg.read_text()
    w.typed('reload in 5', 'yes', '')
    assert 'hostname NEW' in w.cfg.read_text() and 'Reload scheduled for' in w.router.cli('show reload')
    # it is saved: one question
    out = w.typed('reload in 7', '', 'show reload')
    assert out.count('Reload scheduled for') == 2 and '(in 7 minutes)' in out and '%' not in out


def test_reload_in_takes_times_and_says_them(w):
    for time_, said in (('60', '1 hour'), ('1', '1 minute'), ('0:59', '59 minutes'), ('999:59', '999 hours and 59 minutes')):
        assert f'(in {said}) by vty0\n' in w.router.cli(f'reload in {time_}')
    assert re.search(r'in 999 hours and 5[89] minutes\) by', w.router.cli('show reload'))
    w.router.cli('reload cancel')
    for bad in ('-5', '0', '0:00', '1:60', '1:', ':5', '1000', '5x', '+5', '1:-5', '1:5:5'):
        assert 'is no time' in w.router.cli(f'reload in {bad}'), bad
    assert 'No reload is scheduled' in w.router.cli('show reload')


def test_reload_at_takes_a_time_and_a_day(w):
    then = time.gmtime(time.time() + 3 * 86400)
    day, month, year = (time.strftime(f, then) for f in ('%d', '%b', '%Y'))
    for order in (f'{month} {day}', f'{day} {time.strftime("%B", then)}'):
        out = w.router.cli(f'reload at 23:30 {order} new image')
        assert f'for 23:30:00 UTC {time.strftime("%a", then)} {month} {int(day)} {year} (in ' in out and 'reason: new image\n' in out
    now = time.gmtime(time.time() - 120)
    assert re.search(r'\(in 23 hours and 5\d minutes\)', w.router.cli(f'reload at {time.strftime("%H:%M", now)}'))
    w.router.cli('reload cancel')
    far = time.strftime('%b %d', time.gmtime(time.time() + 60 * 86400))
    assert 'at most 24 days' in w.router.cli(f'reload at 12:00 {far}')
    for bad in ('24:00', '12:60', '12', ':5', '-1:00', '1:2:3'):
        assert 'is no time of day' in w.router.cli(f'reload at {bad}'), bad
    assert 'No reload is scheduled' in w.router.cli('show reload')


def test_the_start_says_once_what_encrypts(w):
    assert w.router.log().count('%CULVERT-6-CRYPTO: packets are encrypted') == 1


def test_nobody_is_asked_about_a_file_that_is_not_there(w):
    out = w.typed('configure replace flash:nosuch', 'show clock')
    assert 'Enter Y' not in out and 'nosuch' in out and 'UTC' in out


def test_a_startup_configuration_that_is_a_link_is_erased_too(w):
    kept = w.cfg.parent / 'kept-elsewhere'
    w.cfg.rename(kept)
    w.cfg.symlink_to(kept)
    assert 'Erase of nvram: complete' in w.typed('write erase', '')
    assert not w.cfg.is_symlink() and 'startup-config is not present' in w.router.cli('show startup-config')
    assert (w.cfg.parent / 'startup-config.erased').read_text() == CONFIG


def test_to_write_one_file_costs_no_other(w):
    w.router.cli('copy running-config flash:one.new')
    w.router.cli('copy running-config flash:one')
    w.router.cli('show clock | redirect flash:one')
    assert 'hostname R1' in (w.cfg.parent / 'one.new').read_text()


def rewritten(w, pattern, new):
    """In the file of what waits for a confirmation; then another control goes on with it."""
    file, control = w.cfg.parent / 'cfg.revert', w.router.pids()[2]
    text, n = re.subn(pattern, new, file.read_text(), count=1)
    assert n
    file.write_text(text)
    os.kill(control, signal.SIGKILL)
    until(lambda: control not in w.router.pids() and 'Time remaining' in w.router.cli('show archive config rollback timer'), 20)
    return w.router.cli('show archive config rollback timer')


def test_a_clock_that_was_set_puts_nothing_off_for_ever(w):
    w.typed('configure terminal revert timer 5', 'hostname LOST', 'end')
    said = w.router.cli('show archive config rollback timer')
    assert 'Timer type: absolute timer\nTimer value: 5 min\n' in said
    # as if the clock had gone back ten years since
    said = rewritten(w, r'at \d+', f'at {int(time.time() * 1000) + 10 * 365 * 86400 * 1000}')
    assert int(re.search(r'Time remaining: (\d+) minutes', said)[1]) < 120
    w.router.cli('configure confirm')
    # nobody could type while nobody ran: the time begins anew
    w.typed('configure terminal revert timer idle 5', 'hostname LOST', 'end')
    said = rewritten(w, r'at \d+', f'at {int(time.time() * 1000) - 1000}')
    assert re.search(r'Timer type: idle timer\nTimer value: 5 min\nTime remaining: [45] minutes', said)
    assert 'hostname LOST' in w.running()
    w.router.cli('configure confirm')
    assert not (w.cfg.parent / 'cfg.revert').exists()


def test_what_nobody_confirms_is_taken_back(w):
    out = w.typed('configure terminal revert timer 1', 'hostname LOST', 'end', 'show running-config')
    assert 'hostname LOST' in out and out.count('Enter configuration commands') == 1
    assert 'Time remaining: 0 minutes' in w.router.cli('show archive config rollback timer')
    # whoever follows goes on with it
    control = w.router.pids()[2]
    os.kill(control, signal.SIGKILL)
    until(lambda: control not in w.router.pids() and 'LOST' in w.running(), 20)
    assert 'Time remaining' in w.router.cli('show archive config rollback timer')
    w.router.cli('configure confirm')
    assert 'No Rollback' in w.router.cli('show archive config rollback timer')
    assert not (w.cfg.parent / 'cfg.revert').exists()
    w.typed('configure terminal revert timer idle 1', 'hostname TWICE', 'end')
    assert 'Rollback Done' in w.router.cli('configure revert now') and 'hostname LOST' in w.running()
    # a file that is due: as if a minute had passed
    w.typed('configure terminal revert timer 1', 'hostname GONE', 'end')
    file = w.cfg.parent / 'cfg.revert'
    file.write_text(re.sub(r'at \d+', f'at {int(time.time() * 1000) + 300}', file.read_text(), 1))
    os.kill(w.router.pids()[2], signal.SIGKILL)
    until(lambda: 'ROLLBK_CNFMD_CHG_ROLLBACK_START' in w.router.log(), 20)
    until(lambda: 'hostname LOST' in w.running(), 20)
    assert not file.exists()


def test_archives(w):
    w.router.cli('configure terminal; archive; path flash:copy; maximum 3; write-memory; log config; logging enable; hidekeys; end')
    assert ' path flash:copy\n maximum 3\n write-memory' in w.running()
    for _ in range(4):
        w.router.cli('archive config')
    w.router.cli('write memory')
    out = w.router.cli('show archive')
    assert 'The next archive file will be named flash:copy-6' in out
    assert re.search(r'^   3 +flash:copy-5 <- Most Recent$', out, re.M) and 'flash:copy-2' not in out
    w.router.cli('configure terminal; crypto isakmp key verysecret address 192.0.2.9; end')
    log = w.router.cli('show archive log config all')
    assert 'crypto isakmp key' in log and 'verysecret' not in log
    w.router.cli('configure terminal; archive; no path; no maximum; no write-memory; no log config; end')
    assert 'archive' not in w.running() and 'not enabled' in w.router.cli('show archive')
    # where nothing can be kept nothing is said to be
    before = sorted(w.cfg.parent.iterdir())
    for path in ('tftp://192.0.2.9/R1', 'flash:/../up', '/etc/up'):
        w.router.cli(f'configure terminal; archive; path {path}; write-memory; end')
        for line in ('archive config', 'show archive'):
            assert f'%Error opening {path} (a name in flash: is wanted' in w.router.cli(line), line
    assert '[OK]' in w.router.cli('write memory')
    assert 'ARCHIVE-3-COPY' in w.router.log() and sorted(w.cfg.parent.iterdir()) == before
