/**
 * A UDP relay between client and server that a test steers by lines on standard input: `udp_relay.ts PORT HOST
 * SERVERPORT`. It stands where the network stands, so it can change the client's port as a NAT does, lose datagrams,
 * and send bytes in either one's name.
 *
 *     who                        the client's port
 *     rebind                     later datagrams reach the server from a new port
 *     mute on|off                nothing passes in either direction
 *     inject server|client HEX   one datagram in the other's name
 *     recorded                   the client's last heartbeat and its last answer to a challenge, in hexadecimal
 *     replay heartbeat|answer    one of these once more, from the bound port
 *     flood server|client COUNT  random datagrams in the other's name
 *     kept server|client COUNT SEED TARGET  datagrams made of the kept inputs of a fuzz target in the other's name
 *
 * Each line is answered by one JSON line.
 *
 * @module
 */
import { createSocket, type Socket } from "node:dgram";
import { createInterface } from "node:readline";
import { once } from "node:events";
import process from "node:process";
import { sendKept } from "./kept_datagrams.ts";
import { flood } from "./random_datagrams.ts";

const [listenPort = "", serverHost = "", serverPort = ""] = Deno.args;
const server = { port: Number(serverPort), address: serverHost };

let muted = false;
let client: { port: number; address: string } | undefined;
/** The last heartbeat, and the last answer to a challenge: 33 octets (docs/internals/protocol.md). */
const recorded: { heartbeat?: Uint8Array; answer?: Uint8Array } = {};
let upstream: Socket;

function send(socket: Socket, bytes: Uint8Array, to: { port: number; address: string }): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.send(bytes, to.port, to.address, () => resolve());
  return promise;
}

const downstream = createSocket({ type: "udp4", recvBufferSize: 1 << 22 });
downstream.on("message", (bytes, from) => {
  client = { port: from.port, address: from.address };
  if (bytes[0] === 0) recorded[bytes.length === 33 ? "answer" : "heartbeat"] = new Uint8Array(bytes);
  if (!muted) void send(upstream, bytes, server);
});

async function open(): Promise<Socket> {
  const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 22 });
  socket.on("message", (bytes) => {
    if (!muted && client !== undefined) void send(downstream, bytes, client);
  });
  socket.bind(0);
  await once(socket, "listening");
  return socket;
}

/** The socket that speaks in the other's name to `target`, and where it sends. */
function towards(target: string | undefined): [Socket, { port: number; address: string }] {
  if (target === "server") return [upstream, server];
  if (client === undefined) throw new Error("no client has been heard yet");
  return [downstream, client];
}

async function obey(words: readonly string[]): Promise<Record<string, unknown>> {
  const [command, target, value, ...more] = words;
  switch (command) {
    case "who":
      return { client: client?.port };
    case "rebind":
      upstream.close();
      upstream = await open();
      return { port: upstream.address().port };
    case "mute":
      muted = target === "on";
      return { muted };
    case "inject": {
      const bytes = Uint8Array.fromHex(value ?? "");
      await send(towards(target)[0], bytes, towards(target)[1]);
      return { injected: bytes.length };
    }
    case "recorded":
      return { heartbeat: recorded.heartbeat?.toHex(), answer: recorded.answer?.toHex() };
    case "replay": {
      const bytes = recorded[target === "answer" ? "answer" : "heartbeat"];
      if (bytes === undefined) throw new Error(`no ${target} has been heard yet`);
      await send(upstream, bytes, server);
      return { replayed: bytes.length };
    }
    case "flood": {
      const [socket, to] = towards(target);
      await flood((bytes) => send(socket, bytes, to), Number(value), true);
      return { sent: Number(value) };
    }
    case "kept": {
      const [socket, to] = towards(target);
      const [seed = "", name = ""] = more;
      const what = { target: name, count: Number(value), seed: Number(seed) };
      return { sent: await sendKept((bytes) => send(socket, bytes, to), what) };
    }
    default:
      throw new Error(`unknown command ${command}`);
  }
}

upstream = await open();
downstream.bind(Number(listenPort));
await once(downstream, "listening");
console.log(JSON.stringify({ listening: downstream.address().port, port: upstream.address().port }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await obey(line.split(" ")).catch((error) => ({ error: String(error) }))));
}
