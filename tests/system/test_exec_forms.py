# SPDX-License-Identifier: Apache-2.0
"""EXEC lines of IOS for which this router has no use, or which name what it has none of: each has an answer, in IOS's words
where it has some, and none of them is a success."""
import json
import re

import pytest

from ikecore import PEER, US, World
from router import Router, config

pytestmark = pytest.mark.no_way('control alone: no packet passes')


@pytest.fixture(scope='module')
def router():
    world = World()
    try:
        yield Router(world.us, config('aes256-sha1-modp1024', US, PEER, ['ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255']))
    finally:
        world.close()


@pytest.mark.parametrize('line', [
    'show crypto isakmp sa vrf RED', 'show crypto isakmp peers vrf RED', 'show crypto isakmp profile vrf RED', 'show crypto ipsec sa vrf RED',
    'show crypto session fvrf RED', 'show crypto session ivrf RED', 'clear crypto sa vrf RED', 'clear crypto isakmp vrf RED',
    'clear crypto session ivrf RED', 'debug crypto condition fvrf RED', 'debug crypto condition ivrf RED', 'ping vrf RED 192.0.2.2', 'ping vrf RED ip 192.0.2.2 source 192.0.2.1 repeat 2', 'traceroute vrf RED 192.0.2.2',
    'ping vrf RED 2001:DB8::1'])
def test_a_vrf_does_not_exist(router, line):
    assert router.cli(line) == '% VRF RED does not exist\n'
    if line.startswith('show'):
        assert router.cli(f'{line} | json') == '% VRF RED does not exist\n'


def test_tables_of_vrfs_are_empty(router):
    assert router.cli('show ip route vrf RED') == '% IP routing table vrf RED does not exist\n'
    for line in ('show vrf RED', 'show vrf brief RED', 'show vrf detail RED', 'show ip vrf RED', 'show ip vrf brief RED', 'show ip vrf detail RED'):
        assert router.cli(line) == '% No VRF named RED\n', line
    for line in ('show vrf detail', 'show ip vrf detail'):
        assert router.cli(line) == '' and json.loads(router.cli(f'{line} | json')) == {'vrfs': []}, line


@pytest.mark.parametrize('line, answer', [
    ('show lldp', '% LLDP is not enabled\n'), ('show lldp interface', '% LLDP is not enabled\n'),
    ('show lldp neighbors detail', '% LLDP is not enabled\n'), ('show cdp', '% CDP is not enabled\n'),
    ('show cdp neighbors detail', '% CDP is not enabled\n'), ('show snmp', '%SNMP agent not enabled\n'),
    ('show snmp user', ''), ('show lacp sys-id', ''),
    ('show vlan', 'No Virtual LANs configured.\n'), ('show ntp status', '%NTP is not enabled.\n'),
    ('show ip bgp summary', '% BGP not active\n'), ('show ip ospf 7', '%OSPF: Router process 7 is not running\n'),
    ('show ip ospf neighbor', ''), ('show ip eigrp neighbors', '')])
def test_a_feature_that_does_not_run_says_so(router, line, answer):
    assert router.cli(line) == answer
    assert json.loads(router.cli(f'{line} | json'))['lines'] == answer.splitlines()


