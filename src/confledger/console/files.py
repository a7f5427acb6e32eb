"""The files of the console's pages, read once and kept packed."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from confledger.console.answers import SAFE_HEADERS, takes_gzip

_SHELL: Final = "index.html"

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_PLAIN: Final = "text/plain; charset=utf-8"

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)

_HEADERS: Final = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-frame-options", b"DENY"),
    (b"vary", b"accept-encoding"),
    # Asked for each time, and answered with 304: who upgrades the service has its new pages.
    (b"cache-control", b"no-cache"),
    *SAFE_HEADERS,
)

_OF_PAGES: Final = ("meetings/", "people/")
"""Under these, what looks like the name of a file is that of a meeting or a person."""

_BEST: Final = 9


@dataclass(frozen=True, slots=True)
class File:
    """One of them."""

    content: bytes
    packed: bytes | None
    """By gzip; None where that saves nothing."""
    content_type: str
    etag: str


class Files:
    """Answers with the files, and with the shell for every path that is a page's."""

    async def __call__(self, request: Request) -> Response:
        """Answer `GET` or `HEAD`."""
        path = request.path_params["path"]
        known = _load()
        file = known.get(path)
        if file is None:
            if PurePosixPath(path).suffix in _TYPES and not path.startswith(_OF_PAGES):
                raise HTTPException(404)
            file = known[_SHELL]
        return _answer(request, file)


def _answer(request: Request, file: File) -> Response:
    is_packed = file.packed is not None and takes_gzip(request)
    etag = f'"{file.etag}{"-gzip" if is_packed else ""}"'
    headers = [*_HEADERS, (b"etag", etag.encode())]
    asked = {
        tag.strip().removeprefix("W/")
        for tag in request.headers.get("if-none-match", "").split(",")
    }
    if etag in asked:
        answer = Response(status_code=304)
        answer.raw_headers = headers
        return answer
    body = file.packed if is_packed and file.packed is not None else file.content
    answer = Response(body)
    answer.raw_headers = [
        *headers,
        (b"content-type", file.content_type.encode()),
        (b"content-length", b"%d" % len(body)),
    ]
    if is_packed:
        answer.raw_headers.append((b"content-encoding", b"gzip"))
    return answer


@cache
def _load() -> dict[str, File]:
    """The files by their paths below `/console/`."""
    return dict(_read(files("confledger.console") / "pages", ""))


def _read(folder: Traversable, path: str) -> list[tuple[str, File]]:
    found = []
    for each in folder.iterdir():
        if each.name.startswith("."):
            continue
        if each.is_dir():
            found += _read(each, f"{path}{each.name}/")
        else:
            content = each.read_bytes()
            packed = gzip.compress(content, _BEST, mtime=0)
            found.append(
                (
                    path + each.name,
                    File(
                        content,
                        packed if len(packed) < len(content) else None,
                        _TYPES.get(PurePosixPath(each.name).suffix, _PLAIN),
                        hashlib.sha256(content).hexdigest()[:32],
                    ),
                )
            )
    return found
