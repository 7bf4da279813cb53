// The names a bot usually writes. A name that is not here stays as it was written, colons and all.

const EMOJI = {
  "+1": "👍", "-1": "👎", thumbsup: "👍", thumbsdown: "👎", wave: "👋", clap: "👏", pray: "🙏", raised_hands: "🙌",
  muscle: "💪", eyes: "👀", ok_hand: "👌", point_right: "👉", point_left: "👈", point_up: "☝️", point_down: "👇",
  smile: "😄", slightly_smiling_face: "🙂", joy: "😂", wink: "😉", thinking_face: "🤔", cry: "😢", heart: "❤️",
  white_check_mark: "✅", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", x: "❌", heavy_multiplication_x: "✖️",
  warning: "⚠️", no_entry: "⛔", no_entry_sign: "🚫", octagonal_sign: "🛑", exclamation: "❗", heavy_exclamation_mark: "❗",
  question: "❓", grey_question: "❔", information_source: "ℹ️", rotating_light: "🚨", red_circle: "🔴",
  large_orange_circle: "🟠", large_yellow_circle: "🟡", large_green_circle: "🟢", large_blue_circle: "🔵",
  white_circle: "⚪", black_circle: "⚫", large_green_square: "🟩", white_large_square: "⬜", black_large_square: "⬛",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", stopwatch: "⏱️", alarm_clock: "⏰", clock1: "🕐", calendar: "📆",
  date: "📅", spiral_calendar_pad: "🗓️", arrows_counterclockwise: "🔄", repeat: "🔁", arrow_right: "➡️",
  arrow_left: "⬅️", arrow_up: "⬆️", arrow_down: "⬇️", leftwards_arrow_with_hook: "↩️", rewind: "⏪",
  fast_forward: "⏩", double_vertical_bar: "⏸️", black_square_for_stop: "⏹️", arrow_forward: "▶️",
  package: "📦", file_folder: "📁", open_file_folder: "📂", card_index_dividers: "🗂️", card_file_box: "🗃️",
  floppy_disk: "💾", cd: "💿", file_cabinet: "🗄️", wastebasket: "🗑️", memo: "📝", pencil: "📝", page_facing_up: "📄",
  clipboard: "📋", bar_chart: "📊", chart_with_upwards_trend: "📈", link: "🔗", paperclip: "📎", pushpin: "📌",
  mag: "🔍", lock: "🔒", unlock: "🔓", closed_lock_with_key: "🔐", key: "🔑", shield: "🛡️", bell: "🔔",
  no_bell: "🔕", email: "📧", incoming_envelope: "📨", speech_balloon: "💬", loudspeaker: "📢", mega: "📣",
  gear: "⚙️", wrench: "🔧", hammer_and_wrench: "🛠️", toolbox: "🧰", bulb: "💡", bug: "🐛", fire: "🔥", boom: "💥",
  rocket: "🚀", tada: "🎉", sparkles: "✨", star: "⭐", zap: "⚡", construction: "🚧", robot_face: "🤖", ghost: "👻",
  bust_in_silhouette: "👤", busts_in_silhouette: "👥", house: "🏠", office: "🏢", globe_with_meridians: "🌐",
  seedling: "🌱", small_blue_diamond: "🔹", small_orange_diamond: "🔸", one: "1️⃣", two: "2️⃣", three: "3️⃣",
};

/** The character of a name such as white_check_mark, or the name between colons. */
export function emoji(name) {
  const base = name.split("::")[0];
  return Object.hasOwn(EMOJI, base) ? EMOJI[base] : `:${name}:`;
}

export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+'-]+(?:::skin-tone-\d)?):/g, (_, name) => emoji(name));
}
