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
            assert retrier["MaxDelaySeconds"] <= {"LoadOnGlue": 600, "Crawl": 300}.get(name, 60), name


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
    for name in ("FailFailed", "NotifyFailed", "CrawlFailed"):
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


def way(*, crawl: bool = False) -> list[str]:
    """Return the states of a run that goes well in Lambdas."""
    path = [MACHINE["StartAt"]]
    while "End" not in STATES[path[-1]]:
        state = STATES[path[-1]]
        chosen = [c["Next"] for c in state.get("Choices", ()) if crawl]
        path.append(chosen[0] if chosen else state.get("Next") or state["Default"])
    return path


def test_a_run_that_lambdas_load_costs_six_transitions_and_one_more_if_it_asks_for_a_crawl() -> None:
    assert way() == ["Claim", "Load", "Audit", "Settle", "Crawl?", "Notify"]
    assert way(crawl=True) == [*way()[:-1], "NotifyBeforeCrawl", "Crawl"]


def test_a_run_is_told_the_same_way_with_and_without_a_crawl() -> None:
    both = [
        {k: v for k, v in STATES[name].items() if k not in ("Comment", "End", "Next")} for name in ("Notify", "NotifyBeforeCrawl")
    ]
    assert both[0] == both[1]


def test_a_crawl_is_started_only_after_the_lease_is_free_and_the_run_is_told() -> None:
    path = way(crawl=True)
    assert path.index("Settle") < path.index("NotifyBeforeCrawl") < path.index("Crawl")
    assert [name for name, state in STATES.items() if state.get("Next") == "Crawl"] == ["NotifyBeforeCrawl"]


def test_a_run_settled_before_the_word_was_known_asks_for_no_crawl() -> None:
    """A Choice on a field that is not there fails an execution in a way that nothing can catch."""
    (asked,) = STATES["Crawl?"]["Choices"]
    assert asked["And"][0] == {"Variable": asked["And"][1]["Variable"], "IsPresent": True}


def test_a_crawler_that_runs_is_waited_for_longer_than_a_crawl_takes_and_then_left_to_the_next_run() -> None:
    (running,) = (r for r in STATES["Crawl"]["Retry"] if "Glue.CrawlerRunningException" in r["ErrorEquals"])
    waits = [
        min(running["IntervalSeconds"] * running["BackoffRate"] ** n, running["MaxDelaySeconds"])
        for n in range(running["MaxAttempts"])
    ]
    assert sum(waits) / 2 > 300  # with full jitter half of it on average
    caught = STATES["Crawl"]["Catch"][0]
    assert caught["ErrorEquals"] == running["ErrorEquals"] == ["Glue.CrawlerRunningException"]
    assert STATES[caught["Next"]]["Type"] == "Succeed"


def test_a_crawl_that_cannot_be_started_fails_no_run_and_leaves_a_letter() -> None:
    other = STATES["Crawl"]["Catch"][-1]
    assert other["ErrorEquals"] == ["States.ALL"]
    failed = STATES[other["Next"]]
    assert (failed["Next"], failed["Parameters"]["proceed"]) == ("Bury", True)
    assert failed["Parameters"]["message"]["status"] != "FAILED"  # the run has not


def test_what_is_too_much_for_a_lambda_goes_to_glue_and_a_crash_is_tried_once_more_first() -> None:
    crashes = {"Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"}
    escalated = STATES["Load"]["Catch"][0]
    assert set(escalated["ErrorEquals"]) == crashes | {NoRoom.__name__}
    assert STATES[escalated["Next"]]["Next"] == "LoadOnGlue"
    (once,) = (r for r in STATES["Load"]["Retry"] if set(r["ErrorEquals"]) & crashes)
    assert (set(once["ErrorEquals"]), once["MaxAttempts"]) == (crashes, 1)


def test_the_way_to_glue_has_what_its_job_is_started_with() -> None:
    wanted = {v.removeprefix("$.") for v in re.findall(r"\$\.\w+", json.dumps(STATES["LoadOnGlue"]["Parameters"]))}
    handler = (ROOT / "functions/claim/handler.py").read_text(encoding="utf-8")
    assert all(f'"{name}": ' in handler for name in wanted - {"error"})
    assert {STATES[name]["ResultPath"] for name in ("Load", "Escalate")} == {None}
    assert STATES["Load"]["Catch"][0]["ResultPath"] == "$.error"


def test_a_run_that_lost_its_lease_on_the_way_to_glue_stops_without_a_trace() -> None:
    fenced, anything = STATES["Escalate"]["Catch"]
    assert (fenced["ErrorEquals"], fenced["Next"]) == (["DynamoDB.ConditionalCheckFailedException"], "Fenced")
    assert (anything["ErrorEquals"], anything["Next"]) == (["States.ALL"], "LoadFailed")
    assert set(fenced["ErrorEquals"]).isdisjoint(STATES["Escalate"]["Retry"][0]["ErrorEquals"])


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
