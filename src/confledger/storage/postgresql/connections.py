"""Connections that are held open, and the errors of PostgreSQL as ours."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg

from confledger.errors import InvalidRecord, StoreBusy, StoreError, StoreUnusable

CONNECT_SECONDS_MAX: Final = 5.0
_CLOSE_SECONDS_MAX: Final = 5.0

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[Any]
else:
    Connection = asyncpg.Connection

# By class (the first two characters of an SQLSTATE), where no longer code says otherwise.
_BUSY: Final = (
    "08",  # no connection; of a server that is distributed, also to a part of it
    "40",  # a deadlock, which ends for one of those in it
    "53",  # too many connections, too little memory
    "55P03",  # a lock was not to be had in time
    "57014",  # a statement took too long
    "57P",  # the server stops, starts or has crashed
    "25P03",  # the connection did nothing in a transaction for too long
    "25006",  # this server has become one that is only read
)
_UNUSABLE: Final = (
    "28",  # who we say that we are
    "3D",  # no such database
    "42501",  # what we may do
    "53100",  # the disk is full
    "58",  # the server's own files
    "XX",  # the server is damaged, or mistaken
    "F0",  # its configuration is
)
_TOO_LONG_FOR_A_KEY: Final = "54000"
_NO_CHARACTER: Final = "22021"


class Connections:
    """A few connections, opened at need and held; whoever finds all in use waits.

    Nothing is reset between two users: each leaves a connection as it found it, or
    it is closed.

    Args:
        connect: opens one.
        address: of the store, for the sentence of an error.
        size: how many there are at most.
        waiting_max: how many may wait for one.
        wait_seconds_max: how long.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        address: str,
        *,
        size: int,
        waiting_max: int,
        wait_seconds_max: float,
    ) -> None:
        self._connect = connect
        self._address = address
        self._idle: list[Connection] = []
        self._places = asyncio.Semaphore(size)
        self._waiting = 0
        self._waiting_max = waiting_max
        self._wait_seconds_max = wait_seconds_max
        self._is_closed = False

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Connection]:
        """A connection, for as long as the context lasts.

        Raises:
            StoreBusy: too many wait already, or it took too long; or as `errors_translated`.
            StoreUnusable: no connection can be opened, or as `errors_translated`.
        """
        await self._take_place()
        try:
            connection = self._take_idle() or await self._connect()
            try:
                with errors_translated(self._address):
                    yield connection
            except BaseException as error:
                # What was cancelled may still run; what is only read has to be left.
                if not isinstance(error, Exception) or isinstance(error.__cause__, _GIVE_UP):
                    connection.terminate()
                raise
            finally:
                self._put_back(connection)
        finally:
            self._places.release()

    async def _take_place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        if self._waiting >= self._waiting_max:
            raise StoreBusy(f"too much waits for the store {self._address} already")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds_max):
                await self._places.acquire()
        except TimeoutError as error:
            raise StoreBusy(f"the store {self._address} is busy") from error
        finally:
            self._waiting -= 1

    def _take_idle(self) -> Connection | None:
        while self._idle:
            # Those that a restart of the server has ended are only dropped.
            if not (connection := self._idle.pop()).is_closed():
                return connection
        return None

    def _put_back(self, connection: Connection) -> None:
        if connection.is_closed():
            return
        if self._is_closed or connection.is_in_transaction():
            connection.terminate()
        else:
            self._idle.append(connection)

    async def close(self) -> None:
        """Close those that nobody uses; the others are closed when they come back."""
        self._is_closed = True
        while self._idle:
            connection = self._idle.pop()
            try:
                await connection.close(timeout=_CLOSE_SECONDS_MAX)
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection.terminate()


_GIVE_UP: Final = (TimeoutError, asyncpg.ReadOnlySQLTransactionError)


@contextmanager
def errors_translated(address: str) -> Iterator[None]:
    """PostgreSQL's errors as ours, by SQLSTATE alone, with the cause kept.

    A row that breaks a rule of the schema is for the caller, and stays as it is.
    """
    try:
        yield
    except asyncpg.PostgresError as error:
        translated = _translated(error, address)
        if translated is None:
            raise
        raise translated from error
    except asyncpg.DataError:
        raise  # a value that no column of ours takes: our mistake
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        # TimeoutError is an OSError, and a connection that was lost in between an InterfaceError.
        raise StoreBusy(f"the store {address} does not answer: {_reason(error)}") from error


def _translated(error: asyncpg.PostgresError, address: str) -> Exception | None:
    state = error.sqlstate or ""
    if state == _NO_CHARACTER:
        return InvalidRecord("a text", "must not hold the character U+0000")
    if state == _TOO_LONG_FOR_A_KEY:
        return InvalidRecord("a name, number or id", "is too long for this store")
    kinds: dict[type[StoreError], tuple[str, ...]] = {StoreBusy: _BUSY, StoreUnusable: _UNUSABLE}
    # The longest that fits: of insufficient resources, a full disk is not to be waited for.
    fitting = [
        (len(code), kind)
        for kind, codes in kinds.items()
        for code in codes
        if state.startswith(code)
    ]
    if not fitting:
        return None
    _, kind = max(fitting, key=lambda pair: pair[0])
    trouble = "is busy" if kind is StoreBusy else "can't be used"
    return kind(f"the store {address} {trouble}: {_reason(error)}")


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
