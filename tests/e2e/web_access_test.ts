/** The web line: live, refused to other sites, without a secret; /metrics as Prometheus reads it. */
import assert from "node:assert/strict";
import parsePrometheus from "parse-prometheus-text-format";
import { ANNA, SHARED } from "../topology/shared_tunnel.ts";
import type { Namespace } from "../topology/namespace.ts";
import { Process } from "../topology/process.ts";
import { binary } from "../topology/daemon.ts";
import { tunnelTest } from "../topology/tunnel_test_case.ts";
import { isDarwinServer } from "../topology/server_side.ts";

const ROUTE = "route 172.20.0.0/16\n";
const SECRET = "not-to-be-shown-4711";
const CONFIG = `${ROUTE}${SHARED.expose}${SHARED.anna}key ${SECRET}\n`;
const WEB = "web 127.0.0.1:2580\n";
const PAGE = "http://127.0.0.1:2580";

/** The exposition format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats), more narrowly than Prometheus reads it. */
const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const LINE = new RegExp(
  `^(?:# HELP ${NAME} [^\\n]+|# TYPE ${NAME} (?:counter|gauge)|${NAME}(?:\\{${LABEL}(?:,${LABEL})*\\})? -?[0-9.]+(?:e[+-]?[0-9]+)?)?$`,
);

interface Family {
  readonly name: string;
  readonly type: string;
  readonly metrics: readonly { readonly value: string; readonly labels?: Readonly<Record<string, string>> }[];
}

/** One request; the status and the body. */
async function get(
  from: Namespace,
  url: string,
  ...options: string[]
): Promise<[status: number, body: string]> {
  const { stdout } = await from.run(["curl", "-sS", "-m", "5", "-w", "\n%{http_code}", ...options, url]);
  const [body = "", status = ""] = [stdout.slice(0, stdout.lastIndexOf("\n")), stdout.split("\n").at(-1)];
  return [Number(status), body];
}

async function metrics(from: Namespace): Promise<(name: string, labels?: Record<string, string>) => number> {
  const [status, body] = await get(from, `${PAGE}/metrics`);
  assert.equal(status, 200);
  for (const line of body.split("\n")) assert.match(line, LINE);
  const families: Family[] = parsePrometheus(body);
  for (const { name, type } of families) assert.equal(name.endsWith("_total"), type === "COUNTER", name);
  return (name, labels = {}) => {
    const found = families.find((family) => family.name === `docker_connector_${name}`)?.metrics.find((
      metric,
    ) => Object.entries(labels).every(([key, value]) => metric.labels?.[key] === value));
    assert.ok(found, `${name} ${JSON.stringify(labels)}`);
    return Number(found.value);
  };
}

/** Bytes that iperf3 sends by UDP, slowly, so that no queue overflows; what came too late for its receiver is counted too. */
async function flood(
  from: Namespace,
  to: Namespace,
  address: string,
  direction: "sent" | "received",
): Promise<number> {
  await using _server = await to.serve(["iperf3", "-s", "-1", "-p", "5201"], 5201);
  const flags = ["-u", "-b", "10M", "-l", "1200", "-t", "2", "-J", ...direction === "sent" ? [] : ["-R"]];
  const output = await from.exec(["iperf3", "-c", address, "-p", "5201", ...flags], 20_000);
  const { end }: { end: { sum_sent: { bytes: number } } } = JSON.parse(output);
  return end.sum_sent.bytes;
}

