"""covid.jhu_daily: ten daily reports about countries that do not exist, in the four header generations of the real reports."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from demo import words
from demo.dice import Dice
from demo.records import Row

_SIX = ("Province/State", "Country/Region", "Last Update", "Confirmed", "Deaths", "Recovered")
_EIGHT = (*_SIX, "Latitude", "Longitude")
_TWELVE = (
    "FIPS",
    "Admin2",
    "Province_State",
    "Country_Region",
    "Last_Update",
    "Lat",
    "Long_",
    "Confirmed",
    "Deaths",
    "Recovered",
    "Active",
    "Combined_Key",
)
_FOURTEEN = (*_TWELVE, "Incidence_Rate", "Case-Fatality_Ratio")

# None of strftime's unpadded fields is portable, so each format is written out.
_FORMATS: dict[str, Callable[[dt.datetime], str]] = {
    "slashes": lambda t: f"{t.month}/{t.day}/{t.year} {t.hour}:{t.minute:02d}",
    "short": lambda t: f"{t.month}/{t.day}/{t.year % 100:02d} {t.hour}:{t.minute:02d}",
    "iso": lambda t: f"{t:%Y-%m-%dT%H:%M:%S}",
    "blank": lambda t: f"{t:%Y-%m-%d %H:%M:%S}",
}


class Place(NamedTuple):
    """What a row counts: a district at home, or a province or a whole country abroad; '' where it does not apply."""

    fips: str
    district: str
    province: str
    country: str


@dataclass(frozen=True, slots=True)
class Edition:
    """How the report of one day was published."""

    day: dt.date
    header: tuple[str, ...]
    time_format: str
    newline: bytes = b"\n"
    bom: bool = False

    @property
    def name(self) -> str:
        """The file's name: the report date is nowhere else."""
        return f"{self.day:%m-%d-%Y}.csv"


EDITIONS = (
    Edition(dt.date(2020, 2, 10), _SIX, "slashes", bom=True),
    Edition(dt.date(2020, 2, 11), _SIX, "iso"),
    Edition(dt.date(2020, 3, 5), _EIGHT, "iso"),
    Edition(dt.date(2020, 3, 6), _EIGHT, "iso", newline=b"\r\n"),
    Edition(dt.date(2020, 3, 7), _EIGHT, "iso"),
    Edition(dt.date(2020, 4, 1), _TWELVE, "short"),
    Edition(dt.date(2020, 4, 2), _TWELVE, "blank", newline=b"\r\n", bom=True),
    Edition(dt.date(2020, 4, 3), _TWELVE, "blank"),
    Edition(dt.date(2020, 5, 29), _FOURTEEN, "blank"),
    Edition(dt.date(2020, 5, 30), _FOURTEEN, "blank"),
)


def report(dice: Dice, edition: Edition, scale: int) -> list[Row]:
    """Return the day's rows: each place once. A larger scale has more places."""
    places = _abroad(scale) + (_at_home(scale) if "FIPS" in edition.header else [])
    return [_row(dice, edition, place) for place in places]


def extra(dice: Dice, edition: Edition, name: str) -> Row:
    """Return a row for one more place, `name`, that no report has by itself."""
    return _row(dice, edition, Place("", "", name, words.HOME_COUNTRY))


def _abroad(scale: int) -> list[Place]:
    return [
        Place("", "", province if n == 0 else f"{province} {n}".strip(), country)
        for n in range(scale)
        for country, provinces in words.REGIONS
        for province in provinces
    ]


def _at_home(scale: int) -> list[Place]:
    """Return districts. Their FIPS codes have lost a leading zero, as the real ones have."""
    names: Sequence[tuple[str, str]] = [(p, d) for p in words.HOME_PROVINCES for d in words.DISTRICTS]
    return [
        Place(str(1001 + len(names) * n + i), district if n == 0 else f"{district} {n}", province, words.HOME_COUNTRY)
        for n in range(scale)
        for i, (province, district) in enumerate(names)
    ]


def _row(dice: Dice, edition: Edition, place: Place) -> Row:
    moment = dt.datetime.combine(edition.day, dt.time(dice.between(0, 23), dice.between(0, 59), dice.between(0, 59)))
    confirmed = dice.between(0, 60 * (edition.day - dt.date(2020, 1, 22)).days)
    deaths = dice.between(0, confirmed // 20)
    recovered = dice.between(0, confirmed)
    # Corrections made real reports' active cases negative: one row in eight here.
    active = -dice.between(1, 40) if dice.chance(12) else confirmed - deaths - recovered
    latitude, longitude = (f"{dice.between(-59, 69)}.{dice.digits(6)}", f"{dice.between(-170, 170)}.{dice.digits(6)}")
    full = {
        "FIPS": place.fips,
        "Admin2": place.district,
        "Province_State": place.province,
        "Country_Region": place.country,
        "Last_Update": _FORMATS[edition.time_format](moment),
        "Lat": latitude,
        "Long_": longitude,
        "Confirmed": str(confirmed),
        "Deaths": "" if deaths == 0 and edition.header == _SIX else str(deaths),
        "Recovered": "" if recovered == 0 and edition.header == _SIX else str(recovered),
        "Active": str(active),
        "Combined_Key": ", ".join(part for part in place[1:] if part),
        "Incidence_Rate": f"{dice.below(2000)}.{dice.digits(9)}",
        "Case-Fatality_Ratio": f"{dice.below(9)}.{dice.digits(9)}",
    }
    old = {
        "Province/State": place.province,
        "Country/Region": place.country,
        "Last Update": full["Last_Update"],
        "Latitude": latitude,
        "Longitude": longitude,
    }
    return {name: (full | old)[name] for name in edition.header}
