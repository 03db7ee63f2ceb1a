"""What a call to Athena works on, for those who may not do everything: its work group, also when the call names only a query of the group.

On AWS asking for a query, its results or its end is authorised on the work group that the query runs in, and asking for a data catalog
on that catalog. The emulator asks for rights on everything, for which no careful policy has room.
"""

import json
from typing import Any

from ministack.core import iam_actions
from ministack.services import athena

from local.extensions import roles


def install() -> None:
    """Name the resources of Athena calls."""
    resource_of = iam_actions.extract_resource_arn

    def extract_resource_arn(service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> str:  # noqa: ANN401
        if service == "athena" and (found := resource(headers.get("x-amz-target", "").rpartition(".")[2], body)):
            return found
        return resource_of(service, method, path, headers, body, *rest)  # type: ignore[no-any-return]

    iam_actions.extract_resource_arn = extract_resource_arn


def resource(action: str, body: bytes) -> str | None:
    """The ARN of what a call works on; None where the emulator's own answer will do."""
    try:
        call = json.loads(body or b"{}")
    except ValueError:
        return None
    if execution := athena._executions.get(call.get("QueryExecutionId")):
        return roles.arn("athena", f"workgroup/{execution.get('WorkGroup') or 'primary'}")
    if action == "StartQueryExecution":
        return roles.arn("athena", f"workgroup/{call.get('WorkGroup') or 'primary'}")
    if action == "GetDataCatalog" and call.get("Name"):
        return roles.arn("athena", f"datacatalog/{call['Name']}")
    return None
