// Forms that are sent with a passkey: data-passkey is "create" or "get", data-start is where the question comes from. What
// comes of the answer the service says on a page, as for any form; what the browser alone knows is told beside the button.
import { create, get, type Creation, type Question } from "./ceremony.ts";

const BUSY = "aria-disabled";

function isOffered(): boolean {
  return "PublicKeyCredential" in globalThis && "credentials" in navigator;
}

function field(form: HTMLFormElement, name: string): HTMLInputElement | null {
  return form.querySelector(`input[name="${name}"]`);
}

/** What the person is told of a failure: cancelled or too late, known already, or anything else. */
function textOf(error: unknown, texts: DOMStringMap): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "AbortError") return texts.cancelled ?? "";
  return (name === "InvalidStateError" ? texts.known : texts.failed) ?? "";
}

async function ask(form: HTMLFormElement): Promise<string> {
  const answer = await fetch(form.dataset.start ?? "", {
    method: "POST",
    headers: { "x-csrf-token": field(form, "csrf")?.value ?? "" },
  });
  if (answer.status === 401) {
    // The proof of who one is has become too old meanwhile; the page itself leads there.
    location.reload();
    return new Promise(() => undefined);
  }
  if (!answer.ok) throw new Error(`the question was answered ${answer.status}`);
  const question: unknown = await answer.json();
  return form.dataset.passkey === "create" ? create(question as Creation) : get(question as Question);
}

async function send(form: HTMLFormElement, button: HTMLButtonElement): Promise<void> {
  const problem = form.querySelector<HTMLElement>("[data-problem]");
  const credential = field(form, "credential");
  const text = button.textContent;
  if (!credential || !problem) return;
  problem.textContent = "";
  // Not `disabled`: that would take the focus away from keyboard users.
  button.setAttribute(BUSY, "true");
  button.textContent = form.dataset.wait ?? text;
  try {
    credential.value = await ask(form);
    form.submit();
  } catch (error) {
    button.removeAttribute(BUSY);
    button.textContent = text;
    problem.textContent = textOf(error, form.dataset);
    button.focus();
  }
}

function prepare(form: HTMLFormElement): void {
  const button = form.querySelector<HTMLButtonElement>("button[type=submit]");
  if (!button) return;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (button.getAttribute(BUSY) !== "true") void send(form, button);
  });
  // Coming back by the browser's history shows the page as it was left: make it usable again.
  const text = button.textContent;
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    button.removeAttribute(BUSY);
    button.textContent = text;
  });
}

if (isOffered()) {
  for (const told of document.querySelectorAll<HTMLElement>("[data-passkey-absent]")) told.hidden = true;
  document.querySelectorAll<HTMLFormElement>("form[data-passkey]").forEach(prepare);
}
