/**
 * `deno task screenshots [FOLDER]`: takes the pictures of the status page in docs/images again, as root on Linux: a real
 * server, Engine, containers and accessors in network namespaces, and a headless Chromium. Takes about a minute and a half.
 *
 * @module
 */
import { join } from "node:path";
import { OperationError } from "../core/error.ts";
import { startAccessor } from "../tests/topology/accessor.ts";
import { Browser, BROWSER_NEEDS, type Page, type View } from "../tests/topology/browser.ts";
import { EngineScene } from "../tests/topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../tests/topology/engines.ts";
import { ENGINE_NEEDS, missing, TOPOLOGY_PACKAGES } from "../tests/topology/gate.ts";
import { Namespace } from "../tests/topology/namespace.ts";
import { Network } from "../tests/topology/network.ts";
import { ANNA, BERT, SHARED } from "../tests/topology/shared_tunnel.ts";
import { Transfer } from "../tests/topology/transfer.ts";
import { pause, waitUntil } from "../tests/topology/wait.ts";
import { runTool } from "./command.ts";
import { ROOT_FOLDER } from "./freshness.ts";
import { ensurePackages } from "./packages.ts";

const URL_OF_PAGE = "http://127.0.0.1:2580/";

/** Name, subnet and containers of each network. */
const NETWORKS = [
  ["shop", "10.99.0.0/24", ["storefront", "api", "orders", "postgres", "redis"]],
  ["monitoring", "10.99.1.0/24", ["grafana", "prometheus"]],
  ["mail", "10.99.2.0/24", ["mailpit"]],
] as const;

const CONFIG = `web 127.0.0.1:2580\n${SHARED.expose}${SHARED.anna}${SHARED.bert}route 10.99.0.0/24 expose\n`;

/** Megabytes a second, each for ten seconds, so that the chart has a shape. */
const RATES = [6, 22, 38, 14, 30, 45];

const DESKTOP: View = { width: 1280, height: 960 };
const PHONE: View = { width: 390, height: 716, scale: 1.5 };

async function isLive(page: Page): Promise<void> {
  const ready = "document.querySelector('#live.on') && document.querySelector('#details dd')";
  await page.waitFor("the page is live", ready);
}

async function traffic(container: Namespace, network: Network, rates: readonly number[]): Promise<void> {
  for (const rate of rates) {
    await using transfer = await Transfer.start({
      from: container,
      address: "10.99.0.10",
      to: network.mac,
      bytes: rate * 10_000_000,
      rate: rate * 1_000_000,
    });
    await transfer.finish();
  }
}

/** Takes all pictures. */
async function takeScreenshots(folder: string): Promise<void> {
  await ensurePackages([...TOPOLOGY_PACKAGES, ...ENGINE_NEEDS.packages, ...BROWSER_NEEDS.packages]);
  const reason = missing(BROWSER_NEEDS);
  if (reason !== undefined) {
    throw new OperationError(
      "unavailable",
      `Cannot take the pictures: it ${reason}`,
      "Run it as root on Debian",
    );
  }
  await Deno.mkdir(folder, { recursive: true });
  await using network = await Network.create({ containers: [], lans: 2, link: "veth" });
  await using scene = await EngineScene.start(network, DEFAULT_ENGINE, CONFIG);
  for (const [name, subnet, containers] of NETWORKS) {
    await scene.machine.engine.createNetwork(name, subnet);
    for (const [index, container] of containers.entries()) {
      const address = subnet.replace(/0\/24$/, String(10 + index));
      await scene.machine.runPage(container, "--network", name, "--ip", address);
    }
  }
  await scene.answers("10.99.0.10", "storefront", performance.now(), 30_000);
  await scene.server.waitForStatus("the tokens are ready", ({ sharing }) => sharing?.deriving === 0, 60_000);
  const accessors = [];
  for (const [index, { token }] of [ANNA, BERT].entries()) {
    accessors.push(await startAccessor({ network, lan: network.lan(index), token }));
  }
  await using browser = new Browser(network.mac, network.folder);
  const page = await browser.open(URL_OF_PAGE, DESKTOP);
  await isLive(page);
  const pid = await scene.docker("container inspect --format {{.State.Pid}} storefront");
  const container = await Namespace.attach(`${network.prefix}-store`, pid);
  await traffic(container, network, RATES);
  const anna = Transfer.start({
    from: container,
    address: "10.99.0.10",
    port: 5601,
    to: network.lan(0).namespace,
    bytes: 60_000_000,
    rate: 3_000_000,
  });
  const last = traffic(container, network, [52, 34]);
  await pause(6_000);
  const take = async (name: string, view: View) => {
    await page.look(view);
    await page.send("Page.reload");
    await pause(300);
    await isLive(page);
    // Two samples make a rate, and colours of new nodes fade.
    await pause(2_500);
    const picture = await page.screenshot(false);
    await Deno.writeFile(join(folder, `${name}.png`), picture);
    console.log(`${name}.png, ${(picture.length / 1000).toFixed(0)} kB`);
  };
  await take("page-light", DESKTOP);
  await take("page-dark", { ...DESKTOP, isDark: true });
  await take("page-phone", PHONE);
  await last;
  await (await anna)[Symbol.asyncDispose]();
  await Deno.writeTextFile(scene.configFile, `${CONFIG}rout 10.7.0.0/16\n`);
  await waitUntil(
    "the fault shows",
    () => page.evaluate<boolean>("document.querySelector('#faults li') !== null"),
  );
  await take("page-phone-dark", { ...PHONE, isDark: true });
  for (const accessor of accessors) await accessor[Symbol.asyncDispose]();
}

if (import.meta.main) {
  await runTool(() => takeScreenshots(Deno.args[0] ?? join(ROOT_FOLDER, "docs", "images")));
}
