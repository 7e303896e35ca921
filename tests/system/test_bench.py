# SPDX-License-Identifier: Apache-2.0
"""tools/bench measures what it says: each kind of tunnel carries packets, the one without crypto is one, and what
was reached is judged rightly. No figure of this machine is judged."""
import concurrent.futures
import os
import random
import socket
import subprocess
import sys

import pytest

from conftest import ROOT
from peers.netns import need

sys.path.insert(0, str(ROOT / 'tools'))
from benchlib import BUILD as BENCH, load, tables, targets, worlds  # noqa: E402
from benchlib.rows import Rows  # noqa: E402

pytestmark = pytest.mark.no_way('a bench chooses its ways by itself, and judges no packet')

ETH_P_ALL = 0x0003
PATTERN = 'c0ffee5ecc0ffee5'


@pytest.fixture
def built_and_root():
    need('ip', 'nft', 'iperf3', 'ping')
    if not (BENCH / 'bench' / 'ceiling').exists():
        pytest.skip('the benches are not built')


@pytest.fixture
def up(built_and_root):
    made = []

    def make(kind):
        try:
            made.append(worlds.KINDS[kind]())
        except worlds.Missing as e:
            pytest.skip(f'not installed: {e}')
        return made[-1]
    yield make
    for w in made:
        w.close()


def there_and_back(w, size):
    """By one TCP connection; the program leaves out the sums that would find a mistake, so that bytes are compared."""
    sent = random.randbytes(size)
    with w.far.socket(socket.SOCK_STREAM, bind=(worlds.FAR, 0)) as server, \
            w.near.socket(socket.SOCK_STREAM, bind=(worlds.NEAR, 0)) as client:
        server.listen()
        server.settimeout(10)
        client.settimeout(30)
        client.connect(server.getsockname())
        far, _ = server.accept()
        with far, concurrent.futures.ThreadPoolExecutor() as pool:
            far.settimeout(30)
            def echo():
                while data := far.recv(1 << 16):
                    far.sendall(data)
            pool.submit(echo)
            pool.submit(client.sendall, sent)
            got = b''
            while len(got) < size and (data := client.recv(1 << 16)):
                got += data
            client.shutdown(socket.SHUT_WR)
    assert got == sent


@pytest.mark.parametrize('port', worlds.CEILINGS)
def test_a_tunnel_with_nothing_in_it_carries_tcp_and_udp_whole(up, port):
    w = up(f'ceiling {port}')
    there_and_back(w, 4 << 20)
    got = load.iperf(w, None, '-u', '-b', '20M', '-n', '500K', '-l', 1372)['sum']
    assert got['packets'] > 300 and got['lost_packets'] < got['packets'] * 0.9, got
    assert len(load.ping(w, 20)) > 10


def clear_on_the_wire(w):
    """Frames of ESP with PATTERN in them, while it is sent."""
    sock = w.near.socket(socket.SOCK_RAW, socket.htons(ETH_P_ALL), family=socket.AF_PACKET)
    sock.bind(('wan', 0))
    sock.settimeout(0.5)
    w.near.run('ping', '-n', '-c', 5, '-i', 0.01, '-s', 200, '-p', PATTERN, '-I', worlds.NEAR, worlds.FAR)
    esp, clear = 0, 0
    with sock:
        try:
            while True:
                frame = sock.recv(2048)
                if frame[12:14] == b'\x08\x00' and frame[23] == socket.IPPROTO_ESP:
                    esp += 1
                    clear += bytes.fromhex(PATTERN) in frame
        except TimeoutError:
            return esp, clear


@pytest.mark.parametrize('kind,bare', [('bare raw', True), ('culvert raw aes256-gcm', False)])
def test_the_router_without_crypto_is_the_one_without(up, kind, bare):
    w = up(kind)
    esp, clear = clear_on_the_wire(w)
    assert esp >= 10 and clear == (esp if bare else 0), (esp, clear)


@pytest.mark.slow
@pytest.mark.parametrize('kind', [k for k in worlds.KINDS if not k.startswith('ceiling')])
def test_each_kind_of_tunnel_carries_what_is_measured(up, kind):
    w = up(kind)
    assert load.tcp(w, 1) > 0
    assert load.udp(w, 1, 512) > 0


