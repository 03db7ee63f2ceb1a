"""Masks: what reaches the table, after the checks saw the clear value."""

import hashlib
import hmac
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.unit.engine import rig
from tests.unit.engine.rig import contract, load, text, typed
from tidegate.contracts.contract import Kind, Privacy, When
from tidegate.engine import Keyring, check_contract
from tidegate.errors import ContractInvalid


@pytest.mark.parametrize("key", [b"k", b"x" * 64, b"long" * 40, bytes(range(64)), b"'; DROP"])
def test_token_is_hmac_sha256_of_the_text(tmp_path: Path, key: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rig, "KEY", key)
    values = ["a", "Jörg", "0", "x" * 200]
    content = "a,n\n" + "".join(f"{value},1\n" for value in [*values, ""])
    outcome = load(tmp_path, contract(text("a", privacy=Privacy.TOKENISE), text("n")), content.encode())
    assert [row[0] for row in outcome.accepted] == [
        *(hmac.new(key, v.encode(), hashlib.sha256).hexdigest()[:32] for v in values),
        None,
    ]


def test_redact_year_and_zip3(tmp_path: Path) -> None:
    of = contract(
        text("ssn", privacy=Privacy.REDACT),
        typed("born", Kind.DATE, privacy=Privacy.YEAR),
        typed("seen", Kind.TIMESTAMPTZ, privacy=Privacy.YEAR),
        text("zip", privacy=Privacy.ZIP3),
    )
    outcome = load(tmp_path, of, b"ssn,born,seen,zip\n1,1980-05-06,2021-01-01T00:30:00+02:00,02139\n")
    assert outcome.accepted == [(None, date(1980, 1, 1), datetime(2020, 1, 1, tzinfo=UTC), "021", "f0", 1)]


def test_checks_see_the_clear_value(tmp_path: Path) -> None:
    of = contract(text("a", privacy=Privacy.TOKENISE, max_length=3), text("b", privacy=Privacy.REDACT, required=True))
    outcome = load(tmp_path, of, b"a,b\nabc,x\nabcd,x\nabc,\n")
    assert len(outcome.accepted) == 1
    assert outcome.rules == [[("max_length", "a")], [("required", "b")]]


def test_condition_masks_its_rows_and_those_where_it_is_unknown(tmp_path: Path) -> None:
    of = contract(text("code"), text("value", privacy=Privacy.REDACT, privacy_when=When("code", ("addr",))))
    outcome = load(tmp_path, of, b"code,value\naddr,street\nbmi,22\n,what\n")
    assert [row[:2] for row in outcome.accepted] == [("addr", None), ("bmi", "22"), (None, None)]


def test_masks_are_for_their_kinds() -> None:
    with pytest.raises(ContractInvalid, match="needs a string column"):
        check_contract(contract(typed("a", Kind.INTEGER, privacy=Privacy.TOKENISE)))
    with pytest.raises(ContractInvalid, match="needs a date"):
        check_contract(contract(text("a", privacy=Privacy.YEAR)))


def test_key_is_not_shown() -> None:
    assert "secret" not in repr(Keyring("k1", b"secret"))


def test_quarantine_can_be_told_to_keep_no_text(tmp_path: Path) -> None:
    of = contract(text("a", required=True), text("b", privacy=Privacy.REDACT), keeps_raw=False)
    outcome = load(tmp_path, of, b'a,b\n,Quux\n1,2,Quux\n1,"Qu"ux\n1,\xffQuux\n1,x\n')
    assert [(record, raw) for _, record, raw, _ in outcome.quarantined] == [(1, None), (2, None), (3, None), (4, None)]
    assert [rules[0][0] for rules in outcome.rules] == ["required", "columns", "quoting", "encoding"]
    assert outcome.output.quarantined
    assert b"Quux" not in outcome.output.quarantined.read_bytes()
    assert outcome.file.rows_read == 5
