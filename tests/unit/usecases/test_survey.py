"""Files that no event announced are found by listing, and take the place among the versions of their key that S3 gave them."""

from collections.abc import Callable

import pytest

from tests.fakes import Crash, Interrupted, raising
from tests.unit.usecases.world import DELTA, EVENTS, World
from tidegate.errors import Throttled
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState
from tidegate.ports import Registration

S = FileState
A = DELTA + "a"


def versions_loaded(world: World) -> list[str]:
    """Survey, then load everything; return the versions in the order in which runs took them."""
    assert world.reconcile().errors == {}
    taken: list[str] = []
    while (manifest := world.claim().manifest) is not None:
        taken += [f.version_id for f in manifest.files]
        world.settle(manifest)
    return taken


def survey_again(world: World) -> None:
    world.clock.pass_seconds(world.pace.every_seconds)
    world.reconcile()


class TestUnannounced:
    def test_new_key_is_registered_and_its_dataset_woken(self, world: World) -> None:
        a = world.put(A)
        found = world.reconcile()
        assert (found.looked, found.registered, found.surveyed) == (1, 1, True)
        assert (world.state(a), world.started) == (S.PENDING, [(EVENTS, 1)])

    def test_new_version_of_a_known_key_replaces_the_old_one(self, world: World) -> None:
        (old,) = world.drop(A)
        world.drain()
        new = world.put(A)
        assert versions_loaded(world) == [new.version_id]
        assert world.states(old, new) == [S.SUPERSEDED, S.LOADED]

    def test_of_several_new_versions_the_newest_is_loaded_and_all_are_known(self, world: World) -> None:
        world.drop(A)
        world.drain()
        *middle, newest = [world.put(A) for _ in range(3)]
        assert versions_loaded(world) == [newest.version_id]
        assert world.states(*middle, newest) == [S.SUPERSEDED, S.SUPERSEDED, S.LOADED]

    def test_bucket_that_was_full_before_the_first_event_is_loaded_in_its_newest_versions(self, world: World) -> None:
        world.put(A)
        a, b = world.put(A), world.put(DELTA + "b")
        assert sorted(versions_loaded(world)) == sorted([a.version_id, b.version_id])

    def test_object_under_a_delete_marker_is_not_loaded(self, world: World) -> None:
        world.put(A)
        world.bucket.delete(A)
        assert versions_loaded(world) == []
        assert list(world.fake_ledger.list_files(EVENTS)) == []

    def test_delete_marker_on_top_of_a_loaded_object_takes_nothing_away(self, world: World) -> None:
        (a,) = world.drop(A)
        world.drain()
        world.put(A)
        world.bucket.delete(A)
        assert versions_loaded(world) == []
        assert world.state(a) is S.LOADED

    def test_object_that_came_back_over_a_delete_marker_is_loaded(self, world: World) -> None:
        world.drop(A)
        world.drain()
        world.bucket.delete(A)
        new = world.put(A)
        assert versions_loaded(world) == [new.version_id]

    def test_object_that_no_dataset_can_take_is_quarantined_and_not_looked_at_as_news_again(self, world: World) -> None:
        stray, unknown, empty = world.put("stray.csv"), world.put("demo/unknown/delta/a"), world.put(A, size=0)
        assert world.reconcile().registered == 3
        assert world.states(stray, unknown, empty) == [S.QUARANTINED] * 3
        survey_again(world)
        assert world.reconcile().registered == 0

    def test_known_object_is_no_news(self, world: World) -> None:
        world.drop(A, DELTA + "b")
        world.drain()
        found = world.reconcile()
        assert (found.looked, found.registered, found.woken) == (2, 0, [])


class TestUnversioned:
    def test_object_of_an_unversioned_bucket_is_found_once(self, world: World) -> None:
        world.bucket.put(A, b"0123456789")
        assert world.reconcile().registered == 1
        assert world.drain() == [["a"]]
        survey_again(world)
        assert world.drain() == []

    def test_late_event_of_a_found_object_replaces_its_own_rows(self, world: World) -> None:
        """The listing has no sequencer and the event no order among listings: loading it twice must not double it."""
        world.bucket.put(A, b"0123456789")
        world.reconcile()
        world.drain()
        late = Arrival("landing", A, "", "00A1", 10)
        world.ingest(late)
        (file,) = world.claim_manifest().files
        assert (file.file_id, file.replaces) == (late.file_id, True)


