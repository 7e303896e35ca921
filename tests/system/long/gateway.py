# SPDX-License-Identifier: Apache-2.0
"""One `culvert run` in a namespace, and its IOS configuration written from a few words."""
import contextlib
import re
import signal

from conftest import built
from peers.netns import run, until

US, PEER = '192.0.2.1', '192.0.2.2'
HOST, FAR_HOST, FAR_HOST2 = '10.1.1.10', '10.2.2.10', '10.2.3.10'
NEAR_NET, FAR_NET, FAR_NET2 = '10.1.1.0/24', '10.2.2.0/24', '10.2.3.0/24'
LAN_LINE = 'permit ip 10.1.1.0 0.0.0.255 10.2.2.0 0.0.0.255'
LAN_LINE2 = 'permit ip 10.1.1.0 0.0.0.255 10.2.3.0 0.0.0.255'
GRE_LINE = f'permit gre host {US} host {PEER}'

GROUP = {'modp768': 1, 'modp1024': 2, 'modp1536': 5, 'modp2048': 14, 'modp3072': 15, 'modp4096': 16}
CIPHER = {'des': 'des', '3des': '3des', 'aes128': 'aes 128', 'aes192': 'aes 192', 'aes256': 'aes 256'}
HASH = {'md5': 'md5', 'sha1': 'sha', 'sha256': 'sha256', 'sha384': 'sha384', 'sha512': 'sha512'}
# strongSwan's words for phase 1; phase 2 is the same cipher and hash
SUITES = ['3des-sha1-modp1024', 'aes256-sha1-modp1024', 'aes128-sha256-modp2048', 'des-md5-modp768']


def esp_of(suite, pfs=False):
    """The ESP proposal that goes with a phase 1 suite, in strongSwan's words."""
    cipher, hash_, group = suite.split('-')
    return f'{cipher}-{hash_}' + (f'-{group}' if pfs else '')


def config(suite, local=US, peer=PEER, permits=(), acl=(LAN_LINE,), pfs=False, psk='secretkey', mode='tunnel',
           tunnel=False, life=86400, set_lines=(), esp=None):
    """The IOS configuration of a router with one crypto map; suites in strongSwan's words.
    With permits (the words after `permit`) it has no LAN device: it protects its own packets."""
    cipher, hash_, group = suite.split('-')
    esp_cipher, esp_hash = (esp or f'{cipher}-{hash_}').split('-')
    lines = ['hostname R1', 'crypto isakmp policy 10', f' encryption {CIPHER[cipher]}', f' hash {HASH[hash_]}',
             ' authentication pre-share', f' group {GROUP[group]}', f' lifetime {life}',
             f'crypto isakmp key {psk} address {peer}',
             f'crypto ipsec transform-set TS esp-{CIPHER[esp_cipher]} esp-{HASH[esp_hash]}-hmac', f' mode {mode}',
             'ip access-list extended VPN', *([f' permit {p}' for p in permits] or [f' {line}' for line in acl]),
             'crypto map CM 10 ipsec-isakmp', f' set peer {peer}', ' set transform-set TS']
    lines += [f' set pfs group{GROUP[group]}'] if pfs else []
    lines += [f' {line}' for line in set_lines]
    lines += [' match address VPN', 'interface FastEthernet0/1', f' ip address {local} 255.255.255.0', ' crypto map CM']
    if not permits:
        lines += ['interface FastEthernet0/0', ' ip address 10.1.1.1 255.255.255.0',
                  f'ip route 10.2.0.0 255.255.0.0 {"Tunnel0" if tunnel else peer}']
    if tunnel:
        lines += ['interface Tunnel0', ' ip address 172.16.0.1 255.255.255.252', ' ip mtu 1400',
                  f' tunnel source {local}', f' tunnel destination {peer}']
    return '\n'.join(lines) + '\nend\n'


class Router:
    """culvert run, from construction to stop(). devices: {IOS name: device in ns}."""

    def __init__(self, ns, text, devices=None):
        self.ns = ns
        self.culvert = built('culvert')
        self.file, self.socket = ns.net.dir / f'{ns.label}.cfg', ns.net.dir / f'{ns.label}.sock'
        self.logfile, self.keys = ns.net.dir / f'{ns.label}.log', ns.net.dir / f'{ns.label}.keys'
        self.keys.mkdir()
        self.file.write_text(text)
        argv = [self.culvert, 'run', '--config', self.file, '--socket', self.socket, '--keylog', self.keys]
        for ios, dev in (devices or {'FastEthernet0/1': 'wan'}).items():
            argv += ['--interface', f'{ios}={dev}']
        self.proc = ns.popen(*argv, log=self.logfile)
        until(self.answers, 15, 'culvert run')

    def answers(self):
        assert self.proc.poll() is None, f'culvert run ended with {self.proc.returncode}:\n{self.log()}'
        return self.socket.exists() and self.shell('show version', ok=False).returncode == 0

    def shell(self, *commands, ok=True):
        return run(self.culvert, 'shell', '--socket', self.socket, '-c', ' ; '.join(commands), ok=ok)

    def cli(self, *commands):
        return self.shell(*commands).stdout

    def log(self):
        return self.logfile.read_text(errors='replace') if self.logfile.exists() else ''

    def isakmp(self):
        """[(dst, src, state, conn-id, status)] of `show crypto isakmp sa`."""
        return re.findall(r'^(\d\S+)\s+(\d\S+)\s+(\w+)\s+(\d+)\s+(\w+)', self.cli('show crypto isakmp sa'), re.M)

    def up(self):
        return [sa for sa in self.isakmp() if sa[2] == 'QM_IDLE' and sa[4] == 'ACTIVE']

    def spis(self):
        """{(direction, SPI as eight hex digits)} of `show crypto ipsec sa`."""
        found, way = set(), None
        for line in self.cli('show crypto ipsec sa').splitlines():
            if m := re.search(r'(inbound|outbound) esp sas', line):
                way = m.group(1)
            elif re.search(r'(inbound|outbound) (ah|pcp) sas', line):
                way = None
            elif way and (m := re.search(r'^\s*spi: 0x([0-9A-Fa-f]+)', line)):
                found.add((way, m.group(1).lower().zfill(8)))
        return found

    def counted(self):
        """(encrypted, decrypted) packets of all SAs together."""
        out = self.cli('show crypto ipsec sa')
        return tuple(sum(map(int, re.findall(rf'#pkts {w}: (\d+)', out))) for w in ('encrypt', 'decrypt'))

    def stop(self):
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
            self.proc.wait(timeout=15)
        return self.proc.returncode

    def story(self):
        """What helps to understand a failed test."""
        shown = ''
        with contextlib.suppress(Exception):
            shown = self.cli('show crypto isakmp sa', 'show crypto ipsec sa', 'show crypto session detail')
        return f'{shown}\n{self.log()}'


def near_side(net, router_ns):
    """A host on the LAN of the router; the router's device is lan0."""
    host = net.ns('host')
    net.link(host, 'eth0', f'{HOST}/24', router_ns, 'lan0', '10.1.1.1/24')
    host.ip('route', 'add', 'default', 'via', '10.1.1.1')
    return host
