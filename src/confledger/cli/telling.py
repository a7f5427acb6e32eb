"""Sentences for people, on the standard error."""

import unicodedata

import click


def say(sentence: str) -> None:
    """Say something beside what a command prints."""
    click.echo(printable(sentence), err=True)


def printable(text: str) -> str:
    """A text that can't give orders to a terminal: spaces of any script stay, controls do not."""
    return "".join(
        character
        if character.isprintable() or unicodedata.category(character) == "Zs"
        else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
