import assert from "node:assert/strict";
import { formatEndpoint } from "../../core/net/endpoint.ts";
import { configureLog } from "../../program/log.ts";
import { answerChallenge } from "../../core/protocol/challenge.ts";
import { encodeDescription } from "../../core/protocol/description.ts";
import { encodeHeartbeat, provenBytes } from "../../core/protocol/heartbeat.ts";
import { SERVER_PROOF_LENGTH, ServerProofs } from "../../core/protocol/server_proof.ts";
import { heartbeatMac } from "../../core/protocol/heartbeat_mac.ts";
import { linuxSocketAddress } from "../../ffi/udp/socket_address.ts";
import { ClientLink, type ClientLinkDeps } from "./client_link.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { endpoint } from "../../tests/literals.ts";

const NOW = Date.UTC(2026, 0, 1);
const TEXT = "version 2,connect 172.17.0.0 172.18.0.0";
/** Stands for what is active. */
const REVISION_TEXT = "version 2,revision 1,addr6 off";
const HEARTBEAT = new Uint8Array([0]);
const DESCRIPTION = encodeDescription({ version: "0.1.0", addresses: ["192.168.251.1"] });

/** A link with everything that it did to the outside. */
function openLink(changes: Partial<ClientLinkDeps> = {}) {
  const sent: [to: string, octets: Uint8Array][] = [];
  const bound: string[] = [];
  const steps: string[] = [];
  const revisions: number[] = [];
  const clock = new FakeClock(NOW);
  const link = new ClientLink({
    clock,
    startedAt: NOW - 3_600_000,
    proof: undefined,
    keyPending: false,
    mtu: 1400,
    socket: {
      send(datagram, to) {
        assert.ok(to);
        sent.push([formatEndpoint(to), datagram]);
        return true;
      },
    },
    codec: linuxSocketAddress,
    bindPeer(socketAddress) {
      if (socketAddress === undefined) return void bound.push("nobody");
      const endpoint = linuxSocketAddress.decode(socketAddress);
      assert.ok(endpoint);
      bound.push(formatEndpoint(endpoint));
    },
    controlText: () => TEXT,
    onBound: () => void steps.push("bound"),
    onDescribed: () => void steps.push("described"),
    revisionText(revision) {
      revisions.push(revision);
      return REVISION_TEXT;
    },
    ...changes,
  });
  return { clock, link, sent, bound, steps, revisions, [Symbol.dispose]: () => link[Symbol.dispose]() };
}

/** A description that names a revision. */
function naming(revision: number | undefined): Uint8Array<ArrayBuffer> {
  const description = { version: "0.1.0", addresses: ["192.168.251.1"] };
  return encodeDescription(revision === undefined ? description : { ...description, revision });
}

const source = (text: string) => linuxSocketAddress.encode(endpoint(text));
const control = (text: string) => Uint8Array.from([1, 0, text.length, ...new TextEncoder().encode(text)]);
const A = "127.0.0.1:4000";
const B = "127.0.0.1:4001";

Deno.test("the first heartbeat binds its sender, who is sent the whole control text", () => {
  const { link, sent, bound } = openLink();
  assert.equal(link.client, undefined);
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  assert.deepEqual(link.client, { endpoint: endpoint(A), lastHeartbeat: NOW, description: undefined });
  assert.deepEqual(bound, [A]);
  assert.deepEqual(sent, [[A, control(TEXT)]]);
});

Deno.test("a client that described itself is sent what that allows, and later heartbeats are answered by an empty text", () => {
  using scene = openLink();
  const { link, sent, bound, steps } = scene;
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  link.handleMessage(DESCRIPTION, source(A), true, NOW);
  for (const seconds of [5, 10]) link.handleMessage(HEARTBEAT, source(A), true, NOW + seconds * 1000);
  assert.deepEqual(sent.slice(1), [[A, control(REVISION_TEXT)], [A, control("")], [A, control("")]]);
  assert.deepEqual(bound, [A]);
  assert.deepEqual(steps, ["bound", "described"]);
  assert.equal(link.client?.lastHeartbeat, NOW + 10_000);
});

