"""Case g: one small file on the deployed local stack, from put to queryable, when everything is warm."""

import statistics
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.cases.options import Options
from benchmarks.data import planted, write_files
from benchmarks.report import Section
from benchmarks.work.ours import CONTRACT
from local.laptop import TEMPLATE, Laptop, laptop
from tidegate.cli.query import select
from tidegate.model.files import FileState
from tidegate.model.run_names import execution_name

DATASET, ROWS = "bench.claims", 100
WARMING, FILES = 3, 10
STATES = ("Claim", "Load", "Audit", "Settle", "Notify")
PATIENCE = 120  # seconds
SETTLED, FIRST_QUERY = "put to settled", "a query in Athena that shows the rows"


def measure(options: Options, folder: Path, say: Callable[[str], None]) -> list[Section]:  # noqa: ARG001 - every case is called so
    """Load files one by one into an idle dataset and read the times from the ledger and the state machine's history."""
    title = f"One file of {ROWS} rows, warm"
    if not TEMPLATE.exists():
        return [Section(title, "", ("", ""), (("Tidegate", "**the stack is not built: `make bench` builds it**"),))]
    files, state = folder / "files", folder / "laptop"
    files.mkdir()
    state.mkdir()
    write_files(files, WARMING + FILES, ROWS)
    with laptop(state, "tidegate") as here:
        here.publish(CONTRACT.read_text(encoding="utf-8"), folder)
        taken = []
        for number, file in enumerate(sorted(files.iterdir())):
            rows = (number + 1) * ROWS - planted((number + 1) * ROWS).total()
            times = one_file(here, file, rows)
            if number >= WARMING:
                taken.append(times)
                say("  " + ", ".join(f"{name} {seconds:.2f}" for name, seconds in times.items()))
    medians = {name: statistics.median(t[name] for t in taken) for name in taken[0]}
    rows_ = tuple((name, f"{seconds:.3f}", f"{max(t[name] for t in taken):.3f}") for name, seconds in medians.items())
    intro = (
        f"Medians of {FILES} files after {WARMING} that are not counted, each dropped into an idle dataset on the laptop's AWS."
        " The times are the stack's own: the ledger's and those in the history of the state machine. Settled means that the rows are in the"
        " tables and the ledger says so. The query is asked afterwards, by awswrangler, of the emulator's Athena."
    )
    return [Section(title, intro, ("step", "median s", "slowest s"), rows_)]


def one_file(here: Laptop, file: Path, rows: int) -> dict[str, float]:
    """Drop a file, wait until it is settled, and return the seconds of each step; `rows` is at most what silver has then."""
    key = f"bench/claims/delta/{file.name}"
    began = time.time()
    here.put(key, file.read_bytes())
    record, run = _settled(here, key)
    events = _history(here, record.dataset, run.token)
    queued, ended = record.queued / 1e6, datetime.fromisoformat(run.ended_at).timestamp()
    started = _at(events, "ExecutionStarted", "")
    found = {
        "put to registered (S3, SQS, ingest)": queued - began,
        "registered to execution started": started - queued,
    }
    for state in STATES:
        entered, left = _at(events, "TaskStateEntered", state), _at(events, "TaskStateExited", state)
        found[state] = left - entered
    asked = time.time()
    _, shown = select(here.stack, "SELECT count(*) AS rows FROM bench_claims")
    answered = time.time()
    count = int(shown[0]["rows"])
    if not rows * 0.97 <= count <= rows:  # some keys come twice
        message = f"silver shows {count} rows where at most {rows} were sent"
        raise RuntimeError(message)
    return found | {SETTLED: ended - began, FIRST_QUERY: answered - asked}


def _settled(here: Laptop, key: str) -> tuple[Any, Any]:
    """Wait for the file's run; the looks are far apart, so that they do not slow what they look at."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        time.sleep(0.25)
        lease = here.stack.ledger.lease(DATASET)
        if lease.held or here.stack.ledger.queue(DATASET, 1):
            continue
        record = next((f for f in here.stack.ledger.list_files(DATASET) if f.key == key), None)
        if record is not None and record.state == FileState.LOADED:
            run = here.stack.ledger.run(record.run_id)
            if run is not None and _ended(here, run.token):
                return record, run
    lease = here.stack.ledger.lease(DATASET)
    files = [(f.key, str(f.state), f.reason) for f in here.stack.ledger.list_files(DATASET)]
    message = f"{key} was not loaded in {PATIENCE} s: the ledger has {lease} and {files}"
    raise RuntimeError(message)


def _ended(here: Laptop, token: int) -> bool:
    return here.client("stepfunctions").describe_execution(executionArn=_arn(here, DATASET, token))["status"] == "SUCCEEDED"


def _arn(here: Laptop, dataset: str, token: int) -> str:
    machine = here.stack.outputs["StateMachine"].replace(":stateMachine:", ":execution:")
    return f"{machine}:{execution_name(dataset, token)}"


def _history(here: Laptop, dataset: str, token: int) -> list[Mapping[str, Any]]:
    answer = here.client("stepfunctions").get_execution_history(executionArn=_arn(here, dataset, token), maxResults=1000)
    return list(answer["events"])


def _at(events: list[Mapping[str, Any]], kind: str, state: str) -> float:
    """Return when the first event of a kind was, of a state or of the execution, in seconds since 1970."""
    for event in events:
        details = event.get("stateEnteredEventDetails") or event.get("stateExitedEventDetails") or {}
        if event["type"] == kind and details.get("name", "") == state:
            return float(event["timestamp"].timestamp())
    message = f"the history has no {kind} of {state or 'the execution'}"
    raise RuntimeError(message)
