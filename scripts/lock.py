"""Pin every dependency anew: one lock file for each environment and for each layer of wheels.

Locks hold for Python 3.11 and newer on every platform (`--universal`), with hashes and without the address of any index. The layers
take their versions from the app's lock, so that the tests run what the Lambdas run. `make lock` runs this with the pinned uv.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APP = "requirements/app.txt"
RUNTIME = ("boto3", "botocore", "python-dateutil", "s3transfer", "six", "urllib3")  # the Lambda runtime has them
SETTINGS = (
    "--quiet",
    "--universal",
    "--upgrade",
    "--python-version=3.11",
    "--generate-hashes",
    "--custom-compile-command=make lock",
)
COMMAND_LINE = ("click", "markdown-it-py", "mdurl", "pygments", "rich")  # what pyiceberg's own command needs


def compile_lock(source: str, target: str, *options: str, leave_out: Sequence[str] = ()) -> None:
    """Resolve `source` into `target`, both relative to the repository, leaving packages out of the result."""
    command = [os.environ.get("UV", "uv"), "pip", "compile", source, f"--output-file={target}", *SETTINGS, *options]
    command += [f"--no-emit-package={name}" for name in leave_out]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - our own words only
    print(f"{target}: {len(names(target))} packages")


def names(lock: str) -> list[str]:
    """Return the packages that a lock file pins."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return [line.split("==")[0] for line in lines if "==" in line and line[0].isalpha()]


def main() -> None:
    """Lock the environments, then the layers: those that sit on the base layer leave out what it has."""
    compile_lock("requirements/uv.in", "requirements/uv.txt")
    compile_lock("pyproject.toml", APP, "--group=dev")
    for environment in ("bench", "dbt", "lint", "local", "sam", "spark"):
        compile_lock(f"requirements/{environment}.in", f"requirements/{environment}.txt")
    base, engine, gold = (f"layers/{layer}/requirements" for layer in ("base", "engine", "gold"))
    compile_lock(f"{base}.in", f"{base}.txt", f"--constraints={APP}", leave_out=RUNTIME)
    beside = ["boto3", "botocore", *COMMAND_LINE, *names(f"{base}.txt")]
    compile_lock(f"{engine}.in", f"{engine}.txt", f"--constraints={APP}", leave_out=beside)
    as_base = (f"--constraints={base}.txt", "--overrides=layers/gold/overrides.txt")
    compile_lock(f"{gold}.in", f"{gold}.txt", *as_base, leave_out=[*RUNTIME, *names(f"{base}.txt")])


if __name__ == "__main__":
    main()
