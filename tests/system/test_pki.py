# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates of a running router, judged by openssl and strongSwan's pki."""
import re
import stat
import subprocess

import pytest

from conftest import ROOT, built
from layout import compare
from peers.netns import Net, need, run, until
from router import Router

pytestmark = pytest.mark.no_way('control alone: no packet passes')

BASE = 'hostname R1\nip domain name example.com\ninterface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n'


@pytest.fixture
def net():
    need('openssl', 'pki')
    with Net() as n:
        yield n


def router(net, extra='', name='r1'):
    ns = net.ns(name)
    peer = net.ns(name + 'x')
    net.link(ns, 'wan', None, peer, 'eth0', None)
    return Router(ns, BASE + extra)


def again(r):
    """The router stops and starts again with the configuration that it saved."""
    r.stop()
    r.sock.unlink(missing_ok=True)
    r.proc = r.ns.popen(built('culvert'), 'run', '--config', r.dir / 'cfg', '--socket', r.sock,
                        '--interface', 'FastEthernet0/1=wan', log=r.dir / 'log')
    until(r.sock.exists, 20, 'the router')


def typed(r, *lines):
    """What `culvert shell < file` prints."""
    text = '\n'.join(lines) + '\n'
    return subprocess.run([built('culvert'), 'shell', '--socket', r.sock], input=text, text=True,
                          capture_output=True, timeout=60).stdout


def openssl(*argv, data=None, ok=True):
    done = subprocess.run(['openssl', *map(str, argv)], input=data, capture_output=True)
    assert not ok or done.returncode == 0, done.stderr.decode()
    return done.stdout


def hexes(text):
    """The bytes of lines of hex groups."""
    return bytes.fromhex(''.join(re.findall(r'^\s+((?:[0-9A-F]{2,8} ?)+)$', text, re.M)).replace(' ', ''))


class CA:
    """A certification authority of openssl."""

    def __init__(self, folder, name='CA'):
        self.dir, self.key, self.cert = folder, folder / f'{name}.key', folder / f'{name}.pem'
        openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', self.key, '-out', self.cert, '-days', 30,
                '-subj', f'/C=CH/O=Test/CN={name}', '-addext', 'keyUsage=critical,keyCertSign,cRLSign')

    def issue(self, request, serial=5):
        (self.dir / 'req.pem').write_text(request)
        return openssl('x509', '-req', '-in', self.dir / 'req.pem', '-CA', self.cert, '-CAkey', self.key,
                       '-set_serial', serial, '-days', 10, '-copy_extensions', 'copyall').decode()


TP = ['crypto pki trustpoint TP', 'enrollment terminal pem', 'subject-name CN=R1,O=Example', 'serial-number none',
      'ip-address 192.0.2.1', 'revocation-check none', 'rsakeypair TP 1024', 'exit']


def authenticate(ca, name='TP', answer='yes'):
    return [f'crypto pki authenticate {name}', *ca.cert.read_text().splitlines(), 'quit', answer]


def request_of(r, *answers):
    said = typed(r, 'conf t', 'crypto pki enroll TP', *answers, 'yes', 'no')
    found = re.search(r'-----BEGIN CERTIFICATE REQUEST-----.*?-----END CERTIFICATE REQUEST-----\n', said, re.S)
    assert found, said
    return said, found.group(0)


def parsed_by_others(text):
    """The TextFSM template of ntc-templates reads what is shown."""
    textfsm = pytest.importorskip('textfsm')
    with open(ROOT / 'tests/golden/ntc-templates/cisco_ios_show_crypto_pki_certificates.textfsm') as f:
        machine = textfsm.TextFSM(f)
    rows = [dict(zip(machine.header, row)) for row in machine.ParseText(text)]
    return [{k: v for k, v in row.items() if v} for row in rows]


def enrolled(net, r, ca):
    typed(r, 'conf t', *TP, *authenticate(ca))
    _, req = request_of(r)
    cert = ca.issue(req)
    said = typed(r, 'conf t', 'crypto pki import TP certificate', *cert.splitlines(), 'quit')
    assert '% Router Certificate successfully imported' in said
    return cert


# ---- keys ----

