"""SQL text: the only place that quotes names and literals."""

from collections.abc import Iterable


def name(identifier: str) -> str:
    """Quote an identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """Quote a text literal."""
    if "\0" in value:
        message = "a literal cannot hold a NUL character"
        raise ValueError(message)
    return "'" + value.replace("'", "''") + "'"


def texts(values: Iterable[str]) -> str:
    """Quote several text literals, separated by commas."""
    return ", ".join(text(value) for value in values)
