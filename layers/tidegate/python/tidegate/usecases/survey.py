"""Survey: the landing bucket beside the ledger. What no event announced is found by listing, in the order in which S3 keeps versions."""

from collections.abc import Container, Sequence

from tidegate.model.arrivals import Arrival
from tidegate.model.files import Versions
from tidegate.ports import Ledger, Objects, ObjectVersion


def unannounced(bucket: str, key: str, *, ledger: Ledger, landing: Objects) -> list[Arrival]:
    """Return the versions of a key that the ledger has not heard of and that are newer than what it knows, oldest first.

    The ledger is read before the bucket: what the bucket then calls newest is at least as new as what the ledger knew, so it is
    placed right after that, and below whatever an event announces later.
    """
    object_id = Arrival(bucket, key, "", "", 0).object_id
    known = ledger.versions([object_id]).get(object_id)
    listed = [v for v in landing.versions(key) if v.key == key]
    heard = ledger.files([_file_id(bucket, v) for v in listed if v.version_id]) if known else {}
    return place(bucket, listed, known, heard)


def place(bucket: str, listed: Sequence[ObjectVersion], known: Versions | None, heard: Container[str] = ()) -> list[Arrival]:
    """Give the newer ones of a key's versions (newest first, as S3 lists them) a place after the newest that is `known`.

    Under a delete marker nothing is taken: the object was withdrawn. Of a key that was never heard of all versions are placed, so that
    an event that comes late finds its version in its place, and is not taken for news. Where the newest that is known was deleted for
    good, what lies below another version that was `heard` of (by file id) is older too.
    """
    if not listed or listed[0].deleted:
        return []
    newer: list[ObjectVersion] = []
    for version in (v for v in listed if not v.deleted):
        if known and (_is_newest(bucket, version, known) or _file_id(bucket, version) in heard):
            break
        newer.append(version)
    arrivals: list[Arrival] = []
    after = known.newest if known else ""
    for version in reversed(newer):
        arrival = Arrival(bucket, version.key, version.version_id, "", version.size, version.etag, after)
        arrivals.append(arrival)
        after = arrival.order
    return arrivals


def _is_newest(bucket: str, version: ObjectVersion, known: Versions) -> bool:
    if not version.version_id:  # an unversioned object: its event had a sequencer, the listing has none, so they cannot be compared
        return True
    return _file_id(bucket, version) == known.newest_file_id


def _file_id(bucket: str, version: ObjectVersion) -> str:
    return Arrival(bucket, version.key, version.version_id, "", version.size).file_id
