# SPDX-License-Identifier: Apache-2.0
"""`clear access-list counters [LIST]` begins the matches of that list anew, wherever it is used, and nothing else."""
import re

from peers.netns import Net, until
from router import Router, config

US, PEER = '192.0.2.1', '192.0.2.2'


def test_the_matches_of_one_list_are_cleared_and_nothing_else():
    with Net() as net:
        us, peer = net.ns('us'), net.ns('peer')
        net.link(us, 'wan', f'{US}/24', peer, 'wan', f'{PEER}/24')
        for ns, d, via in ((us, 1, PEER), (peer, 2, US)):
            for net_ in (0, 8):
                ns.addr('lo', f'10.{d}.{net_}.1/32')
            ns.route(f'10.{3 - d}.0.0/16', via)

        def text(local, remote, d):
            o = 3 - d
            t = config('aes128-sha1-modp1024', local, remote, [f'ip 10.{d}.0.0 0.0.0.255 10.{o}.0.0 0.0.0.255'], extra=' ip access-group EDGE in')
            return t + f'''crypto map M 20 ipsec-isakmp
 set peer {remote}
 set transform-set TS
 match address OTHER
 set ip access-group PASS out
ip access-list extended OTHER
 permit ip 10.{d}.8.0 0.0.0.255 10.{o}.8.0 0.0.0.255
ip access-list extended EDGE
 permit ip any any
ip access-list extended PASS
 permit ip any any
'''
        router, other = Router(us, text(US, PEER, 1)), Router(peer, text(PEER, US, 2))
        for third in (0, 8):
            until(lambda: not us.ping(f'10.2.{third}.1', 1, source=f'10.1.{third}.1', wait=1).result().lost, 20, 'an answer')

        def matches():
            shown = router.cli('show access-lists')
            return {name: int((m := re.search(rf'access list {name}\n.*?(?:\((\d+) match(?:es)?\))?\n', shown)) and m[1] or 0)
                    for name in ('CRYPT', 'OTHER', 'EDGE', 'PASS')}

        def encaps():
            return re.findall(r'#pkts encaps: (\d+)', router.cli('show crypto ipsec sa'))
        before, sent = matches(), encaps()
        assert all(before.values()) and all(int(n) for n in sent), (before, sent)
        for list_ in ('OTHER', 'PASS', 'CRYPT', ''):
            router.cli(f'enable; clear access-list counters {list_}')
            before = {k: v if list_ and k != list_ else 0 for k, v in before.items()}
            assert matches() == before and encaps() == sent, list_
        assert not us.ping('10.2.8.1', 2, source='10.1.8.1').result().lost
        assert matches()['OTHER'] == matches()['PASS'] == 2
        router.cli('enable; clear access-list counters NOLIST')
        assert matches()['OTHER'] == 2
        router.stop()
        other.stop()
