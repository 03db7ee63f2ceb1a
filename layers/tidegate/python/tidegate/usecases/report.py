"""What is said to the outside about a run: SNS messages and letters to the failures DLQ. Never a row's value."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tidegate.model.runs import Account, Manifest, ManifestFile

FILES_SHOWN = 50
FILES_IN_LETTER = 1000  # SQS and Step Functions take 256 KB
CAUSE_LENGTH = 500
SUBJECT_LENGTH = 100  # SNS refuses longer ones


def success(manifest: Manifest, account: Account) -> dict[str, Any]:
    """Return the SNS message of a settled run."""
    return {
        "status": "SUCCEEDED",
        "dataset": manifest.dataset,
        "run_id": manifest.run_id,
        "contract_version": manifest.contract_version,
        "books": asdict(account.books),
        "drift": [asdict(d) for d in account.drift],
        "warnings": [asdict(w) for w in account.warnings],
        "files_total": len(account.receipts),
        "files": [asdict(r) for r in account.receipts[:FILES_SHOWN]],
    }


def failure(dataset: str, run_id: str, step: str, error: str, cause: str, files: Sequence[ManifestFile]) -> dict[str, Any]:
    """Return the SNS message of a failed run."""
    return {
        "status": "FAILED",
        "dataset": dataset,
        "run_id": run_id,
        "step": step,
        "error": error,
        "cause": cause,
        "files_total": len(files),
        "files": [{"file_id": f.file_id, "key": f.key, "version_id": f.version_id, "state": "FAILED"} for f in files[:FILES_SHOWN]],
        "next": f"mend the cause, then: tidegate replay --run {run_id}"
        if run_id
        else "mend the cause; the files are still pending",
    }


def letter(message: dict[str, Any], manifest_key: str, files: Sequence[ManifestFile]) -> dict[str, Any]:
    """Return the body of the failures DLQ message: the failure and the files to replay, by id. A long list is in the manifest only."""
    brief = {k: v for k, v in message.items() if k not in ("files", "status")}
    ids = [f.file_id for f in files] if len(files) <= FILES_IN_LETTER else []
    return {**brief, "kind": "run-failed", "manifest_key": manifest_key, "file_ids": ids}
