/**
 * Deliberate mistakes in the constants of ffi/'s macOS modules: each is made by itself, and the scenario of tests/darwin has to
 * fail.
 */
import assert from "node:assert/strict";
import { compileLibrary, darwinPlatform } from "../../tools/darwin_double.ts";
import { type Mutant, mutantsOf } from "../darwin/mutants.ts";
import { runScenario } from "../darwin/run_scenario.ts";
import { DARWIN_NEEDS, topologyTest } from "../topology/gate.ts";

const FFI = new URL("../../ffi/", import.meta.url);

/** All modules of the macOS side. */
const MODULES = Array.from(Deno.readDirSync(FFI), ({ name }) => name)
  .flatMap((folder) =>
    folder.endsWith(".ts")
      ? []
      : Array.from(Deno.readDirSync(new URL(`${folder}/`, FFI)), ({ name }) => `ffi/${folder}/${name}`)
  )
  .filter((path) => path.endsWith("_darwin.ts")).sort();

/** Sizes that are the programs' own choice, so that another one is no mistake. */
const CHOSEN = [
  "BUFFER_NEEDED",
  "BUFFER_WANTED",
  "LIST_CAPACITY",
  "NAME_CAPACITY",
  "MAX_PACKET",
  "MAX_ROOM",
  "PACKET_START",
  "MAX_PENDING",
  "MIN_PENDING",
  "PENDING_BYTES",
  "RECEIVE_MESSAGES",
  "SEND_MESSAGES",
  "SLOTS",
  "SEGMENTS",
  "SLOT_SIZE",
  "MAX_UNIT",
  "WRITES",
];

/** The constant that a mutant alters, if its size is a choice. */
function choiceOf({ name }: Mutant): string | undefined {
  return CHOSEN.find((constant) => new RegExp(`^\\S+ (?:const )?${constant}\\b`).test(name));
}

/** A mutant and the module that it stands in for. */
interface Trial {
  readonly module: string;
  readonly mutant: Mutant;
}

/** A double of the library, and the processor that the programs take the machine's for. */
interface Side {
  readonly library: string;
  readonly arch: "aarch64" | "x86_64";
}

/** Tries the mutants, a few at a time; the names of those that went through on every side. */
async function survivors(
  trials: readonly Trial[],
  sides: readonly Side[],
  folder: string,
): Promise<string[]> {
  const names: string[] = [];
  const passes = async ({ module, mutant }: Trial, own: string) => {
    for (const { library, arch } of sides) {
      const replaced = { "ffi/platform.ts": darwinPlatform(library, arch), [module]: mutant.text };
      if (!(await runScenario(replaced, own)).success) return false;
    }
    return true;
  };
  const waiting = trials.entries();
  const lane = async () => {
    for (const [index, trial] of waiting) {
      const own = `${folder}/${index}`;
      await Deno.mkdir(own);
      if (await passes(trial, own)) names.push(trial.mutant.name);
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
    const sides: Side[] = [{ library, arch: "x86_64" }];
    const texts = new Map(
      await Promise.all(
        MODULES.map(async (module) =>
          [module, await Deno.readTextFile(new URL(`../../${module}`, import.meta.url))] as const
        ),
      ),
    );

    await t.step("the scenario passes without a mistake", async () => {
      // The modules stand in for themselves, as mutants do: what fails later fails for its mistake.
      const replaced = { "ffi/platform.ts": darwinPlatform(library), ...Object.fromEntries(texts) };
      const { success, text } = await runScenario(replaced, folder);
      assert.ok(success, text);
    });

    for (const variant of ["without the stub", "arm64 without the stub"] as const) {
      await t.step(`and on a system ${variant} of ioctl`, async () => {
        const other = `${folder}/libSystem-${variant.replaceAll(" ", "-")}.dylib`;
        await compileLibrary(other, variant);
        const arch = variant.startsWith("arm64") ? "aarch64" : "x86_64";
        sides.push({ library: other, arch });
        const { success, text } = await runScenario(
          { "ffi/platform.ts": darwinPlatform(other, arch) },
          folder,
        );
        assert.ok(success, text);
      });
    }

    await t.step("but not with one", async () => {
      const all: Trial[] = [...texts].flatMap(([module, text]) =>
        mutantsOf(module, text).map((mutant) => ({ module, mutant }))
      );
      const chosen = new Set(all.map(({ mutant }) => choiceOf(mutant)));
      assert.deepEqual(CHOSEN.filter((constant) => !chosen.has(constant)), [], "no such constants");
      const trials = all.filter(({ mutant }) => choiceOf(mutant) === undefined);
      assert.ok(trials.length > 180, `only ${trials.length} mutants`);
      const start = performance.now();
      const names = await survivors(trials, sides, folder);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${trials.length} mutants, ${trials.length - names.length} caught, ${seconds} s`);
      assert.deepEqual(names, []);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}, DARWIN_NEEDS);
