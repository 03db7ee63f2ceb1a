"""What formats say that are more than text: members of objects, and the types of columns."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tidegate.contracts.column_types import MAX_DIGITS
from tidegate.contracts.contract import NUMBER_KINDS, ColumnType, Format, Kind
from tidegate.contracts.json_paths import spell
from tidegate.engine import StagedFile
from tidegate.engine.parquet import type_name
from tidegate.propose.profile import Profile
from tidegate.propose.types import Typed

_MOST_MEMBERS = 50  # with more an object is a map, and its keys are values


def members(form: Format, names: Sequence[str], rows: Path | None) -> dict[str, tuple[str, ...]]:
    """Return the names below every column that holds nothing but objects; `names[i]` is the column `c<i>` of the rows."""
    if rows is None or form not in {Format.JSON, Format.PARQUET}:
        return {}
    found = {}
    with duckdb.connect() as connection:
        for number, name in enumerate(names):
            statement = f"SELECT c{number} AS text FROM read_parquet($1) WHERE c{number} IS NOT NULL"
            objects = f"SELECT count(*), count(*) FILTER (text LIKE '{{%' AND json_valid(text)) FROM ({statement})"
            texts, of_objects = connection.execute(objects, [str(rows)]).fetchall()[0]
            if not texts or texts != of_objects:
                continue
            keys = f"SELECT unnest(json_keys(text)) AS key, generate_subscripts(json_keys(text), 1) AS place FROM ({statement})"
            ordered = f"SELECT key FROM ({keys}) GROUP BY key ORDER BY min(place), key"
            inside = [key for (key,) in connection.execute(ordered, [str(rows)]).fetchall()]
            if 0 < len(inside) <= _MOST_MEMBERS:
                found[name] = tuple(_below(form, name, key) for key in inside)
    return found


def _below(form: Format, name: str, key: str) -> str:
    if form is Format.PARQUET:
        return f"{name}.{key}"
    spelled = spell(key)
    return f"{name}{'' if spelled.startswith('[') else '.'}{spelled}"


def declared_types(form: Format, files: Sequence[StagedFile], names: Sequence[str], rows: Path | None) -> Mapping[str, pa.DataType]:
    """Return the types that the files themselves give their columns, where they agree; `names` and `rows` are those of `members`."""
    if form is Format.EXCEL and rows is not None:
        return dict.fromkeys(_dates(names, rows), pa.date32())
    if form is not Format.PARQUET:
        return {}
    found: dict[str, set[pa.DataType]] = {}
    for file in files:
        for name, type_ in _leaves("", pq.read_schema(file.path)):
            found.setdefault(name, set()).add(type_)
    return {name: next(iter(types)) for name, types in found.items() if len(types) == 1}


def _dates(names: Sequence[str], rows: Path) -> list[str]:
    """The columns of which all texts are moments at midnight, which is how Excel keeps dates."""
    midnight = "regexp_full_match(c{}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T00:00:00')"
    tests = ", ".join(f"bool_and({midnight.format(number)})" for number in range(len(names)))
    with duckdb.connect() as connection:
        told = connection.execute(f"SELECT {tests} FROM read_parquet($1)", [str(rows)]).fetchall()[0]
    return [name for name, only_dates in zip(names, told, strict=True) if only_dates]


def _leaves(above: str, fields: Sequence[pa.Field]) -> list[tuple[str, pa.DataType]]:
    leaves = []
    for each in fields:
        name = f"{above}{each.name.strip()}"
        leaves += _leaves(f"{name}.", list(each.type)) if pa.types.is_struct(each.type) else [(name, each.type)]
    return leaves


def as_declared(typed: Typed, profile: Profile, type_: pa.DataType | None) -> Typed:
    """Return the type that a file gives a column, where its texts alone would look like another."""
    if type_ is None:
        return typed
    said, number = f"{type_name(type_)} in the files", typed.kind in NUMBER_KINDS
    if fixed := _fixed(type_):
        return Typed(fixed, (said,))
    if number and pa.types.is_floating(type_):
        return Typed(ColumnType(Kind.DOUBLE), (said,))
    if number and (pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)):
        return Typed(ColumnType(Kind.STRING), (f"text in the files, although all {profile.plain:,} are numbers",))
    return typed


def _fixed(type_: pa.DataType) -> ColumnType | None:
    """The table's type where there is no doubt."""
    if pa.types.is_timestamp(type_):
        return ColumnType(Kind.TIMESTAMPTZ if type_.tz else Kind.TIMESTAMP)
    if pa.types.is_decimal(type_):
        return ColumnType(Kind.DECIMAL, type_.precision, type_.scale) if 0 <= type_.scale <= type_.precision <= MAX_DIGITS else None
    tests = ((pa.types.is_boolean, Kind.BOOLEAN), (pa.types.is_date, Kind.DATE), (pa.types.is_time, Kind.TIME))
    return next((ColumnType(kind) for test, kind in tests if test(type_)), None)
