// Reading and writing little-endian fields: the counterpart of `crates/wire/src/stream/bytes.rs`.

/** A message that cannot be read. The connection is closed on it. */
export class Malformed extends Error {
  override name = "Malformed";
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const toUtf8 = new TextEncoder();

/** The bytes of a text. */
export function utf8Bytes(text: string): Uint8Array<ArrayBuffer> {
  return toUtf8.encode(text);
}

/** Takes fields from the front of a message, without copying bytes. */
export class Reader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number): Uint8Array<ArrayBuffer> {
    const from = this.#advance(length);
    return this.#bytes.subarray(from, from + length);
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  /** A 32-bit length and that many bytes. */
  blob(max: number): Uint8Array<ArrayBuffer> {
    const length = this.u32();
    if (length > max) throw new Malformed("a field is larger than allowed");
    return this.take(length);
  }

  text(max: number): string {
    const bytes = this.blob(max);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new Malformed("text is not UTF-8");
    }
  }

  end(): void {
    if (this.left > 0) throw new Malformed("the message is longer than its fields");
  }

  #advance(length: number): number {
    const from = this.#at;
    if (length > this.left) throw new Malformed("the message is too short");
    this.#at += length;
    return from;
  }
}

/** Collects fields into one message. */
export class Writer {
  #bytes = new Uint8Array(32);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  i16(value: number): this {
    const at = this.#room(2);
    this.#view.setInt16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, true);
    return this;
  }

  blob(value: Uint8Array): this {
    this.u32(value.length);
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** Where the next field goes. May replace the buffer, so it comes before anything touches that. */
  #room(length: number): number {
    const from = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return from;
  }
}
