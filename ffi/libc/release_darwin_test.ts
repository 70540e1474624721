import assert from "node:assert/strict";
import { FakeDarwinKernel } from "../../tests/fakes/darwin_kernel.ts";
import { batchSafety, darwinRelease } from "./release_darwin.ts";

Deno.test("message batches are received freely by the releases that are known, by one reader from 23.0 on", () => {
  for (const release of ["24.6.0", "24.6", "24.10.0"]) {
    assert.equal(batchSafety(release), "freely", release);
  }
  for (const release of ["23.0.0", "23.6.0", "24.0.0", "24.5.0", "25.0.0", "25.6.0", "26.10.1", "100.1"]) {
    assert.equal(batchSafety(release), "alone", release);
  }
  for (const release of ["9.8.0", "19.6.0", "22.7.0"]) assert.equal(batchSafety(release), "never", release);
});

Deno.test("a release that cannot be read counts as one without batches", () => {
  for (const release of ["", "25", "25.", "25.x", "v25.1", "25.1beta"]) {
    assert.equal(batchSafety(release), "never", release);
  }
});

Deno.test("the kernel's release is read without its final zero", () => {
  assert.equal(darwinRelease(new FakeDarwinKernel({ release: "23.4.0" })), "23.4.0");
  const silent = new FakeDarwinKernel();
  silent.failNext("sysctlbyname", 2);
  assert.equal(darwinRelease(silent), "");
});
