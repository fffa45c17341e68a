// One small pop-up for everything: emoji, app commands, members. Arrow keys walk, Escape returns to where one was.

import { byId, el } from "./dom.js";

let opener = null;

export function openMenu(anchor, label, entries, { isGrid = false } = {}) {
  const menu = byId("menu");
  if (opener === anchor && !menu.hidden) return closeMenu();
  opener = anchor;
  menu.className = isGrid ? "menu grid" : "menu";
  menu.setAttribute("aria-label", label);
  menu.replaceChildren(...entries.map((entry) => renderEntry(entry)));
  menu.hidden = false;
  anchor.setAttribute("aria-expanded", "true");
  place(menu, anchor);
  menu.querySelector("[role^=menuitem]")?.focus();
  return null;
}

export function closeMenu() {
  const menu = byId("menu");
  if (menu.hidden) return;
  menu.hidden = true;
  opener?.setAttribute("aria-expanded", "false");
  opener?.focus();
  opener = null;
}

function renderEntry(entry) {
  if (entry.heading) return el("div", { class: "menu-heading", role: "presentation" }, entry.heading);
  const run = () => {
    closeMenu();
    entry.run();
  };
  if (entry.href) {
    return el("a", { role: "menuitem", class: "menu-item", href: entry.href, target: "_blank", tabindex: "-1", on: { click: closeMenu } }, entry.label);
  }
  return el("button", { type: "button", role: "menuitem", class: "menu-item", tabindex: "-1", "aria-label": entry.name, on: { click: run } },
    entry.icon, el("span", {}, entry.label), entry.note && el("small", {}, entry.note));
}

function place(menu, anchor) {
  const box = anchor.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const left = Math.max(8, Math.min(box.right - size.width, innerWidth - size.width - 8));
  const below = box.bottom + 6;
  const top = below + size.height > innerHeight - 8 ? Math.max(8, box.top - size.height - 6) : below;
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
}

byId("menu").addEventListener("keydown", (event) => {
  const items = [...byId("menu").querySelectorAll("[role^=menuitem]")];
  const at = items.indexOf(document.activeElement);
  const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
  if (event.key in steps) items[(at + steps[event.key] + items.length) % items.length]?.focus();
  else if (event.key === "Escape" || event.key === "Tab") closeMenu();
  else return;
  event.preventDefault();
  event.stopPropagation();
});

document.addEventListener("pointerdown", (event) => {
  if (!byId("menu").hidden && !byId("menu").contains(event.target) && !opener?.contains(event.target)) closeMenu();
});
