"""What changes in one column between two versions of a contract: (severity, place, what, effect) each; see `compatibility`."""

from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal, InvalidOperation

from tidegate.contracts.contract import Column, ColumnType, Kind, Privacy

LATER = "until their files are replayed"
_Found = tuple[str, str, str, str]
#: How much of a value the table shows, least first.
_SHOWS = (
    Privacy.DROP, Privacy.REDACT, Privacy.TOKENISE, Privacy.AGE10, Privacy.YEAR, Privacy.MONTH, Privacy.ZIP3_SAFE, Privacy.ZIP3,
    Privacy.AGE90, Privacy.DATE_SHIFT, Privacy.KEEP,
)  # fmt: skip
_LOW, _HIGH = ("minimum", "exclusive_minimum", "min_length"), ("maximum", "exclusive_maximum", "max_length")
_BOUNDS = {
    "minimum": "minimum",
    "exclusive_minimum": "exclusiveMinimum",
    "min_length": "minLength",
    "maximum": "maximum",
    "exclusive_maximum": "exclusiveMaximum",
    "max_length": "maxLength",
}
_OWN_RULES = {
    "name", "type", "required", "primary_key", "sources", "from_key", "formats", "default_timezone", "null_values", "privacy",
    "privacy_when", "valid_values", "pattern", "classification", "description", "partition", *_BOUNDS,
}  # fmt: skip
_REFUSED = "records that were accepted are quarantined, old ones when they are replayed"


def column_changes(old: Column, new: Column) -> Iterator[_Found]:
    """The differences of a column that both versions have."""
    for severity, part, what, effect in _parts(old, new):
        yield severity, f"columns.{new.name}.{part}" if part else f"columns.{new.name}", what, effect


def _parts(old: Column, new: Column) -> Iterator[_Found]:
    yield from _type(old.type, new.type)
    yield from _sources(old, new)
    yield from _reading(old, new)
    yield from _checks(old, new)
    yield from _bounds(old, new)
    yield from _privacy(old, new)
    for field in fields(Column):
        if field.name not in _OWN_RULES and getattr(old, field.name) != getattr(new, field.name):
            yield "careful", field.name, "changed", f"rows that were loaded stay as they were {LATER}"


def _type(old: ColumnType, new: ColumnType) -> Iterator[_Found]:
    if old == new:
        return
    what = f"{_type_name(old)} became {_type_name(new)}"
    if old.kind is new.kind is Kind.DECIMAL and old.scale == new.scale and new.precision > old.precision:
        yield "safe", "type", what, "the tables grow with it; readers that have room for fewer digits need more"
    else:
        yield "breaking", "type", what, "the table refuses it: give the column another name, or make the tables anew"


def _type_name(type_: ColumnType) -> str:
    return f"decimal({type_.precision},{type_.scale})" if type_.kind is Kind.DECIMAL else type_.kind.value


def _sources(old: Column, new: Column) -> Iterator[_Found]:
    if (old.from_key is None) != (new.from_key is None):
        where = "the object's key" if new.from_key is not None else "the file"
        yield "breaking", "fromKey", f"the value now comes from {where}", "files that lack it there are refused or bring nulls"
    elif old.from_key != new.from_key:
        yield "careful", "fromKey", "changed", "keys that matched may be refused, old ones when they are replayed"
    gone = [name for name in old.sources if name not in new.sources]
    if gone and new.from_key is None:
        refused = new.required or new.primary_key
        effect = "files of that header are refused" if refused else "files of that header bring nulls"
        yield (
            "breaking",
            "transformSourceObjects",
            f"no longer read from {', '.join(gone)}",
            f"{effect}, old ones when they are replayed",
        )
    elif set(new.sources) - set(old.sources) and old.from_key is None:
        yield "safe", "transformSourceObjects", "one more name", "files that had no such column may have it now"
    elif old.sources != new.sources and new.from_key is None and old.from_key is None:
        yield "careful", "transformSourceObjects", "in another order", "a file with several of them is read from another one"


