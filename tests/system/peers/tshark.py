# SPDX-License-Identifier: Apache-2.0
"""Captures, and tshark as the judge of what is in them."""
import os
import signal
import subprocess
import tempfile
import time

from peers.netns import need, run, until

MAIN_MODE, AGGRESSIVE, INFORMATIONAL, QUICK_MODE = 2, 4, 5, 32


class Capture:
    """tcpdump on one device from construction to stop()."""

    def __init__(self, ns, dev, name='capture', expr=''):
        need('tcpdump')
        self.file = ns.net.dir / f'{name}.pcap'
        said = ns.net.dir / f'{name}.said'
        self.proc = ns.popen('tcpdump', '-Z', 'root', '--immediate-mode', '-U', '-nn', '-s', '0', '-B', '8192', '-i', dev, '-w', self.file,
                             *expr.split(), log=said)
        until(lambda: 'listening on' in said.read_text(), what='tcpdump')

    def stop(self):
        time.sleep(0.3)  # what the kernel still holds reaches tcpdump
        self.proc.send_signal(signal.SIGINT)
        self.proc.wait(timeout=10)
        return self.file


def tshark(pcap, *args, ike_keys=(), esp_sas=()):
    """tshark's output, with keys: (cookie hex, key hex) of IKE, lines of Wireshark's esp_sa."""
    need('tshark')
    argv = ['tshark', '-r', str(pcap), '-o', 'esp.enable_encryption_decode:TRUE', '-o',
            'esp.enable_authentication_check:TRUE']
    for cookie, key in ike_keys:
        argv += ['-o', f'uat:ikev1_decryption_table:{cookie},{key}']
    for line in esp_sas:
        argv += ['-o', f'uat:esp_sa:{line}']
    with tempfile.TemporaryDirectory() as home:  # no profile of whoever runs this
        done = subprocess.run([*argv, *args], capture_output=True, text=True, timeout=60,
                              env={**os.environ, 'HOME': home, 'XDG_CONFIG_HOME': home})
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(pcap, fields, filter_=None, **keys):
    """One list of strings per frame that matches."""
    args = ['-T', 'fields', '-E', 'separator=\t', '-E', 'occurrence=a']
    if filter_:
        args += ['-Y', filter_]
    for f in fields:
        args += ['-e', f]
    return [line.split('\t') for line in tshark(pcap, *args, **keys).splitlines()]


def exchanges(pcap):
    """{exchange type: number of datagrams} of all IKE."""
    count = {}
    for (kind,) in rows(pcap, ['isakmp.exchangetype'], 'isakmp'):
        count[int(kind, 0)] = count.get(int(kind, 0), 0) + 1
    return count


def kinds(pcap):
    """Which protocols the outermost IP headers of a capture carry: {'esp', 'udp500', ...}."""
    found = set()
    for proto, sport, dport, arp in rows(pcap, ['ip.proto', 'udp.srcport', 'udp.dstport', 'arp.opcode']):
        if arp or not proto:
            found.add('arp')
            continue
        outer = int(proto.split(',')[0])
        ports = {p.split(',')[0] for p in (sport, dport) if p}
        if outer == 17:
            found.add('udp' + ('4500' if '4500' in ports else '500' if '500' in ports else '?'))
        else:
            found.add({50: 'esp', 51: 'ah', 47: 'gre', 1: 'icmp', 6: 'tcp'}.get(outer, str(outer)))
    return found


def read_keylog(folder):
    """What `culvert run --keylog DIR` wrote, as arguments for tshark()."""
    ike, esp = folder / 'ikev1_decryption_table', folder / 'esp_sa'
    return {'ike_keys': [line.split(',') for line in ike.read_text().split()] if ike.exists() else [],
            'esp_sas': esp.read_text().splitlines() if esp.exists() else []}


__all__ = ['Capture', 'tshark', 'rows', 'exchanges', 'kinds', 'read_keylog', 'run']
