/**
 * ICMP sockets and attempts to connect: this machine's own addresses answer both, and an address that nothing has does not.
 *
 * @module
 */
import assert from "node:assert/strict";
import { openIcmpSocket, randomMark } from "../../../ffi/icmp/icmp_socket.ts";
import { type AttemptState, startConnecting } from "../../../ffi/tcp/connect_attempt.ts";
import { endpoint } from "./addresses.ts";

/** Repeats until there is a result. */
async function soon<T>(find: () => T | undefined): Promise<T> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.fail("nothing came within a second");
}

/** Replies come to both IP versions, and to the socket that asked alone. */
export async function echoesAreAnswered(): Promise<void> {
  for (const text of ["127.0.0.1:0", "[::1]:0"]) {
    const { address } = endpoint(text);
    using socket = await openIcmpSocket(address.family, randomMark());
    using other = await openIcmpSocket(address.family, randomMark());
    for (const sequence of [1, 65_535]) {
      assert.ok(socket.send(address, sequence));
      assert.equal(await soon(() => positive(socket.receive())), sequence);
    }
    for (let seen = other.receive(); seen !== undefined; seen = other.receive()) assert.equal(seen, -1);
  }
}

/** The request itself passes by on the loopback. */
function positive(sequence: number | undefined): number | undefined {
  return sequence === -1 ? undefined : sequence;
}

/** A listener and a refusal are answers; what has no route fails. */
export async function connectionsAreTried(): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const outcome = async (text: string): Promise<AttemptState> => {
    using attempt = startConnecting(endpoint(text));
    return await soon(() => attempt.state() === "waiting" ? undefined : attempt.state());
  };
  assert.equal(await outcome(`127.0.0.1:${port}`), "answered");
  assert.equal(await outcome("127.0.0.1:9"), "answered");
  assert.equal(await outcome("[::1]:9"), "answered");
  assert.equal(await outcome("192.0.2.1:9"), "failed");
}
