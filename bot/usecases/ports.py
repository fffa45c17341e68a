"""What the use cases need of the world, as Protocols. bot.db, bot.image_store and bot.ui implement them."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.batch import BatchId, PendingBatch
from bot.domain.buttons import Button
from bot.domain.fair_share import Line, Share
from bot.domain.gallery import GalleryQuery, Page, Picture
from bot.domain.job import DeliveryStatus, Job, JobId, JobStatus, MessageRef, PictureRef, UserId
from bot.domain.lease import Lease
from bot.domain.ledger import AccountKind, Entry, EntryKind, Lot
from bot.domain.letter import Letter
from bot.domain.oversight import Act, Block, QueueState, Statistics
from bot.domain.payment_event import PaymentEvent
from bot.domain.place import Place
from bot.domain.plan import Entitlement
from bot.domain.prices import Unit
from bot.domain.prompt import GenerationParams, Speed
from bot.domain.report import Report
from bot.domain.saved_style import SavedStyle
from bot.domain.taste import Style
from bot.domain.waiting import Waiting


class ConflictingChange(Exception):
    """Somebody else changed the row since it was read; the caller's decision no longer holds."""


class DatabaseTrouble(Exception):
    """The database cannot be asked or written to just now, or does not come to it: what was to be written was not."""


class Jobs(Protocol):
    async def add(self, job: Job) -> None: ...
    async def get(self, job_id: JobId) -> Job:
        """Raises `JobGone`."""
        ...

    async def find(self, job_id: JobId) -> Job | None: ...
    async def find_by_message(self, message: MessageRef) -> Job | None:
        """The job whose waiting or result message this is."""
        ...

    async def save(self, job: Job, *, expected: JobStatus, attempt: int | None = None) -> None:
        """Write the job if its stored status is `expected` and, where given, its attempt is `attempt`.

        Raises `ConflictingChange` otherwise. `waiting_message` is not written: `set_waiting_message` owns it.
        """
        ...

    async def claim(self, job: Job, lease: Lease) -> bool:
        """Write a queued job as it runs under the lease; False when somebody else was first."""
        ...

    async def claim_showing(self, job_id: JobId, lease: Lease, now: datetime) -> bool:
        """Take an ended job to deliver it or its copy, if nobody else holds it."""
        ...

    async def renew(self, lease: Lease) -> None:
        """Of all that its owner draws and delivers."""
        ...

    async def release(self, owner: str) -> None:
        """What it leaves undone is free at once."""
        ...

    async def forget_owners(self) -> None:
        """All that is undone is free, for no other process can be at it."""
        ...

    async def list_abandoned(self, now: datetime) -> list[Job]:
        """Running jobs whose lease has ended, oldest first."""
        ...

    async def save_delivery(self, job: Job, *, owner: str | None = None) -> None:
        """Write delivery, delivery_attempts and result_message; `ConflictingChange` unless delivery is pending and,
        where given, in the hands of `owner` or of nobody."""
        ...

    async def set_waiting_message(self, job_id: JobId, message: MessageRef) -> None: ...
    async def set_result_message(self, job_id: JobId, message: MessageRef) -> None: ...
    async def list_waiting(self, limit: int) -> list[Job]:
        """Queued jobs, oldest first."""
        ...

    async def list_next(self, speed: Speed, without: Collection[UserId], limit: int) -> list[Job]:
        """Queued jobs of one speed by their tickets, except those of some members."""
        ...

    async def shift_tickets(self, user_id: UserId, speed: Speed, seconds: float) -> None:
        """Move the member's queued jobs of this speed back by so many virtual seconds."""
        ...

    async def count_ahead(self, job: Job, limit: int) -> int:
        """How many queued jobs of the same speed go before this one; at most `limit`."""
        ...

    async def count_waiting(self, speeds: Collection[Speed], limit: int) -> int:
        """How many jobs are queued at these speeds; at most `limit`."""
        ...

    async def list_by_status(self, status: JobStatus) -> list[Job]: ...
    async def list_undelivered(self, owner: str | None = None, now: datetime | None = None) -> list[Job]:
        """Ended jobs whose delivery is pending, oldest first. With `now`, those that `owner` may deliver: nobody else
        has them under way."""
        ...

    async def count_of_member(self, user_id: UserId, status: JobStatus) -> int: ...
    async def list_of_member(self, user_id: UserId, statuses: Sequence[JobStatus]) -> list[Job]: ...
    async def has_recent(self, user_id: UserId, job_like: Job, since: datetime) -> bool:
        """Whether this member started a job of the same kind, operation, picture and pressed message since then."""
        ...

    async def find_last_start(self, user_id: UserId, job_like: Job) -> datetime | None:
        """When this member last started a job of the same kind and scale from the same picture that did not fail."""
        ...

    async def usage(self, user_id: UserId) -> dict[Speed, tuple[int, float]]:
        """How many of the member's jobs were drawn at each speed, and the engine seconds that this took."""
        ...

    async def list_states(self, user_id: UserId) -> dict[JobId, tuple[JobStatus, DeliveryStatus]]: ...


