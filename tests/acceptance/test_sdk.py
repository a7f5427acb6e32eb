"""The vendor's SDK for Python, as it is installed, against the service as it is installed.

The SDK always speaks TLS, logs in by itself at its first call, and keeps its token
for twelve hours without ever logging in again.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from huaweicloudsdkcore.exceptions.exceptions import (
    ClientRequestException,
    SslHandShakeException,
)
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkmeeting.v1 import MeetingClient, SearchCtlRecordsOfHisMeetingRequest
from huaweicloudsdkmeeting.v1.meeting_credentials import (
    AuthTypeEnum,
    MeetingCredentials,
    TenantSceneEnum,
)

from acceptance.service import Demo, run, running
from acceptance.vendor import GOLDEN, SAMPLE_MEETING, WORDS, golden_page

# The SDK's name of each key of a record.
ATTRIBUTES: Final = {
    "operateTime": "operate_time",
    "operateSource": "operate_source",
    "operator": "operator",
    "operateCode": "operate_code",
    "operationObject": "operation_object",
    "operateResult": "operate_result",
    "detail": "detail",
}


def credentials_of(app_id: str, app_key: str, corp_id: str | None = None) -> Any:
    """What the SDK logs in with."""
    credentials = MeetingCredentials().with_auth_type_enum(AuthTypeEnum.APP_ID)
    credentials.with_app_id(app_id).with_app_key(app_key)
    return credentials.with_corp_id(corp_id) if corp_id else credentials


def unchecked(_: Path) -> Any:
    """The SDK's configuration for whoever does not care who answers."""
    return HttpConfig(ignore_ssl_verification=True)


def trusting(certificate: Path) -> Any:
    """The SDK's configuration for whoever trusts a certificate by its file."""
    return HttpConfig(ssl_ca_cert=str(certificate))


@contextmanager
def client_of(url: str, config: Any, credentials: Any) -> Iterator[Any]:
    """A client of the SDK."""
    builder = MeetingClient.new_builder().with_http_config(config)
    client = builder.with_credentials(credentials).with_endpoint(url).build()
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def client(demo: Demo) -> Iterator[Any]:
    """A client of the demo, with the demo's app."""
    credentials = credentials_of(demo.app_id, demo.app_key)
    with client_of(demo.service.url, trusting(demo.service.certificate), credentials) as opened:
        yield opened


def ask(client: Any, conference_uuid: str, **parameters: Any) -> Any:
    """One call."""
    return client.search_ctl_records_of_his_meeting(
        SearchCtlRecordsOfHisMeetingRequest(conf_uuid=conference_uuid, **parameters)
    )


def all_pages(client: Any, conference_uuid: str, limit: int, **parameters: Any) -> list[Any]:
    """Every page of a meeting, as a program reads them: until it has as many as there are."""
    pages: list[Any] = []
    while not pages or pages[-1].offset + len(pages[-1].data) < pages[-1].count:
        pages.append(
            ask(client, conference_uuid, offset=len(pages) * limit, limit=limit, **parameters)
        )
        assert pages[-1].data
    return pages


def as_on_the_wire(record: Any) -> dict[str, Any]:
    """A record of the SDK by the wire's keys, without those that the SDK found nothing for."""
    values = {key: getattr(record, name) for key, name in ATTRIBUTES.items()}
    return {key: value for key, value in values.items() if value is not None}


class Refusal(NamedTuple):
    """What the SDK read of an error."""

    status_code: int
    error_code: str
    error_msg: str
    request_id: str


def refusal(call: Callable[[], Any]) -> Refusal:
    """The error that a call ends with.

    Of the exception itself nothing is kept: by way of its traceback it would keep
    the SDK's connections open.
    """
    try:
        call()
    except ClientRequestException as error:
        return Refusal(error.status_code, error.error_code, error.error_msg, error.request_id)
    pytest.fail("the call was not refused")


def assert_refused(error: Refusal, status: int, code: str, message: str) -> None:
    """Hold what the SDK read of an error against what it ought to have read."""
    assert (error.status_code, error.error_code) == (status, code)
    assert re.fullmatch(message, error.error_msg)
    assert re.fullmatch("[0-9a-f]{32}", error.request_id)


@pytest.mark.parametrize("config", [unchecked, trusting])
def test_the_sdk_reads_the_sample_in_chinese(demo: Demo, config: Callable[[Path], Any]) -> None:
    """Whether it checks the certificate or not, the SDK logs in and reads the vendor's own sample,
    and the three records behind it.
    """
    credentials = credentials_of(demo.app_id, demo.app_key)
    with client_of(demo.service.url, config(demo.service.certificate), credentials) as client:
        first = ask(client, SAMPLE_MEETING)
        second = ask(client, SAMPLE_MEETING, offset=20)

    assert first.status_code == 200
    assert json.loads(first.raw_content, object_pairs_hook=list) == json.loads(
        GOLDEN.read_text("utf-8"), object_pairs_hook=list
    )
    assert (first.offset, first.limit, first.count) == (0, 20, 23)
    assert [as_on_the_wire(record) for record in first.data] == golden_page()["data"]
    assert (second.offset, second.limit, second.count) == (20, 20, 23)
    assert len(second.data) == 3
    for record in [*first.data, *second.data]:
        assert type(record.operate_time) is int
        assert all(type(value) in {int, str} for value in as_on_the_wire(record).values())


