"""A snapshot that swaps data files and keeps the table's list of manifests short.

pyiceberg's own overwrite carries every manifest along for ever, also those that only say what was deleted once: the thousandth commit
would read and list a thousand of them. Iceberg's Java library drops the ones without live files and merges small ones; so does this.
"""

from pyiceberg.io import FileIO
from pyiceberg.manifest import ManifestContent, ManifestFile
from pyiceberg.table import Transaction
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update import AssertRefSnapshotId, UpdatesAndRequirements
from pyiceberg.table.update.snapshot import ExpireSnapshots, _ManifestMergeManager, _OverwriteFiles
from pyiceberg.typedef import EMPTY_DICT

_TARGET_BYTES = 8 * 1024 * 1024
_MERGED_AT = 20  # manifests


class SwapFiles(_OverwriteFiles):
    """Files added and removed in one commit, on the version that the transaction's table was opened at."""

    def __init__(self, transaction: Transaction, io: FileIO, properties: dict[str, str]) -> None:
        """Begin a snapshot with these summary properties."""
        operation = Operation.OVERWRITE if transaction.table_metadata.current_snapshot() else Operation.APPEND
        super().__init__(operation, transaction, io, snapshot_properties=properties)

    def _existing_manifests(self) -> list[ManifestFile]:
        return [m for m in super()._existing_manifests() if m.has_added_files() or m.has_existing_files()]

    def _process_manifests(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        data = [m for m in manifests if m.content == ManifestContent.DATA]
        others = [m for m in manifests if m.content != ManifestContent.DATA]
        return [
            *_ManifestMergeManager(_TARGET_BYTES, _MERGED_AT, merge_enabled=True, snapshot_producer=self).merge_manifests(data),
            *others,
        ]


class MergeFiles(SwapFiles):
    """Files with the same rows in the place of others: a snapshot that whoever follows the table's changes passes over."""

    def _summary(self, snapshot_properties: dict[str, str] = EMPTY_DICT) -> Summary:
        summary = super()._summary(snapshot_properties)  # which knows how to count, but not this operation
        return Summary(operation=Operation.REPLACE, **summary.additional_properties)


class ExpireVersions(ExpireSnapshots):
    """Snapshots that are forgotten, on the version that the transaction's table was opened at.

    pyiceberg's own would be made on whatever the table is by then: a snapshot that was brought back meanwhile would take the table
    with it.
    """

    def _commit(self) -> UpdatesAndRequirements:
        updates, requirements = super()._commit()
        current = self._transaction.table_metadata.current_snapshot_id
        return updates, (*requirements, AssertRefSnapshotId.model_validate({"ref": MAIN_BRANCH, "snapshot-id": current}))
