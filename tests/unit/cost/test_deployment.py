"""The model is held to the template, the state machine and the code that they run."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.stack.stack import LAMBDA, MACHINE, RESOURCES, STATES, TEMPLATE, of_type, verbs
from tidegate.cost import data
from tidegate.cost.deployment import CORES_PER_DPU, RUN_STATES, TASK_BYTES, VERBS, Deployment
from tidegate.cost.workload import _IN_A_RUN
from tidegate.errors import NoRoom
from tidegate.model.runs import Compute

DEPLOYMENT = Deployment()
PARAMETERS = TEMPLATE["Parameters"]
LAMBDA_DISK = 512  # MB: what a function has that asks for no more


def default(name: str) -> Any:
    return PARAMETERS[name]["Default"]


def resolved(value: Any) -> Any:
    return default(value["Ref"]) if isinstance(value, dict) else value


def path(route: Compute) -> Iterator[str]:
    """The states of a run in which nothing fails, but that Load says of one for Glue that it has no room."""
    name = MACHINE["StartAt"]
    while True:
        yield name
        state = STATES[name]
        if state.get("End"):
            return
        on = [c["Next"] for c in state.get("Catch", ()) if route is Compute.GLUE and NoRoom.__name__ in c["ErrorEquals"]]
        name = on[0] if on else state.get("Next") or state["Default"]


@pytest.mark.parametrize("route", Compute)
def test_states_of_a_run_are_those_of_the_state_machine(route: Compute) -> None:
    assert tuple(path(route)) == RUN_STATES[route]


@pytest.mark.parametrize("route", Compute)
def test_run_tells_once_and_waits_for_its_functions_one_after_the_other(route: Compute) -> None:
    resources = [STATES[name].get("Resource", "") for name in RUN_STATES[route]]
    assert sum(r.endswith("sns:publish") for r in resources) == 1
    waited_for = [name.lower() for name, r in zip(RUN_STATES[route], resources, strict=True) if r == LAMBDA]
    assert waited_for == list(_IN_A_RUN)


@pytest.mark.parametrize("verb", VERBS)
def test_memory_disk_and_machine_of_a_function_are_the_template_s(verb: str) -> None:
    function = of_type("AWS::Serverless::Function")[f"{verb.capitalize()}Function"]
    shared = TEMPLATE["Globals"]["Function"]
    assert DEPLOYMENT.memory[verb] == resolved(function.get("MemorySize", shared["MemorySize"]))
    assert DEPLOYMENT.disk[verb] == resolved(function.get("EphemeralStorage", {"Size": LAMBDA_DISK})["Size"])
    assert resolved(shared["Architectures"][0]) == DEPLOYMENT.architecture


def test_every_function_has_a_memory() -> None:
    assert set(DEPLOYMENT.memory) == set(DEPLOYMENT.disk) == set(VERBS) == verbs()


def test_limits_and_thresholds_are_the_template_s() -> None:
    names = {
        "BatchFiles": DEPLOYMENT.batch_files,
        "BatchBytes": DEPLOYMENT.batch_bytes,
        "LambdaTextBytes": DEPLOYMENT.thresholds.text,
        "LambdaSilverBytes": DEPLOYMENT.thresholds.silver,
        "GlueBatchBytes": DEPLOYMENT.thresholds.batch,
        "GlueWorkerBytes": DEPLOYMENT.thresholds.per_worker,
        "GlueWorkers": DEPLOYMENT.thresholds.workers,
        "GlueWorkerType": DEPLOYMENT.worker_type,
        "MergeFiles": DEPLOYMENT.merge_files,
        "SurveySeconds": DEPLOYMENT.survey_seconds,
    }
    assert {name: default(name) for name in names} == names


def test_schedules_and_standing_costs_are_the_template_s() -> None:
    (often,) = of_type("AWS::Serverless::Function")["ReconcileFunction"]["Events"].values()
    assert often["Properties"]["Schedule"] == f"rate({DEPLOYMENT.reconcile_minutes} minutes)"
    assert default("MaintainSchedule") == f"rate({DEPLOYMENT.maintain_minutes} minutes)"
    kinds = [r["Type"] for r in RESOURCES.values()]
    assert kinds.count("AWS::CloudWatch::Alarm") == DEPLOYMENT.alarms
    assert kinds.count("AWS::KMS::Key") == DEPLOYMENT.keys
    assert kinds.count("AWS::SecretsManager::Secret") == DEPLOYMENT.secrets


def test_glue_job_cuts_its_work_as_the_template_says_and_every_worker_type_has_its_dpus_and_price() -> None:
    job = of_type("AWS::Glue::Job")["LoadJob"]
    assert resolved(job["DefaultArguments"]["--TASK_BYTES"]) == TASK_BYTES
    assert set(data.prices().glue_worker_dpus) == set(PARAMETERS["GlueWorkerType"]["AllowedValues"])
    cores = PARAMETERS["GlueWorkerType"]["Description"]
    assert [d * CORES_PER_DPU for d in data.prices().glue_worker_dpus.values()] == [4, 8, 16]
    assert "of 4, 8 and 16 cores" in cores
    assert set(data.prices().lambda_gb_second) == set(PARAMETERS["Architecture"]["AllowedValues"])


def test_parameters_of_a_stack_go_before_the_defaults() -> None:
    given = {"LoadMemory": "2048", "LoadEphemeralStorage": "1024", "Architecture": "arm64", "GlueWorkerType": "G.4X"}
    assert set(given) < set(PARAMETERS)
    found = DEPLOYMENT.with_parameters({**given, "LogLevel": "INFO"})
    assert (found.memory["load"], found.memory["maintain"], found.memory["claim"]) == (2048, 2048, 512)
    assert (found.disk["load"], found.architecture, found.worker_type) == (1024, "arm64", "G.4X")
    assert DEPLOYMENT.with_parameters({}) == DEPLOYMENT
