"""The tables as typed declarative models: what the repositories query and what migrations are compared with.

Members live at Discord. A row in `users` is what we remember of one and the lock that a member's requests queue at;
other tables name a member by Discord's id alone, so that a plan can be granted to somebody who never came by.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, MetaData, String, UniqueConstraint, false, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bot.db.columns import ROW_NUMBER, SNOWFLAKE, UtcDateTime, one_of
from bot.domain.gallery import Visibility
from bot.domain.job import DeliveryStatus, FailureReason, JobKind, JobStatus
from bot.domain.ledger import AccountKind, EntryKind
from bot.domain.oversight import Deed
from bot.domain.plan import Billing
from bot.domain.prices import Unit
from bot.domain.prompt import Speed

JOB_ID = String(36)
KEPT: dict[str, Any] = {"sqlite_where": text("trashed_at IS NULL"), "postgresql_where": text("trashed_at IS NULL")}
TRASHED: dict[str, Any] = {
    "sqlite_where": text("trashed_at IS NOT NULL"),
    "postgresql_where": text("trashed_at IS NOT NULL"),
}


class Table(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012  SQLAlchemy reads it as a plain class attribute


class UserRow(Table):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(SNOWFLAKE, primary_key=True, autoincrement=False)
    name: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class PreferenceRow(Table):
    __tablename__ = "preferences"

    user_id: Mapped[int] = mapped_column(SNOWFLAKE, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str]


class BatchRow(Table):
    """A prompt for several jobs that waits for its member's yes."""

    __tablename__ = "pending_batches"

    id: Mapped[str] = mapped_column(JOB_ID, primary_key=True)
    user_id: Mapped[int] = mapped_column(SNOWFLAKE, index=True)
    prompt: Mapped[str]
    created_at: Mapped[datetime]


class StyleRow(Table):
    """A member's own style as it was when it was used; `words` are pairs of text and weight."""

    __tablename__ = "styles"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    user_id: Mapped[int] = mapped_column(SNOWFLAKE, index=True)
    words: Mapped[list[list[Any]]] = mapped_column(JSON)
    created_at: Mapped[datetime]


