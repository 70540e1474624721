import assert from "node:assert/strict";
import type { FirewallSpec } from "../../core/firewall/desired_rules.ts";
import { parsePrefix } from "../../core/net/prefix.ts";
import type { CommandOptions, CommandOutcome, RunCommand } from "../process/command.ts";
import { type FirewallKernel, LinuxFirewall } from "./firewall_linux.ts";

const virtualNetwork = parsePrefix("192.168.251.1/24");
assert.ok(virtualNetwork);
const desired: FirewallSpec = {
  interfaceName: "connector0",
  chain: "DOCKER-USER",
  sources: [virtualNetwork],
  pairs: [],
};

const nothing: CommandOutcome = { code: 0, stdout: "", stderr: "" };
const chain = "*filter\n:DOCKER-USER - [0:0]\nCOMMIT\n";
/** What is there once Docker drops in the raw table. */
const tables = `*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n${chain}`;

/** A kernel with nftables alone, unless told otherwise. */
function kernel(changes: Partial<FirewallKernel> = {}): FirewallKernel {
  return {
    generation: () => 1,
    hasTable: () => false,
    legacyTables: () => "",
    [Symbol.dispose]: () => {},
    ...changes,
  };
}

/** Plays the programs: what each is asked is noted, and the answers come from the test. */
function player(answer: (command: string, options: CommandOptions) => Partial<CommandOutcome>) {
  const asked: string[] = [];
  const run: RunCommand = (argv, options = {}) => {
    const command = argv.join(" ").replace("/usr/sbin/xtables-", "");
    asked.push(command);
    return Promise.resolve({ ...nothing, ...answer(command, options) });
  };
  return { asked, run };
}

Deno.test("a refused change is tried again on what is there then", async () => {
  let refusals = 1;
  let rules = "";
  const { run, asked } = player((command, { input = "" }) => {
    if (command.endsWith("-save")) return { stdout: tables + rules };
    if (refusals-- > 0) {
      return { code: 4, stderr: "iptables-restore: line 3 failed: Resource temporarily unavailable\n" };
    }
    rules = input.replaceAll(/^-I (\S+) 1/gm, "-A $1");
    return {};
  });
  const state = await new LinuxFirewall(kernel(), run).ensure(desired);
  assert.deepEqual(state, {
    backends: ["iptables-nft"],
    rules: 4,
    inserted: 4,
    deleted: 0,
    fault: undefined,
  });
  assert.equal(asked.filter((command) => command.includes("-restore")).length, 2);
});

Deno.test("a change that is refused each time is a fault with the program's words", async () => {
  const { run } = player((command) =>
    command.endsWith("-save")
      ? { stdout: chain }
      : { code: 2, stderr: "iptables-restore: no such target\nmore\n" }
  );
  const { fault, rules } = await new LinuxFirewall(kernel(), run).ensure(desired);
  assert.equal(fault?.code, "io");
  assert.match(fault?.message ?? "", /iptables-nft for IPv4: iptables-restore: no such target$/);
  assert.equal(rules, 0);
});

Deno.test("rules that do not stay are a fault, not an endless loop", async () => {
  const { run } = player((command) => command.endsWith("-save") ? { stdout: chain } : {});
  const { fault } = await new LinuxFirewall(kernel(), run).ensure(desired);
  assert.match(fault?.message ?? "", /takes them out again/);
});

Deno.test("a table that nftables rules have changed is read by its chain", async () => {
  const own = "-m comment --comment docker-connector -j ACCEPT";
  const { run, asked } = player((command) => {
    if (command.endsWith("ip6tables-save")) return {};
    if (command.endsWith("-save")) {
      return {
        stdout: "# Table `filter' is incompatible, use 'nft' tool.\n" +
          `*raw\n-A PREROUTING -i connector0 ${own}\nCOMMIT\n*nat\n-A POSTROUTING -s 192.168.251.0/24 ! -o connector0 ${
            own.replace("ACCEPT", "MASQUERADE")
          }\nCOMMIT\n`,
      };
    }
    return {
      stdout: `-N DOCKER-USER\n-A DOCKER-USER -i connector0 ${own}\n-A DOCKER-USER -o connector0 ${own}\n`,
    };
  });
  const { rules, inserted } = await new LinuxFirewall(kernel(), run).ensure(desired);
  assert.deepEqual([rules, inserted], [4, 0]);
  assert.deepEqual(asked.filter((command) => !command.includes("ip6tables")), [
    "nft-multi iptables-save",
    "nft-multi iptables -t filter -S DOCKER-USER",
  ]);
});

