// What the page asks the workspace's server. The page's token is a cookie, so nothing of it is handled here.

const UNREACHABLE = "The local workspace does not answer. Nothing was sent. Is restorebot demo still running?";

const STRANGER = 403;
const AGAIN_MS = 10_000; // a page whose cookie is refused for good is not loaded for ever

/** There is no server, or none that knows this page. */
export class Unreachable extends Error {}

/** The answer as JSON, {ok: false, error} for what is not there. Throws Unreachable. */
export async function get(path, parameters = {}, signal = undefined) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined));
  try {
    const answer = await fetch(`${path}?${query}`, { signal, headers: { accept: "application/json" } });
    if (answer.status === STRANGER) loadAgain();
    return await answer.json();
  } catch (cause) {
    throw new Unreachable(path, { cause });
  }
}

/** The server was started anew and does not know this page any more; loading it again makes them known. */
function loadAgain() {
  const before = Number(sessionStorage.getItem("loaded-again") ?? 0);
  if (Date.now() - before < AGAIN_MS) return;
  sessionStorage.setItem("loaded-again", String(Date.now()));
  location.reload();
}

/** Never throws: a server that does not answer is an answer with ok false and the sentence to show. */
export async function post(path, body) {
  try {
    const answer = await request(path, body);
    const said = await answer.json();
    return said.ok ? said : { ok: false, shown: `That did not work: ${said.error ?? answer.status}.`, ...said };
  } catch {
    return { ok: false, error: "unreachable", shown: UNREACHABLE };
  }
}

/** A file as the browser saves it. */
export async function download(file) {
  let answer;
  try {
    answer = await request("/page/download", { file: file.id });
  } catch {
    return { ok: false, error: "unreachable", shown: UNREACHABLE };
  }
  if (!answer.ok) return { ok: false, error: String(answer.status), shown: `${file.name} could not be downloaded.` };
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return { ok: true };
}

function request(path, body) {
  return fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
