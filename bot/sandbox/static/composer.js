// The message box: plain text with files, or a slash command with its options.

import { avatar, byId, el, toast } from "./dom.js";
import { CommandForm } from "./command_form.js";
import { Suggestions } from "./suggestions.js";

export class Composer {
  constructor(page) {
    this.page = page;
    this.text = byId("composer-text");
    this.files = [];
    this.form = null;
    this.suggestions = new Suggestions(this.text);
    page.suggestions = this.suggestions;
    byId("composer").addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    byId("attach").addEventListener("change", (event) => { this.stage([...event.target.files]); event.target.value = ""; });
    this.text.addEventListener("input", () => this.typed());
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("paste", (event) => this.stage([...event.clipboardData.files]));
    byId("main").addEventListener("dragover", (event) => event.preventDefault());
    byId("main").addEventListener("drop", (event) => { event.preventDefault(); this.stage([...event.dataTransfer.files]); });
    byId("composer").addEventListener("focusout", (event) => !byId("composer").contains(event.relatedTarget) && this.suggestions.close());
    document.addEventListener("keydown", (event) => this.typeAnywhere(event));
  }

  reset() {
    this.leave();
    this.text.value = "";
    this.files = [];
    this.showStaged();
    this.grow();
  }

  focus() {
    (this.form ?? this.text).focus();
  }

  // A letter typed while nothing has the focus goes into the message box.
  typeAnywhere(event) {
    const isPlain = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    const isBusy = document.activeElement?.closest("input, textarea, select, button, dialog, .menu");
    if (isPlain && !isBusy) this.focus();
  }

  async typed() {
    this.grow();
    const { value } = this.text;
    if (!value.startsWith("/") || value.includes("\n")) return this.suggestions.close();
    const wanted = value.slice(1);
    const all = await this.page.interactions.commandLeaves();
    if (this.text.value !== value) return null;
    const exact = all.filter((leaf) => wanted.startsWith(`${leaf.name} `)).sort((a, b) => b.name.length - a.name.length)[0];
    if (exact) return this.enter(exact, wanted.slice(exact.name.length + 1));
    const matching = all.filter((leaf) => leaf.name.startsWith(wanted.toLowerCase()));
    const others = all.filter((leaf) => !matching.includes(leaf) && leaf.name.includes(wanted.toLowerCase()));
    this.suggestions.show([...matching, ...others].map((leaf) => this.entry(leaf)), this.text, "Commands");
    return null;
  }

  entry(leaf) {
    const hints = leaf.options.map((option) => el("span", { class: option.required ? "hint-option" : "hint-option optional" }, option.name));
    return { label: `/${leaf.name}`, note: leaf.description, hints, icon: avatar({ bot: true }, 26), run: () => this.enter(leaf, "") };
  }

  enter(leaf, rest) {
    this.suggestions.close();
    this.text.value = "";
    this.text.hidden = true;
    byId("composer-line").classList.add("is-command");
    this.form = new CommandForm(this.page, byId("command"), byId("hint"), leaf, {
      onEmptyBackspace: () => this.back(leaf),
      onCancel: () => { this.reset(); this.text.focus(); },
      onSubmit: () => this.submit(),
    });
    this.form.fill(rest);
    this.form.focus();
  }

  back(leaf) {
    this.leave();
    this.text.value = `/${leaf.name}`;
    this.text.focus();
    this.typed();
  }

  leave() {
    this.suggestions.close();
    this.form = null;
    byId("command").hidden = true;
    byId("command").replaceChildren();
    byId("hint").hidden = true;
    byId("composer-line").classList.remove("is-command");
    this.text.hidden = false;
  }

  key(event) {
    if (this.suggestions.key(event) || event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape") {
      this.reset();
    } else if (event.key === "ArrowUp" && !this.text.value) {
      event.preventDefault();
      this.page.focusLastMessage();
    }
  }

  async submit() {
    if (this.form) return this.submitCommand();
    const content = this.text.value.trim();
    if (!content && !this.files.length) return null;
    if (content.startsWith("/")) return this.submitTyped(content.slice(1));
    const files = this.files;
    this.reset();
    try {
      await this.page.api.send(this.page.store.current, content, files);
    } catch (error) {
      this.text.value = content;
      toast(error.message);
    }
    return null;
  }

  // Enter came before the list of commands did: go where the list would have led. With a prompt, or a second Enter, send.
  async submitTyped(wanted) {
    this.enters = (this.enters ?? 0) + 1;
    if (this.enters > 1) return;
    const all = await this.page.interactions.commandLeaves();
    const isDouble = this.enters > 1;
    this.enters = 0;
    const found = all.find((leaf) => wanted === leaf.name || wanted.startsWith(`${leaf.name} `)) ??
      all.find((leaf) => leaf.name.startsWith(wanted.toLowerCase()));
    const rest = found ? wanted.slice(found.name.length + 1).trim() : "";
    if (found && !this.form) this.enter(found, rest);
    if (this.form && (isDouble || rest)) await this.submitCommand();
    if (!found) toast(`There is no command /${wanted.split(" ")[0]} here.`);
  }

  async submitCommand() {
    const { form } = this;
    if (!form.isComplete()) return;
    const picked = form.files();
    const values = form.values();
    const { leaf } = form;
    this.reset();
    this.text.focus();
    await this.page.interactions.runCommand(leaf, values, picked);
  }

  stage(files) {
    this.files.push(...files);
    this.showStaged();
    if (files.length) this.text.focus();
  }

  showStaged() {
    const box = byId("staged");
    box.hidden = !this.files.length;
    box.replaceChildren(...this.files.map((file, index) => el("span", { class: "staged-file" },
      file.type.startsWith("image/") && el("img", { src: URL.createObjectURL(file), alt: "" }), file.name,
      el("button", { type: "button", "aria-label": `Remove ${file.name}`,
        on: { click: () => { this.files.splice(index, 1); this.showStaged(); } } }, "×"))));
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 240)}px`;
  }
}
