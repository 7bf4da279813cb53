// Nodes are built, never parsed: text of people can only become text nodes.

/** An element. Attributes named on… are listeners; null, undefined and false leave an attribute or a child out. */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

let last = 0;

/** An id no other element of this page has. */
export function uid(prefix) {
  last += 1;
  return `${prefix}-${last}`;
}

const drawn = new WeakMap();

/**
 * Make the children of parent those of items, in their order. An item whose signature is as before keeps its node
 * untouched; a changed one is made again, or brought up to date by make, which is given the old node.
 */
export function reconcile(parent, items, { key, signature, make }) {
  const before = drawn.get(parent) ?? new Map();
  const after = new Map();
  keepingFocus(parent, () => {
    for (const item of items) {
      const name = key(item);
      const sign = signature(item);
      const old = before.get(name);
      if (old?.sign === sign) {
        after.set(name, old);
        continue;
      }
      const node = make(item, old?.node);
      if (old && old.node !== node) old.node.replaceWith(node);
      after.set(name, { sign, node });
    }
    for (const [name, { node }] of before) if (!after.has(name)) node.remove();
    let place = parent.firstElementChild;
    for (const { node } of after.values()) {
      if (node === place) place = place.nextElementSibling;
      else parent.insertBefore(node, place);
    }
  });
  drawn.set(parent, after);
}

/** Change what is under root; the control that had the focus has it afterwards, with its caret, even if made again. */
function keepingFocus(root, change) {
  const active = document.activeElement;
  if (!active || active === document.body || !root.contains(active)) {
    change();
    return;
  }
  const mark = active.dataset.focus;
  const caret = caretOf(active);
  change();
  if (document.activeElement === active) return;
  const again = root.contains(active) ? active : mark && root.querySelector(`[data-focus="${CSS.escape(mark)}"]`);
  if (!again) return;
  again.focus({ preventScroll: true });
  if (caret && caretOf(again)) again.setSelectionRange(...caret);
}

function caretOf(control) {
  // Inputs of type number, e-mail or date have no caret that can be read.
  return typeof control.selectionStart === "number"
    ? [control.selectionStart, control.selectionEnd, control.selectionDirection]
    : null;
}

const FOCUSABLE =
  'a[href], button:not([disabled]), input:not([disabled]), textarea:not([disabled]), select, [tabindex="0"]';

/** What Tab reaches under root, in order. */
export function focusable(root) {
  return [...root.querySelectorAll(FOCUSABLE)].filter(
    (node) => node.tabIndex >= 0 && node.getClientRects().length > 0 && !node.closest("[inert]"),
  );
}

/** Listener for keydown: Tab goes round within root. */
export function trapTab(root, event) {
  if (event.key !== "Tab") return;
  const all = focusable(root);
  const first = all[0] ?? root;
  const final = all.at(-1) ?? root;
  const inside = root.contains(document.activeElement);
  if (
    event.shiftKey
      ? document.activeElement === first || !inside || document.activeElement === root
      : document.activeElement === final || !inside
  ) {
    event.preventDefault();
    (event.shiftKey ? final : first).focus();
  }
}

/** Read out by a screen reader when it has finished what it says; urgent: at once. */
export function announce(text, { urgent = false } = {}) {
  const region = document.getElementById(urgent ? "live-assertive" : "live-polite");
  region.textContent = "";
  // The same words twice are only read twice if the region was seen empty in between.
  setTimeout(() => (region.textContent = text), 50);
}

const PATHS = {
  hash: "M9 4 7 20M17 4l-2 16M4 9h17M3 15h17",
  lock: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
  home: "M4 11 12 4l8 7v9h-5v-6H9v6H4z",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  back: "M14 6l-6 6 6 6",
  down: "M6 9l6 6 6-6",
  thread: "M5 5h14v10h-8l-4 4v-4H5z",
  bolt: "M13 3 5 14h6l-1 7 8-11h-6z",
  send: "M4 12l16-8-6 16-3-7z",
  eye: "M2.5 12S6 6 12 6s9.5 6 9.5 6-3.5 6-9.5 6-9.5-6-9.5-6zM12 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4",
  wire: "M4 8h13l-3-3M20 16H7l3 3",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  more: "M6 11.5v1M12 11.5v1M18 11.5v1M6.5 12h-1M12.5 12h-1M18.5 12h-1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M3 20c0-4 2.5-6 6-6s6 2 6 6M16 4.5a3.5 3.5 0 0 1 0 6M17.5 14.5c2.3.6 3.5 2.5 3.5 5.5",
};

/** A button that is only a sign; label is read out and shown as a tip. */
export function iconButton(name, label, onclick, attributes = {}) {
  return h(
    "button",
    { type: "button", class: "quiet square", "aria-label": label, title: label, onclick, ...attributes },
    icon(name),
  );
}

export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(namespace, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
