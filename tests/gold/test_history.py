"""SCD2 by the macro equals a plain Python reference, however the rows were delivered, and a rebuild gives the same bytes."""

import datetime as dt
import json
import random
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from local.gold import DBT, PROJECT
from tests.gold.plain_history import BEGINNING, END, Sent, Version, history, moment
from tests.gold.warehouse import Warehouse

KEYS = 1_000
MOST_VERSIONS = 50
START = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - gold's timestamps are UTC without saying so
KINDS = {
    "id": "VARCHAR",
    "part": "BIGINT",
    "name": "VARCHAR",
    "amount": "DECIMAL(10,2)",
    "changed_at": "TIMESTAMP",
    "op": "VARCHAR",
    "_arrival": "VARCHAR",
    "_load_id": "VARCHAR",
    "_file_id": "VARCHAR",
    "_record": "BIGINT",
}

pytestmark = pytest.mark.skipif(not DBT.exists(), reason="dbt is not here: make .venvs/dbt/.ready")


def arrival(dice: random.Random, number: int) -> str:
    """When a file arrived: files of one second are not rare."""
    micros = int((START - dt.datetime(1970, 1, 1)).total_seconds() * 1_000_000)  # noqa: DTZ001
    return f"{micros + number * 3_600_000_000 + dice.randrange(2):016d}-f{number:05d}"


def generated(dice: random.Random, *, own_times: bool) -> list[Sent]:
    """Rows of bronze: changes of every key, shuffled into files of random sizes, some sent twice, with full loads between."""
    changes: list[tuple[tuple[object, ...], tuple[object, ...], dt.datetime, bool]] = []
    for number in range(KEYS):
        key: tuple[object, ...] = (f"k{number:04d}",) if own_times else (f"k{number:04d}", number % 3)
        for _ in range(dice.randint(1, MOST_VERSIONS)):
            values = (dice.choice(["ann", "bob", None, "", "é|'", "~", "a|"]), dice.choice(["1.00", "2.50", None]))
            at = START + dt.timedelta(hours=dice.randrange(0, 400), microseconds=dice.randrange(2))
            changes.append((key, values, at, own_times and dice.random() < 0.15))
    dice.shuffle(changes)
    sent: list[Sent] = []
    file = 0
    loads = (5, 6) if own_times else (30, 31, 75)  # one soon after the other; with times of their own they undo much
    while changes:
        file += 1
        here = changes[: dice.randint(1, 400)]
        changes = changes[len(here) :] + [again for again in here if dice.random() < 0.03]
        load = f"full-{file}" if file in loads else ""
        if load:
            here += [dice.choice(here) for _ in range(dice.randint(0, 50))]
        place = arrival(dice, file)
        for record, (key, values, at, deletes) in enumerate(here, start=1):
            when = at if own_times else moment(place)
            sent.append(Sent(key, values, when, deletes, place, load, f"f{file:05d}", record))
    return sent


def as_table(sent: list[Sent]) -> pa.Table:
    """Those rows as bronze has them."""
    return pa.table(
        {
            "id": [r.key[0] for r in sent],
            "part": pa.array([r.key[1] if len(r.key) > 1 else None for r in sent], pa.int64()),
            "name": [r.values[0] for r in sent],
            "amount": [r.values[1] for r in sent],
            "changed_at": [r.at if r.at != BEGINNING else None for r in sent],
            "op": ["D" if r.deletes else "U" for r in sent],
            "_arrival": [r.arrival for r in sent],
            "_load_id": [r.load for r in sent],
            "_file_id": [r.file for r in sent],
            "_record": [r.record for r in sent],
        }
    )


@pytest.fixture(scope="module")
def rows() -> dict[str, list[Sent]]:
    """What was sent: with the sender's own times and tombstones, and without. A few rows have no time."""
    dice = random.Random(6)  # noqa: S311 - no secret
    changes = generated(dice, own_times=True)
    nowhere = [Sent(r.key, r.values, BEGINNING, r.deletes, r.arrival, r.load, r.file, r.record + 1000) for r in changes[::501]]
    return {"changes": changes + nowhere, "arrivals": generated(dice, own_times=False)}


@pytest.fixture(scope="module")
def unshown(rows: dict[str, list[Sent]]) -> dict[str, dict[str, str]]:
    """Full loads without a row, and one whose first file has none: deltas came before its first row."""
    return {name: {"full-o'none": between(sent, 0.05), "full-empty": between(sent, 0.15)} for name, sent in rows.items()} | {
        "arrivals": {"full-30": between(rows["arrivals"], 0.2), "full-empty": between(rows["arrivals"], 0.97)}
    }


def between(sent: list[Sent], part: float) -> str:
    """An arrival after some part of all files."""
    files = sorted({row.arrival for row in sent})
    micros = int(files[int(len(files) * part)][:16]) + 1_800_000_000
    return f"{micros:016d}-f"


@pytest.fixture(scope="module")
def built(rows: dict[str, list[Sent]], unshown: dict[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return build(rows, unshown, tmp_path_factory.mktemp("history"))


def build(rows: dict[str, list[Sent]], unshown: dict[str, dict[str, str]], folder: Path) -> Warehouse:
    """Build the histories over some rows of bronze; the unit tests of the macro run with it."""
    shutil.copytree(Path(__file__).parent / "histories", folder / "project")
    (folder / "project/macros").symlink_to(PROJECT / "macros")
    warehouse = Warehouse("tidegate", folder, folder / "project")
    for name, sent in rows.items():
        warehouse.put(f"bronze.{name}", as_table(sent), KINDS)
    known = {"first_day": "1900-01-01", "end_day": "2101-01-01", "full_loads": unshown}
    warehouse.dbt("build", "--vars", json.dumps(known))
    return warehouse


@pytest.mark.parametrize(("model", "source", "key"), [("changed", "changes", ["id"]), ("arrived", "arrivals", ["id", "part"])])
def test_history_of_a_thousand_keys_is_that_of_the_plain_reference(
    built: Warehouse,
    rows: dict[str, list[Sent]],
    unshown: dict[str, dict[str, str]],
    model: str,
    source: str,
    key: list[str],
) -> None:
    found = built.query(
        f"SELECT {', '.join(key)}, name, amount::VARCHAR AS amount, recorded_at, valid_from, valid_to, is_deleted, is_current"  # noqa: S608
        f" FROM tidegate_gold.{model} ORDER BY {', '.join(key)}, valid_from"
    )
    width = len(key)
    listed = [tuple(row.values()) for row in found]
    versions = [Version(row[:width], row[width : width + 2], *row[width + 2 : -1]) for row in listed]
    wanted = history(rows[source], unshown[source])
    assert wanted != history(rows[source], {})
    assert len(wanted) > 10 * KEYS
    assert any(v.deleted for v in wanted)
    assert versions == wanted
    assert [row["is_current"] for row in found] == [v.end == END for v in wanted]


def test_rebuild_of_the_same_rows_in_another_order_gives_the_same_bytes(
    built: Warehouse, rows: dict[str, list[Sent]], unshown: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    dice = random.Random(7)  # noqa: S311 - no secret
    again = build({name: dice.sample(sent, len(sent)) for name, sent in rows.items()}, unshown, tmp_path)
    for model in ("changed", "arrived"):
        assert again.export(model, ["ALL"]) == built.export(model, ["ALL"])
