"""Fills a store with two meetings."""

import secrets
import uuid
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Final

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType, Directory, User
from confledger.auth.links import MINUTES_MAX
from confledger.auth.passwords import hash_password
from confledger.auth.tokens import API_CLIENT_TYPE
from confledger.generator.meetings import generated_meeting
from confledger.generator.putting import put_meetings

SAMPLE_MEETING: Final = "9a0fa6d10a5b11eaae5e191763c22c0e"
"""The meeting of the vendor's documented sample. The sample shows 20 of its 23
records; the last three are ours."""

_GENERATED_RECORDS: Final = 5_000
_GENERATED_PEOPLE: Final = 50
_SEED: Final = 2024
_PASSWORD_BYTES: Final = 9


@dataclass(frozen=True, slots=True)
class Demo:
    """A way in to the store that was filled."""

    app_id: str
    app_key: str
    access_token: str
    login_secret: str
    """Of a link that signs in to the console, once."""
    account: str
    password: str
    """What signs in there after that."""
    meetings: dict[str, int]
    """How many records each of its conferences has."""


async def fill_demo_store(parts: Parts) -> Demo:
    """Put the two meetings and an app into a store, and log the app's administrator in."""
    with as_file(files(__package__) / "sample") as folder:
        sample = await parts.importer.take(
            sorted(folder.iterdir()), DEFAULT_CORP_ID, SAMPLE_MEETING
        )
    generated = generated_meeting(records=_GENERATED_RECORDS, seed=_SEED, people=_GENERATED_PEOPLE)
    await put_meetings(parts.intake, parts.stores.conferences, DEFAULT_CORP_ID, [generated])
    apps = await parts.open_apps()
    app, app_key = await apps.create("demo", DEFAULT_CORP_ID, frozenset({"read"}))
    administrator = await apps.default_administrator(DEFAULT_CORP_ID)
    session = await parts.tokens.issue(administrator, app, API_CLIENT_TYPE)
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    person = User(
        uuid.uuid4().hex, DEFAULT_CORP_ID, "demo", AdminType.ADMINISTRATOR, Directory(name="Demo")
    )
    await parts.stores.tenants.add_user(person, hash_password(password))
    return Demo(
        app.app_id,
        app_key,
        session.access_token,
        await parts.links.make(person, minutes=MINUTES_MAX),
        person.account,
        password,
        {
            SAMPLE_MEETING: sample.records,
            generated.conference.conference_uuid: len(generated.records),
        },
    )
