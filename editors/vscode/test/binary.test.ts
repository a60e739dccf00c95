// Which program is started.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { find } from "../src/binary";

function program(directory: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, "twiceshy");
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o755);
  return path;
}

const root = mkdtempSync(join(tmpdir(), "twiceshy-"));
const places = { setting: "", extension: join(root, "extension"), path: "", home: root, platform: "linux" as const };

test("the setting comes first, and says so when nothing stands there", () => {
  const own = program(join(root, "own"));
  program(join(root, "extension", "server"));
  assert.deepEqual(find({ ...places, setting: own }), { program: own });
  assert.match(JSON.stringify(find({ ...places, setting: join(root, "missing") })), /no program stands there/);
});

test("`~` in the setting is the home directory, and a setting that leads into the open directory is not followed", () => {
  const own = program(join(root, "home"));
  assert.deepEqual(find({ ...places, setting: "~/home/twiceshy" }), { program: own });
  program(join(process.cwd(), "out", "bin"));
  assert.match(JSON.stringify(find({ ...places, setting: "out/bin/twiceshy" })), /no absolute path/);
  assert.match(JSON.stringify(find({ ...places, setting: "twiceshy" })), /no absolute path/);
});

test("then the one in the extension, then the one on PATH", () => {
  const bundled = program(join(root, "extension", "server"));
  const installed = program(join(root, "bin"));
  const path = [join(root, "nothing"), join(root, "bin")].join(delimiter);
  assert.deepEqual(find({ ...places, path }), { program: bundled });
  assert.deepEqual(find({ ...places, path, extension: join(root, "empty") }), { program: installed });
});

test("a PATH that leads into the open directory is not followed, and a missing program is a next step", () => {
  program(join(process.cwd(), "out", "bin"));
  const found = find({ ...places, extension: join(root, "empty"), path: ["out/bin", ".", ""].join(delimiter) });
  assert.match(JSON.stringify(found), /pip install twiceshy/);
});

test("what is no file or may not be run is no program", () => {
  mkdirSync(join(root, "odd", "twiceshy"), { recursive: true });
  const plain = join(root, "plain");
  mkdirSync(plain);
  writeFileSync(join(plain, "twiceshy"), "");
  chmodSync(join(plain, "twiceshy"), 0o644);
  const found = find({ ...places, extension: join(root, "empty"), path: [join(root, "odd"), plain].join(delimiter) });
  assert.ok("problem" in found);
});
