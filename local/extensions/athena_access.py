"""Athena has no rights of its own: it reads the catalog and the objects, and writes them, with those of whoever started the query.

What is checked: the entry of a table in Glue and its objects in S3 for reading, what a statement makes, changes and drops, and the file of
its result. The emulator's root user may do anything, as everywhere.
"""

from urllib.parse import urlparse

from ministack.core import iam_evaluator
from ministack.core.responses import get_region

from local.extensions import roles
from local.extensions.athena_sql import QueryError


def table(action: str, database: str, name: str) -> None:
    """Refuse unless the caller may do something to a table; the name is Glue's action."""
    _require(f"glue:{action}", roles.arn("glue", f"table/{database}/{name}"))


def database(action: str, name: str) -> None:
    """Refuse unless the caller may do something to a database."""
    _require(f"glue:{action}", roles.arn("glue", f"database/{name}"))


def objects(action: str, location: str) -> None:
    """Refuse unless the caller may do something to the objects below an s3 URL."""
    place = urlparse(location)
    if place.netloc:
        _require(f"s3:{action}", f"arn:aws:s3:::{place.netloc}/{place.path.strip('/')}/any")


def _require(action: str, resource: str) -> None:
    key = iam_evaluator._verified_key.get()  # the root user's is not verified
    if not key:
        return
    denied = iam_evaluator.enforce(key, action, action.partition(":")[0], get_region(), resource_arn=resource)
    if denied is None:
        return
    who = getattr(denied, "principal_arn", key)
    why = f"User: {who} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the action"
    if action.startswith("s3:"):
        raise QueryError(
            f"PERMISSION_DENIED: Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied): {why}"
        )
    raise QueryError(f"Insufficient permissions to execute the query. {why}")
