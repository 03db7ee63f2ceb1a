"""Publish: put the Glue jobs' scripts into the lake bucket, where their role may read them; CloudFormation calls it at each deployment."""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import boto3

SCRIPTS = ("load.py",)


def handle(event: dict[str, Any], context: Any) -> None:  # noqa: ANN401 - the runtime's context
    """Do what a custom resource is asked, and always answer: CloudFormation waits an hour for an answer that does not come."""
    status, reason = "SUCCESS", ""
    try:
        if event["RequestType"] != "Delete":  # the bucket outlives the stack, and so may its scripts
            publish(os.environ["LAKE_BUCKET"])
    except Exception as error:
        status, reason = "FAILED", f"{type(error).__name__}: {error}"
        raise
    finally:
        answer(event, {"Status": status, "Reason": reason or f"see {context.log_stream_name}"})


def publish(bucket: str) -> None:
    """Copy the scripts."""
    client = boto3.client("s3")
    for name in SCRIPTS:
        client.put_object(Bucket=bucket, Key=f"jobs/{name}", Body=Path(__file__).with_name(name).read_bytes())


def answer(event: dict[str, Any], outcome: dict[str, str]) -> None:
    """Tell CloudFormation."""
    asked = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body = json.dumps({**asked, "PhysicalResourceId": "job-scripts", **outcome}).encode()
    request = urllib.request.Request(event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310 - AWS's
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - the same
        pass
