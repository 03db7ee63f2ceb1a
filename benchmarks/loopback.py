"""A Glue catalog and S3 of moto, in a process of its own on loopback: what it costs is not a contender's."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SETTINGS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def catalog_server() -> Iterator[str]:
    """Serve for the length of a block and point the environment there; gives the endpoint."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    endpoint = f"http://127.0.0.1:{port}"
    before = dict(os.environ)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:  # noqa: S603 - our own words
        try:
            _await(port, server)
            os.environ |= {**_SETTINGS, "AWS_ENDPOINT_URL": endpoint}
            yield endpoint
        finally:
            os.environ.clear()
            os.environ.update(before)
            server.terminate()


def _await(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    message = "moto's server did not start"
    raise RuntimeError(message)
