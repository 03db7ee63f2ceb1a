"""Quality rules about one row, as SQL over the texts `t<i>` and the typed values `v<i>` of its columns."""

from collections.abc import Mapping

from tidegate.contracts.contract import When
from tidegate.contracts.rules import Check, Metric
from tidegate.engine import sql


def lives(when: When | None, cells: Mapping[str, str]) -> str:
    """SQL that a row is no tombstone; `cells` has the SQL of the text that makes it one, by column."""
    return f"coalesce({cells[when.column]} NOT IN ({sql.texts(when.values)}), true)" if when else "true"


def broken(check: Check, numbers: Mapping[str, int]) -> str:
    """SQL that is true where a row breaks the check, false or NULL elsewhere; `numbers` are those of the columns by name.

    A text is NULL for an empty field or a null value. An expression that cannot be computed, as when a number overflows, is NULL.
    """
    text = f"t{numbers[check.column]}"
    match check.metric:
        case Metric.NULL_VALUES:
            return f"{text} IS NULL"
        case Metric.MISSING_VALUES:
            words = [value for value in check.values if value]
            missing = [f"{text} IS NULL"] if "" in check.values else []
            missing += [f"{text} IN ({sql.texts(words)})"] if words else []
            return f"coalesce({' OR '.join(missing)}, false)"
        case Metric.VALID_VALUES:
            return f"{text} NOT IN ({sql.texts(check.values)})"
        case Metric.PATTERN:
            return f"NOT regexp_full_match({text}, {sql.text(check.pattern or '')})"
        case Metric.EXPRESSION:
            pieces = (f"v{numbers[piece]}" if place % 2 else piece for place, piece in enumerate(check.expression))
            return f"TRY({''.join(pieces)})"
