"""Deploy the laptop's build of template.yaml to the laptop's AWS with SAM, and publish the shipped contracts.

Run it as `python -m local.deploy --stack NAME`, or call `deploy` from a test. The template is the one that goes to AWS.
"""

import argparse
import functools
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import boto3

from local import control
from local.control import Settings

ROOT = Path(__file__).resolve().parents[1]
ARTIFACTS = "tidegate-laptop-artifacts"


#: With Spark here, what a large file is on a laptop goes to it, so that it can be watched.
WITH_SPARK = {"LambdaTextBytes": str(4 << 20)}


class DeployFailedError(RuntimeError):
    """SAM refused the deployment; the message is what it printed."""


def on_laptop(settings: Settings) -> dict[str, str]:
    """Return this process's environment, pointed at the laptop's AWS; real credentials in it are left out."""
    mine = {k: v for k, v in os.environ.items() if k not in ("AWS_PROFILE", "AWS_SESSION_TOKEN")}
    sam = {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.2"}  # here a stack is made at once, and SAM looks after five seconds
    return mine | control.environment(settings) | {"TIDEGATE_LOCAL_PORT": str(settings.port)} | sam


def deploy(stack: str, environment: Mapping[str, str], template: Path, parameters: Mapping[str, str] | None = None) -> None:
    """Create or update the stack; raise DeployFailedError with SAM's own words when it is refused."""
    boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    ).create_bucket(Bucket=ARTIFACTS)
    command = [
        str(ROOT / ".venvs" / "sam" / "bin" / "sam"),
        "deploy",
        f"--template-file={packed(template)}",
        f"--stack-name={stack}",
        f"--s3-bucket={ARTIFACTS}",
        "--capabilities=CAPABILITY_IAM",
        "--no-confirm-changeset",
        "--no-fail-on-empty-changeset",
        "--config-env=laptop",
    ]
    if parameters:
        command += ["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())]
    done = subprocess.run(command, cwd=ROOT, env=dict(environment), check=False, capture_output=True, text=True)
    if done.returncode:
        raise DeployFailedError(f"sam deploy failed:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")


def packed(template: Path) -> Path:
    """Return a built template whose layers are zipped, each once for all deployments: SAM zips what it finds as a folder anew each time.

    Others may do the same at the same time: what is made appears whole.
    """
    text, written = template.read_text(encoding="utf-8"), template.with_name("packed.yaml")
    for folder in sorted(template.parent.glob("*Layer")):
        archive = folder.with_suffix(".zip")
        if not archive.exists() or archive.stat().st_mtime < template.stat().st_mtime:
            _appear(archive, functools.partial(_zip, folder))
        text = re.sub(rf"^(\s+ContentUri: ){folder.name}$", rf"\g<1>{archive.name}", text, flags=re.MULTILINE)
    _appear(written, lambda partial: partial.write_text(text, encoding="utf-8"))
    return written


def _appear(path: Path, write: Callable[[Path], object]) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    write(partial)
    partial.replace(path)


def _zip(folder: Path, archive: Path) -> None:
    """Zip a folder fast, the same bytes for the same files."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as opened:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            entry = zipfile.ZipInfo(str(path.relative_to(folder)))
            entry.external_attr, entry.compress_type = path.stat().st_mode << 16, zipfile.ZIP_DEFLATED
            opened.writestr(entry, path.read_bytes(), compresslevel=1)


def publish(stack: str, environment: Mapping[str, str], contracts: Path) -> None:
    """Publish every contract below a folder with the command a user would use."""
    files = [str(path) for path in sorted(contracts.rglob("*.odcs.yaml"))]
    command = [str(ROOT / ".venv" / "bin" / "tidegate"), "--stack", stack, "contract", "publish", *files]
    subprocess.run(command, cwd=ROOT, env=dict(environment), check=True, capture_output=True, text=True)


def main() -> None:
    """Deploy to the laptop's AWS that is up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default="tidegate")
    parser.add_argument("--template", type=Path, default=ROOT / ".aws-sam" / "local" / "template.yaml")
    arguments = parser.parse_args()
    environment = on_laptop(Settings.from_env())
    try:
        deploy(arguments.stack, environment, arguments.template, WITH_SPARK if control.has_spark() else None)
    except DeployFailedError as error:
        sys.exit(str(error))
    publish(arguments.stack, environment, ROOT / "contracts")
    print(f"deployed stack {arguments.stack}, contracts published")  # noqa: T201 - what a person sees


if __name__ == "__main__":
    main()
