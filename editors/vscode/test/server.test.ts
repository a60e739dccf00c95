// The real server, spoken to with the library that VS Code's client is made of. TWICESHY names the program.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  type CodeAction,
  CodeActionRequest,
  DidOpenTextDocumentNotification,
  ExitNotification,
  InitializedNotification,
  InitializeRequest,
  PublishDiagnosticsNotification,
  type PublishDiagnosticsParams,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
  createProtocolConnection,
} from "vscode-languageserver-protocol/node";

const text = "services:\n  web:\n    image: nginx:1.27\n    depends_on: [dbb]\n  db:\n    image: redis:7\n";

test("a finding is published and its fix is what the file needs", { timeout: 60_000 }, async () => {
  const program = process.env.TWICESHY;
  assert.ok(program, "TWICESHY does not say where the program is");
  const root = mkdtempSync(join(tmpdir(), "twiceshy-"));
  writeFileSync(join(root, "compose.yml"), text);
  const uri = pathToFileURL(join(root, "compose.yml")).href;
  const rootUri = pathToFileURL(root).href;
  const server = spawn(program, ["lsp"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => server.on("exit", resolve));
  const connection = createProtocolConnection(new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin));
  const published = new Promise<PublishDiagnosticsParams>((resolve) => {
    connection.onNotification(PublishDiagnosticsNotification.type, (it) => {
      if (it.uri === uri && it.diagnostics.length > 0) {
        resolve(it);
      }
    });
  });
  connection.listen();
  await connection.sendRequest(InitializeRequest.type, {
    processId: process.pid,
    rootUri,
    workspaceFolders: [{ uri: rootUri, name: "root" }],
    capabilities: {
      textDocument: {
        publishDiagnostics: { relatedInformation: true, versionSupport: true, codeDescriptionSupport: true, dataSupport: true },
        codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix", "source.fixAll"] } } },
      },
      workspace: { workspaceEdit: { documentChanges: true } },
    },
  });
  await connection.sendNotification(InitializedNotification.type, {});
  await connection.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: "yaml", version: 1, text },
  });
  const { diagnostics } = await published;
  assert.deepEqual(diagnostics.map((it) => it.code), ["undefined-service"]);
  const actions = await connection.sendRequest(CodeActionRequest.type, {
    textDocument: { uri },
    range: diagnostics[0]!.range,
    context: { diagnostics },
  });
  const fix = (actions as CodeAction[]).find((it) => it.kind === "quickfix" && JSON.stringify(it.edit).includes('"db"'));
  assert.ok(fix, JSON.stringify(actions));
  await connection.sendRequest(ShutdownRequest.type);
  await connection.sendNotification(ExitNotification.type);
  assert.equal(await ended, 0);
});
