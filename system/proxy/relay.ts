import { closeQuietly } from "./connect.ts";

/** Bytes of a direction's buffer at first, since most connections wait most of the time. */
const MIN_BUFFER = 4 * 1024;
/** Bytes of the buffer of a direction that fills it: fewer calls to the kernel. */
const MAX_BUFFER = 64 * 1024;

/** A connection as a relay needs it. */
export type RelayedConnection = Pick<Deno.TcpConn, "read" | "write" | "closeWrite" | "close">;

/**
 * Carries bytes both ways between two connections until both directions have ended, and closes both. The end of one direction is
 * passed on and leaves the other open. Nothing is read before the last bytes are written, so a slow receiver slows the sender down.
 */
export async function relay(a: RelayedConnection, b: RelayedConnection): Promise<void> {
  try {
    await Promise.all([pump(a, b), pump(b, a)]);
  } catch {
    // One of the two was reset: the other must not take what came so far for all.
  } finally {
    closeQuietly(a);
    closeQuietly(b);
  }
}

async function pump(from: RelayedConnection, to: RelayedConnection): Promise<void> {
  let buffer = new Uint8Array(MIN_BUFFER);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return await to.closeWrite();
    for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
    if (count === buffer.length && count < MAX_BUFFER) buffer = new Uint8Array(4 * count);
  }
}
