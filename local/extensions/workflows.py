"""State machines act under their own role, see throttling and too large answers as errors, and can run Glue jobs.

On AWS a state machine calls services with its role's permissions, a throttled function gives `Lambda.TooManyRequestsException`, a
task's answer over 256 KiB fails with `States.DataLimitExceeded`, and `glue:startJobRun.sync` waits for the run to end. In the
emulator state machines act as the account, a throttle is `Lambda.Unknown`, size has no limit and Glue is not there. And starting a
running execution again, by the same name with the same input, is success on AWS, an error in the emulator.

The role is checked for the integrations in `NEEDS`. Other `aws-sdk:*` integrations are not checked: their resources are not known here.
"""

import json
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import json_response
from ministack.services import glue
from ministack.services import stepfunctions as states

from local.extensions import roles

LARGEST_ANSWER = 256 * 1024
POLL_SECONDS = 0.5
ENDED_BADLY = ("FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED")

_execution: ContextVar[dict[str, Any] | None] = ContextVar("execution", default=None)


def _queue(task: dict[str, Any]) -> str:
    return roles.arn("sqs", str(task.get("QueueUrl", "")).rsplit("/", 1)[-1])


def _function(task: dict[str, Any]) -> str:
    name = str(task.get("FunctionName", ""))
    found = name if name.startswith("arn:") else roles.arn("lambda", f"function:{name}")
    return f"{found}:{task['Qualifier']}" if task.get("Qualifier") else found


def _machine(task: dict[str, Any]) -> str:
    return str(task.get("StateMachineArn", ""))


def _table(task: dict[str, Any]) -> str:
    return roles.arn("dynamodb", f"table/{task.get('TableName', '')}")


def _job(task: dict[str, Any]) -> str:
    return roles.arn("glue", f"job/{task.get('JobName', '')}")


def _crawler(task: dict[str, Any]) -> str:
    return roles.arn("glue", f"crawler/{task.get('Name', '')}")


# integration: the action it needs, on which resource, and the error that AWS gives without it
NEEDS: dict[str, tuple[str, Callable[[dict[str, Any]], str], str]] = {
    "lambda:invoke": ("lambda:InvokeFunction", _function, "Lambda.AWSLambdaException"),
    "sqs:sendMessage": ("sqs:SendMessage", _queue, "SQS.AmazonSQSException"),
    "sns:publish": ("sns:Publish", lambda task: str(task.get("TopicArn", "")), "SNS.AuthorizationErrorException"),
    "states:startExecution": ("states:StartExecution", _machine, "StepFunctions.AWSStepFunctionsException"),
    "dynamodb:getItem": ("dynamodb:GetItem", _table, "DynamoDB.AmazonDynamoDBException"),
    "dynamodb:putItem": ("dynamodb:PutItem", _table, "DynamoDB.AmazonDynamoDBException"),
    "dynamodb:updateItem": ("dynamodb:UpdateItem", _table, "DynamoDB.AmazonDynamoDBException"),
    "dynamodb:deleteItem": ("dynamodb:DeleteItem", _table, "DynamoDB.AmazonDynamoDBException"),
    "glue:startJobRun": ("glue:StartJobRun", _job, "Glue.AccessDeniedException"),
    "aws-sdk:glue:startCrawler": ("glue:StartCrawler", _crawler, "Glue.AccessDeniedException"),
}


def install() -> None:
    """Wrap the emulator's task execution, and put Glue among its integrations."""
    execute, invoke, call = states._execute_task, states._invoke_resource, states._call_lambda

    def execute_task(state: dict[str, Any], raw_input: Any, execution: dict[str, Any], context: dict[str, Any]) -> Any:  # noqa: ANN401
        token = _execution.set(execution)
        try:
            return execute(state, raw_input, execution, context)
        finally:
            _execution.reset(token)

    def invoke_resource(resource: str, task: Any) -> Any:  # noqa: ANN401 - any JSON
        _require_permission(resource, task)
        answer = invoke(resource, task)
        if len(json.dumps(answer, default=str)) > LARGEST_ANSWER:
            message = f"The task '{resource}' returned a result with a size exceeding the maximum number of bytes service limit."
            raise states._ExecutionError("States.DataLimitExceeded", message)
        return answer

    def call_lambda(reference: str, event: Any) -> Any:  # noqa: ANN401 - any JSON
        try:
            return call(reference, event)
        except states._ExecutionError as error:
            if "TooManyRequestsException" in error.cause and error.error == "Lambda.Unknown":
                raise states._ExecutionError("Lambda.TooManyRequestsException", error.cause) from None
            raise

    start = states._start_execution

    def start_execution(data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
        running = _same_execution(data)
        if running is None:
            return start(data)
        return json_response({"executionArn": running["executionArn"], "startDate": running["startDate"]})

    states._start_execution = start_execution
    states._execute_task, states._invoke_resource, states._call_lambda = execute_task, invoke_resource, call_lambda
    states._SERVICE_DISPATCH["arn:aws:states:::glue:startJobRun"] = start_job_run


def _same_execution(data: dict[str, Any]) -> dict[str, Any] | None:
    """The running execution that has this name and this input."""
    arn = str(data.get("stateMachineArn", "")).replace(":stateMachine:", ":execution:") + f":{data.get('name')}"
    found: dict[str, Any] | None = states._executions.get(arn)
    return found if found and found["status"] == "RUNNING" and found["input"] == data.get("input", "{}") else None


def _require_permission(resource: str, task: Any) -> None:  # noqa: ANN401 - any JSON
    """Refuse what the state machine's role may not do."""
    execution = _execution.get()
    integration = resource.removeprefix("arn:aws:states:::").split(".")[0]
    if resource.startswith("arn:aws:lambda:"):
        integration, task = "lambda:invoke", {"FunctionName": resource}
    if execution is None or integration not in NEEDS or not isinstance(task, dict):
        return
    machine = states._state_machines.get(execution["stateMachineArn"]) or {}
    action, resource_of, error = NEEDS[integration]
    if reason := roles.refusal(machine.get("roleArn", ""), execution["name"][:64], action, resource_of(task)):
        raise states._ExecutionError(error, reason)


def start_job_run(resource: str, task: dict[str, Any]) -> dict[str, Any]:
    """glue:startJobRun; with `.sync` the answer is the ended run, and a run that ended badly fails the task with it as cause."""
    status, _, body = glue._start_job_run(task)
    started = json.loads(body)
    if status >= 400:  # noqa: PLR2004 - HTTP's errors
        raise states._ExecutionError(f"Glue.{started.get('__type', 'AWSGlueException')}", started.get("message", ""))
    if not resource.endswith(".sync"):
        return {"JobName": task["JobName"], "JobRunId": started["JobRunId"]}
    name, run_id, execution = task["JobName"], started["JobRunId"], _execution.get()
    while True:
        run = next(run for run in glue._job_runs[name] if run["Id"] == run_id)
        if run["JobRunState"] == "SUCCEEDED":
            return dict(run)
        if run["JobRunState"] in ENDED_BADLY:
            raise states._ExecutionError("States.TaskFailed", json.dumps(run))
        if execution and execution["status"] != "RUNNING":
            glue._batch_stop_job_run({"JobName": name, "JobRunIds": [run_id]})
        time.sleep(POLL_SECONDS)
