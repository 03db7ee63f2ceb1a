"""The key that tokenises personal values."""

from typing import Any

from tidegate.aws.errors import speaking_to_aws
from tidegate.engine import Keyring
from tidegate.errors import Permanent

_SHORTEST = 32


def read_keyring(client: Any, secret_id: str) -> Keyring:  # noqa: ANN401 - boto3 clients have no static type
    """Read the key from Secrets Manager; its version id names it. Raise Permanent when it is too short to protect anything."""
    with speaking_to_aws():
        answer = client.get_secret_value(SecretId=secret_id)
    key = answer["SecretString"].encode()
    if len(key) < _SHORTEST:
        raise Permanent(f"the token key has {len(key)} characters; put at least {_SHORTEST} random ones into the secret")
    return Keyring(key_id=answer["VersionId"], key=key)
