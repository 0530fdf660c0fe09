"""The versions of one step's state in one key group.

The newest ROLLBACK_VERSIONS are kept beside the table, each as one record of what it changed; older ones are folded into
it. So a rollback deletes a record or two, and the table itself never holds anything that must be undone.
"""

from collections.abc import Callable, Mapping
from itertools import islice

import msgspec

from dataflows.state.database import Changes, GroupDatabase
from dataflows.state.errors import RESTORE, StateDamagedError, StateLostError
from dataflows.state.store import ROLLBACK_VERSIONS


class _Manifest(msgspec.Struct, array_like=True, frozen=True):
    """Which versions there are: the table's own, those kept beside it, and the number of the next one."""

    folded: int = 0
    kept: tuple[int, ...] = ()
    following: int = 1


_decode_manifest = msgspec.msgpack.Decoder(_Manifest).decode
_decode_changes = msgspec.msgpack.Decoder(dict[str, bytes | None]).decode
_encode = msgspec.msgpack.Encoder().encode


class Table:
    """The GroupStore over a GroupDatabase. Keys: `step NUL =key`, `step NUL +version`, `step NUL @` (the manifest)."""

    def __init__(self, database: GroupDatabase, step: str, on_close: Callable[[], None]) -> None:
        self._database = database
        self._step = step
        self._on_close = on_close
        self._entries = f"{step}\0=".encode()
        self._versions = f"{step}\0+".encode()
        self._manifest_key = f"{step}\0@".encode()
        manifest = database.get(self._manifest_key)
        self._manifest = _Manifest() if manifest is None else _decode_manifest(manifest)
        self._kept = {version: self._load(version) for version in self._manifest.kept}

    @property
    def version(self) -> int:
        """The newest version."""
        return self._manifest.kept[-1] if self._manifest.kept else self._manifest.folded

    def get(self, key: str) -> bytes | None:
        """The newest value of a key, None when absent. Raises StateDamagedError."""
        for changes in reversed(self._kept.values()):
            if key in changes:
                return changes[key]
        return self._database.get(self._entries + key.encode())

    def scan(self, after: str, count: int) -> list[tuple[str, bytes]]:
        """Up to `count` entries in key order, behind the key `after`; [] at the end."""
        recent: dict[str, bytes | None] = {}
        for changes in self._kept.values():
            recent |= changes
        while True:
            rows = islice(self._database.scan(self._entries, self._entries + after.encode()), count)
            page: dict[str, bytes | None] = {key[len(self._entries) :].decode(): value for key, value in rows}
            last = max(page) if len(page) == count else None
            page |= {key: recent[key] for key in recent if key > after and (last is None or key <= last)}
            found = [(key, value) for key, value in sorted(page.items()) if value is not None]
            if found or last is None:
                return found[:count]
            after = last

    def append(self, changes: Mapping[str, bytes | None]) -> int:
        """Write the changed values (None deletes) as the next version, in one atomic write; return its number."""
        version = self._manifest.following
        folded, kept = self._manifest.folded, (*self._manifest.kept, version)
        batch = Changes()
        batch.put(self._version_key(version), _encode(changes))
        if len(kept) > ROLLBACK_VERSIONS:
            folded, kept = kept[0], kept[1:]
            self._fold(folded, batch)
        self._commit(batch, _Manifest(folded, kept, version + 1), {version: dict(changes)})
        return version

    def rollback(self, version: int | None) -> None:
        """Forget everything newer than `version`; None wipes the table. Raises StateLostError where it can't."""
        manifest, batch = self._manifest, Changes()
        if version is None:
            batch.delete_all(self._entries)
            rest = _Manifest(following=manifest.following)
        elif version == manifest.folded or version in manifest.kept:
            kept = tuple(number for number in manifest.kept if number <= version)
            rest = _Manifest(manifest.folded, kept, manifest.following)
        else:
            raise StateLostError(self._lost(version))
        for number in manifest.kept[len(rest.kept) :]:
            batch.delete(self._version_key(number))
        self._commit(batch, rest, {})

    def close(self) -> None:
        """Let go of the group; another process may open it when all its tables are closed."""
        self._on_close()

    def _fold(self, version: int, batch: Changes) -> None:
        """Bring a version's changes into the table: nothing can go back behind it any more."""
        for key, value in self._kept[version].items():
            if value is None:
                batch.delete(self._entries + key.encode())
            else:
                batch.put(self._entries + key.encode(), value)
        batch.delete(self._version_key(version))

    def _commit(self, batch: Changes, manifest: _Manifest, appended: dict[int, dict[str, bytes | None]]) -> None:
        batch.put(self._manifest_key, _encode(manifest))
        self._database.write(batch)
        self._manifest = manifest
        known = self._kept | appended
        self._kept = {version: known[version] for version in manifest.kept}

    def _load(self, version: int) -> dict[str, bytes | None]:
        changes = self._database.get(self._version_key(version))
        if changes is None:
            raise StateDamagedError(
                f"{self._database.path}: table {self._step!r} lacks its version {version}; {RESTORE}"
            )
        return _decode_changes(changes)

    def _lost(self, version: int) -> str:
        held = ", ".join(map(str, (self._manifest.folded, *self._manifest.kept)))
        where = f"{self._database.path}: table {self._step!r}"
        return f"{where} holds the versions {held}, but the engine resumes from {version}: state was lost; {RESTORE}"

    def _version_key(self, version: int) -> bytes:
        return self._versions + str(version).encode()
