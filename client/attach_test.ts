/** The real command as a process of its own, run from source, against the client's side of the socket. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CapturedTerminal } from "../cli/terminal_fixture.ts";
import { onLinux, writeText } from "../ffi/unix/pipe_fixture.ts";
import { closeDescriptor, listenAt } from "../ffi/unix/seqpacket_socket_linux.ts";
import { runProgram } from "../program/program.ts";
import { client } from "./program.ts";
import { Listening, nextText, openLibraries, withControl } from "./tunnel/attach_fixture.ts";

await openLibraries();

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const DENO = ["run", "-A", "--quiet", "--no-check", "--cached-only", MAIN, "attach", "--control"];

/** `attach`, with pipes as the Engine gives it. */
function spawnAttach(control: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...DENO, control],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** How a process ended, and what it wrote. */
async function end(process: Deno.ChildProcess): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await process.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

Deno.test(
  "bytes to a process's input are the client's, and the client's are its output, until it lets go (needs Linux)",
  onLinux,
  withControl(async (control) => {
    await using listening = new Listening(control);
    const process = spawnAttach(control);
    await listening.tellings(1);
    const { input, output } = listening.current;
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode("to the client"));
    assert.equal(await nextText(input), "to the client");
    writeText(output, "from the client");
    await writer.close();
    assert.equal(await nextText(input), "", "the end of its input is the client's to see");
    await listening.attachments.release();
    assert.deepEqual(await end(process), { code: 0, stdout: "from the client", stderr: "" });
    assert.deepEqual(listening.told, ["attached", "detached"]);
  }),
);

Deno.test(
  "a process that is killed has detached, and the next one attaches (needs Linux)",
  onLinux,
  withControl(async (control) => {
    await using listening = new Listening(control);
    const first = spawnAttach(control);
    await listening.tellings(1);
    first.kill("SIGKILL");
    assert.deepEqual(await listening.tellings(2), ["attached", "detached"]);
    await first.stdin.close();
    await end(first);

    const second = spawnAttach(control);
    await listening.tellings(3);
    second.kill("SIGTERM");
    await listening.tellings(4);
    await second.stdin.close();
    assert.equal((await end(second)).stdout, "", "its wait does not hold up a signal");
  }),
);

Deno.test(
  "of two processes the second has the stream, and the first may go (needs Linux)",
  onLinux,
  withControl(async (control) => {
    await using listening = new Listening(control);
    const first = spawnAttach(control);
    await listening.tellings(1);
    const second = spawnAttach(control);
    await listening.tellings(3);
    await first.stdin.close();
    assert.deepEqual(await end(first), { code: 0, stdout: "", stderr: "" });
    writeText(listening.current.output, "to the second");
    await listening.attachments.release();
    await second.stdin.close();
    assert.deepEqual(await end(second), { code: 0, stdout: "to the second", stderr: "" });
  }),
);

Deno.test(
  "a process ends when the client is killed (needs Linux)",
  onLinux,
  withControl(async (control) => {
    const fixture = new URL("tunnel/attach_listen_fixture.ts", import.meta.url);
    const client = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", "--cached-only", fileURLToPath(fixture), control],
      stdout: "piped",
    }).spawn();
    const lines = client.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assert.equal((await lines.read()).value, "listening\n");
    const process = spawnAttach(control);
    assert.equal((await lines.read()).value, "attached\n");
    client.kill("SIGKILL");
    await client.status;
    await lines.cancel();
    await process.stdin.close();
    assert.deepEqual(await end(process), { code: 0, stdout: "", stderr: "" });
  }),
);

Deno.test(
  "without a client it says so in one line, with status 69 and nothing on its output (needs Linux)",
  onLinux,
  withControl(async (control) => {
    const nothing = async () => {
      const process = spawnAttach(control);
      await process.stdin.close();
      const { stderr, ...rest } = await end(process);
      return { ...rest, stderr: stderr.replaceAll(control, "C") };
    };
    const expected = {
      code: 69,
      stdout: "",
      stderr: "docker-connector-client: Cannot attach to the client at C.attach: nothing runs there. " +
        "Start docker-connector-client, or give --control the path that it was started with\n",
    };
    assert.deepEqual(await nothing(), expected, "no file");
    closeDescriptor(listenAt(`${control}.attach`));
    assert.deepEqual(await nothing(), expected, "a dead client's file");
  }),
);

Deno.test(
  "a client that does not take the stream is status 69 (needs Linux)",
  onLinux,
  withControl(async (control) => {
    await using _listening = new Listening(control, {
      onAttached: () => {
        throw new TypeError("no Worker");
      },
    });
    const process = spawnAttach(control);
    await process.stdin.close();
    const { code, stdout, stderr } = await end(process);
    assert.deepEqual([code, stdout], [69, ""]);
    assert.match(
      stderr,
      /: Cannot attach to the client at \S+\.attach: it did not take the stream\. Try again as the user /,
    );
  }),
);

Deno.test(
  "a terminal is refused with status 64, and so is what is no stream (needs Linux)",
  onLinux,
  withControl(async (control) => {
    await using listening = new Listening(control);
    const command = [Deno.execPath(), ...DENO, control].map((word) => `'${word}'`).join(" ");
    const onTerminal = new Deno.Command("script", {
      args: ["-qec", command, join(control, "../typescript")],
      stdin: "null",
    });
    const { code, stdout } = await onTerminal.output();
    assert.equal(code, 64);
    assert.match(
      new TextDecoder().decode(stdout),
      /^docker-connector-client: Cannot hand over standard input: it is a terminal\. docker-connector starts this /,
    );
    const noStream = await end(
      new Deno.Command(Deno.execPath(), {
        args: [...DENO, control],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
    assert.equal(noStream.code, 64);
    assert.match(
      noStream.stderr,
      /Cannot hand over standard input: it is neither a pipe nor a stream socket\./,
    );
    const toFile = new Deno.Command("sh", {
      args: ["-c", `echo x | ${command} > '${control}.out'`],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    });
    const { code: fileCode, stderr } = await toFile.output();
    assert.equal(fileCode, 64);
    assert.match(new TextDecoder().decode(stderr), /Cannot hand over standard output: it is neither a pipe/);
    assert.equal(Deno.statSync(`${control}.out`).size, 0);
    assert.deepEqual(listening.told, []);
  }),
);

Deno.test("attach has its own help, and refuses words that it does not know", async () => {
  const outcome = async (...args: string[]) => {
    const terminal = new CapturedTerminal();
    const status = await runProgram(client, ["attach", ...args], terminal);
    return { status, ...terminal };
  };
  const help = await outcome("--help");
  assert.equal(help.status, 0);
  assert.match(help.stdout, /--control PATH/);
  assert.equal((await outcome("now")).status, 64);
  const long = await outcome("--control", `/${"a".repeat(103)}`);
  assert.equal(long.status, 64);
  assert.match(long.stderr, /too long for a socket/);
});