Deno.test("a client that does not describe itself is sent the text three times more, then now and then", async () => {
  using scene = openLink();
  const { clock, link, sent } = scene;
  const beat = () => link.handleMessage(HEARTBEAT, source(A), sent.length > 0, clock.wallClock());
  for (let beats = 0; beats < 6; beats++) beat();
  const texts = () => sent.map(([, octets]) => octets);
  const first = [TEXT, "", TEXT, "", TEXT, "", TEXT, "", ""];
  assert.deepEqual(texts(), first.map(control));
  await clock.advance(29_000);
  beat();
  await clock.advance(1_000);
  beat();
  beat();
  assert.deepEqual(texts(), [...first, "", "", TEXT, ""].map(control));
});

Deno.test("a heartbeat from elsewhere moves the tunnel, and the new client has yet to describe itself", () => {
  using scene = openLink();
  const { link, sent, bound } = scene;
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  link.handleMessage(DESCRIPTION, source(A), true, NOW);
  assert.equal(link.client?.description?.version, "0.1.0");
  link.handleMessage(HEARTBEAT, source(A), true, NOW);
  assert.equal(link.client?.description?.version, "0.1.0", "a heartbeat does not forget it");
  link.handleMessage(HEARTBEAT, source(B), false, NOW);
  assert.deepEqual(bound, [A, B]);
  assert.deepEqual(sent.at(-1), [B, control(TEXT)]);
  assert.equal(link.client?.description, undefined);
});

Deno.test("a description counts from the bound client alone, and binds nobody", () => {
  const { link, bound } = openLink();
  for (const fromPeer of [false, true]) link.handleMessage(DESCRIPTION, source(A), fromPeer, NOW);
  assert.deepEqual([link.client, bound], [undefined, []]);
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  link.handleMessage(DESCRIPTION, source(B), false, NOW);
  link.handleMessage(new Uint8Array([3, 0x7b]), source(A), true, NOW);
  assert.deepEqual(link.client, { endpoint: endpoint(A), lastHeartbeat: NOW, description: undefined });
  assert.deepEqual(bound, [A]);
});

Deno.test("what is no heartbeat binds nobody and is not answered", () => {
  const { link, sent, bound } = openLink();
  for (const octets of [[0, 0], [1], [1, 0x61], [2], [0x45, 0], []]) {
    link.handleMessage(Uint8Array.from(octets), source(A), false, NOW);
  }
  link.handleMessage(HEARTBEAT, new Uint8Array(32), false, NOW);
  link.handleMessage(HEARTBEAT, new Uint8Array(), false, NOW);
  assert.deepEqual([link.client, sent, bound], [undefined, [], []]);
});

Deno.test("with a key only proof binds, once", () => {
  const { link, sent, bound } = openLink({ proof: heartbeatMac("secret") });
  link.handleMessage(HEARTBEAT, source(B), false, NOW);
  link.handleMessage(encodeHeartbeat(heartbeatMac("guess"), NOW), source(B), false, NOW);
  assert.deepEqual([link.refused, sent, bound], [2, [], []]);
  link.handleMessage(encodeHeartbeat(heartbeatMac("secret"), NOW), source(A), false, NOW);
  assert.deepEqual(bound, [A]);
  link.handleMessage(encodeHeartbeat(heartbeatMac("secret"), NOW), source(B), false, NOW);
  assert.deepEqual([link.refused, bound], [2, [A]], "a replay from elsewhere");
  assert.deepEqual([sent.at(-1)?.[0], sent.at(-1)?.[1].length], [B, 17], "is challenged");
  assert.equal(link.client?.lastHeartbeat, NOW);
});

Deno.test("nobody is bound before it is known whether a key has to be proven", () => {
  for (const proof of [undefined, heartbeatMac("secret")]) {
    const { link, sent, bound } = openLink({ keyPending: true });
    const beat = () => link.handleMessage(encodeHeartbeat(proof, NOW), source(A), false, NOW);
    beat();
    assert.deepEqual([bound, sent, link.refused], [[], [], 0]);
    link.requireKey(proof);
    beat();
    assert.deepEqual(bound, [A]);
  }
});

