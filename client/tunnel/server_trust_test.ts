/** Whether a client takes what a server says: only from one that has proven the key. */
import assert from "node:assert/strict";
import { provenBytes } from "../../core/protocol/heartbeat.ts";
import { heartbeatMac } from "../../core/protocol/heartbeat_mac.ts";
import { encodeAnswer, encodeEnd } from "../../core/protocol/server_proof.ts";
import { Scene, text, THERE } from "./server_link_fixture.ts";

/** A link that has to prove its key to a server, and its server to it. */
function openTrusting() {
  const proof = heartbeatMac("secret");
  const trusted: boolean[] = [];
  const texts: string[] = [];
  const traffic = { received: 0, sent: 0 };
  const scene = new Scene({
    proof,
    heartbeatMs: 5000,
    traffic: () => ({ ...traffic }),
    onTrust: (isTrusted) => void trusted.push(isTrusted),
    onCommands: (commands) => {
      texts.push(commands.map(({ name }) => name).join());
      return 0;
    },
  });
  const last = () => provenBytes(scene.sent.findLast(({ length }) => length >= 25) ?? assert.fail());
  return { proof, trusted, texts, traffic, scene, last, [Symbol.dispose]: () => scene[Symbol.dispose]() };
}

Deno.test("with a key nothing is taken from a server that has not proven it", () => {
  using world = openTrusting();
  const { link } = world.scene;
  link.start();
  for (
    const said of ["", "version 2,revision 1,addr6 off,connect 10.1.0.0 10.2.0.0", "host 10.9.9.9 web.test"]
  ) {
    link.handleMessage(text(said));
  }
  link.handleMessage(encodeAnswer(heartbeatMac("guess"), world.last()));
  assert.deepEqual([world.trusted, world.texts, link.isUp], [[false], [], false]);
  assert.equal(world.scene.sent.length, 1, "it does not describe itself either");
  link.handleMessage(encodeAnswer(world.proof, world.last()));
  assert.deepEqual([world.trusted, link.isUp, link.heartbeats.answered], [[false, true], true, 1]);
  link.handleMessage(text("version 2"));
  assert.deepEqual(world.texts, ["version"]);
});

Deno.test("an answer to a challenge is answered by a proof as well", () => {
  using world = openTrusting();
  const { link } = world.scene;
  link.start();
  link.handleMessage(new Uint8Array(17));
  assert.equal(world.scene.sent.at(-1)?.length, 33);
  link.handleMessage(encodeAnswer(world.proof, world.last()));
  assert.deepEqual(world.trusted, [false, true]);
});

Deno.test("packets keep no server trusted: it has to prove the key again and again", async () => {
  using world = openTrusting();
  const { link, clock } = world.scene;
  link.start();
  link.handleMessage(encodeAnswer(world.proof, world.last()));
  link.handleMessage(text("version 2"));
  const pass = async () => {
    world.traffic.received++;
    world.traffic.sent++;
    await clock.advance(500);
  };
  // As long as each heartbeat is answered, whatever else comes.
  for (let half = 0; half < 60; half++) {
    const before = world.scene.sent.length;
    await pass();
    if (world.scene.sent.length > before) link.handleMessage(encodeAnswer(world.proof, world.last()));
  }
  assert.deepEqual([world.trusted, link.isUp], [[false, true], true]);
  for (let half = 0; half < 22; half++) {
    link.handleMessage(text(""));
    await pass();
  }
  assert.deepEqual([world.trusted.at(-1), link.isUp], [false, false]);
  link.handleMessage(encodeAnswer(world.proof, world.last()));
  assert.deepEqual([world.trusted.at(-1), link.isUp], [true, true]);
});

Deno.test("a server that says that it ends is trusted no more, and the next one is asked half a second later", async () => {
  using world = openTrusting();
  const { link, clock } = world.scene;
  link.start();
  const proven = world.last();
  link.handleMessage(encodeAnswer(world.proof, proven));
  link.handleMessage(encodeEnd(heartbeatMac("guess"), proven));
  assert.deepEqual(world.trusted, [false, true]);
  link.handleMessage(text("version 2"));
  link.handleMessage(encodeEnd(world.proof, proven));
  assert.deepEqual(world.trusted, [false, true, false]);
  const before = world.scene.sent.length;
  world.scene.description = { ...world.scene.description, addresses: [] };
  link.describeIfChanged();
  assert.equal(world.scene.sent.length, before, "it is told nothing about this machine");
  await clock.advance(500);
  assert.equal(world.scene.sent.length, before + 1);
});

Deno.test("a server in doubt is asked at once, and has to prove the key before anything is taken from it", () => {
  using world = openTrusting();
  const { link } = world.scene;
  link.start();
  const earlier = world.last();
  link.handleMessage(encodeAnswer(world.proof, earlier));
  link.doubt();
  const late = world.last();
  const before = world.scene.sent.length;
  link.doubt();
  assert.equal(world.scene.sent.length, before + 1);
  for (const time of [earlier, late]) link.handleMessage(encodeAnswer(world.proof, time));
  link.handleMessage(text("version 2"));
  assert.deepEqual([world.trusted.at(-1), world.texts], [false, []]);
  world.scene.clock.advance(1);
  link.doubt();
  link.handleMessage(encodeAnswer(world.proof, world.last()));
  assert.equal(world.trusted.at(-1), true);
  using keyless = new Scene();
  keyless.link.start();
  keyless.link.handleMessage(text(""));
  keyless.link.doubt();
  assert.deepEqual([keyless.sent.length, keyless.link.isUp], [1, true]);
});

Deno.test("a server at another address has to prove itself before anything is taken from it", async () => {
  using world = openTrusting();
  const { link } = world.scene;
  link.start();
  const earlier = world.last();
  link.handleMessage(encodeAnswer(world.proof, earlier));
  world.scene.addresses = [THERE];
  await world.scene.until(() => world.scene.connected.includes("192.0.2.2:2511"));
  assert.deepEqual(world.trusted.at(-1), false);
  link.handleMessage(encodeAnswer(world.proof, earlier));
  link.handleMessage(encodeEnd(world.proof, earlier));
  assert.deepEqual(world.trusted.at(-1), false);
  link.handleMessage(encodeAnswer(world.proof, world.last()));
  assert.deepEqual(world.trusted.at(-1), true);
});
