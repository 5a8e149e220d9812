// The rooms in a real browser, against a new installation:
// `node test/rooms.mjs BASE_URL SHOTS_DIR SETUP_LINK INDELIBLE ISSUER`. The product knows the provider
// `house` at ISSUER, which is started here, by the client secret in PROVIDER_SECRET.
//
// The newcomer's story: the printed link makes an administrator, who invites an analyst, who signs in
// with a code from the mail page, adds a passkey, signs in with it, makes a token and uses it; every
// act stands in the trail with a proof that `indelible verify` accepts. BASE_URL is at localhost:
// browsers offer passkeys there. BROWSER names another Chromium than /usr/bin/chromium.
import { chromium } from "playwright-core";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProvider } from "./provider.mjs";

const [base, shots, setup, program, issuer] = process.argv.slice(2);
if (!issuer) {
  console.error("usage: node test/rooms.mjs BASE_URL SHOTS_DIR SETUP_LINK INDELIBLE ISSUER");
  process.exit(2);
}
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const scratch = mkdtempSync(join(tmpdir(), "indelible-rooms-"));
mkdirSync(shots, { recursive: true });

let passed = 0;
const failures = [];
async function check(name, run) {
  try {
    const complaint = await run();
    if (complaint) throw new Error(complaint);
    passed++;
    console.log(`ok      ${name}`);
  } catch (error) {
    failures.push(name);
    console.log(`FAILED  ${name}: ${String(error.message ?? error).split("\n").slice(0, 12).join("\n        ")}`);
  }
}

const browser = await chromium.launch({
  executablePath: process.env.BROWSER ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"],
});
const MODES = {
  day: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  night: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true, hasTouch: true },
};
const PASSWORD = "correct horse battery staple";

async function open(mode = "day", more = {}) {
  const context = await browser.newContext({ ...MODES[mode], acceptDownloads: true, ...more });
  const page = await context.newPage();
  const wrong = [];
  // What the provider's own pages do is the provider's affair.
  const isOurs = () => !page.url().startsWith(issuer);
  page.on("console", (m) => m.type() === "error" && isOurs() && wrong.push(`console: ${m.text()} at ${page.url()}`));
  page.on("pageerror", (e) => isOurs() && wrong.push(`script: ${e.message}`));
  page.on("request", (r) => isOurs() && !r.url().startsWith(base) && !r.url().startsWith(issuer) && !/^(data|blob):/.test(r.url()) && wrong.push(`left the origin: ${r.url()}`));
  return { context, page, wrong };
}

async function faults(page) {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const client = await page.context().newCDPSession(page);
  await client.send("Runtime.evaluate", { expression: axe });
  const { result } = await client.send("Runtime.evaluate", {
    expression: "axe.run(document, { resultTypes: ['violations'] }).then((r) => JSON.stringify(r.violations.map((v) => [v.id, v.nodes.map((n) => n.target.join(' ') + ': ' + n.failureSummary)])))",
    awaitPromise: true,
    returnByValue: true,
  });
  return JSON.parse(result.value).map(([id, nodes]) => `${page.url()} ${id}: ${nodes.slice(0, 3).join(" | ")}`);
}

const send = (page, action) => page.locator(`form[action="${action}"] button[type=submit]`).first().click();

const ada = await open();
await check("the printed link makes an administrator", async () => {
  const { page, wrong } = ada;
  await page.goto(setup);
  wrong.push(...(await faults(page)));
  await page.fill("#f-name", "Ada Lovelace");
  await page.fill("#f-email", "ada@example.org");
  await page.fill("#f-password", PASSWORD);
  await Promise.all([page.waitForURL(`${base}/admin`), page.locator("form .button").first().click()]);
  await page.getByText("The installation is yours").waitFor();
  await page.locator("live-figures.on").waitFor();
  return wrong.join("\n");
});

await check("she invites an analyst", async () => {
  const { page, wrong } = ada;
  await page.goto(`${base}/admin/invitations`);
  await page.fill("#f-email", "grace@example.org");
  await page.locator("input[name=roles][value='4']").uncheck();
  await page.locator("input[name=roles][value='2']").check();
  await send(page, "/admin/invitations");
  await page.getByText("is invited").waitFor();
  return wrong.join("\n");
});

