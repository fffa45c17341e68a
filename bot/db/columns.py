"""Column types that make both databases keep what the domain means: aware UTC times and enums by their value."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, Dialect, Enum, Integer, TypeDecorator

SNOWFLAKE = BigInteger
"""Discord's ids: 63 bits."""

ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")
"""A key that the database counts up; SQLite does so only for its own INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in, aware UTC out. SQLite keeps no zone, so what it returns is given the one it was written in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} names no time zone; times are stored in UTC and must be aware")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def one_of(kind: type[StrEnum], *, closed: bool) -> Enum:
    """A short string that is one of the enum's values.

    The type refuses others on the way in and out. A `closed` set is checked by the database as well; a set that
    grows with every feature is not, because SQLite can only change a check by copying the table.
    """
    return Enum(
        kind,
        native_enum=False,
        create_constraint=closed,
        length=16,
        name=f"known_{kind.__name__.lower()}",
        values_callable=lambda members: [member.value for member in members],
    )
