/**
 * Entry of the data plane's Worker. It may use FFI and nothing else.
 *
 * @module
 */
import type { WorkerEvent, WorkerInit } from "./worker_channel.ts";
import { runPacketLoop } from "./packet_loop.ts";
import type { Attach } from "./sessions/session_channel.ts";

/** The part of the Worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((message: MessageEvent<WorkerInit | Attach>) => void) | null;
  postMessage(event: WorkerEvent): void;
}

const scope = self as unknown as WorkerScope;
const attachments: Attach[] = [];
let arrived = Promise.withResolvers<void>();
let started = false;

async function nextAttachment(): Promise<Attach> {
  for (;;) {
    const attachment = attachments.shift();
    if (attachment !== undefined) return attachment;
    await arrived.promise;
  }
}

scope.onmessage = ({ data }) => {
  if (started) {
    attachments.push(data as Attach);
    arrived.resolve();
    arrived = Promise.withResolvers();
    return;
  }
  started = true;
  runPacketLoop(data as WorkerInit, (event) => scope.postMessage(event), nextAttachment);
};
