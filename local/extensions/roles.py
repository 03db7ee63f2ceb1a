"""Acting under a role: on AWS a state machine and a Glue job do what their role may, and nothing else."""

import hashlib
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import sts


def credentials(role: str, session: str) -> dict[str, str]:
    """Credentials of a role, which Glue may know by its name only, as environment variables. `session` names who uses it."""
    role_arn = role if role.startswith("arn:") else f"arn:aws:iam::{get_account_id()}:role/{role}"
    return _credentials(role_arn, session)


def _credentials(role_arn: str, session: str) -> dict[str, str]:
    account, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    digest = hashlib.sha256(f"{role_arn} {session}".encode()).hexdigest()
    key, secret, token = f"ASIA{digest[:16].upper()}", digest[16:56], digest[24:]
    sts.register_session(key, {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        "UserId": f"{role}:{session}",
        "SecretAccessKey": secret,
        "SessionToken": token,
    })  # fmt: skip
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def refusal(role_arn: str, session: str, action: str, resource: str) -> str | None:
    """Why the role may not do `action` (service:Name) on the resource, in AWS's words; None if it may."""
    key = credentials(role_arn, session)["AWS_ACCESS_KEY_ID"]
    denied: Any = iam_evaluator.enforce(key, action, action.partition(":")[0], get_region(), resource_arn=resource)
    if denied is None:
        return None
    who = getattr(denied, "principal_arn", role_arn)
    return (
        f"User: {who} is not authorized to perform: {action} on resource: {resource} "
        "because no identity-based policy allows the action"
    )


def arn(service: str, resource: str) -> str:
    """The ARN of a resource of the current account and region."""
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"
