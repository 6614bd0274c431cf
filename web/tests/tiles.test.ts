import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Malformed } from "../src/wire/bytes.ts";
import { Picture } from "../src/worker/picture.ts";
import { MAX_RECORDS_LEN, TileDecoder } from "../src/worker/tiles.ts";

const RED = [255, 0, 0];
const BLUE = [0, 0, 255];
/** Records, and the same as a frame made by the reference implementation. */
const MANY = Array.from({ length: 600 }, (_, at) =>
  solid(at % 80, (at * 7) % 70, 1, 1, [at % 256, at >> 8, (at * at) % 251]),
).flat();
const MANY_ZSTD = readFileSync(new URL("data/many-solid-tiles.zst", import.meta.url));

describe("what is painted", () => {
  test("solid", () => {
    const { picture } = painted(solid(1, 1, 2, 1, RED));
    expect(pixel(picture, 1, 1)).toEqual([255, 0, 0, 255]);
    expect(pixel(picture, 2, 1)).toEqual([255, 0, 0, 255]);
    expect(pixel(picture, 3, 1)).toEqual([0, 0, 0, 255]);
    expect(picture.takeChanged()).toEqual({ x: 0, y: 0, w: 80, h: 80 });
  });

  test.each([
    [2, 1],
    [3, 2],
    [4, 2],
    [16, 4],
    [17, 8],
    [256, 8],
  ])("palette of %i colours with %i bits each", (count, bits) => {
    const [w, h] = [13, 5];
    const colours = Array.from({ length: count }, (_, index) => [index, 255 - index, index ^ 0x55]);
    const indices = Array.from({ length: w * h }, (_, at) => (at * 7) % count);
    const lines = Array.from({ length: h }, (_, line) => pack(indices.slice(line * w, (line + 1) * w), bits)).flat();
    const { picture } = painted([...head(1, 3, 2, w, h), count - 1, ...colours.flat(), ...lines]);
    indices.forEach((index, at) => {
      expect(pixel(picture, 3 + (at % w), 2 + Math.floor(at / w))).toEqual([...(colours[index] ?? []), 255]);
    });
  });

  test.each([
    [1, 1],
    [1, 9],
    [9, 1],
    [64, 64],
    [70, 3],
  ])("predicted, %i × %i", (w, h) => {
    const rgb = Array.from({ length: w * h }, (_, at) => [(at * at) % 256, (at * 3) % 256, Math.floor(at / 5) % 256]);
    const { picture } = painted([...head(2, 5, 5, w, h), ...predicted(rgb, w)]);
    rgb.forEach((value, at) => {
      expect(pixel(picture, 5 + (at % w), 5 + Math.floor(at / w))).toEqual([...value, 255]);
    });
  });

  test("kept and painted elsewhere, until it is forgotten", () => {
    const { picture, decoder } = painted([
      ...solid(0, 0, 2, 2, RED),
      ...solid(1, 1, 1, 1, BLUE),
      ...head(4, 0, 0, 2, 2), ...u16(1023),
      ...solid(0, 0, 2, 2, BLUE),
      ...head(3, 10, 20, 2, 2), ...u16(1023),
    ]);
    expect(pixel(picture, 10, 20)).toEqual([255, 0, 0, 255]);
    expect(pixel(picture, 11, 21)).toEqual([0, 0, 255, 255]);
    expect(pixel(picture, 0, 0)).toEqual([0, 0, 255, 255]);
    decoder.reset();
    expect(() => decoder.decode(plain([...head(3, 10, 20, 2, 2), ...u16(1023)]), picture)).toThrow(Malformed);
  });

  test("compressed", () => {
    const { picture, decoder } = fresh();
    const expected = fresh();
    expected.decoder.decode(plain(MANY), expected.picture);
    // With the same decoder: what is left of a longer payload must not show in a shorter one.
    for (const zstd of [[...MANY_ZSTD], stored(MANY), stored(solid(0, 0, 1, 1, RED)), [...MANY_ZSTD]]) {
      const length = zstd.length < 100 ? 10 : MANY.length;
      decoder.decode(payload(1, length, zstd), picture);
    }
    expect(picture.bytes).toEqual(expected.picture.bytes);
  });
});

