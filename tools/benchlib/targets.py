# SPDX-License-Identifier: Apache-2.0
"""The targets and what was reached beside each. A target without figures is `not measured`, and says why."""
from collections import namedtuple

from benchlib.worlds import CEILINGS

Target = namedtuple('Target', 'what target reached verdict')

GCM, SHA, DES3 = 'aes256-gcm', 'aes256-sha', '3des-sha'
NOT_HERE = 'not in this run'
PING_US = 60  # microseconds
# suite, bytes: clocks of VPP's whole graph out and in, and what is aimed at (None: fewer than VPP)
VPP = {('aes256-gcm', 64): (357, 405, None, None), ('aes256-gcm', 1420): (683, 736, 480, 520),
       ('aes128-gcm', 64): (350, 404, 280, 300), ('aes128-gcm', 512): (459, 497, None, None),
       ('aes128-sha', 1420): (1490, 1223, None, None), ('aes256-sha', 64): (552, 545, 400, 380),
       ('aes256-sha', 1420): (1542, 1283, 1120, 960), ('aes256-sha256', 1420): (3737, 3627, 1750, 1700),
       ('3des-sha', 1420): (122000, 118000, 122000 / 3.5, 118000 / 3.5)}
# ipsec-mb's ceiling where those were measured, Gbit/s encrypting and decrypting at 2.6 clocks a ns: a machine on
# which it is slower or faster has its goals moved with it
VPP_MB = {('aes256-gcm', 64): (13.9, None), ('aes256-gcm', 1420): (71.8, 72.3), ('aes128-gcm', 64): (15.5, None),
          ('aes128-gcm', 512): (62.7, None), ('aes128-sha', 1420): (31.9, 37.3), ('aes256-sha', 64): (5.8, None),
          ('aes256-sha', 1420): (29.3, 34.2), ('aes256-sha256', 1420): (18.9, 20.8), ('3des-sha', 1420): (0.85, 0.85)}
VPP_CLOCKS_PER_NS = 2.6


def verdict(ok):
    return 'met' if ok else 'missed'


def missing(what, target, why):
    return Target(what, target, '-', f'not measured: {why}')


def at_least(what, target, value, goal, form='{:.2f}'):
    if value is None:
        return missing(what, target, NOT_HERE)
    return Target(what, target, form.format(value), verdict(value >= goal))


# ---- the pipeline ----

def of_burst(rows):
    """Each suite's share of ipsec-mb's ceiling: {suite: (out, in, goal)}."""
    found = {}
    for r in rows.of('pipeline', size=1420, gre=False, ah=False):
        if r['mb_out']:
            out, in_ = (rows.quotient(f'mb_{d}', d, 'pipeline', suite=r['suite'], size=1420, gre=False, ah=False)
                        for d in ('out', 'in'))
            goal = 0.85 if 'gcm' in r['suite'] or 'gmac' in r['suite'] else 0.9
            found[r['suite']] = out, in_, goal
    return found


def burst(rows):
    what, target = 'pipeline without I/O, every suite, 1420 bytes', '>= 0.90 of ipsec-mb\'s bursts (GCM 0.85)'
    found = of_burst(rows)
    if not found:
        return missing(what, target, NOT_HERE)
    good = [s for s, (o, i, goal) in found.items() if min(o, i) >= goal]
    worst = min(found, key=lambda s: min(found[s][:2]) - found[s][2])
    o, i, _ = found[worst]
    return Target(what, target, f'{len(good)} of {len(found)} suites; farthest: {worst} {o:.2f} / {i:.2f}',
                  verdict(len(good) == len(found)))


