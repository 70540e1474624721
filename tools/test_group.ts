/**
 * `deno test -A tools/test_group.ts -- FILE...`: runs test files in one isolate. An isolate for each file,
 * which loads again what most of them import, takes longer than the tests themselves. Reports name each test
 * with its own file.
 *
 * @module
 */
for (const file of Deno.args) await import(new URL(`../${file}`, import.meta.url).href);
