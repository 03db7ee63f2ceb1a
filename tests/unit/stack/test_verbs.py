import ast

import pytest

from tests.unit.stack.stack import LAMBDA, ROOT, STATES, TEMPLATE, of_type, verbs
from tidegate.model.upkeep import LONGEST_WORK

IN_THE_STATE_MACHINE = {"claim", "load", "audit", "settle", "fail"}
BOOTSTRAP = ast.parse((ROOT / "layers/tidegate/python/tidegate/bootstrap.py").read_text(encoding="utf-8"))


def test_one_verb_has_one_folder_one_function_one_role_and_one_state() -> None:
    folders = verbs()
    assert {name.removesuffix("Function").lower() for name in of_type("AWS::Serverless::Function")} == folders | {"publish"}
    roles = {name.removesuffix("Role").lower() for name in of_type("AWS::IAM::Role")} - {
        "loadstatemachine",
        "loadjob",
        "landingcrawler",
    }
    assert roles == folders | {"publish"}
    states = {name.lower() for name, state in STATES.items() if state.get("Resource") == LAMBDA}
    assert states == IN_THE_STATE_MACHINE
    assert states < folders


def test_a_function_is_made_of_its_verbs_folder() -> None:
    for name, function in of_type("AWS::Serverless::Function").items():
        assert function["CodeUri"] == (
            "jobs/" if name == "PublishFunction" else f"functions/{name.removesuffix('Function').lower()}/"
        )


def _used(tree: ast.AST, module: str) -> set[str]:
    """Return the attributes of `module` that a piece of code mentions."""
    nodes = (n for n in ast.walk(tree) if isinstance(n, ast.Attribute))
    return {n.attr for n in nodes if isinstance(n.value, ast.Name) and n.value.id == module}


def _settings(tree: ast.AST) -> set[str]:
    """Return the names read as `settings.text("X")`, `settings.number("X")`, of bootstrap's or in bootstrap."""
    calls = (n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute))
    read = (c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr in ("text", "number"))
    return {a.value for c in read for a in c.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}


@pytest.mark.parametrize("verb", sorted(verbs()))
def test_a_function_is_given_the_settings_it_uses_and_no_other(verb: str) -> None:
    handler = ast.parse((ROOT / "functions" / verb / "handler.py").read_text(encoding="utf-8"))
    wiring = {node.name: node for node in BOOTSTRAP.body if isinstance(node, ast.FunctionDef)}
    wanted = _settings(handler)
    todo, seen = _used(handler, "bootstrap") & set(wiring), set()
    while todo:  # wiring uses wiring
        seen.add(name := todo.pop())
        wanted |= _settings(wiring[name])
        calls = {n.func.id for n in ast.walk(wiring[name]) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        todo |= (calls & set(wiring)) - seen
    given = of_type("AWS::Serverless::Function")[f"{verb.capitalize()}Function"]["Environment"]["Variables"]
    assert set(given) == wanted


def test_every_function_names_its_service_for_logs_metrics_and_traces() -> None:
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    assert (variables["POWERTOOLS_SERVICE_NAME"], variables["POWERTOOLS_METRICS_NAMESPACE"]) == ("tidegate", "Tidegate")
    assert TEMPLATE["Globals"]["Function"]["Tracing"] == "Active"


def test_every_verb_has_an_event_to_try_it_with() -> None:
    tried = {path.stem.split("-")[0] for path in (ROOT / "events").glob("*.json")}
    assert tried == verbs()


def test_reconcile_comes_by_itself() -> None:
    events = of_type("AWS::Serverless::Function")["ReconcileFunction"]["Events"]
    assert [event["Properties"]["Schedule"] for event in events.values()] == ["rate(5 minutes)"]


def test_maintain_comes_by_itself_as_often_as_the_parameter_says() -> None:
    events = of_type("AWS::Serverless::Function")["MaintainFunction"]["Events"]
    assert [event["Properties"]["Schedule"] for event in events.values()] == [{"Ref": "MaintainSchedule"}]


def test_orphans_are_older_than_any_work_that_could_still_refer_to_them() -> None:
    functions = of_type("AWS::Serverless::Function")
    job = TEMPLATE["Parameters"]["GlueTimeoutMinutes"]["MaxValue"] * 60
    longest = max(functions["LoadFunction"]["Timeout"], functions["MaintainFunction"]["Timeout"], job)
    assert longest < LONGEST_WORK <= TEMPLATE["Parameters"]["OrphanSeconds"]["MinValue"]


def test_one_bad_message_does_not_bring_its_batch_back() -> None:
    arrivals = of_type("AWS::Serverless::Function")["IngestFunction"]["Events"]["Arrivals"]["Properties"]
    assert arrivals["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
