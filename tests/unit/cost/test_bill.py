from dataclasses import replace

import pytest

from tests.unit.cost.rounds import DEPLOYMENT, prices
from tidegate.cost import data
from tidegate.cost.bill import Service, bill, dpu_seconds, standing
from tidegate.cost.usage import Usage


@pytest.mark.parametrize(
    ("usage", "price", "service", "dollars"),
    [
        (Usage(transitions=6), {"state_transition": 0.5}, Service.STEP_FUNCTIONS, 3),
        (Usage(writes=3, reads=4), {"dynamodb_write_unit": 10, "dynamodb_read_unit": 1}, Service.DYNAMODB, 34),
        (Usage(puts=3, gets=4), {"s3_put": 10, "s3_get": 1}, Service.S3, 34),
        (Usage(catalog=7), {"glue_catalog_request": 2}, Service.CATALOG, 14),
        (Usage(messages=7), {"sqs_request": 2}, Service.SQS, 14),
        (Usage(notices=7), {"sns_publish": 2}, Service.SNS, 14),
        (Usage(secrets=7), {"secret_request": 2}, Service.SECRETS, 14),
        (Usage(dpu_seconds=7200), {"glue_dpu_hour": 3}, Service.GLUE, 6),
        (Usage(invocations={"claim": 2, "load": 3}), {"lambda_request": 10}, Service.LAMBDA, 50),
        # 512 MB for four seconds are two GB-seconds
        (Usage(milliseconds={"claim": 4000}), {"lambda_gb_second": {"x86_64": 5}}, Service.LAMBDA, 10),
        # 4096 MB of disk, 512 of them free, for two seconds
        (Usage(milliseconds={"load": 2000}), {"lambda_disk_gb_second": 1}, Service.LAMBDA, 7),
    ],
)
def test_service_is_paid_by_its_own_unit_and_no_other(
    usage: Usage, price: dict[str, float], service: Service, dollars: float
) -> None:
    paid = bill(usage, prices(**price), DEPLOYMENT)
    assert paid[service] == pytest.approx(dollars)
    assert sum(paid.values()) == pytest.approx(dollars)


def test_function_is_paid_by_its_memory_and_its_machine() -> None:
    used, costs = Usage(milliseconds={"load": 1000}), prices(lambda_gb_second={"x86_64": 1024, "arm64": 512})
    assert bill(used, costs, DEPLOYMENT)[Service.LAMBDA] == pytest.approx(3008)
    smaller = DEPLOYMENT.with_parameters({"Architecture": "arm64", "LoadMemory": "2048"})
    assert bill(used, costs, smaller)[Service.LAMBDA] == pytest.approx(1024)


@pytest.mark.parametrize(("seconds", "billed"), [(0.5, 60), (60, 60), (61, 61), (3600, 3600)])
def test_glue_job_is_billed_by_the_second_after_its_first_minute(seconds: float, billed: float) -> None:
    assert dpu_seconds(seconds, 2, prices(), DEPLOYMENT) == 2 * billed
    double = DEPLOYMENT.with_parameters({"GlueWorkerType": "G.2X"})
    assert dpu_seconds(seconds, 3, prices(), double) == 6 * billed


def test_minute_of_two_dpus_costs_what_aws_says() -> None:
    """0.44 dollars an hour: the 1.47 cents that a Glue job costs at least."""
    paid = bill(Usage(dpu_seconds=dpu_seconds(5, 2, data.prices(), DEPLOYMENT)), data.prices(), DEPLOYMENT)
    assert paid[Service.GLUE] == pytest.approx(0.44 * 2 / 60)


def test_stack_costs_something_for_being_there() -> None:
    ten_alarms = replace(DEPLOYMENT, alarms=10)
    assert standing(prices(kms_key_month=30, secret_month=60, alarm_month=3), ten_alarms) == pytest.approx(1 + 2 + 1)
