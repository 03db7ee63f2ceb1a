"""State machines: errors by name, their own role, Glue jobs that really run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from .conftest import ACCOUNT, Cloud, unique, until

STATES = "states.amazonaws.com"
CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]


def machine(task: dict[str, Any], **states: Any) -> dict[str, Any]:
    """One task, and where to go when it fails."""
    caught = {"Type": "Pass", "End": True}
    return {"StartAt": "Task", "States": {"Task": {"Type": "Task", "End": True, **task}, "Caught": caught, **states}}


def invoking(name: str, **task: Any) -> dict[str, Any]:
    return {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": name, "Payload.$": "$"}, **task}


def may_invoke(cloud: Cloud, name: str) -> str:
    return cloud.role(("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}*"), trusted=STATES)


def test_retry_and_catch_match_the_exceptions_class(cloud: Cloud) -> None:
    name = cloud.function("""
        class Throttled(Exception): pass
        class BooksUnbalanced(Exception): pass
        calls = []
        def handle(event, context):
            calls.append(1)
            raise Throttled("slow down") if len(calls) < 3 else BooksUnbalanced(f"after {len(calls)} calls")
    """)  # fmt: skip
    retry = [{"ErrorEquals": ["Throttled"], "IntervalSeconds": 0, "MaxAttempts": 5, "BackoffRate": 1}]
    catch = [{"ErrorEquals": ["BooksUnbalanced"], "Next": "Caught"}]
    run = cloud.run_machine(machine(invoking(name, Retry=retry, Catch=catch)), may_invoke(cloud, name))
    assert run["status"] == "SUCCEEDED"
    error = json.loads(run["output"])
    assert error["Error"] == "BooksUnbalanced"
    assert json.loads(error["Cause"])["errorMessage"] == "after 3 calls"


@pytest.mark.parametrize(
    ("body", "error"), [("import os; os._exit(1)", "Runtime.ExitError"), ("import time; time.sleep(9)", "Sandbox.Timedout")],
)  # fmt: skip
def test_a_dead_or_slow_function_has_awss_error_name(cloud: Cloud, body: str, error: str) -> None:
    name = cloud.function(f"def handle(event, context): {body}", Timeout=1)
    run = cloud.run_machine(machine(invoking(name)), may_invoke(cloud, name))
    assert (run["status"], run["error"]) == ("FAILED", error)


def test_a_throttled_function_has_awss_error_name(cloud: Cloud) -> None:
    name = cloud.function("def handle(event, context): return 1")
    cloud.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    run = cloud.run_machine(machine(invoking(name)), may_invoke(cloud, name))
    assert run["error"] == "Lambda.TooManyRequestsException"


def test_a_task_may_not_return_more_than_256_kib(cloud: Cloud) -> None:
    name = cloud.function("def handle(event, context): return 'x' * 300_000")
    run = cloud.run_machine(machine(invoking(name)), may_invoke(cloud, name))
    assert run["error"] == "States.DataLimitExceeded"


def test_a_state_machine_may_do_what_its_role_may_and_no_more(cloud: Cloud) -> None:
    name = cloud.function("def handle(event, context): return 1")
    refused = cloud.run_machine(machine(invoking(name, Catch=CATCH_ALL)), cloud.role(trusted=STATES))
    error = json.loads(refused["output"])
    assert error["Error"] == "Lambda.AWSLambdaException"
    assert "not authorized to perform: lambda:InvokeFunction" in error["Cause"]
    assert f"on resource: arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}" in error["Cause"]
    assert cloud.run_machine(machine(invoking(name)), may_invoke(cloud, name))["status"] == "SUCCEEDED"


def test_starting_a_running_execution_again_is_success_if_the_input_is_the_same(cloud: Cloud) -> None:
    states = cloud.client("stepfunctions")
    waiting = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
    role = cloud.role(trusted=STATES)
    arn = states.create_state_machine(name=unique("m"), definition=json.dumps(waiting), roleArn=role)["stateMachineArn"]
    first = states.start_execution(stateMachineArn=arn, name="orders-7", input='{"token": 7}')
    again = states.start_execution(stateMachineArn=arn, name="orders-7", input='{"token": 7}')
    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=arn, name="orders-7", input='{"token": 8}')
    states.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=arn, name="orders-7", input='{"token": 7}')


def test_messages_need_permission_too(cloud: Cloud) -> None:
    url = cloud.client("sqs").create_queue(QueueName=unique("letters"))["QueueUrl"]
    topic = cloud.client("sns").create_topic(Name=unique("topic"))["TopicArn"]
    tasks = {
        "sqs:SendMessage": ("sqs:sendMessage", {"QueueUrl": url, "MessageBody": {"run": 1}}),
        "sns:Publish": ("sns:publish", {"TopicArn": topic, "Message": "done"}),
    }
    for action, (integration, parameters) in tasks.items():
        task = machine({"Resource": f"arn:aws:states:::{integration}", "Parameters": parameters})
        assert action in cloud.run_machine(task, cloud.role(trusted=STATES))["cause"]
        assert cloud.run_machine(task, cloud.role((action, "*"), trusted=STATES))["status"] == "SUCCEEDED"
    assert cloud.client("sqs").receive_message(QueueUrl=url)["Messages"][0]["Body"] == '{"run": 1}'


class Job:
    """A Glue Spark job from a script's text, and a state machine role that may start it."""

    def __init__(self, cloud: Cloud, script: str, **options: Any) -> None:
        self.cloud, self.name, self.bucket = cloud, unique("job"), cloud.bucket()
        cloud.client("s3").put_object(Bucket=self.bucket, Key="job.py", Body=script.encode())
        cloud.client("glue").create_job(
            Name=self.name, Role=cloud.role(("s3:PutObject", f"arn:aws:s3:::{self.bucket}/*"), trusted="glue.amazonaws.com"),
            Command={"Name": "glueetl", "ScriptLocation": f"s3://{self.bucket}/job.py", "PythonVersion": "3"}, GlueVersion="5.1",
            **options,
        )  # fmt: skip

    def run(self, arguments: dict[str, str] | None = None, resource: str = "startJobRun.sync", **task: Any) -> dict[str, Any]:
        role = self.cloud.role(("glue:StartJobRun", f"arn:aws:glue:us-east-1:{ACCOUNT}:job/{self.name}"), trusted=STATES)
        parameters = {"JobName": self.name, "Arguments": arguments or {}}
        task = {"Resource": f"arn:aws:states:::glue:{resource}", "Parameters": parameters, **task}
        return self.cloud.run_machine(machine(task), role)


