"""A laptop's AWS of its own, with the stack deployed to it, for the length of a block: end-to-end tests, bursts and chaos use it."""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local import control
from local.deploy import deploy, on_laptop
from tidegate import bootstrap
from tidegate.cli.app import main
from tidegate.cli.stack import Stack, use_local
from tidegate.cli.wait import look, watch
from tidegate.usecases.reconcile import SURVEY

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / ".aws-sam" / "local" / "template.yaml"


class CommandFailedError(RuntimeError):
    """The `tidegate` command failed; the message is what it printed."""


class Laptop:
    """The deployed stack, used the way a person uses it: boto3, and the `tidegate` command."""

    def __init__(self, settings: control.Settings, stack: str) -> None:
        """Speak to a stack on a laptop's AWS that is up."""
        self.settings = settings
        self.environment = on_laptop(settings)
        self.stack = Stack(stack)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 clients have no static type
        """Return a boto3 client of the root user."""
        return self.stack.client(service)

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a `tidegate` command; raise CommandFailedError when it fails, unless `check` is off.

        It runs in this process, which has imported already what a command takes most of its time for. `shell` is the real one.
        """
        words, told, failure = ["--stack", self.stack.name, *arguments], io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(failure):
            try:
                main(words)
            except SystemExit as end:
                code = int(end.code or 0)
        return _checked(subprocess.CompletedProcess(words, code, told.getvalue(), failure.getvalue()), check=check)

    def shell(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a `tidegate` command as a process, as a person does; raise as `run` does."""
        command = [str(ROOT / ".venv" / "bin" / "tidegate"), "--stack", self.stack.name, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)  # noqa: S603
        return _checked(done, check=check)

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 - any JSON
        """Return what a command prints with --json."""
        return json.loads(self.run(*arguments, "--json").stdout)

    def put(self, key: str, body: bytes) -> str:
        """Put an object into the landing bucket; return its version."""
        answer = self.client("s3").put_object(Bucket=self.stack.landing.bucket, Key=key, Body=body)
        return str(answer.get("VersionId", ""))

    def rest(self, seconds: float = 300, pause: float = 0.2) -> None:
        """Wait until nothing is left to do, looking again after each pause; raise CommandFailedError when that takes longer."""
        work = watch(self.stack, time.monotonic() + seconds, pause)
        if work.left:
            raise CommandFailedError(f"not at rest after {seconds} s: {work}")

    def rest_or_stuck(self) -> None:
        """Wait until no execution runs; files may still be pending."""
        deadline = time.monotonic() + 120
        quiet = 0
        while quiet < 3 and time.monotonic() < deadline:  # noqa: PLR2004 - looks in a row
            work = look(self.stack)
            quiet = 0 if work.messages or work.executions else quiet + 1
            time.sleep(0.5)

    def files(self, dataset: str) -> list[dict[str, Any]]:
        """Return the dataset's files as the ledger has them."""
        return list(self.json("files", "--dataset", dataset))

    def publish(self, text: str, folder: Path) -> None:
        """Publish a contract."""
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

    def reconcile(self) -> dict[str, Any]:
        """Run reconcile now; return what it found."""
        function = self.stack.outputs["ReconcileFunction"]
        answer = self.client("lambda").invoke(FunctionName=function, Payload=b"{}")
        found: dict[str, Any] = json.loads(answer["Payload"].read())
        return found

    def astray(self, *datasets: str) -> dict[str, str]:
        """Have reconcile begin a survey now; return what tables of the datasets hold other than settled runs left."""
        self.stack.ledger.keep_cursor(SURVEY, {})  # otherwise it compares tables once in SurveySeconds
        found = self.reconcile()
        tables = [dataset.replace(".", "_") for dataset in datasets]
        astray = {name: what for name, what in found["astray"].items() if name.partition(".")[2] in tables}
        return astray | {dataset: why for dataset, why in found["errors"].items() if dataset in datasets}

    def ask(self, path: str, body: bytes | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Ask an extension of the laptop's AWS, such as its meter."""
        request = urllib.request.Request(self.settings.endpoint + path, data=body, method="GET" if body is None else "POST")  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
            return json.loads(answer.read())

    def workers(self, name: str = "") -> Iterator[int]:
        """Find the processes that run functions here, those whose name has `name` in it."""
        here, function = f"AWS_ENDPOINT_URL={self.settings.endpoint}".encode(), b"AWS_LAMBDA_FUNCTION_NAME="
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                variables = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            names = [v for v in variables if v.startswith(function)]
            if here in variables and any(name.encode() in n for n in names):
                yield int(folder.name)


def _checked(done: subprocess.CompletedProcess[str], *, check: bool) -> subprocess.CompletedProcess[str]:
    if check and done.returncode:
        raise CommandFailedError(f"{' '.join(done.args)} exited {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done


def send(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to processes; those that are gone are gone."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


@contextmanager
def laptop(
    state: Path, stack: str, parameters: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Laptop]:
    """Start a laptop's AWS on a free port, deploy the built template to it, and stop it at the end.

    In the block this process's AWS is that one; afterwards it is again what it was, also another laptop's.
    """
    before = dict(os.environ)
    os.environ |= {"TIDEGATE_LOCAL_STATE": str(state), "TIDEGATE_LOCAL_PORT": str(free_port()), **(environment or {})}
    settings = control.Settings.from_env()
    control.up(settings)
    try:
        use_local()
        bootstrap.client.cache_clear()
        made = Laptop(settings, stack)
        deploy(stack, made.environment, TEMPLATE, parameters)
        yield made
    finally:
        control.down(settings)
        os.environ.clear()
        os.environ.update(before)
        bootstrap.client.cache_clear()


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
