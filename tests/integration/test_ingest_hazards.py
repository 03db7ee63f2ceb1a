"""Each hazard of an arrival, by way of ingest's entry point: what the ledger has of it, and what runs make of it."""

import copy
import itertools
from dataclasses import replace
from typing import Any

import pytest

from tests.integration.entrance import Handle
from tests.messages import batch, notification
from tests.unit.usecases.world import DELTA, EVENTS, World
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState
from tidegate.usecases.replay import Selection

S = FileState
DONE: dict[str, Any] = {"batchItemFailures": []}
LONGEST = 1024  # bytes that a key may have
_LEFT = LONGEST - len(DELTA)


def again(*places: int) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": f"m{n}"} for n in places]}


class TestTwice:
    def test_event_that_comes_again_with_another_time_is_loaded_once(self, handle: Handle, world: World) -> None:
        a = world.put(DELTA + "a.csv")
        late = notification(a, time="2031-12-31T23:59:59.999Z")
        assert handle(batch(notification(a), late)) == DONE
        assert world.drain() == [["a.csv"]]
        assert handle(batch(late)) == DONE
        assert (world.state(a), world.started, world.drain()) == (S.LOADED, [(EVENTS, 1)], [])

    def test_event_of_long_ago_changes_nothing_in_a_ledger_that_moved_on_many_tokens(self, handle: Handle, world: World) -> None:
        a = world.put(DELTA + "a.csv")
        handle(batch(notification(a)))
        world.drain()
        for number in range(20):
            world.clock.pass_seconds(86_400)
            handle(batch(notification(world.put(f"{DELTA}{number}.csv"))))
            world.drain()
        assert world.fake_ledger.lease(EVENTS).token == 21
        before = copy.deepcopy(world.dynamo.partitions)
        assert handle(batch(notification(a), notification(a))) == DONE
        assert world.dynamo.partitions == before
        assert len(world.started) == 21


class TestOrder:
    @pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
    @pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
    def test_versions_heard_in_any_order_end_with_the_newest(
        self, handle: Handle, world: World, order: tuple[int, ...], *, together: bool
    ) -> None:
        versions = [world.put(DELTA + "a.csv") for _ in range(3)]
        heard = [notification(versions[n]) for n in order]
        for messages in [heard] if together else [[message] for message in heard]:
            assert handle(batch(*messages)) == DONE
        loaded = [f.version_id for f in world.claim_manifest().files]
        assert loaded == [versions[2].version_id]
        world.settle(world.claim_manifest())
        assert world.states(*versions) == [S.SUPERSEDED, S.SUPERSEDED, S.LOADED]

    def test_records_of_one_event_that_are_versions_of_one_key_are_loaded_once(self, handle: Handle, world: World) -> None:
        versions = [world.put(DELTA + "a.csv") for _ in range(3)]
        assert handle(batch(notification(*versions))) == DONE
        assert world.drain() == [["a.csv"]]
        assert world.states(*versions) == [S.SUPERSEDED, S.SUPERSEDED, S.LOADED]


class TestMissing:
    def test_event_without_a_sequencer_is_loaded_and_its_twin_with_one_is_a_duplicate(self, handle: Handle, world: World) -> None:
        a = world.put(DELTA + "a.csv")
        assert handle(batch(notification(replace(a, sequencer="")))) == DONE
        assert world.drain() == [["a.csv"]]
        assert handle(batch(notification(a))) == DONE
        assert (world.state(a), world.drain(), world.started) == (S.LOADED, [], [(EVENTS, 1)])

    def test_late_event_without_a_sequencer_for_an_older_version_is_not_loaded(self, handle: Handle, world: World) -> None:
        old, new = world.put(DELTA + "a.csv"), world.put(DELTA + "a.csv")
        handle(batch(notification(new)))
        assert handle(batch(notification(replace(old, sequencer="")))) == DONE
        assert [f.version_id for f in world.claim_manifest().files] == [new.version_id]

    def test_event_without_a_sequencer_brings_the_newer_version_that_the_bucket_has(self, handle: Handle, world: World) -> None:
        old, new = world.put(DELTA + "a.csv"), world.put(DELTA + "a.csv")
        handle(batch(notification(old)))
        assert handle(batch(notification(replace(new, sequencer="")))) == DONE
        assert [f.version_id for f in world.claim_manifest().files] == [new.version_id]

    def test_object_without_a_version_id_is_told_apart_by_its_sequencer(self, handle: Handle, world: World) -> None:
        first, second = (Arrival("landing", DELTA + "a.csv", "", sequencer, 10) for sequencer in ("A1", "A2"))
        world.bucket.put(first.key, b"x" * 10)
        assert handle(batch(notification(first), notification(first))) == DONE
        assert world.drain() == [["a.csv"]]
        assert handle(batch(notification(second), notification(first))) == DONE
        assert world.drain() == [["a.csv"]]
        assert world.states(first, second) == [S.SUPERSEDED, S.LOADED]


