# SPDX-License-Identifier: Apache-2.0
"""A certification authority that speaks SCEP (RFC 8894): Python's http.server, the openssl command for all that is
encrypted or certified, and DER by hand for the attributes that the command cannot set. As a program:

    scepca.py FOLDER ADDRESS

serves FOLDER: ca.key, ca.pem (ra.key, ra.pem); `how`, a JSON object that says what it does with the next request,
is read anew each time; `asked` gets a line for each request."""
import base64
import hashlib
import http.server
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

CAPS = 'AES\r\nPOSTPKIOperation\r\nSHA-256\r\nRenewal\r\n'
SCEP = '2.16.840.1.113733.1.9.'
DIGESTS = {'sha256': ('2.16.840.1.101.3.4.2.1', '1.2.840.113549.1.1.11'), 'sha1': ('1.3.14.3.2.26', '1.2.840.113549.1.1.5'),
           'md5': ('1.2.840.113549.2.5', '1.2.840.113549.1.1.4')}


def openssl(*argv, data=None, folder=None):
    done = subprocess.run(['openssl', *map(str, argv)], input=data, capture_output=True, cwd=folder)
    if done.returncode:
        raise ValueError(done.stderr.decode())
    return done.stdout


# ---- DER ----

def tlv(tag, *parts):
    body = b''.join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    n = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | n]) + len(body).to_bytes(n, 'big') + body


def oid(text):
    first, second, *rest = map(int, text.split('.'))
    out = bytearray([first * 40 + second])
    for v in rest:
        part = [v & 0x7f]
        while v := v >> 7:
            part.insert(0, v & 0x7f | 0x80)
        out += bytes(part)
    return tlv(6, bytes(out))


def items(body):
    """(tag, content, whole) of each element."""
    out, at = [], 0
    while at < len(body):
        start, tag, n = at, body[at], body[at + 1]
        at += 2
        if n & 0x80:
            k = n & 0x7f
            n, at = int.from_bytes(body[at:at + k], 'big'), at + k
        if at + n > len(body):
            raise ValueError('short DER')
        out.append((tag, body[at:at + n], body[start:at + n]))
        at += n
    return out


def inside(der, *path):
    for i in path:
        der = items(der)[i][1]
    return der


# ---- messages ----

def attributes(message):
    """Of the one signer: dotted name without SCEP's prefix to bytes."""
    signer = items(inside(message, 0, 1, 0))[-1][1]
    attrs = next(x[1] for x in items(inside(signer, 0)) if x[0] == 0xa0)
    names = {oid(SCEP + n): n for n in '234567'}
    out = {}
    for _, attr, _ in items(attrs):
        (_, _, name), (_, values, _) = items(attr)
        if name in names:
            out[names[name]] = items(values)[0][1]
    return out


def issuer_and_serial(cert):
    tbs = items(inside(cert, 0, 0))
    tbs = tbs[1:] if tbs[0][0] == 0xa0 else tbs
    return tlv(0x30, tbs[2][2], tbs[0][2])


def to_der(pem):
    return openssl('x509', '-outform', 'DER', data=pem)


def signed(content, attrs, key, cert_pem, digest='sha256'):
    """SignedData over content (None: without), attrs are (oid, DER value)."""
    md, algorithm = DIGESTS[digest]
    data = oid('1.2.840.113549.1.7.1')
    attrs = [*attrs, ('1.2.840.113549.1.9.3', data),
             ('1.2.840.113549.1.9.4', tlv(4, hashlib.new(digest, content or b'').digest()))]
    listed = b''.join(sorted(tlv(0x30, oid(name), tlv(0x31, value)) for name, value in attrs))
    with tempfile.NamedTemporaryFile() as f:
        f.write(tlv(0x31, listed))
        f.flush()
        signature = openssl('dgst', f'-{digest}', '-sign', key, f.name)
    cert = to_der(cert_pem)
    null, version = tlv(5), tlv(2, b'\1')
    signer = tlv(0x30, version, issuer_and_serial(cert), tlv(0x30, oid(md), null), tlv(0xa0, listed),
                 tlv(0x30, oid('1.2.840.113549.1.1.1'), null), tlv(4, signature))
    inner = tlv(0x30, data, tlv(0xa0, tlv(4, content)) if content is not None else b'')
    body = tlv(0x30, version, tlv(0x31, tlv(0x30, oid(md), null)), inner, tlv(0xa0, cert), tlv(0x31, signer))
    return tlv(0x30, oid('1.2.840.113549.1.7.2'), tlv(0xa0, body))


