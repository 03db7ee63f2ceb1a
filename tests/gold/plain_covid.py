"""What the public COVID-19 files add up to, by the csv module alone: no SQL, no seeds, nothing of the application.

Where a row says its state twice, this reads the code first and the models read the name first.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

Key = tuple[date, str]
Measures = tuple[int | None, ...]
CASES = ("confirmed", "deaths", "recovered", "active")
TESTS = {
    "positive": "positive",
    "negative": "negative",
    "hospitalized_currently": "hospitalizedCurrently",
    "hospitalized_cumulative": "hospitalizedCumulative",
}
_CODES = """AL 01 Alabama, AK 02 Alaska, AZ 04 Arizona, AR 05 Arkansas, CA 06 California, CO 08 Colorado, CT 09 Connecticut, DE 10 Delaware,
    DC 11 District of Columbia, FL 12 Florida, GA 13 Georgia, HI 15 Hawaii, ID 16 Idaho, IL 17 Illinois, IN 18 Indiana, IA 19 Iowa,
    KS 20 Kansas, KY 21 Kentucky, LA 22 Louisiana, ME 23 Maine, MD 24 Maryland, MA 25 Massachusetts, MI 26 Michigan, MN 27 Minnesota,
    MS 28 Mississippi, MO 29 Missouri, MT 30 Montana, NE 31 Nebraska, NV 32 Nevada, NH 33 New Hampshire, NJ 34 New Jersey,
    NM 35 New Mexico, NY 36 New York, NC 37 North Carolina, ND 38 North Dakota, OH 39 Ohio, OK 40 Oklahoma, OR 41 Oregon,
    PA 42 Pennsylvania, RI 44 Rhode Island, SC 45 South Carolina, SD 46 South Dakota, TN 47 Tennessee, TX 48 Texas, UT 49 Utah,
    VT 50 Vermont, VA 51 Virginia, WA 53 Washington, WV 54 West Virginia, WI 55 Wisconsin, WY 56 Wyoming, AS 60 American Samoa,
    GU 66 Guam, MP 69 Northern Mariana Islands, PR 72 Puerto Rico, VI 78 Virgin Islands"""
_STATES = [(line[:2], line[3:5], line[6:]) for line in (part.strip() for part in _CODES.split(","))]
_BY_CODE = {code: letters for letters, code, _ in _STATES}
_BY_NAME = {name: letters for letters, _, name in _STATES}
_SAME_STATE = {
    "Chicago": "IL",
    "Washington, D.C.": "DC",
    "United States Virgin Islands": "VI",
    "Virgin Islands, U.S.": "VI",
    "Grand Princess Cruise Ship": "Grand Princess",
    "US": "",
}
# Passengers who were brought to these places; a day later the files say so.
_SHIP = re.compile(r"From Diamond Princess|^(Ashland, NE|Lackland, TX|Travis, CA)$")
_SAME_COUNTRY = {
    "China": ["Mainland China", "Hong Kong", "Hong Kong SAR", "Macau", "Macao SAR"],
    "Taiwan": ["Taiwan*", "Taipei and environs"],
    "Korea, South": ["South Korea", "Republic of Korea"],
    "United Kingdom": ["UK", "North Ireland", "Cayman Islands", "Channel Islands", "Gibraltar", "Guernsey", "Jersey"],
    "France": ["French Guiana", "Guadeloupe", "Martinique", "Mayotte", "Reunion", "Saint Barthelemy", "Saint Martin", "St. Martin"],
    "Netherlands": ["Aruba", "Curacao"],
    "Denmark": ["Faroe Islands", "Greenland"],
    "US": ["Guam", "Puerto Rico"],
    "Diamond Princess": ["Others", "Cruise Ship"],
    "West Bank and Gaza": ["Palestine", "occupied Palestinian territory"],
    "Bahamas": ["Bahamas, The", "The Bahamas"],
    "Gambia": ["Gambia, The", "The Gambia"],
    "Congo (Brazzaville)": ["Republic of the Congo"],
    "Iran": ["Iran (Islamic Republic of)"],
    "Russia": ["Russian Federation"],
    "Moldova": ["Republic of Moldova"],
    "Ireland": ["Republic of Ireland"],
    "Vietnam": ["Viet Nam"],
    "Czechia": ["Czech Republic"],
    "Holy See": ["Vatican City"],
    "Timor-Leste": ["East Timor"],
    "Cabo Verde": ["Cape Verde"],
    "Cote d Ivoire": ["Ivory Coast"],
}
_COUNTRY = {alias: country for country, aliases in _SAME_COUNTRY.items() for alias in aliases}


@dataclass(frozen=True, slots=True)
class Case:
    """A row of a daily report: its country, US state (letters, or the name of what is none), five-digit code of a US county, measures."""

    day: date
    country: str
    state: str
    county: str
    measures: Measures


def cases(folder: Path) -> Iterator[Case]:
    """Read the daily reports of Johns Hopkins CSSE."""
    for path in sorted(folder.glob("*.csv")):
        month, day, year = (int(part) for part in path.stem.split("-"))
        for row in _rows(path):
            published, place = _field(row, "Country_Region", "Country/Region"), _field(row, "Province_State", "Province/State")
            country, code = _COUNTRY.get(published, published), _field(row, "FIPS")
            census = code.zfill(5) if len(code) in (4, 5) and code.zfill(5) < "80000" and not code.endswith("000") else ""
            county = census if country == "US" and not census.startswith("000") else ""
            state = (_BY_CODE.get(county[:2]) or _state(place or published)) if country == "US" else ""
            yield Case(date(year, month, day), country, state, county, tuple(_number(_field(row, m.title())) for m in CASES))


def history(path: Path) -> Iterator[tuple[date, str, Measures]]:
    """Read the testing history of The COVID Tracking Project: day, state, measures."""
    for row in _rows(path):
        yield date.fromisoformat(row["date"]), row["state"], tuple(_number(row[name]) for name in TESTS.values())


def totals(parts: Iterable[tuple[Key, Measures]]) -> dict[Key, Measures]:
    """Add up measures by key; what nobody said stays unsaid."""
    groups: defaultdict[Key, list[Measures]] = defaultdict(list)
    for key, measures in parts:
        groups[key].append(measures)
    return {key: tuple(_sum(column) for column in zip(*group, strict=True)) for key, group in groups.items()}


def _sum(values: Sequence[int | None]) -> int | None:
    said = [value for value in values if value is not None]
    return sum(said) if said else None


def _state(place: str) -> str:
    """Return a state's letters, or the name of what is none."""
    if _SHIP.search(place):
        return "Diamond Princess"
    if place in _SAME_STATE:
        return _SAME_STATE[place]
    return _BY_NAME.get(place) or (place[-2:] if re.search(r", [A-Z]{2}$", place) else place)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file, strict=True)


def _field(row: dict[str, str], *names: str) -> str:
    return next((row[name].strip() for name in names if name in row), "")


def _number(text: str) -> int | None:
    return int(text) if text else None
