import { deepEqual, doesNotThrow, match, ok, throws } from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { DENO_VERSION, requireDenoVersion } from "./deno_version.ts";
import { ROOT_FOLDER } from "./freshness.ts";
import { PACKAGED_RUNTIME } from "./runtime_file.ts";

/** What people read and run: each command in it is for the repository's Deno. */
const READ_BY_PEOPLE = /^(?:\.ci\/run|.*\.(?:md|sh|yml))$/;

/** What git and the tools make, and no one reads for commands. */
const MADE = /^(?:\.git|dist)$/;

function* filesBelow(folder = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${ROOT_FOLDER}${folder}`)) {
    if (isDirectory && !MADE.test(name)) yield* filesBelow(`${folder}${name}/`);
    if (!isDirectory) yield `${folder}${name}`;
  }
}

Deno.test("every command in documents, scripts and workflows is for the Deno that one file names", () => {
  match(DENO_VERSION, /^\d+\.\d+\.\d+$/);
  const files = [...filesBelow()].filter((path) => READ_BY_PEOPLE.test(path));
  for (const path of ["README.md", "install.sh", ".ci/run", ".github/workflows/ci.yml"]) {
    ok(files.includes(path), path);
  }
  const others = files.flatMap((path) => {
    const text = Deno.readTextFileSync(`${ROOT_FOLDER}${path}`);
    const versions = [...text.matchAll(/\bdeno[@ -](?:version: )?(\d+\.\d+\.\d+)\b/gi)].map(([, v]) => v);
    return versions.filter((version) => version !== DENO_VERSION && version !== PACKAGED_RUNTIME.version)
      .map((version) => `${path}: ${version}`);
  });
  deepEqual(others, []);
  // Both commands of the first screen, and CI's.
  const readme = Deno.readTextFileSync(`${ROOT_FOLDER}README.md`);
  for (const task of ["demo", "test"]) {
    match(readme, new RegExp(`^npx -y deno@${DENO_VERSION} task ${task}$`, "m"));
  }
  match(
    Deno.readTextFileSync(`${ROOT_FOLDER}.ci/run`),
    new RegExp(`^npx -y deno@${DENO_VERSION} task test$`, "m"),
  );
});

Deno.test("a task of another Deno is refused with the command that works", () => {
  doesNotThrow(() => requireDenoVersion("ok", DENO_VERSION));
  throws(() => requireDenoVersion("ok", "2.4.2"), (error) => {
    return error instanceof OperationError &&
      error.report.endsWith(`Run: npx -y deno@${DENO_VERSION} task ok`);
  });
});
