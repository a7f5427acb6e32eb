"""What a schema consists of, in a form in which two of them can be compared."""

import re
from pathlib import Path
from typing import Any

import apsw
import asyncpg

Schema = dict[str, Any]


def sqlite_schema(path: Path) -> Schema:
    """The tables with their columns in order and all definitions, the indexes, and every row.

    Definitions are compared as they are written, without comments and spaces; for the order
    of a column and a constraint only that of the columns counts.
    """
    with apsw.Connection(str(path)) as connection:
        schema: Schema = {}
        rows = connection.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
        for kind, name, sql in rows:
            if kind != "table":
                schema[f"{kind} {name}"] = _plain(str(sql or ""))
                continue
            _, _, body = str(sql).partition("(")
            body, _, end = body.rpartition(")")
            columns = connection.execute(f"PRAGMA table_xinfo({name})").fetchall()
            rows_there = connection.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608 - a name of ours
            schema[f"table {name}"] = (
                [column[1] for column in columns],
                sorted(_definitions(_plain(body))),
                _plain(end),
                sorted(map(repr, rows_there)),
            )
        for fact in ("application_id", "user_version"):
            schema[fact] = connection.pragma(fact)
    connection.close()
    return schema


def _plain(sql: str) -> str:
    """Without comments, spaces, and the quotes that SQLite adds to a name that it changes."""
    words = re.sub(r"--[^\n]*", "", sql).replace('"', "").split()
    return re.sub(r" ?([(),]) ?", r"\1", " ".join(words))


def _definitions(body: str) -> list[str]:
    """What stands between the commas that are in no parentheses."""
    parts, depth = [""], 0
    for character in body:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


_PARTS = {
    "relations": """
        SELECT relname, relkind::text, relpersistence::text, reloptions, relreplident::text
        FROM pg_class WHERE relnamespace = current_schema()::regnamespace
    """,
    "columns": """
        SELECT relname, attname,
            row_number() OVER (PARTITION BY attrelid ORDER BY attnum),
            format_type(atttypid, atttypmod), attnotnull, attidentity::text, attgenerated::text,
            pg_get_expr(adbin, adrelid),
            CASE WHEN attcollation <> 0 THEN attcollation::regcollation::text END
        FROM pg_class
        JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated
        FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
    """,
    "indexes": """
        SELECT pg_get_indexdef(indexrelid), indisvalid
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE relnamespace = current_schema()::regnamespace
    """,
    "others": """
        SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL
        SELECT 'function', proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
        UNION ALL
        SELECT 'type', typname FROM pg_type
        WHERE typnamespace = current_schema()::regnamespace AND typtype <> 'c' AND typelem = 0
    """,
}


async def postgresql_schema(url: str) -> Schema:
    """What the catalogue says of the tables, and every row."""
    connection = await asyncpg.connect(url)
    try:
        schema: Schema = {
            part: sorted(repr(tuple(row)) for row in await connection.fetch(statement))
            for part, statement in _PARTS.items()
        }
        for row in await connection.fetch(
            "SELECT relname FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        ):
            rows = await connection.fetch(f"SELECT * FROM {row[0]}")  # noqa: S608 - a name of ours
            schema[f"rows of {row[0]}"] = sorted(repr(tuple(each)) for each in rows)
    finally:
        await connection.close()
    return schema
