"""Real public files through the deployed stack, compared with a reading by Python's csv module."""

import csv
import io
from collections import defaultdict
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import awswrangler as wr
import pytest
import yaml

from local.laptop import ROOT, Laptop
from tests.e2e.conftest import SHARED

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not here")

SYNTHEA = sorted(p.stem for p in (SHARED / "synthea").glob("*.csv"))
DATASETS = [*(f"healthcare.{name}" for name in SYNTHEA), "covid.jhu_daily", "covid.states_daily"]


def sources_of(dataset: str) -> list[Path]:
    domain, name = dataset.split(".")
    if domain == "healthcare":
        return [SHARED / "synthea" / f"{name}.csv"]
    if name == "jhu_daily":
        return sorted((SHARED / "covid" / "jhu_daily").glob("*.csv"))
    return [SHARED / "covid" / "testing" / f"{name}.csv"]


@pytest.fixture(scope="module")
def loaded(laptop: Laptop) -> Laptop:
    for dataset in DATASETS:
        for path in sources_of(dataset):
            laptop.put(f"{dataset.replace('.', '/')}/delta/{path.name}", path.read_bytes())
    laptop.rest(600)
    return laptop


def test_every_file_is_loaded_and_every_receipt_balances(loaded: Laptop) -> None:
    names = {path.name for dataset in DATASETS for path in sources_of(dataset)}
    files = [f for f in loaded.json("files") if f["key"].rsplit("/", 1)[-1] in names and f["dataset"] in DATASETS]
    assert len(files) == 18 + 131 + 1
    assert {(f["key"], f["state"], f["reason"]) for f in files if f["state"] != "LOADED"} == set()
    for f in files:
        assert f["rows_read"] == f["rows_accepted"] + f["rows_quarantined"] > 0
        assert f["rows_quarantined"] == 0, f["key"]


def test_every_run_balances(loaded: Laptop) -> None:
    for run in loaded.json("runs"):
        if run["dataset"] in DATASETS:
            fates = ("rows_inserted", "rows_updated", "rows_unchanged", "rows_superseded")
            assert run["state"] == "SUCCEEDED"
            assert run["rows_accepted"] == sum(run[f] for f in fates)


@pytest.mark.parametrize("dataset", DATASETS)
def test_table_equals_a_reading_by_the_csv_module(loaded: Laptop, dataset: str) -> None:
    """Row count, nulls of each column and sums of each number, in bronze and silver, without our engine on the other side."""
    wanted = independent(dataset)
    table, outputs = dataset.replace(".", "_"), loaded.stack.outputs
    for database in (outputs["SilverDatabase"], outputs["BronzeDatabase"]):
        frame = wr.athena.read_sql_query(
            f'SELECT * FROM "{table}"',
            database,
            ctas_approach=False,
            athena_query_wait_polling_delay=0.1,
            workgroup=outputs["Workgroup"],
        )
        assert len(frame) == wanted["rows"]
        for column, nulls in wanted["nulls"].items():
            assert int(frame[column].isna().sum()) == nulls, f"{database}.{table}.{column}"
        for column, total in wanted["sums"].items():
            found = sum((Decimal(str(v)) * int(times) for v, times in frame[column].value_counts().items()), Decimal(0))
            assert found == total, f"{database}.{table}.{column}"


def independent(dataset: str) -> dict[str, Any]:
    """Read the files with the csv module and a plain reading of the contract's YAML."""
    domain, name = dataset.split(".")
    contract = yaml.safe_load((ROOT / "contracts" / domain / f"{name}.odcs.yaml").read_text())
    everywhere = next((p["value"] for p in contract["customProperties"] if p["property"] == "nullValues"), [])
    columns = [(c, {p["property"]: p["value"] for p in c.get("customProperties", [])}) for c in contract["schema"][0]["properties"]]
    rows = 0
    nulls: dict[str, int] = defaultdict(int)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for path in sources_of(dataset):
        for record in csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")):
            rows += 1
            for column, extra in columns:
                text = _value(record, column) if "fromKey" not in extra else path.name
                is_null = text in ("", *everywhere, *extra.get("nullValues", [])) or _redacted(column, extra)
                nulls[column["name"]] += is_null
                if column["logicalType"] in ("integer", "number") and not is_null:
                    sums[column["name"]] += _number(text, path)
    return {"rows": rows, "nulls": nulls, "sums": sums}


def _value(record: dict[str, str], column: dict[str, Any]) -> str:
    present = [s for s in column["transformSourceObjects"] if s in record]
    return record[present[0]] if present else ""


def _redacted(column: dict[str, Any], extra: dict[str, Any]) -> bool:
    return extra.get("privacy") == "redact" or (column.get("classification") == "sensitive" and "privacy" not in extra)


def _number(text: str, path: Path) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        pytest.fail(f"{path.name} has {text!r} in a numeric column")
