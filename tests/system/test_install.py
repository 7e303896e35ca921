# SPDX-License-Identifier: Apache-2.0
"""`make install` and `make uninstall` into a folder: what is there, what is kept, what is left."""
import json
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import BUILD, ROOT, built
from peers.netns import run

pytestmark = pytest.mark.no_way('what an installation has and starts: its options are its own')

TOOL = ROOT / 'tools' / 'install'


def tree(dest):
    return {str(p.relative_to(dest)) for p in dest.rglob('*') if not p.is_dir()}


@pytest.fixture(scope='module')
def prefix():
    """That of the build as it is: nothing is configured anew under other tests' feet."""
    if not shutil.which('meson'):
        pytest.skip('needs meson, which is not installed')
    built('culvert')
    options = json.loads((BUILD / 'meson-info' / 'intro-buildoptions.json').read_text())
    return next(o['value'] for o in options if o['name'] == 'prefix')


def maker(prefix, dest):
    def do(what):
        return run(TOOL, what, BUILD, prefix, dest).stdout

    do.dest, do.top = dest, dest / prefix[1:]
    return do


@pytest.fixture(scope='module')
def installed(prefix, tmp_path_factory):
    """For looking only."""
    make = maker(prefix, tmp_path_factory.mktemp('installed'))
    make('install')
    return make


@pytest.fixture
def make(prefix, installed, tmp_path):
    """A copy of it, to do things to."""
    shutil.copytree(installed.dest, tmp_path / 'dest', symlinks=True)
    return maker(prefix, tmp_path / 'dest')


def test_everything_is_in_its_place(installed):
    make, top = installed, installed.top
    assert run(top / 'bin/culvert', '--version').stdout.startswith('culvert ')
    assert (top / 'bin/culvert-shell').readlink() == pathlib.Path('culvert')
    pages = {p.name for p in (ROOT / 'man').glob('*.[1-8]')}
    assert {p.name for p in (top / 'share/man').rglob('*.*') if p.is_file()} == pages and len(pages) == 7
    for page in (top / 'share/man').rglob('*.[1-8]'):
        assert page.parent.name == 'man' + page.name[-1] and '@' not in page.read_text()
    assert {p.parent.name for p in (top / 'share/culvert/labs').glob('*/lab.yml')} == \
           {p.parent.name for p in (ROOT / 'labs').glob('*/lab.yml')}
    assert (top / 'share/culvert/labs/frr.sh').stat().st_mode & 0o111
    assert {p.name for p in (top / 'share/doc/culvert').iterdir()} == \
           {p.name for p in (ROOT / 'docs').iterdir()} | {'README.md'}
    unit = (top / 'lib/systemd/system/culvert.service').read_text()
    program = re.search(r'^ExecStart=(\S+)', unit, re.M)[1]
    assert (make.dest / program[1:]).is_file() and '@' not in re.sub(r'[~ =]@\S+', '', unit)
    for name in ('bash-completion/completions/culvert', 'zsh/site-functions/_culvert', 'fish/vendor_completions.d/culvert.fish'):
        assert (top / 'share' / name).is_file()
    # what the pages and the completion name is there
    for name in re.findall(r'^\.It Pa (\S*/share/\S+?)/?$', (top / 'share/man/man8/culvert.8').read_text(), re.M):
        assert (make.dest / name[1:]).exists(), name
    assert all(p.startswith(('etc/', str(top.relative_to(make.dest)))) for p in tree(make.dest))


def test_the_configuration_is_private_and_without_faults(installed):
    make = installed
    config = make.dest / 'etc/culvert/startup-config'
    assert config.stat().st_mode & 0o777 == 0o640 and config.parent.stat().st_mode & 0o777 == 0o750
    assert '0 errors, 0 warnings' in run(make.top / 'bin/culvert', 'check', config).stdout
    # a shell reads the options as systemd does
    options = subprocess.run(['sh', '-c', '. "$1" && echo "<$CULVERT_OPTIONS>"', 'sh', make.dest / 'etc/default/culvert'],
                             capture_output=True, text=True)
    assert options.stdout == '<>\n'


