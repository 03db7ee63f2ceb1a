"""Whether the first line is a header at all. If it were a record, its values would become names of columns."""

import re
from collections.abc import Mapping, Sequence

from tidegate.errors import FileRefused
from tidegate.propose.profile import PATTERNS, Profile

_TELLING = ("uuids", "emails", "ssns", "phones", "numbers", "compact_dates")
_HALF = 0.5


def check_header(columns: Sequence[tuple[str, Profile, Mapping[str, int]]]) -> None:
    """Refuse a first line whose fields look like the values below them.

    Raises:
        FileRefused: NO_HEADER.
    """
    telling = [fits for name, profile, shapes in columns if (fits := _fits(name, profile, shapes)) is not None]
    if telling and sum(telling) >= _HALF * len(telling) and any(telling):
        message = "the first line looks like a record, not like the names of columns: put a header line before it"
        raise FileRefused("NO_HEADER", message)


def _fits(name: str, profile: Profile, shapes: Mapping[str, int]) -> bool | None:
    """Whether a header name is like its column's values; None when the values are like any text."""
    for pattern in _TELLING:
        if profile.plain and profile.all(pattern):
            year = bool(re.fullmatch(PATTERNS["years"], name)) and not profile.all("years")
            return bool(re.fullmatch(PATTERNS[pattern], name)) and not year
    if 0 < len(shapes) <= 3 and all("9" in shape for shape in shapes):  # noqa: PLR2004 - dates, codes
        return re.sub("[0-9]", "9", name) in shapes
    return None
