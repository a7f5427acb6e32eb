"""A session as the answer to every call that logs in or looks at a token."""

import time
from typing import Final

import msgspec
from starlette.requests import Request

from confledger.auth.accounts import AdminType, Grant
from confledger.auth.tokens import Session
from confledger.wire.exchange import JSONBytes


class UserJSON(msgspec.Struct):
    """The `user` of an answer: of the documented fields, those that we know something of."""

    userId: str
    ucloginAccount: str
    companyId: str
    userType: int
    adminType: int
    name: str
    thirdAccount: str
    appId: str | None
    freeUser: bool = False
    status: int = 0


class SessionJSON(msgspec.Struct):
    """The body of the answer. Its units are mixed: seconds, but milliseconds in `...CreateTime`.

    A token that is not known any more, or not asked for, is null.
    """

    accessToken: str | None
    tokenIp: str
    validPeriod: int
    expireTime: int
    createTime: int
    user: UserJSON
    clientType: int
    refreshToken: str | None
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


def session_answer(request: Request, session: Session) -> JSONBytes:
    """The answer to whoever logged in, or asked what a token stands for."""
    grant = session.grant
    # Of a new session, so that creation and period make the expiry to the second.
    is_new = bool(session.refresh_token)
    now_s = (grant.created_time_ms if is_new else time.time_ns() // 1_000_000) // 1000
    return JSONBytes(
        msgspec.json.encode(
            SessionJSON(
                accessToken=session.access_token,
                tokenIp=request.client.host if request.client else "",
                validPeriod=grant.expire_time_s - now_s,
                expireTime=grant.expire_time_s,
                createTime=grant.created_time_ms,
                user=_user_json(grant),
                clientType=grant.client_type,
                refreshToken=session.refresh_token or None,
                refreshValidPeriod=grant.refresh_expire_time_s - now_s,
                refreshExpireTime=grant.refresh_expire_time_s,
                refreshCreateTime=grant.created_time_ms,
            )
        )
    )


def _user_json(grant: Grant) -> UserJSON:
    user, app, account = grant.user, grant.app, grant.user.account
    is_sp_administrator = (
        app is not None
        and app.is_multi_tenant
        and user.admin_type is AdminType.DEFAULT_ADMINISTRATOR
        and user.corp_id == app.corp_id
    )
    return UserJSON(
        userId=user.user_id,
        # Documented: an account made on the fly by an app is called "Auto-" and its id.
        ucloginAccount=f"Auto-{account or user.user_id}" if user.is_automatic else account,
        companyId=user.corp_id,
        userType=_SP_ADMINISTRATOR if is_sp_administrator else _CORP_USER,
        adminType=int(user.admin_type),
        name=user.directory.name or account,
        thirdAccount=account,
        appId=app.app_id if app else None,
    )
