import assert from "node:assert/strict";
import { fileCalls } from "../../ffi/file/open_file.ts";
import type { Clock } from "../../core/async/clock.ts";
import { SYSTEM_CLOCK } from "./system_clock.ts";
import { readUserFile, UnreadFile } from "./user_file.ts";

// Opened once for the thread's life, so no test opens it.
fileCalls();

const isRoot = Deno.uid() === 0;
const FILE = ".docker/config.json";

/** Runs a test with the home of a user, who is another one than root where the test may say so. */
async function withHome(body: (home: string) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${home}/.docker`);
    await Deno.writeTextFile(`${home}/${FILE}`, "{}");
    if (isRoot) {
      for (const name of ["", "/.docker", `/${FILE}`]) await Deno.chown(home + name, 1000, 1000);
    }
    await body(home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function run(...argv: [string, ...string[]]): Promise<void> {
  const [program, ...args] = argv;
  assert.equal((await new Deno.Command(program, { args }).output()).code, 0, argv.join(" "));
}

/** The file's text, or why it was not read, without the home. */
async function outcome(home: string, bounds = {}): Promise<string | undefined> {
  try {
    return await readUserFile({ folder: home, path: FILE }, bounds);
  } catch (error) {
    assert.ok(error instanceof UnreadFile, String(error));
    return error.message.replace(`${home}/${FILE} `, "not read: ");
  }
}

/** Descriptors of this process beside those that the look itself opens. */
const descriptors = () => Array.from(Deno.readDirSync("/proc/self/fd")).length;

Deno.test("a user's file is read, and one of root's in the user's home", () =>
  withHome(async (home) => {
    await Deno.writeTextFile(`${home}/${FILE}`, '{"name":"\u00fcber"}');
    assert.equal(await outcome(home), '{"name":"\u00fcber"}');
    if (isRoot) await Deno.chown(`${home}/${FILE}`, 0, 0);
    assert.equal(await outcome(home), '{"name":"\u00fcber"}');
    await Deno.writeTextFile(`${home}/${FILE}`, "x".repeat(100_000));
    assert.equal((await outcome(home))?.length, 100_000);
  }));

Deno.test("where there is none, nothing is read and nothing is wrong", () =>
  withHome(async (home) => {
    await Deno.remove(`${home}/${FILE}`);
    assert.equal(await outcome(home), undefined);
    await Deno.remove(`${home}/.docker`);
    assert.equal(await outcome(home), undefined);
    await Deno.writeTextFile(`${home}/.docker`, "");
    assert.equal(await outcome(home), undefined);
    assert.equal(await outcome(`${home}/absent`), undefined);
  }));

const LINKED = "not read: cannot be opened, or is or leads through a link";

Deno.test("what a user may put in its place is not read, at once and with nothing left open", async (t) => {
  const refused = (
    name: string,
    expected: string,
    change: (home: string) => Promise<void>,
    needsRoot = false,
  ) =>
    t.step({
      name,
      ignore: needsRoot && !isRoot,
      fn: () =>
        withHome(async (home) => {
          await change(home);
          const before = descriptors();
          assert.equal(await outcome(home), expected);
          assert.equal(descriptors(), before);
        }),
    });
  const replace = (make: (path: string, home: string) => Promise<void>) => async (home: string) => {
    await Deno.remove(`${home}/${FILE}`);
    await make(`${home}/${FILE}`, home);
  };
  await refused(
    "a pipe without a writer",
    "not read: is no regular file",
    replace((path) => run("mkfifo", path)),
  );
  await refused("a folder", "not read: is no regular file", replace((path) => Deno.mkdir(path)));
  await refused("a link to a device", LINKED, replace((path) => Deno.symlink("/dev/zero", path)));
  await refused("a link to another file", LINKED, replace((path) => Deno.symlink("/etc/passwd", path)));
  await refused("a link that goes round", LINKED, replace((path) => Deno.symlink("config.json", path)));
  await refused("a folder that was swapped for a link", LINKED, async (home) => {
    await Deno.rename(`${home}/.docker`, `${home}/other`);
    await Deno.symlink("other", `${home}/.docker`);
  });
  await refused(
    "a device",
    "not read: is no regular file",
    replace((path) => run("mknod", path, "c", "1", "5")),
    true,
  );
  await refused(
    "a link of the file system to another user's file",
    "not read: belongs to user 1001, and the folder to 1000",
    replace(async (path, home) => {
      await Deno.writeTextFile(`${home}/others`, "secret");
      await Deno.chown(`${home}/others`, 1001, 1001);
      await Deno.link(`${home}/others`, path);
    }),
    true,
  );
  await refused("a file of 20 GB", "not read: has more than 256 KiB", async (home) => {
    await Deno.truncate(`${home}/${FILE}`, 20e9);
  });
});

Deno.test("a file that grows while it is read is given up at the bound", async () => {
  // It says that it is empty, and gives more than a screen.
  const reading = readUserFile({ folder: "/proc", path: "self/mountinfo" }, { size: 10 });
  await assert.rejects(reading, /self\/mountinfo (has more than 0 KiB|cannot be opened, or is or leads)/);
  await assert.rejects(
    readUserFile({ folder: "/proc/1", path: "mountinfo" }, { size: 10 }),
    /has more than 0 KiB/,
  );
});

Deno.test("a file system that does not answer is given up in time", async () => {
  // The first wait is over at once, which no file system is.
  const clock: Clock = {
    ...SYSTEM_CLOCK,
    after: (_milliseconds, callback) => {
      callback();
      return { [Symbol.dispose]: () => {} };
    },
  };
  const file = { folder: "/proc/1", path: "absent" };
  await assert.rejects(
    readUserFile(file, { time: 10, clock }),
    (error) =>
      error instanceof UnreadFile && /^\/proc\/1\/absent was not read within 10 ms$/.test(error.message),
  );
  assert.equal(await readUserFile(file, { time: 10_000 }), undefined);
});
