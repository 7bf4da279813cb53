// Slack's mrkdwn as nodes. What is not markup stays text, so a name such as <img onerror> is read as it was written.

import { slackDate } from "./dates.js";
import { h } from "./dom.js";
import { emoji, withEmoji } from "./emoji.js";
import { address, placeOf } from "./route.js";

const TAGS = { "*": "strong", _: "em", "~": "s" };
const TOKEN = /```([\s\S]+?)```|`([^`\n]+)`|<([^<>\n]+)>|:([a-z0-9_+'-]+(?:::skin-tone-\d)?):|([*_~])/g;
const WORD = /[\p{L}\p{N}]/u;
const SAFE = /^(https?:|mailto:)/i;

/** A text object, {type: "mrkdwn" | "plain_text", text, emoji}, as nodes. */
export function textNodes(text, directory) {
  if (!text) return [];
  if (text.type === "mrkdwn") return mrkdwn(text.text, directory);
  return [plain(text)];
}

/** A text object as a string, where there is no room for markup: placeholders, labels for screen readers. */
export function plain(text) {
  if (!text) return "";
  return text.emoji === false ? text.text : withEmoji(text.text);
}

export function mrkdwn(text, directory) {
  const nodes = [];
  let quote = null;
  for (const piece of text.split(/(```[\s\S]+?```)/)) {
    if (piece.startsWith("```") && piece.length > 6) {
      nodes.push(h("pre", {}, unescape(piece.slice(3, -3).replace(/^\n|\n$/g, ""))));
      quote = null;
      continue;
    }
    // A block of code ends the line before it and the one it stands on.
    const lines = (nodes.length ? piece.replace(/^\n/, "") : piece).split("\n");
    lines.forEach((line, number) => {
      const quoted = /^(?:&gt;|>) ?(.*)$/.exec(line);
      const item = /^(\s*)([•◦▪-]|\d+\.) +(.*)$/.exec(line);
      if (quoted) {
        if (quote) quote.append(h("br"));
        else nodes.push((quote = h("blockquote")));
        quote.append(...inline(quoted[1], directory));
        return;
      }
      quote = null;
      if (item) {
        const deep = Math.min(3, Math.floor(item[1].length / 2));
        nodes.push(
          h(
            "span",
            { class: `item deep-${deep}` },
            h("span", { class: "item-mark" }, item[2] === "-" ? "–" : item[2]),
            h("span", {}, inline(item[3], directory)),
          ),
        );
        return;
      }
      nodes.push(...inline(line, directory));
      const last = number === lines.length - 1;
      if (!last && !/^\s*([•◦▪-]|\d+\.) +/.test(lines[number + 1])) nodes.push(h("br"));
    });
  }
  return nodes;
}

function inline(text, directory) {
  const nodes = [];
  let from = 0;
  const flush = (until) => {
    if (until > from) nodes.push(unescape(text.slice(from, until)));
  };
  TOKEN.lastIndex = 0;
  for (let found; (found = TOKEN.exec(text));) {
    const [whole, block, code, angle, name, mark] = found;
    let node;
    let end = found.index + whole.length;
    if (block ?? code) node = h("code", {}, unescape(block ?? code));
    else if (angle) node = special(angle, directory);
    else if (name) node = emoji(name) === `:${name}:` ? undefined : emoji(name);
    else {
      const close = closing(text, found.index, mark);
      if (close > 0) {
        node = h(TAGS[mark], {}, inline(text.slice(found.index + 1, close), directory));
        end = close + 1;
      }
    }
    if (node === undefined) {
      TOKEN.lastIndex = found.index + 1;
      continue;
    }
    flush(found.index);
    nodes.push(node);
    from = end;
    TOKEN.lastIndex = end;
  }
  flush(text.length);
  return nodes;
}

/** Where the mark that opens at start closes, or -1: marks count only at the edges of words. */
function closing(text, start, mark) {
  const before = text[start - 1];
  if ((before && (WORD.test(before) || before === mark)) || !text[start + 1] || /\s/.test(text[start + 1])) return -1;
  for (let at = start + 2; at < text.length; at += 1) {
    if (text[at] !== mark || /\s/.test(text[at - 1])) continue;
    const after = text[at + 1];
    if (!after || (!WORD.test(after) && after !== mark)) return at;
  }
  return -1;
}

/** What stands between angle brackets; undefined if it is none of Slack's, and then only text. */
function special(inside, directory) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : inside.slice(bar + 1);
  if (/^@[UWB]\w+$/.test(target)) return mention(target.slice(1), directory);
  if (/^#[CGD]\w+$/.test(target)) return channelLink(target.slice(1), directory, label);
  const date = /^!date\^(-?\d+)\^([^^]*)(?:\^(.*))?$/.exec(target);
  if (date) return dateNode(Number(date[1]), unescape(date[2]), date[3], unescape(label));
  if (/^!(here|channel|everyone)$/.test(target)) return h("span", { class: "mention" }, `@${target.slice(1)}`);
  if (/^!subteam\^/.test(target)) return h("span", { class: "mention" }, label || "@group");
  if (SAFE.test(target)) return link(unescape(target), unescape(label || target.replace(/^mailto:/, "")));
  return undefined;
}

export function mention(id, directory) {
  const mine = id === directory.me?.id;
  return h("span", { class: mine ? "mention mine" : "mention" }, `@${directory.name(id)}`);
}

export function channelLink(id, directory, label = "") {
  const channel = directory.channel(id);
  const name = channel ? channel.name : label || id;
  if (!channel) return h("span", { class: "mention" }, `#${name}`);
  return h("a", { class: "mention", href: address({ channel: id }) }, `#${name}`);
}

export function dateNode(seconds, pattern, url, fallback) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return fallback;
  const time = h("time", { datetime: date.toISOString(), title: date.toString() }, slackDate(seconds, pattern));
  return url && SAFE.test(url) ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, time) : time;
}

/** Anything but the web and e-mail is no link here. */
export function link(url, label) {
  if (!SAFE.test(url) || !URL.canParse(url)) return h("span", {}, label);
  const place = placeOf(url);
  if (place) return h("a", { href: address(place) }, withEmoji(label));
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, withEmoji(label));
}

function unescape(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
