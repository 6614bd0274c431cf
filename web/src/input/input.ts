// All input of a session: which events go where, in which order, and when nothing may stay pressed.
import type { ClientMessage } from "../wire/client.ts";
import { textPieces } from "../wire/client.ts";
import type { Clipboard } from "./clipboard.ts";
import { listenToField, type FieldText } from "./ime.ts";
import { Keyboard, platform } from "./keyboard.ts";
import { Accumulator, Pointer, pictureAt } from "./pointer.ts";
import { InputQueue } from "./queue.ts";
import { Touch } from "./touch.ts";

export interface InputParts {
  /** What the pointer moves over. */
  surface: HTMLElement;
  canvas: HTMLCanvasElement;
  /** Takes the keyboard and the input method. */
  field: HTMLTextAreaElement;
  picture: () => { width: number; height: number };
  clipboard: Clipboard;
  send: (message: ClientMessage) => void;
  /** While the pointer is captured: where it is in the picture, as far as is known here. */
  captured: (x: number, y: number) => void;
  /** Whether the session takes input now. */
  isLive: () => boolean;
  toggleToolbar: () => void;
}

/** How long a key that pastes waits for what it pastes. */
const PASTE_MS = 150;
const EDIT_KEYS = { backspace: { keysym: 0xff08, code: 14 }, enter: { keysym: 0xff0d, code: 28 } };
/** What is not the session's: its keys and clicks stay in the page. */
const CONTROLS = ".bar, dialog, .cover, .waiting";

export class Input {
  readonly pointer: Pointer;
  readonly #parts: InputParts;
  readonly #queue: InputQueue<ClientMessage>;
  readonly #keyboard: Keyboard;
  readonly #text: FieldText;
  readonly #wheel = new Accumulator();
  #released = () => {};

  constructor(parts: InputParts) {
    this.#parts = parts;
    this.#queue = new InputQueue(parts.send);
    const send = (message: ClientMessage) => {
      if (parts.isLive()) this.#queue.push(message);
    };
    this.#keyboard = new Keyboard(send, platform());
    this.#text = listenToField(
      parts.field,
      (text) => {
        for (const piece of textPieces(text)) send({ type: "text", text: piece });
      },
      (edit) => this.#keyboard.combination([EDIT_KEYS[edit]]),
    );
    this.pointer = new Pointer(parts, send);
    this.#listenToFingers(send);
    this.#listenToKeys();
    this.#listenToFocus();
  }

  /** Sends a combination from a menu. */
  combination(keys: { keysym: number; code: number }[]): void {
    this.#keyboard.combination(keys);
  }

  /** The keyboard belongs to the session. */
  focus(): void {
    this.#parts.field.focus({ preventScroll: true });
  }

  /** Nothing is pressed any more. */
  releaseAll(): void {
    this.#text.drop();
    this.#keyboard.releaseAll();
  }

  #listenToKeys(): void {
    addEventListener("keydown", (event) => this.#keyDown(event), true);
    addEventListener("keyup", (event) => this.#keyboard.up(event), true);
    addEventListener("paste", (event) => this.#paste(event), true);
    const { surface, field } = this.#parts;
    surface.addEventListener("pointerdown", (event) => {
      // A finger should not bring up the on-screen keyboard each time.
      if (event.pointerType !== "touch") this.focus();
      // The candidates of an input method appear where the work is.
      const box = surface.getBoundingClientRect();
      field.style.left = `${Math.min(event.clientX, box.right - field.offsetWidth)}px`;
      field.style.top = `${Math.min(event.clientY, box.bottom - field.offsetHeight)}px`;
    });
    // Else the field would lose the keyboard to the body with each click.
    surface.addEventListener("mousedown", (event) => event.preventDefault());
  }

  #keyDown(event: KeyboardEvent): void {
    if (event.ctrlKey && event.altKey && event.code === "Home") {
      event.preventDefault();
      this.releaseAll();
      this.#parts.toggleToolbar();
      return;
    }
    if (isControl(event.target) || !this.#parts.isLive()) return;
    // A key that was pressed before anything had the keyboard; text of an input method would have nowhere to go.
    if (document.activeElement !== this.#parts.field) this.focus();
    if (this.#parts.clipboard.takesPaste && !event.repeat && isPaste(event)) return this.#keyThatPastes(event);
    if (this.#keyboard.down(event)) event.preventDefault();
  }

  /** The browser itself says what is pasted, without asking the user; the key waits for that. */
  #keyThatPastes(event: KeyboardEvent): void {
    const release = this.#queue.hold();
    this.#keyboard.down(event);
    const timer = setTimeout(release, PASTE_MS);
    this.#released = () => {
      clearTimeout(timer);
      release();
    };
  }

  #paste(event: ClipboardEvent): void {
    if (isControl(event.target)) return;
    event.preventDefault();
    const released = this.#released;
    void this.#parts.clipboard.paste(event.clipboardData).finally(() => released());
  }

  #listenToFocus(): void {
    const { field, clipboard } = this.#parts;
    addEventListener("blur", () => this.releaseAll());
    field.addEventListener("blur", () => this.releaseAll());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.releaseAll();
    });
    addEventListener("focus", () => {
      if (document.activeElement === document.body) this.focus();
      void clipboard.look();
    });
  }

  #listenToFingers(send: (message: ClientMessage) => void): void {
    const { surface, canvas, picture } = this.#parts;
    const touch = new Touch({
      pointer: (at, buttons) => {
        const where = pictureAt({ clientX: at.x, clientY: at.y }, canvas.getBoundingClientRect(), picture());
        send({ type: "pointer", ...where, buttons });
      },
      wheel: (dx, dy) => {
        const turned = this.#wheel.add(dx, dy);
        if (turned) send({ type: "wheel", ...turned });
      },
    });
    const listen = (type: "pointerdown" | "pointermove" | "pointerup" | "pointercancel", act: (e: PointerEvent) => void) =>
      surface.addEventListener(type, (event) => {
        if (event.pointerType === "touch") act(event);
      });
    listen("pointerdown", (event) => touch.down(event.pointerId, { x: event.clientX, y: event.clientY }));
    listen("pointermove", (event) => touch.move(event.pointerId, { x: event.clientX, y: event.clientY }));
    listen("pointerup", (event) => touch.up(event.pointerId));
    listen("pointercancel", (event) => touch.stop(event.pointerId));
  }
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(CONTROLS) !== null;
}

function isPaste({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): boolean {
  return ((ctrlKey || metaKey) && !altKey && key.toLowerCase() === "v") || (shiftKey && key === "Insert") || key === "Paste";
}
