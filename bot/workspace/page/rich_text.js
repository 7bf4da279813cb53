// The rich_text block as nodes.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { channelLink, dateNode, link, mention } from "./mrkdwn.js";

const BULLETS = ["•", "◦", "▪"];

export function richText(block, directory) {
  return (block.elements ?? []).map((element) => part(element, directory));
}

function part(element, directory) {
  const said = () => (element.elements ?? []).map((piece) => styled(piece, directory));
  switch (element.type) {
    case "rich_text_section":
      return h("p", { class: "rich" }, said());
    case "rich_text_preformatted":
      return h("pre", {}, said());
    case "rich_text_quote":
      return h("blockquote", {}, said());
    case "rich_text_list":
      return list(element, directory);
    default:
      return h("p", { class: "unknown" }, `A rich text part “${element.type}” is not shown here.`);
  }
}

function list(element, directory) {
  const deep = Math.min(3, element.indent ?? 0);
  const first = (element.offset ?? 0) + 1;
  const mark = (number) => (element.style === "ordered" ? `${first + number}.` : BULLETS[deep % BULLETS.length]);
  return h(
    "ul",
    { class: element.border ? "rich-list bordered" : "rich-list" },
    (element.elements ?? []).map((item, number) =>
      h(
        "li",
        { class: `item deep-${deep}` },
        h("span", { class: "item-mark", "aria-hidden": element.style !== "ordered" && "true" }, mark(number)),
        h(
          "span",
          {},
          (item.elements ?? []).map((piece) => styled(piece, directory)),
        ),
      ),
    ),
  );
}

function styled(piece, directory) {
  let node = bare(piece, directory);
  const style = piece.style ?? {};
  if (style.code) node = h("code", {}, node);
  if (style.strike) node = h("s", {}, node);
  if (style.italic) node = h("em", {}, node);
  if (style.bold) node = h("strong", {}, node);
  return node;
}

function bare(piece, directory) {
  switch (piece.type) {
    case "text":
      return piece.text;
    case "link":
      return link(piece.url, piece.text || piece.url);
    case "user":
      return mention(piece.user_id, directory);
    case "channel":
      return channelLink(piece.channel_id, directory);
    case "usergroup":
      return h("span", { class: "mention" }, "@group");
    case "broadcast":
      return h("span", { class: "mention" }, `@${piece.range}`);
    case "emoji":
      return emoji(piece.name);
    case "date":
      return dateNode(piece.timestamp, piece.format, piece.url, piece.fallback ?? "");
    case "color":
      return h("code", {}, piece.value);
    default:
      return `[${piece.type}]`;
  }
}
