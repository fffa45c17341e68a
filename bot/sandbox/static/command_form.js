// A chosen slash command in the message box: one small field per option, completed and checked as one types.

import { displayName, el } from "./dom.js";
import { localized } from "./language.js";

const STRING = 3, INTEGER = 4, BOOLEAN = 5, USER = 6, CHANNEL = 7, ROLE = 8, MENTIONABLE = 9, NUMBER = 10, ATTACHMENT = 11;
const AUTOCOMPLETE_PAUSE_MS = 180;

// Sub-commands become commands of their own: {command, path, name, description, options}.
export function leaves(command) {
  const walk = (node, path, name) => {
    const branches = (node.options ?? []).filter((option) => option.type <= 2);
    const options = (node.options ?? []).map((option) => ({ ...option, description: localized(option, "description") }));
    if (!branches.length) return [{ command, path, name, description: localized(node, "description"), options }];
    return branches.flatMap((branch) => walk(branch, [...path, branch], `${name} ${branch.name}`));
  };
  return walk(command, [], command.name);
}

export class CommandForm {
  constructor(page, host, hint, leaf, { onEmptyBackspace, onCancel, onSubmit }) {
    Object.assign(this, { page, host, hint, leaf, onEmptyBackspace, onCancel, onSubmit });
    this.fields = new Map();
    this.more = el("span", { class: "more" });
    this.name = el("span", { class: "command-name", tabindex: "0", role: "button", "aria-label": `/${leaf.name}, Enter sends`,
      on: { keydown: (event) => this.nameKey(event) } }, `/${leaf.name}`);
    host.replaceChildren(this.name, this.more);
    leaf.options.filter((option) => option.required).forEach((option) => this.add(option));
    if (!this.fields.size && leaf.options.length) this.add(leaf.options[0]);
    this.offerRest();
    host.hidden = false;
  }

  focus() {
    const first = [...this.fields.values()][0];
    (first?.input ?? this.name).focus();
  }

  nameKey(event) {
    if (event.key === "Enter") this.onSubmit();
    else if (event.key === "Backspace") this.onEmptyBackspace();
    else if (event.key === "Escape") this.onCancel();
    else return;
    event.preventDefault();
  }

  fill(text) {
    const first = [...this.fields.values()].find(({ option }) => option.type === STRING);
    if (!first || !text) return;
    first.input.value = text;
    this.changed(first.option, first.input);
  }

  add(option) {
    const input = this.input(option);
    input.setAttribute("aria-label", `${option.name}: ${option.description}`);
    input.addEventListener("focus", () => this.explain(option));
    input.addEventListener("keydown", (event) => this.key(event, option, input));
    input.addEventListener("input", () => this.changed(option, input));
    const field = el("label", { class: "option", data: { option: option.name } }, el("span", {}, option.name), input);
    this.fields.set(option.name, { option, input, field });
    this.more.before(field);
    return input;
  }

  offerRest() {
    const rest = this.leaf.options.filter((option) => !this.fields.has(option.name));
    this.more.replaceChildren(...rest.map((option) => el("button", { type: "button", class: "more-option", title: option.description,
      on: { click: () => { this.add(option).focus(); this.offerRest(); } } }, `+ ${option.name}`)));
  }

  input(option) {
    if (option.type === ATTACHMENT) return el("input", { type: "file", required: option.required });
    const choices = this.choices(option);
    if (choices) {
      return el("select", {}, el("option", { value: "" }, "—"), choices.map(({ name, value }) => el("option", { value: String(value) }, name)));
    }
    if (option.type === INTEGER || option.type === NUMBER) {
      return el("input", { type: "number", step: option.type === INTEGER ? "1" : "any", min: option.min_value, max: option.max_value });
    }
    return el("textarea", { rows: "1", maxlength: String(option.max_length ?? 6000), "aria-autocomplete": option.autocomplete ? "list" : "none",
      "aria-controls": "suggestions" });
  }

  choices(option) {
    const { store } = this.page;
    if (option.choices?.length) return option.choices;
    if (option.type === BOOLEAN) return [{ name: "True", value: "true" }, { name: "False", value: "false" }];
    if (option.type === USER || option.type === MENTIONABLE) {
      return [...store.users.values()].map((user) => ({ name: displayName(user), value: user.id }));
    }
    if (option.type === CHANNEL) {
      return [...store.channels.values()].filter((channel) => channel.name).map((channel) => ({ name: `#${channel.name}`, value: channel.id }));
    }
    if (option.type === ROLE) return store.guild.roles.map((role) => ({ name: role.name, value: role.id }));
    return null;
  }

  explain(option) {
    this.hint.hidden = false;
    this.hint.replaceChildren(el("b", {}, option.name), ` ${option.description}`, option.required ? el("i", {}, " required") : "");
  }

  key(event, option, input) {
    if (this.page.suggestions.key(event)) return;
    const isFirst = [...this.fields.values()][0].input === input;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.onSubmit();
    } else if (event.key === "Backspace" && isFirst && !input.value) {
      event.preventDefault();
      this.onEmptyBackspace();
    } else if (event.key === "Backspace" && !input.value && !option.required) {
      event.preventDefault();
      this.drop(option);
    } else if (event.key === "Escape") {
      this.onCancel();
    }
  }

  drop(option) {
    this.fields.get(option.name).field.remove();
    this.fields.delete(option.name);
    this.offerRest();
    [...this.fields.values()].at(-1)?.input.focus();
  }

  changed(option, input) {
    input.closest(".option").classList.remove("missing");
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
    if (!option.autocomplete) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.complete(option, input), AUTOCOMPLETE_PAUSE_MS);
  }

  async complete(option, input) {
    const choices = await this.page.interactions.autocomplete(this.leaf, this.values(option.name), option.name);
    if (document.activeElement !== input) return;
    this.page.suggestions.show(choices.map((choice) => ({ label: choice.name, run: () => {
      input.value = choice.value;
      input.focus();
    } })), input, option.name);
  }

  // The options as the server wants them; `focused` names the one being completed.
  values(focused) {
    const given = [];
    for (const { option, input } of this.fields.values()) {
      if (option.type === ATTACHMENT || (input.value === "" && option.name !== focused)) continue;
      const item = { type: option.type, name: option.name, value: typed(option, input.value) };
      given.push(option.name === focused ? { ...item, focused: true } : item);
    }
    return given;
  }

  files() {
    return [...this.fields.values()].filter(({ option, input }) => option.type === ATTACHMENT && input.files.length)
      .map(({ option, input }) => ({ option, file: input.files[0] }));
  }

  // Marks the first empty required option and says so.
  isComplete() {
    for (const { option, input, field } of this.fields.values()) {
      if (!option.required || input.value) continue;
      field.classList.add("missing");
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", this.hint.id);
      input.focus();
      this.hint.replaceChildren(el("i", {}, `${option.name} is required. `), option.description);
      return false;
    }
    return true;
  }
}

function typed(option, value) {
  if (option.type === INTEGER || option.type === NUMBER) return Number(value);
  return option.type === BOOLEAN ? value === "true" : value;
}
