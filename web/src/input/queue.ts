// Keeps input in order while something that must come first is not ready: a pasted text goes before the key that pastes.

export class InputQueue<T> {
  readonly #send: (item: T) => void;
  #held: T[] | null = null;
  #hold = 0;

  constructor(send: (item: T) => void) {
    this.#send = send;
  }

  push(item: T): void {
    if (this.#held) this.#held.push(item);
    else this.#send(item);
  }

  /** Holds everything that comes from now on until it is released; returns what releases it, once. */
  hold(): () => void {
    this.#held ??= [];
    const hold = ++this.#hold;
    return () => {
      if (hold === this.#hold) this.#release();
    };
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const item of held) this.#send(item);
  }
}
