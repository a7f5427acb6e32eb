"""wrk, which makes the load of the reading cases, and what it tells."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.machine import Unusable

_CONNECTIONS: Final = 32

# Each connection asks for the next path of the file, round and round.
_SCRIPT: Final = """
local requests, place = {}, 0
function init(args)
  local method, body = "GET", nil
  if args[2] then
    method, body = "POST", io.open(args[2]):read("*a")
  end
  for path in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format(method, path, nil, body)
  end
end
function request()
  place = place % #requests + 1
  return requests[place]
end
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests":%d,"microseconds":%d,"bytes":%d,"errors":%d,"p50_us":%d,"p99_us":%d}\\n',
    summary.requests, summary.duration, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


class Said(msgspec.Struct, frozen=True):
    """What wrk says of a run."""

    requests: int
    microseconds: int
    bytes: int
    errors: int
    p50_us: int
    p99_us: int


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests that are made again and again."""

    url: str
    paths: Path
    """A file with a path on each line."""
    headers: Mapping[str, str]
    connections: int = _CONNECTIONS
    body: bytes | None = None
    """What to POST; None asks by GET."""

    def run(self, seconds: int, script: Path) -> Said:
        """Make them for so long.

        Raises:
            Unusable: not every one of them was answered, and with success.
        """
        if not script.exists():
            script.write_text(_SCRIPT)
        command = ["wrk", "-t1", f"-c{self.connections}", f"-d{seconds}s", "--timeout", "60s"]
        for name, value in self.headers.items():
            command += ["-H", f"{name}: {value}"]
        command += ["-s", str(script), self.url, "--", str(self.paths)]
        if self.body is not None:
            body = self.paths.with_suffix(".body")
            body.write_bytes(self.body)
            command.append(str(body))
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
        if done.returncode != 0:
            raise Unusable(f"wrk fails: {done.stdout[-500:]}{done.stderr[-500:]}")
        said = msgspec.json.decode(done.stdout.splitlines()[-1], type=Said)
        if said.errors:
            raise Unusable(f"{said.errors} of {said.requests} requests to {self.url} failed")
        if not said.requests:
            raise Unusable(f"{self.url} answered nothing in {seconds} seconds")
        return said
