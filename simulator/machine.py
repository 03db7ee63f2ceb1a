"""An interpreter of statemachine/load.asl.json: the states, retries and catches that go to AWS are the ones that are simulated."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Invoke = Callable[[str, Any], Any]  # the resource and its parameters; raises TaskFailed
DEFINITION = json.loads((Path(__file__).resolve().parents[1] / "statemachine" / "load.asl.json").read_text(encoding="utf-8"))


class TaskFailed(Exception):
    """A task failed with an error name and a cause."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause


def run(given: dict[str, Any], invoke: Invoke, enter: Callable[[str], None]) -> str:
    """Run an execution to its end and return SUCCEEDED or FAILED."""
    states, context = DEFINITION["States"], {"Execution": {"Input": given}}
    name, data = DEFINITION["StartAt"], given
    while True:
        enter(name)
        state = states[name]
        kind = state["Type"]
        if kind in ("Succeed", "Fail"):
            return "SUCCEEDED" if kind == "Succeed" else "FAILED"
        if kind == "Choice":
            name = next((c["Next"] for c in state["Choices"] if _holds(c, data)), state["Default"])
            continue
        try:
            data = _after(state, data, _perform(state, data, context, invoke))
        except TaskFailed as failed:
            catch = next((c for c in state.get("Catch", ()) if _matches(c["ErrorEquals"], failed.error)), None)
            if catch is None:
                return "FAILED"
            data = _put(data, catch.get("ResultPath", "$"), {"Error": failed.error, "Cause": failed.cause})
            name = catch["Next"]
            continue
        if state.get("End"):
            return "SUCCEEDED"
        name = state["Next"]


def _perform(state: Mapping[str, Any], data: Any, context: Any, invoke: Invoke) -> Any:
    parameters = fill(state["Parameters"], data, context) if "Parameters" in state else data
    if state["Type"] == "Pass":
        return parameters
    tries: dict[int, int] = {}
    while True:
        try:
            answer = invoke(state["Resource"], parameters)
        except TaskFailed as failed:
            place = next((n for n, r in enumerate(state.get("Retry", ())) if _matches(r["ErrorEquals"], failed.error)), None)
            if place is None or tries.get(place, 0) >= state["Retry"][place]["MaxAttempts"]:
                raise
            tries[place] = tries.get(place, 0) + 1
        else:
            return fill(state["ResultSelector"], answer, context) if "ResultSelector" in state else answer


def _after(state: Mapping[str, Any], data: Any, result: Any) -> Any:
    path = state.get("ResultPath", "$")
    data = data if path is None else _put(data, path, result)
    return _get(data, state["OutputPath"]) if "OutputPath" in state else data


def _matches(wanted: list[str], error: str) -> bool:
    return "States.ALL" in wanted or error in wanted


def fill(template: Any, data: Any, context: Any) -> Any:
    """Return what a state's parameters are for its input and the execution's context."""
    if isinstance(template, list):
        return [fill(t, data, context) for t in template]
    if not isinstance(template, dict):
        return template
    return {
        (k.removesuffix(".$")): (_value(v, data, context) if k.endswith(".$") else fill(v, data, context))
        for k, v in template.items()
    }


def _value(text: str, data: Any, context: Any) -> Any:
    if text.startswith("States.JsonToString("):
        return json.dumps(_value(text[len("States.JsonToString(") : -1], data, context))
    if text.startswith("States.Format("):
        words, path = text[len("States.Format('") : -1].split("', ")
        return words.format(_value(path, data, context))
    return _get(context, text[1:]) if text.startswith("$$.") else _get(data, text)


def _get(data: Any, path: str) -> Any:
    for word in path.removeprefix("$").strip(".").split("."):
        data = data[word] if word else data
    return data


def _put(data: Any, path: str, value: Any) -> Any:
    if path == "$":
        return value
    return {**data, path.removeprefix("$."): value}


def _holds(rule: Mapping[str, Any], data: Any) -> bool:
    if "And" in rule:
        return all(_holds(r, data) for r in rule["And"])
    try:
        value = _get(data, rule["Variable"])
    except KeyError:
        return not rule.get("IsPresent", True)
    tests = {
        "IsPresent": lambda wanted: wanted is True,
        "IsString": lambda wanted: isinstance(value, str) is wanted,
        "BooleanEquals": lambda wanted: value is wanted,
        "StringEquals": lambda wanted: value == wanted,
    }
    return all(tests[name](wanted) for name, wanted in rule.items() if name not in ("Variable", "Next", "Comment"))
