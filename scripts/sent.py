"""What chaos sends, and what must become of it: random files from a seed, and a plain fold of the newest version of each."""

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: chaos.{name}
name: {name}
domain: chaos
version: 1.0.0
status: active
servers:
  - {{server: landing, type: s3, location: "s3://landing/chaos/{name}/", format: csv, delimiter: ","}}
schema:
  - name: chaos_{name}
    logicalType: object
    properties:
      - {{name: id, logicalType: string, primaryKey: true, required: true}}
      - {{name: at, logicalType: integer, required: true}}
      - {{name: amount, logicalType: integer}}
      - name: op
        logicalType: string
        required: true
        quality: [{{metric: invalidValues, arguments: {{validValues: [U, D]}}, mustBe: 0}}]
customProperties:
  - {{property: loadMode, value: upsert}}
  - {{property: orderBy, value: at}}
  - {{property: deleteWhen, value: {{column: op, values: [D]}}}}
  - {{property: attempts, value: 6}}
"""
_IDS = 1500
_ROWS = 20
_HEADER = ("id", "at", "amount", "op")


class Row(NamedTuple):
    """A row as it was sent; `amount` may be no number."""

    id: str
    at: int
    amount: str
    op: str

    @property
    def is_good(self) -> bool:
        """Whether the contract accepts it: a tombstone needs only its key and its order."""
        return self.op == "D" or self.amount.isdigit()


@dataclass(frozen=True)
class Put:
    """One version of a landing object."""

    key: str
    body: bytes


def puts(datasets: list[str], files: int, seed: int) -> Iterator[Put]:
    """Yield so many object versions; one in ten overwrites a key that was sent before. No two rows have the same `at`."""
    dice = random.Random(seed)  # noqa: S311 - a reproducible choice, not a secret
    sent: list[str] = []
    moments = list(range(files * _ROWS))
    dice.shuffle(moments)
    for number in range(files):
        again = sent and dice.random() < 0.1  # noqa: PLR2004 - one in ten
        key = dice.choice(sent) if again else f"chaos/{datasets[number % len(datasets)]}/delta/{number:05d}.csv"
        sent.append(key)
        rows = [_row(moments.pop(), dice) for _ in range(_ROWS)]
        yield Put(key, as_csv(rows))


def _row(at: int, dice: random.Random) -> Row:
    amount = "many" if dice.random() < 0.05 else str(dice.randrange(10_000))  # noqa: PLR2004 - one in twenty
    return Row(f"k{dice.randrange(_IDS):05d}", at, amount, "D" if dice.random() < 0.05 else "U")  # noqa: PLR2004 - the same


def as_csv(rows: list[Row]) -> bytes:
    """Return a file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    writer.writerows(rows)
    return text.getvalue().encode()


def read(body: bytes) -> list[Row]:
    """Return a file's rows."""
    return [Row(i, int(at), amount, op) for i, at, amount, op in list(csv.reader(io.StringIO(body.decode())))[1:]]


def expected(newest: dict[str, bytes]) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows that each layer must hold, sorted, from the newest version of each object."""
    sent = [(key, number, row) for key, body in newest.items() for number, row in enumerate(read(body), start=1)]
    good = [(key, number, row) for key, number, row in sent if row.is_good]
    silver: dict[str, Row] = {}
    for _, _, row in sorted(good, key=lambda found: found[2].at):
        silver[row.id] = row
    return {
        "bronze": sorted((key, number, *_typed(row)) for key, number, row in good),
        "quarantine": sorted((key, number) for key, number, row in sent if not row.is_good),
        "silver": sorted(_typed(row) for row in silver.values() if row.op != "D"),
    }


def _typed(row: Row) -> tuple[object, ...]:
    return row.id, row.at, int(row.amount) if row.amount.isdigit() else None, row.op
