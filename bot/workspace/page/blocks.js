// Block Kit's blocks as nodes. A block that did not change keeps its node, with what is typed and open in it.

import { h, reconcile, uid } from "./dom.js";
import { control, picture } from "./elements.js";
import { elementsOf } from "./form_state.js";
import { markdown } from "./markdown.js";
import { plain, textNodes } from "./mrkdwn.js";
import { richText } from "./rich_text.js";

const BESIDE = new Set(["image", "button", "overflow"]); // accessories that stand to the right even where it is narrow

export class Blocks {
  element = h("div", { class: "blocks" });
  #surface;
  #errors = {};

  constructor(surface) {
    this.#surface = surface;
  }

  update(blocks) {
    const named = blocks.map((block, number) => ({ ...block, block_id: block.block_id ?? `#${number}` }));
    this.#surface.form.keepOnly(named);
    this.#surface.blocks = named;
    reconcile(this.element, named, {
      key: (block) => `${block.type} ${block.block_id}`,
      signature: (block) => JSON.stringify(block),
      make: (block) =>
        h("div", { class: `block block-${block.type}`, "data-block": block.block_id }, draw(block, this.#surface)),
    });
    this.showErrors(this.#errors);
  }

  /** Sentences beside the fields, {block_id: text}; gives the first field that has one. */
  showErrors(errors) {
    this.#errors = errors;
    let first = null;
    for (const node of this.element.children) {
      const slot = node.querySelector(":scope > .field > .field-error");
      if (!slot) continue;
      const text = errors[node.dataset.block] ?? "";
      if (slot.textContent !== text) slot.textContent = text;
      slot.parentElement.classList.toggle("wrong", text !== "");
      for (const input of node.querySelectorAll("input, textarea")) {
        if (text) input.setAttribute("aria-invalid", "true");
        else input.removeAttribute("aria-invalid");
        if (text) first ??= input;
      }
    }
    return first;
  }
}

function draw(block, surface) {
  const make = BLOCKS[block.type];
  return make ? make(block, surface) : h("p", { class: "unknown" }, `A block “${block.type}” is not shown here.`);
}

const BLOCKS = {
  section,
  header: (block) => h("h3", {}, plain(block.text)),
  context: (block, surface) =>
    block.elements.map((element) =>
      element.type === "image" ? picture(element) : h("span", { class: "text" }, textNodes(element, surface.directory)),
    ),
  divider: () => h("hr"),
  actions: (block, surface) => elementsOf(block).map((element) => control(element, { block, surface })),
  input,
  image: (block) =>
    h(
      "figure",
      {},
      block.title && h("figcaption", {}, plain(block.title)),
      picture({ ...block, image_url: block.image_url ?? block.slack_file?.url }),
    ),
  rich_text: (block, surface) => h("div", { class: "text" }, richText(block, surface.directory)),
  markdown: (block) => h("div", { class: "text" }, markdown(block.text)),
  table,
};

function section(block, surface) {
  const id = uid("text");
  const { accessory } = block;
  const said = h(
    "div",
    { class: "section-text", id },
    block.text && h("div", { class: "text" }, textNodes(block.text, surface.directory)),
    block.fields &&
      h(
        "div",
        { class: "fields" },
        block.fields.map((field) => h("div", { class: "text" }, textNodes(field, surface.directory))),
      ),
  );
  if (!accessory) return said;
  const beside = control(accessory, { block, surface, labelledby: block.text ? id : undefined });
  return [
    said,
    h("div", { class: BESIDE.has(accessory.type) ? "accessory beside" : `accessory ${accessory.type}` }, beside),
  ];
}

function input(block, surface) {
  const label = uid("label");
  const hint = uid("hint");
  const error = uid("error");
  return h(
    "div",
    { class: "field" },
    h(
      "div",
      { class: "label", id: label },
      plain(block.label),
      block.optional && h("span", { class: "optional" }, " (optional)"),
    ),
    control(block.element, { block, surface, labelledby: label, describedby: block.hint ? `${error} ${hint}` : error }),
    h("div", { class: "field-error", id: error }),
    block.hint && h("div", { class: "hint", id: hint }, plain(block.hint)),
  );
}

function table(block, surface) {
  const cell = (held) => (held.type === "rich_text" ? richText(held, surface.directory) : held.text);
  const [head, ...rows] = block.rows;
  const align = (number) => block.column_settings?.[number]?.align;
  const row = (cells, tag) =>
    h(
      "tr",
      {},
      cells.map((held, number) => h(tag, { class: align(number), scope: tag === "th" && "col" }, cell(held))),
    );
  return h(
    "div",
    { class: "table-frame", tabindex: "0" },
    h(
      "table",
      {},
      h("thead", {}, row(head, "th")),
      h(
        "tbody",
        {},
        rows.map((cells) => row(cells, "td")),
      ),
    ),
  );
}
