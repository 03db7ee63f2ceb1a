"""Signs and digits."""

DIGITS = frozenset("0123456789")


def unsigned(text: str) -> str:
    return text[1:] if text[:1] in {"+", "-"} else text


def digits_only(text: str) -> bool:
    return set(text) <= DIGITS
