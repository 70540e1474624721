import assert from "node:assert/strict";
import { configureLog } from "../../program/log.ts";
import { encodeHeartbeat } from "../../core/protocol/heartbeat.ts";
import { heartbeatMac } from "../../core/protocol/heartbeat_mac.ts";
import { endpoint } from "../../tests/literals.ts";
import {
  A,
  B,
  control,
  DESCRIPTION,
  HEARTBEAT,
  naming,
  NOW,
  openLink,
  REVISION_TEXT,
  source,
  TEXT,
} from "./client_link_fixture.ts";

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
