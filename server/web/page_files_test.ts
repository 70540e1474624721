import assert from "node:assert/strict";
import { counted, formatBytes, formatDuration, formatMs, formatRate, holds } from "./page/format.js";
import { copyTextOf, headlineOf, moodOf } from "./page/faults.js";
import { PAGE_FILES } from "./page_files.ts";
import { BUSY } from "./page_fixture.ts";

const FOLDER = new URL("./page/", import.meta.url);
const read = (file: string) => Deno.readTextFile(new URL(file, FOLDER));

Deno.test("every script and style that the page names is served", async () => {
  const files = Object.values(PAGE_FILES).map(([file]) => file);
  const named = new Set<string>();
  for (const file of files.filter((file) => !file.startsWith("uplot"))) {
    for (
      const [, name = ""] of (await read(file)).matchAll(/(?:href|src)="\/([\w.]+)"|from "\.\/([\w.]+)"/g)
    ) {
      if (name !== "") named.add(name);
    }
    for (const [, name = ""] of (await read(file)).matchAll(/from "\.\/([\w.]+)"/g)) named.add(name);
  }
  assert.ok(named.size > 8);
  assert.deepEqual([...named].filter((name) => !(`/${name}` in PAGE_FILES) && name !== "metrics"), []);
});

Deno.test("the page has no script or style of its own between its lines, and fits its size", async () => {
  const html = await read("index.html");
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/);
  const sizes = await Promise.all(Object.values(PAGE_FILES).map(async ([file]) => (await read(file)).length));
  assert.ok(sizes.reduce((a, b) => a + b, 0) < 200_000);
});

Deno.test("the copy of uPlot is the package's own file", async () => {
  const run = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stdout: "piped" }).output();
  const { npmCache }: { npmCache: string } = JSON.parse(new TextDecoder().decode(run.stdout));
  const settings = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  const [, version] = /uplot@([\d.]+)/.exec(settings.imports["uplot/"]) ?? [];
  // Loads the package where nobody has yet.
  await import("uplot/dist/uPlot.cjs.js").catch(() => {});
  // The cache has a folder for each registry.
  const folders = [...Deno.readDirSync(npmCache)].map(({ name }) => `${npmCache}/${name}/uplot/${version}`);
  const dist = folders.find((folder) => {
    try {
      return Deno.statSync(folder).isDirectory;
    } catch {
      return false;
    }
  }) ?? assert.fail("the package is not in the cache");
  for (
    const [own, original] of [
      ["uplot.js", "dist/uPlot.iife.min.js"],
      ["uplot.css", "dist/uPlot.min.css"],
      ["uplot.license", "LICENSE"],
    ] as const
  ) assert.equal(await read(own), await Deno.readTextFile(`${dist}/${original}`), own);
});

Deno.test("rates, sizes, times and round trips are as people read them", () => {
  assert.deepEqual([0, 999, 999_600, 1_250_000_000].map(formatRate), [
    "0 bit/s",
    "999 bit/s",
    "1.00 Mbit/s",
    "1.25 Gbit/s",
  ]);
  assert.deepEqual([12, 1500, 123_456].map(formatBytes), ["12 B", "1.50 kB", "123 kB"]);
  assert.deepEqual([0, 59, 3600, 11_520].map(formatDuration), ["0 s", "59 s", "1 h", "3 h 12 min"]);
  assert.deepEqual([null, 0.314, 12.34, 512.4].map(formatMs), ["\u2013", "0.31 ms", "12.3 ms", "512 ms"]);
  assert.deepEqual([counted(1, "network"), counted(1200, "network")], ["1 network", "1,200 networks"]);
});

Deno.test("an address is found in its network", () => {
  assert.deepEqual(
    [
      holds("192.168.251.0/24", "192.168.251.1"),
      holds("10.0.0.0/8", "11.0.0.1"),
      holds("0.0.0.0/0", "1.2.3.4"),
      holds("fd00::/64", "fd00::1"),
    ],
    [true, false, true, false],
  );
});

Deno.test("the headline is the summary, or the first fault's title with how many more there are", () => {
  const [error] = BUSY.faults;
  assert.deepEqual([headlineOf(BUSY), moodOf(BUSY)], ["A route failed", "bad"]);
  assert.equal(headlineOf({ ...BUSY, faults: [error, error] }), "A route failed, and 1 more fault");
  const sound = { ...BUSY, summary: "up: 4 networks reachable by the udp path", faults: [] };
  assert.deepEqual([headlineOf(sound), moodOf(sound)], ["Up: 4 networks reachable by the udp path", "good"]);
  const warned = { ...sound, faults: [{ ...error, severity: "warning" }] };
  assert.deepEqual([headlineOf(warned), moodOf(warned)], [
    "Up: 4 networks reachable by the udp path",
    "warn",
  ]);
  assert.equal(moodOf({ ...sound, paths: { ...BUSY.paths, inUse: null } }), "warn", "it starts");
});

Deno.test("what is copied of a remedy is its commands", () => {
  assert.equal(copyTextOf('Run "sudo docker-connector run" again'), "sudo docker-connector run");
  assert.equal(copyTextOf("Start Docker"), "Start Docker");
});
