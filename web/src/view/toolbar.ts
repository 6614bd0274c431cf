// The controls of a session: a tab at the top that opens a panel.
import type { Figures } from "../link/protocol.ts";
import { duration, type T } from "../text/texts.ts";
import type { Quality } from "../wire/client.ts";
import { button, el, setText } from "./dom.ts";
import { FigureList, latencyMs } from "./figures.ts";
import { keysMenu, type MenuKey } from "./keysmenu.ts";

export interface ToolbarActions {
  quality(quality: Quality): void;
  keys(keys: MenuKey[]): void;
  lockPointer(): void;
  showKeyboard(): void;
  copy(): void;
  disconnect(): void;
  signOut(): void;
  end(): void;
  /** The panel closed; the keyboard belongs to the session again. */
  closed(): void;
}

const QUALITIES: Quality[] = ["auto", "sharp", "smooth"];
const MESSAGE_MS = 8000;

export class Toolbar {
  readonly #t: T;
  readonly #actions: ToolbarActions;
  readonly #root: HTMLElement;
  readonly #tab: HTMLButtonElement;
  /** What the tab does, for those who do not see it. */
  readonly #tabName = el("span", { className: "unseen" });
  readonly #latency = el("span", { className: "latency" });
  readonly #panel: HTMLElement;
  readonly #figures: FigureList;
  readonly #copy: HTMLButtonElement;
  readonly #message = el("p", { className: "message", attributes: { role: "status" } });
  #messageTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(parent: HTMLElement, t: T, name: string, h264: () => boolean, actions: ToolbarActions) {
    this.#t = t;
    this.#actions = actions;
    this.#figures = new FigureList(t, h264);
    this.#copy = button(t("action.copy"), () => actions.copy(), "button primary");
    this.#copy.hidden = true;
    this.#panel = this.#makePanel(name);
    this.#tab = button("", () => this.toggle(), "tab");
    this.#tab.append(this.#tabName, el("span", { className: "dot" }), this.#latency, el("span", { className: "chevron" }));
    this.#tab.setAttribute("aria-controls", this.#panel.id);
    this.#tab.setAttribute("aria-keyshortcuts", "Control+Alt+Home");
    this.#root = el("section", { className: "bar", attributes: { "aria-label": t("bar.label") } });
    this.#root.append(this.#tab, this.#copy, this.#message, this.#panel);
    this.#root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isOpen) this.close();
    });
    parent.append(this.#root);
    this.#setOpen(false);
  }

  get isOpen(): boolean {
    return !this.#panel.hidden;
  }

  /** Opens or closes the panel; by the keyboard, its first control is next. */
  toggle(): void {
    if (this.isOpen) return this.close();
    this.#setOpen(true);
    this.#tab.focus();
  }

  close(): void {
    if (!this.isOpen) return;
    this.#setOpen(false);
    this.#actions.closed();
  }

  /** Makes room for what matters more, and leaves the keyboard where it is. */
  fold(): void {
    this.#setOpen(false);
  }

  show(figures: Figures): void {
    const total = latencyMs(figures);
    setText(this.#latency, total === null ? "" : duration(this.#t, total));
    if (this.isOpen) this.#figures.show(figures);
  }

  launched(ms: number): void {
    this.#figures.launched(ms);
  }

  /** Whether the picture is live. There is nothing to control before it was so once. */
  setLive(isLive: boolean): void {
    if (isLive || this.#root.dataset["live"]) this.#root.dataset["live"] = String(isLive);
  }

  /** Whether something of the session's clipboard waits for a click. */
  setPendingCopy(isPending: boolean): void {
    this.#copy.hidden = !isPending;
    if (isPending) this.say(this.#t("clipboard.waiting"));
  }

  /** Says something for a while. */
  say(text: string): void {
    setText(this.#message, text);
    clearTimeout(this.#messageTimer);
    this.#messageTimer = setTimeout(() => setText(this.#message, ""), MESSAGE_MS);
  }

  #setOpen(isOpen: boolean): void {
    this.#panel.hidden = !isOpen;
    this.#tab.setAttribute("aria-expanded", String(isOpen));
    setText(this.#tabName, this.#t(isOpen ? "bar.hide" : "bar.show"));
  }

  #makePanel(name: string): HTMLElement {
    const t = this.#t;
    const actions = this.#actions;
    const keys = keysMenu(t, (sent) => actions.keys(sent));
    const away = (act: () => void) => () => {
      this.close();
      act();
    };
    const lock = button(t("action.lock"), away(() => actions.lockPointer()));
    lock.title = t("action.lock.hint");
    const tools = el("div", { className: "actions" }, this.#quality(), fullScreenButton(t), keys.opener, lock);
    if (matchMedia("(any-pointer: coarse)").matches) {
      tools.append(button(t("action.keyboard"), away(() => actions.showKeyboard())));
    }
    const leave = el(
      "div",
      { className: "actions leave" },
      button(t("action.disconnect"), () => actions.disconnect()),
      button(t("action.sign-out"), () => actions.signOut()),
      button(t("action.end"), () => actions.end(), "button danger"),
    );
    const hint = el("p", { className: "hint", textContent: t("bar.shortcut") });
    const title = el("h2", { textContent: name });
    return el("div", { className: "panel", id: "session-panel" }, title, this.#figures.root, tools, keys.list, leave, hint);
  }

  #quality(): HTMLElement {
    const options = QUALITIES.map((value) => el("option", { value, textContent: this.#t(`quality.${value}`) }));
    const select = el("select", { id: "session-quality" }, ...options);
    select.addEventListener("change", () => this.#actions.quality(select.value as Quality));
    return el("label", { className: "field" }, el("span", { textContent: this.#t("quality.label") }), select);
  }
}

function fullScreenButton(t: T): HTMLButtonElement {
  const toggle = button(t("action.fullscreen"), () => void switchFullScreen());
  toggle.hidden = !document.fullscreenEnabled;
  document.addEventListener("fullscreenchange", () => {
    setText(toggle, t(document.fullscreenElement ? "action.fullscreen-off" : "action.fullscreen"));
  });
  return toggle;
}

/** In full screen the session also gets the keys that the system would take, where the browser can do that. */
async function switchFullScreen(): Promise<void> {
  try {
    if (document.fullscreenElement) return await document.exitFullscreen();
    await document.documentElement.requestFullscreen();
    const { keyboard } = navigator as Navigator & { keyboard?: { lock?: () => Promise<void> } };
    await keyboard?.lock?.();
  } catch {
    // Refused: the button keeps saying what it would do.
  }
}
