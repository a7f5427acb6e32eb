"""`confledger serve`: answer the wire API."""

import asyncio
from pathlib import Path
from typing import Any

import click

from confledger import server
from confledger.app import open_parts
from confledger.cli.options import option, secret_key_option, store_options, store_read_option
from confledger.cli.telling import say
from confledger.settings import (
    DEFAULT_HOST,
    DEFAULT_PAGE_CACHE_MIB,
    DEFAULT_PORT,
    PAGE_CACHE_MIB_MAX,
    WORKERS_MAX,
    Settings,
)

_FILE = click.Path(path_type=Path, dir_okay=False)

host_option = option(
    "--host",
    default=DEFAULT_HOST,
    show_default=True,
    help="The address to listen on; 0.0.0.0 listens on all interfaces.",
)
port_option = option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="The port; 0 takes a free one.",
)


@click.command
@store_options
@store_read_option
@secret_key_option
@host_option
@port_option
@option(
    "--tls-cert", type=_FILE, help="Your certificate chain (PEM), instead of a self-signed one."
)
@option("--tls-key", type=_FILE, help="The key of your certificate (PEM), without a password.")
@option("--no-tls", is_flag=True, help="Plain http, for use behind a proxy that speaks TLS.")
@option(
    "--workers",
    type=click.IntRange(1, WORKERS_MAX),
    default=1,
    show_default=True,
    help="How many processes serve.",
)
@option(
    "--page-cache-mib",
    type=click.IntRange(0, PAGE_CACHE_MIB_MAX),
    default=DEFAULT_PAGE_CACHE_MIB,
    show_default=True,
    help="How much memory each process may keep pages in, in MiB; 0 keeps none.",
)
@option(
    "--metrics-token-file",
    type=_FILE,
    help="Answer GET /metrics, for Prometheus, to whoever shows the token in this file.",
)
def serve(no_tls: bool, **options: Any) -> None:  # noqa: FBT001 - click passes by keyword
    """Serve the wire API, over TLS unless told otherwise.

    Without a certificate of yours, the first start makes a self-signed one in the
    data folder, and later starts reuse it.
    """
    settings = Settings(tls=not no_tls, **options)
    # Opened once before any worker is: what is wrong with the store is told here,
    # in a sentence, and its tables and secret key are made once.
    asyncio.run(_try_parts(settings))
    server.serve(settings, _announce)


async def _try_parts(settings: Settings) -> None:
    async with open_parts(settings) as parts:
        await parts.open_apps()


def _announce(address: server.Address) -> None:
    click.echo(f"confledger serves {address.url}")
    if address.is_self_signed:
        click.echo(f"self-signed certificate, for clients to trust: {address.certificate}")
    if address.note:
        say(f"Note: {address.note}")
