# SPDX-License-Identifier: Apache-2.0
"""What culvert mirror writes is the other end: two routers with it carry what the first one protects."""
import pytest

from conftest import built
from peers.netns import Net, need, run, until
from router import Router

pytestmark = pytest.mark.no_way('what is negotiated, and one ping')

NEAR = '''\
hostname R1
crypto isakmp policy 10
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
crypto isakmp key t7Kp2xWq9Zr4mNv1 address 192.0.2.2
crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac
ip access-list extended CRYPT
 permit ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255
crypto map M 10 ipsec-isakmp
 set peer 192.0.2.2
 set transform-set TS
 set pfs group14
 match address CRYPT
interface FastEthernet0/1
 ip address 192.0.2.1 255.255.255.0
 crypto map M
'''

@pytest.fixture(scope='module')
def place():
    need('nft')
    net = Net()
    near, far = net.ns('near'), net.ns('far')
    net.link(near, 'wan', None, far, 'wan', None)
    for ns, own in ((near, '10.1.0.1'), (far, '10.2.0.1')):
        ns.addr('lo', f'{own}/32')
    yield net, near, far
    net.close()


def both(net, other):
    """What culvert check says of NEAR and that configuration: its status and text."""
    (net.dir / 'near.cfg').write_text(NEAR)
    (net.dir / 'far.cfg').write_text(other)
    done = run(built('culvert'), 'check', net.dir / 'near.cfg', net.dir / 'far.cfg', ok=False)
    return done.returncode, done.stdout


def mirrored(net):
    (net.dir / 'near.cfg').write_text(NEAR)
    return run(built('culvert'), 'mirror', net.dir / 'near.cfg').stdout


def reach(place, other, seconds):
    net, near, far = place
    a, b = Router(near, NEAR), Router(far, other)
    try:
        for ns, there, via in ((near, '10.2.0.0/24', '192.0.2.2'), (far, '10.1.0.0/24', '192.0.2.1')):
            until(lambda: '192.0.2' in ns.ip('addr', 'show', 'wan'), 5)
            ns.ip('route', 'replace', there, 'via', via)
        return not near.ping('10.2.0.1', 1, wait=seconds, source='10.1.0.1').result().lost
    finally:
        a.stop()
        b.stop()


def test_the_other_end_comes_up(place):
    other = mirrored(place[0])
    status, said = both(place[0], other)
    assert status == 0 and 'each tunnel between them comes up' in said, said
    assert reach(place, other, 10)