SCRIPT = """
import json, os, sys, boto3
boto3.client("s3").put_object(Bucket=sys.argv[sys.argv.index("--bucket") + 1], Key="seen", Body=json.dumps(sys.argv[1:]))
"""


def test_a_job_runs_its_script_with_arguments_under_its_role(cloud: Cloud) -> None:
    job = Job(cloud, SCRIPT, DefaultArguments={"--mode": "full", "--batch": "1"})
    run = job.run({"--bucket": job.bucket, "--mode": "delta files"})
    assert run["status"] == "SUCCEEDED", run
    output = json.loads(run["output"])
    assert output["JobRunState"] == "SUCCEEDED"
    assert output["JobName"] == job.name
    seen = json.loads(cloud.client("s3").get_object(Bucket=job.bucket, Key="seen")["Body"].read())
    assert seen[:4] == ["--JOB_NAME", job.name, "--JOB_RUN_ID", output["Id"]]
    assert seen[4:] == ["--mode", "delta files", "--batch", "1", "--bucket", job.bucket]


def test_a_job_may_do_what_its_role_may_and_no_more(cloud: Cloud) -> None:
    job, elsewhere = Job(cloud, SCRIPT), cloud.bucket()
    cause = json.loads(job.run({"--bucket": elsewhere})["cause"])
    assert cause["JobRunState"] == "FAILED"
    assert "not authorized to perform: s3:PutObject" in cause["ErrorMessage"]


