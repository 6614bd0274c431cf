// The mouse and the pen: where, which buttons, how far the wheel turned.
import type { ClientMessage } from "../wire/client.ts";

/** The wheel's unit on the wire: a notch. */
export const NOTCH = 120;
const PIXELS_PER_NOTCH = 100;
const LINES_PER_NOTCH = 3;
const MAX_I16 = 32_767;
/** `WheelEvent.deltaMode`. */
const WheelMode = { Line: 1, Page: 2 } as const;

/** `MouseEvent.buttons` as the wire has it: the middle one comes second. */
export function wireButtons(buttons: number): number {
  return (buttons & 0b1_1001) | ((buttons & 0b10) << 1) | ((buttons & 0b100) >> 1);
}

/** Where in the picture a point of the window lies; outside means its border. */
export function pictureAt(
  point: { clientX: number; clientY: number },
  box: { left: number; top: number; width: number; height: number },
  picture: { width: number; height: number },
): { x: number; y: number } {
  const along = (at: number, from: number, length: number, pixels: number) =>
    within(Math.floor(((at - from) * pixels) / Math.max(1, length)), pixels);
  return {
    x: along(point.clientX, box.left, box.width, picture.width),
    y: along(point.clientY, box.top, box.height, picture.height),
  };
}

/** Whole numbers for the wire; fractions are kept for the next time. */
export class Accumulator {
  #x = 0;
  #y = 0;

  add(dx: number, dy: number): { dx: number; dy: number } | null {
    this.#x += dx;
    this.#y += dy;
    const whole = { dx: wholePart(this.#x), dy: wholePart(this.#y) };
    this.#x -= whole.dx;
    this.#y -= whole.dy;
    return whole.dx === 0 && whole.dy === 0 ? null : whole;
  }

  reset(): void {
    this.#x = this.#y = 0;
  }
}

type Wheel = Pick<WheelEvent, "deltaX" | "deltaY" | "deltaMode"> & { wheelDeltaX?: number; wheelDeltaY?: number };

/** How far a wheel event turns, in 120ths of a notch. */
export function wheelTurn(event: Wheel): { dx: number; dy: number } {
  // The mode comes first: a browser that is not asked for it converts lines to pixels.
  const mode = event.deltaMode;
  return { dx: turn(event.deltaX, mode, event.wheelDeltaX), dy: turn(event.deltaY, mode, event.wheelDeltaY) };
}

function turn(delta: number, mode: number, wheelDelta = 0): number {
  // Where there is the older figure, it tells a wheel's notches at any scale of the display. A touch pad's is three
  // times the pixels.
  if (wheelDelta !== 0 && wheelDelta % NOTCH === 0 && wheelDelta !== -3 * delta) return -wheelDelta;
  switch (mode) {
    case WheelMode.Line:
      return (delta / LINES_PER_NOTCH) * NOTCH;
    case WheelMode.Page:
      return delta * NOTCH * LINES_PER_NOTCH;
    default:
      return (delta / PIXELS_PER_NOTCH) * NOTCH;
  }
}

export interface PointerParts {
  surface: HTMLElement;
  canvas: HTMLCanvasElement;
  picture: () => { width: number; height: number };
  captured: (x: number, y: number) => void;
}

/** Listens to a surface and sends what happens there. Touch is for somebody else. */
export class Pointer {
  readonly #parts: PointerParts;
  readonly #surface: HTMLElement;
  readonly #send: (message: ClientMessage) => void;
  readonly #wheel = new Accumulator();
  readonly #motion = new Accumulator();
  #buttons = 0;
  /** Where the pointer was last, in the picture. */
  #place = { x: 0, y: 0 };

  constructor(parts: PointerParts, send: (message: ClientMessage) => void) {
    const { surface } = parts;
    this.#parts = parts;
    this.#surface = surface;
    this.#send = send;
    surface.addEventListener("pointerdown", (event) => this.#down(event));
    surface.addEventListener("pointermove", (event) => this.#moved(event));
    surface.addEventListener("pointerup", (event) => this.#moved(event));
    surface.addEventListener("wheel", (event) => this.#turned(event), { passive: false });
    for (const type of ["contextmenu", "auxclick", "dragstart"]) {
      surface.addEventListener(type, (event) => event.preventDefault());
    }
    // The buttons "back" and "forward" would leave the page.
    for (const type of ["mousedown", "mouseup"] as const) {
      surface.addEventListener(type, (event) => {
        if (event.button > 0) event.preventDefault();
      });
    }
  }

  /** Whether the browser gives motion instead of places. */
  get isLocked(): boolean {
    return document.pointerLockElement === this.#surface;
  }

  /** Where the session has the pointer. */
  at(x: number, y: number): void {
    this.#place = { x, y };
  }

  async lock(): Promise<void> {
    this.#motion.reset();
    // Older browsers return nothing; a refusal is shown by the lock not being there.
    this.#parts.captured(this.#place.x, this.#place.y);
    await Promise.resolve(this.#surface.requestPointerLock()).catch(() => undefined);
  }

  #down(event: PointerEvent): void {
    if (event.pointerType === "touch") return;
    if (!this.isLocked) this.#surface.setPointerCapture(event.pointerId);
    this.#moved(event);
  }

  #moved(event: PointerEvent): void {
    if (event.pointerType === "touch") return;
    const buttons = wireButtons(event.buttons);
    if (this.isLocked) return this.#movedBy(event, buttons);
    this.#place = this.#at(event);
    this.#send({ type: "pointer", ...this.#place, buttons });
    this.#buttons = buttons;
  }

  #movedBy(event: PointerEvent, buttons: number): void {
    const scale = devicePixelRatio;
    const by = this.#motion.add(event.movementX * scale, event.movementY * scale);
    if (!by && buttons === this.#buttons) return;
    this.#buttons = buttons;
    const { dx, dy } = by ?? { dx: 0, dy: 0 };
    this.#send({ type: "pointer-by", dx, dy, buttons });
    // Shown at once; where the session has it really, it says when that is somewhere else.
    const { width, height } = this.#parts.picture();
    this.at(within(this.#place.x + dx, width), within(this.#place.y + dy, height));
    this.#parts.captured(this.#place.x, this.#place.y);
  }

  #turned(event: WheelEvent): void {
    event.preventDefault();
    const { dx, dy } = wheelTurn(event);
    const turned = this.#wheel.add(dx, dy);
    if (!turned) return;
    this.#send({ type: "wheel", ...turned });
  }

  #at(event: { clientX: number; clientY: number }): { x: number; y: number } {
    return pictureAt(event, this.#parts.canvas.getBoundingClientRect(), this.#parts.picture());
  }
}

function within(at: number, pixels: number): number {
  return Math.max(0, Math.min(pixels - 1, at));
}

function wholePart(value: number): number {
  // Not -0, which is another number to a test and the same to the wire.
  return Math.min(MAX_I16, Math.max(-MAX_I16, Math.trunc(value))) + 0;
}
