"""Random files of a contract: mostly as they should be, with flaws of every layer: values, fields, records, lines, encodings, bytes."""

import bz2
import gzip
from collections.abc import Sequence
from random import Random

from tests.awkward.make_formats import zipped, zstd
from tests.fuzz.draw_values import draw_text
from tests.reference.batch import Given
from tidegate.contracts.contract import Column, ColumnType, Contract, Kind

KEYS = (
    "shop/sales/delta/2021-02-03.csv",
    "shop/sales/delta/xx.csv",
    "shop/sales/full/a b/2020-02-30.csv",
    "shop/sales/delta/nothing",
)
PACKINGS = (lambda data: gzip.compress(data, mtime=0), bz2.compress, zstd, lambda data: zipped(("data.csv", data)))
SOUP = (
    b"a",
    b",",
    b",",
    b'"',
    b'"',
    b" ",
    b"\n",
    b"\n",
    b"\r\n",
    b"\r",
    b'"x"',
    b'""',
    b"\xff",
    b"\xc3\xa9",
    b"1,2\n",
    b";",
    b"\t",
    b"\xef\xbb\xbf",
    b"\0",
)


def draw_batch(dice: Random, contract: Contract, most: int) -> list[Given]:
    """Return one to `most` files for a contract."""
    return [draw_file(dice, contract) for _ in range(dice.randint(1, most))]


def draw_file(dice: Random, contract: Contract) -> Given:
    key = dice.choice(KEYS) if dice.random() < 0.15 else KEYS[0]
    luck = dice.random()
    if luck < 0.03:
        return Given(key, bytes(dice.randrange(256) for _ in range(dice.randrange(60))))
    header, columns = draw_header(dice, contract)
    rows = dice.choice((0, 1, 1, 2, 2, 3, 3, 5, 5, 8, 8, 25))
    if luck < 0.12:
        text = line(dice, contract, header, calm=True).encode(errors="ignore") + b"\n"
        content = text + b"".join(dice.choice(SOUP) for _ in range(dice.randrange(24)))
        return Given(key, content)
    newline = dice.choice(("\n", "\n", "\r\n", "\r"))
    lines = [line(dice, contract, header, calm=True)]
    lines += [line(dice, contract, [draw_text(dice, c) for c in columns], calm=luck < 0.5) for _ in range(rows)]
    if luck > 0.8:
        newline = spoil_lines(dice, contract, lines, newline)
    text = newline.join(lines) + (newline if dice.random() < 0.8 else "")
    return Given(key, bytes_of(dice, contract, text))


def draw_header(dice: Random, contract: Contract) -> tuple[list[str], list[Column]]:
    """Return header names in some order, now and then one less or more, and what each column may hold."""
    pairs = [(dice.choice(c.sources), c) for c in contract.columns if c.sources and (c.required or dice.random() < 0.97)]
    extra = Column("extra", ColumnType(Kind.STRING))
    if dice.random() < 0.06:
        pairs.append((dice.choice(("extra", "Extra!", "c0 ", "2nd", "a b", "é", "", "x" * 130)), extra))
    if dice.random() < 0.1:
        dice.shuffle(pairs)
    names = [f" {name} " if dice.random() < 0.05 else name for name, _ in pairs]
    if dice.random() < 0.02 and names:
        names[-1] = names[0]
    return names, [column for _, column in pairs]


def line(dice: Random, contract: Contract, cells: Sequence[str], *, calm: bool) -> str:
    fields = [field(dice, contract, cell) for cell in cells]
    if not calm and fields:
        spoil_fields(dice, fields)
    return contract.csv.delimiter.join(fields)


def field(dice: Random, contract: Contract, cell: str) -> str:
    quote, escape, borders = contract.csv.quote, contract.csv.escape, (contract.csv.delimiter, "\n", "\r")
    if not quote:
        return "".join(c for c in cell if c not in borders) if dice.random() < 0.9 else cell
    if not any(c in cell for c in (*borders, quote)) and dice.random() < 0.9:
        return cell
    if escape != quote:
        cell = cell.replace(escape, escape * 2)
    return f"{quote}{cell.replace(quote, escape + quote)}{quote}"


def spoil_fields(dice: Random, fields: list[str]) -> None:
    """One of ten records gets a flaw in its fields."""
    luck, at = dice.randrange(60), dice.randrange(len(fields))
    if luck == 0:
        fields.pop()
    elif luck == 1:
        fields.append(dice.choice(("", "more", '"more"')))
    elif luck == 2:
        fields[at] += dice.choice(('"', " ", "x", '"x"', ' "y"'))
    elif luck == 3:
        fields[at] = dice.choice((" ", "x", '"', '""', '"x"')) + fields[at]
    elif luck == 4:
        fields[at] = f'"{fields[at]}"' + dice.choice((" ", "   ", "x", "\t", "\udcff"))
    elif luck == 5:
        fields[at] += dice.choice(("\udcff", "\udcc3", "\udcf0\udc9f"))


def spoil_lines(dice: Random, contract: Contract, lines: list[str], newline: str) -> str:
    """Put a flaw between the records; return the line ending of the file."""
    at = dice.randrange(len(lines) + 1)
    luck = dice.randrange(9)
    if luck == 0:
        lines.insert(at, "")
    elif luck == 1:
        lines.insert(at, " " * dice.randrange(1, 4))
    elif luck == 2:
        lines.insert(at, contract.csv.delimiter * dice.randrange(1, 8))
    elif luck == 3:
        lines.insert(at, dice.choice(("# a comment", "-- ", "EOF", lines[0])))
    elif luck == 4:
        lines.insert(max(at, 1), '"never closed')
    elif luck == 5:
        lines[:] = ["".join(c for c in text if c not in '"\udcff') for text in lines]
    elif luck == 6 and len(lines) > 1:
        lines[1:] = [text + dice.choice(("", "\r", "\n")) for text in lines[1:]]
    elif luck == 7:
        lines.append("\n" * dice.randrange(1, 4))
    else:
        lines[0] = "\ufeff" + lines[0]
    return newline


def bytes_of(dice: Random, contract: Contract, text: str) -> bytes:
    encoding = contract.csv.encoding
    if encoding == "utf-8":
        content = text.encode("utf-8", "surrogateescape")
        content = b"\xef\xbb\xbf" + content if dice.random() < 0.08 else content
    elif encoding == "utf-16":
        content = "".join(c for c in text if not "\udc80" <= c <= "\udcff").encode("utf-16")
    else:
        content = text.encode(encoding, "ignore")
        if encoding == "cp1252" and dice.random() < 0.2:
            content = content.replace(b"x", b"\x81", 1)
    if dice.random() < 0.06:
        content = dice.choice(PACKINGS)(content)
    return mutated(dice, content) if dice.random() < 0.08 else content


def mutated(dice: Random, content: bytes) -> bytes:
    """A few bytes changed, cut out, doubled or put in."""
    for _ in range(dice.randint(1, 3)):
        at, length = dice.randrange(len(content) + 1), dice.choice((1, 1, 2, 8, 40))
        piece = dice.choice((b"", b"", content[at : at + length] * 2, dice.choice(SOUP), bytes([dice.randrange(256)])))
        content = content[:at] + piece + content[at + length :]
    return content
