"""The vendor's side of the tests: its documented sample, and its login done by hand."""

import base64
import hashlib
import hmac
import json
import ssl
import time
import uuid
from pathlib import Path
from typing import Any, Final

import httpx

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "control_records_sample.json"
"""The sample answer of the vendor's documentation."""

SAMPLE_MEETING: Final = "9a0fa6d10a5b11eaae5e191763c22c0e"
"""The meeting of the sample."""

RECORDS: Final = "/v1/mmc/management/conferences/history/confCtlRecord"
LOGIN: Final = "/v2/usg/acs/auth/appauth"

WORDS: Final = {
    "启动声控": "Start voice activation",
    "停止声控": "Stop voice activation",
    "呼叫与会方": "Call participant",
    "设置主持人": "Set host",
    "释放主持人": "Release host",
    "关闭与会方麦克风": "Mute participant",
    "打开与会方麦克风": "Unmute participant",
    "取消全场静音": "Unmute all",
    "添加与会方": "Add participant",
    "删除与会方": "Remove participant",
    "挂断与会方": "Disconnect participant",
    "点名与会方": "Give floor to participant",
    "广播与会方": "Broadcast participant",
    "取消广播与会方": "Stop broadcasting participant",
    "申请发言": "Request the floor",
}
"""The operations of the sample, and what we call them in English."""


def golden_page() -> dict[str, Any]:
    """The sample answer."""
    page: dict[str, Any] = json.loads(GOLDEN.read_text("utf-8"))
    return page


def trusting(certificate: Path) -> ssl.SSLContext:
    """What a client needs that trusts one certificate, and checks it as strictly as it can."""
    context = ssl.create_default_context(cafile=certificate)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def token_by_login(client: httpx.Client, app_id: str, app_key: str) -> str:
    """Log in by the documented formula, not by our code or the SDK's, and return the token."""
    expire_time, nonce = int(time.time()) + 600, uuid.uuid4().hex
    signed = f"{app_id}::{expire_time}:{nonce}"
    signature = hmac.new(app_key.encode(), signed.encode(), hashlib.sha256).hexdigest()
    access = base64.b64encode(app_id.encode()).decode()
    answer = client.post(
        LOGIN,
        headers={
            "Authorization": f"HMAC-SHA256 signature={signature},access={access}",
            "X-Token-Type": "LongTicket",
            "Content-Type": "application/json; charset=UTF-8",
        },
        json={"appId": app_id, "clientType": 72, "expireTime": expire_time, "nonce": nonce},
    )
    answer.raise_for_status()
    token: str = answer.json()["accessToken"]
    return token
