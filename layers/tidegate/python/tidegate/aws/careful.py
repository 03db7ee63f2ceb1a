"""The Glue catalog on our own clients, with commits that are told apart from refusals."""

from typing import Any

from pyiceberg.catalog import Catalog
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.io import PY_IO_IMPL

from tidegate.aws.fileio import CLIENT, S3FileIO
from tidegate.errors import StaleCommit

_METADATA = "metadata_location"


def glue_catalog(s3: Any, glue: Any) -> Catalog:  # noqa: ANN401 - boto3 clients
    """Return the Glue catalog on our own clients: left to itself pyiceberg spends seconds to find the region."""
    return GlueCatalog("glue", CarefulGlue(glue), **{PY_IO_IMPL: f"{S3FileIO.__module__}.{S3FileIO.__name__}", CLIENT: s3})


class CarefulGlue:
    """A Glue client that knows its own commit again.

    When the answer to an UpdateTable is lost, the client sends it once more, and Glue refuses the second: the table is at another
    version, which is the one that the first made. pyiceberg takes that refusal for proof that nothing was committed, and deletes the
    manifests which the table now points to. So a refused commit that landed is a success, and any other is a StaleCommit, after which
    pyiceberg deletes nothing: our commit may be there, below a later one. What was not committed stays as an orphan.
    """

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - boto3 client
        """Keep the client."""
        self._client = client

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the client has
        """Everything else is the client's."""
        return getattr(self._client, name)

    def update_table(self, **request: Any) -> Any:  # noqa: ANN401 - Glue's answer
        """Update a table on the version it was read at; raise StaleCommit when it is at another that this call did not make."""
        try:
            return self._client.update_table(**request)
        except self._client.exceptions.ConcurrentModificationException as error:
            table = request["TableInput"]
            now = self._client.get_table(DatabaseName=request["DatabaseName"], Name=table["Name"])["Table"]["Parameters"]
            if now.get(_METADATA) != table["Parameters"][_METADATA]:  # its name has an id that no other commit has
                raise StaleCommit(f"{table['Name']} moved since it was opened") from error
            return {}
