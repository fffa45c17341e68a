"""The bytes of attachments: upload slots, signed addresses that die after a day, file names left alone."""

import hashlib
import io
import mimetypes
from dataclasses import dataclass, replace
from pathlib import PurePath
from urllib.parse import quote

from PIL import Image, UnidentifiedImageError

from bot.sandbox.clock import Clock
from bot.sandbox.message import Attachment, Message
from bot.sandbox.snowflake import Snowflakes
from bot.sandbox.wire import Upload

ADDRESS_SECONDS = 24 * 60 * 60
PICTURE_TYPES = {".webp": "image/webp", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


@dataclass
class UploadSlot:
    """A place a member may PUT one file to before naming it in a message or interaction."""

    id: str
    filename: str
    upload: Upload | None = None


class Cdn:
    def __init__(self, clock: Clock, snowflakes: Snowflakes) -> None:
        self._clock = clock
        self._snowflakes = snowflakes
        self._files: dict[str, Upload] = {}
        self._slots: dict[str, UploadSlot] = {}
        self.base_url = ""

    def store(self, upload: Upload, description: str | None = None, filename: str | None = None) -> Attachment:
        named = replace(upload, filename=filename or upload.filename)
        attachment_id = self._snowflakes.next()
        self._files[attachment_id] = named
        width, height = _picture_size(named.content)
        return Attachment(
            id=attachment_id,
            filename=named.filename,
            size=len(named.content),
            content_type=self.content_type(named),
            width=width,
            height=height,
            description=description,
        )

    def content_type(self, upload: Upload) -> str:
        suffix = PurePath(upload.filename).suffix.lower()
        guessed = PICTURE_TYPES.get(suffix) or mimetypes.guess_type(upload.filename)[0]
        return guessed or upload.content_type

    def find(self, attachment_id: str, filename: str) -> Upload | None:
        upload = self._files.get(attachment_id)
        return upload if upload and upload.filename == filename else None

    def read(self, attachment_id: str) -> bytes:
        return self._files[attachment_id].content

    def address(self, attachment: Attachment, channel_id: str, *, is_ephemeral: bool = False) -> str:
        """A fresh signed address, as every API answer carries one."""
        folder = "ephemeral-attachments" if is_ephemeral else "attachments"
        expires = f"{int(self._clock.now()) + ADDRESS_SECONDS:x}"
        path = f"/{folder}/{channel_id}/{attachment.id}/{quote(attachment.filename)}"
        issued = f"{int(self._clock.now()):x}"
        return f"{self.base_url}{path}?ex={expires}&is={issued}&hm={_signature(attachment.id, expires)}&"

    def message_address(self, attachment: Attachment, message: Message) -> str:
        return self.address(attachment, message.channel_id, is_ephemeral=message.is_ephemeral)

    def is_address_alive(self, attachment_id: str, expires: str, signature: str) -> bool:
        if signature != _signature(attachment_id, expires):
            return False
        return int(expires, 16) > self._clock.now()

    def open_slot(self, filename: str) -> UploadSlot:
        slot = UploadSlot(self._snowflakes.next(), filename)
        self._slots[slot.id] = slot
        return slot

    def fill_slot(self, slot_id: str, content: bytes, content_type: str) -> bool:
        slot = self._slots.get(slot_id)
        if slot is None:
            return False
        slot.upload = Upload(slot.filename, content, content_type)
        return True

    def take_slot(self, uploaded_filename: str) -> Upload | None:
        """The file behind the `upload_filename` that a slot was handed out with."""
        slot = self._slots.pop(uploaded_filename.split("/", 1)[0], None)
        return slot.upload if slot else None


def _signature(attachment_id: str, expires: str) -> str:
    return hashlib.sha256(f"{attachment_id}:{expires}".encode()).hexdigest()


def _picture_size(content: bytes) -> tuple[int | None, int | None]:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None, None
