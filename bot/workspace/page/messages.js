// A channel's or a thread's messages: changed in place, and never moved under the reader's eyes.

import { download } from "./api.js";
import { Blocks } from "./blocks.js";
import { clock, dateOf, day, full } from "./dates.js";
import { announce, h, icon, iconButton, reconcile } from "./dom.js";
import { emoji } from "./emoji.js";
import { notice } from "./layers.js";
import { mrkdwn } from "./mrkdwn.js";
import { address, placeOf } from "./route.js";
import { surfaceOf } from "./surface.js";

const TOGETHER_S = 300; // messages of one person within this time stand under one name
const NEAR_END_PX = 48;
const READ_OUT = 240; // characters of a new message that a screen reader hears

export class MessageList {
  #page;
  #list = h("ol", { class: "messages" });
  #rows = new Map(); // ts → Row
  #stuck = true; // at the end, where new messages are followed
  #place = "";
  #places = new Map(); // place → {stuck, top}, for when the person comes back

  constructor(page, { thread = false } = {}) {
    this.#page = page;
    this.thread = thread;
    this.scroller = h(
      "div",
      { class: "scroller", tabindex: "0", role: "region", "aria-label": thread ? "Thread" : "Messages" },
      this.#list,
    );
    this.more = h(
      "button",
      { type: "button", class: "button new-messages", hidden: true, onclick: () => this.#toEnd() },
      "New messages",
      icon("down"),
    );
    this.element = h("div", { class: "message-list" }, this.scroller, this.more);
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#stuck && this.#toEnd()).observe(this.scroller);
  }

  /** place names the person, and the channel or thread; messages as the server gives them, the oldest first. */
  update(place, messages) {
    const moved = place !== this.#place;
    if (moved) this.#goTo(place);
    const anchor = this.#stuck ? null : this.#anchor();
    const known = new Set(this.#rows.keys());
    this.#draw(messages);
    if (moved) this.#restore(place);
    else if (this.#stuck) this.#toEnd();
    else if (anchor) this.scroller.scrollTop += anchor.node.getBoundingClientRect().top - anchor.top;
    const fresh = messages.filter((message) => !known.has(message.ts));
    if (moved || !fresh.length) return;
    if (!this.#stuck) this.more.hidden = false;
    for (const message of fresh.filter((each) => each.user !== this.#page.person())) {
      announce(`${this.#page.directory.name(message.user)}: ${(message.text || "a message").slice(0, READ_OUT)}`);
    }
  }

  #draw(messages) {
    const items = messages.map((message, number) => {
      const before = messages[number - 1];
      const newDay = !before || dateOf(before.ts).toDateString() !== dateOf(message.ts).toDateString();
      // What has blocks is a whole of its own, and needs to be seen as one.
      const together =
        !newDay &&
        before.user === message.user &&
        message.ts - before.ts < TOGETHER_S &&
        !message.blocks?.length &&
        !message.ephemeral &&
        !before.ephemeral &&
        !(this.thread && number === 1);
      const rest = this.thread && number === 0 ? messages.length - 1 : null;
      return { message, newDay: newDay && day(dateOf(message.ts)), together, rest };
    });
    for (const ts of this.#rows.keys()) if (!messages.some((message) => message.ts === ts)) this.#rows.delete(ts);
    reconcile(this.#list, items, {
      key: ({ message }) => message.ts,
      signature: (item) => JSON.stringify([this.#place, item]),
      make: (item) => {
        if (!this.#rows.has(item.message.ts)) this.#rows.set(item.message.ts, new Row(this.#page, this.thread));
        const row = this.#rows.get(item.message.ts);
        row.update(item);
        return row.element;
      },
    });
  }

  #goTo(place) {
    if (this.#place) this.#places.set(this.#place, { stuck: this.#stuck, top: this.scroller.scrollTop });
    this.#place = place;
    this.#rows.clear(); // links name the person, and what is entered in a message is theirs
    this.more.hidden = true;
  }

  #restore(place) {
    const { stuck = true, top = 0 } = this.#places.get(place) ?? {};
    this.#stuck = stuck;
    if (stuck) this.#toEnd();
    else this.scroller.scrollTop = top;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.#stuck = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    if (this.#stuck) this.more.hidden = true;
  }

  #toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#stuck = true;
    this.more.hidden = true;
  }

  /** The first message that is seen, and where. */
  #anchor() {
    const edge = this.scroller.getBoundingClientRect().top;
    for (const node of this.#list.children) {
      const { top, bottom } = node.getBoundingClientRect();
      if (bottom > edge) return { node, top };
    }
    return null;
  }
}

class Row {
  element = h("li");
  #page;
  #inThread;
  #head = h("div");
  #text = h("div", { class: "text" });
  #foot = h("div");
  #blocks = null;

  constructor(page, inThread) {
    this.#page = page;
    this.#inThread = inThread;
  }

  update({ message, newDay, together, rest }) {
    const { directory } = this.#page;
    const date = dateOf(message.ts);
    const name = directory.name(message.user);
    this.#content(message);
    const time = h("time", { datetime: date.toISOString(), title: full(date) }, clock(date));
    const place = !message.ephemeral && !this.#inThread && message.permalink && placeOf(message.permalink);
    const stamp = place
      ? h("a", { class: "stamp", href: address(place), "aria-label": `${clock(date)}, open as a thread` }, time)
      : h("span", { class: "stamp" }, time);
    this.#head = h(
      "div",
      { class: "message-head" },
      h("span", { class: "author" }, name),
      directory.isBot(message.user) && h("span", { class: "badge" }, "App"),
      stamp,
    );
    this.#foot = h("div", { class: "message-foot" }, this.#footer(message));
    this.element.replaceChildren(
      ...[
        newDay && h("div", { class: "day" }, h("span", {}, newDay)),
        h(
          "article",
          {
            class: `message${together ? " together" : ""}${message.ephemeral ? " ephemeral" : ""}`,
            "aria-label": `${name}, ${clock(date)}`,
          },
          together ? h("span", { class: "gutter" }, stamp.cloneNode(true)) : directory.avatar(message.user),
          h(
            "div",
            { class: "message-body" },
            message.ephemeral && h("div", { class: "only-you" }, icon("eye"), "Only visible to you"),
            !together && this.#head,
            this.#blocks ? this.#blocks.element : this.#text,
            this.#foot,
          ),
          this.#tools(message),
        ),
        rest > 0 && h("div", { class: "day replies-line" }, h("span", {}, rest === 1 ? "1 reply" : `${rest} replies`)),
      ].filter(Boolean),
    );
  }

  #content(message) {
    if (!message.blocks?.length) {
      this.#blocks = null;
      this.#text.replaceChildren(
        ...mrkdwn(message.text ?? "", this.#page.directory),
        ...(message.edited ? [h("span", { class: "edited" }, " (edited)")] : []),
      );
      return;
    }
    if (!this.#blocks) {
      this.#blocks = new Blocks(
        surfaceOf(this.#page, { type: "message", channel: this.#page.channel(), ts: message.ts }),
      );
    }
    this.#blocks.update(message.blocks);
  }

  #footer(message) {
    const files = (message.files ?? []).map((file) => this.#file(file));
    const reactions = (message.reactions ?? []).map((reaction) =>
      h(
        "span",
        { class: "reaction", title: `:${reaction.name}:` },
        emoji(reaction.name),
        " ",
        String(reaction.count ?? reaction.users?.length ?? 1),
      ),
    );
    const replies =
      !this.#inThread &&
      message.reply_count > 0 &&
      h(
        "button",
        { type: "button", class: "replies", onclick: () => this.#open(message) },
        icon("thread"),
        h("span", { class: "replies-count" }, message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`),
        message.latest_reply && h("span", { class: "replies-last" }, `last at ${clock(dateOf(message.latest_reply))}`),
      );
    return [
      this.#blocks && message.edited && h("div", { class: "edited" }, "(edited)"),
      files.length > 0 && h("div", { class: "files" }, files),
      reactions.length > 0 && h("div", { class: "reactions" }, reactions),
      replies,
    ];
  }

  #file(file) {
    const name = file.title || file.name;
    const get = async () => {
      const answer = await download(file);
      if (!answer.ok) notice(answer.shown);
    };
    return h(
      "button",
      { type: "button", class: "file", onclick: get, "aria-label": `Download ${name}` },
      icon("file"),
      h("span", { class: "file-name" }, name),
      file.size !== undefined && h("span", { class: "file-size" }, bytes(file.size)),
    );
  }

  #tools(message) {
    if (this.#inThread || message.ephemeral) return null;
    const label = `Reply to ${this.#page.directory.name(message.user)} in a thread`;
    return h(
      "div",
      { class: "tools" },
      iconButton("thread", label, () => this.#open(message), { "data-focus": `reply ${message.ts}` }),
    );
  }

  #open(message) {
    this.#page.go({ thread: message.thread_ts || message.ts });
  }
}

function bytes(size) {
  const units = ["B", "KB", "MB", "GB"];
  const power = Math.min(3, Math.floor(Math.log10(Math.max(1, size)) / 3));
  return `${(size / 1000 ** power).toFixed(power ? 1 : 0)} ${units[power]}`;
}
