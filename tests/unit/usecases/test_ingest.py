from collections.abc import Callable

import pytest

from tests.fakes import Crash, Interrupted, raising
from tests.unit.usecases.world import DELTA, EVENTS, FULL, World
from tidegate.errors import AccessDenied, ServiceUnavailable, Throttled
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState
from tidegate.ports import Registration

S = FileState


def test_file_for_an_idle_dataset_starts_its_run_at_once(world: World) -> None:
    (a,) = world.drop(DELTA + "a.csv")
    assert (world.state(a), world.started) == (S.PENDING, [(EVENTS, 1)])


def test_file_is_registered_before_the_run_is_started(world: World) -> None:
    a = world.put(DELTA + "a.csv")
    world.workflow = Interrupted(world.workflow, before={"start": lambda: states.append(world.state(a))})
    states: list[FileState] = []
    world.ingest(a)
    assert states == [S.PENDING]


def test_file_that_arrives_during_a_run_starts_no_second_one(world: World) -> None:
    world.drop(DELTA + "a.csv")
    world.claim()
    world.drop(DELTA + "b.csv")
    assert world.started == [(EVENTS, 1)]


def test_several_records_of_one_event_are_all_registered_and_wake_each_dataset_once(world: World) -> None:
    world.publish("demo.others")
    arrivals = [world.put(key) for key in (DELTA + "a", DELTA + "b", "demo/others/delta/a")]
    assert [o.registration for o in world.ingest(*arrivals)] == [Registration.NEW] * 3
    assert world.started == [(EVENTS, 1), ("demo.others", 1)]


def test_duplicate_delivery_is_not_loaded_twice(world: World) -> None:
    (a,) = world.drop(DELTA + "a.csv")
    (outcome,) = world.ingest(a)
    assert (outcome.registration, outcome.error) == (Registration.DUPLICATE, None)
    assert world.drain() == [["a.csv"]]
    assert world.started == [(EVENTS, 1)]


def test_same_message_after_fourteen_days_loads_nothing(world: World) -> None:
    (a,) = world.drop(DELTA + "a.csv")
    world.drain()
    world.clock.pass_seconds(14 * 86400)
    world.ingest(a)
    assert world.claim().manifest is None
    assert world.state(a) is S.LOADED


def test_both_deliveries_in_one_batch_are_one_file(world: World) -> None:
    a = world.put(DELTA + "a.csv")
    assert [o.registration for o in world.ingest(a, a)] == [Registration.NEW, Registration.DUPLICATE]


def test_late_event_with_older_sequencer_is_not_loaded(world: World) -> None:
    older, newer = world.put(DELTA + "a.csv"), world.put(DELTA + "a.csv")
    assert [o.registration for o in world.ingest(newer, older)] == [Registration.NEW, Registration.SUPERSEDED]
    manifest = world.claim_manifest()
    assert [f.version_id for f in manifest.files] == [newer.version_id]
    assert world.state(older) is S.SUPERSEDED


@pytest.mark.parametrize("name", ["a b.csv", "a+b.csv", "a%20b.csv", "day=1.csv", "Zürich-患者.csv", "../../x", "x" * 1000])
def test_key_with_odd_characters_arrives_as_it_is(world: World, name: str) -> None:
    (a,) = world.drop(DELTA + name)
    assert (world.record(a).key, world.state(a)) == (DELTA + name, S.PENDING)


def test_same_name_in_two_datasets_in_the_same_instant_is_two_files(world: World) -> None:
    world.publish("demo.others")
    here, there = (Arrival("landing", f"demo/{d}/delta/a.csv", "v1", "A1", 1) for d in ("events", "others"))
    world.ingest(here, there)
    assert world.states(here, there) == [S.PENDING, S.PENDING]
    assert world.started == [(EVENTS, 1), ("demo.others", 1)]


class TestBadInput:
    def test_unmatched_key_is_quarantined_with_what_to_do(self, world: World) -> None:
        (a,) = world.drop("stray.csv")
        assert world.state(a) is S.QUARANTINED
        assert world.record(a).reason.startswith("UNROUTED: ")
        assert "move the file there" in world.record(a).reason
        assert world.started == []

    def test_file_without_a_contract_is_quarantined_with_what_to_do(self, world: World) -> None:
        (a,) = world.drop("demo/unknown/delta/a.csv")
        assert world.state(a) is S.QUARANTINED
        assert world.record(a).reason.startswith("NO_CONTRACT: publish a contract for demo.unknown")
        assert world.started == []

    def test_zero_byte_file_is_quarantined_and_stops_no_other(self, world: World) -> None:
        empty, full = world.put(DELTA + "empty.csv", size=0), world.put(DELTA + "full.csv")
        world.ingest(empty, full)
        assert world.states(empty, full) == [S.QUARANTINED, S.PENDING]
        assert world.record(empty).reason.startswith("EMPTY_FILE: ")

    def test_zero_byte_marker_is_no_empty_file(self, world: World) -> None:
        (marker,) = world.drop(FULL + "1/_SUCCESS", size=0)
        assert world.state(marker) is S.PENDING

    def test_folder_marker_is_ignored(self, world: World) -> None:
        (a,) = world.drop(DELTA, size=0)
        assert (world.state(a), world.started) == (S.IGNORED, [])

    def test_part_waits_outside_of_the_queue_for_its_marker(self, world: World) -> None:
        (a,) = world.drop(FULL + "1/p.csv")
        assert (world.state(a), world.fake_ledger.queue(EVENTS, 9)) == (S.REGISTERED, [])


