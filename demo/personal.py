"""Which values of the demo tell who somebody is. None may appear in a log, a notification, a dead letter or a metric."""

import re
from collections.abc import Iterable

from demo.fold import Loaded
from demo.records import Row

#: Columns that may be classified but are not searched for: their short or common values would be found by chance.
NOT_DISTINCTIVE = frozenset({"GENDER", "RACE", "ETHNICITY", "MARITAL", "PREFIX", "SUFFIX", "STATE", "COUNTY", "ZIP"})
IDENTIFYING = {
    "healthcare.patients": (
        "Id",
        "BIRTHDATE",
        "DEATHDATE",
        "SSN",
        "DRIVERS",
        "PASSPORT",
        "FIRST",
        "LAST",
        "MAIDEN",
        "BIRTHPLACE",
        "ADDRESS",
        "CITY",
        "LAT",
        "LON",
    ),
    "healthcare.encounters": ("PATIENT",),
    "healthcare.claims": ("PATIENTID",),
    "covid.jhu_daily": (),
}
STRANGERS = ("member_number", "member_name", "member_phone", "lead_name", "lead_email", "lead_phone")
SHORTEST = 5
_UNDECODABLE = re.compile("[\udc80-\udcff]")


def personal_values(loaded: Iterable[tuple[str, Loaded]], strangers: Iterable[Row]) -> list[str]:
    """Return every personal value once, sorted, good rows and spoiled rows alike."""
    values = {record.row[column] for dataset, file in loaded for record in file.data.records for column in IDENTIFYING[dataset]}
    values |= {row[column] for row in strangers for column in STRANGERS if column in row}
    return sorted({part for value in values for part in searchable(value)})


def searchable(value: str) -> list[str]:
    """Return what to search for: the value, or its parts around an undecodable byte, if long enough to be told from chance."""
    return [part for part in _UNDECODABLE.split(value) if len(part) >= SHORTEST]
