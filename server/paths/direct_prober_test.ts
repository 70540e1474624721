import assert from "node:assert/strict";
import { formatAddress } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import { decodeDirectQuestion, type DirectProbe, encodeDirectAnswer } from "../../core/path/direct_probe.ts";
import { heartbeatMac } from "../../core/protocol/heartbeat_mac.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { address, endpoint } from "../../tests/literals.ts";
import { DirectProber } from "./direct_prober.ts";

const MAC = heartbeatMac("secret");
const MACHINE = endpoint("10.79.0.2:40000");
const OWN = address("10.79.0.1");
const LINK = { desktop: OWN, machine: MACHINE.address };
const CHALLENGE = new Uint8Array(16).fill(5);

/** A prober, and a machine that answers as the test says. */
class Scene implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly events: string[] = [];
  readonly asked: DirectProbe[] = [];
  /** What the machine does with a question. */
  answers: "ready" | "not-ready" | "wrong-key" | "nothing" = "ready";
  /** Where the answer comes from. */
  source: Endpoint = MACHINE;
  isOnLink = true;
  /** Packets of programs between two looks. */
  traffic = 0;
  #sent = 0;
  readonly prober: DirectProber;

  constructor() {
    let receive: (bytes: Uint8Array, source: Endpoint) => void = () => {};
    this.prober = new DirectProber({
      openSockets: (onDatagram) => {
        receive = (bytes, source) => onDatagram(OWN, bytes, source);
        return {
          use: () => Promise.resolve(),
          send: (_, datagram) => {
            const question = decodeDirectQuestion(MAC, LINK, datagram) ?? assert.fail("no question");
            this.asked.push(question);
            const { nonce } = question;
            const answer = { isReady: this.answers !== "not-ready", nonce, challenge: CHALLENGE };
            const mac = this.answers === "wrong-key" ? heartbeatMac("guess") : MAC;
            if (this.answers !== "nothing") {
              this.clock.after(1, () => receive(encodeDirectAnswer(mac, LINK, answer), this.source));
            }
            return true;
          },
          [Symbol.asyncDispose]: () => Promise.resolve(),
        };
      },
      find: (machine) => this.isOnLink ? { machine, own: OWN, interfaceName: "eth1" } : undefined,
      sentPackets: () => this.#sent += this.traffic,
      onUp: ({ machine }) => void this.events.push(`up ${formatAddress(machine)}`),
      onDown: (reason) => void this.events.push(`down: ${reason}`),
      onRoundTrip: (milliseconds) => void this.events.push(`${milliseconds} ms`),
      clock: this.clock,
    });
    this.prober.setClient([MACHINE], MAC);
  }

  static async open(): Promise<Scene> {
    const scene = new Scene();
    // Its sockets are open.
    await scene.clock.advance(0);
    return scene;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.prober[Symbol.asyncDispose]();
  }
}

Deno.test("an address that answers is used, and asked the more often while packets go there", async () => {
  await using scene = await Scene.open();
  await scene.clock.advance(50);
  assert.deepEqual(scene.events, ["up 10.79.0.2", "1 ms"]);
  scene.prober.isUsed = true;
  scene.asked.length = 0;
  await scene.clock.advance(20_000);
  assert.ok(scene.asked.length >= 4 && scene.asked.length <= 6, String(scene.asked.length));
  scene.traffic = 1;
  scene.asked.length = 0;
  await scene.clock.advance(10_000);
  assert.ok(scene.asked.length >= 9 && scene.asked.length <= 11, String(scene.asked.length));
  scene.traffic = 100;
  scene.asked.length = 0;
  await scene.clock.advance(10_000);
  assert.ok(scene.asked.length >= 30 && scene.asked.length <= 34, String(scene.asked.length));
  assert.ok(
    scene.asked.every(({ challenge }) => challenge.join() === CHALLENGE.join()),
    "with its challenge",
  );
});

