import assert from "node:assert/strict";
import { configureLog } from "../../program/log.ts";
import type { Config } from "../../core/config/config.ts";
import { parseConfig } from "../../core/config/parse.ts";
import type { ConfigChange } from "../../core/config/changes.ts";
import { OperationError } from "../../core/error.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { ConfigReloader, EMPTY_HOLD } from "./config_reloader.ts";

/** A follower of a file of its own. */
class Site implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly applied: string[] = [];
  readonly lines: string[] = [];
  readonly follower: ConfigReloader;
  /** What the next steps fail with. */
  fault: unknown;

  constructor(readonly folder: string, text: string) {
    configureLog({ level: "info", format: "text", color: false, write: (line) => this.lines.push(line) });
    Deno.writeTextFileSync(this.file, text);
    const { config } = parseConfig(text, this.file);
    assert(config !== undefined);
    const initial = {
      config,
      file: this.file,
      exists: true,
      isEmpty: text.trim() === "",
      overrides: {},
    };
    this.follower = new ConfigReloader({
      initial,
      clock: this.clock,
      apply: (changes: readonly ConfigChange[], config: Config) => {
        this.applied.push(
          `${changes.map(({ field }) => field).join(" ")} -> ${
            config.routes.map(({ prefix }) => formatPrefix(prefix)).join(" ")
          }`,
        );
        return this.fault === undefined ? Promise.resolve() : Promise.reject(this.fault);
      },
    });
  }

  static async open(text: string): Promise<Site> {
    return new Site(await Deno.makeTempDir(), text);
  }

  get file(): string {
    return `${this.folder}/c.conf`;
  }

  async save(text: string): Promise<void> {
    await Deno.writeTextFile(this.file, text);
    await this.follower.reload();
  }

  /** Waits for what the clock has started. */
  async settle(): Promise<void> {
    await this.follower.reload();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.follower[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

const FIRST = "route 10.1.0.0/16\n";
const SECOND = "route 10.2.0.0/16\n";

Deno.test("a reload whose changes fail is logged once, shown, and tried again until it is active", async () => {
  await using site = await Site.open(FIRST);
  site.fault = new OperationError("io", "Cannot list routes: no descriptor is free", "Close other programs");
  await site.save(FIRST + SECOND);
  await site.save(FIRST + SECOND);
  const { faults, fault, remedy } = site.follower.status;
  assert.deepEqual([faults, fault, remedy], [
    [],
    "Cannot list routes: no descriptor is free",
    "Close other programs",
  ]);
  await site.clock.advance(1_000);
  await site.settle();
  assert.equal(
    site.lines.filter((line) => line.includes("Cannot list routes")).length,
    1,
    site.lines.join(""),
  );
  site.fault = undefined;
  await site.clock.advance(1_000);
  await site.settle();
  assert.equal(site.applied.length, 2, "the second pause is longer");
  await site.clock.advance(1_000);
  await site.settle();
  assert.deepEqual(site.applied, Array(3).fill("routes -> 10.1.0.0/16 10.2.0.0/16"));
  assert.equal(site.follower.status.fault, undefined);
  assert.equal(site.clock.nextDue, undefined);
});

Deno.test("a fault of any kind leaves later reloads possible, which take the failed changes too", async () => {
  await using site = await Site.open(FIRST);
  site.fault = new TypeError("out of sorts");
  await site.save(FIRST + SECOND);
  assert.equal(site.follower.status.fault, "Cannot apply the configuration: out of sorts");
  assert.match(site.follower.status.remedy ?? "", /restart/);
  site.fault = undefined;
  await site.save(FIRST + SECOND + "pong on\n");
  assert.equal(site.applied.at(-1), "routes pong -> 10.1.0.0/16 10.2.0.0/16");
  assert.equal(site.follower.status.fault, undefined);
  assert.equal(site.clock.nextDue, undefined);
});

Deno.test("a file that is emptied and filled again takes nothing away in between", async () => {
  await using site = await Site.open(FIRST);
  await site.save("");
  await site.save("# still being written\n\n");
  await site.clock.advance(EMPTY_HOLD - 1);
  await site.save(FIRST + SECOND);
  assert.deepEqual(site.applied, ["routes -> 10.1.0.0/16 10.2.0.0/16"]);
  await site.clock.advance(EMPTY_HOLD);
  await site.settle();
  assert.equal(site.applied.length, 1);
});

Deno.test("a file that stays empty is active after a while", async () => {
  await using site = await Site.open(FIRST);
  await site.save("# nothing\n");
  assert.deepEqual(site.applied, []);
  await site.clock.advance(EMPTY_HOLD);
  await site.settle();
  assert.deepEqual(site.applied, ["routes -> "]);
  // Empty after empty waits for nothing.
  await site.save("");
  assert.equal(site.clock.nextDue, undefined);
});

Deno.test("a faulty file is logged once and the last good configuration stays", async () => {
  await using site = await Site.open(FIRST);
  await site.save("route nonsense\n");
  await site.follower.reload();
  assert.equal(site.lines.filter((line) => line.includes(":1:7: ")).length, 1);
  assert.equal(site.follower.status.faults.length, 1);
  assert.deepEqual(site.applied, []);
  await site.save(SECOND);
  assert.deepEqual(site.applied, ["routes -> 10.2.0.0/16"]);
});

Deno.test("keys for accessors are named when a reload leaves them without effect", async () => {
  await using site = await Site.open(FIRST);
  await site.save(FIRST + "pong on\n");
  assert.match(site.lines.join(""), /settings without effect .*expose.*pong/);
});

Deno.test("a file that the system cannot read for a time is read again until it can be", async () => {
  await using site = await Site.open(FIRST);
  const { open } = Deno;
  try {
    Deno.open = () =>
      Promise.reject(Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" }));
    await site.save(FIRST + SECOND);
    await site.clock.advance(10_000);
    assert.match(site.follower.status.faults[0] ?? "", /Too many open files.*Try again/);
    assert.equal(site.lines.filter((line) => line.includes("Too many open files")).length, 1);
  } finally {
    Deno.open = open;
  }
  await site.clock.advance(30_000);
  await site.settle();
  assert.deepEqual(site.applied, ["routes -> 10.1.0.0/16 10.2.0.0/16"]);
  assert.deepEqual(site.follower.status.faults, []);
  assert.equal(site.clock.nextDue, undefined, "it is not read for ever");
});
