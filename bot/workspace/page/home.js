// The app's Home tab.

import { Blocks } from "./blocks.js";
import { h } from "./dom.js";
import { surfaceOf } from "./surface.js";

export class Home {
  #page;
  #blocks = null;
  #id = null;

  constructor(page) {
    this.#page = page;
    this.empty = h("p", { class: "empty" }, "The app has not published anything for you yet.");
    this.element = h(
      "div",
      { class: "scroller home", tabindex: "0", role: "region", "aria-label": "App Home", hidden: true },
      this.empty,
    );
  }

  update(view) {
    this.empty.hidden = Boolean(view);
    if (view?.id !== this.#id) {
      this.#blocks?.element.remove();
      this.#blocks = null;
      this.#id = view?.id ?? null;
    }
    if (!view) return;
    if (!this.#blocks) {
      this.#blocks = new Blocks(surfaceOf(this.#page, { type: "view", view_id: view.id }));
      this.element.append(this.#blocks.element);
    }
    const top = this.element.scrollTop;
    this.#blocks.update(view.blocks ?? []);
    this.element.scrollTop = top;
  }
}
