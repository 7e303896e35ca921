# SPDX-License-Identifier: Apache-2.0
"""Two namespaces, one wire, and a tunnel of some make between them; the load begins and ends on the
gateways themselves, between NEAR and FAR. Each kind is made once and stays while others are measured, so
that all can take turns."""
import itertools
import os
import pathlib
import shutil

from peers.netns import Net, run, until
from peers.strongswan import Charon, child, connection
from router import Router

from benchlib import BUILD

US, PEER = '192.0.2.1', '192.0.2.2'
NEAR, FAR = '10.1.0.1', '10.2.0.1'
NEAR_NET, FAR_NET = '10.1.0.0/24', '10.2.0.0/24'
INNER_MTU = 1420  # where the maker of a tunnel has to say one

ESP = {'aes256-gcm': 'esp-gcm 256', 'aes128-gcm': 'esp-gcm', 'aes256-sha': 'esp-aes 256 esp-sha-hmac',
       'aes256-sha256': 'esp-aes 256 esp-sha256-hmac', '3des-sha': 'esp-3des esp-sha-hmac'}
SWAN_ESP = {'aes256-gcm': 'aes256gcm16', 'aes128-gcm': 'aes128gcm16', 'aes256-sha': 'aes256-sha1',
            'aes256-sha256': 'aes256-sha256', '3des-sha': '3des-sha1'}
_numbers = itertools.count(1)


class Missing(Exception):
    """A peer that is not installed; the text says what."""


def nft(ns, family, chain, line):
    """One chain with that in it, in the table `bench`."""
    ns.run('nft', '-f', '-', input=f'table {family} bench {{\nchain {chain}\n{line}\n}}\n}}\n')


class World:
    """near and far, with the addresses that the load uses. Subclasses put a tunnel between."""

    def __init__(self):
        self.net = Net()
        self.near, self.far = self.net.ns('near'), self.net.ns('far')
        self.net.link(self.near, 'wan', f'{US}/24', self.far, 'wan', f'{PEER}/24')
        for ns, own in ((self.near, NEAR), (self.far, FAR)):
            ns.addr('lo', f'{own}/32')
        self.ends = ((self.near, US, PEER, NEAR, NEAR_NET, FAR_NET), (self.far, PEER, US, FAR, FAR_NET, NEAR_NET))
        try:
            self.build()
            # whoever runs there now is the gateway
            self.gateways = [ns.pids() for ns in (self.near, self.far)]
            self.server()
            self.prove()
        except BaseException:
            self.close()
            raise

    def build(self):
        """Plain veth."""
        for ns, _, other, own, _, net in self.ends:
            ns.ip('route', 'add', net, 'via', other, 'src', own)

    def through(self, ns, device, own, net):
        ns.ip('link', 'set', device, 'up', 'mtu', INNER_MTU)
        ns.ip('route', 'replace', net, 'dev', device, 'src', own)

    def server(self):
        # it ends itself now and then, when a connection was broken off
        self.far.popen('sh', '-c', f'while :; do iperf3 -s -B {FAR}; sleep 0.1; done', log=self.net.dir / 'iperf')
        until(lambda: '5201' in self.far.run('ss', '-ltn').stdout, 20, 'iperf3')

    def prove(self):
        """Something comes back, and it went through what was built."""
        until(lambda: self.near.run('ping', '-n', '-c', 1, '-W', 2, '-I', NEAR, FAR, ok=False).returncode == 0, 20,
              f'an answer through {type(self).__name__}')

    def close(self):
        self.net.close()


class Ceiling(World):
    """bench/ceiling, by one of its ports."""

    def __init__(self, port):
        self.port = port
        super().__init__()

    def mac(self, ns):
        return ns.run('cat', '/sys/class/net/wan/address').stdout.strip()

    def build(self):
        macs = [self.mac(end[0]) for end in self.ends]
        for (ns, us, other, own, _, net), (mac, peer_mac) in zip(self.ends, (macs, macs[::-1])):
            words = [self.port]
            if self.port.startswith(('packet', 'xdp')):
                words += ['wan', mac, peer_mac]
                nft(ns, 'netdev', 'in { type filter hook ingress device "wan" priority 0;', 'ip protocol esp drop')
            ns.popen(BUILD / 'bench' / 'ceiling', 'ceil0', us, other, *words, log=self.net.dir / 'ceiling')
            until(lambda: ns.ip('link', 'show', 'ceil0', ok=False), 20, (self.net.dir / 'ceiling').read_text() or 'the TUN')
            self.through(ns, 'ceil0', own, net)


