"""The part of the ledger that says who may write a dataset's tables: one item a dataset, changed by single conditional writes."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from tidegate.aws import items
from tidegate.aws.table import Table
from tidegate.errors import LeaseLost
from tidegate.model.runs import Lease, RunRecord

_MINE = "#token = :token AND held = :yes"
_NO_RUN_SINCE = " AND run_id = :none AND stale_run_id = :none AND #batch = :seen"
_FREE = "attribute_not_exists(#token) OR (#token = :seen AND run_id = :open AND (held = :no OR expires_at <= :now))"


class Leases:
    """Leases in one DynamoDB table."""

    def __init__(self, table: Table) -> None:
        """Keep the table."""
        self._t = table

    def lease(self, dataset: str) -> Lease:
        """Read the lease, strongly consistent."""
        return items.lease(dataset, self._t.get(items.lease_key(dataset)))

    def take(self, seen: Lease, now: int, until: int, keeper: str = "") -> Lease | None:
        """Take a free or expired lease with token + 1; None when somebody else did since it was `seen`."""
        stale = seen.run_id or seen.stale_run_id  # the one who took it last may have died before it closed that run
        taken = Lease(
            seen.dataset,
            seen.token + 1,
            held=True,
            expires_at=until,
            stale_run_id=stale,
            failures=seen.failures,
            unclean=seen.unclean,
            keeper=keeper,
        )
        values = {":seen": seen.token, ":open": seen.run_id, ":now": now, ":no": False}
        if self._set(taken, _FREE, values):
            return taken
        # An answer that was lost makes the client try again, and the second try finds its own write.
        there = self.lease(seen.dataset)
        return taken if (there.token, there.expires_at) == (taken.token, taken.expires_at) else None

    def arm(self, seen: Lease, opens_at: int) -> bool:
        """Keep a free lease from being taken unasked before `opens_at`; False when it changed since it was `seen`."""
        armed = replace(seen, opens_at=opens_at)
        values = {":seen": seen.token, ":no": False, ":then": seen.opens_at}
        free = "attribute_not_exists(#token) OR (#token = :seen AND held = :no AND opens_at = :then)"
        return self._set(armed, free, values)

    def reserve(self, seen: Lease, opens_at: int) -> bool:
        """Keep a held lease, once it is given back, from being taken unasked before `opens_at`; False when it was given back already."""
        values = {":then": opens_at, ":before": seen.opens_at}
        return self._change(seen.dataset, seen.token, "SET opens_at = :then", values, " AND opens_at = :before")

    def hold(self, dataset: str, token: int, until: int, run_id: str = "") -> bool:
        """Extend a lease; False when the token is not the lease's any more, or when `run_id` is given and not its open run."""
        also = (" AND run_id = :run", {":run": run_id}) if run_id else ("", {})
        return self._change(dataset, token, "SET expires_at = :until", {":until": until, **also[1]}, also[0])

    def release(self, dataset: str, token: int) -> bool:
        """Give a lease back; False when the token is not the lease's any more, or when a run is open or not concluded under it.

        An overlapping try of the caller's step may have let the execution go on: to take its run out of the lease would leave that run
        RUNNING, and its commits in the tables, where nobody could take them back.
        """
        none_open = " AND run_id = :none AND stale_run_id = :none"
        return self._change(dataset, token, "SET held = :no", {":no": False, ":none": ""}, none_open)

    def back_off(self, dataset: str, token: int, opens_at: int) -> bool:
        """Give a lease back after a failure: one more, and nobody takes it unasked before `opens_at`; False as release."""
        change = "SET held = :no, opens_at = :then ADD failures :one"
        return self._change(dataset, token, change, {":no": False, ":then": opens_at, ":one": 1})

    def open_run(self, lease: Lease, run: RunRecord) -> None:
        """Record the run and name it in the lease; raise LeaseLost when the lease is not the caller's."""
        change = "SET run_id = :run, manifest_key = :manifest, #batch = :next"
        values = {":run": run.run_id, ":manifest": run.manifest_key, ":none": "", ":seen": lease.batch, ":next": lease.batch + 1}
        opened = self._on_lease(lease.dataset, lease.token, change, values, _NO_RUN_SINCE)
        if self._t.transact([opened, self._t.put(items.run_item(run))]):
            raise LeaseLost(f"{run.run_id}: the lease was taken, or another try opened the run")

    def close_run(self, dataset: str, token: int, run_id: str) -> None:
        """Take an ended run out of the lease; nothing happens when the lease does not name it."""
        values = {":none": "", ":run": run_id}
        if not self._change(dataset, token, "SET run_id = :none, manifest_key = :none", values, " AND run_id = :run"):
            self._change(dataset, token, "SET stale_run_id = :none", values, " AND stale_run_id = :run")

    def mark_unclean(self, dataset: str) -> None:
        """Note that the tables hold what no settled run left there: the next run takes it back, even when no file waits."""
        self._t.change(items.lease_key(dataset), "SET unclean = :yes", "attribute_exists(pk)", {":yes": True})

    def _set(self, lease: Lease, condition: str, values: Mapping[str, Any]) -> bool:
        fields = asdict(lease)
        change = "SET " + ", ".join(f"{_name(field)} = :{field}" for field in fields)
        return self._t.change(
            items.lease_key(lease.dataset), change, condition, {**{f":{f}": value for f, value in fields.items()}, **values}
        )

    def _change(self, dataset: str, token: int, change: str, values: Mapping[str, Any], also: str = "") -> bool:
        return self._t.change(items.lease_key(dataset), change, _MINE + also, {**values, ":token": token, ":yes": True})

    def _on_lease(self, dataset: str, token: int, change: str, values: Mapping[str, Any], also: str = "") -> dict[str, Any]:
        return self._t.update(items.lease_key(dataset), change, _MINE + also, {**values, ":token": token, ":yes": True})

    def _no_run_since(self, lease: Lease) -> dict[str, Any]:
        values = {":token": lease.token, ":yes": True, ":none": "", ":seen": lease.batch}
        return self._t.check(items.lease_key(lease.dataset), _MINE + _NO_RUN_SINCE, values)

    def _still_mine(self, dataset: str, token: int) -> dict[str, Any]:
        return self._t.check(items.lease_key(dataset), _MINE, {":token": token, ":yes": True})


def _name(field: str) -> str:
    """Return the field as an expression has to spell it."""
    return f"#{field}" if field in ("token", "batch") else field
