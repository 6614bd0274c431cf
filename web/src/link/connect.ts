// What the page asks the portal: a way to the session, its end, and to be signed out.

/** What the portal put into the page. */
export interface SessionData {
  session: string;
  name: string;
  kind: "desktop" | "application";
  lang: "ja" | "en";
  csrf: string;
  connect_url: string;
  end_url: string;
  here_url: string;
  home_url: string;
}

/** Where a launch's time went, in milliseconds; null for what has not happened. */
export interface Steps {
  place_ms: number | null;
  start_ms: number | null;
  connect_ms: number | null;
  total_ms: number;
}

export type ConnectAnswer =
  | { state: "starting"; steps: Steps; retry_ms: number }
  | { state: "ready"; steps: Steps; relay_url: string; ticket: string }
  | { state: "ended"; reason: string }
  /** Signed out, or signed in as somebody else since. */
  | { state: "signed-out" }
  /** No such session (any more), for this user. */
  | { state: "gone" }
  /** The portal cannot be reached or cannot answer; worth another try. */
  | { state: "unreachable" };

/** How long an answer may take. */
const ANSWER_MS = 10_000;

export async function askToConnect(data: SessionData): Promise<ConnectAnswer> {
  const answer = await post(data, data.connect_url);
  if (!answer) return { state: "unreachable" };
  // Without a session of the web the portal sends to the sign-in page; a page from before a new sign-in has an old token.
  if (answer.redirected || answer.status === 401 || answer.status === 403) return { state: "signed-out" };
  if (answer.status === 404) return { state: "gone" };
  if (!answer.ok) return { state: "unreachable" };
  return answer.json().then(
    (body: ConnectAnswer) => body,
    () => ({ state: "unreachable" }),
  );
}

/** Ends the session; its unsaved work is lost. Whether the portal took it. */
export async function askToEnd(data: SessionData): Promise<boolean> {
  const answer = await post(data, data.end_url);
  return answer?.ok === true && !answer.redirected;
}

/** Says that somebody works in the session. What comes of it does not matter here: a sign-in that is over cuts the link. */
export function tellHere(data: SessionData): void {
  const signal = AbortSignal.timeout(ANSWER_MS);
  fetch(data.here_url, { cache: "no-store", redirect: "manual", signal }).catch(() => undefined);
}

/** Leaves the page by the portal's own form. */
export function signOut(data: SessionData): void {
  submit("/sign-out", data.csrf);
}

function post(data: SessionData, url: string): Promise<Response | null> {
  return fetch(url, {
    method: "POST",
    headers: { "x-csrf-token": data.csrf, accept: "application/json" },
    cache: "no-store",
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => null);
}

function submit(action: string, csrf: string): void {
  const form = document.createElement("form");
  form.method = "post";
  form.action = action;
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name: "csrf", value: csrf });
  form.append(field);
  document.body.append(form);
  form.submit();
}
