"""What was measured, on the screen and in docs/benchmarks.md.

The page has one part per case, between marks; a run replaces the parts of the cases that it measured and leaves the others. Each part
says when, on what and how often it was measured, because figures of different runs do not compare.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TOP = """\
# Benchmarks

<!-- Written by `make bench`; do not edit. -->

Every figure is the median of several measurements, each a process of its own, taken in turns in one run. CPU is that of the process
and of all that it started; memory is the peak of all of them together. Compare ratios, not seconds: they are of the same run on the same
machine. A contender counts only if its output was the same as ours, value by value: rows, types, reasons and masks.

`make bench` measures everything; `make bench CASES=a,f TIMES=3` chooses.
"""
_PART = re.compile(r"<!-- case (\w+) -->\n(.*?)<!-- end of case \1 -->\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Section:
    """One table: its title, what was done, the head, the rows, and what else there is to say."""

    title: str
    intro: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def on_screen(section: Section) -> str:
    """Return a section as text with aligned columns."""
    rows = [section.head, *section.rows]
    plain = [[cell.replace("**", "").replace("`", "") for cell in row] for row in rows]
    widths = [max(len(row[n]) for row in plain) for n in range(len(section.head))]
    lines = [f"\n{section.title}"]
    for row in plain:
        cells = [
            cell.ljust(w) if n in (0, len(row) - 1) else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join([*lines, *(f"  {note}" for note in section.notes)])


def in_markdown(section: Section) -> str:
    """Return a section as Markdown."""
    last = len(section.head) - 1
    rule = ["---" if n in (0, last) else "---:" for n in range(len(section.head))]
    rows = [section.head, tuple(rule), *section.rows]
    table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
    notes = "".join(f"\n{note}\n" for note in section.notes)
    return f"### {section.title}\n\n{section.intro}\n\n{table}\n{notes}"


def write_page(path: Path, measured: Mapping[str, tuple[str, Sequence[Section]]], circumstances: str, stale: str = "") -> None:
    """Put the sections of the measured cases, each with the case's title, into the page.

    The parts of other cases stay, but for the one that is `stale`.
    """
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    parts = dict(_PART.findall(old))
    parts.pop(stale, None)
    for name, (title, sections) in measured.items():
        tables = "\n".join(in_markdown(section) for section in sections)
        parts[name] = f"## {title}\n\n{circumstances}\n\n{tables}"
    body = "".join(f"\n<!-- case {name} -->\n{parts[name]}<!-- end of case {name} -->\n" for name in sorted(parts))
    path.write_text(_TOP + body, encoding="utf-8")
