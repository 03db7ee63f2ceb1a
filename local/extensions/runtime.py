"""The Python runtime inside a Lambda worker.

Run it by `python -I -S -u`: nothing of the emulator's environment is on its path, and no line printed just before its end is lost.

AWS's runtime puts the function first, then the layers, then its own boto3 on the path; names an exception by its class; leaves the
environment warm after an exception; and counts a process that exits as a failure of its own kind (`Runtime.ExitError`).

Argument 1 is the descriptor for answers. Standard input brings JSON lines, first the set-up {"paths": [...], "handler": text}, then
one {"event", "request_id", "arn", "deadline"} per invocation. Each gets one JSON line back: {"result": any} or {"error": {...}}.
Standard output and error are the log; a line `NUL request_id` marks the end of an invocation in it.
"""

import importlib
import json
import linecache  # noqa: F401 - loaded now: a traceback must not import from the function's path
import logging
import os
import queue
import signal
import site
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

LARGEST_ANSWER = 6 * 1024 * 1024 + 100

Error = dict[str, Any]
Handler = Callable[[Any, "Context"], Any]


class Context:
    """The context object of one invocation."""

    identity = None
    client_context = None

    def __init__(self, call: dict[str, Any]) -> None:
        """From the call and the environment."""
        self.aws_request_id = call["request_id"]
        self.invoked_function_arn = call["arn"]
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
        self._deadline = call["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's timeout."""
        return max(0, int((self._deadline - time.time()) * 1000))

    def log(self, message: object) -> None:
        """Write to the log."""
        sys.stdout.write(str(message))


class LogHandler(logging.Handler):
    """The handler that AWS's runtime puts on the root logger."""

    request_id = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one tab-separated line."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        sys.stdout.write(f"[{record.levelname}]\t{stamp}\t{self.request_id}\t{self.format(record)}\n")


def failure(kind: str, message: str, request_id: str, trace: Sequence[str] = ()) -> Error:
    """An error as AWS returns it from a failed invocation."""
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": list(trace)}


def caught(error: Exception, request_id: str) -> Error:
    """The failure for an exception, with the frames of the handler and not of this file."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    return failure(type(error).__name__, str(error), request_id, traceback.format_list(frames))


def load(handler: str) -> Handler | Error:
    """The function `module.name`; the error names of AWS when it cannot be had."""
    module_name, _, name = handler.rpartition(".")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        return failure("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}", "")
    except SyntaxError as error:
        return failure("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", "")
    except Exception as error:  # noqa: BLE001 - whatever the module raises is the answer
        return caught(error, "")
    if not hasattr(module, name):
        return failure("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'", "")
    found: Handler = getattr(module, name)
    return found


def number(value: object) -> float:
    """Decimals are written as numbers."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def invoke(function: Handler, call: dict[str, Any]) -> str:
    """One invocation: the text of the answer."""
    request_id = call["request_id"]
    try:
        result = function(call["event"], Context(call))
    except Exception as error:  # noqa: BLE001 - whatever the handler raises is the answer
        found = caught(error, request_id)
        sys.stdout.write("[ERROR] {}: {}\nTraceback (most recent call last):\n{}\n".format(
            found["errorType"], found["errorMessage"], "".join(found["stackTrace"])))  # fmt: skip
        return json.dumps({"error": found})
    try:
        text = json.dumps({"result": result}, default=number, allow_nan=False)
    except (TypeError, ValueError) as error:
        return json.dumps({"error": failure("Runtime.MarshalError", f"Unable to marshal response: {error}", request_id)})
    if len(text.encode()) > LARGEST_ANSWER:
        message = f"Response payload size exceeded maximum allowed payload size ({LARGEST_ANSWER} bytes)."
        return json.dumps({"error": failure("Function.ResponseSizeTooLarge", message, request_id)})
    return text


def end(*_: object) -> None:
    """End this worker and everything it started."""
    os.killpg(0, signal.SIGKILL)


def feed(calls: queue.SimpleQueue[str]) -> None:
    """Pass calls on; when the server is gone, so is this worker."""
    for line in sys.stdin:
        calls.put(line)
    end()


def main() -> None:
    """Set up, load the function once, answer until the server goes away."""
    answers = os.fdopen(int(sys.argv[1]), "w", buffering=1)
    os.set_inheritable(answers.fileno(), False)  # noqa: FBT003 - the name of the call says what it means
    sys.stderr = sys.stdout
    signal.signal(signal.SIGTERM, end)
    calls: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=feed, args=(calls,), daemon=True).start()
    setup = json.loads(calls.get())
    before, after = setup["paths"]
    sys.path[:] = [*before, *os.environ.get("PYTHONPATH", "").split(os.pathsep), *sys.path, *after]
    sys.path[:] = [path for path in sys.path if path]
    for path in before:
        if path.endswith("site-packages"):
            site.addsitedir(path)
    log = LogHandler()
    logging.getLogger().addHandler(log)
    sys.argv = [""]
    function = load(setup["handler"])
    if isinstance(function, dict):
        sys.stdout.write("[ERROR] {errorType}: {errorMessage}\n".format(**function))
        answers.write(json.dumps({"error": function}) + "\n")
        return
    answers.write(json.dumps({"result": "ready"}) + "\n")
    while True:
        call = json.loads(calls.get())
        log.request_id = call["request_id"]
        os.environ.pop("_X_AMZN_TRACE_ID", None)
        os.environ.update({"_X_AMZN_TRACE_ID": call["trace_id"]} if call.get("trace_id") else {})
        answer = invoke(function, call)
        sys.stdout.write(f"\0{call['request_id']}\n")
        answers.write(answer + "\n")


if __name__ == "__main__":
    main()