def beside_vpp(rows):
    """suite, bytes, ours out, in, goals out, in (moved with ipsec-mb's ceiling), VPP's (moved likewise)."""
    found = []
    for (suite, size), (out, in_, goal_out, goal_in) in VPP.items():
        what = dict(suite=suite, size=size, gre=False, ah=False)
        ours = [rows.med(d, 'pipeline', **what) for d in ('out', 'in')]
        mb = [rows.med(f'mb_{d}', 'pipeline', **what) for d in ('out', 'in')]
        if None in ours:
            continue
        enc, dec = VPP_MB[suite, size]
        scale = []
        for now, then in zip(mb, (enc, dec)):
            then = then and size * 8 * VPP_CLOCKS_PER_NS / then
            scale.append(now / then if now and then else scale[0] if scale else 1)
        goals = [goal_out or out, goal_in or in_]
        found.append((suite, size, *ours, *(g * s for g, s in zip(goals, scale)), out * scale[0], in_ * scale[1]))
    return found


def vpp(rows):
    what, target = 'the same against VPP, clocks a packet', 'each suite and size at its goal (table below)'
    found = beside_vpp(rows)
    if not found:
        return missing(what, target, NOT_HERE)
    good = [f for f in found if f[2] <= f[4] and f[3] <= f[5]]
    fewer = [f for f in found if f[2] < f[6] and f[3] < f[7]]
    return Target(what, target, f'{len(good)} of {len(found)} at their goal; fewer clocks than VPP: {len(fewer)}',
                  verdict(len(good) == len(found)))


def gre_in_front(rows):
    what, target = 'the same with GRE in front', '<= 30 clocks more'
    extra = []
    for suite in (GCM, SHA):
        for d in ('out', 'in'):
            with_, without = (rows.med(d, 'pipeline', suite=suite, size=1420, gre=g, ah=False) for g in (True, False))
            if with_ and without:
                extra.append((with_ - without, f'{suite} {d}'))
    if not extra:
        return missing(what, target, NOT_HERE)
    worst, where = max(extra)
    return Target(what, target, f'{worst:+.0f} ({where})', verdict(worst <= 30))


def growth(rows):
    what, target = '1 to 10,000 SAs, 1 to 10,000 lines', 'a packet costs at most 1.30 times as much'
    found = []
    for name in ('sas-one', 'sas-spread', 'lines', 'lines-flows'):
        for d in ('out', 'in'):
            some = [rows.med(d, 'growth', what=name, size=1420, n=n) for n in (1, 10000)]
            if None not in some:
                found.append((some[1] / some[0], f'{name} {d}'))
    if not found:
        return missing(what, target, NOT_HERE)
    bad = [f'{where} {by:.2f}' for by, where in found if by > 1.3]
    alone = [rows.med('out', 'growth', what='mb-keys', size=1420, n=n) for n in (1, 10000)]
    if bad and None not in alone:
        bad.append(f'ipsec-mb\'s calls alone with as many keys {alone[1] / alone[0]:.2f}')
    worst, where = max(found)
    return Target(what, target, '; '.join(bad) or f'{worst:.2f} ({where})', verdict(not bad))


# ---- tunnels ----

def raw_ceiling(rows):
    ports = [(rows.load(f'ceiling {p}', 'tcp1') or 0, f'ceiling {p}') for p in CEILINGS if p != 'udp']
    return max(ports)[1] if max(ports)[0] else None


def tunnels(rows):
    t = [at_least('TCP, ESP in UDP, AES-256-GCM, 1 stream', '>= 0.75 of our pipeline without crypto',
                  rows.ratio(f'culvert udp {GCM}', 'bare udp'), 0.75),
         at_least('our pipeline without crypto, UDP', '>= 0.85 of the ceiling (UDP_SEGMENT, UDP_GRO)',
                  rows.ratio('bare udp', 'ceiling udp'), 0.85),
         at_least('TCP, ESP in UDP, AES-256/SHA1', '>= 0.60 of our pipeline without crypto',
                  rows.ratio(f'culvert udp {SHA}', 'bare udp'), 0.6)]
    t.append(des3(rows))
    port = raw_ceiling(rows)
    t.append(at_least('TCP, raw ESP, AES-256-GCM', f'>= 0.85 of the fastest raw port ({port or "none was measured"})',
                      rows.ratio(f'culvert raw {GCM}', port) if port else None, 0.85))
    for suite, goal in ((GCM, 18), (SHA, 15), (DES3, 5)):
        t.append(peer(rows, f'strongswan {suite}', suite, goal))
    for other in ('wireguard-go', 'openvpn'):
        t += [peer(rows, other, suite, goal) for suite, goal in ((GCM, 8), (SHA, 5))]
    for port in ('udp', 'raw'):
        t.append(at_least(f'GRE over IPsec, {port}', '>= 0.90 of a plain tunnel',
                          rows.ratio(f'culvert gre {port} {GCM}', f'culvert {port} {GCM}'), 0.9))
    return t


