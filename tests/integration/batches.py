"""Random batches, and a planner that makes manifests of them as claim does and plays them in two worlds."""

import itertools
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import strategies as st

from simulator.story import CONTRACT, VERSIONS
from tests.integration.twins import COMMIT_POINTS, Content, World, shown
from tidegate.contracts.publish import publish
from tidegate.model.drift import Header
from tidegate.model.runs import Account, Epoch, Manifest, ManifestFile, RunState

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Batch:
    """Files for one run and what becomes of it.

    `files` are numbers of keys and contents; an `again` batch takes what is there. `kind` is delta, full or parts. `end`: the run is
    settled, fails when it is loaded, is overtaken by its successor while it works, or dies at the point `end` of its commits and is
    tried again (a second death: it fails).
    """

    kind: str
    files: tuple[tuple[int, tuple[tuple[object, ...], ...] | None], ...]
    again: bool = False
    forced: bool = False
    version: str = "1.0.0"
    end: str | int = "settled"
    retried: bool = True


_ROW = st.tuples(st.sampled_from(["a", "b", "c", None]), st.sampled_from([0, 1, 2, None]), st.sampled_from("ABDC"))
_CONTENT = st.one_of(st.lists(_ROW, max_size=4).map(tuple), st.lists(_ROW, max_size=4).map(tuple), st.none())
_ENDS = st.one_of(st.just("settled"), st.sampled_from(["settled", "failed", "overtaken"]), st.integers(0, COMMIT_POINTS - 1))
BATCHES = st.builds(
    Batch,
    st.sampled_from(["delta", "delta", "delta", "full", "parts"]),
    st.lists(st.tuples(st.integers(0, 2), _CONTENT), min_size=1, max_size=3, unique_by=lambda f: f[0]).map(tuple),
    st.sampled_from([False, False, True]),
    st.booleans(),
    st.sampled_from(["1.0.0", "2.0.0"]),
    _ENDS,
    st.booleans(),
)


@dataclass
class File:
    """What the ledger would know of a key: its newest version."""

    key: str
    version: int
    count: int = 1
    attempts: int = 0
    loaded: bool = False

    @property
    def file_id(self) -> str:
        return f"f{self.version:04d}"

    @property
    def arrival(self) -> str:
        return f"{self.version:016d}"


