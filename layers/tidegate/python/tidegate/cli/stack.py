"""The deployed stack that a command speaks to: on the laptop's AWS or in an AWS account."""

import functools
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tidegate import bootstrap
from tidegate.aws.errors import code_of, speaking_to_aws
from tidegate.aws.ledger import DynamoLedger
from tidegate.aws.objects import S3Objects
from tidegate.aws.table import Table
from tidegate.errors import NotFound, Permanent

if TYPE_CHECKING:  # pyiceberg is heavy, and most commands never need it
    from tidegate.aws.iceberg import GlueLake

LOCAL_DEFAULTS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class Stack:
    """A stack's name and, through its CloudFormation outputs, everything in it."""

    name: str

    @property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs; raise NotFound with what to do when it is not deployed."""
        return {o["OutputKey"]: o["OutputValue"] for o in self._described.get("Outputs", ())}

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters that the stack was deployed with; raise NotFound as `outputs` does."""
        return {p["ParameterKey"]: p["ParameterValue"] for p in self._described.get("Parameters", ())}

    @functools.cached_property
    def _described(self) -> dict[str, Any]:
        client = bootstrap.client("cloudformation")
        try:
            stack: dict[str, Any] = client.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if code_of(error) != "ValidationError":
                raise
            where = "make demo" if is_local() else "make deploy, or --local for the laptop's AWS"
            raise NotFound(f"no stack named {self.name}: {where}") from error
        return stack

    @functools.cached_property
    def ledger(self) -> DynamoLedger:
        """The ledger."""
        return DynamoLedger(Table(bootstrap.client("dynamodb"), self.outputs["LedgerTable"]), bootstrap.clock)

    @functools.cached_property
    def landing(self) -> S3Objects:
        """The landing bucket."""
        return S3Objects(bootstrap.client("s3"), self.outputs["LandingBucket"])

    @functools.cached_property
    def lake(self) -> S3Objects:
        """The lake bucket."""
        return S3Objects(bootstrap.client("s3"), self.outputs["LakeBucket"])

    @functools.cached_property
    def tables(self) -> "GlueLake":
        """The Iceberg tables, with the permissions of whoever asks."""
        from tidegate.aws.iceberg import GlueLake

        return GlueLake(self.name, self.outputs["LakeBucket"], bootstrap.client("s3"), bootstrap.client("glue"))

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 clients have no static type
        """Return a boto3 client."""
        return bootstrap.client(service)

    def invoke(self, verb: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """Invoke a verb's function and return what it answers; raise Permanent with the error that it died of."""
        with speaking_to_aws():
            answer = self.client("lambda").invoke(
                FunctionName=self.outputs[f"{verb.capitalize()}Function"], Payload=json.dumps(event).encode()
            )
        payload: dict[str, Any] = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            raise Permanent(f"{verb} failed: {payload.get('errorMessage', payload)}")
        return payload


def is_local() -> bool:
    """Whether commands speak to the laptop's AWS."""
    return os.environ.get("TIDEGATE_LOCAL", "") not in ("", "0")


def use_local() -> None:
    """Point every AWS client of this process at the laptop's AWS; real credentials in the environment are not used."""
    os.environ["TIDEGATE_LOCAL"] = "1"
    os.environ["AWS_ENDPOINT_URL"] = endpoint()
    os.environ.update(LOCAL_DEFAULTS)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        os.environ.pop(name, None)


def endpoint() -> str:
    """Return the address of the laptop's AWS."""
    return f"http://127.0.0.1:{os.environ.get('TIDEGATE_LOCAL_PORT', '4566')}"


def project_root() -> Path:
    """Return the checkout that this command was installed from; raise NotFound when it is not one."""
    root = Path(__file__).resolve().parents[5]
    if not (root / "template.yaml").exists():
        raise NotFound("this command runs from a checkout of Tidegate only: clone it and run `make demo`")
    return root


def talks_to_people() -> bool:
    """Whether standard error is a terminal, so that progress can be drawn."""
    return sys.stderr.isatty()
