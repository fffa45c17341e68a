// The sidebar: channels with their threads, direct messages, and what is unread in them.

import { avatar, byId, displayName, el } from "./dom.js";

export function drawPlaces(page) {
  const channels = [...page.store.channels.values()];
  const rowsOf = (guild) => channels.filter((item) => item.type === 0 && item.guild_id === guild.id)
    .sort((a, b) => a.position - b.position)
    .flatMap((item) => [item, ...channels.filter((thread) => thread.parent_id === item.id)])
    .map((item) => placeRow(item, page));
  byId("channels").replaceChildren(...rowsOf(page.store.guild));
  const others = [...page.store.guilds.values()].filter((guild) => guild.id !== page.store.guild.id);
  byId("elsewhere").replaceChildren(...others.flatMap((guild) => [
    el("h2", { id: `guild-${guild.id}` }, guild.name),
    el("ul", { class: "places", "aria-labelledby": `guild-${guild.id}` }, rowsOf(guild)),
  ]));
  const directs = channels.filter((item) => item.type === 1);
  const strangers = [...page.store.users.values()].filter((user) => user.id !== page.store.me.id &&
    !directs.some((item) => item.recipients[0].id === user.id));
  byId("directs").replaceChildren(...directs.map((item) => placeRow(item, page)), ...strangers.map((user) => newDirect(user, page)));
  const unread = [...page.store.unread.values()].reduce((sum, item) => sum + item.count, 0);
  const here = page.store.channels.get(page.store.current);
  document.title = `${unread ? `(${unread}) ` : ""}${here ? page.placeName(here) : "Easel"} · Easel sandbox`;
}

function placeRow(channel, page) {
  const unread = page.store.unread.get(channel.id);
  const isHere = channel.id === page.store.current;
  const sign = channel.type === 1 ? avatar(channel.recipients[0], 26) : el("span", { class: "sign", "aria-hidden": "true" }, channel.type === 0 ? "#" : "└");
  return el("li", {}, el("button", {
    type: "button", class: ["place", isHere && "here", unread && "unread", channel.type > 1 && "thread"].filter(Boolean).join(" "),
    "aria-current": isHere ? "page" : undefined, on: { click: () => page.go(channel.id) },
  }, sign, el("span", { class: "place-label" }, page.placeName(channel)),
  unread?.pings ? el("span", { class: "pings", "aria-label": `${unread.pings} mentions` }, String(unread.pings)) : null,
  unread && !unread.pings ? el("span", { class: "dot", "aria-label": "unread" }) : null));
}

function newDirect(user, page) {
  const start = async () => {
    const channel = await page.api.call("POST", "/users/@me/channels", { recipients: [user.id] });
    page.store.channels.set(channel.id, channel);
    await page.go(channel.id);
  };
  return el("li", {}, el("button", { type: "button", class: "place faint", on: { click: start } },
    avatar(user, 26), el("span", { class: "place-label" }, displayName(user))));
}
