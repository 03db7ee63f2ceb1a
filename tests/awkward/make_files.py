"""Every awkward text file of `tests/cases/awkward.yaml`, made anew with the same bytes each time.

python -m tests.awkward.make_files FOLDER [NAME …]     write them to look at
"""

import gzip
import re
import struct
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from tests.awkward.make_formats import FORMAT_FILES, MEBIBYTE, deflated
from tests.awkward.make_tables import TABLE_FILES

BOM = b"\xef\xbb\xbf"
HEAD = b"a,b,c\n"
GOOD = HEAD + b"x,y,1\nz,w,2\n"
ROWS = b"x,y,1\n" * (40 * MEBIBYTE // 6)


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def bomb(start: bytes, block: bytes, times: int) -> bytes:
    """One gzip member that unpacks to `start` and `times` blocks."""
    data, crc, size = deflated(start, block, times)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff" + data + struct.pack("<II", crc, size & 0xFFFFFFFF)


def wide(columns: int, rows: int) -> bytes:
    return b"a," + b",".join(b"c%d" % n for n in range(1, columns)) + b"\n" + (b",".join([b"v"] * columns) + b"\n") * rows


def typed(*rows: str, newline: str = "\n") -> bytes:
    """Rows of contract `typed`: i integer, d decimal(10,2), f double, day date, at timestamptz in Europe/Berlin, ok boolean."""
    return newline.join(["i,d,f,day,at,ok", *rows, ""]).encode()


CSV_FILES: dict[str, Callable[[], bytes]] = {
    # ragged
    "ragged short": lambda: HEAD + b"x,y,1\nx,y\nx\nz,w,2\n",
    "ragged long": lambda: HEAD + b"x,y,1\nx,y,1,4\nx,y,1,4,5,6\nz,w,2\n",
    "trailing delimiter on every record": lambda: HEAD + b"x,y,1,\nz,w,2,\n",
    "trailing delimiter on header and records": lambda: b"a,b,c,\nx,y,1,\nz,w,2,\n",
    "unquoted comma with empty neighbours": lambda: b"a,b,c\nSmith, John,,\n",
    "delimiters only": lambda: HEAD + b",,\nx,y,1\n,,,,\n",
    "last record cut short": lambda: HEAD + b"x,y,1\nz,w",
    # quotes
    "open quote in the first record": lambda: HEAD + b'"x,y,1\nz,w,2\n',
    "open quote in the middle": lambda: HEAD + b'x,y,1\nz,"w,2\nx,y,1\n',
    "open quote in the last record": lambda: HEAD + b'x,y,1\nz,w,"2\n',
    "open quote before 40 MB": lambda: HEAD + b'"x,y,1\n' + ROWS,
    "open quote after 40 MB": lambda: HEAD + ROWS + b'z,"w,2\n',
    "quote inside unquoted text": lambda: HEAD + b'5" disk,y,1\nx,say "hi",2\n',
    "text behind a closing quote": lambda: HEAD + b'"x"y,w,1\nx,y,1\n"x"y"z",w,1\n',
    "quote opens again": lambda: HEAD + b'x,"y" "z",1\nx,y,1\n',
    "quote behind a space": lambda: HEAD + b'x, "y",1\nx,y,1\n',
    "space behind a closing quote": lambda: HEAD + b'x,"y" ,1\nx,y,1\n',
    "line breaks in quotes": lambda: HEAD + b'"x\ny","p\r\nq",1\nz,"\n\n\n",2\n"\r",w,x\n',
    "quoted header": lambda: b'"a","b","c"\nx,y,1\n',
    "header with a line break in quotes": lambda: b'"a\nb",b,c\nx,y,1\n',
    "header with a line break before a megabyte": lambda: b'"a\nb",b,c\r\n' + b"x,y,1\r\n" * 200_000,
    "header that is never closed": lambda: b'a,b,"c\nx,y,1\n',
    "text behind a quoted header name": lambda: b'a,b,"c"x,y,1\nz,w,2\n',
    # bytes that are no text
    "nul in a value": lambda: HEAD + b"x,y\0,1\n",
    "nul behind the first mebibyte": lambda: HEAD + b"x,y,1\n" * 200_000 + b"x,\0,1\n",
    "invalid utf-8 in one record": lambda: HEAD + b"x,\xff,1\nz,w,2\n\xc3,y,1\n",
    "overlong and surrogate utf-8": lambda: HEAD + b"x,\xc0\xaf,1\nx,\xed\xa0\x80,1\nz,w,2\n",
    "invalid utf-8 in the header": lambda: b"a,b,c\xff\nx,y,1\n",
    "utf-16 that nobody declared": lambda: GOOD.decode().encode("utf-16"),
    "utf-16 without a mark that nobody declared": lambda: GOOD.decode().encode("utf-16-le"),
    "utf-16": lambda: "a,b,c\nä,😀,1\nz,w,x\n".encode("utf-16"),
    "utf-16 big end first": lambda: b"\xfe\xff" + "a,b,c\nä,😀,1\nz,w,x\n".encode("utf-16-be"),
    "utf-16 without a mark": lambda: GOOD.decode().encode("utf-16-le"),
    "utf-16 cut in a character": lambda: "a,b,c\nä,w,1\nz,é,2".encode("utf-16")[:-1],
    "utf-16 cut in a character of high bytes": lambda: "a,b,c\nä,w,1\nz,é,".encode("utf-16") + b"\xbe",
    "utf-16 with half a surrogate pair": lambda: "a,b,c\nx,".encode("utf-16") + b"\x80\xd8" + ",1\n".encode("utf-16-le"),
    "latin-1": lambda: "a,b,c\nGröße,é,1\nß,w,x\n".encode("latin-1"),
    "cp1252": lambda: "a,b,c\n€,„ä“,1\nß,w,x\n".encode("cp1252"),
    "cp1252 with an undefined byte": lambda: HEAD + b"x,\x81,1\nz,\x80,2\n",
    "latin-1 sent as utf-8": lambda: "a,b,c\nGröße,é,1\nz,w,2\n".encode("latin-1"),
    "two encodings in one file": lambda: HEAD + "é,y,1\n".encode() + "é,y,1\n".encode("latin-1") + b"z,w,2\n",
    "byte order mark": lambda: BOM + GOOD,
    "byte order mark twice": lambda: BOM + BOM + GOOD,
    "byte order mark in the middle": lambda: GOOD + BOM + b"x,y,1\n",
    "control characters": lambda: HEAD + b"\x01,\x1a,1\n\x7f,\x0b\x0c,2\n\x1b[31m,\x08,3\n",
    # line ends
    "mixed line ends": lambda: b"a,b,c\r\nx,y,1\nz,w,2\rq,q,q\r\nx,y,1",
    "carriage returns only": lambda: b"a,b,c\rx,y,1\rz,w,x\r",
    "line feed then carriage return": lambda: b"a,b,c\n\rx,y,1\n\rz,w,2\n\r",
    "blank lines": lambda: b"a,b,c\n\n\nx,y,1\n\nz,w\n\n",
    "lines of spaces": lambda: HEAD + b"   \nx,y,1\n \n",
    "one column with blank lines": lambda: b"a\nx\n\ny\n\n",
    "one column of blank lines": lambda: b"a\n\n\n",
    # packed
    "gzip": lambda: packed(GOOD),
    "gzip cut short": lambda: packed(GOOD * 50)[:-12],
    "gzip without its trailer": lambda: packed(GOOD)[:-8],
    "gzip with a wrong checksum": lambda: packed(GOOD)[:-8] + b"\0\0\0\0" + packed(GOOD)[-4:],
    "gzip with garbage behind it": lambda: packed(GOOD) + b"garbage",
    "gzip with zeros behind it": lambda: packed(GOOD) + bytes(512),
    "gzip of several members": lambda: packed(GOOD) + packed(b"x,y,1\n") + packed(b"") + packed(b"q\n"),
    "gzip cut in a record between members": lambda: packed(HEAD + b"x,") + packed(b"y,1\n"),
    "gzip in gzip": lambda: packed(packed(GOOD)),
    "gzip of nothing": lambda: packed(b""),
    "gzip bomb of zeros": lambda: bomb(HEAD, bytes(16 * MEBIBYTE), 64),
    "gzip bomb of rows": lambda: bomb(HEAD, b"x,y,1\n" * (16 * MEBIBYTE // 6), 64),
    "gzip bomb of one line": lambda: bomb(HEAD, b"x" * (16 * MEBIBYTE), 64),
    # sizes
    "200 columns": lambda: wide(200, 2),
    "10,000 columns": lambda: wide(10_000, 2),
    "line of 100 MB": lambda: HEAD + b"x,y,1\n" + b"x" * 100_000_000 + b",y,1\nz,w,2\n",
    "line of 100 MB without an end": lambda: HEAD + b"x,y,1\n" + b"x" * 100_000_000,
    "line of 40 MB": lambda: HEAD + b"x,y,1\n" + b"x" * 40_000_000 + b",y,1\nz,w,2\n",
    "line of 40 MB without an end": lambda: HEAD + b"x,y,1\n" + b"x" * 40_000_000,
    "quoted field of 40 MB": lambda: HEAD + b'x,y,1\n"' + b"x" * 40_000_000 + b'",y,1\nz,w,2\n',
    "quoted field of 100 MB": lambda: HEAD + b'x,y,1\n"' + b"x" * 100_000_000 + b'",y,1\nz,w,2\n',
    "header of 100 MB": lambda: b"a" * 100_000_000 + b",b,c\nx,y,1\n",
    "field of a megabyte": lambda: HEAD + b"x," + b"y" * 1_000_000 + b",1\n",
    "field of more than two megabytes": lambda: HEAD + b"x," + b"y" * 2_000_001 + b",1\nz,w,2\n",
    # headers
    "duplicate header": lambda: b"a,b,c,b\nx,y,1,2\n",
    "duplicate header after trimming": lambda: b"a,b,c, b \nx,y,1,2\n",
    "header in capitals": lambda: b"A,B,C\nx,y,1\n",
    "empty header name": lambda: b"a,,c\nx,y,1\n",
    "two empty header names": lambda: b"a,,,c\nx,y,z,1\n",
    "header only": lambda: b"a,b,c\n",
    "header only without a line end": lambda: b"a,b,c",
    "no header": lambda: b"x,y,1\nz,w,2\n",
    "header below a title": lambda: b"Export of 2021\n" + GOOD,
    "comment lines": lambda: b"# made by hand\n" + GOOD,
    "comment lines between records": lambda: HEAD + b"# x\nx,y,1\n# a,b,c\n",
    "header again in the middle": lambda: HEAD + b"x,y,1\na,b,c\nz,w,2\n",
    "semicolons": lambda: b"a;b;c\nx;y;1\n",
    "tabs": lambda: b"a\tb\tc\nx\ty\t1\n",
    "semicolons in the records only": lambda: HEAD + b"x;y;1\nz,w,2\n",
    "sep line of Excel": lambda: b"sep=,\r\na,b,c\r\nx,y,1\r\n",
    # nothing
    "nothing": lambda: b"",
    "byte order mark only": lambda: BOM,
    "utf-16 mark only": lambda: b"\xff\xfe",
    "line end only": lambda: b"\n",
    "line ends only": lambda: b"\r\n\r\n\r\n",
    "spaces only": lambda: b"    \n   ",
    "quotes only": lambda: b'""\n""\n',
    # names that lie
    "parquet named csv": TABLE_FILES["parquet"],
    "excel named csv": TABLE_FILES["xlsx"],
    "json named csv": lambda: b'[{"a": 1}]\n',
    "html named csv": lambda: b"<!DOCTYPE html>\n<html><body>404</body></html>\n",
    # values
    "formulas": lambda: HEAD + b"=cmd|' /C calc'!A0,@SUM(1),1\n+1+1,-2+3,2\n=HYPERLINK(),\t=1,=1+1\n",
    "spaces around values": lambda: HEAD + b" x , y , 1\n\tx,\xc2\xa0y,1\nx,y,1 \n",
    "unicode": lambda: HEAD + "é,e\u0301,1\n👩‍👩‍👧,\u202eabc,2\n\u200b,ﬀ,\u0663\n\u2028,\u0085,3\n".encode(),
    "not a number": lambda: typed("1,1,NaN,,,", "1,NaN,1,,,", "NaN,1,1,,,", "1,1,Infinity,,,", "1,-inf,1,,,", "1,1,1,,,"),
    "big integers": lambda: typed(
        "9223372036854775807,,,,,", "9223372036854775808,,,,,", "-9223372036854775808,,,,,", f"{'9' * 400},,,,,"
    ),
    "minus zero": lambda: typed("-0,-0.00,-0.0,,,"),
    "exponents": lambda: typed(",,1e400,,,", ",,-1e400,,,", ",,1e308,,,", "1e2,,,,,", ",1e2,,,,"),
    "underflow": lambda: typed(",,1e-400,,,", ",,5e-324,,,"),
    "decimals beyond their digits": lambda: typed(
        ",99999999.99,,,,", ",100000000.00,,,,", ",0.005,,,,", ",0.010000,,,,", ',"1,5",,,,'
    ),
    "impossible dates": lambda: typed(
        *(
            f",,,{d},,"
            for d in (
                "0000-00-00",
                "2021-02-30",
                "9999-12-31",
                "0001-01-01",
                "2021-1-1",
                "2020-02-29",
                "1900-02-29",
                "31.12.2021",
                "\u0662\u0660\u0662\u0661-\u0660\u0661-\u0660\u0661",
            )
        )
    ),
    "leap seconds": lambda: typed(",,,,2016-12-31T23:59:60Z,", ",,,,2016-12-31T23:59:59Z,", ",,,,2016-12-31T24:00:00Z,"),
    "gaps and overlaps of the clock": lambda: typed(
        ",,,,2021-03-28 02:30:00,", ",,,,2021-03-28 03:00:00,", ",,,,2021-10-31 02:30:00,", ",,,,2021-10-31T02:30:00+02:00,"
    ),
    "instants outside the calendar": lambda: typed(
        ",,,,9999-12-31T23:59:59-18:00,", ",,,,0001-01-01T00:00:00+18:00,", ",,,,9999-12-31T23:59:59Z,"
    ),
    "booleans": lambda: typed(",,,,,TRUE", ",,,,,N", ",,,,,on", ",,,,,2", ",,,,, true"),
}


def all_files() -> dict[str, Callable[[], bytes]]:
    return CSV_FILES | FORMAT_FILES | TABLE_FILES


@cache
def small_files() -> tuple[bytes, ...]:
    """The text files of less than a few kilobytes, to start from."""
    large = re.compile("bomb|MB|mebibyte|megabyte|columns")
    return tuple(make() for name, make in CSV_FILES.items() if not large.search(name))


def main(folder: str, *names: str) -> Iterator[str]:
    for name, make in all_files().items():
        if not names or name in names:
            path = Path(folder) / name.replace(" ", "-")
            path.write_bytes(make())
            yield str(path)


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in main(*sys.argv[1:]))
