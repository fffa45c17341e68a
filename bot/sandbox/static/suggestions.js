// The list above the message box: commands while one types "/", and the bot's choices for an option.

import { byId, el } from "./dom.js";

export class Suggestions {
  constructor(input) {
    this.box = byId("suggestions");
    this.entries = [];
    this.at = 0;
    this.input = input;
  }

  get isOpen() {
    return !this.box.hidden;
  }

  show(entries, input, heading) {
    this.close();
    this.input = input;
    this.entries = entries;
    this.at = 0;
    if (!entries.length) return;
    this.box.replaceChildren(el("p", { class: "suggestions-head", role: "presentation" }, heading),
      ...entries.map((entry, index) => this.render(entry, index)));
    this.box.hidden = false;
    this.mark();
  }

  close() {
    this.box.hidden = true;
    this.entries = [];
    this.input?.removeAttribute("aria-activedescendant");
  }

  render(entry, index) {
    return el("div", { role: "option", id: `suggestion-${index}`, class: "suggestion", on: {
      pointerdown: (event) => event.preventDefault(),
      click: () => this.take(index),
      pointermove: () => this.move(index - this.at),
    } }, entry.icon, el("span", { class: "suggestion-text" }, el("b", {}, entry.label), entry.hints), el("small", {}, entry.note ?? ""));
  }

  move(step) {
    if (!this.entries.length || !step) return;
    this.at = (this.at + step + this.entries.length) % this.entries.length;
    this.mark();
  }

  mark() {
    [...this.box.querySelectorAll("[role=option]")].forEach((node, index) => {
      node.setAttribute("aria-selected", String(index === this.at));
      if (index === this.at) node.scrollIntoView({ block: "nearest" });
    });
    this.input.setAttribute("aria-activedescendant", `suggestion-${this.at}`);
  }

  take(index = this.at) {
    const entry = this.entries[index];
    this.close();
    entry?.run();
  }

  // True when the key was for the list.
  key(event) {
    if (!this.isOpen || event.isComposing) return false;
    if (event.key === "ArrowDown") this.move(1);
    else if (event.key === "ArrowUp") this.move(-1);
    else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) this.take();
    else if (event.key === "Escape") this.close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}
