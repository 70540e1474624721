/**
 * ChaCha20-Poly1305 of a packet by each of the ciphers that work here: `deno bench -A bench/micro/aead_bench.ts`.
 *
 * @module
 */
import { loadPacketCipher } from "../../ffi/aead/load_cipher.ts";
import { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import { fillWithNoise, HEADERS } from "./packets.ts";

/** A small packet, and one of a tunnel of MTU 1400. */
const LENGTHS = [64, 1400];
/** Octets of a read slot, so that packets are as far apart as in the data plane. */
const ROOM = 1 << 16;

for (const backend of ["libcrypto", "wasm"] as const) {
  const memory = new PacketMemory(1 << 20);
  const { arena } = memory;
  const header = arena.allocate(ROOM, 64);
  const payload = arena.allocate(ROOM, 64);
  const sealed = arena.allocate(ROOM, 64);
  fillWithNoise(arena.u8.subarray(header, header + HEADERS));
  fillWithNoise(arena.u8.subarray(payload, payload + ROOM));
  const cipher = await loadPacketCipher(memory, 1, backend).catch(() => undefined);
  if (cipher === undefined) continue;
  cipher.setKey(0, arena.u8.slice(payload, payload + 32));
  for (const length of LENGTHS) {
    let counter = 0;
    const seal = () => cipher.seal(0, counter++, header, HEADERS, payload, length - HEADERS, sealed);
    const total = seal();
    const original = arena.u8.slice(sealed, sealed + total);
    const group = `${length} octets`;
    Deno.bench({ name: `seal, ${backend}`, group, fn: () => void seal() });
    // Opening in place destroys what was sealed; putting it back takes less than a tenth of the time.
    Deno.bench({
      name: `open, ${backend}`,
      group,
      fn: () => {
        arena.u8.set(original, sealed);
        if (!cipher.open(0, 0, 0, sealed, total)) throw new Error("Refused what it sealed");
      },
    });
  }
}
