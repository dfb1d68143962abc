"""What sections of settings are made of: the base of them all, the declaration of one setting, and types that several use."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

LLAMA3 = "Llama 3 (arXiv 2407.21783)"
CLASSES = ("general", "math", "code", "multilingual")


def listed(value: Any) -> Any:
    """Let a list be written as one string, items separated by commas."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


OFF = BeforeValidator(lambda value: "off" if value is False else value)
"""YAML reads an unquoted ``off`` as false."""

Names = Annotated[tuple[str, ...], BeforeValidator(listed)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


def setting(default: Any, meaning: str, *, unit: str = "", source: str = "", path: bool = False, **limits: Any) -> Any:
    """Declare one setting.

    Parameters
    ----------
    default : object
        Value where a recipe says nothing; ``...`` makes the setting required.
    meaning : str
        One line for people.
    unit, source : str
        Unit of the value, and where the value comes from.
    path : bool
        Relative values of a recipe are relative to the recipe's folder.
    **limits
        Constraints of `pydantic.Field` such as ``ge`` and ``le``.
    """
    extra: dict[str, Any] = {"unit": unit, "source": source, "path": path}
    return Field(default, description=meaning, json_schema_extra=extra, **limits)


class Section(BaseModel):
    """Settings are frozen and know no other keys than those listed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