class TestFaults:
    def test_failing_arrival_leaves_the_others_alone(self, world: World) -> None:
        bad, good = world.put(DELTA + "bad.csv"), world.put(DELTA + "good.csv")
        world.ledger = Interrupted(world.ledger, before={"register": raising(Throttled("PutItem"))})
        outcomes = world.ingest(bad, good)
        assert [type(o.error) for o in outcomes] == [Throttled, type(None)]
        assert world.state(good) is S.PENDING
        assert world.started == [(EVENTS, 1)]

    def test_contract_that_cannot_be_read_makes_the_message_come_again(self, world: World) -> None:
        a = world.put(DELTA + "a.csv")
        world.lake = Interrupted(world.lake, before={"get": raising(AccessDenied("GetObject"))})
        assert [type(o.error) for o in world.ingest(a)] == [AccessDenied]
        assert [o.registration for o in world.ingest(a)] == [Registration.NEW]

    @pytest.mark.parametrize("call", ["lease", "take"])
    def test_throttled_lease_makes_the_messages_of_that_dataset_come_again(self, world: World, call: str) -> None:
        world.publish("demo.others")
        ours, theirs = world.put(DELTA + "a.csv"), world.put("demo/others/delta/a.csv")
        world.ledger = Interrupted(world.ledger, before={call: raising(Throttled("x"))})
        outcomes = world.ingest(ours, theirs)
        assert [type(o.error) for o in outcomes] == [Throttled, type(None)]
        assert world.started == [("demo.others", 1)]
        world.ingest(ours)
        assert (EVENTS, 1) in world.started

    def test_start_that_fails_after_the_lease_was_taken_is_made_good_by_the_redelivery(self, world: World) -> None:
        a = world.put(DELTA + "a.csv")
        world.workflow = Interrupted(world.workflow, before={"start": raising(ServiceUnavailable("StartExecution"))})
        (outcome,) = world.ingest(a)
        assert isinstance(outcome.error, ServiceUnavailable)
        assert world.started == []
        assert [o.error for o in world.ingest(a)] == [None]
        assert world.started == [(EVENTS, 1)]

    @pytest.mark.parametrize(
        "cut",
        [
            lambda w: _cut(w, "ledger", "before", "register"),
            lambda w: _cut(w, "ledger", "after", "register"),
            lambda w: _cut(w, "ledger", "before", "take"),
            lambda w: _cut(w, "ledger", "after", "take"),
            lambda w: _cut(w, "workflow", "before", "start"),
            lambda w: _cut(w, "workflow", "after", "start"),
        ],
        ids=["before register", "after register", "before take", "after take", "before start", "after start"],
    )
    def test_crash_at_any_step_is_made_good_by_the_redelivery(self, world: World, cut: Callable[[World], None]) -> None:
        a = world.put(DELTA + "a.csv")
        cut(world)
        with pytest.raises(Crash):
            world.ingest(a)
        world.ingest(a)
        assert (world.state(a), world.started) == (S.PENDING, [(EVENTS, 1)])
        assert world.drain() == [["a.csv"]]

    def test_redelivery_of_a_loaded_file_does_not_disturb_a_run(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a.csv")
        world.settle(world.claim_manifest())
        world.drop(DELTA + "b.csv")
        manifest = world.claim_manifest()
        world.ingest(a)
        assert world.claim().manifest == manifest
        assert world.started == [(EVENTS, 1), (EVENTS, 2)]

    def test_redelivery_of_a_loaded_file_starts_nothing_on_an_idle_dataset(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a.csv")
        world.drain()
        world.ingest(a)
        assert world.started == [(EVENTS, 1)]

    def test_part_starts_nothing_before_its_marker(self, world: World) -> None:
        world.drop(FULL + "1/a", FULL + "1/b")
        assert world.started == []
        world.drop(FULL + "1/_SUCCESS")
        assert world.started == [(EVENTS, 1)]

    def test_expired_lease_is_taken_over_by_the_next_arrival(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a.csv")
        world.claim()
        world.expire()
        world.drop(DELTA + "b.csv")
        assert world.started == [(EVENTS, 1), (EVENTS, 2)]
        assert world.drain() == [["a.csv", "b.csv"]]
        assert world.state(a) is S.LOADED


def _cut(world: World, port: str, when: str, method: str) -> None:
    before = {method: raising(Crash())}
    cut = Interrupted(getattr(world, port), before=before) if when == "before" else Interrupted(getattr(world, port), after=before)
    setattr(world, port, cut)
