// The clipboard, both ways. Inwards when the user pastes and, where the browser allows to look, when the window is
// entered; outwards at once, or by a button where the browser wants a click for it.
import { clipboardFits, type ClientMessage } from "../wire/client.ts";
import type { ClipboardData, Rights } from "../wire/host.ts";

const PNG = "image/png";

export interface ClipboardEvents {
  /** There is something to copy that needs a click; or no more. */
  pending(isPending: boolean): void;
  /** What was pasted is larger than a session takes. */
  tooLarge(): void;
}

export class Clipboard {
  readonly #send: (message: ClientMessage) => void;
  readonly #events: ClipboardEvents;
  #rights: Pick<Rights, "clipboardIn" | "clipboardOut"> = { clipboardIn: false, clipboardOut: false };
  /** What this device's clipboard held when it was last looked at. The same again is no news to the session, which may
      have copied something else since that is meant to be pasted. */
  #own = "";
  #pending: ClipboardData | null = null;

  constructor(send: (message: ClientMessage) => void, events: ClipboardEvents) {
    this.#send = send;
    this.#events = events;
  }

  get takesPaste(): boolean {
    return this.#rights.clipboardIn;
  }

  allow(rights: Rights): void {
    this.#rights = rights;
  }

  /** The user pastes: what is there goes to the session. Resolves when it is on its way. */
  async paste(transfer: DataTransfer | null): Promise<void> {
    const text = transfer?.getData("text/plain") ?? "";
    if (text) return this.#offer({ kind: "text", text }, true);
    const image = [...(transfer?.files ?? [])].find(({ type }) => type === PNG);
    if (image) this.#offer({ kind: "png", bytes: new Uint8Array(await image.arrayBuffer()) }, true);
  }

  /** The window was entered: something may have been copied elsewhere. Never asks the user. */
  async look(): Promise<void> {
    if (!this.#rights.clipboardIn || !(await mayRead())) return;
    const text = await navigator.clipboard.readText().catch(() => "");
    if (text) this.#offer({ kind: "text", text }, false);
  }

  /** The session's clipboard changed. */
  async received(data: ClipboardData): Promise<void> {
    if (!this.#rights.clipboardOut) return;
    this.#pending = data;
    await this.copyPending();
  }

  /** Copies what waits for it; within a click even the strictest browsers allow it. */
  async copyPending(): Promise<void> {
    const data = this.#pending;
    if (!data) return;
    const written = await write(data);
    // Something newer may have come meanwhile, and speaks for itself.
    if (this.#pending !== data) return;
    if (written) {
      this.#pending = null;
      this.#own = data.kind === "text" ? data.text : "";
    }
    this.#events.pending(!written);
  }

  #offer(data: ClipboardData, tell: boolean): void {
    if (!this.#rights.clipboardIn) return;
    if (data.kind === "text" && data.text === this.#own) return;
    if (!clipboardFits(data)) {
      if (tell) this.#events.tooLarge();
      return;
    }
    this.#own = data.kind === "text" ? data.text : "";
    this.#send({ type: "clipboard", data });
  }
}

async function write(data: ClipboardData): Promise<boolean> {
  try {
    if (data.kind === "text") await navigator.clipboard.writeText(data.text);
    else await navigator.clipboard.write([new ClipboardItem({ [PNG]: new Blob([data.bytes], { type: PNG }) })]);
    return true;
  } catch {
    return false;
  }
}

/** Whether the clipboard can be read without a question. Only Chromium has such a permission. */
async function mayRead(): Promise<boolean> {
  if (!document.hasFocus()) return false;
  try {
    const { state } = await navigator.permissions.query({ name: "clipboard-read" as PermissionName });
    return state === "granted";
  } catch {
    return false;
  }
}
