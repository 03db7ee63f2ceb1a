"""Gold is built from what changed, by one at a time, and a build that failed is told once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.dynamo import FakeDynamo
from tests.fakes import ManualClock
from tidegate.aws.ledger import DynamoLedger
from tidegate.aws.table import Table
from tidegate.model.run_names import run_id_of
from tidegate.model.runs import DatasetState, FullLoad, Lease, RunRecord, RunState
from tidegate.usecases.gold import GOLD, Built, Settled, build_gold, try_again

PATIENTS, CLAIMS = "silver.healthcare_patients", "silver.healthcare_claims"
BRONZE = "bronze.healthcare_patients"
DATASET = "healthcare.patients"


class Lake:
    """A catalog whose tables have versions, and a builder that remembers what it was asked for."""

    def __init__(self) -> None:
        self.there = {PATIENTS: "v1", CLAIMS: "v1"}
        self.runs: dict[str, list[tuple[str, str]]] = {}  # tables of which more than the newest version is known
        self.asked: list[list[str]] = []
        self.read: Mapping[str, str] = {}
        self.full_loads: Mapping[str, Mapping[str, str]] = {}
        self.answer = Built(done=5)
        self.told: list[Mapping[str, Any]] = []
        self.meanwhile: dict[str, str] = {}
        self.project = "p1"

    def history(self, name: str) -> Sequence[tuple[str, str]]:
        return self.runs.get(name) or [(self.there[name], "")] if name in (*self.runs, *self.there) else []

    def sources(self) -> Mapping[str, str]:
        covid = {"silver.covid_nothing_yet": "covid.nothing_yet"}
        return {PATIENTS: DATASET, CLAIMS: "healthcare.claims", **covid} | ({BRONZE: DATASET} if BRONZE in self.runs else {})

    def version(self) -> str:
        return self.project

    def build(self, changed: Collection[str], lake: Settled) -> Built:
        self.asked.append(list(changed))
        self.read, self.full_loads = lake.versions, lake.full_loads
        self.there |= self.meanwhile
        return self.answer


@pytest.fixture
def lake() -> Lake:
    return Lake()


@pytest.fixture
def ledger() -> DynamoLedger:
    return DynamoLedger(Table(FakeDynamo(), "ledger"), ManualClock())


def call(lake: Lake, ledger: DynamoLedger, *, everything: bool = False) -> Any:
    clock = ManualClock()
    return build_gold(lake, lake, ledger, clock, clock() + 900_000_000, lake.told.append, everything=everything)


def test_first_build_is_of_every_table_that_is_there(lake: Lake, ledger: DynamoLedger) -> None:
    assert call(lake, ledger).built == Built(done=5)
    assert lake.asked == [[CLAIMS, PATIENTS]]
    assert [message["status"] for message in lake.told] == ["SUCCEEDED"]


def test_nothing_is_built_while_no_table_changes(lake: Lake, ledger: DynamoLedger) -> None:
    call(lake, ledger)
    assert call(lake, ledger).why_not == "no table changed"
    assert len(lake.asked) == len(lake.told) == 1


def test_only_what_is_downstream_of_a_change_is_built(lake: Lake, ledger: DynamoLedger) -> None:
    call(lake, ledger)
    lake.there[CLAIMS] = "v2"
    call(lake, ledger)
    assert lake.asked[1:] == [[CLAIMS]]


def test_commit_during_a_build_is_built_from_by_the_next_one(lake: Lake, ledger: DynamoLedger) -> None:
    lake.meanwhile = {CLAIMS: "v2"}
    call(lake, ledger)
    lake.meanwhile = {}
    call(lake, ledger)
    assert lake.asked[1:] == [[CLAIMS]]


def test_everything_is_built_when_somebody_asks_for_it(lake: Lake, ledger: DynamoLedger) -> None:
    call(lake, ledger)
    call(lake, ledger, everything=True)
    assert lake.asked[1:] == [[CLAIMS, PATIENTS]]


def test_failure_is_told_once_and_tried_again_when_a_table_changes(lake: Lake, ledger: DynamoLedger) -> None:
    lake.answer = Built(done=3, failed=["test.tidegate.unique_fact_claim_claim_id"], skipped=2)
    call(lake, ledger)
    assert "replay" in call(lake, ledger).why_not
    (letter,) = lake.told
    assert (letter["kind"], letter["status"], letter["tables"]) == ("gold-failed", "FAILED", [CLAIMS, PATIENTS])
    assert (letter["failed"], letter["failed_total"], letter["skipped"]) == (["test.tidegate.unique_fact_claim_claim_id"], 1, 2)
    lake.there[CLAIMS] = "v2"
    lake.answer = Built(done=8)
    assert call(lake, ledger).built == Built(done=8)
    assert lake.asked[-1] == [CLAIMS, PATIENTS]  # nothing of what failed was built from


def test_failure_is_tried_again_when_its_letter_is_replayed(lake: Lake, ledger: DynamoLedger) -> None:
    lake.answer = Built(done=3, failed=["model.tidegate.fact_claim"])
    call(lake, ledger)
    try_again(ledger)
    lake.answer = Built(done=8)
    assert call(lake, ledger).built == Built(done=8)


def test_replay_of_a_failed_build_of_everything_builds_it_again(lake: Lake, ledger: DynamoLedger) -> None:
    """No table changed since the last good build, but its tables are not what that one made."""
    call(lake, ledger)
    lake.answer = Built(done=3, failed=["model.tidegate.fact_claim"])
    call(lake, ledger, everything=True)
    assert "replay" in call(lake, ledger).why_not
    try_again(ledger)
    lake.answer = Built(done=8)
    assert call(lake, ledger).built == Built(done=8)
    assert lake.asked[-1] == [CLAIMS, PATIENTS]


def test_models_that_changed_are_built_of_everything_though_no_table_did(lake: Lake, ledger: DynamoLedger) -> None:
    call(lake, ledger)
    lake.project = "p2"
    assert call(lake, ledger).changed == [CLAIMS, PATIENTS]
    assert call(lake, ledger).why_not == "no table changed"


def test_table_that_is_gone_is_a_change(lake: Lake, ledger: DynamoLedger) -> None:
    call(lake, ledger)
    del lake.there[CLAIMS]
    assert call(lake, ledger).changed == [CLAIMS]
    assert call(lake, ledger).why_not == "no table changed"


def test_failure_of_a_build_during_which_a_table_changed_is_told(lake: Lake, ledger: DynamoLedger) -> None:
    """It read the versions from before, so what failed is no accident of time; on a busy lake nobody would ever hear of one."""
    lake.meanwhile, lake.answer = {CLAIMS: "v2"}, Built(done=3, failed=["test.tidegate.conserves_rows"])
    call(lake, ledger)
    assert [message["status"] for message in lake.told] == ["FAILED"]
    assert lake.read == {PATIENTS: "v1", CLAIMS: "v1"}
    lake.meanwhile, lake.answer = {}, Built(done=8)
    assert call(lake, ledger).built == Built(done=8)


def run_of(lake: Lake, ledger: DynamoLedger, state: RunState | None, *tables: str, load: str = "", shown: bool = False) -> Lease:
    """A run that commits to some tables and ends as said, or does not; its lease. It may make a full load the current state."""
    clock = ManualClock()
    lease = ledger.take(ledger.lease(DATASET), clock(), clock() + 1)
    assert lease
    run = RunRecord(run_id_of(DATASET, lease.token, 1), DATASET, lease.token, RunState.RUNNING, 1, 1, "1.0.0", "", "")
    ledger.open_run(lease, run)
    for table in tables:
        lake.runs.setdefault(table, []).insert(0, (f"{table[:6]}-{run.run_id}", run.run_id))
    if state:
        kept = DatasetState(DATASET) if state is RunState.SUCCEEDED else None
        began = FullLoad(load, "0001-f", run.run_id, shown) if load else None
        ledger.end_run(lease.token, replace(run, state=state), kept, began)
        ledger.close_run(DATASET, lease.token, run.run_id)
        ledger.release(DATASET, lease.token)
    return lease


def test_a_dataset_is_read_as_settled_runs_left_it_while_a_run_commits_one_table_after_the_other(
    lake: Lake, ledger: DynamoLedger
) -> None:
    run_of(lake, ledger, RunState.SUCCEEDED, BRONZE, PATIENTS)
    run_of(lake, ledger, None, BRONZE)
    call(lake, ledger)
    assert [lake.read[table] for table in (BRONZE, PATIENTS)] == [f"bronze-{DATASET}-000001-0001", f"silver-{DATASET}-000001-0001"]
    assert call(lake, ledger).why_not == "no table changed"


def test_table_that_the_first_run_has_only_begun_is_not_there(lake: Lake, ledger: DynamoLedger) -> None:
    del lake.there[PATIENTS]
    run_of(lake, ledger, None, BRONZE)
    call(lake, ledger)
    assert lake.read == {CLAIMS: "v1"}


def test_rows_of_a_run_that_failed_are_not_built_from_before_they_are_taken_back(lake: Lake, ledger: DynamoLedger) -> None:
    run_of(lake, ledger, RunState.SUCCEEDED, BRONZE, PATIENTS)
    run_of(lake, ledger, RunState.FAILED, BRONZE, PATIENTS)
    call(lake, ledger)
    assert lake.read[BRONZE] == f"bronze-{DATASET}-000001-0001"


def test_run_that_begins_and_ends_while_tables_are_looked_at_is_left_out_of_all_of_them(lake: Lake, ledger: DynamoLedger) -> None:
    run_of(lake, ledger, RunState.SUCCEEDED, BRONZE, PATIENTS)
    look, late = lake.history, []

    def see(name: str) -> Sequence[tuple[str, str]]:
        seen = list(look(name))
        if not late:
            late.append(run_of(lake, ledger, RunState.SUCCEEDED, BRONZE, PATIENTS))
        return seen

    lake.history = see  # type: ignore[method-assign]
    call(lake, ledger)
    assert {lake.read[table].removeprefix(f"{table[:6]}-") for table in (BRONZE, PATIENTS)} == {f"{DATASET}-000001-0001"}
    assert call(lake, ledger).changed == [BRONZE, PATIENTS]


def test_run_that_was_given_up_for_dead_is_left_out_until_somebody_decided_what_became_of_it(
    lake: Lake, ledger: DynamoLedger
) -> None:
    run_of(lake, ledger, RunState.SUCCEEDED, BRONZE, PATIENTS)
    run_of(lake, ledger, None, BRONZE)
    seen = ledger.lease(DATASET)
    assert ledger.take(seen, seen.expires_at + 1, seen.expires_at + 2)
    call(lake, ledger)
    assert lake.read[BRONZE] == f"bronze-{DATASET}-000001-0001"


def test_good_build_is_not_made_again_because_nobody_could_be_told(lake: Lake, ledger: DynamoLedger) -> None:
    def refuse(_: Any) -> None:
        raise ConnectionError

    clock = ManualClock()
    with pytest.raises(ConnectionError):
        build_gold(lake, lake, ledger, clock, clock() + 900_000_000, refuse)
    assert call(lake, ledger).why_not == "no table changed"


def test_two_builds_do_not_run_at_the_same_time(lake: Lake, ledger: DynamoLedger) -> None:
    clock = ManualClock()
    assert ledger.take(ledger.lease(GOLD), clock(), clock() + 900_000_000, GOLD)
    assert call(lake, ledger).why_not == "another build is under way"
    assert lake.asked == []


def test_build_that_dies_gives_its_lease_back_and_is_made_again(lake: Lake, ledger: DynamoLedger) -> None:
    def die(*_: Any) -> Built:
        raise MemoryError

    build, lake.build = lake.build, die  # type: ignore[method-assign]
    with pytest.raises(MemoryError):
        call(lake, ledger)
    lake.build = build  # type: ignore[method-assign]
    assert call(lake, ledger).built == Built(done=5)


def test_message_names_no_more_nodes_than_fit_into_a_letter(lake: Lake, ledger: DynamoLedger) -> None:
    lake.answer = Built(done=0, failed=[f"model.tidegate.m{n}" for n in range(500)])
    call(lake, ledger)
    assert (len(lake.told[0]["failed"]), lake.told[0]["failed_total"]) == (50, 500)


def test_full_loads_that_bronze_does_not_show_are_told_to_the_models_of_its_table(lake: Lake, ledger: DynamoLedger) -> None:
    run_of(lake, ledger, RunState.SUCCEEDED, BRONZE, PATIENTS, load="full-1", shown=True)
    run_of(lake, ledger, RunState.SUCCEEDED, PATIENTS, load="full-2")
    call(lake, ledger)
    assert lake.full_loads == {"healthcare_patients": {"full-2": "0001-f"}}


def test_full_load_of_a_run_that_ended_after_the_tables_were_looked_at_is_the_next_build_s(
    lake: Lake, ledger: DynamoLedger
) -> None:
    """Its tables are read as before it, so all their keys would seem to be deleted."""
    run_of(lake, ledger, RunState.SUCCEEDED, BRONZE, PATIENTS)
    look, late = lake.history, []

    def see(name: str) -> Sequence[tuple[str, str]]:
        if not late:
            late.append(run_of(lake, ledger, RunState.SUCCEEDED, PATIENTS, load="full-1"))
        return look(name)

    lake.history = see  # type: ignore[method-assign]
    call(lake, ledger)
    assert lake.full_loads == {}
    call(lake, ledger)
    assert lake.full_loads == {"healthcare_patients": {"full-1": "0001-f"}}
