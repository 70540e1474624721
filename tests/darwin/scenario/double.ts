/**
 * The double of libSystem as a test sees it: the orders that it takes, and a view of its functions that minds the lengths
 * of what they are given.
 *
 * @module
 */
import assert from "node:assert/strict";
import { platform } from "../../../ffi/platform.ts";
import { type DarwinLibc, type DarwinSystem, darwinSystem } from "../../../ffi/libc/libc_darwin.ts";

const symbols = {
  // void double_fail(const char *call, int number, int times);
  double_fail: { parameters: ["buffer", "i32", "i32"], result: "void" },
  // const char *double_error_name(int index);
  double_error_name: { parameters: ["i32"], result: "pointer" },
  // int double_error_number(int index);
  double_error_number: { parameters: ["i32"], result: "i32" },
  // uint32_t double_calls(const char *call);
  double_calls: { parameters: ["buffer"], result: "u32" },
  // uint32_t double_largest(const char *call);
  double_largest: { parameters: ["buffer"], result: "u32" },
  // void double_limit_buffers(uint32_t ceiling);
  double_limit_buffers: { parameters: ["u32"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

const { symbols: double } = Deno.dlopen(platform.libc, symbols);
const cString = (text: string) => new TextEncoder().encode(`${text}\0`);

/** Lets the next calls of this name fail with a number of Darwin's. */
export function failNext(call: string, number: number, times = 1): void {
  double.double_fail(cString(call), number, times);
}

/** How often a call was made. */
export function callsOf(call: string): number {
  return double.double_calls(cString(call));
}

/** The most messages that one call of this name moved. */
export function largestOf(call: string): number {
  return double.double_largest(cString(call));
}

/** Refuses larger socket buffers from now on. */
export function limitBuffers(ceiling: number): void {
  double.double_limit_buffers(ceiling);
}

/** Darwin's error numbers by name, as the double has them. */
export function errorNumbers(): Map<string, number> {
  const numbers = new Map<string, number>();
  for (let index = 0;; index++) {
    const name = double.double_error_name(index);
    if (name === null) return numbers;
    numbers.set(new Deno.UnsafePointerView(name).getCString(), double.double_error_number(index));
  }
}

/** Darwin's number of an error. */
export function numberOf(name: string): number {
  return errorNumbers().get(name) ?? assert.fail(`the double does not know ${name}`);
}

const { libc, errno } = darwinSystem();

function sizeOf(buffer: unknown): number {
  return ArrayBuffer.isView(buffer) ? buffer.byteLength : 0;
}

/** Octets that an ioctl reads and writes: in the middle of its number (bsd/sys/ioccom.h, IOCPARM_LEN). */
function argumentSize(request: number | bigint): number {
  return Number(BigInt(request) >> 16n & 0x1fffn);
}

/**
 * The double's functions, but what names its own length must have exactly that length: the kernel reads and writes as much as
 * it is told, wherever the buffer ends.
 */
export const strictSystem: DarwinSystem = {
  errno,
  libc: {
    ...libc,
    bind(descriptor, address, length) {
      assert.equal(sizeOf(address), length, "bind");
      return libc.bind(descriptor, address, length);
    },
    connect(descriptor, address, length) {
      assert.equal(sizeOf(address), length, "connect");
      return libc.connect(descriptor, address, length);
    },
    __ioctl: libc.__ioctl === null ? null : (descriptor, request, argument) => {
      assert.equal(sizeOf(argument), argumentSize(request), `ioctl 0x${request.toString(16)}`);
      return libc.__ioctl?.(descriptor, request, argument) ?? -1;
    },
  } satisfies DarwinLibc,
};
