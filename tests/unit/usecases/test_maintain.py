"""Maintenance of a dataset whose files are loaded by the real use cases, on tables on local disk."""

import copy
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import SECOND, Crash, Interrupted, raising
from tests.unit.tables.lake import LIMITS, LocalTable
from tests.unit.usecases.shop import DATASET, DELTA, Shop
from tidegate.errors import NotFound, StaleCommit, Throttled
from tidegate.model.files import FileState
from tidegate.model.runs import RunState
from tidegate.model.selection import Selection
from tidegate.model.upkeep import LONGEST_WORK, Policy, Tended
from tidegate.ports import LiveFile, Table
from tidegate.tables.compaction import LocalMerger
from tidegate.usecases.maintain import Maintained, maintain
from tidegate.usecases.maintain_dataset import KEEPER, Keeping, tend
from tidegate.usecases.settle import settle

FILES = 8
DAYS = 24 * 3600
POLICY = Policy(target_bytes=10**6, least_files=4, version_seconds=DAYS, least_versions=2, sweep_seconds=DAYS)
MINUTES = 300 * SECOND


class Upkeep:
    """A shop in which something was sold, and what keeps it in order."""

    def __init__(self, place: Path, files: int = FILES) -> None:
        self.shop, self.policy, self.place = Shop(place), POLICY, place
        self.world = self.shop.world
        self.meanwhile: Callable[[], object] = lambda: None
        self.slept = 0
        for number in range(files):
            self.sell(number)

    def sell(self, number: int) -> None:
        self.shop.drop(f"{DELTA}f{number:02d}.csv", f"k{number},1,I,Ann", f"k{number},,I,bad", f"same,{number},I,Bob")
        self.shop.run()

    def keeping(self) -> Keeping:
        merger = LocalMerger(self.place, LIMITS)
        return Keeping(
            self.world.desk, self.shop.lake, _Meanwhile(merger, self), self.policy, self.world.clock() + MINUTES, self.sleep
        )

    def sleep(self, seconds: float) -> None:
        self.slept += 1
        self.world.clock.pass_seconds(seconds)

    def tend(self, *, urgent: bool = False, dry_run: bool = False) -> Tended:
        return tend(DATASET, self.keeping(), urgent=urgent, dry_run=dry_run)

    def files(self, layer: str) -> int:
        return len(self.table(layer).live())

    def table(self, layer: str) -> LocalTable:
        return next(t for t in self.shop.lake.tables("shop_clients") if t.name.startswith(layer))

    def rows(self) -> dict[str, list[str]]:
        return {layer: sorted(map(str, self.shop.rows(layer))) for layer in ("bronze", "quarantine", "silver")}

    @property
    def lease(self) -> Any:
        return self.world.fake_ledger.lease(DATASET)


class _Meanwhile:
    """A merger during which something happens."""

    def __init__(self, merger: LocalMerger, upkeep: Upkeep) -> None:
        self._merger, self._upkeep = merger, upkeep

    @contextmanager
    def merged(self, table: Table, files: Sequence[LiveFile]) -> Iterator[Path]:
        with self._merger.merged(table, files) as path:
            meanwhile, self._upkeep.meanwhile = self._upkeep.meanwhile, lambda: None
            meanwhile()
            yield path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Upkeep:
    return Upkeep(tmp_path_factory.mktemp("made"))


@pytest.fixture
def upkeep(made: Upkeep, tmp_path: Path) -> Upkeep:
    """The same shop for each test, in a place of its own: it takes seconds to make."""
    mine = copy.deepcopy(made)
    shutil.copytree(made.shop.lake.place, tmp_path / "warehouse")
    mine.place = mine.shop.place = tmp_path
    mine.shop.lake.move(tmp_path / "warehouse")
    return mine


