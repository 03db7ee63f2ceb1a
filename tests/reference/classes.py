"""What a text looks like, by the table of value classes in docs/contracts.md: the first class that fits."""

import unicodedata

LONG = 1000
SIGNS = ("+", "-")
NULL_LIKE = ("null", "none", "nil", "nan", "na", "n/a", "#n/a", "\\n", "-", "?")
BOOLEAN_LIKE = ("true", "false", "t", "f", "yes", "no", "y", "n")
DATE_DIGITS = (4, 2, 4)  # at most


def class_of(text: str | None) -> str:  # noqa: PLR0911 - one answer a class
    """Name the class of a value; None is no value."""
    if text is None:
        return "empty"
    if len(text) > LONG:
        return "long"
    if any(unicodedata.category(c) == "Cc" for c in text):
        return "control"
    if all(map(blank, text)):
        return "blank"
    if blank(text[0]) or blank(text[-1]):
        return "padded"
    if text.lower() in NULL_LIKE:
        return "null_like"
    if text.isascii() and text.lower() in BOOLEAN_LIKE:
        return "boolean_like"
    return number_class(text[1:] if text[0] in SIGNS else text) or time_class(text) or ("grouped" if grouped(text) else "text")


def blank(character: str) -> bool:
    return unicodedata.category(character)[0] == "Z"


def digits(text: str) -> bool:
    return bool(text) and set(text) <= set("0123456789")


def decimal(text: str) -> bool:
    whole, point, fraction = text.partition(".")
    return bool(point) and digits(whole + fraction)


def number_class(unsigned: str) -> str:
    if digits(unsigned):
        return "integer"
    if decimal(unsigned):
        return "decimal"
    mantissa, mark, exponent = unsigned.replace("E", "e").partition("e")
    power = exponent[1:] if exponent[:1] in SIGNS else exponent
    return "exponent" if mark and digits(power) and (digits(mantissa) or decimal(mantissa)) else ""


def time_class(text: str) -> str:
    day, space, time = partitioned(text)
    if dated(text):
        return "date_like"
    if space and dated(day) and timed(time):
        return "timestamp_like"
    return "time_like" if timed(text) else ""


def partitioned(text: str) -> tuple[str, str, str]:
    """A text before and behind the `T`s and spaces that come first in it."""
    at = next((n for n, c in enumerate(text) if c in "T "), len(text))
    rest = text[at:].lstrip("T ")
    return text[:at], text[at : len(text) - len(rest)], rest


def dated(text: str) -> bool:
    parts = "".join("-" if c in "-/." else c for c in text).split("-")
    return len(parts) == len(DATE_DIGITS) and all(
        digits(part) and len(part) <= most for part, most in zip(parts, DATE_DIGITS, strict=True)
    )


def timed(text: str) -> bool:
    hours, mark, rest = text.partition(":")
    return bool(mark) and digits(hours) and len(hours) <= len("12") and len(rest) >= len("30") and digits(rest[:2])


def grouped(text: str) -> bool:
    """Two or more groups of digits, one character between them."""
    unsigned = text[1:] if text[0] in SIGNS else text
    parts = "".join("," if c in ",.'" or blank(c) else c for c in unsigned).split(",")
    return len(parts) > 1 and all(map(digits, parts))