/** The newest letter's text, as the mail page shows it. */
async function letter(about) {
  const { page } = ada;
  for (let i = 0; i < 50; i++) {
    await page.goto(`${base}/admin/notices?q=grace`);
    const line = page.locator("tbody tr", { hasText: about }).first();
    if (await line.count()) {
      await line.locator("a").click();
      await page.locator("iframe.preview").waitFor();
      return page.locator("pre.note").first().innerText();
    }
  }
  throw new Error(`no letter about ${about}`);
}

const grace = await open();
await check("the analyst accepts, signs out, and signs in with a code from the mail page", async () => {
  const { page, wrong } = grace;
  const link = /http:\/\/\S+\/invitation\/\w+/.exec(await letter("nvit"))?.[0];
  await page.goto(link);
  await page.fill("#f-name", "Grace Hopper");
  await page.fill("#f-password", PASSWORD);
  await Promise.all([page.waitForURL(`${base}/account`), page.locator("form .button").first().click()]);
  await send(page, "/sign-out");
  await page.getByText("You are signed out").waitFor();
  await page.fill("#f-code-email", "grace@example.org");
  await send(page, "/sign-in/send-code");
  await page.getByText("Look into your mail").waitFor();
  const code = /\b\d{6}\b/.exec(await letter("ode"))?.[0];
  await page.fill("#f-code", code);
  await Promise.all([page.waitForURL(`${base}/account`), send(page, "/sign-in/code")]);
  return [...wrong, ...ada.wrong].join("\n");
});

await check("she adds a passkey and signs in with it", async () => {
  const { page, wrong } = grace;
  const client = await page.context().newCDPSession(page);
  await client.send("WebAuthn.enable");
  await client.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  await page.goto(`${base}/account/security`);
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.locator("tbody tr").first().waitFor();
  await page.screenshot({ path: join(shots, "security-day.png"), fullPage: true });
  await send(page, "/sign-out");
  await page.waitForURL(/sign-in/);
  await Promise.all([page.waitForURL(`${base}/account`), page.getByRole("button", { name: "Sign in with a passkey" }).click()]);
  return wrong.join("\n");
});

/** Fills in the provider's own pages, until the browser is back with us. */
async function atTheHouse(page, name) {
  const login = page.locator("input[name=login]");
  const consent = page.getByRole("button", { name: "Continue" });
  await login.or(consent).first().waitFor();
  if (await login.count()) {
    await login.fill(name);
    await page.fill("input[name=password]", "anything");
    await page.locator("button[type=submit]").click();
  }
  await consent.waitFor();
  await consent.click();
  await page.waitForURL((url) => url.href.startsWith(base));
}

