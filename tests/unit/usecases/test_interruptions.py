"""Every call to the outside that a step makes, broken once: the retry of the state machine, or of the queue, must put it right."""

import tempfile
from pathlib import Path

import pytest

from tests.unit.usecases import stories
from tests.unit.usecases.account import DIED, RETRIED, Fault, Story, differences

retried = pytest.mark.parametrize("fault", RETRIED)
died = pytest.mark.parametrize("fault", DIED)


@pytest.fixture(autouse=True)
def _room_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of loads make and drop a directory each, which most disks are slow at."""
    if Path("/dev/shm").is_dir():
        monkeypatch.setattr(tempfile, "tempdir", "/dev/shm")


@retried
def test_interrupted_ingest_registers_each_file_once_and_starts_its_run(fault: Fault) -> None:
    assert differences(stories.arrivals, "ingest", fault, least=12) == {}


@retried
def test_interrupted_claim_claims_each_file_once(fault: Fault) -> None:
    assert differences(stories.full_load, "claim", fault, least=30) == {}


@retried
def test_interrupted_load_neither_loses_nor_doubles_a_row(fault: Fault) -> None:
    assert differences(stories.batch, "load", fault, least=25) == {}


@retried
def test_interrupted_full_load_shows_either_table_and_then_the_new_one(fault: Fault) -> None:
    assert differences(stories.full_load, "load", fault, least=30) == {}


@retried
def test_interrupted_load_takes_an_unsettled_run_s_commits_back_once(fault: Fault) -> None:
    assert differences(stories.unbalanced, "load", fault, least=30) == {}


@retried
def test_interrupted_audit_checks_again(fault: Fault) -> None:
    assert differences(stories.batch, "audit", fault, least=6) == {}


@retried
def test_interrupted_settle_tells_every_file_once(fault: Fault) -> None:
    assert differences(stories.batch, "settle", fault, least=20) == {}


@retried
def test_interrupted_fail_halves_a_batch_once_and_fails_no_file_without_a_letter(fault: Fault) -> None:
    assert differences(stories.poison, "fail", fault, least=20) == {}


@retried
def test_interrupted_fail_gives_up_the_files_of_an_unbalanced_run_and_no_others(fault: Fault) -> None:
    assert differences(stories.unbalanced, "fail", fault, least=8) == {}


@retried
def test_interrupted_fail_of_a_claim_leaves_the_files_pending_and_gives_the_lease_back_once(fault: Fault) -> None:
    assert differences(stories.no_contract, "fail", fault, least=3) == {}


@retried
@pytest.mark.parametrize("how", ["SUCCEEDED", "FAILED", "FAILED and tried again", "ABORTED"])
def test_interrupted_takeover_tells_the_files_what_was_decided_of_them(how: str, fault: Fault) -> None:
    assert differences(lambda account: stories.decided(account, how), "claim", fault, least=10) == {}


@retried
def test_interrupted_reconcile_finds_everything_in_the_end(fault: Fault) -> None:
    assert differences(stories.lost, "reconcile", fault, least=20) == {}


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.ANSWER_LOST])
@pytest.mark.parametrize("story", [stories.batch, stories.poison, stories.unbalanced])
def test_notification_that_fails_once_changes_nothing(story: Story, fault: Fault) -> None:
    assert differences(story, "demo-events", fault, least=2) == {}


@died
@pytest.mark.parametrize("verb", ["claim", "load", "audit", "settle"])
@pytest.mark.parametrize("story", [stories.batch, stories.full_load])
def test_execution_that_dies_with_its_step_is_followed_by_one_that_loads_each_row_once(
    story: Story, verb: str, fault: Fault
) -> None:
    assert differences(story, verb, fault, least=6) == {}


@died
@pytest.mark.parametrize("story", [stories.poison, stories.unbalanced])
def test_execution_that_dies_while_it_fails_leaves_no_file_behind(story: Story, fault: Fault) -> None:
    assert differences(story, "fail", fault, least=8) == {}


@died
@pytest.mark.parametrize("story", [stories.batch, stories.poison, stories.unbalanced])
def test_execution_that_is_stopped_at_a_notification_or_a_letter_is_followed_by_another(story: Story, fault: Fault) -> None:
    assert differences(story, "demo-events", fault, least=2) == {}
