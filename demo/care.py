"""healthcare.encounters and healthcare.claims: visits of the invented people, and the bills for them."""

import datetime as dt
from collections.abc import Mapping, Sequence

from demo import words
from demo.dice import Dice
from demo.patients import cents, to_cents
from demo.records import Row

ENCOUNTERS_HEADER = (
    "Id",
    "START",
    "STOP",
    "PATIENT",
    "ORGANIZATION",
    "PROVIDER",
    "PAYER",
    "ENCOUNTERCLASS",
    "CODE",
    "DESCRIPTION",
    "BASE_ENCOUNTER_COST",
    "TOTAL_CLAIM_COST",
    "PAYER_COVERAGE",
    "REASONCODE",
    "REASONDESCRIPTION",
)
CLAIMS_HEADER = (
    "Id",
    "PATIENTID",
    "PROVIDERID",
    "PRIMARYPATIENTINSURANCEID",
    "SECONDARYPATIENTINSURANCEID",
    "DEPARTMENTID",
    "PATIENTDEPARTMENTID",
    "DIAGNOSIS1",
    "DIAGNOSIS2",
    "DIAGNOSIS3",
    "DIAGNOSIS4",
    "DIAGNOSIS5",
    "DIAGNOSIS6",
    "DIAGNOSIS7",
    "DIAGNOSIS8",
    "REFERRINGPROVIDERID",
    "APPOINTMENTID",
    "CURRENTILLNESSDATE",
    "SERVICEDATE",
    "SUPERVISINGPROVIDERID",
    "STATUS1",
    "STATUS2",
    "STATUSP",
    "OUTSTANDING1",
    "OUTSTANDING2",
    "OUTSTANDINGP",
    "LASTBILLEDDATE1",
    "LASTBILLEDDATE2",
    "LASTBILLEDDATEP",
    "HEALTHCARECLAIMTYPEID1",
    "HEALTHCARECLAIMTYPEID2",
)
_FIRST_VISIT = dt.datetime(2016, 1, 1, tzinfo=dt.UTC)
_VISIT_SECONDS = 4 * 365 * 86_400  # until the end of 2019
_STAFF = Dice("staff")
ORGANISATIONS = tuple((_STAFF.uuid(), _STAFF.uuid()) for _ in range(12))  # an organisation and its provider
PAYERS = tuple(_STAFF.uuid() for _ in range(5))


def encounter(dice: Dice, patients: Sequence[str]) -> Row:
    """Return one new visit by one of the patients (their ids)."""
    start = _FIRST_VISIT + dt.timedelta(seconds=dice.below(_VISIT_SECONDS))
    organisation, provider = dice.pick(ORGANISATIONS)
    kind, code, description = dice.pick(words.ENCOUNTER_KINDS)
    reason, reason_text = dice.pick(words.REASONS) if dice.chance(30) else ("", "")
    base = dice.pick((7749, 12_916, 14_635))
    total = base + dice.between(0, 300_000)
    return {
        "Id": dice.uuid(),
        "START": _utc(start),
        "STOP": _utc(start + dt.timedelta(minutes=dice.between(15, 90))),
        "PATIENT": dice.pick(patients),
        "ORGANIZATION": organisation,
        "PROVIDER": provider,
        "PAYER": dice.pick(PAYERS),
        "ENCOUNTERCLASS": kind,
        "CODE": code,
        "DESCRIPTION": description,
        "BASE_ENCOUNTER_COST": cents(base),
        "TOTAL_CLAIM_COST": cents(total),
        "PAYER_COVERAGE": cents(dice.between(0, total)),
        "REASONCODE": reason,
        "REASONDESCRIPTION": reason_text,
    }


def recosted(dice: Dice, row: Row) -> Row:
    """Return the visit after its cost was corrected upwards."""
    return row | {"TOTAL_CLAIM_COST": cents(to_cents(row["TOTAL_CLAIM_COST"]) + dice.between(1, 50_000))}


def claim(dice: Dice, visits: Sequence[Mapping[str, str]]) -> Row:
    """Return one new claim for one of the visits (encounter rows)."""
    visit = dice.pick(visits)
    department = dice.pick(("1", "3", "10", "20"))
    open_bill = dice.chance(10)
    second = dice.chance(10)
    row = dict.fromkeys(CLAIMS_HEADER, "")
    return row | {
        "Id": dice.uuid(),
        "PATIENTID": visit["PATIENT"],
        "PROVIDERID": visit["PROVIDER"],
        "PRIMARYPATIENTINSURANCEID": visit["PAYER"] if dice.chance(85) else "0",
        "SECONDARYPATIENTINSURANCEID": dice.pick(PAYERS) if second else "0",
        "DEPARTMENTID": department,
        "PATIENTDEPARTMENTID": department,
        "DIAGNOSIS1": visit["REASONCODE"] or visit["CODE"],
        "DIAGNOSIS2": visit["CODE"] if visit["REASONCODE"] else "",
        "APPOINTMENTID": visit["Id"],
        "CURRENTILLNESSDATE": visit["START"],
        "SERVICEDATE": visit["START"],
        "SUPERVISINGPROVIDERID": visit["PROVIDER"],
        "STATUS1": "BILLED" if open_bill else "CLOSED",
        "STATUS2": "CLOSED" if second else "",
        "STATUSP": "BILLED" if open_bill else "CLOSED",
        "OUTSTANDING1": cents(dice.between(1, 90_000)) if open_bill else "0.00",
        "OUTSTANDING2": "0" if second else "",
        "OUTSTANDINGP": "0",
        "LASTBILLEDDATE1": visit["STOP"],
        "LASTBILLEDDATE2": visit["STOP"] if second else "",
        "LASTBILLEDDATEP": visit["STOP"],
        "HEALTHCARECLAIMTYPEID1": dice.pick(("1", "2")),
        "HEALTHCARECLAIMTYPEID2": "1" if second else "0",
    }


def rebilled(dice: Dice, row: Row) -> Row:
    """Return the claim after more was billed."""
    return row | {"STATUS1": "BILLED", "OUTSTANDING1": cents(to_cents(row["OUTSTANDING1"]) + dice.between(1, 20_000))}


def _utc(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
