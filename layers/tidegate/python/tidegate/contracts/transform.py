"""transformLogic: an expression over source columns, read against an allow-list of operators and functions.

The result is our own tree (`terms`); of the text itself nothing but literals and header names goes on.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from tidegate.contracts.arguments import bare, literal, needs, read_arguments, same_sort
from tidegate.contracts.findings import suggest
from tidegate.contracts.functions import FUNCTIONS
from tidegate.contracts.signatures import MAX_SCALE, QUOTIENT_SCALE
from tidegate.contracts.syntax import LogicInvalid, parse_text
from tidegate.contracts.terms import PASS_EMPTY, Sort, Term

if TYPE_CHECKING:
    from sqlglot import exp

MAX_TERMS = 400
MAX_DEPTH = 40
MAX_SHOWN = 60
_BY_NAME = {function.name: function for function in FUNCTIONS}
_INSTEAD = {
    "substr": "substring", "len": "length", "strlen": "length", "char_length": "length", "ifnull": "coalesce", "nvl": "coalesce",
    "to_number": "number", "to_decimal": "number", "to_date": "date", "strptime": "date", "to_timestamp": "timestamp",
    "strftime": "format_date", "to_char": "text", "date_format": "format_date", "regexp_like": "regexp_matches", "age": "years_between",
    "datediff": "days_between", "date_diff": "days_between", "dateadd": "add_days", "date_add": "add_days", "ceiling": "ceil",
    "str": "text", "varchar": "text", "decimal": "number", "mod": "%",
}  # fmt: skip
_VOLATILE = ("now", "today", "current_date", "current_timestamp", "getdate", "sysdate", "random", "rand", "uuid", "nextval")
_COMPARED = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_COMPUTED = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "Mod": "%"}
#: Arguments of sqlglot's nodes that only say how another dialect would read them.
_NOTES = frozenset({"safe", "typed"})
_CHAINED = {"And": "and", "Or": "or", "DPipe": "||"}
_HINTS = {
    "Cast": "number(…), date(…), timestamp(…), time(…) or text(…)",
    "TryCast": "number(…), date(…), timestamp(…), time(…) or text(…)",
    "Boolean": "a condition, or 'true' as text",
    "Null": "leave ELSE out, or x IS NULL",
    "IntDiv": "floor(a / b)",
    "ILike": "lower(x) LIKE 'a%'",
    "Subquery": "an expression sees one record",
    "Placeholder": "write the value",
}


def read_logic(text: str, sources: Sequence[str]) -> Term:
    """Read an expression; `sources` are the header names that it may use.

    Raises:
        LogicInvalid: it uses anything outside the documented list, or combines what does not go together.
    """
    term = _Reader(sources).read(parse_text(text), 0)
    size = _size(term)
    if size > MAX_TERMS:
        raise LogicInvalid(f"has {size} parts, more than {MAX_TERMS}", "split it over several columns, or compute downstream")
    return term


def _size(term: Term) -> int:
    """Parts of the SQL that becomes of it: padding writes its text three times, asking for an empty text twice."""
    copies = 3 if term.op in {"lpad", "rpad"} else 1
    asked = [2 if t.may_be_empty and term.op not in PASS_EMPTY else 1 for t in term.terms]
    return 1 + sum(copies * times * _size(t) for t, times in zip(term.terms, asked, strict=True))


def _only(node: "exp.Expr", *names: str) -> "exp.Expr":
    """Return the node if it has no arguments but these: nothing that is written is passed over."""
    for name, value in node.args.items():
        if value and name not in names and name not in _NOTES:
            raise LogicInvalid(f"{_spoken(node)} is not supported", "see the list of functions and operators")
    return node


def _spoken(node: "exp.Expr") -> str:
    shown = " ".join(node.sql(dialect="duckdb").split())
    return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}…"


class _Reader:
    """Walks sqlglot's tree. Every node's arguments are all read, or the node is refused."""

    def __init__(self, sources: Sequence[str]) -> None:
        self.sources = sources
        self.readers: dict[str, Callable[[exp.Expr, int], Term]] = {
            "Paren": lambda node, depth: self.read(_only(node, "this").this, depth),
            "Column": self.column,
            "Literal": lambda node, _: literal(node),
            "Neg": self.negative,
            "Not": lambda node, depth: self.apply("not", [_only(node, "this").this], depth),
            "Is": self.is_null,
            "In": self.within,
            "Between": self.between,
            "Like": self.like,
            "Case": self.case,
            "If": self.case,
            "Anonymous": self.call,
            **dict.fromkeys(_COMPARED, self.compare),
            **dict.fromkeys(_COMPUTED, self.compute),
            **dict.fromkeys(_CHAINED, self.chain),
        }

    def read(self, node: "exp.Expr", depth: int) -> Term:
        name = type(node).__name__
        if depth > MAX_DEPTH:
            raise LogicInvalid(f"is nested more than {MAX_DEPTH} levels deep", "compute downstream")
        if name not in self.readers:
            raise LogicInvalid(f"{_spoken(node)} is not supported", _HINTS.get(name, "see the list of functions and operators"))
        return self.readers[name](node, depth + 1)

    def column(self, node: "exp.Expr", depth: int) -> Term:  # noqa: ARG002 - every reader takes the depth
        if any(node.args.get(part) for part in node.args if part != "this"):
            raise LogicInvalid(f"{node.sql()} is not a column", f'a name with a point is quoted: "{node.sql()}"')
        name = str(node.name)
        if name.lower() in _VOLATILE and name not in self.sources:
            raise LogicInvalid(f"{name} is not supported", "an expression gives the same whenever it is computed")
        if name not in self.sources:
            known = [s for s in self.sources if s.lower() == name.lower()]
            hint = f"did you mean '{known[0]}'?" if known else suggest(name, self.sources)
            raise LogicInvalid(f"{name} is not among transformSourceObjects", f"add it there; {hint}" if hint else "add it there")
        return Term("source", Sort.TEXT, value=name)

    def negative(self, node: "exp.Expr", depth: int) -> Term:
        below = needs(self.read(_only(node, "this").this, depth), [Sort.NUMBER], "-")
        if below.op == "figure" and not below.value.startswith("-"):
            return Term("figure", Sort.NUMBER, value=f"-{below.value}", scale=below.scale)
        return Term("negative", Sort.NUMBER, (below,), scale=below.scale)

    def apply(self, op: str, nodes: Iterable["exp.Expr"], depth: int, result: Sort = Sort.CONDITION) -> Term:
        """AND, OR, NOT and ||: every side is of the result's sort."""
        return Term(op, result, tuple(needs(self.read(n, depth), [result], op.upper()) for n in nodes))

    def chain(self, node: "exp.Expr", depth: int) -> Term:
        kind, parts = type(node), []
        while isinstance(node, kind):  # a long chain is not a deep one
            _only(node, "this", "expression")
            parts.append(node.expression)
            node = node.this
        op = _CHAINED[kind.__name__]
        return self.apply(op, [node, *reversed(parts)], depth, Sort.TEXT if op == "||" else Sort.CONDITION)

    def compute(self, node: "exp.Expr", depth: int) -> Term:
        op = _COMPUTED[type(node).__name__]
        _only(node, "this", "expression")
        left, right = (needs(self.read(n, depth), [Sort.NUMBER], op) for n in (node.this, node.expression))
        zeros = [t for t in ((left, right) if op == "*" else (right,)) if t.op == "figure" and not t.value.strip("-0.")]
        if zeros and op in "*/%":
            raise LogicInvalid(f"{op} {zeros[0].value} is no computation", "another number")
        scale = {"*": left.scale + right.scale, "/": QUOTIENT_SCALE}.get(op, max(left.scale, right.scale))
        if scale > MAX_SCALE:
            message = f"the product has {scale} digits behind the point, more than {MAX_SCALE}"
            raise LogicInvalid(message, "round(…, n) its factors, or number(…, n)")
        return Term(op, Sort.NUMBER, (left, right), scale=scale)

    def compare(self, node: "exp.Expr", depth: int) -> Term:
        op = _COMPARED[type(node).__name__]
        _only(node, "this", "expression")
        return Term(op, Sort.CONDITION, self.alike([node.this, node.expression], depth, op))

    def alike(self, nodes: Iterable["exp.Expr"], depth: int, owner: str) -> tuple[Term, ...]:
        terms = tuple(self.read(n, depth) for n in nodes)
        return same_sort(terms, owner)

    def is_null(self, node: "exp.Expr", depth: int) -> Term:
        _only(node, "this", "expression")
        if type(node.expression).__name__ != "Null":
            raise LogicInvalid("IS takes NULL only", "compare with =")
        return Term("is null", Sort.CONDITION, same_sort((self.read(node.this, depth),), "IS NULL"))

    def within(self, node: "exp.Expr", depth: int) -> Term:
        listed = _only(node, "this", "expressions").expressions
        if not listed or any(type(bare(n)).__name__ not in {"Literal", "Neg"} for n in listed):
            raise LogicInvalid("IN takes literals", "x IN ('a', 'b')")
        return Term("in", Sort.CONDITION, self.alike([node.this, *listed], depth, "IN"))

    def between(self, node: "exp.Expr", depth: int) -> Term:
        _only(node, "this", "low", "high")
        return Term("between", Sort.CONDITION, self.alike([node.this, node.args["low"], node.args["high"]], depth, "BETWEEN"))

    def like(self, node: "exp.Expr", depth: int) -> Term:
        _only(node, "this", "expression", "negate")
        pattern = literal(bare(node.expression)) if type(bare(node.expression)).__name__ == "Literal" else None
        if pattern is None or pattern.sort is not Sort.TEXT:
            raise LogicInvalid("LIKE takes a literal", "x LIKE 'A%'")
        found = Term("like", Sort.CONDITION, (needs(self.read(node.this, depth), [Sort.TEXT], "LIKE"),), options=(pattern.value,))
        return Term("not", Sort.CONDITION, (found,)) if node.args.get("negate") else found

    def case(self, node: "exp.Expr", depth: int) -> Term:
        """CASE and IF: condition, value, condition, value … and the value of ELSE, if there is one."""
        if type(node).__name__ == "If":
            branches, otherwise = [node], _only(node, "this", "true", "false").args.get("false")
        else:
            branches, otherwise = _only(node, "ifs", "default").args["ifs"], node.args.get("default")
        if any(branch.args.get("true") is None for branch in branches):
            raise LogicInvalid("IF needs a condition and a value", "if(condition, value, other)")
        conditions = [needs(self.read(b.this, depth), [Sort.CONDITION], "CASE WHEN") for b in branches]
        values = self.alike([b.args["true"] for b in branches] + ([otherwise] if otherwise is not None else []), depth, "CASE")
        pairs = [term for pair in zip(conditions, values, strict=False) for term in pair]
        terms = (*pairs, *values[len(conditions) :])
        return Term("case", values[0].sort, terms, scale=max(v.scale for v in values))

    def call(self, node: "exp.Expr", depth: int) -> Term:
        name = str(_only(node, "this", "expressions").name).lower()
        if name in _VOLATILE:
            raise LogicInvalid(f"{name} is not supported", "an expression gives the same whenever it is computed")
        if name not in _BY_NAME:
            known = f"did you mean '{_INSTEAD[name]}'?" if name in _INSTEAD else suggest(name, _BY_NAME)
            raise LogicInvalid(f"the function {name} is not known", known or "see the list of functions")
        return read_arguments(_BY_NAME[name], node.expressions, lambda n: self.read(n, depth))