def test_a_key_pair_is_made_kept_private_and_zeroized(net):
    r = router(net)
    said = typed(r, 'conf t', 'crypto key generate rsa general-keys label K/1 modulus 1024',
                 'crypto key generate rsa', '600', 'crypto key generate rsa usage-keys label U modulus 512')
    assert '% Generating 1024 bit RSA keys, keys will be non-exportable...\n[OK]' in said
    assert 'The name for the keys will be: R1.example.com\n' in said
    assert '% Generating 600 bit RSA keys' in said
    folder = r.dir / 'cfg.pki'
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = sorted(folder.iterdir())
    assert [f.name for f in files] == ['K%2F1.general.key', 'R1%2Eexample%2Ecom.general.key', 'U.encryption.key',
                                       'U.signature.key']
    assert all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in files)
    shown = r.cli('show crypto key mypubkey rsa K/1')
    der = hexes(shown)
    assert der == openssl('pkey', '-in', files[0], '-pubout', '-outform', 'DER')
    secret = openssl('rsa', '-in', files[0], '-noout', '-text').decode()
    private = ''.join(secret.split('privateExponent:')[1].split('prime1')[0].split()).replace(':', '').upper()
    everything = r.cli('show crypto key mypubkey rsa; show running-config; show logging; show history')
    assert everything.count('Key Data:') == 4 and 'PRIVATE' not in everything
    assert private.lstrip('0')[:40] not in everything.replace(' ', '').replace('\n', '')
    again(r)
    assert hexes(r.cli('show crypto key mypubkey rsa K/1')) == der
    said = typed(r, 'conf t', 'crypto key zeroize rsa K/1', 'perhaps', 'no', 'crypto key zeroize rsa K/1', 'yes',
                 'crypto key zeroize rsa none')
    assert "% Please answer 'yes' or 'no'." in said and "% No RSA keys found named 'none'" in said
    assert [f.name for f in sorted(folder.iterdir())] == [f.name for f in files[1:]]


def test_keys_that_are_there_are_replaced_only_when_asked(net):
    r = router(net)
    typed(r, 'conf t', 'crypto key generate rsa label K modulus 512')
    old = (r.dir / 'cfg.pki' / 'K.general.key').read_text()
    said = typed(r, 'conf t', 'crypto key generate rsa label K', 'no')
    assert '% You already have RSA keys defined named K.' in said
    assert (r.dir / 'cfg.pki' / 'K.general.key').read_text() == old
    assert '% They will be replaced.' in typed(r, 'conf t', 'crypto key generate rsa label K modulus 512')
    assert (r.dir / 'cfg.pki' / 'K.general.key').read_text() != old
    assert 'less than 512 bits' in typed(r, 'conf t', 'crypto key generate rsa label L modulus 400')


def test_the_router_answers_while_a_large_key_is_made(net):
    r = router(net)
    slow = subprocess.Popen([built('culvert'), 'shell', '--socket', r.sock, '-c',
                             'conf t; crypto key generate rsa label BIG modulus 4096'], stdout=subprocess.PIPE, text=True)
    begun = ''
    while 'Generating 4096 bit' not in begun:
        begun += slow.stdout.readline()
    said = typed(r, 'conf t', 'crypto key generate rsa label B modulus 512')
    assert 'Another key pair is being generated' in said or '[OK]' in said
    assert '[OK] (elapsed time was' in slow.communicate(timeout=120)[0]
    assert b'4096 bit' in openssl('pkey', '-in', r.dir / 'cfg.pki' / 'BIG.general.key', '-noout', '-text')


def test_keys_go_to_openssl_and_come_back(net):
    r = router(net)
    said = typed(r, 'conf t', 'crypto key generate rsa label E modulus 1024 exportable',
                 'crypto key export rsa E pem terminal 3des secret99', 'crypto key generate rsa label N modulus 512',
                 'crypto key export rsa N pem terminal 3des secret99')
    assert "% RSA keypair 'N' is not exportable." in said
    public, private = re.findall(r'-----BEGIN .*?-----END [^\n]*\n', said, re.S)
    assert 'DEK-Info: DES-EDE3-CBC' in private
    modulus = openssl('rsa', '-noout', '-modulus', '-passin', 'pass:secret99', data=private.encode())
    assert modulus == openssl('rsa', '-noout', '-modulus', '-in', r.dir / 'cfg.pki' / 'E.general.key')
    bad = typed(r, 'conf t', 'crypto key import rsa C pem terminal wrong999', *public.splitlines(), 'quit',
                *private.splitlines(), 'quit')
    assert 'the passphrase is wrong' in bad
    good = typed(r, 'conf t', 'crypto key import rsa C pem terminal secret99', *public.splitlines(), 'quit',
                 *private.splitlines(), 'quit', 'do show history')
    assert '% Key pair import succeeded.' in good and 'secret99' not in good
    assert modulus == openssl('rsa', '-noout', '-modulus', '-in', r.dir / 'cfg.pki' / 'C.general.key')