@dataclass
class Twins:
    """Plays batches in both worlds and compares what comes of each."""

    worlds: tuple[World, World]
    place: Path
    name: str
    files: dict[str, File] = field(default_factory=dict)
    epoch: Epoch = field(default_factory=Epoch)
    arrived: int = 0
    runs: list[str] = field(default_factory=list)
    unclean: bool = False
    unlike: frozenset[str] = frozenset()  # what `shown` may show otherwise

    def publish(self, habits: str) -> None:
        for world, version in itertools.product(self.worlds, VERSIONS):
            text = CONTRACT.format(dataset=f"demo.{self.name}", name=self.name, version=version, kinds=VERSIONS[version]) + habits
            publish(text, "test", store=world.objects)

    def play(self, batch: Batch) -> None:
        members, full = self._members(batch)
        if not members:
            return
        manifest = self._manifest(batch, members, full)
        if batch.end == "overtaken":
            self._overtaken(manifest, members)
        else:
            self._loaded(manifest, batch, members)

    def _members(self, batch: Batch) -> tuple[list[File], str]:
        folder = {"delta": "delta", "full": "full", "parts": "full/load"}[batch.kind]
        named = [(f"demo/{self.name}/{folder}/{number}.csv", content) for number, content in batch.files]
        named = named[:1] if batch.kind == "full" else named
        for key, content in named:
            if not batch.again or key not in self.files:
                self._arrive(key, None if content is None else [list(row) for row in content])
        if batch.kind == "parts":
            members = [f for key, f in self.files.items() if key.startswith(f"demo/{self.name}/full/load/")]
            return sorted(members, key=lambda f: f.version), f"demo.{self.name}/load"
        members = sorted((self.files[key] for key, _ in named), key=lambda f: f.version)
        return members, members[0].file_id if batch.kind == "full" else ""

    def _arrive(self, key: str, content: Content) -> None:
        self.arrived += 1
        before = self.files.get(key)
        self.files[key] = File(key, self.arrived, count=before.count + 1 if before else 1)
        for world in self.worlds:
            world.put(key, f"v{self.arrived}", content)

    def _manifest(self, batch: Batch, members: list[File], full: str) -> Manifest:
        start = min(f.arrival for f in members)
        epoch = Epoch(full, start) if full and start >= self.epoch.start else self.epoch
        files = tuple(
            ManifestFile(
                file_id=f.file_id,
                object_id=f.key,
                bucket="landing",
                key=f.key,
                version_id=f"v{f.version}",
                size=0,
                arrival=f.arrival,
                load=full,
                replaces=f.attempts > 0 or f.count > 1,
                loaded=f.loaded,
            )
            for f in members
        )
        if batch.kind == "parts":
            files += (replace(files[0], file_id="marker", key=f"demo/{self.name}/full/load/_SUCCESS", marker=True, size=0),)
        run_id = f"run-{len(self.runs) + 1:03d}"
        self.runs.append(run_id)
        for f in members:
            f.attempts += 1
        key = f"contracts/demo/{self.name}/{batch.version}.odcs.yaml"
        named = Manifest(f"demo.{self.name}", 1, run_id, key, batch.version, epoch, self.epoch, files)
        return replace(named, recovers=self.unclean, forced=batch.forced)

    def _loaded(self, manifest: Manifest, batch: Batch, members: list[File]) -> None:
        self._decide(manifest.run_id, RunState.RUNNING)
        done = self._both(manifest, batch.end if isinstance(batch.end, int) else None)
        if done == "it died" and batch.retried:
            done = self._both(manifest)
        settled = isinstance(done, Account) and batch.end != "failed"
        self._decide(manifest.run_id, RunState.SUCCEEDED if settled else RunState.FAILED)
        self.unclean = not settled
        if isinstance(done, Account) and settled:
            done.books.check()
            self.epoch = done.epoch
            kept = {r.file_id for r in done.receipts if r.state == "LOADED"}
            for f in members:
                f.loaded = f.file_id in kept

    def _overtaken(self, manifest: Manifest, members: list[File]) -> None:
        """While the run works, its successor aborts it, loads the same files and is settled; then the run tries to commit."""
        run_id = f"run-{len(self.runs) + 1:03d}"
        self.runs.append(run_id)
        successor = replace(
            manifest, run_id=run_id, recovers=True, forced=True, files=tuple(replace(f, replaces=True) for f in manifest.files)
        )
        self._decide(manifest.run_id, RunState.RUNNING)
        results = []
        for world in self.worlds:

            def overtake(world: World = world) -> None:
                world.decide(manifest.run_id, RunState.ABORTED)
                world.decide(run_id, RunState.RUNNING)
                results.append(self._said(world.load(successor, self._room(), None, lambda: None)))
                world.decide(run_id, RunState.SUCCEEDED)

            results.append(self._said(world.load(manifest, self._room(), None, overtake)))
        done, zombie = results[:2]
        assert results[2:] == [done, zombie]
        assert isinstance(zombie, str)
        assert zombie.startswith(("StaleCommit", "BatchRefused"))
        assert isinstance(done, Account)
        self._compare()
        self.epoch, self.unclean = done.epoch, False
        for f in members:
            f.loaded = f.file_id in {r.file_id for r in done.receipts if r.state == "LOADED"}

    def _both(self, manifest: Manifest, dies_after: int | None = None) -> Account | str:
        plain, true = (self._said(w.load(manifest, self._room(), dies_after, lambda: None)) for w in self.worlds)
        assert plain == true
        self._compare()
        return true

    def _compare(self) -> None:
        key = f"contracts/demo/{self.name}/1.0.0.odcs.yaml"
        lately = self.runs[-2:]  # what each run committed is in metadata, which takes a request for each
        plain, true = (shown(w, key, f"demo_{self.name}", lately, self._room()) for w in self.worlds)
        for what in true.keys() - self.unlike:
            assert plain[what] == true[what], what

    def _decide(self, run_id: str, state: RunState) -> None:
        for world in self.worlds:
            world.decide(run_id, state)

    def _room(self) -> Path:
        return self.place / f"room-{next(_numbers)}"

    @staticmethod
    def _said(done: Account | str) -> Account | str:
        """Leave out the words for people, and what is told of headers and bytes: the simulator's files have none."""
        if isinstance(done, str):
            return done
        return replace(
            done,
            header=Header(),
            drift=(),
            sizes={},
            receipts=tuple(replace(r, reason=r.reason.partition(":")[0]) for r in done.receipts),
        )
