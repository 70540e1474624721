/**
 * A client that says nothing but hello, every millisecond: `heartbeats.ts HOST PORT`.
 *
 * @module
 */
import { createSocket } from "node:dgram";

const [host = "", port = ""] = Deno.args;
const socket = createSocket("udp4");
const heartbeat = Uint8Array.of(0);
// A refused datagram means that nobody listens yet.
socket.on("error", () => {});
setInterval(() => socket.send(heartbeat, Number(port), host), 1);
console.log("sending");