# ---- enrollment ----

def test_a_router_enrolls_by_cut_and_paste(net):
    r, ca = router(net), CA(net.dir)
    said = typed(r, 'conf t', *TP, *authenticate(ca))
    fingerprint = openssl('x509', '-in', ca.cert, '-noout', '-fingerprint', '-sha1').decode().split('=')[1]
    groups = re.search(r'Fingerprint SHA1: ([0-9A-F ]+)', said).group(1)
    assert groups.replace(' ', '') == fingerprint.strip().replace(':', '')
    assert 'Trustpoint CA certificate accepted.\n% Certificate successfully imported' in said
    said, req = request_of(r)
    assert '% Generating 1024 bit RSA keys' in said
    assert '% The subject name in the certificate will include: CN=R1,O=Example\n' in said
    told = openssl('req', '-verify', '-noout', '-text', data=req.encode()).decode()
    assert 'O = Example, CN = R1' in told and 'unstructuredName = R1.example.com' in told
    assert 'DNS:R1.example.com, IP Address:192.0.2.1' in told and 'Digital Signature, Key Encipherment' in told
    (net.dir / 'cacert.der').write_bytes(openssl('x509', '-in', ca.cert, '-outform', 'DER'))
    # strongSwan's CA takes the request, too
    der = subprocess.run(['pki', '--issue', '--type', 'pkcs10', '--cacert', ca.cert, '--cakey', ca.key, '--lifetime',
                          '10'], input=req.encode(), capture_output=True)
    assert der.returncode == 0, der.stderr
    cert = openssl('x509', '-inform', 'DER', data=der.stdout).decode()
    said = typed(r, 'conf t', 'crypto pki import TP certificate', *cert.splitlines(), 'quit')
    assert '% Router Certificate successfully imported' in said
    # the running configuration holds both, byte by byte
    running = r.cli('show running-config')
    chain = running.split('crypto pki certificate chain TP\n')[1]
    one = re.search(r' certificate (?!ca)[0-9A-F]+\n(.*?)\n  \tquit', chain, re.S).group(1)
    assert hexes(one) == der.stdout
    assert hexes(re.search(r' certificate ca [0-9A-F]+\n(.*?)\n  \tquit', chain, re.S).group(1)) == \
        (net.dir / 'cacert.der').read_bytes()
    shown = r.cli('show crypto pki certificates verbose TP; show crypto pki trustpoints status')
    compare(r, 'show crypto pki trustpoints', 'pki-trustpoints')
    compare(r, 'show crypto pki trustpoints status', 'pki-trustpoints-status')
    compare(r, 'show crypto key mypubkey rsa', 'key-rsa')
    for line in ('    Name: R1.example.com', '    IP Address: 192.0.2.1', '    RSA Public Key: (1024 bit)',
                 '        IP Address : 192.0.2.1', '  Associated Trustpoints: TP ',
                 '    Keys generated ............. Yes (General Purpose, non-exportable)',
                 '    Issuing CA authenticated ....... Yes'):
        assert line + '\n' in shown, shown
    typed(r, 'write memory')
    again(r)
    assert r.cli('show running-config').split('crypto pki certificate chain TP\n')[1] == chain
    # and all goes when it is told to
    said = typed(r, 'conf t', 'no crypto pki trustpoint TP', 'no', 'do show crypto pki trustpoints',
                 'no crypto pki trustpoint TP', 'yes', 'do show running-config')
    assert 'Trustpoint TP:' in said and '% Be sure to ask the CA administrator' in said
    assert 'crypto pki' not in said.split('Current configuration')[1]


