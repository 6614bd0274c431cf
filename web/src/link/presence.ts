// Tells the portal now and then that somebody works in the session: its sign-in must not end as unused meanwhile.

/** The portal keeps to the minute when a sign-in was last used. */
const EVERY_MS = 60_000;

export class Presence {
  readonly #tell: () => void;
  readonly #now: () => number;
  #toldAt = -Infinity;

  constructor(tell: () => void, now: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
  }

  /** Somebody pressed, moved or typed something. */
  worked(): void {
    const now = this.#now();
    if (now - this.#toldAt < EVERY_MS) return;
    this.#toldAt = now;
    this.#tell();
  }
}