class SavedStyleRow(Table):
    """A style that a member saved for `--sref`; `picture_keys` are in the image store."""

    __tablename__ = "saved_styles"

    code: Mapped[int] = mapped_column(SNOWFLAKE, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(SNOWFLAKE, index=True)
    words: Mapped[str]
    picture_keys: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    is_shared: Mapped[bool] = mapped_column(server_default=false())


class CopyRow(Table):
    """A copy of a finished job that is owed to its member by direct message; the row goes when it is settled."""

    __tablename__ = "direct_copies"

    job_id: Mapped[str] = mapped_column(JOB_ID, primary_key=True)
    attempts: Mapped[int]
    created_at: Mapped[datetime]


class ReportRow(Table):
    """One report of one member about one job. The job may be deleted before it is looked at."""

    __tablename__ = "reports"

    job_id: Mapped[str] = mapped_column(JOB_ID, primary_key=True)
    reporter_id: Mapped[int] = mapped_column(SNOWFLAKE, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(index=True)


class EntitlementRow(Table):
    """Rows of the time before there were references have none: theirs is made of the id."""

    __tablename__ = "entitlements"

    id: Mapped[int] = mapped_column(ROW_NUMBER, primary_key=True)
    user_id: Mapped[int] = mapped_column(SNOWFLAKE, index=True)
    plan_name: Mapped[str]
    source: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    reference: Mapped[str | None] = mapped_column(index=True, unique=True)
    as_of: Mapped[datetime | None]
    billing: Mapped[Billing] = mapped_column(one_of(Billing, closed=False), server_default=Billing.MONTHLY)
    is_paused: Mapped[bool] = mapped_column(server_default=false())
    paid: Mapped[int] = mapped_column(SNOWFLAKE, server_default="0")
    refunded: Mapped[int] = mapped_column(SNOWFLAKE, server_default="0")
    paid_until: Mapped[datetime | None]


class LineRow(Table):
    """One speed's waiting jobs as a whole: see `Line`."""

    __tablename__ = "lines"

    speed: Mapped[Speed] = mapped_column(one_of(Speed, closed=False), primary_key=True)
    clock: Mapped[float]
    at: Mapped[float]
    pace: Mapped[float]
    job_seconds: Mapped[float]


class ShareRow(Table):
    """Where one member stands in one line: see `Share`."""

    __tablename__ = "shares"

    user_id: Mapped[int] = mapped_column(SNOWFLAKE, primary_key=True, autoincrement=False)
    speed: Mapped[Speed] = mapped_column(one_of(Speed, closed=False), primary_key=True)
    finish: Mapped[float]
    used_seconds: Mapped[float]
    month: Mapped[datetime | None]


class JobRow(Table):
    """The parent is named without a foreign key: a picture's history may outlive the job that it came from.

    `owner` is the process that draws or delivers the job, until `lease_until`; then another may take it over.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index(None, "status", "created_at", "id"),
        Index(None, "status", "speed", "ticket_tag", "created_at", "id"),
        Index(None, "delivery", "finished_at", "id"),
        Index(None, "user_id", "status", "created_at"),
        Index(None, "user_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(JOB_ID, primary_key=True)
    kind: Mapped[JobKind] = mapped_column(one_of(JobKind, closed=False))
    user_id: Mapped[int] = mapped_column(SNOWFLAKE)
    user_name: Mapped[str]
    channel_id: Mapped[int] = mapped_column(SNOWFLAKE)
    guild_id: Mapped[int | None] = mapped_column(SNOWFLAKE)
    prompt: Mapped[str]
    params: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    operation: Mapped[dict[str, Any]] = mapped_column(JSON, server_default="{}")
    speed: Mapped[Speed] = mapped_column(one_of(Speed, closed=False), server_default=Speed.FAST)
    is_stealth: Mapped[bool] = mapped_column(server_default=false())
    is_remix: Mapped[bool] = mapped_column(server_default=false())
    plan_name: Mapped[str] = mapped_column(server_default="")
    ticket_tag: Mapped[float] = mapped_column(server_default="0")
    ticket_seconds: Mapped[float] = mapped_column(server_default="0")
    ticket_weight: Mapped[float] = mapped_column(server_default="1")
    owner: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None]
    status: Mapped[JobStatus] = mapped_column(one_of(JobStatus, closed=True))
    delivery: Mapped[DeliveryStatus] = mapped_column(one_of(DeliveryStatus, closed=True))
    attempt: Mapped[int]
    delivery_attempts: Mapped[int]
    interruptions: Mapped[int] = mapped_column(server_default="0")
    parent_job_id: Mapped[str | None] = mapped_column(JOB_ID)
    parent_index: Mapped[int | None]
    pressed_channel_id: Mapped[int | None] = mapped_column(SNOWFLAKE)
    pressed_message_id: Mapped[int | None] = mapped_column(SNOWFLAKE)
    waiting_channel_id: Mapped[int | None] = mapped_column(SNOWFLAKE)
    waiting_message_id: Mapped[int | None] = mapped_column(SNOWFLAKE, index=True)
    result_channel_id: Mapped[int | None] = mapped_column(SNOWFLAKE)
    result_message_id: Mapped[int | None] = mapped_column(SNOWFLAKE, index=True)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    engine_seconds: Mapped[float]
    failure: Mapped[FailureReason | None] = mapped_column(one_of(FailureReason, closed=False))
    incident_id: Mapped[str | None] = mapped_column(String(64))
    notes: Mapped[list[str]] = mapped_column(JSON)
    door_token: Mapped[str | None]
    door_open_until: Mapped[datetime | None]
    locale: Mapped[str] = mapped_column(String(16), server_default="")


class ImageRow(Table):
    """`number` grows with time and is the order of every gallery.

    `search_text` are the words of the prompt, cut by us, with spaces between them; each database keeps an index of
    them that this class does not know: see `bot.db.search`.
    """

    __tablename__ = "images"
    __table_args__ = (
        UniqueConstraint("job_id", "index"),
        # They hold all that says who may see a picture, so that the pictures before a page are passed over and those
        # after it counted without a look at their rows. Partial, so that the numbers stand in their order;
        # SQLite wants to see for itself that none of them is trashed.
        Index("ix_images_kept", "number", "visibility", "user_id", "trashed_at", **KEPT),
        Index("ix_images_kept_of_user", "user_id", "number", "visibility", "trashed_at", **KEPT),
        Index("ix_images_trashed_of_user", "user_id", "number", **TRASHED),
    )

    number: Mapped[int] = mapped_column(ROW_NUMBER, primary_key=True)
    job_id: Mapped[str] = mapped_column(JOB_ID, ForeignKey("jobs.id", ondelete="CASCADE"))
    index: Mapped[int]
    user_id: Mapped[int] = mapped_column(SNOWFLAKE)
    prompt: Mapped[str]
    search_text: Mapped[str] = mapped_column(deferred=True)
    seed: Mapped[int] = mapped_column(SNOWFLAKE)
    width: Mapped[int]
    height: Mapped[int]
    store_key: Mapped[str]
    created_at: Mapped[datetime]
    visibility: Mapped[Visibility] = mapped_column(one_of(Visibility, closed=True))
    trashed_at: Mapped[datetime | None]
    terms: Mapped[str] = mapped_column(server_default="")


class LedgerEntryRow(Table):
    """Rows are added and never changed. A grant's business id is the label of the lot that it opens."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index(None, "user_id", "kind", "unit"),)

    id: Mapped[int] = mapped_column(ROW_NUMBER, primary_key=True)
    business_id: Mapped[str] = mapped_column(unique=True, index=True)
    kind: Mapped[EntryKind] = mapped_column(one_of(EntryKind, closed=False))
    user_id: Mapped[int] = mapped_column(SNOWFLAKE)
    unit: Mapped[Unit] = mapped_column(one_of(Unit, closed=False))
    at: Mapped[datetime]
    source: Mapped[str]
    job_id: Mapped[str | None] = mapped_column(JOB_ID)
    expires_at: Mapped[datetime | None]


class LedgerPostingRow(Table):
    """Rows are added and never changed. A balance is the sum of an account's amounts; the index holds all it needs."""

    __tablename__ = "ledger_postings"
    __table_args__ = (Index(None, "user_id", "unit", "account", "label", "amount"),)

    entry_id: Mapped[int] = mapped_column(ROW_NUMBER, ForeignKey("ledger_entries.id"), primary_key=True)
    account: Mapped[AccountKind] = mapped_column(one_of(AccountKind, closed=False), primary_key=True)
    label: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(SNOWFLAKE)
    unit: Mapped[Unit] = mapped_column(one_of(Unit, closed=False))
    amount: Mapped[int] = mapped_column(SNOWFLAKE)


class ActRow(Table):
    """What operators did. Rows are added and never changed."""

    __tablename__ = "operator_acts"

    id: Mapped[int] = mapped_column(ROW_NUMBER, primary_key=True)
    at: Mapped[datetime]
    operator_id: Mapped[int] = mapped_column(SNOWFLAKE)
    operator_name: Mapped[str]
    deed: Mapped[Deed] = mapped_column(one_of(Deed, closed=False))
    member_id: Mapped[int | None] = mapped_column(SNOWFLAKE, index=True)
    details: Mapped[str]


class BlockRow(Table):
    __tablename__ = "blocks"

    member_id: Mapped[int] = mapped_column(SNOWFLAKE, primary_key=True, autoincrement=False)
    until: Mapped[datetime | None]
    reason: Mapped[str]


class SwitchRow(Table):
    """What an operator has set for all processes, by name."""

    __tablename__ = "switches"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(String(32))


class PaymentEventRow(Table):
    """What a payment service told and we took in. Rows are never changed, and go when they cannot be told again."""

    __tablename__ = "payment_events"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    told_at: Mapped[datetime]
    taken_at: Mapped[datetime] = mapped_column(index=True)


class CustomerRow(Table):
    """Whom the payment service knows a member as."""

    __tablename__ = "customers"

    user_id: Mapped[int] = mapped_column(SNOWFLAKE, primary_key=True, autoincrement=False)
    customer_id: Mapped[str]


class LetterRow(Table):
    """Owed to a member by direct message; the row goes when it is settled."""

    __tablename__ = "letters"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(SNOWFLAKE)
    text: Mapped[str]
    due_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int]


class LikeRow(Table):
    __tablename__ = "likes"
    __table_args__ = (Index(None, "user_id", "created_at"),)

    user_id: Mapped[int] = mapped_column(SNOWFLAKE, primary_key=True, autoincrement=False)
    job_id: Mapped[str] = mapped_column(JOB_ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime]
