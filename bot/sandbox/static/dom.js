// Small builders for elements. Text always goes in as text, never as markup.

export function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") node.className = value;
    else if (key === "on") for (const [name, handler] of Object.entries(value)) node.addEventListener(name, handler);
    else if (key === "data") Object.assign(node.dataset, value);
    else if (key === "style") for (const [name, item] of Object.entries(value)) node.style.setProperty(name, item);
    else if (key in node && typeof value !== "string") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

export function sr(text) {
  return el("span", { class: "sr" }, text);
}

const HUES = [252, 14, 168, 212, 328, 38, 190];
const BOT_MARK = "/static/easel.svg";

export function avatar(user, size = 40) {
  if (user.bot) return el("img", { class: "avatar", src: BOT_MARK, alt: "", width: String(size), height: String(size) });
  const hue = HUES[[...user.username].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % HUES.length];
  return el("span", {
    class: "avatar letter", "aria-hidden": "true", style: { "--hue": String(hue), "--size": `${size}px` },
  }, displayName(user).slice(0, 1).toUpperCase());
}

export const displayName = (user) => user.global_name || user.username;

export function emojiText(emoji) {
  return emoji.id ? `:${emoji.name}:` : emoji.name;
}

export function clockTime(date) {
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export function dayAndTime(date) {
  const today = new Date().toDateString() === date.toDateString();
  return today ? `Today at ${clockTime(date)}` : `${date.toLocaleDateString()} ${clockTime(date)}`;
}

export function toast(text, kind = "bad") {
  const node = el("div", { class: `toast ${kind}` }, text);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), 6000);
}
