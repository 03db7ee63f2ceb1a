"""One row engine on one machine or many: whatever the files are, tasks give the rows, reasons, raw texts and books of a single run."""

from pathlib import Path
from random import Random

import pytest

from tests.awkward.check import CASES, GOOD_FILES, good_csv
from tests.awkward.contracts import CONTRACTS
from tests.awkward.make_files import all_files
from tests.fuzz.cases import drawn
from tests.fuzz.observe import Observed, observe
from tests.reference.batch import Given
from tests.spread import Serial, observe_spread
from tidegate.contracts.contract import Contract
from tidegate.errors import TidegateError
from tidegate.spark.workshop import Portions

#: Packed files are read whole, so these only take long: the engine's own tests have them.
BOMBS = {"zip bomb", "gzip bomb of rows", "zstd bomb"}


def both(
    contract: Contract, given: list[Given], folder: Path, portions: Portions
) -> tuple[Observed | str, Observed | str, Serial | None]:
    """What one machine makes of a batch, and what many do: observed, or the error."""
    (folder / "one").mkdir(parents=True)
    (folder / "many").mkdir()
    serial = None
    try:
        one: Observed | str = observe(contract, given, folder / "one")
        assert isinstance(one, Observed)
        one.rows.sort(key=lambda row: row[:2])
        one.rejects.sort(key=lambda row: row[:2])
    except TidegateError as error:
        one = f"{type(error).__name__}: {error}"
    try:
        many, serial = observe_spread(contract, given, folder / "many", portions)
    except TidegateError as error:
        return one, f"{type(error).__name__}: {error}", serial
    return one, many, serial


@pytest.mark.parametrize("case", [c for c in CASES if c["file"] not in BOMBS], ids=lambda case: case["file"])
def test_awkward_file_comes_to_the_same_in_tasks(case: dict[str, str], tmp_path: Path) -> None:
    contract = CONTRACTS[case.get("contract", "abc")]
    good = GOOD_FILES[case["contract"]]() if case.get("contract") in GOOD_FILES else good_csv(contract)
    odd = all_files()[case["file"]]()
    given = [Given("shop/sales/delta/good", good), Given("shop/sales/delta/odd", odd)]
    one, many, _ = both(contract, given, tmp_path, Portions(task=len(odd) // 4 + 40, splitting=60))
    assert many == one


@pytest.mark.parametrize("first", range(0, 40, 20))
def test_random_files_under_random_contracts_come_to_the_same_in_tasks(first: int, tmp_path: Path) -> None:
    split = 0
    for seed in range(first, first + 20):
        case = drawn(seed, 3)
        portions = Portions(task=Random(seed).choice([30, 80, 1000]), splitting=60)  # noqa: S311 - it has to come out the same
        one, many, serial = both(case.contract, list(case.given), tmp_path / str(seed), portions)
        assert many == one, seed
        split += serial is not None and "SurveyRange" in serial.performed
    assert split > 3
