// One message as an element: author line, text, pictures, embeds, components, reactions, and its small toolbar.

import { components } from "./components.js";
import { avatar, clockTime, dayAndTime, displayName, el, emojiText, sr } from "./dom.js";
import { lightbox } from "./dialogs.js";
import { inline, markdown } from "./markdown.js";

export const EPHEMERAL = 64, LOADING = 128;
const GROUP_MS = 5 * 60 * 1000;

export const isEphemeral = (message) => Boolean(message.flags & EPHEMERAL);

// Lines of the same author shortly after one another share one head.
export function continues(message, previous) {
  if (!previous || previous.author.id !== message.author.id) return false;
  if (message.interaction || message.message_reference || isEphemeral(message) !== isEphemeral(previous)) return false;
  return new Date(message.timestamp) - new Date(previous.timestamp) < GROUP_MS;
}

// The whole message as a sentence, for whoever has it read out.
export function asSpoken(message) {
  const plain = (text) => text.replace(/^-# /gm, "").replace(/[*_`~]/g, "").replace(/<@!?\d+>/g, "").replace(/<t:\d+(:\w)?>/g, "");
  const embeds = message.embeds.flatMap((embed) => [embed.title, embed.description,
    ...(embed.fields ?? []).map((field) => `${field.name}: ${field.value}`), embed.footer?.text]);
  const pictures = message.attachments.map((item) => `picture: ${item.description || item.filename}`);
  const isWaiting = message.flags & LOADING && !message.content;
  return [isEphemeral(message) && "only to you", isWaiting && "is thinking", message.content, ...embeds, ...pictures]
    .filter(Boolean).map((text) => plain(text).replace(/ {2,}/g, " ")).join(", ");
}

export function renderMessage(message, page, { isCompact, previous: old }) {
  const name = displayName(message.author);
  const item = el("article", {
    class: ["message", isCompact && "compact", isEphemeral(message) && "ephemeral", pingsMe(message, page) && "pinged"]
      .filter(Boolean).join(" "),
    id: `message-${message.id}`, tabindex: "-1", data: { id: message.id },
    "aria-label": `${name}, ${clockTime(new Date(message.timestamp))}: ${asSpoken(message)}`,
  });
  const body = el("div", { class: "body" },
    !isCompact && headline(message, name),
    ...content(message, page),
    ...message.attachments.map((attachment, index) => !isInEmbed(attachment, message) && picture(attachment, old?.attachments?.[index])),
    ...message.embeds.map((embed) => renderEmbed(embed, message, page)),
    components(message.components, message, page),
    reactions(message, page),
    isEphemeral(message) && ephemeralNote(message, page),
  );
  item.append(...[context(message, page), gutter(message, isCompact), body, toolbar(message, page)].filter(Boolean));
  return item;
}

function pingsMe(message, page) {
  const me = page.store.me.id;
  return message.author.id !== me && (message.mention_everyone || message.mentions.some((user) => user.id === me));
}

// The small line above: whose command this answers, or which message it replies to.
function context(message, page) {
  const { interaction, message_reference: reference } = message;
  if (interaction) {
    return el("div", { class: "context" }, avatar(interaction.user, 18), el("b", {}, displayName(interaction.user)),
      " used ", el("span", { class: "used" }, /[A-Z]/.test(interaction.name) ? interaction.name : `/${interaction.name}`));
  }
  if (!reference || message.type !== 19) return null;
  const target = message.referenced_message;
  if (!target) return el("div", { class: "context" }, el("i", {}, "The original message was deleted"));
  const text = target.content.split("\n")[0] || (target.attachments.length ? "a picture" : "a message");
  const go = () => page.jumpTo(target.id);
  return el("div", { class: "context" }, avatar(target.author, 18), el("b", {}, displayName(target.author)), " ",
    el("button", { type: "button", class: "context-text", on: { click: go } }, inline(text.slice(0, 120), page.store)));
}

function gutter(message, isCompact) {
  const date = new Date(message.timestamp);
  if (!isCompact) return el("div", { class: "gutter" }, avatar(message.author));
  return el("div", { class: "gutter" }, el("time", { datetime: message.timestamp }, clockTime(date)));
}

function headline(message, name) {
  return el("header", { class: "headline" },
    el("span", { class: message.author.bot ? "author bot" : "author" }, name),
    message.author.bot && el("span", { class: "badge" }, "APP"),
    el("time", { datetime: message.timestamp }, dayAndTime(new Date(message.timestamp))));
}

function content(message, page) {
  if (message.flags & LOADING && !message.content) {
    const name = displayName(message.author);
    return [el("div", { class: "thinking" }, el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")),
      ` ${name} is thinking…`)];
  }
  if (!message.content) return [];
  const nodes = markdown(message.content, page.store);
  if (message.edited_timestamp) nodes.at(-1).append(el("span", { class: "edited" }, " (edited)"));
  return [el("div", { class: "content" }, nodes, progress(message.content))];
}

// A percentage in brackets after the bold prompt is a drawing under way: show it as a bar as well.
function progress(text) {
  const found = /\*\*.*\*\* - .*\((\d{1,3})%\)/s.exec(text);
  if (!found) return null;
  const value = Math.min(100, Number(found[1]));
  return el("div", { class: "progress", role: "progressbar", "aria-valuenow": String(value), "aria-valuemin": "0",
    "aria-valuemax": "100", "aria-label": "Drawing", style: { "--done": `${value}%` } });
}

function picture(attachment, before) {
  if (!attachment.content_type?.startsWith("image/")) return fileCard(attachment);
  const image = el("img", {
    alt: attachment.description || "", loading: "lazy", decoding: "async",
    width: String(attachment.width ?? 0), height: String(attachment.height ?? 0),
  });
  const frame = el("button", { type: "button", class: "picture", title: attachment.description || attachment.filename,
    "aria-label": `Enlarge picture: ${attachment.description || attachment.filename}`,
    on: { click: () => lightbox(attachment) },
    style: { "aspect-ratio": `${attachment.width || 1} / ${attachment.height || 1}`, "--wide": `${shownWidth(attachment)}px` },
  }, image);
  // While a new preview loads, the old one stays under it, so that progress does not flicker.
  if (before?.url && before.id !== attachment.id) frame.style.backgroundImage = `url("${before.url}")`;
  image.src = attachment.url;
  return frame;
}

function shownWidth({ width, height }) {
  const scale = Math.min(1, 460 / (width || 1), 460 / (height || 1));
  const grown = width < 256 ? Math.min(3, 256 / (width || 256)) : scale;
  return Math.round((width || 256) * grown);
}

function fileCard(attachment) {
  const size = `${Math.max(1, Math.round(attachment.size / 1024))} KB`;
  return el("a", { class: "file", href: attachment.url, download: attachment.filename },
    el("span", { "aria-hidden": "true" }, "📄"), el("span", {}, el("b", {}, attachment.filename), el("small", {}, size)));
}

// What an embed shows is not shown a second time beside it.
function isInEmbed(attachment, message) {
  return message.embeds.some(({ image, thumbnail }) => attachment.url === image?.url || attachment.url === thumbnail?.url);
}

function embedPicture(url, part, embed, message) {
  const shown = message.attachments.find((attachment) => attachment.url === url);
  const description = shown?.description || embed.title || "";
  return el("button", { type: "button", class: `embed-${part}`, title: description, "aria-label": `Enlarge picture: ${description}`,
    on: { click: () => lightbox({ ...shown, url, description }) } }, el("img", { src: url, alt: description }));
}

function renderEmbed(embed, message, page) {
  const color = embed.color ? `#${embed.color.toString(16).padStart(6, "0")}` : "var(--line-strong)";
  const node = el("article", { class: "embed", style: { "--stripe": color } });
  const text = (value) => markdown(value, page.store);
  if (embed.author) node.append(el("p", { class: "embed-author" }, embed.author.name));
  if (embed.title) {
    const title = inline(embed.title, page.store);
    node.append(el("h3", {}, embed.url ? el("a", { href: embed.url, target: "_blank", rel: "noreferrer" }, title) : title));
  }
  if (embed.description) node.append(el("div", { class: "embed-text" }, text(embed.description)));
  if (embed.fields?.length) {
    node.append(el("dl", { class: "fields" }, embed.fields.map((field) =>
      el("div", { class: field.inline ? "field inline" : "field" },
        el("dt", {}, inline(field.name, page.store)), el("dd", {}, text(field.value))))));
  }
  for (const part of ["thumbnail", "image"]) {
    if (embed[part]?.url) node.append(embedPicture(embed[part].url, part, embed, message));
  }
  if (embed.footer) node.append(el("footer", {}, embed.footer.text));
  return node;
}

function reactions(message, page) {
  if (!message.reactions?.length) return null;
  return el("div", { class: "reactions" }, message.reactions.map(({ emoji, count, me }) => {
    const name = emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name;
    return el("button", { type: "button", class: me ? "reaction mine" : "reaction", "aria-pressed": String(me),
      "aria-label": `${emojiText(emoji)}, ${count}`, on: { click: () => page.react(message, name, !me) } },
    el("span", { class: "emoji" }, emojiText(emoji)), el("span", {}, String(count)));
  }));
}

function ephemeralNote(message, page) {
  return el("p", { class: "only-you" }, el("span", { "aria-hidden": "true" }, "👁 "), "Only you can see this · ",
    el("button", { type: "button", class: "link", on: { click: () => page.dismiss(message) } }, "Dismiss message"));
}

function toolbar(message, page) {
  const tool = (sign, label, click, popup) => el("button", { type: "button", title: label,
    "aria-haspopup": popup ? "menu" : undefined, on: { click: (event) => click(event.currentTarget) } },
  el("span", { "aria-hidden": "true" }, sign), sr(label));
  if (isEphemeral(message)) return null;
  return el("div", { class: "tools", role: "toolbar", "aria-label": "Message actions" },
    tool("✉️", "React with ✉️", () => page.react(message, "✉️", true)),
    tool("☺", "Add reaction", (anchor) => page.pickEmoji(message, anchor), true),
    tool("⋯", "Apps and more", (anchor) => page.openApps(message, anchor), true));
}
