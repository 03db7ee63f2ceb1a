import copy

import pytest

from tests.fakes import Crash, Interrupted, raising
from tests.unit.usecases.world import DELTA, EVENTS, FULL, World, names
from tidegate.errors import MessageMalformed, NotFound
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState
from tidegate.model.runs import timestamp
from tidegate.model.selection import Selection, selection_from
from tidegate.usecases.replay import Replayed

S = FileState


def loaded(world: World, *keys: str) -> list[Arrival]:
    arrivals = world.drop(*keys)
    world.drain()
    return arrivals


def taken(replayed: Replayed) -> list[str]:
    return [r.key.rsplit("/", 1)[1] for r in replayed.files]


class TestSelection:
    def test_by_file(self, world: World) -> None:
        a, b = loaded(world, DELTA + "a", DELTA + "b")
        assert taken(world.replay(Selection(file_ids=(a.file_id,)))) == ["a"]
        assert world.states(a, b) == [S.PENDING, S.LOADED]
        assert world.drain() == [["a"]]

    def test_by_run(self, world: World) -> None:
        world.drop(DELTA + "a", DELTA + "b")
        manifest = world.claim_manifest()
        world.fail()
        loaded(world, DELTA + "c")
        assert taken(world.replay(Selection(run_ids=(manifest.run_id,)))) == ["a", "b"]

    def test_by_dataset_and_range(self, world: World) -> None:
        loaded(world, DELTA + "a")
        world.clock.pass_seconds(100)
        since = timestamp(world.clock())
        world.clock.pass_seconds(1)
        loaded(world, DELTA + "b")
        world.clock.pass_seconds(100)
        until = timestamp(world.clock())
        loaded(world, DELTA + "c")
        everything = world.replay(Selection(dataset=EVENTS), dry_run=True)
        assert taken(everything) == ["a", "b", "c"]
        assert taken(world.replay(Selection(dataset=EVENTS, since=since, until=until))) == ["b"]

    def test_bound_without_a_zone_is_utc(self, world: World) -> None:
        loaded(world, DELTA + "a")
        before = timestamp(world.clock() - 50_000_000).removesuffix("+00:00")
        assert taken(world.replay(Selection(dataset=EVENTS, since=before), dry_run=True)) == ["a"]
        assert taken(world.replay(Selection(dataset=EVENTS, until=before), dry_run=True)) == []

    def test_by_state(self, world: World) -> None:
        a, b = world.drop(DELTA + "a", DELTA + "b")
        world.settle(world.claim_manifest(), refused=[b.key])
        assert taken(world.replay(Selection(dataset=EVENTS, states=(S.QUARANTINED,)))) == ["b"]
        assert world.state(a) is S.LOADED

    def test_unknown_file_or_run_is_said_to_be(self, world: World) -> None:
        with pytest.raises(NotFound, match="nobody"):
            world.replay(Selection(file_ids=("nobody",)))
        with pytest.raises(NotFound, match="nobody"):
            world.replay(Selection(run_ids=("nobody",)))

    def test_state_that_does_not_exist_is_refused(self) -> None:
        with pytest.raises(MessageMalformed, match="states are REGISTERED"):
            selection_from({"states": ["BROKEN"]})

    def test_event_with_nothing_selects_nothing(self, world: World) -> None:
        loaded(world, DELTA + "a")
        assert world.replay(selection_from({})) == Replayed((), ())


