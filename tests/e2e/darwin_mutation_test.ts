/**
 * Deliberate mistakes in ffi/'s numbers of macOS: each is made by itself, and the scenario of tests/darwin has to fail.
 */
import assert from "node:assert/strict";
import { compileLibrary, darwinBackEnd } from "../../tools/darwin_double.ts";
import { type Mutant, mutantsOf } from "../darwin/mutants.ts";
import { runScenario } from "../darwin/run_scenario.ts";
import { DARWIN_NEEDS, topologyTest } from "../topology/gate.ts";

const MODULES = [
  "ffi/constants_darwin.ts",
  "ffi/errno_darwin.ts",
  "ffi/layout_darwin.ts",
  "ffi/release_darwin.ts",
  "ffi/resolve_darwin.ts",
];

/** A mutant and the module that it stands in for. */
interface Trial {
  readonly module: string;
  readonly mutant: Mutant;
}

/** Tries the mutants, a few at a time; the names of those that went through. */
async function survivors(trials: readonly Trial[], folder: string): Promise<string[]> {
  const library = `${folder}/libSystem.dylib`;
  const names: string[] = [];
  const waiting = trials.entries();
  const lane = async () => {
    for (const [index, { module, mutant }] of waiting) {
      const own = `${folder}/${index}`;
      await Deno.mkdir(own);
      const replaced = { "ffi/back_end.ts": darwinBackEnd(library), [module]: mutant.text };
      if ((await runScenario(replaced, own)).success) names.push(mutant.name);
    }
  };
  await Promise.all([lane(), lane()]);
  return names;
}

topologyTest("a wrong number of macOS in ffi/ is noticed", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "docker-connector-mutants-" });
  try {
    const library = `${folder}/libSystem.dylib`;
    await compileLibrary(library);

    await t.step("the scenario passes without a mistake", async () => {
      const { success, text } = await runScenario({ "ffi/back_end.ts": darwinBackEnd(library) }, folder);
      assert.ok(success, text);
    });

    for (const variant of ["without the stub", "arm64 without the stub"] as const) {
      await t.step(`and on a system ${variant} of ioctl`, async () => {
        const other = `${folder}/libSystem-${variant.replaceAll(" ", "-")}.dylib`;
        await compileLibrary(other, variant);
        const arch = variant.startsWith("arm64") ? "aarch64" : "x86_64";
        const { success, text } = await runScenario(
          { "ffi/back_end.ts": darwinBackEnd(other, arch) },
          folder,
        );
        assert.ok(success, text);
      });
    }

    await t.step("but not with one", async () => {
      const trials: Trial[] = [];
      for (const module of MODULES) {
        const text = await Deno.readTextFile(new URL(`../../${module}`, import.meta.url));
        for (const mutant of mutantsOf(module, text)) trials.push({ module, mutant });
      }
      assert.ok(trials.length > 100, `only ${trials.length} mutants`);
      const start = performance.now();
      const names = await survivors(trials, folder);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${trials.length} mutants, ${trials.length - names.length} caught, ${seconds} s`);
      assert.deepEqual(names, []);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}, DARWIN_NEEDS);
