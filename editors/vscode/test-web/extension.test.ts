// The packaged extension in VS Code itself, in a browser.

import assert from "node:assert/strict";
import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Home, until } from "./window";

/** What is wrong with the sample, as the status bar counts it. */
const WRONG = [9, 6] as const;

function scene(name: string, play: (home: Home) => Promise<void>): void {
  test(name, { timeout: 180_000 }, async () => {
    const home = new Home();
    let hasFailed = true;
    try {
      await play(home);
      hasFailed = false;
    } finally {
      await home.close(hasFailed ? join(__dirname, `${name.replace(/\W+/g, "-")}.png`) : undefined);
    }
  });
}

scene("what is wrong with a folder is shown, with the other half of the cause, and a quick fix mends the file", async (home) => {
  home.install();
  const shop = home.shop();
  const window = await home.open(shop);
  await window.counts(...WRONG);

  // In files that nobody opened, beside the place in the other file.
  const trigger = await window.problems("unknown-workflow");
  await trigger.filter({ hasText: "this trigger never fires: no workflow here is named `Deploy shop`" }).waitFor();
  await trigger.filter({ hasText: "deploy.yml" }).filter({ hasText: "`Deploy` is the name it has" }).waitFor();

  const unhealthy = await window.problems("localhost-healthcheck");
  await window.jump(unhealthy.filter({ hasText: "BusyBox wget asks `::1`" }));
  await window.page.locator(".editor-instance .squiggly-warning").first().waitFor({ state: "attached" });
  await window.page.keyboard.press("Control+.");
  // The preferred one is what Enter takes.
  await window.page.locator(".action-widget .monaco-list-row.focused", { hasText: "ask 127.0.0.1" }).waitFor();
  await window.page.screenshot({ path: join(__dirname, "quick-fix.png") });
  await window.page.keyboard.press("Enter");
  await window.counts(WRONG[0], WRONG[1] - 1);
  await window.page.keyboard.press("Control+s");
  const compose = join(shop, "compose.yml");
  const before = readFileSync(join(home.shop("untouched"), "compose.yml"), "utf8");
  const after = await until("the fix is on the disk", () => {
    const text = readFileSync(compose, "utf8");
    return text !== before && text;
  });
  const changed = after.split("\n").filter((line, at) => line !== before.split("\n")[at]);
  assert.equal(changed.length, 1, after);
  assert.match(changed[0]!, /127\.0\.0\.1/);

  // What happens on the disk, in one file, is seen in another.
  const deploy = join(shop, ".github/workflows/deploy.yml");
  writeFileSync(deploy, readFileSync(deploy, "utf8").replace("name: Deploy\n", "name: Deploy shop\n"));
  await window.counts(WRONG[0] - 1, WRONG[1] - 1);
});

scene("a program that is missing is a message, and is found once it is there", async (home) => {
  const window = await home.open(home.shop());
  const message = window.message("and no program stands there");
  await message.waitFor();
  home.install();
  await message.getByText("Try Again").click();
  await window.counts(...WRONG);
});

scene("what is no language server is a message, one that never answers can be replaced, and `~` is the home directory", async (home) => {
  home.write("bin/twiceshy", "#!/bin/sh\necho 'I am something else' >&2\nexit 3\n", 0o755);
  const window = await home.open(home.shop());
  const message = window.message("could not be started");
  await message.waitFor();
  // One thing has gone wrong, so one thing is said.
  assert.equal(await window.message(/./).count(), 1, (await window.message(/./).allInnerTexts()).join("\n"));
  await message.getByText("Show Output").click();
  // The channel; its text is written by a module of VS Code's that would have to be compiled.
  await window.page.locator(".output-view .monaco-editor").waitFor();

  const silent = home.write("bin/silent", "#!/bin/sh\nexec sleep 1000\n", 0o755);
  await home.set(silent, () => home.processes("sleep\u00001000").length === 1);
  unlinkSync(home.program);
  home.install();
  await home.set("~/bin/twiceshy", async () => (await window.count()).errors > 0);
  await window.counts(...WRONG);
  await until("the silent program has gone", () => home.processes("sleep\u00001000").length === 0);
});

scene("a server that was killed comes back, and one that is killed again and again comes back when it is told to", async (home) => {
  home.install();
  const shop = home.shop();
  const window = await home.open(shop);
  await window.counts(...WRONG);
  const kill = async () => {
    const [id] = await until("the server runs", () => home.servers().length === 1 && home.servers());
    process.kill(id!, "SIGKILL");
    await until("the server has gone", () => !home.servers().includes(id!));
  };
  await kill();
  // It is another one that sees this.
  const deploy = join(shop, ".github/workflows/deploy.yml");
  const text = readFileSync(deploy, "utf8");
  await until("a server runs", () => home.servers().length === 1);
  writeFileSync(deploy, text.replace("name: Deploy\n", "name: Deploy shop\n"));
  await window.counts(WRONG[0] - 1, WRONG[1]);
  writeFileSync(deploy, text);
  await window.counts(...WRONG);

  for (let time = 0; time < 4; time += 1) {
    await kill();
  }
  await window.message("has crashed 5 times in 3 minutes").waitFor();
  await window.counts(0, 0);
  await window.command("twiceshy: Restart the Server");
  await window.counts(...WRONG);
  // Told twice at once, it is still one.
  await window.command("twiceshy: Restart the Server");
  await window.command("twiceshy: Restart the Server");
  await until("one server runs", () => home.servers().length === 1);
  await window.counts(...WRONG);
});

scene("each folder of a workspace is a system of its own, one may come and go, and what has no file yet disturbs nobody", async (home) => {
  home.install();
  // The first stays: without it, VS Code loads the window anew.
  const first = home.shop("first");
  home.shop("second");
  const folders = (...paths: string[]) => ({ folders: paths.map((path) => ({ path })) });
  const name = "two.code-workspace";
  const window = await home.open(home.write(name, JSON.stringify(folders("first"))));
  const errors = async () => (await window.count()).errors;
  await window.counts(...WRONG);
  await home.tell(name, folders("first", "second"), async () => (await errors()) > WRONG[0]);
  await window.counts(2 * WRONG[0], 2 * WRONG[1]);

  await window.command("Create: New File...");
  await window.page.locator(".quick-input-list .monaco-list-row", { hasText: "Text File" }).first().click();
  const lines = window.page.locator(".editor-instance .view-lines");
  await lines.click();
  await window.page.keyboard.type("services: {web: {depends_on: [missing]}}\n");
  await lines.filter({ hasText: "missing" }).waitFor();
  const deploy = join(first, ".github/workflows/deploy.yml");
  writeFileSync(deploy, readFileSync(deploy, "utf8").replace("name: Deploy\n", "name: Deploy shop\n"));
  await window.counts(2 * WRONG[0] - 1, 2 * WRONG[1]);

  await home.tell(name, folders("first"), async () => (await errors()) < WRONG[0]);
  await window.counts(WRONG[0] - 1, WRONG[1]);
  await until("one server runs", () => home.servers().length === 1);
  assert.equal(await window.message(/./).count(), 0, (await window.message(/./).allInnerTexts()).join("\n"));
});

scene("the program that is packaged with the extension runs", async (home) => {
  home.bundle();
  const window = await home.open(home.shop());
  await window.counts(...WRONG);
});
