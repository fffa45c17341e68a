// Discord's small markdown as elements. Nothing here ever builds HTML from text.

import { displayName, el } from "./dom.js";

const INLINE = new RegExp([
  "(?<code>`+)(?<codeText>[\\s\\S]+?)\\k<code>",
  "\\*\\*\\*(?<both>[\\s\\S]+?)\\*\\*\\*",
  "\\*\\*(?<bold>[\\s\\S]+?)\\*\\*(?!\\*)",
  "__(?<under>[\\s\\S]+?)__",
  "~~(?<strike>[\\s\\S]+?)~~",
  "\\*(?<italic>[^\\s*][^*\\n]*?)\\*",
  "(?<![\\w])_(?<italic2>[^_\\n]+?)_(?![\\w])",
  "\\|\\|(?<spoiler>[\\s\\S]+?)\\|\\|",
  "\\[(?<label>[^\\]\\n]+)\\]\\(<?(?<target>https?:[^)>\\s]+)>?\\)",
  "<(?<quiet>https?:[^>\\s]+)>",
  "(?<link>https?://[^\\s<>]+[^\\s<>.,:;!?)'\"])",
  "<@!?(?<user>\\d+)>",
  "<#(?<channel>\\d+)>",
  "<@&(?<role>\\d+)>",
  "(?<everyone>@(?:everyone|here))\\b",
  "<t:(?<stamp>-?\\d+)(?::(?<style>[a-zA-Z]))?>",
  "<a?:(?<emoji>\\w+):\\d+>",
  "\\\\(?<escaped>[*_~`|>\\\\\\[\\]()#-])",
].join("|"), "g");

export function markdown(text, store) {
  const nodes = [];
  const parts = text.split(/```(?:[\w+-]*\n)?([\s\S]*?)```/);
  parts.forEach((part, index) => {
    if (index % 2) nodes.push(el("pre", { class: "code-block" }, el("code", {}, part)));
    else if (part) nodes.push(...lines(part, store));
  });
  return nodes;
}

function lines(text, store) {
  const out = [];
  let plain = [];
  const flush = () => {
    if (plain.length) out.push(el("div", { class: "text" }, inline(plain.join("\n"), store)));
    plain = [];
  };
  for (const line of text.replace(/^\n|\n$/g, "").split("\n")) {
    const block = blockOf(line, store);
    if (block) {
      flush();
      out.push(block);
    } else plain.push(line);
  }
  flush();
  return out;
}

function blockOf(line, store) {
  const found = /^(?:(?<heading>#{1,3}) |(?<small>-# )|(?<quote>> )|(?<item>\s*[-*] ))(?<rest>.+)$/.exec(line);
  if (!found) return null;
  const { heading, small, quote, rest } = found.groups;
  const children = inline(rest, store);
  if (heading) return el("p", { class: `heading h${heading.length}` }, children);
  if (small) return el("p", { class: "small" }, children);
  if (quote) return el("blockquote", {}, children);
  return el("div", { class: "item" }, children);
}

export function inline(text, store) {
  const nodes = [];
  let last = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > last) nodes.push(text.slice(last, match.index));
    nodes.push(piece(match.groups, store));
    last = match.index + match[0].length;
  }
  if (last < text.length) nodes.push(text.slice(last));
  return nodes;
}

function piece(g, store) {
  const nested = (tag, value) => el(tag, {}, inline(value, store));
  if (g.codeText !== undefined) return el("code", {}, g.codeText);
  if (g.both !== undefined) return el("strong", {}, nested("em", g.both));
  if (g.bold !== undefined) return nested("strong", g.bold);
  if (g.under !== undefined) return nested("u", g.under);
  if (g.strike !== undefined) return nested("s", g.strike);
  if (g.italic !== undefined) return nested("em", g.italic);
  if (g.italic2 !== undefined) return nested("em", g.italic2);
  if (g.spoiler !== undefined) return el("span", { class: "spoiler", tabindex: "0" }, inline(g.spoiler, store));
  if (g.target) return anchor(g.target, inline(g.label, store));
  if (g.quiet || g.link) return anchor(g.quiet || g.link, [g.quiet || g.link]);
  if (g.user) return mention(`@${nameOf(g.user, store)}`, g.user === store.me?.id);
  if (g.channel) return mention(`#${store.channels.get(g.channel)?.name ?? "unknown"}`);
  if (g.role) return mention("@role");
  if (g.everyone) return mention(g.everyone);
  if (g.stamp) return timestamp(Number(g.stamp), g.style);
  if (g.emoji) return `:${g.emoji}:`;
  return g.escaped;
}

function nameOf(id, store) {
  const user = store.users.get(id);
  return user ? displayName(user) : "unknown";
}

// A link to a message leads there, as it does in Discord: the page listens for its buttons.
function anchor(href, children) {
  const message = /^https:\/\/discord\.com\/channels\/[\w@]+\/(?<channel>\d+)\/(?<id>\d+)$/.exec(href)?.groups;
  if (message) return el("button", { type: "button", class: "link", data: { channel: message.channel, message: message.id } },
    children[0] === href ? "Jump to the message" : children);
  return el("a", { href, target: "_blank", rel: "noreferrer noopener" }, children);
}

function mention(text, isMe = false) {
  return el("span", { class: isMe ? "mention me-mention" : "mention" }, text);
}

const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function timestamp(seconds, style) {
  const date = new Date(seconds * 1000);
  let text = date.toLocaleString();
  if (style === "R") {
    const away = seconds - Date.now() / 1000;
    const [unit, size] = UNITS.find(([, length]) => Math.abs(away) >= length) ?? UNITS.at(-1);
    text = new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(away / size), unit);
  } else if (style === "d" || style === "D") text = date.toLocaleDateString();
  else if (style === "t" || style === "T") text = date.toLocaleTimeString();
  return el("time", { class: "stamp", datetime: date.toISOString(), title: date.toLocaleString() }, text);
}
