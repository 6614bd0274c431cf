// The page of a session: puts the parts together.
import "./view/session.css";
import { Clipboard } from "./input/clipboard.ts";
import { Input } from "./input/input.ts";
import { askToEnd, signOut, tellHere, type SessionData } from "./link/connect.ts";
import { Link, type LinkState } from "./link/link.ts";
import { Presence } from "./link/presence.ts";
import type { FromWorker, ToWorker, WindowSize } from "./link/protocol.ts";
import { texts } from "./text/texts.ts";
import { askToEndSession } from "./view/ask.ts";
import { Screen } from "./view/canvas.ts";
import { Cursor } from "./view/cursor.ts";
import { el } from "./view/dom.ts";
import { Notice, stoppedTexts } from "./view/notice.ts";
import { Toolbar } from "./view/toolbar.ts";
import { Veil } from "./view/veil.ts";
import { Waiting } from "./view/waiting.ts";
import type { ClientMessage, Quality } from "./wire/client.ts";

class Session {
  readonly #data: SessionData;
  readonly #t;
  readonly #main: HTMLElement;
  readonly #surface = el("div", { className: "screen", hidden: true });
  readonly #worker: Worker;
  readonly #link: Link;
  readonly #screen: Screen;
  readonly #cursor: Cursor;
  readonly #clipboard: Clipboard;
  readonly #input: Input;
  readonly #toolbar: Toolbar;
  readonly #waiting: Waiting;
  readonly #veil: Veil;
  readonly #notice: Notice;
  #h264 = false;
  #workerWorks = false;
  #takesInput = false;
  #quality: Quality = "auto";
  /** The window as the host knows it. */
  #told: WindowSize | null = null;
  #launch: { clickedMs: number; at: number } | null = null;

