"""Quality rules on columns: rows that break them are rejected under the rule's id, or kept and counted."""

from pathlib import Path

import pytest

from tests.unit.engine.rig import contract, load, text, typed
from tidegate.contracts.contract import Column, Contract, Kind, Privacy, When
from tidegate.contracts.rules import Check, Limit, Metric, Rules, Severity

W = Severity.WARNING


def ruled(*checks: Check, columns: tuple[Column, ...] = (text("n"), text("v")), **options: object) -> Contract:
    return contract(*columns, rules=Rules(checks), **options)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (Check("null_values", "v", Metric.NULL_VALUES), "x", ""),
        (Check("missing_values", "v", Metric.MISSING_VALUES, values=("", "n/a")), "x", ""),
        (Check("missing_values", "v", Metric.MISSING_VALUES, values=("", "n/a")), "x", "n/a"),
        (Check("known", "v", Metric.MISSING_VALUES, values=("?",)), "", "?"),
        (Check("state", "v", Metric.VALID_VALUES, values=("A", "it's")), "it's", "a"),
        (Check("zip", "v", Metric.PATTERN, pattern="[0-9]{5}"), "12345", "123456"),
        (Check("zip", "v", Metric.PATTERN, pattern="[0-9]{5}"), "", "1"),
    ],
)
def test_error_rejects_the_row_under_the_rules_id_and_a_warning_keeps_and_counts_it(
    tmp_path: Path, check: Check, good: str, bad: str
) -> None:
    content = f"n,v\n1,{good}\n2,{bad}\n3,{good}\n4,{bad}\n".encode()
    rejected = load(tmp_path / "error", ruled(check), content)
    assert rejected.rules == [[(check.rule, "v")]] * 2
    assert rejected.file.counted == ()
    told = Check(check.rule, "v", check.metric, W, check.values, check.pattern)
    kept = load(tmp_path / "warning", ruled(told), content)
    assert (len(kept.accepted), kept.quarantined, kept.file.counted) == (4, [], (2,))


def test_rejected_rows_are_not_counted_among_the_warnings(tmp_path: Path) -> None:
    of = ruled(Check("w", "v", Metric.NULL_VALUES, W), columns=(typed("n", Kind.INTEGER), text("v")))
    outcome = load(tmp_path, of, b"n,v\n1,\nx,\n3,c\n4,,5\n")
    assert (outcome.file.rows_accepted, outcome.file.rows_quarantined, outcome.file.counted) == (2, 2, (1,))


def test_warnings_are_counted_for_each_file_and_each_rule_also_of_values_from_the_key(tmp_path: Path) -> None:
    checks = (
        Check("v", "v", Metric.NULL_VALUES, W),
        Check("r", "v", Metric.VALID_VALUES, values=("a", "b")),
        Check("day", "day", Metric.VALID_VALUES, W, values=("1",)),
        Check("few", "n", Metric.NULL_VALUES, limit=Limit("mustBeLessThan", (3,))),
    )
    day = Column("day", text("day").type, from_key=r"([0-9])\.csv$")
    of = ruled(*checks, columns=(day, text("n"), text("v")))
    contents = [b"n,v\n1,a\n,\n", b"v,n\n,1\n,\nz,\n", b"n,v\n1,b\n"]
    outcome = load(tmp_path, of, *contents, keys=["k/1.csv", "k/2.csv", "k/3.csv"])
    assert [f.counted for f in outcome.output.files] == [(1, 0, 1), (2, 2, 1), (0, 1, 0)]
    assert outcome.rules == [[("r", "v")]]


def test_tombstones_break_no_rule_on_what_they_need_not_have(tmp_path: Path) -> None:
    checks = (Check("w", "v", Metric.NULL_VALUES, W), Check("e", "v", Metric.NULL_VALUES))
    of = ruled(checks[0], columns=(text("n"), text("op"), text("v")), delete_when=When("op", ("D",)))
    assert load(tmp_path / "w", of, b"n,op,v\n1,D,\n2,I,\n").file.counted == (1,)
    of = ruled(checks[1], columns=(text("n"), text("op"), text("v")), delete_when=When("op", ("D",)))
    assert load(tmp_path / "e", of, b"n,op,v\n1,D,\n2,I,\n").rules == [[("e", "v")]]


def test_checks_see_the_value_as_sent_and_not_its_mask(tmp_path: Path) -> None:
    of = ruled(Check("w", "v", Metric.VALID_VALUES, W, values=("a",)), columns=(text("n"), text("v", privacy=Privacy.REDACT)))
    outcome = load(tmp_path, of, b"n,v\n1,a\n2,b\n")
    assert ([row[:2] for row in outcome.accepted], outcome.file.counted) == ([("1", None), ("2", None)], (1,))
