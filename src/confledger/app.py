"""The one place where the parts are put together: settings in, ASGI application out."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from confledger.auth.apps import Apps, open_apps
from confledger.auth.links import Links
from confledger.auth.passwords import Passwords
from confledger.auth.tokens import Tokens
from confledger.auth.visibility import Visibility
from confledger.catalogue.words import Catalogue, load_catalogue
from confledger.console.events import Streams
from confledger.console.finding import Ledger
from confledger.console.routes import console_routes
from confledger.errors import ConfledgerError, StoreBusy
from confledger.ledger.intake import Intake
from confledger.observability.counters import counters
from confledger.observability.logging import logger
from confledger.observability.request_log import request_log
from confledger.settings import Settings
from confledger.storage import Stores, open_stores, secret_key_path
from confledger.wire import (
    account_auth,
    app_auth,
    control_records,
    history,
    metrics,
    openapi,
    push,
    token_calls,
)
from confledger.wire.errors import STOPPING
from confledger.wire.exchange import Exchange, answer_error, error_answer
from confledger.wire.page_cache import PageCache

_SECONDS_BETWEEN_TRIES: Final = 0.5

if TYPE_CHECKING:
    from confledger.ingest.files import Importer


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service is made of, open and ready."""

    stores: Stores
    catalogue: Catalogue
    intake: Intake
    tokens: Tokens
    visibility: Visibility
    links: Links
    read_control_records: control_records.ControlRecordsCall
    secret_key_file: Path

    @property
    def importer(self) -> "Importer":
        """What takes records from files."""
        from confledger.ingest.files import Importer  # noqa: PLC0415 - no server needs it

        stores = self.stores
        return Importer(self.intake, stores.conferences, self.catalogue, stores.phrases)

    async def open_apps(self) -> Apps:
        """The apps of the store; only what makes or checks an app key needs the secret key.

        Raises:
            SettingError: the secret key file can't be used, or is not this store's.
        """
        return await open_apps(
            self.stores.accounts, self.stores.tenants, self.tokens, self.secret_key_file
        )


@asynccontextmanager
async def open_parts(settings: Settings, *, make_store: bool = True) -> AsyncIterator[Parts]:
    """Open what the settings name, and close it at the end.

    Args:
        settings: which store, and where its secret key is.
        make_store: whether a store that is not there is made.

    Raises:
        SettingError, StoreError: something can't be opened; the sentence says what.
    """
    stores = await open_stores(settings.store_url, make=make_store, read_url=settings.store_read)
    try:
        catalogue, intake = load_catalogue(), Intake(stores.records)
        tokens, visibility = Tokens(stores.accounts), Visibility(stores.conferences)
        pages = PageCache(settings.page_cache_mib * 1024**2)
        yield Parts(
            stores=stores,
            catalogue=catalogue,
            intake=intake,
            tokens=tokens,
            visibility=visibility,
            links=Links(stores.accounts, tokens),
            read_control_records=control_records.ControlRecordsCall(
                tokens, visibility, stores.read_records, stores.phrases, catalogue, pages
            ),
            secret_key_file=settings.secret_key_file
            or secret_key_path(settings.store_url, settings.data_folder),
        )
    finally:
        await stores.close()


