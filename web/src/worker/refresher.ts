// Asks the host to send everything anew when the picture is damaged, but not for each frame that was already on its way.

const PAUSE_MS = 500;

export class Refresher {
  readonly #ask: () => void;
  #pause: ReturnType<typeof setTimeout> | null = null;
  #failedAgain = false;

  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** A frame could not be applied. */
  failed(): void {
    if (this.#pause !== null) {
      this.#failedAgain = true;
      return;
    }
    this.#failedAgain = false;
    this.#ask();
    this.#pause = setTimeout(() => {
      this.#pause = null;
      if (this.#failedAgain) this.failed();
    }, PAUSE_MS);
  }

  close(): void {
    if (this.#pause !== null) clearTimeout(this.#pause);
  }
}
