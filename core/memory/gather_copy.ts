import { gatherWasm } from "./gather_copy_wasm.ts";

/** Copies of packets between two WebAssembly memories, without an object per copy as typed arrays would need. */
export interface GatherCopy {
  /**
   * Puts two pieces of the packet memory together from byte `to` of the other memory on, and pads them with zeros to a
   * multiple of 16. Returns the length with the padding.
   */
  gather(to: number, header: number, headerLength: number, payload: number, payloadLength: number): number;
  /** Copies `length` bytes from byte `from` of the other memory to byte `to` of the packet memory. */
  scatter(to: number, from: number, length: number): void;
}

/** Builds the copies (gather_copy.wat) between the memory where packets lie and another, which may be the same. */
export function createGatherCopy(packet: WebAssembly.Memory, other: WebAssembly.Memory): GatherCopy {
  const binary = Uint8Array.from(atob(gatherWasm), (character) => character.charCodeAt(0));
  const imports = { packet: { memory: packet }, other: { memory: other } };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(binary), imports);
  return instance.exports as unknown as GatherCopy;
}
