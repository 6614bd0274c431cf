// Painting of tiles: `docs/protocol.md`, "Tiles"; the counterpart of `crates/screen/src/tiles/decode.rs`.
//
// Pixels are written as little-endian words (A, B, G, R from the top), which is what every machine with a browser has.
import { decompress } from "fzstd";
import { Malformed } from "../wire/bytes.ts";
import type { Rect } from "../wire/host.ts";
import type { Picture } from "./picture.ts";
import { restorePlane } from "./predict.ts";

type Bytes = Uint8Array<ArrayBufferLike>;

const Compression = { None: 0, Zstd: 1 } as const;
const Kind = { Solid: 0, Palette: 1, Predicted: 2, Cached: 3, Keep: 4 } as const;

export const MAX_RECORDS_LEN = 4 * 1024 * 1024;
export const SLOTS = 1024;
/** The largest side of what a slot holds. */
export const SLOT_SIDE = 64;

const HEAD_LEN = 5;
const RECORD_HEAD_LEN = 7;
const SLOT_LEN = SLOT_SIDE * SLOT_SIDE;
const MAX_TILE_LEN = 256 * 256;
const OPAQUE = 0xff00_0000;

/** Paints tiles and keeps what the host says is worth keeping. */
export class TileDecoder {
  /** Decompressed records; kept, because a new one for each payload would keep the garbage collector busy. */
  #scratch = new Uint8Array(64 * 1024);
  readonly #planes = new Uint8Array(3 * MAX_TILE_LEN);
  readonly #palette = new Uint32Array(256);
  /** All slots side by side; not there before something is kept. */
  #slots: Uint32Array | null = null;
  /** Of each slot: width and height, 0 for one that holds nothing. */
  readonly #sizes = new Uint8Array(SLOTS * 2);

  /** Forgets what the slots hold. */
  reset(): void {
    this.#sizes.fill(0);
  }

  /** Paints a payload. What was painted before an error stays painted. */
  decode(data: Bytes, picture: Picture): void {
    const records = this.#records(data);
    let at = 0;
    while (at < records.length) at = this.#record(records, at, picture);
  }