def bench(*args, program='bench'):
    return subprocess.run(['/usr/bin/python3', str(ROOT / 'tools' / program), *map(str, args)], capture_output=True, text=True,
                          timeout=120, env={**os.environ, 'CULVERT_BUILD': str(BENCH)})


def test_a_run_keeps_its_rows_and_prints_targets_and_the_document_takes_them(built_and_root, tmp_path):
    file, doc = tmp_path / 'rows', tmp_path / 'doc.md'
    for part in ('memory', 'workers', 'ping'):
        done = bench('--only', part, '--tunnels', 'veth', '--rounds', 1, '--scale', 0.01, '--file', file)
        assert done.returncode == 0, done.stdout + done.stderr
    assert 'memory, forwarder idle' in done.stdout
    assert Rows.read(file).of('workers'), 'no row of workers'
    rows = Rows.read(file)
    assert rows.load('veth', 'ping-idle-50') > 0, 'a part has measured nothing'
    assert rows.med('bytes', 'memory', what='forwarder-idle') > 1 << 20, 'another part has forgotten it'
    doc.write_text('before\n<!-- tools/bench-table writes from here -->\nold\n<!-- to here -->\nafter\n')
    assert bench('--write', doc, file, program='bench-table').returncode == 0
    assert (text := doc.read_text()).startswith('before\n') and text.endswith('\nafter\n') and '\nold\n' not in text
    assert '| memory, forwarder idle | < 64 MiB |' in text


def loads(**by_world):
    return [{'bench': 'load', 'world': w, 'load': 'tcp1', 'samples': v} for w, v in by_world.items()]


def judged(rows, what):
    return next(t for t in targets.targets(Rows(rows)) if t.what == what)


def test_ratios_are_those_of_one_round_and_their_median_counts():
    rows = loads(**{'culvert udp aes256-gcm': [9, 4, None, 8, 70], 'strongswan aes256-gcm': [0.5, 0.2, 0.1, 0.4, 7]})
    t = judged(rows, 'ours with aes256-gcm, beside strongswan aes256-gcm')
    assert (t.reached, t.verdict) == ('19.0 x', 'met')
    rows[1]['samples'][0] = 0.6
    assert judged(rows, t.what).verdict == 'missed'
    assert judged(rows[:1], t.what).verdict.startswith('not measured')


@pytest.mark.parametrize('two,verdict', [(171, 'met'), (169, 'missed')])
def test_of_workers_the_suite_and_the_way_that_gain_least_count(two, verdict):
    rows = [{'bench': 'workers', 'suite': s, 'dir': d, 'n': n, 'apart': apart,
             'packets_per_sec': 100 if n == 1 else 195 if apart else two if (s, d) == ('b', 'in') else 190}
            for s in 'ab' for d in ('out', 'in') for n, apart in ((1, False), (2, False), (2, True))]
    t = judged(rows, '2 workers on one SA, pipeline without I/O')
    assert (t.reached, t.verdict) == (f'{two / 100:.2f} (b, in; two gateways with nothing in common: 1.95)', verdict)
    assert judged([], t.what).verdict.startswith('not measured')


@pytest.mark.parametrize('at_end,verdict', [(1290, 'met'), (1310, 'missed')])
def test_growth_is_of_the_last_to_the_first(at_end, verdict):
    rows = [{'bench': 'growth', 'what': 'lines', 'size': 1420, 'n': n, 'out': v, 'in': 1000}
            for n, v in ((1, 1000), (100, 5000), (10000, at_end))]
    assert judged(rows, '1 to 10,000 SAs, 1 to 10,000 lines').verdict == verdict


@pytest.mark.parametrize('mb,out,verdict', [(411, 478, 'met'), (411, 500, 'missed'), (440, 500, 'met')])
def test_goals_beside_vpp_move_with_the_ceiling_of_ipsec_mb(mb, out, verdict):
    row = {'bench': 'pipeline', 'suite': 'aes256-gcm', 'size': 1420, 'gre': False, 'ah': False, 'out': out, 'in': 500,
           'mb_out': mb, 'mb_in': 411, 'clocks_per_ns': 2.6}
    assert judged([row], 'the same against VPP, clocks a packet').verdict == verdict


def test_what_was_not_measured_is_neither_met_nor_missed():
    found = targets.targets(Rows())
    assert len(found) > 20 and all(t.verdict.startswith('not measured: ') for t in found)
    assert tables.tables(Rows()) == []
