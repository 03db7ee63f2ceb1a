"""Job: the load of one run by a Glue job. The state machine sees only that a job ended badly, so why it did is kept beside the manifest."""

import json
from collections.abc import Callable
from dataclasses import replace

from tidegate.errors import LeaseLost, NotFound, TidegateError, stand_in
from tidegate.model.runs import Compute, Manifest
from tidegate.ports import Clock, Ledger, Objects


def run_job(
    manifest: Manifest,
    reason: str,
    job_run_id: str,
    work: Callable[[], object],
    *,
    ledger: Ledger,
    objects: Objects,
    clock: Clock,
    lease_us: int,
) -> None:
    """Do the work of a run while the lease is its own; raise what it ends with, once that is written down.

    `reason` says why the run came here; it is kept when a Lambda had it before.
    """
    try:
        _begin(manifest, reason, ledger, clock() + lease_us)
        work()
    except TidegateError as error:
        _tell(manifest, job_run_id, error, objects)
        raise
    except Exception as error:  # noqa: BLE001 - the last door: what a library says may quote a row
        known = stand_in(error)
        _tell(manifest, job_run_id, known, objects)
        raise known from None


def _begin(manifest: Manifest, reason: str, ledger: Ledger, until: int) -> None:
    if not ledger.hold(manifest.dataset, manifest.token, until, manifest.run_id):
        raise LeaseLost(f"{manifest.run_id}: the lease went to another run before the job began")
    run = ledger.run(manifest.run_id)
    if run is None:
        raise NotFound(f"{manifest.run_id} is not in the ledger")
    if run.route is not Compute.GLUE:
        ledger.reroute(manifest.token, replace(run, route=Compute.GLUE, route_reason=reason))


def read_failure(manifest: Manifest, job_run_id: str, objects: Objects) -> tuple[str, str] | None:
    """Return the name and the text of the error that a job run ended with; None when it could not say."""
    body = objects.get(_place(manifest, job_run_id))
    if body is None:
        return None
    told = json.loads(body)
    return str(told["error"]), str(told["cause"])


def _tell(manifest: Manifest, job_run_id: str, error: TidegateError, objects: Objects) -> None:
    objects.put(_place(manifest, job_run_id), json.dumps({"error": type(error).__name__, "cause": str(error)}).encode())


def _place(manifest: Manifest, job_run_id: str) -> str:
    return f"runs/{manifest.dataset}/{manifest.run_id}/failure-{job_run_id}.json"
