# SPDX-License-Identifier: Apache-2.0
"""The machine in general terms: what a figure depends on, and no more."""
import os
import pathlib
import platform
import time


def facts():
    cpu = pathlib.Path('/proc/cpuinfo').read_text()
    flags = set(next((line for line in cpu.splitlines() if line.startswith('flags')), '').split())
    wide = [name for flag, name in (('avx512f', 'AVX-512'), ('vaes', 'VAES'), ('vpclmulqdq', 'VPCLMULQDQ'), ('sha_ni', 'SHA-NI'))
            if flag in flags]
    return {'cores': len(os.sched_getaffinity(0)), 'arch': platform.machine(), 'features': wide, 'virtual': 'hypervisor' in flags,
            'kernel': '.'.join(platform.release().split('.')[:2]), 'load': round(os.getloadavg()[0], 1),
            'when': time.strftime('%Y-%m-%d')}


def sentence(rows):
    found = rows.of('machine')
    if not found:
        return ''
    m, loads = found[0], [r['load'] for r in found]
    return (f'{m["cores"]} cores of {m["arch"]} ({", ".join(m["features"]) or "no wide instructions"}), '
            f'Linux {m["kernel"]}{" in a virtual machine" if m["virtual"] else ""}; load before it began: '
            f'{min(loads)} to {max(loads)}; {m["when"]}.')