  constructor(data: SessionData, main: HTMLElement, waiting: HTMLElement) {
    this.#data = data;
    this.#main = main;
    this.#t = texts(data.lang);
    const t = this.#t;
    main.append(this.#surface);
    this.#screen = new Screen(this.#surface, () => this.#resized());
    this.#cursor = new Cursor(this.#surface);
    this.#worker = new Worker(new URL("./worker/main.ts", import.meta.url), { type: "module" });
    this.#link = new Link(data, (message) => this.#toWorker(message), () => this.#windowNow(), {
      state: (state) => this.#show(state),
      rights: (rights) => {
        this.#takesInput = rights.input;
        this.#clipboard.allow(rights);
      },
    });
    this.#clipboard = new Clipboard((message) => this.#link.send(message), {
      pending: (isPending) => this.#toolbar.setPendingCopy(isPending),
      tooLarge: () => this.#toolbar.say(t("clipboard.large")),
    });
    this.#toolbar = this.#makeToolbar();
    this.#input = this.#makeInput();
    this.#waiting = new Waiting(waiting, t, data.home_url);
    this.#veil = new Veil(main, this.#surface, t, () => this.#link.connect());
    this.#notice = new Notice(main, t, data.home_url);
  }

  start(): void {
    this.#surface.hidden = false;
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#take(data);
    this.#worker.onerror = () => this.#workerFailed();
    const canvas = this.#screen.offscreen();
    this.#worker.postMessage({ type: "canvas", canvas } satisfies ToWorker, canvas ? [canvas] : []);
    this.#surface.addEventListener("pointerdown", () => this.#toolbar.close());
    addEventListener("online", () => this.#link.check());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#link.check();
    });
    // A page that the browser kept in memory has lost its connection.
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.#link.connect();
    });
  }

  #take(message: FromWorker): void {
    if (this.#link.take(message)) return;
    switch (message.type) {
      case "ready":
        this.#workerWorks = true;
        this.#h264 = message.h264;
        return this.#link.connect();
      case "size":
        return this.#screen.resize(message.w, message.h);
      case "paint":
        this.#screen.paint(message.rect, message.bytes);
        requestAnimationFrame(() => this.#toWorker({ type: "painted" }));
        return;
      case "cursor":
        return this.#cursor.set(message.shape);
      case "pointer-at":
        this.#input.pointer.at(message.x, message.y);
        return this.#showPointer(message.x, message.y);
      case "clipboard":
        return void this.#clipboard.received(message.data);
      case "figures":
        return this.#toolbar.show(message.figures);
    }
  }

  #show(state: LinkState): void {
    this.#toolbar.setLive(state.is === "open");
    if (state.is !== "lost") this.#veil.hide();
    if (state.is !== "waiting") this.#waiting.hide();
    if (state.is !== "stopped" && state.is !== "signed-out") this.#notice.hide();
    switch (state.is) {
      case "waiting":
        if (state.steps) this.#launch = { clickedMs: state.steps.total_ms, at: performance.now() };
        return this.#waiting.show(state);
      case "open":
        return this.#opened();
      case "lost":
        return this.#veil.show();
      case "stopped":
        this.#toolbar.fold();
        return this.#notice.show(stoppedTexts(this.#t, state.why, this.#data.name), () => {
          if (state.why === "version" || state.why === "broken") location.reload();
          else this.#link.connect();
        });
      case "ended":
        // The portal's own page says why, and opens it again.
        return location.reload();
      case "signed-out":
        return this.#signedOut();
    }
  }

  #opened(): void {
    if (this.#launch) this.#toolbar.launched(this.#launch.clickedMs + performance.now() - this.#launch.at);
    this.#launch = null;
    if (this.#quality !== "auto") this.#link.send({ type: "quality", quality: this.#quality });
    this.#resized();
    if (document.hasFocus()) void this.#clipboard.look();
    if (!this.#toolbar.isOpen) this.#input.focus();
  }

  #resized(): void {
    this.#cursor.rescale();
    const now = this.#screen.window();
    const told = this.#told;
    if (!this.#link.isOpen) return;
    if (told && told.w === now.w && told.h === now.h && told.scalePercent === now.scalePercent) return;
    this.#told = now;
    this.#link.send({ type: "resize", ...now });
  }

  #windowNow(): WindowSize {
    this.#told = this.#screen.window();
    return this.#told;
  }

  /** For as long as the browser shows none. */
  #showPointer(x: number, y: number): void {
    const box = this.#screen.canvas.getBoundingClientRect();
    const { width, height } = this.#screen.picture;
    this.#cursor.at((x * box.width) / Math.max(1, width), (y * box.height) / Math.max(1, height));
  }

  #signedOut(): void {
    this.#toolbar.fold();
    const t = this.#t;
    const { name } = this.#data;
    const said = { title: t("signed-out.title"), text: t("signed-out.text", { name }), again: t("signed-out.again") };
    this.#notice.show(said, () => location.reload());
  }

  /** A Worker that never began cannot run in this browser; one that did has met something unforeseen. */
  #workerFailed(): void {
    const t = this.#t;
    this.#link.close();
    if (this.#workerWorks) return this.#show({ is: "stopped", why: "broken" });
    this.#waiting.hide();
    this.#notice.show({ title: t("unsupported.title"), text: t("unsupported.text"), again: null }, () => {});
  }

  #makeToolbar(): Toolbar {
    return new Toolbar(this.#main, this.#t, this.#data.name, () => this.#h264, {
      quality: (quality) => {
        this.#quality = quality;
        this.#link.send({ type: "quality", quality });
      },
      keys: (keys) => this.#input.combination(keys),
      lockPointer: () => void this.#input.pointer.lock(),
      showKeyboard: () => this.#input.focus(),
      copy: () => void this.#clipboard.copyPending(),
      disconnect: () => this.#leave(),
      signOut: () => signOut(this.#data),
      end: () => void this.#end(),
      closed: () => this.#input.focus(),
    });
  }

  #makeInput(): Input {
    const label = this.#t("input.label", { name: this.#data.name });
    const field = el("textarea", { className: "field-of-keys", rows: 1, attributes: { "aria-label": label } });
    // Nothing should correct, complete or translate what goes into the session.
    for (const name of ["autocomplete", "autocorrect", "autocapitalize"]) field.setAttribute(name, "off");
    Object.assign(field, { spellcheck: false, translate: false });
    this.#surface.append(field);
    const presence = new Presence(() => tellHere(this.#data));
    return new Input({
      surface: this.#surface,
      canvas: this.#screen.canvas,
      field,
      picture: () => this.#screen.picture,
      clipboard: this.#clipboard,
      captured: (x, y) => this.#showPointer(x, y),
      send: (message: ClientMessage) => {
        presence.worked();
        this.#link.send(message);
      },
      isLive: () => this.#link.isOpen && this.#takesInput,
      toggleToolbar: () => this.#toolbar.toggle(),
    });
  }

  #leave(): void {
    this.#link.close();
    location.assign(this.#data.home_url);
  }

  async #end(): Promise<void> {
    if (!(await askToEndSession(this.#t, this.#data.name))) return;
    if (await askToEnd(this.#data)) return this.#leave();
    this.#toolbar.say(this.#t("end.failed"));
  }

  #toWorker(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}

const main = document.getElementById("session");
const waiting = document.getElementById("session-waiting");
const data = document.getElementById("session-data")?.textContent;
if (main && waiting && data) new Session(JSON.parse(data) as SessionData, main, waiting).start();
