# SPDX-License-Identifier: Apache-2.0
"""Ansible's cisco.ios, as Debian ships it, against a live router over SSH: what its modules do, and that they find
nothing to do the second time."""
import json
import os

import pytest

from peers.netns import need
from test_ssh import sshd  # noqa: F401 (a fixture)

pytestmark = [pytest.mark.no_way('a command line: no packet passes')]

INVENTORY = '''\
[all]
r1 ansible_host=127.0.0.1 ansible_user=root ansible_connection=ansible.netcommon.network_cli ansible_network_os=cisco.ios.ios
[all:vars]
ansible_ssh_private_key_file={key}
ansible_become=yes
ansible_become_method=enable
ansible_network_cli_ssh_type=paramiko
'''

SETTINGS = '''\
[defaults]
host_key_checking = False
stdout_callback = json
retry_files_enabled = False
deprecation_warnings = False
[persistent_connection]
command_timeout = 60
'''

# What is in the end wanted is stated twice: the second time nothing is to be done.
TWICE = [
    ('ios_hostname', {'config': {'hostname': 'R1-ANSIBLE'}, 'state': 'merged'}),
    ('ios_config', {'lines': ['ip mtu 1400', 'ip tcp adjust-mss 1360'], 'parents': 'interface FastEthernet0/1'}),
    ('ios_config', {'lines': ['encr aes 256', 'authentication pre-share', 'group 14', 'lifetime 3600'],
                    'parents': 'crypto isakmp policy 20'}),
    ('ios_interfaces', {'config': [{'name': 'FastEthernet0/1', 'description': 'described', 'enabled': True}],
                        'state': 'merged'}),
    ('ios_interfaces', {'config': [{'name': 'Loopback5', 'description': 'a loopback'}], 'state': 'merged'}),
    ('ios_l3_interfaces', {'config': [{'name': 'Loopback5', 'ipv4': [{'address': '10.55.0.1/24'}]}], 'state': 'merged'}),
    ('ios_acls', {'config': [{'afi': 'ipv4', 'acls': [{'name': 'ANSIBLE', 'acl_type': 'extended', 'aces': [
        {'sequence': 10, 'grant': 'permit', 'protocol': 'ip', 'source': {'address': '10.1.0.0', 'wildcard_bits': '0.0.255.255'},
         'destination': {'address': '10.3.0.0', 'wildcard_bits': '0.0.255.255'}},
        {'sequence': 20, 'grant': 'deny', 'protocol': 'tcp', 'source': {'any': True},
         'destination': {'host': '10.4.0.4', 'port_protocol': {'eq': 'www'}}, 'protocol_options': {'tcp': {'established': True}}},
    ]}]}], 'state': 'merged'}),
    ('ios_static_routes', {'config': [{'address_families': [{'afi': 'ipv4', 'routes': [
        {'dest': '10.77.0.0/16', 'next_hops': [{'forward_router_address': '192.0.2.2', 'name': 'by-ansible',
                                                'distance_metric': 110, 'tag': 40}]}]}]}],
        'state': 'merged'}),
    ('ios_banner', {'banner': 'motd', 'text': 'Keep out\n  or else', 'state': 'present'}),
]
ONCE = [
    ('ios_facts', {'gather_subset': 'all', 'gather_network_resources': ['interfaces', 'l3_interfaces', 'acls', 'static_routes']}),
    ('ios_facts', {'gather_subset': '!all', 'gather_network_resources': ['all']}),
    ('ios_command', {'commands': ['show version', 'show ip interface brief', 'show crypto isakmp sa', 'show running-config']}),
    ('ios_config', {'save_when': 'modified'}),
    ('ios_config', {'save_when': 'modified'}),
    ('ios_config', {'lines': ['crypto isakmp polcy 10']}),
]


def playbook():
    tasks = []
    for which in (1, 2):
        tasks += [{'name': f'{module} {n} run {which}', f'cisco.ios.{module}': words, 'ignore_errors': True}
                  for n, (module, words) in enumerate(TWICE)]
    tasks += [{'name': f'{module} {n} once', f'cisco.ios.{module}': words, 'ignore_errors': True}
              for n, (module, words) in enumerate(ONCE)]
    return [{'hosts': 'all', 'gather_facts': False, 'tasks': tasks}]


@pytest.fixture(scope='module')
def run_of(sshd):  # noqa: F811
    need('ansible-playbook')
    d = sshd.dir
    (d / 'inventory').write_text(INVENTORY.format(key=d / 'user'))
    (d / 'ansible.cfg').write_text(SETTINGS)
    (d / 'play.yml').write_text(json.dumps(playbook()))
    env = {**os.environ, 'ANSIBLE_CONFIG': str(d / 'ansible.cfg'), 'HOME': str(d), 'ANSIBLE_LOCAL_TEMP': str(d / 'tmp')}
    done = sshd.ns.run('ansible-playbook', '-i', d / 'inventory', d / 'play.yml', ok=False, timeout=600, env=env)
    text = done.stdout[done.stdout.index('{'):] if '{' in done.stdout else done.stdout + done.stderr
    tasks = json.loads(text)['plays'][0]['tasks']
    return {t['task']['name']: t['hosts']['r1'] for t in tasks}


@pytest.mark.parametrize('n', range(len(TWICE)), ids=[f'{n}-{m}' for n, (m, _) in enumerate(TWICE)])
def test_the_second_time_nothing_changes(run_of, n):
    first, second = (run_of.get(f'{TWICE[n][0]} {n} run {k}') for k in (1, 2))
    for one in first, second:
        assert one and not one.get('failed'), (one or {}).get('msg')
    assert first['changed'] and first['commands'], first
    assert not second['changed'], second['commands']


def test_facts(run_of):
    facts = run_of['ios_facts 0 once']['ansible_facts']
    assert facts['ansible_net_hostname'].startswith('R1') and facts['ansible_net_version']
    assert facts['ansible_net_interfaces']['FastEthernet0/1']['ipv4'] == [{'address': '192.0.2.1', 'subnet': '24'}]
    assert '10.55.0.1' in facts['ansible_net_all_ipv4_addresses']
    acl, = [a for a in facts['ansible_network_resources']['acls'][0]['acls'] if a['name'] == 'ANSIBLE']
    assert [e['sequence'] for e in acl['aces']] == [10, 20]


def test_all_network_resources_are_gathered(run_of):
    done = run_of['ios_facts 1 once']
    assert not done.get('failed'), done.get('msg')
    resources = done['ansible_facts']['ansible_network_resources']
    assert {'acl_interfaces', 'acls', 'bgp_global', 'hostname', 'interfaces'} <= set(resources), resources


def test_commands_and_errors(run_of):
    shown = run_of['ios_command 2 once']
    assert not shown.get('failed') and 'IPv4 Crypto ISAKMP SA' in shown['stdout'][2]
    assert not run_of['ios_config 3 once'].get('failed')
    # what was saved is what runs: there is nothing to save then
    assert run_of['ios_config 3 once']['changed'] and not run_of['ios_config 4 once']['changed']
    wrong = run_of['ios_config 5 once']
    assert wrong['failed'] and 'Invalid input' in str(wrong)
