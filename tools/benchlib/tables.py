# SPDX-License-Identifier: Apache-2.0
"""Tables out of rows, for a terminal or for docs/performance.md."""
from collections import namedtuple

from benchlib import targets
from benchlib.worlds import KINDS

Table = namedtuple('Table', 'title head rows')


def num(v, form='{:.2f}'):
    return '-' if v is None else form.format(v)


def text(t):
    """Padded columns; the first is to the left, and so are sentences."""
    cells = [list(map(str, r)) for r in [t.head, *t.rows]]
    wide = [max(len(r[i]) for r in cells) for i in range(len(t.head))]
    left = [any(len(r[i]) > 16 for r in cells) or i == 0 for i in range(len(t.head))]
    lines = ['  '.join(c.ljust(w) if l else c.rjust(w) for c, w, l in zip(r, wide, left)).rstrip() for r in cells]
    return '\n'.join([f'-- {t.title}', *lines, ''])


def markdown(t):
    line = '| {} |'.format
    return '\n'.join([f'### {t.title}', '', line(' | '.join(t.head)), '|' + '---|' * len(t.head),
                      *(line(' | '.join(map(str, r))) for r in t.rows), ''])


def target_table(rows, some=False):
    """some: without those that this run did not look at."""
    found = [t for t in targets.targets(rows) if not (some and t.verdict.endswith(targets.NOT_HERE))]
    return Table('Targets', ['what', 'target', 'reached', ''], [list(t) for t in found])


def pipeline_table(rows):
    seen = dict.fromkeys((r['suite'], r['ah'], r['gre'], r['size']) for r in rows.of('pipeline'))
    body = []
    for suite, ah, gre, size in seen:
        what = dict(suite=suite, ah=ah, gre=gre, size=size)
        cells = [suite + (' in AH' if ah else '') + (' inside GRE' if gre else ''), size]
        for d in ('out', 'in'):
            clocks, rate = rows.med(d, 'pipeline', **what), rows.med('clocks_per_ns', 'pipeline', **what)
            cells += [num(clocks, '{:.0f}'), num(clocks / size), num(size * 8 * rate / clocks),
                      num(rows.quotient(f'mb_{d}', d, 'pipeline', **what))]
        body.append(cells)
    return Table('Pipeline without I/O: clocks a packet, clocks a byte, Gbit/s, share of ipsec-mb\'s bursts', [
        'suite', 'bytes', 'out', 'c/byte', 'Gbit/s', 'of mb', 'in', 'c/byte', 'Gbit/s', 'of mb'], body)


def vpp_table(rows):
    body = [[suite, size, *(f'{v:.0f}' for v in rest), 'yes' if rest[0] <= rest[2] and rest[1] <= rest[3] else 'no']
            for suite, size, *rest in targets.beside_vpp(rows)]
    return Table('Beside VPP, clocks a packet (goals and VPP moved with ipsec-mb\'s ceiling on this machine)', [
        'suite', 'bytes', 'out', 'in', 'goal out', 'goal in', 'VPP out', 'VPP in', 'reached'], body)


def crypto_table(rows):
    body = []
    for r in rows.of('crypto'):
        cells = [r['suite'], r['size']]
        for d in ('enc', 'dec'):
            cells += [num(r['size'] * 8 * r['clocks_per_ns'] / r[f'{w}_{d}'] if r[f'{w}_{d}'] else None)
                      for w in ('ours', 'mb', 'evp')]
        body.append(cells)
    return Table('Crypto alone, one core, Gbit/s: our runner, ipsec-mb\'s bursts, OpenSSL', [
        'suite', 'bytes', 'enc', 'mb', 'EVP', 'dec', 'mb', 'EVP'], body)


