"""`tidegate status | files | runs`: what the ledger says."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from tidegate.cli.output import print_json, print_table
from tidegate.cli.stack import Stack
from tidegate.model.corrections import corrects, standings
from tidegate.model.files import FileRecord, FileState
from tidegate.model.runs import Compute, RunRecord, RunState, timestamp

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
DatasetOption = Annotated[str, typer.Option("--dataset", "-d", help="Only this dataset.")]
_NO_DATASET = ""  # where unrouted keys are listed
_ALWAYS = ("run_id", "state", "route", "files", "read", "accepted", "quarantined")
_SELDOM = (
    *("inserted", "updated", "unchanged", "superseded", "deleted", "removed", "restored"),
    *("warnings", "drift", "error", "route_reason"),
)


def status(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Show each dataset: its files by state, its run, its watermark, and what waits in the dead-letter queues."""
    stack: Stack = context.obj
    datasets = [_dataset_row(stack, name) for name in datasets_of(stack)]
    letters = {name: _depth(stack, name) for name in ("FailuresDlq", "ArrivalsDlq")}
    if as_json:
        print_json({"datasets": datasets, "failures_dlq": letters["FailuresDlq"], "arrivals_dlq": letters["ArrivalsDlq"]})
        return
    columns = (
        "dataset",
        "files",
        "loaded",
        "waiting",
        "quarantined",
        "failed",
        "warned",
        "rows_rejected",
        "rows_open",
        "run",
        "watermark",
        "loaded_at",
    )
    print_table("Datasets", columns, datasets, empty="no file has arrived yet")
    print_table("Dead letters", ("queue", "messages"), [{"queue": k, "messages": v} for k, v in letters.items()])


def files(
    context: typer.Context,
    dataset: DatasetOption = "",
    state: Annotated[list[FileState] | None, typer.Option(help="Only files in this state; may be repeated.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """List file versions with their state and rows, oldest first.

    Example: tidegate files --state QUARANTINED --json
    """
    rows = [_file_row(f) for f in _files(context.obj, dataset) if not state or f.state in state]
    if as_json:
        print_json(rows)
        return
    history = [name for name in ("rows_rejected_before", "refused_before") if any(row[name] for row in rows)]
    columns = ("key", "state", "rows_read", "rows_accepted", "rows_quarantined", "warnings", *history, "run_id", "reason")
    print_table("Files", columns, map(_in_words, rows), empty="no file has arrived yet")


def runs(
    context: typer.Context,
    dataset: DatasetOption = "",
    state: Annotated[RunState | None, typer.Option(help="Only runs in this state.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """List runs with their books, oldest first; of books and what else there is, what any of them has."""
    stack: Stack = context.obj
    found = (r for name in ([dataset] if dataset else datasets_of(stack)) for r in stack.ledger.list_runs(name, state))
    rows = [_run_row(r) for r in sorted(found, key=lambda r: (r.started_at, r.run_id))]
    if as_json:
        print_json(rows)
        return
    shown = [{name.removeprefix("rows_"): value for name, value in _in_words(row).items()} for row in rows]
    for row in shown:
        row["route_reason"] = row["route_reason"] if row["route"] == Compute.GLUE else ""  # a Lambda is the rule
    columns = (*_ALWAYS, *(name for name in _SELDOM if any(row[name] for row in shown)))
    print_table("Runs", columns, shown, empty="nothing has run yet")


def datasets_of(stack: Stack) -> list[str]:
    """Return the names of datasets that ever had a file."""
    return sorted(stack.ledger.datasets())


def _files(stack: Stack, dataset: str) -> Iterator[FileRecord]:
    names = [dataset] if dataset else [*datasets_of(stack), _NO_DATASET]
    return iter(sorted((f for name in names for f in stack.ledger.list_files(name)), key=lambda f: f.arrival))


def _file_row(record: FileRecord) -> dict[str, Any]:
    first = (
        "dataset",
        "key",
        "version_id",
        "state",
        "rows_read",
        "rows_accepted",
        "rows_quarantined",
        "warnings",
        "run_id",
        "reason",
    )
    values = asdict(record) | {"registered_at": timestamp(int(record.arrival.split("-")[0]))}
    values["corrects"] = corrects(record.key)
    history = ("rows_rejected_before", "refused_before", "corrects")
    rest = ("file_id", "kind", "load_id", "size", "attempts", "contract_version", "registered_at", *history)
    return {name: values[name] for name in (*first, *rest)}


def _run_row(run: RunRecord) -> dict[str, Any]:
    values = asdict(run)
    return {**{k: v for k, v in values.items() if k != "books"}, **values["books"]}


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    """Say warnings in one cell: rule, column and rows of each."""
    told = ", ".join(" ".join(filter(None, (w["rule"], w["column"], f"{w['rows']:,}"))) for w in row["warnings"])
    drift = "; ".join(_drifted(d) for d in row.get("drift", ()))
    return {**row, "warnings": told, "drift": drift}


def _drifted(event: dict[str, Any]) -> str:
    """Say a drift event, such as `renamed province: Province/State → Province_State`."""
    column = f"{event['column']}: " if event["column"] and event["source"] else event["column"]
    source = f"{event['detail']} → {event['source']}" if event["kind"] == "renamed" else event["source"]
    detail = event["detail"] if event["kind"] in ("added", "refused") else ""
    return " ".join(filter(None, (str(event["kind"]), column.strip(), source, detail)))


def _dataset_row(stack: Stack, name: str) -> dict[str, Any]:
    found = standings(stack.ledger.list_files(name))
    states = Counter(s.record.state for s in found)
    waiting = sum(states[s] for s in (FileState.REGISTERED, FileState.PENDING, FileState.CLAIMED))
    lease = stack.ledger.lease(name)
    kept = stack.ledger.state(name)
    return {
        "dataset": name,
        "files": states.total(),
        "loaded": states[FileState.LOADED],
        "waiting": waiting,
        "quarantined": states[FileState.QUARANTINED],
        "failed": states[FileState.FAILED],
        "warned": sum(bool(s.record.warnings) for s in found if s.record.state is FileState.LOADED),
        "rows_rejected": sum(s.rejected for s in found),
        "rows_open": sum(s.open for s in found),
        "states": {str(s): n for s, n in sorted(states.items())},
        "run": lease.run_id or ((lease.keeper or "starting") if lease.held else ""),
        "watermark": kept.watermark,
        "loaded_at": timestamp(kept.loaded_at) if kept.loaded_at else "",
        "full_load": kept.epoch.load,
    }


def _depth(stack: Stack, output: str) -> int:
    name = "ApproximateNumberOfMessages"
    found = stack.client("sqs").get_queue_attributes(QueueUrl=stack.outputs[output], AttributeNames=[name])["Attributes"]
    return int(found[name])
