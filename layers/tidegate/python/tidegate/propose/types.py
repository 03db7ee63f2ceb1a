"""The type of a column, from its profile. When in doubt it is text: a text can become a number later, a lost zero never comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tidegate.contracts.contract import ColumnType, Kind
from tidegate.propose.check_digits import is_card, is_npi, is_snomed
from tidegate.propose.names import is_code, is_measure, is_moment, is_money, is_price, words_of
from tidegate.propose.profile import NULL_WORDS, Profile
from tidegate.propose.temporal import NotTemporal, Parts, Temporal, read_temporal

_INT64, _INT64_DIGITS = range(-(2**63), 2**63), 19
_CENT, _PRECISE, _FLOAT, _MOST = (18, 2), (28, 10), (38, 20), 38
_HEADROOM = 3
_CODE_WIDTH, _CODE_DISTINCT, _CHECKED = 5, 20, 4
_DATES = 5
_LONGEST_MOMENT = 40
_EPOCHS = {10: "seconds", 13: "milliseconds", 16: "microseconds"}
_BOOLEANS = ("words_true_false", "words_yes_no", "letters_t_f", "letters_y_n")
_FLAGS = frozenset({"is", "has", "flag", "flagged", "was", "can", "enabled", "deleted"})


@dataclass(frozen=True, slots=True)
class Typed:
    """A column's type and why; `nulls` are the texts that mean null in it, `evidence` holds counts and names, never a value."""

    type: ColumnType
    evidence: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    default_zone: bool = False
    nulls: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """The kind of the type."""
        return self.type.kind


def infer(profile: Profile, shapes: Mapping[str, int], parts: Parts, *, day_first: bool | None) -> Typed:
    """Tell a column's type. `shapes`, `parts` and `day_first`: see `temporal`."""
    typed = _typed(profile, shapes, parts, day_first=day_first)
    words = [w for w in profile.words if typed.kind is not Kind.STRING or w in NULL_WORDS]
    if not words or not profile.plain:  # a column of nothing but such words may mean them
        return typed
    count = sum(profile.words[word] for word in words)
    said = f"{count:,} texts that mean null, in {len(words)} spelling{'s' * (len(words) > 1)}"
    return replace(typed, nulls=tuple(sorted(words)), evidence=(*typed.evidence, said))


def _typed(  # noqa: PLR0911 - one answer a kind
    profile: Profile, shapes: Mapping[str, int], parts: Parts, *, day_first: bool | None
) -> Typed:
    if not profile.rows:
        return _text("no row was seen, so the type is a guess")
    if not profile.plain:
        seen = "empty in every row" if not profile.filled else "nothing but words that may mean null"
        return _text(f"{seen}, so the type is a guess")
    if profile.matching["blank_edges"] and profile.matching["blank_edges"] + profile.matching["numbers"] >= profile.plain:
        return _text("blanks around the values, which no number or date may have")
    if profile.all("integers"):
        return _digits(profile)
    if profile.all("numbers"):
        return _decimal(profile)
    if profile.all("numbers", "exponents"):
        return Typed(ColumnType(Kind.DOUBLE), (f"{profile.matching['exponents']:,} of {profile.plain:,} have an exponent",))
    boolean = _boolean(profile)
    return boolean or _moment(profile, shapes, parts, day_first=day_first)


def _text(*evidence: str) -> Typed:
    return Typed(ColumnType(Kind.STRING), tuple(e for e in evidence if e))


def _of(profile: Profile, pattern: str) -> str:
    return f"{profile.matching[pattern]:,} of {profile.plain:,}"


def _digits(profile: Profile) -> Typed:  # noqa: PLR0911 - one answer a case
    """Digits alone: a label, a date, or a number."""
    if profile.matching["leading_zeros"]:
        return _text(f"digits, {_of(profile, 'leading_zeros')} begin with 0: a code")
    if profile.whole_digits > _INT64_DIGITS or profile.low not in _INT64 or profile.high not in _INT64:
        return _text("digits, too many for a 64-bit number: a code")
    if profile.all("compact_dates") and (
        is_moment(profile.name) or (profile.distinct_plain >= _DATES and not is_code(profile.name))
    ):
        return Typed(ColumnType(Kind.DATE), (f"{_of(profile, 'compact_dates')} are dates as yyyyMMdd",), ("yyyyMMdd",))
    if is_code(profile.name):
        return _text("digits, but the name is one of a code or id: zeros in front would count")
    proof = _check_digit(profile)
    if proof:
        return _text(proof)
    fixed = profile.shortest == profile.longest >= _CODE_WIDTH and profile.distinct_plain >= _CODE_DISTINCT
    if fixed and profile.all("digits") and not is_measure(profile.name) and not _epoch(profile):
        width = f"all {profile.distinct_plain:,} different texts have {profile.longest} digits"
        return _text(f"{width}: a code; if they are amounts, integer")
    return _whole(profile)


def _epoch(profile: Profile) -> str:
    return _EPOCHS.get(profile.shortest, "") if profile.shortest == profile.longest and is_moment(profile.name) else ""


