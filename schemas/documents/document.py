"""What every document is."""

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """A body: unknown fields are refused, text is trimmed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, defer_build=True)
