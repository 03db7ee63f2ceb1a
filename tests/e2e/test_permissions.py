"""IAM is enforced: a role that lacks one permission fails loudly, its letter is in the failures DLQ, and the way back works."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from local.laptop import Laptop
from tests.e2e.datasets import contract, readings

DATASET = "permission.removed"


def test_a_permission_that_is_removed_ends_in_the_failures_dlq_and_replay_brings_it_back(laptop: Laptop, tmp_path: Path) -> None:
    laptop.publish(contract(DATASET), tmp_path)
    role = role_of(laptop, "LoadFunction")
    with without(laptop, role, "s3:PutObject"):
        laptop.put("permission/removed/delta/a.csv", readings(10))
        laptop.rest()
    (failed,) = laptop.files(DATASET)
    assert failed["state"] == "FAILED"
    assert "AccessDenied" in failed["reason"]
    letter, *others = sorted((x for x in laptop.letters() if x["dataset"] == DATASET), key=lambda x: not x["file_ids"])
    assert [x["file_ids"] for x in others] in ([], [[]])  # what the run had begun could not be taken back either
    assert letter["step"] == "Load"
    assert letter["error"] == "AccessDenied"
    assert letter["file_ids"] == [failed["file_id"]]

    preview = laptop.json("replay", "--run", letter["run_id"], "--dry-run")
    assert [f["file_id"] for f in preview["files"]] == [failed["file_id"]]
    assert laptop.files(DATASET)[0]["state"] == "FAILED"

    replayed = laptop.json("replay", "--letters", "10")
    assert failed["file_id"] in [f["file_id"] for f in replayed["files"]]
    laptop.rest()
    (loaded,) = laptop.files(DATASET)
    assert (loaded["state"], loaded["rows_accepted"]) == ("LOADED", 10)
    assert laptop.letters() == []


def test_credentials_of_a_function_reach_nothing_of_another(laptop: Laptop) -> None:
    """The claim role may read the ledger, but not the landing files, the token key or the tables."""
    session = _as_role(laptop, role_of(laptop, "ClaimFunction"))
    landing, lake = laptop.stack.landing.bucket, laptop.stack.lake.bucket
    laptop.put("permission/removed/notes/x.txt", b"x")
    refused = [
        lambda: session.client("s3").get_object(Bucket=landing, Key="permission/removed/notes/x.txt"),
        lambda: session.client("s3").put_object(Bucket=lake, Key="warehouse/x", Body=b""),
        lambda: session.client("secretsmanager").get_secret_value(SecretId=laptop.stack.outputs["TokenKeySecret"]),
        lambda: session.client("sqs").receive_message(QueueUrl=laptop.stack.outputs["FailuresDlq"]),
    ]
    for call in refused:
        with pytest.raises(ClientError, match=r"AccessDenied|not authorized"):
            call()
    table = laptop.stack.outputs["LedgerTable"]
    assert "Item" not in session.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": "x"}, "sk": {"S": "x"}})


def role_of(laptop: Laptop, logical_id: str) -> str:
    resources = laptop.client("cloudformation").describe_stack_resources(StackName=laptop.stack.name)["StackResources"]
    name = next(r["PhysicalResourceId"] for r in resources if r["LogicalResourceId"] == logical_id)
    arn = laptop.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    return str(arn)


def _as_role(laptop: Laptop, arn: str) -> boto3.Session:
    """Take on a function's role, as the Lambda service does: its trust policy is opened to this account for the moment."""
    iam, name = laptop.client("iam"), arn.rsplit("/", 1)[-1]
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    account = laptop.client("sts").get_caller_identity()["Account"]
    opened = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}],
    }
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(opened))
    try:
        taken = laptop.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    return boto3.Session(taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"], region_name="us-east-1")


@contextmanager
def without(laptop: Laptop, role_arn: str, action: str) -> Iterator[None]:
    """Take one action out of a role's own policies, and put it back."""
    iam, name = laptop.client("iam"), role_arn.rsplit("/", 1)[-1]
    kept = {
        p: iam.get_role_policy(RoleName=name, PolicyName=p)["PolicyDocument"]
        for p in iam.list_role_policies(RoleName=name)["PolicyNames"]
    }
    assert any(action in json.dumps(document) for document in kept.values())
    for policy, document in kept.items():
        changed = json.loads(json.dumps(document))
        for statement in changed["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            statement["Action"] = [a for a in actions if a != action] or ["s3:ListAllMyBuckets"]
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(changed))
    try:
        yield
    finally:
        for policy, document in kept.items():
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
