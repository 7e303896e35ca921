# SPDX-License-Identifier: Apache-2.0
"""Makes ikev1-cavp.txt and wycheproof-rsa-pkcs1.txt out of an unpacked source of NSS (Debian's source package nss).

    nist.py NSS-FOLDER

Of NIST's CAVS files for IKEv1 (tests/fips/cavs_samples/IKE/fax, as NIST generated them) each group of lengths and hash
gives its first cases; the rest differ in nothing but random bytes. Of Wycheproof every case is taken.
"""
import pathlib
import re
import sys

EACH = 2  # cases of each group
HERE = pathlib.Path(__file__).parent
HASH = {'SHA-1': 'sha', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512'}


def cavs(path, auth):
    group, case, cases = {}, {}, {}
    for line in path.read_text().splitlines():
        if m := re.fullmatch(r'\[(?:(.*) length = (\d+)|(SHA-\d+))\]\s*', line):
            group[m[1] or 'hash'] = m[2] or m[3]
        elif m := re.fullmatch(r'(\S+) = (\S+)\s*', line):
            case[m[1]] = m[2]
            if m[1] == 'SKEYID_e':
                cases.setdefault(tuple(sorted(group.items())), []).append((HASH[group['hash']], case))
                case = {}
    total = sum(len(v) for v in cases.values())
    out = [f'# {path.name}: {total} cases in {len(cases)} groups; {sum(len(v[:EACH]) for v in cases.values())} are here']
    for v in cases.values():
        for hash_, c in v[:EACH]:
            out += [f'auth = {auth}', f'hash = {hash_}']
            for name, key in (('cky_i', 'CKY_I'), ('cky_r', 'CKY_R'), ('psk', 'pre-shared-key'), ('ni', 'Ni'), ('nr', 'Nr'),
                              ('gxy', 'g^xy'), ('skeyid', 'SKEYID'), ('skeyid_d', 'SKEYID_d'), ('skeyid_a', 'SKEYID_a'),
                              ('skeyid_e', 'SKEYID_e')):
                if key in c:
                    out.append(f'{name} = {c[key]}')
            out.append('')
    return out


def hex_of(text):
    return ''.join(re.findall(r'0x([0-9a-f]{2})', text))


def wycheproof(path):
    """NSS put its own implicit rejection's result in the place of each `invalid`, and says so; none of them is taken."""
    text = path.read_text()
    keys = dict(re.findall(r'std::vector<uint8_t> (priv_key_\w+)\{(.*?)\};', text, re.S))
    out, seen, n = [], set(), 0
    for block in text[text.index('const RsaDecryptTestVector'):].split('// Comment:')[1:]:
        comment = block.split('\n', 1)[0].strip()
        # NSS forgot to say so for one of them
        invalid = 'Bleichenbacher synthetic' in block or comment == 'signature padding'
        m = re.search(r'\{\s*(\d+),\s*\{(.*?)\},\s*\{(.*?)\},\s*(priv_key_\w+),\s*(true|false)\}', re.sub(r'//.*', '', block), re.S)
        if m[4] not in seen:
            seen.add(m[4])
            out += [f'key = {hex_of(keys[m[4]])}', '']
        invalid |= m[5] == 'false'
        out += [f'# {m[1]} {comment}'.rstrip()] + ([] if invalid else [f'msg = {hex_of(m[2])}'])
        out += [f'ct = {hex_of(m[3])}', f'result = {"invalid" if invalid else "valid"}', '']
        n += 1
    return [f'# {path.name}: {n} cases'] + out


def main():
    nss = pathlib.Path(sys.argv[1])
    fax, vec = nss / 'tests/fips/cavs_samples/IKE/fax', nss / 'gtests/common/testvectors'
    said = f'# Out of {nss.parent.name} (Debian source package nss) by nist.py.\n'
    (HERE / 'ikev1-cavp.txt').write_text(
        "# NIST's own answers for the key derivation of IKEv1, from its CAVS 17.3 files.\n" + said + '\n'.join(
            cavs(fax / 'ikev1_dsa.fax', 'signature') + cavs(fax / 'ikev1_psk.fax', 'psk')))
    (HERE / 'wycheproof-rsa-pkcs1.txt').write_text(
        '# RSA decryption with PKCS #1 v1.5, of Project Wycheproof (Apache-2.0).\n' + said + '\n'.join(
            line for bits in (2048, 3072, 4096) for line in wycheproof(vec / f'rsa_pkcs1_{bits}_test-vectors.h')))


if __name__ == '__main__':
    main()
