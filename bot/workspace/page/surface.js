// Where blocks stand: a message or a view, with what is entered there and the way to tell the app.

import { FormState } from "./form_state.js";

/** enter is what Enter in a field of one line does there, if anything. */
export function surfaceOf(page, container, { enter } = {}) {
  const surface = {
    form: new FormState(),
    directory: page.directory,
    blocks: [],
    act: (blockId, element, value) => page.act(container, surface, blockId, element, value),
    options: (blockId, element, query) => page.options(container, blockId, element, query),
    enter,
  };
  return surface;
}
