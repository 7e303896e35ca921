# SPDX-License-Identifier: Apache-2.0
"""A ring, and the way past the stack, while something becomes of their device."""
import re
import time

import pytest

from peers.netns import until
from test_cipher_ports import frames, wired  # noqa: F401 (a fixture)

pytestmark = pytest.mark.chooses('ports', reason='it is about one of them')


def test_a_device_that_was_down_is_as_fast_as_before(wired):  # noqa: F811
    w = wired()
    w.up()
    assert frames(w.us), w.log()
    w.us.ip('link', 'set', 'wan', 'down')
    time.sleep(0.2)
    w.us.ip('link', 'set', 'wan', 'up')
    w.us.route('10.2.0.0/24', w.ends[1])
    w.up()
    until(lambda: frames(w.us), 5, 'the ring')
    time.sleep(1)
    got = w.us.ping(w.far, 30, 0.05, source=w.near).result()
    assert not got.lost, got.out
    times = sorted(float(t) for t in re.findall(r'time=([\d.]+) ms', got.out))
    assert times[15] < 30, times  # and not what is left of a quarter of a second