class TestEffect:
    def test_failed_file_is_loaded_as_a_replacement_of_itself(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a")
        world.claim()
        world.fail()
        world.replay(Selection(file_ids=(a.file_id,)))
        manifest = world.claim_manifest()
        assert [(f.file_id, f.replaces) for f in manifest.files] == [(a.file_id, True)]
        world.settle(manifest)
        assert (world.state(a), world.record(a).reason) == (S.LOADED, "")

    def test_replay_during_a_run_joins_the_next_batch(self, world: World) -> None:
        (a,) = loaded(world, DELTA + "a")
        world.drop(DELTA + "b")
        manifest = world.claim_manifest()
        world.replay(Selection(file_ids=(a.file_id,)))
        assert names(manifest) == ["b"]
        world.settle(manifest)
        assert world.drain() == [["a"]]

    def test_idle_dataset_is_woken(self, world: World) -> None:
        (a,) = loaded(world, DELTA + "a")
        world.replay(Selection(file_ids=(a.file_id,)))
        assert world.started == [(EVENTS, 1), (EVENTS, 2)]

    def test_replay_that_died_before_it_woke_anyone_is_found_by_reconcile(self, world: World) -> None:
        (a,) = loaded(world, DELTA + "a")
        world.ledger = Interrupted(world.ledger, after={"requeue": raising(Crash())})
        with pytest.raises(Crash):
            world.replay(Selection(file_ids=(a.file_id,)))
        assert world.reconcile().woken == [EVENTS]
        assert world.drain() == [["a"]]

    def test_dry_run_says_what_it_would_do_and_changes_nothing(self, world: World) -> None:
        (a,) = loaded(world, DELTA + "a")
        before = _contents(world)
        assert taken(world.replay(Selection(file_ids=(a.file_id,), wake=(EVENTS,)), dry_run=True)) == ["a"]
        assert _contents(world) == before

    def test_file_quarantined_for_its_missing_contract_loads_after_it_is_published(self, world: World) -> None:
        (a,) = world.drop("demo/others/delta/a")
        left = world.replay(Selection(file_ids=(a.file_id,))).left
        assert [(r.key, why) for r, why in left] == [(a.key, "no contract is published for demo.others")]
        world.publish("demo.others")
        world.replay(Selection(file_ids=(a.file_id,)))
        assert world.drain("demo.others") == [["a"]]


class TestLeftAlone:
    def test_waiting_claimed_superseded_and_ignored_files(self, world: World) -> None:
        (claimed,) = world.drop(DELTA + "claimed")
        world.claim()
        pending, folder = world.drop(DELTA + "pending", DELTA)
        newer, older = world.put(DELTA + "x"), world.put(DELTA + "x")
        world.ingest(older, newer)
        ids = tuple(a.file_id for a in (claimed, pending, folder, newer))
        replayed = world.replay(Selection(file_ids=ids))
        assert replayed.files == ()
        assert sorted(why for _, why in replayed.left) == ["it is CLAIMED", "it is IGNORED", "it is PENDING", "it is SUPERSEDED"]
        assert world.started == [(EVENTS, 1)]

    def test_unrouted_file_says_where_to_copy_it(self, world: World) -> None:
        (a,) = world.drop("stray.csv")
        ((_, why),) = world.replay(Selection(file_ids=(a.file_id,))).left
        assert "copy it to <domain>/<dataset>/delta/" in why

    def test_loaded_version_under_a_refused_newer_one_is_not_made_history(self, world: World) -> None:
        (old,) = loaded(world, DELTA + "a")
        (new,) = world.drop(DELTA + "a", size=0)
        replayed = world.replay(Selection(dataset=EVENTS))
        assert (taken(replayed), [why for _, why in replayed.left]) == (["a"], ["a newer version of its key has arrived"])
        world.settle(world.claim_manifest(), refused=[new.key])
        assert world.states(old, new) == [S.LOADED, S.QUARANTINED]

    def test_file_that_moves_during_the_replay(self, world: World) -> None:
        (a,) = loaded(world, DELTA + "a")
        inner = world.ledger
        world.ledger = Interrupted(inner, before={"requeue": lambda: inner.requeue(world.record(a))})
        replayed = world.replay(Selection(file_ids=(a.file_id,)))
        assert [why for _, why in replayed.left] == ["it moved on while it was being replayed"]

    def test_state_that_was_not_asked_for(self, world: World) -> None:
        (a,) = loaded(world, DELTA + "a")
        replayed = world.replay(Selection(file_ids=(a.file_id,), states=(S.FAILED,)))
        assert [why for _, why in replayed.left] == ["it is LOADED, which was not asked for"]


class TestFullLoads:
    def test_part_brings_its_load_and_its_marker(self, world: World) -> None:
        a, *_ = loaded(world, FULL + "1/a", FULL + "1/b", FULL + "1/_SUCCESS")
        assert taken(world.replay(Selection(file_ids=(a.file_id,)))) == ["a", "b", "_SUCCESS"]
        assert world.drain() == [["a", "b", "_SUCCESS"]]

    def test_marker_brings_its_parts(self, world: World) -> None:
        *_, marker = loaded(world, FULL + "1/a", FULL + "1/b", FULL + "1/_SUCCESS")
        assert taken(world.replay(Selection(file_ids=(marker.file_id,)))) == ["a", "b", "_SUCCESS"]

    def test_refused_part_brings_a_marker_that_is_loaded_already(self, world: World) -> None:
        a, b, marker = world.drop(FULL + "1/a", FULL + "1/b", FULL + "1/_SUCCESS")
        world.settle(world.claim_manifest(), refused=[b.key])
        world.drain()
        assert world.states(a, b, marker) == [S.LOADED, S.QUARANTINED, S.LOADED]
        replayed = world.replay(Selection(dataset=EVENTS, states=(S.QUARANTINED,)))
        assert taken(replayed) == ["a", "b", "_SUCCESS"]
        assert world.drain() == [["a", "b", "_SUCCESS"]]

    def test_load_that_is_all_in_another_state_stays_where_it_is(self, world: World) -> None:
        arrivals = loaded(world, FULL + "1/a", FULL + "1/_SUCCESS")
        replayed = world.replay(Selection(file_ids=(arrivals[0].file_id,), states=(S.FAILED,)))
        assert replayed.files == ()
        assert world.states(*arrivals) == [S.LOADED, S.LOADED]

    def test_part_that_was_overwritten_stays_history(self, world: World) -> None:
        old, new = world.drop(FULL + "1/a", FULL + "1/a")
        loaded(world, FULL + "1/_SUCCESS")
        world.replay(Selection(dataset=EVENTS))
        assert world.states(old, new) == [S.SUPERSEDED, S.REGISTERED]
        assert world.drain() == [["a", "_SUCCESS"]]


def _contents(world: World) -> dict[str, object]:
    """Everything that the ledger, the workflow and the buckets hold."""
    held = {"ledger": world.dynamo.partitions, "started": world.started}
    return copy.deepcopy({**held, "lake": world.lake_bucket.stored, "bucket": world.bucket.stored})


def test_failed_file_that_was_overtaken_is_history_once_its_letter_is_answered(world: World) -> None:
    (old,) = world.drop(DELTA + "a")
    world.claim_and_fail("Audit", "BooksUnbalanced")
    world.drop(DELTA + "a")
    assert world.answer().answered == 1
    assert world.letters.queue == {}
    assert world.state(old) is FileState.SUPERSEDED
