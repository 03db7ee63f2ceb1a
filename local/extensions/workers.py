"""A Lambda worker as AWS's Python execution environment: its own path, its own environment, its own log.

The emulator's worker inherits the server's environment and site-packages, kills itself after any exception and mixes its answers
with what the function prints. This one runs `runtime.py` (see there) with the layers of `packages.py`, and keeps what the emulator
does well: its pool, its credentials for the function's role, its invalidation when code changes.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

from local.extensions import environment, packages

RUNTIME = str(Path(__file__).with_name("runtime.py"))
INIT_SECONDS = 60.0
POLL_SECONDS = 0.2
DRAIN_SECONDS = 1.0


class Died(Exception):
    """The process ended before it answered; the message is AWS's."""


class TimedOut(Exception):
    """The process did not answer in time."""


class PythonWorker(lambda_runtime.Worker):
    """One execution environment; the emulator leases it to one invocation at a time."""

    def _spawn(self) -> None:
        self._discard_tmpdir()
        opt = packages.merged([packages.unpacked(zipped) for zipped in environment.layers(self.config)])
        task = packages.unpacked(self.code_zip)
        temporary = tempfile.mkdtemp(dir=packages.temporary())
        reader, writer = os.pipe()
        self._proc = subprocess.Popen(  # noqa: S603 - our own script
            [environment.python(), "-I", "-S", "-u", RUNTIME, str(writer)],
            cwd=task, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[writer],
            env=environment.variables(self.config, task, opt, temporary), start_new_session=True,
        )  # fmt: skip
        os.close(writer)
        self._tmpdir = temporary  # not before there is a process to go with it
        self._process, self._pending, self._answers = self._proc, b"", os.fdopen(reader, "rb", buffering=0)
        self._log = Log(self._proc.stdout)
        self._send({"paths": environment.paths(task, opt), "handler": self.config.get("Handler", "")})

    def invoke(self, event: Any, request_id: str, **call: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Run one invocation: {"result"} or {"error"}, and {"log"}."""
        with self._lock:
            answer = self._answer(event, request_id, call)
            log = self._log.take(request_id if self._proc else None)
            return answer | {"log": log}

    def _answer(self, event: Any, request_id: str, call: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        timeout = float(self.config.get("Timeout", 3))
        try:
            if self._proc is None or self._proc.poll() is not None:
                self._spawn()
                ready = self._receive(max(INIT_SECONDS, timeout))
                if "error" in ready:
                    self._stop()
                    return {"error": ready["error"] | {"requestId": request_id}}
            self._send({
                "event": event, "request_id": request_id, "arn": call.get("invoked_function_arn") or self.config.get("FunctionArn"),
                "deadline": time.time() + timeout, "trace_id": call.get("trace_id"),
            })  # fmt: skip
            return self._receive(timeout)
        except TimedOut:
            self._stop()
            return _failure("Sandbox.Timedout", request_id, f"Task timed out after {timeout:.2f} seconds")
        except Died as death:
            self._stop()
            return _failure("Runtime.ExitError", request_id, str(death))

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise Died(self._death()) from None

    def _receive(self, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while b"\n" not in self._pending:
            gone = self._process.poll() is not None
            if select.select([self._answers], [], [], 0 if gone else POLL_SECONDS)[0]:
                chunk = self._answers.read(65_536)
                if not chunk:
                    raise Died(self._death())
                self._pending += chunk
            elif gone:
                raise Died(self._death())
            elif time.monotonic() > deadline:
                raise TimedOut
        line, _, self._pending = self._pending.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _death(self) -> str:
        """How the process ended, in AWS's words."""
        try:
            code = self._process.wait(timeout=DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            code = 0
        if code < 0:
            return f"Runtime exited with error: signal: {(signal.strsignal(-code) or str(-code)).lower()}"
        return f"Runtime exited with error: exit status {code}" if code else "Runtime exited without providing a reason"

    def _stop(self) -> None:
        self._proc = None
        _kill(self._process)

    def _discard_tmpdir(self) -> None:
        """Called by the emulator after it ended the process: end what the process started, close, clean."""
        if self._tmpdir:
            _kill(self._process)
            self._answers.close()
            shutil.rmtree(self._tmpdir, ignore_errors=True)


class Log:
    """What a worker printed, by invocation."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - a pipe
        """Read the stream until it ends."""
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: Any) -> None:  # noqa: ANN401 - a pipe
        with stream:
            for line in stream:
                with self._changed:
                    self._lines.append(line.decode(errors="replace").rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def take(self, request_id: str | None) -> str:
        """The lines up to the mark of this invocation; None: up to the end, because the process ended."""
        mark = f"\0{request_id}"
        with self._changed:
            self._changed.wait_for(lambda: self._ended or any(line.endswith(mark) for line in self._lines), DRAIN_SECONDS)
            lines, self._lines = self._lines, []
        return "\n".join(text for line in lines if (text := line.removesuffix(mark)))


def _failure(kind: str, request_id: str, message: str) -> dict[str, Any]:
    return {"error": {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {message}"}}


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started; a group whose leader was collected may be somebody else's by now."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    with contextlib.suppress(BrokenPipeError):  # what of an event it had not read is nobody's now
        process.stdin.close()
