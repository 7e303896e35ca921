# SPDX-License-Identifier: Apache-2.0
"""What a whole router does to its host, and undoes: as root and as an ordinary user."""
import os
import subprocess

import pytest

from conftest import built

pytestmark = pytest.mark.no_way('what the kernel does with packets for a router: none passes one')

CONFIG = '''\
crypto isakmp policy 10
 encr aes
 authentication pre-share
 group 14
crypto isakmp key secretkey address 192.0.2.2
crypto ipsec transform-set TS esp-aes esp-sha-hmac
access-list 101 permit ip 10.1.1.0 0.0.0.255 10.2.2.0 0.0.0.255
crypto map M 10 ipsec-isakmp
 set peer 192.0.2.2
 set transform-set TS
 match address 101
interface FastEthernet0/1
 ip address 192.0.2.1 255.255.255.0
 crypto map M
'''

SCRIPT = '''\
trap 'kill -9 $! 2>/dev/null || :' EXIT  # the children go with their supervisor
view() { cat /proc/sys/net/ipv4/ip_forward; ip -o link; ip rule; ip -4 route show table all; nft list ruleset; }
until_true() { for i in $(seq 100); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; return 1; }
ip link set lo up
ip link add wan type veth peer name far
ip addr add 192.0.2.1/24 dev wan; ip link set wan up; ip link set far up
ip addr add 192.0.2.2/24 dev far
until_true sh -c "ip link show wan | grep 'state UP'"
echo 0 > /proc/sys/net/ipv4/ip_forward
view | sed 's/<[^>]*>//' > before
'''

RUN = '''\
"$CULVERT" run --config cfg --socket "$PWD/sock" --interface FastEthernet0/1=wan 2> log &
until_true test -S sock
until_true nft list chain ip culvert guard
'''

ENDING = '''\
kill -TERM $!
wait $! || exit 9
view | sed 's/<[^>]*>//' > after
diff before after
'''


def in_a_namespace(who, tmp_path, script, begin=RUN, end=ENDING, mounts=False):
    """Runs a script in a network namespace of its own, in a folder that it may write."""
    user = bool(who) or os.geteuid() != 0
    (tmp_path / 'cfg').write_text(CONFIG)
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.getuid() and 'pytest' in str(path):
            path.chmod(0o777)
    unshare = ['unshare', '-Urn' if user else '-n', *(['-m'] if mounts else [])]
    probe = subprocess.run([*who, *unshare, 'true'])
    if probe.returncode:
        pytest.skip('no user namespaces for ordinary users here')
    r = subprocess.run([*who, *unshare, 'timeout', '60', 'sh', '-ec', SCRIPT + begin + script + end],
                       cwd=tmp_path, capture_output=True, text=True,
                       env={**os.environ, 'CULVERT': str(built('culvert'))})
    log = tmp_path / 'log'
    assert r.returncode == 0, r.stdout + r.stderr + (log.read_text() if log.exists() else '')
    return r.stdout


def test_an_orderly_stop_leaves_the_host_as_it_was(who, tmp_path):
    out = in_a_namespace(who, tmp_path, 'until_true grep 1 /proc/sys/net/ipv4/ip_forward\n'
                                        'cat /proc/sys/net/ipv4/ip_forward\n')
    assert out == '1\n'
    assert 'net.ipv4.ip_forward set to 1' in (tmp_path / 'log').read_text()


def test_a_ruleset_that_a_firewall_flushed_is_put_back(who, tmp_path):
    in_a_namespace(who, tmp_path, 'sleep 1\nnft flush ruleset\nnft list ruleset\n'
                                  'until_true nft list chain ip culvert guard\n')


def test_what_a_crash_left_is_taken_over_and_then_away(who, tmp_path):
    """kill -9 of all three; the locks stay; the next router inherits and removes them."""
    out = in_a_namespace(who, tmp_path, '''
until_true ip rule show pref 17000
kill -9 $!; sleep 0.5
nft list chain ip culvert guard > /dev/null && echo guarded
ip route show table 17000
"$CULVERT" run --config cfg --socket "$PWD/sock" --interface FastEthernet0/1=wan 2> log &
until_true grep -q ISAKMP log
sleep 1
cat /proc/sys/net/ipv4/ip_forward
''')
    assert 'guarded\n' in out
    assert 'unreachable default' in out
    assert out.endswith('\n1\n')  # and 0 again behind the orderly stop, as before the one that died
    assert not list(tmp_path.glob('sock*'))


SHELL = '"$CULVERT" shell --socket "$PWD/sock"'
CHILDREN = r'''
control() { for p in $(pgrep -P $router); do grep -q '^CapPrm:.0*[1-9a-f]' /proc/$p/status && echo $p; done; }
renewed() { now=$(control); test -n "$now" -a "$now" != "$old"; }
'''


def test_what_was_typed_and_not_saved_is_still_guarded_after_a_crash(who, tmp_path):
    """And the orderly stop of the control that came after it leaves the host as it was."""
    out = in_a_namespace(who, tmp_path, CHILDREN + f'''
router=$!; until_true ip rule show pref 17000
printf '%s\\n' enable 'configure terminal' 'access-list 101 permit ip 10.1.1.0 0.0.0.255 10.3.3.0 0.0.0.255' \\
    'crypto map M 10 ipsec-isakmp' 'description not saved' end | {SHELL} > typed
lines() {{ nft list chain ip culvert guard_0_10 | grep -c 10.3.3.0; }}
until_true lines; lines
for i in 1 2 3; do
    old=$(control); kill -9 $old
    until_true renewed; sleep 0.7; lines
done
{SHELL} -c 'show running-config' | grep -c '10.3.3.0\\|^ description not saved$'
''', end=ENDING.replace('$!', '$router'))
    assert out == '1\n1\n1\n1\n2\n'


