from dataclasses import replace

import pytest

from tests.unit.cost.rounds import MB, model
from tidegate.cost.actual import Spent, seconds_of, spent
from tidegate.model.runs import Compute, RunRecord, RunState

RUN = RunRecord(
    "a.b-000001-0001", "a.b", 1, RunState.SUCCEEDED, files=10, bytes=10 * MB, contract_version="1.0.0", manifest_key="",
    started_at="2026-11-20T10:00:00.000+00:00", ended_at="2026-11-20T10:00:08.000+00:00",
)  # fmt: skip
ON_GLUE = replace(RUN, route=Compute.GLUE, workers=3, ended_at="2026-11-20T10:01:40.000+00:00")
GB_SECOND = {"lambda_gb_second": {"x86_64": 1024 / 3008}}  # so that a second of the load function costs a dollar


def test_run_takes_from_its_claim_to_its_end() -> None:
    assert seconds_of(RUN) == 8


def test_lambda_run_is_priced_by_its_clock_and_by_the_measurements() -> None:
    found = spent("a.b", [RUN], model(**GB_SECOND))
    assert found.at_most == pytest.approx(8)
    assert found.modelled == pytest.approx(2 + 1 + 2)  # a run, ten files, ten megabytes


def test_glue_run_is_priced_with_its_workers_and_its_first_minute() -> None:
    found = spent("a.b", [ON_GLUE], model(glue_dpu_hour=3600))
    assert found.at_most == pytest.approx(3 * 100)
    assert found.modelled == pytest.approx(3 * 60)  # ten seconds, ten files and ten megabytes take less than a minute


def test_short_glue_run_costs_its_minute() -> None:
    short = replace(ON_GLUE, ended_at="2026-11-20T10:00:08.000+00:00")
    assert spent("a.b", [short], model(glue_dpu_hour=3600)).at_most == pytest.approx(3 * 60)


def test_one_glue_run_a_file_is_a_minute_of_two_dpus_each() -> None:
    assert spent("a.b", [RUN, ON_GLUE], model(glue_dpu_hour=3600)).run_a_file == pytest.approx(20 * 2 * 60)


def test_runs_are_counted_by_route_and_failed_ones_are_paid_for() -> None:
    failed = replace(RUN, state=RunState.FAILED)
    found = spent("a.b", [RUN, failed, ON_GLUE], model(state_transition=1))
    assert (found.on_lambda, found.on_glue, found.failed, found.files, found.bytes) == (2, 1, 1, 30, 30 * MB)
    assert found.modelled == found.at_most == 6 + 6 + 8


def test_run_that_is_not_over_has_no_price_yet() -> None:
    going = replace(RUN, state=RunState.RUNNING, ended_at="")
    assert spent("a.b", [going], model(state_transition=1)) == Spent("a.b", unfinished=1)


def test_only_runs_since_a_time_count() -> None:
    earlier = replace(RUN, started_at="2026-11-19T10:00:00.000+00:00", ended_at="2026-11-19T10:00:08.000+00:00")
    found = spent("a.b", [earlier, RUN], model(state_transition=1), since="2026-11-20T00:00:00.000+00:00")
    assert (found.on_lambda, found.modelled) == (1, 6)


def test_run_that_only_took_back_what_another_left_has_no_files_and_still_a_price() -> None:
    empty = replace(RUN, files=0, bytes=0)
    found = spent("a.b", [empty, replace(empty, route=Compute.GLUE, workers=2)], model(state_transition=1))
    assert (found.files, found.run_a_file, found.modelled) == (0, 0, 6 + 8)
