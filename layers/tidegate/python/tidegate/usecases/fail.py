"""Fail: a step of a run gave up. Its files go to FAILED, and everything that replay needs goes to the failures DLQ."""

import json
from dataclasses import dataclass
from typing import Any

from tidegate.model.runs import Lease, Manifest, RunRecord, RunState, run_id_of
from tidegate.ports import Ledger, Objects
from tidegate.usecases.claim import read_manifest
from tidegate.usecases.report import CAUSE_LENGTH, failure, letter

CLAIM = "Claim"  # the one step that can fail without a run


@dataclass(frozen=True, slots=True)
class Buried:
    """The letter for the failures DLQ, the notification, and whether the dataset's other files can go on."""

    letter: dict[str, Any]
    message: dict[str, Any]
    proceed: bool


def fail(dataset: str, token: int, step: str, error: str, cause: str, *, ledger: Ledger, objects: Objects) -> Buried:
    """Close the open run as FAILED. Doing it again gives the same letter: an answer that was lost must not leave files without one.

    When no run was open (the claim itself failed) the files stay PENDING and the lease is given back.
    """
    lease = ledger.lease(dataset)
    why = f"{step} failed: {error}: {explain(cause)}"
    manifest: Manifest | None = None
    manifest_key = ""
    if lease.token == token and lease.run_id:
        manifest_key = lease.manifest_key
        manifest = read_manifest(manifest_key, objects)
        ledger.fail(dataset, token, lease.run_id, [f.file_id for f in manifest.files], why)
    elif lease.token == token and step != CLAIM and (run := _failed_last(lease, ledger)):
        manifest_key = run.manifest_key
        manifest = read_manifest(manifest_key, objects)
    else:
        ledger.release(dataset, token)
    files = manifest.files if manifest else ()
    run_id = manifest.run_id if manifest else ""
    message = failure(dataset, run_id, step, error, explain(cause), files)
    return Buried(letter(message, manifest_key, files), message, proceed=manifest is not None)


def _failed_last(lease: Lease, ledger: Ledger) -> RunRecord | None:
    """Return the last run of a lease if an earlier try of this step closed it."""
    run = ledger.run(run_id_of(lease.dataset, lease.token, lease.batch))
    return run if run is not None and run.state is RunState.FAILED else None


def explain(cause: str) -> str:
    """Return the message inside a Lambda error's JSON, or the text as it is: no stack trace, cut to a readable length."""
    try:
        fields = json.loads(cause)
    except ValueError:
        return cause[:CAUSE_LENGTH]
    text = fields.get("errorMessage") if isinstance(fields, dict) else None
    return str(text if text is not None else cause)[:CAUSE_LENGTH]
