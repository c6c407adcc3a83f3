// Walks the console in a headless Chromium against a running server and prints a line per check.
//
//   BASE_URL=http://127.0.0.1:9090 OUT_DIR=/tmp/shots [CHROMIUM=/usr/bin/chromium] node e2e/run.mjs
//
// The server must scrape host metrics. Exit code 1 when a check failed.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { Checks } from "./checks.mjs";
import { walk } from "./walk.mjs";

const { BASE_URL, OUT_DIR, CHROMIUM = "/usr/bin/chromium" } = process.env;
if (!BASE_URL || !OUT_DIR) {
  console.error("set BASE_URL to the server's address and OUT_DIR to a folder for screenshots");
  process.exit(2);
}
mkdirSync(OUT_DIR, { recursive: true });

const profile = mkdtempSync(join(tmpdir(), "weir-e2e-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: CHROMIUM,
  headless: true,
  viewport: { width: 1280, height: 800 },
  colorScheme: "dark",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const checks = new Checks(context.pages()[0] ?? (await context.newPage()), BASE_URL, OUT_DIR);
try {
  await walk(checks);
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
}
console.log(`${checks.passed} passed, ${checks.failed} failed`);
process.exitCode = checks.failed === 0 ? 0 : 1;
