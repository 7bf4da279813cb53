// Times as a reader of English sees them, in the time zone of this browser, as Slack does.

const LANGUAGE = navigator.language.startsWith("en") ? navigator.language : "en-GB";

const format = (options) => new Intl.DateTimeFormat(LANGUAGE, options);
const TIME = format({ hour: "numeric", minute: "2-digit" });
const TIME_SECONDS = format({ hour: "numeric", minute: "2-digit", second: "2-digit" });
const NUMBERS = format({ year: "numeric", month: "2-digit", day: "2-digit" });
const SHORT = format({ year: "numeric", month: "short", day: "numeric" });
const LONG = format({ year: "numeric", month: "long", day: "numeric" });
const WEEKDAY = format({ weekday: "long", year: "numeric", month: "long", day: "numeric" });
const DIVIDER = format({ weekday: "long", month: "long", day: "numeric" });

/** A message's ts as a date. */
export function dateOf(ts) {
  return new Date(Number(ts) * 1000);
}

export function clock(date) {
  return TIME.format(date);
}

export function full(date) {
  return `${WEEKDAY.format(date)}, ${TIME_SECONDS.format(date)}`;
}

export function day(date) {
  return near(date, "Today", "Yesterday", "Tomorrow") ?? DIVIDER.format(date);
}

function ago(date) {
  const seconds = Math.round((date - Date.now()) / 1000);
  const relative = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto" });
  for (const [unit, size] of [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
  ]) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return relative.format(seconds, "second");
}

/** Slack's tokens, {date_short_pretty} at {time}; an unknown token stays as it is. */
export function slackDate(seconds, pattern) {
  const date = new Date(seconds * 1000);
  const tokens = {
    date_num: () => NUMBERS.format(date),
    date_slash: () => NUMBERS.format(date),
    date: () => LONG.format(date),
    date_short: () => SHORT.format(date),
    date_long: () => WEEKDAY.format(date),
    date_pretty: () => near(date) ?? LONG.format(date),
    date_short_pretty: () => near(date) ?? SHORT.format(date),
    date_long_pretty: () => near(date) ?? WEEKDAY.format(date),
    day_divider_pretty: () => near(date) ?? DIVIDER.format(date),
    time: () => TIME.format(date),
    time_secs: () => TIME_SECONDS.format(date),
    ago: () => ago(date),
  };
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => tokens[name]?.() ?? whole);
}

function near(date, today = "today", yesterday = "yesterday", tomorrow = "tomorrow") {
  const midnight = (of) => new Date(of.getFullYear(), of.getMonth(), of.getDate());
  const days = Math.round((midnight(date) - midnight(new Date())) / 86_400_000);
  return { 0: today, "-1": yesterday, 1: tomorrow }[days] ?? null;
}
