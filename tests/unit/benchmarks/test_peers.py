"""What the peers know of the contract is the contract, and one that is careless with a cast is found out."""

import shutil
from pathlib import Path

import pytest

from benchmarks.data import planted, write_rows
from benchmarks.same import differences, reasons_of, shaped
from benchmarks.work import claims, load_duckdb, ours
from tidegate.contracts.contract import Kind
from tidegate.engine import Limits

ROWS = 11_000


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files and, in `ours`, what our engine made of them."""
    folder = tmp_path_factory.mktemp("loaded")
    (folder / "files").mkdir()
    (folder / "ours").mkdir()
    write_rows(folder / "files" / "claims.csv", ROWS)
    limits, contract = Limits(memory_mb=512, threads=1), ours.read_contract()
    output = ours.rows(contract, [folder / "files" / "claims.csv"], folder / "ours", limits)
    assert output.accepted is not None
    ours.fold(contract, output.accepted, folder / "ours", limits)
    shaped(folder / "ours")
    return folder


def by_hand(loaded: Path, out: Path) -> str:
    load_duckdb.main(loaded / "files", out)
    return differences(loaded / "ours", out)


def test_our_engine_rejects_what_was_planted_and_nothing_else(loaded: Path) -> None:
    assert reasons_of(loaded / "ours") == planted(ROWS)


def test_careful_peer_makes_the_same(loaded: Path, tmp_path: Path) -> None:
    assert by_hand(loaded, tmp_path) == ""


@pytest.mark.parametrize("guard", ["WHOLE", "REAL"])
def test_peer_without_a_guard_takes_a_value_that_is_none_and_is_found_out(
    loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    monkeypatch.setattr(claims, guard, ".*")
    assert "are not ours" in by_hand(loaded, tmp_path)


def test_peer_with_another_key_has_other_masks_and_is_found_out(
    loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "KEY", b"another key")
    assert by_hand(loaded, tmp_path).startswith("accepted.parquet")


def test_output_of_several_files_is_compared_as_one(loaded: Path, tmp_path: Path) -> None:
    shutil.copytree(loaded / "ours", tmp_path / "theirs")
    for name in ("accepted", "rejected", "newest"):
        path = tmp_path / "theirs" / f"{name}.parquet"
        moved = path.rename(tmp_path / f"{name}.one")
        path.mkdir()
        moved.rename(path / "part-0.parquet")
    assert differences(loaded / "ours", tmp_path / "theirs") == ""


def test_peers_check_what_the_contract_says() -> None:
    columns = {c.name: c for c in ours.read_contract().columns}
    assert tuple(columns) == claims.COLUMNS
    kinds = {kind: tuple(n for n, c in columns.items() if c.type.kind is kind) for kind in Kind}
    assert {n: (columns[n].type.precision, columns[n].type.scale) for n in kinds[Kind.DECIMAL]} == claims.DECIMALS
    assert kinds[Kind.INTEGER] == claims.INTEGERS
    assert {n: c.valid_values for n, c in columns.items() if c.valid_values} == claims.VALID
    assert {n: c.pattern for n, c in columns.items() if c.pattern} == claims.PATTERNS
    assert {n: c.max_length for n, c in columns.items() if c.max_length} == claims.LONGEST
    assert tuple(n for n, c in columns.items() if c.required and not c.primary_key) == claims.REQUIRED
    assert columns["units"].maximum == str(claims.MOST_UNITS)
    assert ours.KEY == claims.KEY
    assert claims.token("x") != claims.token("y")
