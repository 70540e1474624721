import assert from "node:assert/strict";
import { accessorPeerKeys, deriveTokenKeys, type Scrypt } from "../../core/token/token_keys.ts";
import { consumeInitiation, InitiatorHandshake } from "../../core/wireguard/handshake.ts";
import { Peer } from "../../core/wireguard/peer.ts";
import { derivationsAtOnce, TokenPeers } from "./token_peers.ts";
import { accepted } from "../../core/wireguard/handshake_fixture.ts";

/** Derivations that end when the test says so. */
class HeldScrypt {
  readonly asked: string[] = [];
  readonly #waiting: (() => void)[] = [];

  /** A stand-in whose outcome depends on the token alone, in no time. */
  static now(token: Uint8Array): Uint8Array {
    return Uint8Array.from({ length: 32 }, (_, index) => (token[index % token.length] ?? 0) + index);
  }

  readonly scrypt: Scrypt = async (password) => {
    this.asked.push(new TextDecoder().decode(password));
    const key = HeldScrypt.now(password);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await promise;
    return key;
  };

  /** Ends the one that has waited longest, and lets what follows happen. */
  async end(): Promise<void> {
    this.#waiting.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
  }
}

/** An initiation of the token's owner. */
async function initiationOf(token: string, wallClock = Date.now()): Promise<Uint8Array> {
  const keys = await deriveTokenKeys(token, (password) => Promise.resolve(HeldScrypt.now(password)));
  const ephemeralKey = crypto.getRandomValues(new Uint8Array(32));
  const input = { localIndex: 1, ephemeralKey, wallClock, now: 0 };
  return new InitiatorHandshake(new Peer(accessorPeerKeys(keys)), input).message;
}

Deno.test("tokens are derived in their order, so many at once and no more", async () => {
  const held = new HeldScrypt();
  using peers = new TokenPeers(held.scrypt, 2);
  peers.update(["a", "b", "c", "d"]);
  assert.deepEqual(held.asked, ["a", "b"]);
  assert.equal(peers.deriving, 4);
  await held.end();
  assert.deepEqual(held.asked, ["a", "b", "c"]);
  assert.deepEqual([peers.deriving, peers.size], [3, 1]);
  assert.equal(peers.findPeer(await initiationOf("a"), Infinity)?.token, "a");
  assert.equal(peers.findPeer(await initiationOf("b"), Infinity), undefined);
  for (let rest = 0; rest < 3; rest++) await held.end();
  assert.deepEqual([peers.deriving, peers.size], [0, 4]);
});

Deno.test("a reload derives what is new, keeps what is there and forgets what is gone", async () => {
  const held = new HeldScrypt();
  using peers = new TokenPeers(held.scrypt, 4);
  peers.update(["a", "b"]);
  await held.end();
  await held.end();
  const [a, b] = [await initiationOf("a"), await initiationOf("b")];
  const gone = peers.findPeer(a, Infinity);
  const kept = peers.findPeer(b, Infinity);
  peers.update(["b", "c"]);
  assert.deepEqual(held.asked, ["a", "b", "c"]);
  assert.equal(peers.findPeer(a, Infinity), undefined);
  assert.equal(peers.findPeer(b, Infinity), kept);
  const input = { localIndex: 1, ephemeralKey: new Uint8Array(32), now: 0 };
  assert.equal(gone === undefined ? undefined : accepted(consumeInitiation(gone.peer, a, input)), undefined);
  await held.end();
  assert.equal(peers.findPeer(await initiationOf("c"), Infinity)?.token, "c");
});

Deno.test("a token that is taken out while it is derived does not come in", async () => {
  const held = new HeldScrypt();
  using peers = new TokenPeers(held.scrypt, 1);
  peers.update(["a", "b"]);
  peers.update([]);
  await held.end();
  assert.deepEqual([peers.size, peers.deriving, held.asked], [0, 0, ["a"]]);
});

Deno.test("a token that is put in again meanwhile is ready once", async () => {
  const held = new HeldScrypt();
  using peers = new TokenPeers(held.scrypt, 1);
  peers.update(["a"]);
  peers.update([]);
  peers.update(["a"]);
  await held.end();
  assert.deepEqual([peers.size, peers.deriving, held.asked], [1, 0, ["a"]]);
});

Deno.test("a token that cannot be derived holds up no other", async () => {
  using peers = new TokenPeers(
    (password) =>
      password[0] === 0x61
        ? Promise.reject(new Error("no memory"))
        : Promise.resolve(HeldScrypt.now(password)),
    1,
  );
  peers.update(["a", "b"]);
  await new Promise((resolve) => setTimeout(resolve));
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([peers.size, peers.deriving], [1, 0]);
});

Deno.test("a token that was taken out and comes back accepts no recorded initiation", async () => {
  const held = new HeldScrypt();
  using peers = new TokenPeers(held.scrypt, 1);
  const recorded = await initiationOf("a");
  const take = (initiation: Uint8Array, now: number) => {
    const peer = peers.findPeer(initiation, Infinity)?.peer ?? assert.fail("no peer");
    const ephemeralKey = crypto.getRandomValues(new Uint8Array(32));
    return accepted(consumeInitiation(peer, initiation, { localIndex: 2, ephemeralKey, now })) !== undefined;
  };
  peers.update(["a"]);
  await held.end();
  assert.equal(take(recorded, 0), true);
  peers.update([]);
  peers.update(["a"]);
  await held.end();
  assert.equal(take(recorded, 1000), false);
  assert.equal(take(await initiationOf("a", Date.now() + 1000), 2000), true);
});

Deno.test("half of the cores derive, and no more than four", () => {
  assert.deepEqual([1, 2, 4, 8, 64].map(derivationsAtOnce), [1, 1, 2, 4, 4]);
});
