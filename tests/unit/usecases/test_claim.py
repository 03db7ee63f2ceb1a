import copy
import json
from collections.abc import Callable
from typing import cast

import pytest

from tests.fakes import Crash, Interrupted, raising
from tests.unit.usecases.world import DELTA, EVENTS, LEASE, World, names
from tidegate.errors import ContractMissing, NotFound, ServiceUnavailable
from tidegate.model.files import FileState
from tidegate.model.runs import RunState
from tidegate.usecases.batch import Limits
from tidegate.usecases.claim import Claimed, read_manifest

S = FileState


class TestBatch:
    def test_files_that_arrived_before_and_during_a_run_are_two_batches(self, world: World) -> None:
        world.drop(DELTA + "a", DELTA + "b")
        first = world.claim_manifest()
        world.drop(DELTA + "c", DELTA + "d")
        world.settle(first)
        second = world.claim_manifest()
        assert [names(first), names(second)] == [["a", "b"], ["c", "d"]]
        assert [first.run_id, second.run_id] == ["demo.events-000001-0001", "demo.events-000002-0001"]
        assert world.started == [(EVENTS, 1), (EVENTS, 2)]

    def test_batch_keeps_the_order_of_arrival(self, world: World) -> None:
        world.drop(DELTA + "z", DELTA + "a", DELTA + "m")
        assert names(world.claim_manifest()) == ["z", "a", "m"]

    def test_limit_by_files(self, world: World) -> None:
        world.limits = Limits(files=2, bytes=1000)
        world.drop(*(DELTA + name for name in "abcde"))
        assert world.drain() == [["a", "b"], ["c", "d"], ["e"]]

    def test_limit_by_bytes(self, world: World) -> None:
        world.limits = Limits(files=100, bytes=25)
        world.drop(*(DELTA + name for name in "abcde"), size=10)
        assert world.drain() == [["a", "b"], ["c", "d"], ["e"]]

    def test_file_above_the_limit_is_taken_alone_and_does_not_block(self, world: World) -> None:
        world.limits = Limits(files=100, bytes=25)
        world.drop(DELTA + "small")
        world.drop(DELTA + "huge", size=1000)
        world.drop(DELTA + "after")
        assert world.drain() == [["small"], ["huge"], ["after"]]

    def test_manifest_names_exact_versions_and_is_read_back_as_it_was(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a")
        claimed = world.claim()
        assert claimed.manifest is not None
        (file,) = claimed.manifest.files
        assert (file.key, file.version_id, file.size, file.replaces, file.marker) == (a.key, a.version_id, 10, False, False)
        assert (claimed.manifest.contract_version, claimed.manifest.bytes) == ("1.0.0", 10)
        assert read_manifest(claimed.manifest_key, world.lake) == claimed.manifest

    def test_run_asks_for_a_crawl_when_its_contract_does(self, world: World) -> None:
        world.drop(DELTA + "a")
        first = world.claim_manifest()
        world.settle(first)
        world.publish(version="1.1.0", words="  - {property: crawl, value: true}\n")
        world.drop(DELTA + "b")
        assert (first.crawl, world.claim_manifest().crawl) == (False, True)

    def test_manifest_written_before_crawls_were_known_asks_for_none(self, world: World) -> None:
        world.drop(DELTA + "a")
        claimed = world.claim()
        fields = json.loads(world.lake_bucket.get(claimed.manifest_key) or b"")
        del fields["crawl"]
        world.lake_bucket.put("older.json", json.dumps(fields).encode())
        assert read_manifest("older.json", world.lake) == claimed.manifest

    def test_manifest_that_is_gone_is_said_to_be(self, world: World) -> None:
        with pytest.raises(NotFound, match=r"nowhere\.json"):
            read_manifest("nowhere.json", world.lake)

    def test_run_is_recorded_before_it_works(self, world: World) -> None:
        world.drop(DELTA + "a")
        claimed = world.claim()
        run = world.fake_ledger.run(claimed.run_id)
        assert run is not None
        assert (run.state, run.files, run.bytes, run.contract_version) == (RunState.RUNNING, 1, 10, "1.0.0")
        assert run.manifest_key == claimed.manifest_key

    def test_datasets_do_not_see_each_other_s_files(self, world: World) -> None:
        world.publish("demo.others")
        world.drop(DELTA + "a", "demo/others/delta/b")
        assert names(world.claim_manifest()) == ["a"]
        assert names(world.claim_manifest("demo.others")) == ["b"]

    def test_contract_published_during_a_run_counts_from_the_next_one(self, world: World) -> None:
        world.drop(DELTA + "a")
        first = world.claim_manifest()
        world.publish(version="1.1.0")
        world.drop(DELTA + "b")
        assert world.claim_manifest() == first
        world.settle(first)
        assert world.claim_manifest().contract_version == "1.1.0"


class TestOverwrites:
    def test_version_overwritten_before_its_first_load_is_superseded(self, world: World) -> None:
        old, new = world.drop(DELTA + "a", DELTA + "a")
        manifest = world.claim_manifest()
        assert [(f.version_id, f.replaces) for f in manifest.files] == [(new.version_id, True)]
        assert world.state(old) is S.SUPERSEDED

    def test_version_overwritten_during_its_load_is_replaced_by_the_next_run(self, world: World) -> None:
        (old,) = world.drop(DELTA + "a")
        first = world.claim_manifest()
        (new,) = world.drop(DELTA + "a")
        world.settle(first)
        second = world.claim_manifest()
        assert [(f.version_id, f.replaces) for f in second.files] == [(new.version_id, True)]
        world.settle(second)
        assert world.states(old, new) == [S.SUPERSEDED, S.LOADED]

    def test_version_overwritten_after_its_load_is_replaced(self, world: World) -> None:
        (old,) = world.drop(DELTA + "a")
        world.drain()
        (new,) = world.drop(DELTA + "a")
        manifest = world.claim_manifest()
        assert [(f.version_id, f.replaces) for f in manifest.files] == [(new.version_id, True)]
        world.settle(manifest)
        assert world.states(old, new) == [S.SUPERSEDED, S.LOADED]

    def test_overwrite_of_a_file_that_a_dead_run_had_claimed_replaces_its_rows(self, world: World) -> None:
        (old,) = world.drop(DELTA + "a")
        world.claim()
        world.expire()
        (new,) = world.drop(DELTA + "a")
        manifest = world.claim_manifest()
        assert [(f.version_id, f.replaces) for f in manifest.files] == [(new.version_id, True)]
        assert world.state(old) is S.SUPERSEDED

    def test_page_full_of_overtaken_versions_does_not_hide_the_newest_one(self, world: World) -> None:
        world.limits = Limits(files=2, bytes=1000)
        *_, newest = world.drop(*[DELTA + "a"] * 9)
        assert [f.version_id for f in world.claim_manifest().files] == [newest.version_id]

    def test_page_full_of_overtaken_versions_does_not_hide_what_arrives_at_the_release(self, world: World) -> None:
        world.limits = Limits(files=2, bytes=1000)
        world.waker.wake(EVENTS)
        world.ledger = Interrupted(world.ledger, before={"release": lambda: world.drop(*[DELTA + "b"] * 9)})
        assert world.claim() == Claimed(EVENTS, 1)
        assert world.started == [(EVENTS, 1), (EVENTS, 2)]
        assert world.drain() == [["b"]]


class TestAgain:
    def test_second_call_returns_the_run_that_is_open(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a")
        first = world.claim()
        world.drop(DELTA + "b")
        assert world.claim() == first
        assert world.record(a).attempts == 1

    @pytest.mark.parametrize(
        "cut",
        [
            lambda w: _crash(w, "ledger", "before", "claim"),
            lambda w: _crash(w, "ledger", "after", "claim"),
            lambda w: _crash(w, "lake", "after", "put"),
            lambda w: _crash(w, "ledger", "after", "open_run"),
        ],
        ids=["before claim", "after claim", "after manifest", "after open_run"],
    )
    def test_claim_killed_at_any_step_is_finished_by_the_next_try(self, world: World, cut: Callable[[World], None]) -> None:
        (a,) = world.drop(DELTA + "a")
        cut(world)
        with pytest.raises(Crash):
            world.claim()
        manifest = world.claim_manifest()
        assert (names(manifest), manifest.run_id) == (["a"], "demo.events-000001-0001")
        world.settle(manifest)
        assert world.state(a) is S.LOADED
        assert world.drain() == []

    def test_file_claimed_for_the_second_time_is_loaded_as_a_replacement(self, world: World) -> None:
        world.drop(DELTA + "a")
        assert not world.claim_manifest().files[0].replaces
        world.expire()
        world.reconcile()
        assert world.claim_manifest().files[0].replaces

    def test_try_that_overlaps_with_another_one_returns_the_other_s_run(self, world: World) -> None:
        world.drop(DELTA + "a")
        ledger, others = world.ledger, []
        world.ledger = Interrupted(ledger, before={"open_run": lambda: others.append(_claim_with(world, ledger))})
        assert world.claim() == others[0]

    def test_manifests_of_two_tries_do_not_overwrite_each_other(self, world: World) -> None:
        world.drop(DELTA + "a")
        _crash(world, "lake", "after", "put")
        with pytest.raises(Crash):
            world.claim()
        before = copy.deepcopy(world.lake_bucket.stored)
        world.drop(DELTA + "b")
        world.claim()
        assert before.items() <= world.lake_bucket.stored.items()

    def test_run_of_the_lost_lease_is_aborted_by_its_successor(self, world: World) -> None:
        world.drop(DELTA + "a")
        dead = world.claim().run_id
        world.expire()
        world.reconcile()
        alive = world.claim().run_id
        runs = {r.run_id: r.state for r in world.fake_ledger.list_runs(EVENTS)}
        assert runs == {dead: RunState.ABORTED, alive: RunState.RUNNING}

    def test_every_batch_extends_the_lease(self, world: World) -> None:
        world.drop(DELTA + "a")
        world.clock.pass_seconds(50)
        world.claim()
        assert world.fake_ledger.lease(EVENTS).expires_at > world.clock.now + LEASE - 100


def _settles(world: World) -> None:
    """A run ends and its Settle gives the lease back."""
    world.drop(DELTA + "a")
    world.settle(world.claim_manifest())


def _claims_nothing(world: World) -> None:
    """A claim finds nothing and gives the lease back."""
    world.waker.wake(EVENTS)
    assert world.claim(token=1) == Claimed(EVENTS, 1)


def _opens_a_run_before_the_release(world: World) -> list[str]:
    """Let a file arrive just before the release, and an overlapping try of the step claim it; its run's id is in the list then."""
    opened: list[str] = []

    def before() -> None:
        world.drop(DELTA + "b")
        opened.append(world.claim().run_id)

    world.ledger = Interrupted(world.ledger, before={"release": before})
    return opened


@pytest.fixture(params=[_settles, _claims_nothing], ids=["settle", "claim"])
def give_back(request: pytest.FixtureRequest) -> Callable[[World], None]:
    """What gives a lease back."""
    return cast("Callable[[World], None]", request.param)


class TestRelease:
    def test_empty_queue_gives_the_lease_back(self, world: World, give_back: Callable[[World], None]) -> None:
        give_back(world)
        assert world.fake_ledger.lease(EVENTS).is_free(world.clock())

    def test_file_that_arrives_just_before_the_release_is_not_left_waiting(
        self, world: World, give_back: Callable[[World], None]
    ) -> None:
        world.ledger = Interrupted(world.ledger, before={"release": lambda: world.drop(DELTA + "b")})
        give_back(world)
        assert world.started == [(EVENTS, 1), (EVENTS, 2)]
        assert world.drain() == [["b"]]

    def test_file_that_arrives_just_after_the_release_starts_one_run(
        self, world: World, give_back: Callable[[World], None]
    ) -> None:
        world.ledger = Interrupted(world.ledger, after={"release": lambda: world.drop(DELTA + "b")})
        give_back(world)
        assert world.started == [(EVENTS, 1), (EVENTS, 2)]
        assert world.drain() == [["b"]]

    def test_run_that_an_overlapping_claim_opened_just_before_the_release_is_what_both_return(self, world: World) -> None:
        """Released under it, the run would stay RUNNING for ever."""
        opened = _opens_a_run_before_the_release(world)
        world.waker.wake(EVENTS)
        assert world.claim(token=1).run_id == opened[0]
        assert world.fake_ledger.lease(EVENTS).run_id == opened[0]
        assert world.drain() == [["b"]]

    def test_settle_that_was_given_up_for_dead_does_not_release_the_next_run(self, world: World) -> None:
        """Its rows would be in the tables with nobody to settle them or to take them back, and no later run could begin."""
        opened = _opens_a_run_before_the_release(world)
        _settles(world)
        assert world.fake_ledger.lease(EVENTS).run_id == opened[0]
        assert world.drain() == [["b"]]
        assert [r.state for r in world.fake_ledger.list_runs(EVENTS)] == [RunState.SUCCEEDED] * 2

    def test_try_that_died_between_release_and_look_is_finished_by_the_next_one(
        self, world: World, give_back: Callable[[World], None]
    ) -> None:
        world.ledger = Interrupted(
            world.ledger, before={"release": lambda: world.drop(DELTA + "b")}, after={"release": raising(Crash())}
        )
        with pytest.raises(Crash):
            give_back(world)
        world.claim(token=1)
        assert world.started == [(EVENTS, 1), (EVENTS, 2)]

    def test_start_that_fails_at_the_look_is_made_good_by_the_next_try(self, world: World) -> None:
        world.waker.wake(EVENTS)
        world.ledger = Interrupted(world.ledger, before={"release": lambda: world.drop(DELTA + "b")})
        world.workflow = Interrupted(world.workflow, before={"start": raising(ServiceUnavailable("StartExecution"))})
        with pytest.raises(ServiceUnavailable):
            world.claim(token=1)
        world.claim(token=1)
        assert world.started == [(EVENTS, 1), (EVENTS, 2)]

    def test_idle_dataset_is_not_started_over_and_over(self, world: World) -> None:
        world.drop(DELTA + "a")
        world.drain()
        assert world.claim(token=1) == Claimed(EVENTS, 1)
        assert world.started == [(EVENTS, 1)]


class TestLostLease:
    def test_returns_nothing_and_changes_nothing(self, world: World) -> None:
        world.drop(DELTA + "a")
        world.expire()
        world.drop(DELTA + "b")
        successor = world.claim()
        old, new = world.drop(DELTA + "a", DELTA + "c")
        before = world.states(old, new), world.fake_ledger.lease(EVENTS), copy.deepcopy(world.lake_bucket.stored)
        files = list(world.fake_ledger.list_files(EVENTS))
        assert world.claim(token=1) == Claimed(EVENTS, 1)
        assert before == (world.states(old, new), world.fake_ledger.lease(EVENTS), copy.deepcopy(world.lake_bucket.stored))
        assert files == list(world.fake_ledger.list_files(EVENTS))
        assert world.claim() == successor
        assert world.started == [(EVENTS, 1), (EVENTS, 2)]

    @pytest.mark.parametrize("step", ["lease", "queue", "versions", "claim", "open_run"])
    def test_lost_in_the_middle_returns_nothing_and_leaves_the_successor_alone(self, world: World, step: str) -> None:
        (a,) = world.drop(DELTA + "a")
        ledger, successors = world.ledger, []

        def take_over() -> None:
            world.expire()
            world.reconcile()
            successors.append(_claim_with(world, ledger, token=2))

        world.ledger = Interrupted(ledger, before={step: take_over})
        assert world.claim(token=1) == Claimed(EVENTS, 1)
        assert [c.run_id for c in successors] == ["demo.events-000002-0001"]
        assert world.claim(token=2) == successors[0]
        assert world.record(a).run_id == "demo.events-000002-0001"
        assert [r.run_id for r in world.fake_ledger.list_runs(EVENTS)] == ["demo.events-000002-0001"]

    def test_successor_whose_start_was_lost_is_started_by_the_one_who_notices(self, world: World) -> None:
        world.drop(DELTA + "a")
        world.expire()
        world.workflow = Interrupted(world.workflow, before={"start": raising(Crash())})
        with pytest.raises(Crash):
            world.reconcile()
        world.claim(token=1)
        assert world.started == [(EVENTS, 1), (EVENTS, 2)]


def test_dataset_whose_contract_is_gone_fails_and_keeps_its_files(world: World) -> None:
    (a,) = world.drop(DELTA + "a")
    world.lake_bucket.stored.clear()
    with pytest.raises(ContractMissing):
        world.claim()
    assert world.state(a) is S.PENDING


def _claim_with(world: World, ledger: object, token: int | None = None) -> Claimed:
    """Claim as another process would, past the interruption."""
    interrupted, world.ledger = world.ledger, ledger  # type: ignore[assignment]
    try:
        return world.claim(token=token)
    finally:
        world.ledger = interrupted


def _crash(world: World, port: str, when: str, method: str) -> None:
    cut = {method: raising(Crash())}
    inner = getattr(world, port)
    setattr(world, port, Interrupted(inner, before=cut) if when == "before" else Interrupted(inner, after=cut))
