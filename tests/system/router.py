# SPDX-License-Identifier: Apache-2.0
"""A real Culvert router in a namespace of peers.netns, for tests and benchmarks."""
import os
import signal

from conftest import built
from peers.netns import run, until

CIPHERS = {'des': 'des', '3des': '3des', 'aes128': 'aes', 'aes192': 'aes 192', 'aes256': 'aes 256'}
HASHES = {'md5': 'md5', 'sha1': 'sha', 'sha256': 'sha256', 'sha384': 'sha384', 'sha512': 'sha512'}
GROUPS = {'modp768': 1, 'modp1024': 2, 'modp1536': 5, 'modp2048': 14, 'modp3072': 15, 'modp4096': 16}


def config(suite, local, peer, permits, esp=None, mode='tunnel', pfs=False, seconds=3600,
           isakmp=86400, extra=''):
    """IOS text; suite as strongSwan writes it (3des-sha1-modp1024), permits as ACL words."""
    cipher, hash_, group = suite.split('-')
    esp = esp or (cipher, hash_)
    lines = [f'crypto isakmp policy 10', f' encr {CIPHERS[cipher]}', f' hash {HASHES[hash_]}',
             ' authentication pre-share', f' group {GROUPS[group]}', f' lifetime {isakmp}',
             f'crypto isakmp key secretkey address {peer}',
             f'crypto ipsec transform-set TS esp-{CIPHERS[esp[0]]} esp-{HASHES[esp[1]]}-hmac',
             f' mode {mode}', 'ip access-list extended CRYPT']
    lines += [f' permit {p}' for p in permits]
    lines += ['crypto map M 10 ipsec-isakmp', f' set peer {peer}', ' set transform-set TS',
              f' set security-association lifetime seconds {seconds}', ' match address CRYPT']
    if pfs:
        lines.append(f' set pfs group{GROUPS[group]}')
    lines += ['interface FastEthernet0/1', f' ip address {local} 255.255.255.0', ' crypto map M', extra]
    return '\n'.join(lines) + '\n'


class Router:
    def __init__(self, ns, text, device='wan', args=(), program=None):
        self.ns, self.program = ns, program or built('culvert')
        self.dir = ns.net.dir / f'router-{ns.label}'
        self.dir.mkdir(exist_ok=True)  # it may be one that died
        (self.dir / 'cfg').write_text(text)
        self.sock = self.dir / 'sock'
        self.proc = ns.popen(self.program, 'run', '--config', self.dir / 'cfg', '--socket',
                             self.sock, '--interface', f'FastEthernet0/1={device}', *args,
                             log=self.dir / 'log')
        until(self.sock.exists, 20, 'the router')

    def pids(self):
        """Supervisor, forwarder, control: in the order in which they were started."""
        words = f'{self.program.name} run --config {self.dir}/cfg'
        return sorted(int(p) for p in run('pgrep', '-f', words, ok=False).stdout.split())

    def forwarder(self):
        """The process that forwards packets; None while there is none."""
        names = run('ps', '-o', 'pid=,comm=', '-p', ','.join(map(str, self.pids()))).stdout.split('\n')
        return next((int(n.split()[0]) for n in names if n.endswith(' culvert-forward')), None)

    def threads(self):
        """Of the forwarder, by id."""
        pid = self.forwarder()
        return sorted(int(t) for t in os.listdir(f'/proc/{pid}/task')) if pid else []

    def signal(self, sig):
        for pid in self.pids():
            os.kill(pid, sig)

    def kill(self):
        """As when the power fails: no peer hears of it."""
        self.signal(signal.SIGKILL)
        self.proc.wait(timeout=10)
        self.sock.unlink(missing_ok=True)

    def cli(self, commands):
        return run(built('culvert'), 'shell', '--socket', self.sock, '-c', commands, ok=False).stdout

    def log(self):
        return (self.dir / 'log').read_text()

    def stop(self):
        self.proc.terminate()
        self.proc.wait(timeout=20)
