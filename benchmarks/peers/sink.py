"""A server that reads whole POSTs and does nothing with them: how much the load can be at most."""

import asyncio
import sys

import uvloop

_BODY = f'{{"accepted":{sys.argv[2]}}}'
_ANSWER = f"HTTP/1.1 200 OK\r\nContent-Length: {len(_BODY)}\r\n\r\n{_BODY}".encode()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        writer.write(_ANSWER)


async def main() -> None:
    """Serve until it is ended."""
    server = await asyncio.start_server(_serve, "127.0.0.1", int(sys.argv[1]), limit=2**24)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
