"""Replay: files back into the ledger's queue, by failures-DLQ message, file, run, dataset or time range."""

from typing import Any

from tidegate import bootstrap
from tidegate.telemetry import entry, logger, measure
from tidegate.usecases.replay import replay, selection_from


@entry
def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's context
    """Requeue what the event selects; letters are deleted from the DLQ only after their files are back in the queue."""
    selection, dry_run = selection_from(event), bool(event.get("dry_run", False))
    box = bootstrap.letters()
    letters = box.read(int(event.get("letters", 0)), frozenset(event.get("message_ids", ())))
    replayed = replay(
        selection.with_letters(letter.body for letter in letters),
        waker=bootstrap.waker(),
        objects=bootstrap.objects(),
        dry_run=dry_run,
    )
    box.give_back(letters) if dry_run else box.discard(letters)
    logger.info("replayed", files=len(replayed.files), left=len(replayed.left), letters=len(letters), dry_run=dry_run)
    measure({"FilesReplayed": 0 if dry_run else len(replayed.files)})
    return replayed.as_json() | {"dry_run": dry_run, "letters": len(letters)}
