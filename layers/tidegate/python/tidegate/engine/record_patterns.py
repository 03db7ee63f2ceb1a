"""Regular expressions for the records of a CSV text: one as DuckDB's strict mode cuts it, and regular ones, which everybody cuts alike.

Repeats of more than one character are atomic groups: possessive ones match wrongly in Python before 3.11.5.
"""

import re
from functools import lru_cache

from tidegate.contracts.contract import CsvFormat


def _inside(csv: CsvFormat, escaped: bytes) -> bytes:
    """The text between two quotes; `escaped` is what an escape of its own may stand before."""
    q, e = re.escape(csv.quote.encode()), re.escape(csv.escape.encode())
    if csv.doubles_quotes:
        return rb"[^%b]*+(?>(?:%b%b[^%b]*+)*)" % (q, q, q, q)
    return rb"(?>(?:[^%b%b]++|%b%b)*)" % (q, e, e, escaped)


def _regular_inside(csv: CsvFormat) -> bytes:
    """The same, where an escape stands before a quote or an escape: before anything else readers do not agree."""
    return _inside(csv, rb"[%b%b]" % (re.escape(csv.quote.encode()), re.escape(csv.escape.encode())))


def _fields(csv: CsvFormat, open_marks: tuple[bytes, bytes]) -> bytes:
    """The fields of one record; `open_marks` is what may stand for a closing quote in the first and in later fields."""
    d, q = re.escape(csv.delimiter.encode()), re.escape(csv.quote.encode())
    body = _inside(csv, b".")
    rest = rb"[^%b\r\n]*+" % d
    first, later = (rb" *+%b%b(?>(?:%b ++%b%b)*)(?:%b%b%b)" % (q, body, q, q, body, q, rest, mark) for mark in open_marks)
    plain = rb"(?! *+%b)%b" % (q, rest)
    fields = rb"(?:%b|%b)(?>(?:%b(?:%b|%b))*)" % (first, plain, d, later, plain)
    return rb"(?:[^%b\r\n]*+|%b)" % (q, fields)


@lru_cache(maxsize=32)
def record_pattern(csv: CsvFormat) -> re.Pattern[bytes]:
    """Match one record with its line ending, group `nl`; `o1` and `o2` are set when a quote is never closed, `comment` for a comment."""
    comment = rb"(?P<comment>%b[^\r\n]*+)" % re.escape(csv.comment.encode()) if csv.comment else rb"(?P<comment>(?!))"
    fields = rb"[^\r\n]*+(?P<o1>(?!))?(?P<o2>(?!))?"
    if csv.quote:
        last = b"" if csv.doubles_quotes else rb"%b?" % re.escape(csv.escape.encode())  # an escape with nothing behind it
        fields = _fields(csv, (rb"|(?P<o1>%b\Z)" % last, rb"|(?P<o2>%b\Z)" % last))
    return re.compile(rb"(?:%b|%b)(?P<nl>\r\n|\n|\r|\Z)" % (comment, fields), re.DOTALL)


def _regular_field(csv: CsvFormat) -> bytes:
    """A field that every reader takes for the same: quotes around all of it, or none at its start, not even behind spaces."""
    d, q = re.escape(csv.delimiter.encode()), re.escape(csv.quote.encode())
    if not q:
        return rb"[^%b\r\n]*+" % d
    return rb"(?>%b%b%b(?=%b|[\r\n]|\Z)|(?! *+%b)[^%b\r\n]*+)" % (q, _regular_inside(csv), q, d, q, d)


@lru_cache(maxsize=32)
def regular_record(csv: CsvFormat, width: int) -> re.Pattern[bytes]:
    """Match a record of `width` regular fields, with its line ending."""
    d, field = re.escape(csv.delimiter.encode()), _regular_field(csv)
    return re.compile(rb"(?>%b(?:%b%b){%d}(?:\r\n|\n|\r))" % (field, d, field, width - 1), re.DOTALL)


def is_regular(record: bytes, csv: CsvFormat) -> bool:
    """Whether every field of a record, without its line ending, is read as the same by everybody."""
    d, field = re.escape(csv.delimiter.encode()), _regular_field(csv)
    return re.fullmatch(rb"(?>%b(?>(?:%b%b)*))" % (field, d, field), record, re.DOTALL) is not None


def fields_of(record: bytes, csv: CsvFormat) -> list[bytes]:
    """Return the fields of a regular record, without its line ending, as everybody reads them. An escape means nothing outside quotes."""
    d, q, e = (re.escape(mark.encode()) for mark in (csv.delimiter, csv.quote, csv.escape or csv.quote))
    written = [match[1] for match in re.finditer(rb"(?:\A|%b)(%b)" % (d, _regular_field(csv)), record, re.DOTALL)]
    escaped = re.compile(rb"%b(%b|%b)" % (e, q, e), re.DOTALL)
    return [escaped.sub(rb"\1", f[1:-1]) if q and f.startswith(csv.quote.encode()) else f for f in written]


def rule_of(record: bytes, csv: CsvFormat, width: int) -> str:
    """What is wrong with a record that has not `width` regular fields."""
    if not is_regular(record, csv):
        return "quoting"
    return "columns" if len(fields_of(record, csv)) != width else "quoting"
