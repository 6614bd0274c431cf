// H.264 streams through WebCodecs. Access units go to the decoder as they arrive; their pictures are painted later, when
// the frame's other operations have had their turn.
import type { FrameOp, Rect } from "../wire/host.ts";
import type { Picture } from "./picture.ts";
import { codecString } from "./sps.ts";

type VideoOp = Extract<FrameOp, { op: "video" }>;

/** Paints one decoded picture. */
export type Paint = (picture: Picture) => Promise<void>;

interface Waiting {
  resolve: (frame: VideoFrame) => void;
  reject: (error: Error) => void;
}

const COLOUR: VideoColorSpaceInit = { primaries: "bt709", transfer: "bt709", matrix: "bt709", fullRange: true };

/** Whether this browser decodes H.264 in a Worker. */
export async function canDecodeH264(): Promise<boolean> {
  if (typeof VideoDecoder === "undefined") return false;
  const config = { codec: "avc1.42E028", optimizeForLatency: true };
  return VideoDecoder.isConfigSupported(config).then(
    (answer) => answer.supported === true,
    () => false,
  );
}

/** All video streams of a connection. */
export class VideoStreams {
  readonly #streams = new Map<number, VideoStream>();

  /** Takes a piece of an access unit; the last piece gives what paints it. */
  accept(op: VideoOp): Paint | null {
    let stream = this.#streams.get(op.stream);
    if (!stream) this.#streams.set(op.stream, (stream = new VideoStream()));
    return stream.accept(op);
  }

  end(stream: number): void {
    this.#streams.get(stream)?.close();
    this.#streams.delete(stream);
  }

  endAll(): void {
    for (const stream of [...this.#streams.keys()]) this.end(stream);
  }
}

class VideoStream {
  #decoder: VideoDecoder | null = null;
  #codec = "";
  #pieces: Uint8Array[] = [];
  #key = false;
  #number = 0;
  readonly #waiting = new Map<number, Waiting>();

  accept(op: VideoOp): Paint | null {
    if (this.#pieces.length === 0) this.#key = op.key;
    this.#pieces.push(op.data);
    if (op.more) return null;
    const unit = joined(this.#pieces);
    this.#pieces = [];
    const decoded = this.#decode(unit, this.#key);
    // Painting comes later and reports the failure; until then nobody else looks at it.
    decoded.catch(() => undefined);
    return async (picture) => paint(await decoded, picture, op.dst);
  }

  close(): void {
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = null;
    this.#fail(new Error("the video stream is over"));
  }

  async #decode(unit: Uint8Array<ArrayBuffer>, key: boolean): Promise<VideoFrame> {
    const decoder = key ? this.#forKey(unit) : this.#decoder;
    if (!decoder) throw new Error("a video stream begins without a key picture");
    const timestamp = this.#number++;
    const output = new Promise<VideoFrame>((resolve, reject) => this.#waiting.set(timestamp, { resolve, reject }));
    try {
      decoder.decode(new EncodedVideoChunk({ type: key ? "key" : "delta", timestamp, data: unit }));
    } catch (error) {
      this.#fail(asError(error));
    }
    return output;
  }

  /** The decoder for what begins here: a changed codec needs a new configuration. */
  #forKey(unit: Uint8Array): VideoDecoder {
    const codec = codecString(unit) ?? this.#codec;
    if (!codec) throw new Error("a key picture without parameters");
    if (this.#decoder?.state === "configured" && codec === this.#codec) return this.#decoder;
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.close();
    this.#codec = codec;
    const decoder = new VideoDecoder({
      output: (frame) => this.#output(frame),
      error: (error) => this.#fail(error),
    });
    decoder.configure({ codec, optimizeForLatency: true, colorSpace: COLOUR } as VideoDecoderConfig);
    this.#decoder = decoder;
    return decoder;
  }

  #output(frame: VideoFrame): void {
    const waiting = this.#waiting.get(frame.timestamp);
    this.#waiting.delete(frame.timestamp);
    if (waiting) waiting.resolve(frame);
    else frame.close();
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#decoder = this.#decoder?.state === "configured" ? this.#decoder : null;
  }
}

async function paint(frame: VideoFrame, picture: Picture, dst: Rect): Promise<void> {
  try {
    picture.check(dst);
    const visible = frame.visibleRect;
    if (!visible || visible.width < dst.w || visible.height < dst.h) throw new Error("a video picture of another size");
    const rect = { x: visible.x, y: visible.y, width: dst.w, height: dst.h };
    const offset = (dst.y * picture.width + dst.x) * 4;
    if (evenRect(rect)) {
      const layout = [{ offset, stride: picture.width * 4 }];
      await frame.copyTo(picture.bytes, { rect, format: "RGBA", layout } as VideoFrameCopyToOptions);
    } else {
      drawInto(frame, picture, dst);
    }
    picture.touch(dst);
  } catch (error) {
    if (!(error instanceof DOMException) && !(error instanceof TypeError)) throw error;
    // A browser that cannot copy as RGBA draws instead, which is slower.
    drawInto(frame, picture, dst);
    picture.touch(dst);
  } finally {
    frame.close();
  }
}

/** Copying wants corners on whole chroma samples. */
function evenRect(rect: { x: number; y: number; width: number; height: number }): boolean {
  return (rect.x | rect.y | rect.width | rect.height) % 2 === 0;
}

function drawInto(frame: VideoFrame, picture: Picture, dst: Rect): void {
  const context = new OffscreenCanvas(dst.w, dst.h).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas for video");
  context.drawImage(frame, 0, 0);
  const { data } = context.getImageData(0, 0, dst.w, dst.h);
  for (let row = 0; row < dst.h; row++) {
    const line = data.subarray(row * dst.w * 4, (row + 1) * dst.w * 4);
    picture.bytes.set(line, ((dst.y + row) * picture.width + dst.x) * 4);
  }
}

function joined(pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
