import assert from "node:assert/strict";
import { join } from "node:path";
import { parseConfig } from "../../core/config/parse.ts";
import { address } from "../../tests/literals.ts";
import { HostNames } from "./host_names.ts";

const SERVER = { ipv4: address("192.168.251.2"), ipv6: undefined };

/** The names of the hosts files of a folder. */
async function open() {
  const folder = await Deno.makeTempDir();
  const sent: string[] = [];
  let told = Promise.withResolvers<void>();
  const names = new HostNames({
    server: () => SERVER,
    sendChange: (text) => {
      sent.push(text);
      told.resolve();
    },
  });
  return {
    file: join(folder, "hosts"),
    names,
    sent,
    apply: async (text: string) => {
      const { config, faults } = parseConfig(text, "test.conf");
      assert.ok(config, JSON.stringify(faults));
      await names.apply(config);
    },
    /** Waits for the next change that is sent. */
    next: async () => {
      told = Promise.withResolvers();
      await told.promise;
    },
    async [Symbol.asyncDispose]() {
      await names[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("each text has all names, and a domain that goes is taken back", async () => {
  await using site = await open();
  const { file, names, sent } = site;
  await Deno.writeTextFile(file, "127.0.0.1 a.test\n127.0.0.1 b.inc\n");
  await site.apply("");
  assert.deepEqual([sent, names.commands, names.fullCommands, names.status], [[], [], [], []]);
  await site.apply(`hosts ${file} .test .inc\n`);
  assert.deepEqual(names.commands, [
    "dns .test .inc",
    "host 192.168.251.2 a.test",
    "host 192.168.251.2 b.inc",
  ]);
  assert.equal(names.fullCommands[0], "dns .test .inc desktop.container.internal");
  await site.apply(`hosts ${file} .test\n`);
  await site.apply("");
  assert.deepEqual(sent, [
    "dns .test .inc,host 192.168.251.2 a.test,host 192.168.251.2 b.inc",
    "dns -.inc .test,host 192.168.251.2 a.test",
    "dns -.test",
  ]);
});

Deno.test("with a proxy alone the desktop has its name, for clients that know it", async () => {
  await using site = await open();
  await site.apply("proxy 3306\n");
  assert.deepEqual([site.names.commands, site.names.fullCommands], [[], ["dns desktop.container.internal"]]);
});

Deno.test("the file is followed; while it is gone, what it said last stays and the fault is shown", async () => {
  await using site = await open();
  const { file, names, sent } = site;
  await site.apply(`hosts ${file} .test\n`);
  assert.match(names.status[0]?.fault ?? "", /not found/);
  await Deno.writeTextFile(file, "127.0.0.1 a.test\n");
  await site.next();
  assert.equal(sent.at(-1), "dns .test,host 192.168.251.2 a.test");
  await Deno.writeTextFile(`${file}.new`, "127.0.0.1 b.test\n");
  await Deno.rename(`${file}.new`, file);
  await site.next();
  assert.equal(sent.at(-1), "dns .test,host 192.168.251.2 b.test");
  await Deno.remove(file);
  await site.apply(`hosts ${file} .test .inc\n`);
  assert.match(names.status[0]?.fault ?? "", /not found/);
  assert.deepEqual(names.commands, ["dns .test .inc", "host 192.168.251.2 b.test"]);
});
