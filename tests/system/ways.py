# SPDX-License-Identifier: Apache-2.0
"""The ways that packets take through a router, each of which a run of the tests may force (tools/matrix):
how many workers carry them, whether the TUNs have super-packets, and by which ports what is encrypted comes and goes.

A run says in CULVERT_MATRIX which it is (`2 plain slow`) and forces it by what an operator has, too: CULVERT_WORKERS and
CULVERT_PORTS. A test for which some of them are all alike, or that sets one by itself, has a marker that says so, with the reason;
it is then not run where it would say nothing new, and the table counts it as not applicable."""
import itertools
import os

# each by its words in CULVERT_PORTS; the first of a kind is what a router does by itself
WORKERS = {'1': '', '2': ''}
OFFLOAD = {'super': '', 'plain': 'no-offload'}
# ESP: ring and past the stack / ring and raw socket / raw sockets; UDP 4500: trains both ways, in, out, neither
PORTS = {'fast': '', 'mixed-out': 'no-link no-segment', 'mixed-in': 'no-ring no-gro',
         'slow': 'no-ring no-link no-segment no-gro'}
KINDS = {'workers': WORKERS, 'offload': OFFLOAD, 'ports': PORTS}
MARKERS = ['no_way(reason): no packet takes a way through a router there, so all ways are alike',
           'chooses(*kinds, reason): sets that by itself (workers, offload, ports): run with the first of them only',
           'not_by(way, reason): would say nothing, or something else, by that way']


def combinations():
    return [' '.join(c) for c in itertools.product(*KINDS.values())]


def words(combination):
    """What CULVERT_PORTS has to say."""
    return ' '.join(filter(None, (kind[w] for kind, w in zip(KINDS.values(), combination.split()))))


def forced():
    """{kind: way} of this run; {}: it is no matrix."""
    said = os.environ.get('CULVERT_MATRIX', '')
    assert not said or said in combinations(), said
    return dict(zip(KINDS, said.split()))


def ports_word(word):
    """Whether this run leaves that faster way out."""
    return word in os.environ.get('CULVERT_PORTS', '').replace(',', ' ').split()


def why_not(item, now):
    for mark in item.iter_markers('no_way'):
        return mark.args[0]
    for mark in item.iter_markers('chooses'):
        for kind in mark.args:
            if now[kind] != next(iter(KINDS[kind])):
                return f'it chooses {kind} by itself: {mark.kwargs["reason"]}'
    for mark in item.iter_markers('not_by'):
        if mark.args[0] in now.values():
            return f'not by {mark.args[0]}: {mark.kwargs["reason"]}'
    return None


def leave_out(items):
    import pytest  # tools/matrix does without

    now = forced()
    for item in items if now else ():
        why = why_not(item, now)
        if why:
            item.add_marker(pytest.mark.skip(reason=f'n/a: {why}'))
