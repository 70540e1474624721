import assert from "node:assert/strict";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { formatEndpoint } from "../../core/net/endpoint.ts";
import { decodeDescription } from "../../core/protocol/description.ts";
import { answerChallenge, Challenges } from "../../core/protocol/challenge.ts";
import { HeartbeatVerifier } from "../../core/protocol/heartbeat.ts";
import { heartbeatMac } from "../../core/protocol/heartbeat_mac.ts";
import type { ServerLinkDeps } from "./server_link.ts";
import { HERE, HOST, Scene, text, THERE } from "./server_link_fixture.ts";
import { address } from "../../tests/literals.ts";

Deno.test("a server says of the direct path what it offers, and nothing where it has none", () => {
  using scene = new Scene();
  scene.link.handleMessage(text("version 2"));
  assert.deepEqual(scene.direct, [], "the first text does not say everything");
  const offer = "direct key via 10.79.0.1";
  scene.link.handleMessage(text(`version 2,revision 1,addr6 off,${offer}`));
  scene.link.handleMessage(text("version 2,revision 2,addr6 off,direct by chance"));
  assert.deepEqual(scene.direct, [offer]);
  assert.equal(scene.link.drops.unknownCommand, 1);
  scene.link.handleMessage(text("version 2,revision 3,addr6 off"));
  assert.deepEqual(scene.direct, [offer, "direct off"]);
});

Deno.test("the first heartbeat goes out at once and is repeated while nobody answers", async () => {
  using scene = new Scene();
  assert.equal(scene.link.isUp, false);
  scene.link.start();
  assert.deepEqual(scene.sent, [new Uint8Array([0])]);
  await scene.until(() => scene.sent.length >= 4);
  assert.deepEqual(scene.link.heartbeats.answered, 0);
  assert.equal(scene.link.isUp, false);
});

Deno.test("an answer makes the tunnel up, silence after it down, another answer up again", async () => {
  using scene = new Scene();
  scene.link.start();
  scene.link.handleMessage(text(""));
  assert.equal(scene.link.isUp, true);
  assert.equal(scene.link.heartbeats.answered, 1);
  await scene.until(() => !scene.link.isUp);
  scene.link.handleMessage(text(""));
  assert.equal(scene.link.isUp, true);
});

Deno.test("a server that never answers, as the original's, is up once packets came", async () => {
  using scene = new Scene();
  scene.link.start();
  scene.traffic = { received: 1, sent: 0 };
  await scene.until(() => scene.link.isUp);
  const before = scene.sent.length;
  await scene.until(() => scene.sent.length > before + 5);
  assert.equal(scene.link.isUp, true);
});

Deno.test("no heartbeat is needed while packets go both ways, once the server knows this client", async () => {
  let asked = 0;
  using scene = new Scene({ traffic: () => ({ received: ++asked, sent: asked }) });
  scene.link.start();
  scene.link.handleMessage(text("version 2"));
  const before = scene.sent.length;
  await scene.until(() => asked >= 30);
  assert.equal(scene.sent.length, before);
});

Deno.test("heartbeats go on beside packets until the server has said what it is: it may take this client for an earlier one", async () => {
  let asked = 0;
  using scene = new Scene({ traffic: () => ({ received: ++asked, sent: asked }) });
  scene.link.start();
  await scene.until(() => scene.sent.length >= 3);
  assert.ok(scene.sent.every(([type]) => type === 0));
});

Deno.test("a server of version 2 is sent the description, one of version 1 is not", () => {
  using scene = new Scene();
  scene.link.handleMessage(text("version 1"));
  scene.link.handleMessage(text("version"));
  assert.equal(scene.sent.length, 0);
  scene.link.handleMessage(text("version 2,connect 172.17.0.0 172.18.0.0"));
  scene.link.handleMessage(text("version 3"));
  assert.deepEqual(scene.sent.map(([type]) => type), [3, 3]);
  assert.equal(scene.link.heartbeats.answered, 0);
});

