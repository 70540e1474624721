import assert from "node:assert/strict";
import { openUdpSocket } from "../udp/udp_socket.ts";
import { linuxLibc } from "./libc_linux.ts";
import { socketsOn, udpPortOwner } from "./port_owner_linux.ts";

if (Deno.build.os === "linux") linuxLibc();

Deno.test("sockets are found by their local port in the kernel's list", () => {
  const head =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
  const row = (local: string, inode: string) =>
    `  1: ${local} 0000:09CF 07 00000000:00000000 00:00000000 00000000     0        0 ${inode} 2 0 0\n`;
  const list = head + row("00000000:09CF", "111") + row("0100007F:0035", "222") + row("00000000:19CF", "333");
  assert.deepEqual(socketsOn(list, 2511), ["111"]);
  assert.deepEqual(socketsOn(list, 53), ["222"]);
  assert.deepEqual(socketsOn("", 53), []);
});

Deno.test({
  name: "this process has the port that it has bound, and nobody has another (needs Linux)",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const address = { family: 4 as const, bytes: new Uint8Array([127, 0, 0, 1]) };
    const socket = await openUdpSocket({ address, port: 0 });
    const { port } = socket.localEndpoint();
    assert.equal(udpPortOwner(port)?.pid, Deno.pid);
    socket.close();
    assert.equal(udpPortOwner(port), undefined);
  },
});
