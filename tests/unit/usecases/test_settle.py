import pytest

from tests.fakes import Crash, Interrupted, raising
from tests.unit.usecases.world import DELTA, EVENTS, World
from tidegate.errors import LeaseLost, NotFound, ServiceUnavailable
from tidegate.model.files import FileState
from tidegate.model.runs import RunState
from tidegate.usecases.settle import settle

S = FileState


def test_receipts_and_books_reach_the_ledger_and_the_notification(world: World) -> None:
    a, b = world.drop(DELTA + "a", DELTA + "b")
    manifest = world.claim_manifest()
    message = world.settle(manifest, refused=[b.key])
    assert world.states(a, b) == [S.LOADED, S.QUARANTINED]
    assert (world.record(a).rows_read, world.record(b).rows_read) == (5, 0)
    assert world.record(b).reason == "BAD_HEADER: mend it"
    run = world.fake_ledger.run(manifest.run_id)
    assert run is not None
    assert (run.state, run.books.rows_inserted, bool(run.ended_at)) == (RunState.SUCCEEDED, 5, True)
    assert (message["status"], message["dataset"], message["run_id"]) == ("SUCCEEDED", EVENTS, manifest.run_id)
    assert (message["files_total"], message["books"]["rows_read"], message["contract_version"]) == (2, 5, "1.0.0")


def test_settling_again_says_the_same_and_changes_nothing(world: World) -> None:
    world.drop(DELTA + "a")
    manifest = world.claim_manifest()
    first = world.settle(manifest)
    before = world.fake_ledger.run(manifest.run_id), list(world.fake_ledger.list_files(EVENTS))
    world.clock.pass_seconds(5)
    assert world.settle(manifest) == first
    assert before == (world.fake_ledger.run(manifest.run_id), list(world.fake_ledger.list_files(EVENTS)))


def test_settle_that_died_before_its_answer_is_finished_by_the_next_try(world: World) -> None:
    (a,) = world.drop(DELTA + "a")
    manifest = world.claim_manifest()
    world.ledger = Interrupted(world.ledger, after={"settle": raising(Crash())})
    with pytest.raises(Crash):
        world.settle(manifest)
    assert world.settle(manifest)["status"] == "SUCCEEDED"
    assert world.state(a) is S.LOADED


def test_settle_killed_between_the_release_and_the_look_still_starts_the_run_of_a_file_that_came_in_between(world: World) -> None:
    world.drop(DELTA + "a")
    manifest = world.claim_manifest()
    world.ledger = Interrupted(
        world.ledger, before={"release": lambda: world.drop(DELTA + "b")}, after={"release": raising(Crash())}
    )
    with pytest.raises(Crash):
        world.settle(manifest)
    assert world.settle(manifest)["status"] == "SUCCEEDED"
    assert world.started == [(EVENTS, 1), (EVENTS, 2)]
    assert world.drain() == [["b"]]


def test_settle_whose_start_fails_at_the_look_is_made_good_by_its_next_try(world: World) -> None:
    world.drop(DELTA + "a")
    manifest = world.claim_manifest()
    world.ledger = Interrupted(world.ledger, before={"release": lambda: world.drop(DELTA + "b")})
    world.workflow = Interrupted(world.workflow, before={"start": raising(ServiceUnavailable("StartExecution"))})
    with pytest.raises(ServiceUnavailable):
        world.settle(manifest)
    world.settle(manifest)
    assert world.started == [(EVENTS, 1), (EVENTS, 2)]


def test_zombie_settles_nothing_and_announces_nothing(world: World) -> None:
    (a,) = world.drop(DELTA + "a")
    manifest = world.claim_manifest()
    world.expire()
    world.reconcile()
    with pytest.raises(LeaseLost):
        world.settle(manifest)
    assert world.state(a) is S.CLAIMED


def test_zombie_whose_run_its_successor_aborted_announces_nothing(world: World) -> None:
    (a,) = world.drop(DELTA + "a")
    zombie = world.claim_manifest()
    world.expire()
    world.reconcile()
    successor = world.claim_manifest()
    with pytest.raises(LeaseLost):
        world.settle(zombie, watermark="zombie")
    world.settle(successor)
    with pytest.raises(LeaseLost):
        world.settle(zombie, watermark="zombie")
    assert world.state(a) is S.LOADED
    assert world.fake_ledger.state(EVENTS).watermark == ""


def test_loaded_version_supersedes_the_older_ones(world: World) -> None:
    (old,) = world.drop(DELTA + "a")
    world.drain()
    (new,) = world.drop(DELTA + "a")
    world.drain()
    assert world.states(old, new) == [S.SUPERSEDED, S.LOADED]
    assert world.record(old).reason == f"replaced by version {new.version_id}"


def test_refused_version_leaves_the_loaded_one_as_it_is(world: World) -> None:
    (old,) = world.drop(DELTA + "a")
    world.drain()
    (new,) = world.drop(DELTA + "a")
    world.settle(world.claim_manifest(), refused=[new.key])
    assert world.states(old, new) == [S.LOADED, S.QUARANTINED]


def test_watermark_only_rises(world: World) -> None:
    february, march = "2024-02-01", "2024-03-01"
    for mark, kept in ((february, february), ("2024-01-01", february), ("", february), (march, march)):
        world.drop(f"{DELTA}{mark}.csv")
        world.settle(world.claim_manifest(), watermark=mark)
        assert world.fake_ledger.state(EVENTS).watermark == kept


def test_run_that_did_not_load_cannot_be_settled(world: World) -> None:
    (a,) = world.drop(DELTA + "a")
    manifest = world.claim_manifest()
    with pytest.raises(NotFound, match="load did not finish"):
        settle(manifest, world.desk)
    assert world.state(a) is S.CLAIMED
