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
 * Reads the head. Interim answers before it are passed over (RFC 9110 section 15.2); 101 is the last that speaks HTTP.
 *
 * @throws {MalformedResponse} when it is none
 */
export async function readHead(source: BufferedReader): Promise<ResponseHead> {
  for (;;) {
    const head = await readOneHead(source);
    if (head.status >= 200 || head.status === SWITCHING_PROTOCOLS) return head;
  }
}

async function readOneHead(source: BufferedReader): Promise<ResponseHead> {
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(await source.line(MAX_LINE))?.[1];
  if (status === undefined) throw new MalformedResponse("the answer is not HTTP");
  const headers = new Map<string, string>();
  for (const line of await readFields(source)) {
    const [, name = "", value = ""] = /^([^:\s]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === "") throw new MalformedResponse("a header field is malformed");
    headers.set(name.toLowerCase(), value);
  }
  return { status: Number(status), headers };
}

/** Whether an answer of this status has no body, whatever its header fields say (RFC 9112 section 6.3, item 1). */
function isBodiless(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

/** Lines up to the empty one. */
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
 * @throws {MalformedResponse} when it breaks off, or its framing is none
 */
export async function* readBody(
  source: BufferedReader,
  { status, headers }: ResponseHead,
): AsyncGenerator<Uint8Array, void> {
  if (isBodiless(status)) return;
  const coding = headers.get("transfer-encoding")?.toLowerCase() ?? "identity";
  const length = headers.get("content-length");
  if (coding === "chunked") return yield* readChunks(source);
  if (coding !== "identity") throw new MalformedResponse("the transfer coding is unknown");
  if (length === undefined) {
    for (;;) {
      const bytes = await source.read(Infinity);
      if (bytes === undefined) return;
      yield bytes;
    }
  }
  if (!/^\d{1,15}$/.test(length)) throw new MalformedResponse("the length is malformed");
  yield* readExactly(source, Number(length));
}

async function* readChunks(source: BufferedReader): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const size = /^([0-9a-fA-F]{1,8})\s*(?:;|$)/.exec(await source.line(MAX_LINE))?.[1];
    if (size === undefined) throw new MalformedResponse("a chunk is malformed");
    if (parseInt(size, 16) === 0) {
      await readFields(source);
      return;
    }
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
