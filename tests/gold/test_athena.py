"""Gold on Athena is gold on DuckDB: every mart of the same lake has the same rows, whichever builds it."""

from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from pyiceberg.catalog import load_catalog

from local.gold import DBT, PROJECT, ROOT
from scripts.gold_sources import named
from tests.gold.conftest import STACK, Laptop
from tests.gold.runs import Done, dbt
from tidegate.tables.mirror import mirror

GOLD = f"{STACK}_gold"


UNTESTED = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")  # made-up rows break rules


@pytest.fixture(scope="module")
def on_athena(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Done:
    return dbt(tmp_path_factory.mktemp("athena"), "build", *UNTESTED, target="athena", **laptop.environment)


@pytest.fixture(scope="module")
def on_duckdb(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    room = tmp_path_factory.mktemp("duckdb")
    file = room / "gold.duckdb"
    mirror(named(), laptop.lake, STACK, file, room / "copies")
    done = dbt(room, "build", *UNTESTED, target="duckdb", TIDEGATE_GOLD_FILE=str(file), TIDEGATE_STACK=STACK)
    assert done.code == 0, done.said
    return file


def test_every_model_is_built(on_athena: Done) -> None:
    assert on_athena.code == 0, on_athena.said


@pytest.mark.usefixtures("on_athena")
def test_every_rule_of_ours_finds_what_it_finds_on_duckdb(laptop: Laptop, on_duckdb: Path, tmp_path: Path) -> None:
    ours = ("--select", *(f"test_name:{path.stem}" for path in sorted((PROJECT / "tests/generic").glob("*.sql"))))
    here = dbt(tmp_path / "athena", "test", *ours, target="athena", **laptop.environment).failures()
    there = dbt(
        tmp_path / "duckdb", "test", *ours, target="duckdb", TIDEGATE_GOLD_FILE=str(on_duckdb), TIDEGATE_STACK=STACK
    ).failures()
    assert here == there
    assert any(here.values())
    assert not all(here.values())


def test_every_mart_has_the_rows_that_duckdb_gives(laptop: Laptop, on_athena: Done, on_duckdb: Path) -> None:
    marts = [name for name, node in on_athena.nodes().items() if node["config"]["materialized"] == "table"]
    assert marts
    differing = [name for name in marts if on_glue(laptop, name) != in_file(on_duckdb, name)]
    assert differing == []
    assert [name for name in marts if len(in_file(on_duckdb, name)[1]) < 2] == []


@pytest.mark.usefixtures("on_athena")
def test_it_is_built_again_by_itself_and_where_the_system_has_no_semaphores(laptop: Laptop, tmp_path: Path) -> None:
    """As in a Lambda: dbt by itself fails there, with locks of threads not. A table is made beside the old one and takes its name."""
    python = [str(DBT.with_name("python")), str(ROOT / "tests/gold/without_semaphores.py")]
    alone = dbt(tmp_path, "run", "--select", "dim_payer", target="athena", command=python, **laptop.environment)
    assert (alone.code, "Function not implemented" in alone.said) == (1, True)
    before, places = on_glue(laptop, "dim_payer"), catalogued(laptop)
    threads = dbt(tmp_path, "run", "--select", "dim_payer", target="athena", command=[*python, "--threads"], **laptop.environment)
    assert threads.code == 0, threads.said
    assert on_glue(laptop, "dim_payer") == before
    after = catalogued(laptop)
    assert set(after) == set(places)  # nothing is left of the swap
    assert [name for name in after if after[name] != places[name]] == ["dim_payer"]


def catalogued(laptop: Laptop) -> dict[str, str]:
    """The places of gold's tables, by name."""
    glue = boto3.client("glue", endpoint_url=laptop.settings.endpoint)
    return {table["Name"]: table["StorageDescriptor"]["Location"] for table in glue.get_tables(DatabaseName=GOLD)["TableList"]}


def on_glue(laptop: Laptop, name: str) -> tuple[list[str], list[str]]:
    """A mart's columns and rows, as anyone reads them who knows Iceberg and Glue."""
    options = {"type": "glue", "client.region": "us-east-1", "s3.region": "us-east-1", "s3.endpoint": laptop.settings.endpoint}
    table = load_catalog("gold", **options).load_table(f"{GOLD}.{name}").scan().to_arrow()
    return table.column_names, sorted(map(repr, zip(*(column.to_pylist() for column in table.columns), strict=True)))


def in_file(file: Path, name: str) -> tuple[list[str], list[Any]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        table = connection.sql(f"FROM {GOLD}.{name}").to_arrow_table()
    return table.column_names, sorted(map(repr, zip(*(column.to_pylist() for column in table.columns), strict=True)))
