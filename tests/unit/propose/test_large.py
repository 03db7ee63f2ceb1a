"""Samples that are long or wide."""

from pathlib import Path

from tests.unit.propose.samples import comment_of, proposed
from tidegate.contracts.contract import Kind
from tidegate.contracts.parse import parse_contract


def test_long_file_is_cut_behind_a_whole_record_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    filler = "x" * 60
    with path.open("w", encoding="utf-8") as file:
        file.write("id,note\n")
        file.writelines(f'{n:07d},"{filler}\n{filler}, ""{n}"""\n' for n in range(20_000))
    done = proposed(tmp_path, [path], limit=1 << 20)
    assert done.rejected == ()
    assert 5_000 < done.rows_read == done.rows_accepted < 20_000
    assert f"only the first {done.rows_read:,} records were read" in done.text
    assert proposed(tmp_path / "whole", [path], limit=1 << 24).rows_read == 20_000


def test_a_thousand_columns(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    lines = [",".join(f"Col {i}" for i in range(1_000))]
    lines += [",".join("2020-01-31" if i % 3 == 0 else f"{n}.5" if i % 3 == 1 else "word" for i in range(1_000)) for n in range(4)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = proposed(tmp_path, [path])
    parsed = parse_contract(done.text, "wide")
    assert (done.rows_read, done.rows_accepted, len(parsed.columns)) == (4, 4, 1_000)
    assert [c.type.kind for c in parsed.columns[:3]] == [Kind.DATE, Kind.DECIMAL, Kind.STRING]


def test_profiles_of_several_columns_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b,c\n1,,x\n2,,x\n,,y\n", encoding="utf-8")
    text = proposed(tmp_path, [path]).text
    assert "2 different in 2, 1 of 3 empty" in comment_of(text, "a")
    assert "empty in every row" in comment_of(text, "b")
    assert "2 different in 3, none empty" in comment_of(text, "c")
