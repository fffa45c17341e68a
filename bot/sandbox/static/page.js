// The chat page: puts the parts together for one member. Which member and channel stands in the address, so that
// two tabs can be two people.

import { Api, nonce, Refused } from "./api.js";
import { Composer, leaves } from "./composer.js";
import { formDialog } from "./dialogs.js";
import { avatar, byId, displayName, el, toast } from "./dom.js";
import { Gateway } from "./gateway.js";
import { Log } from "./log.js";
import { closeMenu, openMenu } from "./menu.js";
import { Store } from "./store.js";

const EMOJI = ["✉️", "❌", "⭐", "❤️", "1️⃣", "2️⃣", "3️⃣", "4️⃣", "🇦", "🇧", "🇨", "🇩", "🔄", "👍", "😍", "🎉"];
const COMMAND = 2, COMPONENT = 3, AUTOCOMPLETE = 4, MODAL = 5, MESSAGE_COMMAND = 3, USER_COMMAND = 2;
const TYPING_MS = 8000;

class Page {
  constructor(members, botId, memberName) {
    this.members = members;
    this.botId = botId;
    this.member = members.find((item) => item.name.toLowerCase() === memberName) ?? members[0];
    this.api = new Api(this.member.token);
    this.store = new Store();
    this.gateway = new Gateway(this.member.token);
    this.log = new Log(this);
    this.composer = new Composer(this);
    this.commandCache = new Map();
    this.listen();
    this.gateway.connect();
  }

  listen() {
    this.gateway.addEventListener("event", ({ detail }) => this.store.take(detail.name, detail.data));
    this.gateway.addEventListener("state", ({ detail }) => this.showConnection(detail));
    const on = (name, handler) => this.store.addEventListener(name, ({ detail }) => handler(detail));
    on("ready", () => this.ready());
    on("places", () => this.drawPlaces());
    on("added", (message) => message.channel_id === this.store.current && this.log.add(message));
    on("changed", (message) => message.channel_id === this.store.current && this.changed(message));
    on("removed", (message) => this.log.remove(message));
    on("lost", () => this.go(this.firstChannel().id));
    on("typing", (user) => this.showTyping(user));
    on("modal", (modal) => this.openForm(modal));
    byId("switch").addEventListener("click", (event) => this.openMembers(event.currentTarget));
    byId("drawer").addEventListener("click", () => this.toggleDrawer());
    document.addEventListener("visibilitychange", () => !document.hidden && this.store.read(this.store.current));
  }

  // --- places ---

  async ready() {
    byId("guild-name").textContent = this.store.guild.name;
    byId("my-avatar").replaceChildren(avatar(this.store.me, 34));
    byId("my-name").textContent = displayName(this.store.me);
    this.commandCache.clear();
    const wanted = new URLSearchParams(location.hash.slice(1)).get("channel");
    const known = [...this.store.channels.values()].find((item) => item.id === (this.store.current ?? wanted) || item.name === wanted);
    await this.go((known ?? this.firstChannel()).id);
  }

  firstChannel() {
    const channels = [...this.store.channels.values()];
    return channels.find((item) => item.name === "studio") ?? channels[0];
  }

  async go(channelId) {
    const channel = this.store.channels.get(channelId);
    const firstUnread = this.store.unread.get(channelId)?.first;
    this.store.current = channelId;
    const name = this.placeName(channel);
    history.replaceState(null, "", `#member=${this.member.name.toLowerCase()}&channel=${channel.type === 1 ? channelId : channel.name}`);
    byId("place-sign").textContent = channel.type === 1 ? "@" : "#";
    byId("place-name").textContent = name;
    byId("place-topic").textContent = channel.topic ?? (channel.type === 1 ? "Direct message" : "");
    byId("composer-text").placeholder = `Message ${channel.type === 1 ? "@" : "#"}${name}, or type / for commands`;
    document.body.classList.remove("drawer-open");
    this.composer.reset();
    if (!this.store.loaded.has(channelId)) await this.load(channelId);
    if (this.store.current !== channelId) return;
    this.store.read(channelId);
    this.log.showAll(firstUnread);
    this.composer.focus();
  }

  async load(channelId, before) {
    try {
      const messages = await this.api.history(channelId, before);
      this.store.fill(channelId, messages);
      return messages.length;
    } catch (error) {
      toast(error.message);
      return 0;
    }
  }

  async loadOlder() {
    const channelId = this.store.current;
    const oldest = this.store.list(channelId)[0];
    if (!oldest || this.isLoadingOlder || this.store.isComplete?.has(channelId)) return;
    this.isLoadingOlder = true;
    const list = byId("log");
    const height = list.scrollHeight;
    const count = await this.load(channelId, oldest.id);
    this.isLoadingOlder = false;
    if (count < 50) (this.store.isComplete ??= new Set()).add(channelId);
    if (!count || this.store.current !== channelId) return;
    this.log.showAll();
    list.scrollTop = list.scrollHeight - height;
  }

