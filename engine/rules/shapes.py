"""What the models of a rule file are made of: strict keys, a number or an expression, a condition, a short form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, WithJsonSchema, field_validator

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

# A number or an expression; and an expression or a tree of all/any/not. Read where they stand: rules/expressions.py.
Value = Annotated[object, WithJsonSchema({"type": ["number", "string"]})]
Condition = Annotated[object, WithJsonSchema({"type": ["string", "boolean", "object"]})]


@dataclass(frozen=True)
class Shape:
    """What may stand in the file, as a type: for the JSON Schema, where a validator of ours takes more than one."""

    of: Any

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Give the schema of that type."""
        return handler(reader(self.of).core_schema)


class Strict(BaseModel):
    """No unknown keys, no conversions, and no key without a value."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _given(cls, value: object) -> object:
        # A key without a value is one that somebody forgot to fill in: no default stands in for it.
        if value is None:
            raise ValueError("nothing stands here; fill it in, or remove the key")
        return value


@cache
def reader(of: Any) -> TypeAdapter[Any]:
    """Give what reads a value of this type; made when it is first needed, since that takes milliseconds."""
    return TypeAdapter(of)


def given(model: BaseModel, names: tuple[str, ...], example: str) -> str:
    """Give the one of these keys that a model has. Errors: ValueError where it has none or several."""
    found = [name for name in names if name in model.model_fields_set]
    if len(found) != 1:
        listed = f"{', '.join(names[:-1])} and {names[-1]}"
        raise ValueError(f"give one of {listed}, such as {example}")
    return found[0]
