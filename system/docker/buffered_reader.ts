/**
 * Bytes of a connection, taken by lines and by chunks.
 *
 * @module
 */

/** An answer that breaks the rules of HTTP or is larger than allowed. */
export class MalformedResponse extends Error {
  /** The class's name, for logs. */
  override readonly name: string = "MalformedResponse";
}

/** An answer that ends before it is complete, as when the Engine is stopped. */
export class UnexpectedEof extends MalformedResponse {
  /** Words the fault. */
  constructor() {
    super("the answer breaks off");
  }
}

/** Where the bytes come from. */
export interface Readable {
  /** Fills a part of the buffer; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
}

/** Bytes that are asked for at once. */
const CHUNK_SIZE = 16_384;

/** Reads a connection; it never holds more than one portion and one line. */
export class BufferedReader {
  readonly #connection: Readable;
  readonly #buffer = new Uint8Array(CHUNK_SIZE);
  #rest = new Uint8Array(0);

  /** @param connection read to its end, and left open */
  constructor(connection: Readable) {
    this.#connection = connection;
  }

  /**
   * Takes a line.
   *
   * @param max bytes that it may have
   * @returns the line as Latin-1 text, without its CR LF or LF
   * @throws {MalformedResponse} when it is longer; {UnexpectedEof} when the bytes end before it does
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

  /**
   * Takes what is there, at least one byte.
   *
   * @param most bytes that it may be
   * @returns the bytes, which are the caller's to keep; undefined at the end
   */
  async read(most: number): Promise<Uint8Array | undefined> {
    return await this.#fill() ? this.#take(Math.min(most, this.#rest.length)) : undefined;
  }

  /** Reads on where nothing is left; false at the end. */
  async #fill(): Promise<boolean> {
    if (this.#rest.length > 0) return true;
    const length = await this.#connection.read(this.#buffer);
    if (length === null) return false;
    this.#rest = this.#buffer.slice(0, length);
    return length > 0;
  }

  #take(length: number): Uint8Array {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}
