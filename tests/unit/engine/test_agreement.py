"""The engine and the reference read the same files in the same way: rows, types, reasons, raw bytes, record numbers, books, refusals."""

import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.cases import drawn, load, save
from tests.fuzz.compare import differences
from tests.fuzz.draw_contracts import draw_contract
from tests.fuzz.draw_files import draw_batch
from tests.fuzz.judge import judge, unsteady
from tidegate.engine import check_contract

SMALL = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@SMALL
@given(st.randoms(use_true_random=False))
def test_engine_reads_a_file_as_the_reference_does(dice: Random) -> None:
    contract = draw_contract(dice)
    batch = draw_batch(dice, contract, 2)
    with tempfile.TemporaryDirectory() as folder:
        assert differences(contract, batch, Path(folder)) == []


@pytest.mark.parametrize("seed", range(24))
def test_file_in_a_batch_is_read_as_the_reference_reads_it(seed: int) -> None:
    assert judge(drawn(seed, 30)) == []


def test_every_drawn_contract_is_one_that_could_be_published() -> None:
    for seed in range(60):
        check_contract(drawn(seed, 0).contract)


@pytest.mark.parametrize("seed", range(3))
def test_same_batch_gives_the_same_rows_again(seed: int) -> None:
    assert unsteady(drawn(seed, 20)) == []


def test_kept_case_is_read_back_as_it_was(tmp_path: Path) -> None:
    for seed in range(40):
        save(drawn(seed, 3), [], tmp_path / "case.json")
        assert load(tmp_path / "case.json") == drawn(seed, 3)
