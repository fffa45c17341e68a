"""The rarer calls of the real client: threads, typing, replies, history, entitlements, intents, channels."""

import asyncio

import discord

from bot.sandbox import Sandbox
from tests.sandbox.studio_bot import StudioBot, picture


def studio(sandbox: Sandbox, bot: StudioBot) -> discord.TextChannel:
    channel = bot.get_channel(int(sandbox.channel("studio").id))
    assert isinstance(channel, discord.TextChannel)
    return channel


async def test_a_thread_hangs_on_its_message_and_takes_posts(sandbox: Sandbox, bot: StudioBot) -> None:
    ada = await sandbox.member("ada")
    message = await studio(sandbox, bot).send("grid")
    thread = await message.create_thread(name="details")
    await thread.send("inside", file=picture())
    inside = await ada.wait_for_message(lambda item: item["content"] == "inside")
    assert thread.id == message.id
    assert inside["channel_id"] == str(thread.id)
    assert [item["content"] for item in await ada.messages(str(thread.id))] == ["inside"]
    apart = await studio(sandbox, bot).create_thread(name="apart", type=discord.ChannelType.public_thread)
    assert apart.parent_id == message.channel.id


async def test_replies_history_and_deletion(sandbox: Sandbox, bot: StudioBot) -> None:
    channel = studio(sandbox, bot)
    first = await channel.send("first")
    reply = await first.reply("second", mention_author=False)
    assert [message.content async for message in channel.history(limit=10)] == ["second", "first"]
    fetched = await channel.fetch_message(reply.id)
    assert fetched.reference is not None
    assert fetched.reference.message_id == first.id
    await channel.delete_messages([first])
    again = await channel.fetch_message(reply.id)
    assert isinstance(again.reference and again.reference.resolved, discord.DeletedReferencedMessage)
    await again.delete()
    assert [message async for message in channel.history()] == []


async def test_typing_is_seen(sandbox: Sandbox, bot: StudioBot) -> None:
    ben = await sandbox.member("ben")
    async with studio(sandbox, bot).typing():
        event = await ben.wait_for(lambda event: event.name == "TYPING_START")
    assert event.data["user_id"] == sandbox.config.application_id


async def test_entitlements_come_as_events_and_in_lists(sandbox: Sandbox, bot: StudioBot) -> None:
    told: asyncio.Queue[tuple[str, discord.Entitlement]] = asyncio.Queue()

    @bot.event
    async def on_entitlement_create(entitlement: discord.Entitlement) -> None:
        await told.put(("create", entitlement))

    @bot.event
    async def on_entitlement_delete(entitlement: discord.Entitlement) -> None:
        await told.put(("delete", entitlement))

    bought = sandbox.grant("ada", "77")
    name, entitlement = await told.get()
    assert (name, entitlement.sku_id, entitlement.user_id) == ("create", 77, int(sandbox.user("ada").id))
    assert [item.id async for item in bot.entitlements()] == [entitlement.id]
    sandbox.revoke(bought["id"])
    assert (await told.get())[0] == "delete"
    assert [item async for item in bot.entitlements()] == []


async def test_reactions_are_seen_coming_and_going(sandbox: Sandbox, bot: StudioBot) -> None:
    gone: asyncio.Queue[discord.RawReactionActionEvent] = asyncio.Queue()

    @bot.event
    async def on_raw_reaction_remove(event: discord.RawReactionActionEvent) -> None:
        await gone.put(event)

    ada = await sandbox.member("ada")
    message = await studio(sandbox, bot).send("grid")
    seen = await ada.wait_for_message(lambda item: item["content"] == "grid")
    await ada.react(seen, "1️⃣")
    assert str((await bot.seen_reactions.get()).emoji) == "1️⃣"
    await message.add_reaction("🔄")
    fetched = await message.channel.fetch_message(message.id)
    assert [(str(item.emoji), item.count, item.me) for item in fetched.reactions] == [("1️⃣", 1, False), ("🔄", 1, True)]
    await ada.unreact(seen, "1️⃣")
    assert (await gone.get()).user_id == int(ada.id)
    assert bot.user is not None
    await message.remove_reaction("🔄", bot.user)
    assert (await message.channel.fetch_message(message.id)).reactions == []


async def test_what_others_write_is_hidden_from_a_bot_without_the_content_intent(
    sandbox: Sandbox, bot: StudioBot
) -> None:
    heard: asyncio.Queue[discord.Message] = asyncio.Queue()

    @bot.event
    async def on_message(message: discord.Message) -> None:
        await heard.put(message)

    ada = await sandbox.member("ada")
    await ada.say("secret")
    await ada.say(f"<@{sandbox.config.application_id}> open")
    await ada.say("direct", channel=await ada.open_dm())
    assert [(await heard.get()).content for _ in range(3)] == ["", f"<@{sandbox.config.application_id}> open", "direct"]


async def test_the_client_sees_channels_come_and_go_and_rights_change(sandbox: Sandbox, bot: StudioBot) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()

    @bot.event
    async def on_guild_channel_create(channel: discord.abc.GuildChannel) -> None:
        await told.put(f"new {channel.name}")

    @bot.event
    async def on_guild_channel_delete(channel: discord.abc.GuildChannel) -> None:
        await told.put(f"gone {channel.name}")

    added = sandbox.add_channel("prints")
    assert await told.get() == "new prints"
    sandbox.remove_channel(added.id)
    assert await told.get() == "gone prints"
    assert studio(sandbox, bot).permissions_for(studio(sandbox, bot).guild.me).attach_files is True
