// What lies over the page: the enlarged picture and the forms that the bot opens. Both are native dialogs.

import { el } from "./dom.js";
import { markdown } from "./markdown.js";

function open(dialog) {
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.showModal();
  return dialog;
}

export function lightbox({ url, description, filename }) {
  const close = () => dialog.close();
  const dialog = el("dialog", { class: "lightbox", "aria-label": description || filename || "Picture" },
    el("figure", {},
      el("img", { src: url, alt: description || "", on: { click: close } }),
      el("figcaption", {}, el("span", {}, description || filename || ""),
        el("a", { href: url, target: "_blank", rel: "noreferrer" }, "Open original"),
        el("button", { type: "button", class: "button secondary", on: { click: close } }, "Close"))));
  open(dialog);
}

const TEXT_DISPLAY = 10, LABEL = 18, TEXT_INPUT = 4, STRING_SELECT = 3;

// `submit(components)` sends the filled form and rejects with the reason when the server refuses it.
export function formDialog(modal, store, submit) {
  const fields = [];
  const body = modal.components.flatMap((item) => formPart(item, fields, store));
  const problem = el("p", { class: "problem", role: "alert" });
  const cancel = el("button", { type: "button", class: "button linked", on: { click: () => dialog.close() } }, "Cancel");
  const form = el("form", { method: "dialog" },
    el("header", {}, el("img", { src: "/static/easel.svg", alt: "", width: "28", height: "28" }), el("h2", { id: "form-title" }, modal.title)),
    el("p", { class: "form-note" }, "This form goes to the app. Don’t share passwords."), body, problem,
    el("footer", {}, cancel, el("button", { type: "submit", class: "button primary" }, "Submit")));
  const dialog = el("dialog", { class: "form", "aria-labelledby": "form-title" }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await submit(fields.map((field) => field()));
      dialog.close();
    } catch (error) {
      problem.textContent = error.message;
    }
  });
  open(dialog).querySelector("textarea, input, select")?.focus();
  return dialog;
}

function formPart(item, fields, store) {
  if (item.type === TEXT_DISPLAY) return [el("div", { class: "content" }, markdown(item.content, store))];
  if (item.type === LABEL) return [labelled(item.label, item.description, item.component, fields)];
  return (item.components ?? []).map((child) => labelled(child.label, null, child, fields));
}

function labelled(label, description, item, fields) {
  const id = `field-${item.custom_id.replace(/[^\w-]/g, "_")}`;
  const isRequired = item.required ?? true;
  const input = item.type === STRING_SELECT ? chooser(item, id) : textInput(item, id, isRequired);
  const counter = item.type === TEXT_INPUT && el("span", { class: "counter", "aria-hidden": "true" });
  const count = () => counter && (counter.textContent = `${input.value.length} / ${input.maxLength}`);
  input.addEventListener("input", count);
  count();
  fields.push(() => ({ type: 1, components: [{ type: item.type, custom_id: item.custom_id,
    ...(item.type === STRING_SELECT ? { values: [...input.selectedOptions].map((option) => option.value) } : { value: input.value }) }] }));
  return el("div", { class: "form-field" },
    el("label", { for: id }, label || "Text", isRequired && el("span", { class: "needed", title: "required" }, " *")),
    description && el("p", { class: "form-note" }, description), input, counter);
}

function textInput(item, id, isRequired) {
  const common = { id, placeholder: item.placeholder || "", required: isRequired,
    maxlength: String(item.max_length ?? 4000), minlength: item.min_length ? String(item.min_length) : undefined };
  const input = item.style === 2 ? el("textarea", { ...common, rows: "5" }) : el("input", { ...common, type: "text" });
  input.value = item.value ?? "";
  return input;
}

function chooser(item, id) {
  const isMany = (item.max_values ?? 1) > 1;
  return el("select", { id, multiple: isMany, required: item.required ?? true }, item.options.map((option) =>
    el("option", { value: option.value, selected: Boolean(option.default) }, option.label)));
}
