// What went over the wire between the workspace and the app, as a drawer at the lower edge.

import { get } from "./api.js";
import { h, icon, iconButton, reconcile } from "./dom.js";

const KEPT = 500;
const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

export class Inspector {
  #entries = [];
  #chosen = null;
  #list = h("ol", { class: "wire-list" });
  #detail = h("div", { class: "wire-detail", tabindex: "0", role: "region", "aria-label": "The chosen request" });

  constructor() {
    this.toggle = h(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-expanded": "false",
        "aria-controls": "inspector",
        onclick: () => this.#show(this.element.hidden),
      },
      icon("wire"),
      "Inspector",
    );
    this.filter = h("input", {
      type: "search",
      placeholder: "Filter",
      "aria-label": "Filter requests",
      oninput: () => this.#draw(),
    });
    this.element = h(
      "aside",
      { class: "inspector", id: "inspector", "aria-label": "Inspector", hidden: true },
      h(
        "header",
        { class: "wire-head" },
        h("h2", {}, "Inspector"),
        this.filter,
        iconButton("close", "Close the inspector", () => this.#show(false)),
      ),
      h("div", { class: "wire" }, this.#list, this.#detail),
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#show(false);
    });
    this.#explain();
  }

  #show(open) {
    this.element.hidden = !open;
    this.toggle.setAttribute("aria-expanded", String(open));
    document.body.classList.toggle("inspecting", open);
    if (open) {
      this.refresh();
      this.filter.focus();
    } else this.toggle.focus();
  }

  /** Fetch what is new, if somebody looks. */
  async refresh() {
    if (this.element.hidden) return;
    const { entries } = await get("/page/inspector", { after: this.#entries[0]?.number ?? 0 });
    const known = new Set(this.#entries.map((entry) => entry.number));
    this.#entries = [...entries.filter((entry) => !known.has(entry.number)).reverse(), ...this.#entries].slice(0, KEPT);
    this.#draw();
  }

  #draw() {
    const words = this.filter.value.trim().toLowerCase();
    const found = this.#entries.filter((entry) =>
      `${entry.what} ${entry.status} ${entry.direction}`.toLowerCase().includes(words),
    );
    const top = this.#list.scrollTop;
    reconcile(this.#list, found, {
      key: (entry) => entry.number,
      signature: (entry) => `${entry.number} ${entry === this.#chosen}`,
      make: (entry) => h("li", {}, this.#row(entry)),
    });
    if (top > 0) this.#list.scrollTop = top;
  }

  #row(entry) {
    const toApp = entry.direction === "to app";
    const wrong = entry.status >= 400 || !entry.status || entry.response?.ok === false;
    return h(
      "button",
      {
        type: "button",
        class: "wire-row",
        "aria-pressed": String(entry === this.#chosen),
        "data-focus": `wire ${entry.number}`,
        onclick: () => this.#choose(entry),
      },
      h("span", { class: `direction ${toApp ? "to" : "from"}`, title: entry.direction }, toApp ? "→ app" : "← app"),
      h("span", { class: "what", title: entry.what }, entry.what),
      entry.lint?.length > 0 && h("span", { class: "lint-count" }, `${entry.lint.length} lint`),
      h(
        "span",
        { class: wrong ? "status wrong" : "status" },
        (entry.response?.ok === false && entry.response.error) || String(entry.status || "none"),
      ),
      h("span", { class: "ms" }, `${entry.ms} ms`),
    );
  }

  #choose(entry) {
    this.#chosen = entry;
    this.#draw();
    this.#detail.replaceChildren(
      h(
        "p",
        { class: "wire-title" },
        h("b", {}, entry.what),
        ` · ${entry.direction} · ${new Date(entry.at * 1000 || entry.at).toLocaleTimeString()} · ${entry.ms} ms`,
      ),
      ...(entry.lint?.length
        ? [
            h("h3", {}, "Lint findings"),
            h(
              "ul",
              { class: "lint" },
              entry.lint.map((finding) => h("li", {}, typeof finding === "string" ? finding : JSON.stringify(finding))),
            ),
          ]
        : []),
      h("h3", {}, "Request"),
      json(entry.request),
      h("h3", {}, "Response"),
      json(entry.response),
    );
    this.#detail.scrollTop = 0;
  }

  #explain() {
    this.#detail.replaceChildren(
      h("p", { class: "empty" }, "Choose a request to see what was sent and what was answered."),
    );
  }
}

/** Indented and coloured, as text nodes. */
function json(value) {
  const text = JSON.stringify(value, null, 2) ?? "nothing";
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(TOKEN)) {
    const [whole, string, colon] = found;
    const kind = string ? (colon ? "key" : "string") : "plain";
    nodes.push(text.slice(from, found.index), h("span", { class: `json-${kind}` }, string ?? whole), colon ?? "");
    from = found.index + whole.length;
  }
  nodes.push(text.slice(from));
  return h("pre", { class: "json" }, nodes);
}
