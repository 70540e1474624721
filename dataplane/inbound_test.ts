import assert from "node:assert/strict";
import { COUNTER_BYTES, dropsByReason } from "../core/counters.ts";
import { Arena } from "../core/memory/arena.ts";
import { SessionMemory } from "./sessions/session_memory.ts";
import type { TunPort } from "../ffi/tun/tun.ts";
import type { UdpPort } from "../ffi/udp/udp_socket.ts";
import { Inbound } from "./inbound.ts";
import type { Outbound } from "./outbound.ts";
import type { ProbeTimes } from "./path/probe_times.ts";
import { UdpPath } from "./path/udp_path.ts";
import type { Delivery } from "./sessions/delivery.ts";
import { type ExposedDeps, ExposedInbound } from "./sessions/exposed_inbound.ts";

/** A port that receives these datagrams, one a run, laid out one after the other from the arena's start. */
function receiving(lengths: readonly number[], fromPeer: boolean): UdpPort {
  const offset = (run: number) => lengths.slice(0, run).reduce((sum, length) => sum + length, 0);
  return {
    receive: () => lengths.length,
    messageOffset: offset,
    messageLength: (message: number) => lengths[message] ?? assert.fail(),
    messageStride: (message: number) => lengths[message] ?? assert.fail(),
    messageIsFrom: () => fromPeer,
    messageIsTruncated: () => false,
  } as unknown as UdpPort;
}

/** The reasons that were counted. */
const counted = (drops: Record<string, number>) => Object.entries(drops).filter(([, count]) => count > 0);

for (const role of ["server", "client"] as const) {
  for (const [fromPeer, reason] of [[true, "malformed"], [false, "unknownPeer"]] as const) {
    Deno.test(`a ${role} counts empty datagrams of ${fromPeer ? "its peer" : "strangers"} as ${reason}`, () => {
      const counters = new Float64Array(COUNTER_BYTES / Float64Array.BYTES_PER_ELEMENT);
      const tun = { flush: () => {}, write: () => assert.fail("written") } as unknown as TunPort;
      const pass = () => assert.fail("passed on");
      const path = new UdpPath(new Arena(new ArrayBuffer(4096), 0), receiving([0, 0], fromPeer), counters);
      path.isBound = true;
      const inbound = new Inbound(role, tun, new Uint8Array(), {} as Outbound, {} as ProbeTimes, pass);
      assert.equal(path.drain(inbound), true);
      assert.deepEqual(counted(dropsByReason(counters)), [[reason, 2]]);
    });
  }
}

Deno.test("an exposed socket counts empty datagrams as malformed", () => {
  const shared = SessionMemory.allocate(1);
  const parts = {
    bytes: Uint8Array.of(0xff),
    udp: receiving([0, 1, 0], false),
    shared,
    batch: { now: 0 },
  } as unknown as ExposedDeps;
  const delivery = { flush: () => {} } as unknown as Delivery;
  assert.equal(new ExposedInbound(parts, delivery).drain(), true);
  assert.deepEqual(counted(dropsByReason(shared.counters)), [["malformed", 3]]);
});