def _reading(old: Column, new: Column) -> Iterator[_Found]:
    if old.formats != new.formats and old.type.kind is new.type.kind:
        gone = set(old.formats) - set(new.formats) or (new.formats and not old.formats)
        if gone:
            yield "breaking", "formats", "fewer of them", _REFUSED
        elif set(old.formats) == set(new.formats):
            yield "careful", "formats", "in another order", "a text that several of them read may become another date"
        else:
            yield (
                "safe" if old.formats == new.formats[: len(old.formats)] else "careful",
                "formats",
                "more of them",
                "more texts are dates",
            )
    if old.default_timezone != new.default_timezone and old.type.kind is new.type.kind:
        effect = f"the same text is another instant than in rows that were loaded {LATER}"
        yield "breaking", "defaultTimezone", f"{old.default_timezone} became {new.default_timezone}", effect
    if set(old.null_values) != set(new.null_values):
        more = bool(set(new.null_values) - set(old.null_values))
        refuses = more and (new.required or new.primary_key)
        effect = (
            "records with such a text are quarantined"
            if refuses
            else f"such a text is read in another way than in rows that were loaded {LATER}"
        )
        yield "breaking" if refuses else "careful", "nullValues", "more of them" if more else "fewer of them", effect


def _checks(old: Column, new: Column) -> Iterator[_Found]:
    if new.required and not old.required:
        yield (
            "breaking",
            "required",
            "now required",
            "records without it are quarantined and files without it refused, old ones when they are replayed",
        )
    if old.required and not new.required:
        yield "careful", "required", "no longer required", "readers may meet nulls"
    if set(old.valid_values) != set(new.valid_values):
        narrower = bool(new.valid_values) and (not old.valid_values or bool(set(old.valid_values) - set(new.valid_values)))
        effect = _REFUSED if narrower else "readers may meet values that they do not know"
        yield "breaking" if narrower else "careful", "validValues", "fewer of them" if narrower else "more of them", effect
    if old.pattern != new.pattern:
        gone = new.pattern is None
        yield (
            "safe" if gone else "breaking",
            "pattern",
            "gone" if gone else "changed",
            "more texts are accepted" if gone else _REFUSED,
        )


def _bounds(old: Column, new: Column) -> Iterator[_Found]:
    for name, word in _BOUNDS.items():
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        wider = after is None or (before is not None and _is_wider(str(before), str(after), low=name in _LOW))
        effect = "more values are accepted" if wider else _REFUSED
        yield "safe" if wider else "breaking", word, f"{before} became {after}", effect


def _is_wider(before: str, after: str, *, low: bool) -> bool:
    """Whether a bound lets more through. Dates and times compare as texts in the notation that bounds are written in."""
    try:
        return Decimal(after) <= Decimal(before) if low else Decimal(after) >= Decimal(before)
    except InvalidOperation:
        return after <= before if low else after >= before


def _privacy(old: Column, new: Column) -> Iterator[_Found]:
    if old.privacy is not new.privacy:
        shown = _SHOWS.index(new.privacy) > _SHOWS.index(old.privacy)
        what = f"{old.privacy} became {new.privacy}"
        stay = f"rows that were loaded stay as they were {LATER}"
        if old.primary_key and new.primary_key:
            yield "breaking", "privacy", what, "old and new rows of one key have different texts: silver has to be rebuilt"
        elif shown:
            yield "breaking", "privacy", f"{what}, weaker", f"values that were hidden are shown; {stay}"
        else:
            yield "careful", "privacy", f"{what}, stronger", f"{stay}, and in the tables' history after that"
    if old.privacy_when != new.privacy_when:
        weaker = new.privacy_when is not None and new.privacy is not Privacy.KEEP
        effect = "values that were hidden may be shown" if weaker else f"rows that were loaded stay as they were {LATER}"
        yield "breaking" if weaker else "careful", "privacyWhen", "changed", effect
    if old.classification != new.classification and old.privacy is new.privacy:
        yield "safe", "classification", f"{old.classification} became {new.classification}", "the table holds the same"
