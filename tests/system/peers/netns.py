# SPDX-License-Identifier: Apache-2.0
"""Network namespaces of one test: made, wired and always taken away again.

A Net owns namespaces, processes and a scratch folder; leaving it ends the
processes, then removes the rest. Names carry the pid of the test run, so what a
killed run left behind is known and swept by the next one.
"""
import contextlib
import ctypes
import itertools
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

PREFIX = 'cvt'
_numbers = itertools.count(1)
_libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, CLONE_NEWNET = 1, 0x40000000


def need(*programs):
    """Skips the test, with the reason, where a program is missing or we are not root."""
    if os.geteuid() != 0:
        pytest.skip('needs root for network namespaces')
    for p in programs:
        if not shutil.which(p, path=os.environ['PATH'] + ':/usr/sbin:/sbin'):
            pytest.skip(f'needs {p}, which is not installed')


def until(condition, seconds=10, what='it'):
    """Polls; returns what condition returned."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        assert time.monotonic() < end, f'{what} did not happen in {seconds} s'
        time.sleep(0.05)


def run(*argv, ok=True, timeout=60, **kw):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=timeout, **kw)
    if ok and done.returncode:
        raise AssertionError(f'{" ".join(map(str, argv))}: exit {done.returncode}\n{done.stdout}{done.stderr}')
    return done


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Ping:
    """`ping` of numbered packets, one after the other until count; its result names the lost ones."""

    def __init__(self, proc, count):
        self.proc, self.count = proc, count

    def result(self, timeout=120):
        out, _ = self.proc.communicate(timeout=timeout)
        self.out = out
        self.seen = {int(n) for n in re.findall(r'icmp_seq=(\d+) ttl', out)}
        sent = re.search(r'(\d+) packets transmitted', out)
        self.sent = int(sent.group(1)) if sent else 0
        # where there was no route at all nothing was sent, and nothing has come through
        self.lost = sorted(set(range(1, (self.sent or self.count) + 1)) - self.seen)
        return self

    def stop(self):
        """Ends it early. The very last packet may still have been on its way."""
        self.proc.send_signal(signal.SIGINT)
        self.result()
        self.lost = [n for n in self.lost if n != self.sent]
        return self


class Ns:
    def __init__(self, net, name):
        self.net, self.label = net, name
        self.name = f'{PREFIX}{os.getpid()}x{next(_numbers)}{name}'
        run('ip', 'netns', 'add', self.name)
        self.ip('link', 'set', 'lo', 'up')
        self.sysctl('net.ipv6.conf.all.disable_ipv6', 1)
        self.sysctl('net.ipv6.conf.default.disable_ipv6', 1)

    def ip(self, *args, ok=True):
        return run('ip', '-n', self.name, *args, ok=ok).stdout

    def argv(self, *argv):
        return ['ip', 'netns', 'exec', self.name, *map(str, argv)]

    def run(self, *argv, **kw):
        return run(*self.argv(*argv), **kw)

    def popen(self, *argv, log=None, **kw):
        """A process that ends with the Net at the latest (or with the test run)."""
        if log:
            kw.update(stdout=open(log, 'ab'), stderr=subprocess.STDOUT)
        proc = subprocess.Popen(self.argv(*argv), stdin=kw.pop('stdin', subprocess.DEVNULL),
                                preexec_fn=_die_with_parent, **kw)
        if log:
            kw['stdout'].close()
        self.net.procs.append(proc)
        return proc

    def sysctl(self, key, value):
        self.run('sh', '-c', f'echo {value} > /proc/sys/{key.replace(".", "/")}')

    def socket(self, kind, proto=0, bind=None, family=socket.AF_INET):
        """A socket that lives in this namespace, for this process to use."""
        with open('/proc/self/ns/net') as home, open(f'/run/netns/{self.name}') as there:
            assert _libc.setns(there.fileno(), CLONE_NEWNET) == 0
            try:
                sock = socket.socket(family, kind, proto)
            finally:
                assert _libc.setns(home.fileno(), CLONE_NEWNET) == 0
        if bind:
            sock.bind(bind)
        return sock

    def forward(self):
        self.sysctl('net.ipv4.ip_forward', 1)

    def enable_v6(self):
        """IPv6, with the addresses that are given and no other; they serve at once."""
        for where in ('all', 'default'):
            self.sysctl(f'net.ipv6.conf.{where}.accept_ra', 0)
            self.sysctl(f'net.ipv6.conf.{where}.disable_ipv6', 0)

    def addr(self, dev, cidr):
        self.ip('addr', 'add', cidr, 'dev', dev, *(['nodad'] if ':' in cidr else []))

    def route(self, to, via):
        self.ip('route', 'replace', to, 'via', via)

    def ping(self, to, count=5, interval=0.2, source=None, wait=5):
        """Starts counting packets; .result() waits for the end."""
        src = ['-I', source] if source else []
        return Ping(self.popen('ping', '-n', '-c', count, '-i', interval, '-W', wait, *src, to,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True), count)

    def pids(self):
        return [int(p) for p in run('ip', 'netns', 'pids', self.name, ok=False).stdout.split()]

    def remove(self):
        """What still runs inside is ours: nobody else knows this namespace."""
        for sig in (signal.SIGTERM, signal.SIGKILL):
            end = time.monotonic() + 2
            while (pids := self.pids()) and time.monotonic() < end:
                for pid in pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, sig)
                time.sleep(0.1)
        run('ip', 'netns', 'del', self.name, ok=False)


class Net:
    def __init__(self):
        need('ip')
        sweep()
        self.all, self.procs = [], []
        self.links = 0
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f'culvert-test-{os.getpid()}-'))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def ns(self, name):
        self.all.append(Ns(self, name))
        return self.all[-1]

    def link(self, a, dev_a, cidr_a, b, dev_b, cidr_b):
        """A veth pair between two namespaces, up, with an address each (or None)."""
        tmp = [f'{PREFIX}{os.getpid() % 10**6}l{self.links}{s}' for s in 'ab']
        self.links += 1
        a.ip('link', 'add', tmp[0], 'type', 'veth', 'peer', 'name', tmp[1])
        a.ip('link', 'set', tmp[1], 'netns', b.name, 'name', dev_b)
        a.ip('link', 'set', tmp[0], 'name', dev_a)
        for ns, dev, cidr in ((a, dev_a, cidr_a), (b, dev_b, cidr_b)):
            if cidr:
                ns.addr(dev, cidr)
            ns.ip('link', 'set', dev, 'up')

    def close(self):
        for proc in reversed(self.procs):
            if proc.poll() is None:
                proc.terminate()
        for proc in self.procs:
            try:
                proc.wait(timeout=5)
            except subprocess.TimeoutExpired:
                proc.kill()
                proc.wait()
            for pipe in (proc.stdin, proc.stdout, proc.stderr):
                if pipe:
                    pipe.close()
        for ns in self.all:
            ns.remove()
        shutil.rmtree(self.dir, ignore_errors=True)


def sweep():
    """Removes namespaces and folders of test runs that are no more."""
    for line in run('ip', 'netns', 'list', ok=False).stdout.splitlines():
        m = re.match(rf'({PREFIX}(\d+)x\d+\w*)', line)
        if m and not pathlib.Path(f'/proc/{m.group(2)}').exists():
            stale = Ns.__new__(Ns)
            stale.name = m.group(1)
            stale.remove()
    for folder in pathlib.Path(tempfile.gettempdir()).glob('culvert-test-*-*'):
        pid = folder.name.split('-')[2]
        if pid.isdigit() and not pathlib.Path(f'/proc/{pid}').exists():
            shutil.rmtree(folder, ignore_errors=True)
