"""Bill: usage at list prices, by service."""

from collections.abc import Mapping
from enum import StrEnum

from tidegate.cost.deployment import Deployment
from tidegate.cost.prices import Prices
from tidegate.cost.usage import Usage

DAYS_A_MONTH = 30
_MB = 1024  # in a GB, as Lambda counts
_HOUR = 3600  # seconds


class Service(StrEnum):
    """A line of the bill."""

    LAMBDA = "Lambda"
    GLUE = "Glue jobs"
    STEP_FUNCTIONS = "Step Functions"
    DYNAMODB = "DynamoDB"
    S3 = "S3 requests"
    CATALOG = "Glue catalog"
    SQS = "SQS"
    SNS = "SNS"
    SECRETS = "Secrets Manager"
    STANDING = "Key, secret, alarms"


Dollars = Mapping[Service, float]
"""US dollars by service."""


def bill(usage: Usage, prices: Prices, deployment: Deployment) -> Dollars:
    """Return what usage costs."""
    return {
        Service.LAMBDA: _functions(usage, prices, deployment),
        Service.GLUE: usage.dpu_seconds / _HOUR * prices.glue_dpu_hour,
        Service.STEP_FUNCTIONS: usage.transitions * prices.state_transition,
        Service.DYNAMODB: usage.writes * prices.dynamodb_write_unit + usage.reads * prices.dynamodb_read_unit,
        Service.S3: usage.puts * prices.s3_put + usage.gets * prices.s3_get,
        Service.CATALOG: usage.catalog * prices.glue_catalog_request,
        Service.SQS: usage.messages * prices.sqs_request,
        Service.SNS: usage.notices * prices.sns_publish,
        Service.SECRETS: usage.secrets * prices.secret_request,
        Service.STANDING: 0.0,
    }


def standing(prices: Prices, deployment: Deployment) -> float:
    """Return what the stack costs a day for being there: its key of KMS, its secret and its alarms."""
    month = deployment.keys * prices.kms_key_month + deployment.secrets * prices.secret_month
    return (month + deployment.alarms * prices.alarm_month) / DAYS_A_MONTH


def dpu_seconds(seconds: float, workers: int, prices: Prices, deployment: Deployment) -> float:
    """Return what Glue bills for a job of so many seconds with so many workers."""
    return max(seconds, prices.glue_least_seconds) * workers * prices.glue_worker_dpus[deployment.worker_type]


def _functions(usage: Usage, prices: Prices, deployment: Deployment) -> float:
    memory, disk = deployment.memory, deployment.disk
    seconds = {verb: milliseconds / 1000 for verb, milliseconds in usage.milliseconds.items()}
    gb_seconds = sum(s * memory[verb] / _MB for verb, s in seconds.items())
    disk_seconds = sum(s * max(0, disk[verb] - prices.lambda_free_disk_mb) / _MB for verb, s in seconds.items())
    return (
        sum(usage.invocations.values()) * prices.lambda_request
        + gb_seconds * prices.lambda_gb_second[deployment.architecture]
        + disk_seconds * prices.lambda_disk_gb_second
    )
