"""Samples of a case on disk, and what the proposal says of them."""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidegate.contracts.contract import Column, Kind
from tidegate.engine import Limits
from tidegate.propose import Proposal, propose

LIMITS = Limits(memory_mb=256, threads=1)


def write(folder: Path, case: Mapping[str, Any]) -> list[Path]:
    """Write the files of a case: as they are written, or a header with rows."""
    files = case.get("files") or {"sample.csv": _text(case)}
    paths = []
    for name, content in files.items():
        form = {"text": content} if isinstance(content, str) else content
        body = form["text"].encode(form.get("encoding", "utf-8"))
        path = folder / name
        path.write_bytes(gzip.compress(body) if form.get("gzip") else body)
        paths.append(path)
    return paths


def _text(case: Mapping[str, Any]) -> str:
    rows = case.get("rows") or [
        case["row"].format(n=n, m=n % 5, d=n // 5 % 28 + 1, a=100_003 + n * 1_777, status=("OPEN", "CLOSED")[n % 2])
        for n in range(case["count"])
    ]
    return "\n".join([case["header"], *rows, ""])


def proposed(folder: Path, paths: list[Path], dataset: str = "lab.sample", limit: int = 1 << 24) -> Proposal:
    domain, _, name = dataset.partition(".")
    return propose(paths, domain, name, workdir=folder / "work", limit=limit, limits=LIMITS)


def type_of(column: Column) -> str:
    """The type as a case writes it."""
    kind = column.type.kind
    return f"decimal({column.type.precision},{column.type.scale})" if kind is Kind.DECIMAL else kind.value


def comment_of(text: str, name: str) -> str:
    """The comment above a column, its lines joined."""
    lines = text.splitlines()
    (at,) = [n for n, line in enumerate(lines) if line.startswith((f"      - {{name: {name},", f'      - {{name: "{name}",'))]
    found: list[str] = []
    while lines[at - 1].startswith("      # "):
        at -= 1
        found.insert(0, lines[at].removeprefix("      # "))
    return " ".join(found)
