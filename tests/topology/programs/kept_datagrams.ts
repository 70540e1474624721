/**
 * Datagrams that are made of the kept inputs of the fuzz targets: `kept_datagrams.ts HOST PORT COUNT SEED TARGET` sends them from a
 * few ports of its own, and counts the octets that go and that come back.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import { readCorpus } from "../../fuzz/corpus.ts";
import { mutateBytes } from "../../fuzz/mutate_bytes.ts";
import { Random } from "../../fuzz/random.ts";

const SOCKETS = 4;
/** Datagrams sent before the others of the machine get their turn. */
const BURST = 32;
/** Milliseconds in which late answers come. */
const LATE = 300;

/** Sends `count` of them; returns how many octets they were. */
export async function sendKept(
  send: (bytes: Uint8Array, index: number) => Promise<void>,
  { target, count, seed }: { readonly target: string; readonly count: number; readonly seed: number },
): Promise<number> {
  const kept = readCorpus(target).map(({ bytes }) => bytes);
  let sent = 0;
  for (let index = 0; index < count;) {
    const burst: Promise<void>[] = [];
    for (; burst.length < BURST && index < count; index++) {
      const bytes = mutateBytes(kept, new Random(seed, index));
      burst.push(send(bytes, index));
      sent += bytes.length;
    }
    await Promise.all(burst);
  }
  return sent;
}

if (import.meta.main) {
  const [host = "", port = "", count = "", seed = "", target = ""] = Deno.args;
  let answered = 0;
  const sockets = Array.from({ length: SOCKETS }, () => {
    const socket = createSocket({ type: "udp4", sendBufferSize: 1 << 22 });
    socket.on("message", (message) => void (answered += message.length));
    return socket;
  });
  const send = (bytes: Uint8Array, index: number) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    sockets[index % SOCKETS]?.send(bytes, Number(port), host, () => resolve());
    return promise;
  };
  const sent = await sendKept(send, { target, count: Number(count), seed: Number(seed) });
  await new Promise((resolve) => setTimeout(resolve, LATE));
  console.log(JSON.stringify({ sent, answered }));
  for (const socket of sockets) socket.close();
}
