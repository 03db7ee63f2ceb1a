"""Wiring: each port gets its adapter here, once a process, and only when it is asked for."""

import functools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from tidegate.aws.catalog import GlueMetadata
from tidegate.aws.ledger import DynamoLedger
from tidegate.aws.letters import Letterbox
from tidegate.aws.objects import S3Objects
from tidegate.aws.sessions import share_descriptions
from tidegate.aws.table import Table
from tidegate.aws.timer import QueueTimer
from tidegate.aws.topic import Topic
from tidegate.aws.workflow import StepFunctions
from tidegate.model.runs import Account, Manifest
from tidegate.model.upkeep import Policy
from tidegate.ports import Lake
from tidegate.settings import Settings
from tidegate.usecases.batch import Desk
from tidegate.usecases.batch import Limits as ClaimLimits
from tidegate.usecases.gold import ACCOUNT, GOLD
from tidegate.usecases.ingest import Register
from tidegate.usecases.maintain_dataset import Keeping
from tidegate.usecases.reconcile import Pace
from tidegate.usecases.routing import Thresholds
from tidegate.usecases.turns import Turns
from tidegate.usecases.wake import Waker

if TYPE_CHECKING:  # DuckDB is heavy, and half of the functions never need it
    from tidegate.engine import Keyring, Limits
    from tidegate.ports import Workshop
    from tidegate.tables.workshop import LocalWorkshop
    from tidegate.warehouses.dbt import DbtBuilder

settings = Settings()
_RETRY = Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=5, read_timeout=60, max_pool_connections=20)
_PATIENT = Config(read_timeout=920)  # a function that is invoked and waited for may run for fifteen minutes
_MICROSECONDS = 1_000_000


@functools.cache
def client(service: str) -> Any:  # noqa: ANN401 - boto3 clients have no static type
    """Return one boto3 client a service; credentials, region and endpoint come from the environment."""
    return boto3.client(service, config=_RETRY.merge(_PATIENT) if service == "lambda" else _RETRY)


