import assert from "node:assert/strict";
import type { RunCommand } from "../process/command.ts";
import { DarwinResolver, removeOwnFiles } from "./resolver_darwin.ts";
import { LinuxResolver, type LinuxResolverFiles } from "./resolver_linux.ts";
import type { ResolverSpec } from "./resolver.ts";

const SPEC: ResolverSpec = {
  domains: ["container.internal", "a.test"],
  interfaceName: "connector0",
  server: "192.168.251.2",
  port: 53,
};

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const namesIn = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();

Deno.test("macOS: each domain has a file, which goes with the domain, and all go at the end", () =>
  withFolder(async (parent) => {
    const folder = `${parent}/resolver`;
    const resolver = new DarwinResolver("docker-connector", folder);
    assert.deepEqual(await resolver.apply({ ...SPEC, server: "127.0.0.1", port: 5300 }), {
      kind: "resolver-files",
    });
    assert.deepEqual(namesIn(folder), ["a.test", "container.internal"]);
    const text = await Deno.readTextFile(`${folder}/a.test`);
    assert.match(text, /^# Written by docker-connector.*\nnameserver 127\.0\.0\.1\nport 5300\n$/);
    assert.equal(Deno.statSync(`${folder}/a.test`).mode! & 0o777, 0o644);
    await Deno.remove(`${folder}/container.internal`);
    await resolver.apply({ ...SPEC, domains: ["container.internal"] });
    assert.deepEqual(namesIn(folder), ["container.internal"], "what another program removed is there again");
    await resolver.remove();
    assert.deepEqual(namesIn(folder), []);
  }));

Deno.test("macOS: a file, a link and a folder of others stay, and the fault names them", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/container.internal`, "nameserver 10.0.0.1\n");
    await Deno.writeTextFile(`${folder}/target`, "# mine\n");
    await Deno.symlink(`${folder}/target`, `${folder}/a.test`);
    await Deno.mkdir(`${folder}/b.test`);
    const resolver = new DarwinResolver("docker-connector", folder);
    const { fault = "" } = await resolver.apply({ ...SPEC, domains: [...SPEC.domains, "b.test"] });
    for (const domain of ["container.internal", "a.test", "b.test"]) {
      assert.ok(fault.includes(`Cannot write ${folder}/${domain}: another program's file is there`), fault);
    }
    await resolver.remove();
    assert.equal(await Deno.readTextFile(`${folder}/container.internal`), "nameserver 10.0.0.1\n");
    assert.equal(await Deno.readTextFile(`${folder}/target`), "# mine\n");
  }));

Deno.test("macOS: cleanup removes what a killed run has left, and where there is no folder nothing", () =>
  withFolder(async (folder) => {
    await new DarwinResolver("docker-connector", folder).apply(SPEC);
    await Deno.writeTextFile(`${folder}/other.test`, "nameserver 10.0.0.1\n");
    const removed = await removeOwnFiles("docker-connector", new Set(), folder);
    assert.deepEqual(removed.sort(), [`${folder}/a.test`, `${folder}/container.internal`]);
    assert.deepEqual(namesIn(folder), ["other.test"]);
    assert.deepEqual(await removeOwnFiles("docker-connector", new Set(), `${folder}/none`), []);
  }));

/** A Linux system: which programs it has, the settings of resolvectl, and the text of resolv.conf. */
class System {
  readonly calls: string[] = [];
  dns = "";
  domain = "";
  /** What the programs fail with. */
  refusal = "";

  constructor(readonly folder: string) {}

  get files(): LinuxResolverFiles {
    return {
      resolvConf: `${this.folder}/resolv.conf`,
      resolvedFolder: `${this.folder}/resolve`,
      resolvectl: `${this.folder}/resolvectl`,
      resolvconf: `${this.folder}/resolvconf`,
    };
  }

  has(...files: readonly ("resolve" | "resolvectl" | "resolvconf")[]): void {
    for (const file of files) Deno.writeTextFileSync(`${this.folder}/${file}`, "");
  }

