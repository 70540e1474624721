/**
 * Entry of the data plane's Worker. It may use FFI and nothing else.
 *
 * @module
 */
import type { Command, Event, Start } from "./channel.ts";
import { runPacketLoop } from "./packet_loop.ts";

/** The part of the Worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((message: MessageEvent<Start | Command>) => void) | null;
  postMessage(event: Event): void;
}

const scope = self as unknown as WorkerScope;
const commands: Command[] = [];
let started = false;

scope.onmessage = ({ data }) => {
  if (started) {
    commands.push(data as Command);
    return;
  }
  started = true;
  runPacketLoop(data as Start, (event) => scope.postMessage(event), { next: () => commands.shift() });
};
