"""What a refused value looks like, said without the value: one word of a closed list, found by guards on its text."""

from tidegate.engine import sql

LONG = 1000  # characters
_DIGITS = r"[+-]?[0-9]+"
_DATE = r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}"
_TIME = r"[0-9]{1,2}:[0-9]{2}"
#: Word, meaning, and the RE2 expression that a text of the class matches somewhere. The first that fits is the value's.
VALUE_CLASSES = (
    ("empty", "no value: nothing between the delimiters, a null value, or a column that the header does not have", ""),
    ("long", f"more than {LONG:,} characters", ""),
    ("control", "has a control character: a tab, a line break, a NUL", r"\p{Cc}"),
    ("blank", "blanks only", r"\A[\p{Z}]+\z"),
    ("padded", "blanks before or behind it", r"\A\p{Z}|\p{Z}\z"),
    ("null_like", "a word that often means no value: `null` `none` `nil` `nan` `na` `n/a` `#N/A` `\\N` `-` `?`", ""),
    ("boolean_like", "`true` `false` `t` `f` `yes` `no` `y` `n`, in any case", r"(?i)\A(?:true|false|t|f|yes|no|y|n)\z"),
    ("integer", "digits, perhaps with a sign", rf"\A{_DIGITS}\z"),
    ("decimal", "digits with a point", r"\A[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)\z"),
    ("exponent", "a number with an exponent: `1e5`", r"(?i)\A[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)e[+-]?[0-9]+\z"),
    ("date_like", "three numbers with `-` `/` or `.` between them", rf"\A{_DATE}\z"),
    ("timestamp_like", "the same, then a time", rf"\A{_DATE}[T ]+{_TIME}"),
    ("time_like", "hours and minutes: `9:30`", rf"\A{_TIME}"),
    ("grouped", "digits in groups, or with a decimal comma: `1,234.50` `1.234,50` `1 000` `1,5`", r"\A[+-]?[0-9]+(?:[,.'\p{Z}][0-9]+)+\z"),
    ("text", "anything else", ""),
)  # fmt: skip
_NULL_LIKE = ("null", "none", "nil", "nan", "na", "n/a", "#n/a", "\\n", "-", "?")


def value_class(text: str) -> str:
    """SQL that gives the class of the text expression `text`."""
    guards = {
        "empty": f"{text} IS NULL",
        "long": f"length({text}) > {LONG}",
        "null_like": f"lower({text}) IN ({sql.texts(_NULL_LIKE)})",
        "text": "true",
    } | {word: f"regexp_matches({text}, {sql.text(guard)})" for word, _, guard in VALUE_CLASSES if guard}
    cases = " ".join(f"WHEN {guards[word]} THEN {sql.text(word)}" for word, _, _ in VALUE_CLASSES)
    return f"CASE {cases} END"
