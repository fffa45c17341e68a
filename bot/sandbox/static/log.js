// The list of messages of the open channel: keeps its place while things change, and walks by arrow keys.

import { byId, displayName, el } from "./dom.js";
import { asSpoken, continues, LOADING, renderMessage } from "./message.js";

const NEAR_PX = 120;

export class Log {
  constructor(page) {
    this.page = page;
    this.list = byId("log");
    this.newest = byId("newest");
    this.isPinned = true;
    this.list.addEventListener("scroll", () => this.scrolled());
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("load", () => this.isPinned && this.toEnd(), true);
    this.newest.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.isPinned && this.toEnd()).observe(this.list);
  }

  showAll(firstUnread) {
    const { store } = this.page;
    const messages = store.list(store.current);
    const rows = [];
    messages.forEach((message, index) => {
      if (message.id === firstUnread) rows.push(el("div", { class: "divider", role: "separator" }, el("span", {}, "New")));
      rows.push(this.render(message, messages[index - 1], null));
    });
    this.list.replaceChildren(welcome(this.page), ...rows);
    this.toEnd();
  }

  add(message) {
    const messages = this.page.store.list(message.channel_id);
    const stays = this.isPinned;
    this.list.append(this.render(message, messages.at(-2), null));
    if (stays || message.author.id === this.page.store.me.id) this.toEnd();
    else this.newest.hidden = false;
    this.announce(message);
  }

  change(message, before) {
    const old = byId(`message-${message.id}`);
    if (!old) return;
    const messages = this.page.store.list(message.channel_id);
    const index = messages.findIndex((item) => item.id === message.id);
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const fresh = this.render(message, messages[index - 1], before);
    old.replaceWith(fresh);
    if (focused) this.refocus(fresh, focused);
    if (this.isPinned) this.toEnd();
    if (before && (before.flags & LOADING || (focused && !isProgress(message))) && asSpoken(message) !== asSpoken(before)) this.announce(message);
  }

  remove(message) {
    const row = byId(`message-${message.id}`);
    const next = row?.nextElementSibling?.dataset.id;
    const hadFocus = row?.contains(document.activeElement);
    row?.remove();
    // The one below may have shared its head with the one that is gone.
    const below = this.page.store.messages.get(message.channel_id)?.get(next);
    if (below) this.change(below, below);
    if (hadFocus) (byId(`message-${next}`) ?? [...this.list.querySelectorAll(".message")].at(-1) ?? this.list).focus({ preventScroll: true });
  }

  // Of what one does oneself: the answer comes below, and there one looks for it.
  notice(node) {
    this.list.append(node);
    this.toEnd();
  }

  toEnd() {
    this.list.scrollTop = this.list.scrollHeight;
    this.isPinned = true;
    this.newest.hidden = true;
  }

  scrolled() {
    const left = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight;
    this.isPinned = left < NEAR_PX;
    if (this.isPinned) this.newest.hidden = true;
    if (this.list.scrollTop < 40) this.page.loadOlder();
  }

  render(message, previous, before) {
    return renderMessage(message, this.page, { isCompact: continues(message, previous), previous: before });
  }

  refocus(fresh, focused) {
    const { customId } = focused.dataset;
    const same = customId && [...fresh.querySelectorAll("[data-custom-id]")].find((item) => item.dataset.customId === customId);
    (same ?? fresh).focus({ preventScroll: true });
  }

  // New messages are read out, answers when they are there, and what changes under one's hands; progress is not.
  announce(message) {
    if (message.author.id === this.page.store.me.id) return;
    byId("announce").textContent = `${displayName(message.author)}: ${asSpoken(message)}`;
  }

  key(event) {
    if (!["ArrowUp", "ArrowDown", "Home", "End"].includes(event.key) || event.target.closest("select, textarea, input")) return;
    const rows = [...this.list.querySelectorAll(".message")];
    const at = rows.indexOf(document.activeElement.closest(".message"));
    const next = { ArrowUp: at < 0 ? rows.length - 1 : Math.max(0, at - 1), ArrowDown: Math.min(rows.length - 1, at + 1), Home: 0, End: rows.length - 1 };
    rows[next[event.key]]?.focus();
    event.preventDefault();
  }
}

const isProgress = (message) => /\(\d{1,3}%\)/.test(message.content);

function welcome(page) {
  const channel = page.store.channels.get(page.store.current);
  const isDirect = channel.type === 1;
  const title = isDirect ? `You and ${page.placeName(channel)}` : `Welcome to #${channel.name}`;
  return el("div", { class: "welcome" }, el("span", { class: "welcome-sign", "aria-hidden": "true" }, isDirect ? "@" : "#"),
    el("h2", {}, title), el("p", {}, isDirect ? "Only the two of you read this." : "This is where it begins. Type / to see what can be done here."));
}
