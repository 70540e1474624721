/**
 * Returns the repository of an image's name `[REGISTRY/][NAMESPACE/]REPOSITORY[:TAG][@DIGEST]`, as `docker run` takes it:
 * "alpine" of "docker.io/library/alpine:3.20".
 */
export function repositoryOf(name: string): string {
  const [plain = ""] = name.split("@", 1);
  return plain.slice(plain.lastIndexOf("/") + 1).replace(/:.*/s, "");
}

/**
 * Tells whether a name has a namespace. Docker looks for one without among Docker Hub's official images, where anyone's
 * image of that name could be one day.
 */
export function hasNamespace(name: string): boolean {
  return name.includes("/");
}

/** Splits a name as the API wants it. The default tag is "latest"; a digest is passed like a tag. */
export function splitTag(name: string): { readonly name: string; readonly tag: string } {
  const at = name.indexOf("@");
  if (at >= 0) return { name: name.slice(0, at), tag: name.slice(at + 1) };
  const colon = name.indexOf(":", name.lastIndexOf("/") + 1);
  return colon < 0 ? { name, tag: "latest" } : { name: name.slice(0, colon), tag: name.slice(colon + 1) };
}
