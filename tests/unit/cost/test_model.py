import pytest

from tests.unit.cost.rounds import DEPLOYMENT, MB, model
from tidegate.cost import data
from tidegate.cost.bill import Service
from tidegate.cost.model import Estimate, Model, Way
from tidegate.cost.workload import Workload
from tidegate.model.runs import Compute

REAL = Model(data.prices(), data.measured(), DEPLOYMENT)


def ways(workload: Workload, using: Model = REAL) -> dict[Way, Estimate]:
    return {e.way: e for e in using.estimate(workload)}


def a_day(workload: Workload, way: Way, using: Model = REAL) -> float:
    found = ways(workload, using)[way].a_day
    assert found is not None
    return found


def test_run_enters_six_states_or_two_more_on_glue_and_tells_once() -> None:
    found = ways(Workload(files=10, bytes=1), model(state_transition=1, sns_publish=1))
    for way, states in ((Way.LAMBDA, 6), (Way.GLUE, 8)):
        assert found[way].dollars[Service.STEP_FUNCTIONS] == 10 * states
        assert found[way].dollars[Service.SNS] == 10


def test_lambda_s_seconds_are_those_of_its_runs_files_and_megabytes() -> None:
    dollars = ways(Workload(files=10, bytes=5 * MB), model(lambda_gb_second={"x86_64": 1}))[Way.LAMBDA].dollars
    assert dollars[Service.LAMBDA] == pytest.approx(10 * (2 + 0.1 + 1) * 3008 / 1024)


def test_glue_run_is_billed_a_minute_of_two_dpus_at_least() -> None:
    found = ways(Workload(files=10, bytes=1), model(glue_dpu_hour=3600))
    for way in (Way.GLUE, Way.RUN_A_FILE):
        assert found[way].dollars[Service.GLUE] == 10 * 2 * 60
    assert found[Way.LAMBDA].dollars[Service.GLUE] == 0


def test_one_glue_run_a_file_costs_more_than_its_minute_when_the_file_is_large() -> None:
    found = ways(Workload(files=10, bytes=60 * MB), model(glue_dpu_hour=3600))
    assert found[Way.RUN_A_FILE].dollars[Service.GLUE] == pytest.approx(10 * 2 * (10 + 1 + 120))


def test_schedules_and_surveys_are_paid_even_when_next_to_nothing_comes() -> None:
    workload = Workload(files=1, bytes=1, datasets=3, days_kept=0)
    dollars = ways(workload, model(dynamodb_read_unit=1, s3_put=1, sqs_request=1))[Way.LAMBDA].dollars
    assert dollars[Service.DYNAMODB] == pytest.approx(288 * (1 + 2 * 3))
    assert dollars[Service.S3] == pytest.approx(48 * (1 + 2 * 3))
    assert dollars[Service.SQS] == pytest.approx(5 * 3 * 60 * 24 + 3)  # five pollers, three times a minute; and the file


def test_survey_lists_and_looks_up_every_file_that_lies_there_four_times_a_day() -> None:
    few, many = (Workload(files=1000, bytes=1, datasets=1, days_kept=days) for days in (0, 10))
    using = model(dynamodb_read_unit=1, s3_put=1)
    more = {s: ways(many, using)[Way.LAMBDA].dollars[s] - ways(few, using)[Way.LAMBDA].dollars[s] for s in Service}
    assert more[Service.DYNAMODB] == pytest.approx(4 * 10_000)
    assert more[Service.S3] == pytest.approx(4 * 10)


def test_dataset_is_merged_after_so_many_runs_and_not_more_often_than_maintain_comes() -> None:
    using = model(glue_catalog_request=1)
    assert ways(Workload(files=160, bytes=1), using)[Way.LAMBDA].dollars[Service.CATALOG] == pytest.approx(10)
    assert ways(Workload(files=16_000, bytes=1), using)[Way.LAMBDA].dollars[Service.CATALOG] == pytest.approx(48)


def test_chosen_way_is_one_of_the_two() -> None:
    small, large = ways(Workload(files=100, bytes=1000)), ways(Workload(files=10, bytes=2 << 30))
    assert small[Way.CHOSEN].dollars == small[Way.LAMBDA].dollars
    assert large[Way.CHOSEN].dollars == large[Way.GLUE].dollars
    assert large[Way.CHOSEN].plan.compute is Compute.GLUE


def test_file_that_no_lambda_takes_has_no_price_there() -> None:
    found = ways(Workload(files=1, bytes=2 << 30))[Way.LAMBDA]
    assert (found.a_day, found.a_month) == (None, None)
    assert "LambdaTextBytes" in found.remark


def test_workload_that_falls_behind_says_so() -> None:
    assert "longer and longer" in ways(Workload(files=20 * 86_400, bytes=1), model())[Way.LAMBDA].remark


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("less", [Workload(1, 1000), Workload(10_000, 50_000, 5, 60), Workload(5, 300_000_000, 2)])
def test_more_files_and_larger_files_cost_more(way: Way, less: Workload) -> None:
    more = Workload(less.files * 2, less.bytes, less.datasets, less.window)
    larger = Workload(less.files, less.bytes * 2, less.datasets, less.window)
    assert a_day(less, way) < a_day(more, way)
    assert a_day(less, way) <= a_day(larger, way)


def test_window_makes_many_files_cheaper_and_never_changes_one_glue_run_a_file() -> None:
    without, with_window = Workload(10_000, 50_000), Workload(10_000, 50_000, window=60)
    assert a_day(with_window, Way.CHOSEN) < a_day(without, Way.CHOSEN)
    assert a_day(with_window, Way.RUN_A_FILE) == a_day(without, Way.RUN_A_FILE)


def test_month_is_thirty_days() -> None:
    found = ways(Workload(10, 1000))[Way.CHOSEN]
    assert found.a_day is not None
    assert found.a_month == pytest.approx(30 * found.a_day)


def test_small_files_cost_far_less_than_a_glue_run_each() -> None:
    assert a_day(Workload(10_000, 50_000, 5), Way.RUN_A_FILE) > 20 * a_day(Workload(10_000, 50_000, 5), Way.CHOSEN)
