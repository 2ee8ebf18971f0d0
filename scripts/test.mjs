// npm test: installs, builds, checks the types, lints, and runs every test. Its last line counts them.
// `npm test -- <filter>` runs the test files whose path contains the filter.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkNode, install, tool, turbo } from './workspace.mjs';

checkNode();
const failed = [];
const stage = async (name, done) => {
  console.log(`\n== ${name}`);
  const passed = await done();
  if (!passed) failed.push(name);
  return passed;
};

const results = { passed: 0, failed: 0, skipped: 0 };
const ready = (await stage('install', install)) && (await stage('build', () => turbo('build')));
if (ready) {
  await stage('types', () => turbo('typecheck'));
  await stage('lint', async () => (await tool('eslint', '.')) === 0);
  await stage('tests', runTests);
}

if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`);
// A stage that fails for another reason than a counted test is a failure of its own.
const stages = failed.filter((name) => name !== 'tests' || results.failed === 0).length;
const skipped = results.skipped > 0 ? `, ${results.skipped} skipped` : '';
console.log(`${results.passed} passed, ${results.failed + stages} failed${skipped}`);
process.exitCode = failed.length > 0 ? 1 : 0;

async function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'procache-test-'));
  const report = join(folder, 'report.json');
  try {
    const code = await tool('vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2));
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
  const unloaded = report.testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0).length;
  results.passed = report.numPassedTests;
  results.failed = report.numFailedTests + unloaded;
  results.skipped = report.numPendingTests + (report.numTodoTests ?? 0);
}
