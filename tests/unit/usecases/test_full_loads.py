import pytest

from tests.unit.usecases.world import DELTA, EVENTS, FULL, World, names
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState
from tidegate.model.runs import FullLoad
from tidegate.model.selection import Selection
from tidegate.usecases.batch import Limits

S = FileState


def drop_load(world: World, load_id: str = "1", parts: str = "ab") -> list[Arrival]:
    return world.drop(*(f"{FULL}{load_id}/{p}" for p in parts), f"{FULL}{load_id}/_SUCCESS")


class TestComplete:
    def test_parts_without_their_marker_are_not_loaded(self, world: World) -> None:
        parts = world.drop(FULL + "1/a", FULL + "1/b")
        assert world.claim().manifest is None
        assert world.states(*parts) == [S.REGISTERED, S.REGISTERED]

    def test_marker_completes_its_parts_in_one_run(self, world: World) -> None:
        a, b, marker = drop_load(world)
        manifest = world.claim_manifest()
        assert [(f.key[-8:], f.marker, f.load) for f in manifest.files] == [
            ("full/1/a", False, "demo.events/1"),
            ("full/1/b", False, "demo.events/1"),
            ("_SUCCESS", True, "demo.events/1"),
        ]
        world.settle(manifest)
        assert world.states(a, b, marker) == [S.LOADED] * 3
        assert world.drain() == []

    def test_part_in_the_bucket_that_is_not_registered_holds_the_load_back_until_it_is(self, world: World) -> None:
        late = world.put(FULL + "1/c")
        drop_load(world)
        assert world.claim().manifest is None
        assert world.fake_ledger.lease(EVENTS).is_free(world.clock())
        world.ingest(late)
        assert world.drain() == [["a", "b", "c", "_SUCCESS"]]
        assert world.state(late) is S.LOADED

    def test_waiting_load_does_not_start_runs_over_and_over(self, world: World) -> None:
        world.put(FULL + "1/c")
        drop_load(world)
        for _ in range(3):
            world.claim(token=1)
        assert world.started == [(EVENTS, 1)]

    def test_waiting_load_does_not_hold_back_deltas(self, world: World) -> None:
        world.put(FULL + "1/c")
        drop_load(world)
        world.drop(DELTA + "d")
        assert world.drain() == [["d"]]

    def test_part_refused_for_being_empty_holds_the_load_back(self, world: World) -> None:
        world.ingest(world.put(FULL + "1/empty", size=0))
        *_, marker = drop_load(world)
        assert world.drain() == []
        assert world.state(marker) is S.PENDING
        assert world.record(marker).reason == f"waits: {FULL}1/empty has no bytes; drop that part again, or delete it"
        world.drop(FULL + "1/empty")
        assert world.drain() == [["a", "b", "empty", "_SUCCESS"]]

    def test_folder_markers_of_the_load_are_no_missing_parts(self, world: World) -> None:
        world.put(FULL + "1/", size=0)
        drop_load(world)
        assert world.drain() == [["a", "b", "_SUCCESS"]]

    def test_load_nested_below_another_does_not_hold_it_back(self, world: World) -> None:
        world.put(FULL + "1/2/x")
        world.put(FULL + "1/2/_SUCCESS")
        drop_load(world)
        assert world.drain() == [["a", "b", "_SUCCESS"]]

    def test_parts_of_another_load_are_left_alone(self, world: World) -> None:
        (other,) = world.drop(FULL + "2/x")
        drop_load(world)
        assert world.drain() == [["a", "b", "_SUCCESS"]]
        assert world.state(other) is S.REGISTERED

    def test_overwritten_part_is_loaded_in_its_newest_version_only(self, world: World) -> None:
        old, new = world.drop(FULL + "1/a", FULL + "1/a")
        world.drop(FULL + "1/_SUCCESS")
        manifest = world.claim_manifest()
        assert [f.version_id for f in manifest.files if not f.marker] == [new.version_id]
        world.settle(manifest)
        assert world.states(old, new) == [S.SUPERSEDED, S.LOADED]

    def test_full_load_is_not_cut_by_the_limits_of_a_batch(self, world: World) -> None:
        world.limits = Limits(files=1, bytes=1)
        drop_load(world, parts="abcdef")
        assert world.drain() == [["a", "b", "c", "d", "e", "f", "_SUCCESS"]]

    def test_full_load_in_one_file_is_a_run_of_its_own(self, world: World) -> None:
        world.drop(FULL + "one.csv", FULL + "two.csv")
        assert world.drain() == [["one.csv"], ["two.csv"]]

    def test_dead_run_s_full_load_is_claimed_whole_again_as_a_replacement(self, world: World) -> None:
        drop_load(world)
        world.claim()
        world.expire()
        world.reconcile()
        assert [(f.key[-1], f.replaces) for f in world.claim_manifest().files] == [("a", True), ("b", True), ("S", True)]