tunnelTest(
  "the page can be turned on and off while the server runs",
  { config: CONFIG, clientArgs: ["--key", SECRET] },
  async ({ network, tunnel, step }) => {
    const { mac } = network;
    const { server, configFile } = tunnel;
    const { control } = server.settings;
    const serves = (listen: string | undefined) =>
      server.waitForStatus(
        `the page is at ${listen}`,
        ({ web }) => web?.listen === listen && web?.fault === undefined,
      );
    const web = (...args: string[]) =>
      mac.run([binary("docker-connector"), "web", "--control", control, "--config", configFile, ...args]);

    await step(
      "it is off unless the file says otherwise, and the command says how to turn it on",
      async () => {
        assert.equal((await server.status())?.web, null);
        const { code, stderr } = await web("--print");
        assert.equal(code, 1);
        assert.match(
          stderr,
          /Cannot print the page's address: it is off\. Run "docker-connector config add web 127/,
        );
      },
    );

    if (!isDarwinServer) {
      await step("the command turns it on and prints where it is", async () => {
        const { code, stdout, stderr } = await web();
        assert.deepEqual([code, stdout], [0, `${PAGE}/`], stderr);
        assert.equal(stderr, `The page was off; added "web 127.0.0.1:2580" to ${configFile}`);
        assert.equal((await get(mac, `${PAGE}/`))[0], 200);
      });
    }

    await step("other sites and foreign names get nothing (DNS rebinding)", async () => {
      await Deno.writeTextFile(configFile, CONFIG + WEB);
      await serves("127.0.0.1:2580");
      const refused = [
        ["-H", "Host: evil.example:2580"],
        ["-H", "Host: 127.0.0.1.nip.io"],
        ["-H", "Origin: http://evil.example"],
        ["-H", "Sec-Fetch-Site: cross-site", "-H", "Sec-Fetch-Mode: no-cors"],
      ];
      for (const options of refused) {
        for (const path of ["/v1/status", "/v1/events", "/metrics"]) {
          const [status, body] = await get(mac, PAGE + path, ...options);
          assert.equal(status, 403, options.join(" "));
          assert.match(body, /^Refused: .{1,120}\n?$/);
        }
      }
      for (const host of ["localhost:2580", "127.0.0.1", "[::1]:9"]) {
        assert.equal((await get(mac, `${PAGE}/`, "-H", `Host: ${host}`))[0], 200, host);
      }
    });

    await step("nothing can be written, and nothing secret is told", async () => {
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
        assert.equal((await get(mac, `${PAGE}/v1/status`, "-X", method))[0], 405, method);
      }
      const [, events] = await get(mac, `${PAGE}/v1/events`, "-m", "2", "-N");
      const [, status] = await get(mac, `${PAGE}/v1/status`);
      const [, numbers] = await get(mac, `${PAGE}/metrics`);
      const [, checks] = await get(mac, `${PAGE}/v1/doctor`, "-m", "15");
      assert.match(events, /event: state\n/);
      for (const text of [events, status, numbers, checks]) {
        assert.ok(text.length > 500);
        for (const secret of [ANNA.token, SECRET]) assert.ok(!text.includes(secret), secret);
      }
      assert.equal((await get(mac, `${PAGE}/../etc/passwd`, "--path-as-is"))[0], 404);
    });

    await step("a crowd of silent connections leaves the tunnel and the page's places alone", async () => {
      const script = "for i in $(seq 100); do exec {fd}<>/dev/tcp/127.0.0.1/2580; done; echo ready; sleep 60";
      await using crowd = new Process(mac.argv(["bash", "-c", script]));
      await crowd.stdout.waitFor(/ready/);
      assert.equal((await get(mac, `${PAGE}/`))[0], 0, "all places are taken");
      await tunnel.waitForEcho();
      await server.waitForStatus("status answers", ({ web }) => web !== null);
    });

    await step("the address moves, and the page goes, as the file says", async () => {
      await Deno.writeTextFile(configFile, `${CONFIG}web 127.0.0.1:2581\n`);
      await serves("127.0.0.1:2581");
      assert.equal((await get(mac, "http://127.0.0.1:2581/"))[0], 200);
      assert.equal((await get(mac, `${PAGE}/`))[0], 0);
      await Deno.writeTextFile(configFile, `${CONFIG}web off\n`);
      await server.waitForStatus("the page is off", ({ web }) => web === null);
      const { code, stderr } = await web();
      assert.equal(code, 78);
      assert.match(stderr, /Cannot open the page: .* says "web off"/);
    });

    await step("a port that is taken is a fault, and hurts nothing else", async () => {
      await using _other = await mac.serve(["busybox", "httpd", "-f", "-p", "127.0.0.1:2582"], 2582);
      await Deno.writeTextFile(configFile, `${CONFIG}web 127.0.0.1:2582\n`);
      await server.waitForStatus("the fault shows", ({ web }) => web?.fault !== undefined);
      const { code, stderr } = await web();
      assert.equal(code, 1);
      assert.match(
        stderr,
        /Cannot serve the status page at 127\.0\.0\.1:2582: another program listens there/,
      );
      await tunnel.waitForEcho();
    });
  },
);

tunnelTest("the metrics agree with iperf3", { config: ROUTE + WEB }, async ({ network, tunnel, step }) => {
  const { mac } = network;
  const { namespace, address } = network.container();
  await tunnel.server.waitForStatus("the page is served", ({ web }) => web !== null);

  for (const direction of ["sent", "received"] as const) {
    await step(`within 2 % of the bytes that were ${direction}`, async () => {
      const labels = { path: "udp", direction };
      const before = await metrics(mac);
      const bytes = await flood(mac, namespace, address, direction);
      const after = await metrics(mac);
      const difference = (name: string) => after(name, labels) - before(name, labels);
      // iperf3 counts payload; IPv4 and UDP put 28 bytes before it (RFC 791, RFC 768).
      const payload = difference("path_bytes_total") - 28 * difference("path_packets_total");
      console.log(`  ${direction}: iperf3 ${bytes} bytes, metrics ${payload}`);
      assert.ok(Math.abs(payload - bytes) <= bytes * 0.02);
    });
  }

  await step("what is up is 1", async () => {
    const value = await metrics(mac);
    assert.equal(value("path_in_use", { path: "udp" }), 1);
    assert.equal(value("path_in_use", { path: "engine" }), 0);
    assert.equal(value("client_connected"), 1);
    assert.equal(value("engine_connected"), 0);
    assert.equal(value("routes", { state: "active" }), 1);
    assert.equal(value("build_info"), 1);
  });
});
