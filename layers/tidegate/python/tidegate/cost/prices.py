"""Prices: list prices of one day in one region."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for one of what the name says, at AWS's list prices of `as_of` in `region`; `note` says what is left out.

    `lambda_gb_second` is by architecture. `lambda_disk_gb_second` is for what a function has beyond `lambda_free_disk_mb`. A DynamoDB unit
    is on demand. Glue bills a job by the second for `glue_least_seconds` at least, and `glue_worker_dpus` says how many DPUs a worker is.
    """

    as_of: str
    region: str
    note: str
    lambda_request: float
    lambda_gb_second: Mapping[str, float]
    lambda_disk_gb_second: float
    lambda_free_disk_mb: int
    state_transition: float
    dynamodb_write_unit: float
    dynamodb_read_unit: float
    sqs_request: float
    sns_publish: float
    s3_put: float
    s3_get: float
    glue_catalog_request: float
    secret_request: float
    glue_dpu_hour: float
    glue_least_seconds: int
    glue_worker_dpus: Mapping[str, int]
    kms_key_month: float
    secret_month: float
    alarm_month: float