class TestOrder:
    def test_deltas_that_arrived_before_a_full_load_are_loaded_before_it(self, world: World) -> None:
        world.drop(DELTA + "d1", DELTA + "d2")
        drop_load(world)
        world.drop(DELTA + "d3")
        assert world.drain() == [["d1", "d2"], ["a", "b", "_SUCCESS"], ["d3"]]

    def test_replace_dataset_loads_every_file_as_a_run_of_its_own(self, world: World) -> None:
        world.publish("demo.states", mode="replace")
        world.drop("demo/states/delta/a", "demo/states/delta/b", "demo/states/full/c")
        assert world.drain("demo.states") == [["a"], ["b"], ["c"]]

    def test_file_of_a_replace_dataset_is_a_full_load(self, world: World) -> None:
        world.publish("demo.states", mode="replace")
        (a,) = world.drop("demo/states/delta/a")
        manifest = world.claim_manifest("demo.states")
        assert (manifest.epoch.load, manifest.epoch_changes) == (a.file_id, True)


class TestEpoch:
    def test_full_load_begins_an_epoch_at_its_first_part(self, world: World) -> None:
        a, *_ = drop_load(world)
        manifest = world.claim_manifest()
        assert manifest.epoch_changes
        assert (manifest.epoch.load, manifest.epoch.start) == ("demo.events/1", world.record(a).arrival)
        world.settle(manifest)
        assert world.fake_ledger.state(EVENTS).epoch == manifest.epoch

    def test_delta_leaves_the_epoch_alone(self, world: World) -> None:
        drop_load(world)
        world.drain()
        epoch = world.fake_ledger.state(EVENTS).epoch
        world.drop(DELTA + "d")
        manifest = world.claim_manifest()
        assert (manifest.epoch_changes, manifest.epoch) == (False, epoch)

    def test_older_full_load_that_comes_again_does_not_become_current_again(self, world: World) -> None:
        old, *_ = drop_load(world, "1")
        drop_load(world, "2")
        world.drain()
        current = world.fake_ledger.state(EVENTS).epoch
        assert current.load == "demo.events/2"
        for file in (*world.fake_ledger.parts(EVENTS, "1"), *world.fake_ledger.list_files(EVENTS)):
            if file.load_id == "1":
                world.fake_ledger.requeue(file)
        world.reconcile()
        manifest = world.claim_manifest()
        assert (names(manifest), manifest.epoch_changes, manifest.epoch) == (["a", "b", "_SUCCESS"], False, current)
        world.settle(manifest)
        assert (world.state(old), world.fake_ledger.state(EVENTS).epoch) == (S.LOADED, current)


@pytest.mark.parametrize("load_id", ["2024-01", "2024/01", "day=1", "a b"])
def test_load_ids_of_every_shape_are_completed(world: World, load_id: str) -> None:
    drop_load(world, load_id)
    assert world.drain() == [["a", "b", "_SUCCESS"]]


def test_full_loads_that_wait_for_parts_do_not_starve_what_arrives_behind_them(world: World) -> None:
    """Claim reads as many files of the queue as a run may have: all of these are markers whose parts nobody announced."""
    world.limits = Limits(files=2, bytes=1000)
    parts = [world.put(f"{FULL}{n}/a") for n in range(5)]
    markers = world.drop(*(f"{FULL}{n}/_SUCCESS" for n in range(5)))
    delta, overtaken, newer = world.drop(DELTA + "a", DELTA + "b", DELTA + "b")
    assert world.drain() == [["a"], ["b"]]
    assert world.states(delta, overtaken, newer) == [S.LOADED, S.SUPERSEDED, S.LOADED]
    assert world.states(*markers) == [S.PENDING] * 5
    world.ingest(*parts)
    assert len(world.drain()) == 5


class TestBeginning:
    """What the ledger keeps of full loads: gold asks it where bronze does not show when one began."""

    def test_load_is_listed_with_its_first_arrival_and_whether_bronze_shows_it(self, world: World) -> None:
        drop_load(world)
        manifest = world.claim_manifest()
        world.settle(manifest)
        first = manifest.files[0].arrival
        assert world.fake_ledger.full_loads(EVENTS) == [FullLoad("demo.events/1", first, manifest.run_id, shown=True)]

    def test_load_whose_first_file_left_no_row_is_not_shown(self, world: World) -> None:
        drop_load(world)
        world.settle(world.claim_manifest(), rejected={FULL + "1/a": 5})
        assert [load.shown for load in world.fake_ledger.full_loads(EVENTS)] == [False]

    def test_load_whose_marker_came_first_is_not_shown(self, world: World) -> None:
        a = world.put(FULL + "1/a")
        (marker,) = world.drop(FULL + "1/_SUCCESS")
        world.ingest(a)
        manifest = world.claim_manifest()
        world.settle(manifest)
        (load,) = world.fake_ledger.full_loads(EVENTS)
        assert (load.start, load.shown) == (world.record(marker).arrival, False)

    def test_deltas_and_loads_that_failed_are_not_listed(self, world: World) -> None:
        world.drop(DELTA + "a")
        world.settle(world.claim_manifest())
        drop_load(world)
        world.claim_and_fail("Load", "BatchRefused")
        assert world.fake_ledger.full_loads(EVENTS) == []

    def test_replay_of_an_older_load_leaves_the_list_alone(self, world: World) -> None:
        (old,) = world.drop(FULL + "old")
        world.settle(world.claim_manifest())
        world.drop(FULL + "new")
        world.settle(world.claim_manifest())
        before = world.fake_ledger.full_loads(EVENTS)
        world.replay(Selection(file_ids=(old.file_id,)))
        world.settle(world.claim_manifest())
        assert world.fake_ledger.full_loads(EVENTS) == before
        assert len(before) == 2
