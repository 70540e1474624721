/**
 * Answers of HTTP/1.1: the head, and the body in its three framings (RFC 9112 sections 4 to 7).
 *
 * @module
 */
import { type BufferedReader, MalformedResponse, UnexpectedEof } from "./buffered_reader.ts";

/** The head of an answer. */
export interface ResponseHead {
  /** The status code, such as 200. */
  readonly status: number;
  /** Header fields, their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Another protocol goes on after this head (RFC 9110 section 15.2.2). */
const SWITCHING_PROTOCOLS = 101;
/** Bytes of a line of the head, or of the line before a chunk. */
const MAX_LINE = 8192;
/** Header fields, and lines after the last chunk. */
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
  for (let bytes = await source.read(Infinity); bytes !== undefined; bytes = await source.read(Infinity)) {
    yield bytes;
  }
}
