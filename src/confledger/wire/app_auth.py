"""App ID authentication: `POST /v2/usg/acs/auth/appauth`."""

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.accounts import Directory, Session
from confledger.auth.apps import AppLogin, Apps
from confledger.auth.signature import parse_authorization
from confledger.auth.tokens import ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS
from confledger.errors import InvalidLogin
from confledger.wire.exchange import JSONBytes, read_json

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
    expireTime: Annotated[int, msgspec.Meta(ge=0, le=_INTEGER_MAX)] | None = None
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
        if self.clientType is None:
            raise InvalidLogin("clientType", "is missing")
        if self.clientType not in CLIENT_TYPES:
            raise InvalidLogin("clientType", f"must be one of {CLIENT_TYPES}")
        if self.expireTime is None:
            raise InvalidLogin("expireTime", "is missing")
        if not self.nonce:
            raise InvalidLogin("nonce", "is missing")
        return AppLogin(
            app_id=self.appId,
            corp_id=self.corpId or "",
            user_account=self.userId or "",
            expire_time_s=self.expireTime,
            nonce=self.nonce,
            client_type=self.clientType,
            directory=Directory(
                name=self.userName or "",
                email=self.userEmail or "",
                phone=self.userPhone or "",
                dept_code=self.deptCode or "",
            ),
        )


class UserJSON(msgspec.Struct):
    """The `user` of an answer: of the documented fields, those that we know something of."""

    userId: str
    ucloginAccount: str
    companyId: str
    userType: int
    adminType: int
    name: str
    thirdAccount: str
    appId: str
    freeUser: bool = False
    status: int = 0


class SessionJSON(msgspec.Struct):
    """The body of the answer. Its units are mixed: seconds, but milliseconds in `...CreateTime`."""

    accessToken: str
    tokenIp: str
    validPeriod: int
    expireTime: int
    createTime: int
    user: UserJSON
    clientType: int
    refreshToken: str
    refreshValidPeriod: int
    refreshExpireTime: int
    refreshCreateTime: int
    forceLoginInd: int = 0
    firstLogin: bool = False
    pwdExpired: bool = False
    daysPwdAvailable: int | None = None
    proxyToken: None = None
    delayDelete: bool = False
    tokenType: int = 0


_SP_ADMINISTRATOR: Final = 1
_CORP_USER: Final = 2


def session_json(session: Session, *, client_ip: str) -> bytes:
    """A session as the answer to a login."""
    user = session.user
    account = user.account
    is_sp_administrator = (
        session.app.is_multi_tenant and not account and user.corp_id == session.app.corp_id
    )
    return msgspec.json.encode(
        SessionJSON(
            accessToken=session.access_token,
            tokenIp=client_ip,
            validPeriod=ACCESS_TOKEN_SECONDS,
            expireTime=session.expire_time_s,
            createTime=session.created_time_ms,
            user=UserJSON(
                userId=user.user_id,
                # Documented: an account made on the fly is called "Auto-" and its id.
                ucloginAccount=f"Auto-{account or user.user_id}",
                companyId=user.corp_id,
                userType=_SP_ADMINISTRATOR if is_sp_administrator else _CORP_USER,
                adminType=int(user.admin_type),
                name=user.directory.name or account,
                thirdAccount=account,
                appId=session.app.app_id,
            ),
            clientType=session.client_type,
            refreshToken=session.refresh_token,
            refreshValidPeriod=REFRESH_TOKEN_SECONDS,
            refreshExpireTime=session.refresh_expire_time_s,
            refreshCreateTime=session.created_time_ms,
        )
    )


@dataclass(frozen=True, slots=True)
class AppAuthCall:
    """Logs an app's user in."""

    apps: Apps

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        body = await read_json(request, AppLoginJSON, InvalidLogin)
        authorization = parse_authorization(request.headers.get("authorization"))
        session = await self.apps.log_in(body.to_login(), authorization)
        client_ip = request.client.host if request.client else ""
        return JSONBytes(session_json(session, client_ip=client_ip))
