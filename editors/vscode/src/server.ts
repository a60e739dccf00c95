// One server: the process and what talks to it, and how to be rid of both in whatever state they are.

import { type ChildProcess, spawn } from "node:child_process";
import type { OutputChannel } from "vscode";
import { CloseAction, type ErrorHandler, LanguageClient } from "vscode-languageclient/node";

export class Server {
  private readonly client: LanguageClient;
  private process: ChildProcess | undefined;
  private isUp = false;
  private isWanted = true;

  /** `hasGivenUp` is told when it has crashed so often that it is not started again. */
  constructor(
    program: string,
    output: OutputChannel,
    private readonly hasGivenUp: () => void,
  ) {
    this.client = new Client("twiceshy", "twiceshy", () => this.launch(program), {
      // Any file can be one half of a cause.
      documentSelector: [{ scheme: "file" }],
      outputChannel: output,
      initializationFailedHandler: () => false,
      errorHandler: this.errors(),
    });
  }

  /** Starts it; ends when it has answered, or with what is wrong. */
  async start(): Promise<void> {
    try {
      await this.client.start();
      this.isUp = true;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends it, in whatever state it is. */
  async stop(): Promise<void> {
    this.isWanted = false;
    if (!this.isUp) {
      // The client cannot be stopped while it starts, nor after that has failed: whoever waits for an answer gets none.
      this.process?.kill("SIGKILL");
      return;
    }
    try {
      await this.client.stop();
    } catch {
      // It did not answer in time, or is just being started again; the client has said so in the output.
    } finally {
      this.process?.kill("SIGKILL");
    }
  }

  private launch(program: string): Promise<ChildProcess> {
    return new Promise((resolve, reject) => {
      if (!this.isWanted) {
        reject(new Error("it is not wanted any more"));
        return;
      }
      const child = spawn(program, ["lsp"], { stdio: "pipe", windowsHide: true });
      this.process = child;
      child.once("error", reject);
      child.once("spawn", () => resolve(child));
    });
  }

  private errors(): ErrorHandler {
    let usual: ErrorHandler | undefined;
    // Made only when it is needed: the client is not there yet.
    const asUsual = () => (usual ??= this.client.createDefaultErrorHandler());
    return {
      error: (error, message, count) => asUsual().error(error, message, count),
      // A server that was up and crashed is started again, up to a point. What never was up would not be the next time.
      closed: async () => {
        if (!this.isUp || !this.isWanted) {
          return { action: CloseAction.DoNotRestart, handled: true };
        }
        const result = await asUsual().closed();
        if (result.action === CloseAction.DoNotRestart) {
          this.hasGivenUp();
        }
        return { ...result, handled: true };
      },
    };
  }
}

/** What goes wrong is said once, by who can say what to do about it; the client's own words go to the output. */
class Client extends LanguageClient {
  override error(message: string, data?: unknown, _show?: boolean | "force"): void {
    super.error(message, data, false);
  }
}