  placeName(channel) {
    return channel.type === 1 ? displayName(channel.recipients[0]) : channel.name;
  }

  drawPlaces() {
    const channels = [...this.store.channels.values()];
    const texts = channels.filter((item) => item.type === 0).sort((a, b) => a.position - b.position);
    const rows = texts.flatMap((item) => [item, ...channels.filter((thread) => thread.parent_id === item.id)]);
    byId("channels").replaceChildren(...rows.map((item) => this.placeRow(item)));
    const directs = channels.filter((item) => item.type === 1);
    const others = [...this.store.users.values()].filter((user) => user.id !== this.store.me.id &&
      !directs.some((item) => item.recipients[0].id === user.id));
    byId("directs").replaceChildren(...directs.map((item) => this.placeRow(item)), ...others.map((user) => this.newDirect(user)));
    const unread = [...this.store.unread.values()].reduce((sum, item) => sum + item.count, 0);
    const here = this.store.channels.get(this.store.current);
    document.title = `${unread ? `(${unread}) ` : ""}${here ? this.placeName(here) : "Easel"} · Easel sandbox`;
  }

  placeRow(channel) {
    const unread = this.store.unread.get(channel.id);
    const isHere = channel.id === this.store.current;
    const sign = channel.type === 1 ? avatar(channel.recipients[0], 26) : el("span", { class: "sign", "aria-hidden": "true" }, channel.type === 0 ? "#" : "└");
    return el("li", {}, el("button", {
      type: "button", class: ["place", isHere && "here", unread && "unread", channel.type > 1 && "thread"].filter(Boolean).join(" "),
      "aria-current": isHere ? "page" : undefined, on: { click: () => this.go(channel.id) },
    }, sign, el("span", { class: "place-label" }, this.placeName(channel)),
    unread?.pings ? el("span", { class: "pings", "aria-label": `${unread.pings} mentions` }, String(unread.pings)) : null,
    unread && !unread.pings ? el("span", { class: "dot", "aria-label": "unread" }) : null));
  }

  newDirect(user) {
    const start = async () => {
      const channel = await this.api.call("POST", "/users/@me/channels", { recipients: [user.id] });
      this.store.channels.set(channel.id, channel);
      await this.go(channel.id);
    };
    return el("li", {}, el("button", { type: "button", class: "place faint", on: { click: start } },
      avatar(user, 26), el("span", { class: "place-label" }, displayName(user))));
  }

  toggleDrawer() {
    const isOpen = document.body.classList.toggle("drawer-open");
    byId("drawer").setAttribute("aria-expanded", String(isOpen));
  }

  openMembers(anchor) {
    const entries = this.members.flatMap((member) => [{
      label: member.id === this.member.id ? `${member.name} (you)` : `Be ${member.name}`, name: `Be ${member.name}`,
      icon: avatar({ username: member.name.toLowerCase(), global_name: member.name }, 26), run: () => become(member.name),
    }]);
    const tabs = this.members.filter((member) => member.id !== this.member.id)
      .map((member) => ({ label: `Open ${member.name} in a new tab ↗`, href: `#member=${member.name.toLowerCase()}` }));
    openMenu(anchor, "Members", [{ heading: "Switch member" }, ...entries, { heading: "Two people at once" }, ...tabs]);
  }

  // --- messages ---

  changed(message) {
    const before = this.drawn?.get(message.id);
    this.drawn ??= new Map();
    this.drawn.set(message.id, { attachments: message.attachments });
    this.log.change(message, before);
  }

  jumpTo(messageId) {
    const target = byId(`message-${messageId}`);
    if (!target) return toast("That message is not loaded here.", "note");
    target.scrollIntoView({ block: "center", behavior: "smooth" });
    target.classList.add("flash");
    target.addEventListener("animationend", () => target.classList.remove("flash"), { once: true });
    return target.focus({ preventScroll: true });
  }

  focusLastMessage() {
    [...document.querySelectorAll(".message")].at(-1)?.focus();
  }

  async react(message, emoji, isAdded) {
    try {
      await this.api.react(message, emoji, isAdded);
    } catch (error) {
      toast(error.message);
    }
  }

  pickEmoji(message, anchor) {
    const entries = EMOJI.map((emoji) => ({ label: emoji, name: `React with ${emoji}`, run: () => this.react(message, emoji, true) }));
    openMenu(anchor, "Add reaction", entries, { isGrid: true });
  }

