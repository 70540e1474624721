/** The checksum over lengths from an IPv4 header to a TSO packet: WebAssembly beside plain JavaScript. @module */
import { fold } from "../../core/packet/checksum.ts";
import { fillWithNoise, openBench } from "./packets.ts";

const bench = openBench(65_536);
const { u8, i32 } = bench.arena;
fillWithNoise(u8);

/** The sum in JavaScript: 32 bits a step, low and high half apart, so that neither leaves the small integers. */
function sumInJavaScript(offset: number, length: number): number {
  let low = 0;
  let high = 0;
  const words = offset + (length & ~3) >> 2;
  for (let index = offset >> 2; index < words; index++) {
    const word = i32[index] ?? 0;
    low += word & 0xffff;
    high += word >>> 16;
  }
  let rest = 0;
  for (let at = words << 2, shift = 0; at < offset + length; at++, shift ^= 8) rest += (u8[at] ?? 0) << shift;
  return fold(low) + fold(high) + rest;
}

for (const length of [20, 60, 1400, 65_000]) {
  if (fold(sumInJavaScript(0, length)) !== fold(bench.sum(0, length))) throw new Error("The sums differ");
  const group = `checksum of ${length} octets`;
  Deno.bench({ name: `JavaScript, ${length}`, group, fn: () => void sumInJavaScript(0, length) });
  Deno.bench({ name: `WebAssembly, ${length}`, group, baseline: true, fn: () => void bench.sum(0, length) });
}
