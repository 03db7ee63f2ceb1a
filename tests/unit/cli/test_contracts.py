"""`tidegate contract check` finds what only the engine can tell, before anything is published."""

from pathlib import Path

from typer.testing import CliRunner

from tests.unit.contracts.test_errors import BASE
from tidegate.cli.contracts import app


def test_query_that_compares_unlike_things_is_a_finding_with_its_file(tmp_path: Path) -> None:
    rule = 'type: sql, mustBe: 0, query: "SELECT count(*) FROM {object} WHERE amount > state"'
    good, bad = tmp_path / "good.odcs.yaml", tmp_path / "bad.odcs.yaml"
    good.write_text(BASE)
    bad.write_text(BASE.replace("metric: rowCount, mustBeGreaterThan: 0", rule))
    found = CliRunner().invoke(app, ["check", str(good), str(bad), "--json"])
    assert found.exit_code == 1
    assert str(bad) in found.output
    assert "cannot be computed" in found.output
    assert str(good) not in found.output