def des3(rows):
    what, target = 'TCP, ESP in UDP, 3DES/SHA1', '>= 0.70 of ipsec-mb\'s 3DES ceiling'
    gbps = rows.load(f'culvert udp {DES3}', 'tcp1')
    clocks = rows.med('mb_out', 'pipeline', suite=DES3, size=1420)
    if not gbps or not clocks:
        return missing(what, target, NOT_HERE if not gbps else 'no ceiling (the part pipeline, with ipsec-mb)')
    ceiling = 1420 * 8 * rows.med('clocks_per_ns', 'pipeline') / clocks
    return Target(what, target, f'{gbps / ceiling:.2f} ({gbps:.2f} of {ceiling:.2f} Gbit/s)', verdict(gbps >= 0.7 * ceiling))


def peer(rows, other, suite, goal):
    what, target = f'ours with {suite}, beside {other}', f'>= {goal} x'
    gone = rows.of('absent', world=other)
    if gone and not rows.samples(other, 'tcp1'):
        return missing(what, target, gone[-1]['why'])
    return at_least(what, target, rows.ratio(f'culvert udp {suite}', other), goal, '{:.1f} x')


# ---- the rest ----

def memory(rows):
    idle = rows.med('bytes', 'memory', what='forwarder-idle')
    pair = rows.of('memory', what='sa-pair')
    t = [missing('memory, forwarder idle', '< 64 MiB', NOT_HERE) if not idle else
         Target('memory, forwarder idle', '< 64 MiB', f'{idle / 2**20:.1f} MiB', verdict(idle < 64 << 20))]
    what, target = 'memory, each further SA pair', '< 1024 bytes besides keys'
    if not pair:
        return t + [missing(what, target, NOT_HERE)]
    rest = max(p['bytes'] - p['key_bytes'] for p in pair)
    return t + [Target(what, target, f'{rest:.0f} bytes', verdict(rest < 1024))]


def ping(rows):
    what, target = 'ping, idle', f'<= {PING_US} us more than plain veth'
    base = rows.load('veth', 'ping-idle-50')
    found = [(rows.load(w, 'ping-idle-50') - base, w) for w in (f'culvert udp {GCM}', f'culvert raw {GCM}')
             if base and rows.load(w, 'ping-idle-50')]
    if not found:
        return missing(what, target, NOT_HERE)
    worst, where = max(found)
    return Target(what, target, f'{worst:+.0f} us ({where})', verdict(worst <= PING_US))


def workers(rows):
    what, target = '2 workers on one SA, pipeline without I/O', '>= 1.70 of 1 worker'
    found = []
    for suite, way in sorted({(r['suite'], r['dir']) for r in rows.of('workers')}):
        one, two, apart = rows.workers(suite, way)
        if one and two:
            found.append((two / one, suite, way, f'; two gateways with nothing in common: {apart / one:.2f}' if apart else ''))
    if not found:
        return missing(what, target, NOT_HERE)
    worst, suite, way, beside = min(found)
    return Target(what, target, f'{worst:.2f} ({suite}, {way}{beside})', verdict(worst >= 1.7))


def targets(rows):
    return [burst(rows), vpp(rows), gre_in_front(rows), *tunnels(rows), workers(rows), growth(rows), *memory(rows), ping(rows)]