def clock() -> int:
    """Return microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def lease_us() -> int:
    """Return how long a lease lasts without a sign of life, in microseconds."""
    return settings.number("LEASE_SECONDS") * _MICROSECONDS


@functools.cache
def ledger() -> DynamoLedger:
    """Return the ledger."""
    return DynamoLedger(Table(client("dynamodb"), settings.text("LEDGER_TABLE")), clock)


@functools.cache
def workflow() -> StepFunctions:
    """Return the `load` state machine."""
    return StepFunctions(client("stepfunctions"), settings.text("STATE_MACHINE_ARN"))


@functools.cache
def landing() -> S3Objects:
    """Return the landing bucket."""
    return S3Objects(client("s3"), settings.text("LANDING_BUCKET"))


@functools.cache
def objects() -> S3Objects:
    """Return the lake bucket."""
    return S3Objects(client("s3"), settings.text("LAKE_BUCKET"))


@functools.cache
def lake() -> Lake:
    """Return the Iceberg tables of this stack."""
    from tidegate.aws.iceberg import GlueLake

    return GlueLake(settings.text("TIDEGATE_STACK"), settings.text("LAKE_BUCKET"), client("s3"), client("glue"))


def keyring(manifest: Manifest) -> "Keyring":
    """Return the key of a run. The secret is read for every run: a process lives for hours, and a rotation begins at once."""
    from tidegate.aws.keys import KeySecret
    from tidegate.usecases.keys import pin_key

    return pin_key(manifest, KeySecret(client("secretsmanager"), settings.text("TOKEN_KEY_SECRET")).read(), objects())


@functools.cache
def catalog() -> GlueMetadata:
    """Return what the catalog says of the tables."""
    return GlueMetadata(settings.text("TIDEGATE_STACK"), client("glue"), client("s3"))


@functools.cache
def letters() -> Letterbox:
    """Return the failures DLQ."""
    return Letterbox(client("sqs"), settings.text("FAILURES_QUEUE_URL"))


@functools.cache
def waker() -> Waker:
    """Return what starts runs."""
    timer = QueueTimer(client("sqs"), settings.text("ARRIVALS_QUEUE_URL"))
    return Waker(ledger(), workflow(), timer, clock, lease_us())


def register() -> Register:
    """Return what registers arrivals; contracts are looked up anew with each one made."""
    return Register(waker(), landing(), objects(), settings.number("BATCH_WINDOW"))


def turns(per_second: float, milliseconds: int) -> Turns:
    """Return turns for an invocation that has so much time left; the last ten seconds are for its answer."""
    return Turns(per_second, clock() + (milliseconds - 10_000) * 1000, clock, time.sleep)


def desk() -> Desk:
    """Return what claiming needs."""
    return Desk(waker(), landing(), objects(), _batch_limits())


def claim_desk() -> Desk:
    """Return what Claim needs, which also chooses where a batch is loaded."""
    thresholds = Thresholds(
        text=settings.number("LAMBDA_TEXT_BYTES"),
        silver=settings.number("LAMBDA_SILVER_BYTES"),
        batch=settings.number("GLUE_BATCH_BYTES"),
        per_worker=settings.number("GLUE_WORKER_BYTES"),
        workers=settings.number("GLUE_WORKERS"),
    )
    return Desk(waker(), landing(), objects(), replace(_batch_limits(), route=thresholds))


def _batch_limits() -> ClaimLimits:
    return ClaimLimits(
        files=settings.number("BATCH_FILES"), bytes=settings.number("BATCH_BYTES"), window=settings.number("BATCH_WINDOW")
    )


def pace() -> Pace:
    """Return how much one call of reconcile does."""
    return Pace(settings.number("SURVEY_VERSIONS"), settings.number("SURVEY_SECONDS"), settings.number("SURVEY_EVERY_SECONDS"))


def keeping(memory_mb: int, milliseconds: int, directory: str) -> Keeping:
    """Return what maintenance needs, in a Lambda of this size that has so much time left."""
    from tidegate.aws.iceberg import GlueLake
    from tidegate.tables.compaction import LocalMerger

    store = GlueLake(settings.text("TIDEGATE_STACK"), settings.text("LAKE_BUCKET"), client("s3"), client("glue"))
    policy = Policy(
        target_bytes=settings.number("MERGE_BYTES"),
        least_files=settings.number("MERGE_FILES"),
        version_seconds=settings.number("VERSION_SECONDS"),
        least_versions=settings.number("LEAST_VERSIONS"),
        most_versions=settings.number("MOST_VERSIONS"),
        orphan_seconds=settings.number("ORPHAN_SECONDS"),
        sweep_seconds=settings.number("SWEEP_SECONDS"),
    )
    merger = LocalMerger(Path(directory), _engine_limits(memory_mb, directory))
    return Keeping(desk(), store, merger, policy, clock() + milliseconds * 1000, time.sleep)


@contextmanager
def gold() -> Iterator[tuple["DbtBuilder", Callable[[Mapping[str, Any]], None]]]:
    """Return what builds gold, and what tells how a build ended."""
    from tidegate.warehouses.dbt import DbtBuilder, shipped_project

    # dbt's profile reads these from the environment, and takes something else for one that is not there.
    (settings.text("ATHENA_WORKGROUP"), settings.text("LAKE_BUCKET"), settings.text("TIDEGATE_STACK"))
    share_descriptions()
    room = Path(tempfile.gettempdir()) / "gold"
    room.mkdir(exist_ok=True)
    topic = Topic(client("sns"), settings.text("TOPIC_ARN"))
    with shipped_project() as project:
        builder = DbtBuilder(project, room, "athena")

        def tell(message: Mapping[str, Any]) -> None:
            if message["status"] == "FAILED":
                objects().put(ACCOUNT, builder.account.read_bytes() if builder.account.exists() else b"dbt wrote nothing")
                letters().send(message)
            topic.tell(f"Tidegate: gold {message['status']}", message, GOLD)

        yield builder, tell


def load_run(manifest: Manifest, workshop: "Workshop") -> Account:
    """Load a run with the tools of a workshop, on whatever machine that is."""
    from tidegate.usecases.load import load

    return load(
        manifest,
        ledger=ledger(),
        landing=landing(),
        objects=objects(),
        lake=lake(),
        clock=clock,
        lease_us=lease_us(),
        workshop=workshop,
    )


def workshop(manifest: Manifest, memory_mb: int, directory: str) -> "LocalWorkshop":
    """Return the room for the load of a run in a Lambda of this size: the rest of the memory is for Python, Arrow and buffers."""
    from tidegate.tables.workshop import LocalWorkshop

    return LocalWorkshop(Path(directory), _engine_limits(memory_mb, directory), keyring(manifest))


def _engine_limits(memory_mb: int, directory: str) -> "Limits":
    from tidegate.engine import Limits

    return Limits(memory_mb=max(256, int(memory_mb * 0.6)), temp_dir=Path(directory), threads=max(1, min(6, memory_mb // 1769)))
