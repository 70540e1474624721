/**
 * One TCP transfer, measured: `serve PORT BYTES BYTES_PER_SECOND` (0: unpaced) sends to the first that connects,
 * `fetch HOST PORT` receives. Each prints events as JSON lines; the last holds the count and the SHA-256 of the bytes.
 *
 * @module
 */
import { createHash } from "node:crypto";

const BLOCK = 1 << 16;
/** Milliseconds between two pieces of a paced transfer. */
const PACE = 10;

function print(event: Record<string, unknown>): void {
  console.log(JSON.stringify(event));
}

async function serve(port: number, total: number, rate: number): Promise<void> {
  // IPv4 connections come here too (ipv6(7), IPV6_V6ONLY).
  using listener = Deno.listen({ hostname: "::", port });
  print({ event: "listening" });
  using connection = await listener.accept();
  const hash = createHash("sha256");
  const piece = rate === 0 ? BLOCK : Math.max(1, Math.round(rate * PACE / 1000));
  const start = performance.now();
  let sent = 0;
  while (sent < total) {
    const bytes = new Uint8Array(Math.min(piece, total - sent));
    for (let at = 0; at < bytes.length; at += BLOCK) {
      crypto.getRandomValues(bytes.subarray(at, Math.min(at + BLOCK, bytes.length)));
    }
    hash.update(bytes);
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    sent += bytes.length;
    const early = rate === 0 ? 0 : start + sent / rate * 1000 - performance.now();
    if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
  }
  await connection.closeWrite();
  print({ event: "done", bytes: sent, sha256: hash.digest("hex") });
}

async function fetchStream(hostname: string, port: number): Promise<void> {
  using connection = await Deno.connect({ hostname, port });
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1 << 18);
  const start = performance.now();
  let last = start;
  let bytes = 0;
  let longestGap = 0;
  for (;;) {
    const length = await connection.read(buffer);
    if (length === null) break;
    const now = performance.now();
    if (bytes === 0) print({ event: "first" });
    else longestGap = Math.max(longestGap, now - last);
    last = now;
    bytes += length;
    hash.update(buffer.subarray(0, length));
  }
  const seconds = (last - start) / 1000;
  print({ event: "done", bytes, sha256: hash.digest("hex"), seconds, longestGapMs: longestGap });
}

const [command, ...args] = Deno.args;
if (command === "serve") await serve(Number(args[0]), Number(args[1]), Number(args[2]));
else await fetchStream(args[0] ?? "", Number(args[1]));
