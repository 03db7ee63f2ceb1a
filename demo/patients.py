"""healthcare.patients: people who never lived, in the shape of Synthea's patients.csv."""

import datetime as dt

from demo import words
from demo.dice import Dice
from demo.records import Row

HEADER = (
    "Id",
    "BIRTHDATE",
    "DEATHDATE",
    "SSN",
    "DRIVERS",
    "PASSPORT",
    "PREFIX",
    "FIRST",
    "LAST",
    "SUFFIX",
    "MAIDEN",
    "MARITAL",
    "RACE",
    "ETHNICITY",
    "GENDER",
    "BIRTHPLACE",
    "ADDRESS",
    "CITY",
    "STATE",
    "COUNTY",
    "ZIP",
    "LAT",
    "LON",
    "HEALTHCARE_EXPENSES",
    "HEALTHCARE_COVERAGE",
)
_FIRST_BIRTH = dt.date(1931, 2, 1)
_BIRTH_DAYS = 31_000  # until the end of 2015, so that no birth date can be mistaken for a date of the demo itself
_ADULT_BEFORE = dt.date(2001, 1, 1)
_LAST_DEATH = dt.date(2019, 6, 30)


def patient(dice: Dice) -> Row:
    """Return one new person."""
    female = dice.chance(50)
    born = _FIRST_BIRTH + dt.timedelta(days=dice.below(_BIRTH_DAYS))
    town, county = dice.pick(words.TOWNS)
    birth_town, _ = dice.pick(words.TOWNS)
    row = dict.fromkeys(HEADER, "")
    row |= {
        "Id": dice.uuid(),
        "BIRTHDATE": born.isoformat(),
        "SSN": f"999-{dice.between(10, 99)}-{dice.digits(4)}",
        "FIRST": first_name(dice, female=female),
        "LAST": last_name(dice),
        "RACE": dice.pick(words.RACES),
        "ETHNICITY": "hispanic" if dice.chance(15) else "nonhispanic",
        "GENDER": "F" if female else "M",
        "BIRTHPLACE": f"{birth_town}  {words.PROVINCE}  US",
        "ADDRESS": address(dice),
        "CITY": town,
        "STATE": words.PROVINCE,
        "COUNTY": county,
        "ZIP": "" if dice.chance(30) else f"0{dice.digits(4)}",
        "LAT": f"{dice.between(41, 42)}.{dice.digits(13)}7",
        "LON": f"-{dice.between(70, 72)}.{dice.digits(13)}3",
        "HEALTHCARE_EXPENSES": cents(dice.between(10_000, 90_000_000)),
        "HEALTHCARE_COVERAGE": cents(dice.between(0, 2_000_000)),
    }
    if born < _ADULT_BEFORE:
        row |= _papers(dice, female=female)
    if dice.chance(6):
        row["DEATHDATE"] = (born + dt.timedelta(days=dice.below((_LAST_DEATH - born).days))).isoformat()
    return row


def _papers(dice: Dice, *, female: bool) -> Row:
    married = dice.chance(60)
    return {
        "DRIVERS": f"S999{dice.digits(5)}",
        "PASSPORT": f"X{dice.digits(8)}X",
        "PREFIX": ("Mrs." if married else "Ms.") if female else "Mr.",
        "MAIDEN": last_name(dice) if female and married else "",
        "MARITAL": "M" if married else "S",
    }


def treated(dice: Dice, row: Row) -> Row:
    """Return the person after one more treatment and a move to another house."""
    expenses = to_cents(row["HEALTHCARE_EXPENSES"]) + dice.between(100, 500_000)
    return row | {"ADDRESS": address(dice), "HEALTHCARE_EXPENSES": cents(expenses)}


def first_name(dice: Dice, *, female: bool) -> str:
    """Return a forename with digits, as synthetic people have."""
    tails = words.FORENAME_TAILS_F if female else words.FORENAME_TAILS_M
    return f"{dice.pick(words.FORENAME_HEADS)}{dice.pick(tails)}{dice.between(10, 999)}"


def last_name(dice: Dice) -> str:
    """Return a surname with digits."""
    return f"{dice.pick(words.SURNAME_HEADS)}{dice.pick(words.SURNAME_TAILS)}{dice.between(10, 999)}"


def address(dice: Dice) -> str:
    """Return a house number, a street and perhaps a flat."""
    flat = f" Unit {dice.between(1, 99)}" if dice.chance(40) else ""
    return f"{dice.between(1, 1200)} {dice.pick(words.STREET_NAMES)} {dice.pick(words.STREET_KINDS)}{flat}"


def phone(dice: Dice) -> str:
    """Return a telephone number of the exchange that is kept for fiction."""
    return f"+1-555-{dice.digits(3)}-{dice.digits(4)}"


def cents(amount: int) -> str:
    """Return an amount in cents as a decimal text with two places."""
    return f"{amount // 100}.{amount % 100:02d}"


def to_cents(text: str) -> int:
    """Return the amount in cents of a text that `cents` wrote."""
    return int(text.replace(".", ""))
