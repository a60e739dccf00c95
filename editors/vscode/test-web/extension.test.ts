// The packaged extension in VS Code itself, in a browser.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
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
