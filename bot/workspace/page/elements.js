// Block Kit's interactive elements as controls. Each keeps its state in the surface's form and tells the app of it.

import { h, icon, uid } from "./dom.js";
import { ask } from "./layers.js";
import { link, plain, textNodes } from "./mrkdwn.js";
import { menuButton } from "./popup.js";
import { SELECTS, select } from "./selects.js";

const CHARACTERS_NEAR_END = 0.8; // of max_length, from where on the characters are counted aloud

/**
 * The control of an element. surface is where it stands: {form, directory, act, options, enter}; labelledby and
 * describedby are ids of what names it.
 */
export function control(element, { block, surface, labelledby, describedby }) {
  const at = { element, block, surface, told: !(block.type === "input") || block.dispatch_action === true };
  at.attributes = {
    "aria-labelledby": labelledby,
    "aria-describedby": describedby,
    "aria-label": labelledby ? null : plain(element.placeholder) || element.accessibility_label || null,
    "data-focus": focusMark(block, element),
  };
  if (SELECTS[element.type]) return select({ ...at, changed: (entry, undo) => changed(at, entry, undo) });
  const make = CONTROLS[element.type];
  return make ? make(at) : h("p", { class: "unknown" }, `An element “${element.type}” is not shown here.`);
}

function focusMark(block, element, more = "") {
  return `${block.block_id}/${element.action_id}/${more}`;
}

const CONTROLS = {
  button,
  overflow,
  plain_text_input: textInput,
  email_text_input: textInput,
  url_text_input: textInput,
  number_input: textInput,
  checkboxes: choices,
  radio_buttons: choices,
  datepicker: (at) =>
    moment(
      at,
      "date",
      "selected_date",
      (text) => text,
      (held) => held,
    ),
  timepicker: (at) =>
    moment(
      at,
      "time",
      "selected_time",
      (text) => text,
      (held) => held,
    ),
  datetimepicker: (at) => moment(at, "datetime-local", "selected_date_time", secondsOf, localOf),
  image: ({ element }) => picture(element),
};

/** Put a new state into the form; where the app wants to hear of it, ask first what there is to ask. */
async function changed({ element, block, surface, told }, entry, undo) {
  const before = surface.form.get(block.block_id, element);
  surface.form.set(block.block_id, element, entry);
  if (!told) return;
  if (element.confirm && !(await ask(element.confirm, surface.directory))) {
    surface.form.set(block.block_id, element, before);
    undo();
    return;
  }
  await surface.act(block.block_id, element, Object.values(entry)[0]);
}

function button({ element, block, surface, attributes }) {
  const words = plain(element.text);
  const press = async (event) => {
    if (node.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      return;
    }
    if (element.confirm) {
      event.preventDefault();
      if (!(await ask(element.confirm, surface.directory))) return;
      if (element.url) window.open(element.url, "_blank", "noopener,noreferrer");
    }
    node.setAttribute("aria-busy", "true");
    await surface.act(block.block_id, element, element.value ?? null);
    node.removeAttribute("aria-busy");
  };
  const all = {
    class: `button ${element.style ?? ""}`,
    "aria-label": element.accessibility_label,
    "data-focus": attributes["data-focus"],
    onclick: press,
  };
  const node =
    element.url && link(element.url, words).tagName === "A"
      ? h("a", { ...all, href: element.url, target: "_blank", rel: "noopener noreferrer" }, words)
      : h("button", { ...all, type: "button" }, words);
  return node;
}

function overflow({ element, block, surface, attributes }) {
  const choose = async (option) => {
    if (element.confirm && !(await ask(element.confirm, surface.directory))) return;
    if (option.url) window.open(option.url, "_blank", "noopener,noreferrer");
    await surface.act(block.block_id, element, option);
  };
  return menuButton({
    label: "More actions",
    look: "button square",
    end: true,
    attributes: { "data-focus": attributes["data-focus"] },
    items: () =>
      element.options.map((option) => ({
        text: plain(option.text),
        description: plain(option.description),
        act: () => choose(option),
      })),
  });
}