class Gallery(Protocol):
    async def add(self, pictures: Sequence[Picture]) -> None: ...
    async def get(self, ref: PictureRef) -> Picture:
        """Raises `JobGone`."""
        ...

    async def list_of_job(self, job_id: JobId) -> list[Picture]:
        """In the order of their index, trashed ones included."""
        ...

    async def browse(self, query: GalleryQuery, page: int, page_size: int) -> Page:
        """Newest first; a page past the end is the last one."""
        ...

    async def set_trashed(self, job_id: JobId, at: datetime | None) -> None: ...


class Likes(Protocol):
    async def add(self, user_id: UserId, job_id: JobId, now: datetime) -> None:
        """A like that is there already stays as it is."""
        ...

    async def list_jobs(self, user_id: UserId) -> list[JobId]:
        """What the member likes, the latest first."""
        ...


class Users(Protocol):
    async def lock(self, user_id: UserId, name: str, now: datetime) -> None:
        """Create the member if new, remember the name, and hold the row until the transaction ends."""
        ...

    async def hold(self, user_id: UserId, now: datetime) -> None:
        """The same for a member who did not ask for anything just now, and may never have: the name stays."""
        ...

    async def find_preference(self, user_id: UserId, key: str) -> str | None: ...
    async def set_preference(self, user_id: UserId, key: str, value: str | None) -> None: ...


class Entitlements(Protocol):
    async def save(self, entitlement: Entitlement) -> bool:
        """Write it under its reference; False when news that are newer (`as_of`) are known already."""
        ...

    async def find(self, reference: str) -> Entitlement | None: ...
    async def list_current(self, user_id: UserId, now: datetime) -> list[Entitlement]:
        """Those whose time it is, paused ones included, oldest first."""
        ...

    async def list_of_source(self, source: str, now: datetime) -> list[Entitlement]:
        """The same of all members, of one source."""
        ...

    async def find_end(self, user_id: UserId, now: datetime) -> datetime | None:
        """When the last of the plans that are over ended."""
        ...


class Ledger(Protocol):
    """Entries are added and never changed. Whoever adds to a member's accounts holds the member's row."""

    async def post(self, entry: Entry) -> bool:
        """Write it down, once: False when its business id is known already, and then nothing is written."""
        ...

    async def find(self, business_id: str) -> Entry | None: ...
    async def list_open_lots(self, user_id: UserId, unit: Unit) -> list[Lot]:
        """Grants that were not closed, with what is left of them; some may have expired by now."""
        ...

    async def find_closings(self, lots: Collection[str]) -> dict[str, EntryKind]:
        """How those of these lots were closed that were."""
        ...

    async def balances(self, user_id: UserId, unit: Unit, kind: AccountKind) -> dict[str, int]:
        """By label."""
        ...

    async def taken_back(self, user_id: UserId, unit: Unit, lot: str) -> int:
        """What was taken back of a lot so far."""
        ...

    async def list_of_member(self, user_id: UserId) -> list[Entry]:
        """All that ever happened, oldest first. Raises `Unbalanced` for what nobody could have written."""
        ...

    async def list_members(self) -> list[UserId]: ...


class Reports(Protocol):
    async def add(self, report: Report) -> bool:
        """False when this member has reported this job before."""
        ...

    async def list_newest(self, limit: int) -> list[Report]: ...


