import assert from "node:assert/strict";
import { EXCEEDS_PMTU, NO_GRO, NO_GSO } from "../ffi/udp/udp_socket.ts";
import { deviceNotices, socketNotices } from "./offload_support.ts";

Deno.test("a device that grants all is not spoken of, one that does not is spoken of once", () => {
  assert.deepEqual(deviceNotices({ tcp: true, udp: true }, "linux"), []);
  assert.match(deviceNotices({ tcp: true, udp: false }, "linux").join("|"), /^[^|]*for UDP[^|]*$/);
  assert.match(deviceNotices({ tcp: false, udp: false }, "linux").join("|"), /^[^|]*TUNSETOFFLOAD[^|]*$/);
});

Deno.test("where the system has no such feature, nothing is missing", () => {
  assert.deepEqual(deviceNotices({ tcp: false, udp: false }, "darwin"), []);
});

Deno.test("each refusal of the socket has a line of its own", () => {
  assert.deepEqual(socketNotices(0), []);
  const each = [NO_GRO, NO_GSO, EXCEEDS_PMTU].map(socketNotices);
  assert.deepEqual(each.map((lines) => lines.length), [1, 1, 1]);
  assert.deepEqual(socketNotices(NO_GRO | NO_GSO | EXCEEDS_PMTU), each.flat());
});
