// A select one can search in: the combobox pattern of the ARIA practices, for one choice or several.

import { announce, h, icon, uid } from "./dom.js";
import { place } from "./popup.js";

const PAUSE_MS = 200; // between the last key and the question to the app

/**
 * groups(query) gives [{label?, options: [{key, text, description?}]}], or a promise of it if what is offered comes
 * from the app; it may throw an Error whose message is shown. minimum: characters before it is asked.
 * onchange is given the chosen options; set(options) changes them from outside.
 */
export function combobox({
  groups,
  chosen = [],
  multiple = false,
  most = Infinity,
  minimum = 0,
  remote = false,
  placeholder = "",
  onchange,
  attributes = {},
}) {
  const listId = uid("options");
  let query = "";
  let shown = []; // [{option, node}]
  let active = -1;
  let asked = 0;
  let pause;

  const input = h("input", {
    type: "text",
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": listId,
    "aria-autocomplete": "list",
    autocomplete: "off",
    spellcheck: "false",
    ...attributes,
  });
  const chips = h("span", { class: "chips" });
  const list = h("div", {
    class: "popup",
    role: "listbox",
    id: listId,
    "aria-multiselectable": multiple && "true",
    hidden: true,
    tabindex: "-1",
  });
  list.setAttribute("aria-label", placeholder || "Choices");
  const frame = h("div", { class: "combo-frame" }, multiple && chips, input, icon("down"));
  const root = h("div", { class: multiple ? "combo multiple" : "combo" }, frame, list);
  const isOpen = () => !list.hidden;
  const isChosen = (option) => chosen.some((each) => each.key === option.key);

  function show() {
    if (multiple) {
      chips.replaceChildren(...chosen.map(chip));
      input.placeholder = chosen.length ? "" : placeholder;
    } else {
      input.value = chosen[0]?.text ?? "";
      input.title = input.value;
      input.placeholder = placeholder;
    }
  }

  function chip(option) {
    const remove = (event) => {
      event.stopPropagation();
      change(chosen.filter((each) => each !== option));
      input.focus();
    };
    return h(
      "span",
      { class: "chip" },
      h("span", { class: "chip-text", title: option.text }, option.text),
      h("button", { type: "button", "aria-label": `Remove ${option.text}`, onclick: remove }, icon("close")),
    );
  }

  function change(next) {
    chosen = next;
    show();
    if (isOpen()) mark();
    onchange([...chosen]);
  }

  function choose(option) {
    if (!multiple) {
      close();
      change([option]);
    } else if (isChosen(option)) {
      change(chosen.filter((each) => each.key !== option.key));
    } else if (chosen.length >= most) {
      announce(`At most ${most} can be chosen.`, { urgent: true });
      note(`At most ${most} can be chosen.`);
    } else {
      input.value = query = "";
      change([...chosen, option]);
      offer();
    }
  }

  function note(text) {
    shown = [];
    list.replaceChildren(h("p", { class: "option-note" }, text));
    point(-1);
    place(list, frame);
  }

  async function offer() {
    const turn = ++asked;
    if (query.length < minimum) {
      note(minimum === 1 ? "Type to search." : `Type at least ${minimum} characters to search.`);
      return;
    }
    let found;
    try {
      const answer = groups(query);
      if (answer instanceof Promise) note("Searching…");
      found = await answer;
    } catch (error) {
      if (turn === asked) note(error.message);
      return;
    }
    if (turn === asked && isOpen()) draw(found);
  }

  function draw(found) {
    shown = [];
    list.replaceChildren();
    for (const { label, options } of found) {
      if (!options.length) continue;
      const head = label && h("div", { class: "option-group", id: uid("group") }, label);
      list.append(
        h("div", { role: label ? "group" : "presentation", "aria-labelledby": head?.id }, head, options.map(row)),
      );
    }
    if (!shown.length) {
      note(query ? `Nothing matches “${query}”.` : "Nothing to choose from.");
      announce(list.textContent);
      return;
    }
    mark();
    place(list, frame);
    const first = shown.findIndex(({ option }) => isChosen(option));
    point(query || first < 0 ? 0 : first);
  }

  function row(option) {
    const node = h(
      "div",
      {
        class: "option",
        role: "option",
        id: uid("option"),
        onclick: () => choose(option),
        onmousemove: () =>
          point(
            shown.findIndex((each) => each.node === node),
            { scroll: false },
          ),
      },
      h("span", { class: "option-text" }, option.text),
      option.description && h("span", { class: "option-description" }, option.description),
      icon("check"),
    );
    shown.push({ option, node });
    return node;
  }

  function mark() {
    for (const { option, node } of shown) node.setAttribute("aria-selected", String(isChosen(option)));
  }

  function point(at, { scroll = true } = {}) {
    shown[active]?.node.classList.remove("active");
    active = at;
    const node = shown[at]?.node;
    if (!node) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    node.classList.add("active");
    if (scroll) node.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", node.id);
  }

  const again = () => place(list, frame);

  function open() {
    if (isOpen()) return;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    addEventListener("scroll", again, true);
    addEventListener("resize", again);
    if (!multiple) input.select();
    offer();
  }

  function close() {
    asked += 1;
    clearTimeout(pause);
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    removeEventListener("scroll", again, true);
    removeEventListener("resize", again);
    point(-1);
    shown = [];
    query = "";
    if (multiple) input.value = "";
    else {
      show();
      input.setSelectionRange(0, 0); // the beginning of a long choice is what tells it from others
    }
  }

  // The focus stays in the input, wherever in the list the mouse is pressed.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  frame.addEventListener("mousedown", (event) => {
    if (event.target === input || event.target.closest("button")) return;
    event.preventDefault();
    input.focus();
    if (isOpen()) close();
    else open();
  });
  input.addEventListener("click", open);
  input.addEventListener("input", (event) => {
    event.stopPropagation();
    if (!isOpen()) open();
    query = input.value.trim();
    clearTimeout(pause);
    if (remote) pause = setTimeout(offer, PAUSE_MS);
    else offer();
  });
  input.addEventListener("keydown", (event) => {
    const to = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + 8, PageUp: active - 8 }[event.key];
    if (to !== undefined) {
      if (!isOpen()) open();
      else if (shown.length)
        point(
          event.key.startsWith("Page")
            ? Math.max(0, Math.min(to, shown.length - 1))
            : (to + shown.length) % shown.length,
        );
    } else if (event.key === "Enter") {
      if (event.ctrlKey || event.metaKey) return;
      if (!isOpen()) open();
      else if (shown[active]) choose(shown[active].option);
    } else if (event.key === "Escape" && isOpen()) close();
    else if (event.key === "Tab") {
      close();
      return;
    } else if (event.key === "Backspace" && multiple && !input.value && chosen.length) change(chosen.slice(0, -1));
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  root.addEventListener("focusout", (event) => {
    if (isOpen() && !root.contains(event.relatedTarget)) close();
  });

  show();
  return {
    element: root,
    set(options) {
      chosen = options;
      show();
    },
  };
}
