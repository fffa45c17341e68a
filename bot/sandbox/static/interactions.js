// What a member does beyond writing: commands, presses, forms. Each goes out with a nonce, and its answer is known by it.

import { nonce } from "./api.js";
import { leaves } from "./command_form.js";
import { formDialog } from "./dialogs.js";
import { avatar, displayName, el, toast } from "./dom.js";
import { localized } from "./language.js";

const COMMAND = 2, COMPONENT = 3, AUTOCOMPLETE = 4, MODAL = 5, MESSAGE_COMMAND = 3, USER_COMMAND = 2;

export class Interactions {
  constructor(page) {
    this.page = page;
    this.cache = new Map();
    page.store.addEventListener("modal", ({ detail }) => this.openForm(detail));
  }

  // The commands of the Apps menu, for a message and for the one who wrote it.
  async menuEntries(message, origin) {
    const { application_commands: commands } = await this.index();
    const entry = (command, target, note) => ({ label: localized(command, "name"), note,
      run: () => this.page.attempt(this.interact(COMMAND, { ...plain(command), target_id: target }, origin)) });
    return [
      ...commands.filter((item) => item.type === MESSAGE_COMMAND).map((item) => entry(item, message.id)),
      ...commands.filter((item) => item.type === USER_COMMAND)
        .map((item) => entry(item, message.author.id, displayName(message.author))),
    ];
  }

  forget() {
    this.cache.clear();
  }

  index() {
    const key = `${this.page.store.current}/${this.page.store.commandVersion}`;
    if (!this.cache.has(key)) {
      const asked = this.page.api.commands(this.page.store.current);
      asked.catch(() => this.cache.delete(key));
      this.cache.set(key, asked);
    }
    return this.cache.get(key);
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
    this.page.store.expect(id, {
      succeeded: () => { done(); handlers.succeeded?.(); },
      answered: (result) => { done(); handlers.answered?.(result); },
      failed: () => { done(); (handlers.failed ?? (() => toast("The application did not respond.")))(); },
    });
    try {
      await this.page.api.call("POST", "/interactions", {
        type, application_id: application.id, guild_id: this.page.store.channels.get(this.page.store.current)?.guild_id, channel_id: this.page.store.current,
        session_id: this.page.gateway.session, nonce: id, data, ...extra,
      });
    } catch (error) {
      done();
      this.page.store.pending.delete(id);
      throw error;
    }
    return id;
  }

  press(message, data, node) {
    const extra = { message_id: message.id, message_flags: message.flags };
    return this.page.attempt(this.interact(COMPONENT, data, node, { extra }));
  }

  async runCommand(leaf, values, picked) {
    const line = this.sendingLine(leaf);
    const failed = () => line.replaceChildren(el("span", { class: "failed" }, "⚠ The application did not respond to "),
      el("b", {}, `/${leaf.name}`), " ", el("button", { type: "button", class: "link", on: { click: () => line.remove() } }, "Dismiss"));
    const handlers = { answered: () => line.remove(), failed };
    try {
      const uploaded = picked.length ? await this.page.api.upload(this.page.store.current, picked.map(({ file }) => file)) : [];
      const files = picked.map(({ option }, index) => ({ type: option.type, name: option.name, value: uploaded[index].id }));
      const data = { ...plain(leaf.command), options: nest(leaf.path, [...values, ...files]), attachments: uploaded };
      await this.interact(COMMAND, data, null, { handlers });
    } catch (error) {
      line.remove();
      toast(error.message);
    }
  }

  sendingLine(leaf) {
    const line = el("div", { class: "sending" }, avatar(this.page.store.me, 18), el("span", {}, "Sending "), el("b", {}, `/${leaf.name}`), " …");
    this.page.log.notice(line);
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
    formDialog(modal, this.page.store, async (components) => {
      await this.interact(MODAL, { id: modal.id, custom_id: modal.custom_id, components }, null);
    });
  }
}

const plain = ({ id, version, name, type }) => ({ id, version, name, type });

function nest(path, given) {
  return path.reduceRight((inner, branch) => [{ type: branch.type, name: branch.name, options: inner }], given);
}
