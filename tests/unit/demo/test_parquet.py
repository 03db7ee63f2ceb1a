"""The demo's files, sent as Parquet with types: every table ends with the rows that it has from CSV."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.demo.recount import dataset_of, has_rows
from tests.unit.engine.rig import KEY, field_ids
from tidegate.contracts.contract import Contract, Format, Privacy
from tidegate.contracts.parse import parse_contract
from tidegate.contracts.rules import Rules
from tidegate.engine import Keyring, Limits, Output, StagedFile, inspect, run
from tidegate.engine.values import LINEAGE

ROOT = Path(__file__).resolve().parents[3]
Plan = dict[str, Any]


def contract_of(dataset: str) -> Contract:
    """Return the contract that is shipped for a dataset, or the newest of the demo."""
    domain, name = dataset.split(".")
    shipped = ROOT / "contracts" / domain / f"{name}.odcs.yaml"
    path = shipped if shipped.exists() else max((ROOT / "demo" / "contracts").glob(f"{name}-*.odcs.yaml"))
    return replace(parse_contract(path.read_text("utf-8"), path.name), rules=Rules())


def load(folder: Path, contract: Contract, files: Sequence[StagedFile]) -> tuple[Output, pa.Table]:
    """Run the engine; return its output and the accepted rows."""
    whole = contract.with_columns(*inspect(contract, files).extra_columns)
    output = run(
        contract,
        files,
        field_ids=field_ids(whole),
        keyring=Keyring("k1", KEY),
        run_id="r",
        workdir=folder,
        limits=Limits(memory_mb=256, threads=1),
    )
    return output, pq.read_table(output.accepted)


def typed_files(folder: Path, contract: Contract, files: Sequence[StagedFile]) -> list[StagedFile]:
    """Write the good rows of CSV files as Parquet files with the columns' types, under the names that the CSV files have for them."""
    open_ = replace(contract, columns=tuple(replace(c, privacy=Privacy.KEEP, privacy_when=None) for c in contract.columns))
    output, rows = load(folder / "open", open_, files)
    headers = {plan.file.file_id: plan.header for plan in inspect(contract, files).plans}
    whole = open_.with_columns(*output.extra_columns)
    written = []
    for file in files:
        mine = rows.filter(pa.compute.equal(rows["_file_id"], file.file_id)).sort_by("_record")
        names = {c.name: next((s for s in c.sources if s in headers[file.file_id]), None) for c in whole.columns}
        sent = {source: mine[name] for name, source in names.items() if source is not None}
        path = folder / f"{file.file_id}.parquet"
        pq.write_table(pa.table(sent).replace_schema_metadata(None), path, row_group_size=500)
        written.append(replace(file, path=path))
    return written


def test_tables_are_the_same_from_parquet_as_from_csv(out: Path, drops: list[Plan], tmp_path: Path) -> None:
    by_dataset: dict[str, list[Plan]] = defaultdict(list)
    for drop in (d for d in drops if has_rows(d)):
        by_dataset[dataset_of(drop)].append(drop)
    compared = 0
    for dataset, mine in by_dataset.items():
        contract = contract_of(dataset)
        files = [StagedFile(f"f{d['step']}", d["key"], "v", f"{d['step']:06}", out / d["path"]) for d in mine]
        folder = tmp_path / dataset
        folder.mkdir()
        sent, wanted = load(folder / "csv", contract, files)
        refused = {result.file_id for result in sent.files if result.refused}
        good = [file for file in files if file.file_id not in refused]
        output, found = load(folder / "parquet", replace(contract, format=Format.PARQUET), typed_files(folder, contract, good))
        assert [f.refused or f.rows_quarantined for f in output.files] == [0] * len(good), dataset
        names = [name for name in wanted.column_names if name != "_record"]  # rejected rows were not sent again
        assert found.schema.types == wanted.schema.types
        assert set(found.column_names) == {*names, "_record"} >= set(LINEAGE)
        ordered = [("_arrival", "ascending"), ("_record", "ascending")]
        assert found.sort_by(ordered).select(names).equals(wanted.sort_by(ordered).select(names)), dataset
        compared += found.num_rows
    assert compared > 1_000


@pytest.mark.parametrize("dataset", ["healthcare.patients", "healthcare.encounters", "covid.states_daily", "covid.jhu_daily"])
def test_contracts_differ_in_nothing_but_the_format(dataset: str) -> None:
    domain, name = dataset.split(".")
    text = (ROOT / "contracts" / domain / f"{name}.odcs.yaml").read_text("utf-8")
    assert "format: csv" in text
    sent = text.replace(', delimiter: ","', "").replace("format: csv", "format: parquet", 1)
    assert parse_contract(sent, name).format is Format.PARQUET
