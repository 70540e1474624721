/**
 * Opens a WireGuard session for each token of a file and holds them, so that a benchmark has as many as it wants without as
 * many processes. Arguments: the file, one token a line; the server's address and port; and, where the sessions are to behave as
 * idle accessors do, the seconds between two heartbeats (octet 01) and between two handshakes of each. Prints "N sessions" when
 * all are there; ends when its input ends.
 *
 * @module
 */
import { accessorPeerKeys, deriveTokenKeys } from "../../core/token/token_keys.ts";
import { InitiatorHandshake } from "../../core/wireguard/handshake.ts";
import { Peer } from "../../core/wireguard/peer.ts";
import { RESPONSE } from "../../core/wireguard/message.ts";
import { scrypt } from "../../system/process/scrypt.ts";
import { type Direction, sealMessage } from "../../tests/topology/transport_message.ts";
import { accepted } from "../../core/wireguard/handshake_fixture.ts";

/** Milliseconds until a handshake is given up, and how often it is tried: the server may still derive the token's keys. */
const PATIENCE = 3000;
const TRIES = 40;
/** Keys derived at a time. */
const DERIVATIONS = 4;

const [file = "", hostname = "", port = "", heartbeat, renewal] = Deno.args;
const server: Deno.NetAddr = { transport: "udp", hostname, port: Number(port) };
const tokens = (await Deno.readTextFile(file)).trim().split("\n");

/** One session, on a socket of its own as every accessor has. */
class Held {
  readonly #socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 0 });
  #toServer: Direction = { key: "", index: 0 };
  #counter = 0;
  #indices = 0;
  #answered = Promise.withResolvers<Uint8Array>();

  constructor(readonly peer: Peer) {
    void this.#receive();
  }

  /** A handshake, and the keepalive that confirms its keys. */
  async connect(tries: number): Promise<void> {
    for (let attempt = 1; attempt <= tries; attempt++) {
      this.#answered = Promise.withResolvers();
      const handshake = new InitiatorHandshake(this.peer, {
        localIndex: ++this.#indices,
        ephemeralKey: crypto.getRandomValues(new Uint8Array(32)),
        wallClock: Date.now(),
        now: performance.now(),
      });
      await this.#socket.send(handshake.message, server);
      const timeout = Promise.withResolvers<undefined>();
      const timer = setTimeout(() => timeout.resolve(undefined), PATIENCE);
      const answer = await Promise.race([this.#answered.promise, timeout.promise]);
      clearTimeout(timer);
      const keys = answer === undefined ? undefined : accepted(handshake.consumeResponse(answer));
      if (keys === undefined) continue;
      this.#toServer = { key: keys.send.toHex(), index: keys.remoteIndex };
      this.#counter = 0;
      return await this.say("");
    }
    throw new Error(`${server.hostname}:${server.port} does not answer`);
  }

  /** Sends a text, in hexadecimal. */
  async say(text: string): Promise<void> {
    await this.#socket.send(Uint8Array.fromHex(sealMessage(this.#toServer, this.#counter++, text)), server);
  }

  async #receive(): Promise<void> {
    for await (const [bytes] of this.#socket) if (bytes[0] === RESPONSE) this.#answered.resolve(bytes);
  }
}

/** Does something again and again, for one session after the other. */
function repeat(all: readonly Held[], seconds: number, what: (one: Held) => Promise<void>): void {
  let next = 0;
  const one = () => {
    const held = all[next++ % all.length];
    // A heartbeat that is lost is none that anybody waits for.
    if (held !== undefined) what(held).catch((error) => console.error(`${error}`));
  };
  setInterval(one, seconds * 1000 / all.length);
}

const held: Held[] = [];
const left = tokens.values();
await Promise.all(Array.from({ length: DERIVATIONS }, async () => {
  for (const token of left) {
    const one = new Held(new Peer(accessorPeerKeys(await deriveTokenKeys(token, scrypt))));
    await one.connect(TRIES);
    held.push(one);
  }
}));
console.log(`${held.length} sessions`);
if (heartbeat !== undefined) repeat(held, Number(heartbeat), (one) => one.say("01"));
if (renewal !== undefined) repeat(held, Number(renewal), (one) => one.connect(1));
for await (const _ of Deno.stdin.readable);
Deno.exit(0);
