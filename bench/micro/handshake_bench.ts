/** A WireGuard handshake, each side by itself, and the search of a token by mac1. @module */
import { Mac1Lookup } from "../../core/wireguard/mac1_lookup.ts";
import { consumeInitiation, InitiatorHandshake } from "../../core/wireguard/handshake.ts";
import { Peer } from "../../core/wireguard/peer.ts";
import { commitCounter, REPLAY_WINDOW_WORDS, validateCounter } from "../../core/wireguard/replay_filter.ts";
import { PrivateKey } from "../../core/wireguard/x25519.ts";
import { accepted } from "../../core/wireguard/handshake_fixture.ts";

const TOKENS = 1000;
const random = () => crypto.getRandomValues(new Uint8Array(32));

const [one, other, presharedKey] = [random(), random(), random()];
const initiator = new Peer({ privateKey: one, peerPublicKey: new PrivateKey(other).publicKey, presharedKey });
const responder = new Peer({ privateKey: other, peerPublicKey: new PrivateKey(one).publicKey, presharedKey });

let now = 0;
function begin(): InitiatorHandshake {
  now += 1000;
  return new InitiatorHandshake(initiator, {
    localIndex: 1,
    ephemeralKey: random(),
    wallClock: now,
    now,
  });
}

Deno.bench("handshake: the initiator makes its initiation", () => void begin());

Deno.bench("handshake: the responder checks it and makes its response", (b) => {
  const { message } = begin();
  b.start();
  const response = accepted(
    consumeInitiation(responder, message, { localIndex: 2, ephemeralKey: random(), now }),
  );
  b.end();
  if (response === undefined) throw new Error("The initiation was refused");
});

Deno.bench("handshake: the initiator takes the response", (b) => {
  const handshake = begin();
  const response = accepted(
    consumeInitiation(responder, handshake.message, { localIndex: 2, ephemeralKey: random(), now }),
  );
  if (response === undefined) throw new Error("The initiation was refused");
  b.start();
  const keys = accepted(handshake.consumeResponse(response.message));
  b.end();
  if (keys === undefined) throw new Error("The response was refused");
});

const mac1Lookup = new Mac1Lookup<number>();
for (let index = 0; index < TOKENS; index++) mac1Lookup.add(random(), index);
const stranger = begin().message;

Deno.bench(`mac1 of a stranger's initiation under ${TOKENS} keys`, () => {
  if (mac1Lookup.findPeer(stranger) !== undefined) throw new Error("A stranger was found");
});

const words = new Uint32Array(REPLAY_WINDOW_WORDS);
let counter = 0;
Deno.bench("replay window: 64 counters in order", () => {
  for (let index = 0; index < 64; index++) {
    if (!validateCounter(words, 0, counter) || !commitCounter(words, 0, counter)) {
      throw new Error("A counter was refused");
    }
    counter++;
  }
});