@pytest.mark.parametrize("config", [unchecked, trusting])
def test_the_sdk_reads_the_sample_in_english(demo: Demo, config: Callable[[Path], Any]) -> None:
    """With the language asked for as the SDK does it, the words are English, on every page."""
    credentials = credentials_of(demo.app_id, demo.app_key)
    with client_of(demo.service.url, config(demo.service.certificate), credentials) as client:
        chinese = all_pages(client, SAMPLE_MEETING, 5, accept_language="zh-CN")
        english = all_pages(client, SAMPLE_MEETING, 5, accept_language="en-US")

    words = WORDS | {"结束会议": "End meeting", "取消申请发言": "Withdraw floor request"}
    assert [len(page.data) for page in chinese] == [5, 5, 5, 5, 3]
    assert [as_on_the_wire(record) for page in english for record in page.data] == [
        as_on_the_wire(record)
        | {"operateCode": words[record.operate_code], "operateResult": "Success"}
        for page in chinese
        for record in page.data
    ]


def test_the_sdk_refuses_a_certificate_that_it_was_not_told_to_trust(demo: Demo) -> None:
    """Without either setting the SDK does not talk to us: the certificate really is checked."""
    credentials = credentials_of(demo.app_id, demo.app_key)
    with (
        client_of(demo.service.url, HttpConfig(), credentials) as client,
        pytest.raises(SslHandShakeException),
    ):
        ask(client, SAMPLE_MEETING)


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_the_sdk_pages_through_five_thousand_records(
    demo: Demo, client: Any, language: str
) -> None:
    """In pages of 500 the SDK gets each of 5,000 records, once, in the order that smaller pages
    have too.
    """
    (conference_uuid,) = demo.meetings.keys() - {SAMPLE_MEETING}
    pages = all_pages(client, conference_uuid, 500, accept_language=language)
    records = [as_on_the_wire(record) for page in pages for record in page.data]
    window = ask(client, conference_uuid, offset=1990, limit=20, accept_language=language)
    beyond = ask(client, conference_uuid, offset=5000, limit=500)

    assert [(page.offset, page.limit, page.count, len(page.data)) for page in pages] == [
        (offset, 500, 5000, 500) for offset in range(0, 5000, 500)
    ]
    assert len({json.dumps(record) for record in records}) == 5000
    assert [as_on_the_wire(record) for record in window.data] == records[1990:2010]
    assert (beyond.data, beyond.count) == ([], 5000)


def test_a_larger_limit_counts_as_five_hundred(demo: Demo, client: Any) -> None:
    """A limit beyond the documented maximum gives the largest page, and the answer says so."""
    (conference_uuid,) = demo.meetings.keys() - {SAMPLE_MEETING}
    page = ask(client, conference_uuid, limit=501)

    assert (page.limit, len(page.data)) == (500, 500)


def test_the_sdk_reads_what_is_wrong_with_a_request(client: Any) -> None:
    """Of a meeting that is not there and of an id that is none, the SDK reads status, code,
    message and request id.
    """
    unknown = refusal(lambda: ask(client, "0" * 32))
    malformed = refusal(lambda: ask(client, "9a0fa6d1-0a5b-11ea-ae5e-191763c22c0"))
    negative = refusal(lambda: ask(client, SAMPLE_MEETING, offset=-1))

    assert_refused(unknown, 400, "MMC.111070005", "CONF_DATA_NOT_FOUND")
    assert_refused(malformed, 400, "MMC.111071061", "PARAMETER_VERIFIED_FAIL.*")
    assert_refused(negative, 400, "MMC.111071061", "PARAMETER_VERIFIED_FAIL.*")
    assert len({unknown.request_id, malformed.request_id, negative.request_id}) == 3


def test_the_sdk_reads_why_a_login_fails(demo: Demo) -> None:
    """To the SDK a wrong key of an app and an app that is not there are the same 401."""
    url, config = demo.service.url, trusting(demo.service.certificate)
    with client_of(url, config, credentials_of(demo.app_id, "0" * 64)) as client:
        wrong_key = refusal(lambda: ask(client, SAMPLE_MEETING))
    with client_of(url, config, credentials_of("0" * 32, demo.app_key)) as client:
        wrong_id = refusal(lambda: ask(client, SAMPLE_MEETING))

    assert_refused(wrong_key, 401, "USG.206010025", ".+")
    assert_refused(wrong_id, 401, "USG.206010025", re.escape(wrong_key.error_msg))


