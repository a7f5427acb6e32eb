"""`confledger app`: the programs that may log in."""

from typing import Any, cast

import click
import msgspec

from confledger.app import Parts
from confledger.auth.accounts import SCOPES, App, Scope
from confledger.cli.options import (
    check_name,
    corp_option,
    json_option,
    option,
    run_with_parts,
    secret_key_option,
    store_options,
)
from confledger.cli.tables import print_done, print_list

_app_argument = click.argument("app_id", metavar="APP_ID")


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
@corp_option("Whose app it is; it is created if it does not exist.")
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

    The key is shown only once. What a client needs is the id, the key, and the
    address of the service.
    """
    called = check_name(name, "NAME")

    async def work(parts: Parts) -> tuple[str, str, bool]:
        apps = await parts.open_apps()
        corp_is_new = await parts.stores.tenants.add_corp(corp, corp)
        created, app_key = await apps.create(called, corp, scope, is_multi_tenant=multi_tenant)
        return created.app_id, app_key, corp_is_new

    app_id, app_key, corp_is_new = run_with_parts(work, options)
    if as_json:
        made = {"appId": app_id, "appKey": app_key, "corpId": corp, "corpIsNew": corp_is_new}
        click.echo(msgspec.json.encode(made))
    else:
        click.echo(f"app id    {app_id}")
        click.echo(f"app key   {app_key}")
        click.echo(f"corp      {corp}{' (new)' if corp_is_new else ''}")
        click.echo("Keep the key now: it is not shown again.")


@app.command("list")
@corp_option("Whose apps.")
@json_option
@store_options
def list_apps(*, corp: str, as_json: bool, **options: Any) -> None:
    """List the apps of a corp."""

    async def work(parts: Parts) -> list[App]:
        return await parts.stores.tenants.apps(corp)

    print_list([_shown(each) for each in run_with_parts(work, options)], as_json=as_json)


@app.command
@_app_argument
@json_option
@store_options
@secret_key_option
def reset_key(*, app_id: str, as_json: bool, **options: Any) -> None:
    """Give an app a new key, and print it only once. The tokens of the app end."""

    async def work(parts: Parts) -> str:
        return await (await parts.open_apps()).reset_key(app_id)

    app_key = run_with_parts(work, options)
    if as_json:
        click.echo(msgspec.json.encode({"appId": app_id, "appKey": app_key}))
    else:
        click.echo(f"app key   {app_key}")
        click.echo("Keep the key now: it is not shown again.")


@app.command
@_app_argument
@json_option
@store_options
def disable(*, app_id: str, as_json: bool, **options: Any) -> None:
    """Lock an app out: it can't log in, and its tokens end."""
    _switch(app_id, options, is_disabled=True, as_json=as_json)


@app.command
@_app_argument
@json_option
@store_options
def enable(*, app_id: str, as_json: bool, **options: Any) -> None:
    """Let an app in again."""
    _switch(app_id, options, is_disabled=False, as_json=as_json)


@app.command
@_app_argument
@json_option
@store_options
def delete(*, app_id: str, as_json: bool, **options: Any) -> None:
    """Remove an app. Its tokens end."""

    async def work(parts: Parts) -> App:
        return await parts.stores.tenants.delete_app(app_id)

    deleted = run_with_parts(work, options)
    print_done(f"app {app_id} is deleted", _shown(deleted), as_json=as_json)


def _switch(app_id: str, options: dict[str, Any], *, is_disabled: bool, as_json: bool) -> None:
    async def work(parts: Parts) -> App:
        return await parts.stores.tenants.change_app(app_id, is_disabled=is_disabled)

    changed = run_with_parts(work, options)
    how = "disabled" if is_disabled else "enabled"
    print_done(f"app {app_id} is {how}", _shown(changed), as_json=as_json)


def _shown(app: App) -> dict[str, object]:
    return {
        "appId": app.app_id,
        "name": app.name,
        "corpId": app.corp_id,
        "scopes": sorted(app.scopes),
        "isMultiTenant": app.is_multi_tenant,
        "isDisabled": app.is_disabled,
    }