Deno.test("a key that is required later unbinds who has not proven it, and is forgotten with the demand", () => {
  const unbound: unknown[] = [];
  const { link, bound } = openLink({ onUnbound: () => void unbound.push(link.client) });
  const proof = heartbeatMac("secret");
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  link.requireKey(proof);
  assert.deepEqual([bound, unbound], [[A, "nobody"], [undefined]]);
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  link.handleMessage(HEARTBEAT, source(B), false, NOW);
  assert.deepEqual([link.client, link.refused], [undefined, 2]);
  const heartbeat = encodeHeartbeat(proof, NOW);
  link.handleMessage(heartbeat, source(B), false, NOW);
  link.requireKey(proof);
  assert.deepEqual(bound.slice(2), [B], "who has proven it stays");
  link.requireKey(undefined);
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  assert.deepEqual(bound.slice(2), [B, A]);
  // What was taken once is not taken again, although there was no key meanwhile.
  link.requireKey(proof);
  link.handleMessage(heartbeat, source(B), false, NOW);
  assert.deepEqual([bound.at(-1), link.client], ["nobody", undefined]);
});

Deno.test("the server proves the key to who has proven it, by fewer octets than it was sent, and says when it ends", () => {
  const proof = heartbeatMac("secret");
  const { link, sent } = openLink({ proof });
  link.end();
  const proofs = new ServerProofs(proof);
  for (let beat = 0; beat < 2; beat++) {
    const heartbeat = encodeHeartbeat(proof, NOW + beat);
    proofs.expect(provenBytes(heartbeat));
    const before = sent.length;
    link.handleMessage(heartbeat, source(A), beat > 0, NOW + beat);
    const [to, answer] = sent[before] ?? assert.fail("no answer");
    assert.deepEqual([to, proofs.take(answer)], [A, "answer"]);
    assert.ok(answer.length < heartbeat.length);
  }
  link.end();
  assert.equal(proofs.take(sent.at(-1)?.[1] ?? assert.fail()), "end");
  const keyless = openLink();
  keyless.link.handleMessage(HEARTBEAT, source(A), false, NOW);
  const before = keyless.sent.length;
  keyless.link.end();
  assert.equal(keyless.sent.length, before, "one of the original takes no such text");
});

Deno.test("without a key a heartbeat with a proof binds as a plain one does", () => {
  const { link, bound } = openLink();
  link.handleMessage(encodeHeartbeat(heartbeatMac("any"), NOW), source(A), false, NOW);
  assert.deepEqual([bound, link.refused], [[A], 0]);
});

Deno.test("a client that proves a key to a server without one is told of in the log, once", () => {
  const lines: string[] = [];
  configureLog({ level: "warn", format: "text", color: false, write: (line) => void lines.push(line) });
  try {
    using scene = openLink();
    scene.link.handleMessage(HEARTBEAT, source(A), false, NOW);
    assert.deepEqual(lines, []);
    for (const from of [B, A, B]) {
      scene.link.handleMessage(encodeHeartbeat(heartbeatMac("any"), NOW), source(from), false, NOW);
    }
    assert.equal(lines.length, 1);
    assert.match(lines.join(""), /the client proves a key and this server has none/);
  } finally {
    configureLog({ level: "error", format: "text", color: false, write: () => {} });
  }
});

Deno.test("a proof whose time is an hour off is challenged, and the answer binds and is answered", () => {
  const proof = heartbeatMac("secret");
  const { link, sent, bound } = openLink({ proof });
  for (let beat = 0; beat < 3; beat++) {
    const heartbeat = encodeHeartbeat(proof, NOW - 3_600_000 + beat);
    link.handleMessage(heartbeat, source(A), beat > 0, NOW + beat * 5000);
    const [to, challenge] = sent.at(-1) ?? assert.fail("no challenge");
    assert.equal(to, A);
    assert.ok(challenge.length <= heartbeat.length);
    link.handleMessage(answerChallenge(proof, challenge), source(A), beat > 0, NOW + beat * 5000 + 1);
  }
  assert.deepEqual([bound, link.refused], [[A], 0]);
  const answers = sent.filter(([, { length }]) => length === SERVER_PROOF_LENGTH);
  assert.equal(answers.length, 3);
  assert.equal(link.client?.lastHeartbeat, NOW + 10_001);
});

