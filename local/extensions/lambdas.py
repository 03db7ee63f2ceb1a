"""Lambda errors carry the names that AWS gives them, because Retry and Catch of a state machine match on them.

On AWS `errorType` of a failed invocation is the exception's class, beside `errorMessage`, `requestId` and `stackTrace`; a process
that ends gives `Runtime.ExitError`, one that is too slow `Sandbox.Timedout`, and the header says `Unhandled`. The emulator calls
every exception `Runtime.HandlerError`. Only Python functions are ours; the others stay the emulator's.
"""

from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.extensions import packages
from local.extensions.workers import PythonWorker


def install() -> None:
    """Python functions run in our workers."""
    packages.prune()
    worker_class, execute = lambda_runtime._worker_class_for, lambda_svc._execute_function_warm

    def choose(config: dict[str, Any]) -> type:
        return PythonWorker if _is_python(config) else worker_class(config)

    def run(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        config = func.get("config") or func
        if not _is_python(config) or not func.get("code_zip"):
            return execute(func, event, request_id)  # type: ignore[no-any-return]
        return _invoke(func, config, event, request_id)

    lambda_runtime._worker_class_for = choose
    lambda_svc._execute_function_warm = run


def _is_python(config: dict[str, Any]) -> bool:
    return str(config.get("Runtime", "")).startswith("python")


def _invoke(func: dict[str, Any], config: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    lambda_svc._ensure_reaper_thread()
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
