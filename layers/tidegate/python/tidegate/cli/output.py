"""What commands print: tables for people, JSON for scripts."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

_PIPED_WIDTH = 180  # in a pipe or a file there is no terminal to fit into
out = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)

_GOOD, _BAD, _BUSY = "green", "red", "yellow"
_STATES = {
    "LOADED": _GOOD, "SUCCEEDED": _GOOD, "SUPERSEDED": "dim", "IGNORED": "dim", "FAILED": _BAD, "QUARANTINED": _BAD,
    "ABORTED": _BAD, "PENDING": _BUSY, "CLAIMED": _BUSY, "RUNNING": _BUSY, "REGISTERED": _BUSY,
}  # fmt: skip
_EXACT = re.compile(r'"\\u0000([^"]*)\\u0000"')


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever a command answers
    """Print JSON. Decimals keep every digit, as JSON numbers; dates and times are ISO-8601 text."""
    text = json.dumps(value, default=_plain, indent=2, ensure_ascii=True)
    print(_EXACT.sub(r"\1", text))  # noqa: T201 - standard output is for scripts here


def print_table(title: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], empty: str = "nothing here") -> None:
    """Print rows as a table; numbers to the right, states in colour."""
    listed = list(rows)
    if not listed:
        out.print(f"[bold]{title}[/]: {empty}")
        return
    out.print(f"[bold]{title}[/]")  # a title of the table's own is folded to its width
    table = Table(header_style="bold", box=None, pad_edge=False)
    for column in columns:
        numbers = all(isinstance(row.get(column), int | float | Decimal | None) for row in listed)
        table.add_column(column.replace("_", " "), justify="right" if numbers else "left", overflow="fold")
    for row in listed:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    out.print(table)


def _cell(value: Any) -> str:  # noqa: ANN401 - whatever a row holds
    if value is None:
        return "[dim]·[/]"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = str(value).replace("[", r"\[")
    return f"[{_STATES[text]}]{text}[/]" if text in _STATES else text


def _plain(value: Any) -> Any:  # noqa: ANN401 - json's fallback
    if isinstance(value, Decimal):
        return f"\0{value}\0"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value).__name__} has no JSON form")