class Culvert(World):
    """Two routers. udp: as if a NAT were between them, though only their first two messages meet one.
    gre: a protected tunnel instead of a crypto map. bare: no crypto (bench/culvert_no_crypto)."""

    def __init__(self, suite='aes256-gcm', udp=True, gre=False, bare=False, args=()):
        self.suite, self.udp, self.gre, self.bare, self.args = suite, udp, gre, bare, args
        super().__init__()

    def ios(self, us, other, near, net):
        """net: the one behind the other, as `10.2.0.0/24`."""
        dots = ' '.join((net.split('/')[0], '255.255.255.0'))
        lines = ['crypto isakmp policy 10', ' encr aes', ' authentication pre-share', ' group 2',
                 f'crypto isakmp key secretkey address {other}', f'crypto ipsec transform-set TS {ESP[self.suite]}',
                 f' mode {"transport" if self.gre else "tunnel"}']
        if self.gre:
            lines += ['crypto ipsec profile P', ' set transform-set TS',
                      'interface FastEthernet0/1', f' ip address {us} 255.255.255.0', 'interface Tunnel0',
                      f' ip address 172.16.0.{us[-1]} 255.255.255.252', ' tunnel source FastEthernet0/1',
                      f' tunnel destination {other}', ' tunnel protection ipsec profile P', f'ip route {dots} Tunnel0']
        else:
            mine, his = (n.split('/')[0] + ' 0.0.0.255' for n in (near, net))
            lines += ['ip access-list extended C', f' permit ip {mine} {his}', 'crypto map M 10 ipsec-isakmp',
                      f' set peer {other}', ' set transform-set TS', ' match address C', 'interface FastEthernet0/1',
                      f' ip address {us} 255.255.255.0', ' crypto map M']
        return '\n'.join(lines) + '\nend\n'

    def half_a_nat(self):
        """What tells a NAT are IKE's own ports: another source port for its first messages is enough, and what
        goes on from 4500 to 4500 meets none. The kernel tracks no other connection for it."""
        untracked = 'udp dport { 500, 1500 } accept\nnotrack'
        for chain, line in (('raw { type filter hook prerouting priority raw;', untracked),
                            ('rawout { type filter hook output priority raw;', untracked),
                            ('nat { type nat hook postrouting priority srcnat;', 'udp sport 500 snat to :1500')):
            nft(self.near, 'ip', chain, line)

    def build(self):
        if self.udp:
            self.half_a_nat()
        program = BUILD / ('bench/culvert_no_crypto' if self.bare else 'culvert')
        self.routers = []
        for ns, us, other, own, near, net in reversed(self.ends):
            if not self.gre:
                ns.ip('route', 'add', net, 'via', other, 'src', own)
            self.routers.insert(0, Router(ns, self.ios(us, other, near, net), args=self.args, program=program))

    def prove(self):
        super().prove()
        said = self.routers[0].cli('show crypto ipsec sa')
        assert ('UDP-Encaps' in said) == self.udp and '#pkts encaps: 0,' not in said and '#pkts encaps' in said, said

    def forwarder(self):
        """Its process id, of the near router: the one without any capability that filters its system calls."""
        def status(pid):
            return dict(line.split(':\t', 1) for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines()
                        if ':\t' in line)
        found = [pid for pid in self.routers[0].pids() if int(status(pid)['CapPrm'], 16) == 0 and status(pid)['Seccomp'] == '2']
        assert len(found) == 1, found
        return found[0]

    def close(self):
        for r in getattr(self, 'routers', ()):
            if r.proc.poll() is None:
                r.stop()
        super().close()


class StrongSwan(World):
    """kernel-libipsec: ESP in UDP, in user space."""

    def __init__(self, suite):
        self.suite = suite
        if not os.path.exists('/usr/sbin/charon-systemd'):
            raise Missing('strongSwan (charon-systemd, libcharon-extra-plugins)')
        super().__init__()

    def build(self):
        quiet = {'filelog': {'f': {'path': str(self.net.dir / 'charon.log'), 'default': 0}}}
        self.charons = []
        for ns, us, other, own, near, net in reversed(self.ends):
            ns.ip('route', 'add', net, 'via', other, 'src', own)
            c = Charon(ns, 'libipsec', options=quiet).start()
            self.charons.insert(0, c.load({'c': connection(us, other, 'aes128-sha1-modp1024',
                                                           {'t': child(near, net, SWAN_ESP[self.suite])})}))
        self.charons[0].initiate('t')

    def close(self):
        for c in getattr(self, 'charons', ()):
            c.stop()
        super().close()


