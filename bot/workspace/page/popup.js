// Lists that open beside a control: placed so that they stay on the screen, closed by a click elsewhere.

import { h, icon, uid } from "./dom.js";

const ROOM = 8;

/** Put list, which is position: fixed, under anchor, or over it where there is more room. */
export function place(list, anchor, { end = false, wide = true, most = 420 } = {}) {
  const at = anchor.getBoundingClientRect();
  const below = innerHeight - at.bottom - ROOM * 2;
  const above = at.top - ROOM * 2;
  const up = below < Math.min(list.scrollHeight, 240) && above > below;
  list.style.maxHeight = `${Math.max(96, Math.min(320, up ? above : below))}px`;
  list.style.minWidth = wide ? `${at.width}px` : "";
  list.style.maxWidth = `${Math.min(innerWidth - ROOM * 2, wide ? Math.max(at.width, most) : most)}px`;
  const left = end ? at.right - list.offsetWidth : at.left;
  list.style.left = `${Math.max(ROOM, Math.min(left, innerWidth - list.offsetWidth - ROOM))}px`;
  list.style.top = up ? "" : `${at.bottom + 4}px`;
  list.style.bottom = up ? `${innerHeight - at.top + 4}px` : "";
}

/**
 * A button that opens a menu. items() gives [{text, description?, node?, current?, act}] when it opens.
 * Arrow keys, Home, End, Escape; the focus goes back to the button.
 */
export function menuButton({
  label,
  content = [icon("more")],
  items,
  look = "quiet square",
  end = false,
  attributes = {},
}) {
  const id = uid("menu");
  const menu = h("div", { class: "popup", role: "menu", id, "aria-label": label, hidden: true });
  const button = h(
    "button",
    {
      type: "button",
      class: look,
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-controls": id,
      "aria-label": label,
      title: label,
      ...attributes,
    },
    content,
  );
  const root = h("span", { class: "menu" }, button, menu);

  const close = ({ back }) => {
    if (menu.hidden) return;
    menu.hidden = true;
    button.setAttribute("aria-expanded", "false");
    removeEventListener("resize", closeQuietly);
    if (back) button.focus();
  };
  const closeQuietly = () => close({ back: false });

  const open = (final = false) => {
    menu.replaceChildren(
      ...items().map((item) =>
        h(
          "button",
          {
            type: "button",
            class: "option",
            tabindex: "-1",
            role: item.current === undefined ? "menuitem" : "menuitemradio",
            "aria-checked": item.current === undefined ? null : String(item.current),
            onclick: () => {
              close({ back: true });
              item.act();
            },
          },
          item.node ?? h("span", { class: "option-text" }, item.text),
          item.description && h("span", { class: "option-description" }, item.description),
        ),
      ),
    );
    if (!menu.children.length) menu.append(h("p", { class: "option-note" }, "Nothing to choose."));
    menu.hidden = false;
    button.setAttribute("aria-expanded", "true");
    place(menu, button, { end, wide: false });
    addEventListener("resize", closeQuietly);
    const checked = menu.querySelector('[aria-checked="true"]');
    (final ? menu.lastElementChild : (checked ?? menu.firstElementChild)).focus();
  };

  button.addEventListener("click", () => (menu.hidden ? open() : close({ back: true })));
  button.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    open(event.key === "ArrowUp");
  });
  menu.addEventListener("keydown", (event) => {
    const all = [...menu.querySelectorAll("button")];
    const at = all.indexOf(document.activeElement);
    const to = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (to !== undefined) all[to]?.focus();
    else if (event.key === "Escape") close({ back: true });
    else if (event.key === "Tab") closeQuietly();
    else return;
    event.stopPropagation();
    if (event.key !== "Tab") event.preventDefault();
  });
  root.addEventListener("focusout", (event) => {
    if (!root.contains(event.relatedTarget)) closeQuietly();
  });
  return root;
}
