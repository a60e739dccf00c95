// VS Code as somebody has it: its server with the packaged extension, and a window of it in a browser.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Browser, type Locator, type Page, chromium } from "playwright-core";

const top = resolve(__dirname, "../../../..");
const extension = resolve(__dirname, "../..");
const code = resolve(__dirname, "../node_modules/code-server/lib/vscode/out/server-main.js");

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new Error(`${name} is not set; editors/vscode/test-web/run sets it`);
  }
  return value;
}

/** How long VS Code may take for anything at all: it answers in a second, or on a machine that is busy with something else. */
export const PATIENCE = 60_000;

/** Waits until `look` gives something, and says what was seen last when it never does. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) {
      return seen;
    }
    if (Date.now() > end) {
      throw new Error(`not within ${PATIENCE / 1000} s: ${what}`);
    }
    await new Promise((later) => setTimeout(later, 100));
  }
}

/** A home directory with VS Code's server, the extension in it, and programs and folders to work with. */
export class Home {
  readonly directory = mkdtempSync(join(tmpdir(), "twiceshy-web-"));
  /** The program that `twiceshy.path` names. */
  readonly program = join(this.directory, "bin", "twiceshy");
  private vsix = join(extension, "twiceshy.vsix");
  private server: ChildProcess | undefined;
  private browser: Browser | undefined;
  private log = "";

  constructor() {
    mkdirSync(join(this.directory, "bin"));
    const settings = {
      // Whoever opens a folder is not asked first, and has not trusted it.
      "security.workspace.trust.startupPrompt": "never",
      "workbench.startupEditor": "none",
      "files.autoSave": "off",
      "extensions.autoCheckUpdates": false,
    };
    this.write("data/User/settings.json", JSON.stringify(settings));
    this.write("data/Machine/settings.json", JSON.stringify({ "twiceshy.path": this.program }));
  }

  at(path: string): string {
    return join(this.directory, path);
  }

  /** Writes a file; where it stands. */
  write(path: string, text: string, mode = 0o644): string {
    const file = this.at(path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text, { mode });
    return file;
  }

  /** Writes a file that VS Code watches, until what follows from it is `seen`: now and then it overlooks a change. */
  async tell(path: string, value: object, seen: () => Promise<boolean> | boolean): Promise<void> {
    let times = 0;
    await until(`VS Code has noticed ${path}`, () => {
      if (times % 30 === 0) {
        this.write(path, JSON.stringify(value));
      }
      times += 1;
      return seen();
    });
  }

  /** Sets `twiceshy.path`, as the machine's settings do. */
  async set(program: string, seen: () => Promise<boolean> | boolean): Promise<void> {
    await this.tell("data/Machine/settings.json", { "twiceshy.path": program }, seen);
  }

  /** Puts the real program where `twiceshy.path` says. */
  install(): void {
    symlinkSync(given("TWICESHY"), this.program);
  }

  /** Puts the real program into the extension, as `server/` is packaged, and takes it from the setting. */
  bundle(): void {
    for (const path of ["dist", "package.json", "README.md", "LICENSE-MIT", ".vscodeignore"]) {
      cpSync(join(extension, path), this.at(`extension/${path}`), { recursive: true });
    }
    // As small as it can be.
    this.write("extension/server/twiceshy", `#!/bin/sh\nexec '${given("TWICESHY")}' "$@"\n`, 0o755);
    this.vsix = this.at("twiceshy.vsix");
    const vsce = spawnSync(join(extension, "node_modules/.bin/vsce"), ["package", "--no-dependencies", "--out", this.vsix], { cwd: this.at("extension"), encoding: "utf8" });
    if (vsce.status !== 0) {
      throw new Error(`the extension was not packaged: ${vsce.stdout}${vsce.stderr}`);
    }
    this.write("data/Machine/settings.json", "{}");
  }

  /** A copy of the sample as a folder called `name`. */
  shop(name = "shop"): string {
    const folder = join(this.directory, name);
    cpSync(join(top, "fixtures/shop/repo"), folder, { recursive: true });
    return folder;
  }

  /** The process ids of the servers that were started from `program`. */
  servers(): number[] {
    return this.processes(`${this.program}\0lsp`);
  }

