// What this member knows: channels, messages, unread marks and pending interactions. Changes are told as events;
// the store draws nothing.

export class Store extends EventTarget {
  constructor() {
    super();
    this.me = null;
    this.guild = null;
    this.guilds = new Map();
    this.users = new Map();
    this.channels = new Map();
    this.messages = new Map();
    this.loaded = new Set();
    this.unread = new Map();
    this.lastRead = new Map();
    this.pending = new Map();
    this.commandVersion = 0;
    this.current = null;
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  take(name, data) {
    const handler = this[`on_${name}`];
    if (handler) handler.call(this, data);
  }

  list(channelId) {
    return [...(this.messages.get(channelId)?.values() ?? [])];
  }

  fill(channelId, messages) {
    const known = this.messages.get(channelId) ?? new Map();
    const sorted = [...messages, ...known.values()].sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
    this.messages.set(channelId, new Map(sorted.map((message) => [message.id, message])));
    this.loaded.add(channelId);
    sorted.forEach((message) => this.learn(message));
  }

  learn(message) {
    for (const user of [message.author, ...message.mentions]) this.users.set(user.id, user);
  }

  read(channelId) {
    this.unread.delete(channelId);
    this.tell("places");
  }

  dismiss(message) {
    this.messages.get(message.channel_id)?.delete(message.id);
    this.tell("removed", message);
  }

  on_READY(data) {
    this.me = data.user;
    this.guild = data.guilds[0];
    this.channels.clear();
    this.messages.clear();
    this.loaded.clear();
    data.guilds.forEach((guild) => this.enter(guild));
    for (const channel of data.private_channels) this.channels.set(channel.id, channel);
    this.users.set(this.me.id, this.me);
    this.tell("ready");
  }

  enter(guild) {
    this.guilds.set(guild.id, guild);
    for (const channel of [...guild.channels, ...guild.threads]) this.channels.set(channel.id, channel);
    for (const member of guild.members) this.users.set(member.user.id, member.user);
  }

  on_GUILD_CREATE(guild) {
    this.enter(guild);
    this.tell("places");
  }

  on_MESSAGE_CREATE(message) {
    this.learn(message);
    const messages = this.messages.get(message.channel_id) ?? new Map();
    const isRepeat = messages.has(message.id);
    messages.set(message.id, message);
    this.messages.set(message.channel_id, messages);
    if (message.nonce) this.settle(message.nonce, "answered");
    if (isRepeat) return this.tell("changed", message);
    if (message.author.id !== this.me.id) this.noteUnread(message);
    this.tell("added", message);
  }

  noteUnread(message) {
    if (message.channel_id === this.current && !document.hidden) return;
    const channel = this.channels.get(message.channel_id);
    const entry = this.unread.get(message.channel_id) ?? { first: message.id, count: 0, pings: 0 };
    entry.count += 1;
    const isPing = message.mention_everyone || message.mentions.some((user) => user.id === this.me.id);
    if (isPing || channel?.type === 1) entry.pings += 1;
    this.unread.set(message.channel_id, entry);
    this.tell("places");
  }

  on_MESSAGE_UPDATE(message) {
    const messages = this.messages.get(message.channel_id);
    const known = messages?.get(message.id);
    if (!known) return;
    const { nonce, ...rest } = known;
    const merged = { ...rest, ...message, reactions: known.reactions };
    messages.set(message.id, merged);
    this.tell("changed", merged);
  }

  on_MESSAGE_DELETE({ id, channel_id }) {
    const message = this.messages.get(channel_id)?.get(id);
    if (!message) return;
    this.messages.get(channel_id).delete(id);
    this.tell("removed", message);
    for (const reply of this.list(channel_id)) {
      if (reply.message_reference?.message_id !== id) continue;
      reply.referenced_message = null;
      this.tell("changed", reply);
    }
  }

  on_MESSAGE_REACTION_ADD(event) {
    this.changeReaction(event, 1);
  }

  on_MESSAGE_REACTION_REMOVE(event) {
    this.changeReaction(event, -1);
  }

  on_MESSAGE_REACTION_REMOVE_ALL({ channel_id, message_id }) {
    const message = this.messages.get(channel_id)?.get(message_id);
    if (!message) return;
    message.reactions = [];
    this.tell("changed", message);
  }

  changeReaction({ channel_id, message_id, user_id, emoji }, step) {
    const message = this.messages.get(channel_id)?.get(message_id);
    if (!message) return;
    const reactions = [...(message.reactions ?? [])];
    let index = reactions.findIndex((item) => item.emoji.name === emoji.name && item.emoji.id === emoji.id);
    if (index < 0) index = reactions.push({ emoji, count: 0, me: false }) - 1;
    const me = user_id === this.me.id ? step > 0 : reactions[index].me;
    reactions[index] = { ...reactions[index], count: reactions[index].count + step, me };
    message.reactions = reactions.filter((item) => item.count > 0);
    this.tell("changed", message);
  }

  on_CHANNEL_CREATE(channel) {
    this.channels.set(channel.id, channel);
    this.tell("places");
  }

  on_CHANNEL_UPDATE(channel) {
    this.on_CHANNEL_CREATE(channel);
  }

  on_THREAD_CREATE(channel) {
    this.on_CHANNEL_CREATE(channel);
  }

  on_THREAD_UPDATE(channel) {
    this.on_CHANNEL_CREATE(channel);
  }

  on_THREAD_DELETE(channel) {
    this.on_CHANNEL_DELETE(channel);
  }

  on_CHANNEL_DELETE(channel) {
    this.channels.delete(channel.id);
    this.messages.delete(channel.id);
    this.unread.delete(channel.id);
    this.tell("places");
    if (this.current === channel.id) this.tell("lost");
  }

  on_TYPING_START({ channel_id, user_id }) {
    if (channel_id === this.current && user_id !== this.me.id) this.tell("typing", this.users.get(user_id));
  }

  on_GUILD_APPLICATION_COMMAND_INDEX_UPDATE() {
    this.commandVersion += 1;
    this.tell("commands");
  }

  // --- interactions of our own, by nonce ---

  expect(nonce, handlers) {
    this.pending.set(nonce, handlers);
  }

  settle(nonce, how, data) {
    const handlers = this.pending.get(nonce);
    if (!handlers) return;
    if (how !== "succeeded") this.pending.delete(nonce);
    handlers[how]?.(data);
  }

  on_INTERACTION_SUCCESS({ nonce }) {
    this.settle(nonce, "succeeded");
  }

  on_INTERACTION_FAILURE({ nonce }) {
    this.settle(nonce, "failed");
  }

  on_INTERACTION_MODAL_CREATE(modal) {
    this.settle(modal.nonce, "answered");
    this.tell("modal", modal);
  }

  on_APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE({ nonce, choices }) {
    this.settle(nonce, "answered", choices);
  }
}
