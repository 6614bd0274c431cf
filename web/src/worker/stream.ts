// One connection to the session's display: its WebSocket, what comes over it, and how it is kept alive.
import type { FromWorker, ToWorker } from "../link/protocol.ts";
import { Malformed } from "../wire/bytes.ts";
import { encodeClient, type ClientMessage } from "../wire/client.ts";
import { Close } from "../wire/close.ts";
import { decodeHost, type HostMessage } from "../wire/host.ts";
import { VERSION } from "../wire/limits.ts";
import { Meter } from "./meter.ts";
import { Player, type Painted } from "./player.ts";
import type { Picture } from "./picture.ts";
import { KEEP_ALIVE_MS, Pulse } from "./pulse.ts";
import { Refresher } from "./refresher.ts";
import type { Surface } from "./surface.ts";
import { TileDecoder } from "./tiles.ts";
import { VideoStreams } from "./video.ts";

const TICK_MS = 500;
/** What a socket says that was not closed by the other side in good order (RFC 6455, 7.4.1). */
const ABNORMAL = 1006;

type Open = Extract<ToWorker, { type: "open" }>;

export interface StreamParts {
  picture: Picture;
  surface: Surface;
  h264: boolean;
  post: (message: FromWorker) => void;
}

export class Stream {
  readonly #attempt: number;
  readonly #socket: WebSocket;
  readonly #post: (message: FromWorker) => void;
  readonly #player: Player;
  readonly #pulse = new Pulse();
  readonly #meter = new Meter();
  readonly #refresher = new Refresher(() => {
    this.#meter.refreshed();
    this.send({ type: "refresh" });
  });
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Only keep-alives are due. */
  #isAsleep = true;
  #pinged = { token: 0n, at: 0 };
  #rttUs = 0;
  #isShown = false;
  #isOver = false;

  constructor(open: Open, { picture, surface, h264, post }: StreamParts) {
    this.#attempt = open.attempt;
    this.#post = post;
    this.#player = new Player(
      { picture, surface, tiles: new TileDecoder(), video: new VideoStreams() },
      {
        painted: (frame) => this.#painted(frame),
        resized: (w, h) => post({ type: "size", w, h }),
        failed: () => this.#refresher.failed(),
      },
    );
    this.#socket = new WebSocket(open.url);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => {
      this.#socket.send(open.ticket);
      const { w, h, scalePercent } = open.window;
      this.send({ type: "hello", version: VERSION, w, h, scalePercent, h264, language: open.language });
    };
    this.#socket.onmessage = ({ data }) => this.#received(data);
    this.#socket.onclose = ({ code }) => this.#over(code);
    // A connection that the page's policy forbids ends in an error alone.
    this.#socket.onerror = () => {
      if (this.#socket.readyState === WebSocket.CLOSED) this.#over(ABNORMAL);
    };
  }

  send(message: ClientMessage): void {
    if (this.#isOver || this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(encodeClient(message));
    // Acknowledgements and pings are answers, not something that happens.
    if (message.type !== "ack" && message.type !== "ping") this.#awake();
  }

  /** Looks whether the other side is still there. */
  check(): void {
    this.#awake();
    this.#tick();
  }

  /** Ends without a word to the page. */
  close(): void {
    this.#end();
    this.#socket.close(1000);
  }

  #received(data: unknown): void {
    if (this.#isOver) return;
    try {
      if (!(data instanceof ArrayBuffer)) throw new Malformed("a message that is text");
      this.#pulse.alive();
      this.#meter.received(data.byteLength);
      this.#handle(decodeHost(new Uint8Array(data)));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#over(Close.BadMessage);
    }
  }

  #handle(message: HostMessage): void {
    switch (message.type) {
      case "hello":
        this.#post({ type: "hello", attempt: this.#attempt, rights: message.rights });
        return this.#awake();
      case "frame":
        if (message.part.first) this.#awake();
        return this.#player.accept(message.part);
      case "pong":
        return this.#ponged(message.token);
      case "stats":
        return this.#meter.host(message.stats);
      case "ended":
        this.#post({ type: "ended", attempt: this.#attempt, why: message.why });
        return this.close();
      default:
        this.#post(message);
    }
  }

  #painted(frame: Painted): void {
    this.send({ type: "ack", ...frame });
    this.#meter.painted(frame);
    if (this.#isShown) return;
    this.#isShown = true;
    this.#post({ type: "first-frame", attempt: this.#attempt });
  }

  #awake(): void {
    this.#pulse.active(performance.now());
    if (this.#isAsleep && !this.#isOver) this.#tickIn(TICK_MS);
  }

  #tick(): void {
    if (this.#isOver) return;
    const now = performance.now();
    switch (this.#pulse.beat(now)) {
      case "ping":
        this.#pinged = { token: this.#pinged.token + 1n, at: now };
        this.send({ type: "ping", token: this.#pinged.token, rttUs: this.#rttUs });
        break;
      case "lost":
        return this.#over(Close.PeerLost);
      case "nothing":
    }
    this.#post({ type: "figures", figures: this.#meter.read(now) });
    this.#tickIn(this.#pulse.asleep(now) ? KEEP_ALIVE_MS : TICK_MS);
  }

  #tickIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#isAsleep = ms === KEEP_ALIVE_MS;
    this.#timer = setTimeout(() => this.#tick(), ms);
  }

  #ponged(token: bigint): void {
    if (token !== this.#pinged.token) return;
    const rttMs = performance.now() - this.#pinged.at;
    this.#rttUs = Math.min(0xffff_ffff, Math.round(rttMs * 1000));
    this.#meter.roundTrip(rttMs);
  }

  #over(code: number): void {
    if (this.#isOver) return;
    this.#end();
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close(code === Close.BadMessage ? code : 1000);
    this.#post({ type: "closed", attempt: this.#attempt, code: code || ABNORMAL });
  }

  #end(): void {
    this.#isOver = true;
    this.#player.close();
    this.#refresher.close();
    clearTimeout(this.#timer);
  }
}
