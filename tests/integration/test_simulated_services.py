"""The state machine and the failures DLQ that the simulator plays beside moto's: one contract for both.

The ledger has `test_ledger`, the arrivals queue `test_simulated_queue`, the bucket `test_simulated_bucket`, tables and catalog
`test_workshops`.
"""

import itertools
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from simulator.choices import Choices
from simulator.cloud import Cloud
from simulator.processes import Scheduler
from tidegate.aws.envelopes import open_envelope
from tidegate.aws.letters import Letterbox
from tidegate.aws.workflow import StepFunctions
from tidegate.model.selection import DeadLetter
from tidegate.ports import Letters, Workflow
from tidegate.usecases.batch import Limits

Started = Callable[[], list[str]]
Found = Callable[[], list[DeadLetter]]
_numbers = itertools.count()


def cloud() -> Cloud:
    return Cloud(Scheduler(Choices(given=()), 0, 1), Limits(files=3, bytes=1000))


def _simulated_workflow() -> tuple[Workflow, Started]:
    made = cloud()
    return made, lambda: sorted(made.executions)


def _real_workflow() -> tuple[Workflow, Started]:
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    role = "arn:aws:iam::123456789012:role/any"
    sfn = boto3.client("stepfunctions")
    arn = sfn.create_state_machine(name=f"ports-{next(_numbers)}", definition=definition, roleArn=role)["stateMachineArn"]
    return StepFunctions(sfn, arn), lambda: sorted(e["name"] for e in sfn.list_executions(stateMachineArn=arn)["executions"])


@pytest.fixture(params=[_simulated_workflow, _real_workflow], ids=["simulated", "stepfunctions"])
def workflow(request: pytest.FixtureRequest) -> tuple[Workflow, Started]:
    made: tuple[Workflow, Started] = request.param()
    return made


class TestWorkflow:
    def test_second_start_of_a_lease_is_success_and_starts_nothing(self, workflow: tuple[Workflow, Started]) -> None:
        port, started = workflow
        for _ in range(2):
            port.start("demo.events", 7)
        assert started() == ["demo-events-000007"]

    def test_every_token_and_dataset_has_an_execution_of_its_own(self, workflow: tuple[Workflow, Started]) -> None:
        port, started = workflow
        for dataset, token in (("demo.events", 7), ("demo.events", 8), ("demo.visits", 7)):
            port.start(dataset, token)
        assert started() == ["demo-events-000007", "demo-events-000008", "demo-visits-000007"]


def _simulated_letters() -> tuple[Letters, Found]:
    made = cloud()

    def found() -> list[DeadLetter]:
        return [DeadLetter(str(n), open_envelope(json.dumps(b)), 0, json.dumps(b)) for n, b in enumerate(made.letters)]

    return made, found


def _real_letters() -> tuple[Letters, Found]:
    sqs = boto3.client("sqs")
    box = Letterbox(sqs, str(sqs.create_queue(QueueName=f"letters-{next(_numbers)}")["QueueUrl"]))
    return box, lambda: box.read(10)


@pytest.fixture(params=[_simulated_letters, _real_letters], ids=["simulated", "sqs"])
def letters(request: pytest.FixtureRequest) -> tuple[Letters, Found]:
    made: tuple[Letters, Found] = request.param()
    return made


def _letter(run_id: str) -> dict[str, Any]:
    return {"kind": "run-failed", "dataset": "demo.events", "run_id": run_id, "file_ids": ["ü", "b"], "manifest_key": ""}


class TestLetters:
    def test_letter_is_read_as_it_was_sent(self, letters: tuple[Letters, Found]) -> None:
        port, found = letters
        port.send(_letter("run-1"))
        (letter,) = found()
        assert letter.envelope == open_envelope(json.dumps(_letter("run-1")))
        assert letter.envelope.run_id == "run-1"

    def test_discarded_letter_is_gone_and_the_other_one_stays(self, letters: tuple[Letters, Found]) -> None:
        port, found = letters
        for run_id in ("run-1", "run-2"):
            port.send(_letter(run_id))
        first, second = sorted(found(), key=lambda letter: letter.envelope.run_id)
        port.discard([first])
        port.give_back([second])
        assert [letter.envelope.run_id for letter in found()] == ["run-2"]

    def test_discarding_a_letter_again_harms_nothing(self, letters: tuple[Letters, Found]) -> None:
        port, found = letters
        port.send(_letter("run-1"))
        found_once = found()
        for _ in range(2):
            port.discard(found_once)
        assert found() == []
