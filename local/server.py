"""Run the laptop's AWS in the foreground: the emulator on 127.0.0.1, IAM enforced, with our extensions.

Run it with the interpreter of an environment that holds requirements/local.txt: `python local/server.py`.

    TIDEGATE_LOCAL_PORT    the port (default 4566)
    TIDEGATE_LOCAL_STATE   the folder for caches (default `.local` beside this folder)
    TIDEGATE_LOCAL_WORKERS how many functions run at a time (default 8, or twice the cores)
    TIDEGATE_LAMBDA_PYTHON the interpreter that runs the functions (default: this one)
    TIDEGATE_LOCAL_METER   count what AWS would bill (extensions/meter.py)
    TIDEGATE_LOCAL_CHAOS   what goes wrong on purpose (extensions/chaos.py)
    TIDEGATE_LOCAL_CRAWL_SECONDS how long a crawl lasts at least (default 1)
    TIDEGATE_SPARK_PYTHON  the interpreter that runs Glue Spark jobs (without it such a run fails and says so)

Nothing is kept when it stops: buckets, tables and functions live in this process.
"""

import os
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EMULATOR = "1.5.33"
CREDENTIALS = "test"  # the emulator's root user: a name, not a secret


def environment() -> dict[str, str]:
    """The emulator's settings; what the caller's shell says about AWS (profiles, keys, endpoints) must not reach it."""
    port = os.environ.get("TIDEGATE_LOCAL_PORT", "4566")
    return {
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",  # it would listen on every interface
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": port,
        "MINISTACK_REGION": "us-east-1",
        "LAMBDA_WARM_TTL_SECONDS": "30",
        "AWS_ACCESS_KEY_ID": CREDENTIALS,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "TIDEGATE_LOCAL_STATE": os.environ.get("TIDEGATE_LOCAL_STATE", str(ROOT / ".local")),
    }


def require_version() -> None:
    """The extensions know the inside of one version."""
    found = version("ministack")
    if found != EMULATOR:
        raise SystemExit(f"ministack {found} is installed, the extensions are for {EMULATOR}: install requirements/local.txt")


def main() -> None:
    """Settle the environment before the emulator reads it at import, extend it, serve until stopped."""
    settings = environment()
    for name in [name for name in os.environ if name.startswith(("AWS_", "MINISTACK_", "PYTHON"))]:
        del os.environ[name]
    os.environ.update(settings)
    sys.path[0] = str(ROOT)
    sys.argv = sys.argv[:1]
    require_version()
    from ministack.app import main as serve

    from local.extensions import install

    install()
    serve()


if __name__ == "__main__":
    main()
