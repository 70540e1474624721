/**
 * `deno task bench:page [--rounds N] [--seconds N]`: what the status page costs the tunnel. One TCP stream to the container, in turn
 * without anybody who looks, with a scrape of /metrics each second, and with the page open in Chromium besides. Linux, root.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { Browser } from "../tests/topology/browser.ts";
import type { Namespace } from "../tests/topology/namespace.ts";
import { throughput } from "../tests/topology/iperf.ts";
import { Network } from "../tests/topology/network.ts";
import { Tunnel } from "../tests/topology/tunnel.ts";
import { formatTable } from "../tools/table.ts";
import { median } from "./statistics.ts";

const PAGE = "http://127.0.0.1:2580/";
const CASES = ["nobody looks", "scraped", "scraped, page open"] as const;

/** Scrapes once a second until it is disposed of. */
function scrape(from: Namespace): Disposable {
  const timer = setInterval(() => void from.run(["curl", "-s", "-o", "/dev/null", `${PAGE}metrics`]), 1000);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "9" }, seconds: { type: "string", default: "3" } },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
await using network = await Network.create({ containers: [1] });
const { mac } = network;
const { namespace: to, address, subnet } = network.container();
await using tunnel = await Tunnel.start(network, { config: `route ${subnet}\nweb 127.0.0.1:2580\n` });
await tunnel.server.waitForStatus("the page is served", ({ web }) => web !== null && web.fault === undefined);
await using browser = new Browser(mac, network.folder);
const page = await browser.open("about:blank", { width: 1280, height: 900 });
const found = new Map(CASES.map((name) => [name, [] as number[]]));
await throughput({ from: mac, to, address, seconds });
for (let round = 0; round < rounds; round++) {
  for (const name of CASES) {
    await page.send("Page.navigate", { url: name === "scraped, page open" ? PAGE : "about:blank" });
    using _scraping = name === "nobody looks" ? undefined : scrape(mac);
    found.get(name)?.push(await throughput({ from: mac, to, address, seconds }) / 1e6);
  }
}
const alone = found.get("nobody looks") ?? [];
console.log(formatTable([
  ["", "Mbit/s min", "median", "max", "median of the pairs' ratios"],
  ...[...found].map(([name, values]) => [
    name,
    ...[Math.min(...values), median(values), Math.max(...values)].map((value) => value.toFixed(0)),
    median(values.map((value, index) => value / (alone[index] ?? NaN))).toFixed(3),
  ]),
]));
