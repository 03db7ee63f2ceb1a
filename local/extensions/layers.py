"""Reading one version of a layer needs lambda:GetLayerVersion on that version, as on AWS.

The emulator takes every GET below `layers` for ListLayers, on the layer as a whole.
"""

import re
from typing import Any

from ministack.core import iam_actions

VERSION = re.compile(r"/layers/(?P<name>[^/]+)/versions/(?P<version>[0-9]+)/?$")


def install() -> None:
    """Tell the emulator's IAM what such a call is, and what it is about."""
    action, resource_of = iam_actions._lambda_action, iam_actions.extract_resource_arn

    def lambda_action(method: str, path: str) -> str | None:
        return "GetLayerVersion" if method == "GET" and VERSION.search(path) else action(method, path)

    def extract_resource_arn(service: str, method: str, path: str, *rest: Any) -> str:  # noqa: ANN401
        found = str(resource_of(service, method, path, *rest))
        one = VERSION.search(path) if service == "lambda" and method == "GET" else None
        return f"{found}:{one['version']}" if one else found

    iam_actions._lambda_action, iam_actions.extract_resource_arn = lambda_action, extract_resource_arn
