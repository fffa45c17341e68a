// The member's language, as Discord names it: that of the browser. The bot is told of it, and its commands read in it.

const KNOWN = ["en-US", "en-GB", "bg", "cs", "da", "de", "el", "es-ES", "es-419", "fi", "fr", "hi", "hr", "hu", "id", "it", "ja",
  "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru", "sv-SE", "th", "tr", "uk", "vi", "zh-CN", "zh-TW"];

export const locale = KNOWN.find((one) => one === navigator.language)
  ?? KNOWN.find((one) => one.split("-")[0] === navigator.language.split("-")[0]) ?? "en-US";

export function localized(item, field) {
  return item[`${field}_localizations`]?.[locale] ?? item[field];
}
