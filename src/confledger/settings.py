"""Every setting of the service, in one place.

Each is an option of a command and an environment variable; the command line reads
them and hands the result down as a `Settings`. Nothing else reads the environment.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import platformdirs

from confledger.errors import SettingError

ENVIRONMENT_PREFIX: Final = "CONFLEDGER_"
"""`--store` is also `CONFLEDGER_STORE`, and so for every option."""

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8443
WORKERS_MAX: Final = 64
DEFAULT_PAGE_CACHE_MIB: Final = 64
PAGE_CACHE_MIB_MAX: Final = 1024**2


def default_data_folder() -> Path:
    """Where the program keeps what the user gives no place for: the user's data folder."""
    return Path(platformdirs.user_data_dir("confledger", appauthor=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the service runs with.

    Raises:
        SettingError: two settings contradict each other.
    """

    data_folder: Path = field(default_factory=default_data_folder)
    """Holds the default store, and the certificate that the service makes for itself."""
    store: str = ""
    """`sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`; empty: a file in the data folder."""
    store_read: str = ""
    """A copy of a store in PostgreSQL, `postgresql://USER@HOST/DATABASE`, from which is
    read what may be late; empty: there is none."""
    secret_key_file: Path | None = None
    """Holds the key that app keys are encrypted with; None: a file beside the
    store, or in the data folder if the store is no file."""
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    """0 takes a free one."""
    tls: bool = True
    tls_cert: Path | None = None
    """The owner's certificate chain (PEM); None: a self-signed one is made and kept."""
    tls_key: Path | None = None
    workers: int = 1
    """How many processes serve."""
    page_cache_mib: int = DEFAULT_PAGE_CACHE_MIB
    """How much memory each of them may keep pages in; 0 keeps none."""
    metrics_token_file: Path | None = None
    """Holds what a monitoring system has to show; None: nobody is told what is counted."""

    def __post_init__(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise SettingError("--tls-cert and --tls-key must be given together")
        if self.tls_cert and not self.tls:
            raise SettingError("--no-tls can't be combined with --tls-cert and --tls-key")

    @property
    def store_url(self) -> str:
        """The URL of the store, with the default filled in."""
        return self.store or f"sqlite:///{self.data_folder / 'confledger.sqlite3'}"
