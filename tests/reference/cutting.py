"""UTF-8 bytes cut into records and fields, one byte after the other.

The rules: a quote at the beginning of a field opens it; in it, a doubled quote is a quote and everything else is text
(with an escape of its own, a quote or an escape behind that is text, anything else breaks the record, and a doubled quote is none); text
behind the closing quote, also a space, breaks the record (`quoting`). A quote inside unquoted text is text. Records end
at LF, CRLF or CR outside quotes. A quote that is never closed leaves it open where the file's last records begin: the file is refused.

Two writings have no agreed meaning: a quote behind spaces at the beginning of a field, and a quote that opens again behind a closed
one. Both open one here, and both break the record. It is `odd`: with a line break inside readers do not agree where it ends.
"""

from dataclasses import dataclass

from tidegate.contracts.contract import CsvFormat

LF, CR, SPACE = 10, 13, 32


@dataclass(frozen=True, slots=True)
class Record:
    """One record: where its bytes are (end exclusive, without the line ending), its fields, and what is wrong with it."""

    start: int
    end: int
    fields: tuple[bytes, ...]
    broken: bool
    odd: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """Every record of a file, the header first and blank lines among them; `open_quote`: the last one's quote is never closed."""

    records: tuple[Record, ...]
    open_quote: bool


def cut(data: bytes, csv: CsvFormat) -> Cut:
    scanner = Scanner(data, csv)
    records = []
    while scanner.at < len(data):
        records.append(scanner.record())
        scanner.newline()
    return Cut(tuple(records), scanner.open_quote)


class Scanner:
    """A place in the bytes that moves on."""

    def __init__(self, data: bytes, csv: CsvFormat) -> None:
        self.data, self.delimiter, self.quote = data, csv.delimiter.encode(), csv.quote.encode()
        self.escape = b"" if csv.escape == csv.quote else csv.escape.encode()
        self.at = 0
        self.open_quote = self.broken = self.odd = False

    def record(self) -> Record:
        start, self.broken, self.odd = self.at, False, False
        fields = [self.field()]
        while self.sees(self.delimiter):
            self.at += len(self.delimiter)
            fields.append(self.field())
        return Record(start, self.at, tuple(fields), self.broken, self.odd)

    def sees(self, wanted: bytes) -> bool:
        return bool(wanted) and self.data.startswith(wanted, self.at)

    def at_end_of_field(self) -> bool:
        return self.at >= len(self.data) or self.data[self.at] in {LF, CR} or self.sees(self.delimiter)

    def newline(self) -> None:
        if self.sees(b"\r\n"):
            self.at += 2
        elif self.at < len(self.data):
            self.at += 1

    def skip_spaces(self) -> int:
        start = self.at
        while not self.at_end_of_field() and self.data[self.at] == SPACE:
            self.at += 1
        return self.at - start

    def field(self) -> bytes:
        start = self.at
        spaces = self.skip_spaces()
        if self.sees(self.quote):
            self.odd = self.odd or spaces > 0
            self.broken = self.broken or spaces > 0
            return self.quoted()
        while not self.at_end_of_field():
            self.at += 1
        return self.data[start : self.at]

    def quoted(self) -> bytes:
        text = self.inside()
        while not self.open_quote:
            spaces = self.skip_spaces()
            if self.at_end_of_field():
                self.broken = self.broken or spaces > 0
                return text
            if not (spaces and self.sees(self.quote)):
                self.broken = True
                while not self.at_end_of_field():
                    self.at += 1
                return text
            self.odd = self.broken = True
            text += b" " * spaces + self.inside()
        return text

    def inside(self) -> bytes:
        """The text between the quote here and its closing one."""
        self.at += len(self.quote)
        text = b""
        while self.at < len(self.data):
            if self.sees(self.escape):
                behind = self.data[self.at + 1 : self.at + 2]
                self.broken = self.broken or behind not in {self.quote, self.escape}
                text += behind
                self.at += 2
                continue
            if not self.sees(self.quote):
                text += self.data[self.at : self.at + 1]
                self.at += 1
                continue
            self.at += len(self.quote)
            if self.escape or not self.sees(self.quote):
                return text
            text += self.quote
            self.at += len(self.quote)
        self.open_quote = True
        return text