Deno.test("a rule of an unknown extension hides nothing but its own chain", async () => {
  const unknown = { code: 3, stderr: "Error: limit match extension not found\n" };
  const { run, asked } = player((command) => {
    if (command.includes("ip6tables")) return {};
    if (command.endsWith("-save")) return { ...unknown, stdout: "*raw\n:PREROUTING ACCEPT [0:0]\n" };
    if (command.endsWith("-restore --noflush --wait=2")) return {};
    const own = asked.some((each) => each.includes("-restore"));
    const tag = "-m comment --comment docker-connector -j";
    if (command.endsWith("-t raw -S PREROUTING")) {
      return { stdout: own ? `-A PREROUTING -i connector0 ${tag} ACCEPT\n` : "-P PREROUTING ACCEPT\n" };
    }
    if (command.endsWith("-t nat -S POSTROUTING")) {
      return { stdout: `-A POSTROUTING -s 192.168.251.0/24 ! -o connector0 ${tag} MASQUERADE\n` };
    }
    return {
      stdout: "-N DOCKER-USER\n" +
        (own ? ["-i", "-o"] : []).map((way) => `-A DOCKER-USER ${way} connector0 ${tag} ACCEPT\n`).join(""),
    };
  });
  const firewall = new LinuxFirewall(kernel(), run);
  const { backends, inserted, fault } = await firewall.ensure(desired);
  assert.deepEqual([backends, inserted, fault], [["iptables-nft"], 3, undefined]);
});

Deno.test("beside a rule of an unknown extension the client's rules are found, put in and taken out", async () => {
  // What iptables-legacy prints of a chain with such a rule: it, and all after it, by their numbers alone.
  const unknown = { code: 1, stderr: "Can't find library for match `length'\n" };
  const foreign = "-m length --length 64 -j RETURN";
  const chains = new Map<string, string[]>([["DOCKER-USER", ["-s 10.0.0.1/32 -j RETURN", foreign]], [
    "POSTROUTING",
    [],
  ]]);
  const { run } = player((command, { input = "" }) => {
    if (command.includes("ip6tables")) return {};
    if (command.endsWith("-save")) return { ...unknown, stdout: "*filter\n" };
    const [, name = "", number] = /-S (\S+) ?(\d+)?$/.exec(command) ?? [];
    const rules = chains.get(name);
    if (number !== undefined) {
      const rule = rules?.[Number(number) - 1];
      return rule === foreign ? unknown : { stdout: rule === undefined ? "" : `-A ${name} ${rule}\n` };
    }
    for (const [, action, chain = "", spec = ""] of input.matchAll(/^-([ID]) (\S+) (?:1 )?(.*)$/gm)) {
      const before = chains.get(chain) ?? [];
      chains.set(chain, action === "I" ? [spec, ...before] : before.filter((rule) => rule !== spec));
    }
    if (rules === undefined) return {};
    const cut = rules.indexOf(foreign);
    const printed = rules.slice(0, cut < 0 ? undefined : cut).map((rule) => `-A ${name} ${rule}\n`);
    const stdout = `-N ${name}\n${printed.join("")}`;
    return cut < 0 ? { stdout } : { ...unknown, stdout: `${stdout}-A ${name}` };
  });
  const firewall = new LinuxFirewall(kernel(), run);
  const { backends, inserted, fault, unread } = await firewall.ensure(desired);
  assert.deepEqual([backends, inserted, fault], [["iptables-nft"], 3, undefined]);
  assert.equal(
    unread?.report,
    "Cannot read rule 4 of chain DOCKER-USER in table filter of iptables-nft: its extension is not installed beside the client. " +
      "Put that rule into a chain of its own, and jump to it from there",
  );

  // The foreign rule comes first: those of the client are below it.
  chains.set("DOCKER-USER", [
    foreign,
    ...chains.get("DOCKER-USER")?.filter((rule) => rule !== foreign) ?? [],
  ]);
  assert.equal((await firewall.ensure(desired)).inserted, 0);
  const { deleted } = await firewall.clear(desired);
  assert.equal(deleted, 3);
  assert.deepEqual(chains.get("DOCKER-USER"), [foreign, "-s 10.0.0.1/32 -j RETURN"]);
});

