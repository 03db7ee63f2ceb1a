"""What each mask makes of a value, and what it must not give away."""

import hashlib
import hmac
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.engine import rig
from tests.unit.engine.rig import contract, load, text, typed
from tidegate.contracts.contract import Kind, Privacy
from tidegate.engine import check_contract
from tidegate.engine.masks import FEW_PEOPLE
from tidegate.errors import ContractInvalid

PERSON = text("person", privacy=Privacy.TOKENISE)


def shifted(name: str, kind: Kind = Kind.DATE, by: str | None = "person") -> object:
    return typed(name, kind, privacy=Privacy.DATE_SHIFT, privacy_by=by)


def days_of(person: str) -> int:
    """The shift of a person, computed without DuckDB."""
    key = hmac.digest(rig.KEY, b"\xff date shift", "sha256")
    number = int(hmac.new(key, person.encode(), hashlib.sha256).hexdigest()[:15], 16) % 364
    return number - 182 if number < 182 else number - 181


def test_dropped_column_is_checked_and_in_no_table(tmp_path: Path) -> None:
    of = contract(text("a"), text("ssn", privacy=Privacy.DROP, pattern="[0-9]+"), text("b"))
    outcome = load(tmp_path, of, b"a,ssn,b\n1,123,x\n2,no,y\n3,,z\n")
    assert outcome.accepted == [("1", "x", "f0", 1), ("3", "z", "f0", 3)]
    assert outcome.rules == [[("pattern", "ssn")]]


def test_month_is_the_first_of_the_month(tmp_path: Path) -> None:
    of = contract(
        typed("d", Kind.DATE, privacy=Privacy.MONTH),
        typed("t", Kind.TIMESTAMP, privacy=Privacy.MONTH),
        typed("z", Kind.TIMESTAMPTZ, privacy=Privacy.MONTH),
    )
    outcome = load(tmp_path, of, b"d,t,z\n1980-05-31,2021-03-04T05:06:07,2021-03-01T00:30:00+02:00\n,,\n")
    assert outcome.accepted[0][:3] == (date(1980, 5, 1), datetime(2021, 3, 1), datetime(2021, 2, 1, tzinfo=UTC))  # noqa: DTZ001
    assert outcome.accepted[1][:3] == (None, None, None)


@pytest.mark.parametrize(
    ("age", "ten", "ninety"),
    [
        ("0", 0, 0),
        ("9", 0, 9),
        ("10", 10, 10),
        ("89", 80, 89),
        ("90", 90, 90),
        ("117", 90, 90),
        ("-1", None, None),
        ("", None, None),
    ],
)
def test_nobody_is_older_than_ninety(tmp_path: Path, age: str, ten: int | None, ninety: int | None) -> None:
    of = contract(text("n"), typed("a", Kind.INTEGER, privacy=Privacy.AGE10), typed("b", Kind.INTEGER, privacy=Privacy.AGE90))
    assert load(tmp_path, of, f"n,a,b\n1,{age},{age}\n".encode()).accepted[0][1:3] == (ten, ninety)


@pytest.mark.parametrize(
    ("zip_code", "masked"),
    [
        ("02139", "021"),
        ("02139-1234", "021"),
        ("021391234", "021"),
        ("03601", "000"),
        ("89399", "000"),
        ("2139", None),
        ("SW1A 1AA", None),
        ("02139 Boston", None),
    ],
)
def test_zip_of_an_area_with_few_people_or_of_no_area_is_not_shown(tmp_path: Path, zip_code: str, masked: str | None) -> None:
    of = contract(text("n"), text("z", privacy=Privacy.ZIP3_SAFE))
    assert load(tmp_path, of, f"n,z\n1,{zip_code}\n".encode()).accepted[0][1] == masked


def test_areas_with_few_people_are_those_of_the_guidance() -> None:
    assert len(set(FEW_PEOPLE)) == 17


def test_dates_of_a_person_are_shifted_by_the_same_days_in_all_tables_and_types(tmp_path: Path) -> None:
    people = [f"p{n}" for n in range(300)]
    one = contract(PERSON, shifted("d"), shifted("t", Kind.TIMESTAMP), shifted("z", Kind.TIMESTAMPTZ))
    rows = "".join(f"{p},2020-02-29,2020-03-01T23:59:59,2020-03-01T00:00:00Z\n" for p in people)
    (tmp_path / "one").mkdir()
    found = load(tmp_path / "one", one, f"person,d,t,z\n{rows}".encode()).accepted
    for person, (_, d, t, z, *_rest) in zip(people, found, strict=True):
        days = timedelta(days=days_of(person))
        assert (d, t, z) == (
            date(2020, 2, 29) + days,
            datetime(2020, 3, 1, 23, 59, 59) + days,  # noqa: DTZ001
            datetime(2020, 3, 1, tzinfo=UTC) + days,
        )
    shifts = {days_of(p) for p in people}
    assert 0 not in shifts
    assert -182 <= min(shifts) < -150 < 150 < max(shifts) <= 182
    (tmp_path / "two").mkdir()
    other = contract(shifted("seen", by="patient"), text("patient"))
    again = load(tmp_path / "two", other, b"seen,patient\n2020-02-29,p7\n").accepted
    assert again[0][0] == date(2020, 2, 29) + timedelta(days=days_of("p7"))


def test_date_of_nobody_known_is_null(tmp_path: Path) -> None:
    outcome = load(tmp_path, contract(PERSON, shifted("d"), text("n")), b"person,d,n\n,2020-02-29,1\np,,2\n")
    assert [row[1] for row in outcome.accepted] == [None, None]


def test_open_end_does_not_give_the_shift_away(tmp_path: Path) -> None:
    rows = "".join(f"p{n},{d}\n" for n in range(40) for d in ("9999-12-31", "9999-01-01", "0001-01-01"))
    outcome = load(tmp_path, contract(PERSON, shifted("d")), f"person,d\n{rows}".encode())
    assert {row[1] for row in outcome.accepted} == {None}


def test_shift_cannot_be_computed_from_a_token_that_anybody_may_see(tmp_path: Path) -> None:
    """A sender may put any text into a tokenised column and read its token: none is the key that shifts are made with."""
    key = hmac.digest(rig.KEY, b"\xff date shift", "sha256").hex()
    labels = ["date shift", "\\xff date shift", "ÿ date shift"]
    outcome = load(tmp_path, contract(PERSON), ("person\n" + "\n".join(labels) + "\n").encode())
    assert key not in {row[0] for row in outcome.accepted}
    with pytest.raises(UnicodeDecodeError):
        b"\xff date shift".decode()


@pytest.mark.parametrize("by", [None, "nobody", "n", "d"])
def test_shift_needs_a_person_of_the_file(by: str | None) -> None:
    of = contract(PERSON, typed("n", Kind.INTEGER), shifted("d", by=by))
    with pytest.raises(ContractInvalid, match="privacy_by"):
        check_contract(of)


@pytest.mark.parametrize("privacy", [Privacy.AGE10, Privacy.AGE90, Privacy.MONTH, Privacy.DATE_SHIFT])
def test_mask_of_a_number_or_a_moment_is_not_for_texts(privacy: Privacy) -> None:
    with pytest.raises(ContractInvalid, match=f"{privacy} needs"):
        check_contract(contract(PERSON, text("a", privacy=privacy, privacy_by="person")))
