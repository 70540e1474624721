import assert from "node:assert/strict";
import { fileCalls } from "./open_file.ts";
import { objectionToRootOnly } from "./root_only.ts";

// Opened once for the thread's life, so no test opens it.
fileCalls();

const asRoot = { ignore: Deno.uid() !== 0 };

/** Runs a test in a folder of root's below /var/lib, whose own folders are root's. */
async function inRootsFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: "/var/lib", prefix: "docker-connector-" });
  try {
    await Deno.mkdir(`${folder}/lib`, { mode: 0o755 });
    await Deno.chmod(`${folder}/lib`, 0o755);
    await Deno.writeTextFile(`${folder}/lib/file`, "", { mode: 0o644 });
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test(
  "a file of root's in folders of root's passes, through links too (needs root)",
  asRoot,
  () =>
    inRootsFolder(async (folder) => {
      await Deno.symlink("lib", `${folder}/relative`);
      await Deno.symlink(`${folder}/relative`, `${folder}/absolute`);
      await Deno.symlink("../relative/file", `${folder}/lib/up`);
      for (const path of ["lib/file", "relative/file", "absolute/file", "absolute/up", "lib/../lib/./file"]) {
        assert.equal(objectionToRootOnly(`${folder}/${path}`), undefined, path);
      }
    }),
);

Deno.test("what another could change does not pass (needs root)", asRoot, async (t) => {
  const refused = (
    name: string,
    change: (folder: string) => Promise<void>,
    expected: RegExp,
    path = "lib/file",
  ) =>
    t.step(name, () =>
      inRootsFolder(async (folder) => {
        await change(folder);
        assert.match(objectionToRootOnly(`${folder}/${path}`) ?? "", expected);
      }));
  await refused(
    "a file of a user's",
    (folder) => Deno.chown(`${folder}/lib/file`, 1000, 0),
    /file belongs to user 1000$/,
  );
  await refused(
    "a file that its group can write",
    (folder) => Deno.chmod(`${folder}/lib/file`, 0o664),
    /file can be/,
  );
  await refused(
    "a file that all can write",
    (folder) => Deno.chmod(`${folder}/lib/file`, 0o646),
    /file can be/,
  );
  await refused(
    "a folder of a user's",
    (folder) => Deno.chown(folder, 1000, 0),
    /docker-connector-\w+ belongs to user 1000$/,
  );
  await refused(
    "a folder that its group can write",
    (folder) => Deno.chmod(folder, 0o775),
    /can be written by others/,
  );
  await refused(
    "a folder that all can write, with the sticky bit",
    (folder) => Deno.chmod(folder, 0o1777),
    /can be/,
  );
  await refused(
    "a link through a user's folder",
    async (folder) => {
      await Deno.mkdir(`${folder}/home`, { mode: 0o755 });
      await Deno.symlink("../lib", `${folder}/home/lib`);
      await Deno.symlink("home/lib", `${folder}/link`);
      await Deno.chown(`${folder}/home`, 1000, 1000);
    },
    /home belongs to user 1000$/,
    "link/file",
  );
  await refused(
    "a link that goes round",
    async (folder) => {
      await Deno.symlink("round", `${folder}/round`);
    },
    /one link too many$/,
    "round",
  );
  await refused("a folder", () => Promise.resolve(), /is no regular file$/, "lib");
  await refused("nothing", () => Promise.resolve(), /absent is not there$/, "lib/absent");
});
