import assert from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { audit } from "./audit.ts";

/** What a registry answers to the question for vulnerabilities. */
type Answer = (asked: Record<string, string[]>) => Response;

/** Runs the audit with a registry of the test's own; what it was asked for, and what came of it. */
async function auditWith(
  answer: Answer,
): Promise<{ asked: Record<string, string[]>; said: string | OperationError }> {
  let asked: Record<string, string[]> = {};
  const registry = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    assert.equal(new URL(request.url).pathname, "/-/npm/v1/security/advisories/bulk");
    asked = await request.json();
    return answer(asked);
  });
  try {
    const said = await audit({ NPM_CONFIG_REGISTRY: `http://127.0.0.1:${registry.addr.port}` }).catch(
      (error) => {
        if (error instanceof OperationError) return error;
        throw error;
      },
    );
    return { asked, said };
  } finally {
    await registry.shutdown();
  }
}

Deno.test("the registry is asked for each package of the lock, in the version that it fixes", async () => {
  const lock = JSON.parse(await Deno.readTextFile(new URL("../deno.lock", import.meta.url)));
  const { asked, said } = await auditWith(() => Response.json({}));
  assert.equal(said, "No known vulnerabilities found");
  const names = Object.entries(asked).map(([name, versions]) => `${name}@${versions[0]}`);
  assert.deepEqual(
    names.sort(),
    Object.keys(lock.npm).map((key) => key.replace(/^(@?[^_]+).*/, "$1")).sort(),
  );
});

Deno.test("a known vulnerability is an error that names it", async () => {
  const { said } = await auditWith(() =>
    Response.json({
      valibot: [{
        id: 1,
        url: "https://example.org/1",
        title: "a hole",
        severity: "high",
        vulnerable_versions: "<2.0.0",
      }],
    })
  );
  assert.ok(said instanceof OperationError);
  assert.equal(said.code, "failure");
  assert.match(said.report, /some have known vulnerabilities[^]*a hole[^]*valibot/);
});

Deno.test("a registry that does not answer the question has found nothing, and that is said", async () => {
  const { said } = await auditWith(() => new Response("no", { status: 405 }));
  assert.ok(said instanceof OperationError);
  assert.equal(said.code, "unavailable");
  assert.match(
    said.report,
    /^Cannot look for known vulnerabilities: the npm registry does not answer: .*Nothing was checked\./s,
  );
});
