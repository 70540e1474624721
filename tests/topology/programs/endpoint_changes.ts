/**
 * The other thread of a test in dataplane/sessions/session_memory_test.ts: changes an endpoint for two seconds at most.
 *
 * @module
 */
import { SessionMemory } from "../../../dataplane/sessions/session_memory.ts";

const scope = self as unknown as {
  onmessage: ((message: MessageEvent<SharedArrayBuffer>) => void) | null;
  postMessage(message: string): void;
};

scope.onmessage = ({ data }) => {
  const memory = new SessionMemory(data, 1);
  scope.postMessage("begun");
  const end = performance.now() + 2_000;
  const endpoints = [1, 2, 3].map((octet) => new Uint8Array(28).fill(octet));
  while (performance.now() < end) {
    for (const endpoint of endpoints) for (let time = 0; time < 100; time++) memory.setEndpoint(0, endpoint);
  }
};
