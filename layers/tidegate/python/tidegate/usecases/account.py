"""The account of a run in the lake bucket: load writes it, audit checks it, settle records it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tidegate.errors import NotFound
from tidegate.model.drift import Drift, DriftKind, Header
from tidegate.model.files import FileState, Warned
from tidegate.model.runs import Account, Books, Commit, Epoch, Manifest, Receipt
from tidegate.ports import Objects


def write_account(manifest: Manifest, account: Account, objects: Objects) -> None:
    """Write what load did."""
    objects.put(account_key(manifest), json.dumps(asdict(account), sort_keys=True).encode())


def account_key(manifest: Manifest) -> str:
    """Return the lake key of a run's account."""
    return f"runs/{manifest.dataset}/{manifest.run_id}/account.json"


def read_account(manifest: Manifest, objects: Objects) -> Account:
    """Read what load wrote; raise NotFound when it is not there."""
    body = objects.get(account_key(manifest))
    if body is None:
        raise NotFound(f"{account_key(manifest)} is not in the lake bucket: load did not finish")
    fields = json.loads(body)
    return Account(
        run_id=fields["run_id"],
        receipts=tuple(_receipt(r) for r in fields["receipts"]),
        books=Books(**fields["books"]),
        commits=tuple(Commit(**c) for c in fields["commits"]),
        epoch=Epoch(**fields["epoch"]),
        watermark=fields["watermark"],
        drift=tuple(Drift(**{**d, "kind": DriftKind(d["kind"])}) for d in fields["drift"]),
        header=Header(**{**fields["header"], "names": tuple(fields["header"]["names"])}),
        warnings=_warnings(fields),
        sizes=fields.get("sizes", {}),
    )


def _receipt(fields: Mapping[str, Any]) -> Receipt:
    return Receipt(**{**fields, "state": FileState(fields["state"]), "warnings": _warnings(fields)})


def _warnings(fields: Mapping[str, Any]) -> tuple[Warned, ...]:
    return tuple(Warned(**w) for w in fields.get("warnings", ()))