Deno.test("one that is not ready yet is asked again soon, and not for ever", async () => {
  await using scene = new Scene();
  scene.answers = "not-ready";
  await scene.clock.advance(0);
  await scene.clock.advance(1_000);
  assert.equal(scene.events.join(), "");
  assert.ok(scene.asked.length >= 8, String(scene.asked.length));
  await scene.clock.advance(9_000);
  assert.match(scene.events.join(), /down: the firewall of 10\.79\.0\.2/);
  const { length } = scene.asked;
  await scene.clock.advance(30_000);
  assert.ok(scene.asked.length - length <= 10, `${scene.asked.length - length} in 30 s`);
  scene.answers = "ready";
  await scene.clock.advance(10_000);
  assert.ok(scene.events.includes("up 10.79.0.2"));
});

Deno.test("an answer without the key, or from elsewhere, is none", async () => {
  for (const change of [{ answers: "wrong-key" }, { source: endpoint("10.79.0.3:40000") }] as const) {
    await using scene = new Scene();
    Object.assign(scene, change);
    await scene.clock.advance(20_000);
    assert.equal(scene.events.join(), "");
    Object.assign(scene, { answers: "ready", source: MACHINE });
    await scene.clock.advance(11_000);
    assert.equal(scene.events[0], "up 10.79.0.2");
  }
});

Deno.test("silence is noticed within 1.2 s of traffic, and the address is used again when it answers", async () => {
  await using scene = await Scene.open();
  scene.traffic = 100;
  await scene.clock.advance(50);
  scene.prober.isUsed = true;
  await scene.clock.advance(10);
  for (let phase = 0; phase < 500; phase += 50) {
    await scene.clock.advance(1_000 + phase);
    scene.events.length = 0;
    scene.answers = "nothing";
    const since = scene.clock.now();
    while (scene.events.length === 0) await scene.clock.advance(10);
    assert.deepEqual(scene.events, ["down: 10.79.0.2 does not answer"]);
    assert.ok(scene.clock.now() - since <= 1_210, `${scene.clock.now() - since} ms`);
    assert.equal(scene.prober.way, undefined);
    scene.answers = "ready";
    await scene.clock.advance(500);
    assert.equal(scene.events[1], "up 10.79.0.2");
  }
});

Deno.test("where nothing moves, silence is noticed within 2 s of the first packet, and in the end without one", async () => {
  for (let phase = 0; phase < 1_000; phase += 100) {
    await using scene = await Scene.open();
    await scene.clock.advance(50);
    scene.prober.isUsed = true;
    await scene.clock.advance(5_010 + phase);
    scene.answers = "nothing";
    scene.events.length = 0;
    scene.traffic = 1;
    await scene.clock.advance(1_910);
    assert.deepEqual(scene.events, ["down: 10.79.0.2 does not answer"], `${phase}`);
  }
  await using scene = await Scene.open();
  await scene.clock.advance(50);
  scene.prober.isUsed = true;
  await scene.clock.advance(5_010);
  scene.answers = "nothing";
  scene.events.length = 0;
  await scene.clock.advance(5_000);
  assert.deepEqual(scene.events, ["down: 10.79.0.2 does not answer"]);
});

Deno.test("an address that is on no link is not asked, and one that leaves is lost at once", async () => {
  await using scene = await Scene.open();
  await scene.clock.advance(50);
  scene.events.length = 0;
  scene.isOnLink = false;
  scene.prober.refresh();
  assert.equal(scene.events[0], "down: 10.79.0.2 is no longer on a link of this machine");
  scene.asked.length = 0;
  await scene.clock.advance(60_000);
  assert.equal(scene.asked.length, 0);
  scene.isOnLink = true;
  scene.prober.refresh();
  await scene.clock.advance(0);
  await scene.clock.advance(300);
  assert.equal(scene.events.at(-2), "up 10.79.0.2");
});

Deno.test("a client that tells no address, or is not to be asked, is not", async () => {
  await using scene = await Scene.open();
  await scene.clock.advance(50);
  scene.events.length = 0;
  scene.prober.setClient([MACHINE], undefined);
  assert.match(scene.events.join(), /^down: /);
  scene.asked.length = 0;
  await scene.clock.advance(60_000);
  assert.equal(scene.asked.length, 0);
});
