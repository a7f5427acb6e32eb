"""App ID authentication: `POST /v2/usg/acs/auth/appauth`."""

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.accounts import Directory
from confledger.auth.apps import AppLogin, Apps
from confledger.auth.signature import parse_authorization
from confledger.errors import InvalidLogin
from confledger.wire.bodies import read_json
from confledger.wire.session_json import session_answer

PATH: Final = "/v2/usg/acs/auth/appauth"

_INTEGER_MAX: Final = 2**63 - 1

CLIENT_TYPES: Final = (50, 51, 52, 53, 54, 55, 72)
"""Phone, tablet, desktop, television, large screen, browser, and program (72)."""

Name = Annotated[str, msgspec.Meta(max_length=255)]


class AppLoginJSON(msgspec.Struct):
    """The body of the request. Null and an empty string count as absent."""

    appId: Name | None = None
    clientType: int | None = None
    corpId: Name | None = None
    # JSON knows no integers: 1627722929.0 is one as well.
    expireTime: (
        Annotated[int, msgspec.Meta(ge=0, le=_INTEGER_MAX)]
        | Annotated[float, msgspec.Meta(ge=0, le=_INTEGER_MAX)]
        | None
    ) = None
    nonce: Annotated[str, msgspec.Meta(min_length=32, max_length=64)] | None = None
    userId: Name | None = None
    userName: Name | None = None
    userEmail: Name | None = None
    userPhone: Name | None = None
    deptCode: Name | None = None

    def to_login(self) -> AppLogin:
        """What is said, in our words.

        Raises:
            InvalidLogin: a required field is missing, or a field breaks its rule.
        """
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, str) and "\0" in value:
                raise InvalidLogin(name, "must not hold the character U+0000")
        # What is signed has colons between its values. Were they allowed in these, a
        # signature made for one user could be read as made for another.
        for name in ("appId", "corpId", "nonce"):
            if ":" in (getattr(self, name) or ""):
                raise InvalidLogin(name, "must not hold a colon")
        if not self.appId:
            raise InvalidLogin("appId", "is missing")
        client_type = check_client_type(self.clientType)
        if self.expireTime is None:
            raise InvalidLogin("expireTime", "is missing")
        if int(self.expireTime) != self.expireTime:
            raise InvalidLogin("expireTime", "must be an integer")
        if not self.nonce:
            raise InvalidLogin("nonce", "is missing")
        return AppLogin(
            app_id=self.appId,
            corp_id=self.corpId or "",
            user_account=self.userId or "",
            expire_time_s=int(self.expireTime),
            nonce=self.nonce,
            client_type=client_type,
            directory=Directory(
                name=self.userName or "",
                email=self.userEmail or "",
                phone=self.userPhone or "",
                dept_code=self.deptCode or "",
            ),
        )


def check_client_type(client_type: int | None) -> int:
    """A client type that we know.

    Raises:
        InvalidLogin: there is none, or it is unknown.
    """
    if client_type is None:
        raise InvalidLogin("clientType", "is missing")
    if client_type not in CLIENT_TYPES:
        raise InvalidLogin("clientType", f"must be one of {', '.join(map(str, CLIENT_TYPES))}")
    return client_type


@dataclass(frozen=True, slots=True)
class AppAuthCall:
    """Logs an app's user in."""

    apps: Apps

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        body = await read_json(request, AppLoginJSON, InvalidLogin)
        authorization = parse_authorization(request.headers.get("authorization"))
        session = await self.apps.log_in(body.to_login(), authorization)
        return session_answer(request, session)