/** What an authenticator app shows for a key at a time (RFC 6238: SHA-1, six digits, 30 s). */
function totp(key, at = Date.now()) {
  const letters = [...key.replaceAll(/\s/g, "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c));
  const bits = letters.map((n) => n.toString(2).padStart(5, "0")).join("");
  const bytes = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
  const mac = createHmac("sha1", bytes).update(step).digest();
  const from = mac[19] & 15;
  return String((mac.readUInt32BE(from) & 0x7fffffff) % 1000000).padStart(6, "0");
}

await check("an authenticator app is her second factor, and a recovery code opens once", async () => {
  const { page, wrong } = grace;
  await page.goto(`${base}/account/security`);
  await send(page, "/account/totp");
  const key = await page.locator("pre.note").first().innerText();
  await page.fill("#f-code", totp(key));
  await page.screenshot({ path: join(shots, "totp-day.png"), fullPage: true });
  await send(page, "/account/totp/confirm");
  await page.getByText("The authenticator app is on").waitFor();
  const recovery = await page.locator("main li code").first().innerText();
  const withPassword = async () => {
    await send(page, "/sign-out");
    await page.waitForURL(/sign-in/);
    await page.fill("#f-email", "grace@example.org");
    await page.fill("#f-password", PASSWORD);
    await send(page, "/sign-in");
    await page.locator("#f-code").waitFor();
  };
  await withPassword();
  await page.screenshot({ path: join(shots, "second-day.png"), fullPage: true });
  await page.fill("#f-recovery", recovery);
  await Promise.all([page.waitForURL(`${base}/account`), page.getByRole("button", { name: "Use a recovery code" }).click()]);
  await withPassword();
  await page.fill("#f-recovery", recovery);
  await page.getByRole("button", { name: "Use a recovery code" }).click();
  await page.locator("[aria-invalid=true], .wrong").first().waitFor();
  // A code is good once too: the next step's, which an app's clock may already show.
  await page.fill("#f-code", totp(key, Date.now() + 30000));
  await Promise.all([page.waitForURL(`${base}/account`), page.locator("form:has(#f-code) button[type=submit]").click()]);
  await page.goto(`${base}/account/security`);
  await send(page, "/account/totp/remove");
  await page.locator("form[action='/account/totp']").waitFor();
  // The browser tells of every refusal; those above were asked for.
  return wrong.splice(0).filter((w) => !/status of 4\d\d/.test(w)).join("\n");
});

await check("a forgotten password is replaced by a link from the mail, once", async () => {
  const { context, page, wrong } = await open();
  await page.goto(`${base}/reset`);
  await page.fill("#f-email", "grace@example.org");
  await send(page, "/reset");
  const link = /http:\/\/\S+\/reset\/\w+/.exec(await letter("password"))?.[0];
  await page.goto(link);
  await page.fill("#f-password", `${PASSWORD} again`);
  await page.locator("form .button").first().click();
  await page.waitForURL(/sign-in/);
  const again = await page.goto(link);
  if (again.status() < 400) wrong.push("the link opens twice");
  await context.close();
  // Every session of hers ended: she signs in anew, with what she has.
  await grace.page.goto(`${base}/account`);
  await grace.page.waitForURL(/sign-in/);
  await Promise.all([grace.page.waitForURL(`${base}/account`), grace.page.getByRole("button", { name: "Sign in with a passkey" }).click()]);
  return [...wrong, ...grace.wrong].filter((w) => !/status of 4\d\d/.test(w)).join("\n");
});

const stopProvider = await startProvider(issuer, base, "house", process.env.PROVIDER_SECRET);
await check("she links an account at an OpenID provider and signs in with it", async () => {
  const { page, wrong } = grace;
  await page.goto(`${base}/account/security`);
  await page.getByRole("link", { name: "Link House" }).click();
  await atTheHouse(page, "grace");
  await page.getByText("grace@example.org").first().waitFor();
  await page.screenshot({ path: join(shots, "linked-day.png"), fullPage: true });
  await send(page, "/sign-out");
  await page.waitForURL(/sign-in/);
  // The provider still knows her: no page of theirs comes between.
  await Promise.all([page.waitForURL(`${base}/account`), page.getByRole("link", { name: "House" }).click()]);
  await page.goto(`${base}/account/sessions`);
  return wrong.join("\n");
});

await check("who has no account here is turned away with the reason, and it is recorded", async () => {
  const { context, page } = await open();
  for (const [name, reason] of [["ada", "link"], ["newton", "account"]]) {
    await context.clearCookies();
    await page.goto(`${base}/sign-in`);
    await page.getByRole("link", { name: "House" }).click();
    await atTheHouse(page, name);
    const said = await page.locator("main").innerText();
    if (!said.toLowerCase().includes(reason)) return `${name} reads: ${said}`;
    if (new URL(page.url()).pathname === "/account") return `${name} got in`;
  }
  // An answer is good once.
  const spent = page.url();
  await page.goto(spent);
  if (new URL(page.url()).pathname === "/account") return "a spent answer opens an account";
  await context.close();
  await ada.page.goto(`${base}/admin/audit?act=sign-in.failed`);
  if ((await ada.page.locator("tbody tr").count()) < 1) return "the trail knows nothing of a spent answer";
  return ada.wrong.join("\n");
});
await stopProvider();

await check("her token does what it may and no more, and refusals are recorded", async () => {
  const { page, wrong } = grace;
  await page.goto(`${base}/account/tokens`);
  await page.fill("#f-note", "story");
  await page.locator("input[name=may][value='overview.read']").check();
  await send(page, "/account/tokens");
  const token = await page.locator(".secret code").innerText();
  const ask = (path, more = {}) => fetch(base + path, { headers: { authorization: `Bearer ${token}`, accept: "application/json" }, ...more });
  const me = await (await ask("/api/v1/account")).json();
  if (me.email !== "grace@example.org") wrong.push(`the token is ${JSON.stringify(me)}`);
  if ((await ask("/api/v1/users")).status !== 403) wrong.push("the token reads all accounts");
  await page.goto(`${base}/admin/users`);
  await page.getByText("users.read").waitFor();
  await ada.page.goto(`${base}/admin/audit?act=access.refused`);
  if ((await ada.page.locator("tbody tr").count()) < 2) wrong.push("the refusals are not in the trail");
  return wrong.filter((w) => !/status of 403/.test(w)).join("\n");
});

await check("an entry of the trail is sealed, and `indelible verify` accepts its proof", async () => {
  const { page, context, wrong } = ada;
  await page.goto(`${base}/admin/audit?act=token.make`);
  for (let i = 0; i < 100 && !(await page.getByText("Sealed in interval").count()); i++) await page.reload();
  await page.screenshot({ path: join(shots, "audit-day.png"), fullPage: true });
  await page.locator("tbody tr a").first().click();
  await page.getByText("Check it yourself").waitFor();
  const [entry, proof] = await Promise.all(
    ["Download the entry", "Download the proof"].map(async (name) => {
      const href = await page.getByRole("link", { name }).getAttribute("href");
      const file = join(scratch, name === "Download the entry" ? "entry.json" : "entry.tlog-proof");
      writeFileSync(file, await (await context.request.get(base + href)).body());
      return file;
    }),
  );
  const key = (await (await fetch(`${base}/log/key`)).text()).trim();
  const verified = spawnSync(program, ["verify", entry, proof, "--key", key], { encoding: "utf8" });
  if (verified.status !== 0) wrong.push(`verify: ${verified.stdout}${verified.stderr}`);
  writeFileSync(entry, readFileSync(entry, "utf8").replace("token.make", "token.mako"));
  if (spawnSync(program, ["verify", entry, proof, "--key", key]).status === 0) wrong.push("a changed entry is accepted");
  return wrong.join("\n");
});

await check("lists are walked by keyboard, and the palette goes anywhere", async () => {
  const { page, wrong } = ada;
  await page.goto(`${base}/admin/audit`);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await Promise.all([page.waitForURL(/admin\/audit\/\d+$/), page.keyboard.press("Enter")]);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("api tok");
  await page.screenshot({ path: join(shots, "palette-day.png") });
  await Promise.all([page.waitForURL(`${base}/account/tokens`), page.keyboard.press("Enter")]);
  return wrong.join("\n");
});

const PAGES = ["/admin", "/admin/audit", "/admin/users", "/admin/users/1", "/admin/invitations", "/admin/roles", "/admin/roles/2", "/admin/sessions", "/admin/tokens", "/admin/jobs", "/admin/notices", "/admin/config", "/admin/keys", "/account", "/account/security", "/account/sessions", "/account/tokens", "/account/data", "/account/confirm"];
for (const mode of Object.keys(MODES)) {
  await check(`every room by ${mode} is whole, and axe finds nothing`, async () => {
    const { context, page, wrong } = await open(mode, { storageState: await ada.context.storageState() });
    for (const path of PAGES) {
      const answer = await page.goto(base + path);
      if (answer.status() !== 200) wrong.push(`${path} answers ${answer.status()}`);
      wrong.push(...(await faults(page)));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) wrong.push(`${path} is ${wide} px too wide`);
      await page.screenshot({ path: join(shots, `room${path.replaceAll("/", "-")}-${mode}.png`), fullPage: true });
    }
    await context.close();
    const stranger = await open(mode);
    for (const path of ["/sign-in", "/reset", "/sign-up"]) {
      await stranger.page.goto(base + path);
      stranger.wrong.push(...(await faults(stranger.page)));
      await stranger.page.screenshot({ path: join(shots, `door${path.replaceAll("/", "-")}-${mode}.png`), fullPage: true });
    }
    await stranger.context.close();
    return [...wrong, ...stranger.wrong].join("\n");
  });
}

await browser.close();
rmSync(scratch, { recursive: true, force: true });
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);
