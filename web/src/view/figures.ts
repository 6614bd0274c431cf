// The readings in the toolbar.
import type { Figures } from "../link/protocol.ts";
import { duration, rate, type T, type TextKey } from "../text/texts.ts";
import { el, setText } from "./dom.ts";

const NAMES = ["latency", "bandwidth", "frames", "codec", "launch"] as const;
type Name = (typeof NAMES)[number];

export class FigureList {
  readonly root = el("dl", { className: "figures" });
  readonly #t: T;
  readonly #h264: () => boolean;
  readonly #values = new Map<Name, HTMLElement>();

  constructor(t: T, h264: () => boolean) {
    this.#t = t;
    this.#h264 = h264;
    for (const name of NAMES) {
      const value = el("dd", { textContent: t("unknown") });
      this.#values.set(name, value);
      this.root.append(el("div", {}, el("dt", { textContent: t(`figure.${name}` satisfies TextKey) }), value));
    }
  }

  show(figures: Figures): void {
    const t = this.#t;
    const total = latencyMs(figures);
    this.#set("latency", total === null ? t("unknown") : duration(t, total));
    this.#hint("latency", figures);
    const most = figures.hostKbps ? ` / ${rate(figures.hostKbps)}` : "";
    this.#set("bandwidth", rate(figures.kbps) + most);
    this.#set("frames", t("figure.frames.value", { n: Math.round(figures.fps) }));
    this.#set("codec", this.#codec(figures.videoPercent ?? 0));
  }

  /** From the click to the first picture. */
  launched(ms: number): void {
    this.#set("launch", duration(this.#t, ms));
  }

  #codec(videoPercent: number): string {
    if (!this.#h264()) return this.#t("codec.no-video");
    return videoPercent > 0 ? this.#t("codec.mixed", { n: videoPercent }) : this.#t("codec.tiles");
  }

  #hint(name: Name, { rttMs, hostEncodeMs, decodeMs, paintMs }: Figures): void {
    const t = this.#t;
    const said = (ms: number | null) => (ms === null ? t("unknown") : duration(t, ms));
    const browser = decodeMs === null ? null : decodeMs + (paintMs ?? 0);
    const parts = { network: said(rttMs), host: said(hostEncodeMs), browser: said(browser) };
    const value = this.#values.get(name);
    if (value) value.title = t("figure.latency.parts", parts);
  }

  #set(name: Name, text: string): void {
    const value = this.#values.get(name);
    if (value) setText(value, text);
  }
}

/** From a key to its picture, without what the application itself needs; null before the first measurement. */
export function latencyMs({ rttMs, hostEncodeMs, decodeMs, paintMs }: Figures): number | null {
  return rttMs === null ? null : rttMs + (hostEncodeMs ?? 0) + (decodeMs ?? 0) + (paintMs ?? 0);
}
