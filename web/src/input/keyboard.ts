// Keys that go down and up. What is down is known at each moment, so that nothing can stay down for ever.
import type { ClientMessage } from "../wire/client.ts";
import { linuxCode } from "./keycodes.ts";
import { keysymOf } from "./keysyms.ts";

export type KeyMessage = Extract<ClientMessage, { type: "key" | "release-all" }>;
export type Platform = "mac" | "windows" | "other";

export type KeyEvent = Pick<
  KeyboardEvent,
  "key" | "code" | "location" | "repeat" | "isComposing" | "keyCode" | "ctrlKey" | "metaKey" | "timeStamp"
>;

interface Down {
  keysym: number;
  code: number;
}

/** The key code of what an input method has taken (UI Events, "keyCode"). */
const TAKEN_BY_IME = 229;
/** Keys that belong to the client's own input method or layout, or whose text comes in another way. */
const NOT_KEYS = new Set(["Dead", "Process", "Unidentified", "Fn", "FnLock"]);
/** Locks act on the client, where the characters already follow them; a second lock in the session would undo that. */
const LOCKS = new Set(["CapsLock", "NumLock"]);
/** Keys that switch something and that some systems never report as let go. */
const SWITCHES = new Set([
  "Alphanumeric", "Eisu", "Hankaku", "Zenkaku", "ZenkakuHankaku", "Hiragana", "Katakana", "HiraganaKatakana", "Romaji",
  "KanaMode", "KanjiMode", "HangulMode", "HanjaMode", "JunjaMode",
]);
const CONTROL_LEFT: Down = { keysym: 0xffe3, code: 29 };
const ALT_GRAPH = "AltGraph";
/** Windows reports AltGr as the left Control key and, within this time, the right Alt key. */
const ALT_GRAPH_MS = 50;

/** Turns events into messages. Pure but for the timer of AltGr. */
export class Keyboard {
  readonly #send: (message: KeyMessage) => void;
  readonly #platform: Platform;
  readonly #down = new Map<string, Down>();
  #heldControl: { timeStamp: number; timer: ReturnType<typeof setTimeout> } | null = null;

  constructor(send: (message: KeyMessage) => void, platform: Platform) {
    this.#send = send;
    this.#platform = platform;
  }

  /** Whether the session takes the key, so that the browser should do nothing with it. */
  down(event: KeyEvent): boolean {
    this.#resolveControl(event);
    if (event.isComposing || event.keyCode === TAKEN_BY_IME || NOT_KEYS.has(event.key)) return false;
    if (LOCKS.has(event.key)) return true;
    // The display repeats what is held; a repetition of its own would come in bursts on a slow link.
    if (event.repeat && this.#down.has(nameOf(event))) return true;
    if (this.#platform === "windows" && event.code === "ControlLeft") {
      this.#holdControl(event.timeStamp);
      return true;
    }
    const key = this.#translate(event);
    if (key.keysym === 0 && key.code === 0) return false;
    if (this.#isNeverLetGo(event)) this.#tap(key);
    else this.#press(nameOf(event), key);
    return true;
  }

  up(event: KeyEvent): void {
    this.#resolveControl(event);
    this.#release(nameOf(event));
    // While a Command key is down macOS says nothing of other keys that are let go.
    if (this.#platform === "mac" && event.key === "Meta") this.releaseAll();
  }

  /** Presses keys one after another and lets them go in reverse, as for a menu of combinations. */
  combination(keys: Down[]): void {
    for (const key of keys) this.#send({ type: "key", down: true, ...key });
    for (const key of [...keys].reverse()) this.#send({ type: "key", down: false, ...key });
  }

  /** Nothing is down any more: the window lost the keyboard. */
  releaseAll(): void {
    if (this.#heldControl) clearTimeout(this.#heldControl.timer);
    this.#heldControl = null;
    this.#down.clear();
    this.#send({ type: "release-all" });
  }

  #translate(event: KeyEvent): Down {
    // On a Mac, Command is what Control is elsewhere: copy, paste, save and so on work as the fingers expect.
    if (this.#platform === "mac" && event.key === "Meta") return CONTROL_LEFT;
    const code = linuxCode(event.code);
    // The keyboard's "alphanumeric" sits on Caps Lock, and in the session it should not lock anything.
    return { keysym: keysymOf(event), code: event.code === "CapsLock" ? 0 : code };
  }

  #isNeverLetGo(event: KeyEvent): boolean {
    return SWITCHES.has(event.key) || (this.#platform === "mac" && event.metaKey && event.key !== "Meta");
  }

  #press(name: string, key: Down): void {
    // The same key with another character (a layout or a modifier changed while it was down) is let go first.
    this.#release(name);
    this.#down.set(name, key);
    this.#send({ type: "key", down: true, ...key });
  }

  #release(name: string): void {
    const key = this.#down.get(name);
    if (!key) return;
    this.#down.delete(name);
    this.#send({ type: "key", down: false, ...key });
  }

  #tap(key: Down): void {
    this.combination([key]);
  }

  #holdControl(timeStamp: number): void {
    if (this.#heldControl || this.#down.has("ControlLeft")) return;
    const timer = setTimeout(() => this.#passControl(), ALT_GRAPH_MS);
    this.#heldControl = { timeStamp, timer };
  }

  /** The next event tells whether the Control key was one, or a part of AltGr. */
  #resolveControl(event: KeyEvent): void {
    if (!this.#heldControl) return;
    const isAltGraph = event.key === ALT_GRAPH && event.timeStamp - this.#heldControl.timeStamp < ALT_GRAPH_MS;
    if (!isAltGraph) return this.#passControl();
    clearTimeout(this.#heldControl.timer);
    this.#heldControl = null;
  }

  #passControl(): void {
    if (this.#heldControl) clearTimeout(this.#heldControl.timer);
    this.#heldControl = null;
    this.#press("ControlLeft", CONTROL_LEFT);
  }
}

/** What tells keys apart: the place on the keyboard, or the key where a device does not tell the place. */
function nameOf({ code, key }: KeyEvent): string {
  return code && code !== "Unidentified" ? code : `key ${key}`;
}

export function platform(): Platform {
  const name = navigator.platform;
  if (/^(Mac|iPhone|iPad)/.test(name)) return "mac";
  return /^Win/.test(name) ? "windows" : "other";
}
