"""dbt, run as a user runs it: a process of its own environment, which knows nothing that it is not given."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from local.gold import DBT, PROJECT

NOWHERE = "http://127.0.0.1:9"  # the port of `discard`: whoever goes there for the network finds none


def dbt(room: Path, *arguments: str, target: str, command: Sequence[str] = (str(DBT),), **environment: str) -> "Done":
    """Run one command on the project; its files go to `room`."""
    if not DBT.exists():
        pytest.skip(f"{DBT} is missing: make .venvs/dbt/.ready")
    places = {"DBT_TARGET_PATH": str(room / "target"), "DBT_LOG_PATH": str(room / "logs"), "HOME": str(room)}
    apart = {"AWS_EC2_METADATA_DISABLED": "true", "HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE, "NO_PROXY": "127.0.0.1"}
    finished = subprocess.run(  # noqa: S603 - our own command
        [*command, "--no-version-check", "--no-use-colors", *arguments, "--target", target,
         "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)],
        env={"PATH": os.environ["PATH"]} | places | apart | environment, capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    return Done(finished.returncode, finished.stdout + finished.stderr, room / "target")


class Done:
    """What a command said and left behind."""

    def __init__(self, code: int, said: str, target: Path) -> None:
        self.code, self.said, self.target = code, said, target

    def nodes(self, kind: str = "model") -> dict[str, dict[str, Any]]:
        """The project's nodes of a kind (model, test), by name."""
        manifest = json.loads((self.target / "manifest.json").read_text())
        return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == kind}

    def failures(self) -> dict[str, int | str]:
        """The rows that each test found, by its name; what went wrong where it could not be run."""
        results = json.loads((self.target / "run_results.json").read_text())["results"]
        return {r["unique_id"]: r["failures"] if r["status"] in ("pass", "fail") else r["message"] for r in results}

    def compiled(self) -> dict[str, str]:
        """The SQL of every model and test, by the path of its file."""
        root = self.target / "compiled"
        return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*.sql"))}
