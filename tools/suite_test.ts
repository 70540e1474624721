import { deepEqual, ok } from "node:assert/strict";
import { planSuite, suiteFiles } from "./suite.ts";

const OPTIONS = { programs: { compiled: "/dist", "from source": "/run" }, reports: "/reports" };

Deno.test("each program is tested compiled, from source and behind a network in user space, with a report each", () => {
  const { waiting, measuring } = planSuite({
    ...OPTIONS,
    files: ["tests/e2e/recovery_test.ts", "tests/e2e/traffic_test.ts", "tests/packaging/install_test.ts"],
  });
  const lanes = (steps: typeof waiting) =>
    steps.map(({ lane, file, env }) => [
      lane,
      file,
      env?.DOCKER_CONNECTOR_PROGRAMS,
      env?.DOCKER_CONNECTOR_TEST_LINK,
    ]);
  deepEqual(lanes(waiting), [
    ["compiled", "tests/e2e/recovery_test.ts", "/dist", "veth"],
    ["from source", "tests/e2e/recovery_test.ts", "/run", "veth"],
    ["user-space network", "tests/e2e/recovery_test.ts", "/dist", "user-space"],
    ["compiled", "tests/packaging/install_test.ts", "/dist", "veth"],
  ]);
  deepEqual(lanes(measuring), [
    ["compiled", "tests/e2e/traffic_test.ts", "/dist", "veth"],
    ["from source", "tests/e2e/traffic_test.ts", "/run", "veth"],
    ["user-space network", "tests/e2e/traffic_test.ts", "/dist", "user-space"],
  ]);
  const reports = [...waiting, ...measuring].map(({ report }) => report);
  deepEqual(new Set(reports).size, reports.length);
});

Deno.test("every file of the suite has a step", () => {
  const files = suiteFiles();
  const { waiting, measuring } = planSuite({ ...OPTIONS, files });
  ok(measuring.length > 10);
  deepEqual(new Set([...waiting, ...measuring].map(({ file }) => file)), new Set(files));
});
