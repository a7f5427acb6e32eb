"""What the console says when something goes wrong, in the languages of its pages."""

from typing import Final

from starlette.exceptions import HTTPException

from confledger.catalogue.language import Language
from confledger.errors import (
    AccountDisabled,
    AccountLocked,
    BodyTooLarge,
    BodyTooSlow,
    ForeignRequest,
    InvalidField,
    LinkRejected,
    NoSuchConference,
    NotPermitted,
    PasswordRejected,
    StoreError,
    TokenRejected,
    TooManyExports,
    TooManyRecords,
    TooManyStreams,
    UnknownMedia,
)

_SENTENCES: Final[dict[type[Exception], tuple[str, str]]] = {
    TokenRejected: ("You are not signed in any more. Sign in again.", "登录已失效，请重新登录。"),
    PasswordRejected: ("The account or the password is wrong.", "账号或密码错误。"),
    LinkRejected: (
        "The sign-in link is wrong, was used, or is over. Ask for a new one.",
        "登录链接无效、已使用或已过期，请索取新的链接。",
    ),
    AccountDisabled: (
        "The account is disabled. Ask your administrator.",
        "账号已停用，请联系管理员。",
    ),
    AccountLocked: (
        "There were too many wrong passwords. Wait a minute, and try again.",
        "密码错误次数过多，请一分钟后再试。",
    ),
    NotPermitted: (
        "You may not see this meeting: you neither scheduled it nor were invited to it.",
        "您无权查看该会议：您既不是预订者，也未被邀请。",
    ),
    NoSuchConference: ("There is no such meeting.", "没有这个会议。"),
    ForeignRequest: (
        "The request does not come from a page of this console. Reload the page.",
        "该请求不是来自本控制台的页面，请刷新页面。",
    ),
    TooManyStreams: (
        "Too many live views are open. Close one, or reload the page later.",
        "打开的实时视图过多，请关闭一些，或稍后刷新页面。",
    ),
    TooManyExports: (
        "Too many files are being made already. Try again in a moment.",
        "正在生成的文件过多，请稍后再试。",
    ),
    TooManyRecords: (
        "The meeting has too many records for this format. Take CSV or JSON Lines.",
        "该会议的记录过多，不适合此格式，请改用 CSV 或 JSON Lines。",
    ),
    BodyTooLarge: ("The request is too large.", "请求过大。"),
    BodyTooSlow: ("The request did not arrive in time. Try again.", "请求超时，请重试。"),
    UnknownMedia: (
        "The request must be JSON (Content-Type: application/json).",
        "请求必须是 JSON（Content-Type: application/json）。",
    ),
    StoreError: (
        "The ledger is busy or can't be reached. Try again in a moment.",
        "系统繁忙或暂时不可用，请稍后再试。",
    ),
    HTTPException: ("There is no such call.", "没有这个接口。"),
}

_UNEXPECTED: Final = (
    "Something went wrong. The log of the service tells more, by the request id.",
    "出现意外错误，可凭请求 ID 在服务日志中查看详情。",
)


def sentence_of(error: Exception, language: Language) -> str:
    """What a person is told of an error."""
    is_english = language == "en-US"
    if isinstance(error, InvalidField):
        if is_english:
            return f"{error.field} {error.rule}."
        return f"请求中的 {error.field} 不符合要求（{error.rule}）。"
    for ancestor in type(error).__mro__:
        if ancestor in _SENTENCES:
            english, chinese = _SENTENCES[ancestor]
            return english if is_english else chinese
    english, chinese = _UNEXPECTED
    return english if is_english else chinese
