// Decides when to ask the host for a sign of life. Pure: time comes in, in milliseconds.
//
// While something happens the round trip is measured each second. When nothing happens nothing is sent, so that an idle
// session costs nothing and the gateway can see that it is idle.

const EVERY_MS = 1000;
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
    if (now - this.#active > AWAKE_MS || now - this.#lastPing < EVERY_MS) return "nothing";
    this.#lastPing = now;
    this.#asked ??= now;
    return "ping";
  }

  /** Whether nothing happens and nothing is awaited: no beat is due before the next `active`. */
  asleep(now: number): boolean {
    return this.#asked === null && now - this.#active > AWAKE_MS;
  }
}
