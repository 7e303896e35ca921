# SPDX-License-Identifier: Apache-2.0
"""`monitor capture`: what a router exports, read and decrypted by tshark."""
import re
import stat

import pytest

from peers.netns import Net, until
from peers.tshark import rows, tshark
from router import Router, config

US, PEER = '192.0.2.1', '192.0.2.2'
NEAR, FAR = '10.1.0.1', '10.2.0.1'


@pytest.fixture
def pair():
    with Net() as net:
        us, peer = net.ns('us'), net.ns('peer')
        net.link(us, 'wan', f'{US}/24', peer, 'wan', f'{PEER}/24')
        us.addr('lo', f'{NEAR}/32')
        peer.addr('lo', f'{FAR}/32')
        us.route('10.2.0.0/24', PEER)
        peer.route('10.1.0.0/24', US)

        def text(local, remote, near, far):
            return config('aes128-sha1-modp1024', local, remote, [f'ip {near} 0.0.0.255 {far} 0.0.0.255'])
        yield (us, peer, Router(us, text(US, PEER, '10.1.0.0', '10.2.0.0')),
               Router(peer, text(PEER, US, '10.2.0.0', '10.1.0.0')))


def lines(file):
    return file.read_text().splitlines()


def test_an_export_shows_both_sides_and_decrypts(pair):
    us, _, router, _ = pair
    file = router.dir / 'cap.pcapng'
    assert 'has no interface' in router.cli('enable; monitor capture CAP match any; monitor capture CAP start')
    said = router.cli('enable; monitor capture CAP interface fa0/1 both; monitor capture CAP keys; '
                      'monitor capture CAP start')
    assert 'Started capture point : CAP' in said, said
    assert 'is active; stop it first' in router.cli('enable; monitor capture CAP buffer size 5')
    assert us.ping(FAR, 4, source=NEAR).result().lost == []
    until(lambda: re.search(r'packets in buf +: ([2-9]\d)', router.cli('enable; show monitor capture CAP buffer')))
    shown = router.cli('enable; show monitor capture CAP')
    for line in ('Status Information for Capture CAP', '   Interface: FastEthernet0/1, Direction: BOTH',
                 '   Status : Active', '   Buffer Size (in MB): 10'):
        assert line in shown, shown
    brief = router.cli('enable; show monitor capture CAP buffer brief')
    assert re.search(r'10\.1\.0\.1 +-> 10\.2\.0\.1 .* 1  out FastEthernet0/1 clear', brief), brief
    assert re.search(r'192\.0\.2\.1 +-> 192\.0\.2\.2 .* 50  out FastEthernet0/1$', brief, re.M), brief
    said = router.cli(f'enable; monitor capture CAP stop; monitor capture CAP export {file}')
    assert 'Stopped capture point : CAP' in said and 'Exported Successfully' in said
    log = router.log()
    assert '%BUFCAP-6-ENABLE: Capture Point CAP enabled.' in log and 'CAP disabled' in log

    keys = file.with_name('cap.pcapng.esp_sa')
    for f in (file, keys):
        assert stat.S_IMODE(f.stat().st_mode) == 0o600
    # each echo is there in clear and as ESP, and tshark finds the one in the other
    plain = rows(file, ['frame.interface_name', 'icmp.seq'], 'icmp.type == 8')
    assert plain == [['FastEthernet0/1 clear', str(n)] for n in range(1, 5)], plain
    seen = rows(file, ['frame.interface_name', 'icmp.seq', 'icmp.type'], 'esp && icmp', esp_sas=lines(keys))
    assert sorted(seen) == sorted(['FastEthernet0/1', str(n), t] for n in range(1, 5) for t in '80'), seen
    good = rows(file, ['esp.icv_good'], 'esp', esp_sas=lines(keys))
    assert len(good) == 8 and all(g in (['1'], ['True']) for g in good), good
    directions = rows(file, ['frame.packet_flags_direction'], 'esp')
    assert sorted(d[0] for d in directions) == ['0x00000001'] * 4 + ['0x00000002'] * 4, directions
    assert 'Capture CAP does not exist' in router.cli('enable; no monitor capture CAP; show monitor capture CAP')


def test_filters_limits_and_bounds(pair):
    us, _, router, _ = pair
    router.cli('enable; configure terminal; access-list 177 permit icmp any any; end')
    assert us.ping(FAR, 1, source=NEAR).result().lost == []  # the SAs are there
    router.cli('enable; monitor capture A interface fa0/1 out match ipv4 protocol 50 any host 192.0.2.2; '
               'monitor capture A limit packets 3 packet-len 64; monitor capture A start; '
               'monitor capture B interface fa0/1 both; monitor capture B access-list 177; '
               'monitor capture B buffer circular size 1; monitor capture B start')
    big = us.popen('ping', '-n', '-f', '-c', '1000', '-s', '1300', '-I', NEAR, FAR)
    assert big.wait(timeout=30) == 0
    until(lambda: 'Inactive' in router.cli('enable; show monitor capture A'))
    until(lambda: re.search(r'packets dropped +: [1-9]', router.cli('enable; show monitor capture B buffer')))
    router.cli(f'enable; monitor capture A export {router.dir}/a; monitor capture B stop; '
               f'monitor capture B export {router.dir}/b')
    got = rows(router.dir / 'a', ['ip.proto', 'ip.dst', 'frame.cap_len', 'frame.interface_name'])
    assert got == [['50', PEER, '64', 'FastEthernet0/1']] * 3, got
    assert not (router.dir / 'a.esp_sa').exists()  # nobody asked
    seen = rows(router.dir / 'b', ['icmp.seq', 'icmp.type', 'frame.interface_name'])
    assert {r[2] for r in seen} == {'FastEthernet0/1 clear'}
    assert seen[-1][:2] == ['1000', '0'] and len(seen) < 2000  # the newest are kept
    assert (router.dir / 'b').stat().st_size < 1.1 * 2**20
    tshark(router.dir / 'b', '-q')
    # an export takes the place of an older one, and of nothing else
    (router.dir / 'precious').write_text('precious')
    again = router.cli(f'enable; monitor capture A export {router.dir}/b; monitor capture A export {router.dir}/precious')
    assert 'Exported Successfully' in again and f'% {router.dir}/precious: File exists' in again, again
    assert (router.dir / 'precious').read_text() == 'precious'
    assert len(rows(router.dir / 'b', ['ip.proto'])) == 3
    bad = router.cli('enable; monitor capture A export /nowhere/x; monitor capture A interface fa0/9 both; '
                     'monitor capture C export x')
    assert '% /nowhere/x: No such file or directory' in bad and 'Capture C does not exist' in bad, bad
