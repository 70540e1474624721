import assert from "node:assert/strict";
import { binary } from "../topology/daemon.ts";
import { ping } from "../topology/ping.ts";
import { Transfer, transfer } from "../topology/transfer.ts";
import { SERVER_VIRTUAL_ADDRESS, type TunnelOptions } from "../topology/tunnel.ts";
import { type TunnelContext, tunnelTest } from "../topology/tunnel_test_case.ts";
import { fetchPage, servePage } from "../topology/web.ts";

const BYTES = 50_000_000;
const OFF = ["--no-offload"];
/** Octets of the largest datagram that a link with MTU 1500 carries whole: less IPv4 and UDP headers (RFC 791, RFC 768). */
const LARGEST_PAYLOAD = 1500 - 20 - 8;
const TOO_LONG = /some datagrams exceed the path's MTU/;

/** Which sides do with offloads; with an MTU of 1600 the datagrams exceed the link. */
const CASES: readonly (readonly [title: string, options: TunnelOptions, server: boolean, client: boolean])[] =
  [
    ["neither side", { serverArgs: OFF, clientArgs: OFF }, false, false],
    ["the client alone", { serverArgs: OFF }, false, true],
    ["the server alone", { clientEnv: { DOCKER_CONNECTOR_OFFLOAD: "off" } }, true, false],
    ["neither side, in fragments", { serverArgs: OFF, clientArgs: OFF, mtu: 1600 }, false, false],
    ["both sides, in fragments", { mtu: 1600 }, true, true],
  ];

/** What offload must not change: pages, echoes of every size, whole transfers both ways, a reload in between. */
async function carriesEverything(
  { network, tunnel, step }: TunnelContext,
  mtu: number,
): Promise<void> {
  const { mac, folder } = network;
  const { namespace, address } = network.container();

  await step("pages and echoes", async () => {
    await using _server = await servePage(namespace, folder, "from the container");
    assert.equal(await fetchPage(mac, address), "from the container");
    for (const [from, to] of [[mac, address], [namespace, SERVER_VIRTUAL_ADDRESS]] as const) {
      const fits = await ping(from, to, { count: 5, packetSize: mtu });
      assert.equal(fits.received, 5, fits.text);
      const exceeds = await ping(from, to, { packetSize: mtu + 1 });
      assert.match(exceeds.text, /message too long/i);
      assert.equal(exceeds.received, 0, exceeds.text);
    }
  });

  await step("transfers both ways at once arrive unchanged", async () => {
    await using up = await Transfer.start({ from: namespace, address, to: mac, bytes: BYTES });
    const down = { from: mac, address: SERVER_VIRTUAL_ADDRESS, to: namespace, bytes: BYTES, port: 5601 };
    assert.equal((await transfer(down)).bytes, BYTES);
    assert.equal((await up.finish()).bytes, BYTES);
  });

  await step("transfers over IPv6 arrive unchanged", async () => {
    const { interface: near } = await tunnel.client.waitForStatus(
      "the client has its IPv6 address",
      (status) => status.interface.address6 !== undefined,
    );
    const far = (await tunnel.server.status())?.interface.address6 ?? "";
    await transfer({ from: mac, address: far, to: network.vm, bytes: BYTES });
    await transfer({ from: network.vm, address: near.address6 ?? "", to: mac, bytes: BYTES });
  });

  await step("a reload under load", async () => {
    const options = { from: namespace, address, to: mac, bytes: 20_000_000, rate: 20_000_000 };
    await using running = await Transfer.start(options);
    await Deno.writeTextFile(tunnel.configFile, "route 172.20.0.0/16\nroute 172.29.0.0/16\n");
    await tunnel.server.waitForStatus("the route is there", ({ routes }) => routes.length === 2);
    assert.ok(running.running, "the transfer ended before the reload");
    const { longestGapMs } = await running.finish();
    assert.ok(longestGapMs < 500, `no byte arrived for ${longestGapMs} ms`);
  });
}

for (const [title, options, server, client] of CASES) {
  const mtu = options.mtu ?? 1400;
  tunnelTest(`offloads at ${title}`, { ...options, containerMtu: mtu }, async (context) => {
    const { tunnel, step } = context;
    await step("the status tells", async () => {
      assert.equal((await tunnel.server.status())?.dataPlane.offload, server);
      assert.equal((await tunnel.client.status())?.dataPlane.offload, client);
      const { stdout } = await context.network.mac.run([
        binary("docker-connector"),
        "status",
        "--control",
        tunnel.server.settings.control,
      ]);
      assert.match(stdout, new RegExp(`^offload +${server ? "on" : "off"}$`, "m"));
    });
    await carriesEverything(context, mtu);
    await step("a side whose kernel does not cut what it sends says so, once", async () => {
      for (const [daemon, offload] of [[tunnel.server, server], [tunnel.client, client]] as const) {
        const { stderr } = daemon.process;
        const expected = offload && mtu > LARGEST_PAYLOAD;
        if (expected) await stderr.waitFor(TOO_LONG);
        assert.equal(stderr.lines.filter((line) => TOO_LONG.test(line)).length, expected ? 1 : 0);
      }
    });
  });
}
