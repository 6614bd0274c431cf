// The pointer's shape, drawn by the browser so that it never lags behind the hand.
import type { CursorShape } from "../wire/host.ts";

export class Cursor {
  readonly #surface: HTMLElement;
  /** Stands for the pointer while the browser has none: locked, or moved by the session itself. */
  readonly #ghost = document.createElement("img");
  #shape: CursorShape | null = null;
  #hot = { x: 0, y: 0 };

  constructor(surface: HTMLElement) {
    this.#surface = surface;
    this.#ghost.className = "ghost";
    this.#ghost.alt = "";
    this.#ghost.hidden = true;
    surface.append(this.#ghost);
    document.addEventListener("pointerlockchange", () => (this.#ghost.hidden = !this.#isLocked));
  }

  set(shape: CursorShape): void {
    this.#shape = shape;
    const image = shape.w > 0 && shape.h > 0 ? pngUrl(shape) : null;
    this.#surface.style.cursor = image ? cssCursor(image, shape) : "none";
    this.#hot = { x: shape.hotX / devicePixelRatio, y: shape.hotY / devicePixelRatio };
    if (image) this.#ghost.src = image;
    else this.#ghost.removeAttribute("src");
    this.#ghost.style.width = `${shape.w / devicePixelRatio}px`;
  }

  /** The scale of the window changed. */
  rescale(): void {
    if (this.#shape) this.set(this.#shape);
  }

  /** Where the session has its pointer, in CSS pixels of the surface. */
  at(x: number, y: number): void {
    this.#ghost.style.transform = `translate(${x - this.#hot.x}px, ${y - this.#hot.y}px)`;
  }

  get #isLocked(): boolean {
    return document.pointerLockElement === this.#surface;
  }
}

function pngUrl({ w, h, rgba }: CursorShape): string | null {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: w, height: h });
  const context = canvas.getContext("2d");
  if (!context) return null;
  context.putImageData(new ImageData(new Uint8ClampedArray(rgba), w, h), 0, 0);
  return canvas.toDataURL("image/png");
}

/** The shape's pixels are the screen's own; the hot spot is given in CSS pixels. */
function cssCursor(url: string, { w, h, hotX, hotY }: CursorShape): string {
  const scale = devicePixelRatio;
  const hot = `${Math.round(Math.min(hotX, w - 1) / scale)} ${Math.round(Math.min(hotY, h - 1) / scale)}`;
  const scaled = `image-set(url("${url}") ${scale}x) ${hot}, default`;
  return scale !== 1 && CSS.supports("cursor", scaled) ? scaled : `url("${url}") ${hot}, default`;
}
