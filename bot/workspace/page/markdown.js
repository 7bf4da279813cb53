// The markdown block: the usual Markdown of headings, lists, tables, quotes, code, links and emphasis, as nodes.

import { h } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { link } from "./mrkdwn.js";

const INLINE = new RegExp(
  [
    /\\([\\`*_{}[\]()#+.!~|<>-])/, // an escaped sign
    /(`+)([\s\S]+?)\2/,
    /\*\*(\S(?:[\s\S]*?\S)?)\*\*/,
    /~~(\S(?:[\s\S]*?\S)?)~~/,
    /\*(\S(?:[^*]*?\S)?)\*/,
    /(?<!\w)_(\S(?:[^_]*?\S)?)_(?!\w)/,
    /\[([^\]\n]+)\]\(([^()\s]+)\)/,
    /<(https?:[^<>\s]+)>/,
  ]
    .map((each) => each.source)
    .join("|"),
  "g",
);
const ITEM = /^(\s*)(?:[-*+]|(\d+)[.)])\s+(?:\[([ xX])\]\s+)?(.*)$/;

export function markdown(text) {
  const lines = text.split("\n");
  const nodes = [];
  while (lines.length) {
    const line = lines.shift();
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (!line.trim()) continue;
    if (line.startsWith("```")) nodes.push(h("pre", {}, fenced(lines)));
    else if (heading) nodes.push(h("p", { class: `md-h md-h${heading[1].length}` }, inline(heading[2])));
    else if (/^\s*([-*_])(?:\s*\1){2,}\s*$/.test(line)) nodes.push(h("hr"));
    else if (/^>/.test(line)) {
      const quoted = [line, ...takeWhile(lines, (next) => /^>/.test(next))];
      nodes.push(h("blockquote", {}, markdown(quoted.map((one) => one.replace(/^> ?/, "")).join("\n"))));
    } else if (ITEM.test(line)) nodes.push(list([line, ...takeWhile(lines, (next) => ITEM.test(next))]));
    else if (line.includes("|") && /^\s*\|?[\s:|-]*-[\s:|-]*$/.test(lines[0] ?? "")) {
      lines.shift();
      nodes.push(
        table(
          line,
          takeWhile(lines, (next) => next.includes("|")),
        ),
      );
    } else {
      const paragraph = [
        line,
        ...takeWhile(lines, (next) => next.trim() && !/^(#{1,6}\s|>|```)/.test(next) && !ITEM.test(next)),
      ];
      nodes.push(h("p", { class: "md-p" }, inline(paragraph.join("\n"))));
    }
  }
  return nodes;
}

function fenced(lines) {
  const code = takeWhile(lines, (next) => !next.startsWith("```"));
  lines.shift();
  return code.join("\n");
}

function takeWhile(lines, holds) {
  const taken = [];
  while (lines.length && holds(lines[0])) taken.push(lines.shift());
  return taken;
}

function list(items) {
  return h(
    "ul",
    { class: "rich-list" },
    items.map((line) => {
      const [, indent, number, tick, said] = ITEM.exec(line);
      const mark = tick ? (tick === " " ? "☐" : "☑") : number ? `${number}.` : "•";
      const deep = Math.min(3, Math.floor(indent.length / 2));
      return h(
        "li",
        { class: `item deep-${deep}` },
        h("span", { class: "item-mark" }, mark),
        h("span", {}, inline(said)),
      );
    }),
  );
}

function table(head, rows) {
  const cells = (line) =>
    line
      .trim()
      .replace(/^\||\|$/g, "")
      .split("|")
      .map((cell) => cell.trim());
  return h(
    "div",
    { class: "table-frame", tabindex: "0" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          cells(head).map((cell) => h("th", { scope: "col" }, inline(cell))),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((row) =>
          h(
            "tr",
            {},
            cells(row).map((cell) => h("td", {}, inline(cell))),
          ),
        ),
      ),
    ),
  );
}

function inline(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, escaped, , code, bold, strike, star, underscore, label, url, bare] = found;
    if (found.index > from) nodes.push(withEmoji(text.slice(from, found.index)));
    if (escaped) nodes.push(escaped);
    else if (code) nodes.push(h("code", {}, code));
    else if (bold) nodes.push(h("strong", {}, inline(bold)));
    else if (strike) nodes.push(h("s", {}, inline(strike)));
    else if (star ?? underscore) nodes.push(h("em", {}, inline(star ?? underscore)));
    else if (url) nodes.push(link(url, label));
    else nodes.push(link(bare, bare));
    from = found.index + whole.length;
  }
  if (from < text.length) nodes.push(withEmoji(text.slice(from)));
  return nodes;
}
