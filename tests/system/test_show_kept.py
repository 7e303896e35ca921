# SPDX-License-Identifier: Apache-2.0
"""Show commands about lines that are kept, about what interfaces have counted, and about names that no interface can have."""
import json
import re

import pytest

from peers.netns import Net
from router import Router, config

US, PEER = '192.0.2.1', '192.0.2.2'
CARET = "^\n% Invalid input detected at '^' marker.\n\n"

pytestmark = pytest.mark.no_way('control alone: hardly a packet passes')

KEPT = '''
 description to the provider
interface dum0
 ip address 10.77.0.1 255.255.255.0
interface Tunnel0
 ip address 172.16.0.1 255.255.255.252
 tunnel source FastEthernet0/1
 tunnel destination 192.0.2.2
alias exec sr show running-config
object-group network SERVERS
 host 10.1.1.1
 10.2.0.0 255.255.0.0
object-group service WEB
 tcp eq www
'''


@pytest.fixture(scope='module')
def router():
    net = Net()
    us, peer = net.ns('us'), net.ns('peer')
    try:
        net.link(us, 'wan', f'{US}/24', peer, 'wan', f'{PEER}/24')
        us.ip('tuntap', 'add', 'dum0', 'mode', 'tun')
        yield Router(us, config('aes256-sha1-modp1024', US, PEER, ['ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255'], extra=KEPT))
    finally:
        net.close()


def test_aliases(router):
    lines = router.cli('show aliases').splitlines()
    assert lines[0] == 'Exec mode aliases:' and lines[2] == '  lo                    logout'
    assert [line.split()[0] for line in lines[1:9]] == ['h', 'lo', 'p', 'r', 's', 'u', 'un', 'w']
    assert lines[9:] == ['', '% Kept, and not in force:', '  alias exec sr show running-config']


def test_object_groups(router):
    text = router.cli('show object-group')
    assert text.startswith('% Object groups are kept, and not in force')
    assert text.endswith('Network object group SERVERS\n host 10.1.1.1\n 10.2.0.0 255.255.0.0\n\n'
                         'Service object group WEB\n tcp eq www\n\n')
    one = router.cli('show object-group SERVERS')
    assert 'host 10.1.1.1' in one and 'WEB' not in one
    assert router.cli('show object-group NONE') == ''


def test_counts(router):
    router.ns.run('ping', '-c', '3', '-i', '0.2', PEER)
    form = r'\n {10}Switching path    Pkts In   Chars In   Pkts Out  Chars Out\n' \
           r' {15}Processor          0          0          0          0\n {13}Route cache( +\d+){4}\n {19}Total( +\d+){4}\n'
    text = router.cli('show interfaces stats')
    assert len(re.findall(form, text)) == 3, text
    one = router.cli('show interfaces FastEthernet0/1 stats')
    packets = int(re.search(r'Total +(\d+)', one)[1])
    assert one.startswith('FastEthernet0/1\n') and packets >= 3 and 'Tunnel0' not in one
    told, = json.loads(router.cli('show interfaces FastEthernet0/1 stats | json'))['interfaces']
    assert told['in_packets'] >= packets
    text = router.cli('show interfaces accounting')
    assert re.search(r'^FastEthernet0/1 to the provider\n {16}Protocol    Pkts In   Chars In   Pkts Out  Chars Out\n'
                     r' {22}IP( +\d+){4}\n\n', text, re.M)
    assert 'Tunnel0 \nNo traffic sent or received on this interface.\n' in text
    assert 'Tunnel0' not in router.cli('show interfaces FastEthernet0/1 accounting')
    lines = router.cli('show interfaces FastEthernet0/1 description').splitlines()
    assert len(lines) == 2 and lines[1].split() == ['Fa0/1', 'up', 'up', 'to', 'the', 'provider']


@pytest.mark.parametrize('name', ['Fa0/1', 'fastethernet 0/1', 'Fast 0/1', 'tu0', 'Tunnel 0', 'Tunnel0', 'dum0'])
def test_names_of_interfaces_are_understood(router, name):
    for line in (f'show interfaces {name}', f'show ip interface brief {name}', f'show running-config interface {name}'):
        assert 'nvalid' not in router.cli(line), line


@pytest.mark.parametrize('line', ['show interfaces nonsense', 'show ip interface nonsense', 'show ip arp nonsense',
                                  'show crypto map interface nonsense', 'show interfaces nonsense description',
                                  'show interfaces nonsense | json', 'show running-config interface nonsense'])
def test_a_word_that_no_interface_has_is_pointed_at(router, line):
    said = router.cli(line)
    assert said.endswith(CARET), said
    column = len(said.split('^')[0])
    assert column == len('R1#'.replace('R1', prompt_name(router))) + line.index('nonsense'), said


def prompt_name(router):
    return json.loads(router.cli('show version | json'))['hostname']


@pytest.mark.parametrize('line', ['show interfaces Tunnel7', 'show ip interface Gi0/5', 'show interfaces Tunnel7 stats'])
def test_an_interface_that_is_not_there(router, line):
    assert router.cli(line).startswith('% Invalid interface ')
