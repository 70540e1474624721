/**
 * The status page in a browser: what happens shows within two seconds, a chart moves during a transfer, and people who see,
 * hear or type differently can use it.
 */
import axe from "axe-core/axe.js";
import assert from "node:assert/strict";
import { PAGE_FILES } from "../../server/web/page_files.ts";
import { startAccessor } from "../topology/accessor.ts";
import { Browser, BROWSER_NEEDS, type Page } from "../topology/browser.ts";
import { EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { Namespace } from "../topology/namespace.ts";
import { ANNA, SHARED } from "../topology/shared_tunnel.ts";
import { Transfer } from "../topology/transfer.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

const CONFIG = `web 127.0.0.1:2580\nroute 10.99.0.0/24 expose\n${SHARED.expose}${SHARED.anna}`;
const PAGE = "http://127.0.0.1:2580/";

/** What has happened shows this many milliseconds later. */
const SHOWN_LIMIT = 2_000;

/** Bytes of all files of the page together. */
const SIZE_LIMIT = 200_000;

const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

/** What of axe's results this test reads. */
interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
}

/** How many of axe-core's rules apply to the page and hold. */
const MIN_RULES = 20;

/** The violations that axe-core calls serious or critical. */
async function seriousFaults(page: Page): Promise<string[]> {
  const { violations, passed } = await page.evaluate<{ violations: Violation[]; passed: number }>(
    "axe.run().then(({ violations, passes }) => ({ violations, passed: passes.length }))",
  );
  assert.ok(passed >= MIN_RULES, `${passed} rules hold`);
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" ")}`);
}

/** Whether an element of the page holds a text. */
function shows(selector: string, text: string): string {
  return `[...document.querySelectorAll(${
    JSON.stringify(selector)
  })].some(({ textContent }) => textContent.includes(${JSON.stringify(text)}))`;
}

networkTest("the status page", { containers: [], lans: 1 }, async (network, t) => {
  await using scene = await EngineScene.start(network, DEFAULT_ENGINE, CONFIG);
  const { mac } = network;
  const { engine } = scene.machine;
  const step = (name: string, body: () => Promise<void>) => t.step(name, () => scene.withTranscript(body));
  await scene.server.waitForStatus(
    "the client is there and the tokens are ready",
    ({ client, sharing, web }) => client !== null && web !== null && sharing?.deriving === 0,
    60_000,
  );
  await using browser = new Browser(mac, network.folder);
  const page = await browser.open(PAGE, WIDE);
  await page.waitFor(
    "the page is live",
    "document.querySelector('#live.on') && document.querySelector('#details dd')",
  );
  await page.evaluate<void>(axe.source + ";undefined");

  await step("it is smaller than 200 kB and takes nothing from elsewhere", async () => {
    const sizes = await Promise.all(
      Object.keys(PAGE_FILES).map((path) =>
        page.evaluate<number>(
          `fetch(${JSON.stringify(path)}).then((r) => r.arrayBuffer()).then((b) => b.byteLength)`,
        )
      ),
    );
    const sum = sizes.reduce((a, b) => a + b, 0);
    console.log(`  the page: ${Object.keys(PAGE_FILES).length} files, ${(sum / 1000).toFixed()} kB`);
    assert.ok(sum < SIZE_LIMIT, `${sum} bytes`);
    const names = await page.evaluate<string[]>(
      "performance.getEntriesByType('resource').map(({ name }) => name)",
    );
    assert.deepEqual(names.filter((name) => !name.startsWith(PAGE)), []);
  });

  await step("a new network shows, then its container by name", async () => {
    await engine.createNetwork("shop", "10.99.0.0/24");
    const network = await page.waitFor("the network shows", shows("#networks-column h3", "shop"));
    await scene.machine.runPage("storefront", "--network", "shop", "--ip", "10.99.0.10");
    const container = await page.waitFor(
      "the container shows",
      shows("#networks-column .chips li", "storefront"),
    );
    console.log(`  on the page after ${network} ms: the network, after ${container} ms: the container`);
    assert.ok(network <= SHOWN_LIMIT && container <= SHOWN_LIMIT);
    await scene.answers("10.99.0.10", "storefront");
  });

  await step("a new session shows", async () => {
    await using _accessor = await startAccessor({ network, lan: network.lan(), token: ANNA.token });
    const drawn = await page.waitFor("the session is drawn", shows("#accessors-column h3", ANNA.address));
    await page.waitFor("the session is listed", shows("#sessions td", ANNA.address), SHOWN_LIMIT);
    console.log(`  on the page after ${drawn} ms: the session`);
    assert.ok(drawn <= SHOWN_LIMIT);
  });

  await step("a chart moves during a transfer", async () => {
    const picture = "document.querySelector('#throughput canvas').toDataURL()";
    const before = await page.evaluate<string>(picture);
    const pid = await scene.docker("container inspect --format {{.State.Pid}} storefront");
    const from = await Namespace.attach(`${network.prefix}-store`, pid);
    await using _transfer = await Transfer.start({
      from,
      address: "10.99.0.10",
      to: mac,
      bytes: 200_000_000,
      rate: 10_000_000,
    });
    await page.waitFor("the rate shows", shows("#throughput-key b", "Mbit/s"), 5_000);
    assert.notEqual(await page.evaluate<string>(picture), before);
    assert.ok(await page.evaluate<boolean>(shows("#link-column .rate", "Mbit/s")));
  });

  await step("a fault shows with what to do", async () => {
    await Deno.writeTextFile(scene.configFile, `${CONFIG}rout 10.7.0.0/16\n`);
    await scene.server.waitForStatus("the fault is there", ({ faults }) => faults.length > 0);
    const took = await page.waitFor("the fault shows", shows("#faults li", "rout"));
    console.log(`  on the page after ${took} ms: the fault`);
    assert.ok(took <= SHOWN_LIMIT);
    assert.ok(await page.evaluate<boolean>("document.querySelector('#faults .remedy button') !== null"));
  });

  await step("the doctor looks when it is asked", async () => {
    await page.evaluate<void>("document.querySelector('#doctor-run').click()");
    await page.waitFor("its checks show", "document.querySelectorAll('#doctor li').length > 5", 15_000);
    assert.ok(await page.evaluate<boolean>(shows("#doctor .found .fix code", "docker-connector")));
  });

  await step("axe-core finds nothing serious, light and dark, wide and on a phone", async () => {
    for (const view of [WIDE, PHONE]) {
      for (const isDark of [false, true]) {
        await page.look({ ...view, isDark });
        assert.deepEqual(await seriousFaults(page), [], `${view.width} ${isDark}`);
      }
    }
    await page.look(PHONE);
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    assert.ok(width <= PHONE.width, `the page is ${width} wide on a phone`);
  });

  await step("the fault goes when it is fixed, and the page survives a restart of the server", async () => {
    await Deno.writeTextFile(scene.configFile, CONFIG);
    await page.waitFor("the fault is gone", "document.querySelectorAll('#faults li').length === 0", 5_000);
    await scene.server.stop();
    await page.waitFor("the page says so", "document.querySelector('#live.off')");
    scene.server.start();
    await page.waitFor("the page is live again", "document.querySelector('#live.on')", 20_000);
  });
}, BROWSER_NEEDS);
