// Who and what an id stands for, as this person's page knows it.

import { h } from "./dom.js";

const TINTS = 8;
const SLACKBOT = { id: "USLACKBOT", name: "Slackbot" };

export class Directory {
  me = null;
  people = [];
  channels = [];
  bots = [];
  #byId = new Map();

  take(state) {
    this.people = state.people;
    this.channels = state.channels;
    this.bots = [{ id: state.app.user, name: state.app.name }, SLACKBOT];
    this.#byId = new Map([...this.bots, ...this.people].map((one) => [one.id, one]));
    this.me = this.#byId.get(state.me.id) ?? null;
  }

  name(id) {
    const one = this.#byId.get(id);
    return one?.real_name || one?.name || id;
  }

  person(id) {
    return this.#byId.get(id) ?? null;
  }

  isBot(id) {
    return this.bots.some((bot) => bot.id === id);
  }

  get app() {
    return this.bots[0];
  }

  /** What a person wrote as Slack's clients send it: markup escaped, @name of somebody known as a mention. */
  written(text) {
    const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    const names = [...this.#byId.values()].flatMap((one) =>
      [one.real_name, one.name].filter(Boolean).map((name) => [name, one.id]),
    );
    names.sort(([one], [other]) => other.length - one.length);
    return names.reduce(
      (said, [name, id]) => said.replaceAll(new RegExp(`(?<![\\w@])@${quoted(name)}(?!\\w)`, "giu"), `<@${id}>`),
      escaped,
    );
  }

  channel(id) {
    return this.channels.find((channel) => channel.id === id) ?? null;
  }

  avatar(id) {
    const letters = (this.name(id).match(/[\p{L}\p{N}]+/gu) ?? [])
      .slice(0, 2)
      .map((word) => [...word][0])
      .join("");
    const tint = this.isBot(id)
      ? "bot"
      : [...id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 997, 7) % TINTS;
    return h("span", { class: `avatar tint-${tint}`, "aria-hidden": "true" }, letters.toUpperCase() || "?");
  }
}

function quoted(name) {
  return name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
