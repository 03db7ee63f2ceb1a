"""The engine and the reference read the same files in the same way: rows, types, reasons, raw bytes, record numbers, books, refusals."""

import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.awkward.contracts import column, contract
from tests.fuzz.cases import Case, drawn, load, save
from tests.fuzz.compare import differences
from tests.fuzz.draw_contracts import draw_contract
from tests.fuzz.draw_files import draw_batch
from tests.fuzz.judge import judge, unsteady
from tests.reference.batch import Given
from tidegate.contracts.contract import Column, ColumnType, Contract, CsvFormat, Kind
from tidegate.engine import check_contract

KEYED = Column("day", ColumnType(Kind.DATE), from_key=r"(x+)\.csv$")
SMALL = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@SMALL
@given(st.randoms(use_true_random=False))
def test_engine_reads_a_file_as_the_reference_does(dice: Random) -> None:
    of = draw_contract(dice)
    files = draw_batch(dice, of, 2)
    with tempfile.TemporaryDirectory() as folder:
        assert differences(of, files, Path(folder)) == []


@pytest.mark.parametrize("seed", range(20))
def test_file_in_a_batch_is_read_as_the_reference_reads_it(seed: int) -> None:
    assert judge(drawn(seed, 30)) == []


def test_every_drawn_contract_is_one_that_could_be_published() -> None:
    for seed in range(30):
        check_contract(drawn(seed, 0).contract)


MENDED = {
    "surplus empty field beside escaped quotes": (
        contract(column("a"), column("b"), csv=CsvFormat(quote="'", escape="\\")),
        b"a,b\n'a\\'','x\\''\n1,2,\n",
        "a",
    ),
    "bad key and bad record in one file": (contract(column("a"), KEYED), b"a\n1,2\n", "xx"),
}


@pytest.mark.parametrize(("of", "content", "key"), MENDED.values(), ids=list(MENDED))
def test_engine_is_as_the_reference_where_it_once_was_not(of: Contract, content: bytes, key: str) -> None:
    assert judge(Case(of, (Given(f"shop/sales/delta/{key}.csv", content),))) == []


@pytest.mark.parametrize("seed", range(3))
def test_same_batch_gives_the_same_rows_again(seed: int) -> None:
    assert unsteady(drawn(seed, 20)) == []


def test_kept_case_is_read_back_as_it_was(tmp_path: Path) -> None:
    for seed in range(40):
        save(drawn(seed, 3), [], tmp_path / "case.json")
        assert load(tmp_path / "case.json") == drawn(seed, 3)
