"""How rejected records and rules are shown."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from tidegate.model.corrections import Standing
from tidegate.model.files import FileState

if TYPE_CHECKING:  # DuckDB is heavy, and most commands never need it
    from tidegate.tables.rejects import Reject, RuleCount

_WIDEST = 40
_EXAMPLES = 3


def as_rules(counts: "Iterable[RuleCount]") -> list[dict[str, Any]]:
    """Return a row for each rule and column, the most frequent first; `for_example` names the first records of the first file."""
    rules: dict[tuple[str, str], dict[str, Any]] = {}
    for count in counts:
        row = rules.setdefault(
            (count.rule, count.column),
            {
                "rule": count.rule,
                "column": count.column,
                "records": 0,
                "files": 0,
                "for_example": f"{PurePosixPath(count.key).name}: {_listed(count)}",
            },
        )
        row["records"] += count.records
        row["files"] += 1
    return sorted(rules.values(), key=lambda row: -row["records"])


def _listed(count: "RuleCount") -> str:
    shown = ", ".join(str(record) for record in count.examples[:_EXAMPLES])
    return shown + (" …" if count.records > _EXAMPLES else "")


def reject_row(reject: "Reject") -> dict[str, Any]:
    """Return a record for scripts."""
    reasons = [{"rule": rule, "column": column} for rule, column in reject.reasons]
    return {"file_id": reject.file_id, "key": reject.key, "record": reject.record, "reasons": reasons, "raw": reject.raw}


def said(row: dict[str, Any]) -> dict[str, Any]:
    """Return a record for people: the file's name, and reasons such as `type of birth_date`."""
    reasons = ", ".join(f"{r['rule']} of {r['column']}" if r["column"] else r["rule"] for r in row["reasons"])
    raw = None if row["raw"] is None else printable(row["raw"])
    return {**row, "file": PurePosixPath(row["key"]).name, "reasons": reasons, "raw": raw}


def clipped(value: Any) -> Any:  # noqa: ANN401 - a cell of any type
    """Return a value that fits a terminal's column."""
    if value is None:
        return None
    text = printable(str(value))
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def printable(text: str) -> str:
    """Return text without characters that a terminal obeys: a file may hold escape sequences."""
    return "".join(c if c.isprintable() else "⏎" if c == "\n" else f"\\x{ord(c):02x}" for c in text)


def counted(number: int, noun: str) -> str:
    """Return a number and what it counts, such as `1 file` or `2,000 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def row_of(standing: Standing) -> dict[str, Any]:
    """Return where a file stands, for tables and scripts."""
    record = standing.record
    names = ("dataset", "key", "version_id", "file_id", "state", "reason", "rows_read", "rows_accepted", "contract_version")
    return {
        **{name: getattr(record, name) for name in names},
        "rejected": standing.rejected,
        "answered": standing.answered,
        "open": standing.open,
        "resolved": standing.resolved,
        "refused": standing.refused,
        "refused_before": record.refused_before,
        "corrected_by": [c.file_id for c in standing.corrections],
        "by": answers_of(standing),
    }


def answers_of(standing: Standing) -> str:
    """Say what answered or resolved rows of a file: corrected files, a load under another contract, a newer version."""
    record = standing.record
    said = [
        f"{c.key.rsplit('/', 1)[1]} ({c.file_id[:8]}): {c.rows_accepted or 0} of {c.rows_read or 0} accepted"
        if c.loaded_by
        else f"{c.key.rsplit('/', 1)[1]} ({c.file_id[:8]}): {c.state}"
        for c in standing.corrections
    ]
    if record.state is FileState.SUPERSEDED:
        said.append(record.reason)
    elif standing.resolved or (record.refused_before and record.loaded_by):
        said.append(f"loaded again under {record.contract_version}")
    return "; ".join(said)
