#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the vectors of this folder: answers of a SCEP server (RFC 8894) by the openssl command and DER by hand
(tests/system/scepca.py), to a request of tests/vectors/pki/peer.key.pem with subject CN=R1, transactionID the SHA-256 of
its public key, and nonce 00..0F. Valid until 2056. Run it here, in a scratch copy, to make all of them anew."""
import hashlib
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / 'system'))
import scepca  # noqa: E402
from scepca import certs_only, encrypted, openssl, reply, tlv, to_der  # noqa: E402

KEY = HERE.parent / 'pki' / 'peer.key.pem'
DAYS = 11000


def main():
    d = pathlib.Path(tempfile.mkdtemp()) / 'ca'
    scepca.make(d)
    openssl('req', '-x509', '-key', 'ca.key', '-out', 'ca.pem', '-days', DAYS, '-set_serial', 1, '-subj', '/C=CH/O=Test/CN=CA', '-addext',
            'keyUsage=critical,keyCertSign,cRLSign,digitalSignature,keyEncipherment', folder=d)
    openssl('x509', '-req', '-in', 'ra.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', 2, '-days', DAYS, '-copy_extensions',
            'copyall', '-out', 'ra.pem', folder=d)
    (d / 'sub.ext').write_text('basicConstraints=critical,CA:true\nkeyUsage=keyCertSign,cRLSign\n')
    openssl('req', '-new', '-key', 'evil.key', '-out', 'sub.csr', '-subj', '/C=CH/O=Test/CN=Sub', folder=d)
    openssl('x509', '-req', '-in', 'sub.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', 3, '-days', DAYS, '-extfile',
            'sub.ext', '-out', 'sub.pem', folder=d)
    openssl('req', '-new', '-key', KEY, '-out', 'r1.csr', '-subj', '/CN=R1', folder=d)
    openssl('x509', '-req', '-in', 'r1.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', 5, '-days', DAYS, '-out', 'r1.pem',
            folder=d)
    openssl('x509', '-req', '-in', 'ra.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', 6, '-days', DAYS, '-out', 'other.pem',
            folder=d)
    signer = openssl('req', '-x509', '-key', KEY, '-set_serial', 1, '-days', DAYS, '-subj', '/CN=R1')
    public = openssl('pkey', '-in', KEY, '-pubout', '-outform', 'DER')
    asked = {'7': hashlib.sha256(public).hexdigest().upper().encode(), '5': bytes(range(16))}
    pem = {n: (d / f'{n}.pem').read_bytes() for n in ('ca', 'ra', 'sub', 'evil', 'r1', 'other')}

    def answer(status=0, content='r1', by='ca', to=signer, cipher='aes128', **more):
        body = None if content is None else encrypted(d, certs_only(d, pem[content], pem['ca']), to, cipher)
        return reply(asked, status, more.pop('body', body), d / f'{by}.key', pem[by], **more)

    out = {
        'ca.der': to_der(pem['ca']), 'ca-ra.p7': certs_only(d, pem['ra'], pem['ca']),
        'chain.p7': certs_only(d, pem['ca'], pem['sub']), 'ra.p7': certs_only(d, pem['ra']),
        'success.der': answer(), 'success-ra.der': answer(by='ra'), 'success-3des.der': answer(cipher='des3', digest='sha1'),
        'pending.der': answer(3, None), 'failure.der': answer(2, None, fail=2, text='not \x1b[1mtoday'),
        'evil-signer.der': answer(by='evil'), 'evil-md5.der': answer(digest='md5'), 'evil-other.der': answer(content='other'),
        'evil-to.der': answer(to=pem['ra']), 'evil-clear.der': answer(body=certs_only(d, pem['r1'])),
        'evil-empty.der': answer(body=b''), 'evil-none.der': answer(content=None),
        'evil-nonce.der': answer(**{'6': tlv(4, bytes(16))}), 'evil-id.der': answer(**{'7': tlv(0x13, b'1')}),
        'evil-type.der': answer(**{'2': tlv(0x13, b'19')}), 'evil-status.der': answer(**{'3': tlv(0x13, b'00000000000000000')}),
        'evil-string.der': answer(**{'7': tlv(0x0c, asked['7'])}),
    }
    out['ca.key.pem'] = (d / 'ca.key').read_bytes()
    for name, data in out.items():
        (HERE / name).write_bytes(data)


main()