def test_a_second_router_changes_nothing(who, tmp_path):
    out = in_a_namespace(who, tmp_path, '''
router=$!; sleep 1; nft list ruleset > one; cat /proc/sys/net/ipv4/ip_forward
sed 's/10.2.2.0/10.9.9.0/' cfg > other
rc=0; "$CULVERT" run --config other --socket "$PWD/sock" 2> log2 || rc=$?
nft list ruleset | diff one - && echo "$rc"; cat /proc/sys/net/ipv4/ip_forward
''', end=ENDING.replace('$!', '$router'))
    assert out == '1\n2\n1\n'
    assert 'Address already in use' in (tmp_path / 'log2').read_text()


def test_a_file_in_the_place_of_the_socket_is_not_touched(who, tmp_path):
    out = in_a_namespace(who, tmp_path, begin='', script='''
echo precious > sock
rc=0; "$CULVERT" run --config cfg --socket "$PWD/sock" 2> log || rc=$?
cat sock
''', end="view | sed 's/<[^>]*>//' > after; diff before after")
    assert out == 'precious\n'


def test_a_tun_deleted_while_control_is_down_comes_back(who, tmp_path):
    in_a_namespace(who, tmp_path, CHILDREN + '''
router=$!; until_true ip route show table 17000
sleep 0.5; kill -9 $(control); ip link del cvsteer0
until_true sh -c "ip route show table 17000 | grep cvsteer0"
until_true sh -c "ip link show cvsteer0 | grep -q ,UP"
ip route show table 17000 | grep -q cvsteer0 && ip link show cvsteer0 | grep -q ,UP
''', end=ENDING.replace('$!', '$router'))


def test_a_policy_rule_that_somebody_deleted_comes_back(who, tmp_path):
    in_a_namespace(who, tmp_path, '''
until_true sh -c "ip rule show pref 17000 | grep lookup"
ip rule del pref 17000
until_true sh -c "ip rule show pref 17000 | grep lookup"
ip rule show pref 17000 | grep -q lookup
''')


def test_an_entry_of_a_type_that_is_not_run_is_closed_all_the_same(who, tmp_path):
    out = in_a_namespace(who, tmp_path, f'''
printf '%s\\n' enable 'configure terminal' 'access-list 102 permit ip any 10.7.7.0 0.0.0.255' \\
    'crypto map M 20 ipsec-manual' 'set peer 192.0.2.2' 'match address 102' end | {SHELL} > typed
until_true sh -c "nft list chain ip culvert guard_0_10 | grep -q 10.7.7.0"
nft list chain ip culvert guard_0_10 | grep -o '10.7.7.0/24 goto leaving_clear'
''')
    assert out == '10.7.7.0/24 goto leaving_clear\n'


NFT_GONE = 'mount --bind /dev/null "$(command -v nft || echo /usr/sbin/nft)"\n'


def test_without_nft_there_is_no_router(who, tmp_path):
    """No guard, no forwarding: it says so and gives up, and leaves nothing behind."""
    out = in_a_namespace(who, tmp_path, '', mounts=True, begin=NFT_GONE + '''
rc=0; "$CULVERT" run --config cfg --socket "$PWD/sock" --interface FastEthernet0/1=wan 2> log || rc=$?
echo "$rc $(cat /proc/sys/net/ipv4/ip_forward)"
''', end='ip -o link | grep cvsteer || :; ip rule | grep 1700 || :')
    assert out == '2 0\n'
    log = (tmp_path / 'log').read_text()
    assert '%CULVERT-2-START: no guard, so no router: nft' in log


def test_forwarding_ends_with_the_guard_and_returns_with_it(who, tmp_path):
    out = in_a_namespace(who, tmp_path, mounts=True, script='cp "$(command -v nft)" nft.real\n' + NFT_GONE + '''
until_true grep 1 /proc/sys/net/ipv4/ip_forward
# the kernel's table goes, and nft is not there to load it again
cp nft.real other; ./other delete table ip culvert
until_true grep 0 /proc/sys/net/ipv4/ip_forward
cat /proc/sys/net/ipv4/ip_forward
umount "$(command -v nft || echo /usr/sbin/nft)"
until_true nft list chain ip culvert guard
until_true grep 1 /proc/sys/net/ipv4/ip_forward
cat /proc/sys/net/ipv4/ip_forward
''')
    assert out == '0\n1\n'


def test_a_device_that_comes_later_is_guarded_before_it_comes(who, tmp_path):
    """And when it is made anew: nothing but IPsec leaves there until its lines are known."""
    out = in_a_namespace(who, tmp_path, begin='ip link del wan\n' + RUN, script='''
seen() { nft list chain ip culvert guard | grep -o 'oifname "wan" jump guard_0'; }
until_true seen; seen
nft list chain ip culvert guard_0 | grep -o 'goto leaving_clear'
for i in 1 2; do
    ip link add wan type veth peer name far; ip link set far up
    ip addr add 192.0.2.1/24 dev wan; ip link set wan up
    until_true sh -c "nft list chain ip culvert guard_0 | grep 'jump guard_0_10'"
    ip route show table 17000 | grep -c cvsteer0
    ip link del wan
    until_true sh -c "nft list chain ip culvert guard_0 | grep 'goto leaving_clear'"
    seen
done
ip link add wan type veth peer name far
ip addr add 192.0.2.1/24 dev wan; ip link set wan up; ip link set far up; ip addr add 192.0.2.2/24 dev far
''', end='kill -TERM $!; wait $! || exit 9; nft list ruleset; ip rule | grep 1700 || :')
    line = 'oifname "wan" jump guard_0\n'
    assert out == line + 'goto leaving_clear\n' + ('1\n' + line) * 2
