"""The Glue job, as the template has it: its arguments, its code, its role, where it runs and what it may reach."""

import ast
import re

from tests.unit.stack.stack import ROOT, STATES, TEMPLATE, as_list, of_type, statements
from tests.unit.stack.test_layers import pins

JOB = of_type("AWS::Glue::Job")["LoadJob"]
SCRIPT = ast.parse((ROOT / "jobs/load.py").read_text(encoding="utf-8"))
ENTRY = ast.parse((ROOT / "layers/tidegate/python/tidegate/spark/job.py").read_text(encoding="utf-8"))
STATEMENTS = [statement for name, statement in statements() if name == "LoadJobRole"]
OF_GLUE = {"--job-language", "--enable-metrics", "--enable-observability-metrics", "--custom-logGroup-prefix"}
#: What Glue itself tells every job.
TOLD = {"JOB_RUN_ID"}


def asked(tree: ast.AST) -> set[str]:
    """The names that code takes out of `arguments`."""
    reads = (
        n for n in ast.walk(tree) if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name) and n.value.id == "arguments"
    )
    return {n.slice.value for n in reads if isinstance(n.slice, ast.Constant)}


def settings() -> set[str]:
    (names,) = (n.value for n in ENTRY.body if isinstance(n, ast.Assign) and n.targets[0].id == "_SETTINGS")  # type: ignore[attr-defined]
    return set(ast.literal_eval(names))


def test_the_job_is_given_the_arguments_that_it_asks_for_and_no_other() -> None:
    given = {name for name in JOB["DefaultArguments"] if name not in OF_GLUE} | set(STATES["LoadOnGlue"]["Parameters"]["Arguments"])
    given = {name.removeprefix("--").removesuffix(".$") for name in given}
    assert asked(SCRIPT) | asked(ENTRY) | settings() == given | TOLD


def test_the_job_is_given_what_the_load_function_is_given() -> None:
    variables = of_type("AWS::Serverless::Function")["LoadFunction"]["Environment"]["Variables"]
    arguments = JOB["DefaultArguments"]
    assert settings() == set(variables)
    assert {name: arguments[f"--{name}"] for name in variables} == variables


def test_the_state_machine_starts_this_job_and_may_start_no_other() -> None:
    (machine,) = of_type("AWS::Serverless::StateMachine").values()
    assert machine["DefinitionSubstitutions"]["LoadJob"] == JOB["Name"]
    (may,) = (s for name, s in statements() if name == "LoadStateMachineRole" and "glue:StartJobRun" in as_list(s["Action"]))
    assert may["Resource"] == {"Fn::Sub": "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:job/${AWS::StackName}-load"}
    assert "glue:BatchStopJobRun" in may["Action"]  # a stopped execution stops its job run


def test_versions_of_glue_spark_and_python_belong_together() -> None:
    assert (JOB["GlueVersion"], pins(ROOT / "requirements/spark.txt")["pyspark"]) == ("5.1", "3.5.6")
    assert of_type("AWS::Serverless::LayerVersion")["JobLayer"]["CompatibleRuntimes"] == ["python3.11"]
    assert "TIDEGATE_BUILD_PYTHON := 3.11" in (ROOT / "layers/job/Makefile").read_text(encoding="utf-8")


def test_the_jobs_code_is_the_functions_code() -> None:
    assert JOB["DefaultArguments"]["--LAYERS"] == {"Fn::Sub": "${TidegateLayer},${JobLayer}"}
    assert JOB["Command"]["ScriptLocation"] == {"Fn::Sub": "s3://${LakeBucket}/jobs/load.py"}
    locks = re.findall(r"\$\(here\)\.\./(\w+)/requirements\.txt", (ROOT / "layers/job/Makefile").read_text(encoding="utf-8"))
    assert locks == ["base", "engine"]
    installs = {"--additional-python-modules", "--extra-py-files"}
    assert not installs & set(JOB["DefaultArguments"])  # nothing is fetched from an index while rows wait


def test_the_job_is_there_only_after_its_script() -> None:
    assert TEMPLATE["Resources"]["LoadJob"]["DependsOn"] == "JobScripts"
    assert TEMPLATE["Resources"]["JobScripts"]["Properties"]["Version"] == {"Ref": "PublishFunction.Version"}


def test_the_job_may_do_what_the_load_function_may_and_read_its_own_code() -> None:
    def allowed(role: str) -> set[tuple[str, str]]:
        return {
            (a, str(r)) for name, s in statements() if name == role for a in as_list(s["Action"]) for r in as_list(s["Resource"])
        }

    function = {pair for pair in allowed("LoadRole") if not pair[0].startswith("logs:")}
    assert function < allowed("LoadJobRole")
    more = {action for action, _ in allowed("LoadJobRole") - function if not action.startswith("logs:")}
    assert more == {"dynamodb:ConditionCheckItem", "lambda:GetLayerVersion", "s3:GetObject"}


def test_only_glue_in_this_account_is_the_jobs_role() -> None:
    (trust,) = of_type("AWS::IAM::Role")["LoadJobRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "glue.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_no_permission_of_the_job_is_lake_formations_or_a_wildcard() -> None:
    assert not [s for s in STATEMENTS if any(a.startswith("lakeformation:") or "*" in a for a in as_list(s["Action"]))]
    assert not [s for s in STATEMENTS if "*" in as_list(s["Resource"])]


def test_the_job_is_in_no_network_of_ours() -> None:
    """It talks to AWS APIs only, as the functions do: a connection would want subnets and addresses."""
    assert "Connections" not in JOB
    assert not of_type("AWS::Glue::Connection")


def test_job_runs_wait_in_a_queue_and_none_runs_for_ever_or_twice() -> None:
    assert JOB["JobRunQueuingEnabled"] is True
    assert JOB["MaxRetries"] == 0  # only the state machine knows what is worth another try
    assert TEMPLATE["Parameters"]["GlueTimeoutMinutes"]["MaxValue"] * 60 < STATES["LoadOnGlue"]["TimeoutSeconds"]


def test_a_run_waits_for_its_machines_longer_than_for_anything_else() -> None:
    """How its lease is extended is held by tests/integration/test_ledger.py."""
    assert TEMPLATE["Parameters"]["GlueWaitSeconds"]["Default"] > TEMPLATE["Parameters"]["LeaseSeconds"]["Default"]
