/**
 * The thread of watchdog.ts.
 *
 * @module
 */

/** Milliseconds between two looks. */
const LOOK = 1_000;

interface Watched {
  readonly shared: SharedArrayBuffer;
  readonly where: string;
  /** Milliseconds. */
  readonly limit: number;
}

const scope = self as unknown as { onmessage: (message: MessageEvent<Watched>) => void };

scope.onmessage = ({ data }) => {
  const count = new Int32Array(data.shared);
  let last = -1;
  let since = performance.now();
  setInterval(() => {
    const index = Atomics.load(count, 0);
    if (index !== last) {
      last = index;
      since = performance.now();
    } else if (performance.now() - since > data.limit) {
      const line = `FAILED  ${data.where}: input ${index} has not ended after ${data.limit / 1000} s\n`;
      Deno.stderr.writeSync(new TextEncoder().encode(line));
      Deno.kill(Deno.pid, "SIGKILL");
    }
  }, LOOK);
};
