import pytest

from tests.fakes import Crash, Interrupted, raising
from tests.unit.usecases.world import DELTA, EVENTS, World
from tidegate.model.files import FileState

S = FileState


def test_expired_lease_is_taken_over_and_its_files_resume(world: World) -> None:
    (a,) = world.drop(DELTA + "a")
    world.claim()
    assert world.reconcile().woken == []
    world.expire()
    assert world.reconcile().woken == [EVENTS]
    assert world.started == [(EVENTS, 1), (EVENTS, 2)]
    assert world.drain() == [["a"]]
    assert world.state(a) is S.LOADED


@pytest.mark.parametrize("when", ["before", "after"])
def test_pending_file_with_a_free_lease_is_found(world: World, when: str) -> None:
    cut = {"take" if when == "before" else "register": raising(Crash())}
    world.ledger = Interrupted(world.ledger, before=cut) if when == "before" else Interrupted(world.ledger, after=cut)
    with pytest.raises(Crash):
        world.ingest(world.put(DELTA + "a"))
    assert world.started == []
    assert world.reconcile().woken == [EVENTS]
    assert world.drain() == [["a"]]


def test_lease_whose_start_was_lost_is_started_before_it_expires(world: World) -> None:
    world.workflow = Interrupted(world.workflow, before={"start": raising(Crash())})
    with pytest.raises(Crash):
        world.ingest(world.put(DELTA + "a"))
    assert world.reconcile().woken == []
    assert world.started == [(EVENTS, 1)]


def test_idle_dataset_is_left_asleep(world: World) -> None:
    world.drop(DELTA + "a")
    world.drain()
    assert world.reconcile().woken == []
    assert world.started == [(EVENTS, 1)]


def test_running_dataset_is_not_given_a_second_run(world: World) -> None:
    world.drop(DELTA + "a")
    world.claim()
    world.drop(DELTA + "b")
    assert world.reconcile().woken == []
    assert world.started == [(EVENTS, 1)]


def test_every_dataset_is_looked_at(world: World) -> None:
    for dataset in ("demo.a", "demo.b", "demo.c"):
        world.publish(dataset)
        world.drop(f"{dataset.replace('.', '/')}/delta/x")
    world.expire()
    assert world.reconcile().woken == ["demo.a", "demo.b", "demo.c"]


def test_age_is_that_of_the_oldest_file_that_waits(world: World) -> None:
    assert world.reconcile().oldest_pending_seconds == 0
    world.drop(DELTA + "a")
    world.clock.pass_seconds(30)
    world.drop(DELTA + "b")
    assert world.reconcile().oldest_pending_seconds == pytest.approx(30, abs=0.01)
    world.drain()
    assert world.reconcile().oldest_pending_seconds == 0


def test_run_that_was_decided_and_never_closed_is_closed_although_no_file_waits(world: World) -> None:
    """Settle died before its last write, and the claim of the successor failed: only the lease still names the run."""
    (a,) = world.drop(DELTA + "a")
    manifest = world.claim_manifest()
    inner, world.ledger = world.ledger, Interrupted(world.ledger, before={"close_run": raising(Crash())})
    with pytest.raises(Crash):
        world.settle(manifest)
    world.ledger = inner
    world.expire()
    assert world.reconcile().woken == [EVENTS]
    world.fail("Claim", "Throttled", "slow down")
    assert world.fake_ledger.lease(EVENTS).stale_run_id == manifest.run_id
    world.clock.pass_seconds(301)
    assert world.reconcile().woken == [EVENTS]
    assert world.claim().manifest is None
    lease = world.fake_ledger.lease(EVENTS)
    assert (lease.held, lease.stale_run_id, world.state(a)) == (False, "", S.LOADED)
