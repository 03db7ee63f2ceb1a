"""Tables beside the ledger: rows that changed by other hands are reported, commits that no settled run stands for are taken back."""

from dataclasses import replace

import pytest

from tests.fakes import Interrupted, raising
from tests.unit.usecases.world import DELTA, EVENTS, World
from tidegate.errors import AccessDenied
from tidegate.model.runs import Commit
from tidegate.usecases.account import write_account
from tidegate.usecases.settle import settle

BRONZE, SILVER = "bronze.demo_events", "silver.demo_events"
ROWS = 5


def loaded(world: World) -> str:
    """Settle a run that left five rows in two tables, as the catalog says too; return its id."""
    world.drop(DELTA + "a")
    manifest = world.claim_manifest()
    commits = tuple(Commit(name, ROWS, 0, 0, ROWS) for name in (BRONZE, SILVER))
    write_account(manifest, replace(world.account(manifest), commits=commits), world.lake_bucket)
    settle(manifest, world.desk)
    world.catalog.tables = {BRONZE: (ROWS, manifest.run_id), SILVER: (ROWS, manifest.run_id)}
    return manifest.run_id


def aborted(world: World) -> str:
    """Let a run lose its lease to one that settles its files; return the id of the dead one."""
    world.drop(DELTA + "z")
    dead = world.claim().run_id
    world.expire()
    world.reconcile()
    world.settle(world.claim_manifest())
    assert world.claim().manifest is None
    world.clock.pass_seconds(world.pace.every_seconds)
    return dead


class TestOtherHands:
    def test_tables_as_settled_runs_left_them_are_no_news(self, world: World) -> None:
        loaded(world)
        assert world.reconcile().astray == {}

    @pytest.mark.parametrize("author", ["", "somebody", "the run"])
    @pytest.mark.parametrize("rows", [ROWS - 1, ROWS + 1])
    def test_rows_that_changed_by_other_hands_are_reported_and_left_to_people(self, world: World, author: str, rows: int) -> None:
        run_id = loaded(world)
        world.catalog.tables[SILVER] = rows, run_id if author == "the run" else author
        found = world.reconcile()
        assert found.astray == {SILVER: f"{rows} rows, settled runs left {ROWS}"}
        assert (found.woken, world.fake_ledger.lease(EVENTS).unclean) == ([], False)

    def test_table_with_rows_of_which_the_ledger_knows_nothing_is_reported(self, world: World) -> None:
        loaded(world)
        world.catalog.tables["quarantine.demo_events"] = 1, "somebody"
        assert list(world.reconcile().astray) == ["quarantine.demo_events"]

    def test_maintenance_that_keeps_the_rows_is_no_news(self, world: World) -> None:
        loaded(world)
        world.catalog.tables[SILVER] = ROWS, "compaction"
        assert world.reconcile().astray == {}

    def test_tables_are_not_compared_while_a_run_moves_them(self, world: World) -> None:
        loaded(world)
        world.drop(DELTA + "b")
        world.claim()
        world.catalog.tables[BRONZE] = 2 * ROWS, "demo.events-000002-0001"
        assert world.reconcile().astray == {}

    def test_run_that_starts_and_ends_during_the_comparison_is_not_taken_for_other_hands(self, world: World) -> None:
        loaded(world)
        world.catalog.tables[BRONZE] = 2 * ROWS, "demo.events-000002-0001"

        def run() -> None:
            world.drop(DELTA + "b")
            world.settle(world.claim_manifest())

        world.catalog = Interrupted(world.catalog, after={"totals": run})  # type: ignore[assignment]
        assert world.reconcile().astray == {}

    def test_tables_are_compared_once_a_survey(self, world: World) -> None:
        loaded(world)
        world.catalog.tables[SILVER] = ROWS + 1, ""
        assert [len(world.reconcile().astray) for _ in range(2)] == [1, 0]
        world.clock.pass_seconds(world.pace.every_seconds)
        assert len(world.reconcile().astray) == 1

    def test_table_that_cannot_be_read_leaves_the_other_datasets_alone(self, world: World) -> None:
        world.publish("demo.others")
        loaded(world)
        world.drop("demo/others/delta/a")
        world.settle(world.claim_manifest("demo.others"))
        world.catalog.tables["silver.demo_others"] = 7, ""
        world.catalog = Interrupted(world.catalog, before={"totals": raising(AccessDenied("glue:GetTable"))})  # type: ignore[assignment]
        found = world.reconcile()
        assert (found.errors, list(found.astray)) == ({EVENTS: "AccessDenied: glue:GetTable"}, ["silver.demo_others"])


class TestUnsettled:
    def test_last_commit_of_an_aborted_run_is_taken_back_by_a_run_without_files(self, world: World) -> None:
        dead = aborted(world)
        world.catalog.tables = {BRONZE: (ROWS, dead)}
        found = world.reconcile()
        assert (found.astray, found.woken) == ({}, [EVENTS])
        manifest = world.claim_manifest()
        assert (manifest.files, manifest.recovers) == ((), True)

    def test_commit_of_a_failed_run_marks_the_dataset_though_its_rows_are_as_many_as_before(self, world: World) -> None:
        loaded(world)
        world.drop(DELTA + "b")
        failed = world.claim().run_id
        world.fail("Audit", "BooksUnbalanced", "")
        world.settle(world.claim_manifest())  # the one that puts the tables right
        world.catalog.tables[SILVER] = ROWS, failed
        assert world.reconcile().woken == [EVENTS]
        assert world.fake_ledger.lease(EVENTS).unclean

    def test_dataset_is_clean_again_after_that_run(self, world: World) -> None:
        world.catalog.tables = {BRONZE: (ROWS, aborted(world))}
        world.reconcile()
        manifest = world.claim_manifest()
        world.settle(manifest)
        world.catalog.tables = {BRONZE: (0, "")}
        assert not world.fake_ledger.lease(EVENTS).unclean
        world.clock.pass_seconds(world.pace.every_seconds)
        assert (world.reconcile().woken, world.claim().manifest) == ([], None)

    def test_mark_that_was_made_and_whose_wake_up_was_lost_is_not_forgotten(self, world: World) -> None:
        world.catalog.tables = {BRONZE: (ROWS, aborted(world))}
        world.ledger = Interrupted(world.ledger, before={"take": raising(AccessDenied("dynamodb:UpdateItem"))})
        assert list(world.reconcile().errors) == [EVENTS]
        assert world.reconcile().woken == [EVENTS]
