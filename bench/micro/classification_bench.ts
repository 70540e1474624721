/** A batch of datagrams told apart: packets and heartbeats. @module */
import { packetVersion } from "../../core/packet/ip.ts";
import { HEARTBEAT, serverMessage } from "../../core/protocol/datagram.ts";
import { openBench, writeTcpPacket } from "./packets.ts";

/** Datagrams of one run; a batch of recvmmsg holds as many. */
const COUNT = 64;
const STRIDE = 256;

const bench = openBench(65_536);
const { u8 } = bench.arena;
const at = bench.arena.allocate(COUNT * STRIDE, 16);
const length = writeTcpPacket(bench, at, 64);
for (let index = 1; index < COUNT; index++) u8.copyWithin(at + index * STRIDE, at, at + length);
const heartbeat = bench.arena.allocate(16, 16);
u8[heartbeat] = HEARTBEAT;

Deno.bench({
  name: `${COUNT} packets`,
  fn: () => {
    for (let index = 0; index < COUNT; index++) {
      if (packetVersion(u8, at + index * STRIDE, length) !== 4) {
        throw new Error("A packet was not recognised");
      }
    }
  },
});

Deno.bench({
  name: `${COUNT} heartbeats`,
  fn: () => {
    for (let index = 0; index < COUNT; index++) {
      if (packetVersion(u8, heartbeat, 1) !== 0 || serverMessage(u8, heartbeat, 1) === 0) {
        throw new Error("A heartbeat was not recognised");
      }
    }
  },
});
