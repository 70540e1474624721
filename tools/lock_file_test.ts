import { deepEqual, equal, throws } from "node:assert/strict";
import { lockedPackages, parseLock, pruneLock, requirementOf } from "./lock_file.ts";

const LOCK = parseLock(JSON.stringify({
  version: "5",
  specifiers: { "npm:@a/b@1.0.0": "1.0.0_c@2.0.0", "npm:c@2.0.0": "2.0.0", "npm:d@1.0.0": "1.0.0" },
  npm: {
    "@a/b@1.0.0_c@2.0.0": { integrity: "sha512-b", dependencies: ["c@2.0.0", "e"] },
    "c@1.0.0": { integrity: "sha512-c1" },
    "c@2.0.0": { integrity: "sha512-c2" },
    "d@1.0.0": { integrity: "sha512-d", dependencies: ["c@1.0.0"] },
    "e@3.0.0": { integrity: "sha512-e" },
  },
  workspace: { dependencies: ["npm:@a/b@1.0.0", "npm:c@2.0.0", "npm:d@1.0.0"] },
}));

Deno.test("the requirement is that of the package, whatever of it is imported", () => {
  equal(requirementOf("npm:qr@0.7.0"), "npm:qr@0.7.0");
  equal(requirementOf("npm:/@noble/hashes@2.4.0/"), "npm:@noble/hashes@2.4.0");
  equal(requirementOf("./mod.ts"), undefined);
});

Deno.test("a package leads to those that it depends on, in the versions that are locked for it", () => {
  deepEqual(lockedPackages(LOCK, ["npm:@a/b@1.0.0"]), [
    {
      key: "@a/b@1.0.0_c@2.0.0",
      name: "@a/b",
      version: "1.0.0",
      integrity: "sha512-b",
      dependencies: ["c@2.0.0", "e@3.0.0"],
    },
    { key: "c@2.0.0", name: "c", version: "2.0.0", integrity: "sha512-c2", dependencies: [] },
    { key: "e@3.0.0", name: "e", version: "3.0.0", integrity: "sha512-e", dependencies: [] },
  ]);
  throws(() => lockedPackages(LOCK, ["npm:d@2.0.0"]), /Cannot use deno\.lock: d@undefined is not in it/);
});

Deno.test("a pruned lock has what is left and nothing else", () => {
  const { specifiers, npm, workspace } = pruneLock(LOCK, ["npm:d@1.0.0"]);
  deepEqual(Object.keys(npm), ["c@1.0.0", "d@1.0.0"]);
  deepEqual([Object.keys(specifiers), workspace.dependencies], [["npm:d@1.0.0"], ["npm:d@1.0.0"]]);
});

Deno.test("a lock of another version is refused, since it has another form", () => {
  throws(() => parseLock('{"version":"6"}'), /Cannot read deno\.lock: it is of version 6, not 5/);
});
