import platform
from pathlib import Path

from benchmarks.machine import circumstances
from benchmarks.report import Section, in_markdown, on_screen, write_page

SECTION = Section(
    "A load", "What was done.", ("", "CPU s", "what"), (("ours", "1.00", "a | b"), ("peer", "", "**differs**")), ("A note.",)
)


def test_page_keeps_the_parts_of_cases_that_were_not_measured(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    write_page(page, {"a": ("Loads", [SECTION]), "f": ("Files", [SECTION])}, "Measured on Monday.")
    first = page.read_text()
    write_page(page, {"f": ("Files", [SECTION])}, "Measured on Tuesday.")
    second = page.read_text()
    assert first.count("Monday") == 2
    assert (second.count("Monday"), second.count("Tuesday")) == (1, 1)
    assert second.index("Monday") < second.index("Tuesday")
    assert second == first[: first.rindex("Monday")] + second[second.index("Tuesday") :]


def test_part_that_another_case_has_measured_too_leaves_the_page(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    write_page(page, {"a": ("Loads", [SECTION])}, "Measured on Monday.")
    write_page(page, {"c": ("Loads and peers", [SECTION])}, "Measured on Tuesday.", stale="a")
    assert "Monday" not in page.read_text()
    assert page.read_text().count("Tuesday") == 1


def test_page_that_is_written_again_does_not_grow(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    write_page(page, {"a": ("Loads", [SECTION])}, "Now.")
    once = page.read_text()
    write_page(page, {"a": ("Loads", [SECTION])}, "Now.")
    assert page.read_text() == once


def test_table_survives_a_bar_in_a_cell() -> None:
    assert "| ours | 1.00 | a \\| b |" in in_markdown(SECTION)


def test_screen_shows_every_cell_and_note() -> None:
    shown = on_screen(SECTION)
    assert all(word in shown for word in ("A load", "CPU s", "ours", "1.00", "differs", "A note."))
    assert "**" not in shown


def test_circumstances_name_neither_the_host_nor_a_path(tmp_path: Path) -> None:
    said = circumstances(3, tmp_path / "no-such-python")
    assert "medians of 3" in said
    assert "duckdb" in said
    assert platform.node() not in said
    assert str(Path.cwd()) not in said
