"""Start, stop and describe the laptop's AWS: `python local/control.py up|down|status|env` (standard library only).

The server is a detached process of the interpreter in TIDEGATE_LOCAL_PYTHON (default `.venvs/local/bin/python`). Its process id
and log live in the state folder, TIDEGATE_LOCAL_STATE (default `.local`), one pair per port. Only a process that is ours is ever
signalled: the recorded id counts only while that process still runs `local/server.py` since the recorded start.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVER = Path(__file__).resolve().with_name("server.py")
SPARK = ROOT / ".venvs/spark/bin/python"
TAIL_LINES = 30
GRACE_SECONDS = 5.0


def has_spark() -> bool:
    """Whether `make spark` was done here."""
    return (SPARK.parents[1] / ".ready").exists()


class LocalError(Exception):
    """The laptop's AWS could not be started or stopped; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the laptop's AWS listens and keeps its files."""

    port: int
    state: Path
    python: Path

    @classmethod
    def from_env(cls) -> "Settings":
        """TIDEGATE_LOCAL_PORT, TIDEGATE_LOCAL_STATE and TIDEGATE_LOCAL_PYTHON, or their defaults."""
        return cls(
            port=int(os.environ.get("TIDEGATE_LOCAL_PORT", "4566")),
            state=Path(os.environ.get("TIDEGATE_LOCAL_STATE", ROOT / ".local")),
            python=Path(os.environ.get("TIDEGATE_LOCAL_PYTHON", ROOT / ".venvs/local/bin/python")),
        )

    @property
    def endpoint(self) -> str:
        """The one URL of every service."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid_file(self) -> Path:
        """JSON: {"pid": int, "started": text that names the process's start}."""
        return self.state / f"server-{self.port}.json"

    @property
    def log_file(self) -> Path:
        """Everything the server printed since it was started."""
        return self.state / f"server-{self.port}.log"


def environment(settings: Settings) -> dict[str, str]:
    """The variables that point boto3, the SAM CLI and ours at the laptop's AWS, as its root user."""
    return {
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "TIDEGATE_LOCAL": "1",
    }


