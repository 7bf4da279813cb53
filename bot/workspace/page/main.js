// The page: one person, one place, what is there; kept up to date by a long poll.

import { get, post, Unreachable } from "./api.js";
import { Composer } from "./composer.js";
import { Directory } from "./directory.js";
import { h, iconButton } from "./dom.js";
import { Home } from "./home.js";
import { Inspector } from "./inspector.js";
import { notice } from "./layers.js";
import { MessageList } from "./messages.js";
import { Modals } from "./modals.js";
import { address, route, settle } from "./route.js";
import { placeIcon, Sidebar } from "./sidebar.js";

const RETRY_MS = 1000;
const NARROW = matchMedia("(max-width: 720px)");

class Page {
  directory = new Directory();
  #state = null;
  #sequence = null; // of the last change that is known
  #drawing = null;
  #again = false;
  #waiting = new AbortController();

  constructor() {
    this.sidebar = new Sidebar(this);
    this.messages = new MessageList(this);
    this.threadMessages = new MessageList(this, { thread: true });
    this.composer = new Composer(this);
    this.replier = new Composer(this, { thread: true });
    this.home = new Home(this);
    this.modals = new Modals(this);
    this.inspector = new Inspector();
    this.#build();
    addEventListener("hashchange", () => this.#moved());
    NARROW.addEventListener("change", () => this.#reach());
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      if (document.body.classList.contains("drawer-open")) this.#drawer(false);
      else if (this.thread() && !event.target.closest(".inspector")) this.go({ thread: undefined });
    });
  }

  person = () => this.directory.me?.id;
  channel = () => route().channel;
  thread = () => route().thread;
  commands = () => this.#state?.commands ?? [];
  shortcuts = () => this.#state?.shortcuts ?? [];

  go(changes) {
    location.hash = address({ ...route(), ...changes });
  }

  async act(container, surface, blockId, element, value) {
    const answer = await post("/page/action", {
      person: this.person(),
      container,
      block_id: blockId,
      action_id: element.action_id,
      value,
      state_values: surface.form.values(surface.blocks),
    });
    if (!answer.ok) notice(answer.shown);
    await this.refresh();
  }

  options(container, blockId, element, query) {
    return post("/page/options", {
      person: this.person(),
      container,
      block_id: blockId,
      action_id: element.action_id,
      query,
    });
  }

