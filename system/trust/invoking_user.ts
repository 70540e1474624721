import type { NssUser } from "./store_nss.ts";

/** The user who has called the program by sudo, else the one whom it runs as; undefined where passwd(5) has no such user. */
export async function invokingUser(
  sudoUid: string | undefined,
  uid: number | null,
): Promise<NssUser | undefined> {
  const wanted = sudoUid !== undefined && /^\d{1,10}$/.test(sudoUid) && uid === 0 ? Number(sudoUid) : uid;
  const text = await Deno.readTextFile("/etc/passwd").catch(() => "");
  for (const line of text.split("\n")) {
    // name:password:uid:gid:comment:home:shell
    const [, , id = "", group = "", , home = ""] = line.split(":");
    if (id === String(wanted) && /^\d+$/.test(group) && home.startsWith("/")) {
      return { uid: Number(id), gid: Number(group), home };
    }
  }
  return undefined;
}
