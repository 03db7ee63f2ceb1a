"""A crawler crawls: it lists its buckets under its role, and makes tables in the catalog of what it finds.

On AWS StartCrawler answers at once; the crawler is RUNNING, then STOPPING while it writes what it found, then READY, and LastCrawl says
how it ended. Whoever starts it meanwhile gets CrawlerRunningException. The emulator changes the state and finds nothing.

Here files are grouped by the folder at the crawler's table level (the bucket is level 1). The folder below is the partition, or as
many as are called `name=value`; deeper ones are part of it. Of a table with files of several formats most files decide. A crawl lasts a
second at least, or TIDEGATE_LOCAL_CRAWL_SECONDS, so that what comes meanwhile meets a crawler that runs.
"""

import contextlib
import contextvars
import json
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from ministack.core.responses import error_response_json, get_region, json_response, new_uuid
from ministack.services import glue

from local.extensions import crawled_tables, roles
from local.extensions.classifiers import SAMPLE_BYTES, Classified, classify

LOG_GROUP = "/aws-glue/crawlers"
POLL_SECONDS = 0.05

Crawler = dict[str, Any]


class CrawlStopped(Exception):
    """Somebody stopped the crawler."""


@dataclass(frozen=True)
class File:
    """One object of a target, and what it is."""

    bucket: str
    key: str
    size: int
    found: Classified


def install() -> None:
    """Take over starting and stopping crawlers."""
    glue._start_crawler, glue._stop_crawler = _start, _stop


def _start(data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
    name = data.get("Name")
    crawler = glue._crawlers.get(name)
    if crawler is None:
        return error_response_json("EntityNotFoundException", f"Crawler entry with name {name} does not exist", 400)
    if crawler["State"] != "READY":
        return error_response_json("CrawlerRunningException", f"Crawler with name {name} has already started", 400)
    crawler["State"], crawler["CrawlElapsedTime"] = "RUNNING", 0
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(_run, crawler), daemon=True).start()
    return json_response({})


