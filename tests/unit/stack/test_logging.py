"""What functions log: a word that the logging module keeps for itself ends the function in a KeyError."""

import ast
import logging
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
KEPT = {*vars(logging.LogRecord("", 0, "", 0, "", (), None)), "message", "asctime"}


def logged() -> Iterator[tuple[str, int, str]]:
    """Each keyword of each call of the logger, with its file and line."""
    for path in [*(ROOT / "functions").rglob("*.py"), *(ROOT / "layers" / "tidegate").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and getattr(node.func.value, "id", "") == "logger"
            ):
                yield from ((str(path.relative_to(ROOT)), node.lineno, keyword.arg or "") for keyword in node.keywords)


def test_no_log_entry_uses_a_word_that_logging_keeps_for_itself() -> None:
    found = list(logged())
    assert [place for place in found if place[2] in KEPT - {"exc_info", "stack_info"}] == []
    assert len(found) > 10
