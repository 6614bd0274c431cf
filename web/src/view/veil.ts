// Over a picture that is not live: says so, and that it comes back by itself.
import type { T } from "../text/texts.ts";
import { button, el, setText } from "./dom.ts";

/** Most links are back before anybody could read anything; until then the picture only turns grey. */
const QUIET_MS = 700;
const LONG_MS = 12_000;

export class Veil {
  readonly #t: T;
  readonly #screen: HTMLElement;
  readonly #text = el("p");
  readonly #root: HTMLElement;
  #timers: ReturnType<typeof setTimeout>[] = [];

  constructor(parent: HTMLElement, screen: HTMLElement, t: T, tryNow: () => void) {
    this.#t = t;
    this.#screen = screen;
    const title = el("h2", { textContent: t("lost.title") });
    const card = el("div", { className: "card", attributes: { role: "status" } }, title, this.#text);
    card.append(el("div", { className: "actions" }, button(t("lost.now"), tryNow)));
    this.#root = el("section", { className: "cover veil", hidden: true }, card);
    parent.append(this.#root);
  }

  show(): void {
    if (this.#screen.classList.contains("stale")) return;
    this.#screen.classList.add("stale");
    setText(this.#text, this.#t("lost.text"));
    this.#timers = [
      setTimeout(() => (this.#root.hidden = false), QUIET_MS),
      setTimeout(() => setText(this.#text, this.#t("lost.long")), LONG_MS),
    ];
  }

  hide(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#screen.classList.remove("stale");
    this.#root.hidden = true;
  }
}
