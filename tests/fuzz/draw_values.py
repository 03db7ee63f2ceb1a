"""Random texts for a column: good ones, ones that just miss, and ones that nobody expects."""

from pathlib import Path
from random import Random

import yaml

from tidegate.contracts.contract import JSON_KINDS, Column, Kind

KEPT = Path(__file__).parents[1] / "cases"
ODD: tuple[str, ...] = tuple(yaml.safe_load((KEPT / "odd_values.yaml").read_text(encoding="utf-8")))
GOLDEN: dict[Kind, list[str]] = {kind: [] for kind in Kind}
for group in yaml.safe_load((KEPT / "casts.yaml").read_text(encoding="utf-8")):
    GOLDEN[Kind(group["column"]["kind"])].extend(text for text, _ in group["cases"])
#: Moments that a zone of `draw_contracts.ZONES` skips or has twice, and their neighbours.
SHIFTS = [
    {"y": "2021", "M": month, "d": day, "H": hour, "m": minute}
    for month, day in (("3", "28"), ("10", "31"), ("3", "14"), ("11", "7"), ("4", "4"), ("10", "3"))
    for hour, minute in (("1", "30"), ("1", "45"), ("2", "0"), ("2", "15"), ("3", "0"))
]
JSON_KEYS = ('"k"', '""', '"a b"', '"k"', "k")
JSON_PARTS = (
    "1", "1.10", "-0", "1e5", "1E+400", "01", "+1", ".5", "123456789012345678901234567890", "true", "null", "NaN", "-Infinity", "nul",
    '""', '"a b"', '"nan"', '"]"', '"\\""', '"\\u0041"', '"\\ud800"', '"\\x"', '"a\tb"', '"é"', "'x'", "[]", "[1, 2]", "[1,]", "{}",
    '{"a": [ ]}', "[[[[ ]]]]", " 1", "", "/* x */ 1",
)  # fmt: skip
LETTERS = "abxyzDMF019 ,;|'\"\n\r\té😀\u200b-+.:/TZ"


def draw_text(dice: Random, column: Column) -> str:
    """Return a text for a column: three in five are good ones."""
    luck = dice.random()
    if luck < 0.1:
        return dice.choice(ODD)
    if luck < 0.18:
        return dice.choice(GOLDEN[column.type.kind])
    if luck < 0.3 and bounds_of(column):
        return dice.choice(bounds_of(column))
    good = good_text(dice, column)
    return bent(dice, good) if luck < 0.38 else good


def bounds_of(column: Column) -> list[str]:
    bounds = (column.minimum, column.maximum, column.exclusive_minimum, column.exclusive_maximum)
    return [bound for bound in bounds if bound is not None]


def bent(dice: Random, text: str) -> str:
    """Return a text that differs a little."""
    at = dice.randrange(len(text) + 1)
    change = dice.randrange(5)
    if change == 0:
        return text[:at] + text[at + 1 :]
    if change == 1:
        return text[:at] + dice.choice(LETTERS) + text[at:]
    if change == 2:
        return text[:at] + dice.choice(LETTERS) + text[at + 1 :]
    if change == 3:
        return dice.choice((" ", "0", "+", "-", "\ufeff")) + text
    return text + dice.choice((" ", "0", ".", "Z", "\n", "\u00a0"))


def good_text(dice: Random, column: Column) -> str:
    """Return a text that the column most likely takes."""
    if column.value_map and dice.random() < 0.7:
        return dice.choice([key for key, _ in column.value_map])
    kind = column.type.kind
    if kind is Kind.STRING:
        return good_string(dice, column)
    if kind is Kind.BOOLEAN:
        return dice.choice(("true", "FALSE", "t", "n", "Yes", "1", "0"))
    if kind in {Kind.INTEGER, Kind.DOUBLE, Kind.DECIMAL}:
        return written_number(dice, column, good_number(dice, column))
    if kind in JSON_KINDS:
        return good_json(dice, kind)
    return good_time(dice, dice.choice(column.formats) if column.formats else own_format(dice, column))


def good_json(dice: Random, kind: Kind) -> str:
    """Return a JSON array or object, most of the time."""
    parts = [dice.choice(JSON_PARTS) for _ in range(dice.randrange(4))]
    blank = dice.choice(("", "", " ", "\n\t", "\u00a0") if dice.random() < 0.3 else ("",))
    if kind is Kind.OBJECT:
        parts = [f"{dice.choice(JSON_KEYS)}{blank}:{part}" for part in parts]
    opening, closing = "[]" if kind is Kind.ARRAY else "{}"
    return f"{blank}{opening}{blank}{f',{blank}'.join(parts)}{blank}{closing}"


