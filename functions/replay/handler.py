"""Replay: files back into the ledger's queue, by failures-DLQ letter, file, run, dataset, time range or error class."""

from typing import Any

from tidegate import bootstrap
from tidegate.model.selection import request_from
from tidegate.telemetry import entry, logger, measure
from tidegate.usecases.answer import answer_all, replay_message
from tidegate.usecases.replay import Care, replay


@entry
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's context
    """Requeue what the event selects; a letter is deleted only after everything in it is safe. With `more`, ask again."""
    request = request_from(event)
    asked_at = request.asked_at or bootstrap.clock()
    care = Care(request.most_replays, bootstrap.turns(request.rate, context.get_remaining_time_in_millis()), asked_at)
    box, register, objects = bootstrap.letters(), bootstrap.register(), bootstrap.objects()
    replayed = replay(request.files, waker=register.waker, objects=objects, dry_run=request.dry_run, care=care)
    found = box.read(0 if replayed.more else request.most_letters, request.wants)
    forced, dry_run = request.selection.forced, request.dry_run
    post = answer_all(found, letters=box, register=register, objects=objects, care=care, forced=forced, dry_run=dry_run)
    done = replayed.and_then(post.replayed)
    logger.info("replayed", files=len(done.files), left=len(done.left), letters=post.answered, dry_run=dry_run)
    measure({"FilesReplayed": 0 if dry_run else len(done.files)})
    return replay_message(done, post) | {"dry_run": dry_run, "asked_at": asked_at}
