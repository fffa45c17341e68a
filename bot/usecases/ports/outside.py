"""Where bytes are kept and fetched, and links to a page of ours: bot.image_store, bot.links, bot.web implement it."""

from typing import Protocol

from bot.domain.buttons import Button
from bot.domain.job import MessageRef
from bot.domain.place import Place


class ImageStore(Protocol):
    """Each method raises `StoreUnreachable` when the store does not answer, or refuses us."""

    async def put(self, key: str, data: bytes) -> None:
        """Keep bytes under a key; the same key again replaces them whole. Raises `StoreFull`."""
        ...

    async def get(self, key: str) -> bytes:
        """Raises `JobGone` when there is nothing under the key."""
        ...

    async def delete(self, key: str) -> None: ...


class Links(Protocol):
    async def fetch(self, url: str) -> bytes:
        """What an address that a member gave answers with. Raises `InvalidLink` with a sentence for the member."""
        ...


class RegionLinks(Protocol):
    def link(self, button: Button, place: Place, pressed: MessageRef) -> str:
        """The address of a page on which this member, and nobody else, may paint on the picture of a press."""
        ...
