/**
 * Random datagrams that look for the borders of a parser: `random_datagrams.ts HOST PORT COUNT` sends them from a
 * port of its own.
 *
 * @module
 */
import { createSocket } from "node:dgram";

/** Largest UDP payload over IPv4: 65535 less 20 and 8 bytes of headers (RFC 768, RFC 791). */
const LARGEST = 65_507;
/** First bytes that mean something: heartbeat, control, login, the client's facts, IPv4, IPv6. */
const MEANINGFUL = [0x00, 0x01, 0x02, 0x03, 0x45, 0x46, 0x4f, 0x40, 0x60];
/** Lengths of heartbeats, without a proof and with one (docs/internals/protocol.md). */
const HEARTBEATS = [1, 25];
/** Datagrams sent before the others of the machine get their turn. */
const BURST = 32;

function randomLength(): number {
  const choice = Math.random();
  if (choice < 0.3) return Math.floor(Math.random() * 48);
  if (choice < 0.99) return Math.floor(Math.random() * 1500);
  return Math.floor(Math.random() * (LARGEST + 1));
}

/**
 * Sends `count` datagrams. Their lengths lean to the short ones, their first bytes to the meaningful ones.
 *
 * @param bound whether they go in a peer's name. In a stranger's, what may be a heartbeat is left out: without a key it binds.
 */
export async function flood(
  send: (bytes: Uint8Array) => Promise<void>,
  count: number,
  bound: boolean,
): Promise<void> {
  const random = new Uint8Array(1 << 17);
  for (let at = 0; at < random.length; at += 1 << 16) {
    crypto.getRandomValues(random.subarray(at, at + (1 << 16)));
  }
  for (let sent = 0; sent < count;) {
    const burst: Promise<void>[] = [];
    for (; burst.length < BURST && sent < count; sent++) {
      const start = Math.floor(Math.random() * (random.length - LARGEST));
      const bytes = random.slice(start, start + randomLength());
      if (bytes.length > 0 && Math.random() < 0.6) {
        bytes[0] = MEANINGFUL[sent % MEANINGFUL.length] ?? 0;
      }
      // The length of half the IPv4 look-alikes is true, so that they pass the first check.
      if (bytes.length >= 20 && bytes[0] === 0x45 && sent % 2 === 0) {
        new DataView(bytes.buffer).setUint16(2, bytes.length);
      }
      if (!bound && HEARTBEATS.includes(bytes.length) && bytes[0] === 0) bytes[0] = 2;
      burst.push(send(bytes));
    }
    await Promise.all(burst);
  }
}

if (import.meta.main) {
  const [host = "", port = "", count = ""] = Deno.args;
  const socket = createSocket({ type: "udp4", sendBufferSize: 1 << 22 });
  const send = (bytes: Uint8Array) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.send(bytes, Number(port), host, () => resolve());
    return promise;
  };
  await flood(send, Number(count), false);
  console.log(JSON.stringify({ sent: Number(count) }));
  socket.close();
}