def reply(asked, status, content, key, cert_pem, fail=None, text=None, digest='sha256', **override):
    """CertRep to the attributes asked."""
    values = {'7': tlv(0x13, asked['7']), '2': tlv(0x13, b'3'), '3': tlv(0x13, str(status).encode()),
              '6': tlv(4, asked['5']), '5': tlv(4, b'\x5a' * 16), **override}
    if fail is not None:
        values['4'] = tlv(0x13, str(fail).encode())
    attrs = [(SCEP + n, v) for n, v in values.items()]
    if text:
        attrs.append(('1.3.6.1.5.5.7.24.1', tlv(0x0c, text.encode())))
    return signed(content, attrs, key, cert_pem, digest)


def certs_only(folder, *pems):
    (folder / 'set.pem').write_bytes(b''.join(pems))
    return openssl('crl2pkcs7', '-nocrl', '-certfile', folder / 'set.pem', '-outform', 'DER')


def encrypted(folder, data, to_pem, cipher='aes128'):
    (folder / 'to.pem').write_bytes(to_pem)
    legacy = ['-provider', 'legacy', '-provider', 'default'] if cipher == 'des' else []
    return openssl('cms', '-encrypt', f'-{cipher}', '-binary', '-outform', 'DER', *legacy, folder / 'to.pem', data=data)


# ---- the CA ----

class SCEP_CA:
    def __init__(self, folder):
        self.dir, self.seen = pathlib.Path(folder), {}
        self.serial = 0x100

    def how(self):
        return json.loads((self.dir / 'how').read_text())

    def note(self, **what):
        with open(self.dir / 'asked', 'a') as f:
            f.write(json.dumps(what) + '\n')

    def pem(self, name):
        return (self.dir / f'{name}.pem').read_bytes()

    def cacert(self, how):
        names = how.get('certs', ['ca'])
        if names == ['ca']:
            return to_der(self.pem('ca'))
        return certs_only(self.dir, *map(self.pem, names))

    def opened(self, message, who):
        """(attributes, signer's PEM, what was encrypted); openssl judges signature and encryption."""
        (self.dir / 'in').write_bytes(message)
        inner = openssl('cms', '-verify', '-noverify', '-inform', 'DER', '-in', self.dir / 'in', '-signer', self.dir / 'signer.pem',
                        '-binary')
        plain = openssl('cms', '-decrypt', '-inform', 'DER', '-inkey', self.dir / f'{who}.key', '-recip',
                        self.dir / f'{who}.pem', '-provider', 'legacy', '-provider', 'default', data=inner)
        (self.dir / 'inner').write_bytes(inner)
        return attributes(message), (self.dir / 'signer.pem').read_bytes(), plain

    def issue(self, request, how):
        self.serial += 1
        (self.dir / 'req.der').write_bytes(request)
        by = how.get('issuer', 'ca')
        if 'from' in how:  # seconds from now; openssl's command counts days
            form = '%Y%m%d%H%M%S'
            when = [time.strftime(form, time.gmtime(time.time() + how[x])) for x in ('from', 'to')]
            return subprocess.run(['pki', '--issue', '--type', 'pkcs10', '--in', self.dir / 'req.der', '--cacert',
                                   self.dir / f'{by}.pem', '--cakey', self.dir / f'{by}.key', '--outform', 'pem', '--dateform',
                                   form, '--not-before', when[0], '--not-after', when[1]], capture_output=True,
                                  check=True).stdout
        return openssl('x509', '-req', '-inform', 'DER', '-in', self.dir / 'req.der', '-CA', self.dir / f'{by}.pem', '-CAkey',
                       self.dir / f'{by}.key', '-set_serial', self.serial, '-days', 10, '-copy_extensions', 'copyall')

    def operate(self, message):
        how = self.how()
        who = 'ra' if 'ra' in how.get('certs', []) else 'ca'
        asked, signer, plain = self.opened(message, who)
        kind, transaction = int(asked['2']), asked['7']
        cipher = openssl('cms', '-cmsout', '-print', '-noout', '-inform', 'DER', '-in', self.dir / 'inner').decode()
        subject = openssl('x509', '-noout', '-subject', '-issuer', data=signer).decode().split('\n')
        self.note(type=kind, transaction=transaction.decode(), nonce=asked['5'].hex(),
                  cipher=next(c for c in ('aes-128-cbc', 'des-ede3-cbc', 'des-cbc') if c in cipher),
                  self_signed=subject[0][8:] == subject[1][7:])
        if kind in (17, 19):
            text = openssl('req', '-inform', 'DER', '-noout', '-text', '-verify', data=plain).decode()
            self.note(challenge=[x.split(':')[1].strip() for x in text.splitlines() if 'challengePassword' in x])
            self.seen[transaction] = plain
            (self.dir / 'request').write_bytes(plain)
        elif kind == 20:  # IssuerAndSubject
            issuer, subject = (x[2] for x in items(inside(plain, 0)))
            request = self.seen.get(transaction, b'')
            self.note(poll_is_right=issuer in to_der(self.pem('ca')) and subject in request)
        evil = how.get('evil', '')
        key, cert = self.dir / f'{who}.key', self.pem(who)
        if evil == 'noise':
            return b'\x30\x82' + b'x' * 300
        if evil == 'huge':
            return b'\x30\x83\x01\x86\xa0' + bytes(100000)
        if evil == 'signer':
            key, cert = self.dir / 'evil.key', self.pem('evil')
        override = {'nonce': {'6': tlv(4, bytes(16))}, 'transaction': {'7': tlv(0x13, b'00')},
                    'type': {'2': tlv(0x13, b'19')}, 'status': {'3': tlv(0x13, b'1')}}.get(evil, {})
        if how['do'] == 'pending':
            return reply(asked, 3, None, key, cert, **override)
        if how['do'] == 'refuse':
            return reply(asked, 2, None, key, cert, fail=how.get('fail', 2), text=how.get('text'), **override)
        request = self.seen[transaction]
        if evil == 'other key':
            request = openssl('req', '-new', '-newkey', 'rsa:1024', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=r1', '-outform',
                              'DER')
        granted = self.issue(request, {**how, 'issuer': 'evil'} if evil == 'foreign' else how)
        certs = certs_only(self.dir, granted)
        envelope = certs if evil == 'clear' else encrypted(self.dir, certs, signer, how.get('cipher', 'aes128'))
        answer = reply(asked, 0, envelope, key, cert, digest=how.get('digest', 'sha256'), **override)
        return answer[:-9] if evil == 'cut' else answer


