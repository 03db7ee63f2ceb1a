"""A Python function runs as on AWS: layers under /opt, errors by class name, warm after an exception, gone with the server."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.config import Config

from .conftest import Cloud, unique, until, zipped


def layer(cloud: Cloud, files: dict[str, str]) -> str:
    published = cloud.client("lambda").publish_layer_version(LayerName=unique("layer"), Content={"ZipFile": zipped(files)})
    return str(published["LayerVersionArn"])


WHERE = """
    import duckdb, shared
    def handle(event, context):
        return {"duckdb": duckdb.__file__, "shared": shared.NAME}
"""


def test_a_layer_comes_before_the_emulators_own_packages_and_is_unpacked_once(cloud: Cloud) -> None:
    layers = [
        layer(cloud, {"python/duckdb.py": "", "python/shared.py": "NAME = 'first'"}),
        layer(cloud, {"python/shared.py": "NAME = 'second'"}),
    ]
    first, _ = cloud.invoke(cloud.function(WHERE, Layers=layers))
    second, _ = cloud.invoke(cloud.function(WHERE, Layers=layers))
    cache = cloud.settings.state / "cache"
    assert Path(first["duckdb"]).is_relative_to(cache)
    assert first["duckdb"] == second["duckdb"]
    assert first["shared"] == "second", "the later layer covers the earlier one in /opt"


def test_a_function_sees_boto3_and_nothing_else_of_the_emulators_environment(cloud: Cloud) -> None:
    name = cloud.function("""
        import importlib.util, os
        def handle(event, context):
            found = [name for name in ("boto3", "botocore", "pyarrow", "duckdb", "ministack") if importlib.util.find_spec(name)]
            return found, sorted(os.environ)
    """)  # fmt: skip
    (found, variables), _ = cloud.invoke(name)
    assert found == ["boto3", "botocore"]
    assert not [variable for variable in variables if variable.startswith(("TIDEGATE_", "MINISTACK_")) or variable == "HOME"]


def test_the_tmp_of_a_function_is_where_the_next_server_clears_it(cloud: Cloud) -> None:
    name = cloud.function("""
        import tempfile
        def handle(event, context):
            return tempfile.gettempdir()
    """)  # fmt: skip
    found, _ = cloud.invoke(name)
    assert Path(found).parent == cloud.settings.state / f"tmp-{cloud.settings.port}"


def test_an_exception_is_named_by_its_class_and_leaves_the_environment_warm(cloud: Cloud) -> None:
    name = cloud.function("""
        class StaleCommit(Exception): pass
        calls = []
        def handle(event, context):
            calls.append(1)
            if len(calls) == 1:
                raise StaleCommit("the table moved on")
            return len(calls)
    """)  # fmt: skip
    answer, header = cloud.invoke(name)
    assert header == "Unhandled"
    assert answer["errorType"] == "StaleCommit"
    assert answer["errorMessage"] == "the table moved on"
    assert "raise StaleCommit" in "".join(answer["stackTrace"])
    assert "runtime.py" not in "".join(answer["stackTrace"])
    assert answer["requestId"]
    assert cloud.invoke(name) == (2, None)


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ("import os; os._exit(3)", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ("import os; os.kill(os.getpid(), 9)", "Runtime.ExitError", "Runtime exited with error: signal: killed"),
        ("raise SystemExit(1)", "Runtime.ExitError", "Runtime exited with error: exit status 1"),
        ("import time; time.sleep(30)", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("return {1, 2}", "Runtime.MarshalError", "not JSON serializable"),
        ("return 'x' * 7_000_000", "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size"),
    ],
)
def test_a_process_that_ends_or_stalls_is_named_as_on_aws_and_replaced(cloud: Cloud, body: str, kind: str, message: str) -> None:
    name = cloud.function(f"def handle(event, context):\n    if event: return 'well'\n    {body}\n", Timeout=1)
    answer, header = cloud.invoke(name)
    assert (answer["errorType"], header) == (kind, "Unhandled")
    assert message in answer["errorMessage"]
    assert cloud.invoke(name, {"again": True}) == ("well", None)


def test_a_process_that_is_gone_before_it_has_its_event_is_named_as_on_aws_and_replaced(cloud: Cloud) -> None:
    """What dies between two looks at it is still there for the emulator; here it is, as a program that reads nothing."""
    name = cloud.function("""
        import os, threading
        def leave():
            os.set_inheritable(0, False)
            os.execv("/bin/sleep", ["sleep", "30"])
        def handle(event, context):
            if not event:
                threading.Timer(0.2, leave).start()
            return os.getpid()
    """)  # fmt: skip
    process, _ = cloud.invoke(name)
    until(lambda: Path(f"/proc/{process}/comm").read_text().strip() == "sleep")
    answer, header = cloud.invoke(name, {"small": True})
    assert (answer["errorType"], header) == ("Runtime.ExitError", "Unhandled")
    assert cloud.invoke(name, {"again": True})[0] != process


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import nowhere_to_be_found", "Runtime.ImportModuleError"),
        ("def other(): pass", "Runtime.HandlerNotFound"),
        ("def broken(:", "Runtime.UserCodeSyntaxError"),
        ("raise KeyError('LANDING_BUCKET')", "KeyError"),
    ],
)
def test_a_function_that_does_not_load_says_why(cloud: Cloud, source: str, kind: str) -> None:
    answer, header = cloud.invoke(cloud.function(source))
    assert (answer["errorType"], header) == (kind, "Unhandled")


def test_everything_a_function_prints_is_in_cloudwatch_logs(cloud: Cloud) -> None:
    name = cloud.function("""
        import logging, os, sys
        def handle(event, context):
            print("to standard output")
            print("to standard error", file=sys.stderr)
            os.write(1, b"past python\\n")
            logging.getLogger("x").warning("by logging")
            print(context.aws_request_id, "no newline at the end", end="")
            if event: os._exit(1)
    """)  # fmt: skip
    cloud.invoke(name)
    cloud.invoke(name, {"die": True})
    logs = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    lines = [event["message"] for event in logs]
    for wanted in ("to standard output", "to standard error", "past python", "by logging", "no newline at the end"):
        assert sum(wanted in line for line in lines) == 2, (wanted, lines)
    assert sum(line.startswith("REPORT RequestId") for line in lines) == 2


def test_a_function_has_the_permissions_of_its_role_only(cloud: Cloud) -> None:
    bucket = cloud.bucket()
    source = f"""
        import boto3
        def handle(event, context):
            boto3.client("s3").put_object(Bucket="{bucket}", Key="a", Body=b"")
    """
    answer, _ = cloud.invoke(cloud.function(source))
    assert answer["errorType"] in ("ClientError", "AccessDenied")
    assert "not authorized to perform: s3:PutObject" in answer["errorMessage"]
    allowed = cloud.role(("s3:PutObject", f"arn:aws:s3:::{bucket}/*"))
    assert cloud.invoke(cloud.function(source, role=allowed)) == (None, None)


def test_new_code_replaces_warm_workers(cloud: Cloud) -> None:
    name = cloud.function("def handle(event, context): return 'old'")
    assert cloud.invoke(name) == ("old", None)
    new = zipped({"handler.py": "def handle(event, context): return 'new'"})
    cloud.client("lambda").update_function_code(FunctionName=name, ZipFile=new)
    assert until(lambda: cloud.invoke(name) == ("new", None))


def test_a_burst_waits_its_turn_instead_of_starting_a_process_each(cloud: Cloud) -> None:
    name = cloud.function("import os, time\ndef handle(event, context): time.sleep(0.1); return os.getpid()", Timeout=2)
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: cloud.invoke(name), range(24)))
    assert {header for _, header in answers} == {None}
    assert len({pid for pid, _ in answers}) <= 8


def test_reserved_concurrency_throttles(cloud: Cloud) -> None:
    name = cloud.function("import time\ndef handle(event, context): time.sleep(1.5)")
    client = cloud.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({}))
    time.sleep(0.5)
    impatient = cloud.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    with pytest.raises(impatient.exceptions.TooManyRequestsException):
        impatient.invoke(FunctionName=name)
