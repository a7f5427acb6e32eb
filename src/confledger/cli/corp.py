"""`confledger corp`: the tenants."""

from typing import Any

import click

from confledger.app import Parts
from confledger.auth.accounts import Corp
from confledger.cli.options import (
    CorpId,
    check_name,
    json_option,
    option,
    run_with_parts,
    store_options,
)
from confledger.cli.tables import print_done, print_list
from confledger.errors import NameTaken

_corp_argument = click.argument("corp", metavar="CORP", type=CorpId())


@click.group
def corp() -> None:
    """Manage the tenants: whatever belongs to one is out of reach of every other."""


@corp.command
@_corp_argument
@option("--name", help="What people call it.  [default: its id]")
@json_option
@store_options
def create(*, corp: str, name: str | None, as_json: bool, **options: Any) -> None:
    """Make a corp. One that exists is an error, and stays as it is."""
    called = check_name(name or corp, "--name")

    async def work(parts: Parts) -> list[Corp]:
        if not await parts.stores.tenants.add_corp(corp, called):
            raise NameTaken(f"there is a corp {corp!r} already")
        return [each for each in await parts.stores.tenants.corps() if each.corp_id == corp]

    _print(run_with_parts(work, options), as_json=as_json)


@corp.command("list")
@json_option
@store_options
def list_corps(*, as_json: bool, **options: Any) -> None:
    """List the corps."""

    async def work(parts: Parts) -> list[Corp]:
        return await parts.stores.tenants.corps()

    _print(run_with_parts(work, options), as_json=as_json)


@corp.command
@_corp_argument
@option(
    "--mask-numbers/--clear-numbers",
    default=None,
    help="Whether numbers in its records are served masked.",
)
@json_option
@store_options
def change(*, corp: str, mask_numbers: bool | None, as_json: bool, **options: Any) -> None:
    """Change how a corp's records are served."""
    if mask_numbers is None:
        raise click.UsageError("say --mask-numbers or --clear-numbers")

    async def work(parts: Parts) -> Corp:
        return await parts.stores.tenants.change_corp(corp, masks_numbers=mask_numbers)

    changed = run_with_parts(work, options)
    how = "masked" if changed.masks_numbers else "in clear"
    print_done(f"numbers of corp {corp} are served {how}", _shown(changed), as_json=as_json)


@corp.command
@_corp_argument
@json_option
@store_options
def disable(*, corp: str, as_json: bool, **options: Any) -> None:
    """Lock a corp out: its users and apps can't log in, and their tokens end."""
    _switch(corp, options, is_disabled=True, as_json=as_json)


@corp.command
@_corp_argument
@json_option
@store_options
def enable(*, corp: str, as_json: bool, **options: Any) -> None:
    """Let a corp in again."""
    _switch(corp, options, is_disabled=False, as_json=as_json)


@corp.command
@_corp_argument
@json_option
@store_options
def delete(*, corp: str, as_json: bool, **options: Any) -> None:
    """Remove a corp with its users and apps. One that has conferences stays."""

    async def work(parts: Parts) -> Corp:
        return await parts.stores.tenants.delete_corp(corp)

    deleted = run_with_parts(work, options)
    print_done(f"corp {corp} is deleted", _shown(deleted), as_json=as_json)


def _switch(corp_id: str, options: dict[str, Any], *, is_disabled: bool, as_json: bool) -> None:
    async def work(parts: Parts) -> Corp:
        return await parts.stores.tenants.change_corp(corp_id, is_disabled=is_disabled)

    changed = run_with_parts(work, options)
    how = "disabled" if is_disabled else "enabled"
    print_done(f"corp {corp_id} is {how}", _shown(changed), as_json=as_json)


def _print(corps: list[Corp], *, as_json: bool) -> None:
    print_list([_shown(each) for each in corps], as_json=as_json)


def _shown(corp: Corp) -> dict[str, object]:
    return {
        "corpId": corp.corp_id,
        "name": corp.name,
        "masksNumbers": corp.masks_numbers,
        "isDisabled": corp.is_disabled,
    }
