"""Exported files are whole, private and never in the place of another; command lines that make no sense are refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tidegate.cli import app as cli
from tidegate.cli.export import write
from tidegate.errors import Permanent


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"mine")
    with pytest.raises(Permanent, match="exists already"):
        write(path, [b"theirs"], force=False)
    assert path.read_bytes() == b"mine"
    write(path, [b"theirs", b"!"], force=True)
    assert path.read_bytes() == b"theirs!"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - ours, without a text
        write(tmp_path / "x.csv", broken(), force=False)
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_can_read_an_exported_file(tmp_path: Path) -> None:
    write(tmp_path / "x.csv", [b"Ada"], force=False)
    assert (tmp_path / "x.csv").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "line",
    [
        ["show"],
        ["export"],
        ["retry"],
        ["retry", "--file", "a", "--whole"],
        ["retry", "--corrected", __file__, "--dataset", "a.b"],
        ["retry", "--corrected", __file__, "--file", "a", "--file", "b"],
        ["retry", "--corrected", "no-such-file", "--file", "a"],
    ],
)
def test_a_wrong_command_line_exits_with_two(line: list[str]) -> None:
    assert CliRunner().invoke(cli.app, ["quarantine", *line]).exit_code == 2
