"""A survey of the bucket is done in stretches: each call does a bounded amount of work, and the next one goes on where it stopped."""

from collections.abc import Iterable, Mapping

import pytest

from tests.fakes import Crash, Interrupted, raising
from tests.unit.usecases.world import DELTA, EVENTS, World
from tidegate.errors import ServiceUnavailable, Throttled
from tidegate.model.arrivals import Arrival
from tidegate.model.files import Versions
from tidegate.ports import Ledger
from tidegate.usecases.reconcile import Pace, Reconciled

EVERY = 3600


class Watching:
    """A ledger that notes which keys it was asked about."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    def versions(self, object_ids: Iterable[str]) -> Mapping[str, Versions]:
        ids = list(object_ids)
        self.asked += ids
        return self._ledger.versions(ids)


def filled(world: World, *names: str) -> World:
    """A bucket whose files are all known and loaded."""
    world.drop(*(DELTA + name for name in names))
    world.drain()
    return world


def keys_looked_at(world: World, calls: int) -> list[list[str]]:
    """Survey in so many calls; return the names that each one compared with the ledger."""
    names = {Arrival("landing", key, "", "", 0).object_id: key.rsplit("/", 1)[1] for key in world.bucket.stored}
    looked = []
    for _ in range(calls):
        watching = Watching(world.fake_ledger)
        world.ledger = watching  # type: ignore[assignment]
        world.reconcile()
        looked.append([names[i] for i in watching.asked])
    return looked


def slow(versions: int = 1000, seconds: int = 60) -> Pace:
    return Pace(versions=versions, seconds=seconds, every_seconds=EVERY)


def survey(world: World) -> list[Reconciled]:
    """Call until the survey is done."""
    calls: list[Reconciled] = []
    while not (calls and calls[-1].surveyed):
        calls.append(world.reconcile())
        assert len(calls) < 50, "the survey does not come to an end"
    return calls


class TestBounds:
    def test_call_looks_at_no_more_than_its_share_and_the_next_one_goes_on(self, world: World) -> None:
        filled(world, *"abcdefg").pace = slow(versions=3)
        assert [(r.looked, r.surveyed) for r in survey(world)] == [(3, False), (3, False), (1, True)]

    def test_every_key_is_looked_at_exactly_once(self, world: World) -> None:
        filled(world, *"abcdefg").pace = slow(versions=3)
        assert keys_looked_at(world, 3) == [list("abc"), list("def"), list("g")]

    def test_share_that_ends_with_the_bucket_costs_one_more_call_and_no_key_twice(self, world: World) -> None:
        filled(world, *"abcd").pace = slow(versions=2)
        assert keys_looked_at(world, 3) == [list("ab"), list("cd"), []]

    def test_versions_of_one_key_are_not_torn_apart(self, world: World) -> None:
        filled(world, *"aaaaab").pace = slow(versions=2)
        assert [r.looked for r in survey(world)] == [5, 1]

    def test_keys_put_before_and_behind_the_cursor_meanwhile_are_looked_at_once_each(self, world: World) -> None:
        filled(world, *"bdfh").pace = slow(versions=2)
        assert keys_looked_at(world, 1) == [list("bd")]
        filled(world, "a", "e")
        assert keys_looked_at(world, 3) == [list("ef"), list("h"), []]
        world.clock.pass_seconds(EVERY)
        assert keys_looked_at(world, 4) == [list("ab"), list("de"), list("fh"), []]

    def test_key_at_the_cursor_that_was_erased_meanwhile_hides_no_other(self, world: World) -> None:
        filled(world, *"abcd").pace = slow(versions=2)
        assert keys_looked_at(world, 1) == [list("ab")]
        del world.bucket.stored[DELTA + "b"]
        assert keys_looked_at(world, 1) == [list("cd")]

    def test_call_whose_time_is_over_before_anything_was_compared_still_gets_ahead(self, world: World) -> None:
        filled(world, *"abc").pace = slow(seconds=0)
        assert keys_looked_at(world, 4) == [["a"], ["b"], ["c"], []]


class TestResuming:
    def test_finished_survey_begins_anew_after_its_time_and_not_before(self, world: World) -> None:
        filled(world, "a")
        assert world.reconcile().surveyed
        world.put(DELTA + "b")
        assert world.reconcile().looked == 0
        world.clock.pass_seconds(EVERY)
        assert (world.reconcile().registered, world.reconcile().looked) == (1, 0)

    def test_survey_that_takes_longer_than_its_time_is_finished_before_it_begins_anew(self, world: World) -> None:
        filled(world, *"abcd").pace = slow(versions=2)
        assert keys_looked_at(world, 1) == [list("ab")]
        world.clock.pass_seconds(2 * EVERY)
        assert keys_looked_at(world, 2) == [list("cd"), []]
        assert keys_looked_at(world, 1) == [list("ab")]

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_call_killed_at_its_cursor_loses_and_doubles_no_file(self, world: World, when: str) -> None:
        for name in "abcd":
            world.put(DELTA + name)
        world.pace = slow(versions=2)
        cut = {"keep_cursor": raising(Crash())}
        world.ledger = Interrupted(world.ledger, before=cut) if when == "before" else Interrupted(world.ledger, after=cut)
        with pytest.raises(Crash):
            world.reconcile()
        survey(world)
        assert world.drain() == [list("abcd")]

    def test_listing_that_fails_is_taken_up_where_the_last_call_stopped(self, world: World) -> None:
        filled(world, *"abcd").pace = slow(versions=2)
        world.reconcile()
        world.landing = Interrupted(world.landing, before={"versions": raising(ServiceUnavailable("ListObjectVersions"))})
        with pytest.raises(ServiceUnavailable):
            world.reconcile()
        assert keys_looked_at(world, 1) == [list("cd")]


class TestErrors:
    def test_key_that_cannot_be_registered_leaves_the_others_alone(self, world: World) -> None:
        bad, good = world.put(DELTA + "bad"), world.put(DELTA + "good")
        world.ledger = Interrupted(world.ledger, before={"register": raising(Throttled("PutItem"))})
        found = world.reconcile()
        assert (found.registered, found.surveyed, list(found.errors)) == (1, True, [bad.key])
        assert world.drain() == [["good"]]
        assert world.state(good)
        world.clock.pass_seconds(EVERY)
        assert world.reconcile().registered == 1
        assert world.drain() == [["bad"]]

    @pytest.mark.parametrize("call", ["queue", "lease", "take"])
    def test_dataset_that_cannot_be_looked_at_leaves_the_others_and_the_survey_alone(self, world: World, call: str) -> None:
        world.publish("demo.others")
        for key in (DELTA + "a", "demo/others/delta/a"):
            world.drop(key)
        world.expire()
        unheard = world.put(DELTA + "b")
        world.ledger = Interrupted(world.ledger, before={call: raising(Throttled("x"))})
        found = world.reconcile()
        assert (found.errors, found.woken[0], found.registered) == ({EVENTS: "Throttled: x"}, "demo.others", 1)
        assert unheard.file_id in world.fake_ledger.files([unheard.file_id])
