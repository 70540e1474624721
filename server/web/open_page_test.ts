import assert from "node:assert/strict";
import { join } from "node:path";
import { CapturedTerminal } from "../../cli/terminal_fixture.ts";
import { fileCalls } from "../../ffi/file/open_file.ts";
import { runProgram } from "../../program/program.ts";
import { serveControlSocket } from "../../system/control/control_socket.ts";
import { server } from "../program.ts";

// Opened once for the thread's life, so no test opens it.
fileCalls();

/** Runs `web` beside a server whose file has this text; `web` makes its status of the file's text at that moment. */
async function openWith(
  text: string,
  web: (text: string) => { listen: string; fault?: string } | null,
  ...flags: string[]
) {
  const folder = await Deno.makeTempDir();
  try {
    const [control, file] = [join(folder, "control.sock"), join(folder, "docker-connector.conf")];
    await Deno.writeTextFile(file, text);
    const document = () => ({
      program: "docker-connector",
      web: web(Deno.readTextFileSync(file)),
      config: { file },
    });
    await using _server = await serveControlSocket(control, "docker-connector", document);
    const terminal = new CapturedTerminal();
    // Without --print macOS would open a browser.
    const args = ["web", "--control", control, "--config", file, ...flags];
    const status = await runProgram(server, args, terminal);
    const after = await Deno.readTextFile(file);
    return { status, stdout: terminal.stdout, stderr: terminal.stderr.replaceAll(file, "FILE"), after };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the page's address is printed, and nothing is changed", async () => {
  assert.deepEqual(await openWith("# mine\n", () => ({ listen: "127.0.0.1:2580" }), "--print"), {
    status: 0,
    stdout: "http://127.0.0.1:2580/\n",
    stderr: "",
    after: "# mine\n",
  });
});

Deno.test("for a page at every address one is printed that this machine reaches", async () => {
  const at = async (listen: string) => (await openWith("", () => ({ listen }), "--print")).stdout;
  assert.equal(await at("0.0.0.0:80"), "http://127.0.0.1:80/\n");
  assert.equal(await at("[::]:80"), "http://[::1]:80/\n");
  assert.equal(await at("192.168.1.5:80"), "http://192.168.1.5:80/\n");
});

Deno.test({
  name: "a page that is off is turned on by a line in the file (needs Linux)",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const opened = await openWith(
      "# mine\n",
      (text) => text.includes("web 127") ? { listen: "127.0.0.1:2580" } : null,
    );
    assert.deepEqual(opened, {
      status: 0,
      stdout: "http://127.0.0.1:2580/\n",
      stderr: 'The page was off; added "web 127.0.0.1:2580" to FILE\n',
      after: "# mine\nweb 127.0.0.1:2580\n",
    });
  },
});

Deno.test("a file that says off stays as it is, and so does one with --print", async () => {
  const off = await openWith("web off\n", () => null);
  assert.deepEqual([off.status, off.stdout, off.after], [78, "", "web off\n"]);
  assert.match(off.stderr, /^docker-connector: Cannot open the page: FILE says "web off"\. Write "web 127/);
  const printed = await openWith("", () => null, "--print");
  assert.deepEqual([printed.status, printed.after], [1, ""]);
  assert.match(
    printed.stderr,
    /Cannot print the page's address: it is off\. Run "docker-connector config add web/,
  );
});

Deno.test("a page that cannot be served is told with the reason", async () => {
  const fault = "Cannot serve the status page at 127.0.0.1:2580: another program listens there";
  const { status, stderr } = await openWith("", () => ({ listen: "127.0.0.1:2580", fault }));
  assert.deepEqual(
    [status, stderr.startsWith(`docker-connector: ${fault}. Free that port`)],
    [1, true],
    stderr,
  );
});

Deno.test("without a server the exit status is 3", async () => {
  const terminal = new CapturedTerminal();
  assert.equal(await runProgram(server, ["web", "--control", "/nowhere/control.sock"], terminal), 3);
});
