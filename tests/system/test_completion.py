# SPDX-License-Identifier: Apache-2.0
"""What bash, zsh and fish complete, asked of the shells themselves: TAB in an interactive one, bash's own call of
the function for the rows of a table, and what fish says that it would offer."""
import os
import re
import shutil
import subprocess

import pytest

from conftest import ROOT, built
from peers.netns import run
from test_man import HELP, OPTION, help_text

pytestmark = pytest.mark.no_way('a command line: no packet passes')

BASH, ZSH = ROOT / 'packaging/completions/culvert.bash', ROOT / 'packaging/completions/culvert.zsh'
FISH = ROOT / 'packaging/completions/culvert.fish'
SUBS = {'run', 'shell', 'check', 'mirror', 'explain', 'lab'}

# stands in for the program where a lab would have to be up; what it prints is the program's
# (test_labs_are_listed_as_here)
FAKE = '''#!/bin/sh
case "$*" in
"explain") printf '%s\\n' aes mm_key_exch '$(touch x)' ;;
"lab list") cat <<'EOT'
two-sites            up        /x/two-sites/lab.yml
gone                 dead      /x/gone/lab.yml
EOT
;;
"lab list two-sites") cat <<'EOT'
lab two-sites is up: 2 nodes
  H1        eth1 10.1.1.10/24                       -- R1:FastEthernet0/0
  R1        FastEthernet0/0 (fa0-0) 10.1.1.1/24     -- H1:eth1
            Tunnel0 172.16.0.1/30
EOT
;;
esac
'''


@pytest.fixture
def place(tmp_path):
    """A folder with a program in bin/, a lab, and files."""
    (tmp_path / 'bin').mkdir()
    fake = tmp_path / 'bin' / 'culvert'
    fake.write_text(FAKE)
    fake.chmod(0o755)
    for lab in ('share/culvert/labs/gre-over-ipsec', 'share/culvert/labs/site-to-site', 'my-lab'):
        (tmp_path / lab).mkdir(parents=True)
        (tmp_path / lab / 'lab.yml').write_text('')
    (tmp_path / 'share/culvert/labs/README.md').write_text('')
    (tmp_path / 'my router.cfg').write_text('')
    return tmp_path


def bash(place, *words):
    """The words that bash's completion function offers behind these, the last of them begun."""
    script = ('source "$1"; shift; complete -p culvert >/dev/null || exit 3; COMP_WORDS=("$@"); '
              'COMP_CWORD=$(($# - 1)); _culvert "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(['bash', '--norc', '--noprofile', '-c', script, 'bash', str(BASH), 'culvert', *words],
                          cwd=place, capture_output=True, text=True, timeout=20,
                          env={'PATH': f'{place}/bin:{os.environ["PATH"]}', 'HOME': str(place)})
    assert done.returncode == 0 and not done.stderr, done.stderr
    return {w for w in done.stdout.splitlines() if w}


def test_subcommands_and_options_are_those_of_help(place):
    assert bash(place, '') == SUBS | {'--version', '--help'}
    assert bash(place, 'ru') == {'run'}
    for sub in SUBS:
        here = set(OPTION.findall(help_text(sub))) | {'--help'}
        if sub == 'lab':
            assert bash(place, 'lab', '') == {'up', 'down', 'list', 'shell', 'exec', '--help'}
            assert bash(place, 'lab', 'shell', 'two-sites', 'R1', '-') == here - {'--help'}
        else:
            assert bash(place, sub, '-') == here | ({'-'} if sub in ('check', 'mirror') else set())
    assert SUBS == {word for words in HELP.values() for word in words}
    subs = set(re.findall(r'culvert lab ([a-z]+)', help_text('lab')))
    assert bash(place, 'lab', '') - {'--help'} == subs


def test_values_of_options(place):
    assert 'my router.cfg' in bash(place, 'run', '--config', 'my')
    assert bash(place, 'run', '--keylog', 'my') == {'my-lab'}
    assert 'FastEthernet0/1=' in bash(place, 'run', '--interface', 'Fast')
    # bash takes the equals sign for a word of its own
    devices = set(os.listdir('/sys/class/net'))
    devices = {d for d in devices if os.path.isdir(f'/sys/class/net/{d}')}
    assert bash(place, 'run', '--interface', 'FastEthernet0/1', '=') == devices
    assert bash(place, 'run', '--interface', 'FastEthernet0/1', '=', 'l') == {d for d in devices if d[0] == 'l'}
    assert bash(place, 'shell', '-c', '') == set()
    assert bash(place, 'check', 'my') == bash(place, 'mirror', 'my') == {'my router.cfg', 'my-lab'}
    assert bash(place, 'mirror', '--peer', '') == set()
    assert bash(place, 'explain', 'mm_k') == {'mm_key_exch'}


def test_labs_and_nodes(place):
    installed = {f'{place}/share/culvert/labs/{n}' for n in ('gre-over-ipsec', 'site-to-site')}
    assert bash(place, 'lab', 'up', '') == installed | {'bin', 'share', 'my-lab'}
    assert bash(place, 'lab', 'up', 'my') == {'my-lab'}
    for sub in ('list', 'shell', 'exec'):
        assert bash(place, 'lab', sub, '') == {'two-sites'}
    assert bash(place, 'lab', 'down', '') == {'two-sites', 'gone'}
    assert bash(place, 'lab', 'exec', 'two-sites', '') == {'H1', 'R1'}
    assert bash(place, 'lab', 'exec', 'two-sites', 'R') == {'R1'}
    assert 'printf' in bash(place, 'lab', 'exec', 'two-sites', 'R1', 'print')
    assert bash(place, 'lab', 'list', './m') == {'./my-lab'}


