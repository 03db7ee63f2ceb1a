"""The demo's story: every file, in the order in which it is dropped. A wave is dropped when the one before it is at rest.

In a wave, no two files of one healthcare dataset hold rows. So the books of a wave do not depend on how its files were batched.
"""

from dataclasses import dataclass
from typing import NamedTuple

from demo import care, faults, patients
from demo.care import CLAIMS_HEADER, ENCOUNTERS_HEADER
from demo.dailies import EDITIONS, Edition, extra, report
from demo.dice import Dice
from demo.history import Feed, Shares
from demo.odd import garbage, leads, members
from demo.records import DataFile, Row

SEED = "tidegate demo 1"
LOAD = "2020-06-01"
OVERWRITTEN = "04-01-2020.csv"


@dataclass(frozen=True, slots=True)
class Drop:
    """One object put into the landing bucket. `data` is set when the file opens, with rows for the tables or quarantine.

    `state` is where the ledger has the file when its wave is at rest.
    """

    wave: int
    key: str
    content: bytes
    note: str
    state: str = "LOADED"
    data: DataFile | None = None
    marker: bool = False

    @property
    def dataset(self) -> str:
        """The dataset the key belongs to; not meaningful for a key without structure."""
        return ".".join(self.key.split("/")[:2])


class Stories(NamedTuple):
    """All drops, and the rows about people in files that no table takes."""

    drops: tuple[Drop, ...]
    strangers: tuple[Row, ...]


def tell(scale: int) -> Stories:
    """Return the drops in order; `scale` multiplies the number of rows."""
    people, visits, bills = _feeds(scale)
    odd = Dice(f"{SEED} odd")
    member_rows, member_file = members(odd)
    lead_rows, lead_file = leads(odd)
    drops = [
        *_full_load("patients", people.full(_PATIENT_FAULTS)),
        *_full_load("encounters", visits.full(_ENCOUNTER_FAULTS)),
        *_full_load("claims", bills.full(_CLAIM_FAULTS)),
        *(_rows(1, f"covid/jhu_daily/delta/{e.name}", _daily(e, scale), _edition_note(e)) for e in EDITIONS),
        _delta(2, "patients", 1, people.delta(_PATIENT_DELTA_FAULTS)),
        _delta(2, "encounters", 1, visits.delta((faults.bad_quoting("DESCRIPTION"),))),
        _delta(2, "claims", 1, bills.delta((faults.wrong("primary_key", Id=""),))),
        *_odd_files(odd, member_file, lead_file),
    ]
    second = [feed.delta(fault) for feed, fault in zip((people, visits, bills), _SECOND_FAULTS, strict=True)]
    drops += [_delta(3, name, 2, data) for name, data in zip(("patients", "encounters", "claims"), second, strict=True)]
    drops += [
        _rows(3, f"covid/jhu_daily/delta/{OVERWRITTEN}", _corrected(scale), "overwrite: corrected rows under the same key"),
        _rows(4, _delta_key("patients", 2), second[0], "same bytes under the same key: a new version, nothing changes"),
        _rows(4, _COPY, second[1], "duplicate: same bytes under another key, every row is known already"),
        _rows(4, _delta_key("claims", 2), bills.take_back(second[2]), "overwrite: some claims taken back, some corrected"),
    ]
    return Stories(tuple(drops), (*member_rows, *lead_rows))


_COPY = "healthcare/encounters/delta/resent/encounters_copy.csv"


_PATIENT_FAULTS = (
    faults.wrong("type", BIRTHDATE="1979-02-30"),
    faults.wrong("type", HEALTHCARE_EXPENSES="12.345.67"),
    faults.wrong("valid_values", GENDER="X"),
    faults.wrong("required", BIRTHDATE=""),
    faults.wrong("primary_key", Id=""),
    faults.too_many,
    faults.too_few,
    faults.bad_quoting("SUFFIX"),
    faults.bad_byte("LAST"),
)
_PATIENT_DELTA_FAULTS = (
    faults.both(("type", "BIRTHDATE", "31/12/1968"), ("valid_values", "GENDER", "female")),
    faults.wrong("primary_key", Id=""),
)
_ENCOUNTER_FAULTS = (
    faults.wrong("type", START="2019-02-29T10:00:00Z"),
    faults.wrong("type", STOP="half past nine"),
    faults.wrong("type", BASE_ENCOUNTER_COST="n/a"),
    faults.wrong("required", PATIENT=""),
    faults.wrong("primary_key", Id=""),
    faults.bad_byte("DESCRIPTION"),
    faults.too_few,
)
_CLAIM_FAULTS = (
    faults.wrong("type", SERVICEDATE="2018-13-01T00:00:00Z"),
    faults.wrong("type", OUTSTANDING1="1,000.00"),
    faults.wrong("required", PATIENTID=""),
    faults.wrong("primary_key", Id=""),
    faults.bad_quoting("STATUS1"),
    faults.too_many,
)
_SECOND_FAULTS = (
    (faults.wrong("type", HEALTHCARE_COVERAGE="free"), faults.too_few),
    (faults.wrong("type", START="yesterday"), faults.too_many),
    (faults.wrong("type", SERVICEDATE="soon"), faults.wrong("required", PATIENTID="")),
)
_DAILY_FAULTS: dict[str, tuple[faults.Fault, ...]] = {
    "02-11-2020.csv": (faults.wrong("type", Confirmed="twelve"), faults.wrong("required", Country_Region="")),
    "03-05-2020.csv": (faults.wrong("type", Last_Update="last Tuesday"), faults.too_many),
    "03-06-2020.csv": (faults.wrong("type", Deaths="1.5"),),
    OVERWRITTEN: (faults.wrong("type", Recovered="1e3"), faults.wrong("type", Lat="north")),
    "04-02-2020.csv": (faults.bad_quoting("Combined_Key"), faults.too_few, faults.bad_byte("Province_State")),
    "05-29-2020.csv": (faults.wrong("type", Active="0x1F"),),
}


