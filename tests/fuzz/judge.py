"""What is wrong with a case, and the smallest case of which the same is true."""

import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.fuzz.cases import Case
from tests.fuzz.compare import differences
from tests.fuzz.observe import observe, small_pieces
from tests.reference.batch import Given
from tidegate.contracts.contract import Column, Contract
from tidegate.contracts.rules import Rules
from tidegate.errors import BatchRefused

PATIENCE = 60


def judge(case: Case) -> list[str]:
    """Return where engine and reference differ, or the end of the error that one of them raised."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, small_pieces() if case.pieces else nullcontext():
        try:
            return differences(case.contract, case.given, Path(folder))
        except Exception:  # noqa: BLE001 - whatever is raised is what we look for
            return [traceback.format_exc(limit=-4)]


def unsteady(case: Case) -> list[str]:
    """Return whether the engine gives something else when it is run again."""
    outcomes = []
    for _ in range(2):
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            try:
                outcomes.append(observe(case.contract, case.given, Path(folder)))
            except BatchRefused:
                outcomes.append(None)
    return [] if outcomes[0] == outcomes[1] else ["the same input gives other rows when it is run again"]


def smallest(case: Case, wrong: Callable[[Case], list[str]] = judge) -> Case:
    """Return a small case that is still wrong: fewer files, fewer columns, fewer lines, fewer bytes. It stops after PATIENCE seconds."""
    end = time.monotonic() + PATIENCE
    smaller = True
    while smaller:
        smaller = False
        for candidate in candidates(case):
            if time.monotonic() > end:
                return case
            if wrong(candidate):
                case, smaller = candidate, True
                break
    return case


def candidates(case: Case) -> Iterator[Case]:
    for given in without_pieces(case.given):
        if given:
            yield replace(case, given=given)
    if len(case.given) > 2:
        return
    if case.contract.rules != Rules():
        yield replace(case, contract=replace(case.contract, rules=Rules()))
    for columns in without_pieces(case.contract.columns):
        if columns and case.contract.delete_when is None and not any(c.privacy_when for c in columns):
            yield replace(case, contract=of_columns(case.contract, columns))
    for at, file in enumerate(case.given):
        for content in shorter(file.content):
            yield replace(case, given=(*case.given[:at], Given(file.key, content), *case.given[at + 1 :]))


def of_columns(contract: Contract, columns: tuple[Column, ...]) -> Contract:
    """Return the contract with some of its columns, and of its rules those about these."""
    names = {column.name for column in columns}
    checks = tuple(check for check in contract.rules.checks if check.column in names)
    uniques = tuple(unique for unique in contract.rules.uniques if names.issuperset(unique.columns))
    return replace(contract, columns=columns, rules=Rules(checks=checks, uniques=uniques))


def without_pieces(items: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Return the items without a half of them, a quarter, … a single one."""
    length = len(items) // 2
    while length:
        for at in range(0, len(items), length):
            yield items[:at] + items[at + length :]
        length //= 2


def shorter(content: bytes) -> Iterator[bytes]:
    lines = tuple(content.splitlines(keepends=True))
    yield from (b"".join(kept) for kept in without_pieces(lines))
    yield from (bytes(kept) for kept in without_pieces(tuple(content)) if len(content) < 2_000)