  async openApps(message, anchor) {
    const { application_commands: commands } = await this.index();
    const run = (command, target) => () => this.interact(COMMAND, { ...plain(command), target_id: target }, anchor);
    const apps = commands.filter((item) => item.type === MESSAGE_COMMAND)
      .map((command) => ({ label: command.name, run: run(command, message.id) }));
    const people = commands.filter((item) => item.type === USER_COMMAND)
      .map((command) => ({ label: command.name, note: displayName(message.author), run: run(command, message.author.id) }));
    const own = message.author.id === this.store.me.id
      ? [{ label: "Delete message", run: () => this.attempt(this.api.call("DELETE", `/channels/${message.channel_id}/messages/${message.id}`)) }] : [];
    const copy = { label: "Copy message id", run: () => navigator.clipboard?.writeText(message.id) };
    openMenu(anchor, "Apps", [{ heading: apps.length || people.length ? "Apps" : "No app commands here" }, ...apps, ...people,
      { heading: "Message" }, copy, ...own]);
  }

  async attempt(promise) {
    try {
      return await promise;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      toast(error.message);
      return null;
    }
  }

  showTyping(user) {
    byId("typing").textContent = user ? `${displayName(user)} is typing… ` : "";
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => { byId("typing").textContent = ""; }, TYPING_MS);
  }

  showConnection(text) {
    byId("connection").textContent = text;
    byId("connection").classList.toggle("online", text === "online");
  }

  // --- interactions ---

  index() {
    const key = `${this.store.current}/${this.store.commandVersion}`;
    if (!this.commandCache.has(key)) this.commandCache.set(key, this.api.commands(this.store.current));
    return this.commandCache.get(key);
  }

  async commandLeaves() {
    const { application_commands: commands } = await this.index();
    return commands.filter((command) => command.type === 1).flatMap(leaves);
  }

  async interact(type, data, origin, { extra = {}, handlers = {} } = {}) {
    const { applications: [application] } = await this.index();
    const id = nonce();
    origin?.classList.add("busy");
    const done = () => origin?.classList.remove("busy");
    this.store.expect(id, {
      succeeded: () => { done(); handlers.succeeded?.(); },
      answered: (result) => { done(); handlers.answered?.(result); },
      failed: () => { done(); (handlers.failed ?? (() => toast("The application did not respond.")))(); },
    });
    try {
      await this.api.call("POST", "/interactions", {
        type, application_id: application.id, guild_id: this.store.guild.id, channel_id: this.store.current,
        session_id: this.gateway.session, nonce: id, data, ...extra,
      });
    } catch (error) {
      done();
      this.store.pending.delete(id);
      throw error;
    }
    return id;
  }

  press(message, data, node) {
    const extra = { message_id: message.id, message_flags: message.flags };
    return this.attempt(this.interact(COMPONENT, data, node, { extra }));
  }

  async runCommand(leaf, values, picked) {
    const line = this.sendingLine(leaf);
    const failed = () => line.replaceChildren(el("span", { class: "failed" }, "⚠ The application did not respond to "),
      el("b", {}, `/${leaf.name}`), " ", el("button", { type: "button", class: "link", on: { click: () => line.remove() } }, "Dismiss"));
    const handlers = { answered: () => line.remove(), failed };
    try {
      const uploaded = picked.length ? await this.api.upload(this.store.current, picked.map(({ file }) => file)) : [];
      const files = picked.map(({ option }, index) => ({ type: option.type, name: option.name, value: uploaded[index].id }));
      const data = { ...plain(leaf.command), options: nest(leaf.path, [...values, ...files]), attachments: uploaded };
      await this.interact(COMMAND, data, null, { handlers });
    } catch (error) {
      line.remove();
      toast(error.message);
    }
  }

  sendingLine(leaf) {
    const line = el("div", { class: "sending" }, avatar(this.store.me, 18), el("span", {}, "Sending "), el("b", {}, `/${leaf.name}`), " …");
    this.log.notice(line);
    return line;
  }

  autocomplete(leaf, values, focused) {
    const data = { ...plain(leaf.command), options: nest(leaf.path, values), focused };
    return new Promise((resolve) => {
      const handlers = { answered: resolve, failed: () => resolve([]) };
      this.interact(AUTOCOMPLETE, data, null, { handlers }).catch(() => resolve([]));
    });
  }

  openForm(modal) {
    formDialog(modal, this.store, async (components) => {
      await this.interact(MODAL, { id: modal.id, custom_id: modal.custom_id, components }, null);
    });
  }
}

const plain = ({ id, version, name, type }) => ({ id, version, name, type });

function nest(path, given) {
  return path.reduceRight((inner, branch) => [{ type: branch.type, name: branch.name, options: inner }], given);
}

function become(name) {
  location.hash = `#member=${name.toLowerCase()}`;
}

async function start() {
  const { members, bot_id: botId } = await (await fetch("/sandbox/members")).json();
  const wanted = new URLSearchParams(location.hash.slice(1)).get("member");
  return new Page(members, botId, wanted);
}

addEventListener("hashchange", () => { closeMenu(); location.reload(); });
await start();
