"""`confledger user`: the people of a corp."""

import re
import uuid
from shlex import quote
from typing import IO, Any

import click

from confledger.app import Parts
from confledger.auth.accounts import AdminType, Directory, User
from confledger.auth.passwords import (
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    hash_password,
)
from confledger.cli.options import (
    check_name,
    corp_option,
    json_option,
    option,
    run_with_parts,
    store_options,
)
from confledger.cli.tables import print_done, print_list

_TYPES = {
    "administrator": AdminType.ADMINISTRATOR,
    "ordinary": AdminType.ORDINARY,
    "default-administrator": AdminType.DEFAULT_ADMINISTRATOR,
}
_NAMES = {admin_type: name for name, admin_type in _TYPES.items()}

_account_argument = click.argument("account", metavar="ACCOUNT")
_corp_option = corp_option("Whose user it is.")
_password_option = option(
    "--password-file",
    type=click.File("r", encoding="utf-8"),
    metavar="FILE",
    help="The password is the file's first line; - reads it from the standard input.",
)


class UserUUID(click.ParamType[str]):
    """The id of a user."""

    name = "UUID"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Check the id, and fold its case."""
        if not re.fullmatch("[0-9a-fA-F]{32}", str(value)):
            self.fail(f"must be 32 hexadecimal digits, not {value!r}", param, ctx)
        return str(value).lower()


@click.group
def user() -> None:
    """Manage the people of a corp."""


@user.command
@_account_argument
@_corp_option
@option(
    "--type",
    "type_name",
    type=click.Choice(list(_TYPES)),
    default="ordinary",
    show_default=True,
    help="An administrator sees every conference of the corp; the default administrator, one a"
    " corp, is whom an app logs in that names no user.",
)
@option("--name", default="", help="What people call them.")
@option(
    "--user-uuid",
    type=UserUUID(),
    metavar="UUID",
    help="Their id, if another ledger has given them one.  [default: a new one]",
)
@_password_option
@json_option
@store_options
def create(
    *,
    account: str,
    corp: str,
    type_name: str,
    name: str,
    user_uuid: str | None,
    password_file: IO[str] | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Make a user.

    With a password they may log in by themselves; without one an app logs them in,
    by their account.
    """
    made = User(
        user_id=user_uuid or uuid.uuid4().hex,
        corp_id=corp,
        account=check_name(account, "ACCOUNT"),
        admin_type=_TYPES[type_name],
        directory=Directory(name=check_name(name, "--name") if name else ""),
    )
    password_hash = hash_password(_read_password(password_file)) if password_file else ""

    async def work(parts: Parts) -> None:
        await parts.stores.tenants.add_user(made, password_hash)

    run_with_parts(work, options)
    _print([made], as_json=as_json)


@user.command("list")
@_corp_option
@json_option
@store_options
def list_users(*, corp: str, as_json: bool, **options: Any) -> None:
    """List the users of a corp."""

    async def work(parts: Parts) -> list[User]:
        return await parts.stores.tenants.users(corp)

    _print(run_with_parts(work, options), as_json=as_json)


@user.command
@_account_argument
@_corp_option
@_password_option
@json_option
@store_options
def set_password(
    *, account: str, corp: str, password_file: IO[str] | None, as_json: bool, **options: Any
) -> None:
    """Give a user a new password, or none.

    Without a file the password is taken away. The user's tokens end.
    """
    password_hash = hash_password(_read_password(password_file)) if password_file else ""

    async def work(parts: Parts) -> User:
        return await parts.stores.tenants.change_user(corp, account, password_hash=password_hash)

    changed = run_with_parts(work, options)
    what = "has a new password" if password_hash else "has no password"
    print_done(f"user {quote(account)} {what}", _shown(changed), as_json=as_json)


@user.command
@_account_argument
@_corp_option
@json_option
@store_options
def disable(*, account: str, corp: str, as_json: bool, **options: Any) -> None:
    """Lock a user out: they can't log in, and their tokens end."""
    _switch(corp, account, options, is_disabled=True, as_json=as_json)


@user.command
@_account_argument
@_corp_option
@json_option
@store_options
def enable(*, account: str, corp: str, as_json: bool, **options: Any) -> None:
    """Let a user in again."""
    _switch(corp, account, options, is_disabled=False, as_json=as_json)


@user.command
@_account_argument
@_corp_option
@json_option
@store_options
def delete(*, account: str, corp: str, as_json: bool, **options: Any) -> None:
    """Remove a user."""

    async def work(parts: Parts) -> User:
        return await parts.stores.tenants.delete_user(corp, account)

    deleted = run_with_parts(work, options)
    print_done(f"user {quote(account)} is deleted", _shown(deleted), as_json=as_json)


def _switch(
    corp_id: str, account: str, options: dict[str, Any], *, is_disabled: bool, as_json: bool
) -> None:
    async def work(parts: Parts) -> User:
        return await parts.stores.tenants.change_user(corp_id, account, is_disabled=is_disabled)

    changed = run_with_parts(work, options)
    how = "disabled" if is_disabled else "enabled"
    print_done(f"user {quote(account)} is {how}", _shown(changed), as_json=as_json)


def _read_password(file: IO[str]) -> str:
    try:
        password = file.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        password = ""
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        raise click.BadParameter(
            f"the first line must have {PASSWORD_CHARACTERS_MIN} to"
            f" {PASSWORD_CHARACTERS_MAX} characters",
            param_hint="--password-file",
        )
    return password


def _print(users: list[User], *, as_json: bool) -> None:
    print_list([_shown(each) for each in users], as_json=as_json)


def _shown(user: User) -> dict[str, object]:
    return {
        "account": user.account,
        "corpId": user.corp_id,
        "userId": user.user_id,
        "type": _NAMES[user.admin_type],
        "name": user.directory.name,
        "isAutomatic": user.is_automatic,
        "isDisabled": user.is_disabled,
    }
