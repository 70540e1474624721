/**
 * One UDP socket at a test's hand: `udp_peer.ts PORT`. Each line `HOST PORT HEX` on standard input is sent as one
 * datagram, each datagram received is printed as a line `HOST PORT HEX`. Port 0 stands for any. It ends
 * with its input.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import process from "node:process";
import { createInterface } from "node:readline";

const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 22 });
// A refused datagram means that nobody listens there; the next one may find somebody.
socket.on("error", () => {});
socket.on("message", (bytes, from) => {
  console.log(`${from.address} ${from.port} ${new Uint8Array(bytes).toHex()}`);
});
socket.bind(Number(Deno.args[0]), () => console.log("bound"));
for await (const line of createInterface({ input: process.stdin })) {
  const [host = "", port = "", hex = ""] = line.split(" ");
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.send(Uint8Array.fromHex(hex), Number(port), host, () => resolve());
  await promise;
}
socket.close();
