"""What surrounds a function: the interpreter, the path and the variables of AWS's Python execution environment.

The emulator hands the server's own environment on. Here a function sees AWS's variables, its role's credentials and its own. HOME
is left out, because AWS sets none.
"""

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.core.responses import new_uuid

from local.extensions import packages

_sink: socket.socket | None = None


def python() -> str:
    """The interpreter of the functions."""
    return os.environ.get("TIDEGATE_LAMBDA_PYTHON") or sys.executable


def layers(config: dict[str, Any]) -> list[bytes]:
    """The function's layers, zipped, in order."""
    from ministack.services.lambda_svc import _resolve_layer_zip

    return [zipped for layer in config.get("Layers") or [] if (zipped := _resolve_layer_zip(layer))]


def paths(task: Path, opt: Path) -> tuple[list[str], list[str]]:
    """What comes before the standard library on the path, and what comes after."""
    sites = sorted(map(str, (opt / "python" / "lib").glob("python3*/site-packages")))
    return [str(task), *sites, str(opt / "python")], [str(packages.runtime())]


def variables(config: dict[str, Any], task: Path, opt: Path, temporary: str) -> dict[str, str]:
    """AWS's variables, the role's credentials, the function's own; nothing of the server's but where programs are."""
    _, region = lambda_runtime._account_region_from_function_config(config)
    reserved = lambda_runtime._RESERVED_RUNTIME_ENV_VARS
    given = (config.get("Environment") or {}).get("Variables", {})
    # CloudFormation makes text of numbers and truth values; the emulator hands them on as they stand in the template.
    own = {n: v if isinstance(v, str) else json.dumps(v) for n, v in given.items() if n not in reserved}
    name = config.get("FunctionName", "")
    return {
        "PATH": f"{opt / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "LD_LIBRARY_PATH": str(opt / "lib"),
        "LANG": "en_US.UTF-8",
        "PYTHONUTF8": "1",
        "TZ": ":UTC",
        "TMPDIR": temporary,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_XRAY_DAEMON_ADDRESS": tracing_sink(),
        lambda_runtime.HOST_PREFIX_ENV: "true",
        **own,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', '')}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
        "AWS_LAMBDA_LOG_GROUP_NAME": (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": new_uuid(),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "LAMBDA_TASK_ROOT": str(task),
        "_HANDLER": config.get("Handler", ""),
        **lambda_runtime.execution_credentials(config),
    }


def tracing_sink() -> str:
    """The address of an X-Ray daemon that throws everything away, so that tracing code runs as it does on AWS."""
    global _sink  # noqa: PLW0603 - one socket per server
    if _sink is None:
        _sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        _sink.bind(("127.0.0.1", 0))
    return "127.0.0.1:{1}".format(*_sink.getsockname())