def create_app(
    parts: Parts,
    apps: Apps,
    exposure: metrics.Exposure | None = None,
    streams: Streams | None = None,
) -> ASGIApp:
    """The application that answers requests.

    Args:
        parts: what it is made of.
        apps: who may log in by an app's key.
        exposure: how what is counted is told, if it is.
        streams: by which whoever stops the server ends the live streams.
    """
    conferences = history.HistoryCalls(
        parts.tokens,
        parts.visibility,
        parts.stores.read_conferences,
        parts.stores.phrases,
        parts.catalogue,
    )
    log_in_by_app = app_auth.AppAuthCall(apps)
    passwords = Passwords(parts.stores.accounts, parts.tokens)
    log_in_by_password = account_auth.AccountAuthCall(passwords)
    tokens = token_calls.TokenCalls(parts.tokens)
    pushes = push.PushCalls(
        parts.tokens,
        parts.intake,
        parts.stores.records,
        parts.stores.conferences,
        parts.catalogue,
        push.room_for(has_one_writer=parts.stores.read_at_once),
    )
    starlette = Starlette(
        routes=[
            Route(control_records.PATH, parts.read_control_records.__call__, methods=["GET"]),
            Mount(openapi.PAGE_PATH, openapi.ReferencePage()),
            Route(openapi.PAGE_PATH, lambda _: RedirectResponse(openapi.PAGE_PATH + "/")),
            Route(openapi.PATH, openapi.OpenAPICall().__call__, methods=["GET"]),
            Route(history.PATH, conferences.list, methods=["GET"]),
            Route(history.DETAIL_PATH, conferences.detail, methods=["GET"]),
            Route(history.ATTENDANCE_PATH, conferences.attendance, methods=["GET"]),
            Route(app_auth.PATH, log_in_by_app.__call__, methods=["POST"]),
            Route(account_auth.PATH, log_in_by_password.__call__, methods=["POST"]),
            Route(token_calls.PATH, tokens.refresh_or_end, methods=["PUT", "DELETE"]),
            Route(token_calls.VALIDATE_PATH, tokens.validate, methods=["POST"]),
            Route(push.PATH, pushes.put_conference, methods=["PUT"]),
            Route(push.RECORDS_PATH, pushes.add_records, methods=["POST"]),
            Route(push.ATTENDEES_PATH, pushes.add_attendees, methods=["POST"]),
            Route(push.END_PATH, pushes.end_conference, methods=["POST"]),
            *console_routes(
                links=parts.links,
                passwords=passwords,
                visibility=parts.visibility,
                ledger=Ledger(
                    parts.stores.read_conferences,
                    parts.stores.read_records,
                    parts.stores.phrases,
                    parts.catalogue,
                ),
                streams=streams or Streams(),
            ),
        ],
        exception_handlers=dict.fromkeys(
            (ConfledgerError, HTTPException, ClientDisconnect, Exception), answer_error
        ),
    )
    if exposure is not None:
        tell_metrics = metrics.MetricsCall(exposure)
        starlette.router.routes.append(Route(metrics.PATH, tell_metrics.__call__, methods=["GET"]))
    # A path with one slash too many is a wrong path, not a reason to redirect:
    # a client that follows might do so without its headers.
    starlette.router.redirect_slashes = False
    return Exchange(starlette)


class Service:
    """The application of one worker process.

    It opens its parts when the server starts and closes them when it stops (ASGI
    lifespan), in the process and the event loop that use them.
    """

    def __init__(self, settings: Settings, exposure: metrics.Exposure | None = None) -> None:
        self._settings = settings
        self._exposure = exposure
        self._app: ASGIApp | None = None
        self.hot_call: control_records.ControlRecordsCall | None = None
        """The call that the server may make by itself."""
        self.streams = Streams()
        """The live streams, which the server ends when it stops."""
        self.answers_at_once = False
        """Whether that call never waits for anything."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._app is not None:
            await self._app(scope, receive, send)
        else:
            await error_answer(STOPPING)(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        request_log.open(sys.stderr)
        async with AsyncExitStack() as opened:
            opened.callback(request_log.close)
            try:
                if self._exposure is not None:
                    counters.open(self._exposure.folder)
                    opened.callback(counters.close)
                await self._open(opened)
            except (ConfledgerError, OSError) as error:
                logger.error("can't start", extra={"reason": str(error)})
                if not isinstance(error, StoreBusy) and not isinstance(error.__cause__, StoreBusy):
                    await send({"type": "lifespan.startup.failed"})
                    return
                # The store was there when the service was started, and may be again in a moment:
                # for one worker that is started anew meanwhile not all of them have to end.
                waiting = asyncio.create_task(self._open_at_last(opened))
                opened.callback(waiting.cancel)
            await send({"type": "lifespan.startup.complete"})
            await receive()  # lifespan.shutdown
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self, opened: AsyncExitStack) -> None:
        async with AsyncExitStack() as tried:
            parts = await tried.enter_async_context(open_parts(self._settings))
            apps = await parts.open_apps()
            self._app = create_app(parts, apps, self._exposure, self.streams)
            self.hot_call = parts.read_control_records
            self.answers_at_once = parts.stores.read_at_once
            opened.push_async_callback(tried.pop_all().aclose)

    async def _open_at_last(self, opened: AsyncExitStack) -> None:
        while self._app is None:
            await asyncio.sleep(_SECONDS_BETWEEN_TRIES)
            try:
                await self._open(opened)
            except ConfledgerError as error:
                logger.error("can't start", extra={"reason": str(error)})
