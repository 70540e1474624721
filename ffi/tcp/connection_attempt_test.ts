import assert from "node:assert/strict";
import { address } from "../../tests/literals.ts";
import { linuxLibc } from "../libc/libc_linux.ts";
import { attemptConnection } from "./connection_attempt.ts";

if (Deno.build.os === "linux") linuxLibc();

Deno.test({
  name: "an open port accepts, a closed one refuses",
  // The library and its thread stay for the thread's life.
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const to = { address: address("127.0.0.1"), port };
    assert.equal(await attemptConnection(to, 1_000), "accepted");
    listener.close();
    assert.equal(await attemptConnection(to, 1_000), "refused");
  },
});
