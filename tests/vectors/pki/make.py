#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the certificates beside it: strongSwan's `pki` issues them, `openssl` signs.

Judges that are not ours wrote these bytes; tests/unit/pki reads them. Dates are fixed
(valid from 2020 to 2119 unless the name says otherwise). usage: make.py
"""
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
DATES = ['--dateform', '%Y%m%d%H%M%S', '--not-before', '20200101000000', '--not-after', '21191231000000']


def run(*argv, data=None):
    return subprocess.run([str(a) for a in argv], input=data, capture_output=True, check=True).stdout


def put(name, data):
    (HERE / name).write_bytes(data)
    return HERE / name


def key(name, bits):
    return put(f'{name}.key.pem', run('openssl', 'genrsa', '-traditional', bits))


def public(k):
    return run('openssl', 'rsa', '-in', k, '-pubout', '-outform', 'DER')


def self_signed(name, k, dn, *more):
    return put(f'{name}.der', run('pki', '--self', '--in', k, '--type', 'rsa', '--dn', dn, '--ca', *DATES, *more))


def issue(name, k, ca, cakey, dn, *more, dates=DATES):
    return put(f'{name}.der', run('pki', '--issue', '--type', 'pub', '--cacert', HERE / f'{ca}.der', '--cakey',
                                  cakey, '--dn', dn, *dates, *more, data=public(k)))


def crl(name, ca, cakey, *more):
    return put(f'{name}.crl', run('pki', '--signcrl', '--cacert', HERE / f'{ca}.der', '--cakey', cakey,
                                  '--dateform', '%Y%m%d%H%M%S', *more))


def dates(a, b):
    return ['--dateform', '%Y%m%d%H%M%S', '--not-before', a, '--not-after', b]


def main():
    root, sub, other = key('root', 2048), key('sub', 2048), key('other', 2048)
    peer = key('peer', 1024)
    self_signed('root', root, 'C=CH, O=Culvert Test, CN=Root', '--serial', '01')
    self_signed('other', other, 'C=CH, O=Culvert Test, CN=Root', '--serial', '01')  # same name, other key
    san = ['--san', 'R1.example.com', '--san', '192.0.2.1', '--san', 'admin@example.com']
    dn = 'C=CH, O=Culvert Test, CN=R1'
    issue('sub', sub, 'root', root, 'C=CH, O=Culvert Test, CN=Sub', '--ca', '--pathlen', '0', '--serial', '02')
    issue('peer', peer, 'root', root, dn, *san, '--serial', '10', '--crl', 'http://ca.example.com/root.crl')
    issue('peer-sub', peer, 'sub', sub, dn, *san, '--serial', '11')
    issue('expired', peer, 'root', root, dn, '--serial', '12', dates=dates('20200101000000', '20210101000000'))
    issue('future', peer, 'root', root, dn, '--serial', '13', dates=dates('21000101000000', '21191231000000'))
    issue('revoked', peer, 'root', root, dn, '--serial', '14')
    issue('foreign', peer, 'other', other, dn, '--serial', '15')
    issue('md5', peer, 'root', root, dn, '--serial', '16', '--digest', 'md5')
    # a CA below one that allows none below it
    deep = key('deep', 1024)
    issue('deep', deep, 'sub', sub, 'C=CH, O=Culvert Test, CN=Deep', '--ca', '--serial', '17')
    issue('peer-deep', peer, 'deep', deep, dn, '--serial', '18')
    # what strongSwan does not write: key usages and constraints of our choice
    for name, ext in (('enc-only', 'keyUsage=critical,keyEncipherment'),
                      ('sign-only', 'keyUsage=critical,digitalSignature'),
                      ('critical', '1.2.3.4=critical,ASN1:NULL')):
        csr = run('openssl', 'req', '-new', '-key', peer, '-subj', '/C=CH/O=Culvert Test/CN=R1')
        conf = put('ext.cnf', f'[x]\n{ext}\n'.encode())
        cert = run('openssl', 'x509', '-req', '-CA', HERE / 'root.der', '-CAkey', root, '-set_serial', '0x20',
                   '-days', '36000', '-extfile', conf, '-extensions', 'x', '-outform', 'DER', data=csr)
        conf.unlink()
        put(f'{name}.der', cert)
    # issued by a router's certificate, which strongSwan refuses to do
    csr = run('openssl', 'req', '-new', '-key', peer, '-subj', '/C=CH/O=Culvert Test/CN=R2')
    put('peer-peer.der', run('openssl', 'x509', '-req', '-CA', HERE / 'peer.der', '-CAkey', peer, '-set_serial',
                             '0x19', '-days', '36000', '-outform', 'DER', data=csr))
    # a router's names as IOS puts them into the subject
    csr = run('openssl', 'req', '-new', '-key', peer, '-multivalue-rdn', '-subj',
              '/CN=R1/serialNumber=FTX1+unstructuredAddress=192.0.2.1+unstructuredName=R1.example.com')
    put('ios.der', run('openssl', 'x509', '-req', '-CA', HERE / 'root.der', '-CAkey', root, '-set_serial', '0x21',
                       '-days', '36000', '-outform', 'DER', data=csr))
    crl('good', 'root', root, '--this-update', '20250101000000', '--next-update', '21191231000000',
        '--reason', 'key-compromise', '--serial', '14')
    crl('old', 'root', root, '--this-update', '20200101000000', '--next-update', '20200201000000')
    crl('forged', 'other', other, '--this-update', '20250101000000', '--next-update', '21191231000000')
    crl('sub-revoked', 'root', root, '--this-update', '20250101000000', '--next-update', '21191231000000',
        '--serial', '02')
    crl('sub', 'sub', sub, '--this-update', '20250101000000', '--next-update', '21191231000000')
    # RFC 2409 section 5.1: the hash itself in PKCS #1 format, no DigestInfo
    h = put('hash.bin', bytes(range(20)))
    put('ike.sig', run('openssl', 'pkeyutl', '-sign', '-inkey', peer, '-pkeyopt', 'rsa_padding_mode:pkcs1',
                       data=h.read_bytes()))
    put('digestinfo.sig', run('openssl', 'pkeyutl', '-sign', '-inkey', peer, '-pkeyopt', 'digest:sha1',
                              data=h.read_bytes()))
    # containers
    pem = put('peer.pem', run('openssl', 'x509', '-in', HERE / 'peer.der', '-inform', 'DER'))
    ca = put('root.pem', run('openssl', 'x509', '-in', HERE / 'root.der', '-inform', 'DER'))
    for name, more in (('new', []), ('old', ['-legacy'])):
        put(f'{name}.p12', run('openssl', 'pkcs12', '-export', *more, '-inkey', peer, '-in', pem, '-certfile', ca,
                               '-name', 'peer', '-passout', 'pass:cisco123'))
    put('peer.enc.pem', run('openssl', 'rsa', '-traditional', '-in', peer, '-des3', '-passout', 'pass:cisco123'))
    for name in ('root', 'sub', 'other', 'deep'):
        (HERE / f'{name}.key.pem').unlink()  # nobody shall find a use for them


main()
