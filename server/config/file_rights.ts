import type { Config } from "../../core/config/config.ts";
import { rightsOfOthers } from "../../system/config/config_file.ts";

/** Says where every user of this machine may change the configuration, or read a secret in it: one sentence each. */
export async function tooWideRights(file: string, { key, tokens }: Config): Promise<string[]> {
  const { read, write } = await rightsOfOthers(file);
  const isSecret = key !== undefined || tokens.length > 0;
  return [
    ...write
      ? [
        `everyone may write the config file, which decides on routes and on who gets in; run: chmod o-w ${file}`,
      ]
      : [],
    ...read && isSecret
      ? [`everyone may read the config file, which has a key or tokens; run: chmod o-r ${file}`]
      : [],
  ];
}