  #records(data: Bytes): Bytes {
    if (data.length < HEAD_LEN) throw new Malformed("tiles without a head");
    const length = u16(data, 1) + u16(data, 3) * 0x1_0000;
    if (length > MAX_RECORDS_LEN) throw new Malformed("tiles larger than allowed");
    const body = data.subarray(HEAD_LEN);
    switch (data[0]) {
      case Compression.None:
        if (body.length !== length) throw new Malformed("tiles of the wrong length");
        return body;
      case Compression.Zstd:
        return this.#decompressed(body, length);
      default:
        throw new Malformed("an unknown compression of tiles");
    }
  }

  #decompressed(body: Bytes, length: number): Bytes {
    // The decompressor trusts what the frame says of itself, so that is compared first.
    if (contentSize(body) !== length) throw new Malformed("tiles of the wrong length");
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(length);
    const records = this.#scratch.subarray(0, length);
    try {
      decompress(body, records);
    } catch {
      throw new Malformed("tiles that cannot be decompressed");
    }
    return records;
  }

  /** Paints one record; returns where the next one begins. */
  #record(bytes: Bytes, from: number, picture: Picture): number {
    const at = from + RECORD_HEAD_LEN;
    need(bytes, at);
    const [w, h] = [byte(bytes, from + 5) + 1, byte(bytes, from + 6) + 1];
    const rect = { x: u16(bytes, from + 1), y: u16(bytes, from + 3), w, h };
    picture.check(rect);
    switch (bytes[from]) {
      case Kind.Solid:
        need(bytes, at + 3);
        fill(picture, rect, colour(bytes, at));
        picture.touch(rect);
        return at + 3;
      case Kind.Palette:
        return this.#fromPalette(bytes, at, picture, rect);
      case Kind.Predicted:
        return this.#predicted(bytes, at, picture, rect);
      case Kind.Cached:
        need(bytes, at + 2);
        this.#paintSlot(u16(bytes, at), picture, rect);
        return at + 2;
      case Kind.Keep:
        need(bytes, at + 2);
        this.#keep(u16(bytes, at), picture, rect);
        return at + 2;
      default:
        throw new Malformed("an unknown kind of tile");
    }
  }

  #fromPalette(bytes: Bytes, from: number, picture: Picture, rect: Rect): number {
    need(bytes, from + 1);
    const count = byte(bytes, from) + 1;
    const first = from + 1 + count * 3;
    const bits = count <= 2 ? 1 : count <= 4 ? 2 : count <= 16 ? 4 : 8;
    const lineLength = (rect.w * bits + 7) >> 3;
    const end = first + lineLength * rect.h;
    need(bytes, end);
    const palette = this.#palette;
    for (let index = 0; index < count; index++) palette[index] = colour(bytes, from + 1 + index * 3);
    const { words, width } = picture;
    const mask = (1 << bits) - 1;
    for (let line = 0; line < rect.h; line++) {
      let source = first + line * lineLength;
      let to = (rect.y + line) * width + rect.x;
      const lineEnd = to + rect.w;
      // The first bits come out at the top; `left` counts what is still in `packed`.
      let packed = 0;
      let left = 0;
      while (to < lineEnd) {
        if (left === 0) {
          packed = bytes[source++] as number;
          left = 8;
        }
        left -= bits;
        const index = (packed >> left) & mask;
        if (index >= count) throw new Malformed("a colour that is not in the palette");
        words[to++] = palette[index] as number;
      }
    }
    picture.touch(rect);
    return end;
  }

  #predicted(bytes: Bytes, from: number, picture: Picture, rect: Rect): number {
    const area = rect.w * rect.h;
    const end = from + 3 * area;
    need(bytes, end);
    const planes = this.#planes;
    planes.set(bytes.subarray(from, end));
    for (let plane = 0; plane < 3; plane++) restorePlane(planes, plane * area, rect.w, rect.h);
    const { words, width } = picture;
    let at = 0;
    for (let line = 0; line < rect.h; line++) {
      let to = (rect.y + line) * width + rect.x;
      for (const lineEnd = to + rect.w; to < lineEnd; to++, at++) {
        const green = planes[at] as number;
        const red = ((planes[area + at] as number) + green) & 0xff;
        const blue = ((planes[2 * area + at] as number) + green) & 0xff;
        words[to] = OPAQUE | (blue << 16) | (green << 8) | red;
      }
    }
    picture.touch(rect);
    return end;
  }

  #paintSlot(slot: number, picture: Picture, rect: Rect): void {
    const holds = slot < SLOTS && this.#sizes[slot * 2] === rect.w && this.#sizes[slot * 2 + 1] === rect.h;
    if (!holds || !this.#slots) throw new Malformed("a tile from the wrong slot");
    let from = slot * SLOT_LEN;
    for (let line = 0; line < rect.h; line++, from += rect.w) {
      const to = (rect.y + line) * picture.width + rect.x;
      picture.words.set(this.#slots.subarray(from, from + rect.w), to);
    }
    picture.touch(rect);
  }

  #keep(slot: number, picture: Picture, rect: Rect): void {
    if (slot >= SLOTS) throw new Malformed("a tile for a slot that does not exist");
    if (rect.w > SLOT_SIDE || rect.h > SLOT_SIDE) throw new Malformed("a tile too large for a slot");
    this.#slots ??= new Uint32Array(SLOTS * SLOT_LEN);
    let to = slot * SLOT_LEN;
    for (let line = 0; line < rect.h; line++, to += rect.w) {
      const from = (rect.y + line) * picture.width + rect.x;
      this.#slots.set(picture.words.subarray(from, from + rect.w), to);
    }
    this.#sizes[slot * 2] = rect.w;
    this.#sizes[slot * 2 + 1] = rect.h;
  }
}

function fill(picture: Picture, rect: Rect, word: number): void {
  for (let line = 0; line < rect.h; line++) {
    const from = (rect.y + line) * picture.width + rect.x;
    picture.words.fill(word, from, from + rect.w);
  }
}

/** How long a zstd frame says that its content is (RFC 8878, 3.1.1.1), or null when it does not say or is none. */
function contentSize(frame: Bytes): number | null {
  const isFrame = u16(frame, 0) === 0xb528 && u16(frame, 2) === 0xfd2f;
  if (!isFrame || frame.length < 6) return null;
  const flags = byte(frame, 4);
  const single = (flags & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][flags & 3] ?? 0;
  const at = 5 + (single ? 0 : 1) + dictionary;
  switch (flags >> 6) {
    case 0:
      return single ? byte(frame, at) : null;
    case 1:
      return u16(frame, at) + 256;
    case 2:
      return u16(frame, at) + u16(frame, at + 2) * 0x1_0000;
    default:
      // Eight bytes are for what is larger than allowed.
      return null;
  }
}

function colour(bytes: Bytes, at: number): number {
  return OPAQUE | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 1) << 8) | byte(bytes, at);
}

function need(bytes: Bytes, end: number): void {
  if (end > bytes.length) throw new Malformed("a tile that ends too early");
}

function u16(bytes: Bytes, at: number): number {
  return byte(bytes, at) | (byte(bytes, at + 1) << 8);
}

function byte(bytes: Bytes, at: number): number {
  return bytes[at] ?? 0;
}