def good_string(dice: Random, column: Column) -> str:
    if column.valid_values and dice.random() < 0.8:
        return dice.choice(column.valid_values)
    return "".join(dice.choice(LETTERS) for _ in range(dice.choice((0, 1, 1, 2, 3, 8))))


def written_number(dice: Random, column: Column, plain: str) -> str:
    """Write a number as the files of its column do."""
    whole, point, rest = plain.partition(".")
    digits = whole.lstrip("+-")
    if column.thousands and dice.random() < 0.6 and digits.isdigit():
        groups = f"{int(digits):,}".replace(",", column.thousands)
        whole = whole[: len(whole) - len(digits)] + groups
    return whole + ("," if point and column.decimal_comma else point) + rest


def good_number(dice: Random, column: Column) -> str:
    if column.type.kind is Kind.DECIMAL:
        return good_decimal(dice, column.type.precision, column.type.scale)
    if column.type.kind is Kind.DOUBLE and dice.random() < 0.5:
        return repr(dice.uniform(-1, 1) * 10.0 ** dice.randint(-300, 300))
    number = str(dice.randint(-(10 ** dice.choice((1, 3, 18))), 10 ** dice.choice((1, 3, 18))))
    return dice.choice(("", "", "", "+", "00")) + number if number[0] != "-" else number


def good_decimal(dice: Random, precision: int, scale: int) -> str:
    whole = "".join(dice.choice("0123456789") for _ in range(dice.randint(0, precision - scale)))
    fraction = "".join(dice.choice("0123456789") for _ in range(dice.randint(0, scale)))
    return dice.choice(("", "-", "+", "00")) + whole + dice.choice((f".{fraction}", "" if not fraction else f".{fraction}000"))


def own_format(dice: Random, column: Column) -> str:
    time = dice.choice(("HH:mm", "HH:mm:ss", "HH:mm:ss.SSS", "HH:mm:ss.SSSSSSSS"))
    if column.type.kind is Kind.DATE:
        return "yyyy-MM-dd"
    if column.type.kind is Kind.TIME:
        return time
    zone = dice.choice(("X", "XX", "XXX", "")) if column.type.kind is Kind.TIMESTAMPTZ else ""
    return f"yyyy-MM-dd{dice.choice((chr(39) + 'T' + chr(39), ' '))}{time}{zone}"


def good_time(dice: Random, pattern: str) -> str:
    """Write a random moment in a pattern. Days go up to 31 in every month."""
    parts = {
        "y": f"{dice.choice((dice.randint(1, 9999), dice.randint(1971, 2036), dice.randint(1971, 2036), 2021)):04d}",
        "M": str(dice.randint(1, 12)),
        "d": str(dice.choice((dice.randint(1, 28), dice.randint(1, 31)))),
        "H": str(dice.randint(0, 23)),
        "h": str(dice.randint(1, 12)),
        "m": str(dice.randint(0, 59)),
        "s": str(dice.randint(0, 59)),
        "S": f"{dice.randint(0, 999_999):06d}000",
        "a": dice.choice(("AM", "PM", "am", "pM")),
        "X": dice.choice(("Z", "+", "-")),
    } | (dice.choice(SHIFTS) if dice.random() < 0.2 else {})
    out, at, literal = "", 0, False
    while at < len(pattern):
        letter = pattern[at]
        run = len(pattern[at:]) - len(pattern[at:].lstrip(letter))
        if letter == "'":
            literal, run = (literal if pattern[at : at + 2] == "''" else not literal), (2 if pattern[at : at + 2] == "''" else 1)
            out += "'" if run == 2 else ""
        elif literal or not letter.isalpha():
            out, run = out + letter, 1
        else:
            out += written(dice, "y" if letter == "u" else letter, run, parts)
        at += run
    return out


def written(dice: Random, letter: str, run: int, parts: dict[str, str]) -> str:
    if letter == "X":
        return (
            parts["X"]
            if parts["X"] == "Z"
            else parts["X"]
            + dice.choice({1: ("02", "0530", "1801"), 2: ("0200", "1800", "1759"), 3: ("02:00", "18:30", "0100")}[run])
        )
    if letter in {"y", "S"}:
        return parts[letter][-2:] if run == 2 and letter == "y" else parts[letter][:run] if letter == "S" else parts[letter]
    return parts[letter] if letter == "a" else parts[letter].zfill(run)
