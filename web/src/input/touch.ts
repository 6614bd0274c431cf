// Fingers: a tap is a click, a long press the right button, one finger that moves drags, two fingers turn the wheel.
import { NOTCH } from "./pointer.ts";

export interface Point {
  x: number;
  y: number;
}

export interface TouchEvents {
  /** In window coordinates. */
  pointer(at: Point, buttons: number): void;
  wheel(dx: number, dy: number): void;
}

// As the wire has buttons.
const LEFT = 1;
const RIGHT = 4;
const LONG_PRESS_MS = 550;
/** A finger is never quite still. */
const STILL_PX = 10;
/** So many pixels of two fingers' way are a notch. */
const PIXELS_PER_NOTCH = 40;

type Gesture = "none" | "pending" | "drag" | "pressed" | "pan" | "over";

/** Turns touches into a mouse. The timer comes from outside, so that tests need not wait. */
export class Touch {
  readonly #events: TouchEvents;
  readonly #after: (ms: number, task: () => void) => () => void;
  readonly #fingers = new Map<number, Point>();
  #gesture: Gesture = "none";
  #from: Point = { x: 0, y: 0 };
  #cancel = () => {};

  constructor(events: TouchEvents, after = afterTimeout) {
    this.#events = events;
    this.#after = after;
  }

  down(id: number, at: Point): void {
    this.#fingers.set(id, at);
    if (this.#fingers.size === 1) return this.#begin(at);
    this.#cancel();
    if (this.#gesture === "drag") this.#events.pointer(at, 0);
    if (this.#fingers.size === 2 && this.#gesture !== "pressed") {
      this.#gesture = "pan";
      this.#from = this.#middle();
    } else this.#gesture = "over";
  }

  move(id: number, at: Point): void {
    if (!this.#fingers.has(id)) return;
    this.#fingers.set(id, at);
    if (this.#gesture === "pending" && distance(this.#from, at) > STILL_PX) {
      this.#cancel();
      this.#gesture = "drag";
      this.#events.pointer(this.#from, LEFT);
    }
    if (this.#gesture === "drag") this.#events.pointer(at, LEFT);
    if (this.#gesture === "pan") this.#pan();
  }

  up(id: number): void {
    const at = this.#fingers.get(id);
    if (!at) return;
    this.#fingers.delete(id);
    this.#cancel();
    if (this.#gesture === "pending") {
      this.#events.pointer(this.#from, LEFT);
      this.#events.pointer(this.#from, 0);
    }
    if (this.#gesture === "drag") this.#events.pointer(at, 0);
    this.#gesture = this.#fingers.size === 0 ? "none" : "over";
  }

  /** The system took the touch for itself. */
  stop(id: number): void {
    if (this.#gesture === "pending") this.#gesture = "over";
    this.up(id);
  }

  #begin(at: Point): void {
    this.#gesture = "pending";
    this.#from = at;
    this.#events.pointer(at, 0);
    this.#cancel = this.#after(LONG_PRESS_MS, () => {
      this.#gesture = "pressed";
      this.#events.pointer(at, RIGHT);
      this.#events.pointer(at, 0);
    });
  }

  #pan(): void {
    const middle = this.#middle();
    // The content follows the fingers, so the wheel turns the other way.
    const turn = (from: number, to: number) => ((from - to) * NOTCH) / PIXELS_PER_NOTCH;
    this.#events.wheel(turn(this.#from.x, middle.x), turn(this.#from.y, middle.y));
    this.#from = middle;
  }

  #middle(): Point {
    const points = [...this.#fingers.values()];
    const sum = points.reduce((a, b) => ({ x: a.x + b.x, y: a.y + b.y }), { x: 0, y: 0 });
    return { x: sum.x / points.length, y: sum.y / points.length };
  }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function afterTimeout(ms: number, task: () => void): () => void {
  const timer = setTimeout(task, ms);
  return () => clearTimeout(timer);
}