  /** Fetch and draw everything shown; a call during another one waits for a whole round after its own beginning. */
  async refresh() {
    if (this.#drawing) {
      this.#again = true;
      await this.#drawing;
      return;
    }
    this.#drawing = (async () => {
      do {
        this.#again = false;
        await this.#draw();
      } while (this.#again);
    })();
    try {
      await this.#drawing;
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#drawing = null;
    }
  }

  async #draw() {
    const at = route();
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const state = await get("/page/state", { person: at.person, zone: timeZone });
    if (state.error && at.person) {
      // Nobody of this name is here, perhaps since the workspace was made anew.
      history.replaceState(null, "", "#");
      this.#again = true;
      return;
    }
    this.#state = state;
    this.directory.take(state);
    const me = this.person();
    const here = at.channel === "home" || this.directory.channel(at.channel);
    if (at.person !== me || !here) {
      history.replaceState(null, "", address({ person: me, channel: here ? at.channel : state.channels[0]?.id }));
      this.#again = true;
      return;
    }
    const [messages, replies] = await Promise.all([
      at.channel === "home" ? null : get("/page/messages", { person: me, channel: at.channel }),
      at.thread ? get("/page/messages", { person: me, channel: at.channel, thread_ts: at.thread }) : null,
    ]);
    if (JSON.stringify(at) !== JSON.stringify(route())) {
      this.#again = true;
      return;
    }
    this.sidebar.update(state, at);
    this.#showPlace(at, state, messages?.messages ?? [], replies?.messages);
    this.modals.update(state.modals ?? []);
    this.offline.hidden = true;
  }

  #showPlace(at, state, messages, replies) {
    const isHome = at.channel === "home";
    const channel = this.directory.channel(at.channel);
    const title = isHome ? this.directory.app.name : channel.name;
    this.title.replaceChildren(placeIcon(isHome ? "home" : channel.kind), h("span", { title }, title));
    if (channel?.is_ext_shared) this.title.append(h("span", { class: "badge" }, "Shared with another company"));
    document.title = `${title} · ${this.directory.me.real_name || this.directory.me.name} · local workspace`;
    this.messages.element.hidden = this.composer.element.hidden = isHome;
    this.home.element.hidden = !isHome;
    this.tabs.hidden = !isHome;
    const direct = this.directory.channels.find((each) => each.kind === "dm" && each.name === this.directory.app.name);
    this.tabs.lastElementChild.hidden = !direct;
    if (direct) this.tabs.lastElementChild.href = address({ channel: direct.id });
    if (isHome) this.home.update(state.home);
    else {
      this.messages.update(`${at.person} ${at.channel}`, messages);
      this.composer.update(
        { person: at.person, channel: at.channel },
        `Message ${channel.kind === "dm" ? "" : "#"}${channel.name}`,
        { archived: channel.is_archived },
      );
    }
    const open = Boolean(at.thread) && !isHome;
    this.side.hidden = !open;
    document.body.classList.toggle("thread-open", open);
    if (open) {
      this.where.textContent = channel.kind === "dm" ? channel.name : `#${channel.name}`;
      this.gone.hidden = Boolean(replies);
      this.threadMessages.update(`${at.person} ${at.channel} ${at.thread}`, replies ?? []);
      this.replier.update({ person: at.person, channel: at.channel, thread: at.thread }, "Reply…", {
        archived: channel.is_archived,
      });
    }
    this.#reach();
  }

  #build() {
    const menu = iconButton("menu", "Channels", () => this.#drawer(true), { class: "quiet square menu-button" });
    this.title = h("h2", { class: "place-title", tabindex: "-1" });
    this.tabs = h(
      "div",
      { class: "tabs", hidden: true },
      h("a", { class: "tab", href: "#", "aria-current": "page", onclick: (event) => event.preventDefault() }, "Home"),
      h("a", { class: "tab", href: "#" }, "Messages"),
    );
    this.main = h(
      "main",
      { class: "main" },
      h("header", { class: "place-head" }, menu, this.title, this.tabs),
      this.messages.element,
      this.home.element,
      this.composer.element,
    );
    this.composer.element.hidden = true; // there is nobody to write as, and nothing to offer, until all is fetched
    this.where = h("span", { class: "thread-where" });
    this.gone = h("p", { class: "empty", hidden: true }, "This thread is not there any more.");
    this.shut = iconButton("close", "Close the thread", () => this.go({ thread: undefined }));
    this.side = h(
      "aside",
      { class: "side", "aria-label": "Thread", hidden: true },
      h("header", { class: "place-head" }, h("h2", { class: "place-title" }, "Thread ", this.where), this.shut),
      this.gone,
      this.threadMessages.element,
      this.replier.element,
    );
    this.veil = h("div", { class: "veil", onclick: () => this.#drawer(false) });
    this.offline = h(
      "p",
      { class: "offline", role: "status", hidden: true },
      "The local workspace does not answer. Trying again…",
    );
    document
      .getElementById("stage")
      .append(h("div", { class: "workspace" }, this.sidebar.element, this.veil, this.main, this.side), this.offline);
    document.getElementById("local-line").append(this.inspector.toggle);
    document.body.append(this.inspector.element);
    this.#reach();
  }

  #moved() {
    this.#drawer(false);
    if (route().person !== this.person()) {
      this.modals.update([]);
      this.#waiting.abort();
    }
    this.#tellHome();
    const place = document.activeElement?.closest(".sidebar, .message");
    this.refresh().then(() => {
      if (this.thread()) this.replier.input.focus();
      else if (place || document.activeElement === document.body)
        (route().channel === "home" ? this.title : this.composer.input).focus();
    });
  }

  /** The app hears that its Home was opened by whom the address names, who may not be drawn yet. */
  #tellHome() {
    if (route().channel === "home") post("/page/home", { person: route().person });
  }

  #drawer(open) {
    if (document.body.classList.contains("drawer-open") === open) return;
    document.body.classList.toggle("drawer-open", open);
    this.#reach();
    if (open) this.sidebar.element.querySelector("a, button")?.focus({ preventScroll: true });
    else this.main.querySelector(".menu-button").focus();
  }

  /** Where it is narrow, only what lies on top can be reached. */
  #reach() {
    const drawer = document.body.classList.contains("drawer-open");
    this.sidebar.element.inert = NARROW.matches && !drawer;
    this.main.inert = NARROW.matches && (drawer || !this.side.hidden);
    this.side.inert = NARROW.matches && drawer;
  }

  #failed(error) {
    if (error instanceof Unreachable) this.offline.hidden = false;
    else console.error(error);
  }

  /** Wait for changes for ever; what is shown is fetched again after each answer. */
  async follow() {
    await this.refresh();
    this.#tellHome();
    for (;;) {
      this.#waiting = new AbortController();
      const { signal } = this.#waiting;
      try {
        const after = this.#sequence ?? this.#state?.sequence ?? 0;
        const { sequence, changes } = await get("/page/changes", { person: route().person, after }, signal);
        this.#sequence = sequence;
        for (const change of changes) if (change.kind === "notice" && change.text) notice(change.text);
        if (changes.some((change) => change.kind === "inspector")) await this.inspector.refresh();
        if (changes.some((change) => change.kind !== "inspector") || !this.offline.hidden) await this.refresh();
      } catch (error) {
        // Ended by the switch to another person, for whom other changes are waited for.
        if (signal.aborted) continue;
        this.#failed(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        await this.refresh();
      }
    }
  }
}

settle();
new Page().follow();
