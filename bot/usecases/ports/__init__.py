"""What the use cases need of the world, as Protocols. One module for each part of it."""

from bot.usecases.ports.database import ConflictingChange, Database, DatabaseTrouble, Transaction
from bot.usecases.ports.jobs import Batches, Copies, Jobs, Shares
from bot.usecases.ports.members import Oversight, Reports, Users
from bot.usecases.ports.money import Entitlements, Ledger, Letters, Payments
from bot.usecases.ports.notifier import (
    DeliveryDelayed,
    DeliveryError,
    DeliveryRefused,
    FileTooLarge,
    Notifier,
    ResultFile,
)
from bot.usecases.ports.outside import ImageStore, Links, RegionLinks
from bot.usecases.ports.pictures import Gallery, Likes, StyleCodes, Styles

__all__ = [
    "Batches",
    "ConflictingChange",
    "Copies",
    "Database",
    "DatabaseTrouble",
    "DeliveryDelayed",
    "DeliveryError",
    "DeliveryRefused",
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
