"""The keys that make personal values safe, in Secrets Manager."""

from typing import Any

from tidegate.aws.errors import speaking_to_aws
from tidegate.model.keys import Keys, read_keys


class KeySecret:
    """The secret of a stack."""

    def __init__(self, client: Any, secret_id: str) -> None:  # noqa: ANN401 - boto3 clients have no static type
        """Keep a Secrets Manager client and the secret's id."""
        self._client, self._id = client, secret_id

    def read(self) -> Keys:
        """Read the keys; raise Permanent when one is too short to protect anything."""
        with speaking_to_aws():
            answer = self._client.get_secret_value(SecretId=self._id)
        return read_keys(answer["SecretString"])

    def write(self, keys: Keys) -> None:
        """Make these the keys; Secrets Manager keeps what was there as the version before."""
        with speaking_to_aws():
            self._client.put_secret_value(SecretId=self._id, SecretString=keys.text())