Deno.test("a chain with more rules than are read one by one is a fault", async () => {
  const unknown = { code: 1, stderr: "Can't find library for match `length'\n" };
  const { run } = player((command) => {
    if (command.endsWith("-save") || command.endsWith("DOCKER-USER")) return unknown;
    return /DOCKER-USER \d+$/.test(command) ? { stdout: "-A DOCKER-USER -j ACCEPT\n" } : {};
  });
  const { fault } = await new LinuxFirewall(kernel(), run).ensure(desired);
  assert.match(fault?.message ?? "", /^Cannot read the rules of iptables-nft: Can't find library/);
});

Deno.test("what an earlier run left for IPv6 goes at the first look, though IPv6 is not wanted", async () => {
  let rules =
    "*nat\n-A POSTROUTING -s fd00::/64 -m comment --comment docker-connector -j MASQUERADE\nCOMMIT\n";
  const { run, asked } = player((command) => {
    if (!command.includes("ip6tables")) return {};
    if (command.endsWith("-save")) return { stdout: rules };
    rules = "";
    return {};
  });
  const firewall = new LinuxFirewall(kernel(), run);
  const state = await firewall.ensure(desired);
  assert.deepEqual([rules, state.deleted, state.fault], ["", 1, undefined]);
  const { length } = asked;
  await firewall.ensure(desired);
  assert.deepEqual(asked.slice(length), ["nft-multi iptables-save"]);
});

Deno.test("rules of IPv6 go when its virtual network goes, and all at the end", async () => {
  const rules = new Map<string, string>();
  const { run } = player((command, { input = "" }) => {
    const family = command.includes("ip6tables") ? "6" : "4";
    if (command.endsWith("-save")) return { stdout: tables + (rules.get(family) ?? "") };
    rules.set(family, input.includes("-D ") ? "" : input.replaceAll(/^-I (\S+) 1/gm, "-A $1"));
    return {};
  });
  const virtualNetwork6 = parsePrefix("fdc0:c0de:251::1/64");
  assert.ok(virtualNetwork6);
  const firewall = new LinuxFirewall(kernel(), run);
  const both = await firewall.ensure({ ...desired, sources: [...desired.sources, virtualNetwork6] });
  assert.deepEqual([both.rules, both.inserted], [8, 8]);
  const one = await firewall.ensure(desired);
  assert.deepEqual([one.rules, one.deleted, rules.get("6")], [4, 4, ""]);
  await firewall.clear(desired);
  assert.equal(rules.get("4"), "");
});

Deno.test("no raw table is made where nobody has one", async () => {
  const inputs: string[] = [];
  const { run } = player((command, { input = "" }) => {
    if (!command.endsWith("-save")) inputs.push(input);
    return command.endsWith("-save") ? { stdout: chain } : {};
  });
  await new LinuxFirewall(kernel(), run).ensure(desired);
  assert.match(inputs[0] ?? "", /^\*filter\n[^]*^\*nat\n/m);
  assert.doesNotMatch(inputs.join(""), /raw|PREROUTING/);
});

Deno.test("nothing is run for what the kernel has not", async () => {
  const { run, asked } = player(() => ({ stdout: chain }));
  await new LinuxFirewall(kernel({ generation: () => undefined }), run).ensure(desired);
  assert.deepEqual(asked, []);
});

Deno.test("the lock goes where it can be written", async () => {
  const locks: (string | undefined)[] = [];
  let rules = "";
  const { run } = player((command, { input = "", env }) => {
    if (command.endsWith("-save")) return { stdout: chain + rules };
    locks.push(env?.XTABLES_LOCKFILE);
    if (env?.XTABLES_LOCKFILE !== "/dev/shm/xtables.lock") {
      return { code: 4, stderr: "Fatal: can't open lock file /run/xtables.lock: Read-only file system\n" };
    }
    rules = input.replaceAll(/^-I (\S+) 1/gm, "-A $1");
    return {};
  });
  const legacy = kernel({ generation: () => undefined, legacyTables: () => "filter" });
  const { backends, fault } = await new LinuxFirewall(legacy, run).ensure(desired);
  assert.deepEqual([backends, fault], [["iptables-legacy"], undefined]);
  assert.deepEqual(locks, [undefined, "/dev/shm/xtables.lock"]);
});

Deno.test("changes are told by the generation, and cannot be told where iptables-legacy has tables", () => {
  assert.equal(new LinuxFirewall(kernel({ generation: () => 7 })).fingerprint(), "7");
  assert.equal(new LinuxFirewall(kernel({ generation: () => undefined })).fingerprint(), undefined);
  assert.equal(
    new LinuxFirewall(kernel({ legacyTables: (family) => family === 6 ? "nat" : "" })).fingerprint(),
    undefined,
  );
});

Deno.test("without privilege the fault says which is needed", async () => {
  const { run } = player(() => ({
    code: 4,
    stderr: "Could not fetch rule set generation id: Permission denied (you must be root)\n",
  }));
  const { fault } = await new LinuxFirewall(kernel(), run).ensure(desired);
  assert.equal(fault?.code, "privilege");
  assert.match(fault?.remedy ?? "", /CAP_NET_ADMIN/);
});
