"""`confledger console`: ways in to the console."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from confledger.app import Parts
from confledger.auth.accounts import User
from confledger.auth.apps import default_administrator
from confledger.auth.links import MINUTES_DEFAULT, MINUTES_MAX
from confledger.cli.options import (
    check_name,
    corp_option,
    json_option,
    not_empty,
    option,
    run_with_parts,
    store_options,
)
from confledger.cli.tables import print_list
from confledger.console.routes import sign_in_url
from confledger.errors import NoSuchCorp, NoSuchUser
from confledger.settings import DEFAULT_PORT


@click.group
def console() -> None:
    """Open the console to people."""


@console.command
@option(
    "--user",
    metavar="ACCOUNT",
    default="",
    callback=not_empty,
    show_default="the default administrator",
    help="Who is signed in by it; the default administrator is made if the corp has none.",
)
@corp_option("Whose user it is.")
@option(
    "--minutes",
    type=click.IntRange(1, MINUTES_MAX),
    default=MINUTES_DEFAULT,
    show_default=True,
    help="How long the link can be used.",
)
@option(
    "--url",
    metavar="URL",
    default=f"https://127.0.0.1:{DEFAULT_PORT}",
    show_default=True,
    help="Where people reach the service: https://HOST or https://HOST:PORT.",
)
@json_option
@store_options
def login_link(
    *, user: str, corp: str, minutes: int, url: str, as_json: bool, **options: Any
) -> None:
    """Print a link that signs a user in to the console, once.

    Whoever has the link is that user: give it to nobody else.
    """
    if user:
        user = check_name(user, "--user")
    if not url.startswith(("https://", "http://")):
        raise click.BadParameter("must begin with https:// or http://", param_hint="--url")

    async def work(parts: Parts) -> str:
        owner = await _user(parts, corp, user)
        return await parts.links.make(owner, minutes=minutes)

    secret = run_with_parts(work, options, make_store=False)
    link = sign_in_url(url, secret)
    if as_json:
        until = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds")
        print_list([{"link": link, "expireTime": until}], as_json=True)
    else:
        click.echo(link)


async def _user(parts: Parts, corp_id: str, account: str) -> User:
    if await parts.stores.accounts.corp(corp_id) is None:
        raise NoSuchCorp(corp_id)
    if not account:
        return await default_administrator(parts.stores.accounts, corp_id)
    for user in await parts.stores.tenants.users(corp_id):
        if user.account == account:
            return user
    raise NoSuchUser(corp_id, account)
