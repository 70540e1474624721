/**
 * Reads a connection line by line and chunk by chunk.
 *
 * @module
 */

/** An answer that breaks the rules of HTTP or is larger than allowed. */
export class MalformedResponse extends Error {
  override readonly name: string = "MalformedResponse";
}

/** An answer that ends before it is complete, as when the Engine is stopped. */
export class UnexpectedEof extends MalformedResponse {
  constructor() {
    super("the answer breaks off");
  }
}

/** Fills a part of the buffer and returns its length; null at the end. */
export type ReadInto = (buffer: Uint8Array) => Promise<number | null>;

/** Bytes of one read. */
const CHUNK_SIZE = 16_384;

/** A reader that never holds more than one chunk and one line. */
export class BufferedReader {
  readonly #readInto: ReadInto;
  readonly #buffer = new Uint8Array(CHUNK_SIZE);
  #rest = new Uint8Array(0);

  constructor(readInto: ReadInto) {
    this.#readInto = readInto;
  }

  /**
   * Reads a line as Latin-1 text, without its CR LF or LF.
   *
   * @throws {MalformedResponse} when it has more than `max` bytes; {UnexpectedEof} when the bytes end before it does
   */
  async line(max: number): Promise<string> {
    let text = "";
    while (await this.#fill()) {
      const end = this.#rest.indexOf(0x0a);
      const bytes = this.#take(end < 0 ? this.#rest.length : end + 1);
      if (text.length + bytes.length > max + 2) {
        throw new MalformedResponse("a line of the answer does not end");
      }
      text += String.fromCharCode(...bytes);
      if (end >= 0) return text.replace(/\r?\n$/, "");
    }
    throw new UnexpectedEof();
  }

  /** Reads from one to `max` bytes, which are the caller's; undefined at the end. */
  async read(max: number): Promise<Uint8Array | undefined> {
    return await this.#fill() ? this.#take(Math.min(max, this.#rest.length)) : undefined;
  }

  /** Makes sure that a byte is there; false at the end. */
  async #fill(): Promise<boolean> {
    if (this.#rest.length > 0) return true;
    const length = await this.#readInto(this.#buffer) ?? 0;
    this.#rest = this.#buffer.slice(0, length);
    return length > 0;
  }

  #take(length: number): Uint8Array {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}