def test_the_sdk_reads_that_its_token_is_no_good(demo: Demo, client: Any) -> None:
    """A token that is none of ours gives the SDK a 401, and does so again: it does not log in
    anew; its own token still works afterwards.
    """
    ask(client, SAMPLE_MEETING)
    kept = vars(client.get_credentials())
    token = kept["_token"]
    kept["_token"] = "stbX5ElstO5QwOwPB9KGQWUZ1DHoFrTsQjjC"
    first = refusal(lambda: ask(client, SAMPLE_MEETING))
    second = refusal(lambda: ask(client, SAMPLE_MEETING))
    kept["_token"] = token

    assert_refused(first, 401, "USG.000000004", ".+")
    assert_refused(second, 401, "USG.000000004", ".+")
    assert ask(client, SAMPLE_MEETING).count == demo.meetings[SAMPLE_MEETING]


@pytest.fixture(scope="module")
def tenants(demo: Demo, command: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A multi-tenant app of the demo's corp: id and key. Beside that corp there is now another,
    `acme`, which knows the sample's meeting by the 20 records of its saved page.
    """
    folder = tmp_path_factory.mktemp("tenants")
    data = ["--data-folder", str(demo.service.data_folder)]
    for arguments in (
        ["app", "create", "of acme", "--corp", "acme"],
        ["import", str(GOLDEN), "--conference", SAMPLE_MEETING, "--corp", "acme"],
    ):
        done = run(command, *arguments, *data, folder=folder)
        assert done.returncode == 0, done.stderr
    done = run(command, "app", "create", "many", "--multi-tenant", "--json", *data, folder=folder)
    made = json.loads(done.stdout)
    return made["appId"], made["appKey"]


def test_a_multi_tenant_app_names_the_corp_that_it_acts_for(
    demo: Demo, tenants: tuple[str, str]
) -> None:
    """With a corp id the SDK's multi-tenant login reads that corp's ledger, and without one that
    of the app's own corp; neither reaches what only the other has.
    """
    url, config = demo.service.url, trusting(demo.service.certificate)
    (other_meeting,) = demo.meetings.keys() - {SAMPLE_MEETING}
    many = TenantSceneEnum.MULTI_TENANT
    of_acme = credentials_of(*tenants, "acme").with_tenant_scene_enum(many)
    with client_of(url, config, of_acme) as client:
        assert ask(client, SAMPLE_MEETING).count == 20
        assert_refused(
            refusal(lambda: ask(client, other_meeting)),
            400,
            "MMC.111070005",
            "CONF_DATA_NOT_FOUND",
        )
    with client_of(url, config, credentials_of(*tenants).with_tenant_scene_enum(many)) as client:
        assert ask(client, SAMPLE_MEETING).count == 23
        assert ask(client, other_meeting).count == 5000


@pytest.mark.parametrize("scene", [TenantSceneEnum.SINGLE_TENANT, TenantSceneEnum.MULTI_TENANT])
@pytest.mark.parametrize("corp_id", ["acme", "default"])
@pytest.mark.usefixtures("tenants")
def test_a_single_tenant_app_must_not_name_a_corp(demo: Demo, scene: Any, corp_id: str) -> None:
    """An app of one corp that sends a corp id is refused, as documented, even where it is its own
    corp's, and whether the SDK signs the id or not.
    """
    credentials = credentials_of(demo.app_id, demo.app_key, corp_id).with_tenant_scene_enum(scene)
    with client_of(demo.service.url, trusting(demo.service.certificate), credentials) as client:
        error = refusal(lambda: ask(client, SAMPLE_MEETING))

    assert_refused(error, 401, "USG.206010025", ".+")


def test_a_multi_tenant_app_must_name_a_corp_that_is_there(
    demo: Demo, tenants: tuple[str, str]
) -> None:
    """A corp that the ledger does not know is no way in."""
    nobody = credentials_of(*tenants, "nobody")
    nobody.with_tenant_scene_enum(TenantSceneEnum.MULTI_TENANT)
    with client_of(demo.service.url, trusting(demo.service.certificate), nobody) as client:
        error = refusal(lambda: ask(client, SAMPLE_MEETING))

    assert_refused(error, 401, "USG.206010025", ".+")


def test_a_client_goes_on_after_the_service_was_restarted(command: str, tmp_path: Path) -> None:
    """The same client, with the token and the certificate that it has, reads on once the service
    is back on its data folder and port.
    """
    data = ["--data-folder", str(tmp_path / "data")]
    made = json.loads(run(command, "app", "create", "sdk", "--json", *data, folder=tmp_path).stdout)
    importing = ["import", str(GOLDEN), "--conference", SAMPLE_MEETING, *data]
    assert run(command, *importing, folder=tmp_path).returncode == 0
    credentials = credentials_of(made["appId"], made["appKey"])

    with ExitStack() as clients:
        with running(command, folder=tmp_path) as service:
            port = service.port
            client = clients.enter_context(
                client_of(service.url, trusting(service.certificate), credentials)
            )
            before = ask(client, SAMPLE_MEETING)
            token = vars(credentials)["_token"]
        with running(command, "--port", str(port), folder=tmp_path):
            after = ask(client, SAMPLE_MEETING)

    assert vars(credentials)["_token"] == token
    assert after.raw_content == before.raw_content
    assert after.count == 20