def test_an_uninstall_leaves_nothing(make):
    assert len(tree(make.dest)) > 50
    make('uninstall')
    assert tree(make.dest) == set()
    assert not list(make.dest.rglob('culvert*'))
    make('uninstall')  # once more is no mistake


def test_what_an_administrator_has_written_stays(make):
    config, options = make.dest / 'etc/culvert/startup-config', make.dest / 'etc/default/culvert'
    config.write_text('hostname MINE\n')
    config.chmod(0o600)
    options.write_text('CULVERT_OPTIONS="--workers 1"\n')
    make('install')
    assert config.read_text() == 'hostname MINE\n' and config.stat().st_mode & 0o777 == 0o600
    assert 'kept: ' in make('uninstall')
    assert tree(make.dest) == {'etc/culvert/startup-config', 'etc/default/culvert'}


def test_files_of_others_stay(make):
    theirs = [make.top / 'share/doc/other/README', make.top / 'share/culvert/labs/mine/lab.yml', make.top / 'bin/other']
    for path in theirs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('theirs')
    make('uninstall')
    assert tree(make.dest) == {str(p.relative_to(make.dest)) for p in theirs}


@pytest.mark.parametrize('words', [[], ['install'], ['remove', 'build', '/usr'], ['install', 'build', 'usr']])
def test_wrong_usage_does_nothing(words):
    done = run(TOOL, *words, ok=False)
    assert done.returncode and 'usage' in done.stderr or 'slash' in done.stderr


def test_make_runs_it():
    """What make would run, for a packager's usual variables."""
    said = run('make', '-n', '-C', ROOT, 'install', f'BUILD={BUILD}', 'PREFIX=/usr', 'DESTDIR=/x').stdout
    assert f"tools/install install {BUILD} '/usr' '/x'" in said
    said = run('make', '-n', '-C', ROOT, 'uninstall', f'BUILD={BUILD}').stdout
    assert f"tools/install uninstall {BUILD} '/usr/local' ''" in said
    assert pathlib.Path(TOOL).stat().st_mode & 0o111


# ---- what the Debian package says of itself; tests/system/long/test_deb.py builds it ----

def control():
    return (ROOT / 'debian/control').read_text()


def test_the_package_has_the_version_of_the_build():
    version = re.search(r"version: '([^']+)'", (ROOT / 'meson.build').read_text())[1]
    assert (ROOT / 'debian/changelog').read_text().startswith(f'culvert ({version}) ')
    assert run(built('culvert'), '--version').stdout == f'culvert {version}\n'


def test_the_package_builds_with_what_make_installs():
    ours = re.search(r'^build="(.*?)"$', (ROOT / 'tools/install-deps').read_text(), re.M | re.S)[1].split()
    theirs = re.search(r'^Build-Depends:(.*?)^Standards', control(), re.M | re.S)[1]
    theirs = {re.match(r'[^ (\[<]+', d.strip())[0] for d in theirs.split(',')}
    # every build has the compiler; ninja comes with meson
    assert theirs - {'debhelper-compat', 'libipsec-mb-dev'} == set(ours) - {'gcc', 'libc6-dev', 'ninja-build'}
    assert 'libipsec-mb-dev [amd64]' in control()


@pytest.mark.parametrize('script', ['culvert.postinst', 'culvert.postrm', '../packaging/keep-config.sh', '../tools/deb'])
def test_scripts_are_of_sh(script):
    path = ROOT / 'debian' / script
    assert path.read_text().startswith('#!/bin/sh\n')
    run('sh', '-n', path)


def test_the_startup_configuration_is_no_conffile():
    """The router writes it: dpkg must not ask about it, nor put it back."""
    assert 'rm -r debian/culvert/etc/culvert' in (ROOT / 'debian/rules').read_text()
    assert '/usr/share/culvert/startup-config' in (ROOT / 'debian/culvert.postinst').read_text()
