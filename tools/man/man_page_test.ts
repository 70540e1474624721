import assert from "node:assert/strict";
import { writeManPages } from "../man.ts";
import { OperationError } from "../../core/error.ts";
import { run } from "../command.ts";

const folder = await Deno.makeTempDir();
const pages = await writeManPages(folder);
await Deno.remove(folder, { recursive: true });

/** What a formatter says of a page; undefined where it is not installed. */
async function faultsBy(argv: readonly string[], page: string): Promise<string | undefined> {
  const file = await Deno.makeTempFile({ suffix: ".1" });
  try {
    await Deno.writeTextFile(file, page);
    const { stdout, stderr } = await run([...argv, file]);
    return `${stdout}${stderr}`;
  } catch (error) {
    if (error instanceof OperationError && error.code === "unavailable") return undefined;
    throw error;
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("there is a page for each program, with each command and what flags stand for", () => {
  assert.deepEqual([...pages.keys()], [
    "docker-connector.1",
    "docker-connector-client.1",
    "docker-accessor.1",
  ]);
  const page = pages.get("docker-connector.1") ?? "";
  for (
    const line of [
      ".Dt DOCKER-CONNECTOR 1",
      ".Ss docker\\-connector run",
      ".Ss docker\\-connector config add LINE",
      ".It Fl \\-port Ar PORT",
      ".It 78",
      "docker\\-connector logs \\-f",
    ]
  ) {
    assert.ok(page.split("\n").includes(line), line);
  }
});

Deno.test("no line of text is taken for a request, and flags that are hidden stay hidden", () => {
  for (const page of pages.values()) {
    for (const line of page.split("\n")) assert.doesNotMatch(line, /^'|^\.(?!\\"|[A-Z][a-z](?: |$))/);
    assert.doesNotMatch(page, /\\-debug/);
  }
});

Deno.test("groff and mandoc have nothing to say of the pages, where they are installed", async () => {
  for (const page of pages.values()) {
    for (const argv of [["groff", "-mdoc", "-z", "-ww"], ["mandoc", "-T", "lint", "-W", "warning"]]) {
      assert.equal(await faultsBy(argv, page) ?? "", "");
    }
  }
});
