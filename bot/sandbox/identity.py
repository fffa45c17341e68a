"""Who the stand-in says its application is: ids that some programs carry fixed, where Discord would draw new ones.

They are numbers that Discord gave Midjourney's application and its commands, as client programs send them. With them,
any `version` of a command is taken, for each program carries that of its own day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

SLASH, MESSAGE = 1, 3
CommandKey = tuple[int, str]


@dataclass(frozen=True, slots=True)
class FixedCommand:
    """`version` is the one that the command index names."""

    id: str
    version: str


@dataclass(frozen=True)
class Identity:
    application_id: str = "1200000000000000001"
    bot_name: str = "Easel"
    commands: Mapping[CommandKey, FixedCommand] = field(default_factory=lambda: MappingProxyType({}))


EASEL = Identity()

SAME_DAY = "1237876415735660565"
"""The version of `/info`, and of those commands that no known program sends with another."""

MIDJOURNEY = Identity(
    application_id="936929561302675456",
    bot_name="Midjourney Bot",
    commands=MappingProxyType(
        {
            (SLASH, "imagine"): FixedCommand("938956540159881230", "1237876415471554623"),
            (SLASH, "blend"): FixedCommand("1062880104792997970", "1237876415471554624"),
            (SLASH, "describe"): FixedCommand("1092492867185950852", "1237876415471554625"),
            (SLASH, "shorten"): FixedCommand("1121575372539039774", "1247736572414001223"),
            (SLASH, "show"): FixedCommand("1169435442328911902", "1247736572414001224"),
            (SLASH, "settings"): FixedCommand("1000850743479255081", "1493662068581077053"),
            (SLASH, "info"): FixedCommand("972289487818334209", SAME_DAY),
            (SLASH, "fast"): FixedCommand("972289487818334212", "1237876415735660572"),
            (SLASH, "relax"): FixedCommand("972289487818334213", "1237876415735660573"),
            (SLASH, "prefer"): FixedCommand("984273800587776053", SAME_DAY),
            (SLASH, "turbo"): FixedCommand("1124132684143271996", SAME_DAY),
            (SLASH, "stealth"): FixedCommand("1065569343456419860", SAME_DAY),
            (SLASH, "private"): FixedCommand("972289487818334210", SAME_DAY),
            (SLASH, "public"): FixedCommand("972289487818334211", SAME_DAY),
            (SLASH, "subscribe"): FixedCommand("987795925764280351", SAME_DAY),
            (SLASH, "invite"): FixedCommand("986816068012081172", SAME_DAY),
            (SLASH, "help"): FixedCommand("941673664900898876", SAME_DAY),
            (SLASH, "ask"): FixedCommand("994261739745050684", SAME_DAY),
            (SLASH, "userid"): FixedCommand("1136041075614683196", SAME_DAY),
            (SLASH, "list_personalize_codes"): FixedCommand("1267632559278526577", SAME_DAY),
            (MESSAGE, "Cancel Job"): FixedCommand("987795925764280352", SAME_DAY),
            (MESSAGE, "DM Results"): FixedCommand("987795925764280353", SAME_DAY),
            (MESSAGE, "Report Job"): FixedCommand("991449849599885383", SAME_DAY),
        }
    ),
)
