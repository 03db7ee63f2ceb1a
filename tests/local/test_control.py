"""Starting and stopping: only our own process is signalled, and nothing is left behind."""

# ruff: noqa: S603, S607 - our own commands

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local import control

from .conftest import PYTHON, ROOT, Cloud, free_port, until


def alive(pid: int) -> bool:
    listed = subprocess.run(["ps", "-p", str(pid), "-o", "stat="], capture_output=True, text=True, check=False).stdout.strip()
    return bool(listed) and not listed.startswith("Z")


@pytest.fixture
def other(tmp_path: Path) -> control.Settings:
    if not PYTHON.exists():
        pytest.skip(f"{PYTHON} is missing")
    return control.Settings(port=free_port(), state=tmp_path, python=PYTHON)


@pytest.fixture
def pointed_at_other(other: control.Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in control.environment(other).items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.usefixtures("pointed_at_other")
def test_workers_and_what_they_started_die_with_the_server(other: control.Settings, ending: int) -> None:
    pid = control.up(other)
    try:
        cloud = Cloud(other)
        source = """
            import os, subprocess
            child = subprocess.Popen(["sleep", "300"])
            def handle(event, context):
                import time; time.sleep(event.get("s", 0))
                return [os.getpid(), child.pid]
        """
        name = cloud.function(source, Timeout=60)
        pids, _ = cloud.invoke(name)
        cloud.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"s": 50}))
        time.sleep(0.3)
        assert all(map(alive, pids))
        if ending == signal.SIGKILL:
            os.kill(pid, signal.SIGKILL)
        else:
            assert control.down(other)
        until(lambda: not any(map(alive, [pid, *pids])), seconds=10)
    finally:
        control.down(other)
    assert control.running(other) is None


def test_a_port_used_by_another_program_is_an_error_that_says_so(other: control.Settings) -> None:
    with socket.create_server(("127.0.0.1", other.port)), pytest.raises(control.LocalError, match=r"is used by another program"):
        control.up(other)


def test_a_server_that_cannot_start_shows_its_log(other: control.Settings, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nsleep 0.3\necho no module named ministack\nexit 1\n")
    python.chmod(0o700)
    broken = control.Settings(port=other.port, state=other.state, python=python)
    with pytest.raises(control.LocalError, match=r"(?s)stopped while starting.*no module named ministack"):
        control.up(broken)


def test_a_missing_environment_is_an_error_that_says_so(other: control.Settings) -> None:
    broken = control.Settings(port=other.port, state=other.state, python=other.state / "nowhere")
    with pytest.raises(control.LocalError, match=r"make setup"):
        control.up(broken)


def test_what_a_killed_server_left_of_its_functions_is_cleared(other: control.Settings) -> None:
    left = other.state / f"tmp-{other.port}" / "left"
    left.mkdir(parents=True)
    control.up(other)
    try:
        assert not left.exists()
        assert left.parent.is_dir()
    finally:
        control.down(other)


def test_a_recorded_id_that_is_somebody_elses_is_not_touched(other: control.Settings) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        other.pid_file.write_text(json.dumps({"pid": stranger.pid, "started": "Thu Jan  1 00:00:00 2026"}))
        assert control.running(other) is None
        assert control.down(other) is False
        assert stranger.poll() is None
        stranger.kill()


def test_env_prints_what_a_shell_can_read(server: control.Settings) -> None:
    script = 'eval "$("$0" "$1" env)" && echo "$AWS_ENDPOINT_URL $AWS_DEFAULT_REGION $TIDEGATE_LOCAL"'
    variables = os.environ | {"TIDEGATE_LOCAL_PORT": str(server.port), "TIDEGATE_LOCAL_STATE": str(server.state)}
    command = ["sh", "-c", script, sys.executable, str(ROOT / "local/control.py")]
    printed = subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout
    assert printed == f"http://127.0.0.1:{server.port} us-east-1 1\n"


def test_starting_twice_is_starting_once(server: control.Settings) -> None:
    assert control.up(server) == control.running(server)