Deno.test("a description names the revision once all of its text was carried out, and forgets another server's", () => {
  let carriedOut = 0;
  using scene = new Scene({
    onCommands: () => {
      assert.equal(scene.sent.length, carriedOut++, "it was named too soon");
      return 0;
    },
  });
  const revisions = () => scene.sent.map((datagram) => decodeDescription(datagram)?.revision);
  scene.link.handleMessage(text("version 2,revision 7"));
  assert.deepEqual(revisions(), [7]);
  scene.link.handleMessage(text("version 2,revision 8,addr6 off"));
  assert.deepEqual(revisions(), [7, 8]);
  for (const words of ["", " 1 2", " -1", " x", " 12345678901"]) {
    scene.link.handleMessage(text(`version 2,revision${words}`));
    assert.equal(revisions().at(-1), undefined, words);
  }
  assert.equal(scene.link.drops.unknownCommand, 5);
});

Deno.test("a description is sent again when it has changed, to a server that takes it", () => {
  using scene = new Scene();
  scene.link.describeIfChanged();
  scene.link.describe();
  assert.equal(scene.sent.length, 0);
  scene.link.handleMessage(text("version 2"));
  scene.link.describeIfChanged();
  assert.equal(scene.sent.length, 1);
  scene.description = { ...scene.description, subnets: ["172.17.0.0/16"] };
  scene.link.describeIfChanged();
  scene.link.describeIfChanged();
  assert.equal(scene.sent.length, 2);
  assert.deepEqual(decodeDescription(scene.sent[1] ?? new Uint8Array())?.subnets, ["172.17.0.0/16"]);
});

Deno.test("the commands of a text are handed on together", () => {
  const taken: string[] = [];
  const onCommands: ServerLinkDeps["onCommands"] = (commands) => {
    taken.push(commands.map(({ name, words }) => [name, ...words].join(" ")).join());
    return 0;
  };
  using scene = new Scene({ onCommands });
  scene.link.handleMessage(text("version 2,connect 172.17.0.0 172.18.0.0"));
  scene.link.handleMessage(text(""));
  scene.link.handleMessage(text("disconnect 172.17.0.0 172.18.0.0"));
  assert.deepEqual(taken, [
    "version 2,connect 172.17.0.0 172.18.0.0",
    "disconnect 172.17.0.0 172.18.0.0",
  ]);
});

Deno.test("the virtual IPv6 network is taken from the server, nonsense in its place is not", () => {
  using scene = new Scene();
  scene.link.handleMessage(text("addr6 fdc0:c0de:251::1/64"));
  scene.link.handleMessage(text("addr6 192.168.251.1/24,addr6 fdc0::1/127,addr6,addr6 off off"));
  scene.link.handleMessage(text("addr6 off"));
  assert.deepEqual(scene.networks, ["fdc0:c0de:251::1/64", undefined]);
  assert.equal(scene.link.drops.unknownCommand, 4);
});

Deno.test("what is not used is counted by reason", () => {
  using scene = new Scene({ onCommands: () => 1 });
  scene.link.handleMessage(
    text("version 2,connect 172.17.0.0 172.18.0.0,dns a,host 10.0.0.1 b,juggle,spin 3"),
  );
  scene.link.handleMessage(new Uint8Array([0x61]));
  scene.link.handleMessage(new Uint8Array([1]));
  assert.deepEqual(scene.link.drops, { strayMessage: 2, unknownCommand: 3 });
});

Deno.test("a control text in several datagrams is one text", () => {
  using scene = new Scene();
  const whole = text("version 2");
  for (const part of [whole.slice(0, 3), whole.slice(3, 8), whole.slice(8)]) {
    assert.equal(scene.sent.length, 0);
    scene.link.handleMessage(part);
  }
  assert.equal(scene.sent.length, 1);
});

Deno.test("a silent server is looked for, and followed where it went", async () => {
  using scene = new Scene();
  scene.addresses = [address("2001:db8::1"), THERE];
  scene.link.start();
  await scene.until(() => scene.lookups === 1);
  assert.ok(scene.sent.length >= 3, "two heartbeats were not answered");
  await scene.until(() => scene.connected.length === 2);
  assert.deepEqual([scene.lookups, scene.link.host], [1, HOST]);
  assert.deepEqual(
    scene.connected,
    ["192.0.2.1:2511", "192.0.2.2:2511"],
    "first the old one from a new port",
  );
  assert.equal(formatAddress(scene.link.endpoint.address), "192.0.2.2");
});

