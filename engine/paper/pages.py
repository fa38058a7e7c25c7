"""What may be asked of the JSON API's lists."""

from __future__ import annotations

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field


class Of(BaseModel):
    """Whose. A misspelt parameter is an error: it would be answered with everything."""

    model_config = ConfigDict(extra="forbid")

    connector: str | None = Field(default=None, description="A connector; all of them if not given.")


class Page(Of):
    """A part of a list."""

    after: int = Field(default=0, ge=0, le=2**62, description="The number after which to begin.")
    limit: int = Field(default=1000, ge=1, le=10_000)


class OrderPage(Page):
    """A part of a connector's orders: their numbers count by connector."""

    connector: str = Field(description="A connector.")


def once(request: Request) -> None:
    """Refuse a parameter that is given twice. Errors: RequestValidationError."""
    names = [name for name, _ in request.query_params.multi_items()]
    twice = dict.fromkeys(name for name in names if names.count(name) > 1)
    if twice:
        told = {"type": "given_twice", "msg": "is given more than once", "input": None}
        raise RequestValidationError([{**told, "loc": ("query", name)} for name in twice])