  /** The process ids of what was started in this home by a command line that begins so. */
  processes(command: string): number[] {
    const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return ids.map(Number).filter((id) => {
      try {
        const of = (file: string) => readFileSync(`/proc/${id}/${file}`, "utf8");
        return of("cmdline").startsWith(command) && of("environ").includes(`\0HOME=${this.directory}\0`);
      } catch {
        return false;
      }
    });
  }

  /** Opens a folder, or a workspace of several, in a new window. */
  async open(folder: string): Promise<Window> {
    const directories = ["--user-data-dir", join(this.directory, "data"), "--extensions-dir", join(this.directory, "extensions")];
    const all = [...directories, "--server-data-dir", join(this.directory, "server")];
    if (!existsSync(join(this.directory, "extensions"))) {
      const installed = spawnSync(process.execPath, [code, ...all, "--install-extension", this.vsix], { encoding: "utf8" });
      if (!installed.stdout.includes("was successfully installed")) {
        throw new Error(`the extension was not installed: ${installed.stdout}${installed.stderr}`);
      }
    }
    const serve = ["--accept-server-license-terms", "--without-connection-token", "--host", "127.0.0.1", "--port", "0"];
    const env = { ...process.env, HOME: this.directory };
    const server = spawn(process.execPath, [code, ...all, ...serve], { stdio: ["ignore", "pipe", "pipe"], env });
    this.server = server;
    for (const stream of [server.stdout, server.stderr]) {
      stream.on("data", (said) => (this.log += String(said)));
    }
    const port = await until("VS Code's server listens", () => /listening on (\d+)/.exec(this.log)?.[1]);
    this.browser = await chromium.launch({
      executablePath: given("CHROMIUM"),
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    const page = await this.browser.newPage({ viewport: { width: 1500, height: 1000 } });
    page.setDefaultTimeout(PATIENCE);
    const kind = folder.endsWith(".code-workspace") ? "workspace" : "folder";
    await page.goto(`http://127.0.0.1:${port}/?${kind}=${encodeURIComponent(folder)}`);
    await page.locator(".monaco-workbench .part.statusbar").waitFor();
    return new Window(page);
  }

  /** Ends everything; of a test that failed, a picture is kept. */
  async close(picture?: string): Promise<void> {
    const page = this.browser?.contexts()[0]?.pages()[0];
    if (picture !== undefined && page !== undefined) {
      await page.screenshot({ path: picture }).catch(() => undefined);
    }
    await this.browser?.close();
    const server = this.server;
    if (server !== undefined && server.exitCode === null) {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill();
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A window, and what somebody does in it. */
export class Window {
  constructor(readonly page: Page) {}

  /** Runs a command by its name, as in the command palette. */
  async command(name: string): Promise<void> {
    await this.page.keyboard.press("F1");
    const input = this.page.locator(".quick-input-widget input[type=text]");
    await input.fill(`>${name}`);
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().click();
  }

  /** How many problems the status bar counts: errors and warnings. */
  async count(): Promise<{ errors: number; warnings: number }> {
    const label = (await this.page.locator('[id="status.problems"] a').getAttribute("aria-label")) ?? "";
    const number = (kind: string) => Number(new RegExp(`${kind}: (\\d+)`).exec(label)?.[1] ?? 0);
    return { errors: number("Errors"), warnings: number("Warnings") };
  }

  /** Waits until the status bar counts this many. */
  async counts(errors: number, warnings: number): Promise<void> {
    let seen = {};
    await until(`${errors} errors and ${warnings} warnings`, async () => {
      const count = await this.count();
      seen = count;
      return count.errors === errors && count.warnings === warnings;
    }).catch((error: Error) => {
      throw new Error(`${error.message}; there were ${JSON.stringify(seen)}`);
    });
  }

  /** The rows of the Problems panel that are about what `filter` says. */
  async problems(filter: string): Promise<Locator> {
    if (!(await this.page.locator(".markers-panel").isVisible())) {
      await this.page.locator('[id="status.problems"] a').click();
    }
    await this.page.locator(".viewpane-filter-container input").fill(filter);
    return this.page.locator(".markers-panel .monaco-list-row");
  }

  /** Opens what a row of the Problems panel is about, with the cursor there. */
  async jump(row: Locator): Promise<void> {
    await row.dblclick();
    await this.page.locator(".editor-instance .monaco-editor.focused").waitFor();
  }

  /** A message in the corner. */
  message(text: string | RegExp): Locator {
    return this.page.locator(".notification-toast", { hasText: text });
  }
}
