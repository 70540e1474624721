/**
 * DNS messages over TCP: each follows its length in two octets, big endian (RFC 1035 section 4.2.2).
 *
 * @module
 */
import { closeQuietly, connectWithin } from "../proxy/connect.ts";

/** A stream of both directions. */
type Stream = Pick<Deno.Conn, "read" | "write">;

/** Reads the next message; undefined at the end of the stream. */
export async function readDnsMessage(stream: Stream): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const head = await readFully(stream, 2);
  return head && await readFully(stream, (head[0] ?? 0) << 8 | (head[1] ?? 0));
}

/** Writes a message of at most 65,535 bytes. */
export async function writeDnsMessage(stream: Stream, message: Uint8Array): Promise<void> {
  const bytes = new Uint8Array([message.length >>> 8, message.length & 0xff, ...message]);
  for (let at = 0; at < bytes.length;) at += await stream.write(bytes.subarray(at));
}

/** Sends a query by a connection of its own and waits for the answer; an error when it is refused or the time is up. */
export async function exchangeOverTcp(
  query: Uint8Array,
  hostname: string,
  port: number,
  milliseconds: number,
): Promise<Uint8Array | undefined> {
  const connection = await connectWithin(hostname, port, milliseconds);
  const timer = setTimeout(() => closeQuietly(connection), milliseconds);
  try {
    await writeDnsMessage(connection, query);
    return await readDnsMessage(connection);
  } finally {
    clearTimeout(timer);
    closeQuietly(connection);
  }
}

async function readFully(stream: Stream, length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await stream.read(bytes.subarray(at));
    if (count === null) return undefined;
    at += count;
  }
  return bytes;
}
