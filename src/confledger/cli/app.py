"""`confledger app`: the programs that may log in."""

from typing import Any, cast

import anyio
import click
import msgspec

from confledger.app import open_parts
from confledger.auth.accounts import SCOPES, App, Scope
from confledger.cli.options import (
    corp_option,
    json_option,
    option,
    secret_key_option,
    store_options,
)
from confledger.settings import Settings

_NAME_CHARACTERS_MAX = 255


class Scopes(click.ParamType[frozenset[Scope]]):
    """Scopes, with commas between."""

    name = "scopes"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[Scope]:
        """Check each scope."""
        if isinstance(value, frozenset):
            return value
        scopes = {scope.strip() for scope in str(value).split(",")}
        if not scopes <= set(SCOPES):
            self.fail(f"must be some of {', '.join(SCOPES)}, with commas between", param, ctx)
        return frozenset(cast("set[Scope]", scopes))


@click.group
def app() -> None:
    """Manage the programs that may log in."""


@app.command
@click.argument("name")
@corp_option("Whose app it is; a corp that is not there is made.")
@option(
    "--scope",
    type=Scopes(),
    metavar="SCOPES",
    default="read",
    show_default=True,
    help="What it may do: read, write, admin; several with commas between.",
)
@option(
    "--multi-tenant", is_flag=True, help="It may act for every corp, by naming one when it logs in."
)
@json_option
@store_options
@secret_key_option
def create(
    *,
    name: str,
    corp: str,
    scope: frozenset[Scope],
    multi_tenant: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Make an app and print its id and its key.

    The key is shown this once. What a client needs is the id, the key, and the
    address of the service.
    """
    name = name.strip()
    if not (1 <= len(name) <= _NAME_CHARACTERS_MAX and name.isprintable()):
        raise click.BadParameter(
            f"must have 1 to {_NAME_CHARACTERS_MAX} printable characters", param_hint="NAME"
        )

    async def run(settings: Settings) -> tuple[App, str]:
        async with open_parts(settings) as parts:
            apps = await parts.open_apps()
            return await apps.create(name, corp, scope, is_multi_tenant=multi_tenant)

    created, app_key = anyio.run(run, Settings(**options))
    if as_json:
        shown = {"appId": created.app_id, "appKey": app_key, "corpId": created.corp_id}
        click.echo(msgspec.json.encode(shown))
    else:
        click.echo(f"app id    {created.app_id}")
        click.echo(f"app key   {app_key}")
        click.echo(f"corp      {created.corp_id}")
        click.echo("Keep the key now: it is not shown again.")
