"""A Glue catalog and its bucket in moto, on loopback: Iceberg speaks to them by HTTP."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tidegate.aws.iceberg import GlueLake


@contextmanager
def glue_lake(stack: str, bucket: str) -> Iterator[GlueLake]:
    """Serve a lake of its own for the length of a block; moto keeps one account for all, so names must differ."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it writes a line for each of thousands of requests
    with pytest.MonkeyPatch.context() as patch:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
        server.start()
        host, port = server.get_host_and_port()
        settings = {"AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t", "AWS_DEFAULT_REGION": "us-east-1"}
        for name, value in (settings | {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}).items():
            patch.setenv(name, value)
        session = boto3.Session()
        session.client("s3").create_bucket(Bucket=bucket)
        for layer in ("bronze", "silver", "quarantine"):
            session.client("glue").create_database(DatabaseInput={"Name": f"{stack}_{layer}"})
        yield GlueLake(stack, bucket, session.client("s3"), session.client("glue"))
        server.stop()
