# SPDX-License-Identifier: Apache-2.0
"""The man pages: mandoc and groff find nothing to complain of, and the pages, the binary and its
--help say the same."""
import os
import re
import shutil
import subprocess

import pytest

from conftest import ROOT, built
from peers.netns import Net, need, run
from router import Router

pytestmark = pytest.mark.no_way('a command line: no packet passes')

MAN = ROOT / 'man'
PAGES = sorted(p.name for p in MAN.glob('*.[1-8]'))
# whose --help a page is about, and what of it other pages have
HELP = {'culvert.8': ['run'], 'culvert-shell.1': ['shell'], 'culvert-check.1': ['check', 'explain'], 'culvert-mirror.1': ['mirror'],
        'culvert-lab.1': ['lab']}
# an option, not a word with a hyphen
OPTION = re.compile(r'(?<![\w<-])(--[a-z][a-z-]*|-[A-Za-z])(?![\w-])')
VALUES = {'--interface': 'FastEthernet0/1=eth0', '--workers': '1'}


def help_text(*words):
    done = run(built('culvert'), *words, '--help')
    assert not done.stderr
    return done.stdout


def page_options(page):
    """What the page sets as an option; examples are not."""
    found = set()
    for line in (MAN / page).read_text().splitlines():
        if line.startswith('.'):
            found |= {'--' + w for w in re.findall(r'\bFl Fl ([a-z-]+)', line)}
            found |= {'-' + w for w in re.findall(r'\bFl (?!Fl)(\w+)', re.sub(r'Fl Fl', '', line))}
    return found


def marked(page, mark):
    """The displays that follow a comment CONFIG or EXEC."""
    text = (MAN / page).read_text()
    return re.findall(rf'^\.\\" {mark}\n\.Bd [^\n]*\n(.*?)^\.Ed$', text, re.M | re.S)


@pytest.mark.parametrize('page', PAGES)
def test_mandoc_and_groff_find_nothing(page):
    for tool in ('mandoc', 'man'):
        if not shutil.which(tool):
            pytest.skip(f'needs {tool}, which is not installed')
    lint = run('mandoc', '-T', 'lint', '-W', 'warning', MAN / page, ok=False)
    assert lint.returncode == 0 and not lint.stdout + lint.stderr, lint.stdout + lint.stderr
    # as lintian asks
    groff = run('man', '--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', MAN / page,
                env={**os.environ, 'LC_ALL': 'C.UTF-8', 'MANROFFSEQ': '', 'MANWIDTH': '80'})
    assert not groff.stderr, groff.stderr


@pytest.mark.parametrize('page', HELP)
def test_a_page_has_the_options_that_help_has(page):
    printed = set().union(*(OPTION.findall(help_text(*[w])) for w in HELP[page])) - {'--help'}
    wanted = printed | ({'--version'} if page == 'culvert.8' else set())
    assert page_options(page) - {'--help'} == wanted


def test_the_first_help_has_no_option_that_no_page_has():
    printed = set(OPTION.findall(help_text()))
    assert printed <= set().union(*map(page_options, HELP))
    assert {'--help', '--version'} <= printed


def test_pages_of_section_5_and_7_name_options_of_the_daemon():
    assert page_options('culvert.conf.5') <= page_options('culvert.8')
    assert not page_options('culvert.7')


@pytest.mark.parametrize('subcommand', ['run', 'shell'])
def test_the_binary_takes_what_help_says(subcommand, tmp_path):
    text = help_text(subcommand)
    for option in sorted(set(OPTION.findall(text)) - {'--help'}):
        value = VALUES.get(option, str(tmp_path / 'x'))
        done = run(built('culvert'), subcommand, option, value, '--help', ok=False)
        assert (done.returncode, done.stdout) == (0, text), option
    done = run(built('culvert'), subcommand, '--no-such-option', ok=False)
    assert done.returncode == 2


def test_subcommands_are_those_of_the_pages():
    subs = set(re.findall(r'^(?:usage:|      ) culvert ([a-z]+)', help_text(), re.M))
    said = set(re.findall(r'^\.Nm culvert Cm ([a-z |]+)', (MAN / 'culvert.8').read_text(), re.M))
    assert {w for words in said for w in words.split(' | ')} == subs
    lab = set(re.findall(r'culvert lab ([a-z]+)', help_text('lab')))
    assert set(re.findall(r'^\.It Cm ([a-z]+)', (MAN / 'culvert-lab.1').read_text(), re.M)) == lab


def test_paths_are_those_that_the_binary_names():
    text = help_text('run')
    for path in re.findall(r'\((/[^)]*)\)', text):
        assert path in (MAN / 'culvert.8').read_text()
    assert '/etc/culvert/startup-config' in text


@pytest.mark.parametrize('page', ['culvert.7', 'culvert.conf.5'])
def test_configurations_in_the_pages_are_good(page):
    examples = marked(page, 'CONFIG')
    assert examples
    for text in examples:
        done = run(built('culvert'), 'check', '-', input=text, ok=False)
        assert done.returncode == 0 and '0 errors, 0 warnings' in done.stdout, text + done.stdout


@pytest.fixture(scope='module')
def router():
    need('ip', 'nft')
    text = ('hostname Router\ninterface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n'
            'interface Tunnel0\nend\n')
    with Net() as net:
        ns = net.ns('r')
        ns.ip('link', 'add', 'wan', 'type', 'veth', 'peer', 'name', 'far')
        one = Router(ns, text)
        yield one
        one.stop()


def test_modes_have_the_prompts_of_the_page(router):
    pexpect = pytest.importorskip('pexpect')
    rows = re.findall(r'^\.It Li (Router\S*) Ta (?:Ic )?(.*)$', (MAN / 'culvert.7').read_text(), re.M)
    assert rows[0] == ('Router>', 'a session from a terminal') and len(rows) > 5
    shell = pexpect.spawn(str(built('culvert')), ['shell', '--socket', str(router.sock)], timeout=20)
    shell.expect_exact('Router>')
    for prompt, line in rows[1:]:
        shell.sendline(line)
        shell.expect(r'(?m)^(Router\S*[>#])', timeout=20)
        while shell.match[1].decode() != prompt:  # it is drawn again while the line is typed
            shell.expect(r'(?m)^(Router\S*[>#])', timeout=5)
    shell.sendline('exit')
    shell.expect_exact('Router(config)#')
    shell.sendline('end')
    shell.close()


def test_exec_lines_in_the_pages_are_commands(router):
    """Typed into a router one by one: none of them is answered by a caret or as incomplete."""
    lines = [line for text in marked('culvert.7', 'EXEC') for line in text.splitlines()]
    assert len(lines) > 50
    for line in lines:
        out = router.cli(line)
        assert not re.search(r'% ?(Invalid|Incomplete|Ambiguous|Unknown|Unrecognized)|\^', out), line + '\n' + out
