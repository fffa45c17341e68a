"""A Discord for one machine: REST v9 and v10, the gateway and a chat page, for clients, tests and people.

It imports nothing of the bot, keeps everything in memory and listens on the loopback address unless told otherwise."""

from bot.sandbox.clock import Clock
from bot.sandbox.config import RateLimits, SandboxConfig
from bot.sandbox.contract import Violation
from bot.sandbox.faults import Fault, Hold
from bot.sandbox.identity import EASEL, MIDJOURNEY, Identity
from bot.sandbox.member import Member, RequestRefused, find_component
from bot.sandbox.message import Message, Ping
from bot.sandbox.permission import Permission
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.watch import Event, Sent, WaitedTooLong
from bot.sandbox.wire import Json, Upload

__all__ = [
    "EASEL",
    "MIDJOURNEY",
    "Clock",
    "Event",
    "Fault",
    "Hold",
    "Identity",
    "Json",
    "Member",
    "Message",
    "Permission",
    "Ping",
    "RateLimits",
    "RequestRefused",
    "Sandbox",
    "SandboxConfig",
    "Sent",
    "Upload",
    "Violation",
    "WaitedTooLong",
    "find_component",
]
