"""A model of round numbers, so that a person can check what comes out of it."""

from typing import Any

from tidegate.cost.deployment import Deployment
from tidegate.cost.measured import Measured, Shape, Shapes
from tidegate.cost.model import Model
from tidegate.cost.prices import Prices
from tidegate.cost.usage import Usage
from tidegate.model.runs import Compute

MB = 1_000_000
DEPLOYMENT = Deployment()


def prices(**other: Any) -> Prices:
    """Everything is free but what is named."""
    free: dict[str, Any] = dict.fromkeys((
        "lambda_request", "lambda_disk_gb_second", "state_transition", "dynamodb_write_unit", "dynamodb_read_unit", "sqs_request",
        "sns_publish", "s3_put", "s3_get", "glue_catalog_request", "secret_request", "glue_dpu_hour", "kms_key_month", "secret_month",
        "alarm_month",
    ), 0.0)  # fmt: skip
    free |= {"as_of": "2026-01-01", "region": "here", "note": "round", "lambda_free_disk_mb": 512, "glue_least_seconds": 60}
    free |= {"lambda_gb_second": {"x86_64": 0.0, "arm64": 0.0}, "glue_worker_dpus": {"G.1X": 1, "G.2X": 2, "G.4X": 4}}
    return Prices(**{**free, **other})


def loading(run: float, files: float, megabytes: float) -> dict[str, float]:
    """A run loads for so many seconds, a file for one tenth and a megabyte for one fifth."""
    return {"load": 1000 * (run + files / 10 + megabytes / 5)}


def shape(runs: int, files: int, megabytes: float, *, glue: bool = False, window: bool = True) -> Shape:
    """A run reads S3 four times and twice for each file, and with a window ingest comes once more."""
    ingests = files + window
    once = Usage(
        invocations={"ingest": ingests, **({} if glue else {"load": 1})},
        milliseconds={} if glue else loading(2, files, megabytes),
        gets=4 + 2 * files,
        messages=3 * ingests,
        job_seconds=10 + files + 2 * megabytes if glue else 0,
    )
    return Shape(runs, runs * files, int(runs * megabytes * MB), once * runs)


def shapes(*, glue: bool = False) -> Shapes:
    return Shapes(shape(4, 1, 1, glue=glue), shape(2, 11, 11, glue=glue), shape(3, 1, 21, glue=glue))


MEASURED = Measured(
    "2026-01-01", "an abacus", shape(5, 1, 1, window=False), {Compute.LAMBDA: shapes(), Compute.GLUE: shapes(glue=True)},
    reconcile=Usage(reads=1), reconciled=Usage(reads=2), maintain=Usage(puts=1), maintained=Usage(puts=2), merged=Usage(catalog=1),
)  # fmt: skip


def model(**costs: Any) -> Model:
    return Model(prices(**costs), MEASURED, DEPLOYMENT)