def running(settings: Settings) -> int | None:
    """The process id of our server, or None."""
    try:
        recorded = json.loads(settings.pid_file.read_text())
        pid = int(recorded["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    identity = _identity(pid)
    return pid if identity is not None and identity == recorded.get("started") else None


def up(settings: Settings, timeout: float = 60.0) -> int:
    """Start the server unless it runs; return its process id when it answers.

    Raises:
        LocalError: the port is taken, the environment is missing, or the server did not answer within `timeout` seconds.
    """
    pid = running(settings)
    if pid is None:
        _require_free_port(settings)
        pid = _spawn(settings)
    deadline = time.monotonic() + timeout
    while not healthy(settings):
        if running(settings) is None:
            raise LocalError(f"the local AWS stopped while starting\n{_tail(settings)}")
        if time.monotonic() > deadline:
            down(settings)
            raise LocalError(f"the local AWS did not answer within {timeout:.0f} s and was stopped\n{_tail(settings)}")
        time.sleep(0.1)
    return pid


def down(settings: Settings) -> bool:
    """Stop our server; False when none runs. Its Lambda workers and jobs die with it."""
    pid = running(settings)
    settings.pid_file.unlink(missing_ok=True) if pid is None else _terminate(pid)
    settings.pid_file.unlink(missing_ok=True)
    return pid is not None


def healthy(settings: Settings) -> bool:
    """Whether the emulator answers on the port."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{settings.endpoint}/_ministack/health", timeout=2) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's OK
    except (OSError, urllib.error.URLError):
        return False


def _spawn(settings: Settings) -> int:
    if not settings.python.exists():
        raise LocalError(f"{settings.python} is missing: run `make setup`, or set TIDEGATE_LOCAL_PYTHON")
    settings.state.mkdir(parents=True, exist_ok=True)
    variables = os.environ | {"TIDEGATE_LOCAL_PORT": str(settings.port), "TIDEGATE_LOCAL_STATE": str(settings.state.resolve())}
    if has_spark():
        variables.setdefault("TIDEGATE_SPARK_PYTHON", str(SPARK))
    command = [str(settings.python), str(SERVER)]
    writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    streams = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, str(settings.log_file), writing, 0o644),
               (os.POSIX_SPAWN_DUP2, 1, 2)]  # fmt: skip
    pid = os.posix_spawn(command[0], command, variables, file_actions=streams, setsid=True)  # a session of its own: it outlives us
    settings.pid_file.write_text(json.dumps({"pid": pid, "started": _identity_of_child(pid)}))
    return pid


def _identity_of_child(pid: int) -> str | None:
    """The identity of a process just started: for a moment it still has our own command line, or none."""
    deadline = time.monotonic() + GRACE_SECONDS
    while (identity := _identity(pid)) is None and time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None  # it ended already, and its log says why
        time.sleep(0.01)
    return identity


def _terminate(pid: int) -> None:
    """Ask the process to stop; end it when it does not within the grace period."""
    identity = _identity(pid)
    deadline = time.monotonic() + GRACE_SECONDS
    os.kill(pid, signal.SIGTERM)
    while _identity(pid) == identity:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + GRACE_SECONDS
        time.sleep(0.05)


def _identity(pid: int) -> str | None:
    """When the process started, if it runs our server (ids are reused); None if not, or if it is a zombie."""
    _reap(pid)
    found = _from_proc(pid) if Path("/proc/self/stat").exists() else _from_ps(pid)
    if found is None:
        return None
    status, started, command = found
    return None if status.startswith("Z") or str(SERVER) not in command else started


def _from_proc(pid: int) -> tuple[str, str, str] | None:
    """Status, start and command line where the kernel shows them as files; small Linux images have no `ps`."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return None
    return fields[0], fields[19], command  # the third and the 22nd field of proc(5), in ticks since boot


def _from_ps(pid: int) -> tuple[str, str, str] | None:
    """Status, start and command line from `ps`."""
    answer = subprocess.run(  # noqa: S603 - ps, with a number
        ["ps", "-ww", "-p", str(pid), "-o", "stat=,lstart=,command="],  # noqa: S607 - wherever the system keeps it
        capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C"},
    ).stdout.split(maxsplit=6)  # fmt: skip
    return (answer[0], " ".join(answer[1:6]), answer[6]) if len(answer) > 6 else None  # noqa: PLR2004 - status, five words, command


def _reap(pid: int) -> None:
    """Collect the server when it is our own child, so that it does not look alive."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _require_free_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", settings.port)) == 0:
            raise LocalError(
                f"port {settings.port} is used by another program: stop it, or choose a port with TIDEGATE_LOCAL_PORT",
            )


def _tail(settings: Settings) -> str:
    try:
        lines = settings.log_file.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    except OSError:
        lines = []
    return "\n".join([f"--- {settings.log_file}", *lines])


def main(arguments: list[str]) -> int:
    """Run one verb; the exit code of `status` tells whether the server answers."""
    settings = Settings.from_env()
    verb = arguments[0] if len(arguments) == 1 else ""
    say = sys.stdout.write
    try:
        match verb:
            case "up":
                say(f"the local AWS answers at {settings.endpoint} (process {up(settings)}, log {settings.log_file})\n")
            case "down":
                say("stopped\n" if down(settings) else "it was not running\n")
            case "status":
                pid = running(settings)
                say(f"running at {settings.endpoint} (process {pid})\n" if pid else "not running\n")
                return 0 if pid and healthy(settings) else 1
            case "env":
                say("".join(f"export {name}={value}\n" for name, value in environment(settings).items()))
            case _:
                sys.stderr.write("usage: python local/control.py up|down|status|env\n")
                return 2
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
