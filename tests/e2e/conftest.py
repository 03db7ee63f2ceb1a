"""One stack, deployed to a local AWS of its own with IAM enforced, for all end-to-end tests."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import control
from local.deploy import deploy, on_laptop, publish
from tidegate.cli.stack import Stack, use_local
from tidegate.cli.wait import look

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / ".aws-sam" / "local" / "template.yaml"
STACK = "tidegate"
SHARED = ROOT.parent / "shared" / "data"


class Laptop:
    """The deployed stack, used the way a person uses it: boto3, and the `tidegate` command."""

    def __init__(self, settings: control.Settings, stack: str = STACK) -> None:
        self.settings = settings
        self.environment = on_laptop(settings)
        self.stack = Stack(stack)

    def client(self, service: str) -> Any:
        return self.stack.client(service)

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [str(ROOT / ".venv" / "bin" / "tidegate"), "--stack", self.stack.name, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        if check and done.returncode:
            pytest.fail(f"{' '.join(arguments)} exited {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def put(self, key: str, body: bytes) -> str:
        answer = self.client("s3").put_object(Bucket=self.stack.landing.bucket, Key=key, Body=body)
        return str(answer.get("VersionId", ""))

    def rest(self, seconds: int = 300) -> None:
        self.run("wait", "--timeout", str(seconds))

    def rest_or_stuck(self) -> None:
        """Wait until no execution runs; files may still be pending."""
        deadline = time.monotonic() + 120
        quiet = 0
        while quiet < 3 and time.monotonic() < deadline:
            work = look(self.stack)
            quiet = 0 if work.messages or work.executions else quiet + 1
            time.sleep(0.5)

    def files(self, dataset: str) -> list[dict[str, Any]]:
        return list(self.json("files", "--dataset", dataset))

    def publish(self, text: str, folder: Path) -> None:
        path = folder / "contract.odcs.yaml"
        path.write_text(text, encoding="utf-8")
        self.run("contract", "publish", str(path))

    def letters(self) -> list[dict[str, Any]]:
        """Look at every letter of the failures DLQ and leave it there."""
        sqs, url = self.client("sqs"), self.stack.outputs["FailuresDlq"]
        found: dict[str, dict[str, Any]] = {}
        while True:
            got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=20).get("Messages", [])
            if not got:
                break
            found |= {m["MessageId"]: m for m in got}
        for message in found.values():
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        return [json.loads(m["Body"]) for m in found.values()]


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    if not TEMPLATE.exists():
        pytest.fail("the stack is not built: run `make e2e`")
    state = Path(os.environ.get("TIDEGATE_E2E_STATE", "") or tmp_path_factory.mktemp("laptop"))
    os.environ["TIDEGATE_LOCAL_STATE"] = str(state)
    os.environ["TIDEGATE_LOCAL_PORT"] = str(free_port())
    settings = control.Settings.from_env()
    control.up(settings)
    try:
        use_local()
        laptop = Laptop(settings)
        deploy(STACK, laptop.environment, TEMPLATE)
        publish(STACK, laptop.environment, ROOT / "contracts")
        yield laptop
    finally:
        control.down(settings)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
