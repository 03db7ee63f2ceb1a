"""Quality rules about one column, as SQL over its text."""

from tidegate.contracts.rules import Check, Metric
from tidegate.engine import sql


def broken(check: Check, text: str) -> str:
    """SQL that is true where the text (NULL for an empty field or a null value) breaks the check, false or NULL elsewhere."""
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
