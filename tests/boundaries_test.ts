import { deepEqual, equal, notDeepEqual, ok } from "node:assert/strict";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { ARROWS, brokenRules, layerOf } from "./boundaries/arrows.ts";
import { readModule } from "./boundaries/module_facts.ts";
import { isTestCode } from "../tools/source_tree.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

function* modules(folder = ""): Generator<string> {
  for (const entry of Deno.readDirSync(join(ROOT, folder))) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory && !entry.name.startsWith(".") && entry.name !== "dist") yield* modules(path);
    if (entry.isFile && path.endsWith(".ts")) yield path;
  }
}

let read: ReadonlyMap<string, ReturnType<typeof readModule>> | undefined;

/** What each module imports and exports, read once. */
function allFacts(): ReadonlyMap<string, ReturnType<typeof readModule>> {
  return read ??= new Map(
    [...modules()].map((path) => [path, readModule(Deno.readTextFileSync(join(ROOT, path)))]),
  );
}

const faultsOf = (path: string, source: string) => brokenRules(path, readModule(source));

Deno.test("every module keeps to the arrows between the layers", () => {
  ok(allFacts().size > 20, "the walk found the sources");
  deepEqual([...allFacts()].flatMap(([path, found]) => brokenRules(path, found)), []);
});

Deno.test("every module that another one names by a relative path is there, also one that is loaded late", () => {
  const facts = allFacts();
  const missing = [...facts].flatMap(([path, { specifiers }]) =>
    specifiers.filter((specifier) => {
      const target = posix.join(posix.dirname(path), specifier);
      return specifier.startsWith(".") && specifier.endsWith(".ts") && !facts.has(target);
    }).map((specifier) => `${path}: ${specifier}`)
  );
  deepEqual(missing.filter((found) => !isTestCode(found.split(":")[0] ?? "")), []);
});

/** The folder of a module within its layer, as in `core/net`; the layer itself for a module that lies in none. */
function folderOf(path: string): string {
  return path.split("/").slice(0, -1).slice(0, 2).join("/");
}

/** Folders that lead back to themselves, each as the way there; none in a sound tree. */
function circles(arrows: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (folder: string, way: readonly string[]): void => {
    if (way.includes(folder)) found.push([...way.slice(way.indexOf(folder)), folder].join(" -> "));
    if (way.includes(folder) || done.has(folder)) return;
    for (const next of arrows.get(folder) ?? []) visit(next, [...way, folder]);
    done.add(folder);
  };
  for (const folder of arrows.keys()) visit(folder, []);
  return found;
}

Deno.test("the folders of a layer below the programs import each other in one direction only", () => {
  const layers = ["core", "ffi", "system", "cli", "program"];
  const arrows = new Map<string, Set<string>>();
  for (const [path, { specifiers }] of allFacts()) {
    if (!layers.includes(layerOf(path)) || isTestCode(path)) continue;
    for (const specifier of specifiers) {
      if (!specifier.startsWith(".")) continue;
      const [from, to] = [folderOf(path), folderOf(posix.join(posix.dirname(path), specifier))];
      if (from === to || !layers.includes(layerOf(to))) continue;
      arrows.set(from, (arrows.get(from) ?? new Set()).add(to));
    }
  }
  ok(arrows.size > 20, "the walk found the folders");
  deepEqual(circles(arrows), []);
  const turned = new Map([["core/net", new Set(["core/config"])], ["core/config", new Set(["core/net"])]]);
  deepEqual(circles(turned), ["core/net -> core/config -> core/net"]);
});

Deno.test("a forbidden arrow is reported for every pair of layers, an allowed one is not", () => {
  const layers = [...Object.keys(ARROWS), "tests", "tools", "bench"];
  for (const [from, allowed] of Object.entries(ARROWS)) {
    const path = from === "mod.ts" ? from : `${from}/deep/x.ts`;
    for (const to of layers) {
      const target = to === "mod.ts" ? to : `${to}/y.ts`;
      const specifier = from === "mod.ts" ? `./${target}` : `../../${target}`;
      const faults = faultsOf(path, `import { y } from "${specifier}";`);
      equal(faults.length === 0, allowed.includes(to), `${from} -> ${to}`);
    }
  }
});

Deno.test("no form of import escapes the check", () => {
  const forms = [
    'import "../server/y.ts";',
    'import type { Y } from "../server/y.ts";',
    'export * from "../server/y.ts";',
    'export { y } from "../server/y.ts";',
    'const y = await import("../server/y.ts");',
    'type Y = import("../server/y.ts").Y;',
    'new Worker(new URL("../server/y.ts", import.meta.url), { type: "module" });',
  ];
  for (const source of forms) {
    deepEqual(faultsOf("dataplane/x.ts", source), [
      'dataplane/x.ts: "../server/y.ts": dataplane may not import server',
    ]);
  }
  deepEqual(
    faultsOf("dataplane/x.ts", '// import "../server/y.ts";\nconst s = `import "../server/y.ts"`;'),
    [],
  );
  deepEqual(faultsOf("server/x.ts", "await import(name);").length, 1, "a computed specifier");
  deepEqual(faultsOf("server/x.ts", 'import "npm:left-pad@1.0.0";').length, 1, "past the import map");
  deepEqual(faultsOf("server/x.ts", 'import { f } from "./y_test.ts";').length, 1, "a test in a program");
  deepEqual(
    faultsOf("server/x.ts", 'import { f } from "./y_fixture.ts";').length,
    1,
    "a fixture in a program",
  );
  deepEqual(faultsOf("server/x_test.ts", 'import { f } from "./y_fixture.ts";'), []);
  deepEqual(faultsOf("server/x.ts", 'import fc from "fast-check";').length, 1, "a test library in a program");
});

Deno.test("core is pure: no runtime, no I/O, no timers", () => {
  const impure = [
    "Deno.readTextFileSync('/etc/hosts');",
    "const { pid } = Deno;",
    "globalThis.Deno.exit();",
    "setTimeout(() => {}, 1);",
    "await fetch('http://localhost');",
    "console.log(1);",
    'import { readFileSync } from "node:fs";',
    'import got from "got";',
  ];
  for (const source of impure) notDeepEqual(faultsOf("core/x.ts", source), [], source);
  const pure = [
    "/** Deno.dlopen is not called here. */ export const text = 'Deno.exit';",
    'import { createHash } from "node:crypto";',
    "export const of = (o: { console: number }) => o.console;",
  ];
  for (const source of pure) deepEqual(faultsOf("core/x.ts", source), [], source);
  deepEqual(
    faultsOf("core/x_test.ts", 'import { equal } from "node:assert/strict"; Deno.test("x", () => {});'),
    [],
  );
});

Deno.test("only ffi calls dlopen", () => {
  const source = 'Deno.dlopen("libc.so.6", {});';
  for (const layer of Object.keys(ARROWS).filter((name) => name !== "mod.ts")) {
    const faults = faultsOf(`${layer}/x.ts`, source);
    equal(faults.length === 0, layer === "ffi", layer);
  }
  equal(layerOf("ffi/tun/linux.ts"), "ffi");
});
