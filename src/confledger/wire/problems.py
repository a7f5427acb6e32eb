"""What is wrong with a JSON document, in words that name the field and the rule."""

import re
from typing import Final

_AT: Final = re.compile(r"(?P<rule>.*?)(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<field>[^`]+)`")


def field_and_rule(problem: Exception) -> tuple[str, str]:
    """What msgspec says of a document, as the field's path and the rule that it breaks.

    `Expected `int`, got `str` - at `$.data[3].operateTime`` becomes
    `("data[3].operateTime", "must be int, not str")`.
    """
    match = _AT.fullmatch(str(problem))
    rule, path = (match["rule"], match["path"] or "") if match else (str(problem), "")
    path = path.lstrip(".")
    for pattern, meaning in ((_MISSING, "is missing"), (_UNKNOWN, "is not a field of ours")):
        if lacking := pattern.fullmatch(rule):
            return ".".join(filter(None, (path, lacking["field"]))), meaning
    if expected := re.fullmatch(r"Expected (.+?)(?:, got (.+))?", rule):
        wanted, got = expected.groups()
        return path, f"must be {wanted}, not {got}" if got else f"must be {wanted}"
    return path, f"is not valid: {rule}"
