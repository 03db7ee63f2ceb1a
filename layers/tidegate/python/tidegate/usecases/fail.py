"""Fail: a step of a run gave up. Its files go to FAILED, and everything that replay needs goes to the failures DLQ."""

import json
from dataclasses import dataclass
from typing import Any

from tidegate.model.runs import Manifest
from tidegate.ports import Ledger, Objects
from tidegate.usecases.claim import read_manifest
from tidegate.usecases.report import CAUSE_LENGTH, failure, letter


@dataclass(frozen=True, slots=True)
class Buried:
    """The letter for the failures DLQ, the notification, and whether the dataset's other files can go on."""

    letter: dict[str, Any]
    message: dict[str, Any]
    proceed: bool


def fail(dataset: str, token: int, step: str, error: str, cause: str, *, ledger: Ledger, objects: Objects) -> Buried:
    """Close the open run as FAILED.

    When no run was open (the claim itself failed) the files stay PENDING and the lease is given back.
    """
    lease = ledger.lease(dataset)
    why = f"{step} failed: {error}: {explain(cause)}"
    manifest: Manifest | None = None
    if lease.token == token and lease.run_id:
        manifest = read_manifest(lease.manifest_key, objects)
        ledger.fail(dataset, token, lease.run_id, [f.file_id for f in manifest.files], why)
    else:
        ledger.release(dataset, token)
    files = manifest.files if manifest else ()
    run_id = manifest.run_id if manifest else ""
    message = failure(dataset, run_id, step, error, explain(cause), files)
    return Buried(letter(message, lease.manifest_key if manifest else "", files), message, proceed=manifest is not None)


def explain(cause: str) -> str:
    """Return the message inside a Lambda error's JSON, or the text as it is: no stack trace, cut to a readable length."""
    try:
        fields = json.loads(cause)
    except ValueError:
        return cause[:CAUSE_LENGTH]
    text = fields.get("errorMessage") if isinstance(fields, dict) else None
    return str(text if text is not None else cause)[:CAUSE_LENGTH]
