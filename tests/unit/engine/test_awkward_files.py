"""Every file of the awkward corpus ends as tests/cases/awkward.yaml says, law 3 holds, and what is rejected keeps the file's bytes."""

from pathlib import Path
from typing import Any

import pytest

from tests.awkward.check import CASES, check
from tests.awkward.make_files import all_files

FIELDS = {"file", "contract", "refused", "read", "quarantined", "values", "raw", "slow"}


def parameter(case: dict[str, Any]) -> Any:
    return pytest.param(case, id=f"{case['file']}-{case.get('contract', 'abc')}")


@pytest.mark.parametrize("case", [parameter(case) for case in CASES if not case.get("slow")])
def test_awkward_file_ends_as_it_should(tmp_path: Path, case: dict[str, Any]) -> None:
    check(tmp_path, case)


def test_every_awkward_file_has_its_case_and_every_case_its_file() -> None:
    assert {case["file"] for case in CASES} == all_files().keys()
    assert all(case.keys() <= FIELDS and ("refused" in case) != ("read" in case) for case in CASES)
