// Who one is, and where one can go.

import { h, icon, reconcile } from "./dom.js";
import { menuButton } from "./popup.js";
import { address } from "./route.js";

const ICONS = { channel: "hash", private: "lock", home: "home" };

export class Sidebar {
  #page;
  #name = h("h1", { class: "workspace-name" }, "Workspace");
  #groups = {};

  constructor(page) {
    this.#page = page;
    const group = (title) => {
      const list = h("ul");
      this.#groups[title] = list;
      return h("section", { "aria-label": title }, h("h2", {}, title), list);
    };
    this.person = h("div", { class: "who" });
    this.element = h(
      "nav",
      { class: "sidebar", "aria-label": "Channels and people" },
      this.#name,
      h("div", { class: "places" }, group("Channels"), group("Direct messages"), group("Apps")),
      this.person,
    );
  }

  update(state, route) {
    const { directory } = this.#page;
    const me = directory.me;
    this.#name.textContent = state.team.name;
    const places = (kinds) =>
      state.channels
        .filter((channel) => kinds.includes(channel.kind))
        .map((channel) => ({
          id: channel.id,
          name: channel.name,
          kind: channel.kind,
          unread: channel.id === route.channel ? 0 : channel.unread,
          current: channel.id === route.channel,
          href: address({ channel: channel.id }), // which names the person, too
        }));
    this.#list("Channels", places(["channel", "private"]));
    this.#list("Direct messages", places(["dm"]));
    this.#list("Apps", [
      {
        id: "home",
        name: directory.app.name,
        kind: "home",
        current: route.channel === "home",
        href: address({ channel: "home" }),
      },
    ]);
    const sign = JSON.stringify([me, directory.people]);
    if (!me || this.person.dataset.sign === sign) return;
    this.person.dataset.sign = sign;
    this.person.replaceChildren(
      menuButton({
        label: `You are ${me.name}, ${me.role_label || "no role"}. Switch person`,
        look: "who-button",
        content: [directory.avatar(me.id), nameAndRole(me), icon("people")],
        items: () =>
          directory.people.map((person) => ({
            node: h("span", { class: "who-item" }, directory.avatar(person.id), nameAndRole(person)),
            current: person.id === me.id,
            act: () => this.#page.go({ person: person.id, channel: undefined, thread: undefined }),
          })),
      }),
    );
  }

  #list(title, places) {
    this.#groups[title].parentElement.hidden = !places.length;
    reconcile(this.#groups[title], places, {
      key: (place) => place.id,
      signature: (place) => JSON.stringify(place),
      make: (place) => {
        const unread = Number(place.unread) || 0;
        return h(
          "li",
          {},
          h(
            "a",
            {
              href: place.href,
              class: `place${unread ? " unread" : ""}`,
              "aria-current": place.current && "page",
              "data-focus": `place ${place.id}`,
            },
            placeIcon(place.kind),
            h("span", { class: "place-name", title: place.name }, place.name),
            unread > 0 &&
              h(
                "span",
                { class: "unread-count" },
                unread > 99 ? "99+" : String(unread),
                h("span", { class: "unseen" }, " unread"),
              ),
          ),
        );
      },
    });
  }
}

/** The sign of a kind of place: channel, private, dm, home. */
export function placeIcon(kind) {
  return icon(ICONS[kind] ?? "thread");
}

function nameAndRole(person) {
  return h(
    "span",
    { class: "who-text" },
    h("span", { class: "who-name", title: person.real_name ?? person.name }, person.real_name || person.name),
    h(
      "span",
      { class: "who-role" },
      [person.role_label || "No role", person.deleted && "deactivated"].filter(Boolean).join(" · "),
    ),
  );
}
