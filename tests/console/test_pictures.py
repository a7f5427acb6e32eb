"""The pictures of the console in the docs."""

import re
from pathlib import Path

_DOCS = Path(__file__).parents[2] / "docs"
_FOLDER = _DOCS / "images" / "console"


def test_each_picture_is_shown_in_its_language() -> None:
    """The pages of both languages show every picture of theirs in both schemes, and no other."""
    shown = {}
    for language, name in (("en", "console.md"), ("zh-CN", "console.zh-CN.md")):
        text = (_DOCS / "explanation" / name).read_text("utf-8")
        shown[language] = set(re.findall(r"\.\./images/console/([^\"]+)", text))
        assert shown[language] == {file.name for file in _FOLDER.glob(f"*.{language}.*.webp")}
        schemes = [file.split(".")[-2] for file in shown[language]]
        assert schemes.count("light") == schemes.count("dark") > 0
    assert {file.replace(".en.", ".zh-CN.") for file in shown["en"]} == shown["zh-CN"]
