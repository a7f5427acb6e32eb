"""The documentation says what the code says."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/*.md")]

# What "names a place of the tree" means in a page: a path below one of the project's folders.
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)\)")


def test_the_generated_pages_are_up_to_date() -> None:
    """`make docs` would change nothing."""
    pages = runpy.run_path(str(ROOT / "docs" / "generate.py"))["pages"]()
    assert pages
    for path, text in pages.items():
        assert path.read_text("utf-8") == text, f"run `make docs`: {path.name} is out of date"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """A link to a file of the project names one that is there."""
    for target in LINK.findall(page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_readmes_of_both_languages_have_the_same_parts() -> None:
    """Chinese and English READMEs have as many headings, blocks of code and links to pages."""
    english, chinese = (
        (ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    for pattern in (r"^#+ ", r"^```", r"\]\(docs/[^)]+\)", r"^├──|^└──"):
        counts = [len(re.findall(pattern, text, re.MULTILINE)) for text in (english, chinese)]
        assert counts[0] == counts[1], pattern


def test_each_how_to_is_in_both_languages() -> None:
    """So is the page on growth: with as many headings, blocks and rows of tables."""
    folder = ROOT / "docs" / "how-to"
    pages = [page for page in folder.glob("*.md") if not page.name.endswith(".zh-CN.md")]
    assert pages
    pages.append(ROOT / "docs" / "explanation" / "growth.md")
    for page in pages:
        texts = [page.read_text("utf-8"), page.with_suffix(".zh-CN.md").read_text("utf-8")]
        for pattern in (r"^#+ ", r"^```", r"^\|", r"^- "):
            english, chinese = (len(re.findall(pattern, text, re.MULTILINE)) for text in texts)
            assert english == chinese, (page.name, pattern)


def test_the_tour_names_every_room() -> None:
    """Each folder and module at the top of the package is in the README's tour, and no other."""
    package = ROOT / "src" / "confledger"
    rooms = {
        entry.name + ("/" if entry.is_dir() else "")
        for entry in package.iterdir()
        if not entry.name.startswith("__") and entry.name != "py.typed"
    }
    tour = (ROOT / "README.md").read_text("utf-8").partition("src/confledger/\n")[2]
    named = set(re.findall(r"^[├└]── (\S+)", tour, re.MULTILINE))
    assert named == rooms


def test_every_decision_is_listed() -> None:
    """The index of decisions has each page."""
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text("utf-8")
    for page in folder.glob("0*.md"):
        assert f"({page.name})" in index
