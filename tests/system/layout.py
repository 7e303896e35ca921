# SPDX-License-Identifier: Apache-2.0
"""Layouts of show commands, byte by byte, and the values in them. tests/golden/layouts/README.md says how one is
written. A layout is compared with what devices print and with what Culvert prints; what it reads in the latter is
compared with `| json`."""
import datetime
import json
import re

from conftest import ROOT

FOLDER = ROOT / 'tests' / 'golden' / 'layouts'

V4, V6 = r'\d+\.\d+\.\d+\.\d+', r'[0-9A-F:]*:[0-9A-F:]*'  # as IOS spells them
MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split()


def seconds(text):
    h, m, s = map(int, text.split(':'))
    return h * 3600 + m * 60 + s


def date(text):
    """`09:17:52 UTC Jun 22 2022`, and with fractions and the day of the week"""
    clock, _, *_, month, day, year = text.split()
    return int(datetime.datetime(int(year), 1 + MONTHS.index(month), int(day), *map(int, clock.split('.')[0].split(':')),
                                 tzinfo=datetime.timezone.utc).timestamp())


CIPHERS = {'DES - Data Encryption Standard (56 bit keys).': 'des', 'Three key triple DES': '3des',
           **{f'AES - Advanced Encryption Standard ({n} bit keys).': 'aes' for n in (128, 192, 256)}}
HASHES = {'Message Digest 5': 'md5', 'Secure Hash Standard': 'sha',
          **{f'Secure Hash Standard 2 ({n} bit)': f'sha{n}' for n in (256, 384, 512)}}
AUTHS = {'Pre-Shared Key': 'psk', 'Rivest-Shamir-Adleman Signature': 'rsig', 'Rivest-Shamir-Adleman Encryption': 'renc'}
PROTOCOLS = {'ip': 0, 'icmp': 1, 'tcp': 6, 'udp': 17}
SHORT = {'Tu': 'Tunnel', 'Fa': 'FastEthernet', 'Lo': 'Loopback'}


def one_of(table):
    return '|'.join(map(re.escape, table)), table.get


# How a type's text looks, and what it is in JSON; a type that is not here is a pattern itself.
TYPES = {
    'word': (r'\S+', str), 'text': (r'\S(?:.*\S)?', str), 'any': (r'.*?', str), 'low': (r'\S+', str.lower),
    'n': (r'\d+', int), 'hex': (r'[0-9A-F]+', lambda t: int(t, 16)), 'addr': (f'{V4}|{V6}', str), 'v4': (V4, str), 'v6': (V6, str),
    'or0': (r'\d+', lambda t: int(t) or None), 'yn': ('[YN]', lambda t: t == 'Y'),
    'actv': ('Active|Inactive', lambda t: t == 'Active'), 'exportable': ('(?:non-)?exportable', lambda t: t == 'exportable'),
    'standard': (r'\S(?:.*?\S)?', lambda t: t.replace(', wildcard bits ', ' ')),  # as the configuration has it
    'hms': (r'\d\d:\d\d:\d\d', seconds), 'life': (r'\d\d:\d\d:\d\d|0', lambda t: seconds(t) if t != '0' else None),
    'ago': (r'\d\d:\d\d:\d\d|never', lambda t: seconds(t) if t != 'never' else None),
    'able': ('enabled|disabled', lambda t: t == 'enabled'), 'inforce': ('[AN]', lambda t: t == 'A'),
    'datew': (r'\d\d:\d\d:\d\d UTC \w{3} \w{3} \d+ \d{4}', date),
    'datems': (r'\d\d:\d\d:\d\d\.\d{3} UTC \w{3} \w{3} \d+ \d{4}', date),
    'date': (r'\d\d:\d\d:\d\d UTC \w{3} \d+ \d{4}', date), 'groups': (r'(?:[0-9A-F]{8} )*[0-9A-F]{8}', lambda t: t.replace(' ', '')),
    'proto': (r'ip|icmp|tcp|udp|\d+', lambda t: PROTOCOLS.get(t, t)), 'v4v6': ('IPv4|IPv6', str.lower),
    'if': (r'[A-Z][a-z]\d\S*', lambda t: re.sub(r'^[A-Z][a-z](?=\d)', lambda m: SHORT.get(m[0], m[0]), t)),
    'cipher': one_of(CIPHERS), 'hash': one_of(HASHES), 'auth': one_of(AUTHS),
}
TIMES = ('_sec', '_ms', '_at')  # members that go on by themselves
FIELD = re.compile(r'<([\w.]+)\?([^<>]+)>|<([\w./]+)(?::(?!-?\d+>)((?:[^:<>]|:(?!-?\d+>))*))?(?::(-?\d+))?>')
NOTHING = ('', '(none)', 'none', 'unassigned', 'not set')


