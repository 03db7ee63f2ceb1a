"""Where the engine and the reference differ, and what must hold whatever the reference says."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from tests.fuzz.observe import KEY, Observed, Seen, observe
from tests.reference.batch import Batch, Given, Read, read_batch
from tests.reference.headers import BatchIsRefused
from tests.reference.rules import Reason, same
from tidegate.contracts.contract import Contract
from tidegate.errors import BatchRefused

STRUCTURE = frozenset({"columns", "encoding", "line_length", "quoting"})
DAMAGE = frozenset({"UNREADABLE", "UNDECODABLE"})
SHOWN = 20


def differences(contract: Contract, given: Sequence[Given], folder: Path) -> list[str]:
    """Run both on a batch and say where they differ, the first few places; nothing when they agree."""
    try:
        expected = read_batch(contract, given, KEY)
    except BatchIsRefused:
        return refused_batch(contract, given, folder)
    try:
        observed = observe(contract, given, folder)
    except BatchRefused:
        late = any(read.code == "UNDECODABLE" for read in expected.files)  # the engine saw a header before it saw the damage
        return [] if late else ["the engine refuses the batch, the reference does not"]
    found = [*unlawful(observed, given), *disagreements(expected, observed)]
    if not contract.folds_by_key:  # rows that a newer one of their key beats come behind the others
        found += unordered(observed, given)
    return found[:SHOWN]


def refused_batch(contract: Contract, given: Sequence[Given], folder: Path) -> list[str]:
    try:
        observe(contract, given, folder)
    except BatchRefused:
        return []
    return ["the reference refuses the batch, the engine does not"]


def unlawful(observed: Observed, given: Sequence[Given]) -> Iterator[str]:
    """Law 3, by file: every record from 1 is in exactly one place, and the books say so."""
    places = [(file, record) for file, record, _ in observed.rows]
    rejected = [(file, record) for file, record, _, _ in observed.rejects]
    for number, _ in enumerate(given):
        seen = observed.files[number]
        here = [record for file, record in places if file == number]
        there = [record for file, record in rejected if file == number]
        records = sorted([*here, *there])
        if records != list(range(1, seen.read + 1)):
            yield f"file {number}: {seen.read} records read, these are somewhere: {records[:SHOWN]}"
        if (seen.accepted, seen.quarantined) != (len(here), len(there)):
            yield f"file {number}: the books say {seen}, the tables hold {len(here)} and {len(there)}"
        if seen.code is not None and seen.read:
            yield f"file {number}: refused as {seen.code}, and {seen.read} records were read"


def unordered(observed: Observed, given: Sequence[Given]) -> Iterator[str]:
    """Accepted rows of a file stand together, in the order of its records."""
    places = [(file, record) for file, record, _ in observed.rows]
    runs = [file for file, _ in groupby(file for file, _ in places)]
    if len(set(runs)) < len(runs):
        yield f"rows of one file do not stand together: {runs[:SHOWN]}"
    for number, _ in enumerate(given):
        here = [record for file, record in places if file == number]
        if here != sorted(here):
            yield f"file {number}: rows are not in the order of their records"


def out_of_order(expected: Batch, observed: Observed) -> Iterator[str]:
    """Files of one header stand together, in the order of the first of them; otherwise files are in the order in which they were given."""
    headers = [read.header for read in expected.files]
    known = list(dict.fromkeys(header for header in headers if header is not None))
    wanted = [
        number for header in known for number, other in enumerate(headers) if other == header and observed.files[number].accepted
    ]
    got = list(dict.fromkeys(file for file, _, _ in observed.rows))
    if wanted != got:
        yield f"files are in the order {got[:SHOWN]}, expected {wanted[:SHOWN]}"


def disagreements(expected: Batch, observed: Observed) -> Iterator[str]:
    wanted, got = [c.name for c in expected.contract.columns], [c.name for c in observed.columns]
    # the header of a file that the reference refuses may bring columns all the same
    late = any(read.code in DAMAGE or read.odd_header for read in expected.files)
    if (not set(wanted) <= set(got)) if late else wanted != got:
        yield f"columns: expected {wanted}, got {got}"
        return
    if not late and not expected.contract.folds_by_key:
        yield from out_of_order(expected, observed)
    places = [got.index(name) for name in wanted]
    rows = [dict[int, tuple[object, ...]]() for _ in expected.files]
    rejects = [dict[int, tuple[str, list[Reason]]]() for _ in expected.files]
    for file, record, values in observed.rows:
        rows[file][record] = tuple(values[place] for place in places)
    for file, record, raw, reasons in observed.rejects:
        rejects[file][record] = raw, reasons
    for number, (read, seen) in enumerate(zip(expected.files, observed.files, strict=True)):
        for what in of_file(read, seen, rows[number], rejects[number]):
            yield f"file {number}: {what}"


def of_file(
    read: Read, seen: Seen, rows: dict[int, tuple[object, ...]], rejects: dict[int, tuple[str, list[Reason]]]
) -> Iterator[str]:
    """A file with a torn record may be refused; if not, all its records come out as they should."""
    if read.odd_header or (read.torn and seen.code == "UNREADABLE"):
        return
    if read.code in DAMAGE and seen.code is not None and not seen.read:
        return  # a file that is damaged in two ways is refused for the one that is met first
    if read.code != seen.code or read.records != seen.read:
        yield f"expected {read.code} with {read.records} records, got {seen}"
        return
    if seen.accepted and seen.counted != read.counted:
        yield f"expected {read.counted} rows that break rules which only count, got {seen.counted}"
    for record in range(1, read.records + 1):
        wanted, got = (read.rows.get(record), rows.get(record))
        if (wanted is None) != (got is None):
            yield f"record {record}: expected {wanted or read.rejects[record]}, got {got or rejects.get(record)}"
        elif wanted is not None and got is not None and not all(map(same, wanted, got)):
            yield f"record {record}: expected {wanted}, got {got}"
        elif wanted is None and not same_reject(read.rejects[record], rejects[record]):
            yield f"record {record}: expected {read.rejects[record]}, got {rejects[record]}"


def same_reject(wanted: tuple[str, list[Reason]], got: tuple[str, list[Reason]]) -> bool:
    """The same bytes and reasons. Of several flaws of its structure the reader may see some only, but bytes that are no text always."""
    if wanted[0] != got[0]:
        return False
    if wanted[1][0][0] not in STRUCTURE:
        return wanted[1] == got[1]
    seen = [reason for reason in wanted[1] if reason in got[1]]
    no_text = ("encoding", "", "")
    return bool(seen) and seen == got[1] and (no_text in wanted[1]) == (no_text in got[1])
