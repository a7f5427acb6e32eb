"""The versions of a schema, and the steps that lead from one to the next."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Final

from confledger.errors import StoreUnusable

_FILE: Final = re.compile(r"([0-9]{4})_[a-z0-9_]+\.sql")

Tell = Callable[[str], object]
"""Is told in a sentence what was done, or what is waited for."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step, which leads to a version from the one before it."""

    version: int
    file: Traversable

    @property
    def name(self) -> str:
        """Which it is: `0002_add_x`."""
        return self.file.name.removesuffix(".sql")

    @property
    def text(self) -> str:
        """Its SQL."""
        return self.file.read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Migrations:
    """The oldest schema that can be brought to this program's, and the steps from there."""

    baseline: Migration
    steps: tuple[Migration, ...]

    @property
    def newest(self) -> int:
        """The version that this program works with; a new store has it."""
        return self.baseline.version + len(self.steps)

    def after(self, address: str, version: int) -> tuple[Migration, ...]:
        """What a store still needs, in order.

        Args:
            address: of the store, for the sentence of an error.
            version: the store's.

        Raises:
            StoreUnusable: it is newer than this program, or older than the baseline.
        """
        if version > self.newest:
            raise StoreUnusable(
                f"the store {address} was made by a newer confledger: it has the schema version"
                f" {version}, and this program works with version {self.newest}; upgrade this"
                " program"
            )
        if version < self.baseline.version:
            raise StoreUnusable(
                f"the store {address} has the schema version {version}, and this program works"
                f" with version {self.newest} and migrates stores from version"
                f" {self.baseline.version} on; migrate it with an older confledger first"
            )
        return self.steps[version - self.baseline.version :]

    def require_newest(self, address: str, version: int) -> None:
        """Refuse a store of any version but this program's.

        Raises:
            StoreUnusable: with both versions, and what to do.
        """
        if self.after(address, version):
            raise StoreUnusable(
                f"the store {address} has the schema version {version}, and this program works"
                f" with version {self.newest}; back it up and run `confledger store migrate`"
            )


@dataclass(frozen=True, slots=True)
class StoreVersion:
    """Where a store is, and of which version; `program_version` is what this program works with."""

    engine: str
    address: str
    version: int
    program_version: int


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was done to a store: the names of the steps, none where there was nothing to do."""

    address: str
    from_version: int
    to_version: int
    steps: tuple[str, ...]


def load_migrations(folder: Traversable) -> Migrations:
    """The migrations of a folder: files `NNNN_what_it_does.sql`, NNNN the version they lead to.

    The first is the baseline, a whole schema.

    Raises:
        ValueError: a name is another, or a number is missing or there twice.
    """
    found = []
    for file in folder.iterdir():
        if file.name.endswith(".sql"):
            match = _FILE.fullmatch(file.name)
            if match is None:
                raise ValueError(f"{file.name} must be named like 0002_add_x.sql")
            found.append(Migration(int(match[1]), file))
    found.sort(key=lambda each: each.version)
    for version, each in enumerate(found, start=found[0].version if found else 0):
        if each.version != version:
            raise ValueError(f"{each.file.name} must have the number {version:04}")
    if not found:
        raise ValueError("there is no baseline")
    return Migrations(found[0], tuple(found[1:]))


def failed(step: Migration, address: str, reason: object) -> StoreUnusable:
    """The error of a step that could not be done; the version stays what it was."""
    told = " ".join(str(reason).split())
    return StoreUnusable(
        f"the migration {step.name} of the store {address} failed, so the store keeps the schema"
        f" version {step.version - 1}: {told}"
    )