Deno.test("an answer that was seen moves nothing when it is sent again", () => {
  const proof = heartbeatMac("secret");
  const { link, sent, bound } = openLink({ proof, startedAt: NOW });
  const bind = (from: string) => {
    link.handleMessage(encodeHeartbeat(proof, NOW), source(from), false, NOW);
    const answer = answerChallenge(proof, sent.at(-1)?.[1] ?? assert.fail());
    link.handleMessage(answer, source(from), false, NOW);
    return answer;
  };
  const answer = bind(A);
  link.handleMessage(answer, source(B), false, NOW);
  assert.deepEqual(bound, [A]);
  bind(B);
  link.handleMessage(answer, source(A), false, NOW);
  assert.deepEqual(bound, [A, B]);
  assert.equal(link.refused, 2);
});

Deno.test("a recorded heartbeat gets a challenge from a server that was started again, and moves nothing", () => {
  const proof = heartbeatMac("secret");
  const recorded = encodeHeartbeat(proof, NOW - 1);
  const { link, sent, bound } = openLink({ proof, startedAt: NOW });
  link.handleMessage(recorded, source(B), false, NOW);
  assert.deepEqual([bound, sent.map(([, { length }]) => length)], [[], [17]]);
});

Deno.test("a tunnel that is moved back and forth without end does not fill the log", () => {
  const lines: string[] = [];
  configureLog({ level: "info", format: "text", color: false, write: (line) => void lines.push(line) });
  try {
    using scene = openLink();
    for (let time = 0; time < 1000; time++) {
      scene.link.handleMessage(HEARTBEAT, source(time % 2 === 0 ? A : B), false, NOW + time);
    }
    assert.equal(scene.bound.length, 1000);
    assert.ok(lines.length > 10 && lines.length < 30, `${lines.length} lines`);
  } finally {
    configureLog({ level: "error", format: "text", color: false, write: () => {} });
  }
});

Deno.test("senders that do not answer challenges are refused and named in the log", () => {
  const lines: string[] = [];
  configureLog({ level: "warn", format: "text", color: false, write: (line) => void lines.push(line) });
  try {
    const proof = heartbeatMac("secret");
    const { link } = openLink({ proof });
    for (let beat = 0; beat < 3; beat++) {
      link.handleMessage(encodeHeartbeat(proof, NOW - 90_000 + beat), source(A), false, NOW + beat);
    }
    assert.equal(link.refused, 2);
    assert.match(lines.join(""), /heartbeat refused; its sender has no answer to a challenge.*reason=time/);
  } finally {
    configureLog({ level: "error", format: "text", color: false, write: () => {} });
  }
});

Deno.test("a change is told to the bound client, and to nobody while there is none", () => {
  const { link, sent } = openLink();
  link.sendChange("connect 10.1.0.0 10.2.0.0");
  assert.deepEqual(sent, []);
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  link.sendChange("connect 10.1.0.0 10.2.0.0");
  assert.deepEqual(sent.at(-1), [A, control("connect 10.1.0.0 10.2.0.0")]);
});

Deno.test("what a client does not say that it has is sent again, until it does", async () => {
  let sendings = 0;
  using scene = openLink({
    random: () => 0,
    revisionText: (revision) => {
      sendings++;
      return `version 2,revision ${revision}`;
    },
  });
  const { clock, link, sent } = scene;
  const last = () => Number(new TextDecoder().decode(sent.at(-1)?.[1]).split(" ").at(-1));
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  link.handleMessage(naming(undefined), source(A), true, NOW);
  assert.equal(sendings, 1);
  for (const [pause, times] of [[1000, 2], [2000, 3], [4000, 4], [25_000, 6], [30_000, 7]] as const) {
    await clock.advance(pause);
    assert.equal(sendings, times, `${pause} ms later`);
  }
  link.handleMessage(naming(last()), source(A), true, NOW);
  const settled = sendings;
  link.handleMessage(naming(last()), source(A), true, NOW);
  await clock.advance(60_000);
  assert.equal(sendings, settled);
  // A change makes what it has an old revision.
  const old = last();
  link.sendChange("connect 10.1.0.0 10.2.0.0");
  assert.equal(last(), old + 1);
  link.handleMessage(naming(old), source(A), true, NOW);
  assert.equal(sendings, settled + 1, "it is waited for, not answered at once");
  link.handleMessage(naming(last()), source(A), true, NOW);
});

