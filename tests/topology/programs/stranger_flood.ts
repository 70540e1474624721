/**
 * A flood of datagrams from somebody without a token: `stranger_flood.ts ADDRESS PORT COUNT RATE`, RATE a second. A quarter each are
 * initiations, messages as long as a login, messages longer than any, and transport messages of no session. At the end it
 * prints how many milliseconds that took.
 *
 * @module
 */
import { COUNTER_BYTES } from "../../../core/counters.ts";
import { parseAddress } from "../../../core/net/address.ts";
import { TxQueue } from "../../../core/packet/tx_queue.ts";
import { PacketMemory } from "../../../ffi/libc/packet_memory.ts";
import { attachUdpSocket, openUdpSocket } from "../../../ffi/udp/udp_socket.ts";

/** Datagrams of one call. */
const BATCH = 64;
const ROOM = 2048;
/** Octets by kind, and the octets that each begins with. */
const KINDS = [
  { length: 148, first: [1, 0, 0, 0] },
  { length: 60, first: [1, 0x61] },
  { length: 1400, first: [1, 0x61] },
  { length: 112, first: [4, 0, 0, 0] },
];

const [host = "", port = "", count = "", rate = ""] = Deno.args;
const address = parseAddress(host);
if (address === undefined) throw new Error(`${host} is no address`);
const memory = new PacketMemory(16 << 20);
using socket = await openUdpSocket({ address: { family: 4, bytes: new Uint8Array(4) }, port: 0 });
socket.connect({ address, port: Number(port) });
const attachment = { descriptor: socket.descriptor, connected: true, offload: false };
const udp = await attachUdpSocket(memory, attachment, new Float64Array(COUNTER_BYTES / 8));
const list = new TxQueue(memory.arena, BATCH);
const places = memory.arena.allocate(BATCH * ROOM, 64);
const start = performance.now();
for (let sent = 0; sent < Number(count); sent += BATCH) {
  list.clear();
  for (let index = 0; index < BATCH; index++) {
    const { length, first } = KINDS[index % KINDS.length] ?? { length: 1, first: [1] };
    const at = places + index * ROOM;
    crypto.getRandomValues(memory.arena.u8.subarray(at, at + length) as Uint8Array<ArrayBuffer>);
    memory.arena.u8.set(first, at);
    list.pushWhole(at, length);
    list.endpoints[index] = 0;
  }
  udp.send(list);
  const ahead = sent / Number(rate) * 1000 - (performance.now() - start);
  if (ahead > 1) await new Promise((resolve) => setTimeout(resolve, ahead));
}
console.log(JSON.stringify({ milliseconds: performance.now() - start }));
