"""Lambda errors carry the names that AWS gives them, because Retry and Catch of a state machine match on them.

On AWS `errorType` of a failed invocation is the exception's class, beside `errorMessage`, `requestId` and `stackTrace`; a process
that ends gives `Runtime.ExitError`, one that is too slow `Sandbox.Timedout`, and the header says `Unhandled`. The emulator calls
every exception `Runtime.HandlerError`. Only Python functions are ours; the others stay the emulator's.

On AWS every concurrent invocation has an environment of its own, on as many machines as it takes. Here a burst would start a
process for each and drown the laptop, so no more than TIDEGATE_LOCAL_WORKERS (default 8, or twice the cores) run at a time; the
others wait, unthrottled and with their own time not yet running.

A queue is read for a function with the permissions of the function's role; the emulator reads it for anyone.
"""

import os
import threading
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.extensions import packages, roles
from local.extensions.workers import PythonWorker

_running = threading.BoundedSemaphore(int(os.environ.get("TIDEGATE_LOCAL_WORKERS") or max(8, 2 * (os.cpu_count() or 1))))


def install() -> None:
    """Python functions run in our workers."""
    packages.prune()
    packages.empty_temporary()
    worker_class, execute = lambda_runtime._worker_class_for, lambda_svc._execute_function_warm

    def choose(config: dict[str, Any]) -> type:
        return PythonWorker if _is_python(config) else worker_class(config)

    def run(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        config = func.get("config") or func
        if not _is_python(config) or not func.get("code_zip"):
            return execute(func, event, request_id)  # type: ignore[no-any-return]
        return _invoke(func, config, event, request_id)

    concurrency = lambda_svc._sqs_esm_concurrency

    def readers(mapping: dict[str, Any], func: dict[str, Any], config: dict[str, Any], queue: Any) -> int:  # noqa: ANN401
        return concurrency(mapping, func, config, queue) if _may_read(mapping, config) else 0

    lambda_svc._sqs_esm_concurrency = readers
    lambda_runtime._worker_class_for = choose
    lambda_svc._execute_function_warm = run


def _may_read(mapping: dict[str, Any], config: dict[str, Any]) -> bool:
    """Whether the role may read the mapping's queue; if not, the mapping says so."""
    for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
        if reason := roles.refusal(config.get("Role", ""), config["FunctionName"], action, mapping["EventSourceArn"]):
            mapping["LastProcessingResult"] = f"PROBLEM: {reason}"
            return False
    return True


def _is_python(config: dict[str, Any]) -> bool:
    return str(config.get("Runtime", "")).startswith("python")


def _invoke(func: dict[str, Any], config: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    lambda_svc._ensure_reaper_thread()
    with _running:
        return _lease(func, config, event, request_id)


def _lease(func: dict[str, Any], config: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    worker, _ = lambda_runtime.acquire_worker(
        config.get("FunctionName", ""), config, func["code_zip"], qualifier=config.get("Version", "$LATEST"),
    )  # fmt: skip
    try:
        answer = worker.invoke(
            event, request_id,
            trace_id=lambda_svc._xray_trace_id_for_invocation(config), invoked_function_arn=config.get("FunctionArn", ""),
        )  # fmt: skip
    finally:
        lambda_runtime.release_worker(worker)
    if "error" in answer:
        return {"body": answer["error"], "error": True, "function_error": "Unhandled", "log": answer["log"]}
    return {"body": answer["result"], "log": answer["log"]}