# Forms of features that are off, and of routing protocols that nothing here runs.
OFF = [
    'show lldp', 'show lldp errors', 'show lldp traffic', 'show lldp entry nobody', 'show lldp interface',
    'show lldp interface FastEthernet0/1', 'show lldp neighbors', 'show lldp neighbors detail',
    'show lldp neighbors FastEthernet0/1', 'show lldp neighbors FastEthernet0/1 detail', 'show cdp', 'show cdp traffic',
    'show cdp entry nobody', 'show cdp interface', 'show cdp interface FastEthernet0/1', 'show cdp neighbors',
    'show cdp neighbors detail', 'show cdp neighbors FastEthernet0/1', 'show cdp neighbors FastEthernet0/1 detail', 'show snmp',
    'show snmp chassis', 'show snmp community', 'show snmp contact', 'show snmp engineID', 'show snmp host',
    'show snmp location', 'show snmp sessions', 'show snmp group', 'show snmp user', 'show snmp view', 'show ntp associations',
    'show ntp associations detail', 'show ntp status', 'show lacp counters', 'show lacp internal', 'show lacp neighbor',
    'show lacp sys-id', 'show vlans', 'show ip ospf', 'show ip ospf database', 'show ip ospf interface',
    'show ip ospf interface FastEthernet0/1', 'show ip ospf neighbor', 'show ip ospf neighbor detail',
    'show ip ospf neighbor FastEthernet0/1', 'show ip ospf neighbor FastEthernet0/1 detail', 'show ip ospf 7',
    'show ip ospf 7 database', 'show ip ospf 7 interface', 'show ip ospf 7 interface FastEthernet0/1', 'show ip ospf 7 neighbor',
    'show ip ospf 7 neighbor detail', 'show ip ospf 7 neighbor FastEthernet0/1',
    'show ip ospf 7 neighbor FastEthernet0/1 detail', 'show ip eigrp interfaces', 'show ip eigrp neighbors',
    'show ip eigrp topology', 'show ip eigrp traffic', 'show ip bgp', 'show ip bgp neighbors', 'show ip bgp summary',
    'show ip ssh']
NO_ROUTES = [
    'show ip route bgp', 'show ip route bgp 7', 'show ip route eigrp', 'show ip route eigrp 7', 'show ip route ospf',
    'show ip route ospf 7', 'show ip route rip', 'show ip route 192.0.2.0 255.255.255.0',
    'show ip route 192.0.2.0 255.255.255.0 longer-prefixes']


def test_each_form_of_what_is_off_is_taken(router):
    for line in OFF:
        said = router.cli(line)
        assert not said or (said[0] in '%N' and said.count('\n') == 1 and 'Invalid' not in said) or line == 'show ip ssh', (line, said)
        assert json.loads(router.cli(f'{line} | json'))['lines'] == said.splitlines(), line


def test_routes_of_no_protocol(router):
    for line in NO_ROUTES:
        said, rows = router.cli(line), json.loads(router.cli(f'{line} | json'))['routes']
        table = said.split('last resort')[-1]
        assert 'Invalid' not in said and bool(rows) == bool(re.search(r'^[CLS]\S* |Known via', table, re.M)), (line, said, rows)
    assert 'nvram' not in router.cli('show flash:') and 'bytes' in router.cli('show flash:')


@pytest.mark.parametrize('line, service', [('telnet 192.0.2.2', 'telnet'), ('telnet 192.0.2.2 23 /source-interface FastEthernet0/1', 'telnet'),
                                           ('connect 192.0.2.2', 'telnet'), ('ssh -l admin 192.0.2.2', 'ssh'),
                                           ('ssh -v 2 -l admin -p 22 192.0.2.2', 'ssh'), ('rlogin 192.0.2.2', 'rlogin')])
def test_nobody_gets_on_from_here(router, line, service):
    assert router.cli(line) == f'% {service} connections not permitted from this terminal\n'


@pytest.mark.parametrize('line', ['debug crypto isakmp ha', 'debug crypto ipsec ha', 'debug crypto ha'])
def test_failover_has_nothing_to_tell(router, line):
    assert router.cli(line) == '% No stateful failover: there is nothing to debug\n'
    assert 'Crypto' not in router.cli('show debugging')


@pytest.mark.parametrize('line, said', [
    ('crypto key generate ec keysize 256', '% EC keys are not supported'), ('crypto key generate ec keysize 384 label K exportable', '% EC keys are not'),
    ('crypto key lock rsa name K passphrase SECRETPASS', '% RSA keys are files'), ('crypto key encrypt write rsa name K passphrase SECRETPASS', '% RSA keys'),
    ('crypto key decrypt rsa', '% RSA keys are files'), ('crypto pki trustpool import url http://192.0.2.2/x', '% There is no trustpool')])
def test_keys_and_pools_that_there_are_none_of(router, line, said):
    assert said in router.cli(f'configure terminal ; {line} ; end')
    assert 'SECRETPASS' not in router.cli('show running-config') + router.log()
