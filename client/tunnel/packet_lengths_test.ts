import assert from "node:assert/strict";
import type { LargePeer } from "../../dataplane/worker_channel.ts";
import { SystemError } from "../../ffi/libc/errno.ts";
import { PacketLengths } from "./packet_lengths.ts";

/** Lengths at a client whose least bridge is as the test says; undefined: it cannot be told. */
function open(cutsTcp = true) {
  const told: (LargePeer | undefined)[] = [];
  const machine: { bridge: number | undefined } = { bridge: 1500 };
  const lengths = new PacketLengths({
    mtu: 1400,
    cutsTcp,
    leastBridgeMtu: () => {
      if (machine.bridge === undefined) throw new SystemError("netlink", 105);
      return machine.bridge;
    },
    onChange: (peer) => void told.push(peer),
  });
  return { lengths, machine, told };
}

const PEER = { length: 16_000, behind: 1500, own: 1400, mayRaise: true };

Deno.test("what changes is told once", () => {
  const { lengths, machine, told } = open();
  lengths.refresh();
  lengths.follow(undefined);
  assert.deepEqual(told, []);
  lengths.follow(16_000);
  lengths.follow(16_000);
  lengths.refresh();
  machine.bridge = 1450;
  lengths.refresh();
  lengths.follow(undefined);
  assert.deepEqual(told, [PEER, { ...PEER, behind: 1450 }, undefined]);
});

Deno.test("nobody is asked for long packets where nothing cuts them", () => {
  const { lengths, told } = open(false);
  lengths.follow(16_000);
  assert.deepEqual(told, [{ ...PEER, mayRaise: false }]);
});

Deno.test("bridges that cannot be looked at leave packets as they are", () => {
  const { lengths, machine, told } = open();
  machine.bridge = undefined;
  lengths.follow(16_000);
  assert.deepEqual(told, [{ ...PEER, behind: 16_000, mayRaise: false }]);
});
