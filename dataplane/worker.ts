/**
 * Entry of the data plane's Worker. It may use FFI and nothing else.
 *
 * @module
 */
import type { Event, Start } from "./worker_channel.ts";
import { runPacketLoop } from "./packet_loop.ts";
import type { Attach } from "./sessions/session_channel.ts";

/** The part of the Worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((message: MessageEvent<Start | Attach>) => void) | null;
  postMessage(event: Event): void;
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
  runPacketLoop(data as Start, (event) => scope.postMessage(event), nextAttachment);
};