def _feeds(scale: int) -> tuple[Feed, Feed, Feed]:
    """Return the three healthcare feeds. Visits are of people in the full load, claims are for visits in the full load."""
    dice = {name: Dice(f"{SEED} {name}") for name in ("patients", "encounters", "claims")}
    people = Feed(dice["patients"], patients.HEADER, patients.patient, patients.treated, _PATIENT_SHARES.times(scale))
    ids = people.start()
    visits = Feed(
        dice["encounters"], ENCOUNTERS_HEADER, lambda d: care.encounter(d, ids), care.recosted, _ENCOUNTER_SHARES.times(scale)
    )
    visits.start()
    known = tuple(visits.rows.values())
    bills = Feed(dice["claims"], CLAIMS_HEADER, lambda d: care.claim(d, known), care.rebilled, _CLAIM_SHARES.times(scale))
    bills.start()
    return people, visits, bills


_PATIENT_SHARES = Shares(full=260, new=20, updated=30, unchanged=10, twice=3)
_ENCOUNTER_SHARES = Shares(full=780, new=60, updated=60, unchanged=20, twice=5)
_CLAIM_SHARES = Shares(full=1000, new=100, updated=80, unchanged=25, twice=6)


def _daily(edition: Edition, scale: int) -> DataFile:
    dice = Dice(f"{SEED} {edition.name}")
    rows = report(dice, edition, scale)
    planted = _DAILY_FAULTS.get(edition.name, ())
    records = faults.plant(dice, edition.header, rows, planted, lambda: extra(dice, edition, "Lost"))
    return DataFile(edition.header, records, edition.newline, edition.bom)


def _corrected(scale: int) -> DataFile:
    """Return the second version of one daily: other counts in every row, one more place, no faults."""
    edition = next(e for e in EDITIONS if e.name == OVERWRITTEN)
    dice = Dice(f"{SEED} corrected")
    rows = [*report(dice, edition, scale), extra(dice, edition, "Found")]
    return DataFile(edition.header, faults.plant(dice, edition.header, rows, (), dict), edition.newline, edition.bom)


def _edition_note(edition: Edition) -> str:
    marks = [f"{len(edition.header)} columns"] + ["BOM"] * edition.bom + ["CRLF"] * (edition.newline == b"\r\n")
    return "daily report, " + ", ".join(marks)


def _rows(wave: int, key: str, data: DataFile, note: str) -> Drop:
    return Drop(wave, key, data.content, note, data=data)


def _full_load(name: str, data: DataFile) -> list[Drop]:
    prefix = f"healthcare/{name}/full/{LOAD}"
    marker = Drop(1, f"{prefix}/_SUCCESS", b"", "marker: the full load is complete", marker=True)
    return [_rows(1, f"{prefix}/{name}.csv", data, "full load, waits for its marker"), marker]


def _delta_key(name: str, number: int) -> str:
    return f"healthcare/{name}/delta/{name}_{number}.csv"


def _delta(wave: int, name: str, number: int, data: DataFile) -> Drop:
    return _rows(wave, _delta_key(name, number), data, f"delta {number}: new, updated, repeated and twice-sent keys")


def _odd_files(dice: Dice, member_file: bytes, lead_file: bytes) -> list[Drop]:
    bad = "QUARANTINED"
    return [
        Drop(2, "healthcare/encounters/delta/encounters_scrambled.csv", garbage(dice), "unreadable: random bytes", bad),
        Drop(2, "healthcare/claims/delta/members.csv", member_file, "wrong header: not a claims file", bad),
        Drop(2, "healthcare/patients/delta/patients_empty.csv", b"", "zero bytes", bad),
        Drop(2, "healthcare/patients/delta/", b"", "folder marker, as a console makes it", "IGNORED"),
        Drop(2, "marketing/leads/delta/leads.csv", lead_file, "no contract for marketing.leads", bad),
        Drop(2, "readme.txt", b"Files from the north office.\n", "a key that names no dataset", bad),
    ]
