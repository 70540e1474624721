import assert from "node:assert/strict";
import { fileCalls } from "../../ffi/file/open_file.ts";
import { CapturedTerminal } from "../../cli/terminal_fixture.ts";
import { runProgram } from "../../program/program.ts";
import { tokenStrength } from "../../core/token/strength.ts";
import { server } from "../program.ts";

// Opened once for the thread's life, so no test opens it.
fileCalls();

async function outcome(...args: string[]) {
  const terminal = new CapturedTerminal();
  const status = await runProgram(server, args, terminal);
  return { status, stdout: terminal.stdout, stderr: terminal.stderr };
}

async function withConfig(text: string, test: (file: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/docker-connector.conf`, text);
    await test(`${folder}/docker-connector.conf`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const CONFIG = `route 172.20.0.0/16 expose
route 172.21.0.0/16
expose 0.0.0.0:2512
token 8k3m5n7p9q2r4s6t8v1w3x5y7z 192.168.251.3
`;
const ENDPOINT = ["--endpoint", "desk.example.com:2512"];

Deno.test("generate prints a strong token, another one each time", async () => {
  const [one, other] = [await outcome("token", "generate"), await outcome("token", "generate")];
  assert.deepEqual([one.status, one.stderr], [0, ""]);
  assert.match(one.stdout, /^[0-9a-z]{26}\n$/);
  assert.notEqual(one.stdout, other.stdout);
  assert.equal(tokenStrength(one.stdout.trim()).isWeak, false);
  assert.match((await outcome("token", "generate", "anna")).stdout, /^anna-[0-9a-z]{26}\n$/);
});

Deno.test("generate refuses a name that the config file could not hold", async () => {
  for (const name of ["a,b", "a b", "#anna", "x".repeat(65)]) {
    const { status, stdout, stderr } = await outcome("token", "generate", name);
    assert.deepEqual([status, stdout], [64, ""], name);
    assert.match(stderr, /expected one word/);
  }
});

Deno.test("export prints a wg-quick file with what is exposed, and warns that it is secret", async () => {
  await withConfig(CONFIG, async (file) => {
    const { status, stdout, stderr } = await outcome(
      ...["token", "export", "8k3m5n7p9q2r4s6t8v1w3x5y7z", "--config", file],
      ...ENDPOINT,
    );
    assert.equal(status, 0);
    assert.match(stdout, /^Address = 192\.168\.251\.3\/32$/m);
    assert.match(stdout, /^Endpoint = desk\.example\.com:2512$/m);
    assert.match(stdout, /^AllowedIPs = 192\.168\.251\.2\/32, 172\.20\.0\.0\/16$/m);
    assert.match(stdout, /^PrivateKey = vk2GdVK2UmjDgW5n8hyNrP3ad2N3k3sQcX\+vcKou\/eg=$/m);
    assert.match(stderr, /^This holds the secrets .*\n$/);
    const byAddress = await outcome("token", "export", "192.168.251.3", "--config", file, ...ENDPOINT);
    assert.equal(byAddress.stdout, stdout);
  });
});

Deno.test("export draws a QR code", async () => {
  await withConfig(CONFIG, async (file) => {
    const args = ["token", "export", "192.168.251.3", "--config", file, ...ENDPOINT, "--qr"];
    const { status, stdout } = await outcome(...args);
    assert.equal(status, 0);
    const lines = stdout.trimEnd().split("\n");
    // Half blocks: a line holds two rows.
    assert.ok(lines.length > 20 && lines.every((line) => [...line].length === [...lines[0] ?? ""].length));
    assert.ok(Math.abs([...lines[0] ?? ""].length - lines.length * 2) <= 1);
  });
});

Deno.test("what no QR code holds is told", async () => {
  const routes = Array.from({ length: 250 }, (_, index) => `route 10.1.${index}.0/24 expose\n`).join("");
  await withConfig(CONFIG + routes, async (file) => {
    const args = ["token", "export", "192.168.251.3", "--config", file, ...ENDPOINT, "--qr"];
    const { status, stdout, stderr } = await outcome(...args);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /Cannot draw the QR code: there are too many exposed routes/);
  });
});

Deno.test("export says what is missing, and repeats no secret", async () => {
  await withConfig(CONFIG.replace(/^expose.*\n/m, ""), async (file) => {
    const unknown = await outcome("token", "export", "sEcReT", "--config", file, ...ENDPOINT);
    assert.equal(unknown.status, 78);
    assert.match(unknown.stderr, /has no such token/);
    assert.ok(!unknown.stderr.includes("sEcReT"));
    const missing = await outcome("token", "export", "192.168.251.3", "--config", file);
    assert.equal(missing.status, 64);
    assert.match(missing.stderr, /--endpoint 192\.0\.2\.7:2512/);
    for (const wrong of ["desk", "desk:0", ":2512", "fd00::1:2512", "a b:1", "1.2.3:4"]) {
      const { status } = await outcome("token", "export", "192.168.251.3", "--endpoint", wrong);
      assert.equal(status, 64, wrong);
    }
    const closed = await outcome("token", "export", "192.168.251.3", "--config", file, ...ENDPOINT);
    assert.equal(closed.status, 0);
    assert.match(closed.stderr, /has no "expose ADDRESS:PORT" line/);
  });
});

Deno.test("add makes a token, gives it a free address, and prints it once", async () => {
  await withConfig("# mine\n" + CONFIG, async (file) => {
    const { status, stdout, stderr } = await outcome("token", "add", "anna", "--config", file);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^anna-[0-9a-z]{26}\n$/);
    assert.equal(
      await Deno.readTextFile(file),
      `# mine\n${CONFIG}token ${stdout.trim()} 192.168.251.4\n`,
    );
    assert.ok(!stderr.includes(stdout.trim()));
    assert.match(stderr, /with the address 192\.168\.251\.4/);
    assert.match(stderr, /sudo docker-accessor run --remote HOST:2512 --token-file FILE/);
    assert.doesNotMatch(stderr, /yet/);
    const other = await outcome("token", "add", "ben", "192.168.251.99", "--config", file);
    assert.match(
      await Deno.readTextFile(file),
      new RegExp(`^token ${other.stdout.trim()} 192.168.251.99$`, "m"),
    );
  });
});

