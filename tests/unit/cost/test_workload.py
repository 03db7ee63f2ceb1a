from dataclasses import replace

import pytest

from tests.unit.cost.rounds import DEPLOYMENT, MB, MEASURED, prices
from tidegate.cost.workload import Plan, Planner, Workload
from tidegate.model.runs import Compute

PLANNER = Planner(prices(), DEPLOYMENT)
DAY = 86_400


def plan(workload: Workload, compute: Compute = Compute.LAMBDA, planner: Planner = PLANNER) -> Plan:
    return planner.forced(workload, compute, MEASURED.rates(compute))


def chosen(workload: Workload) -> Compute:
    return PLANNER.chosen(workload, plan(workload), plan(workload, Compute.GLUE)).compute


def test_idle_dataset_makes_a_run_of_every_file() -> None:
    found = plan(Workload(files=100, bytes=MB, datasets=10))
    assert (found.runs, found.files, found.workers, found.behind) == (100, 1, 0, False)
    assert found.seconds == pytest.approx(2 + 0.1 + 0.2)


def test_window_gathers_the_file_that_opens_it_and_those_that_come_while_it_is_open() -> None:
    found = plan(Workload(files=DAY, bytes=1, datasets=1, window=60))  # one a second
    assert (found.files, found.runs) == (61, pytest.approx(DAY / 61))


def test_window_of_each_dataset_sees_only_the_files_of_its_own() -> None:
    assert plan(Workload(files=DAY, bytes=1, datasets=6, window=60)).files == 11


def test_files_that_come_during_a_run_are_the_next_one_s() -> None:
    found = plan(Workload(files=4 * DAY, bytes=1))  # four a second, a run takes 2 s and a tenth for each of its files
    assert found.files == pytest.approx(8 / (1 - 0.4), rel=0.02)
    assert found.files == pytest.approx(4 * found.seconds, rel=0.02)
    assert not found.behind


def test_more_files_than_runs_can_take_are_told_and_not_priced_as_if_all_were_well() -> None:
    found = plan(Workload(files=20 * DAY, bytes=1))
    assert (found.files, found.behind) == (DEPLOYMENT.batch_files, True)


def test_full_batch_closes_its_window() -> None:
    assert plan(Workload(files=DAY, bytes=64 << 20, window=900)).files == 4
    assert plan(Workload(files=DAY * 100, bytes=1, window=900)).files == DEPLOYMENT.batch_files


def test_small_files_are_a_lambda_s_and_large_ones_go_to_glue() -> None:
    assert chosen(Workload(files=10, bytes=1 << 30)) is Compute.LAMBDA
    assert chosen(Workload(files=10, bytes=(1 << 30) + 1)) is Compute.GLUE


def test_packed_file_counts_as_the_text_in_it() -> None:
    assert chosen(Workload(files=10, bytes=200 << 20)) is Compute.LAMBDA
    assert chosen(Workload(files=10, bytes=200 << 20, ending=".csv.gz")) is Compute.GLUE
    assert Workload(1, 10, ending=".csv.gz").text == 80


def test_glue_run_has_a_worker_for_each_stretch_of_text_and_two_at_least() -> None:
    assert plan(Workload(files=1, bytes=1), Compute.GLUE).workers == 2
    assert plan(Workload(files=1, bytes=9 << 30), Compute.GLUE).workers == 4
    assert plan(Workload(files=1, bytes=900 << 30), Compute.GLUE).workers == 10


def test_job_is_no_faster_than_its_tasks_allow() -> None:
    rates = MEASURED.rates(Compute.GLUE)
    one_task = Workload(files=1, bytes=60 * MB)
    assert PLANNER.job_seconds(one_task, rates, 1, 2) == PLANNER.job_seconds(one_task, rates, 1, 10) == pytest.approx(10 + 1 + 120)
    many_tasks = Workload(files=1, bytes=6000 * MB)
    assert PLANNER.job_seconds(many_tasks, rates, 1, 2) == pytest.approx(10 + 12_001 / 4)  # the four cores of one worker
    assert PLANNER.job_seconds(many_tasks, rates, 1, 3) == pytest.approx(10 + 12_001 / 8)
    double = Planner(prices(), replace(DEPLOYMENT, worker_type="G.2X"))
    assert double.job_seconds(many_tasks, rates, 1, 2) == pytest.approx(10 + 12_001 / 8)


@pytest.mark.parametrize("wrong", [{"files": 0}, {"bytes": 0}, {"datasets": 0}, {"window": -1}, {"days_kept": -1}])
def test_what_is_no_workload_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="no workload"):
        Workload(**{"files": 1, "bytes": 1, **wrong})
