# SPDX-License-Identifier: Apache-2.0
"""LoopbackN of a host that has no such device: addresses of the router's own, there as long as the configuration says so."""
import os
import signal

import pytest

from peers.netns import Net, need, until
from router import Router

pytestmark = pytest.mark.no_way('a loopback: the kernel answers, no packet passes the forwarder')

CONFIG = '''\
interface Loopback0
 ip address 10.99.0.1 255.255.255.255
interface FastEthernet0/1
 ip address 192.0.2.1 255.255.255.0
interface Tunnel0
 ip address 172.16.0.1 255.255.255.252
 tunnel source Loopback0
 tunnel destination 192.0.2.2
'''


@pytest.fixture
def net():
    need('ping')
    with Net() as n:
        yield n


def test_a_loopback_is_up_and_answers(net):
    near, far = net.ns('near'), net.ns('far')
    net.link(near, 'wan', None, far, 'eth', '192.0.2.2/24')
    far.route('10.99.0.0/16', '192.0.2.1')
    router = Router(near, CONFIG)

    def brief(name):
        return next((line.split()[-2:] for line in router.cli('show ip interface brief').splitlines()
                     if line.startswith(name)), None)

    def there(name):
        return name in near.ip('-br', 'link')

    until(lambda: brief('Loopback0') == ['up', 'up'], 10)
    until(lambda: brief('Tunnel0') == ['up', 'up'], 10, 'the tunnel that has it for its source')
    assert not far.ping('10.99.0.1', 3).result().lost
    assert '(5/5)' in router.cli('ping 192.0.2.2 source Loopback0')

    # typed, changed, shut and taken back: the device follows
    router.cli('configure terminal; interface Loopback7; ip address 10.99.7.1 255.255.255.0; end')
    until(lambda: brief('Loopback7') == ['up', 'up'], 10)
    assert not far.ping('10.99.7.1', 3).result().lost
    router.cli('configure terminal; interface Loopback7; shutdown; end')
    assert brief('Loopback7') == ['down', 'down']
    router.cli('configure terminal; no interface Loopback7; end')
    until(lambda: not there('Loopback7'), 10, 'its end')

    # who follows a control that has died takes it on
    os.kill(router.pids()[2], signal.SIGKILL)
    until(lambda: brief('Loopback0') == ['up', 'up'], 20)
    assert not far.ping('10.99.0.1', 3).result().lost
    router.stop()
    assert not there('Loopback0')


def test_a_device_of_the_host_is_taken_and_stays(net):
    near, far = net.ns('near'), net.ns('far')
    net.link(near, 'wan', None, far, 'eth', '192.0.2.2/24')
    router = Router(near, CONFIG.replace('interface Loopback0\n', 'interface Loopback0\n host-interface lo\n'))
    until(lambda: '10.99.0.1' in near.ip('address', 'show', 'lo'), 10)
    assert 'Loopback0' not in near.ip('-br', 'link')
    router.stop()
    assert 'lo ' in near.ip('-br', 'link')


@pytest.mark.slow  # while so many devices go, nobody on the machine may change one
def test_more_loopbacks_than_have_a_device_are_told_of(net):
    near = net.ns('near')
    router = Router(near, ''.join(f'interface Loopback{i}\n ip address 10.98.{i // 250}.{i % 250 + 1} 255.255.255.255\n'
                                  for i in range(258)))
    until(lambda: 'Loopback255' in near.ip('-br', 'link'), 30)
    until(lambda: 'interface Loopback256: there are too many loopbacks' in router.log(), 10)
    assert 'Loopback256' not in near.ip('-br', 'link')
    assert router.log().count('too many loopbacks') == 1
    router.stop()
    assert 'Loopback' not in near.ip('-br', 'link')