def test_nothing_that_others_have_named_is_run(place):
    evil = '$(touch${IFS}pwned)'
    (place / 'bin' / 'culvert').write_text(f"#!/bin/sh\nprintf '%s up x\\n' '{evil}'\nprintf '  %s x\\n' '{evil}'\n")
    (place / evil).mkdir()
    for words in (['lab', 'exec', ''], ['lab', 'exec', 'x', ''], ['lab', 'up', ''], ['check', '']):
        assert evil in bash(place, *words)
    assert not (place / 'pwned').exists()


def tab(place, shell, begin, typed, wanted):
    """An interactive shell, a TAB, and what then stands on its line or below it."""
    pexpect = pytest.importorskip('pexpect')
    env = {'PATH': f'{place}/bin:{os.environ["PATH"]}', 'HOME': str(place), 'TERM': 'dumb', 'PS1': 'ready>',
           'ZDOTDIR': str(place), 'LC_ALL': 'C.UTF-8'}
    child = pexpect.spawn(shell[0], shell[1:], cwd=str(place), env=env, timeout=20, encoding='utf-8')
    child.expect('ready>')
    child.sendline(begin + '; PS1="loaded"\'>\'')
    child.expect('loaded>')
    child.send(typed)
    child.expect_exact(typed)
    child.send('\t')
    if len(wanted) > 1:
        child.send('\t')
    for word in wanted:
        child.expect_exact(word)
    child.close(force=True)


ROWS = [('culvert la', ['b ']), ('culvert lab exec two-sites ', ['H1', 'R1']), ('culvert lab shell ', ['two-sites ']),
        ('culvert run --key', ['log ']), ('culvert check my\\ ', ['router.cfg'])]


@pytest.mark.parametrize('typed, wanted', ROWS)
def test_tab_in_bash(place, typed, wanted):
    tab(place, ['bash', '--norc', '--noprofile'], f'bind "set bell-style none"; source {BASH}', typed, wanted)


@pytest.mark.parametrize('typed, wanted', ROWS)
def test_tab_in_zsh(place, typed, wanted):
    if not shutil.which('zsh'):
        pytest.skip('needs zsh, which is not installed')
    (place / 'functions').mkdir()
    shutil.copy(ZSH, place / 'functions' / '_culvert')
    tab(place, ['zsh', '-f'], 'fpath=(functions $fpath); autoload -U compinit; compinit -u -D; setopt nobeep',
        typed, wanted)


def fish(place, line):
    """What fish offers at the end of this line, without what it says of it."""
    if not shutil.which('fish'):
        pytest.skip('needs fish, which is not installed')
    done = subprocess.run(['fish', '--no-config', '-c', f'source {FISH}; complete -C $argv[1]', line], cwd=place,
                          capture_output=True, text=True, timeout=20,
                          env={'PATH': f'{place}/bin:{os.environ["PATH"]}', 'HOME': str(place), 'LC_ALL': 'C.UTF-8'})
    assert done.returncode == 0 and not done.stderr, done.stderr
    return {w.split('\t')[0].rstrip('/') for w in done.stdout.splitlines()}


def test_fish_offers_what_bash_does(place):
    assert fish(place, 'culvert ') == SUBS
    assert fish(place, 'culvert -') == {'--version', '--help'}
    for sub in ('run', 'shell', 'check', 'mirror', 'explain'):
        assert fish(place, f'culvert {sub} -') - {'-', '-h'} == set(OPTION.findall(help_text(sub))) | {'--help'}, sub
    assert 'my router.cfg' in fish(place, 'culvert run --config my')
    assert fish(place, 'culvert run --keylog my') == {'my-lab'}
    assert 'FastEthernet0/1=' in fish(place, 'culvert run --interface Fast')
    assert 'FastEthernet0/1=lo' in fish(place, 'culvert run --interface FastEthernet0/1=')
    assert fish(place, 'culvert lab ') == {'up', 'down', 'list', 'shell', 'exec'}
    installed = {f'{place}/share/culvert/labs/{n}' for n in ('gre-over-ipsec', 'site-to-site')}
    assert fish(place, 'culvert lab up ') == installed | {'bin', 'share', 'my-lab'}
    assert fish(place, 'culvert lab exec ') == {'two-sites'}
    assert fish(place, 'culvert lab down ') == {'two-sites', 'gone'}
    assert fish(place, 'culvert lab exec two-sites ') == {'H1', 'R1'}
    assert fish(place, 'culvert lab shell two-sites R1 -') == {'-c'}
    assert 'printf' in fish(place, 'culvert lab exec two-sites R1 print')
    assert 'my router.cfg' in fish(place, 'culvert lab exec two-sites R1 cat my')


@pytest.mark.xdist_group('labs')  # as conftest.py says
def test_labs_are_listed_as_here(who, tmp_path):
    """The lines of a real lab, a quiet one, against what the completion reads."""
    lab = tmp_path / 'lab'
    lab.mkdir()
    (lab / 'lab.yml').write_text('name: completed\ntopology:\n  nodes:\n    H1:\n      kind: host\n    H2:\n'
                                 '      kind: host\n  links:\n    - endpoints: ["H1:eth1", "H2:eth1"]\n')
    for path in (lab, *lab.parents):
        if path.stat().st_uid == os.getuid() and 'pytest' in str(path):
            path.chmod(0o755)
    program = str(built('culvert'))
    script = 'source "$1"; _culvert_running_labs "$2"; echo; _culvert_nodes "$2" completed'
    run(*who, program, 'lab', 'up', lab)
    try:
        said = run(*who, 'bash', '--norc', '-c', script, 'bash', BASH, program).stdout
    finally:
        run(*who, program, 'lab', 'down', lab)
    labs, nodes = said.split('\n\n')
    assert 'completed' in labs.split('\n') and nodes.split() == ['H1', 'H2']
