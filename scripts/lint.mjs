// The lint stage of npm test: ESLint, the format, import circles, and whether the reference has all that it names.
import { lint } from './workspace.mjs';

process.exitCode = (await lint()) ? 0 : 1;
