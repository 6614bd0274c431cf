// The page's side of the connection: gets tickets, lets the Worker connect, and comes back by itself.
import type { ClientMessage } from "../wire/client.ts";
import type { Rights } from "../wire/host.ts";
import { pauseMs } from "./backoff.ts";
import { askToConnect, type SessionData, type Steps } from "./connect.ts";
import type { FromWorker, ToWorker, WindowSize } from "./protocol.ts";
import { afterClose, afterEnded, type Stop, type Verdict } from "./verdict.ts";

/** How far a connection is: none yet, on its way, or the display has answered. */
export type Reached = "nothing" | "gateway" | "display";

export type LinkState =
  /** No picture yet. */
  | { is: "waiting"; steps: Steps | null; reached: Reached; unreachable: boolean }
  | { is: "open" }
  /** There was a picture; it comes back by itself. */
  | { is: "lost" }
  /** It comes back when the user says so. */
  | { is: "stopped"; why: Stop }
  | { is: "ended"; reason: string }
  | { is: "signed-out" };

export interface LinkEvents {
  state(state: LinkState): void;
  rights(rights: Rights): void;
}

/** The host says hello within this, or the connection is given up. */
const HELLO_MS = 15_000;
/** A connection that showed a picture for so long was a good one. */
const HELD_MS = 3000;
/** After the host said that the session is over, the portal hears of it within this. */
const ENDING_MS = 5000;
const ENDING_PAUSE_MS = 400;

export class Link {
  readonly #data: SessionData;
  readonly #worker: (message: ToWorker) => void;
  readonly #window: () => WindowSize;
  readonly #events: LinkEvents;
  #state: LinkState = { is: "waiting", steps: null, reached: "nothing", unreachable: false };
  #attempt = 0;
  #failures = 0;
  #hadPicture = false;
  #openedAt: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Set while a pause runs that can be cut short. */
  #isPausing = false;

  constructor(data: SessionData, worker: (message: ToWorker) => void, window: () => WindowSize, events: LinkEvents) {
    this.#data = data;
    this.#worker = worker;
    this.#window = window;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#state.is === "open";
  }

  /** Connects, or does so again at once. */
  connect(): void {
    this.#failures = 0;
    this.#set(this.#hadPicture ? { is: "lost" } : this.#waiting(null, "nothing"));
    this.#try();
  }

  send(message: ClientMessage): void {
    if (this.isOpen) this.#worker({ type: "send", message });
  }

  /** The network or the user came back. */
  check(): void {
    if (this.#isPausing) this.#try();
    else if (this.isOpen) this.#worker({ type: "check" });
  }

  /** Whatever is going on stops. */
  close(): void {
    this.#attempt += 1;
    this.#pauseThen(null);
    this.#worker({ type: "close" });
  }

  /** What the Worker says about the connection; true when it was for the link. */
  take(message: FromWorker): boolean {
    switch (message.type) {
      case "hello":
        if (message.attempt !== this.#attempt) return true;
        clearTimeout(this.#timer);
        this.#events.rights(message.rights);
        if (this.#state.is === "waiting") this.#set(this.#waiting(this.#state.steps, "display"));
        return true;
      case "first-frame":
        if (message.attempt !== this.#attempt) return true;
        this.#openedAt = performance.now();
        this.#hadPicture = true;
        this.#set({ is: "open" });
        return true;
      case "closed":
        if (message.attempt !== this.#attempt) return true;
        this.#countFailures();
        this.#follow(afterClose(message.code, this.#failures));
        return true;
      case "ended":
        if (message.attempt !== this.#attempt) return true;
        this.#countFailures();
        this.#follow(afterEnded(message.why, this.#failures));
        return true;
      default:
        return false;
    }
  }

  #try(): void {
    this.#pauseThen(null);
    void this.#connect(++this.#attempt);
  }

  async #connect(attempt: number): Promise<void> {
    const answer = await askToConnect(this.#data);
    if (attempt !== this.#attempt) return;
    switch (answer.state) {
      case "ready":
        if (!this.#hadPicture) this.#set(this.#waiting(answer.steps, "gateway"));
        this.#worker({
          type: "open",
          attempt,
          url: answer.relay_url,
          ticket: answer.ticket,
          window: this.#window(),
          language: navigator.language.slice(0, 64),
        });
        this.#timer = setTimeout(() => this.#givenUp(attempt), HELLO_MS);
        return;
      case "starting":
        if (!this.#hadPicture) this.#set(this.#waiting(answer.steps, "nothing"));
        return this.#pauseThen(answer.retry_ms);
      case "unreachable":
        if (!this.#hadPicture) this.#set({ ...this.#waiting(null, "nothing"), unreachable: true });
        return this.#retry();
      default:
        this.#final(answer);
    }
  }

  #givenUp(attempt: number): void {
    if (attempt !== this.#attempt) return;
    this.#worker({ type: "close" });
    this.#retry();
  }

  /** A connection that held for a while makes up for those that failed before it. */
  #countFailures(): void {
    if (this.#openedAt !== null && performance.now() - this.#openedAt >= HELD_MS) this.#failures = 0;
    this.#openedAt = null;
  }

  #follow(verdict: Verdict): void {
    clearTimeout(this.#timer);
    switch (verdict.next) {
      case "retry":
        if (this.#hadPicture) this.#set({ is: "lost" });
        return this.#retry();
      case "ask":
        if (this.#hadPicture) this.#set({ is: "lost" });
        return void this.#ask(++this.#attempt, verdict.otherwise, performance.now());
      case "stop":
        this.#attempt += 1;
        this.#set({ is: "stopped", why: verdict.why });
    }
  }

  #retry(): void {
    this.#pauseThen(pauseMs(this.#failures));
    this.#failures += 1;
  }

  /** Finds out why it is over. The portal may hear of it a little later than the page. */
  async #ask(attempt: number, otherwise: Stop, since: number): Promise<void> {
    const answer = await askToConnect(this.#data);
    if (attempt !== this.#attempt) return;
    if (answer.state === "ended" || answer.state === "gone" || answer.state === "signed-out") return this.#final(answer);
    if (performance.now() - since > ENDING_MS) return this.#set({ is: "stopped", why: otherwise });
    this.#timer = setTimeout(() => void this.#ask(attempt, otherwise, since), ENDING_PAUSE_MS);
  }

  #final(answer: { state: "ended"; reason: string } | { state: "gone" } | { state: "signed-out" }): void {
    this.#attempt += 1;
    if (answer.state === "signed-out") this.#set({ is: "signed-out" });
    else this.#set({ is: "ended", reason: answer.state === "ended" ? answer.reason : "gone" });
  }

  /** Tries after the pause; null only stops the pause that runs. */
  #pauseThen(ms: number | null): void {
    clearTimeout(this.#timer);
    this.#isPausing = ms !== null;
    if (ms !== null) this.#timer = setTimeout(() => this.#try(), ms);
  }

  #waiting(steps: Steps | null, reached: Reached): Extract<LinkState, { is: "waiting" }> {
    return { is: "waiting", steps, reached, unreachable: false };
  }

  #set(state: LinkState): void {
    this.#state = state;
    this.#events.state(state);
  }
}
