"""The ledger, as a protocol."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

from tidegate.model.arrivals import Arrival, Route
from tidegate.model.files import FileRecord, FileState, Versions
from tidegate.model.runs import DatasetState, FullLoad, Lease, Receipt, RunRecord, RunState


class Registration(StrEnum):
    """What registering an arrival did."""

    NEW = "NEW"
    DUPLICATE = "DUPLICATE"  # this version is known already
    SUPERSEDED = "SUPERSEDED"  # a newer version of the key is known
    MOVED = "MOVED"  # nothing: this version was to come after one that is not the newest any more


class Ledger(Protocol):
    """The truth about files, leases and runs. Every transition is one conditional write; a refused one changes nothing."""

    def register(self, arrival: Arrival, route: Route, state: FileState, reason: str) -> Registration:
        """Record an object version once. PENDING files join their dataset's queue, REGISTERED ones their load's parts."""
        ...

    def lease(self, dataset: str) -> Lease:
        """Read the lease, strongly consistent."""
        ...

    def take(self, seen: Lease, now: int, until: int, keeper: str = "") -> Lease | None:
        """Take a free or expired lease with token + 1; None when somebody else did since it was `seen`.

        With a `keeper` nobody starts an execution for it.
        """
        ...

    def hold(self, dataset: str, token: int, until: int, run_id: str = "") -> bool:
        """Extend a lease; False when the token is not the lease's any more, or when `run_id` is given and not its open run."""
        ...

    def release(self, dataset: str, token: int) -> bool:
        """Give a lease back; False when the token is not the lease's any more, or when a run is open or not concluded under it."""
        ...

    def back_off(self, dataset: str, token: int, opens_at: int) -> bool:
        """Give a lease back after a failure: one more, and nobody takes it unasked before `opens_at`; False as release."""
        ...

    def reserve(self, seen: Lease, opens_at: int) -> bool:
        """Keep a held lease, once it is given back, from being taken unasked before `opens_at`; False when it changed since."""
        ...

    def arm(self, seen: Lease, opens_at: int) -> bool:
        """Keep a free lease from being taken unasked before `opens_at`; False when it changed since it was `seen`."""
        ...

    def queue(self, dataset: str, limit: int, after: str = "") -> Sequence[FileRecord]:
        """Read files that wait for a run or are in one that is not settled, oldest first, those that arrived later than `after`."""
        ...

    def parts(self, dataset: str, load_id: str) -> Sequence[FileRecord]:
        """Read the registered files of one full load, strongly consistent."""
        ...

    def versions(self, object_ids: Iterable[str]) -> Mapping[str, Versions]:
        """Read what is known of keys, strongly consistent."""
        ...

    def files(self, file_ids: Iterable[str]) -> Mapping[str, FileRecord]:
        """Read files by id, strongly consistent; unknown ids are left out."""
        ...

    def state(self, dataset: str) -> DatasetState:
        """Read what is kept of a dataset between runs."""
        ...

    def full_loads(self, dataset: str) -> Sequence[FullLoad]:
        """List the full loads that became the current state, in any order."""
        ...

    def claim(self, lease: Lease, files: Sequence[FileRecord], run_id: str) -> None:
        """Move files to CLAIMED, attempts + 1, while the lease is the caller's; raise LeaseLost when it is not."""
        ...

    def open_run(self, lease: Lease, run: RunRecord) -> None:
        """Record the run and name it in the lease; raise LeaseLost when the lease is not the caller's."""
        ...

    def reroute(self, token: int, run: RunRecord) -> None:
        """Write where an open run is loaded and why (`route`, `route_reason`); raise LeaseLost when the lease is not `token`'s.

        Raise it too when the run is not open any more.
        """
        ...

    def end_run(
        self, token: int, run: RunRecord, state: DatasetState | None = None, full_load: FullLoad | None = None
    ) -> RunRecord:
        """Decide, in one write under the lease, what became of an open run: this is the moment from which its rows count or do not.

        `state` is kept of the dataset from then on, and `full_load` is listed, if the run made one the current state.
        Return the decision, which is an earlier one when there was one. Its files follow by `settle`, `queue_again` or `give_up`,
        any number of times; `close_run` comes last. Raise LeaseLost when the lease is not `token`'s or names another run.
        """
        ...

    def settle(self, token: int, run: RunRecord, receipts: Sequence[Receipt]) -> None:
        """Write receipts on the run's files and take them out of the queue; raise LeaseLost when the lease is not `token`'s."""
        ...

    def queue_again(self, token: int, run: RunRecord, files: Sequence[str], *, alone: bool) -> None:
        """Let the files of a run wait for another, after a FAILED one in batches of at most `run.again`; `alone` counts a failure."""
        ...

    def give_up(self, token: int, run: RunRecord, files: Sequence[str]) -> None:
        """Move the files of a FAILED run to FAILED and out of the queue; raise LeaseLost as settle does."""
        ...

    def close_run(self, dataset: str, token: int, run_id: str) -> None:
        """Take an ended run out of the lease; nothing happens when the lease does not name it."""
        ...

    def supersede(self, files: Sequence[FileRecord], lease: Lease | None = None) -> None:
        """Take overtaken files out of the queue: to SUPERSEDED, or back to LOADED where their rows are in the tables.

        A file that moved since it was read is left alone. With a `lease`, raise LeaseLost when it is not the caller's any more, or
        when a run was opened under it since it was read: that run may be loading them.
        """
        ...

    def requeue(self, record: FileRecord, *, forced: bool = False) -> bool:
        """Put a file at rest back to PENDING and into the queue; False when its state does not allow it any more."""
        ...

    def explain(self, file_id: str, reason: str) -> None:
        """Say on a waiting file what it waits for."""
        ...

    def mark_unclean(self, dataset: str) -> None:
        """Note that the tables hold what no settled run left there: the next run takes it back, even when no file waits."""
        ...

    def run(self, run_id: str) -> RunRecord | None:
        """Read one run."""
        ...

    def cursor(self, name: str) -> Mapping[str, Any]:
        """Read where a long piece of work stopped; empty when it never did."""
        ...

    def keep_cursor(self, name: str, fields: Mapping[str, Any]) -> None:
        """Write where a long piece of work stopped: texts and whole numbers."""
        ...

    def datasets(self) -> Iterator[str]:
        """List every dataset that ever had a file."""
        ...

    def list_files(self, dataset: str, since: str = "", until: str = "~") -> Iterator[FileRecord]:
        """List a dataset's files by arrival; eventually consistent."""
        ...

    def list_runs(self, dataset: str, state: RunState | None = None) -> Iterator[RunRecord]:
        """List a dataset's runs, oldest first; eventually consistent."""
        ...
