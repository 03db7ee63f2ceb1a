"""Golden casts: text in, typed value or rejection out."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.engine.rig import contract, load, read, text, typed
from tidegate.contracts.contract import Column, ColumnType, Kind
from tidegate.engine import check_contract
from tidegate.errors import ContractInvalid

GROUPS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parents[2] / "cases" / "casts.yaml").read_text(encoding="utf-8"))


def column_of(spec: dict[str, Any]) -> Column:
    type_ = ColumnType(Kind(spec["kind"]), spec.get("precision", 0), spec.get("scale", 0))
    zone = spec.get("default_timezone")
    written = {name: spec[name] for name in ("decimal_comma", "thousands") if name in spec}
    return Column("v", type_, sources=("v",), formats=tuple(spec.get("formats", ())), default_timezone=zone, **written)


@pytest.mark.parametrize("group", GROUPS, ids=lambda g: "-".join(map(str, g["column"].values())))
def test_golden_casts(tmp_path: Path, group: dict[str, Any]) -> None:
    column = column_of(group["column"])
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["n", "v"])
    writer.writerows([n, case[0]] for n, case in enumerate(group["cases"]))
    outcome = load(tmp_path, contract(text("n"), column), out.getvalue().encode())
    values = dict(read(outcome.output.accepted, "n, CAST(v AS VARCHAR)"))
    got = [[case[0], values.get(str(n))] for n, case in enumerate(group["cases"])]
    assert got == group["cases"]
    assert all(reasons == [("type", "v")] for reasons in outcome.rules)


@pytest.mark.parametrize("kind", list(Kind))
def test_empty_and_null_values_are_null_in_every_type(tmp_path: Path, kind: Kind) -> None:
    column = typed("v", kind, null_values=("n/a",))
    outcome = load(tmp_path, contract(text("n"), column, null_values=("-",)), b'n,v\n1,\n2,""\n3,n/a\n4,-\n')
    assert [row[1] for row in outcome.accepted] == [None] * 4


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"formats": ("yyyy-DDD",)}, "formats"),
        ({"formats": ("yyyy-MM",)}, "formats"),
        ({"formats": ("yyyy-MM-dd'T'HH:mm[:ss]",)}, "formats"),
        ({"formats": ("yyyy-MM-dd h:mm",)}, "formats"),
        ({"formats": ("yyyy-MM-dd yy",)}, "formats"),
        ({"minimum": "soon"}, "minimum"),
        ({"valid_values": ("2021-02-30",)}, "valid_values"),
        ({"pattern": "(?=x)"}, "pattern"),
        ({"default_timezone": "Mars/Olympus"}, "default_timezone"),
    ],
)
def test_what_cannot_work_is_the_contracts_fault(change: dict[str, Any], part: str) -> None:
    broken = replace(typed("day", Kind.DATE), **change)
    with pytest.raises(ContractInvalid) as caught:
        check_contract(contract(broken))
    assert caught.value.problems[0].path == f"columns.day.{part}"


def test_timestamp_with_an_offset_needs_a_zone() -> None:
    with pytest.raises(ContractInvalid, match="has an offset"):
        check_contract(contract(typed("at", Kind.TIMESTAMP, formats=("yyyy-MM-dd HH:mm:ssX",))))
    with pytest.raises(ContractInvalid, match="no default time zone"):
        check_contract(contract(typed("at", Kind.TIMESTAMPTZ, formats=("yyyy-MM-dd HH:mm:ss",))))
