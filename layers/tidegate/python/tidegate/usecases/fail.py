"""Fail: a step of a run gave up. Its files are tried again in smaller batches, or are FAILED with a letter in the failures DLQ."""

import json
from dataclasses import dataclass, replace
from typing import Any

from tidegate import errors
from tidegate.errors import LeaseLost, Permanent
from tidegate.model.runs import Lease, Manifest, RunRecord, RunState, timestamp
from tidegate.ports import Clock, Ledger, Letters, Objects
from tidegate.usecases.account import read_account
from tidegate.usecases.batch import PATIENCE
from tidegate.usecases.claim import read_manifest
from tidegate.usecases.conclude import conclude
from tidegate.usecases.job import read_failure
from tidegate.usecases.report import CAUSE_LENGTH, failure, letter, success

CLAIM = "Claim"  # the one step that can fail without a run
#: Errors that every file of the dataset would meet: trying fewer of them at a time tells nothing.
OF_THE_DATASET = frozenset(
    {"BatchRefused", "ContractInvalid", "ContractMissing", "AccessDenied", "NotFound", "SettingMissing", "MessageMalformed"}
)
#: Errors that trying again does not change, once a file is alone with them.
HOPELESS = frozenset(name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Permanent))
_FIRST_PAUSE = 300_000_000  # microseconds
_LONGEST_PAUSE = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Failed:
    """The notification (None when there is nothing to tell), what was buried, and whether the dataset's other files can go on."""

    proceed: bool
    message: dict[str, Any] | None = None
    letter: dict[str, Any] | None = None
    again: int = 0


def fail(
    dataset: str,
    token: int,
    step: str,
    error: str,
    cause: str,
    *,
    ledger: Ledger,
    objects: Objects,
    letters: Letters,
    clock: Clock,
) -> Failed:
    """Close the open run as FAILED, once. The letter goes first: a file that is FAILED must be in the failures DLQ.

    When no run was open (the claim itself failed) the files stay PENDING, and the lease is given back with a pause that doubles.
    Raise LeaseLost when the lease is another run's.
    """
    lease = ledger.lease(dataset)
    if lease.token != token:
        raise LeaseLost(f"{dataset}: token {token} is not the lease's")
    if not lease.run_id:
        return _without_run(lease, step, error, cause, ledger, letters, clock)
    run = ledger.run(lease.run_id)
    if run is None:
        raise LeaseLost(f"{lease.run_id}: the lease names a run that is not in the ledger")
    manifest = read_manifest(lease.manifest_key, objects)
    error, cause = _of_job(error, cause, manifest, objects)
    why = f"{step} failed: {error}: {explain(cause)}"
    buried: dict[str, Any] | None = None
    if run.state is RunState.RUNNING:
        again = _again(error, manifest, lease)
        if not again:
            buried = letter(
                failure(dataset, run.run_id, step, error, explain(cause), manifest.files), lease.manifest_key, manifest.files
            )
            letters.send(buried)
        run = ledger.end_run(token, replace(run, state=RunState.FAILED, error=why, again=again, ended_at=timestamp(clock())))
    conclude(run, token, manifest, ledger=ledger, objects=objects)
    if not manifest.files and run.state is RunState.FAILED:  # it had only to put the tables right, and would fail the same way
        ledger.back_off(dataset, token, _opens_at(lease, clock))
    return Failed(bool(manifest.files), _message(run, manifest, step, error, cause, objects), buried, run.again)


def _again(error: str, manifest: Manifest, lease: Lease) -> int:
    """Say how many of these files the next run may take at most; 0 when they are not tried again.

    A batch is halved until a bad file is alone. A batch that cannot be halved is tried again where that can help, as often as the
    contract allows. After many failures in a row it is not a file that is bad, and nothing is gained by halving.
    """
    if error in OF_THE_DATASET or lease.failures >= PATIENCE or not manifest.files:
        return 0
    if not manifest.is_whole:
        return -(-len(manifest.files) // 2)
    hopeless = error in HOPELESS or manifest.failures + 1 >= manifest.attempts
    return 0 if hopeless else len(manifest.files)


def _without_run(lease: Lease, step: str, error: str, cause: str, ledger: Ledger, letters: Letters, clock: Clock) -> Failed:
    if step != CLAIM:  # an earlier try of this step closed the run and its answer was lost
        return Failed(proceed=True)
    if not lease.held:  # the same, where there was no run
        return Failed(proceed=False)
    message = failure(lease.dataset, "", step, error, explain(cause), ())
    buried = letter(message, "", ())
    letters.send(buried)
    ledger.back_off(lease.dataset, lease.token, _opens_at(lease, clock))
    return Failed(proceed=False, message=message, letter=buried)


def _opens_at(lease: Lease, clock: Clock) -> int:
    return clock() + min(_FIRST_PAUSE << min(lease.failures, 10), _LONGEST_PAUSE)


def _message(run: RunRecord, manifest: Manifest, step: str, error: str, cause: str, objects: Objects) -> dict[str, Any] | None:
    """Tell of the run's end: also of a success whose Settle died after it was decided."""
    if run.state is RunState.SUCCEEDED:
        return success(manifest, read_account(manifest, objects))
    if run.again:
        return None
    return failure(run.dataset, run.run_id, step, error, explain(cause), manifest.files)


def _of_job(error: str, cause: str, manifest: Manifest, objects: Objects) -> tuple[str, str]:
    """Return what a Glue job ended with: its own word, or the state of a job that was ended without one.

    Step Functions calls it `States.TaskFailed` and has Glue's record of the job run as its cause. The message in that may quote a row.
    """
    if error != "States.TaskFailed":
        return error, cause
    try:
        job_run = json.loads(cause)
        name, state = job_run["Id"], job_run["JobRunState"]
    except (ValueError, TypeError, KeyError):
        return error, "the job's record could not be read"
    ended = f"Glue.{state}", f"the job run {name} of {job_run.get('JobName')} was ended: its log says more"
    return read_failure(manifest, name, objects) or ended


def explain(cause: str) -> str:
    """Return the message inside a Lambda error's JSON, or the text as it is: no stack trace, cut to a readable length."""
    try:
        fields = json.loads(cause)
    except ValueError:
        return cause[:CAUSE_LENGTH]
    text = fields.get("errorMessage") if isinstance(fields, dict) else None
    return str(text if text is not None else cause)[:CAUSE_LENGTH]
