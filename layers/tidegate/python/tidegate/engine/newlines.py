"""Line endings of a text."""


def only_newline(data: bytes) -> bytes | None:
    """The line ending of a text that has one kind only; None when it has several."""
    if b"\r" not in data:
        return b"\n"
    pairs, returns, feeds = data.count(b"\r\n"), data.count(b"\r"), data.count(b"\n")
    if pairs == returns == feeds:
        return b"\r\n"
    return b"\r" if not feeds else None
