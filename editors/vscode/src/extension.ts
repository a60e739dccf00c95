// twiceshy in VS Code: starts `twiceshy lsp` and hands it every file.

import { homedir } from "node:os";
import * as vscode from "vscode";
import { find } from "./binary";
import { Server } from "./server";

let server: Server | undefined;
let output: vscode.OutputChannel;
/** The last start: they come one after the other, */
let turn = Promise.resolve();
/** and of those that wait, only the newest comes. */
let newest = 0;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  output = vscode.window.createOutputChannel("twiceshy");
  const again = () => restart(context);
  context.subscriptions.push(
    output,
    vscode.commands.registerCommand("twiceshy.restart", again),
    vscode.commands.registerCommand("twiceshy.showOutput", () => output.show()),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("twiceshy.path")) {
        await again();
      }
    }),
  );
  await again();
}

export async function deactivate(): Promise<void> {
  newest += 1;
  await server?.stop();
}

async function restart(context: vscode.ExtensionContext): Promise<void> {
  newest += 1;
  const mine = newest;
  // At once: one that does not answer would hold up whoever waits for its turn.
  const stopping = server?.stop();
  server = undefined;
  turn = turn.then(async () => {
    await stopping;
    if (mine === newest) {
      await start(context);
    }
  });
  await turn;
}

async function start(context: vscode.ExtensionContext): Promise<void> {
  const found = find({
    setting: vscode.workspace.getConfiguration("twiceshy").get<string>("path", ""),
    extension: context.extensionPath,
    path: process.env.PATH,
    home: homedir(),
    platform: process.platform,
  });
  if ("problem" in found) {
    tell(context, found.problem);
    return;
  }
  const starting = new Server(found.program, output, () => tell(context, "twiceshy has crashed 5 times in 3 minutes and is not started again."));
  server = starting;
  try {
    await starting.start();
  } catch (error) {
    // Whoever stopped it has no need to be told.
    if (server === starting) {
      server = undefined;
      tell(context, `${found.program} lsp could not be started.`, error);
    }
  }
}

/** Says what keeps twiceshy from running, and what can be done about it. */
function tell(context: vscode.ExtensionContext, problem: string, error?: unknown): void {
  output.appendLine(error === undefined ? problem : `${problem} ${String(error)}`);
  const choices: Record<string, () => unknown> = {
    "Try Again": () => restart(context),
    "Open Settings": () => vscode.commands.executeCommand("workbench.action.openSettings", "twiceshy.path"),
    "Show Output": () => output.show(),
  };
  void vscode.window.showErrorMessage(problem, ...Object.keys(choices)).then((chosen) => choices[chosen ?? ""]?.());
}
