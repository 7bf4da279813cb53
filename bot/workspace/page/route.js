// Where the page is: {person, channel ("home" for the app's Home), thread}, in the address after #.

export function route() {
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

/** The address of another place; a thread stays open only if it is named. */
export function address(changes) {
  const next = { ...route(), thread: undefined, ...changes };
  return `#${new URLSearchParams(Object.entries(next).filter(([, value]) => value))}`;
}

/** The place of a message's permalink, or null for any other URL. */
export function placeOf(url) {
  const { origin, pathname, searchParams } = new URL(url, location.href);
  const found = origin === location.origin && /^\/archives\/(\w+)\/p(\d+)(\d{6})$/.exec(pathname);
  if (!found) return null;
  const [, channel, seconds, micros] = found;
  return { channel, thread: searchParams.get("thread_ts") ?? `${seconds}.${micros}` };
}

/** A page that was opened by a permalink goes on as any other. */
export function settle() {
  const place = placeOf(location.href);
  if (place) history.replaceState(null, "", `/${address(place)}`);
}
