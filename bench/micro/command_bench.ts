/**
 * For how long one command from the main thread stops the packet loop, by the ring in shared memory and by what else there is: a turn
 * of the Worker's event loop by setTimeout or setImmediate, and receiveMessageOnPort. It prints milliseconds of the Worker's time:
 * `deno run -A --unstable-worker-options bench/micro/command_bench.ts`.
 *
 * @module
 */
import { allocateCommandRing, CommandWriter } from "../../dataplane/command_ring.ts";
import type { WorkerCommand } from "../../dataplane/worker_channel.ts";

/** A text for an accessor, as the answer to its question is. */
const COMMAND: WorkerCommand = {
  kind: "sessions",
  command: { kind: "text", slot: 1, text: new Uint8Array(300) },
};

const ring = allocateCommandRing();
const shared = new SharedArrayBuffer(8);
const sent = new Int32Array(shared);
const { port1, port2 } = new MessageChannel();
const permissions = { ffi: true, read: false, write: false, net: false, env: false, run: false, sys: false };
const worker = new Worker(new URL("./command_bench_worker.ts", import.meta.url), {
  type: "module",
  deno: { permissions },
});
const writer = new CommandWriter(ring, () => {});
const ways: Record<string, () => void> = {
  "command ring": () => writer.push(COMMAND),
  "receiveMessageOnPort": () => port1.postMessage(COMMAND),
  "setImmediate": () => worker.postMessage(COMMAND),
  "setTimeout": () => worker.postMessage(COMMAND),
};

let answer = Promise.withResolvers<number[]>();
worker.onmessage = ({ data }: MessageEvent<number[]>) => answer.resolve(data);
worker.postMessage({ ring, shared, port: port2 }, [port2]);
await answer.promise;
console.log(`Deno ${Deno.version.deno}: milliseconds that one command stops the loop for`);
for (const [way, send] of Object.entries(ways)) {
  answer = Promise.withResolvers();
  worker.postMessage({ way });
  for (let count = 0; count < 300; count++) {
    await new Promise((resolve) => setTimeout(resolve, 1 + count % 3));
    send();
    Atomics.add(sent, 0, 1);
  }
  const times = (await answer.promise).slice(20).sort((a, b) => a - b);
  const quantile = (part: number) => (times[Math.floor(part * (times.length - 1))] ?? 0).toFixed(3);
  const [half, most, nearlyAll, all] = [0.5, 0.9, 0.99, 1].map(quantile);
  console.log(`  ${way.padEnd(22)} p50 ${half}  p90 ${most}  p99 ${nearlyAll}  longest ${all}`);
}
worker.terminate();
port1.close();
