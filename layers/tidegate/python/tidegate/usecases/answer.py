"""Answer: do what a dead letter asks for. It may be deleted only when everything in it is safe in the ledger again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tidegate.errors import NotFound
from tidegate.model.files import FileState
from tidegate.model.selection import DeadLetter, Envelope
from tidegate.ports import Letters, Objects
from tidegate.usecases.gold import try_again
from tidegate.usecases.ingest import Register, ingest
from tidegate.usecases.replay import OVERTAKEN, Care, Replayed, replay

FILES_LISTED = 2000  # Lambda answers with 6 MB at most


@dataclass(frozen=True, slots=True)
class Answered:
    """What was done for a letter, and why it has to stay (empty: it may be deleted)."""

    replayed: Replayed
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Correspondence:
    """What became of letters: how many were answered, and those left in the queue with the reason; `replayed` is of all of them."""

    replayed: Replayed
    answered: int
    left: tuple[tuple[DeadLetter, str], ...]


def answer_all(
    found: Sequence[DeadLetter],
    *,
    letters: Letters,
    register: Register,
    objects: Objects,
    care: Care,
    forced: bool,
    dry_run: bool,
) -> Correspondence:
    """Answer letters one by one; each is deleted as soon as it may be, the others are given back, whatever happens."""
    replayed, left = Replayed((), ()), []
    waiting = list(found)
    try:
        while waiting and not replayed.more:
            letter = waiting[0]
            done = answer(letter.envelope, register=register, objects=objects, care=care, forced=forced, dry_run=dry_run)
            replayed = replayed.and_then(done.replayed)
            if done.why_not:
                left.append((letter, done.why_not))
            elif not dry_run:
                letters.discard([letter])
            else:
                left.append((letter, ""))
            waiting.pop(0)
    finally:
        letters.give_back([*waiting, *(letter for letter, _ in left)])
    stays = tuple((letter, why) for letter, why in left if why)
    return Correspondence(replayed, len(found) - len(waiting) - len(stays), stays)


def answer(envelope: Envelope, *, register: Register, objects: Objects, care: Care, forced: bool, dry_run: bool) -> Answered:
    """Replay, register and wake. Errors of AWS are raised; whatever is wrong with the letter itself is its own affair."""
    why_not = envelope.problem
    if not dry_run:
        error = ingest(envelope.arrivals, [], register).error_of(envelope.arrivals)
        why_not = why_not or (str(error) if error else "")
        if envelope.token:
            # Whoever is still at work under this lease is fenced off by the next token, like every run that is overtaken.
            register.waker.ledger.hold(envelope.dataset, envelope.token, register.waker.clock())
        if envelope.gold:
            try_again(register.waker.ledger)
    selection = replace(
        envelope.selection,
        wake=tuple(filter(None, [envelope.dataset, *envelope.wake])),
        failed_runs=tuple(filter(None, [envelope.run_id])),
        forced=forced or envelope.selection.forced,
    )
    try:
        replayed = replay(selection, waker=register.waker, objects=objects, dry_run=dry_run, care=care)
    except NotFound as missing:
        return Answered(Replayed((), ()), why_not or str(missing))
    return Answered(replayed, why_not or _unfinished(replayed))


def _unfinished(replayed: Replayed) -> str:
    """Say what a letter is still needed for: files that are FAILED and that nobody overtook, or that may be soon.

    The letter goes before the files are told, so its run may not have come to its end yet: they are CLAIMED.
    """
    if replayed.more:
        return "time ran out before all of its files were replayed"
    needed = (FileState.FAILED, FileState.CLAIMED)
    stuck = [f"{record.key}: {why}" for record, why in replayed.left if record.state in needed and why != OVERTAKEN]
    return stuck[0] if stuck else ""


def replay_message(replayed: Replayed, post: Correspondence) -> dict[str, Any]:
    """Return what replay answers: files and letters, long lists cut; the totals are of all."""
    files = [{"file_id": r.file_id, "dataset": r.dataset, "key": r.key, "state": r.state} for r in replayed.files]
    left = [{"file_id": r.file_id, "dataset": r.dataset, "key": r.key, "why": why} for r, why in replayed.left]
    return {
        "files": files[:FILES_LISTED],
        "files_total": len(files),
        "left": left[:FILES_LISTED],
        "left_total": len(left),
        "more": replayed.more,
        "letters": post.answered,
        "letters_left": [{"message_id": letter.message_id, "why": why} for letter, why in post.left],
    }
