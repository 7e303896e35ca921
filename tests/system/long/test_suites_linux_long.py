# SPDX-License-Identifier: Apache-2.0
"""The transform sets of test_suites.py and esp-gmac against a Linux kernel's ESP (user-mode Linux with strongSwan inside):
raw protocol 50 in tunnel and transport mode, and in UDP. The counters are the kernel's."""
import contextlib

import pytest

from suites import AES, GCM, GMAC, NULL, SetBench, name, sets

PATHS = ['linux-esp', 'linux-transport', 'linux-udp']


@pytest.fixture(scope='module', params=PATHS)
def bench(request):
    with contextlib.closing(SetBench(request.param)) as b:
        # at the first SA of a kind the kernel loads what it needs, which takes longer than a ping
        b.peer.guest.run('''for n in 16 24 32; do for a in 'rfc4106(gcm(aes))' 'rfc4543(gcm(aes))'; do
            ip xfrm state add src 192.0.2.254 dst 192.0.2.253 proto esp spi 0x1$n mode tunnel \\
                aead "$a" 0x$(head -c $((n + 4)) /dev/urandom | od -An -tx1 | tr -d ' \\n') 128
            ip xfrm state flush; done; done
            for a in md5 sha1 sha256 sha384 sha512; do
            ip xfrm state add src 192.0.2.254 dst 192.0.2.253 proto esp spi 0x2000 mode tunnel \\
                auth-trunc "hmac($a)" 0x00112233445566778899aabbccddeeff 96 enc 'ecb(cipher_null)' ''
            ip xfrm state flush; done''', ok=False)
        yield b


@pytest.mark.parametrize('s', sets(GMAC, GCM, NULL, AES), ids=name)
def test_packets_are_counted_by_the_kernel(bench, s):
    assert bench.run(s) == 'pass'
