// Keeps count of what the toolbar and measurements show.
import { NO_FIGURES, type Figures } from "../link/protocol.ts";
import type { HostStats } from "../wire/host.ts";
import type { Painted } from "./player.ts";

/** Over how long rates are taken. */
const WINDOW_MS = 1000;

interface Sample {
  at: number;
  bytes: number;
  frames: number;
}

/** Figures of one connection. Pure: time comes in, in milliseconds. */
export class Meter {
  #figures: Figures = { ...NO_FIGURES };
  #samples: Sample[] = [];

  received(bytes: number): void {
    this.#figures.bytesReceived += bytes;
  }

  painted({ decodeUs, paintUs }: Painted): void {
    this.#figures.framesPainted += 1;
    this.#figures.decodeMs = decodeUs / 1000;
    this.#figures.paintMs = paintUs / 1000;
  }

  roundTrip(ms: number): void {
    this.#figures.rttMs = ms;
  }

  refreshed(): void {
    this.#figures.refreshes += 1;
  }

  host({ encodeUs, videoPercent, bandwidthKbps }: HostStats): void {
    this.#figures.hostEncodeMs = encodeUs / 1000;
    this.#figures.videoPercent = videoPercent;
    this.#figures.hostKbps = bandwidthKbps;
  }

  /** The figures as of now. */
  read(now: number): Figures {
    const { bytesReceived: bytes, framesPainted: frames } = this.#figures;
    this.#samples.push({ at: now, bytes, frames });
    while ((this.#samples[1]?.at ?? now) <= now - WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0];
    const seconds = first ? (now - first.at) / 1000 : 0;
    if (first && seconds > 0) {
      this.#figures.kbps = ((bytes - first.bytes) * 8) / 1000 / seconds;
      this.#figures.fps = (frames - first.frames) / seconds;
    }
    return { ...this.#figures };
  }
}
