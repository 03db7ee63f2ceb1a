"""Literals and arguments of expressions against the list of functions."""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tidegate.contracts.contract import Kind
from tidegate.contracts.formats import check_format, check_written_format
from tidegate.contracts.patterns import check_pattern
from tidegate.contracts.signatures import NUMBER_SCALE, Function
from tidegate.contracts.syntax import LogicInvalid
from tidegate.contracts.terms import Sort, Term

if TYPE_CHECKING:
    from sqlglot import exp

MAX_DIGITS = 38
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_REFERENCE = re.compile(r"\\(.?)", re.DOTALL)
_CONVERSIONS = {
    (Sort.NUMBER, Sort.TEXT): "number(…)",
    (Sort.TEXT, Sort.NUMBER): "text(…)",
    (Sort.TEXT, Sort.DATE): "text(…) or format_date(…)",
    (Sort.TEXT, Sort.TIMESTAMP): "text(…) or format_date(…)",
    (Sort.TEXT, Sort.TIME): "text(…)",
    (Sort.DATE, Sort.TEXT): "date(…)",
    (Sort.DATE, Sort.TIMESTAMP): "date(…)",
    (Sort.TIMESTAMP, Sort.TEXT): "timestamp(…)",
    (Sort.TIME, Sort.TEXT): "time(…)",
    (Sort.CONDITION, Sort.TEXT): "a comparison, such as x = 'yes'",
}


def needs(term: Term, wanted: Sequence[Sort], owner: str) -> Term:
    """Return the term if it is of one of the sorts.

    Raises:
        LogicInvalid: it is of another one.
    """
    if term.sort not in wanted:
        message = f"{owner} takes a {' or a '.join(wanted)}, not a {term.sort}"
        raise LogicInvalid(message, _CONVERSIONS.get((wanted[0], term.sort), ""))
    return term


def same_sort(terms: tuple[Term, ...], owner: str) -> tuple[Term, ...]:
    """Return the terms if they are values of one sort.

    Raises:
        LogicInvalid: one is a condition or of another sort than the first.
    """
    for term in terms:
        if term.sort is Sort.CONDITION:
            raise LogicInvalid(f"{owner} takes values, not a condition", "CASE WHEN … THEN … END makes a value of a condition")
        if term.sort is not terms[0].sort:
            text = next((t for t in terms if t.sort is Sort.TEXT), None)
            other = next(t.sort for t in terms if t.sort is not Sort.TEXT)
            hint = _CONVERSIONS.get((other, Sort.TEXT), "") if text else ""
            raise LogicInvalid(f"{owner} takes values of one sort, not a {terms[0].sort} and a {term.sort}", hint)
    return terms


def bare(node: "exp.Expr") -> "exp.Expr":
    """Return what is inside of brackets."""
    while type(node).__name__ == "Paren":
        node = node.this
    return node


def literal(node: "exp.Expr") -> Term:
    """Read a text or a number.

    Raises:
        LogicInvalid: it is empty, or not a plain decimal.
    """
    written = str(node.this)
    if node.args.get("is_string"):
        if not written:
            raise LogicInvalid("has an empty text, which is always null", "x IS NULL, or leave ELSE out")
        return Term("literal", Sort.TEXT, value=written)
    whole, _, fraction = written.partition(".")
    if not _NUMBER.fullmatch(written) or len(whole.lstrip("0")) + len(fraction) > MAX_DIGITS:
        raise LogicInvalid(f"{written} is not a number of at most {MAX_DIGITS} digits", "such as 0.45359237")
    return Term("figure", Sort.NUMBER, value=f"{whole or '0'}.{fraction}" if fraction else whole, scale=len(fraction))


