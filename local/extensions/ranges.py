"""A range of an object version is that range.

On AWS `GetObject` with `Range` and `versionId` answers 206 with the bytes asked for. The emulator looks at the range only when no
version is named and sends the whole object, so a transfer in parts writes it several times over.
"""

from typing import Any

from ministack.services import s3

_OK, _PARTIAL = 200, 206


def install() -> None:
    """Cut the answer to a versioned read."""
    read = s3._get_object

    def get_object(bucket: str, key: str, headers: dict[str, str], query: Any = None) -> Any:  # noqa: ANN401 - the emulator's types
        status, answer, body = read(bucket, key, headers, query)
        wanted = headers.get("range", "")
        if status != _OK or not wanted or not (query or {}).get("versionId"):
            return status, answer, body
        span = s3._parse_range(wanted, len(body))
        if span is None:
            return s3._error("InvalidRange", "The requested range is not satisfiable", 416, f"/{bucket}/{key}")
        first, last = span
        part = body[first : last + 1]
        kept = {name: value for name, value in answer.items() if not name.lower().startswith("x-amz-checksum-")}
        return _PARTIAL, kept | {"Content-Length": str(len(part)), "Content-Range": f"bytes {first}-{last}/{len(body)}"}, part

    s3._get_object = get_object
