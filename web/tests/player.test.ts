import { expect, test, vi } from "vitest";
import type { FrameOp, FramePart } from "../src/wire/host.ts";
import { Picture } from "../src/worker/picture.ts";
import { Player } from "../src/worker/player.ts";
import type { Surface } from "../src/worker/surface.ts";
import { TileDecoder } from "../src/worker/tiles.ts";
import { VideoStreams, type Paint } from "../src/worker/video.ts";

const SIZE: FrameOp = { op: "size", w: 4, h: 4 };

test("a frame is shown after its last part and acknowledged once it is painted", async () => {
  const { player, events, surface, paint } = stage();
  player.accept(part(7, [SIZE], { last: false }));
  await settled();
  expect(surface.show).not.toHaveBeenCalled();
  player.accept(part(7, [solid(0)], { first: false }));
  await settled();
  expect(surface.show).toHaveBeenCalledOnce();
  expect(events.painted).not.toHaveBeenCalled();
  paint();
  expect(events.painted).toHaveBeenCalledWith({ seq: 7, decodeUs: expect.any(Number), paintUs: expect.any(Number) });
  expect(events.resized).toHaveBeenCalledWith(4, 4);
});

test("a size that is the same again is no news", async () => {
  const { player, events } = stage();
  player.accept(part(1, [SIZE]));
  player.accept(part(2, [SIZE]));
  await settled();
  expect(events.resized).toHaveBeenCalledOnce();
});

test("frames wait for a video picture and keep their order", async () => {
  let decoded = () => {};
  const video = new VideoStreams();
  const paintVideo: Paint = () => new Promise((resolve) => (decoded = resolve));
  video.accept = () => paintVideo;
  const { player, events, paint } = stage(video);
  const dst = { x: 0, y: 0, w: 2, h: 2 };
  player.accept(part(1, [SIZE, { op: "video", stream: 0, key: true, more: false, dst, data: new Uint8Array() }]));
  player.accept(part(2, [solid(1)]));
  await settled();
  paint();
  expect(events.painted).not.toHaveBeenCalled();
  decoded();
  await settled();
  paint();
  expect(events.painted.mock.calls.map(([frame]) => frame.seq)).toEqual([1, 2]);
});

test("a broken frame is reported once, still acknowledged, and the next one is played", async () => {
  const { player, events, picture, paint } = stage();
  player.accept(part(1, [SIZE]));
  const broken: FrameOp = { op: "tiles", data: new Uint8Array([9]) };
  player.accept(part(2, [broken, broken, solid(200)]));
  await settled();
  expect(events.failed).toHaveBeenCalledOnce();
  expect(picture.bytes[0]).toBe(0);
  player.accept(part(3, [solid(100)]));
  await settled();
  paint();
  expect(picture.bytes[0]).toBe(100);
  expect(events.painted.mock.calls.map(([frame]) => frame.seq)).toEqual([1, 2, 3]);
});

test("after closing nothing is shown or reported", async () => {
  const { player, events, surface, paint } = stage();
  player.accept(part(1, [SIZE]));
  player.close();
  player.accept(part(2, [solid(1)]));
  await settled();
  paint();
  expect(events.painted).not.toHaveBeenCalled();
  expect(surface.show).toHaveBeenCalledOnce();
});

function stage(video = new VideoStreams()) {
  const waiting: (() => void)[] = [];
  const surface = { show: vi.fn(), afterPaint: (done: () => void) => void waiting.push(done) } satisfies Surface;
  const events = { painted: vi.fn(), resized: vi.fn(), failed: vi.fn() };
  const picture = new Picture();
  const player = new Player({ picture, surface, tiles: new TileDecoder(), video }, events);
  const paint = () => {
    for (const done of waiting.splice(0)) done();
  };
  return { player, events, surface, picture, paint };
}

function part(seq: number, ops: FrameOp[], { first = true, last = true } = {}): FramePart {
  return { seq, first, last, capturedAtUs: 0n, ops };
}

/** A tile of one red pixel in the corner. */
function solid(red: number): FrameOp {
  return { op: "tiles", data: Uint8Array.from([0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, red, 0, 0]) };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));