class TestLateEvents:
    def test_late_event_of_a_found_version_is_a_duplicate(self, world: World) -> None:
        a = world.put(A)
        world.reconcile()
        assert [o.registration for o in world.ingest(a)] == [Registration.DUPLICATE]
        assert world.drain() == [["a"]]

    def test_late_event_of_an_older_version_than_the_found_one_is_not_loaded(self, world: World) -> None:
        older, newer = world.put(A), world.put(A)
        assert versions_loaded(world) == [newer.version_id]
        assert [o.registration for o in world.ingest(older)] == [Registration.DUPLICATE]
        assert world.drain() == []
        assert world.states(older, newer) == [S.SUPERSEDED, S.LOADED]

    def test_event_of_a_newer_version_than_the_found_one_is_loaded_after_it(self, world: World) -> None:
        found = world.put(A)
        versions_loaded(world)
        (newer,) = world.drop(A)
        world.drain()
        assert world.states(found, newer) == [S.SUPERSEDED, S.LOADED]

    @pytest.mark.parametrize("order", ["older first", "newer first"])
    def test_events_around_a_found_version_find_their_places_whatever_their_order(self, world: World, order: str) -> None:
        (known,) = world.drop(A)
        found, newer = world.put(A), None
        world.reconcile()
        newer = world.put(A)
        world.ingest(*([known, newer] if order == "older first" else [newer, known]))
        world.ingest(found)
        world.drain()
        assert world.states(known, found, newer) == [S.SUPERSEDED, S.SUPERSEDED, S.LOADED]

    def test_event_heard_between_the_ledger_and_the_listing_is_not_overtaken_by_an_older_version(self, world: World) -> None:
        """The ledger said that v1 is the newest; v3 is announced; v2, which only the listing has, must not land on top of it."""
        world.drop(A)
        second, third = world.put(A), world.put(A)
        world.ledger = Interrupted(world.ledger, after={"versions": lambda: world.ingest(third)})
        world.ingest(Arrival("landing", A, "", "", 0))
        world.drain()
        assert world.fake_ledger.files([second.file_id]) == {}
        assert world.state(third) is S.LOADED

    @pytest.mark.parametrize("hurry", [lambda w, a: w.ingest(a), lambda w, _: w.reconcile()], ids=["its event", "another survey"])
    def test_version_that_somebody_else_registers_at_the_same_moment_is_one_file(
        self, world: World, hurry: Callable[[World, Arrival], object]
    ) -> None:
        a = world.put(A)
        inner = world.ledger

        def other() -> None:
            interrupted, world.ledger = world.ledger, inner
            hurry(world, a)
            world.ledger = interrupted

        world.ledger = Interrupted(inner, before={"register": other})
        world.reconcile()
        assert [f.file_id for f in world.fake_ledger.list_files(EVENTS)] == [a.file_id]
        assert world.drain() == [["a"]]


class TestLostVersions:
    def test_version_older_than_a_known_one_is_not_news_when_the_newest_was_erased(self, world: World) -> None:
        """The event of v1 was lost, v2 and v3 were loaded, and somebody deleted v3 for good: v1 is still older than v2."""
        first = world.put(A)
        world.drop(A)
        world.drain()
        (third,) = world.drop(A)
        world.drain()
        world.bucket.erase(A, third.version_id)
        assert versions_loaded(world) == []
        assert first.file_id not in world.fake_ledger.files([first.file_id])
        assert world.state(third) is S.LOADED

    def test_version_put_after_the_newest_was_erased_is_loaded(self, world: World) -> None:
        world.drop(A)
        (second,) = world.drop(A)
        world.drain()
        world.bucket.erase(A, second.version_id)
        third = world.put(A)
        assert versions_loaded(world) == [third.version_id]
        assert world.states(second, third) == [S.SUPERSEDED, S.LOADED]


class TestFaults:
    def test_oldest_version_that_cannot_be_registered_keeps_the_newer_ones_back(self, world: World) -> None:
        """Were the newer one known first, the late event of the older one would look like history, and be right; its place is lost."""
        older, newer = world.put(A), world.put(A)
        world.ledger = Interrupted(world.ledger, before={"register": raising(Throttled("PutItem"))})
        assert list(world.reconcile().errors) == [A]
        assert world.fake_ledger.files([older.file_id, newer.file_id]) == {}
        survey_again(world)
        world.drain()
        assert world.states(older, newer) == [S.SUPERSEDED, S.LOADED]

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_survey_killed_at_a_registration_is_finished_by_the_next_one(self, world: World, when: str) -> None:
        older, newer, b = world.put(A), world.put(A), world.put(DELTA + "b")
        cut = {"register": raising(Crash())}
        world.ledger = Interrupted(world.ledger, before=cut) if when == "before" else Interrupted(world.ledger, after=cut)
        with pytest.raises(Crash):
            world.reconcile()
        assert sorted(versions_loaded(world)) == sorted([newer.version_id, b.version_id])
        assert world.state(older) is S.SUPERSEDED
