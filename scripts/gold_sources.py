"""Write sql/models/sources.yml from the contracts: `python -m scripts.gold_sources`; `--check` only compares.

Gold's sources are the tables of bronze and silver that its models name. What the contracts say of them is written once, there.
"""

import copy
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pyiceberg.types import IcebergType

from tidegate.contracts.contract import Contract
from tidegate.contracts.parse import parse_contract
from tidegate.tables.schema import duckdb_type, row_schema

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "sql" / "models"
PAGE = MODELS / "sources.yml"
CONTRACTS = ROOT / "contracts"
LAYERS = {
    "bronze": "Every accepted row of every file, with where it came from.",
    "silver": "The current state: the newest row of each key, or every row of a dataset without keys.",
}
#: Nothing new for so long is worth a look. What a dataset itself promises is in its contract, and reconcile watches that.
FRESHNESS = {
    "freshness": {"warn_after": {"count": 7, "period": "day"}},
    "loaded_at_query": "select max({{ from_micros('cast(substring(_arrival, 1, 16) as bigint)') }}) from {{ this }}",
}
_NAMED = re.compile(r"lake\('(bronze|silver)', '([a-z0-9_]+)'\)")
_TYPES = {"TIMESTAMP": "timestamp(6)", "TIMESTAMPTZ": "timestamp with time zone"}
_HEAD = "# Written by `python -m scripts.gold_sources` from the contracts and the models: change those.\n"


def named() -> list[tuple[str, str]]:
    """Return the layer and the name of each table that a model reads, sorted."""
    return sorted({found for path in MODELS.rglob("*.sql") for found in _NAMED.findall(path.read_text(encoding="utf-8"))})


def contracts() -> dict[str, Contract]:
    """Return the contracts by their tables' names."""
    read = (parse_contract(path.read_text(encoding="utf-8"), str(path)) for path in sorted(CONTRACTS.rglob("*.odcs.yaml")))
    return {contract.table: contract for contract in read}


def page() -> str:
    """Return the file's text."""
    document = {"version": 2, "sources": [dict(_source(layer)) for layer in LAYERS]}
    return _HEAD + yaml.safe_dump(document, sort_keys=False, width=140, allow_unicode=True)


def _source(layer: str) -> Iterator[tuple[str, Any]]:
    known = contracts()
    yield "name", layer
    yield "description", LAYERS[layer]
    yield "schema", "{{ env_var('TIDEGATE_STACK', 'tidegate') }}_" + layer
    yield "config", copy.deepcopy(FRESHNESS)
    yield "tables", [_table(known[table]) for of, table in named() if of == layer]


def _table(contract: Contract) -> Mapping[str, Any]:
    fields = row_schema(contract).fields
    return {
        "name": contract.table,
        "config": {"meta": {"dataset": contract.dataset}},
        "columns": [
            {"name": f.name, "data_type": _type(f.field_type), **({"description": f.doc} if f.doc else {})} for f in fields
        ],
    }


def _type(kind: IcebergType) -> str:
    """A column's type in words that every warehouse of gold takes."""
    return _TYPES.get(duckdb_type(kind), duckdb_type(kind).lower())


def main() -> None:
    """Write or compare."""
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        raise SystemExit(f"{PAGE} is not what the contracts say: run python -m scripts.gold_sources")


if __name__ == "__main__":
    main()
