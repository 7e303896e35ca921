# SPDX-License-Identifier: Apache-2.0
"""strongSwan as a peer: one charon in a namespace, with a folder of its own.

kernel='libipsec': ESP in user space. It pretends to be behind NAT, so ESP comes in
    UDP 4500 and tunnel mode only.
kernel='fake': the kernel's XFRM with SAs that it refuses taken for installed
    (xfrmfake): every mode is negotiated, no packet is carried.
"""
import os
import re
import signal

from peers.netns import need, run, until

CHARON, SWANCTL = '/usr/sbin/charon-systemd', '/usr/sbin/swanctl'
PLUGINS = 'random nonce aes sha1 sha2 md5 hmac kdf pem pkcs1 pkcs8 x509 revocation constraints pubkey openssl gmp ' \
          'gcm ctr xcbc drbg {kernel} kernel-netlink socket-default vici updown'


def conf_text(tree, depth=0):
    """Nested dictionaries as strongSwan's configuration syntax."""
    pad, out = '  ' * depth, []
    for key, value in tree.items():
        if isinstance(value, dict):
            out.append(f'{pad}{key} {{\n{conf_text(value, depth + 1)}{pad}}}\n')
        else:
            out.append(f'{pad}{key} = {value}\n')
    return ''.join(out)


def parse_raw(text):
    """`swanctl --raw` as nested dictionaries; lists become lists."""
    tokens = re.findall(r'\[(?:[^\[\]]|\[[^\]]*\])*\]|[{}]|[^\s{}\[\]]+', text)
    root = {}
    stack, key = [root], None
    for t in tokens:
        if t == '{':
            child = {}
            stack[-1][key] = child
            stack.append(child)
        elif t == '}':
            stack.pop()
        elif t.startswith('['):
            stack[-1][key] = t[1:-1].split()
        elif '=' in t:
            key, _, value = t.partition('=')
            stack[-1][key] = value
        else:
            key = t
    return root


def parse_sas(text):
    """ISAKMP SAs out of `swanctl --list-sas --raw`, children as a list under 'children'."""
    found = []
    for line in text.splitlines():
        if line.startswith('list-sa event'):
            for name, sa in parse_raw(line.partition(' event ')[2])[None].items():
                sa['name'] = name
                sa['children'] = list(sa.get('child-sas', {}).values())
                found.append(sa)
    return found


def connection(local, remote, proposals, children, **more):
    """An IKEv1 main mode connection with a pre-shared key; more overrides."""
    conn = {'version': 1, 'local_addrs': local, 'remote_addrs': remote, 'proposals': proposals,
            'keyingtries': 1, 'rekey_time': '4h', 'reauth_time': 0, 'dpd_delay': 0,
            'local': {'auth': 'psk', 'id': local}, 'remote': {'auth': 'psk', 'id': remote},
            'children': children}
    conn.update(more)
    return conn


def child(local_ts, remote_ts, proposals, **more):
    c = {'local_ts': local_ts, 'remote_ts': remote_ts, 'esp_proposals': proposals, 'start_action': 'none',
         'rekey_time': '1h'}
    c.update(more)
    return c


