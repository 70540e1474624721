/**
 * Opens a WireGuard session for each token of a file and holds them, so that a benchmark has as many as it wants without as
 * many processes. Arguments: the file, one token a line; the server's address and port. Prints "N sessions" when
 * all are there; ends when its input ends.
 *
 * @module
 */
import { accessorPeerKeys, deriveTokenKeys } from "../../core/token/token_keys.ts";
import { InitiatorHandshake, Peer } from "../../core/wireguard/wireguard.ts";
import { scrypt } from "../../system/scrypt.ts";
import { sealMessage } from "../../tests/topology/transport_message.ts";

/** Milliseconds until a handshake is given up, and how often it is tried: the server may still derive the token's keys. */
const PATIENCE = 3000;
const TRIES = 40;
/** Keys derived at a time. */
const DERIVATIONS = 4;

const [file = "", hostname = "", port = ""] = Deno.args;
const server: Deno.NetAddr = { transport: "udp", hostname, port: Number(port) };
const tokens = (await Deno.readTextFile(file)).trim().split("\n");

/** One session, on a socket of its own as every accessor has. */
async function open(token: string): Promise<Deno.DatagramConn> {
  const peer = new Peer(accessorPeerKeys(await deriveTokenKeys(token, scrypt)));
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 0 });
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const handshake = InitiatorHandshake.begin(peer, {
      localIndex: attempt,
      ephemeralKey: crypto.getRandomValues(new Uint8Array(32)),
      wallClock: Date.now(),
      now: performance.now(),
    });
    await socket.send(handshake.message, server);
    const timeout = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => timeout.resolve(undefined), PATIENCE);
    const answer = await Promise.race([socket.receive(), timeout.promise]);
    clearTimeout(timer);
    const keys = answer === undefined ? undefined : handshake.finish(answer[0]);
    if (keys === undefined) continue;
    const keepalive = sealMessage({ key: keys.send.toHex(), index: keys.remoteIndex }, 0, "");
    await socket.send(Uint8Array.fromHex(keepalive), server);
    return socket;
  }
  throw new Error(`${server.hostname}:${server.port} does not answer`);
}

const sockets: Deno.DatagramConn[] = [];
const left = tokens.values();
await Promise.all(Array.from({ length: DERIVATIONS }, async () => {
  for (const token of left) sockets.push(await open(token));
}));
console.log(`${sockets.length} sessions`);
for await (const _ of Deno.stdin.readable);
Deno.exit(0);
