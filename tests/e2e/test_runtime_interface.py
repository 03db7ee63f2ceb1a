"""Every events/*.json through the real Lambda runtime interface client, under the emulator that ships inside aws-sam-cli.

That is what `sam local invoke` runs in its container, so a handler that works here works there.
"""

import json
import os
import platform
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.laptop import ROOT, TEMPLATE, Laptop, free_port
from tests.e2e.datasets import contract, readings
from tidegate import bootstrap
from tidegate.usecases.gold import GOLD

EVENTS = sorted((ROOT / "events").glob("*.json"))
MACHINE = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
DATASET = "runtime.events"
EXPECTED: dict[str, dict[str, Any]] = {
    "audit": {"rows_read": 3, "rows_accepted": 3},
    "claim": {"errorType": "NothingWaits"},  # the lease was given back: there is nothing to claim under it
    "fail": {"tell": False},  # and no run to fail
    "gold": {"built": None, "why_not": "another build is under way"},  # see `building`
    "ingest-eventbridge": {"batchItemFailures": []},
    "ingest-s3": {"batchItemFailures": []},
    "ingest-sqs-malformed": {"batchItemFailures": [{"itemIdentifier": "00000000-0000-4000-8000-000000000001"}]},
    "ingest-sqs-one-record": {"batchItemFailures": []},
    "ingest-sqs-several-records": {"batchItemFailures": []},
    "ingest-sqs-test-event": {"batchItemFailures": []},
    "load": {"errorType": "LeaseLost"},  # a run that is over cannot write
    "maintain": {"dry_run": False, "errors": {}},
    "reconcile": {"woken": []},
    "replay": {"dry_run": True},
    "settle": {"subject": f"Tidegate: {DATASET} loaded", "crawl": False},
}


class _Template(yaml.SafeLoader):
    """Reads CloudFormation's tags as plain values."""


_Template.add_multi_constructor("!", lambda _loader, suffix, node: f"!{suffix} {getattr(node, 'value', '')}")


def verb_of(path: Path) -> str:
    """events/<verb>-<what>.json is for functions/<verb>."""
    return path.stem.split("-")[0]


def test_every_function_has_an_event() -> None:
    assert {verb_of(p) for p in EVENTS} == {p.name for p in (ROOT / "functions").iterdir() if p.is_dir()}


@pytest.fixture(scope="module")
def settled(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A run that is over, for the events of the steps of a run."""
    laptop.publish(contract(DATASET), tmp_path_factory.mktemp("runtime"))
    laptop.put("runtime/events/delta/a.csv", readings(3))
    laptop.rest()
    (run,) = laptop.json("runs", "--dataset", DATASET)
    return {"dataset": DATASET, "token": 1, "run_id": run["run_id"], "manifest_key": run["manifest_key"]}


@pytest.fixture(scope="module", autouse=True)
def building(laptop: Laptop) -> Iterator[None]:
    """Somebody builds gold, so that its function need not."""
    ledger = laptop.stack.ledger
    lease = ledger.take(ledger.lease(GOLD), bootstrap.clock(), bootstrap.clock() + 600_000_000, GOLD)
    assert lease is not None
    yield
    ledger.release(GOLD, lease.token)


@pytest.mark.parametrize("path", EVENTS, ids=lambda p: p.stem)
def test_event_runs_through_the_runtime_interface_client(laptop: Laptop, settled: dict[str, Any], path: Path) -> None:
    event = json.loads(re.sub(r"[a-z]+([/.])[a-z_]+\1(?=delta|full)", r"runtime\1events\1", path.read_text()))
    if "token" in event:
        event |= {name: value for name, value in settled.items() if name in event}
    with _emulator(laptop, verb_of(path)) as address:
        answer = _invoke(address, event)
    assert EXPECTED[path.stem].items() <= answer.items(), answer
    assert ("errorType" in answer) == ("errorType" in EXPECTED[path.stem]), answer


def test_objects_that_were_announced_but_are_not_there_end_in_quarantine(laptop: Laptop) -> None:
    """The example events name versions that nobody dropped."""
    laptop.rest()
    announced = [f for f in laptop.files(DATASET) if not f["key"].endswith("/a.csv")]
    ends = {(f["kind"], f["state"], f["reason"].split(":")[0]) for f in announced}
    assert ("delta", "QUARANTINED", "GONE") in ends
    assert ends <= {
        ("delta", "QUARANTINED", "GONE"),
        ("delta", "SUPERSEDED", "a newer version of this key arrived"),
        ("part", "REGISTERED", ""),  # its marker never came
    }
    assert {r["state"] for r in laptop.json("runs", "--dataset", DATASET)} == {"SUCCEEDED"}


@contextmanager
def _emulator(laptop: Laptop, verb: str) -> Iterator[str]:
    function = f"{verb.capitalize()}Function"
    template = yaml.load(TEMPLATE.read_text(), _Template)  # noqa: S506 - a SafeLoader
    code = TEMPLATE.parent / template["Resources"][function]["Properties"]["CodeUri"]
    named = template["Resources"][function]["Properties"]["Layers"]
    layers = [TEMPLATE.parent / name["Ref"] / "python" for name in named]
    variables = laptop.client("lambda").get_function_configuration(FunctionName=_name_of(laptop, function))["Environment"][
        "Variables"
    ]
    port, api = free_port(), free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, [code, *layers])),
        "LAMBDA_TASK_ROOT": str(code),
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "2048",
        **{k: v for k, v in laptop.environment.items() if k.startswith("AWS_")},
        **variables,
    }
    rie = next((ROOT / ".venvs" / "sam").rglob(f"aws-lambda-rie-{MACHINE}"))
    command = [
        str(rie), "--log-level", "error", "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
        "--runtime-api-address", f"127.0.0.1:{api}", str(ROOT / ".venv" / "bin" / "python"), "-m", "awslambdaric", "handler.handle",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=code, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _invoke(address: str, event: Any) -> dict[str, Any]:
    request = urllib.request.Request(address, json.dumps(event).encode(), {"Content-Type": "application/json"})
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return dict(json.loads(answer.read()))
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _name_of(laptop: Laptop, logical_id: str) -> str:
    resource = laptop.client("cloudformation").describe_stack_resource(StackName=laptop.stack.name, LogicalResourceId=logical_id)
    return str(resource["StackResourceDetail"]["PhysicalResourceId"])