def growth_table(rows):
    names = {'sas-spread': 'SAs, packets to all of them', 'mb-keys': 'keys, ipsec-mb\'s calls alone, packets to all',
             'sas-one': 'SAs, packets to one', 'lines': 'access-list lines, 16 flows',
             'lines-flows': 'access-list lines, 4096 flows'}
    body = []
    for name, size in dict.fromkeys((r['what'], r['size']) for r in rows.of('growth')):
        counts = sorted({r['n'] for r in rows.of('growth', what=name, size=size)})
        for d in ('out', 'in'):
            v = {n: rows.med(d, 'growth', what=name, size=size, n=n) for n in counts}
            body.append([names[name], size, d, *(num(v.get(n), '{:.0f}') for n in (1, 100, 1000, 10000)),
                         num(v[counts[-1]] / v[counts[0]])])
    return Table('Growing tables, AES-256-GCM: clocks a packet with so many of them', [
        'what grows', 'bytes', '', '1', '100', '1000', '10000', 'last / first'], body)


LOADS = ('tcp1', 'tcp4', 'udp64', 'udp512', 'udp1400')


def load_table(rows):
    body = [[w, *(num(rows.load(w, load)) for load in ('tcp1', 'tcp4')), num(rows.ratio(w, 'veth')),
             *(num(rows.load(w, load), '{:.0f}') for load in ('ns-out', 'ns-in', *LOADS[2:]))]
            for w in KINDS if any(rows.load(w, load) for load in LOADS)]
    body += [[r['world'], r['why'], *['-'] * 7] for r in rows.of('absent')]
    return Table('Tunnels between two namespaces: TCP in Gbit/s; UDP, packets of so many bytes, in thousands a second', [
        'tunnel', 'TCP', '4 streams', 'of veth', 'ns out', 'ns in', '64', '512', '1400'], body)


def ping_table(rows):
    loads = [f'ping-{how}-{p}' for how in ('idle', 'load') for p in (50, 99)]
    body = [[w, *(num(rows.load(w, load), '{:.0f}') for load in loads)] for w in KINDS if rows.load(w, loads[0])]
    return Table('Ping, microseconds: 50th and 99th percentile', ['tunnel', 'idle 50', 'idle 99', 'full load 50', 'full load 99'],
                 body)


def handshake_table(rows):
    body = [[r['what'], num(r['culvert']), num(r['strongswan']), num(r['ratio'], '{:.1f}')] for r in rows.of('handshakes')]
    return Table('Negotiations over sockets', ['what', 'Culvert', 'strongSwan', 'times better'], body)


def workers_table(rows):
    body = []
    for suite, way in dict.fromkeys((r['suite'], r['dir']) for r in rows.of('workers')):
        one, two, apart = rows.workers(suite, way)
        if one and two:
            body.append([suite, way, num(one / 1e6), num(two / 1e6), num(two / one), num(apart and apart / 1e6),
                         num(apart and apart / one), num(apart and two / apart)])
    return Table('One SA, millions of packets a second, and two SAs of two gateways at once',
                 ['suite', 'way', 'one worker', 'two', 'times', 'two gateways', 'times', 'two workers of that'], body)


def memory_table(rows):
    body = [['forwarder, idle, one tunnel', f'{r["bytes"] / 2**20:.1f} MiB'] for r in rows.of('memory', what='forwarder-idle')]
    body += [[f'each further SA pair, {r["suite"]}', f'{r["bytes"]:.0f} bytes, {r["key_bytes"]:.0f} of them keys']
             for r in rows.of('memory', what='sa-pair')]
    return Table('Memory', ['what', ''], body)


TABLES = {'crypto': [crypto_table], 'pipeline': [pipeline_table, vpp_table], 'workers': [workers_table], 'growth': [growth_table],
          'tunnels': [load_table], 'ping': [ping_table], 'memory': [memory_table], 'handshakes': [handshake_table]}


def tables(rows, parts=TABLES):
    """Those with something in them."""
    return [t for part in parts for make in TABLES[part] if (t := make(rows)).rows]