class Oversight(Protocol):
    """What operators set and did."""

    async def record(self, act: Act) -> None: ...
    async def list_acts(self, limit: int, member_id: UserId | None = None) -> list[Act]:
        """Newest first."""
        ...

    async def find_block(self, member_id: UserId) -> Block | None:
        """Also one that has ended."""
        ...

    async def save_block(self, block: Block) -> None: ...
    async def remove_block(self, member_id: UserId) -> None: ...
    async def queue_state(self) -> QueueState: ...
    async def set_queue_state(self, state: QueueState) -> None: ...
    async def statistics(self, since: datetime, latest: int) -> Statistics:
        """Of the jobs since then; waiting times of the `latest` ones."""
        ...


class Shares(Protocol):
    """A member's share is for those who hold the member's row; `lock` holds that of a line until the transaction
    ends. What is not there yet has never been used."""

    async def get_line(self, speed: Speed, *, lock: bool = False) -> Line: ...
    async def save_line(self, speed: Speed, line: Line) -> None: ...
    async def get_share(self, user_id: UserId, speed: Speed) -> Share: ...
    async def save_share(self, user_id: UserId, speed: Speed, share: Share) -> None: ...


class Batches(Protocol):
    """Prompts for several jobs that wait for their member's yes."""

    async def add(self, batch: PendingBatch) -> None: ...
    async def find(self, batch_id: BatchId) -> PendingBatch | None: ...
    async def remove(self, batch_id: BatchId) -> bool:
        """False when it is gone already."""
        ...

    async def remove_before(self, user_id: UserId, before: datetime) -> None: ...


class Copies(Protocol):
    """Copies of finished jobs that are owed to members by direct message."""

    async def owe(self, job_id: JobId, now: datetime) -> None:
        """Once: a second time changes nothing."""
        ...

    async def list_owed(self) -> list[JobId]:
        """Oldest first."""
        ...

    async def find_attempts(self, job_id: JobId) -> int | None:
        """How many tries were begun; None when none is owed."""
        ...

    async def begin(self, job_id: JobId, attempts: int) -> None:
        """Count a try after `attempts` others. Raises `ConflictingChange` when somebody else has begun one."""
        ...

    async def settle(self, job_id: JobId) -> None: ...


class Styles(Protocol):
    """Members' own styles, and the prompts that they are made of, newest first."""

    async def keep(self, style: Style) -> None:
        """One that is there already stays as it is."""
        ...

    async def find(self, code: str) -> Style | None: ...
    async def list_of_member(self, user_id: UserId, limit: int) -> list[Style]: ...
    async def list_liked(self, user_id: UserId, limit: int) -> list[GenerationParams]: ...
    async def list_drawn(self, user_id: UserId, limit: int) -> list[GenerationParams]: ...


class Payments(Protocol):
    """What payment services told, and whom they know our members as."""

    async def add_event(self, event: PaymentEvent, now: datetime) -> bool:
        """Once: False when it was written down before."""
        ...

    async def has_event(self, event_id: str) -> bool: ...
    async def forget_events(self, taken_before: datetime) -> None: ...
    async def find_customer(self, user_id: UserId) -> str | None: ...
    async def set_customer(self, user_id: UserId, customer_id: str) -> None: ...


class Letters(Protocol):
    """What members are still to be told by direct message."""

    async def owe(self, letter: Letter) -> None:
        """Once: a second one of the same id changes nothing."""
        ...

    async def claim(self, now: datetime, until: datetime, limit: int) -> list[Letter]:
        """Those that are due, with this try counted. Nobody else gets them before `until`."""
        ...

    async def next_due(self) -> datetime | None: ...
    async def postpone(self, letter_id: str, due_at: datetime) -> None: ...
    async def settle(self, letter_id: str) -> None:
        """Told, or given up."""
        ...


class StyleCodes(Protocol):
    """Styles that members saved under numbers."""

    async def add(self, style: SavedStyle) -> None: ...
    async def find(self, code: int) -> SavedStyle | None: ...

    async def list_of_member(self, user_id: UserId) -> list[SavedStyle]:
        """Newest first."""
        ...

    async def share(self, code: int) -> None: ...
    async def remove(self, code: int) -> None: ...


