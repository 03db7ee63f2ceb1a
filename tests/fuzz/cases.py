"""One input of the fuzzer: a contract and a batch of files, drawn from a seed, kept as JSON."""

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.awkward.contracts import CONTRACTS
from tests.awkward.make_files import small_files
from tests.fuzz.draw_contracts import draw_contract
from tests.fuzz.draw_files import KEYS, SOUP, draw_file, mutated
from tests.reference.batch import Given
from tidegate.contracts.contract import (
    Column,
    ColumnType,
    Contract,
    CsvFormat,
    Format,
    JsonFormat,
    Kind,
    LoadMode,
    Privacy,
    SchemaDrift,
    When,
)
from tidegate.contracts.rules import Check, Limit, Metric, Rules, Severity, Unique


@dataclass(frozen=True, slots=True)
class Case:
    """A contract and the files that are read with it; `pieces`: as if they were large (`observe.small_pieces`)."""

    contract: Contract
    given: tuple[Given, ...]
    pieces: bool = False


def drawn(seed: int, files: int) -> Case:
    """Return the case of a seed: in four of five a random contract with files for it, else awkward files with a few bytes changed."""
    dice = Random(seed)  # noqa: S311 - it has to come out the same every time
    if seed % 5 != 4:
        contract = draw_contract(dice)
        return Case(contract, tuple(draw_file(dice, contract) for _ in range(files)), seed % 3 == 0)
    contract = dice.choice([of for _, of in sorted(CONTRACTS.items()) if of.format is Format.CSV])
    return Case(contract, tuple(Given(KEYS[0], bent(dice)) for _ in range(files)))


def bent(dice: Random) -> bytes:
    if dice.random() < 0.1:
        return b"".join(dice.choice(SOUP) for _ in range(dice.randrange(60)))
    content = dice.choice(small_files())
    for _ in range(dice.randrange(3)):
        content = mutated(dice, content)
    return content


def save(case: Case, why: Sequence[str], path: Path) -> None:
    files = [{"key": g.key, "content": base64.b64encode(g.content).decode(), "shown": repr(g.content[:400])} for g in case.given]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(
            {"why": list(why), "pieces": case.pieces, "contract": asdict(case.contract), "files": files},
            indent=1,
            ensure_ascii=False,
        )
    )


def load(path: Path) -> Case:
    kept = json.loads(path.read_text())
    given = tuple(Given(f["key"], base64.b64decode(f["content"])) for f in kept["files"])
    return Case(contract_of(kept["contract"]), given, kept["pieces"])


def contract_of(kept: dict[str, Any]) -> Contract:
    read = {
        "columns": lambda columns: tuple(map(column_of, columns)),
        "load_mode": LoadMode,
        "schema_drift": SchemaDrift,
        "null_values": tuple,
        "sort_by": tuple,
        "csv": lambda csv: CsvFormat(**csv),
        "delete_when": when_of,
        "format": Format,
        "json": lambda json_: JsonFormat(**json_),
        "rules": rules_of,
        "drift_types": lambda pairs: tuple((pattern, Kind(kind)) for pattern, kind in pairs),
    }
    return Contract(**{name: read.get(name, lambda v: v)(value) for name, value in kept.items()})


def column_of(kept: dict[str, Any]) -> Column:
    read = dict.fromkeys(("sources", "formats", "null_values", "valid_values"), tuple) | {
        "type": lambda t: ColumnType(Kind(t["kind"]), t["precision"], t["scale"]),
        "privacy": Privacy,
        "privacy_when": when_of,
        "value_map": lambda pairs: tuple((key, value) for key, value in pairs),
    }
    return Column(**{name: read.get(name, lambda v: v)(value) for name, value in kept.items()})  # type: ignore[operator]


def when_of(kept: dict[str, Any] | None) -> When | None:
    return kept and When(kept["column"], tuple(kept["values"]))


def rules_of(kept: dict[str, Any]) -> Rules:
    """Only what is drawn: checks and unique values."""
    return Rules(checks=tuple(map(check_of, kept["checks"])), uniques=tuple(map(unique_of, kept["uniques"])))


def check_of(kept: dict[str, Any]) -> Check:
    values, limit = tuple(kept["values"]), limit_of(kept["limit"])
    words = {"metric": Metric(kept["metric"]), "severity": Severity(kept["severity"]), "expression": ()}
    return Check(**kept | words | {"values": values, "limit": limit})


def unique_of(kept: dict[str, Any]) -> Unique:
    columns, limit = tuple(kept["columns"]), limit_of(kept["limit"])
    return Unique(**kept | {"columns": columns, "severity": Severity(kept["severity"]), "limit": limit})


def limit_of(kept: dict[str, Any] | None) -> Limit | None:
    return kept and Limit(kept["operator"], tuple(kept["numbers"]), kept["percent"])
