"""A small bot of discord.py with one of everything the stand-in must carry; only tests of the stand-in use it."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import discord
import pytest
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from PIL import Image

from bot.sandbox import Sandbox

JOB = "0b8e7d2a-6f1c-4f0e-9f59-3a2d1c4b5e60"


def png(colour: str = "navy", size: int = 64) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(out, "PNG")
    return out.getvalue()


def picture(colour: str = "navy", name: str = f"ada_a_fox_{JOB}.png") -> discord.File:
    return discord.File(io.BytesIO(png(colour)), filename=name, description="a fox")


class Actions(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="U1", custom_id=f"upsample::1::{JOB}")
    async def upscale(
        self, interaction: discord.Interaction[discord.Client], button: "discord.ui.Button[Actions]"
    ) -> None:
        await interaction.response.defer()
        button.style = discord.ButtonStyle.primary
        assert interaction.message is not None
        await interaction.message.edit(view=self)
        await interaction.followup.send("**a fox** - Image #1", file=picture("teal", f"one_{JOB}.png"))

    @discord.ui.button(label="V1", custom_id=f"variation::1::{JOB}")
    async def vary(
        self, interaction: discord.Interaction[discord.Client], button: "discord.ui.Button[Actions]"
    ) -> None:
        await interaction.response.send_modal(Remix())

    @discord.ui.button(label="Quiet", custom_id="quiet", emoji="🤫")
    async def quiet(
        self, interaction: discord.Interaction[discord.Client], button: "discord.ui.Button[Actions]"
    ) -> None:
        await interaction.response.send_message("only for you", ephemeral=True)

    @discord.ui.select(
        custom_id="style",
        placeholder="Pick a style",
        options=[discord.SelectOption(label="Flat", value="flat"), discord.SelectOption(label="Round", value="round")],
    )
    async def style(
        self, interaction: discord.Interaction[discord.Client], select: "discord.ui.Select[Actions]"
    ) -> None:
        await interaction.response.send_message(f"style {select.values[0]}")


class Remix(discord.ui.Modal, title="Remix"):
    prompt: discord.ui.TextInput["Remix"] = discord.ui.TextInput(
        label="Prompt", custom_id="new_prompt", default="a fox", style=discord.TextStyle.paragraph
    )

    async def on_submit(self, interaction: discord.Interaction[discord.Client]) -> None:
        await interaction.response.send_message(f"**{self.prompt.value}** - remixed")


class StudioBot(discord.Client):
    """Draws at once: waiting message, two edits with previews, then a new message with the picture."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.default(), guild_ready_timeout=0.05)
        self.tree = app_commands.CommandTree(self)
        self.resumed = asyncio.Event()
        self.seen_reactions: asyncio.Queue[discord.RawReactionActionEvent] = asyncio.Queue()
        add_commands(self.tree)

    async def setup_hook(self) -> None:
        self.add_view(Actions())
        await self.tree.sync()

    async def on_resumed(self) -> None:
        self.resumed.set()

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        await self.seen_reactions.put(event)
        if str(event.emoji) == "✉️":
            user = await self.fetch_user(event.user_id)
            await user.send("**Job ID**: " + JOB, file=picture())


def add_commands(tree: app_commands.CommandTree[StudioBot]) -> None:
    @tree.command(description="Draw a picture")
    @app_commands.describe(prompt="what to draw", image="a picture to start from")
    async def imagine(
        interaction: discord.Interaction[StudioBot], prompt: str, image: discord.Attachment | None = None
    ) -> None:
        await interaction.response.defer(thinking=True)
        echo = f"**{prompt}** - {interaction.user.mention}"
        waiting = await interaction.edit_original_response(content=f"{echo} (Waiting to start)")
        for percent in (31, 62):
            preview = picture("grey", f"{JOB}_grid_0.png")
            await waiting.edit(content=f"{echo} ({percent}%) (fast)", attachments=[preview])
        assert isinstance(interaction.channel, discord.TextChannel | discord.DMChannel)
        extra = f" from {len(await image.read())} bytes" if image else ""
        await interaction.channel.send(f"{echo} (fast){extra}", file=picture(), view=Actions())
        await waiting.delete()

    @tree.command(description="Show your plan")
    async def info(interaction: discord.Interaction[StudioBot]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        embed = discord.Embed(title="Your info", description="**Job Mode**: Fast", colour=0x5865F2)
        await interaction.followup.send(embed=embed)

    @tree.command(description="Show a picture in a frame")
    async def card(interaction: discord.Interaction[StudioBot]) -> None:
        embed = discord.Embed(title="A card").set_image(url="attachment://card.png")
        await interaction.response.send_message(embed=embed, file=picture(name="card.png"))

    @tree.command(description="Say where a message is")
    async def link(interaction: discord.Interaction[StudioBot], message_id: str) -> None:
        place = f"https://discord.com/channels/{interaction.guild_id}/{interaction.channel_id}/{message_id}"
        await interaction.response.send_message(f"It is here: {place}", ephemeral=True)

    @tree.command(description="Find a picture")
    async def find(interaction: discord.Interaction[StudioBot], text: str) -> None:
        await interaction.response.send_message(f"found {text}")

    @find.autocomplete("text")
    async def complete(interaction: discord.Interaction[StudioBot], current: str) -> list[app_commands.Choice[str]]:
        words = ["fox", "forest", "moon"]
        return [app_commands.Choice(name=word, value=word) for word in words if word.startswith(current)]

    @tree.command(description="Say where this is")
    async def where(interaction: discord.Interaction[StudioBot]) -> None:
        channel, limit = interaction.channel, interaction.filesize_limit
        assert channel is not None
        text = f"{channel.type}, guild {interaction.guild_id}, {limit} bytes, {interaction.user.name}"
        await interaction.response.send_message(text)

    @tree.command(description="Never answers")
    async def silence(interaction: discord.Interaction[StudioBot]) -> None:
        return

    @tree.context_menu(name="Show Seed")
    async def seed(interaction: discord.Interaction[StudioBot], message: discord.Message) -> None:
        await interaction.response.send_message(f"seed of {message.id}", ephemeral=True)

    settings = app_commands.Group(name="prefer", description="Preferences")

    @settings.command(description="Switch remix")
    async def remix(interaction: discord.Interaction[StudioBot]) -> None:
        await interaction.response.send_message("Remix mode turned on!", ephemeral=True)

    tree.add_command(settings)


async def finish_handlers() -> None:
    """Let commands, buttons and listeners end before the client's session is closed under them."""
    names = ("CommandTree", "discord-ui", "discord.py: ")
    handlers = [task for task in asyncio.all_tasks() if task.get_name().startswith(names)]
    if handlers:
        await asyncio.wait(handlers)


@asynccontextmanager
async def running_bot(sandbox: Sandbox) -> AsyncIterator[StudioBot]:
    """The real client over real sockets, logged in and ready; closed at the end."""
    bot = StudioBot()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discord.http.Route, "BASE", sandbox.api_url)
        patch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(sandbox.gateway_url))
        async with connected(bot, sandbox):
            yield bot


@asynccontextmanager
async def connected(bot: StudioBot, sandbox: Sandbox) -> AsyncIterator[None]:
    async with bot:
        task = asyncio.create_task(bot.start(sandbox.bot_token), name="studio-bot")
        await sandbox.wait_until_bot_is_ready()
        await bot.wait_until_ready()
        try:
            yield
        finally:
            await finish_handlers()
            await bot.close()
            with suppress(asyncio.CancelledError):
                await task
