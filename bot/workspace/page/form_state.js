// What a person has put into the inputs of one view or message, in the shape of Slack's state.values.

const text = (element) => ({ value: element.initial_value ?? null });
const one = (field, initial) => (element) => ({ [field]: element[initial] ?? null });
const many = (field, initial) => (element) => ({ [field]: element[initial] ?? [] });

/** The elements that have a state, and what it is before the person touches them. */
const INITIAL = {
  plain_text_input: text,
  email_text_input: text,
  url_text_input: text,
  number_input: text,
  static_select: one("selected_option", "initial_option"),
  external_select: one("selected_option", "initial_option"),
  radio_buttons: one("selected_option", "initial_option"),
  multi_static_select: many("selected_options", "initial_options"),
  multi_external_select: many("selected_options", "initial_options"),
  checkboxes: many("selected_options", "initial_options"),
  users_select: one("selected_user", "initial_user"),
  multi_users_select: many("selected_users", "initial_users"),
  conversations_select: one("selected_conversation", "initial_conversation"),
  multi_conversations_select: many("selected_conversations", "initial_conversations"),
  channels_select: one("selected_channel", "initial_channel"),
  multi_channels_select: many("selected_channels", "initial_channels"),
  datepicker: one("selected_date", "initial_date"),
  timepicker: one("selected_time", "initial_time"),
  datetimepicker: one("selected_date_time", "initial_date_time"),
};

/** The block's elements that a person can use, wherever they stand in it. */
export function elementsOf(block) {
  if (block.type === "input") return block.element ? [block.element] : [];
  if (block.type === "actions") return block.elements ?? [];
  return block.accessory ? [block.accessory] : [];
}

export class FormState {
  #entries = new Map();

  /** What was put in; else what the element says it holds at first. */
  get(blockId, element) {
    return this.#entries.get(name(blockId, element)) ?? INITIAL[element.type]?.(element) ?? null;
  }

  set(blockId, element, entry) {
    this.#entries.set(name(blockId, element), entry);
  }

  /** Begin with what the server has, as state.values: for instance after the page was loaded again. */
  begin(values) {
    for (const [blockId, actions] of Object.entries(values)) {
      for (const [actionId, { type, ...entry }] of Object.entries(actions)) {
        this.set(blockId, { action_id: actionId, type }, entry);
      }
    }
  }

  /** Forget what the new blocks have no place for, as Slack does: another id or another type of element. */
  keepOnly(blocks) {
    const known = new Map(
      blocks.flatMap((block) => elementsOf(block).map((each) => [name(block.block_id, each), each])),
    );
    for (const [key, entry] of this.#entries) {
      const element = known.get(key);
      const chosen = entry.selected_option;
      const options = element?.options ?? element?.option_groups?.flatMap((group) => group.options);
      if (!element || (chosen && options && !options.some((option) => option.value === chosen.value))) {
        this.#entries.delete(key);
      } else if (entry.selected_options && options) {
        entry.selected_options = entry.selected_options.filter((each) =>
          options.some((option) => option.value === each.value),
        );
      }
    }
  }

  /** {block_id: {action_id: {type, …}}} of all elements that have a state. */
  values(blocks) {
    const values = {};
    for (const block of blocks) {
      for (const element of elementsOf(block)) {
        const entry = this.get(block.block_id, element);
        if (!entry) continue;
        values[block.block_id] ??= {};
        values[block.block_id][element.action_id] = { type: element.type, ...entry };
      }
    }
    return values;
  }

  /** {block_id: sentence} of what Slack itself refuses before it asks the app. */
  problems(blocks) {
    const problems = {};
    for (const block of blocks) {
      if (block.type !== "input" || !block.element) continue;
      const problem = check(block, this.get(block.block_id, block.element));
      if (problem) problems[block.block_id] = problem;
    }
    return problems;
  }
}

function name(blockId, element) {
  return JSON.stringify([blockId, element.action_id, element.type]);
}

function check({ element, optional }, entry) {
  const value = Object.values(entry ?? {})[0];
  const empty = value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
  if (empty) return optional ? "" : "Please complete this required field.";
  const length = typeof value === "string" ? [...value].length : 0;
  if (element.min_length && length < element.min_length) return `Write at least ${element.min_length} characters.`;
  if (element.max_length && length > element.max_length) return `Write at most ${element.max_length} characters.`;
  if (element.type === "email_text_input" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value))
    return "Enter an e-mail address.";
  if (element.type === "url_text_input" && !URL.canParse(value)) return "Enter a web address.";
  if (element.type === "number_input") return checkNumber(element, value);
  return "";
}

function checkNumber(element, value) {
  const pattern = element.is_decimal_allowed ? /^-?\d*\.?\d+$/ : /^-?\d+$/;
  if (!pattern.test(value)) return element.is_decimal_allowed ? "Enter a number." : "Enter a whole number.";
  if (element.min_value !== undefined && Number(value) < Number(element.min_value))
    return `Enter ${element.min_value} or more.`;
  if (element.max_value !== undefined && Number(value) > Number(element.max_value))
    return `Enter ${element.max_value} or less.`;
  return "";
}
