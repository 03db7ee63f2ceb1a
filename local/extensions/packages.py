"""One unpacked copy of each layer and each function package, shared by all workers and kept by content hash.

AWS merges a function's layers into /opt in order, a later layer covering an earlier one. The emulator unpacks every layer anew for
every worker: a few hundred megabytes and seconds each time. Here a package is unpacked once, and a merge of layers is made of hard
links, so that it costs no space.
"""

import hashlib
import io
import os
import shutil
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

RUNTIME_MODULES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
UNUSED_DAYS = 7

_locks: dict[Path, threading.Lock] = {}
_locks_guard = threading.Lock()


def cache() -> Path:
    """The folder of all unpacked packages."""
    return Path(os.environ["TIDEGATE_LOCAL_STATE"]) / "cache"


def temporary() -> Path:
    """The folder for the /tmp of this server's workers: a server that is killed leaves it, and the next one on its port empties it."""
    return Path(os.environ["TIDEGATE_LOCAL_STATE"]) / f"tmp-{os.environ['GATEWAY_PORT']}"


def empty_temporary() -> None:
    """Drop what the workers of an earlier server left."""
    shutil.rmtree(temporary(), ignore_errors=True)
    temporary().mkdir(parents=True)


def unpacked(package: bytes) -> Path:
    """The folder that holds the zip `package`, unpacked."""
    return _made(cache() / "packages" / hashlib.sha256(package).hexdigest()[:32], lambda folder: _unzip(package, folder))


def merged(layers: list[Path]) -> Path:
    """The layers in one folder, as /opt: later ones cover earlier ones."""
    name = hashlib.sha256("\n".join(map(str, layers)).encode()).hexdigest()[:32]
    return _made(cache() / "opt" / name, lambda folder: _link(layers, folder))


def runtime() -> Path:
    """The folder with boto3 and what it needs, which AWS's Python runtimes bring along, and nothing else of our environment."""
    sources = [Path(spec.origin) for name in RUNTIME_MODULES if (spec := find_spec(name)) and spec.origin]
    roots = [source.parent if source.name == "__init__.py" else source for source in sources]
    name = hashlib.sha256("\n".join(map(str, roots)).encode()).hexdigest()[:32]
    return _made(cache() / "runtime" / name, lambda folder: _point(roots, folder))


def prune(days: float = UNUSED_DAYS) -> None:
    """Drop what no worker used for `days` days."""
    oldest = time.time() - days * 86_400
    for entry in cache().glob("*/*"):
        if entry.stat().st_mtime < oldest:
            shutil.rmtree(entry, ignore_errors=True)


def _made(folder: Path, make: Callable[[Path], object]) -> Path:
    """The folder, made beside its place and renamed, so that nobody sees half of it."""
    with _locks_guard:
        lock = _locks.setdefault(folder, threading.Lock())
    with lock:
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix="partial-", dir=folder.parent))
            make(partial)
            partial.rename(folder)
        os.utime(folder)
    return folder


def _unzip(package: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        for member in archive.infolist():
            path = Path(archive.extract(member, folder))
            if (mode := member.external_attr >> 16 & 0o777) and not member.is_dir():
                path.chmod(mode | 0o600)


def _link(layers: list[Path], folder: Path) -> None:
    for top, (parent, _, names) in ((layer, found) for layer in layers for found in os.walk(layer)):
        place = folder / Path(parent).relative_to(top)
        place.mkdir(parents=True, exist_ok=True)
        for name in names:
            (place / name).unlink(missing_ok=True)
            (place / name).hardlink_to(Path(parent) / name)


def _point(modules: list[Path], folder: Path) -> None:
    for module in modules:
        (folder / module.name).symlink_to(module)
