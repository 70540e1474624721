import assert from "node:assert/strict";
import { IPTABLES_PROGRAMS } from "../../system/firewall/firewall_iptables.ts";
import { run } from "../command.ts";
import { lastStage } from "./local_stage.ts";

const ROOT = new URL("../..", import.meta.url);

Deno.test("the last stage is that of the Dockerfile but for where its files come from", async () => {
  const whole = await Deno.readTextFile(new URL("Dockerfile", ROOT));
  const stage = lastStage(whole);
  assert.match(stage, /^FROM scratch\nCOPY root\/ \/\n/);
  assert.ok(whole.endsWith(stage.replace("COPY root/ /", "COPY --from=gather /image/ /")));
  assert.doesNotMatch(stage, /--from=/);
});

Deno.test("a Dockerfile with another last stage is refused", () => {
  for (
    const text of [
      "",
      "FROM scratch\n",
      "A\nFROM scratch\nCOPY a b\n",
      "FROM scratch\nCOPY --from=gather /image/ /\n",
    ]
  ) {
    assert.throws(() => lastStage(text), /last stage/);
  }
});

Deno.test("without a compiled client the gathering says how to get one (needs Linux)", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const script = new URL("packaging/image/gather.sh", ROOT).pathname;
  const { code, stderr } = await run(["sh", script, "/nonexistent/dist", "/nonexistent/root"]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^Cannot gather the image: there is no compiled client for (\S+) in \/nonexistent\/dist\. Run deno task compile --target \1$/m,
  );
});

Deno.test("the gathering holds the programs that the client runs", async () => {
  const script = await Deno.readTextFile(new URL("packaging/image/gather.sh", ROOT));
  const programs = /^programs='(.*)'$/m.exec(script)?.[1]?.split(" ");
  assert.deepEqual(programs, Object.values(IPTABLES_PROGRAMS));
});
