# SPDX-License-Identifier: Apache-2.0
"""Whole routers: the labs of this repository, and pairs of routers in namespaces
that the test makes. The judges are the kernel's ping, tcpdump and tshark."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from conftest import ROOT, built

GRE = ROOT / 'labs' / 'gre-over-ipsec'
SITE = ROOT / 'labs' / 'site-to-site'


def run(cmd, timeout=60, check=True, **kw):
    p = subprocess.run([str(c) for c in cmd], capture_output=True, text=True, timeout=timeout, **kw)
    if check:
        assert p.returncode == 0, f'{cmd}: {p.returncode}\n{p.stdout}\n{p.stderr}'
    return p.stdout


class Lab:
    def __init__(self, who, folder):
        self.words = who + [built('culvert'), 'lab']
        self.folder = folder
        self.env = {**os.environ, 'XDG_RUNTIME_DIR': '', 'HOME': '/tmp'}

    def __call__(self, verb, *args, check=True, timeout=60):
        return run(self.words + [verb, self.folder, *args], timeout, check, env=self.env)

    def host(self, node, *cmd, check=True, timeout=60):
        return self('exec', node, *cmd, check=check, timeout=timeout)

    def cli(self, node, commands, check=True):
        return self('shell', node, '-c', commands, check=check)

    def spawn(self, node, *cmd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        return subprocess.Popen([str(c) for c in self.words + ['exec', self.folder, node, *cmd]],
                                stdout=stdout, stderr=stderr, text=True, env=self.env)


@contextlib.contextmanager
def lab(who, folder):
    it = Lab(who, folder)
    it('down', check=False)
    it('up')
    try:
        yield it
    finally:
        it('down', check=False)


@contextlib.contextmanager
def capture(it, node, dev):
    """Packets of a device while the block runs, each of them; yields a list that is filled at the end."""
    lines = []
    # not pipes: one that nobody reads would stop the watcher
    with tempfile.TemporaryFile('w+') as file, tempfile.TemporaryFile('w+') as said:
        p = it.spawn(node, 'tcpdump', '--immediate-mode', '-n', '-l', '-p', '-s', '128', '-B', '16384', '-i', dev,
                     stdout=file, stderr=said)
        time.sleep(1)
        try:
            yield lines
            time.sleep(0.5)
        finally:
            p.terminate()
            p.wait(timeout=20)
            file.seek(0)
            lines += file.read().splitlines()
            said.seek(0)
            assert re.search(r'^0 packets dropped by kernel', told := said.read(), re.M), told


def clear_lines(lines):
    """What an onlooker could read: neither ESP, IKE nor ARP."""
    return [x for x in lines if x and not re.search(r'ESP\(|\.500 >|\.500:|\.4500|isakmp|ARP|IP6', x)]


def lost(ping):
    return int(re.search(r'(\d+)% packet loss', ping).group(1))


def run_folder(it):
    """Where this lab keeps its things; labs of other checkouts may be up too."""
    for base in ('/run/culvert-labs', '/tmp/culvert-lab-65534', f'/tmp/culvert-lab-{os.geteuid()}'):
        for state in pathlib.Path(base).glob('*/.state'):
            if str(it.folder) in state.read_text():
                return state.parent
    raise AssertionError('the lab has no run folder')


def parent_of(pid):
    with contextlib.suppress(OSError):
        return int(pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[1])
    return 0


def pids_of(it, node):
    """The supervisor, then its children in the order of their ids: forwarder and control at first."""
    out = {int(x) for x in run(['pgrep', '-f', f'^[^ ]*culvert run --config {run_folder(it)}/{node}.cfg'],
                               check=False).split()}
    return sorted(out, key=lambda pid: (parent_of(pid) in out, pid))


def test_first_ping_crosses_gre_over_ipsec_and_six_plus_three_datagrams_do_it(who):
    with lab(who, GRE) as it:
        with capture(it, 'ISP', 'eth1') as seen:
            ping = it.host('H1', 'ping', '-c', '5', '-W', '5', '10.2.2.10')
        assert lost(ping) == 0
        sa = it.cli('R1', 'show crypto isakmp sa')
        assert re.search(r'198\.51\.100\.2\s+192\.0\.2\.2\s+QM_IDLE\s+1001 ACTIVE', sa), sa
        ipsec = it.cli('R1', 'show crypto ipsec sa')
        assert '#pkts encaps: 5, #pkts encrypt: 5, #pkts digest: 5' in ipsec
        assert '#pkts decaps: 5, #pkts decrypt: 5, #pkts verify: 5' in ipsec
        assert not clear_lines(seen)
        assert sum('ESP(' in x for x in seen) == 10
        assert sum('phase 1' in x for x in seen) == 6, '\n'.join(seen)
        assert sum('phase 2' in x for x in seen) == 3, '\n'.join(seen)


def test_lab_down_leaves_nothing_behind(who):
    def view():
        return (run(['ip', '-o', 'link']).count('\n'), run(['ip', 'rule']),
                run(['ip', 'route', 'show', 'table', 'all']))

    before = view()
    with lab(who, GRE) as it:
        assert len(pids_of(it, 'R1')) == 3
        folder = run_folder(it)
    assert view() == before
    assert not folder.exists()
    assert not run(['pgrep', '-f', f'run --config {folder}/'], check=False).strip()


def test_lan_to_lan_map_protects_local_and_forwarded_packets(who):
    with lab(who, SITE) as it:
        with capture(it, 'ISP', 'eth1') as seen:
            assert lost(it.host('H1', 'ping', '-c', '3', '-W', '5', '10.2.2.10')) == 0
            assert '!!!!!' in it.cli('R1', 'ping 10.2.2.1 source 10.1.1.1')
            big = it.host('H1', 'ping', '-c', '2', '-W', '3', '-M', 'dont', '-s', '3000', '10.2.2.10')
            assert lost(big) == 0
            refused = it.host('H1', 'ping', '-c', '1', '-W', '2', '-M', 'do', '-s', '1440',
                              '10.2.2.10', check=False)
            assert 'mtu = 1446' in refused  # 3DES and MD5: IOS's plaintext mtu
        assert not clear_lines(seen)
        assert re.search(r'permit ip 10\.1\.1\.0 0\.0\.0\.255 10\.2\.2\.0 0\.0\.0\.255 \(\d+ matches\)',
                         it.cli('R1', 'show access-lists'))


def test_a_narrower_path_is_learned_and_told(who):
    """The path MTU to the peer (RFC 4301 section 8.2): the network says it to R1, R1 to H1."""
    with lab(who, SITE) as it:
        assert lost(it.host('H1', 'ping', '-c', '1', '-W', '5', '10.2.2.10')) == 0
        it.host('ISP', 'ip', 'link', 'set', 'eth2', 'mtu', '1300')
        out = ''
        for _ in range(4):
            out = it.host('H1', 'ping', '-c', '4', '-W', '1', '-M', 'do', '-s', '1300', '10.2.2.10', check=False)
            if 'mtu = ' in out:
                break
        assert 'mtu = 1246' in out, out
        fits = it.host('H1', 'ping', '-c', '2', '-W', '2', '-M', 'do', '-s', str(1246 - 28), '10.2.2.10', check=False)
        assert lost(fits) == 0


def test_nothing_leaves_in_clear_while_the_peer_is_away():
    if os.geteuid():
        pytest.skip('needs root')
    with lab([], SITE) as it:
        for pid in pids_of(it, 'R2'):
            os.kill(pid, signal.SIGSTOP)
        try:
            with capture(it, 'ISP', 'eth1') as seen:
                it.host('H1', 'ping', '-c', '5', '-i', '0.3', '-W', '1', '10.2.2.10', check=False)
            assert not clear_lines(seen)
            assert any('isakmp' in x or '.500' in x for x in seen)
        finally:
            for pid in pids_of(it, 'R2'):
                os.kill(pid, signal.SIGCONT)


def test_kill_nine_of_any_process_leaks_nothing_and_heals():
    if os.geteuid():
        pytest.skip('needs root')
    with lab([], SITE) as it:
        with capture(it, 'ISP', 'eth1') as seen:
            ping = it.spawn('H1', 'ping', '-i', '0.02', '-w', '60', '10.2.2.10')
            time.sleep(1)
            for turn in range(12):
                supervisor, *rest = pids_of(it, 'R1')
                doomed = rest[:1] if turn % 3 == 0 else rest[1:] if turn % 3 == 1 else rest
                for pid in doomed:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                time.sleep(0.8)
            assert lost(it.host('H1', 'ping', '-c', '20', '-i', '0.5', '-W', '2', '10.2.2.10',
                                check=False)) < 60
            assert lost(it.host('H1', 'ping', '-c', '3', '-W', '2', '10.2.2.10')) == 0
            ping.terminate()
            ping.wait()
        assert sum('ESP(' in x for x in seen) > 100
        assert not clear_lines(seen), clear_lines(seen)[:5]


def test_deleted_steering_tun_leaks_nothing_and_comes_back():
    if os.geteuid():
        pytest.skip('needs root')
    with lab([], SITE) as it:
        assert lost(it.host('H1', 'ping', '-c', '2', '-W', '5', '10.2.2.10')) == 0
        with capture(it, 'ISP', 'eth1') as seen:
            ping = it.spawn('H1', 'ping', '-i', '0.02', '-w', '8', '10.2.2.10')
            time.sleep(0.5)
            it.host('R1', 'ip', 'link', 'del', 'cvsteer0')
            time.sleep(3)
            assert lost(it.host('H1', 'ping', '-c', '5', '-W', '3', '10.2.2.10')) == 0
            ping.terminate()
            ping.wait()
        assert not clear_lines(seen), clear_lines(seen)[:5]


def test_each_kernel_lock_holds_without_the_other():
    """Steering alone, its TUN gone: unreachable. The guard alone: drops."""
    if os.geteuid():
        pytest.skip('needs root')
    with lab([], SITE) as it:
        for pid in pids_of(it, 'R1'):  # nobody puts back what is taken away here
            os.kill(pid, signal.SIGSTOP)
        try:
            with capture(it, 'ISP', 'eth1') as seen:
                it.host('R1', 'nft', 'flush', 'chain', 'ip', 'culvert', 'guard')
                it.host('R1', 'ip', 'link', 'del', 'cvsteer0')
                out = it.host('H1', 'ping', '-c', '3', '-i', '0.2', '-W', '1', '10.2.2.10',
                              check=False)
                assert lost(out) == 100
            assert not clear_lines(seen)
        finally:
            for pid in pids_of(it, 'R1'):
                os.kill(pid, signal.SIGKILL)
    with lab([], SITE) as it:
        for pid in pids_of(it, 'R1'):
            os.kill(pid, signal.SIGSTOP)
        try:
            with capture(it, 'ISP', 'eth1') as seen:
                for chain in ('forwarding', 'output'):
                    it.host('R1', 'nft', 'flush', 'chain', 'ip', 'culvert', chain)
                out = it.host('H1', 'ping', '-c', '3', '-i', '0.2', '-W', '1', '10.2.2.10',
                              check=False)
                assert lost(out) == 100
                drops = it.host('R1', 'nft', 'list', 'counter', 'ip', 'culvert', 'guard_drops')
                assert 'packets 3' in drops
                # and with the guard gone too they do leave: the capture can see them
                it.host('R1', 'nft', 'flush', 'chain', 'ip', 'culvert', 'guard')
                with capture(it, 'ISP', 'eth1') as open_door:
                    it.host('H1', 'ping', '-c', '2', '-W', '1', '10.2.2.10', check=False)
                assert clear_lines(open_door)
        finally:
            for pid in pids_of(it, 'R1'):
                os.kill(pid, signal.SIGKILL)


def test_cleartext_that_should_have_been_protected_is_dropped():
    if os.geteuid():
        pytest.skip('needs root')
    with lab([], SITE) as it:
        it.host('ISP', 'ip', 'route', 'add', '10.1.1.0/24', 'via', '192.0.2.2')
        it.host('ISP', 'ip', 'address', 'add', '10.2.2.77/32', 'dev', 'lo')
        out = it.host('ISP', 'ping', '-c', '3', '-i', '0.2', '-W', '1', '-I', '10.2.2.77', '10.1.1.10',
                      check=False)
        assert lost(out) == 100
        assert 'packets 3' in it.host('R1', 'nft', 'list', 'counter', 'ip', 'culvert', 'mirror_drops')
        assert 'RECVD_PKT_NOT_IPSEC' in it.cli('R1', 'show logging')


# ---- routers by hand, for what a lab does not offer ----

CONFIG = '''\
hostname {name}
crypto isakmp policy 10
 encr aes 256
 authentication pre-share
 group 14
crypto isakmp key judge address {peer}
crypto ipsec transform-set TS esp-aes 256 esp-sha-hmac
 mode {mode}
ip access-list extended GRE
 permit gre host {local} host {peer}
crypto map M 10 ipsec-isakmp
 set peer {peer}
 set transform-set TS
 match address GRE
interface FastEthernet0/1
 ip address {local} 255.255.255.0
 crypto map M
interface Tunnel0
 ip address {inner} 255.255.255.252
 tunnel source FastEthernet0/1
 tunnel destination {peer}
'''


@contextlib.contextmanager
def pair_of_routers(texts):
    """Two namespaces with a wire, w0 to w0, and a router of each text; yields names and folder."""
    names = [f'cvt{os.getpid()}{x}' for x in 'ab']
    tmp = pathlib.Path(tempfile.mkdtemp(prefix='cvt'))
    routers = []
    try:
        for n in names:
            run(['ip', 'netns', 'add', n])
        run(['ip', 'link', 'add', 'w0', 'netns', names[0], 'type', 'veth', 'peer', 'name', 'w0',
             'netns', names[1]])
        for text, n in zip(texts, names):
            run(['ip', '-n', n, 'link', 'set', 'lo', 'up'])
            run(['ip', '-n', n, 'link', 'set', 'w0', 'up'])
            (tmp / f'{n}.cfg').write_text(text)
            (tmp / n).mkdir()
            routers.append(subprocess.Popen(
                ['ip', 'netns', 'exec', n, built('culvert'), 'run', '--config', tmp / f'{n}.cfg',
                 '--socket', tmp / f'{n}.sock', '--interface', 'FastEthernet0/1=w0', '--keylog',
                 tmp / n], stdout=subprocess.DEVNULL, stderr=open(tmp / f'{n}.log', 'w')))
        for n in names:
            for _ in range(100):
                if (tmp / f'{n}.sock').exists():
                    break
                time.sleep(0.1)
        time.sleep(0.5)
        yield names, tmp
    finally:
        for r in routers:
            r.terminate()
        for r in routers:
            try:
                r.wait(15)
            except subprocess.TimeoutExpired:
                r.kill()
        for n in names:
            run(['ip', 'netns', 'del', n], check=False)
        shutil.rmtree(tmp, ignore_errors=True)


def two_routers(mode):
    return pair_of_routers([CONFIG.format(name=f'R{i + 1}', local=f'192.0.2.{i + 1}', peer=f'192.0.2.{2 - i}',
                                          mode=mode, inner=f'172.16.0.{i + 1}') for i in (0, 1)])


@pytest.mark.parametrize('mode, layers', [('tunnel', 'ip:esp:ip:gre:ip:icmp'),
                                          ('transport', 'ip:esp:gre:ip:icmp')])
def test_tshark_decrypts_ike_and_esp_and_finds_the_layers(mode, layers):
    if os.geteuid() or not shutil.which('tshark'):
        pytest.skip('needs root and tshark')
    with two_routers(mode) as (names, tmp):
        pcap = tmp / 'w.pcap'
        cap = subprocess.Popen(['ip', 'netns', 'exec', names[1], 'tcpdump', '--immediate-mode', '-U', '-i', 'w0', '-w',
                                pcap], stderr=subprocess.DEVNULL)
        time.sleep(1)
        ping = run(['ip', 'netns', 'exec', names[0], 'ping', '-c', '3', '-W', '5', '172.16.0.2'],
                   check=False)
        assert lost(ping) == 0, (tmp / f'{names[0]}.log').read_text()
        time.sleep(0.5)
        cap.terminate()
        cap.wait()
        keys = tmp / names[0]
        opts = []
        for line in (keys / 'ikev1_decryption_table').read_text().split():
            opts += ['-o', f'uat:ikev1_decryption_table:{line}']
        for line in (keys / 'esp_sa').read_text().splitlines():
            opts += ['-o', f'uat:esp_sa:{line}']
        out = run(['tshark', '-r', pcap, *opts, '-o', 'esp.enable_encryption_decode:TRUE',
                   '-o', 'esp.enable_authentication_check:TRUE', '-T', 'fields', '-e',
                   'frame.protocols', '-e', 'esp.icv_good', '-e', 'isakmp.id.data.ipv4_addr', '-e',
                   '_ws.expert.message'])
        esp = [x for x in out.splitlines() if ':esp' in x]
        assert len(esp) == 6, out
        for x in esp:
            proto, good, *_ = x.split('\t')
            assert layers in proto, x
            assert good in ('1', 'True'), x
        assert '192.0.2.1' in out  # an identity, out of an encrypted main mode message


def test_sdm_paste_reports_each_blank_and_keeps_every_line(tmp_path):
    if os.geteuid():
        pytest.skip('needs root')
    paste = (ROOT / 'tests' / 'golden' / 'sdm-paste.txt').read_text()
    name = f'cvs{os.getpid()}'
    run(['ip', 'netns', 'add', name])
    sock, log = tmp_path / 's', open(tmp_path / 'log', 'w')
    router = subprocess.Popen(['ip', 'netns', 'exec', name, built('culvert'), 'run', '--config',
                               tmp_path / 'none', '--socket', sock], stderr=log)
    try:
        for _ in range(100):
            if sock.exists():
                break
            time.sleep(0.1)
        p = subprocess.run([built('culvert'), 'shell', '--socket', sock], text=True, timeout=60,
                           input='configure terminal\n' + paste + '\nend\nshow running-config\n',
                           capture_output=True)
        out = p.stdout
        said, _, running = out.partition('Building configuration')
        assert said.count('% Incomplete command.') == 5, said
        assert said.count("% Invalid input detected at '^' marker.") == 1
        assert 'wrapped description' in said
        for line in ('crypto isakmp policy 1', 'encr 3des', 'crypto isakmp key secretkey address',
                     'permit gre host host', 'address that connects to this router.', 'set peer',
                     'ip mtu 1420', 'tunnel destination', 'match address SDM_1',
                     'remark SDM_ACL Category=4', 'ip address'):
            assert re.search(rf'^ *{re.escape(line)}\s*$', running, re.M), (line, running)
    finally:
        router.terminate()
        router.wait(15)
        run(['ip', 'netns', 'del', name], check=False)


def test_sdm_paste_with_its_blanks_filled_builds_the_tunnel():
    """Typed into two fresh routers, the wrapped description and all."""
    if os.geteuid():
        pytest.skip('needs root')
    paste = (ROOT / 'tests' / 'golden' / 'sdm-paste.txt').read_text()
    with pair_of_routers(['', '']) as (names, tmp):
        for i, n in enumerate(names):
            us, peer = f'192.0.2.{i + 1}', f'192.0.2.{2 - i}'
            filled = {'secretkey address': f'secretkey address {peer}', 'permit gre host host':
                      f'permit gre host {us} host {peer}', 'set peer': f'set peer {peer}',
                      'ip address': f'ip address 172.16.0.{i + 1} 255.255.255.252',
                      'tunnel destination': f'tunnel destination {peer}'}
            text = paste
            for blank, line in filled.items():
                text, count = re.subn(rf'{blank}$', line, text, flags=re.M)
                assert count == 1, blank
            text += f'interface FastEthernet0/1\nip address {us} 255.255.255.0\ncrypto map SDM_CMAP_1\n'
            said = run([built('culvert'), 'shell', '--socket', tmp / f'{n}.sock'], check=False,  # a line is wrong
                       input=f'configure terminal\n{text}end\nshow running-config\n')
            assert 'Incomplete' not in said and said.count('% Invalid') == 1, said
            assert re.search('^ *address that connects to this router.$', said, re.M)
        ping = run(['ip', 'netns', 'exec', names[0], 'ping', '-c', '3', '-W', '5', '172.16.0.2'], check=False)
        assert lost(ping) == 0, (tmp / f'{names[0]}.log').read_text()
        sa = run([built('culvert'), 'shell', '--socket', tmp / f'{names[0]}.sock', '-c', 'show crypto ipsec sa'])
        assert '#pkts encaps: 3, #pkts encrypt: 3' in sa and 'esp-3des esp-sha-hmac' in sa, sa


def test_bad_input_gets_its_own_message_and_the_rest_works(tmp_path):
    bad = tmp_path / 'bad.cfg'
    bad.write_text('crypto isakmp polcy 1\ncrypto isakmp policy 0\naccess-list 199 permit ip any\n'
                   'crypto map M 1 ipsec-isakmp\n match address NONE\n set transform-set GONE\n'
                   'interface Tunnel7\n ip address 172.16.0.1 255.255.255.0\n')
    p = subprocess.run([built('culvert'), 'check', bad], capture_output=True, text=True)
    assert p.returncode == 1
    for text in ("bad.cfg:1:", "% Invalid input detected at '^' marker.", 'bad.cfg:2:',
                 'bad.cfg:3:', '% Incomplete command.', 'NONE', 'GONE', 'Tunnel7'):
        assert text in p.stdout, p.stdout


def test_usage_and_exit_statuses():
    culvert = built('culvert')
    assert subprocess.run([culvert, '--version'], capture_output=True).returncode == 0
    for words in ([], ['nonsense'], ['run', '--nonsense'], ['check'], ['shell', 'x'], ['lab']):
        assert subprocess.run([culvert, *words], capture_output=True).returncode == 2, words
    p = subprocess.run([culvert, 'shell', '--socket', '/nonexistent'], capture_output=True, text=True)
    assert p.returncode == 1 and 'culvert run' in p.stderr
