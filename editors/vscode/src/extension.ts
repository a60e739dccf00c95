// twiceshy in VS Code: starts `twiceshy lsp` and hands it every file.

import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";
import { find } from "./binary";

let client: LanguageClient | undefined;
let output: vscode.OutputChannel;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  output = vscode.window.createOutputChannel("twiceshy");
  const restart = async () => {
    await stop();
    await start(context);
  };
  context.subscriptions.push(
    output,
    vscode.commands.registerCommand("twiceshy.restart", restart),
    vscode.commands.registerCommand("twiceshy.showOutput", () => output.show()),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("twiceshy.path")) {
        await restart();
      }
    }),
  );
  await start(context);
}

export async function deactivate(): Promise<void> {
  await stop();
}

async function start(context: vscode.ExtensionContext): Promise<void> {
  const found = find({
    setting: vscode.workspace.getConfiguration("twiceshy").get<string>("path", ""),
    extension: context.extensionPath,
    path: process.env.PATH,
    platform: process.platform,
  });
  if ("problem" in found) {
    output.appendLine(found.problem);
    const open = "Open Settings";
    void vscode.window.showErrorMessage(found.problem, open).then(async (chosen) => {
      if (chosen === open) {
        await vscode.commands.executeCommand("workbench.action.openSettings", "twiceshy.path");
      }
    });
    return;
  }
  const server: ServerOptions = { command: found.program, args: ["lsp"] };
  const options: LanguageClientOptions = {
    // Any file can be one half of a cause.
    documentSelector: [{ scheme: "file" }],
    outputChannel: output,
  };
  client = new LanguageClient("twiceshy", "twiceshy", server, options);
  try {
    await client.start();
  } catch (error) {
    output.appendLine(`${found.program} lsp could not be started: ${String(error)}`);
    void vscode.window.showErrorMessage(`twiceshy could not be started; see its output.`);
    client = undefined;
  }
}

async function stop(): Promise<void> {
  const stopping = client;
  client = undefined;
  await stopping?.stop();
}
