// Buttons, selects and the newer layout components of a message. A press is told to the page, which talks to the server.

import { displayName, el, emojiText } from "./dom.js";
import { lightbox } from "./dialogs.js";
import { markdown } from "./markdown.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "linked", 6: "primary" };
const ROW = 1, BUTTON = 2, STRING = 3, USER = 5, ROLE = 6, MENTIONABLE = 7, CHANNEL = 8;
const SECTION = 9, TEXT = 10, THUMBNAIL = 11, GALLERY = 12, FILE = 13, RULE = 14, CONTAINER = 17;

export function components(list, message, page) {
  if (!list.length) return null;
  return el("div", { class: "components" }, list.map((item) => component(item, message, page)));
}

function component(item, message, page) {
  const children = () => (item.components ?? []).map((child) => component(child, message, page));
  switch (item.type) {
    case ROW: return el("div", { class: "row", role: "group" }, children());
    case BUTTON: return button(item, message, page);
    case STRING: case USER: case ROLE: case MENTIONABLE: case CHANNEL: return select(item, message, page);
    case SECTION: return el("div", { class: "section" }, el("div", {}, children()), component(item.accessory, message, page));
    case TEXT: return el("div", { class: "content" }, markdown(item.content, page.store));
    case THUMBNAIL: return el("img", { class: "thumbnail", src: item.media.url, alt: item.description || "" });
    case GALLERY: return el("div", { class: "gallery" }, item.items.map(({ media, description }) =>
      el("button", { type: "button", class: "picture", on: { click: () => lightbox({ url: media.url, description }) } },
        el("img", { src: media.url, alt: description || "" }))));
    case FILE: return el("a", { class: "file", href: item.file.url }, "📄 file");
    case RULE: return item.divider === false ? el("div", { class: "space" }) : el("hr");
    case CONTAINER: return el("section", { class: "embed container",
      style: { "--stripe": item.accent_color ? `#${item.accent_color.toString(16).padStart(6, "0")}` : "var(--line)" } }, children());
    default: return null;
  }
}

function button(item, message, page) {
  const inside = [item.emoji && el("span", { class: "emoji" }, emojiText(item.emoji)), item.label && el("span", {}, item.label)];
  const classes = `button ${STYLES[item.style]}${item.label ? "" : " bare"}`;
  if (item.style === 5) {
    return el("a", { class: classes, href: item.url, target: "_blank", rel: "noreferrer noopener" }, inside, el("span", { "aria-hidden": "true" }, " ↗"));
  }
  const node = el("button", { type: "button", class: classes, disabled: Boolean(item.disabled), data: { customId: item.custom_id },
    "aria-label": item.label || item.emoji?.name,
    on: { click: () => page.interactions.press(message, { component_type: BUTTON, custom_id: item.custom_id }, node) } }, inside);
  return node;
}

function choices(item, page) {
  if (item.type === STRING) return item.options;
  if (item.type === CHANNEL) {
    return [...page.store.channels.values()].filter((channel) => channel.type === 0)
      .map((channel) => ({ label: `#${channel.name}`, value: channel.id }));
  }
  if (item.type === ROLE) return page.store.guild.roles.map((role) => ({ label: role.name, value: role.id }));
  return [...page.store.users.values()].map((user) => ({ label: displayName(user), value: user.id }));
}

function select(item, message, page) {
  const isMany = (item.max_values ?? 1) > 1;
  const options = choices(item, page);
  const node = el("select", { class: "select", disabled: Boolean(item.disabled), multiple: isMany,
    "aria-label": item.placeholder || "Make a selection", data: { customId: item.custom_id } });
  const chosen = options.some((option) => option.default);
  if (!isMany) node.append(el("option", { value: "", disabled: true, selected: !chosen }, item.placeholder || "Make a selection"));
  for (const option of options) {
    const emoji = option.emoji ? `${emojiText(option.emoji)} ` : "";
    const tail = option.description ? ` — ${option.description}` : "";
    node.append(el("option", { value: option.value, selected: Boolean(option.default) }, `${emoji}${option.label}${tail}`));
  }
  if (isMany) node.size = Math.min(6, options.length);
  const send = () => page.interactions.press(message, { component_type: item.type, custom_id: item.custom_id,
    values: [...node.selectedOptions].map((option) => option.value).filter(Boolean) }, node);
  node.addEventListener(isMany ? "blur" : "change", send);
  return el("span", { class: "select-frame" }, node);
}