class WireguardGo(World):
    def __init__(self):
        for program in ('wireguard-go', 'wg'):
            if not shutil.which(program):
                raise Missing('wireguard-go and wireguard-tools')
        super().__init__()

    def build(self):
        keys = [run('wg', 'genkey').stdout.strip() for _ in self.ends]
        public = [run('wg', 'pubkey', input=k).stdout.strip() for k in keys]
        # its sockets of control are not per namespace
        names = [f'wg{os.getpid() % 10**6}{next(_numbers)}{s}' for s in 'ab']
        for i, (ns, _, other, own, _, net) in enumerate(self.ends):
            ns.popen('env', 'LOG_LEVEL=error', 'wireguard-go', '-f', names[i], log=self.net.dir / 'wireguard')
            until(lambda: os.path.exists(f'/var/run/wireguard/{names[i]}.sock'), 10, 'wireguard-go')
            key = self.net.dir / f'key{i}'
            key.write_text(keys[i])
            ns.run('wg', 'set', names[i], 'private-key', key, 'listen-port', 51820, 'peer', public[1 - i],
                   'allowed-ips', net, 'endpoint', f'{other}:51820')
            self.through(ns, names[i], own, net)


class OpenVpn(World):
    """AES-256-GCM, UDP, in user space."""

    def __init__(self):
        if not shutil.which('openvpn', path=os.environ['PATH'] + ':/usr/sbin'):
            raise Missing('openvpn')
        super().__init__()

    def build(self):
        d, prints = self.net.dir, []
        for i in (0, 1):
            run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout',
                d / f'v{i}.key', '-out', d / f'v{i}.crt', '-days', 30, '-subj', f'/CN=v{i}')
            prints.append(run('openssl', 'x509', '-in', d / f'v{i}.crt', '-noout', '-fingerprint', '-sha256')
                          .stdout.strip().split('=')[1])
        for i, (ns, us, other, own, _, net) in reversed(list(enumerate(self.ends))):
            ns.popen('/usr/sbin/openvpn', '--dev', 'ovpn0', '--dev-type', 'tun', '--proto', 'udp', '--local', us,
                     '--remote', other, '--port', 1194, '--ifconfig', f'10.9.0.{1 + i}', f'10.9.0.{2 - i}',
                     '--tls-server' if i else '--tls-client', *(['--dh', 'none'] if i else []), '--cert', d / f'v{i}.crt',
                     '--key', d / f'v{i}.key', '--peer-fingerprint', prints[1 - i], '--data-ciphers', 'AES-256-GCM',
                     '--cipher', 'AES-256-GCM', '--disable-dco', '--verb', 1, log=d / f'openvpn{i}')
        for ns, _, _, own, _, net in self.ends:
            until(lambda: 'UP' in ns.ip('link', 'show', 'ovpn0', ok=False), 20, 'OpenVPN')
            self.through(ns, 'ovpn0', own, net)


CEILINGS = ('udp', 'raw', 'rawmm', 'packet', 'packet2', 'xdp', 'xdp2')
KINDS = {'veth': World, **{f'ceiling {p}': (lambda p=p: Ceiling(p)) for p in CEILINGS}}
KINDS |= {f'bare {"gre " if gre else ""}{"udp" if udp else "raw"}':
          (lambda udp=udp, gre=gre: Culvert(udp=udp, gre=gre, bare=True)) for udp in (True, False) for gre in (False, True)}
KINDS |= {f'culvert {"udp" if udp else "raw"} {suite}': (lambda udp=udp, suite=suite: Culvert(suite, udp=udp))
          for udp in (True, False) for suite in ('aes256-gcm', 'aes256-sha', '3des-sha')}
KINDS |= {f'culvert gre {"udp" if udp else "raw"} aes256-gcm': (lambda udp=udp: Culvert(udp=udp, gre=True)) for udp in (True, False)}
KINDS |= {f'strongswan {suite}': (lambda suite=suite: StrongSwan(suite)) for suite in ('aes256-gcm', 'aes256-sha', '3des-sha')}
KINDS |= {'wireguard-go': WireguardGo, 'openvpn': OpenVpn}
