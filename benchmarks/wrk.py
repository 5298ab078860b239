"""The same load by wrk, where it is installed: its client is in C and leaves more of two cores to the server.

wrk is handed the requests' own bytes through a file, and tells its figures as one line of JSON; requests of which none may be
sent twice are made beforehand, enough for the time.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from benchmarks.load import Load, UnexpectedAnswer

_MOST_A_SECOND: Final = 4000
_SCRIPT: Final = """
local requests, at = {}, 0
local file = io.open("%s", "rb")
while true do
  local length = file:read("*n")
  if not length then break end
  file:read(1)
  requests[#requests + 1] = file:read(length)
end
function request()
  at = at %% #requests + 1
  return requests[at]
end
function done(summary, latency)
  local shares = {}
  for share = 1, 100 do shares[share] = latency:percentile(share == 100 and 99.99 or share) end
  io.write(string.format('{"answers":%%d,"microseconds":%%d,"refused":%%d,"latencies":[%%s]}\\n',
    summary.requests, summary.duration, summary.errors.status, table.concat(shares, ",")))
end
"""


def installed() -> bool:
    """Whether wrk can be used."""
    return shutil.which("wrk") is not None


def load_by_wrk(port: int, requests: Iterator[bytes], *, clients: int, seconds: float) -> Load:
    """As `load.load`, its latencies at each hundredth; `UnexpectedAnswer` when any answer was an error."""
    with tempfile.TemporaryDirectory() as folder:
        sent, script = Path(folder, "requests"), Path(folder, "script.lua")
        wanted = islice(requests, int(seconds * _MOST_A_SECOND) + clients)
        sent.write_bytes(b"".join(b"%d\n%b" % (len(request), request) for request in wanted))
        script.write_text(_SCRIPT % sent)
        command = ["wrk", "-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", "-s", str(script)]
        told = subprocess.run(
            [*command, f"http://127.0.0.1:{port}"], check=True, capture_output=True, text=True
        ).stdout
    figures = json.loads(told.strip().splitlines()[-1])
    if figures["refused"]:
        raise UnexpectedAnswer("some answers were errors")
    shares = tuple(latency / 1e6 for latency in figures["latencies"])
    return Load(figures["answers"], figures["microseconds"] / 1e6, shares)
