// The chat page: puts the parts together for one member. Which member and channel stands in the address, so that
// two tabs can be two people.

import { Api, Refused } from "./api.js";
import { Composer } from "./composer.js";
import { avatar, byId, displayName, toast } from "./dom.js";
import { Gateway } from "./gateway.js";
import { Interactions } from "./interactions.js";
import { Log } from "./log.js";
import { closeMenu, openMenu } from "./menu.js";
import { drawPlaces } from "./places.js";
import { Store } from "./store.js";

const EMOJI = ["✉️", "❌", "⭐", "❤️", "1️⃣", "2️⃣", "3️⃣", "4️⃣", "🇦", "🇧", "🇨", "🇩", "🔄", "👍", "😍", "🎉"];
const TYPING_MS = 8000;

class Page {
  constructor(members, botId, memberName) {
    this.members = members;
    this.botId = botId;
    this.member = members.find((item) => item.name.toLowerCase() === memberName) ?? members[0];
    this.api = new Api(this.member.token);
    this.store = new Store();
    this.gateway = new Gateway(this.member.token);
    this.drawn = new Map();
    this.log = new Log(this);
    this.composer = new Composer(this);
    this.interactions = new Interactions(this);
    this.listen();
    this.gateway.connect();
  }

  listen() {
    this.gateway.addEventListener("event", ({ detail }) => this.store.take(detail.name, detail.data));
    this.gateway.addEventListener("state", ({ detail }) => this.showConnection(detail));
    const on = (name, handler) => this.store.addEventListener(name, ({ detail }) => handler(detail));
    on("ready", () => this.ready());
    on("places", () => drawPlaces(this));
    on("added", (message) => message.channel_id === this.store.current && this.added(message));
    on("changed", (message) => message.channel_id === this.store.current && this.changed(message));
    on("removed", (message) => { this.drawn.delete(message.id); this.log.remove(message); });
    on("lost", () => this.go(this.firstChannel().id));
    on("commands", () => document.activeElement === this.composer.text && this.composer.typed());
    on("typing", (user) => this.showTyping(user));
    byId("switch").addEventListener("click", (event) => this.openMembers(event.currentTarget));
    byId("log").addEventListener("click", (event) => this.follow(event.target.closest("[data-message]")));
    byId("drawer").addEventListener("click", () => this.openDrawer());
    byId("main").addEventListener("pointerdown", (event) => !byId("drawer").contains(event.target) && this.closeDrawer());
    byId("side").addEventListener("keydown", (event) => event.key === "Escape" && this.closeDrawer() && byId("drawer").focus());
    document.addEventListener("visibilitychange", () => !document.hidden && this.store.read(this.store.current));
  }

  // --- places ---

  async ready() {
    byId("guild-name").textContent = this.store.guild.name;
    byId("my-avatar").replaceChildren(avatar(this.store.me, 34));
    byId("my-name").textContent = displayName(this.store.me);
    this.interactions.forget();
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
    this.closeDrawer();
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

  // On a narrow screen the sidebar lies over the messages.
  openDrawer() {
    document.body.classList.add("drawer-open");
    byId("drawer").setAttribute("aria-expanded", "true");
    document.querySelector("#side [aria-current]")?.focus();
  }

  closeDrawer() {
    const wasOpen = document.body.classList.contains("drawer-open");
    document.body.classList.remove("drawer-open");
    byId("drawer").setAttribute("aria-expanded", "false");
    return wasOpen;
  }

  openMembers(anchor) {
    const entries = this.members.flatMap((member) => [{
      label: member.id === this.member.id ? `${member.name} (you)` : `Be ${member.name}`,
      icon: avatar({ username: member.name.toLowerCase(), global_name: member.name }, 26), run: () => become(member.name),
    }]);
    const tabs = this.members.filter((member) => member.id !== this.member.id)
      .map((member) => ({ label: `Open ${member.name} in a new tab ↗`, href: `#member=${member.name.toLowerCase()}` }));
    const install = { label: "Add the app to my account", run: () => this.install() };
    openMenu(anchor, "Members", [{ heading: "Switch member" }, ...entries, { heading: "Two people at once" }, ...tabs,
      { heading: "Use it anywhere" }, install]);
  }

  async install() {
    const done = await fetch("/sandbox/install", { method: "POST", headers: { Authorization: this.member.token } });
    toast(done.ok ? "You can use its commands in every server and in direct messages now." : "That did not work.", "note");
  }

  // --- messages ---

  added(message) {
    this.drawn.set(message.id, message);
    this.log.add(message);
  }

  changed(message) {
    const before = this.drawn.get(message.id);
    this.drawn.set(message.id, message);
    this.log.change(message, before);
  }

  dismiss(message) {
    this.store.dismiss(message);
    this.composer.focus();
  }

  async follow(link) {
    if (!link) return;
    const { channel, message } = link.dataset;
    if (channel !== this.store.current && this.store.channels.has(channel)) await this.go(channel);
    this.jumpTo(message);
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
    const apps = await this.interactions.menuEntries(message, anchor);
    const path = `/channels/${message.channel_id}/messages/${message.id}`;
    const own = message.author.id === this.store.me.id
      ? [{ label: "Delete message", run: () => this.attempt(this.api.call("DELETE", path)) }] : [];
    const copy = { label: "Copy message id", run: () => navigator.clipboard?.writeText(message.id) };
    openMenu(anchor, "Apps", [{ heading: apps.length ? "Apps" : "No app commands here" }, ...apps,
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
