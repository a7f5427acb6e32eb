"""The console put together: its calls and its files, below one path."""

from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from confledger.auth.links import Links
from confledger.auth.passwords import Passwords
from confledger.auth.visibility import Visibility
from confledger.console.answers import answer_error
from confledger.console.events import EventCalls, Streams, Watch
from confledger.console.exports import ExportCalls
from confledger.console.files import Files
from confledger.console.finding import Finder, Ledger
from confledger.console.meetings import MeetingCalls
from confledger.console.people import PeopleCalls
from confledger.console.sessions import Readers, SessionCalls
from confledger.errors import ConfledgerError

PATH: Final = "/console"
_ONE: Final = "/api/conferences/{conference_uuid}"


def console_routes(
    *,
    passwords: Passwords,
    links: Links,
    visibility: Visibility,
    ledger: Ledger,
    streams: Streams,
) -> list[BaseRoute]:
    """The routes of the console."""
    readers = Readers(links.tokens)
    sessions = SessionCalls(links.tokens, links.accounts, passwords, links)
    meetings = MeetingCalls(readers, visibility, ledger, Finder(visibility, ledger))
    watch = Watch(ledger.records, ledger.conferences, links.accounts)
    events = EventCalls(readers, visibility, ledger, watch, streams)
    exports = ExportCalls(readers, visibility, ledger)
    people = PeopleCalls(readers, ledger)
    console = Starlette(
        routes=[
            Route("/api/session", sessions.__call__, methods=["GET", "POST", "DELETE"]),
            Route("/api/conferences", meetings.list, methods=["GET"]),
            Route(_ONE, meetings.facts, methods=["GET"]),
            Route(_ONE + "/records", meetings.records, methods=["GET"]),
            Route(_ONE + "/timeline", meetings.timeline, methods=["GET"]),
            Route(_ONE + "/events", events.__call__, methods=["GET"]),
            Route(_ONE + "/export.{form}", exports.__call__, methods=["GET"]),
            Route("/api/people", people.search, methods=["GET"]),
            Route("/api/people/{person}/records", people.records, methods=["GET"]),
            Route("/api/{path:path}", _no_such_call),
            Route("/{path:path}", Files().__call__, methods=["GET"]),
        ],
        exception_handlers=dict.fromkeys(
            (ConfledgerError, HTTPException, ClientDisconnect, Exception), answer_error
        ),
    )
    console.router.redirect_slashes = False
    return [
        Mount(PATH + "/", console),
        Route(PATH, _redirect, methods=["GET"]),
    ]


def sign_in_url(url: str, secret: str) -> str:
    """The link that signs somebody in: its secret is in a part that browsers tell no server."""
    return f"{url.rstrip('/')}{PATH}/sign-in#link={secret}"


def _redirect(_: Request) -> Response:
    return RedirectResponse(PATH + "/")


def _no_such_call(_: Request) -> Response:
    raise HTTPException(404)
