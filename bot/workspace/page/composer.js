// Where a person writes: messages, slash commands with what the app offers, and the menu of shortcuts.

import { post } from "./api.js";
import { h, icon, iconButton, uid } from "./dom.js";
import { notice } from "./layers.js";
import { menuButton, place } from "./popup.js";

export class Composer {
  #page;
  #thread;
  #drafts = new Map(); // place → what is not sent yet
  #at = {}; // {person, channel, thread}: whoever writes, and where it goes
  #place = "";
  #offered = [];
  #active = -1;
  #busy = false;

  constructor(page, { thread = false } = {}) {
    this.#page = page;
    this.#thread = thread;
    const listId = uid("commands");
    this.input = h("textarea", {
      rows: "1",
      autocomplete: "off",
      "data-focus": thread ? "compose thread" : "compose",
      ...(thread
        ? {}
        : { role: "combobox", "aria-expanded": "false", "aria-controls": listId, "aria-autocomplete": "list" }),
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#key(event),
      onblur: () => this.#close(),
    });
    this.list = h("div", {
      class: "popup",
      role: "listbox",
      id: listId,
      "aria-label": "Commands",
      hidden: true,
      onmousedown: (event) => event.preventDefault(),
    });
    this.send = iconButton("send", "Send", () => this.#submit(), { class: "button primary square" });
    this.box = h(
      "div",
      { class: "compose-box" },
      !thread &&
        menuButton({
          label: "Shortcuts",
          content: [icon("bolt")],
          items: () =>
            this.#page.shortcuts().map((shortcut) => ({
              text: shortcut.name,
              description: shortcut.description,
              act: () => this.#shortcut(shortcut),
            })),
        }),
      this.input,
      this.send,
    );
    this.hint = h("p", { class: "compose-hint" });
    this.element = h("div", { class: "composer" }, this.box, this.list, this.hint);
  }

  /** at: {person, channel, thread}, to which a draft belongs; label: what the field is for; archived: nothing can be
   * written there. */
  update(at, label, { archived = false } = {}) {
    this.box.hidden = archived;
    this.hint.textContent = archived
      ? "This channel is archived. Nothing can be written here."
      : this.#thread
        ? "Enter sends"
        : "Enter sends · / for commands · Shift and Enter for a new line";
    this.input.setAttribute("aria-label", label);
    this.input.placeholder = label;
    const place = JSON.stringify(at);
    if (place === this.#place) return;
    this.#close();
    this.#drafts.set(this.#place, this.input.value);
    this.#at = at;
    this.#place = place;
    this.input.value = this.#drafts.get(place) ?? "";
    this.#fit();
  }

  #typed() {
    this.#fit();
    const start = /^\/\S*$/.exec(this.input.value);
    if (this.#thread || !start) {
      this.#close();
      return;
    }
    const typed = this.input.value.toLowerCase();
    this.#offered = this.#page.commands().filter(({ command }) => command.toLowerCase().startsWith(typed));
    if (!this.#offered.length) {
      this.#close();
      return;
    }
    this.list.replaceChildren(
      ...this.#offered.map((command, number) =>
        h(
          "div",
          {
            class: "option",
            role: "option",
            id: uid("command"),
            "aria-selected": "false",
            onclick: () => this.#choose(number),
            onmousemove: () => this.#point(number),
          },
          h(
            "span",
            { class: "option-text" },
            h("b", {}, command.command),
            " ",
            h("span", { class: "usage" }, command.usage_hint ?? ""),
          ),
          h("span", { class: "option-description" }, command.description ?? ""),
        ),
      ),
    );
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    place(this.list, this.box, { wide: false, most: 560 });
    this.#point(0);
  }

  #point(number) {
    this.list.children[this.#active]?.classList.remove("active");
    this.list.children[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = number;
    const node = this.list.children[number];
    node.classList.add("active");
    node.setAttribute("aria-selected", "true");
    node.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", node.id);
  }

  #choose(number) {
    this.input.value = `${this.#offered[number].command} `;
    this.#close();
    this.input.focus();
  }

  #close() {
    if (this.list.hidden) return;
    this.list.hidden = true;
    this.#offered = [];
    this.#active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    if (event.isComposing) return;
    const open = !this.list.hidden;
    const count = this.#offered.length;
    if (open && event.key === "ArrowDown") this.#point((this.#active + 1) % count);
    else if (open && event.key === "ArrowUp") this.#point((this.#active - 1 + count) % count);
    else if (open && event.key === "Escape") this.#close();
    else if (open && event.key === "Tab" && !event.shiftKey) this.#choose(this.#active);
    else if (event.key === "Enter" && !event.shiftKey) {
      // A command that is written out is sent; a beginning is completed first.
      if (open && this.#offered[this.#active].command !== this.input.value.trim()) this.#choose(this.#active);
      else this.#submit();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #fit() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 160)}px`;
  }

  async #submit() {
    const text = this.input.value.trim();
    if (!text || this.#busy) return;
    this.#close();
    const command = text.startsWith("/") && !text.startsWith("//");
    if (command && this.#thread) {
      notice(
        `${text.split(/\s/)[0]} is not supported in threads, as in Slack. Nothing was sent. Write it in the channel.`,
      );
      return;
    }
    // As the field says, even if the address names another place that is not drawn yet.
    const { person, channel, thread } = this.#at;
    const place = this.#place;
    await this.#waiting(async () => {
      const answer = command
        ? await post("/page/command", { person, channel, text })
        : await post("/page/message", {
            person,
            channel,
            text: this.#page.directory.written(text),
            thread_ts: thread,
          });
      if (answer.ok && place !== this.#place) this.#drafts.delete(place);
      else if (answer.ok && this.input.value.trim() === text) this.input.value = "";
      return answer;
    });
    this.#fit();
  }

  #shortcut(shortcut) {
    this.#waiting(() => post("/page/shortcut", { person: this.#page.person(), callback_id: shortcut.callback_id }));
  }

  async #waiting(work) {
    this.#busy = true;
    this.send.setAttribute("aria-busy", "true");
    const answer = await work();
    this.#busy = false;
    this.send.removeAttribute("aria-busy");
    if (!answer.ok) notice(answer.shown);
    else if (answer.note) notice(answer.note);
    await this.#page.refresh();
  }
}
