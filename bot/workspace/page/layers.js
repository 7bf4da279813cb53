// What lies over the workspace: a modal, and a question over that. Only the topmost can be reached.

import { announce, focusable, h, trapTab, uid } from "./dom.js";
import { plain, textNodes } from "./mrkdwn.js";

const raised = [];

/** Lay a node over the stage. onescape is called for Escape; lower() takes it away and gives the focus back. */
export function raise(node, { onescape }) {
  const stage = document.getElementById("stage");
  const before = document.activeElement;
  const layer = h("div", { class: "layer" }, node);
  layer.addEventListener("keydown", (event) => {
    trapTab(node, event);
    if (event.key !== "Escape") return;
    event.stopPropagation();
    event.preventDefault();
    onescape();
  });
  raised.push(layer);
  stage.append(layer);
  reach(stage);
  return function lower() {
    raised.splice(raised.indexOf(layer), 1);
    layer.remove();
    reach(stage);
    const next = before?.isConnected && !before.closest("[inert]") ? before : focusable(raised.at(-1) ?? stage)[0];
    next?.focus({ preventScroll: true });
  };
}

function reach(stage) {
  for (const child of stage.children) child.inert = raised.length > 0 && child !== raised.at(-1);
}

/** Where Escape or Tab is pressed while nothing has the focus, the topmost layer is meant. */
document.addEventListener("keydown", (event) => {
  const top = raised.at(-1);
  if (!top || document.activeElement !== document.body) return;
  if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    top.firstElementChild.focus();
    if (event.key === "Escape") top.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  }
});

/** Ask what a confirm object asks. True if the person says yes. */
export function ask(confirm, directory) {
  return new Promise((resolve) => {
    const title = uid("question");
    const text = uid("question-text");
    const answer = (yes) => {
      lower();
      resolve(yes);
    };
    const no = h(
      "button",
      { type: "button", class: "button", onclick: () => answer(false) },
      plain(confirm.deny) || "Cancel",
    );
    const yes = h(
      "button",
      { type: "button", class: `button ${confirm.style ?? "primary"}`, onclick: () => answer(true) },
      plain(confirm.confirm) || "Yes",
    );
    const dialog = h(
      "div",
      {
        class: "dialog question",
        role: "alertdialog",
        "aria-modal": "true",
        "aria-labelledby": title,
        "aria-describedby": text,
        tabindex: "-1",
      },
      h("h2", { id: title }, plain(confirm.title) || "Are you sure?"),
      h("div", { id: text, class: "text" }, textNodes(confirm.text, directory)),
      h("div", { class: "dialog-foot" }, no, yes),
    );
    const lower = raise(dialog, { onescape: () => answer(false) });
    // What destroys something is never one Enter away.
    (confirm.style === "danger" ? no : yes).focus();
  });
}

let gone;

/** A sentence at the lower edge, as Slack shows what went wrong; it stays until it is closed or another comes. */
export function notice(text) {
  gone?.();
  const box = h(
    "div",
    { class: "notice" },
    h("p", {}, text),
    h("button", { type: "button", class: "quiet", onclick: () => gone() }, "Dismiss"),
  );
  document.body.append(box);
  announce(text, { urgent: true });
  gone = () => {
    box.remove();
    gone = undefined;
  };
}