Deno.test("where the server is searched for, each place has its turn until it answers", async () => {
  const places = [{ host: "first", address: HERE }, { host: "second", address: THERE }];
  using scene = new Scene({ anyHost: true, gatherCandidates: () => Promise.resolve(places) });
  scene.link.start();
  await scene.until(() => scene.connected.length === 4);
  const [one, two] = ["192.0.2.1:2511", "192.0.2.2:2511"];
  assert.deepEqual(scene.connected, [one, two, two, one], "each once more from a new port before it is left");
  assert.equal(scene.link.host, "first");
});

for (
  const [what, addresses] of [
    ["where it was", [THERE, HERE]],
    ["nowhere", []],
    ["under another IP version only", [address("2001:db8::1")]],
  ] as [string, IpAddress[]][]
) {
  Deno.test(`a silent server that is found ${what} keeps its endpoint, and is tried from a new port`, async () => {
    using scene = new Scene();
    scene.addresses = addresses;
    scene.link.start();
    await scene.until(() => scene.lookups === 1);
    const before = scene.sent.length;
    await scene.until(() => scene.sent.length > before + 3);
    assert.deepEqual(new Set(scene.connected), new Set(["192.0.2.1:2511"]));
    assert.equal(formatAddress(scene.link.endpoint.address), "192.0.2.1");
  });
}

Deno.test("a place that no route leads to leaves the socket where it was", async () => {
  const peers: (string | undefined)[] = [];
  using scene = new Scene({
    anyHost: true,
    socket: {
      family: 4,
      connect: (peer) => {
        peers.push(undefined);
        if (formatEndpoint(peer) !== "192.0.2.1:2511") throw new Error("ENETUNREACH");
        peers.push(formatEndpoint(peer));
      },
      send: () => true,
    },
  });
  scene.addresses = [HERE, THERE];
  scene.link.start();
  scene.link.handleMessage(text(""));
  await scene.until(() => scene.lookups > 3);
  await scene.clock.advance(1);
  assert.ok(peers.some((peer, at) => peer === undefined && peers[at + 1] === undefined), "it was tried");
  assert.equal(peers.at(-1), "192.0.2.1:2511");
});

Deno.test("a server that is reached by another path is awaited where it was", async () => {
  using scene = new Scene({ anyHost: true, isReachedOtherwise: () => true });
  scene.addresses = [HERE, THERE];
  scene.link.start();
  scene.link.handleMessage(text(""));
  await scene.clock.advance(26_000);
  assert.equal(scene.connected.findIndex((endpoint) => endpoint !== "192.0.2.1:2511"), -1);
  await scene.clock.advance(3_000);
  assert.ok(scene.connected.includes("192.0.2.2:2511"));
});

Deno.test("a look-up that fails leaves everything as it was", async () => {
  using scene = new Scene({ gatherCandidates: () => Promise.reject(new Error("no such host")) });
  scene.link.start();
  await scene.until(() => scene.sent.length > 8);
  assert.equal(formatAddress(scene.link.endpoint.address), "192.0.2.1");
});

Deno.test("an ended link sends nothing, whatever still comes in", async () => {
  using scene = new Scene();
  const found = Promise.withResolvers<IpAddress[]>();
  scene.addresses = found.promise;
  scene.link.start();
  await scene.until(() => scene.lookups === 1);
  scene.link[Symbol.dispose]();
  const before = scene.sent.length;
  scene.link.handleMessage(text("version 2"));
  found.resolve([THERE]);
  // The look-up goes on in the microtasks that follow.
  for (let turn = 0; turn < 10; turn++) await found.promise;
  assert.ok(!scene.connected.includes("192.0.2.2:2511"));
  assert.equal(scene.sent.length, before);
});

Deno.test("each heartbeat with a key is later than the last, so the server takes them all", async () => {
  using scene = new Scene({ proof: heartbeatMac("secret"), heartbeatMs: 1 });
  scene.link.start();
  await scene.until(() => scene.sent.length >= 10);
  const challenges = new Challenges(new Uint8Array(32));
  const verifier = new HeartbeatVerifier(
    heartbeatMac("secret"),
    challenges,
    scene.clock.wallClock() - 3_600_000,
  );
  const from = { address: HERE, port: 4000 };
  assert.ok(
    scene.sent.every((heartbeat) =>
      verifier.verify(heartbeat, from, scene.clock.wallClock()).kind === "bind"
    ),
  );
});