Deno.test("a described client that moves is told again, and nothing is repeated to where it was", () => {
  using scene = openLink();
  const { link, sent, revisions } = scene;
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  link.handleMessage(naming(undefined), source(A), true, NOW);
  link.handleMessage(HEARTBEAT, source(B), false, NOW);
  assert.deepEqual(sent.at(-1), [B, control(TEXT)]);
  link.handleMessage(naming(undefined), source(B), true, NOW);
  assert.deepEqual(sent.at(-1), [B, control(REVISION_TEXT)]);
  assert.equal(revisions.length, 2);
});

/** The most bytes of text that unproven heartbeats may draw at once: 64 KiB, and one text. */
const MAX_DRAWN = 65_536 + 1100;
const LONG_TEXT = "x".repeat(1000);
const BEATS = 1000;

/** Octets of text that went out. */
const drawn = (sent: readonly [string, Uint8Array][]) =>
  sent.reduce((sum, [, octets]) => sum + octets.length, 0);

Deno.test("heartbeats that prove nothing draw a bounded amount of text, whether or not there is a key", () => {
  const proof = heartbeatMac("secret");
  for (const keyed of [false, true]) {
    const { link, sent } = openLink({ proof: keyed ? proof : undefined, controlText: () => LONG_TEXT });
    // The key is there and is not demanded of anyone.
    if (keyed) link.requireKey(undefined);
    for (let beat = 0; beat < BEATS; beat++) {
      const heartbeat = beat % 2 === 0 ? HEARTBEAT : encodeHeartbeat(proof, NOW + beat);
      link.handleMessage(heartbeat, source(`127.0.0.1:${4000 + beat}`), false, NOW + beat);
    }
    assert.ok(drawn(sent) >= 60_000 && drawn(sent) <= MAX_DRAWN, String(drawn(sent)));
  }
});

Deno.test("each heartbeat that proves the key gets its text, after any number that proved nothing", () => {
  const proof = heartbeatMac("secret");
  const { link, sent } = openLink({ controlText: () => LONG_TEXT });
  for (let beat = 0; beat < BEATS; beat++) {
    link.handleMessage(HEARTBEAT, source(`127.0.0.1:${4000 + beat}`), false, NOW);
  }
  link.requireKey(proof);
  const before = drawn(sent);
  for (let beat = 0; beat < 100; beat++) {
    link.handleMessage(
      encodeHeartbeat(proof, NOW + beat),
      source(`127.0.0.2:${4000 + beat}`),
      false,
      NOW + beat,
    );
  }
  assert.ok(drawn(sent) - before >= 100 * LONG_TEXT.length);
  // One that proves nothing is bounded again when the key is required no longer.
  link.requireKey(undefined);
  const [last] = sent.at(-1) ?? assert.fail();
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  assert.equal(sent.at(-1)?.[0], last);
});

Deno.test("descriptions in the names of others draw no more than their heartbeats", () => {
  using scene = openLink({ controlText: () => "", revisionText: () => LONG_TEXT });
  const { link, sent } = scene;
  for (let beat = 0; beat < BEATS; beat++) {
    const from = source(`127.0.0.1:${4000 + beat}`);
    link.handleMessage(HEARTBEAT, from, false, NOW);
    link.handleMessage(DESCRIPTION, from, true, NOW);
  }
  // An empty control text is three octets.
  const texts = drawn(sent) - 3 * BEATS;
  assert.ok(texts >= 60_000 && texts <= MAX_DRAWN, String(texts));
});

Deno.test("a long text is cut at the MTU, and given up with the first datagram that cannot be sent", () => {
  const { link, sent } = openLink({ mtu: 10 });
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  assert.deepEqual(sent.map(([, { length }]) => length), [10, 10, 10, 10, 2]);

  let attempts = 0;
  const failing = openLink({ mtu: 10, socket: { send: () => ++attempts < 2 } });
  failing.link.handleMessage(HEARTBEAT, source(A), false, NOW);
  assert.equal(attempts, 2);
});

Deno.test("an IPv6 client is bound by its whole address", () => {
  const { link, bound } = openLink();
  link.handleMessage(HEARTBEAT, source("[fd00::1]:4000"), false, NOW);
  link.handleMessage(HEARTBEAT, source("[fd00::2]:4000"), false, NOW);
  assert.deepEqual(bound, ["[fd00::1]:4000", "[fd00::2]:4000"]);
});
