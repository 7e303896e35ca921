# SPDX-License-Identifier: Apache-2.0
"""What the system tests share: where the build is, as whom a test runs, and which of their rows
every check has."""
import collections
import contextlib
import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

import ways

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('CULVERT_BUILD', ROOT / 'build')).resolve()
NOBODY = 65534

# a run in the background has it ignored, and so would have the programs that are tested
signal.signal(signal.SIGINT, signal.default_int_handler)


def built(*parts):
    """A program of the build; the test is skipped where it was not built."""
    path = BUILD.joinpath(*parts)
    if not path.exists():
        pytest.skip(f'{path.relative_to(BUILD.parent)} is not built')
    return path


@contextlib.contextmanager
def lone_router(directory, text):
    """`culvert run` with that configuration in a network namespace of its own; its socket."""
    config, sock = directory / 'startup-config', directory / 'router'
    config.write_text(text)
    alone = ['unshare', '-n'] if os.geteuid() == 0 else ['unshare', '-Urn']
    if subprocess.run([*alone, 'true'], capture_output=True).returncode:
        pytest.skip('needs network namespaces')
    process = subprocess.Popen([*alone, built('culvert'), 'run', '--config', config, '--socket', sock],
                               stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 20
        while not sock.exists():
            assert time.monotonic() < until, 'the router does not start'
            time.sleep(0.05)
        yield sock
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# Of the rows of these every check takes so many that each value (1), or each two values (2), of their
# parameters occur together at least once; tools/check --long takes them all.
SAMPLED = {
    'test_ike_aggressive.py::test_both_agree_on_keys': 2,
    'test_ike_strongswan.py::test_both_agree_on_keys': 1,
    'test_ike_strongswan.py::test_other_algorithms': 1,
    'test_ike_strongswan.py::test_gre_between_the_routers': 1,
    'test_ike_groups.py::test_group_in_both_phases': 1,
    'test_ike_rsa.py::test_a_certificate_is_refused_with_field_and_rule': 1,
    'test_ike_rsa.py::test_both_prove_themselves_and_packets_cross': 1,
    'test_ike_nat.py::test_packets_cross_whoever_is_hidden': 1,
    'test_peer_strongswan.py::test_first_ping_is_not_lost_and_both_list_the_pair': 1,
    'test_esp_scapy.py::test_we_open_what_scapy_closed': 2,
    'test_esp_scapy.py::test_scapy_opens_what_we_closed': 2,
    'test_esp_scapy.py::test_scapy_closes_to_the_same_bytes_with_our_iv': 2,
    'test_esp_suites.py::test_there_and_back_byte_by_byte': 2,
    'test_esp_suites.py::test_extended_numbers_over_the_end_of_the_lower_half': 2,
    'test_ah_linux.py::test_a_kernel_with_the_same_keys_answers': 1,
    'test_ah_linux.py::test_strongswan_negotiates_ah_in_ikev1': 1,
}


def pytest_configure(config):
    config.addinivalue_line('markers', 'slow: waits for timers of half a minute, or a row like others; '
                            'with tools/check --long only')
    for line in ways.MARKERS:
        config.addinivalue_line('markers', line)


def sample(items, strength):
    """Some of the rows of one test: with each so many values of their parameters together, and evenly."""
    def has(item):
        values = sorted((k, repr(v)) for k, v in item.callspec.params.items())
        return set(itertools.combinations(values, strength))

    wanted, chosen, used = set().union(*map(has, items)), [], collections.Counter()
    while wanted:
        best = max(items, key=lambda i: (len(has(i) & wanted), -sum(used[x] for x in has(i))))
        wanted -= has(best)
        used.update(has(best))
        chosen.append(best)
    return chosen


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """A lab has one name on a machine, and its tests look at all of them: they run one after the other (xdist)."""
    ways.leave_out(items)
    for item in items:
        if item.path.name in ('test_lab.py', 'test_router.py', 'test_routing.py'):
            item.add_marker(pytest.mark.xdist_group('labs'))
    # they take longest, and what begins last ends last
    items.sort(key=lambda i: i.get_closest_marker('xdist_group') is None)
    for name, strength in SAMPLED.items():
        rows = [i for i in items if i.nodeid.split('[')[0].endswith(name) and not i.get_closest_marker('slow')]
        few = sample(rows, strength)
        for item in rows:
            if item not in few:
                item.add_marker(pytest.mark.slow)


@pytest.fixture
def culvert():
    return built('culvert')


def as_whom(kind):
    """The words before a command that make it root's or an ordinary user's."""
    if os.geteuid() != 0:
        if kind == 'root':
            pytest.skip('needs root')
        return []
    if kind == 'root':
        return []
    if not shutil.which('setpriv'):
        pytest.skip('needs setpriv')
    words = ['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups']
    for path in (BUILD, ROOT / 'labs' / 'README.md'):
        if subprocess.run([*words, 'test', '-r', str(path)]).returncode:
            pytest.skip(f'an ordinary user cannot read {path}')
    return words


@pytest.fixture(params=['root', 'user'])
def who(request):
    return as_whom(request.param)