Deno.test("a challenge is answered by its proof, once for each heartbeat, and does not make the tunnel up", () => {
  const proof = heartbeatMac("secret");
  using scene = new Scene({ proof, heartbeatMs: 5000 });
  const challenge = new Challenges(new Uint8Array(32)).issue(
    proof,
    { address: HERE, port: 4000 },
    scene.clock.wallClock(),
  );
  scene.link.handleMessage(challenge);
  assert.deepEqual(scene.sent, [], "before the first heartbeat");
  scene.link.start();
  for (let time = 0; time < 3; time++) scene.link.handleMessage(challenge);
  assert.deepEqual(scene.sent.slice(1), [answerChallenge(proof, challenge)]);
  assert.deepEqual([scene.link.isUp, scene.link.drops.strayMessage], [false, 3]);
  scene.link.handleMessage(text(""));
  assert.equal(scene.link.isUp, true);
});

Deno.test("a challenge after the answer to the heartbeat is not answered", () => {
  using scene = new Scene({ proof: heartbeatMac("secret"), heartbeatMs: 5000 });
  scene.link.start();
  scene.link.handleMessage(text(""));
  scene.link.handleMessage(new Uint8Array(17));
  assert.equal(scene.sent.length, 1);
});

Deno.test("without a key no challenge is answered", () => {
  using scene = new Scene({ heartbeatMs: 5000 });
  scene.link.start();
  scene.link.handleMessage(new Uint8Array(17));
  assert.equal(scene.sent.length, 1);
});

Deno.test("a challenge between the datagrams of a control text is no part of it", () => {
  using scene = new Scene({ proof: heartbeatMac("secret"), heartbeatMs: 5000 });
  scene.link.start();
  const whole = text("version 2");
  for (const part of [whole.slice(0, 5), new Uint8Array(17), whole.slice(5)]) scene.link.handleMessage(part);
  assert.deepEqual(scene.sent.map(([type]) => type), [0, 0, 3]);
});

Deno.test("how long packets the server takes is what its last full text says", () => {
  using scene = new Scene();
  const take = (words: string) => scene.link.handleMessage(text(words));
  take("version 2");
  assert.deepEqual(scene.engineMtus, [], "a server that does not know this client says nothing");
  take("version 2,revision 1,addr6 off,engine-mtu 16000");
  take("version 2,revision 2,addr6 off");
  for (const word of ["575", "65536", "x", "1e4", "16000 1"]) take(`version 2,revision 3,engine-mtu ${word}`);
  const none = undefined;
  assert.deepEqual(scene.engineMtus, [16_000, none, none, none, none, none, none]);
  assert.equal(scene.link.drops.unknownCommand, 5);
});

Deno.test("after a change of the network the server is asked at once, and looked up a second later", async () => {
  using scene = new Scene({ heartbeatMs: 5_000 });
  scene.link.start();
  scene.link.handleMessage(text("version 2"));
  scene.link.handleMessage(text(""));
  await scene.clock.advance(2_000);
  const { length } = scene.sent;
  // Packets of the time before say nothing of the tunnel after the change.
  scene.traffic = { received: 9, sent: 9 };
  scene.link.onNetworkChange(false);
  await scene.clock.advance(0);
  assert.equal(scene.sent.length, length + 1);
  assert.deepEqual(scene.connected, []);
  scene.addresses = [THERE];
  await scene.clock.advance(1_000);
  assert.deepEqual(scene.connected.at(-1), formatEndpoint({ address: THERE, port: 2511 }));
});

Deno.test("a socket whose address this machine has lost gets another one at once", async () => {
  using scene = new Scene({ heartbeatMs: 5_000 });
  scene.link.onNetworkChange(true);
  assert.deepEqual(scene.connected, [], "it has not been started");
  scene.link.start();
  scene.link.handleMessage(text(""));
  await scene.clock.advance(2_000);
  const { length } = scene.sent;
  scene.link.onNetworkChange(true);
  await scene.clock.advance(0);
  assert.deepEqual(scene.connected, [formatEndpoint({ address: HERE, port: 2511 })]);
  assert.equal(scene.sent.length, length + 1);
});