  readonly run: RunCommand = (argv, options) => {
    const [program = "", verb = "", , ...words] = argv;
    const isChange = words.length > 0 || !["dns", "domain"].includes(verb);
    if (isChange) this.calls.push(argv.join(" ").replace(`${this.folder}/`, ""));
    const outcome = (stdout: string) =>
      Promise.resolve({ code: this.refusal === "" ? 0 : 1, stdout, stderr: this.refusal });
    if (program.endsWith("resolvconf")) {
      const own = options?.input ?? "";
      Deno.writeTextFileSync(this.files.resolvConf, `${own}nameserver 10.0.0.1\n`);
      return outcome("");
    }
    if (verb === "revert") this.dns = this.domain = "";
    if (words.length > 0) this[verb === "dns" ? "dns" : "domain"] = words.join(" ");
    return outcome(`Link 3 (connector0): ${verb === "dns" ? this.dns : this.domain}\n`);
  };

  resolver(isServed = true): LinuxResolver {
    return new LinuxResolver(this.run, this.files, () => isServed);
  }
}

Deno.test("Linux: systemd-resolved gets the server and the domains, once, and again when another took them", () =>
  withFolder(async (folder) => {
    const system = new System(folder);
    system.has("resolve", "resolvectl");
    await Deno.writeTextFile(`${folder}/resolv.conf`, "# stub\nnameserver 127.0.0.53\n");
    const resolver = system.resolver();
    assert.deepEqual(await resolver.apply(SPEC), { kind: "systemd-resolved" });
    const set = [
      "resolvectl dns connector0 192.168.251.2",
      "resolvectl domain connector0 ~container.internal ~a.test",
    ];
    assert.deepEqual(system.calls, set);
    await resolver.apply(SPEC);
    assert.deepEqual(system.calls, set, "nothing has changed");
    system.dns = "";
    await resolver.apply(SPEC);
    assert.deepEqual(system.calls, [...set, ...set]);
    await resolver.remove();
    assert.equal(system.calls.at(-1), "resolvectl revert connector0");
    const { length } = system.calls;
    await resolver.remove();
    assert.equal(system.calls.length, length);
  }));

Deno.test("Linux: that programs do not ask systemd-resolved, or that it refuses, is a fault", () =>
  withFolder(async (folder) => {
    const system = new System(folder);
    system.has("resolve", "resolvectl");
    const { fault = "", remedy = "" } = await system.resolver().apply(SPEC);
    assert.match(fault, /resolv\.conf does not lead to systemd-resolved$/);
    assert.match(remedy, /^Let the program that wrote it, .* link it to .*\/stub-resolv\.conf$/);
    system.refusal = "Failed to set DNS configuration: Link connector0 is loopback device.\nmore";
    const { fault: refused = "" } = await system.resolver().apply(SPEC);
    assert.match(
      refused,
      /^Cannot set up the resolver by .* 192\.168\.251\.2: Failed to set .* loopback device\.$/,
    );
  }));

Deno.test("Linux: resolvconf gets the server, and where it stands behind others that is a fault", () =>
  withFolder(async (folder) => {
    const system = new System(folder);
    system.has("resolvconf");
    const resolver = system.resolver();
    assert.deepEqual(await resolver.apply(SPEC), { kind: "resolvconf" });
    await resolver.apply(SPEC);
    assert.deepEqual(system.calls, ["resolvconf -a connector0"]);
    await Deno.writeTextFile(
      system.files.resolvConf,
      "nameserver 10.0.0.1\nnameserver 192.168.251.2\n",
    );
    assert.match((await resolver.apply(SPEC)).fault ?? "", /does not have 192\.168\.251\.2 first/);
    await resolver.remove();
    assert.equal(system.calls.at(-1), "resolvconf -d connector0");
  }));

Deno.test("Linux: without either, the fault says which line to add, until it is there", () =>
  withFolder(async (folder) => {
    const system = new System(folder);
    const { kind, remedy = "" } = await system.resolver().apply(SPEC);
    assert.equal(kind, "none");
    assert.match(remedy, /^Write "nameserver 192\.168\.251\.2" as the first such line of .*resolv\.conf$/);
    await Deno.writeTextFile(system.files.resolvConf, "nameserver 192.168.251.2\nnameserver 10.0.0.1\n");
    assert.deepEqual(await system.resolver().apply(SPEC), { kind: "none" });
    assert.deepEqual(system.calls, []);
  }));

Deno.test("Linux: in a network namespace of its own nothing of the machine is changed", () =>
  withFolder(async (folder) => {
    const system = new System(folder);
    system.has("resolve", "resolvectl", "resolvconf");
    assert.deepEqual(await system.resolver(false).apply(SPEC), { kind: "other-namespace" });
    assert.deepEqual(system.calls, []);
  }));
