// npm test: installs, builds, checks the types, lints, and runs every test. Its last line counts them.
// `npm test -- <filter>` only runs the tests: those of the files whose path contains the filter. It takes vitest's
// options.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkNode, install, lint, outputOf, tool, turbo } from './workspace.mjs';

checkNode();
const asked = process.argv.slice(2);
const failed = [];
const stage = async (name, done) => {
  console.log(`\n== ${name}`);
  const passed = await done();
  if (!passed) failed.push(name);
  return passed;
};

const results = { passed: 0, failed: 0, skipped: 0 };
if (await stage('install', install)) await (asked.length > 0 ? someTests() : everything());

if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`);
// A stage that fails for another reason than a counted test is a failure of its own.
const stages = failed.filter((name) => name !== 'tests' || results.failed === 0).length;
const skipped = results.skipped > 0 ? `, ${results.skipped} skipped` : '';
console.log(`${results.passed} passed, ${results.failed + stages} failed${skipped}`);
process.exitCode = failed.length > 0 ? 1 : 0;

async function everything() {
  if (!(await stage('build', () => turbo('build')))) return;
  await stage('types', () => turbo('typecheck'));
  await stage('lint', lint);
  await stage('tests', runTests);
}

/**
 * What somebody who changes one file waits for: no types, no lint, and a build only where the tests run what is built.
 */
async function someTests() {
  if (needBuild(await filesOf(asked)) && !(await stage('build', () => turbo('build')))) return;
  await stage('tests', runTests);
  console.log('\nTypes and lint are left out when tests are picked: npm test has them.');
}

/** The test files that vitest would run; nothing where it cannot say. */
async function filesOf(words) {
  const printed = await outputOf('vitest', 'list', '--filesOnly', ...words);
  return printed.split('\n').filter((line) => line.endsWith('.test.ts'));
}

/**
 * Tests of these packages read sources alone. Others start workers or the command line, which Node runs as they are
 * built.
 */
function needBuild(files) {
  return files.some(
    (file) => !/^packages\/(compare|core|metrics|model|ort|pictures|pipeline|report|search|text|zoo)\//.test(file),
  );
}

async function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'procache-test-'));
  const report = join(folder, 'report.json');
  try {
    const code = await tool(
      'vitest',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...asked,
    );
    count(JSON.parse(readFileSync(report, 'utf8')));
    return code === 0;
  } catch (cause) {
    console.error(`there is no report of the tests: ${cause.message}`);
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count(report) {
  // A file that cannot even be loaded has no test in it, but has failed.
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length;
  results.passed = report.numPassedTests;
  results.failed = report.numFailedTests + unloaded;
  results.skipped = report.numPendingTests + (report.numTodoTests ?? 0);
}
