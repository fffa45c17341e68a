"""How every table of the settings behaves: nothing in it is changed later, and unknown names are errors."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
