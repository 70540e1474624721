import { deepEqual } from "node:assert/strict";
import { WORKER_PERMISSIONS } from "./data_plane.ts";

/** Tells which of the runtime's permissions it has. */
const PROGRAM = `
  const names = ["env", "ffi", "import", "net", "read", "run", "sys", "write"];
  postMessage(names.filter((name) => Deno.permissions.querySync({ name }).state === "granted"));`;

Deno.test("the Worker has no permission but FFI", async () => {
  const address = URL.createObjectURL(new Blob([PROGRAM], { type: "application/javascript" }));
  const worker = new Worker(address, { type: "module", deno: { permissions: WORKER_PERMISSIONS } });
  try {
    const granted = await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
    deepEqual(granted, ["ffi"]);
  } finally {
    worker.terminate();
    URL.revokeObjectURL(address);
  }
});
