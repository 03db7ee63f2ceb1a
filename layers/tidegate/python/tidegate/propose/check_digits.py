"""Check digits: proof that digits are a code. SNOMED CT ids carry Verhoeff's, NPIs and card numbers Luhn's."""

_D = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 4, 0, 6, 7, 8, 9, 5), (2, 3, 4, 0, 1, 7, 8, 9, 5, 6), (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8), (5, 9, 8, 7, 6, 0, 4, 3, 2, 1), (6, 5, 9, 8, 7, 1, 0, 4, 3, 2), (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4), (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)  # fmt: skip
_FIRST = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
_SNOMED_DIGITS, _NPI_DIGITS, _CARD_DIGITS = range(6, 19), 10, range(13, 20)
_NPI_PREFIX = "80840"


def _permutations() -> list[tuple[int, ...]]:
    rows = [tuple(range(10)), _FIRST]
    while len(rows) < 8:  # noqa: PLR2004 - the permutation has order eight
        rows.append(tuple(rows[-1][_FIRST[i]] for i in range(10)))
    return rows


_P = _permutations()


def is_snomed(digits: str) -> bool:
    """Whether digits are a SNOMED CT identifier: 6 to 18 of them, the last one by Verhoeff."""
    if not digits.isdecimal() or len(digits) not in _SNOMED_DIGITS or digits[0] == "0":
        return False
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _D[check][_P[place % 8][int(digit)]]
    return check == 0


def is_npi(digits: str) -> bool:
    """Whether digits are a US National Provider Identifier."""
    return len(digits) == _NPI_DIGITS and digits.isdecimal() and digits[0] in "12" and _luhn(_NPI_PREFIX + digits)


def is_card(digits: str) -> bool:
    """Whether digits, perhaps in groups, are the number of a payment card."""
    plain = digits.replace(" ", "").replace("-", "")
    return plain.isdecimal() and len(plain) in _CARD_DIGITS and plain[0] in "3456" and _luhn(plain)


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 else 1)
        total += number - 9 if number > 9 else number  # noqa: PLR2004 - a decimal digit
    return total % 10 == 0
