"""Iceberg schemas from contracts, and the DuckDB types and field ids that go with them."""

import pytest

from tests.unit.tables.lake import SALES
from tidegate.contracts.contract import Column, ColumnType, Kind
from tidegate.engine.values import LINEAGE as WRITTEN
from tidegate.tables.duck import nested
from tidegate.tables.schema import duckdb_type, field_ids, iceberg_type, quarantine_schema, row_schema
from tidegate.tables.silver import LINEAGE


def test_rows_have_the_contracts_columns_then_lineage() -> None:
    names = [f.name for f in row_schema(SALES).fields]
    assert names == ["id", "at", "amount", *WRITTEN]
    assert LINEAGE == WRITTEN


def test_columns_are_optional_whatever_the_contract_requires() -> None:
    """A required column may be added to a contract whose table has rows."""
    required = SALES.with_columns(Column("b", ColumnType(Kind.STRING), required=True))
    assert not any(f.required for f in row_schema(required).fields)


def test_field_ids_are_unique_down_to_nested_columns() -> None:
    ids = field_ids(quarantine_schema())
    assert len(set(ids.values())) == len(ids)
    assert {"raw", "reasons", "reasons.element", "reasons.element.rule", "reasons.element.column"} <= ids.keys()


@pytest.mark.parametrize("kind", [k for k in Kind if k is not Kind.DECIMAL])
def test_every_kind_has_an_iceberg_and_a_duckdb_type(kind: Kind) -> None:
    assert duckdb_type(iceberg_type(ColumnType(kind)))


def test_decimals_keep_precision_and_scale_and_reasons_their_shape() -> None:
    assert duckdb_type(iceberg_type(ColumnType(Kind.DECIMAL, 38, 20))) == "DECIMAL(38,20)"
    assert (
        duckdb_type(quarantine_schema().find_type("reasons")) == 'STRUCT("rule" VARCHAR, "column" VARCHAR, "value_class" VARCHAR)[]'
    )


def test_field_ids_of_nested_columns_are_nested() -> None:
    ids = {"a": 1, "reasons": 2, "reasons.element": 3, "reasons.element.rule": 4}
    assert nested(ids) == '{"a": 1, "reasons": {__duckdb_field_id: 2, "element": {__duckdb_field_id: 3, "rule": 4}}}'