def test_a_certificate_is_refused_with_its_reason(net):
    r, ca, other = router(net), CA(net.dir), CA(net.dir, 'Other')
    said = typed(r, 'conf t', 'crypto pki authenticate TP', *TP, 'crypto pki enroll TP', 'crypto pki authenticate TP',
                 'no certificate', 'quit', *authenticate(ca, answer='no'), 'do show crypto pki certificates')
    assert "% Trustpoint 'TP' is not configured" in said
    assert '% You must authenticate the Certificate Authority before' in said
    assert '% Error in reading the certificate: it is no X.509 certificate' in said
    assert 'status = FAIL' in said and 'CA Certificate' not in said
    said = typed(r, 'conf t', 'crypto pki trustpoint TP', 'fingerprint ' + '0' * 40, 'exit', *authenticate(ca)[:-1])
    assert '% Certificate rejected - fingerprints do not match.' in said
    typed(r, 'conf t', 'crypto pki trustpoint TP', 'no fingerprint', 'exit', *authenticate(ca))
    _, req = request_of(r)
    said = typed(r, 'conf t', 'crypto pki import TP certificate', *other.issue(req).splitlines(), 'quit')
    assert 'issuer "cn=Other,o=Test,c=CH" does not lead to a CA of trustpoint TP' in said
    stranger = openssl('req', '-new', '-newkey', 'rsa:1024', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=X').decode()
    said = typed(r, 'conf t', 'crypto pki import TP certificate', *ca.issue(stranger).splitlines(), 'quit')
    assert "its public key is not that of the trustpoint's key pair" in said
    said = typed(r, 'conf t', 'crypto pki authenticate TP')
    assert '% Please delete your existing CA certificate first.' in said


def test_a_self_signed_certificate_satisfies_openssl_and_strongswan(net):
    r = router(net)
    said = typed(r, 'conf t', 'crypto pki trustpoint SELF', 'enrollment selfsigned', 'rsakeypair SELF 1024',
                 'subject-name cn=Router One', 'exit', 'crypto pki enroll SELF', 'no', 'yes', '192.0.2.1', 'yes',
                 'crypto pki export SELF pem terminal')
    assert 'Router Self Signed Certificate successfully created' in said
    pem = re.search(r'-----BEGIN CERT.*?-----END CERTIFICATE-----\n', said, re.S).group(0)
    (net.dir / 'self.pem').write_text(pem)
    openssl('verify', '-check_ss_sig', '-CAfile', net.dir / 'self.pem', net.dir / 'self.pem')
    assert 'valid' in run('pki', '--verify', '--in', net.dir / 'self.pem', '--cacert', net.dir / 'self.pem').stdout
    shown = r.cli('show crypto pki certificates; show crypto pki trustpoints')
    compare(r, 'show crypto pki trustpoints', 'pki-trustpoints')
    compare(r, 'show crypto pki trustpoints status', 'pki-trustpoints-status')
    assert 'Router Self-Signed Certificate\n  Status: Available\n' in shown
    assert '    Persistent self-signed certificate trust point\n    Using key label SELF\n' in shown


def test_certificates_go_with_their_key_and_the_ca_stays(net):
    r, ca = router(net), CA(net.dir)
    enrolled(net, r, ca)
    assert r.cli('show crypto pki certificates').startswith('Certificate\n')
    typed(r, 'conf t', 'crypto key zeroize rsa TP', 'yes')
    assert r.cli('show crypto pki certificates').startswith('CA Certificate\n')
    assert 'Keys generated ............. No' in r.cli('show crypto pki trustpoints status')


def test_pkcs12_and_pem_carry_an_identity_to_another_router(net):
    ca = CA(net.dir)
    a, b = router(net), router(net, name='r2')
    openssl('req', '-new', '-newkey', 'rsa:1024', '-nodes', '-keyout', net.dir / 'p.key', '-out', net.dir / 'p.csr',
            '-subj', '/CN=R9')
    (net.dir / 'p.pem').write_text(ca.issue((net.dir / 'p.csr').read_text()))
    p12 = openssl('pkcs12', '-export', '-legacy', '-inkey', net.dir / 'p.key', '-in', net.dir / 'p.pem', '-certfile',
                  ca.cert, '-passout', 'pass:secret99')
    lines = openssl('base64', data=p12).decode().splitlines()
    said = typed(a, 'conf t', 'crypto pki import P pkcs12 terminal password wrong999', *lines, 'quit',
                 'crypto pki import P pkcs12 exportable terminal password secret99', *lines, '', 'quit',
                 'crypto pki export P pkcs12 terminal password secret88', 'crypto pki export P pem terminal aes secret77')
    assert 'Import PKCS12 operation failed: the passphrase is wrong.' in said
    assert 'CRYPTO_PKI: Imported PKCS12 file successfully.' in said
    out = re.search(r'file follows:\n\n(.*?)\n---End', said, re.S).group(1)
    again_ = openssl('pkcs12', '-legacy', '-nodes', '-passin', 'pass:secret88',
                     data=openssl('base64', '-d', data=out.encode()))
    assert openssl('rsa', '-modulus', '-noout', data=again_) == openssl('rsa', '-modulus', '-noout', '-in',
                                                                       net.dir / 'p.key')
    pems = re.findall(r'-----BEGIN .*?-----END [^\n]*\n', said, re.S)
    assert len(pems) == 3
    said = typed(b, 'conf t', 'crypto pki import Q pem terminal password secret77',
                 *[line for p in pems for line in [*p.splitlines(), 'quit']], 'do show crypto pki certificates')
    assert '% PEM files import succeeded.' in said and '    cn=R9\n' in said
    assert 'secret77' not in said
    typed(b, 'conf t', 'crypto pki trustpoint S', 'enrollment terminal', 'fqdn R2.example.com', 'ip-address none',
          'serial-number', 'subject-name cn=R2,ou=VPN,o=Example', 'exit', *authenticate(ca, 'S'))
    req = re.search(r'follows:\n\n(.*?)\n\n---End',
                    typed(b, 'conf t', 'crypto pki enroll S', 'yes', 'no'), re.S).group(1)
    pem = openssl('req', '-inform', 'DER', data=openssl('base64', '-d', data=(req + '\n').encode())).decode()
    said = typed(b, 'conf t', 'crypto pki import S certificate', *ca.issue(pem, 0x1234).splitlines(), 'quit')
    assert '% Router Certificate successfully imported' in said
    own, root = parsed_by_others(b.cli('show crypto pki certificates S'))
    serial = own.pop('SUBJECT_SERIAL_NUMBER')
    start = own.pop('START_DATE')
    assert re.fullmatch(r'\d\d:\d\d:\d\d UTC [A-Z][a-z][a-z] \d+ 20\d\d', start) and own.pop('END_DATE') > ''
    assert own == {'CERTIFICATE_TYPE': 'Certificate', 'STATUS': 'Available', 'SERIAL_NUMBER': '1234',
                   'CERTIFICATE_USAGE': 'General Purpose', 'ISSUER_CN': 'CA', 'ISSUER_O': 'Test', 'ISSUER_C': 'CH',
                   'SUBJECT_NAME': 'R2.example.com', 'SUBJECT_HOSTNAME': 'R2.example.com', 'SUBJECT_CN': 'R2',
                   'SUBJECT_OU': 'VPN', 'SUBJECT_O': 'Example', 'ASSOCIATED_TRUSTPOINTS': 'S'}
    assert root['CERTIFICATE_TYPE'] == 'CA Certificate' and root['SUBJECT_CN'] == 'CA' and serial


def test_a_person_is_asked_and_nothing_of_it_is_remembered(net):
    pexpect = pytest.importorskip('pexpect')
    r = router(net)
    child = pexpect.spawn(str(built('culvert')), ['shell', '--socket', str(r.sock)], encoding='utf-8', timeout=20,
                          env={'TERM': 'vt100', 'PATH': '/usr/bin:/bin'})
    child.expect('R1>')
    child.sendline('enable')
    child.expect('R1#')
    child.sendline('conf t')
    child.expect(r'R1\(config\)#')
    child.sendline('crypto key generate rsa')
    child.expect(r'How many bits in the modulus \[512\]: ')
    child.sendline('what?')
    child.expect('% A decimal number between 360 and 4096.')
    child.expect(r'How many bits in the modulus \[512\]: ')
    child.sendline('')
    child.expect(r'\[OK\]')
    child.expect(r'R1\(config\)#')
    child.sendline('crypto key zeroize rsa')
    child.expect(r'Do you really want to remove these keys\? \[yes/no\]: ')
    child.sendcontrol('c')
    child.expect(r'R1\(config\)#')
    child.sendline('do show history')
    child.expect('show history')
    child.expect(r'R1\(config\)#')
    assert 'what' not in child.before
    child.ptyproc.delayafterterminate = 3
    child.close(force=True)
    assert 'Key name: R1.example.com' in r.cli('show crypto key mypubkey rsa')
