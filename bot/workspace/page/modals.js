// The stack of a person's modals as one dialog: the topmost view is seen, those under it keep what was put in.

import { post } from "./api.js";
import { Blocks } from "./blocks.js";
import { announce, focusable, h, iconButton, uid } from "./dom.js";
import { raise } from "./layers.js";
import { plain } from "./mrkdwn.js";
import { surfaceOf } from "./surface.js";

export class Modals {
  #page;
  #views = new Map(); // view id → View
  #dialog = null;
  #lower = null;
  #top = null;

  /** page: {directory, person(), act(container, …), options(container, …), refresh()} */
  constructor(page) {
    this.#page = page;
  }

  /** Show this stack, the bottom first. */
  update(stack) {
    for (const id of [...this.#views.keys()]) {
      if (stack.some((view) => view.id === id)) continue;
      this.#views.get(id).element.remove();
      this.#views.delete(id);
    }
    if (!stack.length) {
      this.#close();
      return;
    }
    this.#open();
    stack.forEach((view, depth) => {
      if (!this.#views.has(view.id)) {
        const made = new View(view.id, this.#page);
        this.#views.set(view.id, made);
        this.#dialog.append(made.element);
      }
      this.#views.get(view.id).update(view, depth);
    });
    this.#showTop(this.#views.get(stack.at(-1).id));
  }

  #open() {
    if (this.#dialog) return;
    this.#dialog = h("div", { class: "dialog modal", role: "dialog", "aria-modal": "true", tabindex: "-1" });
    this.#lower = raise(this.#dialog, { onescape: () => this.#top.close() });
    this.#dialog.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#top.submit();
    });
  }

  #close() {
    this.#lower?.();
    this.#dialog = this.#lower = this.#top = null;
  }

  #showTop(view) {
    for (const each of this.#views.values()) each.element.hidden = each !== view;
    this.#dialog.setAttribute("aria-labelledby", view.titleId);
    if (this.#top !== view) {
      this.#top = view;
      view.focus();
    } else if (document.activeElement === document.body) {
      // What had the focus is gone from the view: a reader begins again at its title.
      view.title.focus();
    }
  }
}

class View {
  titleId = uid("title");
  #page;
  #blocks;
  #surface;
  #view = null;
  #busy = false;
  #last = null; // what had the focus when another view came over this one

  constructor(id, page) {
    this.#page = page;
    this.#surface = surfaceOf(page, { type: "view", view_id: id }, { enter: () => this.submit() });
    this.#blocks = new Blocks(this.#surface);
    this.title = h("h2", { id: this.titleId, tabindex: "-1" });
    this.backButton = iconButton("back", "Back", () => this.close());
    this.shut = iconButton("close", "Close", () => this.close({ all: true }));
    this.problem = h("p", { class: "modal-problem", role: "alert", hidden: true });
    this.body = h("div", { class: "modal-body" }, this.#blocks.element);
    this.closeButton = h("button", { type: "button", class: "button", onclick: () => this.close() });
    this.submitButton = h("button", { type: "submit", class: "button primary" });
    this.element = h(
      "form",
      { class: "view", novalidate: true, "aria-labelledby": this.titleId },
      h("header", { class: "modal-head" }, this.backButton, this.title, this.shut),
      this.body,
      this.problem,
      h("footer", { class: "dialog-foot" }, this.closeButton, this.submitButton),
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.element.addEventListener("focusin", (event) => (this.#last = event.target));
  }

  update(view, depth) {
    if (!this.#view) this.#surface.form.begin(view.state?.values ?? {});
    this.#view = view;
    this.title.textContent = plain(view.title);
    this.backButton.hidden = depth === 0;
    this.closeButton.textContent = plain(view.close) || (view.submit ? "Cancel" : "Close");
    this.submitButton.hidden = !view.submit;
    this.submitButton.textContent = plain(view.submit) || "Submit";
    this.submitButton.disabled = view.submit_disabled === true;
    this.#blocks.update(view.blocks ?? []);
  }

  focus() {
    const again = this.#last?.isConnected ? this.#last : null;
    const first = focusable(this.body).find((node) => !node.matches("a")) ?? this.title;
    (again ?? first).focus({ preventScroll: again === null });
  }

  async submit() {
    if (this.#busy || !this.#view.submit || this.submitButton.disabled) return;
    if (this.#refuse(this.#surface.form.problems(this.#surface.blocks))) return;
    this.#wait(true);
    const answer = await post("/page/submit", {
      person: this.#page.person(),
      view_id: this.#view.id,
      state_values: this.#surface.form.values(this.#surface.blocks),
    });
    // What the app answered is drawn before the spinner ends, so nobody presses twice.
    await this.#page.refresh();
    this.#wait(false);
    if (this.#refuse(answer.errors ?? {})) return;
    this.#say(answer.ok ? "" : answer.shown);
  }

  async close({ all = false } = {}) {
    const answer = await post("/page/close", { person: this.#page.person(), view_id: this.#view.id, clear_all: all });
    if (!answer.ok) this.#say(answer.shown);
    await this.#page.refresh();
  }

  #refuse(errors) {
    this.#say("");
    const wrong = this.#blocks.showErrors(errors);
    const count = Object.keys(errors).length;
    if (!count) return false;
    wrong?.focus();
    wrong?.closest(".block").scrollIntoView({ block: "nearest" });
    announce(count === 1 ? Object.values(errors)[0] : `${count} fields need attention. ${Object.values(errors)[0]}`, {
      urgent: true,
    });
    return true;
  }

  #say(text) {
    this.problem.textContent = text;
    this.problem.hidden = text === "";
  }

  #wait(busy) {
    this.#busy = busy;
    this.element.setAttribute("aria-busy", String(busy));
    this.submitButton.setAttribute("aria-disabled", String(busy));
  }
}