class TestKeys:
    @pytest.mark.parametrize(
        "name",
        ["a b.csv", "a+b.csv", "a%20b.csv", "day=1/a=b.csv", "Zürich-患者-😀.csv", "../../a.csv", "x" * _LEFT, "ü" * (_LEFT // 2)],
        ids=["spaces", "plus", "escape", "equals", "unicode", "dots", "1,024 bytes", "1,024 bytes of unicode"],
    )
    def test_key_is_decoded_once_and_loaded(self, handle: Handle, world: World, name: str) -> None:
        a = world.put(DELTA + name)
        assert len(a.key.encode()) <= LONGEST
        assert handle(batch(notification(a))) == DONE
        (file,) = world.claim_manifest().files
        assert (file.key, file.version_id) == (DELTA + name, a.version_id)

    def test_keys_that_differ_only_by_how_they_are_encoded_are_different_files(self, handle: Handle, world: World) -> None:
        names = ["a b", "a+b", "a%20b", "a%2Bb", "a%2520b"]
        assert handle(batch(*(notification(world.put(DELTA + name)) for name in names))) == DONE
        assert world.drain() == [names]

    def test_same_name_in_two_datasets_at_the_same_millisecond_is_two_files(self, handle: Handle, world: World) -> None:
        world.publish("demo.others")
        here, there = (Arrival("landing", f"demo/{d}/delta/a.csv", "v1", "A1", 10) for d in ("events", "others"))
        assert handle(batch(notification(here, there, time="2024-01-01T00:00:00.123Z"))) == DONE
        assert world.states(here, there) == [S.PENDING, S.PENDING]
        assert [world.drain(EVENTS), world.drain("demo.others")] == [[["a.csv"]], [["a.csv"]]]


class TestNotAnArrival:
    @pytest.mark.parametrize("name", ["ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated", "LifecycleExpiration:Delete"])
    def test_delete_event_leaves_a_loaded_file_as_it_is(self, handle: Handle, world: World, name: str) -> None:
        a = world.put(DELTA + "a.csv")
        handle(batch(notification(a)))
        world.drain()
        before = copy.deepcopy(world.dynamo.partitions)
        assert handle(batch(notification(replace(a, sequencer="FF"), name=name))) == DONE
        assert world.dynamo.partitions == before

    def test_unknown_event_version_of_ten_is_the_only_one_that_comes_again_and_the_nine_are_loaded(
        self, handle: Handle, world: World
    ) -> None:
        arrivals = [world.put(f"{DELTA}{n}.csv") for n in range(10)]
        messages = [notification(a) for a in arrivals]
        messages[4]["Records"][0]["eventVersion"] = "3.0"
        assert handle(batch(*messages)) == again(4)
        assert world.drain() == [[f"{n}.csv" for n in range(10) if n != 4]]
        assert arrivals[4].file_id not in world.fake_ledger.files([arrivals[4].file_id])

    def test_test_event_between_arrivals_is_acknowledged_and_they_are_loaded(self, handle: Handle, world: World) -> None:
        a, b = world.put(DELTA + "a.csv"), world.put(DELTA + "b.csv")
        test = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "landing"}
        assert handle(batch(notification(a), test, notification(b))) == DONE
        assert world.drain() == [["a.csv", "b.csv"]]


def test_file_without_a_contract_is_loaded_once_it_is_published_and_replayed(handle: Handle, world: World) -> None:
    early = world.put("demo/later/delta/a.csv")
    assert handle(batch(notification(early))) == DONE
    assert (world.state(early), world.record(early).reason.split(":")[0]) == (S.QUARANTINED, "NO_CONTRACT")
    world.publish("demo.later")
    assert handle(batch(notification(early))) == DONE
    assert (world.state(early), world.started) == (S.QUARANTINED, [])
    assert [f.key for f in world.replay(Selection(file_ids=(early.file_id,))).files] == [early.key]
    assert handle(batch(notification(world.put("demo/later/delta/b.csv")))) == DONE
    assert world.drain("demo.later") == [["a.csv", "b.csv"]]