class Mismatch(AssertionError):
    pass


class Line:
    def __init__(self, text, device):
        self.text, self.fields, at, parts = text, [], 0, []
        if device:
            text = text.expandtabs() if text.strip() else ''
        for m in FIELD.finditer(text):
            parts.append(re.escape(text[at:m.start()]))
            at = m.end()
            if m[1]:
                self.fields.append((m[1], 'flag', 0))
                parts.append(f'((?:{re.escape(m[2])})?)')
                continue
            kind, width = m[4] or 'word', int(m[5] or 0)
            self.fields.append((m[3], kind, width))
            body = f'(?:{TYPES.get(kind, (kind,))[0]})'
            parts.append(f'(.{{{abs(width)}}}\\S*)' if width else f'({body})')
        self.regex = re.compile(''.join(parts) + re.escape(text[at:]))

    def read(self, line, device):
        """The fields' values, or None."""
        found, got = self.regex.fullmatch(line), {}
        if not found:
            return None
        for (name, kind, width), text in zip(self.fields, found.groups()):
            if kind == 'flag':
                got[name] = bool(text)
                continue
            if width:  # a number: as printf has it
                word = text.strip()
                if text != f'{word:{"<" if width < 0 else ">"}{abs(width)}}' or not re.fullmatch(TYPES.get(kind, (kind,))[0], word):
                    return None
                text = word
            now = None if text in NOTHING else TYPES.get(kind, (kind, str))[1](text)
            for part, value in zip(name.split('/'), str(now).split('/') if '/' in name else [now]):
                if got.get(part, value) != value and not device:
                    return None
                got[part] = value
        return got

    def names(self):
        return [f[0] for f in self.fields]


class Block:
    """each NAME: rows; maybe, head, ours, device: at most once; either: one of parts."""
    def __init__(self, kind, name=None):
        self.kind, self.name, self.parts = kind, name, [[]]

    def names(self):
        if self.kind == 'set':
            return [self.name[0]]
        return [] if self.kind == 'each' else [n for part in self.parts for node in part for n in node.names()]


class Layout:
    def __init__(self, name, device=False):
        """device: to read captures with; in them tabs have become blanks, and ends of texts are cut."""
        self.name, self.device, self.captures = name, device, []
        self.nodes = self._parse((FOLDER / f'{name}.txt').read_text())

    def _parse(self, text):
        top = Block('top')
        stack = [top]
        for line in text.split('\n')[:-1]:
            word, _, rest = line.partition(' ')
            if not line.startswith('%') or line.startswith('%%'):
                stack[-1].parts[-1].append(Line(line[line.startswith('%%'):], self.device))
            elif word == '%capture':
                path, _, lines = rest.partition(' ')
                first, _, last = (lines or '1-1000000').partition('-')
                self.captures.append((path, slice(int(first) - 1, int(last))))
            elif word == '%use':
                stack[-1].parts[-1] += self._parse((FOLDER / f'{rest}.txt').read_text())
            elif word == '%set':
                name, _, said = rest.partition(' ')
                stack[-1].parts[-1].append(Block('set', (name, json.loads(said))))
            elif word == '%or':
                stack[-1].parts.append([])
            elif word == '%end':
                stack.pop()
            elif word in ('%each', '%maybe', '%head', '%either', '%ours', '%device'):
                block = Block(word[1:], rest)
                stack[-1].parts[-1].append(block)
                stack.append(block)
            else:
                assert word == '%#', f'{self.name}: {line}'
        assert stack == [top], f'{self.name}: {len(stack)} blocks without end'
        return top.parts[0]

    def read(self, text):
        """The values of a text; Mismatch where a line is none that may stand there."""
        lines = text.split('\n')
        assert self.device or lines.pop() == '', f'{self.name}: the last line has no end'
        if self.device:
            lines = [line.rstrip() and line.expandtabs() for line in text.strip('\n').split('\n')]
        reader = _Reader(lines, self.device)
        got = {}
        end = reader.all(self.nodes, 0, got, {})
        if end != len(lines):
            at = max(reader.far, end or 0)
            raise Mismatch(f'{self.name}: line {at + 1}, {lines[at] if at < len(lines) else "the end"!r}, is none of '
                           + ', '.join(sorted({repr(t) for t in reader.wanted}) or ['the end']))
        return got


