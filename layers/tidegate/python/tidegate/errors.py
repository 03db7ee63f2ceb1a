"""Every error that Tidegate raises on purpose.

TidegateError
 ├── NothingWaits              no failure: Claim found nothing to load, and the state machine has no other ear
 ├── Permanent                 trying again changes nothing: a person or a new file has to
 │    ├── MessageMalformed     an arrival message that cannot be decoded
 │    ├── ContractInvalid      a contract that does not parse or breaks the vocabulary
 │    ├── ContractMissing      no contract is published for the dataset
 │    ├── FileRefused          one landing object that cannot be loaded as a whole
 │    ├── BatchRefused         a batch-level check of the contract failed
 │    ├── RowsRefused          the same, of a check that counts rows: some of the batch's files may be without fault
 │    ├── BooksUnbalanced      rows were lost or invented: the run must not be settled
 │    ├── LeaseLost            another run owns the dataset now: this one must stop
 │    ├── NoRoom               more than this machine can hold: a larger one may
 │    ├── AccessDenied         a role lacks a permission
 │    ├── NotFound             an object, table, run or file that should exist does not
 │    ├── SettingMissing       a function was deployed without a setting it needs
 │    └── Unexpected           a bug: the type and place of what was raised, without its text
 └── Transient                 the same call may succeed later
      ├── Throttled            the service asked us to slow down
      ├── ServiceUnavailable   the service or the network failed
      └── StaleCommit          the table moved since it was read; the step re-reads and goes on

The state machine retries the names of the transient branch and catches everything else; a test holds both lists equal.
No message may contain a value of a classified column: say the rule, the column, the file and the record number instead.
"""

import errno
import traceback
from dataclasses import dataclass

_FULL = "No space left on device"  # DuckDB passes the system's words on


class TidegateError(Exception):
    """Root of the tree: `except TidegateError` catches what Tidegate raises on purpose and nothing else."""


class NothingWaits(TidegateError):
    """Claim found nothing to load and gave the lease back. As an error it costs a run that has work no state transition."""


class Permanent(TidegateError):
    """Trying again with the same input gives the same error."""


class MessageMalformed(Permanent):
    """An arrival message is not an S3 notification in any shape that Tidegate accepts."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in a contract.

    `line` counts from 1 in the YAML file (0: the file as a whole); `hint` says what to write instead, or is empty.
    """

    line: int
    path: str
    message: str
    hint: str = ""


class ContractInvalid(Permanent):
    """A contract does not parse or uses a word outside the vocabulary; `problems` has one entry per finding."""

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        """Keep the findings; the message has one line for each, as `file:line: path: message (hint)`."""
        self.source = source
        self.problems = problems
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """One printable line per finding."""
        return [f"{self.source}:{p.line}: {p.path}: {p.message}" + (f" ({p.hint})" if p.hint else "") for p in self.problems]


class ContractMissing(Permanent):
    """No contract is published for a dataset."""


class FileRefused(Permanent):
    """A landing object cannot be loaded at all; `code` is a stable upper-case word, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the message."""
        self.code = code
        super().__init__(message)


class BatchRefused(Permanent):
    """A check of the contract on the batch as a whole failed."""


class RowsRefused(Permanent):
    """A check that counts rows which break a rule failed on the batch as a whole. With fewer files at a time it tells whose they are."""


class BooksUnbalanced(Permanent):
    """Counted rows do not add up."""


class LeaseLost(Permanent):
    """The fencing token of this run is no longer the dataset's."""


class NoRoom(Permanent):
    """The batch is more than the memory or the disk of this machine; the state machine takes it to a larger one."""


def no_room(error: Exception) -> NoRoom | None:
    """Return what to raise for an error of Python, Arrow or DuckDB that says that memory or disk is used up; None for any other."""
    full = isinstance(error, OSError) and error.errno == errno.ENOSPC
    duckdb = type(error).__name__ == "OutOfMemoryException" or (type(error).__name__ == "IOException" and _FULL in str(error))
    return (
        NoRoom(f"{type(error).__name__}: more than this machine's memory or disk")
        if full or duckdb or isinstance(error, MemoryError)
        else None
    )


def stand_in(error: Exception) -> "NoRoom | Unexpected":
    """Return what to raise for an error of a library, whose own text may quote a row."""
    where = traceback.format_tb(error.__traceback__)[-1].strip().splitlines()[0]
    return no_room(error) or Unexpected(f"{type(error).__name__} at {where}")


class AccessDenied(Permanent):
    """A call was refused by IAM; the message names the action."""


class NotFound(Permanent):
    """Something that the ledger or the caller refers to does not exist."""


class SettingMissing(Permanent):
    """An environment variable that a function needs is not set or is not of its type."""


class Unexpected(Permanent):
    """What a library raised. Its own text may quote a row, so it is kept out of logs, letters and notifications."""


class Transient(TidegateError):
    """The same call may succeed when it is made again."""


class Throttled(Transient):
    """A service asked for fewer calls."""


class ServiceUnavailable(Transient):
    """A service or the network failed."""


class StaleCommit(Transient):
    """A table commit was refused because the table moved since it was read."""
