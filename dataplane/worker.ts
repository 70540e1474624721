/**
 * Entry of the data plane's Worker. It may use FFI and nothing else.
 *
 * @module
 */
import { runPacketLoop } from "./packet_loop.ts";
import type { WorkerEvent, WorkerInit } from "./worker_channel.ts";

/** The part of the Worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((message: MessageEvent<WorkerInit>) => void) | null;
  postMessage(event: WorkerEvent): void;
}

const scope = self as unknown as WorkerScope;

scope.onmessage = ({ data }) => void runPacketLoop(data, (event) => scope.postMessage(event));
