// Slack's select elements as comboboxes: where their options come from, and what their state looks like.

import { combobox } from "./combobox.js";
import { plain } from "./mrkdwn.js";

const MINIMUM_QUERY = 3; // of external selects, if they don't say

/** type → [field of the state, where its options come from]; a field in the plural holds a list. */
export const SELECTS = {
  static_select: ["selected_option", written],
  multi_static_select: ["selected_options", written],
  external_select: ["selected_option", asked],
  multi_external_select: ["selected_options", asked],
  users_select: ["selected_user", people],
  multi_users_select: ["selected_users", people],
  conversations_select: ["selected_conversation", conversations],
  multi_conversations_select: ["selected_conversations", conversations],
  channels_select: ["selected_channel", channels],
  multi_channels_select: ["selected_channels", channels],
};

/** A select; changed(entry, undo) is called with the new state. */
export function select({ element, block, surface, attributes, changed }) {
  const [field, source] = SELECTS[element.type];
  const multiple = field.endsWith("s");
  const objects = field.startsWith("selected_option");
  const { directory, form } = surface;

  const asOption = (held) =>
    objects
      ? { key: held.value, text: plain(held.text), description: plain(held.description), held }
      : { key: held, text: nameOf(held, directory), description: directory.person(held)?.role_label, held };
  const held = () => [form.get(block.block_id, element)[field] ?? []].flat();
  let before = held();
  const box = combobox({
    groups(query) {
      const found = source(query, { element, block, surface });
      return found instanceof Promise ? found.then(wrap) : wrap(found);
    },
    chosen: before.map(asOption),
    multiple,
    most: element.max_selected_items,
    remote: source === asked,
    minimum: source === asked ? (element.min_query_length ?? MINIMUM_QUERY) : 0,
    placeholder: plain(element.placeholder) || "Choose",
    attributes,
    onchange(options) {
      const next = options.map((option) => option.held);
      const previous = before;
      before = next;
      const undo = () => {
        before = previous;
        box.set(previous.map(asOption));
      };
      changed({ [field]: multiple ? next : (next[0] ?? null) }, undo);
    },
  });
  return box.element;

  function wrap(groups) {
    return groups.map(({ label, options }) => ({ label, options: options.map(asOption) }));
  }
}

function nameOf(id, directory) {
  const channel = directory.channel(id);
  if (channel) return channel.kind === "dm" ? channel.name : `#${channel.name}`;
  return directory.name(id);
}

const has = (text, query) => text.toLocaleLowerCase().includes(query.toLocaleLowerCase());

function written(query, { element }) {
  const groups = element.option_groups ?? [{ options: element.options ?? [] }];
  return groups.map(({ label, options }) => ({
    label: plain(label),
    options: options.filter((option) => has(`${plain(option.text)} ${plain(option.description)}`, query)),
  }));
}

async function asked(query, { element, block, surface }) {
  const answer = await surface.options(block.block_id, element, query);
  if (!answer.ok) throw new Error(answer.shown);
  return (answer.option_groups ?? [{ options: answer.options ?? [] }]).map(({ label, options }) => ({
    label: plain(label),
    options,
  }));
}

function people(query, { surface }) {
  const found = surface.directory.people.filter(
    (person) => !person.deleted && has(`${person.name} ${person.real_name ?? ""}`, query),
  );
  return [{ options: found.map((person) => person.id) }];
}

const KINDS = { public: "channel", private: "private", im: "dm", mpim: "dm" };

function conversations(query, { element, surface }) {
  const kinds = element.filter?.include?.map((kind) => KINDS[kind]);
  return named(query, surface, (channel) => !kinds || kinds.includes(channel.kind));
}

function channels(query, { surface }) {
  return named(query, surface, (channel) => channel.kind === "channel");
}

function named(query, { directory }, fits) {
  const found = directory.channels.filter((channel) => fits(channel) && has(channel.name, query));
  return [{ options: found.map((channel) => channel.id) }];
}
