import pytest

from tests.unit.cost.rounds import MEASURED
from tidegate.cost.usage import Usage
from tidegate.model.runs import Compute


def test_runs_are_taken_apart_into_what_a_run_a_file_and_a_megabyte_use() -> None:
    rates = MEASURED.rates(Compute.LAMBDA)
    assert rates.run.milliseconds["load"] == pytest.approx(2000)
    assert rates.file.milliseconds["load"] == pytest.approx(100)
    assert rates.megabyte.milliseconds["load"] == pytest.approx(200)
    assert (rates.run.gets, rates.file.gets, rates.megabyte.gets) == (pytest.approx(4), pytest.approx(2), 0)
    assert rates.file.invocations["ingest"] == pytest.approx(1)
    glue = MEASURED.rates(Compute.GLUE)
    assert (glue.run.job_seconds, glue.file.job_seconds, glue.megabyte.job_seconds) == pytest.approx((10, 1, 2))


@pytest.mark.parametrize("compute", Compute)
def test_window_costs_one_more_call_of_ingest_and_its_messages(compute: Compute) -> None:
    rates = MEASURED.rates(compute)
    assert rates.window.invocations == {"ingest": pytest.approx(1)}
    assert rates.window.messages == pytest.approx(3)
    assert rates.window.gets == rates.window.catalog == 0
    assert rates.run.invocations["ingest"] == pytest.approx(0)


def test_run_put_together_again_is_what_was_measured() -> None:
    for shape in (MEASURED.routes[Compute.GLUE].many, MEASURED.routes[Compute.GLUE].large):
        again = MEASURED.rates(Compute.GLUE).of_run(shape.files_a_run, shape.megabytes_a_run * 1e6, window=True)
        assert again.job_seconds == pytest.approx(shape.a_run.job_seconds)
        assert again.gets == pytest.approx(shape.a_run.gets)
        assert again.messages == pytest.approx(shape.a_run.messages)


def test_shape_is_what_one_of_its_runs_was() -> None:
    large = MEASURED.routes[Compute.LAMBDA].large
    assert (large.files_a_run, large.megabytes_a_run) == (1, 21)
    assert large.a_run.gets == pytest.approx(6)
    assert isinstance(large.a_run, Usage)