describe("what is refused", () => {
  const good = [
    ...solid(0, 0, 4, 4, RED),
    ...head(1, 0, 0, 9, 2), 2, ...RED, ...BLUE, ...RED, ...pack([0, 1, 2, 0, 1, 2, 0, 1, 2], 2), ...pack([0, 0, 0, 0, 0, 0, 0, 0, 0], 2),
    ...head(2, 0, 0, 2, 2), ...predicted([RED, BLUE, BLUE, RED], 2),
    ...head(4, 0, 0, 4, 4), ...u16(7),
    ...head(3, 8, 8, 4, 4), ...u16(7),
  ];

  test("every truncation that is not between records", () => {
    const ends = new Set<number>([0]);
    for (const length of [10, 7 + 1 + 9 + 6, 7 + 12, 9, 9]) ends.add(Math.max(...ends) + length);
    for (let length = 0; length <= good.length; length++) {
      const { picture, decoder } = fresh();
      const decode = () => decoder.decode(plain(good.slice(0, length)), picture);
      if (ends.has(length)) expect(decode).not.toThrow();
      else expect(decode).toThrow(Malformed);
    }
  });

  test.each<[string, number[]]>([
    ["right of the picture", solid(78, 0, 3, 1, RED)],
    ["below the picture", solid(0, 79, 1, 2, RED)],
    ["a slot outside when painting", [...head(3, 0, 0, 1, 1), ...u16(1024)]],
    ["a slot outside when keeping", [...head(4, 0, 0, 1, 1), ...u16(1024)]],
    ["a slot that holds nothing", [...head(3, 0, 0, 1, 1), ...u16(5)]],
    ["a slot of another size", [...head(4, 0, 0, 2, 1), ...u16(5), ...head(3, 0, 0, 1, 2), ...u16(5)]],
    ["keeping more than a slot holds", [...head(4, 0, 0, 65, 1), ...u16(5)]],
    ["an unknown kind", [...head(5, 0, 0, 1, 1), 0, 0]],
    ["a colour outside the palette", [...head(1, 0, 0, 1, 1), 2, ...RED, ...RED, ...RED, 0b1100_0000]],
  ])("%s", (_, records) => {
    const { picture, decoder } = fresh();
    expect(() => decoder.decode(plain(records), picture)).toThrow(Malformed);
  });

  test("heads that lie", () => {
    const { picture, decoder } = fresh();
    const refuse = (data: Uint8Array) => expect(() => decoder.decode(data, picture)).toThrow(Malformed);
    refuse(new Uint8Array([0, 0, 0]));
    refuse(payload(2, 10, solid(0, 0, 1, 1, RED)));
    refuse(payload(0, 11, solid(0, 0, 1, 1, RED)));
    refuse(payload(0, 9, solid(0, 0, 1, 1, RED)));
    refuse(payload(0, MAX_RECORDS_LEN + 1, []));
    refuse(payload(1, 10, solid(0, 0, 1, 1, RED)));
    const zstd = [...MANY_ZSTD];
    refuse(payload(1, MANY.length - 1, zstd));
    refuse(payload(1, MANY.length + 1, zstd));
    refuse(payload(1, 0xffff_ffff, zstd));
    refuse(payload(1, MANY.length, zstd.slice(0, -1)));
    const streamed = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x01, 0x00, 0x00];
    refuse(payload(1, 0, streamed));
  });

  test("damaged bytes are painted or refused, never anything else", { timeout: 60_000 }, () => {
    const base = payload(1, MANY.length, [...MANY_ZSTD]);
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48_271) % 0x7fff_ffff) % below;
    for (let run = 0; run < 1000; run++) {
      const data = run % 2 ? Uint8Array.from(base) : plain(good);
      for (let hits = 0; hits <= run % 3; hits++) data[random(data.length)] = random(256);
      const { picture, decoder } = fresh();
      try {
        decoder.decode(data, picture);
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed);
      }
    }
  });
});

function fresh() {
  const picture = new Picture();
  picture.resize(80, 80);
  return { picture, decoder: new TileDecoder() };
}

function painted(records: number[]) {
  const { picture, decoder } = fresh();
  decoder.decode(plain(records), picture);
  return { picture, decoder };
}

function pixel(picture: Picture, x: number, y: number): number[] {
  const at = (y * picture.width + x) * 4;
  return [...picture.bytes.slice(at, at + 4)];
}

function payload(compression: number, length: number, body: number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([compression, ...u16(length & 0xffff), ...u16(length >>> 16), ...body]);
}

const plain = (records: number[]) => payload(0, records.length, records);

/** A zstd frame of one stored block (RFC 8878, 3.1.1). */
function stored(content: number[]): number[] {
  const size = [...u16(content.length), 0, 0];
  const block = (content.length << 3) | 1;
  return [0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000, ...size, ...u16(block & 0xffff), block >> 16, ...content];
}

function u16(value: number): number[] {
  return [value & 255, value >> 8];
}

function head(kind: number, x: number, y: number, w: number, h: number): number[] {
  return [kind, ...u16(x), ...u16(y), w - 1, h - 1];
}

function solid(x: number, y: number, w: number, h: number, rgb: number[]): number[] {
  return [...head(0, x, y, w, h), ...rgb];
}

/** One line of indices, the first in the highest bits. */
function pack(indices: number[], bits: number): number[] {
  const line = new Array<number>(Math.ceil((indices.length * bits) / 8)).fill(0);
  indices.forEach((index, at) => {
    const bit = at * bits;
    line[bit >> 3] = (line[bit >> 3] ?? 0) | (index << (8 - bits - (bit & 7)));
  });
  return line;
}

/** The encoder's side, written from the description: three planes of differences from the median predictor. */
function predicted(rgb: number[][], w: number): number[] {
  const planes = [
    rgb.map(([, g = 0]) => g),
    rgb.map(([r = 0, g = 0]) => (r - g) & 255),
    rgb.map(([, g = 0, b = 0]) => (b - g) & 255),
  ];
  return planes.flatMap((plane) =>
    plane.map((value, at) => {
      const a = at % w > 0 ? (plane[at - 1] ?? 0) : 0;
      const b = plane[at - w] ?? 0;
      const c = at % w > 0 ? (plane[at - w - 1] ?? 0) : 0;
      const guess = c >= Math.max(a, b) ? Math.min(a, b) : c <= Math.min(a, b) ? Math.max(a, b) : a + b - c;
      return (value - guess) & 255;
    }),
  );
}
