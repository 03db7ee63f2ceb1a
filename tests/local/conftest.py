"""One extended emulator for the session, on a free port, with its caches in a temporary folder."""

import io
import json
import os
import socket
import textwrap
import time
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from local import control

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path(os.environ.get("TIDEGATE_LOCAL_PYTHON", ROOT / ".venvs/local/bin/python"))
ACCOUNT = "000000000000"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(state: Path, **environment: str) -> Iterator[control.Settings]:
    """An extended emulator of one's own."""
    if not PYTHON.exists():
        pytest.skip(f"{PYTHON} is missing: run `make setup`, or set TIDEGATE_LOCAL_PYTHON")
    settings = control.Settings(port=free_port(), state=state, python=PYTHON)
    ours = {
        "TIDEGATE_SPARK_PYTHON": str(PYTHON),  # stands for the interpreter that has Spark
        "TIDEGATE_LOCAL_WORKERS": "8",
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (control.environment(settings) | ours | environment).items():
            patch.setenv(name, value)
        control.up(settings)
        try:
            yield settings
        finally:
            control.down(settings)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[control.Settings]:
    with serving(tmp_path_factory.mktemp("state")) as settings:
        yield settings


class Cloud:
    """The emulator as a user sees it through boto3, and short ways to make things in it."""

    def __init__(self, settings: control.Settings) -> None:
        self.settings = settings
        self.session = boto3.Session(region_name="us-east-1")
        self.made: dict[str, Any] = {}

    def client(self, service: str, **options: Any) -> Any:
        """A client; the root user's own is made once, because making one takes longer than most calls."""
        endpoint = {"endpoint_url": self.settings.endpoint}
        if options:
            return self.session.client(service, **endpoint, **options)
        if service not in self.made:
            self.made[service] = self.session.client(service, **endpoint)
        return self.made[service]

    def role(self, *statements: tuple[str, str], trusted: str = "lambda.amazonaws.com") -> str:
        """A role that may do the (action, resource) pairs."""
        iam, name = self.client("iam"), unique("role")
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}]}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        allowed = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements]
        if allowed:
            document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
            iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=document)
        return str(arn)

    def acting_as(self, role: str) -> dict[str, str]:
        """Credentials of a role, for `client`."""
        made = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return {
            "aws_access_key_id": made["AccessKeyId"],
            "aws_secret_access_key": made["SecretAccessKey"],
            "aws_session_token": made["SessionToken"],
        }

    def function(self, source: str, *, role: str = "", **options: Any) -> str:
        """A Lambda function from source text with a `handle`; its name."""
        name = unique("fn")
        self.client("lambda").create_function(
            FunctionName=name, Runtime="python3.13", Handler="handler.handle", Role=role or self.role(),
            Code={"ZipFile": zipped({"handler.py": textwrap.dedent(source)})}, **{"Timeout": 10, **options},
        )  # fmt: skip
        self.client("lambda").get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
        return name

    def invoke(self, name: str, event: Any = None) -> tuple[Any, str | None]:
        """The answer and the header X-Amz-Function-Error."""
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}))
        return json.loads(answer["Payload"].read()), answer.get("FunctionError")

    def queue(self, **attributes: str) -> tuple[str, str]:
        """A queue's URL and ARN."""
        url = self.client("sqs").create_queue(QueueName=unique("queue"), Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{url.rsplit('/', 1)[-1]}"

    def drain(self, url: str, **options: Any) -> list[dict[str, Any]]:
        """The messages that can be received now, removed from the queue."""
        sqs, found = self.client("sqs"), []
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **options).get("Messages", []):
            for message in got:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += got
        return found

    def ask(self, path: str, body: bytes | None = None) -> Any:
        """Ask an extension, such as the meter: GET, or POST of a body."""
        request = urllib.request.Request(self.settings.endpoint + path, data=body)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
            return json.loads(answer.read())

    def printed(self, function: str, mark: str) -> list[str]:
        """The lines with a mark in a function's log, oldest first."""
        logs = self.client("logs")
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern=mark)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events]

    def bucket(self) -> str:
        name = unique("bucket")
        self.client("s3").create_bucket(Bucket=name)
        return name

    def run_machine(self, definition: dict[str, Any], role: str, given: Any = None) -> dict[str, Any]:
        """The described end of one execution."""
        states = self.client("stepfunctions")
        machine = states.create_state_machine(name=unique("machine"), definition=json.dumps(definition), roleArn=role)
        run = states.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(given or {}))
        return until(lambda: ended(states.describe_execution(executionArn=run["executionArn"])))


def ended(execution: dict[str, Any]) -> dict[str, Any] | None:
    return None if execution["status"] == "RUNNING" else execution


def until(condition: Any, seconds: float = 20) -> Any:
    """The first truthy answer."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"nothing within {seconds} s")
        time.sleep(0.05)
    return found


def unique(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:10]}"


def zipped(files: dict[str, str]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return body.getvalue()


@pytest.fixture(scope="session")
def cloud(server: control.Settings) -> Cloud:
    return Cloud(server)


@pytest.fixture(scope="session")
def disturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An emulator of its own that counts, and that can be disturbed (nothing is, until a test says so)."""
    with serving(tmp_path_factory.mktemp("disturbed"), TIDEGATE_LOCAL_METER="1", TIDEGATE_LOCAL_CHAOS="{}") as settings:
        yield Cloud(settings)
