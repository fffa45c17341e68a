"""The bot as Discord sees it: its commands, and where events go. Owns the connection, knows nothing of pictures."""

import asyncio
from typing import Any, cast

import discord
import structlog
from discord import app_commands

from bot.domain.guide import Guide
from bot.domain.oversight import Operators
from bot.domain.purchase import News
from bot.ui.commands.about import Links, add_about
from bot.ui.commands.account import add_account
from bot.ui.commands.admin import add_admin
from bot.ui.commands.gallery import add_gallery
from bot.ui.commands.guide import add_guide
from bot.ui.commands.handed_in import add_handed_in
from bot.ui.commands.imagine import add_imagine
from bot.ui.commands.message_menu import add_message_menu
from bot.ui.commands.modes import add_modes
from bot.ui.commands.settings import add_settings
from bot.ui.commands.show import add_show
from bot.ui.commands.style_codes import add_style_codes
from bot.ui.commands.subscribe import add_subscribe
from bot.ui.commands.words import add_words
from bot.ui.errors import answer_error, answered
from bot.ui.forms import submit_form
from bot.ui.presses import press
from bot.ui.purchases import hear, hear_all, hear_interaction
from bot.ui.reactions import ReactionEmoji, react
from bot.ui.translator import Translator
from bot.ui.views.job_actions import USUAL, Layout
from bot.usecases.studio import Studio
from bot.words import speak

log = structlog.get_logger(__name__)

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # a studio does not speak


HANDLERS = ("discord.py: on_", "CommandTree-invoker")
"""How discord.py names the tasks in which it lets us answer; nobody else knows of them."""
GOODBYE_SECONDS = 5.0


def least_intents() -> discord.Intents:
    """Guilds for their upload limits, reactions for gestures. Nothing privileged."""
    intents = discord.Intents.none()
    intents.guilds = intents.guild_reactions = intents.dm_reactions = True
    return intents


class Commands(app_commands.CommandTree["Client"]):
    """Before a command is looked at, its member's language and what they have bought are."""

    studio: Studio | None = None

    async def interaction_check(self, interaction: discord.Interaction["Client"], /) -> bool:
        speak(str(interaction.locale))
        if self.studio is not None and interaction.type is discord.InteractionType.application_command:
            try:
                await hear_interaction(cast("discord.Interaction[discord.Client]", interaction), studio=self.studio)
            except Exception as trouble:
                raise app_commands.CheckFailure from trouble  # so that it is answered like any other
        return True


async def _press(
    interaction: discord.Interaction[discord.Client], custom_id: str, studio: Studio, layout: Layout
) -> None:
    await hear_interaction(interaction, studio=studio)
    await press(interaction, custom_id, studio=studio, layout=layout)


class Client(discord.Client):
    """`open` hands it the studio before it starts: the studio's notifier needs the client first.

    `guild_id` other than 0 offers the commands in that guild only. `pages` and `answers` are what may be asked about.
    """

    def __init__(
        self,
        reactions: ReactionEmoji | None = None,
        *,
        guild_id: int = 0,
        links: Links | None = None,
        layout: Layout = USUAL,
        pages: Guide | None = None,
        answers: Guide | None = None,
        operators: Operators | None = None,
        shard_count: int | None = None,
    ) -> None:
        super().__init__(
            shard_count=shard_count,
            intents=least_intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0.1,  # nothing here needs the list of guilds to be complete
        )
        self._reactions = reactions or ReactionEmoji()
        self._links = links or Links()
        self._layout = layout
        self._pages = pages or Guide(())
        self._answers = answers or Guide(())
        self._operators = operators or Operators()
        self._guild_id = guild_id
        self._guild = discord.Object(guild_id) if guild_id else None
        self._studio: Studio | None = None
        self.tree = Commands(
            self,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        )
        self.tree.error(answer_error)

    def open(self, studio: Studio) -> None:
        self._studio = self.tree.studio = studio
        for add in (
            add_imagine,
            add_gallery,
            add_account,
            add_message_menu,
            add_settings,
            add_style_codes,
            add_modes,
            add_words,
            add_handed_in,
        ):
            add(self.tree, studio)
        add_show(self.tree, studio, self._layout)
        add_about(self.tree, self._reactions, self._links)
        add_subscribe(self.tree, studio, self._links)
        add_admin(self.tree, studio, self._operators)
        add_guide(self.tree, self._pages, self._answers)

    async def close(self) -> None:
        """What members have asked is answered before the line is cut."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if asked := {task for task in others if task.get_name().startswith(HANDLERS)}:
            await asyncio.wait(asked, timeout=GOODBYE_SECONDS)
        await super().close()

    async def setup_hook(self) -> None:
        """One request replaces all commands; those that did not change keep their ids, so it is safe at every start."""
        guild = discord.Object(self._guild_id) if self._guild_id else None
        if guild is not None:
            self.tree.copy_global_to(guild=guild)
        await self.tree.set_translator(Translator())
        commands = await self.tree.sync(guild=guild)
        log.info("commands registered", count=len(commands), guild=self._guild_id or "everywhere")

    async def on_ready(self) -> None:
        log.info("connected to Discord", user=str(self.user), guilds=len(self.guilds))
        if self._studio is not None:
            await hear_all(self, studio=self._studio)

    async def on_interaction(self, interaction: discord.Interaction[discord.Client]) -> None:
        """Commands go through the tree; presses and forms come here, by custom id alone."""
        if self._studio is None or interaction.data is None:
            return
        speak(str(interaction.locale))
        custom_id = str(interaction.data.get("custom_id"))
        match interaction.type:
            case discord.InteractionType.component:
                await answered(interaction, _press(interaction, custom_id, self._studio, self._layout))
            case discord.InteractionType.modal_submit:
                await answered(interaction, submit_form(interaction, custom_id, studio=self._studio))
            case _:
                pass

    async def on_entitlement_create(self, entitlement: discord.Entitlement) -> None:
        await self._hear(entitlement, News.CREATED)

    async def on_entitlement_update(self, entitlement: discord.Entitlement) -> None:
        await self._hear(entitlement, News.CHANGED)

    async def on_entitlement_delete(self, entitlement: discord.Entitlement) -> None:
        await self._hear(entitlement, News.CHANGED)

    async def _hear(self, entitlement: discord.Entitlement, news: News) -> None:
        if self._studio is not None:
            await hear(entitlement, news, as_of=self._studio.now(), studio=self._studio)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        if self._studio is not None and self.user is not None and payload.user_id != self.user.id:
            await react(payload, self._reactions, self, studio=self._studio)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        log.exception("event handler failed", event_name=event_method)


class ShardedClient(Client, discord.AutoShardedClient):
    """The same over several connections, as bots on many servers need. Without a `shard_count` Discord says how
    many."""
