"""Glue keeps what a table was before each update: GetTableVersions, DeleteTableVersion, and the versions of UpdateTable.

The emulator counts versions and forgets them. Whoever replaces a view often (dbt does) asks for the old ones to delete them.
"""

import json
from copy import deepcopy
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, error_response_json, json_response
from ministack.services import glue

_before = AccountRegionScopedDict()  # database/table -> versions that are current no more, newest first


def install() -> None:
    """Keep versions, and answer for them."""
    handle, update, delete = glue._handle_request_sync, glue._update_table, glue._delete_table

    def handle_all(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:  # noqa: ANN401 - the emulator's
        own = {"GetTableVersions": _versions, "DeleteTableVersion": _delete}.get(headers.get("x-amz-target", "").rpartition(".")[2])
        return own(json.loads(body)) if own else handle(method, path, headers, body, query)

    def update_and_keep(data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
        key = f"{data.get('DatabaseName')}/{(data.get('TableInput') or {}).get('Name')}"
        old = deepcopy(glue._tables.get(key))
        answered = update(data)
        if old and answered[0] == 200 and not data.get("SkipArchive"):  # noqa: PLR2004 - HTTP's OK
            _before[key] = [old, *(_before.get(key) or [])]
        return answered

    def delete_all(data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
        _before.pop(f"{data.get('DatabaseName')}/{data.get('Name')}", None)
        return delete(data)

    glue._handle_request_sync, glue._update_table, glue._delete_table = handle_all, update_and_keep, delete_all


def _versions(data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
    key = f"{data['DatabaseName']}/{data['TableName']}"
    if key not in glue._tables:
        return error_response_json("EntityNotFoundException", f"Entity Not Found: table {key}", 400)
    found = [glue._tables[key], *(_before.get(key) or [])]
    return json_response({"TableVersions": [{"Table": table, "VersionId": table["VersionId"]} for table in found]})


def _delete(data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
    key, version = f"{data['DatabaseName']}/{data['TableName']}", str(data["VersionId"])
    kept = [table for table in _before.get(key) or [] if table["VersionId"] != version]
    if key in glue._tables and glue._tables[key]["VersionId"] == version:
        return error_response_json("InvalidInputException", "Cannot delete the current version of a table", 400)
    if len(kept) == len(_before.get(key) or []):
        return error_response_json("EntityNotFoundException", f"Entity Not Found: version {version} of table {key}", 400)
    _before[key] = kept
    return json_response({})