class Charon:
    def __init__(self, ns, kernel='libipsec', fake=None, retransmit=None, options=None, ike=2):
        need(CHARON, SWANCTL)
        self.ns, self.kernel, self.fake = ns, kernel, fake
        self.dir = ns.net.dir / f'charon-{ns.label}'
        self.dir.mkdir()
        (self.dir / 'swanctl').mkdir()
        self.uri = f'unix://{self.dir}/vici'
        self.logfile = self.dir / 'log'
        retry = retransmit or {}
        plugins = {'vici': {'socket': self.uri}}
        if kernel == 'libipsec':
            plugins['kernel-libipsec'] = {'load': 'yes'}
        conf = {'charon': {
            'load': PLUGINS.format(kernel='kernel-libipsec' if kernel == 'libipsec' else ''),
            'retransmit_tries': retry.get('tries', 3), 'retransmit_timeout': retry.get('timeout', 1.0),
            'retransmit_base': retry.get('base', 1.4),
            'install_virtual_ip': 'no', 'install_routes': 'yes' if kernel == 'libipsec' else 'no',
            # chd = 4 prints keys, for child_keys()
            'filelog': {'f': {'path': self.logfile, 'default': 1, 'ike': ike, 'cfg': 2, 'chd': 4,
                              'flush_line': 'yes'}},
            'plugins': plugins, **(options or {})}}
        self.conf = self.dir / 'strongswan.conf'
        self.conf.write_text(conf_text(conf))
        self.proc = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    def env(self):
        return {**os.environ, 'STRONGSWAN_CONF': str(self.conf), 'SWANCTL_DIR': str(self.dir / 'swanctl')}

    def start(self):
        (self.dir / 'vici').unlink(missing_ok=True)
        env = self.env()
        env.pop('LD_PRELOAD', None)
        argv = [CHARON]
        if self.kernel == 'fake':
            argv = ['env', f'LD_PRELOAD={self.fake}', *argv]
        self.proc = self.ns.popen(*argv, log=self.dir / 'out', env=env)
        until(self.answers, what='charon')
        return self

    def answers(self):
        assert self.proc.poll() is None, f'charon ended:\n{(self.dir / "out").read_text()}{self.log()}'
        return (self.dir / 'vici').exists() and self.ctl('--stats', ok=False).returncode == 0

    def stop(self, sig=signal.SIGTERM):
        """SIGTERM says goodbye to peers; SIGKILL does not."""
        if self.proc and self.proc.poll() is None:
            self.proc.send_signal(sig)
            self.proc.wait(timeout=10)
        self.proc = None

    def ctl(self, *args, ok=True, timeout=60):
        return run(SWANCTL, *args, '--uri', self.uri, ok=ok, env=self.env(), timeout=timeout)

    def load(self, connections, psk='secretkey', secrets=None):
        tree = {'connections': connections,
                'secrets': secrets or {'ike-1': {'secret': f'"{psk}"'}}}
        (self.dir / 'swanctl' / 'swanctl.conf').write_text(conf_text(tree))
        self.ctl('--load-all', '--clear')
        return self

    def initiate(self, name, ike=None, timeout=20, ok=True):
        args = ['--initiate', '--child', name, '--timeout', timeout]
        if ike:
            args += ['--ike', ike]
        return self.ctl(*args, ok=ok, timeout=timeout + 10)

    def terminate(self, ok=True, **what):
        (kind, name), = what.items()
        return self.ctl('--terminate', f'--{kind.replace("_", "-")}', name, '--timeout', '10', ok=ok)

    def rekey(self, ok=True, **what):
        (kind, name), = what.items()
        return self.ctl('--rekey', f'--{kind.replace("_", "-")}', name, ok=ok)

    def sas(self):
        return parse_sas(self.ctl('--list-sas', '--raw').stdout)

    def children(self, state='INSTALLED'):
        return [c for sa in self.sas() for c in sa['children'] if state is None or c['state'] == state]

    def log(self):
        return self.logfile.read_text(errors='replace') if self.logfile.exists() else ''

    def mark(self):
        """A place in the log; since(mark) is what came later."""
        return len(self.log())

    def since(self, mark):
        return self.log()[mark:]

    def ike_secrets(self):
        """{name: bytes as hex} of what phase 1 was made of and made: with ike=4 charon prints it."""
        found, name, left = {}, None, 0
        for line in self.log().splitlines():
            m = re.search(r'\[IKE\] +((?:shared Diffie Hellman secret|SKEYID\w*|encryption key \w+)) => (\d+) bytes', line)
            if m:
                name, left = m[1], int(m[2])
                found[name] = ''
                continue
            m = re.search(r'\[IKE\] +\d+: ((?:[0-9A-F]{2} )+)', line)
            if name and m:
                found[name] = (found[name] + m[1].replace(' ', '').lower())[:2 * left]
            else:
                name = None
        return found

    def child_keys(self):
        """{key bytes as hex} of every IPsec SA that charon derived."""
        keys, current = set(), None
        for line in self.log().splitlines():
            m = re.search(r'\[CHD\] +(encryption|integrity) (initiator|responder) key => (\d+) bytes', line)
            if m:
                current, left = '', int(m.group(3))
                continue
            m = re.search(r'\[CHD\] +\d+: ((?:[0-9A-F]{2} )+)', line)
            if current is not None and m:
                current += m.group(1).replace(' ', '').lower()
                if len(current) >= 2 * left:
                    keys.add(current[:2 * left])
                    current = None
        return keys