def _stop(data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
    name = data.get("Name")
    crawler = glue._crawlers.get(name)
    if crawler is None:
        return error_response_json("EntityNotFoundException", f"Crawler entry with name {name} does not exist", 400)
    if crawler["State"] == "STOPPING":
        return error_response_json("CrawlerStoppingException", f"Crawler with name {name} is stopping", 400)
    if crawler["State"] != "RUNNING":
        return error_response_json("CrawlerNotRunningException", f"Crawler with name {name} isn't running", 400)
    crawler["State"] = "STOPPING"
    return json_response({})


def _run(crawler: Crawler) -> None:
    """Crawl to the end, and write that end into the crawler."""
    began, ended = time.time(), {"Status": "SUCCEEDED"}
    last = {"LogGroup": LOG_GROUP, "LogStream": crawler["Name"], "MessagePrefix": new_uuid(), "StartTime": began}
    try:
        _crawl(crawler, began)
    except CrawlStopped:
        ended = {"Status": "CANCELLED"}
    except Exception as error:  # noqa: BLE001 - a crawl always ends, with a reason
        ended = {"Status": "FAILED", "ErrorMessage": f"{type(error).__name__}: {error}"[:2048]}
    crawler["LastCrawl"] = last | ended
    crawler["CrawlElapsedTime"] = int((time.time() - began) * 1000)
    crawler["State"] = "READY"


def _crawl(crawler: Crawler, began: float) -> None:
    session = new_uuid()
    clients = {service: _client(crawler, service, session) for service in ("s3", "glue", "logs")}
    level = _configuration(crawler).get("Grouping", {}).get("TableLevelConfiguration")
    tables: dict[str, list[File]] = {}
    lines = list[str]()
    for target in crawler["Targets"].get("S3Targets", ()):
        for file in _files(crawler, target, clients["s3"], lines):
            tables.setdefault(_folder(file, target["Path"], level), []).append(file)
    while time.time() < began + float(os.environ.get("TIDEGATE_LOCAL_CRAWL_SECONDS", "1")):
        _go_on(crawler)
        time.sleep(POLL_SECONDS)
    _go_on(crawler)
    crawler["State"] = "STOPPING"
    for place, files in sorted(tables.items()):
        lines.append(crawled_tables.write(crawler, place, _of_one_format(files, lines), clients["glue"]))
    _log(crawler["Name"], [*lines, f"INFO : {len(tables)} tables found"], clients["logs"])


def _go_on(crawler: Crawler) -> None:
    if crawler["State"] != "RUNNING":
        raise CrawlStopped


def _client(crawler: Crawler, service: str, session: str) -> Any:  # noqa: ANN401 - boto3 clients have no static type
    """A client that may do what the crawler's role may."""
    keys = roles.credentials(str(crawler["Role"]), session)
    return boto3.client(
        service, endpoint_url=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}", region_name=get_region(),
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"], aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=keys["AWS_SESSION_TOKEN"], config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip


def _configuration(crawler: Crawler) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(crawler.get("Configuration") or "{}")
    return found


def _files(crawler: Crawler, target: Mapping[str, Any], s3: Any, lines: list[str]) -> Iterator[File]:  # noqa: ANN401 - a boto3 client
    """The files of a target that a classifier knows, of each folder as many as its sample size says; the log has the others."""
    bucket, _, prefix = target["Path"].removeprefix("s3://").partition("/")
    excluded = [_pattern(glob) for glob in target.get("Exclusions", ())]
    sample, read = int(target.get("SampleSize") or 0), Counter[str]()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", ()):
            key, folder = entry["Key"], entry["Key"].rpartition("/")[0]
            full = sample and read[folder] >= sample
            if full or not entry["Size"] or any(glob.fullmatch(key.removeprefix(prefix)) for glob in excluded):
                continue
            _go_on(crawler)
            read[folder] += 1
            if found := classify(_beginning(s3, bucket, key)):
                yield File(bucket, key, entry["Size"], found)
            else:
                lines.append(f"WARN : No classifier knows s3://{bucket}/{key}")


def _beginning(s3: Any, bucket: str, key: str) -> bytes:  # noqa: ANN401 - a boto3 client
    """What classifying needs: a stretch of text, all of a Parquet file, whose schema stands at its end."""
    body: bytes = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{SAMPLE_BYTES - 1}")["Body"].read()
    if body[:4] == b"PAR1" and len(body) == SAMPLE_BYTES:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def _pattern(glob: str) -> re.Pattern[str]:
    """Glue's globs: `*` and `?` within a folder, `**` across folders, `{a,b}` either; a dot is a character like others."""
    words = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|"}
    parts = re.findall(r"\*\*|\*|\?|\{|\}|,|[^*?{},]+", glob)
    return re.compile("".join(words.get(part) or re.escape(part) for part in parts), re.DOTALL)


def _folder(file: File, path: str, level: int | None) -> str:
    """The location of the table that a file belongs to; without a table level the first folder below the target."""
    parts = [file.bucket, *file.key.split("/")[:-1]]
    depth = level or path.removeprefix("s3://").rstrip("/").count("/") + 2
    return f"s3://{'/'.join(parts[:depth])}/"


def _of_one_format(files: list[File], lines: list[str]) -> list[File]:
    (most, _), *_ = Counter(file.found.classification for file in files).most_common()
    lines += [f"WARN : s3://{file.bucket}/{file.key} is not {most}" for file in files if file.found.classification != most]
    return [file for file in files if file.found.classification == most]


def _log(stream: str, lines: Iterable[str], logs: Any) -> None:  # noqa: ANN401 - a boto3 client
    """Write the log of a crawl. A crawler that may not log crawls all the same; the refusal is in the server's log (catalog.py)."""
    events = [{"timestamp": int(time.time() * 1000), "message": line} for line in lines]
    with contextlib.suppress(ClientError):
        logs.create_log_group(logGroupName=LOG_GROUP)
    with contextlib.suppress(ClientError):
        logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
    with contextlib.suppress(ClientError):
        logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=events)