function textInput(at) {
  const { element, block, surface, attributes } = at;
  const modes = {
    email_text_input: "email",
    url_text_input: "url",
    number_input: element.is_decimal_allowed ? "decimal" : "numeric",
  };
  const node = h(element.multiline ? "textarea" : "input", {
    ...attributes,
    type: element.multiline ? null : "text",
    rows: element.multiline ? "4" : null,
    inputmode: modes[element.type],
    placeholder: plain(element.placeholder),
    autocomplete: "off",
    "aria-required": block.type === "input" && !block.optional ? "true" : null,
  });
  node.value = surface.form.get(block.block_id, element).value ?? "";
  const left = element.max_length ? h("span", { class: "count", id: uid("count") }) : null;
  const count = () => {
    const length = [...node.value].length;
    left.textContent = length >= element.max_length * CHARACTERS_NEAR_END ? `${length} of ${element.max_length}` : "";
    left.classList.toggle("over", length > element.max_length);
  };
  const when = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const tell = () => surface.act(block.block_id, element, node.value || null);
  node.addEventListener("input", () => {
    surface.form.set(block.block_id, element, { value: node.value || null });
    if (left) count();
    if (at.told && when.includes("on_character_entered")) tell();
  });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.ctrlKey || event.metaKey) return;
    if (element.multiline) return;
    event.preventDefault();
    if (at.told && when.includes("on_enter_pressed")) tell();
    else surface.enter?.();
  });
  if (!left) return node;
  count();
  return h("div", { class: "counted" }, node, left);
}

function choices(at) {
  const { element, block, surface, attributes } = at;
  const several = element.type === "checkboxes";
  const group = uid("group");
  const chosen = () => {
    const entry = surface.form.get(block.block_id, element);
    return several ? entry.selected_options : [entry.selected_option].filter(Boolean);
  };
  const show = () => {
    for (const [number, input] of [...node.querySelectorAll("input")].entries()) {
      input.checked = chosen().some((each) => each.value === element.options[number].value);
    }
  };
  const change = () => {
    const picked = element.options.filter((_, number) => node.querySelectorAll("input")[number].checked);
    changed(at, several ? { selected_options: picked } : { selected_option: picked[0] ?? null }, show);
  };
  const node = h(
    "div",
    {
      class: "choices",
      role: several ? "group" : "radiogroup",
      "aria-labelledby": attributes["aria-labelledby"],
      "aria-describedby": attributes["aria-describedby"],
      "aria-label": attributes["aria-label"],
    },
    element.options.map((option, number) => {
      const description = option.description && uid("about");
      return h(
        "label",
        { class: "choice" },
        h("input", {
          type: several ? "checkbox" : "radio",
          name: group,
          onchange: change,
          "data-focus": focusMark(block, element, number),
          "aria-describedby": description,
        }),
        h(
          "span",
          {},
          h("span", { class: "choice-text" }, textNodes(option.text, surface.directory)),
          description &&
            h(
              "span",
              { class: "choice-description", id: description },
              textNodes(option.description, surface.directory),
            ),
        ),
      );
    }),
  );
  show();
  return node;
}

function moment(at, type, field, read, write) {
  const { element, block, surface, attributes } = at;
  const value = () => {
    const held = surface.form.get(block.block_id, element)[field];
    return held === null ? "" : write(held);
  };
  const node = h("input", {
    ...attributes,
    type,
    "aria-required": block.type === "input" && !block.optional ? "true" : null,
    onchange: () => changed(at, { [field]: node.value ? read(node.value) : null }, () => (node.value = value())),
  });
  node.value = value();
  return node;
}

const secondsOf = (text) => Math.round(new Date(text).getTime() / 1000);

function localOf(seconds) {
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** A picture that cannot be loaded, as the page loads nothing from elsewhere, is its description. */
export function picture({ image_url: url, alt_text: alt }) {
  const words = h("span", { class: "picture-missing" }, icon("file"), alt || "Picture");
  const image = h("img", { src: url, alt: alt ?? "", loading: "lazy", onerror: () => image.replaceWith(words) });
  return image;
}
