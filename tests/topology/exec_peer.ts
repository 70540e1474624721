/**
 * The desktop's end of the stream of a command in a container, over a descriptor: takes off the frames in which the Engine
 * sends what the command writes.
 *
 * @module
 */
import { openLibc, pick, POSIX } from "../../ffi/libc/libc.ts";

const POLLIN = 1;
const POLLOUT = 4;
/** Milliseconds without a byte after which a read or write is given up. */
const SILENCE_LIMIT = 15_000;
/** A frame: octet 0 is 1 for the output and 2 for errors, octets 4 to 7 are the length, big-endian. */
const HEADER = 8;

/** Reads and writes a descriptor that stays its owner's. */
export class ExecPeer implements Disposable {
  readonly #libc = openLibc(pick(POSIX, "pollLater", "read", "write"));
  /** For poll(2) on other threads, which write to them: they must not be garbage meanwhile. */
  readonly #readable: Int32Array<ArrayBuffer>;
  readonly #writable: Int32Array<ArrayBuffer>;
  readonly #buffer = new Uint8Array(1 << 16);
  /** What came and was not yet taken apart. */
  #rest = new Uint8Array(0);
  /** Payloads of the output, and of errors. */
  readonly #payloads: Readonly<Record<number, number[]>> = { 1: [], 2: [] };

  /** @param descriptor non-blocking */
  constructor(readonly descriptor: number) {
    this.#readable = new Int32Array([descriptor, POLLIN]);
    this.#writable = new Int32Array([descriptor, POLLOUT]);
  }

  /** Writes all bytes. */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      await this.#wait(this.#writable, SILENCE_LIMIT);
      const rest = bytes.subarray(at);
      const length = this.#libc.symbols.write(this.descriptor, rest, rest.length);
      if (length < 0) throw new Error("Cannot write the stream: it has ended");
      at += length;
    }
  }

  /** Bytes of the output that came and were not read. */
  get received(): number {
    return this.#payloads[1]?.length ?? 0;
  }

  /** So many bytes of the output. */
  async read(length: number): Promise<Uint8Array> {
    const output = this.#payloads[1] ?? [];
    while (output.length < length) {
      if (!await this.#receive(SILENCE_LIMIT)) throw new Error("Cannot read the stream: it has ended");
    }
    return Uint8Array.from(output.splice(0, length));
  }

  /** What comes until the stream ends. @throws Error when it is silent for so many milliseconds */
  async untilEnd(limit: number): Promise<{ readonly output: string; readonly errors: string }> {
    while (await this.#receive(limit)) { /* It goes on. */ }
    const [output = "", errors = ""] = [1, 2].map((stream) =>
      new TextDecoder().decode(Uint8Array.from(this.#payloads[stream] ?? []))
    );
    return { output, errors };
  }

  [Symbol.dispose](): void {
    this.#libc.close();
  }

  /** Takes what is there; false at the end. */
  async #receive(limit: number): Promise<boolean> {
    await this.#wait(this.#readable, limit);
    const length = this.#libc.symbols.read(this.descriptor, this.#buffer, this.#buffer.length);
    if (length <= 0) return false;
    const bytes = new Uint8Array(this.#rest.length + length);
    bytes.set(this.#rest);
    bytes.set(this.#buffer.subarray(0, length), this.#rest.length);
    let at = 0;
    while (bytes.length - at >= HEADER) {
      const end = at + HEADER + new DataView(bytes.buffer, at).getUint32(4);
      const payload = this.#payloads[bytes[at] ?? 0];
      if (payload === undefined) throw new Error(`Cannot read the stream: a frame begins with ${bytes[at]}`);
      if (end > bytes.length) break;
      for (const octet of bytes.subarray(at + HEADER, end)) payload.push(octet);
      at = end;
    }
    this.#rest = bytes.slice(at);
    return true;
  }

  async #wait(entry: Int32Array<ArrayBuffer>, limit: number): Promise<void> {
    const ready = await this.#libc.symbols.pollLater(entry, 1, limit);
    if (ready === 0) throw new Error(`Waited ${limit} ms in vain for the stream`);
  }
}
