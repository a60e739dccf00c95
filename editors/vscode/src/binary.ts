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
  /** The home directory, which `~` stands for in the setting. */
  home: string;
  platform: NodeJS.Platform;
}

/** The program that was found, or what to tell the person whose machine has none. */
export type Found = { program: string } | { problem: string };

/** The program of the setting, else the one in the extension, else the one on `PATH`. */
export function find(places: Places): Found {
  const name = places.platform === "win32" ? "twiceshy.exe" : "twiceshy";
  if (places.setting !== "") {
    const program = places.setting.replace(/^~(?=[/\\])/, places.home);
    if (!isAbsolute(program)) {
      // It would be looked up in whatever directory is open.
      return { problem: `twiceshy.path is ${places.setting}, which is no absolute path.` };
    }
    return isProgram(program) ? { program } : { problem: `twiceshy.path is ${places.setting}, and no program stands there.` };
  }
  const directories = [join(places.extension, "server"), ...(places.path ?? "").split(delimiter)];
  // Nor is such an entry followed.
  const candidates = directories.filter(isAbsolute).map((directory) => join(directory, name));
  const program = candidates.find(isProgram);
  return program === undefined
    ? { problem: "twiceshy is not on PATH. Install it (pip install twiceshy), or set twiceshy.path." }
    : { program };
}

function isAbsolute(path: string): boolean {
  return /^([/\\]|[A-Za-z]:[/\\])/.test(path);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
