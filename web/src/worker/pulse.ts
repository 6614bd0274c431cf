// Decides when to ask the host for a sign of life. Pure: time comes in, in milliseconds.
//
// While something happens the round trip is measured each second. When nothing happens there is only a keep-alive, far
// more often than the time after which the gateway takes a silent link for dead (two minutes).

const EVERY_MS = 1000;
export const KEEP_ALIVE_MS = 45_000;
/** How long measuring goes on after the last event. */
const AWAKE_MS = 10_000;
/** A link that gives no sign of life for so long after being asked is lost. */
export const LOST_MS = 6000;

export type Beat = "nothing" | "ping" | "lost";

export class Pulse {
  #active = -Infinity;
  #asked: number | null = null;
  #lastPing = -Infinity;

  /** Something was sent or shown. */
  active(now: number): void {
    this.#active = now;
  }

  /** Anything came from the host. */
  alive(): void {
    this.#asked = null;
  }

  beat(now: number): Beat {
    if (this.#asked !== null && now - this.#asked >= LOST_MS) return "lost";
    const every = now - this.#active > AWAKE_MS ? KEEP_ALIVE_MS : EVERY_MS;
    if (now - this.#lastPing < every) return "nothing";
    this.#lastPing = now;
    this.#asked ??= now;
    return "ping";
  }

  /** Whether nothing happens and nothing is awaited: only keep-alives are due until the next `active`. */
  asleep(now: number): boolean {
    return this.#asked === null && now - this.#active > AWAKE_MS;
  }
}
