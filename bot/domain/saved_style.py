"""A style that a member made of pictures and words and keeps under a number, for `--sref`."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.errors import InvalidParameter, NotAllowed
from bot.domain.job import UserId
from bot.domain.prompt.characters import clean

MAX_WORDS = 200
MAX_OF_MEMBER = 50


@dataclass(frozen=True, slots=True)
class SavedStyle:
    """`picture_keys` are in the image store. Nobody but its maker can use it until it `is_shared`; none sees what it
    is made of.
    """

    code: int
    user_id: UserId
    words: str
    picture_keys: tuple[str, ...]
    created_at: datetime
    is_shared: bool = False

    def shared_by(self, user_id: UserId) -> "SavedStyle":
        """Raises `NotAllowed` for anybody but its maker."""
        self.check_owner(user_id)
        return replace(self, is_shared=True)

    def check_owner(self, user_id: UserId) -> None:
        if self.user_id != user_id:
            raise NotAllowed("This style is not yours.")

    def check_use(self, user_id: UserId) -> None:
        if not self.is_shared and self.user_id != user_id:
            raise NotAllowed("The style {code} belongs to a member who has not shared it.", code=str(self.code))


def read_words(words: str) -> str:
    """Raises `InvalidParameter`."""
    words = clean(words).strip()
    if len(words) > MAX_WORDS or "--" in words or "::" in words:
        raise InvalidParameter(
            "The words of a style are at most {limit} characters, without parameters and weights.", limit=MAX_WORDS
        )
    return words


def read_code(code: str) -> int:
    """Raises `InvalidParameter`."""
    if not (code.strip().isascii() and code.strip().isdigit() and len(code.strip()) <= 10):
        raise InvalidParameter("`{code}` is no number of a style. `/style_code list` shows yours.", code=code[:40])
    return int(code)