def _whole(profile: Profile) -> Typed:
    """Whole numbers, of which some are more."""
    integer = ColumnType(Kind.INTEGER)
    if unit := _epoch(profile):
        said = f"{profile.plain:,} whole numbers; may be {unit} since 1970, which are not read as a timestamp"
        return Typed(integer, (said,))
    if is_price(profile.name) and profile.whole_digits + _HEADROOM <= _CENT[0] - _CENT[1]:
        said = f"{profile.plain:,} whole numbers under a name of money: with cents, which may come"
        return Typed(ColumnType(Kind.DECIMAL, *_CENT), (said,))
    if profile.all("zeros_ones"):
        if _FLAGS & set(words_of(profile.name)):
            return Typed(ColumnType(Kind.BOOLEAN), ("0 and 1 under a name that asks yes or no",))
        return Typed(integer, ("only 0 and 1: may be a boolean, which reads them too",))
    return Typed(integer, (f"{profile.plain:,} whole numbers of up to {profile.whole_digits} digits",))


def _check_digit(profile: Profile) -> str:
    """Digits of which many carry the check digit of a code are that code: by chance one in ten would."""
    probes = [p for p in profile.probes if p not in profile.words]
    for test, what in (
        (is_snomed, "SNOMED CT's check digit"),
        (is_npi, "the check digit of an NPI"),
        (is_card, "a card's check digit"),
    ):
        if len(probes) >= _CHECKED and all(map(test, probes)):
            return f"digits, and all {len(probes)} texts that were looked at have {what}: a code"
    return ""


def _decimal(profile: Profile) -> Typed:
    whole, most = profile.whole_digits, profile.fraction_most
    digits = f"{profile.plain:,} numbers of up to {whole} digits before the point and {most} behind it"
    if is_code(profile.name):
        return _text(f"{digits}, but the name is one of a code or id")
    if not profile.fractions:
        digits += ", all zeros"
    sized = next((s for s in _sizes(profile) if s[0] - s[1] >= whole + _HEADROOM and s[1] >= most), None)
    if sized is None and whole + most <= _MOST:
        sized = (_MOST, min(most + (_MOST - whole - most) // 2, _MOST - whole))
    if sized is None:
        return Typed(ColumnType(Kind.DOUBLE), (f"{digits}: more than a decimal holds, so a double, which is not exact",))
    why = " (two for cents)" if sized == _CENT else ", with room for more" if sized[1] > most else ""
    return Typed(ColumnType(Kind.DECIMAL, *sized), (digits + why,))


def _sizes(profile: Profile) -> list[tuple[int, int]]:
    """Decimals that would do, best first."""
    most, same = profile.fraction_most, profile.fraction_least == profile.fraction_most
    few, many = 2, 6
    if most <= few and (most == few or is_money(profile.name)):
        return [_CENT, (38, 2)]
    if most <= many:
        return [*([(18, most)] if same and most > few else []), _PRECISE, _FLOAT]
    return [_FLOAT]


def _boolean(profile: Profile) -> Typed | None:
    for pattern in _BOOLEANS:
        if not profile.all(pattern):
            continue
        seen = {value.lower() for value in profile.values} - {word.lower() for word in profile.words}
        if len(seen) > 1 or pattern == "words_true_false":
            return Typed(ColumnType(Kind.BOOLEAN), (f"{profile.plain:,} texts of {' and '.join(sorted(seen))}",))
        return _text(f"only {seen.pop()} was seen: may be a boolean")
    return None


def _moment(profile: Profile, shapes: Mapping[str, int], parts: Parts, *, day_first: bool | None) -> Typed:
    found = read_temporal(shapes, parts, day_first=day_first) if profile.longest <= _LONGEST_MOMENT else NotTemporal()
    if isinstance(found, Temporal):
        what = f"{profile.plain:,} {'times of day' if found.kind is Kind.TIME else 'dates' if found.kind is Kind.DATE else 'timestamps'}"
        form = found.formats[0] if len(found.formats) == 1 else f"{len(found.formats)} formats" if found.formats else "ISO 8601"
        evidence = (f"{what} as {form}", *found.notes, *([found.ambiguous] if found.ambiguous else []))
        return Typed(ColumnType(found.kind), evidence, found.formats, found.default_zone)
    return _text(found.note, *_why_text(profile))


def _why_text(profile: Profile) -> list[str]:
    """What a person might take for a number, and why it is none here."""
    said = []
    for pattern, what in (
        ("grouped", "numbers with a comma between thousands"),
        ("comma_decimals", "numbers with a decimal comma"),
        ("currencies", "amounts with a currency or percent sign"),
    ):
        if profile.share(pattern) and profile.matching[pattern] + profile.matching["numbers"] >= profile.plain:
            said.append(f"{_of(profile, pattern)} are {what}, which are not read as numbers")
    half = 0.5
    if not said and half < profile.share("numbers") < 1:
        said.append(f"{_of(profile, 'numbers')} are numbers; the others keep the column text")
    return said
