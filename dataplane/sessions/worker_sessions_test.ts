import assert from "node:assert/strict";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import type { TunPort } from "../../ffi/tun/tun.ts";
import { openUdpSocket } from "../../ffi/udp/udp_socket.ts";
import type { SessionEvent } from "../worker_channel.ts";
import { Outbound } from "../outbound.ts";
import { WorkerSessions } from "./worker_sessions.ts";
import { SessionMemory } from "./session_memory.ts";
import { address } from "../../tests/literals.ts";

const events: SessionEvent[] = [];
const memory = new PacketMemory(20 << 20);
const list = new TxQueue(memory.arena, 64);
const host = new WorkerSessions({
  memory,
  shared: SessionMemory.allocate(4).buffer,
  outbound: new Outbound({} as TunPort, undefined, list, new Float64Array(64)),
  inbound: undefined,
  post: (event) => events.push(event),
});
const socket = await openUdpSocket({ address: address("127.0.0.1"), port: 0 });
const attach = () =>
  host.attach({
    kind: "attach",
    udp: { descriptor: socket.descriptor, connected: false, offload: true },
    cipher: "wasm",
    slots: 4,
  });
// Opens the C library for the thread's life, so no test opens it.
await attach();

Deno.test("a socket that cannot be taken in leaves nothing reserved", async () => {
  using _ = socket;
  assert.equal(events.at(-1)?.kind, "attached");
  host.handle({ kind: "detach" });
  // With what is left the socket's part has room, and what is built last has none.
  const used = memory.arena.used;
  await attach();
  const needed = memory.arena.used - used;
  host.handle({ kind: "detach" });
  memory.arena.allocate(memory.arena.u8.length - memory.arena.used - needed + 4096, 64);
  const before = memory.arena.used;
  await attach();
  assert.equal(events.at(-1)?.kind, "attach-failed");
  assert.equal(memory.arena.used, before);
});
