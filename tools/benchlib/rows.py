# SPDX-License-Identifier: Apache-2.0
"""What benches have measured, as rows of JSON: one object a line, each with the `bench` that it is of.

Rows of a load have `samples`, one for each round of the run (null: that one failed), so that ratios are
those of one round and their median counts.
"""
import json
import pathlib
import statistics


class Rows:
    def __init__(self, rows=()):
        self.all = list(rows)

    @classmethod
    def read(cls, path):
        path = pathlib.Path(path)
        return cls(json.loads(line) for line in path.read_text().splitlines()) if path.exists() else cls()

    def write(self, path):
        pathlib.Path(path).write_text(''.join(json.dumps(r) + '\n' for r in self.all))

    def add(self, rows):
        self.all += rows

    def drop(self, parts):
        """Forgets what these parts of a run had measured."""
        self.all = [r for r in self.all if r.get('part') not in parts]

    def of(self, bench, **fields):
        return [r for r in self.all if r['bench'] == bench and all(r.get(k) == v for k, v in fields.items())]

    def med(self, field, bench, **fields):
        """The median of a field over all rows that fit; None of none."""
        v = [r[field] for r in self.of(bench, **fields) if r.get(field)]
        return statistics.median(v) if v else None

    def quotient(self, over, under, bench, **fields):
        """The median of one field over another of the same row."""
        v = [r[over] / r[under] for r in self.of(bench, **fields) if r.get(over) and r.get(under)]
        return statistics.median(v) if v else None

    def workers(self, suite, way):
        """Packets a second of one SA with one worker, with two, and of two gateways at once."""
        return (self.med('packets_per_sec', 'workers', suite=suite, dir=way, n=n, apart=apart)
                for n, apart in ((1, False), (2, False), (2, True)))

    def samples(self, world, load):
        found = self.of('load', world=world, load=load)
        return found[-1]['samples'] if found else []

    def load(self, world, load):
        v = [s for s in self.samples(world, load) if s is not None]
        return statistics.median(v) if v else None

    def ratio(self, world, other, load='tcp1'):
        """Of one world to another, round by round; None if they were not measured together."""
        v = [a / b for a, b in zip(self.samples(world, load), self.samples(other, load)) if a is not None and b]
        return statistics.median(v) if v else None
