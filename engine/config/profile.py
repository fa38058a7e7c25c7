"""A kind of receiver as data: where it is, what it understands, how a message is written for it, how it says yes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.config.connector import PLATFORM_URL
from engine.documents import Source, faults_at, parse, read_text, validate
from engine.documents.nodes import Path as NodePath
from engine.documents.numbers import FilledTruth

ACTIONS = ("openLong", "closeLong", "openShort", "closeShort", "buy", "sell", "cancel", "cancelAll")
FIELDS = (
    "action",
    "fixed",
    "percent",
    "limit",
    "profit",
    "loss",
    "log",
    "clientOrderId",
    "delaySeconds",
    "delaySecondsFilter",
)
"""What a message can have, by its names in the seed's JSON."""
KNOWN = ("name", "token", "sentAt", *FIELDS)
EVERYTHING, ALL_FIELDS = "...", "message"
"""The key, and its value, that stand for all fields of the message as the seed writes them."""
PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(:number)?\}")

Word = str | int | float | bool


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SuccessConfig(_Strict):
    """How an answer with a status of 2xx says that the message was taken; with neither, by the status alone."""

    body: str | None = Field(default=None, description="The whole body, as text or as one JSON string.")
    fields: dict[str, Word | None] | None = Field(default=None, description="Fields of a JSON object, with values.")

    @model_validator(mode="after")
    def _one_way(self) -> SuccessConfig:
        if self.body is not None and self.fields is not None:
            raise faults_at([(("fields",), "stands beside 'body'; give one of them")])
        return self


class Profile(_Strict):
    """A receiver. A message that it has no words for is refused before it is sent, never sent in part."""

    about: str = Field(default="", description="What receiver this is, and how far the profile was tried.")
    url: str | None = Field(default=None, description="Where it listens; else each connector gives its own.")
    deduplicates: FilledTruth = Field(default=False, description="Whether it recognises a repeated id.")
    whole_closes_only: FilledTruth = Field(default=False, description="Whether it can close only all of a position.")
    success: SuccessConfig = SuccessConfig()
    values: dict[str, str] = Field(default={}, description="What each connector has to give: name, and what it is.")
    actions: dict[str, dict[str, Word]] = Field(
        min_length=1, description="Our actions that it understands, each with words of its own for `body`."
    )
    headers: dict[str, str] = Field(default={}, description="Beside Content-Type: name, and template of the value.")
    body: dict[str, object] = Field(
        min_length=1,
        description="The JSON. {x} is a value; a field that has none is left out, and with it the mapping it is in.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Profile:
        faults: list[tuple[NodePath, str]] = [
            (("actions", action), f"'{action}' is no action; there are {', '.join(ACTIONS)}")
            for action in self.actions
            if action not in ACTIONS
        ]
        words = {word for entry in self.actions.values() for word in entry}
        known = {*KNOWN, *words, *self.values}
        for path, text in (*_texts(self.body, ("body",)), *_texts(self.headers, ("headers",))):
            if path[-1] == EVERYTHING and text == ALL_FIELDS:
                continue
            faults += [
                (path, f"there is no value '{name}'; there are {', '.join(sorted(known))}")
                for name, _ in PLACEHOLDER.findall(text)
                if name not in known
            ]
            if "{" in PLACEHOLDER.sub("", text) or "}" in PLACEHOLDER.sub("", text):
                faults.append((path, "a value is written {name}, or {name:number}; other braces mean nothing"))
        if not any("{token}" in text for _, text in (*_texts(self.body, ()), *_texts(self.headers, ()))):
            faults.append((("body",), "the token stands nowhere, so the receiver could not know who sends"))
        if faults:
            raise faults_at(faults)
        return self


def read_profile(path: str | Path) -> Profile:
    """Read a profile. Errors: InvalidInputError where it cannot be read; InvalidDocumentError with all problems."""
    source = Source(str(path), read_text(path))
    return validate(parse(source), Profile, source)


def _texts(value: object, path: NodePath) -> Iterator[tuple[NodePath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from _texts(below, (*path, key))
    elif isinstance(value, list):
        for i, below in enumerate(value):
            yield from _texts(below, (*path, i))


SEED = Profile(
    url=PLATFORM_URL,
    success=SuccessConfig(body="ok"),
    actions={action: {} for action in ACTIONS},
    body={"connectorName": "{name}", "connectorToken": "{token}", EVERYTHING: ALL_FIELDS},
)
"""The platform of the seed; configs/profiles/crypto-arsenal.yaml says the same."""