def test_a_job_that_fails_fails_the_task_with_the_run_as_cause(cloud: Cloud) -> None:
    run = Job(cloud, "raise ValueError('no such table')").run(Catch=[{"ErrorEquals": ["States.TaskFailed"], "Next": "Caught"}])
    error = json.loads(run["output"])
    cause = json.loads(error["Cause"])
    assert error["Error"] == "States.TaskFailed"
    assert cause["JobRunState"] == "FAILED"
    assert "ValueError: no such table" in cause["ErrorMessage"]


def test_a_job_leaves_nothing_behind_in_the_temporary_files_of_the_laptop(cloud: Cloud) -> None:
    run = Job(cloud, "import tempfile; raise ValueError(f'left {tempfile.mkdtemp()} behind')").run()
    left = re.search(r"left (\S+) behind", json.loads(run["cause"])["ErrorMessage"])
    assert left
    assert not Path(left[1]).exists()


def test_one_run_too_many_is_refused_by_name(cloud: Cloud) -> None:
    job = Job(cloud, "import time; time.sleep(60)", ExecutionProperty={"MaxConcurrentRuns": 1})
    started = json.loads(job.run(resource="startJobRun")["output"])
    assert job.run()["error"] == "Glue.ConcurrentRunsExceededException"
    glue = cloud.client("glue")
    glue.batch_stop_job_run(JobName=job.name, JobRunIds=[started["JobRunId"]])
    assert glue.get_job_run(JobName=job.name, RunId=started["JobRunId"])["JobRun"]["JobRunState"] == "STOPPED"


def test_a_job_with_a_queue_lets_runs_wait_for_each_other(cloud: Cloud) -> None:
    job = Job(cloud, "import time; time.sleep(2)", ExecutionProperty={"MaxConcurrentRuns": 1}, JobRunQueuingEnabled=True)
    glue, first = cloud.client("glue"), json.loads(job.run(resource="startJobRun")["output"])["JobRunId"]
    second, third = (json.loads(job.run(resource="startJobRun")["output"])["JobRunId"] for _ in range(2))

    def state(run: str) -> str:
        return str(glue.get_job_run(JobName=job.name, RunId=run)["JobRun"]["JobRunState"])

    until(lambda: (state(first), state(second), state(third)) == ("RUNNING", "WAITING", "WAITING"))
    glue.batch_stop_job_run(JobName=job.name, JobRunIds=[second])
    until(lambda: (state(first), state(second), state(third)) == ("SUCCEEDED", "STOPPED", "SUCCEEDED"))


def test_a_stopped_execution_stops_its_job_run(cloud: Cloud) -> None:
    job = Job(cloud, "import time; time.sleep(60)")
    role = cloud.role(("glue:StartJobRun", f"arn:aws:glue:us-east-1:{ACCOUNT}:job/{job.name}"), trusted=STATES)
    task = machine({"Resource": "arn:aws:states:::glue:startJobRun.sync", "Parameters": {"JobName": job.name}})
    states, glue = cloud.client("stepfunctions"), cloud.client("glue")
    made = states.create_state_machine(name=unique("machine"), definition=json.dumps(task), roleArn=role)
    started = states.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]

    def state() -> list[str]:
        return [run["JobRunState"] for run in glue.get_job_runs(JobName=job.name)["JobRuns"]]

    until(lambda: state() == ["RUNNING"])
    states.stop_execution(executionArn=started)
    until(lambda: state() == ["STOPPED"])


def test_a_missing_script_fails_the_run(cloud: Cloud) -> None:
    job = Job(cloud, SCRIPT)
    cloud.client("s3").delete_object(Bucket=job.bucket, Key="job.py")
    assert "does not exist" in json.loads(job.run()["cause"])["ErrorMessage"]
