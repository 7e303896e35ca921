# SPDX-License-Identifier: Apache-2.0
"""docs/first-hour.md, played: its blocks are typed one after the other, and print what stands below them."""
import json
import os
import re
import subprocess

import pytest

from conftest import BUILD, ROOT
from peers.netns import Net, need, until
from peers.strongswan import Charon

pytestmark = pytest.mark.no_way('what an installation has and starts: its options are its own')

PAGE = ROOT / 'docs' / 'first-hour.md'
UNIT = '/usr/local/lib/systemd/system/culvert.service'

# What is no command of ours, in the words of the page. systemctl does what the unit says, and nothing else.
SHIMS = {
    'sudo': 'exec "$@"\n',
    'make': '[ "$*" = install ] || exit 2\nexec {root}/tools/install install {build} /usr/local ""\n',
    'systemctl': '''[ "$2" = culvert ] || exit 2
stop() {{ [ ! -f {dir}/pid ] || {{ kill $(cat {dir}/pid); while kill -0 $(cat {dir}/pid) 2>/dev/null; do sleep 0.05; done; rm {dir}/pid; }}; }}
start() {{
	. /etc/default/culvert
	command=$(sed -n 's/^ExecStart=//p' {unit})
	eval "exec $command" >>{dir}/log 2>&1 &
	echo $! >{dir}/pid
	# Type=notify: it is back when the command line answers
	n=0
	while ! culvert shell -c 'show clock' >/dev/null 2>&1; do n=$((n + 1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done
}}
case $1 in
start) start ;;
stop) stop ;;
restart) stop; start ;;
*) exit 2 ;;
esac
''',
}


class Shell:
    """A shell on the router's machine: a network of its own, and whatever is installed or started is gone with it."""

    def __init__(self, ns, folder):
        self.folder = folder
        (folder / 'bin').mkdir()
        for name, text in SHIMS.items():
            path = folder / 'bin' / name
            path.write_text('#!/bin/sh\n' + text.format(root=ROOT, build=BUILD, dir=folder, unit=UNIT))
            path.chmod(0o755)
        self.proc = ns.popen('unshare', '-m', 'bash', '--noprofile', '--norc', stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True,
                             env={**os.environ, 'PATH': f'{folder}/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin'})
        made = self.run(f'mount --make-rprivate / && mkdir {folder}/etc && mount -t tmpfs tmpfs {folder}/etc && mkdir {folder}/etc/up '
                        f'{folder}/etc/work && mount -t overlay overlay -o lowerdir=/etc,upperdir={folder}/etc/up,workdir={folder}/etc/work /etc && '
                        'mount -t tmpfs tmpfs /usr/local && mount -t tmpfs tmpfs /run && rm -rf /etc/culvert /etc/default/culvert', ok=None)
        if self.status:
            pytest.skip(f'no mounts of its own: {made}')

    def run(self, text, ok=True):
        """What it prints, standard error in between."""
        self.proc.stdin.write(f'{text}\necho "@@$?@@"\n')
        self.proc.stdin.flush()
        said = ''
        while not (m := re.search(r'@@(\d+)@@\n$', said)):
            line = self.proc.stdout.readline()
            assert line, said
            said += line
        self.status = int(m[1])
        said = said[:m.start()]
        assert ok is None or not self.status, said
        return said


def blocks(text):
    """(number of its line, what it is, its lines) of each fenced block."""
    found, at = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith('```') and at is None:
            at = (number, line[3:].strip(), [])
        elif line == '```':
            found.append(at)
            at = None
        elif at:
            at[2].append(line)
    assert at is None, f'line {at[0]}: the block has no end'
    return found


def pattern(lines):
    """Those lines, one below the other, each `...` anything: a line of it alone is any number of lines."""
    if not lines:
        return r'\s*'
    out = ''
    for line in lines:
        if line == '...':
            out += r'(?:.*\n)*?'
        else:
            out += '.*'.join(re.sub(r'(\\ )+', r'[ ]+', re.escape(part)) for part in line.split('...')) + r'[ ]*\n'
    return out


@pytest.fixture
def world(tmp_path):
    need('unshare', 'nft', 'ping')
    if next(o for o in json.loads((BUILD / 'meson-info/intro-buildoptions.json').read_text())
            if o['name'] == 'prefix')['value'] != '/usr/local':
        pytest.skip('the build is for another prefix than /usr/local')
    with Net() as net:
        us, peer, pc = net.ns('us'), net.ns('peer'), net.ns('pc')
        net.link(us, 'wan', '192.0.2.1/24', peer, 'wan', '192.0.2.2/24')
        net.link(us, 'lan', '10.1.0.1/24', pc, 'lan', '10.1.0.10/24')
        peer.addr('lo', '10.2.0.1/32')
        pc.route('default', '10.1.0.1')
        net.shell, net.pc, net.charon = Shell(us, tmp_path), pc, Charon(peer).start()
        yield net


def play(world, kind, lines):
    text = '\n'.join(lines)
    if kind == 'sh':
        return ''.join(world.shell.run(line) for line in lines)
    if kind == 'sh pc':
        return ''.join(world.pc.run(*line.split()).stdout for line in lines)
    if kind == 'ios':
        return world.shell.run(f"culvert shell <<'@@'\nenable\nterminal length 0\n{text}\n@@", ok=None)
    if kind == 'swanctl':
        (world.charon.dir / 'swanctl' / 'swanctl.conf').write_text(text)
        return ''
    assert kind == 'sh peer' and all(line.startswith('sudo swanctl ') for line in lines), f'a block of {kind!r}'
    return ''.join(world.charon.ctl(*line.split()[2:]).stdout for line in lines)


def test_the_first_hour(world):
    said, played, wrong = '', 0, []
    for number, kind, lines in blocks(PAGE.read_text()):
        if kind != 'text':
            said = play(world, kind, lines)
            said += '' if said.endswith('\n') else '\n'
            played += 1
            assert '% Invalid input' not in said and '% Incomplete' not in said, f'line {number}:\n{said}'
        elif not re.fullmatch(pattern(lines), said):
            wrong.append('\n'.join([f'line {number}: wanted', *lines, '--- but it was', said]))
    log = world.shell.folder / 'log'
    assert not wrong, '\n'.join([*wrong, '--- log', log.read_text() if log.exists() else ''])
    assert played > 12


def test_a_page_that_is_wrong_is_seen():
    assert re.fullmatch(pattern(['a ... c', '...', 'd']), 'a  b c\nx\ny\nd\n')
    assert not re.fullmatch(pattern(['a', 'd']), 'a\nx\nd\n')
    assert not re.fullmatch(pattern(['a', '...', 'd']), 'a\nx\n')
    assert not re.fullmatch(pattern([]), 'table ip culvert\n')
    assert blocks('x\n```sh pc\na\n```\n```text\n```\n') == [(2, 'sh pc', ['a']), (5, 'text', [])]
