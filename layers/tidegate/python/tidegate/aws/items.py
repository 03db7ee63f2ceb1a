"""DynamoDB items of the ledger: one table, typed values on our side, attribute values on theirs.

| pk | sk | what | in index `by_kind` as |
|---|---|---|---|
| FILE#<file id> | FILE | a file version | FILES#<dataset> / <arrival> |
| OBJECT#<object id> | OBJECT | a key: its newest version, how many there were | |
| QUEUE#<dataset> | <arrival> | a file that is not at rest | |
| PARTS#<dataset>#<load id> | <file id> | a part of a full load | |
| DATASET#<dataset> | NAME | that there is such a dataset | DATASETS / <dataset> |
| DATASET#<dataset> | LEASE | the lease | |
| DATASET#<dataset> | STATE | epoch, watermark, rows of the tables | |
| LOADS#<dataset> | <load> | a full load that became the current state | |
| RUN#<run id> | RUN | a run | RUNS#<dataset> / <run id> |
| CURSOR#<name> | CURSOR | where a long piece of work stopped | |

The index holds keys only: an item that is listed there costs nothing more when it changes. `lease`, `queue` and `cursor` items are in
no index.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from tidegate.model.arrivals import Kind
from tidegate.model.drift import Drift, DriftKind, Header
from tidegate.model.files import FileRecord, FileState, Versions, Warned
from tidegate.model.runs import Books, Compute, DatasetState, Epoch, FullLoad, Lease, RunRecord, RunState

Item = dict[str, Any]
_to, _from = TypeSerializer(), TypeDeserializer()


def encode(values: Mapping[str, Any]) -> Item:
    """Return attribute values; None is left out."""
    return {name: _to.serialize(value) for name, value in values.items() if value is not None}


def decode(item: Item) -> dict[str, Any]:
    """Return plain values; numbers become int."""
    return {name: _plain(_from.deserialize(value)) for name, value in item.items()}


def key(pk: str, sk: str) -> Item:
    """Return a primary key."""
    return encode({"pk": pk, "sk": sk})


def file_key(file_id: str) -> Item:
    """Return the key of a file."""
    return key(f"FILE#{file_id}", "FILE")


def object_key(object_id: str) -> Item:
    """Return the key of an object."""
    return key(f"OBJECT#{object_id}", "OBJECT")


def queue_key(dataset: str, arrival: str) -> Item:
    """Return the key of a queue entry."""
    return key(f"QUEUE#{dataset}", arrival)


def part_key(dataset: str, load_id: str, file_id: str) -> Item:
    """Return the key of a part entry."""
    return key(f"PARTS#{dataset}#{load_id}", file_id)


def lease_key(dataset: str) -> Item:
    """Return the key of a lease."""
    return key(f"DATASET#{dataset}", "LEASE")


def dataset_item(dataset: str) -> Item:
    """Return the item that lists a dataset."""
    return key(f"DATASET#{dataset}", "NAME") | encode({"gpk": "DATASETS", "gsk": dataset, "dataset": dataset})


def cursor_key(name: str) -> Item:
    """Return the key of a cursor."""
    return key(f"CURSOR#{name}", "CURSOR")


def state_key(dataset: str) -> Item:
    """Return the key of what is kept of a dataset between runs."""
    return key(f"DATASET#{dataset}", "STATE")


def run_key(run_id: str) -> Item:
    """Return the key of a run."""
    return key(f"RUN#{run_id}", "RUN")


def file_item(record: FileRecord) -> Item:
    """Return a file as an item, listed under its dataset."""
    index = {"gpk": files_of(record.dataset), "gsk": record.arrival}
    values = {name: value for name, value in asdict(record).items() if value != ()}
    return file_key(record.file_id) | encode(values | index)


def file_record(item: Item) -> FileRecord:
    """Return an item as a file."""
    values = _known(FileRecord, decode(item))
    kind, state = Kind(values["kind"]), FileState(values["state"])
    return FileRecord(**{**values, "kind": kind, "state": state, "warnings": _warnings(values)})


def versions(item: Item) -> Versions:
    """Return an object item."""
    values = decode(item)
    object_id, files = values["pk"].removeprefix("OBJECT#"), frozenset(values.get("file_ids", ()))
    return Versions(object_id, values["newest_file_id"], values["newest"], values["versions"], files)


def lease(dataset: str, item: Item | None) -> Lease:
    """Return a lease; a missing item is the lease that nobody ever took."""
    return Lease(**_known(Lease, decode(item))) if item else Lease(dataset)


def dataset_state(dataset: str, item: Item | None) -> DatasetState:
    """Return a dataset's state."""
    values = decode(item) if item else {}
    epoch = Epoch(values.get("epoch_load", ""), values.get("epoch_start", ""))
    return DatasetState(
        dataset,
        epoch,
        values.get("watermark", ""),
        values.get("rows", {}),
        values.get("volumes", {}),
        values.get("loaded_at", 0),
        Header(tuple(values.get("header", ())), values.get("header_arrival", ""), values.get("header_contract", "")),
        values.get("sizes", {}),
    )


def state_item(state: DatasetState) -> Item:
    """Return what is kept of a dataset as an item."""
    kept = {
        "epoch_load": state.epoch.load,
        "epoch_start": state.epoch.start,
        "watermark": state.watermark,
        "rows": dict(state.rows),
        "volumes": {kind: list(rows) for kind, rows in state.volumes.items()},
        "loaded_at": state.loaded_at,
        "header": list(state.header.names),
        "header_arrival": state.header.arrival,
        "header_contract": state.header.contract_version,
        "sizes": dict(state.sizes),
    }
    return state_key(state.dataset) | encode(kept)


def full_load_item(dataset: str, load: FullLoad) -> Item:
    """Return a full load as an item."""
    return key(f"LOADS#{dataset}", load.load) | encode(asdict(load))


def full_load(values: Mapping[str, Any]) -> FullLoad:
    """Return plain values of an item as a full load."""
    return FullLoad(**_known(FullLoad, values))


def files_of(dataset: str) -> str:
    """Return the index partition of a dataset's files; unrouted keys have one of their own."""
    return f"FILES#{dataset or '-'}"


def run_item(run: RunRecord) -> Item:
    """Return a run as an item, listed under its dataset."""
    return run_key(run.run_id) | encode(asdict(run) | {"gpk": f"RUNS#{run.dataset}", "gsk": run.run_id})


def run_record(item: Item) -> RunRecord:
    """Return an item as a run."""
    values = _known(RunRecord, decode(item))
    return RunRecord(
        **{
            **values,
            "state": RunState(values["state"]),
            "books": Books(**values["books"]),
            "warnings": _warnings(values),
            "drift": _drift(values),
            "route": Compute(values.get("route", Compute.LAMBDA)),
        }
    )


def _drift(values: Mapping[str, Any]) -> tuple[Drift, ...]:
    return tuple(Drift(**{**d, "kind": DriftKind(d["kind"])}) for d in values.get("drift", ()))


def _warnings(values: Mapping[str, Any]) -> tuple[Warned, ...]:
    return tuple(Warned(**w) for w in values.get("warnings", ()))


def _known(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    names = {f.name for f in fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def _plain(value: Any) -> Any:  # noqa: ANN401 - DynamoDB values are of many types
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value
