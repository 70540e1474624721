/**
 * `deno run -A github_server.ts FILES CERTIFICATE KEY`: answers on port 443 of the loopback as GitHub does for the files of a
 * release: the address of the latest release leads to that of its tag.
 *
 * @module
 */
const [files = "", certificate = "", key = ""] = Deno.args;

const LATEST = "/someone/project/releases/latest/download/";
const TAGGED = "/someone/project/releases/download/v1.2.3/";

Deno.serve({
  hostname: "127.0.0.1",
  port: 443,
  cert: await Deno.readTextFile(certificate),
  key: await Deno.readTextFile(key),
  onListen: () => console.log("ready"),
}, async (request) => {
  const { pathname, origin } = new URL(request.url);
  if (pathname.startsWith(LATEST)) {
    return Response.redirect(`${origin}${TAGGED}${pathname.slice(LATEST.length)}`, 302);
  }
  const name = pathname.startsWith(TAGGED) ? pathname.slice(TAGGED.length) : "";
  const file = await Deno.open(`${files}/${name}`).catch(() => undefined);
  return file === undefined || name === ""
    ? new Response(null, { status: 404 })
    : new Response(file.readable);
});
