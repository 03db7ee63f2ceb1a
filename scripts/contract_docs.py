"""Write docs/contracts.md from the vocabulary in the code: `python scripts/contract_docs.py`; `--check` only compares."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/contracts.md"
sys.path[:0] = [str(ROOT / "layers/tidegate/python"), str(ROOT)]

from scripts.contract_prose import (  # noqa: E402 - the path is set above
    CHANGED,
    CHANGING,
    CHECKS,
    COLUMNS,
    EXCEL,
    FILES,
    INTRODUCTION,
    JSON,
    LIMITS,
    MAPPING,
    PARQUET,
    PARTITIONS,
    PATTERNS,
    REASONS,
    SEVERITIES,
    YAML,
)
from tidegate.contracts.functions import FUNCTIONS  # noqa: E402 - the path is set above
from tidegate.contracts.operators import OPERATORS  # noqa: E402 - the path is set above
from tidegate.contracts.signatures import Function  # noqa: E402 - the path is set above
from tidegate.contracts.support import DESCRIPTIVE, READ, REFUSED  # noqa: E402 - the path is set above
from tidegate.contracts.vocabulary import (  # noqa: E402 - the path is set above
    CLASSIFICATIONS,
    COLUMN_WORDS,
    CONTRACT_WORDS,
    ENCODINGS,
    FORMAT_LETTERS,
    LOGICAL_TYPES,
    OPTIONS,
    PRIVACY,
    Word,
)
from tidegate.engine.value_classes import VALUE_CLASSES  # noqa: E402 - the path is set above


def page() -> str:
    """Return the page's text."""
    return "\n".join(_parts())


def _parts() -> Iterator[str]:
    yield INTRODUCTION
    yield "## Words of Tidegate: `customProperties`\n\nOn the contract:\n"
    yield _words(CONTRACT_WORDS)
    yield "On a column:\n"
    yield _words(COLUMN_WORDS)
    yield COLUMNS
    yield _table(("logicalType", "in the table", "accepted text"), ((f"`{k}`", a, b) for k, (a, b) in LOGICAL_TYPES.items()))
    yield _table(("logicalTypeOptions", "meaning"), ((f"`{k}`", v) for k, v in OPTIONS.items()))
    yield MAPPING
    yield _table(("operator", "meaning", "example"), (_function(f, f.name) for f in OPERATORS))
    yield _table(("function", "meaning", "example"), (_function(f, f.signature) for f in FUNCTIONS))
    yield PATTERNS
    yield _table(("letters", "meaning"), ((f"`{k}`", v) for k, v in FORMAT_LETTERS.items()))
    yield "## Privacy\n"
    yield _table(("classification", "meaning and what happens"), ((f"`{k}`", v) for k, v in CLASSIFICATIONS.items()))
    yield _table(("privacy", "of", "what the table holds"), ((f"`{k}`", a, b) for k, (a, b) in PRIVACY.items()))
    yield LIMITS
    yield CHECKS
    yield REASONS
    yield _table(("value_class", "the value"), ((f"`{name}`", meaning) for name, meaning, _ in VALUE_CLASSES))
    yield FILES + f"`encoding` is one of {_code(ENCODINGS)}.\n"
    yield JSON
    yield PARQUET
    yield EXCEL
    yield PARTITIONS
    yield CHANGING
    yield _table(("severity", "when", "such as"), SEVERITIES)
    yield CHANGED
    yield "## Fields of the standard\n"
    rows = ((p, _code(READ[p]), _code(n for n in DESCRIPTIVE[p] if n not in READ[p]), _code(REFUSED.get(p, ()))) for p in READ)
    yield _table(("place", "read", "descriptive", "refused"), rows)
    yield YAML


def _words(words: Iterable[Word]) -> str:
    rows = ((f"`{w.name}`" + (" (required)" if w.required else ""), w.meaning, f"`{w.example}`") for w in words)
    return _table(("word", "meaning", "example"), rows)


def _function(function: Function, shown: str) -> tuple[str, str, str]:
    gives = f"`{function.gives}`" if function.gives else "null"
    return f"`{shown}`", function.meaning, f"`{function.example}` is {gives}"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def main() -> int:
    """Write the page, or with `--check` say whether it is up to date."""
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text("utf-8") != page())
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
