"""`confledger demo`: something to ask, within seconds."""

import tempfile
from pathlib import Path

import anyio
import click

from confledger import server
from confledger.app import open_parts
from confledger.cli.serve import host_option, port_option
from confledger.console.routes import sign_in_url
from confledger.demo.store import Demo, fill_demo_store
from confledger.settings import Settings
from confledger.wire.control_records import PATH


@click.command
@host_option
@port_option
def demo(host: str, port: int) -> None:
    """Serve a temporary store with two meetings in it.

    One is the meeting of the vendor's documented sample (23 records), the other is
    made up (5,000 records). The store goes when the command ends.
    """
    with tempfile.TemporaryDirectory(prefix="confledger-demo-") as folder:
        settings = Settings(data_folder=Path(folder), host=host, port=port)
        filled = anyio.run(_fill, settings)
        server.serve(settings, lambda address: click.echo(_welcome(filled, address)))


async def _fill(settings: Settings) -> Demo:
    async with open_parts(settings) as parts:
        return await fill_demo_store(parts)


def _welcome(filled: Demo, address: server.Address) -> str:
    meetings = "\n".join(
        f"  meeting   {conference_uuid}  ({count:,} records)"
        for conference_uuid, count in filled.meetings.items()
    )
    sample = next(iter(filled.meetings))
    token = f"-H 'X-Access-Token: {filled.access_token}'"
    question = f"'{address.url}{PATH}?confUUID={sample}'"
    return f"""confledger demo

  address   {address.url}
  trust     {address.certificate}
  app id    {filled.app_id}
  app key   {filled.app_key}
{meetings}

Open the console in a browser, which will warn of the demo's own certificate:

  {sign_in_url(address.url, filled.login_secret)}

The link works once; after that, sign in as {filled.account} with the password {filled.password}

Ask who did what in the sample meeting:

curl --cacert {address.certificate} {token} {question}

With -H 'Accept-Language: en-US' the answer is in English.
Press Ctrl+C to stop; the temporary store goes with it.
"""
