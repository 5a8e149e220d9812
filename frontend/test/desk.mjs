// The desk in a real browser, against the real program and stand-ins of the services it asks:
// `node test/desk.mjs BASE_URL SHOTS_DIR E-MAIL PASSWORD INDELIBLE`, while `indelible demo` runs.
//
// An analyst's story: a paragraph of a report is pasted, its indicators are recognised, those that
// matter are looked up, answers stream in, one is opened: the verdict with its reasons, since when,
// the evidence with its proof, which `indelible verify` accepts offline; looked at again, it shows the
// difference. Then every page of the desk by day, night and at phone width, with axe, and the same
// story without script. BROWSER names another Chromium than /usr/bin/chromium.
import { chromium } from "playwright-core";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [base, shots, email, password, program] = process.argv.slice(2);
if (!program) {
  console.error("usage: node test/desk.mjs BASE_URL SHOTS_DIR E-MAIL PASSWORD INDELIBLE");
  process.exit(2);
}
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const scratch = mkdtempSync(join(tmpdir(), "indelible-desk-"));
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
    console.log(`FAILED  ${name}: ${String(error.message ?? error).split("\n").slice(0, 14).join("\n        ")}`);
  }
}

const browser = await chromium.launch({
  executablePath: process.env.BROWSER ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const MODES = {
  day: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  night: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true, hasTouch: true },
};

async function open(mode = "day", more = {}) {
  const context = await browser.newContext({ ...MODES[mode], acceptDownloads: true, ...more });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (m) => m.type() === "error" && wrong.push(`console: ${m.text()} at ${page.url()}`));
  page.on("pageerror", (e) => wrong.push(`script: ${e.message} at ${page.url()}`));
  page.on("request", (r) => !r.url().startsWith(base) && !/^(data|blob):/.test(r.url()) && wrong.push(`left the origin: ${r.url()}`));
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

/** A picture, after what moves has come to rest. */
async function shoot(page, name) {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

const send = (scope, action) => scope.locator(`form[action="${action}"] button[type=submit]`).first().click();
const path = (page) => new URL(page.url()).pathname;

/** Of the documentation ranges, as stand-ins know them; all disguised as reports do it. */
const REPORT = `On 21 November a mail from victim[@]example[.]com led to hxxp://evil[.]example[.]com/payload.
The loader came from 192.0.2[.]7 (also 2001:db8::7); its SHA-256 is
2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824, its MD5 5d41402abc4b2a76b9719d911017c592.
Names were resolved by 192.0.2.53. The hole is CVE-2026-12345.`;
const FOUND = [
  "IPV4 192.0.2.7",
  "IPV4 192.0.2.53",
  "IPV6 2001:db8::7",
  "URL http://evil.example.com/payload",
  "DOMAIN evil.example.com",
  "EMAIL victim@example.com",
  "MD5 5d41402abc4b2a76b9719d911017c592",
  "SHA256 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
  "CVE CVE-2026-12345",
];

const ada = await open();
/** Her page, with nothing wrong on it yet. */
const wrongs = () => {
  ada.wrong.length = 0;
  return ada;
};
await check("she signs in, and the desk is hers", async () => {
  const { page, wrong } = wrongs();
  await page.goto(`${base}/sign-in?next=%2Fdesk`);
  await page.fill("#f-email", email);
  await page.fill("#f-password", password);
  await Promise.all([page.waitForURL(/\/desk$/), page.locator("form .button").first().click()]);
  await page.getByText("What you paste is read here").waitFor();
  wrong.push(...(await faults(page)));
  await shoot(page, "desk-empty-day");
  return wrong.join("\n");
});

await check("a paragraph is pasted, and its indicators are recognised", async () => {
  const { page, wrong } = wrongs();
  await page.fill("#paste-text", REPORT);
  await page.locator("input[name=pick]").first().waitFor();
  const picks = await page.locator("input[name=pick]").evaluateAll((all) => all.map((one) => one.value));
  for (const expected of FOUND) if (!picks.includes(expected)) wrong.push(`${expected} is not found among ${picks.join(", ")}`);
  const shown = await page.locator("#hits .value").allInnerTexts();
  for (const value of shown) if (/https?:\/\/|\d\.\d/.test(value)) wrong.push(`${value} is shown live`);
  wrong.push(...(await faults(page)));
  await shoot(page, "desk-found-day");
  return wrong.join("\n");
});

await check("a stricter label keeps sources from seeing it", async () => {
  const { page, wrong } = wrongs();
  const open = () => page.locator(".watcher input:not([disabled])").count();
  await page.locator("input[name=tlp][value=CLEAR]").check({ force: true });
  const all = await open();
  await page.locator("input[name=tlp][value=RED]").check({ force: true });
  const few = await open();
  if (!(few < all)) wrong.push(`${few} of ${all} sources stay at TLP:RED`);
  await shoot(page, "desk-red-day");
  await page.locator("input[name=tlp][value=AMBER]").check({ force: true });
  return wrong.join("\n");
});

let request = "";
await check("one is looked up: answers stream in, the weightiest first", async () => {
  const { page, wrong } = wrongs();
  await page.locator("[data-choose=none]").click();
  await page.locator('input[name=pick][value="IPV4 192.0.2.7"]').check();
  if (!/this one at \d+ source/.test(await page.locator("[data-ask]").innerText())) wrong.push("the button does not say what it does");
  await Promise.all([page.waitForURL(/\/desk\/requests\/\d+$/), page.locator("[data-ask]").click()]);
  request = path(page);
  await page.locator(".card").first().waitFor();
  await page.locator(".judged.malicious").waitFor();
  await page.locator("look-up[data-over]").waitFor({ timeout: 60_000 });
  const weights = await page.locator(".card").evaluateAll((cards) => cards.map((card) => Number(card.dataset.weight)));
  if (weights.length < 5) wrong.push(`only ${weights.length} answers`);
  if (weights.some((weight, i) => i > 0 && weight > weights[i - 1])) wrong.push(`not in order: ${weights}`);
  if (await page.locator(".awaited li").count()) wrong.push("somebody is still awaited");
  if (!/source/.test(await page.locator(".judged .why").innerText())) wrong.push("no reason is given");
  wrong.push(...(await faults(page)));
  await shoot(page, "request-day");
  return wrong.join("\n");
});

await check("its evidence and proof are taken away, and `indelible verify` accepts them offline", async () => {
  const { page, context, wrong } = wrongs();
  await page.goto(base + request);
  const card = page.locator(".card", { has: page.locator("a", { hasText: /^Proof$/ }) }).first();
  for (let i = 0; i < 100 && !(await card.count()); i++) await page.reload();
  await card.locator("summary").first().click();
  await shoot(page, "request-open-day");
  const files = {};
  for (const name of ["Evidence", "Proof"]) {
    const link = card.getByRole("link", { name, exact: true });
    const body = await (await context.request.get(base + (await link.getAttribute("href")))).body();
    files[name] = join(scratch, await link.getAttribute("download"));
    writeFileSync(files[name], body);
  }
  const key = (await (await fetch(`${base}/log/key`)).text()).trim();
  const verify = () => spawnSync(program, ["verify", files.Evidence, files.Proof, "--key", key], { encoding: "utf8" });
  const verified = verify();
  if (verified.status !== 0) wrong.push(`verify: ${verified.stdout}${verified.stderr}`);
  const evidence = readFileSync(files.Evidence, "utf8");
  if (!evidence.includes('"value":"192.0.2.7"')) wrong.push(`the evidence is ${evidence.slice(0, 200)}`);
  writeFileSync(files.Evidence, evidence.replace("192.0.2.7", "192.0.2.8"));
  if (verify().status === 0) wrong.push("changed evidence is accepted");
  return wrong.join("\n");
});

await check("looked at again, the history says since when and shows the difference", async () => {
  const { page, wrong } = wrongs();
  const look = async () => {
    await page.locator("look-up[data-over]").waitFor({ timeout: 60_000 });
    await Promise.all([page.waitForURL((url) => url.pathname !== request && /\/desk\/requests\/\d+$/.test(url.pathname)), page.getByRole("button", { name: /Look again/ }).click()]);
    request = path(page);
    await page.locator("look-up[data-over]").waitFor({ timeout: 60_000 });
  };
  await page.goto(`${base}/desk?q=198.51.100.99`);
  await page.locator("[data-choose=all]").click();
  await Promise.all([page.waitForURL(/\/desk\/requests\/\d+$/), page.locator("[data-ask]").click()]);
  request = path(page);
  await look();
  await page.getByRole("link", { name: /What was known when/ }).click();
  await page.waitForURL(/\/desk\/indicators\/IPV4\/198\.51\.100\.99$/);
  await page.getByText("Held since").waitFor();
  await page.locator(".changes ins").first().waitFor();
  if (!(await page.locator(".lanes .dot").count())) wrong.push("nothing is drawn");
  wrong.push(...(await faults(page)));
  await shoot(page, "indicator-day");
  return wrong.join("\n");
});

await check("it is watched, and the watch is listed and ended", async () => {
  const { page, wrong } = wrongs();
  await page.selectOption("#f-every", "6");
  await send(page, "/desk/watches");
  await page.getByText("You watch it").waitFor();
  await page.goto(`${base}/desk/watches`);
  await page.locator("tbody tr").first().waitFor();
  await shoot(page, "watches-day");
  await send(page, "/desk/watches/end");
  await page.getByText("Nothing is watched").waitFor();
  return wrong.join("\n");
});

await check("all of the report is looked up as a bulk, whose progress is live", async () => {
  const { page, wrong } = wrongs();
  await page.goto(`${base}/desk`);
  await page.fill("#paste-text", REPORT);
  await page.locator("input[name=pick]").first().waitFor();
  await page.locator("[data-choose=all]").click();
  await Promise.all([page.waitForURL(/\/desk\/bulks\/\d+$/), page.locator("[data-ask]").click()]);
  // Quotas make it wait for minutes; what has come by then is seen without a reload.
  await page.locator("tr .vstate.malicious").first().waitFor({ timeout: 60_000 });
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText(/paused, \d+ left|done/).first().waitFor();
  wrong.push(...(await faults(page)));
  await shoot(page, "bulk-day");
  const go = page.getByRole("button", { name: "Go on" });
  if (await go.count()) {
    await go.click();
    await page.getByText(/running, \d+ left|done/).first().waitFor();
    await page.getByRole("button", { name: /Stop for good/ }).click();
    await page.getByText("stopped").first().waitFor();
  }
  return wrong.join("\n");
});

await check("a link shows one lookup to a stranger, and nothing else", async () => {
  const { page, wrong } = wrongs();
  await page.goto(base + request);
  await send(page, `${request}/share`);
  const link = await page.locator(".secret code").innerText();
  const stranger = await open("day");
  const answer = await stranger.page.goto(base + new URL(link).pathname);
  if (answer.status() !== 200) wrong.push(`the link answers ${answer.status()}`);
  if (!/noindex/.test(answer.headers()["x-robots-tag"] ?? "")) wrong.push("it may be indexed");
  await stranger.page.locator(".judged").waitFor();
  if (await stranger.page.getByText("Ada").count()) wrong.push("it names who asked");
  stranger.wrong.push(...(await faults(stranger.page)));
  await shoot(stranger.page, "shared-day");
  if ((await stranger.page.goto(base + request)).url().indexOf("/sign-in") < 0) wrong.push("a stranger reads the desk");
  await stranger.context.close();
  await page.goto(base + request);
  await send(page, `${request}/unshare`);
  const after = await fetch(base + new URL(link).pathname, { headers: { accept: "text/html" } });
  if (after.status !== 410) wrong.push(`taken back it answers ${after.status}`);
  return [...wrong, ...stranger.wrong].join("\n");
});

await check("a source is described, tried on a recorded answer, changed and rolled back", async () => {
  const { page, wrong } = wrongs();
  await page.goto(`${base}/desk/sources/new`);
  await page.fill("#f-indicator", "192.0.2.7");
  await page.fill("#try-body", JSON.stringify({ count: 12, last_seen: "2026-11-20" }));
  await page.getByRole("button", { name: "Try it first" }).click();
  await page.getByText("blocked 12 times").waitFor();
  wrong.push(...(await faults(page)));
  await shoot(page, "source-tried-day");
  const text = await page.locator("#definition-text").inputValue();
  await page.fill("#definition-text", text.replace('"at_least": 10', '"at_leest": 10'));
  await page.getByRole("button", { name: "Make the source" }).click();
  await page.locator(".faults").waitFor();
  await page.fill("#definition-text", text);
  await Promise.all([page.waitForURL(/\/desk\/sources\/our-own-blocklist$/), page.getByRole("button", { name: "Make the source" }).click()]);
  await page.goto(`${base}/desk/sources/our-own-blocklist/edit`);
  await page.fill("#f-note", "surer now");
  await page.fill("#definition-text", text.replace('"confidence": 70', '"confidence": 80'));
  await page.getByRole("button", { name: "Save as a new version" }).click();
  await page.getByText("surer now").waitFor();
  await page.getByRole("link", { name: /Version 2/ }).click();
  await page.locator(".changes ins", { hasText: "80" }).waitFor();
  await page.goBack();
  await page.getByRole("button", { name: /Go back to it/ }).first().click();
  await page.getByText("back to version 1").waitFor();
  await shoot(page, "source-day");
  await page.getByRole("button", { name: /Delete it/ }).click();
  await page.waitForURL(/\/desk\/sources$/);
  return wrong.filter((w) => !/status of 422/.test(w)).join("\n");
});

await check("a secret is kept, put into its slot, and never shown", async () => {
  const { page, wrong } = wrongs();
  const secret = "never-to-be-shown-again-42";
  await page.goto(`${base}/desk/secrets`);
  await page.fill("#f-name", "A key of the story");
  await page.fill("#f-value", secret);
  await send(page, "/desk/secrets");
  await page.getByText("A key of the story").waitFor();
  for (const at of ["/desk/secrets", "/desk/sources/abuseipdb", "/admin/audit"]) {
    await page.goto(base + at);
    if ((await page.content()).includes(secret)) wrong.push(`${at} shows it`);
  }
  await page.goto(`${base}/desk/secrets`);
  await page.getByRole("link", { name: "A key of the story" }).click();
  await page.getByRole("button", { name: /Delete it/ }).click();
  await page.waitForURL(/\/desk\/secrets$/);
  return wrong.join("\n");
});

await check("what is on an ignore list is not asked about", async () => {
  const { page, wrong } = wrongs();
  await page.goto(`${base}/desk/lists`);
  await page.fill("#f-name", "Ours");
  await Promise.all([page.waitForURL(/\/desk\/lists\/\d+$/), send(page, "/desk/lists")]);
  const list = path(page);
  await page.fill("#f-lines", "ours[.]example[.]com");
  await send(page, `${list}/add`);
  await page.locator("tbody .value").first().waitFor();
  await page.goto(`${base}/desk?q=www.ours.example.com`);
  await page.locator("[data-choose=all]").click();
  await Promise.all([page.waitForURL(/\/desk\/requests\/\d+$/), page.locator("[data-ask]").click()]);
  await page.locator("look-up[data-over]").waitFor();
  if (await page.locator(".card").count()) wrong.push("somebody was asked");
  await page.locator(".skipped summary").click();
  await page.getByText("an ignore list has the value").first().waitFor();
  await page.goto(base + list);
  await send(page, `${list}/delete`);
  return wrong.join("\n");
});

await check("lists of the desk are walked by keyboard", async () => {
  const { page, wrong } = wrongs();
  await page.goto(`${base}/desk/history`);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await Promise.all([page.waitForURL(/\/desk\/requests\/\d+$/), page.keyboard.press("Enter")]);
  await page.goto(base + request);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  if (!(await page.locator(".card details[open]").count())) wrong.push("Enter opens no answer");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("stat");
  await Promise.all([page.waitForURL(`${base}/desk/statistics`), page.keyboard.press("Enter")]);
  return wrong.join("\n");
});

await check("the story goes without script", async () => {
  const { context, page, wrong } = await open("phone", { storageState: await ada.context.storageState(), javaScriptEnabled: false });
  await page.goto(`${base}/desk`);
  await page.fill("#paste-text", REPORT);
  await page.getByRole("button", { name: "Find the indicators" }).click();
  for (const pick of await page.locator("input[name=pick]").all()) await pick.uncheck();
  await page.locator('input[name=pick][value="DOMAIN evil.example.com"]').check();
  await shoot(page, "desk-without-script-phone");
  await page.getByRole("button", { name: "Look up" }).click();
  await page.waitForURL(/\/desk\/requests\/\d+$/);
  for (let i = 0; i < 60 && (await page.getByText("Show what came since").count()); i++) await page.getByText("Show what came since").click();
  await page.locator(".card").first().waitFor();
  await shoot(page, "request-without-script-phone");
  await context.close();
  return wrong.join("\n");
});

await check("no source ticked asks nobody", async () => {
  const { page, wrong } = wrongs();
  await page.goto(`${base}/desk?q=192.0.2.7`);
  await page.locator("[data-choose=all]").click();
  await page.locator("input[name=source]:checked").evaluateAll((all) => all.forEach((one) => one.click()));
  await page.locator("[data-ask]").click();
  await page.getByText("nobody was asked").waitFor();
  return wrong.filter((w) => !/status of 422/.test(w)).join("\n");
});

const { page: lookout } = ada;
await lookout.goto(`${base}/desk/bulks`);
const bulk = await lookout.locator("tbody tr").first().getAttribute("data-href");
await lookout.goto(`${base}/desk/feeds`);
const feed = await lookout.locator("tbody tr").first().getAttribute("data-href");
const PAGES = ["/desk", "/desk?q=192.0.2.7", request, "/desk/indicators/IPV4/198.51.100.99", "/desk/indicators/DOMAIN/nobody-asked.example.com", "/desk/history", "/desk/bulks", bulk, "/desk/watches", "/desk/statistics", "/desk/notifications", "/desk/sources", "/desk/sources/virustotal", "/desk/sources/virustotal/edit", "/desk/sources/virustotal/versions/1", "/desk/sources/new", "/desk/providers", "/desk/providers/virustotal", "/desk/feeds", feed, "/desk/secrets", "/desk/lists"];
for (const mode of Object.keys(MODES)) {
  await check(`every page of the desk by ${mode} is whole, and axe finds nothing`, async () => {
    const { context, page, wrong } = await open(mode, { storageState: await ada.context.storageState() });
    for (const at of PAGES) {
      const answer = await page.goto(base + at);
      if (answer.status() !== 200) {
        wrong.push(`${at} answers ${answer.status()}`);
        continue;
      }
      wrong.push(...(await faults(page)));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) wrong.push(`${at} is ${wide} px too wide`);
      await shoot(page, `page${at.replace(/[/?=.]/g, "-")}-${mode}`);
    }
    await context.close();
    return wrong.join("\n");
  });
}

await browser.close();
rmSync(scratch, { recursive: true, force: true });
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);