def handler(ca):
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *a):
            pass

        def answer(self, message=None):
            url = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(url.query))
            op, how = query.get('operation'), ca.how()
            time.sleep(how.get('stall', 0))
            ca.note(method=self.command, path=url.path, op=op, message=query.get('message', '')[:16])
            try:
                if op == 'GetCACaps' and how.get('caps', CAPS) is None:
                    self.send_error(404)
                    return
                body = how.get('caps', CAPS).encode() if op == 'GetCACaps' else ca.cacert(how) if op == 'GetCACert' else \
                    ca.operate(message if message is not None else base64.b64decode(query['message'], validate=True))
            except Exception as e:
                ca.note(error=str(e))
                self.send_error(500)
                return
            self.send_response(200)
            self.send_header('Content-Type', 'application/x-pki-message')
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.answer()

        def do_POST(self):
            self.answer(self.rfile.read(int(self.headers['Content-Length'])))
    return Handler


def make(folder):
    """Keys and certificates: ca, its registration authority ra, and evil, which has the CA's name."""
    folder.mkdir()
    for name in ('ca', 'evil'):
        openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', f'{name}.key', '-out', f'{name}.pem', '-days', 30,
                '-subj', '/C=CH/O=Test/CN=CA', '-addext', 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature,keyEncipherment',
                folder=folder)
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ra.key', '-out', 'ra.csr', '-subj', '/C=CH/O=Test/CN=RA',
            '-addext', 'keyUsage=digitalSignature,keyEncipherment', folder=folder)
    openssl('x509', '-req', '-in', 'ra.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', 2, '-days', 20, '-copy_extensions',
            'copyall', '-out', 'ra.pem', folder=folder)


if __name__ == '__main__':
    class Server(http.server.HTTPServer):
        address_family = socket.AF_INET
    Server((sys.argv[2], 80), handler(SCEP_CA(sys.argv[1]))).serve_forever()
