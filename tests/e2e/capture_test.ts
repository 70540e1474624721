/** Packets of the tunnel in files that tcpdump reads. */
import assert from "node:assert/strict";
import { startAccessor } from "../topology/accessor.ts";
import { CAPTURE_NEEDS } from "../topology/capture.ts";
import { binary } from "../topology/daemon.ts";
import { Namespace } from "../topology/namespace.ts";
import { mustRun, run } from "../topology/process.ts";
import { ANNA, sharingTest } from "../topology/shared_tunnel.ts";
import { transfer } from "../topology/transfer.ts";
import { CLIENT_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS, Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";

/** Bytes of the transfer that is captured. */
const TRANSFER = 50_000_000;

/** The lines that tcpdump makes of a file: one for each packet. */
async function packetsOf(file: string): Promise<string[]> {
  const text = await mustRun(["tcpdump", "-n", "-r", file]);
  return text.split("\n").filter((line) => / IP6? /.test(line));
}

function echo(from: string, to: string): RegExp {
  return new RegExp(` IP ${from} > ${to}: ICMP echo re(?:quest|ply)`);
}

async function ping(namespace: Namespace, address: string, count: number): Promise<void> {
  await namespace.exec(["ping", "-n", "-c", String(count), "-i", "0.05", "-W", "2", address]);
}

networkTest("packets are captured", {}, async (network, t) => {
  const { mac, folder } = network;
  const control = () => ["--control", tunnel.server.settings.control];
  const capture = (...args: string[]) => [binary("docker-connector"), "capture", ...control(), ...args];
  const container = network.containers[0] ?? assert.fail("there is no container");
  await using tunnel = await Tunnel.start(network, {
    serverArgs: ["--capture", `${folder}/server.pcap`],
    clientArgs: ["--capture", `${folder}/client.pcap`],
  });
  const step = (name: string, body: () => Promise<void>) => t.step(name, () => withTranscript(tunnel, body));

  await step("a number of them from a running server, both directions", async () => {
    const file = `${folder}/some.pcap`;
    const capturing = mac.spawn(capture("--count", "6", file));
    await capturing.stderr.waitFor(/capturing packets of connector0 to/);
    await ping(mac, CLIENT_VIRTUAL_ADDRESS, 3);
    assert.equal((await capturing.wait()).code, 0);
    assert.match(capturing.stderr.tail(), /6 packets captured, 0 dropped/);
    const lines = await packetsOf(file);
    assert.equal(lines.length, 6, lines.join("\n"));
    assert.ok(lines.some((line) => echo(SERVER_VIRTUAL_ADDRESS, CLIENT_VIRTUAL_ADDRESS).test(line)));
    assert.ok(lines.some((line) => echo(CLIENT_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS).test(line)));
    assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
  });

  await step("of one network, to stdout, until it is interrupted", async () => {
    const file = `${folder}/network.pcap`;
    const script = 'exec "$0" "$@" > "$FILE"';
    const argv = ["sh", "-c", script, ...capture("--network", container.subnet, "-")];
    const capturing = mac.spawn(argv, { env: { FILE: file } });
    await capturing.stderr.waitFor(/capturing packets/);
    await ping(mac, CLIENT_VIRTUAL_ADDRESS, 2);
    await ping(mac, container.address, 2);
    await waitUntil("four packets are in the file", async () => (await Deno.stat(file)).size > 400);
    capturing.signal("SIGINT");
    assert.equal((await capturing.wait()).code, 0, capturing.stderr.tail());
    assert.match(capturing.stderr.tail(), /4 packets captured, 0 dropped/);
    const lines = await packetsOf(file);
    assert.equal(lines.length, 4);
    assert.ok(lines.every((line) => line.includes(container.address)));
  });

  await step("not to a file that is there, nor through a link", async () => {
    const taken = `${folder}/taken.pcap`;
    await Deno.writeTextFile(taken, "precious");
    await Deno.symlink(`${folder}/elsewhere`, `${folder}/link.pcap`);
    for (const file of [taken, `${folder}/link.pcap`]) {
      const { code, stderr } = await mac.run(capture("--count", "1", file));
      assert.deepEqual([code, /something is there already/.test(stderr)], [74, true], stderr);
    }
    assert.equal(await Deno.readTextFile(taken), "precious");
    await assert.rejects(Deno.lstat(`${folder}/elsewhere`), Deno.errors.NotFound);
  });

  await step("by root alone", async () => {
    const path = `${tunnel.server.settings.control}.capture`;
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    await Deno.chmod(folder, 0o755);
    const program = `${folder}/docker-connector`;
    await Deno.copyFile(binary("docker-connector"), program);
    await Deno.chmod(program, 0o755);
    const user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const { code, stderr } = await run([...user, program, "capture", ...control(), "-"], {
      env: { HOME: folder },
    });
    assert.deepEqual(
      [code, /Cannot capture packets: not root\. Run with sudo/.test(stderr)],
      [77, true],
      stderr,
    );
  });

  await step("and an unknown network is named with those there are", async () => {
    const { code, stderr } = await mac.run(capture("--network", "nothing", "-"));
    assert.equal(code, 64, stderr);
    assert.match(stderr, /Cannot capture packets of "nothing": there is no such Docker network/);
  });

  await step("from the start to the end of both programs", async () => {
    await Promise.all([tunnel.server.stop(), tunnel.client.stop()]);
    for (const file of ["server.pcap", "client.pcap"]) {
      const lines = await packetsOf(`${folder}/${file}`);
      assert.ok(lines.filter((line) => line.includes(container.address)).length >= 4, lines.join("\n"));
    }
    assert.ok(!(await exists(`${tunnel.server.settings.control}.capture`)));
  });
}, CAPTURE_NEEDS);

sharingTest("packets of an accessor are captured at both ends", {}, async ({ network, tunnel, step }) => {
  const { folder, mac } = network;
  const lan = network.lans[0] ?? assert.fail("there is no network of teammates");
  const container = network.containers[0] ?? assert.fail("there is no container");
  const file = `${folder}/accessor.pcap`;

  await step("its own and the server's file have its pings", async () => {
    const ofServer = `${folder}/teammate.pcap`;
    const control = ["--control", tunnel.server.settings.control];
    await using accessor = await startAccessor({
      network,
      lan,
      token: ANNA.token,
      args: ["--capture", file],
    });
    const capturing = mac.spawn([binary("docker-connector"), "capture", ...control, ofServer]);
    await capturing.stderr.waitFor(/capturing packets/);
    await ping(lan.namespace, container.address, 3);
    await accessor.stop();
    assert.equal((await capturing.stop()).code, 0, capturing.stderr.tail());
    for (const path of [file, ofServer]) {
      const lines = await packetsOf(path);
      const pairs = [[ANNA.address, container.address], [container.address, ANNA.address]];
      for (const [from = "", to = ""] of pairs) {
        assert.equal(lines.filter((line) => echo(from, to).test(line)).length, 3, lines.join("\n"));
      }
    }
  });

  await step("a fast transfer goes on, and every packet is in the file or counted", async () => {
    const control = ["--control", tunnel.server.settings.control];
    const path = `${folder}/fast.pcap`;
    const capturing = mac.spawn([binary("docker-connector"), "capture", "--snap", "128", ...control, path]);
    await capturing.stderr.waitFor(/capturing packets/);
    const { bytes } = await transfer({
      from: container.namespace,
      address: container.address,
      to: mac,
      bytes: TRANSFER,
    });
    assert.equal(bytes, TRANSFER);
    assert.equal((await capturing.stop()).code, 0, capturing.stderr.tail());
    const [, packets, dropped] = /(\d+) packets captured, (\d+) dropped/.exec(capturing.stderr.tail()) ?? [];
    // Each has at most the 1,400 bytes of the tunnel's packets.
    assert.ok(Number(packets) + Number(dropped) > TRANSFER / 1400, capturing.stderr.tail());
    assert.ok((await packetsOf(path)).length === Number(packets));
  });
}, CAPTURE_NEEDS);

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
