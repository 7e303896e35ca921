# SPDX-License-Identifier: Apache-2.0
"""A deny of a crypto access list that nobody understands leaves out nothing: what it names is encrypted, and where it cannot
be, it does not leave."""
import subprocess

import pytest

from conftest import built
from peers.netns import Net, until
from peers.tshark import Capture, rows
from router import Router, config

US, PEER, NEAR, FAR = '192.0.2.1', '192.0.2.2', '10.1.0.1', '10.2.0.1'


@pytest.mark.parametrize('deny', ['ip host 10.1.0.1 host 10.2.0.1 time-range W',
                                  pytest.param('icmp any any echo', marks=pytest.mark.slow)])
def test_what_a_refused_deny_names_is_protected(deny):
    with Net() as net:
        us, peer = net.ns('us'), net.ns('peer')
        net.link(us, 'wan', f'{US}/24', peer, 'wan', f'{PEER}/24')
        for ns, lo, to, via in ((us, NEAR, '10.2.0.0/24', PEER), (peer, FAR, '10.1.0.0/24', US)):
            ns.addr('lo', f'{lo}/32')
            ns.route(to, via)

        def text(local, remote, near, far, more=''):
            t = config('aes128-sha1-modp1024', local, remote, [f'ip {near} 0.0.0.255 {far} 0.0.0.255'])
            return t.replace('extended CRYPT\n', f'extended CRYPT\n{more}')
        capture = Capture(us, 'wan', 'deny', 'ip')
        ours = text(US, PEER, '10.1.0.0', '10.2.0.0', f' deny {deny}\n')
        router = Router(us, ours)
        other = Router(peer, text(PEER, US, '10.2.0.0', '10.1.0.0'))
        until(lambda: not us.ping(FAR, 1, source=NEAR, wait=1).result().lost, 20, 'an answer')
        said = ('1 deny line of access list CRYPT is not understood and not used: what it would leave out is protected'
                if 'time-range' in deny else 'a deny by flags, ICMP type or DSCP is ignored in a crypto map: what it names stays protected')
        assert said in router.log(), router.log()
        checked = subprocess.run([built('culvert'), 'check', router.dir / 'cfg'], capture_output=True, text=True)
        assert ('would leave out is protected by the permits behind' if 'time-range' in deny else
                'it is not used, and what it names stays protected') in checked.stdout + checked.stderr
        other.stop()  # and nobody to negotiate with
        assert us.ping(FAR, 1, source=NEAR, wait=1).result().lost == [1]
        router.stop()
        file = capture.stop()
        assert rows(file, ['frame.number'], 'esp')
        assert rows(file, ['frame.number'], 'icmp && ip.src == 10.0.0.0/8') == []