Deno.test("add says where everyone may read the file, and changes no mode", async () => {
  await withConfig(CONFIG, async (file) => {
    for (const [mode, isTold] of [[0o644, true], [0o640, false]] as const) {
      await Deno.chmod(file, mode);
      const { stderr } = await outcome("token", "add", "anna", "--config", file);
      const advice =
        `Everyone may read the config file, which has a key or tokens; run: chmod o-r ${file}.\n`;
      assert.equal(stderr.endsWith(advice), isTold, stderr);
      assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o777, mode);
    }
  });
});

Deno.test("add into a file that shares nothing says so", async () => {
  await withConfig("", async (file) => {
    const { stderr } = await outcome("token", "add", "anna", "--config", file);
    assert.match(stderr, /no "expose ADDRESS:PORT" line/);
    assert.match(stderr, /no "route CIDR expose" line/);
    assert.match(stderr, /HOST:PORT/);
  });
});

Deno.test("add refuses what would be a fault, prints no token, and leaves the file as it is", async () => {
  const refusals = [
    [CONFIG, ["anna", "192.168.251.3"], 78, /duplicate address .* \(first on line/],
    [CONFIG, ["anna", "10.0.0.1"], 78, /outside 192\.168\.251\.0\/24/],
    [CONFIG, ["anna", "nonsense"], 64, /invalid IPv4 address/],
    [CONFIG, ["an,na"], 64, /expected one word/],
    [CONFIG, ["anna", "192.168.251.9", "surplus"], 64, /too many words/],
    [CONFIG, [], 64, /the name is missing/],
    ["addr 10.0.0.1/30\n", ["anna"], 78, /every address of 10\.0\.0\.0\/30 is taken/],
    ["rout x\n", ["anna"], 78, /unknown key/],
  ] as const;
  for (const [text, words, code, pattern] of refusals) {
    await withConfig(text, async (file) => {
      const { status, stdout, stderr } = await outcome("token", "add", ...words, "--config", file);
      assert.deepEqual([status, stdout], [code, ""], stderr);
      assert.match(stderr, pattern);
      assert.equal(await Deno.readTextFile(file), text);
    });
  }
});