def read_arguments(function: Function, nodes: Sequence["exp.Expr"], read: Callable[["exp.Expr"], Term]) -> Term:
    """Read a call; `read` reads an argument that is an expression of its own.

    Raises:
        LogicInvalid: there are too few or too many, or one is not what the function takes.
    """
    shown = f"as in {function.example}"
    if len(nodes) < function.least or (function.most is not None and len(nodes) > function.most):
        raise LogicInvalid(f"{function.signature} is given {len(nodes)} arguments", shown)
    parameters = [*function.parameters, *function.parameters[-1:] * (len(nodes) - len(function.parameters))]
    terms: list[Term] = []
    options: list[str] = []
    for parameter, node in zip(parameters, nodes, strict=False):
        wanted = parameter.rstrip("?*")
        if wanted == "any":
            terms.append(read(node))
        elif ".." in wanted or wanted.startswith("'"):
            options.append(_option(function, wanted, bare(node)))
        else:
            terms.append(needs(read(node), [Sort(s) for s in wanted.split("|")], function.name))
    if "any" in {p.rstrip("?*") for p in parameters}:
        same_sort(tuple(terms), function.name)
    _check_options(function, options, terms)
    sort = function.result or terms[0].sort
    return Term(function.name, sort, tuple(terms), options=tuple(options), scale=_scale(function, sort, terms, options))


def _option(function: Function, wanted: str, node: "exp.Expr") -> str:
    """Return a literal argument as text."""
    written = str(node.this) if type(node).__name__ == "Literal" else None
    text = bool(node.args.get("is_string"))
    if ".." in wanted:
        low, _, high = wanted.partition("..")
        if written is None or text or not written.isdigit() or not int(low) <= int(written) <= int(high):
            raise LogicInvalid(f"{function.name} takes a whole number from {low} to {high} here", f"as in {function.example}")
        return written
    if written is None or not text or (not written and wanted != "'texts'"):
        raise LogicInvalid(f"{function.signature} takes a literal text here", f"as in {function.example}")
    if wanted == "'g'" and written != "g":
        raise LogicInvalid(f"{function.name} knows the option 'g' only", "'g' replaces every match")
    return written


def _check_options(function: Function, options: list[str], terms: list[Term]) -> None:
    """What only makes sense together: a pattern and its groups, a format and what is read with it."""
    kinds = dict(zip((p.rstrip("?*") for p in function.parameters if "'" in p or ".." in p), options, strict=False))
    pattern, written = kinds.get("'pattern'"), kinds.get("'format'")
    if pattern is not None:
        for message, hint in check_pattern(pattern):
            raise LogicInvalid(f"the pattern of {function.name} {message}", hint)
        _check_groups(function, re.compile(pattern).groups, kinds)
    if written is not None:
        complaints = (
            check_written_format(written)
            if function.name == "format_date"
            else check_format(written, Kind(function.result or ""), zone=False)
        )
        for message, hint in complaints:
            raise LogicInvalid(f"the format {written} {message}", hint)
    if written is not None and terms[0].sort is not Sort.TEXT and function.name == "date":
        raise LogicInvalid("the day of a timestamp has no format", "date(x)")
    if function.name == "add_days" and terms[1].scale:
        raise LogicInvalid("add_days takes a whole number", "number(x, 0), or round(x)")


def _check_groups(function: Function, groups: int, kinds: dict[str, str]) -> None:
    wanted = [int(kinds.get("0..9", "0"))]
    for reference in _REFERENCE.findall(kinds.get("'texts'", "")):
        if reference != "\\" and not reference.isdigit():
            raise LogicInvalid("a \\ in the replacement stands before a digit", r"\1 is the first group, \\ a backslash")
        wanted.append(0 if reference == "\\" else int(reference))
    if max(wanted) > groups:
        raise LogicInvalid(f"{function.name} names group {max(wanted)}, but the pattern has {groups}", "put (…) around it")


def _scale(function: Function, sort: Sort, terms: list[Term], options: list[str]) -> int:
    """Digits behind the point of a result."""
    if sort is not Sort.NUMBER:
        return 0
    if function.name == "number":
        return int(options[0]) if options else NUMBER_SCALE
    if function.name == "round":
        digits = int(options[0]) if options else 0
        return digits if terms[0].op == "/" else min(digits, terms[0].scale)
    if function.name in {"coalesce", "nullif", "greatest", "least", "abs"}:
        return max(t.scale for t in terms)
    return 0
