import assert from "node:assert/strict";
import { OperationError } from "../../../core/error.ts";
import { FakeEngine, GoodEngine } from "../../../tests/fakes/engine.ts";
import { connectDocker } from "./connect_docker.ts";
import type { SocketSearch } from "./socket_search.ts";

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function report(search: SocketSearch): Promise<string> {
  const error = await connectDocker(search).then(() => assert.fail("one was found"), (error) => error);
  assert.ok(error instanceof OperationError, String(error));
  assert.equal(error.code, "unavailable");
  return error.report;
}

Deno.test("the first Engine that answers is taken", () =>
  withFolder(async (folder) => {
    await using _one = new GoodEngine(`${folder}/one`);
    await using _other = new GoodEngine(`${folder}/other`);
    await using _broken = new FakeEngine(`${folder}/broken`, () => Promise.resolve());
    const paths = ["absent", "broken", "other", "one"].map((name) => `${folder}/${name}`);
    assert.equal((await connectDocker({ paths })).path, `${folder}/other`);
  }));

Deno.test(
  "a socket of another user than the folder's is passed over",
  { ignore: Deno.uid() !== 0 },
  () =>
    withFolder(async (folder) => {
      const [others = "", link = "", own = ""] = ["others", "link", "own"].map((name) => `${folder}/${name}`);
      await using _others = new GoodEngine(others);
      await using _own = new GoodEngine(own);
      await Deno.symlink("others", link);
      await Deno.chown(others, 1001, 1001);
      await Deno.chown(own, 1000, 1000);
      const owners = new Map([[others, 1000], [link, 1000], [own, 1000]]);
      assert.equal((await connectDocker({ paths: [others, link, own], owners })).path, own);
      assert.equal((await connectDocker({ paths: [others, link, own] })).path, others);
      assert.match(
        await report({ paths: [link], owners }),
        /link: the socket belongs to user 1001, not to user 1000\. Name it as in "docker unix:/,
      );
      await Deno.chown(others, 0, 0);
      assert.equal((await connectDocker({ paths: [link, own], owners })).path, link);
    }),
);

Deno.test("without any, the fault is that of a socket on which someone listens", () =>
  withFolder(async (folder) => {
    await using _broken = new FakeEngine(`${folder}/broken`, () => Promise.resolve());
    const paths = ["absent", "broken", "gone"].map((name) => `${folder}/${name}`);
    assert.match(await report({ paths }), new RegExp(`^Cannot use the Docker Engine at ${folder}/broken: `));
    const absent = await report({ paths: [`${folder}/absent`, `${folder}/gone`] });
    assert.match(
      absent,
      /^Cannot find the Docker Engine: none of the usual sockets answers\. Start Docker, or/,
    );
  }));

Deno.test("a socket that was named is named in the fault, and so is a faulty DOCKER_HOST", async () => {
  assert.equal(
    await report({ paths: ["/nowhere/docker.sock"] }),
    "Cannot use the Docker Engine at /nowhere/docker.sock: nothing listens there. Start Docker",
  );
  assert.equal(
    await report({ paths: [], fault: "DOCKER_HOST is x" }),
    "Cannot find the Docker Engine: DOCKER_HOST is x",
  );
});
