"""The ledger on DynamoDB as moto plays it, and on the one in memory that unit tests and the simulator use: one contract for both."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from simulator.machine import DEFINITION, fill
from tests.dynamo import FakeDynamo
from tests.fakes import SECOND, ManualClock
from tidegate.aws.ledger import _TRANSACTION, DynamoLedger
from tidegate.aws.table import Table
from tidegate.errors import LeaseLost
from tidegate.model.arrivals import Arrival, Kind, route
from tidegate.model.drift import Drift, DriftKind, Header
from tidegate.model.files import FileRecord, FileState
from tidegate.model.runs import Books, DatasetState, Epoch, FullLoad, Lease, Receipt, RunRecord, RunState
from tidegate.ports import Ledger, Registration

DATASET = "demo.events"
LATER = 60 * SECOND
S = FileState
_numbers = itertools.count()


@cache
def _client() -> Any:
    return boto3.client("dynamodb")


def _dynamo(clock: ManualClock) -> DynamoLedger:
    name = f"ledger-{next(_numbers)}"
    _client().create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": a, "AttributeType": "S"} for a in ("pk", "sk", "gpk", "gsk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_kind",
                "KeySchema": [{"AttributeName": "gpk", "KeyType": "HASH"}, {"AttributeName": "gsk", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return DynamoLedger(Table(_client(), name), clock)


def arrived(name: str, sequencer: str = "A1", *, folder: str = "delta", size: int = 10) -> Arrival:
    return Arrival("landing", f"demo/events/{folder}/{name}", f"v-{sequencer}", sequencer, size)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def _memory(clock: ManualClock) -> DynamoLedger:
    return DynamoLedger(Table(FakeDynamo(), "ledger"), clock)


@pytest.fixture(params=[_memory, _dynamo], ids=["memory", "moto"])
def ledger(request: pytest.FixtureRequest, clock: ManualClock) -> Ledger:
    make: Callable[[ManualClock], Ledger] = request.param
    return make(clock)


def register(ledger: Ledger, arrival: Arrival, state: FileState = S.PENDING, reason: str = "") -> Registration:
    return ledger.register(arrival, route(arrival.key), state, reason)


def take(ledger: Ledger, clock: ManualClock) -> Lease:
    now = clock()
    taken = ledger.take(ledger.lease(DATASET), now, now + LATER)
    assert taken is not None
    return taken


def only(ledger: Ledger, arrival: Arrival) -> FileRecord:
    return ledger.files([arrival.file_id])[arrival.file_id]


def queued(ledger: Ledger) -> list[str]:
    return [f.key.rsplit("/", 1)[1] for f in ledger.queue(DATASET, 1000)]


def run_of(lease: Lease, batch: int = 1) -> RunRecord:
    run_id = f"{DATASET}-{lease.token:06d}-{batch:04d}"
    return RunRecord(run_id, DATASET, lease.token, RunState.RUNNING, 1, 10, "1.0.0", f"runs/{run_id}.json", "2026-01-01")


def receipt(arrival: Arrival, state: FileState = S.LOADED) -> Receipt:
    return Receipt(arrival.file_id, arrival.key, arrival.version_id, state, 5, 4, 1, "1.0.0")


def opened(ledger: Ledger, clock: ManualClock, *arrivals: Arrival) -> tuple[Lease, RunRecord]:
    """Register the arrivals and open a run that claims them."""
    for arrival in arrivals:
        register(ledger, arrival)
    lease = take(ledger, clock)
    run = run_of(lease)
    ledger.claim(lease, list(ledger.files(a.file_id for a in arrivals).values()), run.run_id)
    ledger.open_run(lease, run)
    return lease, run


def escalate(ledger: DynamoLedger, token: int, run_id: str) -> None:
    """What the state machine itself writes before it starts a Glue job; GlueWaitSeconds is 600."""
    execution = {"Execution": {"Input": {"dataset": DATASET, "token": token}}}
    update = fill(DEFINITION["States"]["Escalate"]["Parameters"], {"run_id": run_id}, execution)
    text = json.dumps(update).replace("${LedgerTable}", ledger._t._table).replace("${GlueWaitSeconds}", "600")
    ledger._t._client.update_item(**json.loads(text))


def succeeded(run: RunRecord) -> RunRecord:
    return replace(run, state=RunState.SUCCEEDED, ended_at="2026-01-02", books=Books(rows_read=5, rows_accepted=5))


def settle(ledger: Ledger, run: RunRecord, receipts: list[Receipt], state: DatasetState) -> None:
    """Decide, tell the files, close: what Settle does."""
    if ledger.end_run(run.token, run, state).state is not run.state:
        raise LeaseLost(run.run_id)
    ledger.settle(run.token, run, receipts)
    ledger.close_run(run.dataset, run.token, run.run_id)


def fail(ledger: Ledger, run: RunRecord, files: list[str], reason: str) -> None:
    """Decide, tell the files, close: what Fail does."""
    failed = ledger.end_run(run.token, replace(run, state=RunState.FAILED, error=reason, ended_at="2026-01-02"))
    if failed.state is not RunState.FAILED:
        raise LeaseLost(run.run_id)
    ledger.give_up(run.token, failed, files)
    ledger.close_run(run.dataset, run.token, run.run_id)


def abandon(ledger: Ledger, lease: Lease, run: RunRecord) -> RunRecord:
    """What the run that takes the lease over does."""
    aborted = ledger.end_run(lease.token, replace(run, state=RunState.ABORTED, ended_at="2026-01-02"))
    ledger.close_run(DATASET, lease.token, run.run_id)
    return aborted


class TestRegister:
    def test_pending_file_waits_in_the_queue_of_its_dataset(self, ledger: Ledger) -> None:
        a = arrived("a.csv")
        assert register(ledger, a) is Registration.NEW
        record = only(ledger, a)
        assert (record.state, record.kind, record.order, record.attempts) == (S.PENDING, Kind.DELTA, a.order, 0)
        assert (record.key, record.version_id, record.size, record.dataset) == (a.key, a.version_id, 10, DATASET)
        assert queued(ledger) == ["a.csv"]

    def test_duplicate_delivery_is_registered_once(self, ledger: Ledger) -> None:
        a = arrived("a.csv")
        register(ledger, a)
        assert register(ledger, a) is Registration.DUPLICATE
        assert queued(ledger) == ["a.csv"]
        assert ledger.versions([a.object_id])[a.object_id].count == 1

    def test_redelivery_cannot_put_a_loaded_file_back_into_the_queue(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        _, run = opened(ledger, clock, a)
        settle(ledger, succeeded(run), [receipt(a)], DatasetState(DATASET))
        assert register(ledger, a) is Registration.DUPLICATE
        assert (only(ledger, a).state, queued(ledger)) == (S.LOADED, [])

    def test_older_sequencer_after_a_newer_is_recorded_as_superseded_and_never_queued(self, ledger: Ledger) -> None:
        newer, older = arrived("a.csv", "B2"), arrived("a.csv", "A1")
        register(ledger, newer)
        assert register(ledger, older) is Registration.SUPERSEDED
        assert only(ledger, older).state is S.SUPERSEDED
        assert [f.file_id for f in ledger.queue(DATASET, 10)] == [newer.file_id]
        assert ledger.versions([newer.object_id])[newer.object_id].newest_file_id == newer.file_id
        assert register(ledger, older) is Registration.DUPLICATE

    def test_shorter_sequencer_is_compared_padded_on_the_right(self, ledger: Ledger) -> None:
        register(ledger, arrived("a.csv", "0055AED6DCD90281E5"))
        assert register(ledger, arrived("a.csv", "0055AED6DCD90281")) is Registration.SUPERSEDED
        assert register(ledger, arrived("a.csv", "0055AED7")) is Registration.NEW

    def test_newer_version_is_counted_and_becomes_the_newest(self, ledger: Ledger) -> None:
        first, second = arrived("a.csv", "A1"), arrived("a.csv", "A2")
        register(ledger, first)
        register(ledger, second)
        known = ledger.versions([first.object_id])[first.object_id]
        assert (known.newest_file_id, known.count) == (second.file_id, 2)
        assert known.file_ids == {first.file_id, second.file_id}

    def test_versions_found_by_listing_come_each_after_the_one_before(self, ledger: Ledger) -> None:
        first = Arrival("landing", "demo/events/delta/a", "v1", "", 1)
        second = replace(first, version_id="v2", after=first.order)
        register(ledger, first)
        assert register(ledger, second) is Registration.NEW
        assert ledger.versions([first.object_id])[first.object_id].newest_file_id == second.file_id

    def test_version_found_by_listing_is_not_registered_after_one_that_is_not_the_newest_any_more(self, ledger: Ledger) -> None:
        known, announced = arrived("a.csv", "A1"), arrived("a.csv", "A2")
        register(ledger, known)
        found = Arrival("landing", known.key, "v-listed", "", 10, after=known.order)
        register(ledger, announced)
        assert register(ledger, found) is Registration.MOVED
        assert ledger.files([found.file_id]) == {}
        assert register(ledger, replace(found, after=announced.order)) is Registration.NEW

    def test_event_that_comes_later_is_newer_than_what_a_listing_found(self, ledger: Ledger) -> None:
        known, later = arrived("a.csv", "A1"), arrived("a.csv", "A1001")
        register(ledger, known)
        register(ledger, Arrival("landing", known.key, "v-listed", "", 10, after=known.order))
        assert register(ledger, later) is Registration.NEW

    def test_part_of_a_full_load_is_kept_out_of_the_queue(self, ledger: Ledger) -> None:
        part = arrived("p1.csv", folder="full/2024")
        register(ledger, part, S.REGISTERED)
        assert [f.file_id for f in ledger.parts(DATASET, "2024")] == [part.file_id]
        assert queued(ledger) == []
        assert list(ledger.parts(DATASET, "2025")) == []

    def test_refused_file_rests_with_its_reason(self, ledger: Ledger) -> None:
        a = arrived("a.csv")
        register(ledger, a, S.QUARANTINED, "NO_CONTRACT: publish one")
        assert (only(ledger, a).state, only(ledger, a).reason) == (S.QUARANTINED, "NO_CONTRACT: publish one")
        assert queued(ledger) == []

    def test_unrouted_key_is_listed_under_no_dataset(self, ledger: Ledger) -> None:
        stray = Arrival("landing", "stray.csv", "v1", "A1", 3)
        register(ledger, stray, S.QUARANTINED, "UNROUTED: move it")
        assert [f.key for f in ledger.list_files("")] == ["stray.csv"]
        assert list(ledger.datasets()) == []

    @pytest.mark.parametrize("state", [S.PENDING, S.REGISTERED, S.QUARANTINED])
    def test_dataset_whose_ingest_died_before_the_lease_is_seen_by_reconcile(self, ledger: Ledger, state: FileState) -> None:
        register(ledger, arrived("p.csv", folder="full/1"), state)
        assert list(ledger.datasets()) == [DATASET]
        assert not ledger.lease(DATASET).held

    def test_listing_a_dataset_again_leaves_its_lease_alone(self, ledger: Ledger, clock: ManualClock) -> None:
        register(ledger, arrived("a.csv"))
        held = take(ledger, clock)
        register(ledger, arrived("b.csv"), S.QUARANTINED, "EMPTY_FILE")
        assert ledger.lease(DATASET) == held

    def test_same_name_in_two_datasets_is_two_files(self, ledger: Ledger) -> None:
        here, there = (Arrival("landing", f"demo/{d}/delta/a.csv", "v1", "A1", 1) for d in ("events", "others"))
        register(ledger, here)
        register(ledger, there)
        assert queued(ledger) == ["a.csv"]
        assert [f.dataset for f in ledger.queue("demo.others", 5)] == ["demo.others"]

    def test_queue_gives_the_oldest_first_up_to_its_limit(self, ledger: Ledger) -> None:
        for name in ("c", "a", "b"):
            register(ledger, arrived(name))
        assert queued(ledger) == ["c", "a", "b"]
        assert [f.key[-1] for f in ledger.queue(DATASET, 2)] == ["c", "a"]


class TestLease:
    def test_dataset_that_nobody_took_has_a_free_lease(self, ledger: Ledger, clock: ManualClock) -> None:
        lease = ledger.lease(DATASET)
        assert (lease.token, lease.held, lease.is_free(clock())) == (0, False, True)

    def test_token_grows_with_every_take(self, ledger: Ledger, clock: ManualClock) -> None:
        first = take(ledger, clock)
        assert ledger.release(DATASET, first.token)
        assert [first.token, take(ledger, clock).token] == [1, 2]

    def test_held_lease_is_not_taken(self, ledger: Ledger, clock: ManualClock) -> None:
        held = take(ledger, clock)
        assert ledger.take(held, clock(), clock() + LATER) is None
        assert ledger.lease(DATASET) == held

    def test_keeper_is_named_in_the_lease_until_somebody_else_takes_it(self, ledger: Ledger, clock: ManualClock) -> None:
        kept = ledger.take(ledger.lease(DATASET), clock(), clock() + LATER, "maintain")
        assert kept is not None
        assert (ledger.lease(DATASET), kept.keeper) == (kept, "maintain")
        ledger.release(DATASET, kept.token)
        assert take(ledger, clock).keeper == ""

    def test_reserved_lease_stays_held_and_is_not_open_when_it_is_given_back(self, ledger: Ledger, clock: ManualClock) -> None:
        held = take(ledger, clock)
        opens_at = clock() + LATER
        assert ledger.reserve(held, opens_at)
        assert not ledger.reserve(held, opens_at + 1)  # somebody did since it was seen
        assert ledger.lease(DATASET) == replace(held, opens_at=opens_at)
        ledger.release(DATASET, held.token)
        assert ledger.lease(DATASET).opens_at == opens_at
        assert take(ledger, clock).opens_at == 0

    def test_lease_that_was_given_back_is_not_reserved(self, ledger: Ledger, clock: ManualClock) -> None:
        held = take(ledger, clock)
        ledger.release(DATASET, held.token)
        assert not ledger.reserve(held, clock() + LATER)
        assert ledger.lease(DATASET).opens_at == 0

    def test_two_that_saw_the_same_free_lease_cannot_both_take_it(self, ledger: Ledger, clock: ManualClock) -> None:
        seen = ledger.lease(DATASET)
        assert ledger.take(seen, clock(), clock() + LATER)
        assert ledger.take(seen, clock(), clock() + LATER) is None

    def test_two_that_saw_the_same_released_lease_cannot_both_take_it(self, ledger: Ledger, clock: ManualClock) -> None:
        ledger.release(DATASET, take(ledger, clock).token)
        seen = ledger.lease(DATASET)
        assert ledger.take(seen, clock(), clock() + LATER)
        assert ledger.take(seen, clock(), clock() + LATER) is None

    def test_expired_lease_is_taken_and_remembers_the_run_that_was_open(self, ledger: Ledger, clock: ManualClock) -> None:
        _, run = opened(ledger, clock, arrived("a.csv"))
        clock.pass_seconds(61)
        taken = take(ledger, clock)
        assert (taken.token, taken.run_id, taken.batch, taken.stale_run_id) == (2, "", 0, run.run_id)
        assert ledger.lease(DATASET) == taken

    def test_second_takeover_before_any_claim_still_remembers_the_open_run(self, ledger: Ledger, clock: ManualClock) -> None:
        _, run = opened(ledger, clock, arrived("a.csv"))
        for _ in range(2):
            clock.pass_seconds(61)
            taken = take(ledger, clock)
        assert (taken.token, taken.stale_run_id) == (3, run.run_id)

    def test_run_that_a_zombie_opens_between_look_and_take_is_not_forgotten(self, ledger: Ledger, clock: ManualClock) -> None:
        register(ledger, arrived("a.csv"))
        zombie = take(ledger, clock)
        clock.pass_seconds(61)
        seen = ledger.lease(DATASET)
        ledger.open_run(zombie, run_of(zombie))
        assert ledger.take(seen, clock(), clock() + LATER) is None
        assert take(ledger, clock).stale_run_id == run_of(zombie).run_id

    def test_lease_extended_between_look_and_take_is_not_taken(self, ledger: Ledger, clock: ManualClock) -> None:
        mine = take(ledger, clock)
        clock.pass_seconds(61)
        seen, now = ledger.lease(DATASET), clock()
        assert ledger.hold(DATASET, mine.token, now + LATER)
        assert ledger.take(seen, now, now + LATER) is None

    def test_hold_extends_and_survives_its_own_expiry_while_nobody_took_it(self, ledger: Ledger, clock: ManualClock) -> None:
        mine = take(ledger, clock)
        clock.pass_seconds(120)
        until = clock() + LATER
        assert ledger.hold(DATASET, mine.token, until)
        assert ledger.lease(DATASET).expires_at == until

    @pytest.mark.parametrize("token", [0, 1, 3])
    def test_other_tokens_neither_hold_nor_release(self, ledger: Ledger, clock: ManualClock, token: int) -> None:
        ledger.release(DATASET, take(ledger, clock).token)
        current = take(ledger, clock)
        assert not ledger.hold(DATASET, token, clock() + 2 * LATER)
        assert not ledger.release(DATASET, token)
        assert ledger.lease(DATASET) == current

    def test_released_lease_is_neither_held_nor_released_again(self, ledger: Ledger, clock: ManualClock) -> None:
        mine = take(ledger, clock)
        assert ledger.release(DATASET, mine.token)
        assert not ledger.hold(DATASET, mine.token, clock() + LATER)
        assert not ledger.release(DATASET, mine.token)
        assert ledger.lease(DATASET).is_free(clock())

    def test_lease_with_an_open_run_is_not_released(self, ledger: Ledger, clock: ManualClock) -> None:
        """Two tries of a step overlap: the run that the other one opened would stay RUNNING for ever."""
        lease, run = opened(ledger, clock, arrived("a.csv"))
        assert not ledger.release(DATASET, lease.token)
        assert (ledger.lease(DATASET).held, ledger.lease(DATASET).run_id) == (True, run.run_id)

    def test_lease_with_a_run_that_nobody_concluded_is_not_released(self, ledger: Ledger, clock: ManualClock) -> None:
        _, run = opened(ledger, clock, arrived("a.csv"))
        clock.pass_seconds(120)
        successor = take(ledger, clock)
        assert not ledger.release(DATASET, successor.token)
        assert ledger.lease(DATASET).stale_run_id == run.run_id


class TestClaim:
    def test_claimed_files_stay_in_the_queue_with_one_attempt_more(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        _, run = opened(ledger, clock, a)
        record = only(ledger, a)
        assert (record.state, record.attempts, record.run_id) == (S.CLAIMED, 1, run.run_id)
        assert queued(ledger) == ["a.csv"]

    def test_files_of_a_dead_run_are_claimed_again(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        opened(ledger, clock, a)
        clock.pass_seconds(61)
        lease = take(ledger, clock)
        ledger.claim(lease, [only(ledger, a)], run_of(lease).run_id)
        assert (only(ledger, a).attempts, only(ledger, a).run_id) == (2, run_of(lease).run_id)

    def test_lost_lease_claims_nothing(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        register(ledger, a)
        zombie = take(ledger, clock)
        clock.pass_seconds(61)
        take(ledger, clock)
        with pytest.raises(LeaseLost):
            ledger.claim(zombie, [only(ledger, a)], "zombie")
        assert (only(ledger, a).state, only(ledger, a).attempts) == (S.PENDING, 0)

    def test_file_that_was_loaded_since_it_was_read_is_not_made_history(self, ledger: Ledger, clock: ManualClock) -> None:
        """Its rows are in the tables, and stay there when the newer version is refused."""
        a = arrived("a.csv")
        register(ledger, a)
        seen = only(ledger, a)
        _, run = opened(ledger, clock, a)
        settle(ledger, succeeded(run), [receipt(a)], DatasetState(DATASET))
        register(ledger, arrived("a.csv", "A2"))
        ledger.supersede([seen])
        assert (only(ledger, a).state, only(ledger, a).loaded_by) == (S.LOADED, run.run_id)

    def test_zombie_supersedes_nothing_in_its_successor_s_run(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        zombie = take(ledger, clock)
        clock.pass_seconds(61)
        opened(ledger, clock, a)
        register(ledger, arrived("a.csv", "A2"))
        with pytest.raises(LeaseLost):
            ledger.supersede([only(ledger, a)], zombie)
        assert only(ledger, a).state is S.CLAIMED

    def test_overlapping_try_supersedes_nothing_in_the_run_that_the_other_one_opened(
        self, ledger: Ledger, clock: ManualClock
    ) -> None:
        a = arrived("a.csv")
        lease, _ = opened(ledger, clock, a)
        register(ledger, arrived("a.csv", "A2"))
        with pytest.raises(LeaseLost):
            ledger.supersede([only(ledger, a)], lease)
        assert only(ledger, a).state is S.CLAIMED

    def test_lease_without_a_run_supersedes_what_waits(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        register(ledger, a)
        register(ledger, arrived("a.csv", "A2"))
        ledger.supersede([only(ledger, a)], take(ledger, clock))
        assert only(ledger, a).state is S.SUPERSEDED

    def test_superseded_file_is_not_claimed_and_holds_back_the_others(self, ledger: Ledger, clock: ManualClock) -> None:
        a, b = arrived("a.csv"), arrived("b.csv")
        for arrival in (a, b):
            register(ledger, arrival)
        lease, seen = take(ledger, clock), list(ledger.queue(DATASET, 5))
        ledger.supersede([seen[1]])
        with pytest.raises(LeaseLost):
            ledger.claim(lease, seen, "run")
        assert only(ledger, a).state is S.PENDING

    def test_more_files_than_one_transaction_takes(
        self, ledger: Ledger, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert _TRANSACTION + 1 <= 100  # DynamoDB's limit: every file is one write beside the check of the lease
        monkeypatch.setattr("tidegate.aws.ledger._TRANSACTION", 4)
        arrivals = [arrived(f"{n:03}.csv") for n in range(9)]
        _, run = opened(ledger, clock, *arrivals)
        assert [f.state for f in ledger.queue(DATASET, 200)] == [S.CLAIMED] * 9
        settle(ledger, succeeded(run), [receipt(a) for a in arrivals], DatasetState(DATASET))
        assert queued(ledger) == []
        assert {f.state for f in ledger.list_files(DATASET)} == {S.LOADED}

    def test_open_run_is_named_in_the_lease_and_counted(self, ledger: Ledger, clock: ManualClock) -> None:
        _, run = opened(ledger, clock, arrived("a.csv"))
        lease = ledger.lease(DATASET)
        assert (lease.run_id, lease.manifest_key, lease.batch) == (run.run_id, run.manifest_key, 1)
        assert ledger.run(run.run_id) == run

    def test_second_try_cannot_open_another_run(self, ledger: Ledger, clock: ManualClock) -> None:
        lease, run = opened(ledger, clock, arrived("a.csv"))
        with pytest.raises(LeaseLost):
            ledger.open_run(lease, replace(run, manifest_key="other"))
        assert ledger.run(run.run_id) == run

    def test_try_that_overslept_a_whole_run_cannot_open_it_again(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        lease, run = opened(ledger, clock, a)
        settle(ledger, succeeded(run), [receipt(a)], DatasetState(DATASET))
        with pytest.raises(LeaseLost):
            ledger.open_run(lease, run)

    def test_lost_lease_opens_no_run(self, ledger: Ledger, clock: ManualClock) -> None:
        zombie = take(ledger, clock)
        clock.pass_seconds(61)
        take(ledger, clock)
        with pytest.raises(LeaseLost):
            ledger.open_run(zombie, run_of(zombie))
        assert ledger.run(run_of(zombie).run_id) is None


class TestSettle:
    def test_receipts_books_and_state_are_kept_and_the_lease_stays(self, ledger: Ledger, clock: ManualClock) -> None:
        a, b = arrived("a.csv"), arrived("b.csv")
        lease, run = opened(ledger, clock, a, b)
        state = DatasetState(DATASET, Epoch("full", "0001"), "2026-01-01", header=Header(("a", "b"), "0002", "1.0.0"))
        refused = replace(receipt(b, S.QUARANTINED), reason="BAD_HEADER: mend it")
        ended = replace(succeeded(run), drift=(Drift(DriftKind.RENAMED, "a", "A", "a", 2, "a.csv"),))
        settle(ledger, ended, [replace(receipt(a), key_id="k2"), refused], state)
        record = only(ledger, a)
        assert (record.state, record.rows_read, record.rows_accepted, record.rows_quarantined) == (S.LOADED, 5, 4, 1)
        assert (record.contract_version, record.key_id) == ("1.0.0", "k2")
        assert (only(ledger, b).state, only(ledger, b).reason) == (S.QUARANTINED, "BAD_HEADER: mend it")
        assert queued(ledger) == []
        assert ledger.state(DATASET) == state
        assert ledger.run(run.run_id) == ended
        after = ledger.lease(DATASET)
        assert (after.held, after.token, after.run_id, after.batch) == (True, lease.token, "", 1)

    def test_full_loads_are_listed_by_the_run_that_made_them_the_current_state_and_a_later_one_takes_the_place(
        self, ledger: Ledger, clock: ManualClock
    ) -> None:
        first, second = FullLoad(f"{DATASET}/1", "0001-a", "r1", shown=True), FullLoad("f00", "0002-b", "r2", shown=False)
        lease, run = opened(ledger, clock, arrived("a.csv"))
        ledger.end_run(lease.token, succeeded(run), DatasetState(DATASET), first)
        assert ledger.full_loads(DATASET) == [first]
        ledger.end_run(lease.token, succeeded(run), DatasetState(DATASET), second)  # decided already: nothing of it is kept
        assert ledger.full_loads(DATASET) == [first]
        ledger.close_run(DATASET, lease.token, run.run_id)
        for load in (second, replace(first, start="0003-c", shown=False)):
            lease = ledger.lease(DATASET)
            ledger.open_run(lease, again := run_of(lease, lease.batch + 1))
            ledger.end_run(lease.token, succeeded(again), DatasetState(DATASET), load)
            ledger.close_run(DATASET, lease.token, again.run_id)
        assert ledger.full_loads(DATASET) == [replace(first, start="0003-c", shown=False), second]
        assert ledger.full_loads("demo.others") == []

    def test_settling_again_changes_nothing(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        _, run = opened(ledger, clock, a)
        settle(ledger, succeeded(run), [receipt(a)], DatasetState(DATASET))
        settle(ledger, replace(succeeded(run), ended_at="later"), [receipt(a)], DatasetState(DATASET, watermark="x"))
        assert ledger.run(run.run_id) == succeeded(run)
        assert ledger.state(DATASET).watermark == ""

    def test_settling_again_after_the_next_run_opened_changes_nothing(self, ledger: Ledger, clock: ManualClock) -> None:
        a, b = arrived("a.csv"), arrived("b.csv")
        _, run = opened(ledger, clock, a)
        settle(ledger, succeeded(run), [receipt(a)], DatasetState(DATASET))
        register(ledger, b)
        lease = ledger.lease(DATASET)
        ledger.claim(lease, [only(ledger, b)], run_of(lease, 2).run_id)
        ledger.open_run(lease, run_of(lease, 2))
        settle(ledger, succeeded(run), [receipt(a)], DatasetState(DATASET))
        assert ledger.lease(DATASET).run_id == run_of(lease, 2).run_id

    def test_zombie_cannot_settle_what_its_successor_claimed(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        _, run = opened(ledger, clock, a)
        clock.pass_seconds(61)
        lease = take(ledger, clock)
        ledger.claim(lease, [only(ledger, a)], run_of(lease).run_id)
        with pytest.raises(LeaseLost):
            settle(ledger, succeeded(run), [receipt(a)], DatasetState(DATASET))
        assert (only(ledger, a).state, queued(ledger)) == (S.CLAIMED, ["a.csv"])

    def test_zombie_whose_run_was_abandoned_is_told_so(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        _, run = opened(ledger, clock, a)
        clock.pass_seconds(61)
        abandon(ledger, take(ledger, clock), run)
        with pytest.raises(LeaseLost):
            settle(ledger, succeeded(run), [receipt(a)], DatasetState(DATASET, watermark="x"))
        assert ledger.state(DATASET).watermark == ""

    def test_zombie_supersedes_nothing_after_its_successor_settled(self, ledger: Ledger, clock: ManualClock) -> None:
        old, new = arrived("a.csv", "A1"), arrived("a.csv", "A2")
        register(ledger, old, S.QUARANTINED, "EMPTY_FILE")
        _, run = opened(ledger, clock, new)
        clock.pass_seconds(61)
        lease = take(ledger, clock)
        ledger.claim(lease, [only(ledger, new)], run_of(lease).run_id)
        second = run_of(lease)
        abandon(ledger, lease, run)
        ledger.open_run(lease, second)
        settle(ledger, succeeded(second), [receipt(new, S.QUARANTINED)], DatasetState(DATASET))
        with pytest.raises(LeaseLost):
            settle(ledger, succeeded(run), [receipt(new)], DatasetState(DATASET))
        assert only(ledger, old).state is S.QUARANTINED

    def test_older_versions_of_a_loaded_key_become_history(self, ledger: Ledger, clock: ManualClock) -> None:
        old, new = arrived("a.csv", "A1"), arrived("a.csv", "A2")
        _, run = opened(ledger, clock, old)
        settle(ledger, succeeded(run), [receipt(old)], DatasetState(DATASET))
        register(ledger, new)
        lease = ledger.lease(DATASET)
        ledger.claim(lease, [only(ledger, new)], run_of(lease, 2).run_id)
        ledger.open_run(lease, run_of(lease, 2))
        settle(ledger, succeeded(run_of(lease, 2)), [receipt(new)], DatasetState(DATASET))
        assert (only(ledger, old).state, only(ledger, new).state) == (S.SUPERSEDED, S.LOADED)
        assert ledger.versions([new.object_id])[new.object_id].count == 2

    def test_version_that_is_refused_leaves_the_older_one_loaded(self, ledger: Ledger, clock: ManualClock) -> None:
        old, new = arrived("a.csv", "A1"), arrived("a.csv", "A2")
        _, run = opened(ledger, clock, old)
        settle(ledger, succeeded(run), [receipt(old)], DatasetState(DATASET))
        register(ledger, new)
        lease = ledger.lease(DATASET)
        ledger.claim(lease, [only(ledger, new)], run_of(lease, 2).run_id)
        ledger.open_run(lease, run_of(lease, 2))
        settle(ledger, succeeded(run_of(lease, 2)), [receipt(new, S.QUARANTINED)], DatasetState(DATASET))
        assert (only(ledger, old).state, only(ledger, new).state) == (S.LOADED, S.QUARANTINED)

    def test_newer_version_that_arrived_during_the_run_stays_pending(self, ledger: Ledger, clock: ManualClock) -> None:
        old, new = arrived("a.csv", "A1"), arrived("a.csv", "A2")
        _, run = opened(ledger, clock, old)
        register(ledger, new)
        settle(ledger, succeeded(run), [receipt(old)], DatasetState(DATASET))
        assert (only(ledger, old).state, only(ledger, new).state) == (S.LOADED, S.PENDING)
        assert [f.file_id for f in ledger.queue(DATASET, 5)] == [new.file_id]

    def test_newer_version_without_a_sequencer_is_not_lost_when_the_older_is_settled(
        self, ledger: Ledger, clock: ManualClock
    ) -> None:
        old = Arrival("landing", "demo/events/delta/a", "v1", "", 1)
        new = replace(old, version_id="v2", after=old.order)
        _, run = opened(ledger, clock, old)
        register(ledger, new)
        settle(ledger, succeeded(run), [receipt(old)], DatasetState(DATASET))
        assert only(ledger, new).state is S.PENDING

    def test_key_that_is_overwritten_for_ever_does_not_grow_for_ever(self, ledger: Ledger, clock: ManualClock) -> None:
        versions = [arrived("a.csv", f"A{n}") for n in range(6)]
        for version in versions[:5]:
            register(ledger, version)
        ledger.supersede([only(ledger, v) for v in versions[:4]])
        _, run = opened(ledger, clock, versions[4])
        settle(ledger, succeeded(run), [receipt(versions[4])], DatasetState(DATASET))
        known = ledger.versions([versions[0].object_id])[versions[0].object_id]
        assert (known.count, set(known.file_ids)) == (5, {versions[4].file_id})


class TestFail:
    def test_claimed_files_are_failed_with_the_cause_and_leave_the_queue(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        _lease, run = opened(ledger, clock, a)
        fail(ledger, run, [a.file_id], "Load failed")
        assert (only(ledger, a).state, only(ledger, a).reason, queued(ledger)) == (S.FAILED, "Load failed", [])
        closed = ledger.run(run.run_id)
        assert closed is not None
        assert (closed.state, closed.error, bool(closed.ended_at)) == (RunState.FAILED, "Load failed", True)
        assert (ledger.lease(DATASET).held, ledger.lease(DATASET).run_id) == (True, "")

    def test_failing_again_changes_nothing(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        lease, run = opened(ledger, clock, a)
        fail(ledger, run, [a.file_id], "first")
        fail(ledger, run, [a.file_id], run_of(lease).run_id)
        assert only(ledger, a).reason == "first"

    def test_zombie_cannot_fail_what_its_successor_claimed(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        lease, run = opened(ledger, clock, a)
        clock.pass_seconds(61)
        ledger.claim(take(ledger, clock), [only(ledger, a)], run_of(lease).run_id)
        with pytest.raises(LeaseLost):
            fail(ledger, run, [a.file_id], "late")
        assert only(ledger, a).state is S.CLAIMED

    def test_settled_run_cannot_be_failed(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        _lease, run = opened(ledger, clock, a)
        settle(ledger, succeeded(run), [receipt(a)], DatasetState(DATASET))
        with pytest.raises(LeaseLost):
            fail(ledger, run, [a.file_id], "late")
        assert only(ledger, a).state is S.LOADED
        closed = ledger.run(run.run_id)
        assert closed is not None
        assert closed.state is RunState.SUCCEEDED


class TestAtRest:
    def test_superseded_file_leaves_the_queue_for_good(self, ledger: Ledger) -> None:
        a = arrived("a.csv")
        register(ledger, a)
        ledger.supersede([only(ledger, a)])
        ledger.supersede([only(ledger, a)])
        assert (only(ledger, a).state, queued(ledger)) == (S.SUPERSEDED, [])
        assert not ledger.requeue(only(ledger, a))
        assert queued(ledger) == []

    def test_requeued_file_takes_its_old_place(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        _, run = opened(ledger, clock, a)
        settle(ledger, succeeded(run), [receipt(a)], DatasetState(DATASET))
        register(ledger, arrived("b.csv"))
        assert ledger.requeue(only(ledger, a))
        assert queued(ledger) == ["a.csv", "b.csv"]
        assert (only(ledger, a).state, only(ledger, a).reason, only(ledger, a).attempts) == (S.PENDING, "", 1)

    def test_requeued_file_keeps_how_many_of_its_rows_were_rejected_also_when_it_is_loaded_clean(
        self, ledger: Ledger, clock: ManualClock
    ) -> None:
        a = arrived("a.csv")
        _, run = opened(ledger, clock, a)
        settle(ledger, succeeded(run), [receipt(a)], DatasetState(DATASET))
        assert (only(ledger, a).rows_quarantined, only(ledger, a).rows_rejected_before) == (1, 0)
        assert ledger.requeue(only(ledger, a))
        lease = ledger.lease(DATASET)
        ledger.claim(lease, [only(ledger, a)], run_of(lease, 2).run_id)
        ledger.open_run(lease, run_of(lease, 2))
        clean = replace(receipt(a), rows_accepted=5, rows_quarantined=0)
        settle(ledger, succeeded(run_of(lease, 2)), [clean], DatasetState(DATASET))
        assert (only(ledger, a).rows_quarantined, only(ledger, a).rows_rejected_before) == (0, 1)

    def test_requeued_file_keeps_what_it_was_refused_for(self, ledger: Ledger) -> None:
        a = arrived("a.csv")
        register(ledger, a, S.QUARANTINED, "NO_CONTRACT: publish one")
        assert ledger.requeue(only(ledger, a))
        assert (only(ledger, a).reason, only(ledger, a).refused_before) == ("", "NO_CONTRACT")

    def test_requeue_on_old_knowledge_is_refused(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        _, run = opened(ledger, clock, a)
        settle(ledger, succeeded(run), [receipt(a)], DatasetState(DATASET))
        seen = only(ledger, a)
        assert ledger.requeue(seen)
        assert not ledger.requeue(seen)

    def test_claimed_file_cannot_be_requeued(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        opened(ledger, clock, a)
        assert not ledger.requeue(only(ledger, a))
        assert only(ledger, a).state is S.CLAIMED

    def test_requeued_part_waits_with_its_load(self, ledger: Ledger, clock: ManualClock) -> None:
        part = arrived("p1.csv", folder="full/2024")
        register(ledger, part, S.REGISTERED)
        lease = take(ledger, clock)
        ledger.claim(lease, [only(ledger, part)], run_of(lease).run_id)
        ledger.open_run(lease, run_of(lease))
        settle(ledger, succeeded(run_of(lease)), [receipt(part)], DatasetState(DATASET))
        assert [f.state for f in ledger.parts(DATASET, "2024")] == [S.LOADED]
        assert ledger.requeue(only(ledger, part))
        assert ([f.state for f in ledger.parts(DATASET, "2024")], queued(ledger)) == ([S.REGISTERED], [])

    def test_part_that_was_refused_before_registration_joins_its_load(self, ledger: Ledger) -> None:
        part = arrived("p1.csv", folder="full/2024")
        register(ledger, part, S.QUARANTINED, "NO_CONTRACT")
        assert list(ledger.parts(DATASET, "2024")) == []
        assert ledger.requeue(only(ledger, part))
        assert [f.state for f in ledger.parts(DATASET, "2024")] == [S.REGISTERED]

    def test_run_of_a_lost_lease_is_aborted_and_its_tables_are_unclean(self, ledger: Ledger, clock: ManualClock) -> None:
        _, run = opened(ledger, clock, arrived("a.csv"))
        clock.pass_seconds(61)
        lease = take(ledger, clock)
        assert abandon(ledger, lease, run).state is RunState.ABORTED
        assert ledger.run(run.run_id) == replace(run, state=RunState.ABORTED, ended_at="2026-01-02")
        after = ledger.lease(DATASET)
        assert (after.unclean, after.stale_run_id, after.token) == (True, "", lease.token)

    def test_decided_run_is_not_aborted_by_its_successor(self, ledger: Ledger, clock: ManualClock) -> None:
        _, run = opened(ledger, clock, arrived("a.csv"))
        ledger.end_run(run.token, succeeded(run), DatasetState(DATASET))
        clock.pass_seconds(61)
        assert abandon(ledger, take(ledger, clock), run) == succeeded(run)

    def test_failures_in_a_row_are_counted_over_leases_until_a_run_succeeds(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        lease, run = opened(ledger, clock, a)
        fail(ledger, run, [a.file_id], "x")
        ledger.back_off(DATASET, lease.token, clock.now)
        lease = take(ledger, clock)
        assert (lease.failures, lease.unclean) == (2, True)
        ledger.open_run(lease, run_of(lease))
        settle(ledger, succeeded(run_of(lease)), [], DatasetState(DATASET))
        assert (ledger.lease(DATASET).failures, ledger.lease(DATASET).unclean) == (0, False)

    def test_state_machine_extends_the_lease_of_the_open_run_that_waits_for_glue_and_of_no_other(
        self, ledger: DynamoLedger, clock: ManualClock
    ) -> None:
        lease, run = opened(ledger, clock, arrived("a"))
        before = ledger.lease(DATASET)
        escalate(ledger, lease.token, run.run_id)
        assert ledger.lease(DATASET) == replace(before, expires_at=before.expires_at + 600 * SECOND)
        for token, run_id in ((lease.token - 1, run.run_id), (lease.token, "another")):
            with pytest.raises(ClientError, match="ConditionalCheckFailed"):
                escalate(ledger, token, run_id)
        assert ledger.lease(DATASET).expires_at == before.expires_at + 600 * SECOND

    def test_open_run_is_part_of_holding_a_lease(self, ledger: Ledger, clock: ManualClock) -> None:
        lease, run = opened(ledger, clock, arrived("a.csv"))
        assert ledger.hold(DATASET, lease.token, LATER, run.run_id)
        assert not ledger.hold(DATASET, lease.token, LATER, "another")

    def test_armed_lease_is_armed_once(self, ledger: Ledger, clock: ManualClock) -> None:
        seen = ledger.lease(DATASET)
        assert ledger.arm(seen, 5)
        assert not ledger.arm(seen, 6)
        assert ledger.lease(DATASET).opens_at == 5
        assert take(ledger, clock).opens_at == 0

    def test_overtaken_replay_goes_back_to_rest_with_its_rows(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        _, run = opened(ledger, clock, a)
        settle(ledger, succeeded(run), [receipt(a)], DatasetState(DATASET))
        ledger.requeue(only(ledger, a))
        ledger.supersede([only(ledger, a)])
        record = only(ledger, a)
        assert (record.state, record.loaded_by, record.rows_read, queued(ledger)) == (S.LOADED, run.run_id, 5, [])

    def test_receipt_of_a_file_that_could_not_be_read_again_is_kept(self, ledger: Ledger, clock: ManualClock) -> None:
        a = arrived("a.csv")
        lease, run = opened(ledger, clock, a)
        settle(ledger, succeeded(run), [receipt(a)], DatasetState(DATASET))
        ledger.requeue(only(ledger, a))
        second = run_of(lease, 2)
        ledger.claim(ledger.lease(DATASET), [only(ledger, a)], second.run_id)
        ledger.open_run(ledger.lease(DATASET), second)
        gone = replace(receipt(a), rows_read=0, rows_accepted=0, rows_quarantined=0, reason="GONE", kept=True)
        settle(ledger, succeeded(second), [gone], DatasetState(DATASET))
        record = only(ledger, a)
        assert (record.state, record.loaded_by, record.rows_read, record.reason) == (S.LOADED, run.run_id, 5, "GONE")

    def test_files_of_a_failed_run_wait_again_in_smaller_batches(self, ledger: Ledger, clock: ManualClock) -> None:
        a, b = arrived("a.csv"), arrived("b.csv")
        _, run = opened(ledger, clock, a, b)
        failed = ledger.end_run(run.token, replace(run, state=RunState.FAILED, error="x", again=1))
        for _ in range(2):  # telling them twice changes nothing
            ledger.queue_again(run.token, failed, [a.file_id, b.file_id], alone=True)
        assert [(f.state, f.most, f.failures) for f in ledger.queue(DATASET, 9)] == [(S.PENDING, 1, 1)] * 2

    def test_cursor_is_kept(self, ledger: Ledger) -> None:
        assert ledger.cursor("survey") == {}
        ledger.keep_cursor("survey", {"after": "a/b", "began": 5})
        assert ledger.cursor("survey") == {"after": "a/b", "began": 5}


class TestLists:
    def test_files_are_listed_by_arrival_between_bounds(self, ledger: Ledger, clock: ManualClock) -> None:
        times = []
        for name in ("a", "b", "c"):
            clock.pass_seconds(10)
            times.append(f"{clock():016d}")
            register(ledger, arrived(name))
        assert [f.key[-1] for f in ledger.list_files(DATASET)] == ["a", "b", "c"]
        assert [f.key[-1] for f in ledger.list_files(DATASET, since=times[1])] == ["b", "c"]
        assert [f.key[-1] for f in ledger.list_files(DATASET, until=times[1])] == ["a"]
        assert [f.key[-1] for f in ledger.list_files(DATASET, times[1], times[2])] == ["b"]

    def test_runs_are_listed_oldest_first_and_by_state(self, ledger: Ledger, clock: ManualClock) -> None:
        a, b = arrived("a.csv"), arrived("b.csv")
        lease, run = opened(ledger, clock, a)
        fail(ledger, run, [a.file_id], "x")
        ledger.release(DATASET, lease.token)
        _, second = opened(ledger, clock, b)
        assert [r.run_id for r in ledger.list_runs(DATASET)] == [run.run_id, second.run_id]
        assert [r.run_id for r in ledger.list_runs(DATASET, RunState.RUNNING)] == [second.run_id]
        assert list(ledger.list_runs("demo.others")) == []

    def test_unknown_ids_are_left_out(self, ledger: Ledger) -> None:
        register(ledger, arrived("a.csv"))
        assert ledger.files(["nobody"]) == {}
        assert ledger.versions(["nobody"]) == {}
        assert ledger.run("nobody") is None
        assert ledger.state("demo.nobody") == DatasetState("demo.nobody")
        assert list(ledger.queue("demo.nobody", 3)) == []
