"""Correct: where a corrected file lands, and why one that would double or lose rows does not.

A file of corrected records only is a delta of its own: the rows of its original stay as they are, and its key says what it corrects. A
corrected whole file is a newer version of the original's key, so it replaces all rows of it.
"""

from dataclasses import dataclass

from tidegate.contracts.contract import Contract, LoadMode
from tidegate.errors import Permanent
from tidegate.model.arrivals import MARKER, Kind, load_prefix
from tidegate.model.corrections import Standing, correction_key
from tidegate.model.files import AT_REST, FileRecord
from tidegate.model.runs import Epoch
from tidegate.ports import Ledger
from tidegate.usecases.trial import Trial


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a corrected file goes; `marker` is the key that has to follow it, empty for none; `note` is what the sender should know."""

    key: str
    whole: bool
    marker: str = ""
    note: str = ""


def landing_of(standing: Standing, contract: Contract, ledger: Ledger, sha256: str, *, whole: bool) -> Landing:
    """Return where a corrected file of these bytes goes; raise Permanent, with what to do instead, when there is no such place."""
    record = standing.record
    if record.kind is Kind.UNROUTED:
        raise Permanent(f"{record.key} leads to no dataset: drop the corrected file with `tidegate put FILE --dataset D`")
    newest = ledger.versions([record.object_id])[record.object_id].newest_file_id
    if newest != record.file_id:
        raise Permanent(f"a newer version of {record.key} has arrived, {newest}: correct that one")
    if record.state not in AT_REST or standing.waiting:
        raise Permanent(f"{record.key} or a correction of it is still on its way: run `tidegate wait` first")
    if whole or standing.refused:
        return Landing(record.key, whole=True, marker=_marker(record))
    if contract.load_mode is LoadMode.REPLACE:
        raise Permanent(f"every file of {record.dataset} is a full load: correct the whole file, and say --whole")
    if not standing.open:
        by = f"; they are answered by {standing.corrections[-1].file_id}" if standing.answered else ""
        raise Permanent(f"no rejected row of {record.key} is open{by}")
    if not counts(record, ledger.state(record.dataset).epoch):
        raise Permanent(f"a newer full load replaced the rows of {record.key}: its rejected ones would come back as the newest")
    note = ""
    if contract.load_mode is LoadMode.UPSERT and not contract.order_by:
        note = "the contract has no orderBy: where a key was loaded again since, the corrected row is the newer one"
    return Landing(correction_key(record, sha256), whole=False, note=note)


def counts(record: FileRecord, epoch: Epoch) -> bool:
    """Whether a file's rows are a part of the current state: of its full load, or of a delta since."""
    if not epoch.load:
        return True
    if record.kind is Kind.DELTA:
        return record.arrival >= epoch.start
    return epoch.load in (record.file_id, f"{record.dataset}/{record.load_id}")


def objections(standing: Standing, landing: Landing, tried: Trial) -> list[str]:
    """Say what speaks against dropping a corrected file, after it was tried under the current contract."""
    record = standing.record
    refusals = [f.refused for f in tried.refused if f.refused]
    found = [f"it would be refused: {refusal.code}: {refusal.message}" for refusal in refusals]
    if tried.quarantined:
        found.append(f"{tried.quarantined} of its {tried.read} records would be rejected again")
    if not landing.whole and tried.read > standing.open:
        found.append(
            f"it has {tried.read} records, of {record.key} only {standing.open} rejected rows are open:"
            " send the corrected records alone, or the whole file with --whole"
        )
    if landing.whole and standing.answered:
        found.append(f"corrected files brought {standing.answered} of its rows already: a whole file would bring them again")
    if landing.whole and record.loaded_by and tried.read < (record.rows_read or 0):
        found.append(f"it has {tried.read} records, the file that it would replace had {record.rows_read}")
    return found


def _marker(record: FileRecord) -> str:
    return load_prefix(record.dataset, record.load_id) + MARKER if record.kind is Kind.PART else ""