class TestMerge:
    def test_small_files_of_bronze_and_quarantine_become_one_and_no_row_changes(self, upkeep: Upkeep) -> None:
        before = upkeep.rows()
        assert (upkeep.files("bronze"), upkeep.files("quarantine")) == (FILES, FILES)
        done = upkeep.tend()
        assert (done.files_merged, done.files_made, done.later) == (2 * FILES, 2, "")
        assert (upkeep.files("bronze"), upkeep.files("quarantine")) == (1, 1)
        assert upkeep.rows() == before

    def test_merged_file_has_the_bounds_of_its_keys(self, upkeep: Upkeep) -> None:
        upkeep.tend()
        assert [(f.lower, f.upper) for f in upkeep.table("bronze").live()] == [(f"{DELTA}f00.csv", f"{DELTA}f07.csv")]

    def test_next_load_a_replacement_and_a_second_merge_are_right_after_it(self, upkeep: Upkeep) -> None:
        upkeep.tend()
        upkeep.shop.drop(f"{DELTA}f03.csv", "new,1,I,Eve")
        upkeep.shop.run()
        for number in range(20, 20 + FILES):
            upkeep.sell(number)
        upkeep.tend()
        keys = {r["id"] for r in upkeep.shop.rows("bronze")}
        assert ("new" in keys, "k3" in keys, "k27" in keys, upkeep.files("bronze")) == (True, False, True, 1)
        assert {r["id"] for r in upkeep.shop.rows("silver")} == keys

    def test_table_from_which_other_hands_deleted_rows_by_files_of_their_own_is_left_alone(
        self, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(LocalTable, "merges", False)
        assert upkeep.tend().files_merged == 0

    def test_dry_run_says_the_same_and_changes_nothing(self, upkeep: Upkeep) -> None:
        before = (upkeep.lease, upkeep.files("bronze"))
        would = upkeep.tend(dry_run=True)
        assert (upkeep.lease, upkeep.files("bronze")) == before
        assert upkeep.tend() == would


class TestExpire:
    def test_old_versions_go_and_the_next_load_and_undo_work(self, upkeep: Upkeep) -> None:
        upkeep.world.clock.pass_seconds(DAYS + 1)
        done = upkeep.tend()
        assert done.versions_expired == 3 * (FILES - POLICY.least_versions)
        upkeep.sell(99)
        before = upkeep.rows()
        upkeep.shop.drop(f"{DELTA}lost.csv", "lost,1,I,Zoe")
        manifest = upkeep.world.claim_manifest(DATASET)
        upkeep.shop.load(manifest)
        upkeep.world.expire()  # it is never settled
        upkeep.world.reconcile()
        assert upkeep.shop.run().rows_inserted == 1
        assert {layer: len(rows) for layer, rows in upkeep.rows().items()} == {
            layer: len(rows) + (layer != "quarantine") for layer, rows in before.items()
        }

    def test_versions_are_kept_while_they_are_young(self, upkeep: Upkeep) -> None:
        assert upkeep.tend().versions_expired == 0

    def test_undo_takes_nothing_for_the_first_commit_that_is_not(self, upkeep: Upkeep) -> None:
        table = upkeep.table("bronze")
        table.expire(table.history()[1:])
        with pytest.raises(NotFound, match="expired"):
            upkeep.table("bronze").undo()


class TestOrphans:
    def test_what_a_dead_try_left_is_removed_when_it_is_old_and_not_before(self, upkeep: Upkeep) -> None:
        left = upkeep.table("bronze").leave_behind("dead")
        assert (upkeep.tend(urgent=True).orphans, left.exists()) == (0, True)
        upkeep.world.clock.pass_seconds(POLICY.orphan_seconds + 1)
        assert upkeep.tend(dry_run=True).orphans == 1
        assert left.exists()
        done = upkeep.tend()
        assert (done.orphans > 0, done.orphan_bytes > 0, left.exists()) == (True, True, False)

    def test_files_of_versions_that_can_be_taken_back_or_queried_stay(self, upkeep: Upkeep) -> None:
        upkeep.policy = replace(POLICY, least_versions=20)
        upkeep.tend()
        upkeep.world.clock.pass_seconds(POLICY.orphan_seconds + 1)
        assert upkeep.tend().orphans == 0

    def test_files_of_expired_versions_go(self, upkeep: Upkeep) -> None:
        upkeep.tend()
        upkeep.world.clock.pass_seconds(POLICY.orphan_seconds + 1)
        before = upkeep.rows()
        for number in (50, 51):
            upkeep.sell(number)
        assert upkeep.tend().orphans > 0
        assert set(before["bronze"]) < set(upkeep.rows()["bronze"])

    def test_file_of_a_run_that_is_at_work_is_too_young(self, upkeep: Upkeep) -> None:
        upkeep.policy = replace(POLICY, orphan_seconds=0)
        upkeep.table("bronze").leave_behind("at work")
        upkeep.world.clock.pass_seconds(LONGEST_WORK - 1)
        assert upkeep.tend(urgent=True).orphans == 0


class TestLease:
    def test_nobody_starts_an_execution_while_it_has_the_lease(self, upkeep: Upkeep) -> None:
        """A second delivery starts the execution of a held lease once more, in case nobody did; this one has none."""
        started = list(upkeep.world.started)

        def arrive() -> None:
            arrival = upkeep.shop.drop(f"{DELTA}late.csv", "late,1,I,Ann")
            upkeep.world.ingest(arrival)  # its message comes again
            upkeep.world.reconcile()
            assert (upkeep.world.started, upkeep.lease.keeper) == (started, KEEPER)

        upkeep.meanwhile = arrive
        assert upkeep.tend().later == "files wait for a run"
        assert upkeep.world.started == [*started, (DATASET, upkeep.lease.token)]
        assert upkeep.shop.run().rows_inserted == 1

    def test_files_wait_for_one_merge_at_most(self, upkeep: Upkeep) -> None:
        upkeep.meanwhile = lambda: upkeep.shop.drop(f"{DELTA}late.csv", "late,1,I,Ann")
        assert (upkeep.tend().files_made, upkeep.files("quarantine")) == (1, FILES)
        upkeep.shop.run()
        assert (upkeep.tend().later, upkeep.files("quarantine")) == ("", 1)

    def test_busy_dataset_gives_it_a_turn_between_two_runs(self, upkeep: Upkeep) -> None:
        upkeep.shop.drop(f"{DELTA}busy.csv", "busy,1,I,Ann")
        manifest = upkeep.world.claim_manifest(DATASET)

        def sleep(seconds: float) -> None:
            upkeep.sleep(seconds)
            if upkeep.slept == 2:
                upkeep.shop.drop(f"{DELTA}next.csv", "next,1,I,Ann")
                upkeep.shop.load(manifest)
                settle(manifest, upkeep.world.desk)
                assert not upkeep.lease.held

        done = tend(DATASET, replace(upkeep.keeping(), sleep=sleep), urgent=True, dry_run=False)
        assert (done.files_made, upkeep.files("bronze")) == (1, 1)
        assert upkeep.world.started[-1] == (DATASET, upkeep.lease.token)  # the file that waits has its run after it
        assert upkeep.shop.run().rows_inserted == 1

    def test_file_that_arrives_at_a_reserved_lease_has_a_timer(self, upkeep: Upkeep) -> None:
        """Otherwise it would wait for reconcile: whoever finds a lease reserved leaves it alone."""
        upkeep.shop.drop(f"{DELTA}busy.csv", "busy,1,I,Ann")
        upkeep.world.claim_manifest(DATASET)
        assert upkeep.tend(urgent=True).later == "a run has the dataset"
        assert upkeep.world.timer.rung[-1] == (DATASET, 30)
        assert upkeep.lease.opens_at == 0  # it gave up: nobody has to wait for it

    def test_dataset_with_a_run_that_was_lost_is_left_to_reconcile(self, upkeep: Upkeep) -> None:
        upkeep.shop.drop(f"{DELTA}lost.csv", "lost,1,I,Ann")
        upkeep.shop.load(upkeep.world.claim_manifest(DATASET))
        upkeep.world.expire()
        before = upkeep.table("bronze").author
        assert upkeep.tend(urgent=True).later == "a run that was not settled has to be put right first"
        assert upkeep.table("bronze").author == before

    def test_dataset_that_is_left_alone_after_a_failure_is_left_alone(self, upkeep: Upkeep) -> None:
        upkeep.shop.drop(f"{DELTA}a.csv", "a,1,I,Ann")
        token = upkeep.lease.token
        upkeep.world.fake_ledger.back_off(DATASET, token, upkeep.world.clock() + 300 * SECOND)
        assert "left alone" in upkeep.tend(urgent=True).later
        assert upkeep.lease.token == token


class TestUnsettled:
    def test_commit_of_a_run_that_was_given_up_is_not_built_on_and_a_run_takes_it_back(self, upkeep: Upkeep) -> None:
        """A zombie may commit after everything came to rest: merged into other files its rows could not be taken back."""
        upkeep.shop.drop(f"{DELTA}z.csv", "z,1,I,Ann")
        dead = upkeep.world.claim(DATASET).run_id
        upkeep.world.expire()
        upkeep.world.reconcile()
        upkeep.shop.run()
        zombie = upkeep.table("quarantine")
        words = dict.fromkeys(("tidegate.added", "tidegate.removed", "tidegate.before", "tidegate.after"), "0")
        zombie.commit(dead, remove=zombie.live()[:1], add=[], summary=words)
        rows, started = upkeep.files("quarantine"), len(upkeep.world.started)
        done = upkeep.tend()
        assert (done.later, done.files_made) == (f"the last commit of quarantine.shop_clients is of {dead}, which is ABORTED", 0)
        assert upkeep.files("quarantine") == rows
        assert len(upkeep.world.started) == started + 1  # a run without files puts it right
        upkeep.shop.run()
        assert upkeep.tend().files_made == 2
        assert len(upkeep.rows()["quarantine"]) == FILES

    def test_undo_after_a_merge_leaves_the_merged_file(self, upkeep: Upkeep) -> None:
        upkeep.tend()
        before = upkeep.rows()
        upkeep.shop.drop(f"{DELTA}f00.csv", "other,1,I,Ann")
        manifest = upkeep.world.claim_manifest(DATASET)
        upkeep.shop.load(manifest)
        for layer in ("bronze", "quarantine", "silver"):
            upkeep.table(layer).undo()
        assert upkeep.rows() == before
        assert upkeep.files("bronze") == 1


class TestZombie:
    def test_merge_that_outlives_its_lease_changes_nothing(self, upkeep: Upkeep) -> None:
        def overtaken() -> None:
            upkeep.world.clock.pass_seconds(600)
            upkeep.sell(77)

        upkeep.meanwhile = overtaken
        done = upkeep.tend()
        assert done.later.startswith("LeaseLost")
        assert upkeep.files("bronze") == FILES + 1
        assert upkeep.tend().files_made == 2

    def test_merge_that_stood_still_between_the_check_and_its_commit_is_refused(self, upkeep: Upkeep) -> None:
        def overtaken() -> None:
            upkeep.world.clock.pass_seconds(600)
            upkeep.sell(77)

        held = [lambda: None, overtaken]
        ledger = upkeep.world.fake_ledger

        class Late:
            def __getattr__(self, name: str) -> Any:
                return getattr(ledger, name)

            def hold(self, *args: Any) -> bool:
                done = ledger.hold(*args)
                upkeep.world.ledger = ledger
                (held.pop(0) if held else lambda: None)()
                return done

        keeping = upkeep.keeping()
        waker = replace(keeping.desk.waker, ledger=Late())  # type: ignore[arg-type]
        done = tend(DATASET, replace(keeping, desk=replace(keeping.desk, waker=waker)), urgent=False, dry_run=False)
        assert done.later.startswith("StaleCommit")
        assert upkeep.files("bronze") == FILES + 1

    def test_load_that_opened_the_tables_before_a_merge_is_refused_and_tried_again(self, upkeep: Upkeep) -> None:
        upkeep.shop.drop(f"{DELTA}new.csv", "new,1,I,Ann")
        opened = upkeep.table("bronze")
        table = upkeep.table("bronze")
        with LocalMerger(upkeep.place, LIMITS).merged(table, table.live()) as path:
            table.merge("zombie", table.live(), path)
        words = dict.fromkeys(("tidegate.added", "tidegate.removed", "tidegate.before", "tidegate.after"), "0")
        with pytest.raises(StaleCommit):
            opened.commit("run", remove=[], add=[], summary=words)
        assert upkeep.shop.run().rows_inserted == 1


class TestCrash:
    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("step", ["take", "hold", "run", "queue", "release", "keep_cursor"])
    def test_killed_at_any_call_of_the_ledger_it_loses_no_row_and_the_next_one_finishes(
        self, upkeep: Upkeep, step: str, when: str
    ) -> None:
        before = upkeep.rows()
        killed = {step: raising(Crash())}
        upkeep.world.ledger = Interrupted(upkeep.world.fake_ledger, **{when: killed})  # type: ignore[assignment]
        with pytest.raises(Crash):
            upkeep.tend()
        upkeep.world.ledger = upkeep.world.fake_ledger
        assert upkeep.rows() == before
        upkeep.world.clock.pass_seconds(600)
        upkeep.world.reconcile()
        assert upkeep.world.claim(DATASET).manifest is None
        upkeep.tend()
        assert (upkeep.rows(), upkeep.files("bronze"), upkeep.files("quarantine")) == (before, 1, 1)
        upkeep.sell(9)

    @pytest.mark.parametrize("name", ["merge", "expire", "remove"])
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_killed_at_any_change_of_a_table_it_loses_no_row_and_the_next_one_finishes(
        self, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch, name: str, when: str
    ) -> None:
        upkeep.world.clock.pass_seconds(POLICY.orphan_seconds + 1)
        upkeep.table("bronze").leave_behind("dead")
        before, original = upkeep.rows(), getattr(LocalTable, name)

        def killed(table: LocalTable, *args: Any) -> None:
            if when == "after":
                original(table, *args)
            raise Crash

        with monkeypatch.context() as patch:
            patch.setattr(LocalTable, name, killed)
            with pytest.raises(Crash):
                upkeep.tend()
        assert upkeep.rows() == before
        upkeep.world.clock.pass_seconds(600)
        upkeep.world.reconcile()
        assert upkeep.world.claim(DATASET).manifest is None
        upkeep.tend(urgent=True)
        assert (upkeep.rows(), upkeep.files("bronze")) == (before, 1)
        assert upkeep.tend(urgent=True) == Tended(DATASET)

    def test_dataset_whose_maintenance_died_is_loaded_after_its_short_lease(self, upkeep: Upkeep) -> None:
        def die() -> None:
            upkeep.shop.drop(f"{DELTA}late.csv", "late,1,I,Ann")
            raise Crash

        upkeep.meanwhile = die
        upkeep.world.ledger = Interrupted(upkeep.world.fake_ledger, before={"release": raising(Crash())})  # type: ignore[assignment]
        with pytest.raises(Crash):
            upkeep.tend()
        upkeep.world.ledger = upkeep.world.fake_ledger
        upkeep.world.clock.pass_seconds(MINUTES / SECOND)
        upkeep.world.reconcile()
        assert upkeep.shop.run().rows_inserted == 1


class TestAll:
    def all(self, upkeep: Upkeep, **asked: Any) -> Maintained:
        return maintain(upkeep.keeping(), **asked)

    def test_dataset_that_nobody_wrote_to_since_is_not_looked_at(self, upkeep: Upkeep) -> None:
        assert len(self.all(upkeep).datasets) == 1
        looked: list[str] = []
        upkeep.shop.lake = Interrupted(upkeep.shop.lake, before={"tables": lambda: looked.append("opened")})  # type: ignore[assignment]
        done = self.all(upkeep)
        assert (done.datasets, done.looked, looked) == ([], 1, [])

    def test_dataset_is_looked_at_again_after_its_next_run_and_once_a_day(self, upkeep: Upkeep) -> None:
        self.all(upkeep)
        for number in range(30, 34):
            upkeep.sell(number)
        assert len(self.all(upkeep).datasets) == 1
        upkeep.world.clock.pass_seconds(POLICY.orphan_seconds)
        assert self.all(upkeep).datasets[0].versions_expired > 0

    def test_one_that_cannot_be_tended_leaves_the_others_alone(self, upkeep: Upkeep) -> None:
        upkeep.world.publish("alpha.first")
        upkeep.world.drop("alpha/first/delta/a")
        upkeep.shop.lake = Interrupted(upkeep.shop.lake, before={"tables": raising(Throttled("slow down"))})  # type: ignore[assignment]
        done = self.all(upkeep)
        assert (done.errors, [t.dataset for t in done.datasets]) == ({"alpha.first": "Throttled: slow down"}, [DATASET])

    def test_what_time_does_not_allow_is_done_by_the_next_call(self, upkeep: Upkeep) -> None:
        upkeep.world.publish("alpha.first")
        upkeep.world.drop("alpha/first/delta/a")

        def dawdle() -> None:
            upkeep.world.clock.pass_seconds(250)

        upkeep.shop.lake = Interrupted(upkeep.shop.lake, before={"tables": dawdle})  # type: ignore[assignment]
        assert self.all(upkeep) == Maintained(looked=1, more=True, after="alpha.first")
        done = self.all(upkeep)
        assert ([t.dataset for t in done.datasets], done.more) == ([DATASET], False)

    def test_unknown_dataset_is_said_to_be_unknown(self, upkeep: Upkeep) -> None:
        with pytest.raises(NotFound, match="never had a file"):
            self.all(upkeep, dataset="no.such")

    def test_reconcile_sees_no_news_after_maintenance(self, upkeep: Upkeep) -> None:
        upkeep.world.catalog = upkeep.shop.lake  # type: ignore[assignment]
        upkeep.world.clock.pass_seconds(DAYS + 1)
        self.all(upkeep)
        upkeep.world.clock.pass_seconds(upkeep.world.pace.every_seconds)
        found = upkeep.world.reconcile()
        assert (found.astray, found.woken, found.errors) == ({}, [], {})


def test_replay_of_a_loaded_file_is_right_after_maintenance(upkeep: Upkeep) -> None:
    upkeep.world.clock.pass_seconds(POLICY.orphan_seconds + 1)
    upkeep.tend(urgent=True)
    before = {layer: len(rows) for layer, rows in upkeep.rows().items()}
    upkeep.world.replay(Selection(dataset=DATASET))
    upkeep.shop.run()
    assert {layer: len(rows) for layer, rows in upkeep.rows().items()} == before
    assert {r.state for r in upkeep.world.fake_ledger.list_runs(DATASET)} == {RunState.SUCCEEDED}
    assert {f.state for f in upkeep.world.fake_ledger.list_files(DATASET)} == {FileState.LOADED}
