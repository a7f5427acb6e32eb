"""What the README tells a newcomer to run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.service import Demo

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "first_line"),
    [
        ("README.md", "1574119913464 MCU Start voice activation None"),
        ("README.zh-CN.md", "1574119913464 MCU 启动声控 None"),
    ],
)
def test_the_program_of_the_readme_runs(demo: Demo, name: str, first_line: str) -> None:
    """The README's program, with what the demo printed filled in, reads the sample's meeting."""
    text = (ROOT / name).read_text("utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    filled = iter((str(demo.service.certificate), demo.app_id, demo.app_key))
    program, places = re.subn(r'"<[^">]+>"', lambda _: repr(next(filled)), program)
    assert places == 3
    assert program.count("https://127.0.0.1:8443") == 1
    program = program.replace("https://127.0.0.1:8443", demo.service.url)

    ran = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[0] == first_line
    assert len(ran.stdout.splitlines()) == 20
