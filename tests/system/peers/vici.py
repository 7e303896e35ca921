# SPDX-License-Identifier: Apache-2.0
"""strongSwan's control protocol (vici), for tests that cannot afford a swanctl for each step.

A packet is a length, an operation, for some a name, and a message of nested
sections, keys and lists (src/libcharon/plugins/vici/README.md of strongSwan says it).
"""
import socket
import struct

REQUEST, RESPONSE, UNKNOWN, REGISTER, UNREGISTER, CONFIRM, EVENT_UNKNOWN, EVENT = range(8)
SECTION, END, PAIR, LIST, ITEM, LIST_END = range(1, 7)


def _name(text):
    raw = text.encode()
    return bytes([len(raw)]) + raw


def _value(text):
    raw = text if isinstance(text, bytes) else str(text).encode()
    return struct.pack('>H', len(raw)) + raw


def encode(tree):
    out = b''
    for key, value in tree.items():
        if isinstance(value, dict):
            out += bytes([SECTION]) + _name(key) + encode(value) + bytes([END])
        elif isinstance(value, (list, tuple)):
            out += bytes([LIST]) + _name(key) + b''.join(bytes([ITEM]) + _value(v) for v in value) + bytes([LIST_END])
        else:
            out += bytes([PAIR]) + _name(key) + _value(value)
    return out


def decode(raw):
    root = {}
    stack, items, at = [root], None, 0

    def name():
        nonlocal at
        n = raw[at]
        at += 1 + n
        return raw[at - n:at].decode()

    def value():
        nonlocal at
        n, = struct.unpack_from('>H', raw, at)
        at += 2 + n
        return raw[at - n:at].decode(errors='replace')

    while at < len(raw):
        kind = raw[at]
        at += 1
        if kind == SECTION:
            key = name()
            stack[-1][key] = {}
            stack.append(stack[-1][key])
        elif kind == END:
            stack.pop()
        elif kind == PAIR:
            key = name()
            stack[-1][key] = value()
        elif kind == LIST:
            items = stack[-1][name()] = []
        elif kind == ITEM:
            items.append(value())
    return root


class Vici:
    """A connection to a charon: a path, or (address, port) with the socket of a namespace."""

    def __init__(self, where, sock=None):
        self.sock = sock or socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(where)

    def close(self):
        self.sock.close()

    def _send(self, op, name, message=b''):
        packet = bytes([op]) + _name(name) + message
        self.sock.sendall(struct.pack('>I', len(packet)) + packet)

    def _exact(self, n):
        got = b''
        while len(got) < n:
            part = self.sock.recv(n - len(got))
            if not part:
                raise OSError('charon closed the connection')
            got += part
        return got

    def _receive(self):
        packet = self._exact(struct.unpack('>I', self._exact(4))[0])
        if packet[0] == EVENT:
            n = packet[1]
            return EVENT, decode(packet[2 + n:])
        return packet[0], decode(packet[1:])

    def request(self, command, **message):
        """The answer, as dictionaries and lists; a refusal has success = no."""
        self._send(REQUEST, command, encode(message))
        while True:
            kind, answer = self._receive()
            if kind == RESPONSE:
                return answer
            assert kind == EVENT, f'{command}: charon does not know it'

    def stream(self, command, event, **message):
        """What a listing sends as events, one dictionary each."""
        self._send(REGISTER, event)
        assert self._receive()[0] == CONFIRM, event
        self._send(REQUEST, command, encode(message))
        found = []
        while True:
            kind, answer = self._receive()
            if kind != EVENT:
                break
            found.append(answer)
        self._send(UNREGISTER, event)
        while self._receive()[0] != CONFIRM:
            pass
        return found

    def sas(self):
        """{name: ISAKMP SA}; its children under child-sas."""
        return [(name, sa) for answer in self.stream('list-sas', 'list-sa') for name, sa in answer.items()]

    def children(self):
        return [c for _, sa in self.sas() for c in sa.get('child-sas', {}).values() if c['state'] == 'INSTALLED']