class _Reader:
    def __init__(self, lines, device):
        self.lines, self.device, self.far, self.wanted = lines, device, 0, set()

    def all(self, nodes, i, got, before):
        for node in nodes:
            i = self.one(node, i, got, before)
            if i is None:
                return None
        return i

    def one(self, node, i, got, before):
        if isinstance(node, Line):
            if self.device and (i == len(self.lines) or i == 0 and not node.text.strip()):
                return i  # whoever kept the text cut it there
            read = node.read(self.lines[i], self.device) if i < len(self.lines) else None
            # a name that stands twice has one value, where nobody made the text unrecognisable
            if read is None or not self.device and any(got.get(k, v) not in (None, v) for k, v in read.items()):
                if i > self.far:
                    self.far, self.wanted = i, set()
                if i == self.far:
                    self.wanted.add(node.text)
                return None
            got.update(read)
            return i + 1
        if node.kind == 'set':
            got[node.name[0]] = node.name[1]
            return i
        if node.kind == 'each':
            rows = got.setdefault(node.name, [])
            last = {}
            while i < len(self.lines):
                row = {}
                end = self.all(node.parts[0], i, row, last)
                if end is None or end == i:
                    return i
                rows.append(row['.'] if '.' in row else row)
                last, i = row, end
            return i
        if node.kind == 'ours' and self.device or node.kind == 'device' and not self.device:
            return i
        for part in node.parts:
            if node.kind == 'either' and part and isinstance(part[0], Block) and part[0].kind in ('ours', 'device'):
                if self.device != (part[0].kind == 'device'):
                    continue
                part = part[0].parts[0]
            trial = dict(got)
            trial.update({k: list(v) for k, v in got.items() if isinstance(v, list)})
            end = self.all(part, i, trial, before)
            if end is not None:
                got.update(trial)
                break
        else:
            end = None if node.kind in ('either', 'ours') else i
        if node.kind in ('maybe', 'head'):
            for name in node.names():
                got.setdefault(name, before.get(name) if node.kind == 'head' else None)
        return end


# ---- comparison with JSON ----

def member(doc, name, said):
    for part in name.split('.'):
        if doc is None and said is None:
            return None
        assert isinstance(doc, dict) and part in doc, f'`| json` has no {name}: {doc}'
        doc = doc[part]
    return doc


def same(got, one, two, path=''):
    """Text read between two documents: each of its values is that of both, or between the two."""
    if isinstance(got, list):
        assert len(got) == len(one) == len(two), f'{path}: {len(got)} rows, {len(one)} in JSON'
        for n, row in enumerate(got):
            same(row, one[n], two[n], f'{path}[{n}]')
    elif isinstance(got, dict):
        for name, said in got.items():
            if not name.startswith('_'):
                same(said, member(one, name, said), member(two, name, said), f'{path}.{name}')
    elif isinstance(one, bool) or isinstance(got, bool):
        assert bool(got) == bool(one), f'{path}: {got}, in JSON {one}'
    elif got is None:
        assert not one, f'{path}: nothing, in JSON {one}'
    elif isinstance(one, (int, float)) and isinstance(two, (int, float)) and str(got).isdigit():
        slack = 1 if path.endswith(TIMES) else 0
        assert min(one, two) - slack <= int(got) <= max(one, two) + slack, f'{path}: {got}, in JSON {one} and {two}'
    else:
        assert str(got) == str(one), f'{path}: {got!r}, in JSON {one!r}'


def compare(router, command, name):
    """What a router prints is the layout, and its values are those of JSON; returns them. The text is asked for between two
    documents; what changes meanwhile (an age that begins anew, a row that goes) is looked at once more."""
    form = Layout(name)
    for again in range(9, -1, -1):
        said = router.cli(f'{command} | json; {command}; {command} | json')
        before, end = json.JSONDecoder().raw_decode(said)
        last = said.rindex('\n{\n') + 1
        text, after = said[end + 1:last], json.loads(said[last:])
        got = form.read(text)
        try:
            same(got, before, after)
            return got
        except AssertionError:
            if not again:
                raise
