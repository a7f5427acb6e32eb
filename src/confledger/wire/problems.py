"""What is wrong with a JSON document, in words that name the field and the rule."""

import re
from typing import Final

import msgspec

JSON_PROBLEMS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding a JSON document may raise: its shape, its encoding, its depth."""

# msgspec says "Expected `int | null`, got `str` - at `$.data[3].operateTime`".
_PROBLEM: Final = re.compile(r"(?P<rule>.*?)(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<field>[^`]+)`")
_EXPECTED: Final = re.compile(
    r"Expected `(?P<kinds>[^`]+)`(?: of length (?P<length>.+?)| (?P<range>[<>]=? .+?))?"
    r"(?:, got `?(?P<got>[^`]+)`?)?"
)

_KINDS: Final = {
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "bool": "true or false",
    "object": "an object",
    "array": "an array",
}
_BOUNDS: Final = {"<=": "at most", ">=": "at least"}


def field_and_rule(problem: Exception) -> tuple[str, str]:
    """What msgspec says of a document, as the field's path and the rule that it breaks.

    `Expected `int | null`, got `str` - at `$.data[3].operateTime`` becomes
    `("data[3].operateTime", "must be an integer, not a string")`. The path is
    empty where it is about the whole document.
    """
    if isinstance(problem, UnicodeDecodeError):
        return "", "must be UTF-8"
    if isinstance(problem, RecursionError):
        return "", "is nested too deeply"
    match = _PROBLEM.fullmatch(str(problem))
    rule, path = (match["rule"], match["path"] or "") if match else (str(problem), "")
    path = path.removeprefix(".")
    for pattern, meaning in ((_MISSING, "is missing"), (_UNKNOWN, "is not a known field")):
        if named := pattern.fullmatch(rule):
            return ".".join(filter(None, (path, named["field"]))), meaning
    if expected := _EXPECTED.fullmatch(rule):
        return path, _must_be(expected)
    if rule == "Input data was truncated":
        return path, "is not valid JSON: it ends too early"
    return path, f"is not valid: {rule}"


def _must_be(expected: re.Match[str]) -> str:
    kinds = [kind for kind in expected["kinds"].split(" | ") if kind != "null"]
    sentence = "must be " + " or ".join(_KINDS.get(kind, kind) for kind in kinds)
    if expected["length"]:
        sign, _, length = expected["length"].partition(" ")
        sentence += f" of {_BOUNDS.get(sign, sign)} {length} characters"
    if expected["range"]:
        sign, _, bound = expected["range"].partition(" ")
        sentence += f" of {_BOUNDS.get(sign, sign)} {bound}"
    if expected["got"]:
        sentence += f", not {_KINDS.get(expected['got'], expected['got'])}"
    return sentence
