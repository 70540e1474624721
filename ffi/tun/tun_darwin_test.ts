import assert from "node:assert/strict";
import { FakeDarwinKernel } from "../../tests/fakes/darwin_kernel.ts";
import { SystemError } from "../libc/errno.ts";
import {
  controlAddress,
  controlId,
  controlIdInList,
  controlInfo,
  openDarwinTun,
  pendingPackets,
  unitForName,
} from "./tun_darwin.ts";

const request = (name: string) => ({ name, offload: true });

Deno.test("a wanted utun number becomes a unit, any other name the next free one", () => {
  const units = {
    utun0: 1,
    utun7: 8,
    utun65535: 65536,
    utun65536: 0,
    utun07: 0,
    utun: 0,
    connector0: 0,
    xutun3: 0,
  };
  for (const [name, unit] of Object.entries(units)) assert.equal(unitForName(name), unit, name);
});

Deno.test("pending packets stay within what the receive buffer holds and the kernel counts well", () => {
  assert.equal(pendingPackets(4 << 20), 256);
  assert.equal(pendingPackets(3 << 20), 192);
  assert.equal(pendingPackets(8 << 20), 256);
  assert.equal(pendingPackets(512 << 10), 32);
  assert.equal(pendingPackets(64 << 10), 16);
});

Deno.test("opening makes a utun with the kernel's number, without offload", () => {
  const kernel = new FakeDarwinKernel({ freeUnit: 6 });
  const device = openDarwinTun(request("connector0"), kernel);
  const { domain, type, protocol, options, peer, ...state } = kernel.socket(device.descriptor);
  assert.equal(device.name, "utun5");
  assert.deepEqual(device.offload, { tcp: false, udp: false });
  assert.deepEqual([domain, type, protocol], [32, 2, 2]);
  assert.deepEqual([...peer ?? []].slice(0, 12), [32, 32, 2, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(state, { closeOnExec: true, nonBlocking: true, closed: false });
  assert.deepEqual(Object.fromEntries(options), {
    "65535:4097": 4 << 20,
    "65535:4098": 4 << 20,
    "65535:4130": 1,
    "2:16": 256,
  });
  device.close();
  assert.equal(kernel.socket(device.descriptor).closed, true);
});

Deno.test("a utun number in the request is asked for", () => {
  const kernel = new FakeDarwinKernel();
  using device = openDarwinTun(request("utun9"), kernel);
  assert.equal(device.name, "utun9");
});

Deno.test("buffers are halved until the kernel takes them", () => {
  const kernel = new FakeDarwinKernel({ bufferCeiling: 600_000 });
  using device = openDarwinTun(request("connector0"), kernel);
  const { options } = kernel.socket(device.descriptor);
  assert.equal(options.get("65535:4097"), 512 << 10);
  assert.equal(options.get("65535:4098"), 512 << 10);
  assert.equal(options.get("2:16"), 32);
});

Deno.test("a first ENOBUFS of connect is tried again, a second is an error", () => {
  const once = new FakeDarwinKernel();
  once.failNext("connect", 55);
  openDarwinTun(request("connector0"), once).close();
  const twice = new FakeDarwinKernel();
  twice.failNext("connect", 55, 55);
  assert.throws(
    () => openDarwinTun(request("connector0"), twice),
    (error) => error instanceof SystemError && error.call === "connect utun" && error.errno === 55,
  );
});

Deno.test("a refused utun leaves no descriptor behind", () => {
  for (const [call, number] of [["connect", 1], ["connect", 16], ["getsockopt", 22]] as const) {
    const kernel = new FakeDarwinKernel();
    kernel.failNext(call, number);
    assert.throws(
      () => openDarwinTun(request("utun3"), kernel),
      (error) => error instanceof SystemError && error.errno === number,
    );
    assert.equal(kernel.socket(3).closed, true);
  }
});

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