class Transaction(Protocol):
    @property
    def jobs(self) -> Jobs: ...
    @property
    def gallery(self) -> Gallery: ...
    @property
    def likes(self) -> Likes: ...
    @property
    def users(self) -> Users: ...
    @property
    def entitlements(self) -> Entitlements: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def oversight(self) -> Oversight: ...
    @property
    def shares(self) -> Shares: ...
    @property
    def batches(self) -> Batches: ...
    @property
    def copies(self) -> Copies: ...
    @property
    def styles(self) -> Styles: ...
    @property
    def payments(self) -> Payments: ...
    @property
    def letters(self) -> Letters: ...
    @property
    def style_codes(self) -> StyleCodes: ...


class Database(Protocol):
    @property
    def is_shared(self) -> bool:
        """Whether several processes may be at work on it."""
        ...

    def transaction(self, *, can_wait: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """Commits on a clean exit, rolls back on an exception. Never held across the network.

        One that `can_wait` lets those go first that a member waits for.
        """
        ...

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Waits for nobody who writes, and sees all that was committed before. Must not write."""
        ...


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


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One file to show: `description` is the alt text, `data` at most what the channel takes."""

    name: str
    data: bytes
    description: str


class DeliveryError(Exception):
    """A message could not be placed. `why` may be told to its member."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class DeliveryRefused(DeliveryError):
    """The place will not take it, now or later: no permission, channel gone, direct messages closed."""


class FileTooLarge(DeliveryError):
    """The place takes the message, but not a file of this size."""


class DeliveryDelayed(DeliveryError):
    """A passing trouble (rate limit, server error, lost line). `retry_after` is in seconds, None when unknown."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Notifier(Protocol):
    """Shows jobs to members. Raises a `DeliveryError` unless it says otherwise."""

    async def show_progress(self, job: Job, fraction: float, preview: bytes | None) -> None:
        """Newest wins, older ones are dropped; never raises, never waits for the network."""
        ...

    async def show_waiting(self, job: Job, waiting: Waiting) -> None:
        """In the waiting message, where the job stands now; like `show_progress`."""
        ...

    async def find_result(self, job: Job) -> MessageRef | None:
        """A message of ours in the channel that already shows this job. None when none, or when it may not look."""
        ...

    async def post_result(self, job: Job, file: ResultFile) -> MessageRef:
        """A new message with the picture and its buttons, replying to `job.pressed_message` if there is one."""
        ...

    async def show_end(self, job: Job) -> MessageRef:
        """Tell of a job that ended without a picture, or whose picture no way is left to show: in its waiting message
        if that is still there, else anew. Returns the message that tells it."""
        ...

    async def remove_waiting(self, job: Job) -> None:
        """Delete the waiting message, looking for one that was not written down; one that is gone is fine."""
        ...

    async def remove_result(self, job: Job) -> None:
        """Delete the result message; one that is gone already is fine."""
        ...

    async def send_direct(self, user_id: UserId, text: str, files: Sequence[ResultFile]) -> MessageRef: ...

    async def find_copy(self, job: Job) -> MessageRef | None:
        """A direct message of ours to the job's member that already shows it with its buttons."""
        ...

    async def post_copy(self, job: Job, file: ResultFile) -> MessageRef:
        """The result once more, by direct message."""
        ...

    async def upload_limit(self, job: Job) -> int:
        """Bytes that one file may have where the job will be shown. Never raises."""
        ...


__all__ = [
    "Batches",
    "ConflictingChange",
    "Copies",
    "Database",
    "DatabaseTrouble",
    "DeliveryDelayed",
    "DeliveryError",
    "DeliveryRefused",
    "DeliveryStatus",
    "Entitlements",
    "FileTooLarge",
    "Gallery",
    "ImageStore",
    "Jobs",
    "Ledger",
    "Letters",
    "Likes",
    "Links",
    "Notifier",
    "Oversight",
    "Payments",
    "RegionLinks",
    "Reports",
    "ResultFile",
    "Shares",
    "StyleCodes",
    "Styles",
    "Transaction",
    "Users",
]
