/**
 * The Worker of command_bench.ts: a loop that never turns its event loop unless a command makes it.
 *
 * @module
 */
import { receiveMessageOnPort } from "node:worker_threads";
import { CommandReader } from "../../dataplane/command_ring.ts";

/** The part of the Worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((message: MessageEvent) => void) | null;
  postMessage(times: number[]): void;
}

const scope = self as unknown as WorkerScope;
const COMMANDS = 300;
let ring: CommandReader | undefined;
let sent: Int32Array | undefined;
let port: Parameters<typeof receiveMessageOnPort>[0] | undefined;
let messages = 0;
let isMeasuring = false;

scope.onmessage = ({ data }) => {
  if (data.ring !== undefined) {
    ring = new CommandReader(data.ring);
    sent = new Int32Array(data.shared);
    port = data.port;
    scope.postMessage([]);
  } else if (data.way !== undefined) void measure(data.way);
  else messages++;
};

const turns: Record<string, () => Promise<unknown>> = {
  setImmediate: () => new Promise((resolve) => setImmediate(resolve)),
  setTimeout: () => new Promise((resolve) => setTimeout(resolve, 0)),
};

async function measure(way: string): Promise<void> {
  if (isMeasuring || sent === undefined) return;
  isMeasuring = true;
  Atomics.store(sent, 0, 0);
  messages = 0;
  const times: number[] = [];
  for (let count = 0; count < COMMANDS; count++) {
    // As poll(2) waits in the packet loop.
    while (Atomics.load(sent, 0) <= count) Atomics.wait(sent, 1, 0, 1);
    const start = performance.now();
    const turn = turns[way];
    if (turn !== undefined) { while (messages <= count) await turn(); }
    else if (way === "command ring") { while (ring?.next() === undefined); }
    else while (port !== undefined && receiveMessageOnPort(port) === undefined);
    times.push(performance.now() - start);
  }
  isMeasuring = false;
  scope.postMessage(times);
}
