// Which program is started.

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where a program may come from. */
export interface Places {
  /** The setting `twiceshy.path`. */
  setting: string;
  /** The directory of the extension. */
  extension: string;
  /** The variable `PATH`. */
  path: string | undefined;
  platform: NodeJS.Platform;
}

/** The program that was found, or what to tell the person whose machine has none. */
export type Found = { program: string } | { problem: string };

/** The program of the setting, else the one in the extension, else the one on `PATH`. */
export function find(places: Places): Found {
  const name = places.platform === "win32" ? "twiceshy.exe" : "twiceshy";
  if (places.setting !== "") {
    return isProgram(places.setting)
      ? { program: places.setting }
      : { problem: `twiceshy.path is ${places.setting}, and no program stands there.` };
  }
  const directories = [join(places.extension, "server"), ...(places.path ?? "").split(delimiter)];
  // An entry that is not absolute would be looked up in whatever directory is open.
  const candidates = directories.filter((directory) => /^([/\\]|[A-Za-z]:)/.test(directory)).map((directory) => join(directory, name));
  const program = candidates.find(isProgram);
  return program === undefined
    ? { problem: "twiceshy is not on PATH. Install it (pip install twiceshy), or set twiceshy.path." }
    : { program };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
