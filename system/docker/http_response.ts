/**
 * Answers of HTTP/1.1: the head, and the body in its three framings (RFC 9112 sections 4 to 7).
 *
 * @module
 */
import { MalformedResponse, UnexpectedEof } from "./docker_error.ts";

/** Bytes of one read. */
const CHUNK_SIZE = 16_384;

/** Reads a connection line by line and chunk by chunk; never holds more than one chunk and one line. */
export class BufferedReader {
  readonly #buffer = new Uint8Array(CHUNK_SIZE);
  #rest = new Uint8Array(0);

  /** @param readInto fills a part of the buffer and returns its length; null at the end */
  constructor(private readonly readInto: (buffer: Uint8Array) => Promise<number | null>) {}

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
    const length = await this.readInto(this.#buffer) ?? 0;
    this.#rest = this.#buffer.slice(0, length);
    return length > 0;
  }

  #take(length: number): Uint8Array {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}

/** The head of an answer; the names of its header fields are in lower case. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

/** Another protocol goes on after this head (RFC 9110 section 15.2.2). */
const SWITCHING_PROTOCOLS = 101;
/** Bytes of a line of the head or before a chunk, and lines of the head or after the last chunk. */
const MAX_LINE = 8192;
const MAX_FIELDS = 100;

/**
 * Reads the head, after any interim ones (RFC 9110 section 15.2); 101 is the last that speaks HTTP.
 *
 * @throws {MalformedResponse}
 */
export async function readHead(source: BufferedReader): Promise<ResponseHead> {
  for (;;) {
    const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(await source.line(MAX_LINE))?.[1]);
    if (Number.isNaN(status)) throw new MalformedResponse("the answer is not HTTP");
    const headers = new Map<string, string>();
    for (const line of await readFields(source)) {
      const [, name = "", value = ""] = /^([^:\s]+):\s*(.*?)\s*$/.exec(line) ?? [];
      if (name === "") throw new MalformedResponse("a header field is malformed");
      headers.set(name.toLowerCase(), value);
    }
    if (status >= 200 || status === SWITCHING_PROTOCOLS) return { status, headers };
  }
}

/** Reads lines up to the empty one. */
async function readFields(source: BufferedReader): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const line = await source.line(MAX_LINE);
    if (line === "") return lines;
    if (lines.push(line) > MAX_FIELDS) throw new MalformedResponse("the head does not end");
  }
}

/**
 * Reads the body in chunks as they come.
 *
 * @throws {MalformedResponse} when it breaks off or its framing is malformed
 */
export async function* readBody(
  source: BufferedReader,
  { status, headers }: ResponseHead,
): AsyncGenerator<Uint8Array, void> {
  // These have no body, whatever their header fields say (RFC 9112 section 6.3, item 1).
  if (status < 200 || status === 204 || status === 304) return;
  const coding = headers.get("transfer-encoding")?.toLowerCase() ?? "identity";
  const length = headers.get("content-length");
  if (coding === "chunked") return yield* readChunks(source);
  if (coding !== "identity") throw new MalformedResponse("the transfer coding is unknown");
  if (length === undefined) return yield* readToEnd(source);
  if (!/^\d{1,15}$/.test(length)) throw new MalformedResponse("the length is malformed");
  yield* readExactly(source, Number(length));
}

async function* readChunks(source: BufferedReader): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const size = /^([0-9a-fA-F]{1,8})\s*(?:;|$)/.exec(await source.line(MAX_LINE))?.[1];
    if (size === undefined) throw new MalformedResponse("a chunk is malformed");
    if (parseInt(size, 16) === 0) return void await readFields(source);
    yield* readExactly(source, parseInt(size, 16));
    if (await source.line(MAX_LINE) !== "") throw new MalformedResponse("a chunk is malformed");
  }
}

async function* readExactly(source: BufferedReader, length: number): AsyncGenerator<Uint8Array, void> {
  for (let left = length; left > 0;) {
    const bytes = await source.read(left);
    if (bytes === undefined) throw new UnexpectedEof();
    left -= bytes.length;
    yield bytes;
  }
}

async function* readToEnd(source: BufferedReader): AsyncGenerator<Uint8Array, void> {
  for (let bytes; (bytes = await source.read(Infinity)) !== undefined;) yield bytes;
}
