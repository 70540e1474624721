import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { Container } from "../../core/docker/container.ts";
import { makeAuthority } from "../../core/https/certificate.ts";
import { writeCertificateKey } from "../../core/https/certificate_request.ts";
import { heartbeatMac } from "../../core/protocol/heartbeat_mac.ts";
import { address } from "../../tests/literals.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { Https } from "./https.ts";

const DAY_MS = 86_400_000;
const proof = heartbeatMac("correct horse battery staple");
const on = { https: true, dns: "container.internal" };

function publicKey(): Uint8Array<ArrayBuffer> {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
}

function container(labels: Record<string, string> = {}): Container {
  return {
    ...{ id: "1", name: "web", image: "nginx", labels, state: "running", ports: [] },
    networks: [{ id: "n", name: "web", aliases: [], address4: address("10.99.0.5") }],
  };
}

class Scene implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly running = {
    containers: [container()],
    onChange: (listener: () => void) => this.#listen(listener),
  };
  changed = () => {};
  published = 0;
  readonly https: Https;

  constructor(requiresKey = true) {
    this.https = new Https({
      containers: this.running,
      proof: () => requiresKey ? proof : undefined,
      keyPending: () => false,
      publish: () => this.published++,
      authority: (domain, now) => Promise.resolve(makeAuthority(domain, now)),
      clock: this.clock,
    });
  }

  #listen(listener: () => void): Disposable {
    this.changed = listener;
    return { [Symbol.dispose]() {} };
  }

  /** After all that is under way. */
  async settle(): Promise<readonly string[]> {
    await this.https.apply(on);
    return this.https.commands;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.https[Symbol.asyncDispose]();
  }
}

const certificateOf = (commands: readonly string[]) =>
  commands.find((command) => command.startsWith("certificate "));

Deno.test("a client gets its certificate once it has proven its key, and the containers before", async () => {
  await using scene = new Scene();
  assert.deepEqual(scene.https.commands, []);
  assert.deepEqual(await scene.settle(), ["https on", "web 10.99.0.5 80"]);
  scene.https.take(writeCertificateKey(publicKey(), proof));
  const commands = await scene.settle();
  assert.match(certificateOf(commands) ?? "", /^certificate [A-Za-z0-9+/]{400,}=*$/);
  assert.equal(
    certificateOf(await scene.settle()),
    certificateOf(commands),
    "the same as long as nothing changes",
  );
  assert.equal(scene.published, 2);
});

Deno.test("a proof of another key, garbage, and a server without a key give none", async () => {
  await using scene = new Scene();
  for (const text of [writeCertificateKey(publicKey(), heartbeatMac("other")), "", "x y", "AAAA AAAA AAAA"]) {
    scene.https.take(text);
    assert.equal(certificateOf(await scene.settle()), undefined, text);
  }
  assert.match(scene.https.status?.fault ?? "", /the proof of its key does not hold/);
  await using open = new Scene(false);
  open.https.take(writeCertificateKey(publicKey(), proof));
  assert.equal(certificateOf(await open.settle()), undefined);
  assert.match(open.https.status?.fault ?? "", /it proves no key/);
});

Deno.test("a new project and two thirds of the time bring a new certificate, a project that ends does not", async () => {
  await using scene = new Scene();
  scene.https.take(writeCertificateKey(publicKey(), proof));
  const first = certificateOf(await scene.settle());
  scene.running.containers = [container({ "com.docker.compose.project": "demo" })];
  const second = certificateOf(await scene.settle());
  assert.notEqual(second, first);
  scene.running.containers = [container()];
  assert.equal(certificateOf(await scene.settle()), second);
  await scene.clock.advance(21 * DAY_MS);
  assert.notEqual(certificateOf(await scene.settle()), second);
});

Deno.test("a client that asks again and again is given 60 an hour", async () => {
  await using scene = new Scene();
  for (let count = 0; count < 60; count++) {
    scene.https.take(writeCertificateKey(publicKey(), proof));
    await scene.settle();
  }
  scene.https.take(writeCertificateKey(publicKey(), proof));
  assert.equal(certificateOf(await scene.settle()), undefined);
  assert.match(scene.https.status?.fault ?? "", /too many within an hour/);
});

Deno.test("off takes everything back", async () => {
  await using scene = new Scene();
  await scene.settle();
  await scene.https.apply({ ...on, https: false });
  assert.deepEqual([scene.https.commands, scene.https.status], [[], null]);
});
