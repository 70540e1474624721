import assert from "node:assert/strict";
import { FakeDarwinKernel } from "../../tests/fakes/darwin_kernel.ts";
import { controlAddress, controlId, controlIdInList, controlInfo } from "./kernel_control_darwin.ts";
import { SystemError } from "../libc/system_error.ts";

const UTUN = "com.apple.net.utun_control";

/** The list as the kernel gives it: a header, records of 200 bytes, a trailer like the header. */
function controlList(headerSize: number, controls: Readonly<Record<string, number>>): Uint8Array {
  const names = Object.keys(controls);
  const list = new Uint8Array(headerSize * 2 + names.length * 200);
  const view = new DataView(list.buffer);
  view.setUint32(0, headerSize, true);
  view.setUint32(4, names.length, true);
  names.forEach((name, index) => {
    const at = headerSize + index * 200;
    view.setUint32(at, 200, true);
    view.setUint32(at + 8, controls[name] ?? 0, true);
    list.set(new TextEncoder().encode(name), at + 104);
  });
  return list;
}

Deno.test("a control is asked for by ctl_info", () => {
  const info = controlInfo(UTUN);
  assert.equal(info.length, 100);
  assert.deepEqual([...info.subarray(0, 4)], [0, 0, 0, 0]);
  assert.equal(new TextDecoder().decode(info.subarray(4, 30)), UTUN);
  assert.ok(info.subarray(30).every((byte) => byte === 0));
  assert.equal(controlInfo("x".repeat(200))[99], 0);
});

Deno.test("a control's unit is named by a sockaddr_ctl of 32 octets", () => {
  const address = controlAddress(0x01020304, 5);
  assert.deepEqual([...address], [
    ...[32, 32, 2, 0],
    ...[4, 3, 2, 1],
    ...[5, 0, 0, 0],
    ...new Array<number>(20).fill(0),
  ]);
});

Deno.test("a control is found by its whole name in the list of all", () => {
  const controls = { "com.apple.netsrc": 1, [`${UTUN}2`]: 2, [UTUN]: 3, "com.apple.flow-divert": 4 };
  for (const headerSize of [24, 32]) {
    assert.equal(controlIdInList(controlList(headerSize, controls), UTUN), 3);
  }
  assert.equal(controlIdInList(controlList(32, { [`${UTUN}2`]: 2 }), UTUN), undefined);
  assert.equal(controlIdInList(controlList(32, controls).subarray(0, 32 + 2 * 200 + 199), UTUN), undefined);
});

Deno.test("the id comes from the list where ioctl is missing or fails", () => {
  const list = controlList(32, { other: 1, [UTUN]: 9 });
  const without = new FakeDarwinKernel({ missing: ["__ioctl", "ioctl"], controlList: list });
  assert.equal(controlId(without, without.libc.socket(32, 2, 2), UTUN), 9);
  const failing = new FakeDarwinKernel({ controlList: list });
  failing.failNext("__ioctl", 14);
  assert.equal(controlId(failing, failing.libc.socket(32, 2, 2), UTUN), 9);
});

Deno.test("a control that neither way finds is an error with the first refusal", () => {
  const kernel = new FakeDarwinKernel();
  kernel.failNext("__ioctl", 14);
  const descriptor = kernel.libc.socket(32, 2, 2);
  assert.throws(
    () => controlId(kernel, descriptor, UTUN),
    (error) => error instanceof SystemError && error.call === "ioctl CTLIOCGINFO" && error.errno === 14,
  );
});
