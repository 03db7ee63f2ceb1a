"""The operators of `transformLogic`, as its documentation lists them. `transform` reads them."""

from tidegate.contracts.signatures import QUOTIENT_SCALE, Function
from tidegate.contracts.terms import Sort

T, N, C = Sort.TEXT, Sort.NUMBER, Sort.CONDITION
OPERATORS = (
    Function("+", ("number", "number"), N, "Sum, exact.", "0.1 + 0.2", "0.3"),
    Function("-", ("number", "number"), N, "Difference, exact.", "0.3 - 0.1", "0.2"),
    Function("*", ("number", "number"), N, "Product, exact.", "1.1 * 1.1", "1.21"),
    Function(
        "/",
        ("number", "number"),
        N,
        f"Quotient, rounded to {QUOTIENT_SCALE} digits behind the point; `round(a / b, n)` rounds the exact quotient once.",
        "round(2 / 3, 4)",
        "0.6667",
    ),
    Function("%", ("number", "number"), N, "Remainder, with the sign of the first.", "7.5 % 2", "1.5"),
    Function("||", ("text", "text"), T, "One behind the other; null when either is.", "'a' || 'b'", "ab"),
    Function(
        "= <> < <= > >=",
        ("any", "any"),
        C,
        "Compares two of one sort, texts by their characters' code points.",
        "'a' < 'b'",
        "true",
    ),
    Function("IS NULL", ("any",), C, "Whether it is null; `IS NOT NULL` too.", "nullif('a', 'a') IS NULL", "true"),
    Function("IN", ("any", "any*"), C, "Whether it is one of some literals; `NOT IN` too.", "'b' IN ('a', 'b')", "true"),
    Function("BETWEEN", ("any", "any", "any"), C, "Whether it is within bounds, both inclusive.", "2 BETWEEN 1 AND 2", "true"),
    Function(
        "LIKE",
        ("text", "'text'"),
        C,
        "Whether all of a text is like a literal; `%` is any text, `_` one character.",
        "'A12' LIKE 'A%'",
        "true",
    ),
    Function(
        "AND OR NOT",
        ("condition", "condition"),
        C,
        "Of conditions, with unknown as in SQL. Both sides are computed.",
        "1 < 2 AND NOT 2 < 1",
        "true",
    ),
    Function(
        "CASE",
        ("condition", "any"),
        None,
        "`CASE WHEN … THEN … ELSE … END`; null without ELSE. Only the branch that is taken is computed.",
        "CASE WHEN 1 < 2 THEN 'less' ELSE 'more' END",
        "less",
    ),
    Function("IF", ("condition", "any", "any?"), None, "`CASE` with one condition.", "if(1 < 2, 'less', 'more')", "less"),
)
