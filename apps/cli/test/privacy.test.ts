import { fileURLToPath } from 'node:url';
import { fixture, type Traces, tracesOf, watcher } from '@procache/conformance';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './spawn-procache.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const tiny = fixture('cases/11-sharded-variants/fp16');
const out = temporaryFolder();

const run = (words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Traces> =>
  tracesOf([process.execPath, main, ...words], { cwd: out(), env });

/** Whether a path lies in the folder that the tests write to, or is no file: a terminal, a pipe. */
const isOurs = (path: string): boolean =>
  !path.startsWith('/') || path.startsWith(out()) || /^\/dev\/(?:null|tty)$/.test(path);

describe.skipIf(process.platform === 'win32')(
  `nothing leaves the machine, and no file is left but what was asked for (watched by ${watcher})`,
  () => {
    it.each([
      [
        'generate',
        ['generate', '--labels', '1,2', '--steps', '4', '--out', 'pictures', '--save-latents', 'latents.safetensors'],
      ],
      [
        'generate --compare',
        [
          'generate',
          '--labels',
          '1',
          '--steps',
          '4',
          '--schedule',
          'fora-3',
          '--compare',
          '--repeat',
          '1',
          '--out',
          'compared',
        ],
      ],
      [
        'search, with its workers, a network of features and its report',
        [
          'search',
          '--steps',
          '4',
          '--budget',
          '3',
          '--seeds',
          '2',
          '--candidates',
          '3',
          '--iterations',
          '2',
          '--forecast',
          '0',
          '--features',
          'stack',
          '--final-seeds',
          '0',
          '--judge',
          '0',
          '--objective',
          'kernel',
          '--workers',
          '2',
          '--out',
          'search',
        ],
      ],
      [
        'bench, with a process for each schedule',
        ['bench', '--steps', '4', '--images', '1', '--rounds', '1', '--schedules', 'fora-2'],
      ],
      ['explain', ['explain', '--schedule', 'fora-3']],
      ['inspect', ['inspect', 'pictures/grid.png']],
      ['--version', ['--version']],
    ])('%s', async (_, words) => {
      const { code, stderr, left, written, sockets } = await run(words);
      expect(code, stderr).toBe(0);
      expect({ left, sockets, elsewhere: written.filter((path) => !isOurs(path)) }).toEqual({
        left: [],
        sockets: [],
        elsewhere: [],
      });
    });

    // The telemetry reads the command line of the process, and does not survive one of more than about 15 kB.
    it('10,000 labels, and a path of 30 kB, do not end the process', async () => {
      const command = ['generate', '--model', tiny, '--steps', '2', '--out', 'long'];
      const labels = Array.from({ length: 10_000 }, (_, i) => i % 3).join(',');
      const { code, signal, stderr, left } = await run([...command, '--labels', labels]);
      expect({ code, signal, stderr, left }).toEqual({ code: 0, signal: null, stderr: '', left: [] });
      const path = await run([...command, '--labels', '1', '--config', `${'./'.repeat(15_000)}config.json`]);
      expect({ code: path.code, signal: path.signal, left: path.left }).toEqual({ code: 2, signal: null, left: [] });
      expect(path.stderr).toContain('is longer than a path may be');
    });
  },
);
