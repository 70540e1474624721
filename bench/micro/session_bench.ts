/**
 * What sessions add to each packet: sealing a row of segments for a session, opening them, and finding out that a packet is for none
 * of a thousand sessions. The sockets are left out: `deno bench -A bench/micro/session_bench.ts`.
 *
 * @module
 */
import { Counter } from "../../core/counters.ts";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import { SlotTable } from "../../core/sharing/slot_table.ts";
import { ExposedInbound } from "../../dataplane/sessions/exposed_inbound.ts";
import { EncryptBatch } from "../../dataplane/sessions/encrypt_batch.ts";
import { monotonicNow, SessionMemory } from "../../dataplane/sessions/session_memory.ts";
import { SessionSources } from "../../dataplane/sessions/session_sources.ts";
import { KEY_PAIRS, SessionTable } from "../../dataplane/sessions/session_table.ts";
import { loadPacketCipher } from "../../ffi/aead/load_cipher.ts";
import { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import { socketAddressCodec, type UdpPort } from "../../ffi/udp/udp_socket.ts";
import { fillWithNoise, HEADERS, SEGMENT, SEGMENTS } from "./packets.ts";

/** Octets of a transport message that carries a full packet: padded to 1408, with header and tag. */
const MESSAGE = 16 + 1408 + 16;
const SESSIONS = 1000;

/** A socket that gives back what was sent, as one run. */
class Mirror implements UdpPort {
  readonly descriptor = -1;
  readonly unsupported = 0;
  readonly failure = 0;
  #received = 0;

  constructor(readonly memory: PacketMemory, readonly at: number) {}

  setEndpoint(): void {}

  send(list: TxQueue): void {
    this.#received = 0;
    for (let index = 0; index < list.count; index++) {
      const from = list.headers[index];
      this.memory.arena.u8.copyWithin(this.at + this.#received, from, from + list.lengths[index]);
      this.#received += list.lengths[index];
    }
  }

  receive(): number {
    return 1;
  }
  messageOffset(): number {
    return this.at;
  }
  messageLength(): number {
    return this.#received;
  }
  messageStride(): number {
    return MESSAGE;
  }
  messageIsFrom(): boolean {
    return true;
  }
  messageSourceHash(): number {
    return 0;
  }
  endpointHash(): number {
    return 0;
  }
  messageSource(): Uint8Array<ArrayBuffer> {
    return new Uint8Array();
  }
  messageIsTruncated(): boolean {
    return false;
  }
}

for (const backend of ["libcrypto", "wasm"] as const) {
  const memory = new PacketMemory(4 << 20);
  const { arena } = memory;
  const udp = new Mirror(memory, arena.allocate(1 << 17, 64));
  const cipher = await loadPacketCipher(memory, SESSIONS * KEY_PAIRS * 2, backend).catch(() => undefined);
  if (cipher === undefined) continue;
  const shared = SessionMemory.allocate(SESSIONS);
  const table = new SessionTable(SESSIONS, cipher, shared);
  for (let slot = 0; slot < SESSIONS; slot++) {
    table.set(slot, { address: 0xc0a8_0003 + slot, endpoint: undefined, legacy: false });
  }
  const key = new Uint8Array(32);
  const limit = 2 ** 53;
  table.install(
    0,
    { send: key, receive: key, localIndex: 7, remoteIndex: 7, initiator: true },
    limit,
    Infinity,
  );
  const batch = new EncryptBatch(memory, udp, table, cipher, shared, () => {});
  batch.now = monotonicNow();
  const list = new TxQueue(arena, 256);
  const payload = arena.allocate(1 << 16, 64);
  fillWithNoise(arena.u8.subarray(payload, payload + 65_536));
  for (let index = 0; index < SEGMENTS; index++) {
    arena.u8.set([0x45, 0, 1400 >> 8, 1400 & 0xff], list.nextHeader);
    list.pushSegment(HEADERS, payload + index * SEGMENT, SEGMENT);
  }
  const seal = () => {
    for (let index = 0; index < SEGMENTS; index++) batch.enqueueFrom(0, list, index);
    batch.flush();
  };
  let delivered = 0;
  const sources = new SessionSources(udp, shared, batch, socketAddressCodec(4).trim);
  const inbound = new ExposedInbound(
    { bytes: arena.u8, udp, table, cipher, shared, batch, post: () => {}, sources },
    {
      deliver: (_slot, _at, length) => void (delivered += length),
      flush: () => {},
      maySendControl: () => true,
    },
  );
  Deno.bench({ name: `seal ${SEGMENTS} segments, ${backend}`, group: "seal", fn: seal });
  Deno.bench({
    name: `seal and open ${SEGMENTS} segments, ${backend}`,
    group: "seal and open",
    fn: () => {
      delivered = 0;
      seal();
      inbound.drain();
      if (delivered !== SEGMENTS * 1400) throw new Error(`Opened ${delivered} octets`);
    },
  });
  if (shared.counters[Counter["drop.malformed"]] > 0) throw new Error("Dropped what it sealed");
}

const addresses = new SlotTable(1024);
for (let slot = 0; slot < SESSIONS; slot++) addresses.set(0xc0a8_0003 + slot, slot);
let found = 0;
Deno.bench({
  name: `look for ${SEGMENTS} addresses among ${SESSIONS} sessions`,
  fn: () => {
    for (let index = 0; index < SEGMENTS; index++) found += addresses.get(0xac14_0002 + index);
  },
});
