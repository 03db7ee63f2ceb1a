"""A lake of made-up rows: what the columns' names and types say, drawn from few values so that keys meet, the same for the same seed."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pyarrow as pa
from pyiceberg.schema import Schema
from pyiceberg.types import BooleanType, DateType, DecimalType, DoubleType, IcebergType, LongType, TimestampType, TimestamptzType

from scripts.gold_sources import contracts, named
from tidegate.aws.iceberg import GlueLake
from tidegate.contracts.contract import Contract

LAYERS = ("bronze", "silver", "quarantine")
FIRST = datetime(2024, 1, 1, 12, 30, 15, 123_456, tzinfo=UTC)
FILES = 6  # of a table in bronze; the third and the fifth are full loads
LOADS = ("", "", "full-1", "", "full-2", "")


# What a value of a type is made of
MADE: dict[type, Callable[[random.Random, Any], Any]] = {
    BooleanType: lambda dice, _: dice.random() < 0.5,
    LongType: lambda dice, _: dice.randrange(-5, 1000),
    DoubleType: lambda dice, _: dice.randrange(0, 4000) / 8,
    DecimalType: lambda dice, kind: Decimal(dice.randrange(0, 10**6)).scaleb(-kind.scale),
    DateType: lambda dice, _: FIRST.date() + timedelta(days=dice.randrange(0, 400)),
    TimestampType: lambda dice, _: FIRST.replace(tzinfo=None) + timedelta(microseconds=dice.randrange(90_000_000_000)),
    TimestamptzType: lambda dice, _: FIRST + timedelta(microseconds=dice.randrange(90_000_000_000)),
}


def lake(stack: str, bucket: str, rows: int = 40) -> GlueLake:
    """Make the tables that gold reads in the environment's AWS, each with rows."""
    session = boto3.Session()
    s3, glue = session.client("s3"), session.client("glue")
    s3.create_bucket(Bucket=bucket)
    for layer in LAYERS:
        glue.create_database(DatabaseInput={"Name": f"{stack}_{layer}"})
    made = GlueLake(stack, bucket, s3, glue)
    known = contracts()
    for layer, table in named():
        made.open(_whole(known[table]))
        opened = made.load(layer, table)
        content = drawn(opened.schema(), known[table].primary_key, layer, rows, random.Random(f"{layer}.{table}"))  # noqa: S311 - test data
        opened.append(pa.Table.from_pylist(content, schema=opened.schema().as_arrow()))
    return made


def _whole(contract: Contract) -> Contract:
    """The contract without partitions, of which a data file may have only one."""
    return replace(contract, columns=tuple(replace(column, partition=None) for column in contract.columns))


def drawn(schema: Schema, key: Sequence[str], layer: str, rows: int, dice: random.Random) -> list[dict[str, Any]]:
    """Rows of a table: in silver one for each key, in bronze several of it, in files that arrived one after another."""
    found: dict[Any, dict[str, Any]] = {}
    for number in range(rows):
        row = {field.name: _value(field.name, field.field_type, dice) for field in schema.fields if not field.name.startswith("_")}
        file = dice.randrange(FILES)
        arrival = f"{int((FIRST + timedelta(hours=file, microseconds=file)).timestamp() * 1_000_000):016d}-{file:08d}"
        row |= {name: row[name] if row[name] is not None else _value(name, schema.find_type(name), dice, 1.0) for name in key}
        row |= {"_object_key": f"delta/{file}.csv", "_version_id": "v1", "_file_id": f"file-{file}", "_record": number, "_arrival": arrival,
                "_load_id": LOADS[file], "_run_id": "run-1", "_contract_version": "1.0.0"}  # fmt: skip
        if layer == "bronze" and key:  # in one file the last row of a key is the only one
            found[file, *(row[name] for name in key)] = row
        else:
            found[tuple(row[name] for name in key) or number] = row
    return list(found.values())


def _value(name: str, kind: IcebergType, dice: random.Random, there: float = 0.9) -> Any:
    if dice.random() > there:
        return None
    if make := MADE.get(type(kind)):
        return make(dice, kind)
    if entity := re.search(r"([a-z]+)(_[0-9])?_id$", name):  # of an entity the same few everywhere
        return f"{entity[1]}-{dice.randrange(9)}"
    return dice.choice(
        [f"{name}-{dice.randrange(4)}", str(dice.randrange(100)), "12.5", "-7", "", "numeric", 'Zoë \'n "co"', "NaN", "1e5"]
    )
