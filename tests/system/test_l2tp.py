# SPDX-License-Identifier: Apache-2.0
"""labs/l2tp-protected: xl2tpd's L2TP under a crypto map in transport mode. xl2tpd says that its tunnel
is up, tcpdump in between that it never saw it."""
import re
import shutil
import subprocess
import tempfile

import pytest

from conftest import ROOT
from peers.netns import until
from test_router import capture, lab

FOLDER = ROOT / 'labs' / 'l2tp-protected'


def test_foreign_l2tp_is_protected_by_its_port(who):
    if not shutil.which('xl2tpd', path='/usr/sbin:/usr/bin'):
        pytest.skip('needs xl2tpd, which is not installed')
    with lab(who, FOLDER) as it, tempfile.TemporaryFile('w+') as lns, tempfile.TemporaryFile('w+') as lac:
        def said(f):
            f.seek(0)
            return f.read()

        with capture(it, 'ISP', 'eth1') as seen:
            ends = []
            for node, role, f in (('R2', 'lns', lns), ('R1', 'lac', lac)):
                ends.append(it.spawn(node, 'sh', FOLDER / 'l2tp.sh', role, stdout=f, stderr=subprocess.STDOUT))
            try:
                until(lambda: re.search(r'Connection established to 198\.51\.100\.2, 1701', said(lac)), 30,
                      'the L2TP tunnel')
                until(lambda: re.search(r'Connection established to 192\.0\.2\.2, ', said(lns)), 5)
                sa = it.cli('R1', 'show crypto ipsec sa')
                # cleartext of that kind is no way in
                it.host('ISP', '/usr/bin/python3', '-c', 'from scapy.all import IP, UDP, send; '
                        'send(IP(src="192.0.2.2", dst="198.51.100.2") / UDP(sport=5, dport=1701) / (b"x" * 20))')
                until(lambda: re.search(r'arrived in clear, a crypto map protects it +1\n', it.cli('R2', 'show crypto drops')))
                log = until(lambda: 'NOT_IPSEC' in (x := it.cli('R2', 'enable; show logging')) and x)
            finally:
                # R1 first: of what still arrived, R2's kernel would say in clear that nobody listens
                for p in reversed(ends):
                    p.terminate()
                    p.wait(timeout=20)
        assert re.search(r'local  ident .*\(192\.0\.2\.2/255\.255\.255\.255/17/0\)', sa), sa
        assert re.search(r'remote ident .*\(198\.51\.100\.2/255\.255\.255\.255/17/1701\)', sa), sa
        assert 'in use settings ={Transport, }' in sa
        counts = re.search(r'#pkts encaps: (\d+).*\n.*#pkts decaps: (\d+)', sa)
        assert int(counts.group(1)) >= 3 and int(counts.group(2)) >= 2, sa  # SCCRQ, SCCRP, SCCCN and on
        assert "%CRYPTO-4-RECVD_PKT_NOT_IPSEC: Rec'd packet not an IPSEC packet. (ip) vrf/dest_addr= /198.51.100.2, " \
               'src_addr= 192.0.2.2, prot= 17' in log, log
        assert any('ESP(' in x for x in seen), seen
        clear = [x for x in seen if re.search(r'1701|L2TP|l2tp', x)]
        assert not clear, clear
