// The lint stage of npm test: ESLint, the format, and import circles.
import { lint } from './workspace.mjs';

process.exitCode = (await lint()) ? 0 : 1;
