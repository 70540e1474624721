import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT_FOLDER } from "./freshness.ts";
import { TEST_PACKAGES } from "./test_packages.ts";

/** The packages that the tests of a folder name. */
function namedIn(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT_FOLDER, folder))].filter(({ name }) => name.endsWith(".ts")).flatMap(
    ({ name }) => {
      const text = Deno.readTextFileSync(join(ROOT_FOLDER, folder, name));
      const lists = [...text.matchAll(/\bpackages: \[([^\]]*)\]/g)].map(([, list = ""]) => list);
      return lists.flatMap((list) => [...list.matchAll(/"([^"]+)"/g)].map(([, found = ""]) => found));
    },
  );
}

Deno.test("what a test needs of Debian is installed before the tests", () => {
  const named = ["tests/e2e", "tests/topology", "tests/packaging"].flatMap(namedIn);
  assert.ok(named.length > 10, named.join());
  assert.deepEqual(named.filter((name) => !TEST_PACKAGES.includes(name)), []);
});
