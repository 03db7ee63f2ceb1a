import json
import re

from tests.unit.stack.stack import LAMBDA, MACHINE, ROOT, STATES, of_type
from tidegate.errors import NoRoom, NothingWaits, Transient

# What Lambda and Step Functions themselves raise when the same call may succeed later.
FROM_AWS = {
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.Timeout",
}
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
LAMBDAS = {name: state for name, state in TASKS.items() if state["Resource"] == LAMBDA}


def test_lambda_tasks_retry_exactly_the_transient_errors() -> None:
    ours = {error.__name__ for error in Transient.__subclasses__()}
    for name, task in LAMBDAS.items():
        names = [error for retrier in task["Retry"] for error in retrier["ErrorEquals"]]
        assert len(names) == len(set(names)), name
        assert set(names) == ours | FROM_AWS, name


def test_retries_back_off_with_jitter_and_end() -> None:
    for name, task in TASKS.items():
        for retrier in task["Retry"]:
            assert retrier["BackoffRate"] > 1, name
            assert retrier["JitterStrategy"] == "FULL", name
            assert 0 < retrier["MaxAttempts"] < 10, name
            assert retrier["MaxDelaySeconds"] <= (600 if name == "LoadOnGlue" else 60), name


def test_no_task_waits_for_ever_and_none_is_cut_off_before_its_function() -> None:
    functions = of_type("AWS::Serverless::Function")
    assert all(task["TimeoutSeconds"] for task in TASKS.values())
    for name, task in LAMBDAS.items():
        assert task["TimeoutSeconds"] > functions[f"{name}Function"]["Timeout"], name


def test_every_step_of_a_run_is_caught_and_leads_to_a_letter() -> None:
    for name in ("Claim", "Load", "Audit", "Settle"):
        *_, fenced, anything = STATES[name]["Catch"]
        assert fenced["ErrorEquals"] == ["LeaseLost"]
        assert anything["ErrorEquals"] == ["States.ALL"]
        noted = STATES[anything["Next"]]
        assert noted["Parameters"]["state"] == name
        assert noted["Next"] == "Fail"
    assert STATES["Fail"]["Next"] == "Tell?"  # it sends the letter itself, before the ledger
    assert STATES[STATES["Fail"]["Catch"][-1]["Next"]]["Next"] == "Bury"


def test_a_run_that_lost_its_lease_stops_without_touching_what_its_successor_has() -> None:
    for name, task in LAMBDAS.items():
        fenced = task["Catch"][-2]
        assert fenced["ErrorEquals"] == ["LeaseLost"], name
        assert STATES[fenced["Next"]]["Type"] == "Succeed", name


def test_an_execution_that_finds_nothing_to_load_ends_well() -> None:
    nothing = STATES["Claim"]["Catch"][0]
    assert nothing["ErrorEquals"] == [NothingWaits.__name__]
    assert STATES[nothing["Next"]]["Type"] == "Succeed"


def test_a_settled_run_that_nobody_could_be_told_of_leaves_a_letter_and_goes_on() -> None:
    untold = STATES[STATES["Notify"]["Catch"][0]["Next"]]
    assert (untold["Next"], untold["Parameters"]["proceed"]) == ("Bury", True)


def test_a_letter_that_cannot_be_sent_fails_the_execution_loudly() -> None:
    assert "Catch" not in STATES["Bury"]


def test_letters_and_messages_written_by_the_state_machine_have_what_readers_expect() -> None:
    for name in ("FailFailed", "NotifyFailed"):
        said = STATES[name]["Parameters"]
        assert {key.removesuffix(".$") for key in said} == {"letter", "message", "subject", "proceed"}
        assert {"kind", "dataset", "error", "file_ids"} <= {key.removesuffix(".$") for key in said["letter"]}


def test_dataset_and_token_always_come_from_the_executions_input() -> None:
    text = json.dumps(MACHINE)
    for name in ("dataset", "token"):
        assert set(re.findall(rf'"{name}\.\$": "([^"]+)"', text)) == {f"$$.Execution.Input.{name}"}


def test_after_a_failed_run_the_dataset_is_looked_at_again() -> None:
    """After one that succeeded Settle has looked already, and started the next execution."""
    assert STATES["Notify"]["End"] is True
    assert [choice["Next"] for choice in STATES["Proceed?"]["Choices"]] == ["Claim"]


def test_a_run_that_a_lambda_loads_costs_five_transitions() -> None:
    path = [MACHINE["StartAt"]]
    while "End" not in STATES[path[-1]]:
        path.append(STATES[path[-1]]["Next"])
    assert path == ["Claim", "Load", "Audit", "Settle", "Notify"]


def test_what_is_too_much_for_a_lambda_goes_to_glue_and_a_crash_is_tried_once_more_first() -> None:
    crashes = {"Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"}
    escalated = STATES["Load"]["Catch"][0]
    assert set(escalated["ErrorEquals"]) == crashes | {NoRoom.__name__}
    assert STATES[escalated["Next"]]["Next"] == "LoadOnGlue"
    (once,) = (r for r in STATES["Load"]["Retry"] if set(r["ErrorEquals"]) & crashes)
    assert (set(once["ErrorEquals"]), once["MaxAttempts"]) == (crashes, 1)


def test_both_ways_to_glue_have_what_its_job_is_started_with() -> None:
    wanted = {v.removeprefix("$.") for v in re.findall(r"\$\.\w+", json.dumps(STATES["LoadOnGlue"]["Parameters"]))}
    handler = (ROOT / "functions/claim/handler.py").read_text(encoding="utf-8")
    assert all(f'"{name}": ' in handler for name in wanted)
    assert wanted <= {name.removesuffix(".$") for name in STATES["Escalate"]["Parameters"]}


def test_every_state_can_be_reached() -> None:
    seen, todo = set(), [MACHINE["StartAt"]]
    while todo:
        state = STATES[name := todo.pop()]
        seen.add(name)
        after = [state.get("Next"), state.get("Default")]
        after += [way["Next"] for key in ("Choices", "Catch") for way in state.get(key, ())]
        todo += [name for name in after if name and name not in seen]
    assert seen == set(STATES)


def test_the_template_fills_every_placeholder_and_no_other() -> None:
    (machine,) = of_type("AWS::Serverless::StateMachine").values()
    assert set(re.findall(r"\$\{(\w+)\}", json.dumps(MACHINE))) == set(machine["DefinitionSubstitutions"])


def test_executions_log_no_data() -> None:
    (machine,) = of_type("AWS::Serverless::StateMachine").values()
    assert machine["Logging"]["IncludeExecutionData"] is False


def test_the_state_machine_invokes_its_functions_and_no_other() -> None:
    role = of_type("AWS::IAM::Role")["LoadStateMachineRole"]
    (allowed,) = (s for s in role["Policies"][0]["PolicyDocument"]["Statement"] if s["Action"] == "lambda:InvokeFunction")
    assert {resource["Fn::GetAtt"] for resource in allowed["Resource"]} == {f"{name}Function.Arn" for name in LAMBDAS}
