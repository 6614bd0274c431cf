// The screen: a canvas with one pixel for each pixel of the display, and the window's size as the session should have it.
import type { WindowSize } from "../link/protocol.ts";
import type { Rect } from "../wire/host.ts";
import { MAX_SIDE } from "../wire/limits.ts";

/** A window that is dragged changes its size with each frame; the session follows when it rests. */
const SETTLED_MS = 100;
const SMALLEST_SIDE = 64;

export class Screen {
  readonly canvas = document.createElement("canvas");
  readonly #box: HTMLElement;
  #picture = { width: 0, height: 0 };
  /** The box in the screen's own pixels, where the browser tells. */
  #devicePixels: { w: number; h: number } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(box: HTMLElement, resized: () => void) {
    this.#box = box;
    this.canvas.className = "picture";
    // What is on it is for eyes only; there is no other form of it.
    this.canvas.setAttribute("aria-hidden", "true");
    this.canvas.width = this.canvas.height = 0;
    box.append(this.canvas);
    const settle = () => {
      this.#place();
      clearTimeout(this.#timer);
      this.#timer = setTimeout(resized, SETTLED_MS);
    };
    observe(box, (size) => {
      this.#devicePixels = size;
      settle();
    });
    // Zoom and another monitor change the scale but not always the number of pixels.
    addEventListener("resize", settle);
  }

  /** Hands the canvas to a Worker, or null where the page has to paint. */
  offscreen(): OffscreenCanvas | null {
    return "transferControlToOffscreen" in this.canvas ? this.canvas.transferControlToOffscreen() : null;
  }

  get picture(): { width: number; height: number } {
    return this.#picture;
  }

  window(): WindowSize {
    const box = this.#box.getBoundingClientRect();
    const scale = devicePixelRatio;
    const rounded = { w: box.width * scale, h: box.height * scale };
    // What the browser says is exact, but it is told late, and not at all of some changes of scale.
    const exact = this.#devicePixels;
    const agrees = exact && Math.abs(exact.w - rounded.w) < 2 && Math.abs(exact.h - rounded.h) < 2;
    const { w, h } = agrees ? exact : rounded;
    return { w: side(w), h: side(h), scalePercent: Math.min(1000, Math.max(25, Math.round(scale * 100))) };
  }

  /** The display has another size. */
  resize(width: number, height: number): void {
    this.#picture = { width, height };
    this.#place();
  }

  /** Paints what a Worker without a canvas sends. */
  paint(rect: Rect, bytes: Uint8ClampedArray<ArrayBuffer>): void {
    const { width, height } = this.#picture;
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.canvas.getContext("2d", { alpha: false })?.putImageData(new ImageData(bytes, rect.w, rect.h), rect.x, rect.y);
  }

  /** Pixel for pixel, smaller only where the display is larger than the window. */
  #place(): void {
    const { width, height } = this.#picture;
    if (width === 0) return;
    const window = this.window();
    const shown = Math.min(1, window.w / width, window.h / height);
    this.canvas.style.width = `${(width * shown) / devicePixelRatio}px`;
    this.canvas.style.height = `${(height * shown) / devicePixelRatio}px`;
  }
}

function observe(box: HTMLElement, resized: (size: { w: number; h: number } | null) => void): void {
  const observer = new ResizeObserver(([entry]) => {
    const size = entry?.devicePixelContentBoxSize?.[0];
    resized(size ? { w: size.inlineSize, h: size.blockSize } : null);
  });
  try {
    observer.observe(box, { box: "device-pixel-content-box" });
  } catch {
    observer.observe(box);
  }
}

function side(pixels: number): number {
  return Math.min(MAX_SIDE, Math.max(SMALLEST_SIDE, Math.round(pixels)));
}
