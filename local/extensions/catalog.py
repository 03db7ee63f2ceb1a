"""Access to the Glue Data Catalog is checked as AWS does: on the catalog, the database and the table.

AWS authorises a call on a table against three resources (catalog, database, table), one on a database against two. The emulator
checks the database alone for calls that name a table, and takes the name of a database for a table's. Whatever is refused, in any
service, is written to the server's log once, with the resource, which most answers
leave out.
"""

import json
import logging
from typing import Any

from ministack.core import iam_actions, iam_evaluator

from local.extensions import roles

logger = logging.getLogger("access")
_reported: set[tuple[str, ...]] = set()

# the field that names the thing itself, where it is not `Name` of a table
DATABASE_ACTIONS = frozenset({"GetDatabase", "DeleteDatabase", "UpdateDatabase"})
CRAWLER_ACTIONS = frozenset({"GetCrawler", "StartCrawler", "StopCrawler", "UpdateCrawler", "DeleteCrawler", "CreateCrawler"})
TABLE_LISTS = frozenset({"GetTables", "SearchTables", "BatchDeleteTable"})


def install() -> None:
    """Name the resources of Glue calls, and check all of them."""
    resource_of, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce

    def extract_resource_arn(service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> str:  # noqa: ANN401
        if service == "glue" and (found := resource(headers.get("x-amz-target", "").rpartition(".")[2], body)):
            return found
        return resource_of(service, method, path, headers, body, *rest)  # type: ignore[no-any-return]

    def enforce_all(key: str, action: str, service: str, region: str, resource_arn: str = "*", **rest: Any) -> Any:  # noqa: ANN401
        for arn in [*parents(resource_arn), resource_arn] if service == "glue" else [resource_arn]:
            if denied := enforce(key, action, service, region, resource_arn=arn, **rest):
                _report(action, arn, getattr(denied, "principal_arn", key))
                return denied
        return None

    iam_actions.extract_resource_arn, iam_evaluator.enforce = extract_resource_arn, enforce_all


def _report(*refusal: str) -> None:
    if refusal not in _reported:
        _reported.add(refusal)
        logger.warning("refused: %s on %s for %s", *refusal)


def resource(action: str, body: bytes) -> str | None:
    """The ARN of what a Glue call works on; None where the emulator's own answer will do."""
    try:
        call = json.loads(body or b"{}")
    except ValueError:
        return None
    database, name = call.get("DatabaseName"), call.get("Name")
    if database:
        table = call.get("TableName") or (call.get("TableInput") or {}).get("Name") or name
        if action in TABLE_LISTS:
            table = "*"
        return roles.arn("glue", f"table/{database}/{table}" if table else f"database/{database}")
    if action in DATABASE_ACTIONS or action == "CreateDatabase":
        return roles.arn("glue", f"database/{name or (call.get('DatabaseInput') or {}).get('Name')}")
    if action == "GetDatabases":
        return roles.arn("glue", "database/*")
    if action in CRAWLER_ACTIONS:
        return roles.arn("glue", f"crawler/{name}")
    return None


def parents(arn: str) -> list[str]:
    """The catalog and, for a table, the database around it."""
    head, _, tail = arn.partition(":database/" if ":database/" in arn else ":table/")
    if not tail or not arn.startswith("arn:aws:glue:"):
        return []
    database = [f"{head}:database/{tail.split('/')[0]}"] if ":table/" in arn else []
    return [f"{head}:catalog", *database]
